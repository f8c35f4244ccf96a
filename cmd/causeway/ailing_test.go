package main

import (
	"io"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"causeway/core"
	"causeway/core/session"
)

// What can ail a linked device, each as an admin meets it: in the channel's health, in what the commands print, in the API, and in their mail.

// command runs a command of the program beside the gateway and returns what it prints.
func (l *linkedRig) command(args ...string) string {
	l.Helper()
	c := exec.CommandContext(l.Context(), l.program, args...) //nolint:gosec // ourselves
	c.Env = l.env
	out, err := c.CombinedOutput()
	if err != nil && c.ProcessState == nil {
		l.Fatal(err)
	}
	return string(out)
}

// asks calls the gateway's API and returns the answer.
func (l *linkedRig) asks(key, method, path string) string {
	l.Helper()
	r, err := http.NewRequestWithContext(l.Context(), method, last(l.env, "CAUSEWAY_PUBLIC_URL")+"/api/v1"+path, nil)
	must(l.TB, err)
	r.Header.Set("Authorization", "Bearer "+key)
	a, err := http.DefaultClient.Do(r)
	must(l.TB, err)
	defer func() { _ = a.Body.Close() }()
	raw, err := io.ReadAll(a.Body)
	must(l.TB, err)
	return string(raw)
}

// again starts the process anew, the phone's WhatsApp letting it in.
func (l *linkedRig) again() {
	l.Helper()
	l.phone.Admits()
	l.revive()
	l.well()
}

// well waits until the channel says so, and the device is there.
func (l *linkedRig) well() {
	l.Helper()
	l.until("the channel is well", func() bool { return l.health() == "connected" })
	l.phone.Online()
}

// away has the phone have been seen last so long ago, and the device have been paired before that.
func (l *linkedRig) away(days int) {
	l.Helper()
	l.revive(func() {
		owner, ago := session.Owner(l.channel.ID), time.Now().Add(-time.Duration(days)*24*time.Hour-time.Hour).UTC().Format(time.RFC3339)
		raw, err := l.repo().Value(l.Context(), owner, "budget")
		must(l.TB, err)
		_, rest, _ := strings.Cut(string(raw), `"since":"`)
		since, _, _ := strings.Cut(rest, `"`)
		must(l.TB, l.repo().SetValue(l.Context(), owner, "budget", []byte(strings.Replace(string(raw), since, ago, 1))))
		must(l.TB, l.repo().SetValue(l.Context(), owner, "phone-seen", []byte(ago)))
		must(l.TB, l.repo().ChangeRecords(l.Context(), l.channel.ID, []core.Change{core.Forget("device", "account")})) // it says when it was paired, too
	})
}

// TestLinkedDeviceAils: whatever is the matter, the channel's health has its code, and check, doctor, show, the API and a mail to the admins say what it is
// and what to do, in the same words.
func TestLinkedDeviceAils(t *testing.T) {
	l := newLinkedRig(t)
	key, err := l.apiKey(t.Context())
	must(t, err)
	l.ana.Text("hello")
	asked := l.mail("hello")
	admin := l.room.Mailbox("admin@example.com")
	told := func(code string, level core.HealthLevel, remedies ...string) {
		t.Helper()
		l.until("the health is "+code, func() bool { return l.health() == code })
		ch, err := l.repo().Channel(t.Context(), l.channel.ID)
		must(t, err)
		h := ch.Health
		if h.Level != level || h.Reason == "" || level == core.HealthBad != (ch.State == core.ChannelParked) {
			t.Errorf("%s: %s, %+v", code, ch.State, h)
		}
		for _, remedy := range remedies {
			if !strings.Contains(h.Remedy, remedy) {
				t.Errorf("%s: the remedy is %q, without %q", code, h.Remedy, remedy)
			}
		}
		mail := l.mailTo(admin, h.Reason)
		for what, says := range map[string]string{"channel check": l.command("channel", "check", "phone"), "doctor": l.command("doctor"), "channel show": l.command("channel", "show", "phone"),
			"the API": l.asks(key, http.MethodGet, "/channels/"+string(l.channel.ID)), "the API's check": l.asks(key, http.MethodPost, "/channels/"+string(l.channel.ID)+"/check"), "the mail": mail.Text} {
			says = strings.Join(strings.Fields(says), " ")
			if !strings.Contains(says, h.Reason) || !strings.Contains(says, h.Remedy) {
				t.Errorf("%s: %s says neither %q nor %q:\n%s", code, what, h.Reason, h.Remedy, says)
			}
		}
	}

	l.ana.Refuse(463)
	l.answer(asked, "We are open.")
	l.mail("from the phone")
	told("463", core.HealthWarning, "from the phone")
	l.ana.Refuse(0)
	l.phone.Restrict(time.Now().Add(48 * time.Hour))
	told("reachout-timelock", core.HealthWarning, "template over a Cloud API channel")
	l.phone.Restrict(time.Time{})

	l.away(10)
	told("phone-offline-10", core.HealthWarning, "Open WhatsApp on the phone")
	l.away(12)
	told("phone-offline-12", core.HealthWarning, "today")
	l.away(0)
	l.well()

	l.phone.Replaced()
	told("replaced", core.HealthBad, "Find and stop the other program", "causeway channel take-back phone")
	l.command("channel", "take-back", "phone")
	l.well()

	for code, ban := range map[string]func(){"banned-101": func() { l.phone.Bans(101, time.Hour) }, "banned-102": func() { l.phone.Bans(102, 0) }} {
		ban()
		told(code, core.HealthBad, "connects again by itself")
		l.again()
	}
	l.phone.Rejects(405, nil)
	told("405", core.HealthBad, "Update Causeway", "wa_version")
	l.again()

	for _, end := range []struct {
		code string
		do   func()
		says string
	}{
		{"logged-out-401", l.phone.Unlinks, "unlinks all devices"},
		{"logged-out-403", func() { l.phone.Rejects(403, nil) }, "the phone itself"},
		{"logged-out-406", func() { l.phone.Rejects(406, nil) }, "banned the account"},
	} {
		end.do()
		told(end.code, core.HealthBad, "causeway channel pair phone")
		if out := l.command("channel", "take-back", "phone"); !strings.Contains(out, end.says) || !strings.Contains(out, "causeway channel pair phone") {
			t.Errorf("%s: taking back says:\n%s", end.code, out)
		}
		l.phone.Admits()
		l.pair()
		l.well()
	}
	l.ana.Text("and after all that")
	l.mail("and after all that")
}
