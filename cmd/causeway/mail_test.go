package main

import (
	"context"
	"os/exec"
	"strings"
	"testing"
	"time"

	"causeway/bridges/simulator/mailroom"
)

// The agent's mail program is Debian's swaks: a real SMTP client that knows nothing of us.
func TestSwaksAnswersACustomer(t *testing.T) {
	swaks, err := exec.LookPath("swaks")
	if err != nil {
		lacking(t, "swaks is not installed")
	}
	w := liveIn(t, worldOptions{})
	w.grace.Say("do you open on Sunday?")
	m := w.mailTo(w.lena, "do you open on Sunday?")
	execute(t, swaks, "--server", w.ports.smtp.Addr().String(), "--from", "lena@example.com", "--to", m.ReplyTo[0].Address,
		"--header", "Subject: Re: "+m.Subject, "--header", "In-Reply-To: <"+m.MessageID+">", "--header", "References: <"+m.MessageID+">",
		"--body", "Yes, from ten to four.\n\nOn Saturday, Grace Miller wrote:\n> do you open on Sunday?\n")
	w.phoneShows(w.grace, "Yes, from ten to four.")
}

func execute(t *testing.T, name string, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), stepTime)
	defer cancel()
	if out, err := exec.CommandContext(ctx, name, args...).CombinedOutput(); err != nil { //nolint:gosec // a test's own command
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
}

// Mails that must not become messages: the door says why where it can, and no customer gets anything.
func TestStrangeMails(t *testing.T) {
	w := liveIn(t, worldOptions{Flags: map[string]string{"smtp_max_mb": "1"}})
	w.grace.Say("first question")
	w.mona.Say("second question")
	toLena, toOmar := w.mailTo(w.lena, "first question"), w.mailTo(w.omar, "second question")
	address := toLena.ReplyTo[0].Address
	letter := func(from, to, text string) []byte {
		return []byte("From: <" + from + ">\r\nTo: <" + to + ">\r\nSubject: Re: x\r\nMessage-ID: <" + text[:4] + "@example.com>\r\nDate: Sat, 21 Nov 2026 10:00:00 +0000\r\n\r\n" + text + "\r\n")
	}
	changed := func(s string) string { // one character of the token
		i := strings.Index(s, "@") - 3
		c := "a"
		if s[i] == 'a' {
			c = "b"
		}
		return s[:i] + c + s[i+1:]
	}
	for _, c := range []struct {
		name, from, to, text string
		refused              string // a word of the answer; empty: taken, and judged later
	}{
		{"no token", "lena@example.com", "someone@" + replyDomain, "text of no token", "550"},
		{"another domain", "lena@example.com", "someone@elsewhere.example", "text of another domain", "55"},
		{"forged token", "lena@example.com", changed(address), "text of a forged token", "550"},
		{"half a token", "lena@example.com", address[:20] + "@" + replyDomain, "text of half a token", "550"},
		{"someone else's token", "lena@example.com", toOmar.ReplyTo[0].Address, "text with Omar's token", ""},
		{"a stranger", "mallory@example.net", address, "text of a stranger", ""},
		{"too large", "lena@example.com", address, strings.Repeat("large lines\r\n", 200_000), "55"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := w.room.SendRaw(w.within(), c.from, []string{c.to}, letter(c.from, c.to, c.text))
			switch {
			case c.refused == "" && err != nil:
				t.Errorf("refused at the door: %v", err)
			case c.refused != "" && err == nil:
				t.Error("taken")
			case err != nil && !strings.Contains(err.Error(), c.refused):
				t.Errorf("refused with %v", err)
			}
		})
	}
	t.Run("expired token", func(t *testing.T) {
		w.clock.jump(100 * 24 * time.Hour)
		defer w.clock.jump(0)
		if err := w.room.SendRaw(w.within(), "lena@example.com", []string{address}, letter("lena@example.com", address, "text after a hundred days")); err == nil || !strings.Contains(err.Error(), "550") {
			t.Errorf("answered %v", err)
		}
	})
	w.settle()
	if got := append(lines(w.grace), lines(w.mona)...); len(got) != 0 {
		t.Errorf("a customer got %q", got)
	}
	if got := w.room.Mailbox("mallory@example.net").Received(); len(got) != 0 {
		t.Errorf("a stranger got %d mails: %s", len(got), got[0].Text)
	}
	_, err := w.lena.Reply(w.within(), toLena, "the right answer", mailroom.ReplyOptions{})
	w.must(err)
	w.phoneShows(w.grace, "the right answer")
}

func TestSameMailTwice(t *testing.T) {
	onBoth(t, func(t *testing.T, database string) {
		w := liveIn(t, worldOptions{Database: database})
		w.grace.Say("a question")
		m := w.mailTo(w.lena, "a question")
		sent, err := w.lena.Reply(w.within(), m, "one answer", mailroom.ReplyOptions{})
		w.must(err)
		w.must(w.room.SendRaw(w.within(), "lena@example.com", []string{m.ReplyTo[0].Address}, sent.Raw))
		w.phoneShows(w.grace, "one answer")
		w.settle()
		if n := has(lines(w.grace), "one answer"); n != 1 {
			t.Errorf("the phone shows it %d times", n)
		}
	})
}

// A mailbox that refuses for now gets its mails later, in order, and holds up nobody else's.
func TestFullMailboxHoldsUpNobody(t *testing.T) {
	w := liveIn(t, worldOptions{})
	w.room.Refuse(mailroom.Refusal{Step: mailroom.AtRcpt, Code: 452, Text: "mailbox full", Times: -1, To: "lena@example.com"})
	w.grace.Say("first of two")
	w.mailTo(w.omar, "first of two")
	w.grace.Say("second of two")
	w.mailTo(w.omar, "second of two")
	w.room.ClearRefusals()
	w.mailTo(w.lena, "second of two")
	var got []string
	for _, m := range w.lena.Received() {
		got = append(got, strings.Fields(m.Text[strings.Index(m.Text, "-##")+3:])[0])
	}
	if strings.Join(got, " ") != "first second" {
		t.Errorf("Lena's mails came as %q", got)
	}
}
