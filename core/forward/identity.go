package forward

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"causeway/core"
)

// identify makes sure that a mail is from the agent to whom its reply address was given. ok is false if it is not; the outcome then says
// what becomes of it. The sender of a mail that could not be proven gets nothing: their address may be anybody's.
func (f *Forwarder) identify(ctx context.Context, w *writer, m core.Mail, c claims, in Incoming, raw []byte) (o outcome, ok bool, err error) {
	now := f.Now()
	switch {
	case w.agent.Disabled || !f.signer.is(c.agent, w.agent):
		return outcome{state: core.MailQuarantined, reason: "the reply address was revoked", keep: true}, false, nil
	case in.FromFields != 1 || len(in.From) != 1:
		o := outcome{state: core.MailQuarantined, reason: fmt.Sprintf("%d From fields with %d addresses", in.FromFields, len(in.From)), keep: true}
		o.notice = w.warning(now, "unproven", w.say("unproven")+"\n"+w.say("unproven-remedy"))
		return o, false, nil
	}
	from := strings.ToLower(in.From[0].Address)
	if !slices.Contains(w.agent.Addresses, from) {
		o, err = f.foreign(ctx, w, m, from, raw)
		return o, false, err
	}
	proof, err := f.prove(ctx, m, from, raw)
	if err != nil {
		return outcome{}, false, err
	}
	if !proof.Aligned {
		o := outcome{state: core.MailQuarantined, reason: "the sender is not proven: " + proof.Detail, keep: true}
		o.notice = w.warning(now, "unproven", w.say("unproven")+"\n"+w.say("unproven-remedy"))
		return o, false, nil
	}
	return outcome{}, true, nil
}

// prove finds out whether the sender is who From says. An error says that it cannot be told now.
func (f *Forwarder) prove(ctx context.Context, m core.Mail, from string, raw []byte) (Proof, error) {
	if f.AllowUnproven || m.Trusted {
		return Proof{Aligned: true}, nil
	}
	proof := f.Authenticator.Authenticate(ctx, envelope(m), from, raw)
	if proof.Temporary && !proof.Aligned {
		return proof, fmt.Errorf("the sender cannot be proven now: %s", proof.Detail)
	}
	return proof, nil
}

// foreign is a mail from somebody else than the address was given to: a colleague, who is told if it is surely them, or a stranger.
func (f *Forwarder) foreign(ctx context.Context, w *writer, m core.Mail, from string, raw []byte) (outcome, error) {
	other, err := w.repo.AgentByAddress(ctx, from)
	if err != nil && !errors.Is(err, core.ErrNotFound) {
		return outcome{}, fmt.Errorf("agent by address: %w", err)
	}
	if err == nil && !other.Disabled {
		proof, err := f.prove(ctx, m, from, raw)
		if err != nil {
			return outcome{}, err
		}
		if proof.Aligned {
			t := f.tongue(other.Language)
			n := &core.Notice{Kind: core.NoticeQuestion, Key: "mail/" + string(m.ID), Agent: other.ID, Mail: m.ID, Text: t.say("borrowed") + "\n" + t.say("borrowed-remedy")}
			return outcome{state: core.MailRefused, reason: "a colleague's reply address, used by " + from, notice: n}, nil
		}
	}
	text := w.say("stranger", "address", clean(from, 100)) + "\n" + w.say("stranger-remedy", "yours", w.agent.Address())
	return outcome{state: core.MailQuarantined, reason: "from " + clean(from, 100) + ", which is not the agent's address", keep: true,
		notice: w.warning(f.Now(), "stranger", text)}, nil
}

// warning tells the rightful agent of somebody else's try, once an hour for a conversation. It gives nothing of the mail back.
func (w *writer) warning(now time.Time, kind, text string) *core.Notice {
	return &core.Notice{Kind: core.NoticeQuestion, Agent: w.agent.ID, Text: text,
		Key: strings.Join([]string{kind, string(w.conv.ID), string(w.agent.ID), hour(now)}, "/")}
}

// lately is an agent's mail to a conversation of the last day.
type lately struct {
	At time.Time
	ID string // its Message-ID
}

// brake stops two programs that answer each other, and a mail that came by two ways: an agent's mails to a conversation are remembered for
// a day. Nil means that this one may go on. The mails to a conversation are judged one after the other, so nobody else writes here meanwhile.
func (f *Forwarder) brake(ctx context.Context, w *writer, m core.Mail, in Incoming) (*outcome, error) {
	name := "mails/" + string(m.Agent)
	raw, err := w.repo.Value(ctx, owner(m.Conversation), name)
	if err != nil {
		return nil, fmt.Errorf("mails of the day: %w", err)
	}
	known := map[core.MailID]lately{}
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &known); err != nil {
			return nil, fmt.Errorf("mails of the day: %w", err)
		}
	}
	if _, again := known[m.ID]; again {
		return nil, nil
	}
	if o := f.overdone(w, known, in.MessageID); o != nil {
		return o, nil
	}
	known[m.ID] = lately{f.Now(), in.MessageID}
	if raw, err = json.Marshal(known); err != nil {
		return nil, fmt.Errorf("mails of the day: %w", err)
	}
	if err := w.repo.SetValueUntil(ctx, owner(m.Conversation), name, raw, f.Now().Add(48*time.Hour)); err != nil {
		return nil, fmt.Errorf("note mail of the day: %w", err)
	}
	return nil, nil
}

// overdone looks at the mails of the day, dropping older ones.
func (f *Forwarder) overdone(w *writer, known map[core.MailID]lately, id string) *outcome {
	now, n := f.Now(), 0
	for mail, l := range known {
		switch age := now.Sub(l.At); {
		case age >= 24*time.Hour || age < 0:
			delete(known, mail)
			continue
		case age < time.Hour:
			n++
		}
		if l.ID == id {
			return &outcome{state: core.MailIgnored, reason: "the same mail came by another way, as " + string(mail)}
		}
	}
	if n < f.PerHour {
		return nil
	}
	return &outcome{state: core.MailRefused, reason: fmt.Sprintf("more than %d mails in an hour", f.PerHour),
		notice: w.warning(now, "too-many", w.say("too-many", "n", fmt.Sprint(f.PerHour)))}
}
