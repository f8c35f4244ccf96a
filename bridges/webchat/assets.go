package webchat

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
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

// assets returns the script of a path, nil for every other path.
func assets(path string) *asset {
	switch path {
	case "/bridge.js":
		return loaderAsset()
	case "/panel.js":
		return panelAsset()
	}
	return nil
}

func pack(raw []byte) *asset {
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // the level is valid
	_, _ = z.Write(raw)                                   // a buffer takes all
	_ = z.Close()
	sum := sha256.Sum256(raw)
	return &asset{raw: raw, packed: b.Bytes(), tag: `"` + hex.EncodeToString(sum[:12]) + `"`}
}

// serve answers with the script. Anybody's page may load it: it holds nothing of anybody.
func (a *asset) serve(w http.ResponseWriter, r *http.Request) error {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return errMethod
	}
	head := w.Header()
	head.Set("Access-Control-Allow-Origin", "*")
	head.Set("Content-Type", "text/javascript; charset=utf-8")
	head.Set("Cache-Control", "public, max-age=300")
	head.Set("ETag", a.tag)
	head.Add("Vary", "Accept-Encoding")
	if r.Header.Get("If-None-Match") == a.tag {
		w.WriteHeader(http.StatusNotModified)
		return nil
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
	return nil
}

// answerConfig tells the widget what it shows.
func (l *link) answerConfig(w http.ResponseWriter, c call) error {
	lang, dir := l.conf.speak(c.URL.Query().Get("locale")), "ltr"
	if lang == "ar" {
		dir = "rtl"
	}
	links := []map[string]string{}
	if l.conf.whatsapp != "" {
		links = append(links, map[string]string{"word": "whatsapp", "url": "https://wa.me/" + l.conf.whatsapp})
	}
	if l.conf.email != "" {
		links = append(links, map[string]string{"word": "mail", "url": "mailto:" + l.conf.email})
	}
	var opens int64 // milliseconds since 1970, zero while open
	if at := l.conf.opens(l.host.Now()); !at.IsZero() {
		opens = at.UnixMilli()
	}
	w.Header().Set("Cache-Control", "private, max-age=300")
	answer(w, http.StatusOK, map[string]any{"title": or(l.conf.title, words[lang]["chat"]), "greeting": l.conf.greeting, "answer": l.conf.answer, "opens": opens, "color": l.conf.color,
		"ink": ink(l.conf.color), "lang": lang, "dir": dir, "words": words[lang], "ask": l.conf.ask, "links": links, "upload": l.conf.upload, "text": textLimit, "require": l.conf.require})
	return nil
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
