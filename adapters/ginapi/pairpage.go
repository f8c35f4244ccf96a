package ginapi

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"time"

	"causeway/core"

	"github.com/gin-gonic/gin"
	"rsc.io/qr"
)

//go:embed pairpage
var pairFiles embed.FS

// pairBody is the most that the page sends: a passkey's answer has some KB.
const pairBody = 64 << 10

// pairPolicy lets in nothing but the page's own script, style and calls.
const pairPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; " +
	"frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// pairPages serve a channel's pairing to whoever has the link, in the languages of its words.
type pairPages struct {
	*Server
	page  *template.Template
	words map[string]map[string]string
}

func (s *Server) pairPages(e *gin.Engine) error {
	p := &pairPages{Server: s}
	raw, err := pairFiles.ReadFile("pairpage/words.json")
	if err == nil {
		err = json.Unmarshal(raw, &p.words)
	}
	if err != nil {
		return fmt.Errorf("words of the pairing page: %w", err)
	}
	if p.page, err = template.ParseFS(pairFiles, "pairpage/page.html"); err != nil {
		return fmt.Errorf("pairing page: %w", err)
	}
	group := e.Group(strings.TrimSuffix(pairPath, "/"), unshared, pairHeaders)
	group.GET("/page.js", pairAsset("page.js", "text/javascript; charset=utf-8"))
	group.GET("/page.css", pairAsset("page.css", "text/css; charset=utf-8"))
	group.GET("/:token", p.show)
	group.GET("/:token/events", p.allowed(p.follow))
	group.POST("/:token/begin", p.allowed(p.begin))
	group.POST("/:token/answer", p.allowed(p.answer))
	return nil
}

func pairHeaders(c *gin.Context) {
	c.Header("Content-Security-Policy", pairPolicy)
	c.Header("Referrer-Policy", "no-referrer") // the address is a right
	c.Header("Cross-Origin-Opener-Policy", "same-origin")
	c.Header("X-Robots-Tag", "noindex")
}

func pairAsset(name, kind string) gin.HandlerFunc {
	return func(c *gin.Context) {
		data, err := pairFiles.ReadFile("pairpage/" + name)
		if err != nil {
			c.Status(http.StatusNotFound)
			return
		}
		c.Data(http.StatusOK, kind, data)
	}
}

// show is the page. It begins nothing: programs that preview links fetch it as well.
func (p *pairPages) show(c *gin.Context) {
	lang := p.language(c.Request)
	right, signed := p.pairRightOf(c.Param("token"))
	status, name := http.StatusOK, ""
	switch {
	case !signed:
		status = http.StatusNotFound
	case right.over:
		status = http.StatusGone
	default:
		ch, err := p.Store.In(right.workspace).Channel(c.Request.Context(), right.channel)
		switch {
		case errors.Is(err, core.ErrNotFound):
			status = http.StatusGone
		case err != nil:
			problemOf(c.Request.Context(), p.Log, err).write(c.Writer)
			return
		}
		name = ch.Name
	}
	words, err := json.Marshal(p.words[lang])
	var out bytes.Buffer
	if err == nil {
		err = p.page.Execute(&out, map[string]any{"Lang": lang, "Dir": core.WritingDirection(lang), "W": p.words[lang], "Words": string(words), "Channel": name, "Good": status == http.StatusOK})
	}
	if err != nil {
		p.Log.ErrorContext(c.Request.Context(), "pairing page", "err", err)
		c.Status(http.StatusInternalServerError)
		return
	}
	c.Data(status, "text/html; charset=utf-8", out.Bytes())
}

// language is the first that the reader understands, English if none.
func (p *pairPages) language(r *http.Request) string {
	return core.Understood(r.URL.Query().Get("lang"), r.Header.Get("Accept-Language"), func(code string) bool { return p.words[code] != nil })
}

// allowed lets those in who have a good link, from the page itself, for a channel that there is.
func (p *pairPages) allowed(f func(*gin.Context, pairRight) error) gin.HandlerFunc {
	foreign := http.NewCrossOriginProtection()
	return func(c *gin.Context) {
		right, signed := p.pairRightOf(c.Param("token"))
		if err := foreign.Check(c.Request); err != nil || !signed {
			c.Status(http.StatusNotFound)
			return
		}
		if right.over {
			c.Status(http.StatusGone)
			return
		}
		c.Request.Body = newBody(c.Writer, c.Request.Body, pairBody, p.BodyWait, 0)
		if err := f(c, right); err != nil {
			problemOf(c.Request.Context(), p.Log, missing(err, "channel")).write(c.Writer)
		}
	}
}

// pairStep is what the page shows.
type pairStep struct {
	ID      string            `json:"id"`
	State   core.PairingState `json:"state"` // "": nothing was begun
	Left    int               `json:"left"`  // seconds until what is shown is over; zero: nobody knows
	Code    string            `json:"code,omitempty"`
	Size    int               `json:"size,omitempty"` // of the QR code with its quiet zone, in modules
	Path    string            `json:"path,omitempty"` // its dark modules, as an SVG path
	Origin  string            `json:"origin,omitempty"`
	Request json.RawMessage   `json:"request,omitempty"`
	Number  string            `json:"number,omitempty"`
	Name    string            `json:"name,omitempty"`
	Cause   core.PairingCause `json:"cause,omitempty"`
	Reason  string            `json:"reason,omitempty"`
	Remedy  string            `json:"remedy,omitempty"`
}

// step writes a pairing as the page shows it, as one server-sent event.
func (p *pairPages) step(now core.Pairing) string {
	s := now.Step
	out := pairStep{ID: now.ID, State: s.State, Code: s.Code, Origin: s.Origin, Request: s.Request, Number: s.Account.Number, Name: s.Account.Name, Cause: s.Cause,
		Reason: s.Reason, Remedy: s.Remedy}
	if !s.Until.IsZero() {
		out.Left = max(1, int(s.Until.Sub(p.Now())/time.Second))
	}
	if s.State == core.PairingQR {
		code, err := qr.Encode(s.Code, qr.L)
		if err != nil {
			return ""
		}
		out.Code, out.Size, out.Path = "", code.Size+2*quietModules, modules(code)
	}
	return serverSent(now.Seq, out)
}

const quietModules = 4 // around a QR code, which readers need

// modules draws the dark modules of a code, a run of them at a time.
func modules(code *qr.Code) string {
	var b strings.Builder
	for y := range code.Size {
		for x := 0; x < code.Size; x++ {
			from := x
			for x < code.Size && code.Black(x, y) {
				x++
			}
			if x > from {
				fmt.Fprintf(&b, "M%d %dh%dv1h-%dz", from+quietModules, y+quietModules, x-from, x-from)
			}
		}
	}
	return b.String()
}

// follow streams the steps.
func (p *pairPages) follow(c *gin.Context, right pairRight) error {
	look := func(ctx context.Context) (core.Pairing, error) {
		now, err := p.Links.Pairing(ctx, right.workspace, right.channel)
		if errors.Is(err, core.ErrNotFound) {
			return core.Pairing{}, nil
		}
		return now, err
	}
	first, err := look(c.Request.Context())
	if err != nil {
		return err
	}
	c.Header("Content-Type", "text/event-stream")
	p.stream(c.Request.Context(), c.Writer, first, look, p.step)
	return nil
}

// begin asks for a pairing.
func (p *pairPages) begin(c *gin.Context, right pairRight) error {
	var in struct {
		Phone string `json:"phone"` // show a code to be typed on the phone of this number; empty: a QR code
	}
	if err := readPaired(c, &in); err != nil {
		return err
	}
	if len(in.Phone) > 40 {
		return core.Problemf(core.CodeInvalid, "This is no phone number.").Remedied("Write it with the country's code: +49…")
	}
	now, err := p.Links.Pair(c.Request.Context(), right.workspace, right.channel, core.PairingWish{Phone: in.Phone})
	if err == nil {
		c.JSON(http.StatusAccepted, gin.H{"id": now.ID})
	}
	return err
}

// answer hands over what the person answered to the last step.
func (p *pairPages) answer(c *gin.Context, right pairRight) error {
	var in struct {
		ID         string          `json:"id"`
		Credential json.RawMessage `json:"credential"`
		Same       bool            `json:"same"`
	}
	if err := readPaired(c, &in); err != nil {
		return err
	}
	err := p.Links.AnswerPairing(c.Request.Context(), right.workspace, right.channel, in.ID, core.PairingAnswer{Passkey: in.Credential, Agreed: in.Same})
	if err == nil {
		c.Status(http.StatusNoContent)
	}
	return err
}

// readPaired reads what the page posts.
func readPaired(c *gin.Context, into any) error {
	if c.ContentType() != "application/json" {
		return newProblem(codeMediaType, "The page sends JSON.", "")
	}
	err := json.NewDecoder(c.Request.Body).Decode(into)
	if err != nil && !errors.Is(err, errTooLarge) && !late(err) {
		err = core.Problemf(core.CodeInvalid, "What the page sent cannot be read.").Remedied("Load it anew.").Because(err)
	}
	return err
}
