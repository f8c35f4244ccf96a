package webchat

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"strings"
	"testing"
	"time"

	"causeway/bridges/bridgetest"
	"causeway/core"
)

const (
	plantedSign     = "planted-signing-key-0123456789abcdef"
	plantedIdentity = "planted-identity-secret-0123456789abcdef"
	page            = "https://www.shop.test"
)

func testChannel() core.Channel {
	return core.Channel{ID: "chan-1", Workspace: "ws-1", Kind: Kind, Account: "shop"}
}

func goodSettings() core.Settings {
	return core.Settings{Values: map[string]string{keySite: "shop", keyOrigins: page + ", https://*.shop.test, http://localhost"},
		Secrets: map[string]core.Secret{keySign: core.NewSecret(plantedSign), keyIdentity: core.NewSecret(plantedIdentity)}}
}

// with returns good settings with some of them changed: key, value, key, value.
func with(pairs ...string) core.Settings {
	s := goodSettings()
	for i := 0; i < len(pairs); i += 2 {
		s.Values[pairs[i]] = pairs[i+1]
	}
	return s
}

// rig is a channel that browsers can call.
type rig struct {
	*testing.T
	host *bridgetest.Host
	link *link
	base string
}

func newRig(t *testing.T, s core.Settings) *rig {
	t.Helper()
	h := bridgetest.NewHost(t)
	opened, err := Bridge{}.Open(testChannel(), s, h)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(opened.(core.ServeLink))
	t.Cleanup(server.Close)
	t.Cleanup(func() { _ = opened.Close() }) // first: streams end with it
	return &rig{t, h, opened.(*link), server.URL + "/v1"}
}

// ask calls an address as a page does: headers are name, value, name, value.
func (r *rig) ask(method, path, body string, headers ...string) (*http.Response, string) {
	r.Helper()
	req, err := http.NewRequestWithContext(r.Context(), method, r.base+path, strings.NewReader(body))
	if err != nil {
		r.Fatal(err)
	}
	req.Header.Set("Origin", page)
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
		if headers[i+1] == "" {
			req.Header.Del(headers[i])
		}
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		r.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		r.Fatal(err)
	}
	return resp, string(raw)
}

// want is ask, for an answer of this status, decoded.
func (r *rig) want(status int, method, path, body string, headers ...string) map[string]any {
	r.Helper()
	resp, text := r.ask(method, path, body, headers...)
	if resp.StatusCode != status {
		r.Fatalf("%s %s %s: got %d %s, want %d", method, path, body, resp.StatusCode, text, status)
	}
	var v map[string]any
	if text != "" {
		if err := json.NewDecoder(bytes.NewReader([]byte(text))).Decode(&v); err != nil {
			r.Fatalf("%s %s: %q: %v", method, path, text, err)
		}
	}
	return v
}

// session starts one and returns its token.
func (r *rig) session(body string, headers ...string) string {
	r.Helper()
	return r.want(200, "POST", "/session", body, headers...)["token"].(string)
}

func bearer(token string) []string { return []string{"Authorization", "Bearer " + token} }

// keyed are the headers of a call that brings a message.
func keyed(token, id string) []string { return append(bearer(token), "Idempotency-Key", id) }

// upload sends a file as a browser does: kind is what the browser takes it for.
func (r *rig) upload(token, id, name, kind, content string) (*http.Response, string) {
	r.Helper()
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	_ = w.WriteField("page", "https://www.shop.test/upload")
	p, err := w.CreatePart(textproto.MIMEHeader{"Content-Disposition": {mime.FormatMediaType("form-data", map[string]string{"name": "file", "filename": name})}, "Content-Type": {kind}})
	if err == nil {
		_, err = io.WriteString(p, content)
	}
	if err != nil || w.Close() != nil {
		r.Fatal(err)
	}
	return r.ask("POST", "/files", form.String(), append(keyed(token, id), "Content-Type", w.FormDataContentType())...)
}

// visitor says whose a token is.
func (r *rig) visitor(token string) string {
	r.Helper()
	v, err := r.link.conf.open(token, r.host.Now())
	if err != nil {
		r.Fatal(err)
	}
	return v.ID
}

func (r *rig) write(token, id, text string) {
	r.Helper()
	body, _ := json.Marshal(map[string]string{"text": text})
	resp, answer := r.ask("POST", "/messages", string(body), keyed(token, id)...)
	if resp.StatusCode/100 != 2 {
		r.Fatalf("write: %d %s", resp.StatusCode, answer)
	}
}

// send is an answer to a visitor.
func (r *rig) send(to, key, text string) {
	r.Helper()
	if _, err := r.link.Send(context.WithoutCancel(r.Context()), r.outgoing(to, key, text)); err != nil {
		r.Fatal(err)
	}
}

func (r *rig) outgoing(to, key, text string) core.Outgoing {
	return core.Outgoing{Key: core.PartID(key), To: []core.IdentityKey{{Scheme: Scheme, Scope: "shop", Value: to}}, Content: core.Content{Kind: core.KindText, Text: text}}
}

// texts lists what a browser is told after a place.
func (r *rig) texts(token, after string) []string {
	r.Helper()
	var all []string
	for _, l := range r.want(200, "GET", "/messages?after="+after, "", bearer(token)...)["messages"].([]any) {
		text, _ := l.(map[string]any)["text"].(string)
		all = append(all, text)
	}
	return all
}

// rest lets others work before something is looked at again.
func rest() { <-time.After(15 * time.Millisecond) }
