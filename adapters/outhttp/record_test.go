package outhttp

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"causeway/core"

	"pgregory.net/rapid"
)

// log collects what is recorded.
type log struct {
	mu  sync.Mutex
	all []core.LogEntry
}

func (l *log) add(_ context.Context, _ core.WorkspaceID, e core.LogEntry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, e)
}

func (l *log) only(t *testing.T) core.LogEntry {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.all) != 1 {
		t.Fatalf("%d entries, want 1: %+v", len(l.all), l.all)
	}
	return l.all[0]
}

const planted = "EAAG/planted+secret=="

func exchangeOf(t *testing.T, kind, body string, answer http.HandlerFunc, path string) core.LogEntry {
	t.Helper()
	at := serve(t, "127.0.0.1", answer)
	var l log
	c := client(t, Options{Allow: []string{at}, Record: l.add}, core.NewSecret(planted))
	r, _ := http.NewRequestWithContext(t.Context(), "POST", "http://"+at+path, strings.NewReader(body))
	r.Header.Set("Content-Type", kind)
	r.Header.Set("Authorization", "Bearer "+planted)
	resp, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	return l.only(t)
}

func answerWith(kind, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(http.StatusAccepted)
		fmt.Fprint(w, body)
	}
}

func TestRecorded(t *testing.T) {
	e := exchangeOf(t, "application/json", `{"to":"1","text":"hi"}`, answerWith("application/json", `{"id":"wamid.1"}`), "/v1/messages?fields=id")
	if e.Method != "POST" || e.Status != 202 || e.Channel != "ch" || e.ID == "" || e.At.IsZero() || e.Inward || !strings.HasSuffix(e.URL, "/v1/messages?fields=id") {
		t.Errorf("got %+v", e)
	}
	if e.Request != `{"to":"1","text":"hi"}` || e.Response != `{"id":"wamid.1"}` || e.Note != "" {
		t.Errorf("bodies: %+v", e)
	}
}

func TestRecordedWithoutSecrets(t *testing.T) {
	quoted, _ := json.Marshal(planted)
	cases := []struct{ name, kind, body, path string }{
		{"query", "application/json", "{}", "/x?access_token=" + url.QueryEscape(planted) + "&fields=id"},
		{"path", "application/json", "{}", "/bot" + url.PathEscape(planted) + "/getMe"},
		{"JSON value", "application/json", `{"x":` + string(quoted) + `}`, "/"},
		{"form", "application/x-www-form-urlencoded", "a=b&anything=" + url.QueryEscape(planted), "/"},
		{"base64", "text/plain", "see " + base64.StdEncoding.EncodeToString([]byte(planted)), "/"},
		{"bearer in a body", "text/plain", "Authorization: Bearer " + planted, "/"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			e := exchangeOf(t, c.kind, c.body, answerWith(c.kind, c.body), c.path)
			text := fmt.Sprintf("%+v", e)
			for _, leak := range []string{planted, url.QueryEscape(planted), url.PathEscape(planted), "planted", base64.StdEncoding.EncodeToString([]byte(planted))} {
				if strings.Contains(text, leak) {
					t.Errorf("%q stands in %s", leak, text)
				}
			}
			if !strings.Contains(text, hidden) && !strings.Contains(text, url.QueryEscape(hidden)) {
				t.Errorf("nothing was redacted in %s", text)
			}
		})
	}
}

func TestRedactedByName(t *testing.T) {
	r := newRedactor(nil)
	cases := []struct{ in, want string }{
		{`{"access_token":"abc","x":1}`, `{"access_token":"[secret]","x":1}`},
		{`{"Password" : "a\"b\\", "x": "y"}`, `{"Password" : "[secret]", "x": "y"}`},
		{`{"pin":"123456"}`, `{"pin":"[secret]"}`},
		{`{"client_secret":"torn at the en`, `{"client_secret":"[secret]`},
		{`{"code":131047,"token_type":"bearer"}`, `{"code":131047,"token_type":"bearer"}`},
		{`{"code":"in_JSON_is_no_secret"}`, `{"code":"in_JSON_is_no_secret"}`},
		{`grant_type=x&code=abc&client_secret=def`, `grant_type=x&code=[secret]&client_secret=[secret]`},
		{`<password>abc</password>`, `<password>[secret]</password>`},
		{`https://user:pass@host/`, `https://[secret]@host/`},
		{`https://api.telegram.org/bot123456:AAF-abc_d/getMe`, `https://api.telegram.org/bot[secret]/getMe`},
		{`header Bearer abcdefghijkl end`, `header Bearer [secret] end`},
		{`{"text":"my token is a word"}`, `{"text":"my token is a word"}`},
	}
	for _, c := range cases {
		if got := r.text(c.in, false); got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.in, got, c.want)
		}
	}
}

func TestMediaBodiesAreNotKept(t *testing.T) {
	e := exchangeOf(t, "multipart/form-data; boundary=x", strings.Repeat("data", 600), answerWith("image/jpeg", strings.Repeat("j", 3000)), "/")
	if e.Request != "[multipart/form-data, 2 KB]" || e.Response != "[image/jpeg, 2 KB]" {
		t.Errorf("got %q and %q", e.Request, e.Response)
	}
}

func TestLongBodiesAreCut(t *testing.T) {
	e := exchangeOf(t, "application/json", strings.Repeat("é", 10_000), answerWith("text/plain", strings.Repeat("y", 1<<20)), "/")
	for _, s := range []string{e.Request, e.Response} {
		if len(s) > keptBody+40 || !strings.Contains(s, "… [") {
			t.Errorf("%d bytes kept, ending in %q", len(s), s[max(0, len(s)-20):])
		}
	}
	if strings.Contains(e.Request, "\uFFFD") {
		t.Error("the cut left half a character")
	}
}

// TestCutNeverShowsPartOfASecret lays secrets over every edge at which something is cut.
func TestCutNeverShowsPartOfASecret(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secret := rapid.StringMatching(`[A-Z]{8,600}`).Draw(t, "secret")
		before := rapid.IntRange(keptBody-700, keptBody+readAhead+10).Draw(t, "before")
		c := &capture{kind: "text/plain", text: true}
		c.add([]byte(strings.Repeat("a", before)))
		c.add([]byte(secret))
		c.add([]byte(strings.Repeat("b", rapid.IntRange(0, 5000).Draw(t, "after"))))
		shown := strings.NewReplacer(hidden, "", "KB", "", "MB", "").Replace(c.show(newRedactor([]core.Secret{core.NewSecret(secret)})))
		if strings.ContainsAny(shown, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") {
			t.Fatalf("part of the secret shows: %q", shown[max(0, len(shown)-100):])
		}
	})
}

func TestRecordedFailure(t *testing.T) {
	var l log
	c := client(t, Options{Record: l.add}, core.NewSecret(planted))
	if _, err := get(c, "http://127.0.0.1:9/?access_token="+url.QueryEscape(planted)); err == nil {
		t.Fatal("no error")
	}
	e := l.only(t)
	if e.Status != 0 || !strings.Contains(e.Note, "not on the public internet") || strings.Contains(fmt.Sprintf("%+v", e), "planted") {
		t.Errorf("got %+v", e)
	}
}

func TestRecordedOnceWhenClosedEarly(t *testing.T) {
	at := serve(t, "127.0.0.1", answerWith("text/plain", strings.Repeat("y", 100_000)))
	var l log
	resp, err := client(t, Options{Allow: []string{at}, Record: l.add}).Get("http://" + at)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	resp.Body.Close()
	l.only(t)
}

func TestSecretsDoNotPrint(t *testing.T) {
	c, err := New(Options{Record: func(context.Context, core.WorkspaceID, core.LogEntry) {}})
	if err != nil {
		t.Fatal(err)
	}
	rt := c.For(core.Channel{}, []core.Secret{core.NewSecret(planted)}).Transport.(*recorder)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d"} {
		if text := fmt.Sprintf(verb, rt.redact); strings.Contains(text, "planted") {
			t.Errorf("%s prints %s", verb, text)
		}
	}
}

func FuzzRedact(f *testing.F) {
	f.Add(`{"access_token":"x"}`, "secret", true)
	f.Fuzz(func(t *testing.T, body, secret string, cut bool) {
		if len(secret) < shortest || strings.Contains(hidden, secret) {
			return
		}
		got := newRedactor([]core.Secret{core.NewSecret(secret)}).text(body, cut)
		if strings.Contains(strings.ReplaceAll(got, hidden, "\x00"), secret) && !strings.ContainsAny(secret, "[]\x00:/@ ") {
			t.Errorf("%q shows %q", got, secret)
		}
	})
}
