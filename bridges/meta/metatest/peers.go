package metatest

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"causeway/bridges/bridgetest"
	"causeway/core"
)

// PeersInbound runs the inbound cases of peer projects. A case is signed as Meta does where the peer's proves itself otherwise, by set.
func (i Inbox) PeersInbound(t *testing.T, p bridgetest.Peers, unsigned ...string) {
	for _, c := range p.Cases(t) {
		t.Run(c.Set.Name+"/"+c.Name, func(t *testing.T) {
			posted := c.Request.Method == "POST"
			if posted && strings.Contains(" "+strings.Join(unsigned, " ")+" ", " "+c.Set.Name+" ") {
				c.Request = Signed(c.Request.Body)
			}
			s := c.With(i.Settings)
			_, events, err := bridgetest.Open[link](t, i.Bridge, bridgetest.NewHost(t), s).Receive(t.Context(), c.Request)
			if len(events) == 0 && err == nil && posted {
				t.Error("nothing came of it")
			}
			for _, e := range events {
				if e.Kind == core.EventMessage && e.Account != s.Get(i.Bridge.Info().Account) {
					t.Errorf("it is for the account %q", e.Account)
				}
			}
			c.Judge(t, bridgetest.OutcomeOf(events, err))
		})
	}
}

// EveryPayload keeps whatever peers have as samples, and wants some of each of the kinds. What is a bare event is the same in an envelope.
func (i Inbox) EveryPayload(t *testing.T, p bridgetest.Peers, kinds ...core.EventKind) {
	became := bridgetest.Tally{}
	for _, s := range p.Samples(t) {
		t.Run(s.Name, func(t *testing.T) {
			l := i.open(t)
			read := func(body []byte) func() ([]core.Event, error) {
				return func() ([]core.Event, error) {
					_, events, err := l.Receive(t.Context(), Signed(body))
					return events, err
				}
			}
			events := s.Keep(t, read(s.Body))
			became.Add(events)
			for _, e := range events {
				if e.At.IsZero() {
					t.Errorf("without a time: %+v", e)
				}
			}
			if strings.Contains(s.Name, "-events/") {
				s.Keep(t, read([]byte(i.Wrap("", string(s.Body)))))
			}
		})
	}
	became.Want(t, kinds...)
}

// PeersOutbound runs the outbound cases of peer projects: what a peer sends for a message, we send too, or the table says why not. Cut takes a
// message apart as the gateway does before it calls a bridge.
func (i Inbox) PeersOutbound(t *testing.T, p bridgetest.Peers, cut func(core.Content, core.Capabilities) []core.Content) {
	for _, c := range p.Sends(t) {
		t.Run(c.Set+"/"+c.Name, func(t *testing.T) {
			g := bridgetest.NewStandIn(t, c.Answer("messages", `{"message_id":"mid.133"}`))
			l := i.open(t, base, g.URL)
			to := i.Ana()
			to.Value = c.Address()
			ids, err := c.Sent(t, l, to, cut(c.Content(), l.Capabilities()))
			c.Judge(t, append(i.compare(t, c, g.Calls()), c.Outcome(ids, err)...))
		})
	}
}

func (i Inbox) compare(t *testing.T, c bridgetest.PeerSend, calls []bridgetest.Call) (diff []string) {
	t.Helper()
	if want := c.Expect.Requests; len(want) > 0 && len(calls) != len(want) {
		diff = append(diff, fmt.Sprintf("%d requests, want %d", len(calls), len(want)))
	}
	for n := range min(len(calls), len(c.Expect.Requests)) {
		i.Documented(t, calls[n])
		got, want := alike(calls[n].JSON(t)), alike(c.Expect.Requests[n].Body.(map[string]any))
		if !reflect.DeepEqual(got, want) {
			a, _ := json.Marshal(got)
			b, _ := json.Marshal(want)
			diff = append(diff, fmt.Sprintf("request %d\n got %s\nwant %s", n, a, b))
		}
	}
	return diff
}

// alike takes out what differs everywhere: our key; that the peer calls what is no answer an update, which the platform treats alike within the
// window; that it lets files be used again; and that our choices bear a number where the peer's bear their title.
func alike(b map[string]any) map[string]any {
	delete(b, "messaging_type")
	m, _ := b["message"].(map[string]any)
	delete(m, "metadata")
	if a, ok := m["attachment"].(map[string]any); ok {
		delete(a["payload"].(map[string]any), "is_reusable")
	}
	if replies, ok := m["quick_replies"].([]any); ok {
		for _, r := range replies {
			delete(r.(map[string]any), "payload")
		}
	}
	return b
}
