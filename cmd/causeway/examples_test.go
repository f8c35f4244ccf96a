package main

import (
	"os"
	"path/filepath"
	"testing"

	"causeway/config/business"
)

// TestExamplesApply: every example of a business file is taken as it is, and each of its channels opens; together they show every kind.
func TestExamplesApply(t *testing.T) {
	world := stillWorld(t, "")
	values := map[string]string{"META_APP_ID": "4567890123", "MESSENGER_PAGE_ID": "1234567890", "INSTAGRAM_ACCOUNT_ID": "17841400000000001", "TELEGRAM_BOT_ID": botID,
		"TELEGRAM_BOT_TOKEN": botID + ":" + planted, "TWILIO_SENDER": "+14155550100", "TWILIO_ACCOUNT_SID": "AC0123456789abcdef0123456789abcdef", "VONAGE_SENDER": "+447700900123",
		"WHATSAPP_PHONE": "+49 30 123456", "WHATSAPP_PHONE_NUMBER_ID": "106540352242999", "WHATSAPP_WABA_ID": "102290129340398",
		"X_USER_ID": xAccount, "X_ACCESS_TOKEN": xAccount + "-" + planted}
	lookup := func(name string) (string, bool) { return or(values[name], "EAA"+planted), true }
	files, err := filepath.Glob("../../config/*.example.yaml")
	world.must(err)
	shown := map[string]bool{}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		world.must(err)
		f, err := business.Parse(file, raw, infos(), lookup, os.ReadFile)
		world.must(err)
		f.Workspace = filepath.Base(file)
		plan, err := business.NewPlan(t.Context(), world.store, world.vault, f)
		world.must(err)
		world.must(plan.Apply(t.Context(), world.now()))
		ws, err := world.store.EnsureWorkspace(t.Context(), f.Workspace)
		world.must(err)
		all, err := world.store.In(ws).Channels(t.Context())
		world.must(err)
		for _, ch := range all {
			if _, _, _, err := world.links.Link(t.Context(), ch.ID); err != nil {
				t.Errorf("%s: the channel %s does not open: %v", file, ch.Name, err)
			}
			shown[ch.Kind] = true
		}
	}
	for _, i := range infos() {
		if !shown[i.Kind] {
			t.Errorf("no example shows a channel of the kind %s", i.Kind)
		}
	}
}
