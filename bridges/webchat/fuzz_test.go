package webchat

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"causeway/bridges/bridgetest"
	"causeway/core"
)

// FuzzToken: no text but the one that was sealed is a visitor, and nothing that is no proof is a user.
func FuzzToken(f *testing.F) {
	c, err := read(goodSettings())
	if err != nil {
		f.Fatal(err)
	}
	now := bridgetest.NewHost(f).Now()
	good := c.seal(visitor{ID: "a-1"}, now)
	jwt := signJWT(plantedIdentity, map[string]any{"sub": "42", "exp": now.Unix() + 60})
	for _, s := range []string{good, jwt, "", ".", "..", "e30.e30.e30", good + "=", strings.ToUpper(good)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if v, err := c.open(s, now); err == nil && (s != good || v.ID != "a-1") && c.seal(v, now) != s {
			t.Errorf("%q is the token of %+v", s, v)
		}
		if v, err := c.prove(proof{Token: s}, now); s != "" && err == nil && !strings.HasPrefix(s, jwt[:strings.LastIndex(jwt, ".")]) {
			t.Errorf("%q proves %+v", s, v)
		}
		if v, err := c.prove(proof{ID: s, Hash: s}, now); err == nil {
			t.Errorf("%q proves %+v", s, v)
		}
	})
}

// FuzzServe: whatever a known visitor's browser sends is answered, and what is stored of it is fit to be.
func FuzzServe(f *testing.F) {
	for _, s := range [][2]string{{"/v1/session", `{"fields":{"name":"Ana"},"page":"https://a.test/","identity":{"id":"1","hash":"00"}}`}, {"/v1/messages", `{"text":"hi","choice":{"id":"a"},"page":"https://a.test/"}`},
		{"/v1/continue", `{"channel":"whatsapp"}`}, {"/frame?theme=%22", ""}, {"/v1/read", `{"delivered":1,"read":9223372036854775807}`}, {"/v1/files", "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\x00b\"\r\n\r\nGIF89a\r\n--x--\r\n"}, {"/v1/messages?after=1.2", ""}, {"/v1/files/v-0?e=9&s=x", ""},
		{"/v1/config?locale=zz", ""}} {
		f.Add(s[0], s[1])
	}
	f.Fuzz(func(t *testing.T, path, body string) {
		h := bridgetest.NewHost(t)
		opened, err := Bridge{}.Open(testChannel(), goodSettings(), h)
		if err != nil {
			t.Fatal(err)
		}
		l := opened.(*link)
		_ = l.Close() // streams end at once
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			r, err := http.NewRequestWithContext(t.Context(), method, "http://chat.test/", strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			if u, err := r.URL.Parse(path); err == nil {
				r.URL = u
			}
			r.Header.Set("Origin", page)
			r.Header.Set("Idempotency-Key", "id-000001")
			if strings.HasPrefix(r.URL.Path, "/v1/files") {
				r.Header.Set("Content-Type", "multipart/form-data; boundary=x")
			}
			r.Header.Set("Authorization", "Bearer "+l.conf.seal(visitor{ID: "a-1"}, h.Now()))
			w := httptest.NewRecorder()
			l.ServeHTTP(w, r)
			if w.Code >= 500 {
				t.Errorf("%s %q %q: %d", method, path, body, w.Code)
			}
		}
		for _, e := range h.Events() {
			if e.ID == "" || e.Kind == core.EventMessage && (e.Message.Provider == "" || len(e.Peer.Identities) == 0) || strings.ContainsRune(e.Peer.Name, 0) {
				t.Errorf("unfit: %+v", e)
			}
		}
	})
}
