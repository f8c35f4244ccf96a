package meta

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"causeway/core"
)

const plantedToken = "EAAplanted-token-0123456789"

// client calls a server on this machine.
func client(t *testing.T, f http.HandlerFunc) *Client {
	t.Helper()
	s := httptest.NewServer(f)
	t.Cleanup(s.Close)
	return &Client{HTTP: s.Client(), Base: s.URL + "/", Token: core.NewSecret(plantedToken), Hide: []core.Secret{core.NewSecret("another secret")}}
}

func TestSigned(t *testing.T) {
	secret := core.NewSecret("sesame")
	header := func(values ...string) http.Header { return http.Header{"X-Hub-Signature-256": values} }
	// Known good sums, so that Sign and Signed cannot be wrong together.
	const world, world2 = "sha256=f39034b29165ec6a5104d9aef27266484ab26c8caa7bca8bcb2dd02e8be61b17", "sha256=60905fdf409d0b4f721e99f6f25b31567a68a6b45e933d814e17a246be4c5a53"
	for name, c := range map[string]struct {
		header http.Header
		body   string
		secret core.Secret
		want   bool
	}{
		"good":             {header(world), "hello world", secret, true},
		"another good":     {header(world2), "hello world2", secret, true},
		"capitals":         {header("sha256=" + strings.ToUpper(world[7:])), "hello world", secret, true},
		"another body":     {header(world), "hello world2", secret, false},
		"another secret":   {header(world), "hello world", core.NewSecret("sesam"), false},
		"no secret at all": {header(Sign([]byte("hello world"), core.Secret{})), "hello world", core.Secret{}, false},
		"no header":        {http.Header{}, "hello world", secret, false},
		"two headers":      {header(world, world), "hello world", secret, false},
		"no prefix":        {header(world[7:]), "hello world", secret, false},
		"cut":              {header(world[:40]), "hello world", secret, false},
		"no hex":           {header("sha256=zz"), "hello world", secret, false},
		"the old header":   {http.Header{"X-Hub-Signature": {"sha1=00"}}, "hello world", secret, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Signed(c.header, []byte(c.body), c.secret); got != c.want {
				t.Errorf("got %v", got)
			}
		})
	}
	if got := Sign([]byte("hello world"), secret); got != world {
		t.Errorf("signed %s", got)
	}
}

func TestHandshake(t *testing.T) {
	token := core.NewSecret("verify")
	for name, c := range map[string]struct {
		query string
		token core.Secret
		want  string
	}{
		"good":             {"hub.mode=subscribe&hub.challenge=123&hub.verify_token=verify", token, "123"},
		"wrong token":      {"hub.mode=subscribe&hub.challenge=123&hub.verify_token=verif", token, ""},
		"no token":         {"hub.mode=subscribe&hub.challenge=123", core.Secret{}, ""},
		"another mode":     {"hub.mode=unsubscribe&hub.challenge=123&hub.verify_token=verify", token, ""},
		"no challenge":     {"hub.mode=subscribe&hub.verify_token=verify", token, ""},
		"huge challenge":   {"hub.mode=subscribe&hub.verify_token=verify&hub.challenge=" + strings.Repeat("x", 4096), token, ""},
		"text, not a page": {"hub.mode=subscribe&hub.challenge=%3Cb%3E&hub.verify_token=verify", token, "<b>"},
	} {
		t.Run(name, func(t *testing.T) {
			q, err := url.ParseQuery(c.query)
			if err != nil {
				t.Fatal(err)
			}
			answer, err := Handshake(q, c.token)
			if string(answer.Body) != c.want || errors.Is(err, core.ErrUnauthenticated) != (c.want == "") || c.want != "" && !strings.HasPrefix(answer.Type, "text/plain") {
				t.Errorf("got %+v %v", answer, err)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
		header http.Header
		want   Error
	}{
		"whole": {400, `{"error":{"code":131047,"error_subcode":7,"type":"T","message":"m","fbtrace_id":"A","is_transient":true,"error_data":{"details":"d"}}}`, nil,
			Error{Status: 400, Code: 131047, Subcode: 7, Message: "m", Details: "d", Trace: "A", Transient: true}},
		"with 200":        {200, `{"error":{"code":1,"message":"m"}}`, nil, Error{Status: 200, Code: 1, Message: "m"}},
		"code zero":       {401, `{"error":{"code":0,"message":"m"}}`, nil, Error{Status: 401, Code: 0, Message: "m"}},
		"no code":         {400, `{"error":{"message":"m"}}`, nil, Error{Status: 400, Code: -1, Message: "m"}},
		"code as text":    {400, `{"error":{"code":"100","error_subcode":"33","message":"m"}}`, nil, Error{Status: 400, Code: 100, Subcode: 33, Message: "m"}},
		"details as text": {400, `{"error":{"code":1,"message":"m","error_data":"d"}}`, nil, Error{Status: 400, Code: 1, Message: "m", Details: "d"}},
		"words for users": {400, `{"error":{"code":1,"message":"m","error_user_title":"t","error_user_msg":"u"}}`, nil, Error{Status: 400, Code: 1, Message: "m", Details: "t u"}},
		"a reseller's":    {400, `{"errors":[{"code":1013,"title":"t","details":"x"}]}`, nil, Error{Status: 400, Code: 1013, Message: "t"}},
		"a field strange": {400, `{"error":{"code":5,"message":["x"]}}`, nil, Error{Status: 400, Code: 5}},
		"wait":            {429, `{"error":{"code":4,"message":"m"}}`, http.Header{"Retry-After": {"7"}}, Error{Status: 429, Code: 4, Message: "m", RetryAfter: 7 * time.Second}},
		"secrets said":    {400, `{"error":{"code":1,"message":"token ` + plantedToken + `","error_data":{"details":"another secret"}}}`, nil, Error{Status: 400, Code: 1, Message: "token [secret]", Details: "[secret]"}},
	} {
		t.Run(name, func(t *testing.T) {
			g := client(t, func(w http.ResponseWriter, _ *http.Request) {
				for k, v := range c.header {
					w.Header()[k] = v
				}
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, c.body)
			})
			err := g.Get(t.Context(), "x", nil, nil)
			var e *Error
			if !errors.As(err, &e) || *e != c.want {
				t.Errorf("got %+v, want %+v", err, c.want)
			}
		})
	}
}

// TestFailures: a call without a readable answer says whether the request may have been acted on.
func TestFailures(t *testing.T) {
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for name, c := range map[string]struct {
		ctx    context.Context
		answer http.HandlerFunc
		base   string
		sent   bool
		status int
	}{
		"nobody there":     {t.Context(), nil, "http://127.0.0.1:1", false, 0},
		"no address":       {t.Context(), nil, "http://%zz", false, 0},
		"cancelled before": {gone, func(http.ResponseWriter, *http.Request) {}, "", false, 0},
		"cut":              {t.Context(), func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "", true, 0},
		"a page":           {t.Context(), func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "<html>", http.StatusBadGateway) }, "", true, 502},
		"a page with 200":  {t.Context(), func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>") }, "", true, 200},
		"nothing at all":   {t.Context(), func(w http.ResponseWriter, _ *http.Request) {}, "", true, 200},
		"an answer too long": {t.Context(), func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"x":"`+strings.Repeat("x", maxAnswer)+`"}`)
		}, "", true, 200},
	} {
		t.Run(name, func(t *testing.T) {
			g := client(t, c.answer)
			if c.base != "" {
				g.Base = c.base
			}
			err := g.Post(c.ctx, "x?access_token="+plantedToken, map[string]string{"a": "b"}, &map[string]any{})
			var f *Failure
			if !errors.As(err, &f) || f.Sent != c.sent || f.Status != c.status || strings.Contains(err.Error(), plantedToken) {
				t.Errorf("got %+v", err)
			}
		})
	}
}

func TestCall(t *testing.T) {
	g := client(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, `{"path":"`+r.URL.Path+`","query":"`+r.URL.RawQuery+`","token":"`+r.Header.Get("Authorization")+`"}`)
	})
	var got struct{ Path, Query, Token string }
	if err := g.Get(t.Context(), "/123/templates", url.Values{"limit": {"5"}}, &got); err != nil {
		t.Fatal(err)
	}
	if got.Path != "/"+DefaultVersion+"/123/templates" || got.Query != "limit=5" || got.Token != "Bearer "+plantedToken {
		t.Errorf("called %+v", got)
	}
	if at, err := g.Clock(t.Context(), "123"); err != nil || time.Since(at).Abs() > time.Minute {
		t.Errorf("the clock says %s, %v", at, err)
	}
}

// TestDownloadToken: the token goes to the platform's hosts, and to where the platform itself sent us, but never in the clear elsewhere.
func TestDownloadToken(t *testing.T) {
	var asked []string
	g := &Client{HTTP: &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		asked = append(asked, r.Header.Get("Authorization"))
		return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader("x")), Header: http.Header{}, Request: r}, nil
	})}, Token: core.NewSecret(plantedToken)}
	for address, c := range map[string]struct{ trusted, called, token bool }{
		"https://lookaside.fbsbx.com/a": {false, true, true},
		"https://graph.facebook.com/a":  {false, true, true},
		"https://files.example/a":       {false, true, false},
		"https://files.example/b":       {true, true, true},
		"https://fbsbx.com.example/a":   {false, true, false},
		"https://evilfbsbx.com/a":       {false, true, false},
		"http://lookaside.fbsbx.com/a":  {true, false, false},
		"ftp://files.example/a":         {true, false, false},
		"/etc/passwd":                   {true, false, false},
	} {
		asked = nil
		resp, err := g.Download(t.Context(), address, c.trusted)
		if err == nil {
			resp.Body.Close()
		}
		if (err == nil) != c.called || len(asked) > 0 && (asked[0] != "") != c.token {
			t.Errorf("%s: asked with %q, %v", address, asked, err)
		}
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestUploadStreams: the length is told before, whether the file's is known or not, and the file arrives whole.
func TestUploadStreams(t *testing.T) {
	for name, size := range map[string]int64{"known": 5, "unknown": 0} {
		t.Run(name, func(t *testing.T) {
			var got, kind string
			var length int64
			g := client(t, func(w http.ResponseWriter, r *http.Request) {
				length = r.ContentLength
				f, head, err := r.FormFile("file")
				if err != nil {
					t.Error(err)
					return
				}
				raw, _ := io.ReadAll(f)
				got, kind = string(raw)+" "+head.Filename+" "+r.FormValue("a"), head.Header.Get("Content-Type")
				_, _ = io.WriteString(w, `{"id":"1"}`)
			})
			var answer struct{ ID string }
			err := g.Upload(t.Context(), "media", [][2]string{{"a", "b"}}, File{Name: "x.txt", MIME: "text/plain", Size: size, Body: strings.NewReader("bytes")}, &answer)
			if err != nil || answer.ID != "1" || got != "bytes x.txt b" || kind != "text/plain" || length <= 0 {
				t.Errorf("got %q of %s, %d bytes, %v", got, kind, length, err)
			}
		})
	}
}

// TestTroubleQuotesMetaAlone: what Meta says is said to be Meta's; what we, or a proxy, refused before Meta was reached is not.
func TestTroubleQuotesMetaAlone(t *testing.T) {
	inside := &Failure{Err: core.Problemf(core.CodeForbidden, "The address is not on the public internet.").Remedied("Allow it.")}
	for name, c := range map[string]struct {
		err    *core.SendError
		quoted bool
	}{
		"Meta":    {&core.SendError{Code: "200", Effect: core.EffectPark, Reason: "A permission is missing.", Detail: "needs pages_messaging"}, true},
		"guard":   {inside.SendError("WhatsApp", ""), false},
		"a proxy": {(&Failure{Sent: true, Status: http.StatusForbidden, Err: errors.New("no JSON")}).SendError("WhatsApp", ""), false},
	} {
		f := Trouble("WhatsApp", "token", c.err)
		if f.Level != core.HealthBad || f.Remedy == "" || strings.Contains(f.Detail, "Meta says") != c.quoted {
			t.Errorf("%s: %+v", name, f)
		}
	}
}
