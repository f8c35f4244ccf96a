package whatsappdevice

import (
	"testing"
	"time"

	"causeway/bridges/bridgetest"
	"causeway/core"
)

var (
	noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	ana  = []core.IdentityKey{{Scheme: core.SchemeLID, Value: "194000000000001"}, {Scheme: core.SchemePhone, Value: "4915112345678"}}
)

func goodSettings() core.Settings {
	return core.Settings{Values: map[string]string{keyPhone: "+49 30 123456"}}
}

// openLink opens a channel, settings changed by the pairs given.
func openLink(t testing.TB, h *bridgetest.Host, pairs ...string) *link {
	t.Helper()
	return bridgetest.Open[*link](t, Bridge{}, h, goodSettings(), pairs...)
}

func equal[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}
