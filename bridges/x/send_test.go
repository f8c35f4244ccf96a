package x

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"causeway/bridges/bridgetest"
	"causeway/core"
)

// TestSignature: the example of OAuth 1.0a on X's own page comes out as it stands there, but for the body, which is JSON here and not signed.
func TestSignature(t *testing.T) {
	c := conf{key: "xvz1evFS4wEEPTGEFPHBog", secret: core.NewSecret("kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw"),
		token: core.NewSecret("370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb"), tokenSecret: core.NewSecret("LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE")}
	address := "https://api.twitter.com/1.1/statuses/update.json?" + url.Values{"include_entities": {"true"}, "status": {"Hello Ladies + Gentlemen, a signed OAuth request!"}}.Encode()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	c.sign(req, time.Unix(1318622958, 0), "kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg")
	const want = `oauth_signature="hCtSmYh%2BiHYCEqBWrE7C7hYmtUk%3D"`
	if got := req.Header.Get("Authorization"); !strings.HasPrefix(got, "OAuth ") || !strings.Contains(got, want) || !strings.Contains(got, `oauth_token="370773112-`) {
		t.Errorf("got %s, want %s in it", got, want)
	}
}

// TestChallenge: X has a word signed. What could be a webhook is not signed, and what was signed is no webhook.
func TestChallenge(t *testing.T) {
	l := openLink(t, bridgetest.NewHost(t))
	const word = "MTM4ODM2NTM1MC1hLXdvcmQ="
	got, events, err := l.Receive(t.Context(), core.WebhookRequest{Method: http.MethodGet, Query: url.Values{"crc_token": {word}}})
	want := `{"response_token":"` + l.conf.seal([]byte(word)) + `"}`
	if err != nil || len(events) > 0 || string(got.Body) != want || got.Type != "application/json" {
		t.Errorf("got %s %v %v, want %s", got.Body, events, err, want)
	}
	for _, word := range []string{"", "{}", minimal, "[]", `"a.word-of-our-own="`, "short", strings.Repeat("a", 300)} {
		if got, _, err := l.Receive(t.Context(), core.WebhookRequest{Method: http.MethodGet, Query: url.Values{"crc_token": {word}}}); err == nil || len(got.Body) > 0 {
			t.Errorf("%.20q was signed", word)
		}
	}
}

func TestSendShapes(t *testing.T) {
	choices := &core.Choices{Options: []core.Option{{Title: "Blue", Description: "as the sky"}, {ID: "red", Title: strings.Repeat("r", 50)}}}
	for name, c := range map[string]struct {
		content core.Content
		path    string
		want    string
	}{
		"text":    {core.Content{Kind: core.KindText, Text: "a <b>"}, "/2/dm_conversations/with/" + customer + "/messages", `{"text":"a \u003cb\u003e"}`},
		"picture": {core.Content{Kind: core.KindImage, Text: "Look", Media: &core.Media{ID: "m", MIME: "image/png", Size: 5}}, "/2/dm_conversations/with/" + customer + "/messages", `{"attachments":[{"media_id":"1146654567674912771"}],"text":"Look"}`},
		"choices": {core.Content{Kind: core.KindChoices, Text: "Which?", Choices: choices}, "/1.1/direct_messages/events/new.json", `{"event":{"message_create":{"message_data":{"quick_reply":{"options":[` +
			`{"label":"Blue","description":"as the sky","metadata":"0"},{"label":"` + strings.Repeat("r", 35) + `…","metadata":"red"}],"type":"options"},"text":"Which?"},"target":{"recipient_id":"` + customer + `"}},"type":"message_create"}}`},
	} {
		t.Run(name, func(t *testing.T) {
			h := bridgetest.NewHost(t)
			h.PutFile("m", []byte("bytes"))
			s := bridgetest.NewStandIn(t, well)
			sent, err := openLink(t, h, keyBase, s.URL, keyVersion1, yes).Send(t.Context(), core.Outgoing{Key: "key", To: []core.IdentityKey{{Scheme: core.SchemePhone, Value: "1"}, ana}, Content: c.content})
			last := s.Last(t)
			if err != nil || last.Path != c.path || string(last.Body) != c.want || !strings.HasPrefix(last.Header.Get("Authorization"), "OAuth ") {
				t.Errorf("got %s %s %v\nwant %s %s", last.Path, last.Body, err, c.path, c.want)
			}
			if !strings.HasPrefix(sent.Provider, "158283849998356480") || sent.At.Format(time.DateOnly) != "2022-10-19" {
				t.Errorf("got %+v", sent)
			}
		})
	}
}

// TestUpload: a file goes over in pieces that are whole together, and X is waited for. What goes wrong there has sent nothing.
func TestUpload(t *testing.T) {
	h := bridgetest.NewHost(t)
	data := make([]byte, chunk+chunk/2)
	h.PutFile("m", data)
	out := core.Outgoing{Key: "key", To: []core.IdentityKey{ana}, Content: core.Content{Kind: core.KindVideo, Media: &core.Media{ID: "m", MIME: "video/mp4", Size: int64(len(data))}}}
	s := bridgetest.NewStandIn(t, well)
	if _, err := openLink(t, h, keyBase, s.URL).Send(t.Context(), out); err != nil {
		t.Fatal(err)
	}
	var steps []string
	for _, c := range s.Calls() {
		steps = append(steps, c.Path[strings.LastIndex(c.Path, "/")+1:])
		if strings.HasSuffix(c.Path, "/initialize") && string(c.Body) != `{"media_category":"dm_video","media_type":"video/mp4","total_bytes":`+strconv.Itoa(len(data))+`}` {
			t.Errorf("got %s", c.Body)
		}
	}
	if got := strings.Join(steps, " "); got != "initialize append append finalize upload messages" {
		t.Errorf("got %s", got)
	}
	broken := bridgetest.NewStandIn(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/append") {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		well(w, r)
	})
	_, err := openLink(t, h, keyBase, broken.URL).Send(t.Context(), out)
	if e := core.AsSendError(err); err == nil || e.Outcome != core.Rejected || e.Effect != core.EffectRetry {
		t.Errorf("got %+v", e)
	}
}

// TestFetch: only X's own hosts are shown the account's signature.
func TestFetch(t *testing.T) {
	l := openLink(t, bridgetest.NewHost(t))
	for address, want := range map[string]bool{"https://ton.twitter.com/1.1/ton/data/dm/1/2/a.jpg": true, "http://ton.twitter.com/a.jpg": false, "https://ton.twitter.com.evil.example/a.jpg": false,
		"https://video.twimg.com/a.mp4": false, "https://api.x.com/a": true} {
		u, err := url.Parse(address)
		if err != nil || l.private(u) != want {
			t.Errorf("%s: got %v, want %v", address, !want, want)
		}
	}
}

// TestSubscribe: a webhook that X has given up on is tried again, one that is there is used, a new one is made; then the account is subscribed.
func TestSubscribe(t *testing.T) {
	const address = "https://gateway.example/hooks/1"
	for name, c := range map[string]struct{ list, want string }{
		"new":      {`{"data":[]}`, "POST /oauth2/token, GET /2/webhooks, POST /2/webhooks, POST /2/account_activity/webhooks/1146654567674912770/subscriptions/all"},
		"there":    {`{"data":[{"id":"11","url":"` + address + `","valid":true}]}`, "POST /oauth2/token, GET /2/webhooks, POST /2/account_activity/webhooks/11/subscriptions/all"},
		"given up": {`{"data":[{"id":"11","url":"` + address + `","valid":false}]}`, "POST /oauth2/token, GET /2/webhooks, PUT /2/webhooks/11, POST /2/account_activity/webhooks/11/subscriptions/all"},
	} {
		t.Run(name, func(t *testing.T) {
			s := bridgetest.NewStandIn(t, func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodGet && r.URL.Path == "/2/webhooks" {
					say(w, c.list)
					return
				}
				well(w, r)
			})
			if err := openLink(t, bridgetest.NewHost(t), keyBase, s.URL).Subscribe(t.Context(), address); err != nil {
				t.Fatal(err)
			}
			var steps []string
			for _, c := range s.Calls() {
				steps = append(steps, c.Method+" "+c.Path)
			}
			if got := strings.Join(steps, ", "); got != c.want {
				t.Errorf("got %s\nwant %s", got, c.want)
			}
		})
	}
	if err := openLink(t, bridgetest.NewHost(t)).Subscribe(t.Context(), "https://gateway.example:8443/hooks/1"); core.CodeOf(err) != core.CodeInvalid {
		t.Errorf("a port: %v", err)
	}
}

// TestCheck: what an admin can get wrong is named.
func TestCheck(t *testing.T) {
	for name, c := range map[string]struct {
		path, answer string
		status       int
		want         string
	}{
		"no right to messages": {"/2/users/me", `{"data":{"id":"` + account + `","username":"shop"}}`, 200, `lacks the permission for direct messages: it has "read-write"`},
		"another account":      {"/2/users/me", `{"data":{"id":"1"}}`, 200, "another account"},
		"revoked":              {"/2/users/me", `{"errors":[{"code":89,"message":"Invalid or expired token."}]}`, 401, "no longer valid"},
		"no webhook":           {"/2/webhooks", `{"meta":{"result_count":0}}`, 200, "nothing comes in"},
		"given up":             {"/2/webhooks", `{"data":[{"id":"11","url":"https://gateway.example/hooks/0199-channel","valid":false}]}`, 200, "did not prove itself"},
		"another plan":         {"/2/webhooks", `{"type":"https://api.twitter.com/2/problems/client-forbidden","title":"Client Forbidden"}`, 403, "may not use this part"},
		"not subscribed":       {"/2/account_activity/webhooks/1146654567674912769/subscriptions/all", `{"errors":[{"code":34}]}`, 404, "not subscribed"},
	} {
		t.Run(name, func(t *testing.T) {
			s := bridgetest.NewStandIn(t, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == c.path {
					w.Header().Set("X-Access-Level", "read-write")
					w.WriteHeader(c.status)
					say(w, c.answer)
					return
				}
				well(w, r)
			})
			found := openLink(t, bridgetest.NewHost(t), keyBase, s.URL).Check(t.Context())
			last := found[len(found)-1]
			if last.Level != core.HealthBad || !strings.Contains(last.Detail, c.want) || last.Remedy == "" {
				t.Errorf("got %+v, want %q", found, c.want)
			}
		})
	}
}
