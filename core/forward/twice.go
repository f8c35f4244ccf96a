package forward

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"causeway/core"
	"causeway/core/forward/cut"
)

// heldFor is how long an agent may have a held answer sent by a single word. After that it is too old to go without being looked at.
const heldFor = 24 * time.Hour

// seen finds the newest message that an agent had seen when they wrote a mail: the one that the mail of ours was about which they answer, or which
// they had before that. Zero: it cannot be told.
func (w *writer) seen(ctx context.Context, in Incoming) (int64, error) {
	n, there, err := w.answered(ctx, in)
	if err != nil || !there {
		return 0, err
	}
	if n.Message != "" && n.Kind == core.NoticeMessage {
		m, err := w.repo.Message(ctx, n.Message)
		if err == nil || !errors.Is(err, core.ErrNotFound) {
			return m.Seq, err
		}
	}
	recent, err := w.repo.Messages(ctx, w.conv.ID, core.Page{Limit: 50})
	if err != nil {
		return 0, fmt.Errorf("what the agent had seen: %w", err)
	}
	for _, m := range recent {
		if !m.Created.After(n.Created) {
			return m.Seq, nil
		}
	}
	return 0, nil
}

// answered is the mail of ours that a mail answers, else the newest one that the agent had.
func (w *writer) answered(ctx context.Context, in Incoming) (core.Notice, bool, error) {
	sent, err := w.sentTo(ctx)
	if err != nil || len(sent) == 0 {
		return core.Notice{}, false, err
	}
	named := slices.Clone(in.References)
	slices.Reverse(named)
	for _, id := range append(slices.Clone(in.InReplyTo), named...) {
		if i := slices.IndexFunc(sent, func(n core.Notice) bool { return n.MessageID != "" && n.MessageID == id }); i >= 0 {
			return sent[i], true, nil
		}
	}
	return sent[0], true, nil
}

// hold keeps an agent's answer back, since somebody answered from the phone after what the agent had seen, and asks whether it is still to go.
func (w *writer) hold(ctx context.Context, m core.Mail, seen int64) (outcome, error) {
	conv, err := w.repo.Conversation(ctx, w.conv.ID) // as it is now
	if err != nil {
		return outcome{}, fmt.Errorf("conversation that was answered: %w", err)
	}
	answer, there, err := core.PhoneAnswer(ctx, w.repo, conv, seen)
	if err != nil {
		return outcome{}, err
	}
	if !there {
		return outcome{}, errors.New("the answer from the phone was deleted just now")
	}
	text := w.say("phone-was-first", "time", w.when(answer.At), "text", w.summary(answer.Content, 1000)) + "\n" +
		w.say("phone-was-first-remedy", "word", w.say("send-word"))
	return outcome{state: core.MailHeld, reason: "the phone answered first",
		notice: &core.Notice{Kind: core.NoticeQuestion, Key: heldKey(m.ID), Agent: w.agent.ID, Mail: m.ID, Text: text}}, nil
}

func heldKey(id core.MailID) string { return "held/" + string(id) }

// sends reports whether a text is the one word that has a held answer sent.
func sends(text string) bool {
	word := strings.ToLower(strings.Trim(straight(text), "#\"'“”‘’«».!` \t\r\n"))
	return slices.Contains([]string{"send", "أرسل", "ارسل", "إرسال", "отправить", "отправь"}, word)
}

// confirm has a held answer sent where the agent says so. Anything else is an answer of its own.
func (f *Forwarder) confirm(ctx context.Context, w *writer, in Incoming, r cut.Result) (o outcome, meant bool, err error) {
	if len(in.Files) > 0 || !sends(r.Text) {
		return outcome{}, false, nil
	}
	held, err := w.heldMail(ctx)
	if err != nil || held.ID == "" {
		return outcome{}, false, err
	}
	contents, deeds, notice, err := f.heldContents(ctx, w, held)
	if err != nil {
		return outcome{}, true, err
	}
	if notice != nil {
		return outcome{state: core.MailRefused, reason: notice.Text, notice: notice}, true, nil
	}
	if o, err = f.compose(ctx, w, held, "mail/"+string(held.ID), contents, 0); err != nil {
		return o, true, err
	}
	if o, err = f.followed(ctx, w, held, deeds, o); err != nil {
		return o, true, err
	}
	held.State, held.Reason, held.Message = o.state, o.reason, o.message
	o.held, o.reason = &held, "it had an answer sent that was held"
	return o, true, nil
}

// heldMail is the agent's newest answer in the conversation that is held; one without an id: there is none. Which mail they answered does not matter: the
// word says enough, and mail programs show them all as one.
func (w *writer) heldMail(ctx context.Context) (core.Mail, error) {
	sent, err := w.sentTo(ctx)
	if err != nil {
		return core.Mail{}, err
	}
	for _, n := range sent {
		if n.Mail == "" || n.Key != heldKey(n.Mail) {
			continue
		}
		held, err := w.repo.Mail(ctx, n.Mail)
		if err != nil && !errors.Is(err, core.ErrNotFound) {
			return core.Mail{}, fmt.Errorf("answer that is held: %w", err)
		}
		if err == nil && held.State == core.MailHeld && w.Now().Sub(held.Received) <= heldFor {
			return held, nil
		}
	}
	return core.Mail{}, nil
}

// heldContents are what a held answer says, and what it commands.
func (f *Forwarder) heldContents(ctx context.Context, w *writer, held core.Mail) ([]core.Content, []deed, *core.Notice, error) {
	in, err := f.mail(ctx, w.conv.Workspace, held.ID)
	if errors.Is(err, core.ErrNotFound) {
		return nil, nil, w.warning(f.Now(), "broken", w.say("broken")), nil
	}
	if err != nil {
		return nil, nil, nil, err
	}
	r, err := w.cut(ctx, in)
	if err != nil {
		return nil, nil, nil, err
	}
	r, deeds, notice := w.orders(held, in, r)
	if notice != nil {
		return nil, nil, notice, nil
	}
	contents, notice, err := w.contents(ctx, held, in, r)
	return contents, deeds, notice, err
}
