package whatsappdevice

import (
	"testing"

	"causeway/core"

	"go.mau.fi/whatsmeow/store"
)

// TestVersionLatest: a device that WhatsApp calls too old comes back as the newest WhatsApp Web, and says so until then.
func TestVersionLatest(t *testing.T) {
	before := store.GetWAVersion()
	t.Cleanup(func() { store.SetWAVersion(before) })
	r := newRig(t)
	r.stop()
	newest := before[2] + 1000
	r.server.Publish(newest)
	r.open()
	r.run()
	if h := r.health("405"); h.Level != core.HealthBad || h.Remedy != outdatedRemedy {
		t.Errorf("as it is: %+v", h)
	}
	r.stop()
	r.pairs = append(r.pairs, keyVersion, latest)
	r.open()
	r.run()
	r.wait("it is let in", r.up)
	equal(t, "it appears as", store.GetWAVersion()[2], newest)
	r.stop()
	r.server.Publish(1) // older than ours: it stays as it is
	r.open()
	r.run()
	r.wait("it is let in again", r.up)
	equal(t, "it appears as", store.GetWAVersion()[2], newest)
}

// TestVersionUnknown: where WhatsApp does not tell its version, the device connects as it is.
func TestVersionUnknown(t *testing.T) {
	before := store.GetWAVersion()
	r := newRig(t, keyVersion, latest)
	r.wait("it is let in", r.up)
	equal(t, "it appears as", store.GetWAVersion(), before)
}
