package webchat

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"causeway/core"
)

func TestFirstMessageAndAnswer(t *testing.T) {
	r := newRig(t, with(keyAsk, "name, email*"))
	token := r.session(`{}`)
	r.want(403, "POST", "/messages", `{"text":"hi"}`, keyed(token, "id-000001")...) // the form comes first
	token = r.session(`{"fields":{"name":"  Ana \n Lu ","email":"ana@home.test"}}`, bearer(token)...)
	line := r.want(201, "POST", "/messages", `{"text":" hi ","page":"https://www.shop.test/a?secret=1#x"}`, keyed(token, "id-000001")...)
	if line["text"] != "hi" || line["n"] != 1.0 || line["l"] != "in" {
		t.Errorf("got %v", line)
	}
	events := r.host.Events()
	if len(events) != 2 || events[0].Message.Content.Kind != core.KindForm || events[0].Message.Content.Form.Fields["email"] != "ana@home.test" {
		t.Fatalf("got %+v, want the form and the message", events)
	}
	e := events[1]
	if together := e.Message.Content.Album; together == "" || together != events[0].Message.Content.Album {
		t.Error("the form and the message are mailed apart")
	}
	if e.Peer.Name != "Ana Lu" || len(e.Peer.Identities) != 1 || e.Peer.Identities[0].Value != r.visitor(token) || e.Message.Content.Text != "hi" || e.Message.Content.Referral.URL != "https://www.shop.test/a" || e.Account != "shop" {
		t.Errorf("got %+v %+v", e, e.Message)
	}
	r.send(r.visitor(token), "part-1", "hello Ana")
	if got := r.texts(token, ""); !slices.Equal(got, []string{"hi", "hello Ana"}) {
		t.Errorf("got %q", got)
	}
}

// TestVisitorsLanguage: the language of a session is that of the visitor from then on; what is no language changes nothing.
func TestVisitorsLanguage(t *testing.T) {
	r := newRig(t, goodSettings())
	token := r.session(`{"locale":"pt_BR"}`)
	for i, c := range []struct{ locale, want string }{{"", "pt-BR"}, {"ar", "ar"}, {"</p>", "ar"}, {"de-DE", "de-DE"}} {
		token = r.session(`{"locale":"`+c.locale+`"}`, bearer(token)...)
		r.want(201, "POST", "/messages", `{"text":"hi"}`, keyed(token, fmt.Sprintf("id-%06d", i))...)
		if got := r.host.Events()[i].Peer.Language; got != c.want {
			t.Errorf("after %q the visitor's language is %q, want %q", c.locale, got, c.want)
		}
	}
}

// TestVisitorTypes: that a visitor writes is noted every three seconds at most, for visitors of the site's pages only.
func TestVisitorTypes(t *testing.T) {
	r := newRig(t, goodSettings())
	r.want(401, "POST", "/typing", "{}")
	r.want(401, "POST", "/typing", "{}", bearer("forged.token")...)
	token := r.session(`{}`)
	r.want(403, "POST", "/typing", "{}", append(bearer(token), "Origin", "https://other.test")...)
	r.want(405, "GET", "/typing", "", bearer(token)...)
	if typed := r.host.Typed(); len(typed) > 0 {
		t.Fatalf("%v got through", typed)
	}
	for range 5 {
		r.want(204, "POST", "/typing", "", bearer(token)...)
	}
	if typed := r.host.Typed(); len(typed) != 1 || typed[0].Value != r.visitor(token) || typed[0].Scope != "shop" {
		t.Errorf("got %v", typed)
	}
	r.host.SetNow(r.host.Now().Add(3 * time.Second))
	r.want(204, "POST", "/typing", "{}", bearer(token)...)
	if typed := r.host.Typed(); len(typed) != 1 {
		t.Errorf("later: got %v", typed)
	}
	if len(r.host.Events()) > 0 {
		t.Error("it became an event")
	}
}

// toil does a task as a browser does.
func toil(t *testing.T, stamp string, bits float64) string {
	t.Helper()
	for n := range 1 << 24 {
		done := fmt.Sprintf("%s:%d", stamp, n)
		sum := sha256.Sum256([]byte(done))
		if v := binary.BigEndian.Uint32(sum[:4]); v>>(32-int(bits)) == 0 {
			return done
		}
	}
	t.Fatal("no number does it")
	return ""
}

// TestProofOfWork: who is new must calculate first, once for each chat; who is known, or proven by the site, need not.
func TestProofOfWork(t *testing.T) {
	r := newRig(t, with(keyWork, "10"))
	given := r.want(428, "POST", "/session", `{}`)
	if given["error"] != "work" || given["bits"] != 10.0 {
		t.Fatalf("got %v", given)
	}
	stamp := given["stamp"].(string)
	done := toil(t, stamp, 10)
	lazy := stamp + ":x"
	for sum := sha256.Sum256([]byte(lazy)); sum[0] == 0; sum = sha256.Sum256([]byte(lazy)) {
		lazy += "x"
	}
	for name, work := range map[string]string{"none": "", "too little": lazy, "another's": toil(t, "1772366400.AAAA", 10), "nonsense": "a:b", "the number alone": ":1", "of another time": toil(t, "1"+stamp, 10)} {
		if resp, text := r.ask("POST", "/session", `{"work":"`+work+`"}`); resp.StatusCode != 428 {
			t.Errorf("%s: %d %s", name, resp.StatusCode, text)
		}
	}
	token := r.want(200, "POST", "/session", `{"work":"`+done+`"}`)["token"].(string)
	r.want(428, "POST", "/session", `{"work":"`+done+`"}`) // used
	r.want(200, "POST", "/session", `{}`, bearer(token)...)
	r.want(428, "POST", "/session", `{}`, bearer("forged.token")...)
	m := hmac.New(sha256.New, []byte(plantedIdentity))
	m.Write([]byte("u-7"))
	r.want(200, "POST", "/session", `{"identity":{"id":"u-7","hash":"`+hex.EncodeToString(m.Sum(nil))+`"}}`)
	r.want(401, "POST", "/session", `{"identity":{"id":"u-7","hash":"00"}}`)
	late := r.want(428, "POST", "/session", `{}`)["stamp"].(string)
	r.host.SetNow(r.host.Now().Add(6 * time.Minute))
	r.want(428, "POST", "/session", `{"work":"`+toil(t, late, 10)+`"}`)
}

// TestTwice: however often a browser or the outbox repeats itself, there is one message.
func TestTwice(t *testing.T) {
	r := newRig(t, goodSettings())
	token := r.session(`{}`)
	for range 3 {
		r.write(token, "id-000001", "hi")
		r.send(r.visitor(token), "part-1", "hello")
	}
	if n := len(r.host.Events()); n != 1 {
		t.Errorf("%d events, want one", n)
	}
	if got := r.texts(token, "0.0"); len(got) != 2 {
		t.Errorf("got %q", got)
	}
	if got := r.texts(token, "1.1"); len(got) != 0 {
		t.Errorf("after all: %q", got)
	}
	r.write(token, `"id-000001"`, "hi") // as the header's draft writes it
	strange := "id/2:" + strings.Repeat("x", 100)
	r.write(token, strange, "hi again")
	r.write(token, strange, "hi again")
	if n := len(r.host.Events()); n != 2 {
		t.Errorf("%d events, want two", n)
	}
	r.host.EmitError = core.ErrUnavailable
	if resp, _ := r.ask("POST", "/messages", `{"text":"lost?"}`, keyed(token, "id-000002")...); resp.StatusCode != 503 || resp.Header.Get("Retry-After") == "" {
		t.Errorf("not stored, and answered %d", resp.StatusCode)
	}
	if got := r.texts(token, "1.2"); len(got) != 0 {
		t.Errorf("not stored, and shown: %q", got)
	}
}

// TestSameEvent: a message that was stored but not acknowledged has the same id when it comes again, by whatever process.
func TestSameEvent(t *testing.T) {
	one, two := newRig(t, goodSettings()), newRig(t, goodSettings())
	token := one.session(`{}`)
	one.write(token, "id-000001", "hi")
	two.write(token, "id-000001", "hi")
	if a, b := one.host.Events()[0], two.host.Events()[0]; a.ID != b.ID || a.Message.Provider != b.Message.Provider {
		t.Errorf("got %s and %s", a.ID, b.ID)
	}
}

func signJWT(secret string, claims map[string]any) string {
	head := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256","typ":"JWT"}`))
	body, _ := json.Marshal(claims)
	text := head + "." + base64.RawURLEncoding.EncodeToString(body)
	m := hmac.New(sha256.New, []byte(secret))
	m.Write([]byte(text))
	return text + "." + base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

func hashOf(secret, id string) string {
	m := hmac.New(sha256.New, []byte(secret))
	m.Write([]byte(id))
	return hex.EncodeToString(m.Sum(nil))
}

func TestIdentity(t *testing.T) {
	r := newRig(t, with(keyRequire, yes))
	now := r.host.Now()
	good := map[string]any{"sub": "42", "email": "Bo@Shop.test", "email_verified": true, "name": "Bo", "iat": now.Unix(), "exp": now.Add(time.Hour).Unix()}
	other := func(pairs ...any) map[string]any {
		m := map[string]any{}
		for k, v := range good {
			m[k] = v
		}
		for i := 0; i < len(pairs); i += 2 {
			m[pairs[i].(string)] = pairs[i+1]
		}
		return m
	}
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + strings.Split(signJWT(plantedIdentity, good), ".")[1] + "."
	proofs := map[string]string{
		"signed with another secret": `{"token":"` + signJWT(plantedSign, good) + `"}`, "unsigned": `{"token":"` + none + `"}`, "no token": `{"token":"x"}`,
		"over":       `{"token":"` + signJWT(plantedIdentity, other("exp", now.Add(-2*time.Minute).Unix())) + `"}`,
		"endless":    `{"token":"` + signJWT(plantedIdentity, other("exp", now.AddDate(1, 0, 0).Unix())) + `"}`,
		"no end":     `{"token":"` + signJWT(plantedIdentity, map[string]any{"sub": "42"}) + `"}`,
		"not yet":    `{"token":"` + signJWT(plantedIdentity, other("nbf", now.Add(time.Hour).Unix())) + `"}`,
		"nobody":     `{"token":"` + signJWT(plantedIdentity, other("sub", "")) + `"}`,
		"wrong hash": `{"id":"42","hash":"` + hashOf(plantedIdentity, "43") + `"}`, "no hash": `{"id":"42"}`, "empty": `{}`,
	}
	for name, p := range proofs {
		t.Run(name, func(t *testing.T) {
			if resp, body := r.ask("POST", "/session", `{"identity":`+p+`}`); resp.StatusCode != 401 || strings.Contains(body, "token\":") {
				t.Errorf("got %d %s", resp.StatusCode, body)
			}
		})
	}
	r.want(403, "POST", "/session", `{}`) // nobody proven
	anonymous := r.link.conf.seal(newVisitor(), now)
	r.want(403, "POST", "/session", `{}`, bearer(anonymous)...)
	for _, path := range []string{"/messages", "/files", "/read"} {
		r.want(403, "POST", path, `{"text":"hi"}`, keyed(anonymous, "id-000001")...)
	}
	for _, path := range []string{"/messages", "/events"} {
		r.want(403, "GET", path, "", bearer(anonymous)...)
	}
	if len(r.host.Events()) > 0 {
		t.Fatal("somebody unproven got in")
	}
	token := r.session(`{"identity":{"token":"` + signJWT(plantedIdentity, good) + `"},"fields":{"name":"Mallory"}}`)
	r.write(token, "id-000001", "it is me")
	hashed := r.session(`{"identity":{"id":"42","hash":"` + hashOf(plantedIdentity, "42") + `"}}`)
	if got := r.texts(hashed, ""); len(got) != 1 {
		t.Errorf("the same user by another proof sees %q", got)
	}
	p := r.host.Events()[0].Peer
	if want := []core.IdentityKey{{Scheme: Scheme, Scope: "shop", Value: "u-42"}, {Scheme: core.SchemeEmail, Value: "bo@shop.test"}}; p.Name != "Bo" || !slices.Equal(p.Identities, want) {
		t.Errorf("got %+v", p)
	}
}

// TestProofEnds: who was proven is so for a day, however often they come back without a new proof.
func TestProofEnds(t *testing.T) {
	r := newRig(t, goodSettings())
	token := r.session(`{"identity":{"token":"` + signJWT(plantedIdentity, map[string]any{"sub": "42", "exp": r.host.Now().Add(time.Hour).Unix()}) + `"}}`)
	r.write(token, "id-000001", "it is me")
	for _, who := range []string{"u-42", "u-42", "a-"} {
		r.host.SetNow(r.host.Now().Add(10 * time.Hour))
		token = r.session(`{}`, bearer(token)...)
		if got := r.visitor(token); !strings.HasPrefix(got, who) {
			t.Fatalf("got %s, want %s", got, who)
		}
	}
	if got := r.texts(token, ""); len(got) > 0 {
		t.Errorf("somebody else sees %q", got)
	}
}

// TestForgedTokens: a token that anything was changed in, or whose time is over, is nobody's.
func TestForgedTokens(t *testing.T) {
	r := newRig(t, goodSettings())
	token := r.session(`{}`)
	text, sig, _ := strings.Cut(token, ".")
	mine, _ := json.Marshal(visitor{ID: "u-42", Proven: true, Expires: r.host.Now().Add(time.Hour).Unix()})
	elsewhere := r.link.conf
	elsewhere.site = "other"
	for name, bad := range map[string]string{"none": "", "cut": token[:len(token)-1], "no signature": text, "empty signature": text + ".", "another body": base64.RawURLEncoding.EncodeToString(mine) + "." + sig,
		"of another channel": elsewhere.seal(newVisitor(), r.host.Now()), "over": r.link.conf.seal(newVisitor(), r.host.Now().AddDate(0, 0, -31))} {
		t.Run(name, func(t *testing.T) {
			for _, path := range []string{"/messages", "/read", "/files"} {
				if resp, _ := r.ask("POST", path, `{"text":"hi"}`, keyed(bad, "id-000001")...); resp.StatusCode != 401 {
					t.Errorf("%s: got %d", path, resp.StatusCode)
				}
			}
		})
	}
	if r.visitor(r.session(`{}`, bearer(token[:len(token)-1])...)) == r.visitor(token) {
		t.Error("a forged token went on as its victim")
	}
	if len(r.host.Events()) > 0 {
		t.Error("somebody got in")
	}
}

func TestOrigins(t *testing.T) {
	r := newRig(t, goodSettings())
	for origin, status := range map[string]int{page: 200, "https://de.shop.test": 200, "http://localhost": 200, "HTTPS://WWW.SHOP.TEST": 200, "https://shop.test": 403, "https://evil.test": 403, "http://www.shop.test": 403,
		"https://evilshop.test": 403, "https://www.shop.test.evil.test": 403, "https://www.shop.test:8443": 403, "null": 403, "": 403, "https://evil.test/.shop.test": 403, "https://a:b.shop.test": 403} {
		resp, _ := r.ask("POST", "/session", `{}`, "Origin", origin)
		if resp.StatusCode != status {
			t.Errorf("%q: got %d, want %d", origin, resp.StatusCode, status)
		}
		if got := resp.Header.Get("Access-Control-Allow-Origin"); status == 200 && got != origin || status != 200 && got != "" {
			t.Errorf("%q may be read by %q", origin, got)
		}
	}
	if resp, _ := r.ask("OPTIONS", "/messages", "", "Access-Control-Request-Method", "POST"); resp.StatusCode != 204 || !strings.Contains(resp.Header.Get("Access-Control-Allow-Headers"), "Authorization") {
		t.Errorf("preflight: %d %v", resp.StatusCode, resp.Header)
	}
	if resp, _ := r.ask("OPTIONS", "/messages", "", "Origin", "https://evil.test"); resp.StatusCode != 403 {
		t.Errorf("preflight from elsewhere: %d", resp.StatusCode)
	}
}

func TestBadRequests(t *testing.T) {
	r := newRig(t, goodSettings())
	token := r.session(`{}`)
	for body, status := range map[string]int{`{`: 400, `[]`: 400, `{}`: 400, ``: 400, `{"text":"  "}`: 400, `{"text":"\u0000"}`: 400,
		`{"text":"` + strings.Repeat("x", textLimit+1) + `"}`: 400, `{"text":"` + strings.Repeat("x", bodyLimit) + `"}`: 413} {
		if resp, answer := r.ask("POST", "/messages", body, keyed(token, "id-000001")...); resp.StatusCode != status {
			t.Errorf("%.60s: got %d %s, want %d", body, resp.StatusCode, answer, status)
		}
	}
	for _, key := range []string{"", `""`, "two words", "schlüssel", strings.Repeat("x", 256)} {
		if got := r.want(400, "POST", "/messages", `{"text":"hi"}`, keyed(token, key)...); got["error"] != "idempotency-key" {
			t.Errorf("key %.20q: %v", key, got)
		}
	}
	for _, form := range []string{"", "--x--", "--x\r\n\r\nno file\r\n--x--", "--x\r\nContent-Disposition: form-data; name=file; filename=empty\r\n\r\n\r\n--x--", "--x\r\nContent-Disposition: form-data; name=file; filename=cut\r\n\r\nhalf"} {
		if resp, _ := r.ask("POST", "/files", form, append(keyed(token, "id-000001"), "Content-Type", "multipart/form-data; boundary=x")...); resp.StatusCode != 400 {
			t.Errorf("form %q: %d", form, resp.StatusCode)
		}
	}
	r.want(400, "POST", "/files", "GIF89a", append(keyed(token, "id-000001"), "Content-Type", "image/gif")...)
	r.want(400, "POST", "/session", `{"fields":{"website":"https://spam.test"}}`)
	for path, status := range map[string]int{"/nowhere": 404, "/": 404, "/files/m-x": 404, "/../x": 404, "/read": 405} {
		if resp, _ := r.ask("GET", path, "", bearer(token)...); resp.StatusCode != status {
			t.Errorf("%s: got %d", path, resp.StatusCode)
		}
	}
	if len(r.host.Events()) > 0 {
		t.Error("something got in")
	}
}

func TestTooOften(t *testing.T) {
	r := newRig(t, goodSettings())
	token := r.session(`{}`)
	refused := 0
	for i := range talkAtOnce + 5 {
		if resp, _ := r.ask("POST", "/messages", `{"text":"x"}`, keyed(token, fmt.Sprintf("id-%06d", i))...); resp.StatusCode == 429 {
			refused++
		}
	}
	if refused != 5 || len(r.host.Events()) != talkAtOnce {
		t.Errorf("%d refused, %d stored", refused, len(r.host.Events()))
	}
	r.host.SetNow(r.host.Now().Add(10 * time.Second))
	r.write(token, "id-later1", "again")
	last := 0
	for range visitsAtOnce + 1 {
		resp, _ := r.ask("POST", "/session", `{}`)
		last = resp.StatusCode
	}
	if last != 429 {
		t.Errorf("sessions without end: %d", last)
	}
	crowd := newRig(t, goodSettings()) // of many addresses, each of which asks once
	refused = 0
	for i := range crowdAtOnce + 5 {
		if resp, _ := crowd.ask("GET", "/config", "", "X-Forwarded-For", fmt.Sprintf("203.0.%d.%d", i/250, i%250)); resp.StatusCode == 429 {
			refused++
		}
	}
	if refused != 5 {
		t.Errorf("of a crowd %d were refused, want 5", refused)
	}
}

func TestMarks(t *testing.T) {
	r := newRig(t, goodSettings())
	token := r.session(`{}`)
	who := r.visitor(token)
	for i := 1; i <= 3; i++ {
		r.send(who, fmt.Sprintf("part-%d", i), "x")
	}
	read := func(body string) []string {
		before := len(r.host.Events())
		r.want(204, "POST", "/read", body, bearer(token)...)
		var all []string
		for _, e := range r.host.Events()[before:] {
			all = append(all, string(e.Receipt.Status)+" "+e.Receipt.Provider)
		}
		return all
	}
	if got, want := read(`{"delivered":2,"read":1}`), []string{"delivered part-1", "delivered part-2", "read part-1"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := read(`{"delivered":1,"read":0}`); len(got) != 0 {
		t.Errorf("backwards: %q", got)
	}
	if got, want := read(`{"delivered":99,"read":99}`), []string{"delivered part-3", "read part-2", "read part-3"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestFiles(t *testing.T) {
	r := newRig(t, with(keyUpload, "1"))
	token := r.session(`{}`)
	png := "\x89PNG\r\n\x1a\n and more"
	for range 2 {
		r.upload(token, "id-000001", `..\..\a b.png`, "text/html", png)
	}
	events := r.host.Events()
	if len(events) != 1 || events[0].Message.Content.Kind != core.KindImage || events[0].Message.Content.Media.Name != "a b.png" || events[0].Message.Content.Media.MIME != "image/png" {
		t.Fatalf("got %+v", events)
	}
	d, err := r.link.Fetch(t.Context(), *events[0].Message.Content.Media)
	if err != nil || d.Size != int64(len(png)) {
		t.Fatalf("fetch: %+v %v", d, err)
	}
	r.upload(token, "id-000002", "x.html", "text/plain", "<html><script>alert(1)</script>")
	r.host.PutFile("media-1", []byte("%PDF-1.7"))
	out := r.outgoing(r.visitor(token), "part-1", "see")
	out.Content = core.Content{Kind: core.KindDocument, Text: "see", Media: &core.Media{ID: "media-1", MIME: "application/pdf", Name: "Prüfung.pdf", Size: 8}}
	if _, err := r.link.Send(t.Context(), out); err != nil {
		t.Fatal(err)
	}
	var urls []string
	for _, l := range r.want(200, "GET", "/messages", "", bearer(token)...)["messages"].([]any) {
		urls = append(urls, "/"+l.(map[string]any)["file"].(map[string]any)["url"].(string))
	}
	for i, want := range []struct{ body, kind, how string }{{png, "image/png", "inline"}, {"<html><script>alert(1)</script>", "application/octet-stream", "attachment"}, {"%PDF-1.7", "application/octet-stream", "attachment"}} {
		resp, body := r.ask("GET", urls[i], "", "Origin", "")
		if resp.StatusCode != 200 || body != want.body || resp.Header.Get("Content-Type") != want.kind || !strings.HasPrefix(resp.Header.Get("Content-Disposition"), want.how) || !strings.Contains(resp.Header.Get("Content-Security-Policy"), "sandbox") {
			t.Errorf("%s: %d %q %v", urls[i], resp.StatusCode, body, resp.Header)
		}
	}
	for _, forged := range []string{strings.Replace(urls[0], "image%2Fpng", "text%2Fhtml", 1), strings.Replace(urls[2], "m-media-1", "m-media-2", 1), strings.Replace(urls[0], "&s=", "&s=x", 1), "/files/m-media-1"} {
		if resp, _ := r.ask("GET", forged, ""); resp.StatusCode != 404 {
			t.Errorf("%s: got %d", forged, resp.StatusCode)
		}
	}
	r.host.SetNow(r.host.Now().Add(26 * time.Hour))
	if resp, _ := r.ask("GET", urls[0], ""); resp.StatusCode != 410 {
		t.Errorf("a day later: %d", resp.StatusCode)
	}
	if resp, _ := r.upload(r.session(`{}`), "id-000003", "big", "", strings.Repeat("x", 1<<20+1)); resp.StatusCode != 413 {
		t.Errorf("too large: %d", resp.StatusCode)
	}
}

func TestChanges(t *testing.T) {
	r := newRig(t, goodSettings())
	token := r.session(`{}`)
	who := r.visitor(token)
	r.send(who, "part-1", "wrong")
	r.send(who, "part-2", "secret")
	act := func(a core.Act) error {
		a.To = r.outgoing(who, "", "").To
		_, err := r.link.Act(t.Context(), a)
		return err
	}
	if err := act(core.Act{Action: core.ActionEdit, Target: "part-1", Content: core.Content{Kind: core.KindText, Text: "right"}}); err != nil {
		t.Fatal(err)
	}
	if err := act(core.Act{Action: core.ActionRevoke, Target: "part-2"}); err != nil {
		t.Fatal(err)
	}
	if err := act(core.Act{Action: core.ActionRevoke, Target: "part-9"}); core.AsSendError(err).Outcome != core.Rejected {
		t.Errorf("what is not there: %v", err)
	}
	if got, want := r.texts(token, "0.0"), []string{"right", "", "right", ""}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := r.texts(token, "2.0"); len(got) != 2 {
		t.Errorf("a browser that was there gets %q", got)
	}
}
