package instagram

import (
	"testing"

	"causeway/bridges/bridgetest"
	"causeway/core"
)

func TestSuite(t *testing.T) { bridgetest.Run(t, inbox.Case(t)) }

// FuzzReceive: whatever is signed becomes events that can be stored, the same each time, or a Problem; never a panic.
func FuzzReceive(f *testing.F) { inbox.Fuzz(f) }

// TestGolden: each webhook in testdata becomes exactly the events beside it.
func TestGolden(t *testing.T) {
	bridgetest.Golden(t, ".json", func(t *testing.T, _ string, raw []byte) []core.Event {
		t.Helper()
		return receive(t, openLink(t, bridgetest.NewHost(t)), string(raw))
	})
}
