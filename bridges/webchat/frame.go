package webchat

import (
	"cmp"
	"html/template"
	"net/http"
	"strings"
)

var framePage = template.Must(template.New("frame").Parse(`<!doctype html><html lang="{{.Lang}}"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">` +
	`<title>{{.Title}}</title><link rel="icon" href="data:,"><script src="bridge.js" data-key="{{.Key}}" data-frame="on" data-locale="{{.Locale}}" data-theme="{{.Theme}}" async></script>`))

// answerFrame serves the chat as a page of its own, for a frame in one of the site's pages or a link in an app. It is the widget on an empty page: what
// holds for the site's pages holds for it.
func (l *link) answerFrame(w http.ResponseWriter, r *http.Request) error {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return errMethod
	}
	head := w.Header()
	head.Set("Content-Type", "text/html; charset=utf-8")
	head.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; frame-ancestors 'self' "+
		strings.Join(l.conf.origins, " "))
	head.Set("Referrer-Policy", "no-referrer")
	q := r.URL.Query()
	lang := l.conf.speak(q.Get("locale"))
	_ = framePage.Execute(w, map[string]string{"Key": string(l.channel.ID), "Lang": lang, "Title": cmp.Or(l.conf.title, words[lang]["chat"]), "Locale": q.Get("locale"), "Theme": q.Get("theme")}) // the visitor went away
	return nil
}
