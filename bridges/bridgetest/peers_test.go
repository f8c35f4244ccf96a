package bridgetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"causeway/core"
)

// recorder is a test that notes what it is told.
type recorder struct {
	testing.TB
	said []string
}

func (*recorder) Helper() {}

func (r *recorder) Errorf(format string, args ...any) {
	r.said = append(r.said, fmt.Sprintf(format, args...))
}

func TestJudge(t *testing.T) {
	hello, ana := "hello", "Ana"
	message := PeerMessage{ID: "1", At: time.Date(2016, 1, 30, 1, 57, 9, 0, time.UTC), Name: "Ana", Content: core.Content{Kind: core.KindText, Text: "hello"},
		Identities: []core.IdentityKey{{Scheme: core.SchemePhone, Value: "5678"}, {Scheme: core.SchemeUsername, Value: "ana"}}}
	expect := PeerExpect{Created: true, Text: &hello, Name: &ana, URN: "whatsapp:5678", ID: "1", Date: "2016-01-30T01:57:09Z"}
	with := func(f func(m *PeerMessage)) PeerOutcome {
		m := message
		f(&m)
		return PeerOutcome{Messages: []PeerMessage{m}}
	}
	for name, c := range map[string]struct {
		outcome PeerOutcome
		reasons map[string]string
		want    string // begins what is said; "" for nothing
	}{
		"the same":        {with(func(*PeerMessage) {}), nil, ""},
		"no message":      {PeerOutcome{}, nil, "created"},
		"explained":       {PeerOutcome{}, map[string]string{"created": "because"}, ""},
		"needless reason": {with(func(*PeerMessage) {}), map[string]string{"text": "because"}, "text: explained"},
		"text":            {with(func(m *PeerMessage) { m.Content.Text = "x" }), nil, "text"},
		"date":            {with(func(m *PeerMessage) { m.At = m.At.Add(time.Second) }), nil, "date"},
		"name":            {with(func(m *PeerMessage) { m.Name = "" }), nil, "name"},
		"sender":          {with(func(m *PeerMessage) { m.Identities = nil }), nil, "sender"},
		"one more number": {with(func(m *PeerMessage) {
			m.Identities = append([]core.IdentityKey{{Scheme: core.SchemeBSUID, Value: "US.1"}}, m.Identities...)
		}), nil, "identities"},
		"a file":       {with(func(m *PeerMessage) { m.Content.Media = &core.Media{Provider: "f"} }), nil, "attachments"},
		"refused":      {PeerOutcome{Refused: true, Messages: []PeerMessage{message}}, nil, "refused"},
		"two messages": {PeerOutcome{Messages: []PeerMessage{message, message}}, nil, "messages"},
	} {
		t.Run(name, func(t *testing.T) {
			r := &recorder{TB: t}
			PeerCase{Expect: expect, Reasons: c.reasons}.Judge(r, c.outcome)
			if c.want == "" && len(r.said) > 0 || c.want != "" && (len(r.said) != 1 || !strings.HasPrefix(r.said[0], c.want)) {
				t.Errorf("said %q, want %q", r.said, c.want)
			}
		})
	}
}

func TestOutcomeOf(t *testing.T) {
	message := core.Event{Kind: core.EventMessage, ID: "1", Message: &core.MessageBody{Provider: "1"}}
	read := core.Event{Kind: core.EventReceipt, ID: "2", Receipt: &core.ReceiptBody{Provider: "0", Status: core.StatusRead}}
	o := OutcomeOf([]core.Event{message, message, read, {Kind: core.EventOther, ID: "3"}, {Kind: core.EventMessage, ID: "4", Fault: "no sender"}}, nil)
	if len(o.Messages) != 1 || o.Statuses["0"] != core.StatusRead || o.Kept != 2 || o.Refused {
		t.Errorf("got %+v", o)
	}
	if o := OutcomeOf(nil, core.ErrUnauthenticated); !o.Refused || o.Kept != 0 {
		t.Errorf("got %+v", o)
	}
	if o := OutcomeOf(nil, core.Problemf(core.CodeInvalid, "no JSON")); o.Refused || o.Kept != 1 {
		t.Errorf("got %+v", o)
	}
	if got := Ends([]core.Event{message, {Fault: "x"}}, nil); !slices.Equal(got, []string{"message", "fault"}) {
		t.Errorf("got %q", got)
	}
}
