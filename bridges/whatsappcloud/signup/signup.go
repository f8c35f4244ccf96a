package signup

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"

	"causeway/core"
)

// Path is where the page is.
const Path = "/connect/whatsapp"

// DefaultSDK is Meta's script.
const DefaultSDK = "https://connect.facebook.net/en_US/sdk.js"

//go:embed page.html page.js page.css words.json
var files embed.FS

// Ticket is the right to connect one number.
type Ticket struct {
	Token   string `json:"-"`
	Channel string `json:"channel"` // the name of the channel that it makes or renews
	App     string `json:"app_id"`
	Config  string `json:"config_id"` // of the Embedded Signup, from the app's dashboard
	Number  string `json:"phone_number_id,omitempty"`
	Base    string `json:"api_base,omitempty"`
	Version string `json:"api_version,omitempty"`
	// Secret is the app's.
	Secret core.Secret `json:"-"`
}

// Connected is a number that may be a channel now.
type Connected struct {
	Number  string // the phone number id
	Account string // the WhatsApp Business Account
	Display string
	Token   core.Secret
	Shared  bool // it is used in the WhatsApp Business app too
}

// Options are what the page needs. All are required but SDK.
type Options struct {
	// Ticket returns the one with this token. core.ErrNotFound: there is none, or it was used, or its time is over.
	Ticket func(ctx context.Context, token string) (Ticket, error)
	// Keep makes the channel, uses up the ticket, and registers the webhook. After a Problem with CodeConflict the ticket was used meanwhile.
	Keep func(ctx context.Context, t Ticket, c Connected) error
	// HTTP makes the client of the calls for a ticket, which hides the secrets in its log.
	HTTP func(t Ticket, secrets ...core.Secret) *http.Client
	Log  *slog.Logger
	SDK  string // default DefaultSDK
}

// Page is the handler of everything below Path.
type Page struct {
	Options
	page  *template.Template
	words map[string]map[string]string
	mux   http.Handler
}

// New makes the page.
func New(o Options) (*Page, error) {
	if o.SDK == "" {
		o.SDK = DefaultSDK
	}
	p := &Page{Options: o}
	raw, err := files.ReadFile("words.json")
	if err == nil {
		err = json.Unmarshal(raw, &p.words)
	}
	if err != nil {
		return nil, err
	}
	if p.page, err = template.ParseFS(files, "page.html"); err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+Path, p.show)
	mux.HandleFunc("GET "+Path+"/page.js", asset("page.js", "text/javascript; charset=utf-8"))
	mux.HandleFunc("GET "+Path+"/page.css", asset("page.css", "text/css; charset=utf-8"))
	mux.HandleFunc("POST "+Path+"/begin", p.begin)
	mux.HandleFunc("POST "+Path+"/finish", p.finish)
	p.mux = http.NewCrossOriginProtection().Handler(mux) // other sites cannot act here
	return p, nil
}

// ServeHTTP answers under a policy that lets in Meta's script and window, and nothing else.
func (p *Page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	sdk := origin(p.SDK)
	meta := "https://facebook.com https://*.facebook.com"
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self' "+sdk+"; style-src 'self'; connect-src 'self' "+meta+" "+sdk+"; frame-src "+meta+" "+sdk+"; img-src 'self' data: "+meta+
		"; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("Cross-Origin-Opener-Policy", "same-origin-allow-popups") // Meta's window talks to the page that opened it
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	p.mux.ServeHTTP(w, r)
}

func origin(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

func asset(name, kind string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		data, err := files.ReadFile(name)
		if err != nil {
			http.Error(w, "not found", http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Type", kind)
		_, _ = w.Write(data)
	}
}

// show is the page itself, in the language asked for. It tells nothing that depends on the ticket.
func (p *Page) show(w http.ResponseWriter, r *http.Request) {
	lang := p.language(r)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	words, err := json.Marshal(p.words[lang])
	if err == nil {
		err = p.page.ExecuteTemplate(w, "page.html", map[string]any{"Lang": lang, "Dir": core.WritingDirection(lang), "W": p.words[lang], "Words": string(words)})
	}
	if err != nil {
		p.Log.ErrorContext(r.Context(), "connect page not shown", "err", err)
	}
}

// language is the first that the reader understands, English if none.
func (p *Page) language(r *http.Request) string {
	return core.Understood(r.URL.Query().Get("lang"), r.Header.Get("Accept-Language"), func(code string) bool { return p.words[code] != nil })
}

// asked is what the page sends.
type asked struct {
	Ticket  string `json:"ticket"`
	Code    string `json:"code"`
	Event   string `json:"event"`
	Account string `json:"waba_id"`
	Number  string `json:"phone_number_id"`
}

// begin tells the page what Meta's window needs.
func (p *Page) begin(w http.ResponseWriter, r *http.Request) {
	t, _, ok := p.admit(w, r)
	if !ok {
		return
	}
	answer(w, http.StatusOK, map[string]string{"channel": t.Channel, "app_id": t.App, "config_id": t.Config, "version": t.Version, "sdk": p.SDK})
}

// finish exchanges the code and keeps the number.
func (p *Page) finish(w http.ResponseWriter, r *http.Request) {
	t, in, ok := p.admit(w, r)
	if !ok {
		return
	}
	c, err := p.connect(r.Context(), t, in)
	if err == nil {
		err = p.Keep(r.Context(), t, c)
	}
	if err != nil {
		p.refuse(w, r, err)
		return
	}
	answer(w, http.StatusOK, map[string]any{"channel": t.Channel, "number": c.Display, "shared": c.Shared})
}

// longest is the most that the page sends.
const longest = 16 << 10

// admit reads a request of the page and finds its ticket.
func (p *Page) admit(w http.ResponseWriter, r *http.Request) (t Ticket, in asked, ok bool) {
	if kind := r.Header.Get("Content-Type"); kind != "application/json" {
		answer(w, http.StatusUnsupportedMediaType, nil)
		return t, in, false
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, longest)).Decode(&in); err != nil {
		answer(w, http.StatusBadRequest, nil)
		return t, in, false
	}
	t, err := p.Ticket(r.Context(), in.Ticket)
	if err != nil {
		p.refuse(w, r, err)
		return t, in, false
	}
	return t, in, true
}

// trouble is an error with the page's word for it.
type trouble struct {
	word string
	*core.Problem
}

func (t trouble) Unwrap() error { return t.Problem }

// refuse says what went wrong: by a word for which the page has a sentence in the reader's language, and in English.
func (p *Page) refuse(w http.ResponseWriter, r *http.Request, err error) {
	var known trouble
	var problem *core.Problem
	said := map[string]string{"word": "failed"}
	status := http.StatusBadGateway
	switch {
	case errors.Is(err, core.ErrNotFound), core.CodeOf(err) == core.CodeConflict:
		said["word"], status = "ticket", http.StatusForbidden
	case errors.As(err, &known):
		said["word"], said["detail"], said["remedy"] = known.word, known.Detail, known.Remedy
	case errors.As(err, &problem):
		said["detail"], said["remedy"] = problem.Detail, problem.Remedy
	}
	if said["word"] != "ticket" {
		p.Log.WarnContext(r.Context(), "number not connected", "err", err)
	}
	answer(w, status, said)
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the reader may be gone
}
