package whatsappcloud

import (
	"testing"

	"causeway/bridges/bridgetest"
	"causeway/core"
)

// TestGolden: each webhook in testdata becomes exactly the events beside it.
func TestGolden(t *testing.T) {
	bridgetest.Golden(t, ".json", func(t *testing.T, _ string, raw []byte) []core.Event {
		return receive(t, openLink(t, bridgetest.NewHost(t), keyPhone, "+1 555 078 3881"), string(raw))
	})
}
