package telegram

import (
	"encoding/json"
	"strings"
	"testing"

	"causeway/bridges/bridgetest"
	"causeway/core"
)

// TestGolden: each list of updates in testdata becomes exactly the events beside it. A list may be one of groups, whose channel then takes them.
func TestGolden(t *testing.T) {
	bridgetest.Golden(t, ".json", func(t *testing.T, name string, raw []byte) []core.Event {
		var updates []json.RawMessage
		if err := json.Unmarshal(raw, &updates); err != nil {
			t.Fatal(err)
		}
		groups := groupsIgnore
		if strings.Contains(name, "groups-taken") {
			groups = groupsTake
		}
		l := openLink(t, bridgetest.NewHost(t), keyGroups, groups)
		var events []core.Event
		for _, u := range updates {
			events = append(events, receive(t, l, string(u))...)
		}
		checkRaw(t, events)
		return events
	})
}

// checkRaw: a message that could not be shown is kept as it came, for the person who looks at it.
func checkRaw(t *testing.T, events []core.Event) {
	t.Helper()
	for i, e := range events {
		if e.Message != nil && e.Message.Content.Kind == core.KindUnsupported && !json.Valid(e.Raw) {
			t.Errorf("event %d has no raw text: %+v", i, e)
		}
	}
}
