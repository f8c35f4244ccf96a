package x

import (
	"encoding/json"
	"testing"

	"causeway/bridges/bridgetest"
	"causeway/core"
)

// TestGolden: each list of webhook calls in testdata becomes exactly the events beside it.
func TestGolden(t *testing.T) {
	bridgetest.Golden(t, ".json", func(t *testing.T, _ string, raw []byte) []core.Event {
		l := openLink(t, bridgetest.NewHost(t))
		var events []core.Event
		for _, body := range bodies(t, raw) {
			_, got, err := l.Receive(t.Context(), shown(body))
			if err != nil {
				t.Fatalf("%s: %v", body, err)
			}
			events = append(events, got...)
		}
		return events
	})
}

func bodies(t testing.TB, raw []byte) []json.RawMessage {
	t.Helper()
	var all []json.RawMessage
	if err := json.Unmarshal(raw, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// FuzzReceive: whatever is signed becomes events that can be stored, the same each time, or a Problem; never a panic.
func FuzzReceive(f *testing.F) {
	for _, seed := range bridgetest.Seeds(f) {
		for _, body := range bodies(f, seed) {
			f.Add([]byte(body))
		}
	}
	l := openLink(f, bridgetest.NewHost(f))
	f.Fuzz(func(t *testing.T, body []byte) {
		if aChallenge.Match(body) {
			return // refused, whoever signed it
		}
		for _, e := range bridgetest.Fuzzed(t, l, shown(body)) {
			ours := e.Account == account // what is told of other accounts is not applied
			if ours && e.Kind == core.EventMessage && e.Fault == "" && e.Origin == core.OriginCustomer && e.Peer.Identities[0].Value == account {
				t.Fatalf("we would answer ourselves: %+v", e)
			}
		}
	})
}
