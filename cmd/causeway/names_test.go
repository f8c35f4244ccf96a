package main

import (
	"slices"
	"strings"
	"testing"

	"causeway/bridges/simulator/mailroom"
	"causeway/core"
	"causeway/core/doctor"
)

// TestEveryChannelNames: whichever channel customers write on, an admin may have them see who answers.
func TestEveryChannelNames(t *testing.T) {
	for _, b := range bridges() {
		if info := b.Info(); !slices.ContainsFunc(info.Settings, func(s core.Setting) bool { return s.Key == core.AuthorNamesSetting().Key }) {
			t.Errorf("%s has no such setting", info.Kind)
		}
	}
}

// TestNameBeforeAnswer: the customer's phone shows who answers, once in an answer that goes out in pieces; the colleague's mail does not.
func TestNameBeforeAnswer(t *testing.T) {
	onBoth(t, func(t *testing.T, database string) {
		w := liveIn(t, worldOptions{Database: database, Business: strings.Replace(demoBusiness, "    settings:", "    settings:\n      author_names: \"yes\"", 1)})
		w.grace.Say("When do you open?")
		w.answer(w.mailTo(w.lena, "When do you open?"), "At ten. "+strings.TrimSpace(strings.Repeat("See you soon, dear Grace. ", 250))+" The end.")
		w.eventually("the phone shows the whole answer", func() bool { return has(lines(w.grace), "The end.") == 1 })
		if said := lines(w.grace); has(said, "*Lena Brandt*\nAt ten. See") != 1 || has(said, "Lena") != 1 {
			t.Errorf("the phone shows %q", said)
		}
		w.grace.Say("Thanks")
		if m := w.mailTo(w.omar, "Thanks"); strings.Contains(m.Text, "*Lena") {
			t.Errorf("Omar reads %s", m.Text)
		}
	})
}

// TestAgentCannotBeMailed: when an agent's mailbox is gone, the admins hear of it once, and the doctor shows it.
func TestAgentCannotBeMailed(t *testing.T) {
	onBoth(t, func(t *testing.T, database string) {
		w := liveIn(t, worldOptions{Database: database, Flags: map[string]string{"alert_to": "admin@example.com"}})
		w.room.Refuse(mailroom.Refusal{Step: mailroom.AtRcpt, To: "lena@example.com", Code: 550, Text: "no such user here", Times: -1})
		w.grace.Say("Is anybody there?")
		w.mailTo(w.room.Mailbox("admin@example.com"), "A mail to Lena Brandt (lena@example.com) was refused or came back: relay answered 550 5.3.0 no such user here.")
		w.grace.Say("Hello?")
		w.mailTo(w.omar, "Hello?")
		w.settle()
		if n := len(w.room.Mailbox("admin@example.com").Mails()); n != 1 {
			t.Errorf("the admin got %d mails", n)
		}
		var said strings.Builder
		for _, g := range doctor.Run(t.Context(), doctor.Inputs{Store: w.store, Now: w.now}) {
			printLines(&said, g.Findings)
		}
		if !strings.Contains(said.String(), "A mail to Lena Brandt (lena@example.com) was refused or came back: relay answered 550 5.3.0 no such user here.") {
			t.Errorf("the doctor does not say so:\n%s", &said)
		}
	})
}
