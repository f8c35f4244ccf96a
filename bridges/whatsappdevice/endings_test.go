package whatsappdevice

import (
	"slices"
	"strings"
	"testing"
	"time"

	"causeway/bridges/whatsappdevice/whatsapptest"
	"causeway/core"
)

// TestEndings: what ends the session for good is told with its remedy, and nothing is tried behind it.
func TestEndings(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(p *whatsapptest.Phone)
		code string
		gone bool
	}{
		{"unlinked", (*whatsapptest.Phone).Unlinks, "logged-out-401", true},
		{"replaced", (*whatsapptest.Phone).Replaced, "replaced", false},
		{"banned", func(p *whatsapptest.Phone) { p.Bans(101, time.Hour) }, "banned-101", false},
		{"outdated", func(p *whatsapptest.Phone) { p.Rejects(405, nil) }, "405", false},
		{"exchanged", func(p *whatsapptest.Phone) { p.Rejects(403, nil) }, "logged-out-403", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t)
			c.do(r.phone)
			h := r.health(c.code)
			if h.Level != core.HealthBad || h.Remedy == "" {
				t.Errorf("got %+v", h)
			}
			if e := core.AsSendError(errorOf(r.send("part-1", words("hello")))); e.Outcome != core.Rejected || e.Effect != core.EffectRetry {
				t.Errorf("a send behind it: %+v", e)
			}
			if err := r.link.Joined(t.Context()); (core.CodeOf(err) == core.CodeConflict) != c.gone {
				t.Errorf("it is linked still: %v", err)
			}
			before := len(r.host.Healths())
			r.phone.Admits()
			if !c.gone {
				return
			}
			r.stop()
			r.open()
			r.run()
			r.wait("a new process says why", func() bool { return len(r.host.Healths()) > before })
			all := r.host.Healths()
			equal(t, "health in a new process", all[len(all)-1].Code, c.code)
			for _, f := range r.link.Check(t.Context()) {
				if f.Level != core.HealthGood && f.Remedy == "" {
					t.Errorf("finding: %+v", f)
				}
			}
		})
	}
}

func errorOf(_ core.Sent, err error) error { return err }

// TestPairedAgain: a phone that is paired anew goes on where the last one was.
func TestPairedAgain(t *testing.T) {
	r := newRig(t)
	r.ana.Text("before")
	r.message("before")
	r.phone.Settled()
	r.restart() // whatsmeow races with itself where it is unlinked just after its first message
	r.phone.Unlinks()
	r.health("logged-out-401")
	r.stop()
	r.open()
	r.pair()
	r.run()
	r.wait("the session is up", r.up)
	r.health("connected")
	r.ana.Text("after")
	equal(t, "the same customer", r.message("after").Peer.Identities[0], r.message("before").Peer.Identities[0])
}

// TestReconnects: what ends by itself is begun again, with nobody told.
func TestReconnects(t *testing.T) {
	r := newRig(t)
	for i, do := range []func(){r.phone.Restarts, r.server.HangUp} {
		do()
		text := strings.Repeat("again ", i+1)
		r.ana.Text(text)
		r.message(text)
	}
	r.wait("the session is up again", r.up)
	for _, h := range r.host.Healths() {
		if h.Level != core.HealthGood {
			t.Errorf("told %+v", h)
		}
	}
}

// TestStrangers: WhatsApp's refusal of a first message is final, named with its remedy, and shows in the channel's health for a day.
func TestStrangers(t *testing.T) {
	r := newRig(t)
	r.ana.Refuse(463)
	_, err := r.send("part-1", words("hello stranger"))
	e := core.AsSendError(err)
	if e.Code != "463" || e.Outcome != core.Rejected || e.Effect != core.EffectFail || !strings.Contains(e.Remedy, "from the phone") {
		t.Errorf("got %+v", e)
	}
	equal(t, "level", r.health("463").Level, core.HealthWarning)
}

func TestTimelock(t *testing.T) {
	r := newRig(t)
	until := time.Now().Add(48 * time.Hour).Truncate(time.Second)
	r.phone.Restrict(until)
	h := r.health("reachout-timelock")
	if h.Level != core.HealthWarning || !strings.Contains(h.Reason, moment(until)) {
		t.Errorf("got %+v", h)
	}
	r.stop()
	r.open()
	r.run()
	r.wait("the session is up", r.up)
	r.health("reachout-timelock")
	r.host.SetNow(until)
	r.link.ward.look(t.Context())
	r.health("connected")
}

func TestUnknownNumber(t *testing.T) {
	r := newRig(t)
	_, err := r.link.Send(t.Context(), core.Outgoing{Key: "part-1", To: []core.IdentityKey{{Scheme: core.SchemePhone, Value: "4900000000"}}, Content: words("hi")})
	if e := core.AsSendError(err); e.Code != "not-on-whatsapp" || e.Outcome != core.Rejected {
		t.Errorf("got %+v", e)
	}
}

// TestByNumber: whoever is known by the number alone is written to at the hidden address behind it, which is learned.
func TestByNumber(t *testing.T) {
	r := newRig(t)
	sent, err := r.link.Send(t.Context(), core.Outgoing{Key: "part-1", To: []core.IdentityKey{{Scheme: core.SchemePhone, Value: r.ana.PN().User}}, Content: words("hi")})
	if err != nil {
		t.Fatal(err)
	}
	got := r.ana.Got()
	equal(t, "what Ana got", got.Text(), "hi")
	equal(t, "provider's id", sent.Provider, r.ana.LID().String()+"/out/"+got.ID)
	if len(sent.Learned) == 0 || sent.Learned[0].Value != r.ana.LID().User {
		t.Errorf("learned %+v", sent.Learned)
	}
}

// TestOverBudget: what is over the budget is refused for the while, and the health says so.
func TestOverBudget(t *testing.T) {
	r := newRig(t, keyHourly, "2", keyWarmUp, "0")
	r.ana.Text("hi")
	r.message("hi")
	for _, key := range []core.PartID{"part-1", "part-2"} {
		if _, err := r.send(key, words("hello")); err != nil {
			t.Fatal(err)
		}
	}
	_, err := r.send("part-3", words("too much"))
	e := core.AsSendError(err)
	if e.Code != "budget" || e.Outcome != core.Rejected || e.Effect != core.EffectSlow || e.Retry < 50*time.Minute || e.Retry > 70*time.Minute {
		t.Errorf("got %+v", e)
	}
	r.health("budget")
	if i := slices.IndexFunc(r.link.Check(t.Context()), func(f core.Finding) bool {
		return f.Subject == "send budget" && f.Level == core.HealthWarning && strings.Contains(f.Detail, "2 of 2") && f.Remedy != ""
	}); i < 0 {
		t.Errorf("the check says %+v", r.link.Check(t.Context()))
	}
	r.host.SetNow(r.host.Now().Add(e.Retry))
	if _, err := r.send("part-3", words("later")); err != nil {
		t.Error(err)
	}
}

// TestPhoneAway: a phone that shows no sign of itself for long is told of, until it does.
func TestPhoneAway(t *testing.T) {
	r := newRig(t)
	s, err := r.link.session()
	if err != nil {
		t.Fatal(err)
	}
	r.host.SetNow(r.host.Now().Add(10*24*time.Hour + time.Hour))
	s.lookAfterPhone(t.Context())
	r.health("phone-offline-10")
	r.host.SetNow(r.host.Now().Add(2 * 24 * time.Hour))
	s.lookAfterPhone(t.Context())
	r.health("phone-offline-12")
	s.phoneSeen(r.host.Now())
	r.health("connected")
}

// TestAskedAgainOften: that many messages could not be read at first is told, for a while.
func TestAskedAgainOften(t *testing.T) {
	r := newRig(t)
	s, err := r.link.session()
	if err != nil {
		t.Fatal(err)
	}
	for range manyRetries {
		s.askedAgain()
	}
	r.health("retries")
	r.host.SetNow(r.host.Now().Add(retriesFor))
	r.link.ward.look(t.Context())
	r.health("connected")
}

// TestTakenBack: a session that another program took the place of does not fight, and connects again when it is begun anew.
func TestTakenBack(t *testing.T) {
	r := newRig(t)
	r.phone.Replaced()
	if h := r.health("replaced"); !strings.Contains(h.Remedy, "causeway channel take-back") {
		t.Errorf("the remedy is %q", h.Remedy)
	}
	r.stop()
	r.run()
	r.wait("the session is up again", r.up)
	r.health("connected")
	r.ana.Text("after it")
	r.message("after it")
}

// TestSaysAgain: a session that begins anew says what still keeps it, for a person may have taken that for mended.
func TestSaysAgain(t *testing.T) {
	r := newRig(t)
	r.phone.Rejects(405, nil)
	r.health("405")
	for range 2 {
		before := len(r.host.Healths())
		r.stop()
		r.run()
		r.wait("it is said again", func() bool { return len(r.host.Healths()) > before })
		r.health("405")
	}
}
