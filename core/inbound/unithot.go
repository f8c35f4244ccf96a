package inbound

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"causeway/core"
)

// What follows is what every message and receipt needs.

func (u *unit) ClaimEvent(ctx context.Context, ch core.ChannelID, kind core.EventKind, id string) (bool, error) {
	key := core.EventKey{Workspace: u.ws, Channel: ch, Kind: kind, ID: id}
	fresh, asked := u.fresh[key]
	if !asked {
		return u.raw.ClaimEvent(ctx, ch, kind, id)
	}
	u.fresh[key] = false
	return fresh, nil
}

func (u *unit) Identities(ctx context.Context, keys []core.IdentityKey) ([]core.Identity, error) {
	var unknown []core.IdentityKey
	for _, k := range keys {
		if _, known := u.identities[k]; !known {
			unknown = append(unknown, k)
		}
	}
	if len(unknown) > 0 {
		found, err := u.raw.Identities(ctx, unknown)
		if err != nil {
			return nil, err
		}
		for _, k := range unknown {
			u.identities[k] = nil
		}
		for _, i := range found {
			u.identities[i.Key] = &i
		}
	}
	var all []core.Identity
	for _, k := range keys {
		if i := u.identities[k]; i != nil && !slices.Contains(all, *i) {
			all = append(all, *i)
		}
	}
	return all, nil
}

func (u *unit) Contact(ctx context.Context, id core.ContactID) (core.Contact, error) {
	c, known := u.contacts[id]
	if known {
		return c, nil
	}
	c, err := u.raw.Contact(ctx, id)
	if err == nil {
		u.contacts[id] = c
	}
	return c, err
}

func (u *unit) AddPerson(ctx context.Context, c core.Contact, i core.Identity) (bool, error) {
	there, err := u.Identities(ctx, []core.IdentityKey{i.Key})
	if err != nil || len(there) > 0 {
		return false, err
	}
	u.contacts[c.ID], u.open[c.ID], u.history[c.ID] = c, "", nil
	u.rows.Contacts = append(u.rows.Contacts, c)
	return u.AddIdentity(ctx, i)
}

func (u *unit) AddIdentity(ctx context.Context, i core.Identity) (bool, error) {
	there, err := u.Identities(ctx, []core.IdentityKey{i.Key})
	if err != nil || len(there) > 0 {
		return false, err
	}
	u.identities[i.Key] = &i
	u.rows.Identities = append(u.rows.Identities, owned(u, i))
	return true, nil
}

func (u *unit) TouchWindow(_ context.Context, ch core.ChannelID, id core.IdentityID, at time.Time) error {
	u.rows.Windows = append(u.rows.Windows, owned(u, core.Touch{Channel: ch, Identity: id, At: at}))
	return nil
}

func (u *unit) OpenConversation(ctx context.Context, contact core.ContactID) (core.Conversation, error) {
	id, known := u.open[contact]
	if !known {
		return u.raw.OpenConversation(ctx, contact)
	}
	if id == "" {
		return core.Conversation{}, core.ErrNotFound
	}
	return u.conversations[id].Conversation, nil
}

func (u *unit) AddConversation(ctx context.Context, c *core.Conversation) (bool, error) {
	if c.State == core.ConversationOpen {
		_, err := u.OpenConversation(ctx, c.Contact)
		if !errors.Is(err, core.ErrNotFound) {
			return false, err
		}
		u.open[c.Contact] = c.ID
	}
	u.conversations[c.ID] = &held{Conversation: *c, fresh: true}
	if all, known := u.history[c.Contact]; known {
		u.history[c.Contact] = append([]core.Conversation{*c}, all...)
	}
	u.newConversations = append(u.newConversations, c.ID)
	return true, nil
}

// ConversationsOf answers what each message of a history needs.
func (u *unit) ConversationsOf(ctx context.Context, id core.ContactID) ([]core.Conversation, error) {
	if _, known := u.history[id]; !known {
		all, err := through(ctx, u, func(r core.Repo) ([]core.Conversation, error) { return r.ConversationsOf(ctx, id) })
		if err != nil {
			return nil, err
		}
		u.history[id] = all
	}
	all := slices.Clone(u.history[id])
	for i, c := range all {
		if here := u.conversations[c.ID]; here != nil {
			all[i] = here.Conversation
		}
	}
	return all, nil
}

func (u *unit) Lock(ctx context.Context, id core.ConversationID) (core.Conversation, error) {
	c, err := u.hold(ctx, id)
	if err != nil {
		return core.Conversation{}, err
	}
	return c.Conversation, nil
}

// hold returns a conversation, locked.
func (u *unit) hold(ctx context.Context, id core.ConversationID) (*held, error) {
	if c := u.conversations[id]; c != nil {
		return c, nil
	}
	found, err := u.raw.Lock(ctx, id)
	if err != nil {
		return nil, err
	}
	c := &held{Conversation: found}
	u.conversations[id] = c
	if found.State == core.ConversationOpen {
		u.open[found.Contact] = id
	}
	return c, nil
}

func (u *unit) change(c *held) {
	if !c.fresh && !c.changed {
		c.changed = true
		u.changedConversations = append(u.changedConversations, c.ID)
	}
}

func (u *unit) NextSeq(ctx context.Context, id core.ConversationID, at time.Time) (int64, error) {
	c, err := u.hold(ctx, id)
	if err != nil {
		return 0, err
	}
	c.Seq++
	c.LastAt = core.Latest(c.LastAt, at)
	u.change(c)
	return c.Seq, nil
}

// SetConversation sets what it may of a conversation. Opening and closing are not held back: a contact has one open conversation at most.
func (u *unit) SetConversation(ctx context.Context, c core.Conversation) error {
	here, err := u.hold(ctx, c.ID)
	if err != nil {
		return err
	}
	if here.State != c.State {
		return u.behind(ctx, func(r core.Repo) error { return r.SetConversation(ctx, c) })
	}
	here.placed = here.placed || here.Channel != c.Channel || here.Agent != c.Agent || here.Team != c.Team || !here.Closed.Equal(c.Closed) || here.Referral != c.Referral
	here.Channel, here.Agent, here.Team, here.Closed, here.Waiting, here.Referral = c.Channel, c.Agent, c.Team, c.Closed, c.Waiting, c.Referral
	u.change(here)
	return nil
}

func (u *unit) AddConversationEvent(_ context.Context, e core.ConversationEvent) error {
	u.rows.Events = append(u.rows.Events, owned(u, e))
	return nil
}

func (u *unit) AddHappening(_ context.Context, h core.Happening) error {
	u.rows.Happenings = append(u.rows.Happenings, owned(u, h))
	return nil
}

// AddMessage holds a message back. One with a key may be there already, which only the store knows.
func (u *unit) AddMessage(ctx context.Context, m core.Message) (won bool, err error) {
	if m.Key != "" {
		err = u.behind(ctx, func(r core.Repo) error { won, err = r.AddMessage(ctx, m); return err })
		return won, err
	}
	for _, p := range m.Parts {
		if _, err := u.PartByProvider(ctx, p.Channel, p.Provider); !errors.Is(err, core.ErrNotFound) {
			return false, err
		}
	}
	here := &stored{Message: m, fresh: true}
	here.Parts = nil
	u.messages[m.ID] = here
	for _, p := range m.Parts {
		p.Message, p.Conversation, p.Channel = m.ID, m.Conversation, m.Channel
		u.part(p)
	}
	u.newMessages = append(u.newMessages, m.ID)
	return true, nil
}

func (u *unit) AddFile(_ context.Context, f core.File) error {
	u.rows.Files = append(u.rows.Files, owned(u, f))
	return nil
}

func (u *unit) PartByProvider(ctx context.Context, ch core.ChannelID, provider string) (core.Part, error) {
	if provider == "" {
		return core.Part{}, core.ErrNotFound
	}
	id, known := u.providers[core.ProviderKey{Channel: ch, Provider: provider}]
	if !known {
		return u.raw.PartByProvider(ctx, ch, provider)
	}
	if id == "" {
		return core.Part{}, fmt.Errorf("part with the provider's id %q: %w", provider, core.ErrNotFound)
	}
	return u.pieces[id].Part, nil
}

// ClaimProvider is no more than PartByProvider: what is known was looked for under the guard of the store, and so is what is not.
func (u *unit) ClaimProvider(ctx context.Context, ch core.ChannelID, provider string) (core.Part, error) {
	return u.PartByProvider(ctx, ch, provider)
}

func (u *unit) Part(ctx context.Context, id core.PartID) (core.Part, error) {
	if p := u.pieces[id]; p != nil {
		return p.Part, nil
	}
	return u.raw.Part(ctx, id)
}

// SetPart holds back what is new of a part. A provider's id may be another part's, which only the store knows.
func (u *unit) SetPart(ctx context.Context, p core.Part) error {
	here := u.pieces[p.ID]
	if here == nil || here.Provider != p.Provider || here.Stanza != p.Stanza || u.conversations[here.Conversation] == nil {
		return u.behind(ctx, func(r core.Repo) error { return r.SetPart(ctx, p) })
	}
	here.Status, here.Error, here.Attempts, here.NotBefore, here.Sent, here.Updated = p.Status, p.Error, p.Attempts, p.NotBefore, p.Sent, p.Updated
	if m := u.messages[here.Message]; (m == nil || !m.fresh) && !here.changed {
		here.changed = true
		u.changedPieces = append(u.changedPieces, p.ID)
	}
	return nil
}

func (u *unit) Message(ctx context.Context, id core.MessageID) (core.Message, error) {
	if m := u.messages[id]; m != nil {
		return u.whole(m), nil
	}
	if err := u.work.flush(ctx); err != nil { // of its parts some may be held back
		return core.Message{}, err
	}
	return u.raw.Message(ctx, id)
}

func (u *unit) SetMessageStatus(ctx context.Context, id core.MessageID, s core.Status, e *core.SendError) error {
	m := u.messages[id]
	if m == nil {
		return u.behind(ctx, func(r core.Repo) error { return r.SetMessageStatus(ctx, id, s, e) })
	}
	m.Status, m.Error = s, e
	if !m.fresh && !m.changed {
		m.changed = true
		u.changedMessages = append(u.changedMessages, id)
	}
	return nil
}

func (u *unit) ParkEvent(ctx context.Context, ch core.ChannelID, target string, e core.Event, until time.Time) error {
	u.parked[core.ProviderKey{Channel: ch, Provider: target}] = true
	return u.raw.ParkEvent(ctx, ch, target, e, until)
}

func (u *unit) TakeParked(ctx context.Context, ch core.ChannelID, target string) ([]core.Event, error) {
	key := core.ProviderKey{Channel: ch, Provider: target}
	if waits, asked := u.parked[key]; asked && !waits {
		return nil, nil
	}
	u.parked[key] = false
	return u.raw.TakeParked(ctx, ch, target)
}

// WereErased answers by what was found at the beginning: all that events bring was asked for then.
func (u *unit) WereErased(_ context.Context, marks []string) ([]string, error) {
	return slices.DeleteFunc(slices.Clone(marks), func(m string) bool { return !u.gone[m] }), nil
}

// Suppressions is asked for each new contact, though hardly any workspace has one.
func (u *unit) Suppressions(ctx context.Context, marks []string) ([]core.Suppression, error) {
	if u.unsuppressed {
		return nil, nil
	}
	return u.raw.Suppressions(ctx, marks)
}
