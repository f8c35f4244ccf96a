package whatsappcloud

import (
	"testing"

	"causeway/bridges/bridgetest"
	"causeway/bridges/meta"
	"causeway/bridges/meta/metatest"
)

// FuzzReceive: whatever is signed becomes events that can be stored, the same each time, or a Problem; never a panic.
func FuzzReceive(f *testing.F) {
	for _, seed := range bridgetest.Seeds(f) {
		f.Add(seed)
	}
	f.Add([]byte(`[[[{"entry":[{"changes":[null]}]}]]]`))
	f.Add([]byte(`{"messages":[{"id":"\u0000","from":"\ud800","timestamp":1e30}]}`))
	l := openLink(f, bridgetest.NewHost(f))
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, e := range bridgetest.Fuzzed(t, l, metatest.Signed(body)) {
			if !meta.GoodID(e.ID) {
				t.Fatalf("cannot be kept: %+v", e)
			}
		}
	})
}
