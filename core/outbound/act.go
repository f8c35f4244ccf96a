package outbound

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"causeway/core"
)

// courtesyTimeout bounds what nobody waits for, and what holds up a worker that others do.
const courtesyTimeout = 10 * time.Second

// errElsewhere says that another node has the session by which an action goes.
var errElsewhere = errors.New("another node has the session")

// Read is the worker of JobRead: it marks what the contact wrote as read at the provider. It is a courtesy: failure is logged, not repeated. What only
// a session can do waits for the node that has it.
func (o *Outbox) Read(ctx context.Context, w core.Work) error {
	err := o.mark(ctx, w.Workspace, core.ConversationID(w.Key), core.ActionRead, nil)
	if errors.Is(err, errElsewhere) {
		return core.Later{After: elsewhere, Elsewhere: true}
	}
	o.logUnmarked(ctx, w, err)
	return nil
}

func (o *Outbox) logUnmarked(ctx context.Context, w core.Work, err error) {
	if err != nil {
		o.Log.InfoContext(ctx, "not marked as read", "conversation", w.Key, "err", err)
	}
}

// markRead marks what the contact wrote as read, once a person's answer has gone by rt. Where this worker cannot, for want of a seat or a session, JobRead
// does.
func (o *Outbox) markRead(ctx context.Context, w core.Work, rt route) {
	ctx, cancel := context.WithTimeout(ctx, courtesyTimeout)
	defer cancel()
	err := errElsewhere
	if o.takeSeat(rt.id) {
		err = o.mark(ctx, w.Workspace, core.ConversationID(w.Key), core.ActionRead, &rt)
		o.leaveSeat(rt.id)
	}
	if errors.Is(err, errElsewhere) {
		err = o.enqueue(ctx, core.Job{Kind: core.JobRead, Workspace: w.Workspace, Key: w.Key})
	}
	o.logUnmarked(ctx, w, err)
}

func (o *Outbox) enqueue(ctx context.Context, job core.Job) error {
	return o.Store.Tx(ctx, func(tx core.Tx) error { return tx.Enqueue(ctx, job) })
}

// Mark shows the contact that their messages were read, or that an answer is being written (which on WhatsApp also marks them as read). What this node
// cannot show, another one does.
func (o *Outbox) Mark(ctx context.Context, ws core.WorkspaceID, id core.ConversationID, a core.Action) error {
	err := o.mark(ctx, ws, id, a, nil)
	if !errors.Is(err, errElsewhere) {
		return err
	}
	if a == core.ActionTyping {
		return o.enqueue(ctx, core.TypingJob(ws, id, o.Now()))
	}
	return o.enqueue(ctx, core.Job{Kind: core.JobRead, Workspace: ws, Key: string(id)})
}

// mark shows something at what the contact wrote last. The way there, if it is known, need not be found.
func (o *Outbox) mark(ctx context.Context, ws core.WorkspaceID, id core.ConversationID, a core.Action, known *route) error {
	repo := o.Store.In(ws)
	m, there, err := newest(ctx, repo, id)
	if err != nil || !there {
		return err
	}
	if known == nil || known.id != m.Channel || known.identity != m.Identity {
		rt, err := o.routeTo(ctx, repo, m)
		if err != nil {
			return err
		}
		known = &rt
	}
	return o.act(ctx, *known, core.Act{Action: a, Target: m.Parts[0].Provider})
}

// newest is what the contact wrote last, of a conversation's newest fifty messages. Mostly it is among the first few.
func newest(ctx context.Context, repo core.Repo, id core.ConversationID) (core.Message, bool, error) {
	page := core.Page{}
	for _, page.Limit = range []int{5, 45} {
		recent, err := repo.Messages(ctx, id, page)
		if err != nil {
			return core.Message{}, false, fmt.Errorf("recent messages: %w", err)
		}
		for _, m := range recent {
			if m.Direction == core.In && len(m.Parts) > 0 && m.Parts[0].Provider != "" {
				return m, true, nil
			}
		}
		if len(recent) < page.Limit {
			break
		}
		page.Before = strconv.FormatInt(recent[len(recent)-1].Seq, 10)
	}
	return core.Message{}, false, nil
}

// React puts an emoji on a message, or takes it back with an empty one. It passes the gate like any message.
func (o *Outbox) React(ctx context.Context, ws core.WorkspaceID, id core.MessageID, by core.Author, emoji string) error {
	repo := o.Store.In(ws)
	m, err := repo.Message(ctx, id)
	if err != nil {
		return err
	}
	if len(m.Parts) == 0 || m.Parts[0].Provider == "" {
		return core.Problemf(core.CodeConflict, "This message has not reached the provider yet.").Remedied("Try again when it is sent.")
	}
	rt, err := o.routeTo(ctx, repo, m)
	if err != nil {
		return err
	}
	d, _, err := o.decide(ctx, repo, rt, by, core.Content{Kind: core.KindText, Text: emoji})
	switch {
	case err != nil:
		return err
	case d.Verdict == core.VerdictPark: // nobody keeps a reaction for days
		return channelDown()
	case d.Problem() != nil:
		return d.Problem()
	}
	reaction := core.Reaction{By: by, Emoji: emoji, At: o.Now()}
	err = o.act(ctx, rt, core.Act{Action: core.ActionReaction, Key: core.NewActKey(), Target: m.Parts[0].Provider, Emoji: emoji})
	switch {
	case errors.Is(err, errElsewhere):
		return o.reactLater(ctx, ws, id, reaction)
	case err != nil:
		return err
	}
	return repo.PutReaction(ctx, id, reaction)
}

// reactLater keeps a reaction and has the node show it that has the channel's session.
func (o *Outbox) reactLater(ctx context.Context, ws core.WorkspaceID, id core.MessageID, r core.Reaction) error {
	return o.Store.Tx(ctx, func(tx core.Tx) error {
		if err := tx.In(ws).PutReaction(ctx, id, r); err != nil {
			return err
		}
		return tx.Enqueue(ctx, core.ReactJob(ws, id, r.By))
	})
}

// reactTries is how often a reaction is shown to the provider before it is taken back here.
const reactTries = 5

// Reacted is the worker of JobReact: it shows the provider the reaction that somebody has put on a message where the channel's session did not run, or
// that they have none any more. One that the provider does not take is taken back.
func (o *Outbox) Reacted(ctx context.Context, w core.Work) error {
	repo := o.Store.In(w.Workspace)
	id, by := w.Reacted()
	m, err := repo.Message(ctx, id)
	if err != nil {
		return fmt.Errorf("message reacted to: %w", err)
	}
	r := core.Reaction{By: by}
	for _, x := range m.Reactions {
		if x.By.Kind == by.Kind && x.By.Agent == by.Agent {
			r = x
		}
	}
	rt, err := o.routeTo(ctx, repo, m)
	if err == nil {
		err = o.act(ctx, rt, core.Act{Action: core.ActionReaction, Key: core.NewActKey(), Target: m.Parts[0].Provider, Emoji: r.Emoji})
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, errElsewhere):
		return core.Later{After: elsewhere, Elsewhere: true}
	case ctx.Err() != nil, core.CodeOf(err) == core.CodeUnavailable && w.Attempt < reactTries:
		return err
	}
	o.Log.WarnContext(ctx, "reaction not taken by the provider", "message", m.ID, "err", err)
	r.Emoji, r.At = "", o.Now()
	return repo.PutReaction(ctx, m.ID, r)
}

// routeTo finds the way back to whom a message came from, or went to.
func (o *Outbox) routeTo(ctx context.Context, repo core.Repo, m core.Message) (route, error) {
	v, err := o.open(ctx, m.Channel)
	if err != nil {
		return route{}, err
	}
	conv, err := repo.Conversation(ctx, m.Conversation)
	if err != nil {
		return route{}, fmt.Errorf("conversation: %w", err)
	}
	return o.route(ctx, repo, conv, v, sender{m.Identity, m.Created})
}

func (o *Outbox) act(ctx context.Context, rt route, a core.Act) error {
	link, ok := rt.link.(core.ActionLink)
	if !ok || !rt.capabilities.Can(a.Action) {
		return core.Problemf(core.CodeUnsupported, "%s cannot do this (%s).", rt.info.Title, a.Action)
	}
	if bound, there := rt.link.(core.BoundLink); there && !bound.Here() {
		if rt.channel.State != core.ChannelActive { // no node has it, and who knows for how long
			return core.Problemf(core.CodeChannelDown, "The channel is not connected.").Remedied("An admin must mend the channel; try again then.")
		}
		return errElsewhere
	}
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	a.To = rt.to
	_, err := link.Act(ctx, a)
	var se *core.SendError
	if errors.As(err, &se) {
		return &core.Problem{Code: core.CodeUnavailable, Detail: se.Reason, Remedy: se.Remedy, Err: err}
	}
	return err
}
