package bridges_test

import (
	"bytes"
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"causeway/bridges/bridgetest"
	"causeway/core"
)

// Pigeon joins an imaginary provider of text messages that signs its webhooks and takes messages as JSON.
type Pigeon struct{}

// Info implements core.Bridge.
func (Pigeon) Info() core.Info {
	return core.Info{Kind: "pigeon", Title: "Pigeon", Scheme: core.SchemePhone, Account: "loft", Docs: "https://pigeon.example/docs",
		Settings: []core.Setting{
			{Key: "loft", Title: "Loft", Help: "The number of your loft: Pigeon, Settings.", Example: "12345", Required: true},
			{Key: "key", Title: "Key", Help: "Pigeon, Settings, Keys. Webhooks are signed with it, too.", Example: "pk_sample", Secret: true, Required: true},
			{Key: "api_base", Title: "API base", Help: "Where a stand-in takes Pigeon's place.", Default: "https://api.pigeon.example"},
		},
		Capabilities: core.Capabilities{TextLimit: 160, Unit: core.UnitRunes, MayInitiate: true, Receives: []core.ContentKind{core.KindText}}}
}

// Open implements core.Bridge.
func (p Pigeon) Open(_ core.Channel, s core.Settings, host core.Host) (core.Link, error) {
	if missing := s.Lacking(p.Info().Settings, nil); missing != nil {
		return nil, missing
	}
	return &link{host: host, loft: s.Get("loft"), key: s.Trimmed("key"), base: cmp.Or(s.Get("api_base"), "https://api.pigeon.example")}, nil
}

type link struct {
	host       core.Host
	loft, base string
	key        core.Secret
}

var (
	_ core.Link        = (*link)(nil)
	_ core.WebhookLink = (*link)(nil)
)

func (*link) Capabilities() core.Capabilities { return Pigeon{}.Info().Capabilities }
func (*link) Close() error                    { return nil }

// Receive implements core.WebhookLink.
func (l *link) Receive(_ context.Context, r core.WebhookRequest) (core.WebhookAnswer, []core.Event, error) {
	given, err := hex.DecodeString(r.Header.Get("Pigeon-Signature"))
	if err != nil || !hmac.Equal(given, seal(r.Body, l.key.Reveal())) {
		return core.WebhookAnswer{}, nil, core.ErrUnauthenticated
	}
	var pieces []json.RawMessage
	if json.Unmarshal(r.Body, &pieces) != nil {
		if !json.Valid(r.Body) {
			return core.WebhookAnswer{}, nil, core.Problemf(core.CodeInvalid, "The signed body of the webhook is not JSON.")
		}
		pieces = []json.RawMessage{r.Body} // not the list it should be: kept whole
	}
	events := make([]core.Event, 0, len(pieces))
	for _, raw := range pieces {
		events = append(events, l.event(raw))
	}
	return core.WebhookAnswer{}, events, nil
}

// number is the form of everything that Pigeon calls by a number.
var number = regexp.MustCompile(`^[0-9]{1,20}$`)

// event reads one piece. It always returns one.
func (l *link) event(raw json.RawMessage) core.Event {
	sum := sha256.Sum256(raw)
	e := core.Event{Kind: core.EventOther, ID: hex.EncodeToString(sum[:]), At: l.host.Now(), Origin: core.OriginProvider, Raw: raw}
	var m struct {
		Kind, ID, Loft, From string
		Text, At             any // a strange one of these costs itself, not the message
	}
	if json.Unmarshal(raw, &m) != nil || m.Kind != "text" || !number.MatchString(m.ID) || !number.MatchString(m.Loft) {
		return e
	}
	e.Kind, e.ID, e.Account, e.Origin = core.EventMessage, m.ID, m.Loft, core.OriginCustomer
	if at, ok := m.At.(float64); ok && at > 0 && at < 1e10 {
		e.At = time.Unix(int64(at), 0).UTC()
	}
	if !number.MatchString(m.From) {
		e.Fault = "The message names no number of a sender."
		return e
	}
	text, _ := m.Text.(string)
	e.Peer = core.Peer{Identities: []core.IdentityKey{{Scheme: core.SchemePhone, Value: m.From}}}
	e.Message = &core.MessageBody{Provider: m.ID, Content: core.Content{Kind: core.KindText, Text: strings.ReplaceAll(text, "\x00", "")}}
	e.Raw = nil
	return e
}

// Send implements core.Link.
func (l *link) Send(ctx context.Context, out core.Outgoing) (core.Sent, error) {
	switch {
	case out.Content.Kind != core.KindText || out.Content.Text == "" || core.UnitRunes.Len(out.Content.Text) > 160:
		return core.Sent{}, refusal("", core.EffectFail, "Pigeon carries texts of up to 160 characters only.", "Write a shorter text.")
	case len(out.To) == 0 || out.To[0].Scheme != core.SchemePhone:
		return core.Sent{}, refusal("", core.EffectFail, "The contact has no phone number.", "Add it to the contact.")
	}
	var answer struct{ ID, Error string }
	sent, err := l.call(ctx, "/send", map[string]string{"loft": l.loft, "to": out.To[0].Value, "text": out.Content.Text, "key": string(out.Key)}, &answer)
	if err == nil && answer.Error != "" {
		return core.Sent{}, meaning(answer.Error)
	}
	switch {
	case err != nil && !sent:
		return core.Sent{}, refusal("", core.EffectRetry, "Pigeon cannot be reached.", "Check the network if this lasts.")
	case err != nil || answer.ID == "":
		return core.Sent{}, &core.SendError{Outcome: core.Unknown, Effect: core.EffectFail, Reason: "Pigeon's answer did not arrive; the message may have."}
	}
	return core.Sent{Provider: answer.ID}, nil
}

// meaning is what the provider's codes mean for us.
func meaning(code string) *core.SendError {
	switch code {
	case "no-such-key":
		return refusal(code, core.EffectPark, "Pigeon does not accept the key.", "Put a new key in the channel and resume it.")
	case "slow-down":
		return refusal(code, core.EffectSlow, "Pigeon asks us to slow down.", "")
	}
	return refusal(code, core.EffectFail, "Pigeon refused the message.", "Look the code up in Pigeon's documentation.")
}

func refusal(code string, effect core.Effect, reason, remedy string) *core.SendError {
	return &core.SendError{Code: code, Outcome: core.Rejected, Effect: effect, Reason: reason, Remedy: remedy}
}

// Check implements core.Link.
func (l *link) Check(ctx context.Context) []core.Finding {
	var answer struct{ Error string }
	_, err := l.call(ctx, "/me", nil, &answer)
	switch {
	case err != nil:
		return []core.Finding{{Subject: "key", Level: core.HealthWarning, Detail: "Pigeon did not answer.", Remedy: "Check the network and the API base."}}
	case answer.Error != "":
		return []core.Finding{{Subject: "key", Level: core.HealthBad, Detail: "Pigeon does not accept the key.", Remedy: "Put a new key in the channel."}}
	}
	return []core.Finding{{Subject: "key", Level: core.HealthGood, Detail: "Pigeon accepts it."}}
}

// call reports with its error whether the request had left by then.
func (l *link) call(ctx context.Context, path string, body, answer any) (sent bool, err error) {
	raw, _ := json.Marshal(body)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, l.base+path, bytes.NewReader(raw))
	if err != nil {
		return false, errors.New("the API base is no address")
	}
	r.Header.Set("Authorization", "Bearer "+l.key.Reveal())
	r, left := core.Watched(r)
	resp, err := l.host.HTTP().Do(r)
	if err != nil {
		return left(), err
	}
	defer resp.Body.Close()
	return true, json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(answer)
}

func seal(body []byte, key string) []byte {
	m := hmac.New(sha256.New, []byte(key))
	_, _ = m.Write(body)
	return m.Sum(nil)
}

const plantedKey = "planted-pigeon-key-0123456789"

func settings() core.Settings {
	return core.Settings{Values: map[string]string{"loft": "777"}, Secrets: map[string]core.Secret{"key": core.NewSecret(plantedKey)}}
}

func sign(body []byte) core.WebhookRequest {
	return core.WebhookRequest{Method: http.MethodPost, Body: body, Header: http.Header{"Pigeon-Signature": {hex.EncodeToString(seal(body, plantedKey))}}}
}

func provider(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"id":"p-1"}`) }

// A message comes in, and an answer goes out.
func Example() {
	server := httptest.NewServer(http.HandlerFunc(provider))
	defer server.Close()
	s := settings()
	s.Values["api_base"] = server.URL
	opened, err := Pigeon{}.Open(core.Channel{Account: "777"}, s, bridgetest.NewHost(new(testing.T)))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer opened.Close()
	_, events, err := opened.(core.WebhookLink).Receive(context.Background(), sign([]byte(`[{"kind":"text","id":"1","loft":"777","from":"15551230000","at":1767225600,"text":"Open today?"}]`)))
	fmt.Println(events[0].Peer.Identities[0].Value, events[0].Message.Content.Text, err)
	sent, err := opened.Send(context.Background(), core.Outgoing{Key: "k", To: events[0].Peer.Identities, Content: core.Content{Kind: core.KindText, Text: "Until six."}})
	fmt.Println(sent.Provider, err)
	// Output:
	// 15551230000 Open today? <nil>
	// p-1 <nil>
}

// TestPigeon is all that the bridge's own tests need to say for the suite.
func TestPigeon(t *testing.T) {
	bridgetest.Run(t, bridgetest.Case{
		Bridge: Pigeon{}, Channel: core.Channel{ID: "1", Account: "777"}, Settings: settings(), BaseSetting: "api_base", Answer: provider,
		Hook: &bridgetest.Hook{
			Sign:     sign,
			Message:  []byte(`[{"kind":"text","id":"1","loft":"777","from":"15551230000","at":1767225600,"text":"hi"}]`),
			Two:      []byte(`[{"kind":"text","id":"1","loft":"777","from":"1","at":1767225600},{"kind":"text","id":"2","loft":"888","from":"1","at":1767225600}]`),
			Accounts: []string{"777", "888"}, Unknown: []byte(`[{"kind":"hologram"}]`), Malformed: []byte(`[{`),
			Samples: [][]byte{[]byte(`[{"kind":"text","id":"1","loft":"777","from":"15551230000","at":1767225600,"text":"hi"},` +
				`{"kind":"text","id":"2","loft":"777","from":"1","at":1767225601,"text":"ho"}]`)},
			Pieces: []string{"*"}, Vital: []string{"*/kind", "*/id", "*/loft", "*/from"}, Blank: true,
			Forge: map[string]core.WebhookRequest{"no hex": {Header: http.Header{"Pigeon-Signature": {"zz"}}, Body: []byte("[]")}},
		},
		Send: &bridgetest.Send{To: []core.IdentityKey{{Scheme: core.SchemePhone, Value: "15551230000"}}, Refusals: []bridgetest.Refusal{
			{Name: "wrong key", Status: 401, Body: `{"error":"no-such-key"}`, Outcome: core.Rejected, Effect: core.EffectPark, Code: "no-such-key"},
			{Name: "too fast", Status: 429, Body: `{"error":"slow-down"}`, Outcome: core.Rejected, Effect: core.EffectSlow, Code: "slow-down"},
			{Name: "a proxy's page", Status: 502, Body: `<html>`, Outcome: core.Unknown},
		}},
	})
}
