package outbound

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"causeway/core"
)

// via is the channel by which a message leaves. It is opened before a transaction begins, for opening reads the store.
type via struct {
	id   core.ChannelID
	info core.Info
	link core.Link
}

// via opens the channel of a request: the one it names, else the one the contact last wrote on.
func (o *Outbox) via(ctx context.Context, repo core.Repo, r Request) (via, error) {
	id, err := o.channelOf(ctx, repo, r)
	if err != nil {
		return via{}, err
	}
	ch, err := repo.Channel(ctx, id) // proof that it is this workspace's
	if err != nil {
		return via{}, fmt.Errorf("channel to send by: %w", err)
	}
	if ch.State == core.ChannelRemoved {
		return via{}, core.RemovedChannel()
	}
	if ch.Twin == "" || r.Channel != "" {
		return o.open(ctx, id)
	}
	return o.side(ctx, repo, ch, r)
}

// side opens the side of a shared number by which an answer leaves: the provider's API. Only where that takes nothing any more, and the linked device
// may answer so late by what its admin has set, a person's answer leaves by the device.
func (o *Outbox) side(ctx context.Context, repo core.Repo, ch core.Channel, r Request) (via, error) {
	api, device := ch.ID, ch.Twin
	if ch.Phone {
		api, device = device, api
	}
	v, err := o.open(ctx, api)
	if err != nil {
		return v, err
	}
	if unknown, err := o.unknownToAPI(ctx, repo, v, r); err != nil || unknown {
		if err != nil {
			return v, err
		}
		return o.open(ctx, device)
	}
	if !r.Author.Human() {
		return v, nil
	}
	closed, err := o.refuses(ctx, repo, v, r)
	if err != nil || !closed {
		return v, err
	}
	other, err := o.open(ctx, device)
	if err != nil {
		return v, nil //nolint:nilerr // whoever looks after the device is told of that elsewhere; the refusal by the API is the answer
	}
	if closed, err = o.refuses(ctx, repo, other, r); err != nil || closed {
		return v, err
	}
	return other, nil
}

// unknownToAPI reports whether the API knows no address of whom a request is for: groups and hidden addresses are the linked device's alone.
func (o *Outbox) unknownToAPI(ctx context.Context, repo core.Repo, v via, r Request) (bool, error) {
	conv, err := o.conversationOf(ctx, repo, v, r)
	if err != nil {
		return false, err
	}
	all, err := repo.IdentitiesOf(ctx, conv.Contact)
	if err != nil {
		return false, fmt.Errorf("identities of contact: %w", err)
	}
	return len(all) > 0 && !slices.ContainsFunc(all, func(i core.Identity) bool { return i.Key.Scheme == v.info.Scheme || i.Key.Scheme == core.SchemeBSUID }), nil
}

// refuses reports whether a channel does not take a request, for its reply window or for anything else.
func (o *Outbox) refuses(ctx context.Context, repo core.Repo, v via, r Request) (bool, error) {
	conv, err := o.conversationOf(ctx, repo, v, r)
	if err != nil {
		return false, err
	}
	rt, err := o.route(ctx, repo, conv, v, sender{})
	if err != nil {
		return false, err
	}
	for _, c := range o.said(rt, r) {
		d, _, err := o.decide(ctx, repo, rt, r.Author, c)
		if err != nil {
			return false, err
		}
		if rt.channel.Phone && !d.Allowed() || !rt.channel.Phone && d.Code == core.CodeWindowClosed {
			return true, nil
		}
	}
	return false, nil
}

func (o *Outbox) open(ctx context.Context, id core.ChannelID) (v via, err error) {
	v.id = id
	_, v.info, v.link, err = o.Links.Link(ctx, id)
	if errors.Is(err, core.ErrNotFound) {
		return v, core.RemovedChannel()
	}
	return v, err
}

func (o *Outbox) channelOf(ctx context.Context, repo core.Repo, r Request) (core.ChannelID, error) {
	switch {
	case r.Channel != "":
		return r.Channel, nil
	case r.Conversation != "":
		conv, err := repo.Conversation(ctx, r.Conversation)
		return conv.Channel, err
	}
	all, err := repo.ConversationsOf(ctx, r.Contact)
	if err != nil {
		return "", fmt.Errorf("conversations of contact: %w", err)
	}
	if len(all) == 0 {
		return "", core.Problemf(core.CodeInvalid, "This contact has not written yet, so the message needs a channel.").Remedied("Name the channel to send it by.")
	}
	if i := slices.IndexFunc(all, func(c core.Conversation) bool { return c.State == core.ConversationOpen }); i > 0 {
		return all[i].Channel, nil
	}
	return all[0].Channel, nil
}

// route is where a message goes: everything the gate and the bridge need to know about the other end.
type route struct {
	via
	conversation core.Conversation
	contact      core.Contact
	channel      core.Channel
	capabilities core.Capabilities
	window       core.WindowState
	silence      core.Silence
	identity     core.IdentityID    // to answer to
	to           []core.IdentityKey // the same first
}

// sender is the identity that a message answers to, and since when that is known. The zero value is to be found out.
type sender struct {
	identity core.IdentityID
	at       time.Time
}

// route finds the way to a conversation's contact.
func (o *Outbox) route(ctx context.Context, repo core.Repo, conv core.Conversation, v via, s sender) (route, error) {
	rt := route{via: v, conversation: conv}
	reach, err := repo.Reach(ctx, v.id, conv.Contact) // as of now
	if err != nil {
		return rt, fmt.Errorf("channel and contact of conversation: %w", err)
	}
	rt.channel, rt.contact, rt.window = reach.Channel, reach.Contact, reach.Window
	rt.capabilities = rt.link.Capabilities()
	rt.capabilities.Window = rt.capabilities.Window.Tighten(rt.channel.FreeWindow)
	if err := rt.look(ctx, repo); err != nil {
		return rt, err
	}
	if s == (sender{}) {
		if s, err = lastSender(ctx, repo, conv.ID, v.id); err != nil {
			return rt, err
		}
	}
	rt.address(reach, s)
	return rt, nil
}

// look reads when the contact last wrote to the other side of a phone. What the API alone has seen is in the chat on the phone too, and so may be
// answered there.
func (rt *route) look(ctx context.Context, repo core.Repo) error {
	if !rt.channel.Phone || rt.channel.Twin == "" {
		return nil
	}
	other, err := repo.Window(ctx, rt.channel.Twin, rt.conversation.Contact)
	if err != nil {
		return fmt.Errorf("reply window of the other side: %w", err)
	}
	rt.window.Last = core.Latest(rt.window.Last, other.Last)
	return nil
}

// lastSender finds how the contact last wrote on the channel in a conversation.
func lastSender(ctx context.Context, repo core.Repo, id core.ConversationID, ch core.ChannelID) (sender, error) {
	if id == "" {
		return sender{}, nil
	}
	identity, at, err := repo.LastSender(ctx, id, ch)
	if err != nil {
		return sender{}, fmt.Errorf("who wrote last: %w", err)
	}
	return sender{identity, at}, nil
}

// address orders the contact's identities: those that their number or id was changed to since, then the one they last wrote with, then others of
// the channel's scheme.
func (rt *route) address(reach core.Reach, s sender) {
	all := reach.Identities
	rank := func(i core.Identity) int {
		switch {
		case i.Source == core.SourceChanged && i.Seen.After(s.at):
			return 0
		case i.ID == s.identity:
			return 1
		case i.Key.Scheme == rt.info.Scheme:
			return 2
		}
		return 3
	}
	slices.SortStableFunc(all, func(a, b core.Identity) int { return rank(a) - rank(b) })
	for _, i := range all {
		rt.to = append(rt.to, i.Key)
	}
	if len(all) == 0 {
		return
	}
	rt.identity = all[0].ID
	if all[0].Key.Scheme == core.SchemeGroup {
		rt.capabilities.Window = core.Window{}
	}
	// What the contact does not want counts at the address that the bridge will use: the first of the channel's scheme.
	at := max(0, slices.IndexFunc(all, func(i core.Identity) bool { return i.Key.Scheme == rt.info.Scheme }))
	rt.silence = core.SilenceAt(all[at], all, reach.Wishes, reach.Window.Last)
}

// decide asks the gate, and returns the stored definition of a template with its answer.
func (o *Outbox) decide(ctx context.Context, repo core.Repo, rt route, by core.Author, c core.Content) (core.Decision, *core.Template, error) {
	if len(rt.to) == 0 {
		return core.Decision{Verdict: core.VerdictRefuse, Code: core.CodeConflict, Reason: fmt.Sprintf("No address of this contact on %s is known.", rt.info.Title),
			Remedy: "Wait until they write, or use another channel."}, nil, nil
	}
	q := core.Question{Title: rt.info.Title, State: rt.channel.State, Capabilities: rt.capabilities, Conversation: rt.conversation.State,
		Contact: rt.contact, Silence: rt.silence, Window: rt.window, Author: by, Content: c, First: rt.window.Last.IsZero(),
		Converts: o.converts(rt.capabilities, c), Shared: rt.channel.Twin != "", Phone: rt.channel.Phone}
	var err error
	if q.Template, err = template(ctx, repo, rt.channel.ID, c); err != nil {
		return core.Decision{}, nil, err
	}
	return core.Decide(q, o.Now()), q.Template, nil
}

// template returns the stored definition that a content uses, nil if there is none.
func template(ctx context.Context, repo core.Repo, ch core.ChannelID, c core.Content) (*core.Template, error) {
	if c.Kind != core.KindTemplate || c.Template == nil {
		return nil, nil
	}
	t, err := repo.Template(ctx, ch, c.Template.Name, c.Template.Language)
	if errors.Is(err, core.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("template: %w", err)
	}
	return &t, nil
}
