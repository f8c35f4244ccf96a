package webchat

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"causeway/core"
)

// The scripts are built from widget/ by go test -run TestDist -update.
//
//go:embed dist/bridge.js
var loaderScript []byte

//go:embed dist/panel.js
var panelScript []byte

// asset is a script, packed once.
type asset struct {
	raw, packed []byte
	tag         string
}

var (
	loaderAsset = sync.OnceValue(func() *asset { return pack(loaderScript) })
	panelAsset  = sync.OnceValue(func() *asset { return pack(panelScript) })
)

// Scripts serves the widget's two scripts, /bridge.js and /panel.js: the same for every channel. Anybody's page may load them, they hold nothing of
// anybody.
func Scripts() http.Handler {
	all := map[string]*asset{"/bridge.js": loaderAsset(), "/panel.js": panelAsset()}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a := all[r.URL.Path]; a != nil {
			a.serve(w, r)
			return
		}
		w.WriteHeader(http.StatusNotFound)
	})
}

func pack(raw []byte) *asset {
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // the level is valid
	_, _ = z.Write(raw)                                   // a buffer takes all
	_ = z.Close()
	sum := sha256.Sum256(raw)
	return &asset{raw: raw, packed: b.Bytes(), tag: `"` + hex.EncodeToString(sum[:12]) + `"`}
}

// serve answers with the script.
func (a *asset) serve(w http.ResponseWriter, r *http.Request) {
	head := w.Header()
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		head.Set("Allow", "GET, HEAD")
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	head.Set("X-Content-Type-Options", "nosniff")
	head.Set("Cross-Origin-Resource-Policy", "cross-origin")
	head.Set("Access-Control-Allow-Origin", "*")
	head.Set("Content-Type", "text/javascript; charset=utf-8")
	head.Set("Cache-Control", "public, max-age=300")
	head.Set("ETag", a.tag)
	head.Add("Vary", "Accept-Encoding")
	if r.Header.Get("If-None-Match") == a.tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	body := a.raw
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		head.Set("Content-Encoding", "gzip")
		body = a.packed
	}
	head.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method == http.MethodGet {
		_, _ = w.Write(body) // the visitor went away
	}
}

// answerConfig tells the widget what it shows.
func (l *link) answerConfig(w http.ResponseWriter, c call) error {
	lang := l.conf.speak(c.URL.Query().Get("locale"))
	now := l.host.Now()
	var opens int64 // milliseconds since 1970, zero while open
	if at := l.conf.opens(now); !at.IsZero() {
		opens = at.UnixMilli()
	}
	tag := l.tag(now)
	head := w.Header()
	head.Set("Cache-Control", "private, max-age=300")
	head.Set("ETag", `"`+tag+"-"+lang+`"`)
	if c.Header.Get("If-None-Match") == head.Get("ETag") {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	answer(w, http.StatusOK, map[string]any{"tag": tag, "title": cmp.Or(l.conf.title, words[lang]["chat"]), "greeting": l.conf.greeting, "answer": l.conf.answer, "opens": opens, "color": l.conf.color,
		"ink": ink(l.conf.color), "lang": lang, "dir": core.WritingDirection(lang), "words": words[lang], "ask": l.conf.questions(now), "links": l.conf.links(), "upload": l.conf.upload, "text": textLimit, "require": l.conf.require})
	return nil
}

// tag changes whenever the widget is to show something else: another setting, other words, or that the business has opened or closed.
func (l *link) tag(now time.Time) string {
	return l.face + "-" + strconv.FormatInt(max(0, l.conf.opens(now).Unix()), 36)
}

// face is a hash of all that a widget shows, but for whether the business is open.
func (c conf) face() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %v", []any{c.title, c.greeting, c.answer, c.color, c.language, c.ask, c.links(), c.upload, c.require}, words))
	return hex.EncodeToString(sum[:8])
}

// ink is the colour of text that is best read on a colour, by WCAG's relative luminance.
func ink(color string) string {
	n, err := strconv.ParseUint(strings.TrimPrefix(color, "#"), 16, 32)
	if err != nil {
		return "#ffffff"
	}
	light := 0.2126*linear(n>>16) + 0.7152*linear(n>>8) + 0.0722*linear(n)
	if (light+0.05)*(light+0.05) > 1.05*0.05 {
		return "#000000"
	}
	return "#ffffff"
}

func linear(n uint64) float64 {
	c := float64(n&255) / 255
	if c <= 0.04045 {
		return c / 12.92
	}
	return math.Pow((c+0.055)/1.055, 2.4)
}
