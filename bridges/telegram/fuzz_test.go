package telegram

import (
	"encoding/json"
	"testing"

	"causeway/bridges/bridgetest"
)

// FuzzReceive: whatever is shown with the secret becomes events that can be stored, the same each time, or a Problem; never a panic.
func FuzzReceive(f *testing.F) {
	for _, seed := range bridgetest.Seeds(f) {
		var updates []json.RawMessage
		if err := json.Unmarshal(seed, &updates); err != nil {
			f.Fatal(err)
		}
		for _, u := range updates {
			f.Add([]byte(u))
		}
	}
	l := openLink(f, bridgetest.NewHost(f), keyGroups, groupsTake)
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, e := range bridgetest.Fuzzed(t, l, shown(body)) {
			if len(e.ID) > 512 {
				t.Fatalf("cannot be kept: %+v", e)
			}
		}
	})
}
