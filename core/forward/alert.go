package forward

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"causeway/core"
)

// Alert mails admins that a channel needs them, or that it is well again. The same state mailed again has the same Message-ID. It returns an
// error when a mail should be tried again; what the relay refuses for good is only logged.
func (f *Forwarder) Alert(ctx context.Context, ch core.Channel, to []string) error {
	var again error
	for _, address := range to {
		again = errors.Join(again, f.mailAdmin(ctx, f.alertLetter(ch, address)))
	}
	return again
}

// mailAdmin sends a letter to an admin. What the relay refuses for good is only logged.
func (f *Forwarder) mailAdmin(ctx context.Context, l Letter) error {
	switch err := f.send(ctx, l); {
	case forGood(err):
		f.Log.ErrorContext(ctx, "admin cannot be mailed", "to", l.To.Address, "subject", l.Subject, "err", err)
	case err != nil:
		return fmt.Errorf("mail an admin: %w", err)
	}
	return nil
}

// Admin is the worker of core.JobAdmin: it mails an admin something that they should know. The same key mailed again has the same Message-ID.
func (f *Forwarder) Admin(ctx context.Context, w core.Work) error {
	m, err := w.ToAdmin()
	if err != nil {
		return fmt.Errorf("mail to an admin: %w", err)
	}
	id := f.signer.sum(f.Key, []byte("tell"), []byte(m.Key), []byte(m.To))
	return f.mailAdmin(ctx, Letter{From: Address{f.ourName(), f.From.Address}, To: Address{Address: m.To}, Subject: clean(m.Subject, 100), Date: f.Now(),
		MessageID: hex.EncodeToString(id[:16]) + "@" + f.Domain, Text: m.Sentence + "\n",
		Headers: [][2]string{{"Auto-Submitted", "auto-generated"}, {"X-Auto-Response-Suppress", "All"}, {markHeader, f.mark}}})
}

func (f *Forwarder) alertLetter(ch core.Channel, to string) Letter {
	title := ch.Kind
	if info, err := f.Info(ch.Kind); err == nil {
		title = info.Title
	}
	name := clean(ch.Name, 60)
	well := ch.State == core.ChannelActive && ch.Health.Level != core.HealthBad && ch.Health.Level != core.HealthWarning
	sentence := alertSentence(ch, name, title, well)
	thread := "alert-" + string(ch.ID) + "@" + f.Domain
	id := f.signer.sum(f.Key, []byte("alert"), []byte(ch.ID), []byte(ch.State), []byte(ch.Health.Level), []byte(ch.Health.Code),
		[]byte(ch.Health.Since.UTC().String()), []byte(to))
	p := page{Lang: "en", Dir: "ltr", Peek: sentence}
	p.add(blockText, sentence)
	l := Letter{From: Address{f.ourName(), f.From.Address}, To: Address{Address: to}, Subject: fmt.Sprintf("Channel %s (%s)", name, title), Date: f.Now(),
		MessageID: hex.EncodeToString(id[:16]) + "@" + f.Domain, InReplyTo: thread, References: []string{thread}, Text: sentence + "\n", Headers: f.headers(ch, title)}
	if page, err := p.html(f.layout); err == nil {
		l.HTML = page
	}
	return l
}

// alertSentence says in one line what is the matter and what to do.
func alertSentence(ch core.Channel, name, title string, well bool) string {
	if well {
		return fmt.Sprintf("The channel %s (%s) works again.", name, title)
	}
	state := "needs you"
	switch ch.State {
	case core.ChannelParked:
		state = "cannot send"
	case core.ChannelPaused:
		state = "is paused"
	case core.ChannelActive: // it works, with something to look at
	case core.ChannelRemoved: // nobody is told any more
	}
	words := []string{fmt.Sprintf("The channel %s (%s) %s.", name, title, state)}
	for _, s := range []string{ch.Health.Reason, ch.Health.Remedy} {
		if s = clean(s, 500); s != "" {
			words = append(words, s)
		}
	}
	return strings.Join(words, " ")
}
