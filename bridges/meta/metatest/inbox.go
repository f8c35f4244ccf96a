package metatest

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"causeway/bridges/bridgetest"
	"causeway/core"
)

// Inbox tells of a bridge on meta.Inbox what its tests differ in.
type Inbox struct {
	Bridge   core.Bridge
	Settings core.Settings // good ones
	Object   string        // as meta.Inbox has it
	Account  string        // the one that Settings name
	Fields   []string      // of the app's webhook, and those that the account is subscribed to
	Own      []string
	Audio    string // a type of audio files that can be sent, and one of voice messages
	Voice    string
	// Answer is what the platform answers besides to a call, when all is well; "" for what both platforms answer alike.
	Answer func(r *http.Request) string
}

// Ana is a customer who wrote to the account.
func (i Inbox) Ana() core.IdentityKey {
	return core.IdentityKey{Scheme: i.Bridge.Info().Scheme, Scope: i.Account, Value: "5678"}
}

// Wrap puts events into the platform's envelope.
func (i Inbox) Wrap(account string, events ...string) string {
	return i.envelope(entry(account, events...))
}

func (i Inbox) envelope(entries ...string) string {
	return `{"object":"` + i.Object + `","entry":[` + strings.Join(entries, ",") + `]}`
}

func entry(account string, events ...string) string {
	return `{"id":"` + account + `","time":1767225600000,"messaging":[` + strings.Join(events, ",") + `]}`
}

// Says is a message of Ana's to an account.
func Says(account, mid, message string) string {
	return `{"sender":{"id":"5678"},"recipient":{"id":"` + account + `"},"timestamp":1767225600123,"message":{"mid":"` + mid + `",` + message + `}}`
}

// StandIn starts a stand-in of the platform that is well, but for the paths whose end is named.
func (i Inbox) StandIn(t testing.TB, answers map[string]string) *bridgetest.StandIn {
	t.Helper()
	return bridgetest.NewStandIn(t, Except(answers, i.well))
}

// well answers as the platform does when all is well.
func (i Inbox) well(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	say := func(s string) { _, _ = io.WriteString(w, s) }
	who := r.Header.Get("Authorization")
	switch path := r.URL.Path; {
	case strings.HasPrefix(path, "/files/"):
		w.Header().Set("Content-Type", "image/jpeg; x=1")
		say("bytes")
	case who != "Bearer "+Token && who != "Bearer "+App+"|"+Secret:
		w.WriteHeader(http.StatusUnauthorized)
		say(`{"error":{"message":"Invalid OAuth access token","type":"OAuthException","code":190,"fbtrace_id":"A1"}}`)
	case Misproven(r):
		w.WriteHeader(http.StatusBadRequest)
		say(Unproven)
	case i.Answer(r) != "":
		say(i.Answer(r))
	case strings.HasSuffix(path, "/messages"):
		say(`{"recipient_id":"5678","message_id":"m_AG5Hz2Uq7tuwNEhXfYYKj8mJEM_QPpz5jdCK4"}`)
	case strings.HasSuffix(path, "/message_attachments"):
		say(`{"attachment_id":1857777774821032}`)
	case strings.HasSuffix(path, "/subscribed_apps") && r.Method == http.MethodGet:
		say(`{"data":[{"id":"` + App + `","name":"app","subscribed_fields":["` + strings.Join(i.Own, `","`) + `"]}]}`)
	case strings.HasSuffix(path, "/subscriptions") && r.Method == http.MethodGet:
		say(`{"data":[{"object":"` + i.Object + `","callback_url":"https://g.example","fields":[{"name":"` + strings.Join(i.Fields, `","version":"v25.0"},{"name":"`) + `"}]}]}`)
	default:
		say(`{"success":true}`)
	}
}

// Case declares the bridge to the suite.
func (i Inbox) Case(t *testing.T) bridgetest.Case {
	message := []byte(i.Wrap(i.Account, Says(i.Account, "m_1", `"text":"hi"`)))
	media := func(mime string) core.Media { return core.Media{MIME: mime, Name: `a "b".x`} }
	to := []core.IdentityKey{i.Ana()}
	return bridgetest.Case{
		Bridge: i.Bridge, Channel: bridgetest.Channel(i.Bridge, i.Settings), Settings: i.Settings, BaseSetting: base,
		Hook: &bridgetest.Hook{Sign: Signed, Message: message, Forge: Forged(message), Accounts: []string{"111111111", "222222222"},
			Two:     []byte(i.envelope(entry("111111111", Says("111111111", "m_1", `"text":"a"`)), entry("222222222", Says("222222222", "m_2", `"text":"b"`)))),
			Unknown: []byte(i.Wrap(i.Account, `{"sender":{"id":"5678"},"recipient":{"id":"`+i.Account+`"},"timestamp":1767225600123,"hologram":{"x":1}}`)), Malformed: []byte(`{"object":`),
			Samples: bridgetest.Seeds(t, "unsend"), // which takes back as many parts as came before
			Pieces:  []string{"entry/*", "entry/*/messaging/*", "entry/*/standby/*", "entry/*/changes/*"}, Vital: vital()},
		Send: &bridgetest.Send{To: to, Refusals: refusals(),
			Files: map[core.ContentKind]core.Media{core.KindImage: media("image/jpeg"), core.KindVideo: media("video/mp4"), core.KindAudio: media(i.Audio),
				core.KindVoice: media(i.Voice), core.KindDocument: media("application/pdf")},
			Contents: []core.Content{{Kind: core.KindChoices, Text: "Which?", Choices: &core.Choices{Options: []core.Option{{Title: "a"}, {Title: "b"}}}}}},
		Media: &core.Media{URL: "/files/a.jpg"}, Act: &core.Act{Action: core.ActionTyping, To: to}, Setup: true, Answer: i.well,
	}
}

// base is the setting that holds the platform's address.
const base = "api_base"

func refusals() []bridgetest.Refusal {
	return append(Unexplained(), []bridgetest.Refusal{
		{Name: "window", Status: 400, Body: GraphError(`10,"error_subcode":2018278`), Outcome: core.Rejected, Effect: core.EffectWindow, Code: "10/2018278"},
		{Name: "permission", Status: 403, Body: GraphError("10"), Outcome: core.Rejected, Effect: core.EffectPark, Code: "10"},
		{Name: "permission of the 200s", Status: 403, Body: GraphError("299"), Outcome: core.Rejected, Effect: core.EffectPark, Code: "299"},
		{Name: "restricted", Status: 403, Body: GraphError(`10,"error_subcode":1893063`), Outcome: core.Rejected, Effect: core.EffectPark, Code: "10/1893063"},
		{Name: "token", Status: 401, Body: GraphError(`190,"error_subcode":463`), Outcome: core.Rejected, Effect: core.EffectPark, Code: "190/463"},
		{Name: "person gone", Status: 400, Body: GraphError("551"), Outcome: core.Rejected, Effect: core.EffectFail, Code: "551"},
		{Name: "nobody", Status: 400, Body: GraphError(`100,"error_subcode":2018001`), Outcome: core.Rejected, Effect: core.EffectFail, Code: "100/2018001"},
		{Name: "wrong page", Status: 400, Body: GraphError(`100,"error_subcode":33`), Outcome: core.Rejected, Effect: core.EffectPark, Code: "100/33"},
		{Name: "unknown code", Status: 400, Body: GraphError("777"), Outcome: core.Rejected, Effect: core.EffectFail, Code: "777"},
		{Name: "unknown code, 500", Status: 500, Body: GraphError("777"), Outcome: core.Rejected, Effect: core.EffectRetry, Code: "777"},
		{Name: "rate", Status: 400, Body: GraphError("613"), Outcome: core.Rejected, Effect: core.EffectSlow, Code: "613"},
		{Name: "rate of the page", Status: 429, Header: http.Header{"Retry-After": {"17"}}, Body: GraphError("80006"), Outcome: core.Rejected, Effect: core.EffectSlow, Code: "80006", AtLeast: 17},
		{Name: "trouble", Status: 500, Body: GraphError("1200"), Outcome: core.Rejected, Effect: core.EffectRetry, Code: "1200"},
		{Name: "sent, and the answer broke", Status: 500, Body: GraphError(`1,"error_subcode":1357046`), Outcome: core.Unknown, Code: "1/1357046"},
		{Name: "200 with an error inside", Status: 200, Body: GraphError("551"), Outcome: core.Rejected, Effect: core.EffectFail, Code: "551"},
		{Name: "200 without an id", Status: 200, Body: `{"recipient_id":"5678"}`, Outcome: core.Unknown},
	}...)
}

// Fuzz hands signed bodies to a link, from those of testdata on. None becomes a customer's that the account itself wrote.
func (i Inbox) Fuzz(f *testing.F) {
	for _, seed := range bridgetest.Seeds(f) {
		f.Add(seed)
	}
	f.Add([]byte(`[[[{"entry":[{"messaging":[null]}]}]]]`))
	f.Add([]byte(`{"recipient":{"id":"\u0000"},"sender":{"id":"\ud800"},"message":{"mid":"\u0000x","text":1e30}}`))
	l := i.open(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, e := range bridgetest.Fuzzed(t, l, Signed(body)) {
			if e.At.IsZero() {
				t.Fatalf("without a time: %+v", e)
			}
			for _, k := range e.Peer.Identities {
				if k.Value == "" || k.Value == i.Account && k.Scope == i.Account && e.Kind != core.EventOther {
					t.Fatalf("answers itself: %+v", e)
				}
			}
		}
	})
}

// link is what every bridge on meta.Inbox opens.
type link interface {
	core.Link
	core.WebhookLink
}

func (i Inbox) open(t testing.TB, pairs ...string) link {
	t.Helper()
	return bridgetest.Open[link](t, i.Bridge, bridgetest.NewHost(t), i.Settings, pairs...)
}

// Documented holds a request against what Meta's reference of the Send interface allows; there is no description that a machine could read.
func (i Inbox) Documented(t testing.TB, c bridgetest.Call) {
	t.Helper()
	b := c.JSON(t)
	only(t, b, "recipient", "messaging_type", "tag", "message", "sender_action", "reply_to")
	if how := fmt.Sprintf("%v %v", b["messaging_type"], b["tag"]); b["message"] != nil && how != "RESPONSE <nil>" && how != "MESSAGE_TAG HUMAN_AGENT" {
		t.Errorf("sent as %s", how)
	}
	if (b["message"] == nil) == (b["sender_action"] == nil) {
		t.Error("a message and an action go each in a call of its own")
	}
	m, _ := b["message"].(map[string]any)
	only(t, m, "text", "attachment", "quick_replies", "metadata")
	if m != nil && (m["text"] == nil) == (m["attachment"] == nil) {
		t.Error("a message is a text or an attachment")
	}
	can := i.Bridge.Info().Capabilities
	if text, _ := m["text"].(string); can.Unit.Len(text) > can.TextLimit {
		t.Errorf("a text of %d %s", can.Unit.Len(text), can.Unit)
	}
	if replies, _ := m["quick_replies"].([]any); len(replies) > 13 {
		t.Errorf("%d quick replies", len(replies))
	}
	if a, _ := m["attachment"].(map[string]any); a["type"] == "template" {
		p := a["payload"].(map[string]any)
		only(t, p, "template_type", "text", "buttons")
		if n := len(p["buttons"].([]any)); n < 1 || n > 3 || core.UnitRunes.Len(p["text"].(string)) > 640 {
			t.Errorf("a template with %d buttons", n)
		}
	}
}

func only(t testing.TB, b map[string]any, members ...string) {
	t.Helper()
	for k := range b {
		if !strings.Contains(" "+strings.Join(members, " ")+" ", " "+k+" ") {
			t.Errorf("%s is not documented", k)
		}
	}
}

// vital are the members of an event without which nobody can tell who says what. With Instagram's log-in it stands one level deeper.
func vital() []string {
	all := []string{"entry/*/*", "entry/*/changes/*/value", "entry/*/changes/*/field"}
	for _, at := range []string{"entry/*/*/*/", "entry/*/changes/*/value/"} {
		for _, name := range []string{"message", "message/mid", "postback", "referral", "optin", "sender", "sender/id", "recipient", "recipient/id"} {
			all = append(all, at+name)
		}
	}
	return all
}

// QuotesNothingOfOurs: what came without an id of the platform's is answered without a quote, and nobody can react to it.
func (i Inbox) QuotesNothingOfOurs(t *testing.T) {
	g := i.StandIn(t, nil)
	l := i.open(t, base, g.URL)
	body := i.Wrap(i.Account, `{"sender":{"id":"5678"},"recipient":{"id":"`+i.Account+`"},"timestamp":1767225600123,"postback":{"title":"Start","payload":"START"}}`)
	came := bridgetest.Received(t, l, Signed([]byte(body)))
	if len(came) != 1 || came[0].Message == nil {
		t.Fatalf("got %+v", came)
	}
	id := came[0].Message.Provider
	c := core.Content{Kind: core.KindText, Text: "Welcome.", Quote: &core.Quote{Provider: id}}
	if _, err := l.Send(t.Context(), core.Outgoing{Key: "key", To: []core.IdentityKey{i.Ana()}, Content: c}); err != nil {
		t.Fatal(err)
	}
	if sent := g.Last(t).JSON(t); sent["reply_to"] != nil || sent["message"] == nil {
		t.Errorf("sent %v", sent)
	}
	asked := len(g.Calls())
	_, err := l.(core.ActionLink).Act(t.Context(), core.Act{Action: core.ActionReaction, To: []core.IdentityKey{i.Ana()}, Target: id, Emoji: "❤️"})
	if core.AsSendError(err).Outcome != core.Rejected || len(g.Calls()) != asked {
		t.Errorf("reaction: %v", err)
	}
}
