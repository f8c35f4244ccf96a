package twilio

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"causeway/bridges/bridgetest"
	"causeway/core"
)

func TestPeersInbound(t *testing.T) {
	for _, c := range bridgetest.LoadPeers(t, fixtures, "testdata/peers.json").Cases(t) {
		t.Run(c.Set.Name+"/"+c.Name, func(t *testing.T) {
			_, events, err := bridgetest.Open[*link](t, Bridge{}, bridgetest.NewHost(t), c.With(goodSettings())).Receive(t.Context(), c.Request)
			c.Judge(t, bridgetest.OutcomeOf(events, err))
			stopped(t, c, events)
		})
	}
}

// stopped: where the peer learns that a contact has stopped, so do we.
func stopped(t *testing.T, c bridgetest.PeerCase, events []core.Event) {
	t.Helper()
	want, got := strings.Contains(string(c.Expect.Events), "stop_contact"), false
	for _, e := range events {
		got = got || e.Kind == core.EventPreference && e.Preference.Stop && e.Peer.Identities[0].Value == "12028831111"
	}
	if got != want {
		t.Errorf("stopped: got %v, want %v", got, want)
	}
}

// TestEveryPayload: whatever peers have as samples becomes what the table says, and twice the same.
func TestEveryPayload(t *testing.T) {
	for _, s := range bridgetest.LoadPeers(t, fixtures, "testdata/peers.json").Samples(t) {
		t.Run(s.Name, func(t *testing.T) {
			var file struct {
				Raw    string
				Params [][2]string
			}
			if err := json.Unmarshal(s.Body, &file); err != nil {
				t.Fatal(err)
			}
			values := url.Values{}
			for _, p := range file.Params {
				values.Add(p[0], p[1])
			}
			if file.Raw == "" {
				file.Raw = values.Encode()
			}
			l := openLink(t, bridgetest.NewHost(t))
			s.Keep(t, func() ([]core.Event, error) {
				_, events, err := l.Receive(t.Context(), signed([]byte(file.Raw)))
				return events, err
			})
		})
	}
}

// peerSend is an outbound case of the peer.
type peerSend struct {
	Name    string
	Channel struct {
		Address string
		Schemes []string
		Config  map[string]string
	}
	Message struct {
		Text, URN   string
		Attachments []string
		Templating  *struct {
			Variables  []struct{ Value string }
			ExternalID string `json:"external_id"`
		}
	}
	Responses []struct {
		Status int
		Body   json.RawMessage
	} `json:"platform_responses"`
	Expect struct {
		Requests []struct {
			Path    string
			Form    url.Values
			Headers map[string]string
		}
		IDs   []string `json:"external_ids"`
		Error *struct{ Kind string }
	}
}

func (p peerSend) settings() core.Settings {
	s := core.Settings{Values: map[string]string{keySender: p.Channel.Address, keyAccount: p.Channel.Config["account_sid"], keyWebhook: hookURL},
		Secrets: map[string]core.Secret{keyToken: core.NewSecret(p.Channel.Config["auth_token"])}}
	if service := p.Channel.Config["messaging_service_sid"]; service != "" {
		s.Values[keyService] = serviceSID // the peer's is no SID
		if p.Channel.Address == "" {
			s.Values[keySender] = serviceSID
		}
	}
	if p.Channel.Schemes[0] == "whatsapp" {
		s.Values[keySender] = "whatsapp:" + p.Channel.Address
	}
	return s
}

func (p peerSend) outgoing(t *testing.T) core.Outgoing {
	t.Helper()
	_, to, _ := strings.Cut(p.Message.URN, ":")
	key := core.IdentityKey{Scheme: core.SchemePhone, Value: strings.TrimPrefix(to, "+")}
	if strings.HasPrefix(to, "US.") {
		key.Scheme = core.SchemeBSUID
	}
	out := core.Outgoing{Key: "part-1", To: []core.IdentityKey{key}, Content: core.Content{Kind: core.KindText, Text: p.Message.Text}}
	if len(p.Message.Attachments) > 0 {
		out.Content.Media = bridgetest.PeerFile(p.Message.Attachments[0])
		out.Content.Kind = core.FileKind(out.Content.Media.MIME)
	}
	if m := p.Message.Templating; m != nil {
		out.Content = core.Content{Kind: core.KindTemplate, Template: &core.TemplateUse{Values: map[string]string{"body.1": m.Variables[0].Value, "body.2": m.Variables[1].Value}}}
		out.Template = &core.Template{ProviderID: m.ExternalID, Components: []core.Component{{Type: "body", Text: "{{1}} {{2}}"}}}
	}
	return out
}

// TestPeersOutbound: the same call as the peer's, and the same judgement of the answer.
func TestPeersOutbound(t *testing.T) {
	set := bridgetest.LoadPeers(t, fixtures, "testdata/peers.json").Outbound[0]
	var cases []peerSend
	fixture(t, set.File, &cases)
	explained := map[string]bool{}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			s := newStandIn(t, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(c.Responses[0].Status)
				_, _ = w.Write(c.Responses[0].Body)
			})
			settings := c.settings()
			settings.Values[keyBase] = s.URL
			sent, err := bridgetest.Open[*link](t, Bridge{}, bridgetest.NewHost(t), settings).Send(t.Context(), c.outgoing(t))
			got, want := s.Last(t), c.Expect.Requests[0]
			if got.Path != "/2010-04-01/Accounts/accountSID/Messages.json" || user(got) != "accountSID" {
				t.Errorf("called %s as %s", got.Path, user(got))
			}
			diff := c.judge(sent, err)
			if form := asPeer(want.Form); !reflect.DeepEqual(got.Form(), form) {
				diff = append(diff, fmt.Sprintf("got %v, want %v", got.Form(), form))
			}
			explained[c.Name] = true
			if (set.Reasons[c.Name] != "") != (len(diff) > 0) {
				t.Errorf("explained %q, and the differences are:\n%s", set.Reasons[c.Name], strings.Join(diff, "\n"))
			}
		})
	}
	for name := range set.Reasons {
		if !explained[name] {
			t.Errorf("a reason is given for %q, which is no case", name)
		}
	}
}

// asPeer changes in the peer's form what must differ: its address for callbacks, its service and an empty text.
func asPeer(form url.Values) url.Values {
	form.Set("StatusCallback", hookURL+"?part=part-1")
	if form.Has("MessagingServiceSid") {
		form.Set("MessagingServiceSid", serviceSID)
	}
	if form.Get("Body") == "" {
		form.Del("Body")
	}
	return form
}

// judge says where what became of it is not what the peer made of it.
func (p peerSend) judge(sent core.Sent, err error) []string {
	if p.Expect.Error == nil {
		if err != nil || len(p.Expect.IDs) > 0 && sent.Provider != p.Expect.IDs[0] {
			return []string{fmt.Sprintf("got %+v %v, want %v", sent, err, p.Expect.IDs)}
		}
		return nil
	}
	slow := p.Expect.Error.Kind == "ErrConnectionThrottled"
	if err == nil || core.AsSendError(err).Outcome != core.Rejected || (core.AsSendError(err).Effect == core.EffectSlow) != slow {
		return []string{fmt.Sprintf("got %v, want a rejection, slowed: %v", err, slow)}
	}
	return nil
}
