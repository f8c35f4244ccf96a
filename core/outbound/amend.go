package outbound

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"strings"
	"time"

	"causeway/core"
)

// amendTries is how often a provider that does not answer is asked to change a message.
const amendTries = 5

// Amend edits or deletes a message that was sent through here, for everyone. It is checked, kept, and done by the node that has the channel's session;
// what becomes of it stands in the conversation. A Problem: it cannot be done, and nothing is kept.
func (o *Outbox) Amend(ctx context.Context, ws core.WorkspaceID, id core.MessageID, c core.Amendment) error {
	c.At = o.Now().Truncate(time.Microsecond) // as the store has it
	if _, _, err := o.amendable(ctx, o.Store.In(ws), id, c); err != nil {
		return err
	}
	return o.Store.Tx(ctx, func(tx core.Tx) error { return tx.Enqueue(ctx, core.AmendJob(ws, id, c)) })
}

// amendable returns the message and the way to who has it, or says in a Problem why it cannot be changed so.
func (o *Outbox) amendable(ctx context.Context, repo core.Repo, id core.MessageID, c core.Amendment) (core.Message, route, error) {
	m, err := repo.Message(ctx, id)
	if err != nil {
		return m, route{}, err
	}
	if err := ours(m); err != nil {
		return m, route{}, err
	}
	by := m
	by.Channel = m.Parts[0].Channel // the side that has it
	rt, err := o.routeTo(ctx, repo, by)
	if err != nil {
		return m, rt, err
	}
	if !rt.capabilities.Can(c.Action) {
		return m, rt, core.Problemf(core.CodeUnsupported, "%s lets no program do this to a message that was sent (%s).", rt.info.Title, c.Action).Remedied("Send another message that sets it right.")
	}
	if most := rt.capabilities.Amendable(c.Action); most > 0 && c.At.Sub(m.Parts[0].Sent) > most {
		return m, rt, core.Problemf(core.CodeConflict, "%s allows this for %s after sending (%s).", rt.info.Title, core.Span(most), c.Action).Remedied("Send another message that sets it right.")
	}
	return m, rt, o.permitted(ctx, repo, rt, m, c)
}

// ours says why a message is none of ours that the contact has.
func ours(m core.Message) error {
	switch {
	case m.Direction != core.Out || m.Author.Kind == core.AuthorPhone || m.Historic:
		return core.Problemf(core.CodeConflict, "This message was not sent through Causeway.").Remedied("Who sent it can change or delete it where they wrote it.")
	case !m.Revoked.IsZero():
		return core.Problemf(core.CodeConflict, "This message was deleted.")
	case len(m.Parts) == 0:
		return core.Problemf(core.CodeConflict, "This message has not reached the provider yet.").Remedied("Try again when it is sent.")
	}
	for _, p := range m.Parts {
		switch {
		case p.Status == core.StatusFailed:
			return core.Problemf(core.CodeConflict, "This message was not sent.").Remedied("Write a new one.")
		case p.Provider == "" || p.Status == core.StatusQueued || p.Status == core.StatusParked || p.Status == core.StatusSending || p.Status == core.StatusUnknown:
			return core.Problemf(core.CodeConflict, "This message has not reached the provider yet.").Remedied("Try again when it is sent.")
		}
	}
	return nil
}

// permitted asks the gate. New words are an outgoing message like any; to take words back the channel must work, no more.
func (o *Outbox) permitted(ctx context.Context, repo core.Repo, rt route, m core.Message, c core.Amendment) error {
	if c.Action == core.ActionRevoke {
		if rt.channel.State != core.ChannelActive {
			return channelDown()
		}
		return nil
	}
	if !worded(m, rt.capabilities) {
		return core.Problemf(core.CodeUnsupported, "Only a text, or the caption of a file, that went out in one piece can be changed here.").Remedied("Delete it and send another.")
	}
	if strings.TrimSpace(c.Text) == "" || len(Cut(named(reworded(m, c), m.Author, rt.capabilities), rt.capabilities)) != 1 {
		return core.Problemf(core.CodeInvalid, "The new text is empty, or too long for one message.").Remedied("Shorten it.")
	}
	d, _, err := o.decide(ctx, repo, rt, c.By, core.Content{Kind: core.KindText, Text: c.Text})
	switch {
	case err != nil:
		return err
	case d.Verdict == core.VerdictPark:
		return channelDown()
	}
	return d.Problem()
}

// worded reports whether a message has words that the channel can change.
func worded(m core.Message, can core.Capabilities) bool {
	if len(m.Parts) != 1 || m.Parts[0].Content.Kind != m.Content.Kind { // a file that went as a link has no caption
		return false
	}
	return m.Content.Kind == core.KindText || m.Content.Kind.HasMedia() && m.Content.Text != "" && can.Media[m.Content.Kind].Amend
}

// reworded is what a message says after an edit.
func reworded(m core.Message, c core.Amendment) core.Content {
	return core.Content{Kind: m.Content.Kind, Text: c.Text, Media: m.Content.Media}
}

func channelDown() error {
	return core.Problemf(core.CodeChannelDown, "The channel cannot send now.").Remedied("An admin must mend the channel; try again then.")
}

const (
	// amendFor bounds one change of a message; amendSoon is when it is tried again that another node is changing.
	amendFor  = 2 * time.Minute
	amendSoon = time.Second
	// amendLanes is how many messages all nodes together change at once, at most.
	amendLanes = 64
)

// Amended is the worker of JobAmend: it has the provider change a message, and then changes it here. What came to nothing is told to those who follow
// the conversation. Of one message one change is under way at a time, on whichever node, and what is older than the last one done is left: so the
// provider ends with what was asked for last.
func (o *Outbox) Amended(ctx context.Context, w core.Work) error {
	id, c, err := w.Amended()
	if err != nil {
		return fmt.Errorf("what to change: %w: %w", core.ErrDead, err)
	}
	lanes, err := o.Store.TakeLeases(ctx, core.NewID[string](), []string{amendLane(id)}, amendFor+10*time.Second)
	switch {
	case err != nil:
		return err
	case len(lanes) == 0:
		return core.Later{After: amendSoon}
	}
	defer func() { _ = o.Store.DropLease(context.WithoutCancel(ctx), lanes[0]) }() // else its time ends
	ctx, cancel := context.WithTimeout(ctx, amendFor)
	defer cancel()
	return o.amendNow(ctx, w, id, c)
}

// amendLane is the lease under which a message is changed. There are few, as leases stay.
func amendLane(id core.MessageID) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(id))
	return fmt.Sprintf("amend/%d", h.Sum32()%amendLanes)
}

// outdone reports whether nothing is left to do for a change: a deletion ends all, and of edits the newest holds.
func outdone(m core.Message, c core.Amendment) bool {
	return !m.Revoked.IsZero() || c.Action == core.ActionEdit && !m.Edited.Before(c.At)
}

func (o *Outbox) amendNow(ctx context.Context, w core.Work, id core.MessageID, c core.Amendment) error {
	repo := o.Store.In(w.Workspace)
	m, rt, err := o.amendable(ctx, repo, id, c)
	if errors.Is(err, core.ErrNotFound) || outdone(m, c) {
		return nil
	}
	words := reworded(m, c)
	shown := words
	if err == nil && c.Action == core.ActionEdit {
		shown = Cut(named(words, m.Author, rt.capabilities), rt.capabilities)[0]
		words = Cut(words, rt.capabilities)[0]
	}
	for _, p := range m.Parts {
		if err == nil {
			err = o.act(ctx, rt, core.Act{Action: c.Action, Key: core.NewActKey(), Target: p.Provider, Content: shown})
		}
	}
	switch {
	case errors.Is(err, errElsewhere):
		return core.Later{After: elsewhere, Elsewhere: true}
	case ctx.Err() != nil, err != nil && core.CodeOf(err) == "", core.CodeOf(err) == core.CodeUnavailable && w.Attempt < amendTries:
		return err
	}
	return o.noteAmended(ctx, m, c, words, err)
}

// noteAmended changes a message here, or notes why it was not changed.
func (o *Outbox) noteAmended(ctx context.Context, m core.Message, c core.Amendment, words core.Content, failed error) error {
	return o.Store.Tx(ctx, func(tx core.Tx) error {
		repo := tx.In(m.Workspace)
		if _, err := repo.Lock(ctx, m.Conversation); err != nil {
			return fmt.Errorf("lock conversation: %w", err)
		}
		if now, err := repo.Message(ctx, m.ID); err != nil || outdone(now, c) {
			return err // the phone was quicker
		}
		e := core.ConversationEvent{ID: core.NewID[string](), Conversation: m.Conversation, Kind: core.ConversationEventNotice, By: c.By, Message: m.ID, At: o.Now()}
		var err error
		switch {
		case failed != nil:
			e.Code, e.By, e.Data = core.LineChangeFailed, core.Author{Kind: core.AuthorSystem}, map[string]string{"why": failed.Error()}
			e.Text = "A message that was sent could not be changed. " + failed.Error()
		case c.Action == core.ActionRevoke:
			e.Code, e.Text = core.LineRevoke, "Deleted a message."
			err = repo.RevokeMessage(ctx, m.ID, c.At)
		default:
			words.Quote, words.Subject = m.Content.Quote, m.Content.Subject
			e.Code, e.Text, e.Data = core.LineEdit, "Changed the message to: "+words.Text, map[string]string{"old": m.Content.Text, "text": words.Text}
			err = repo.EditMessage(ctx, m.ID, words, c.At)
		}
		if err != nil {
			return fmt.Errorf("%s message: %w", c.Action, err)
		}
		if err := repo.AddConversationEvent(ctx, e); err != nil {
			return fmt.Errorf("note message as amended: %w", err)
		}
		return tx.Enqueue(ctx, core.Job{Kind: core.JobNotify, Workspace: m.Workspace, Key: string(m.Conversation)})
	})
}

// typingFor is how long it is worth showing that somebody began to write.
const typingFor = 10 * time.Second

// Typing is the worker of JobTyping: it shows that an answer is being written where the node that was asked could not. Too late it shows nothing.
func (o *Outbox) Typing(ctx context.Context, w core.Work) error {
	id, since := w.Typing()
	if o.Now().Sub(since) > typingFor {
		return nil
	}
	err := o.mark(ctx, w.Workspace, id, core.ActionTyping, nil)
	if errors.Is(err, errElsewhere) {
		return core.Later{After: elsewhere, Elsewhere: true}
	}
	if err != nil {
		o.Log.InfoContext(ctx, "not shown as being answered", "conversation", id, "err", err)
	}
	return nil
}
