package inbound

import (
	"context"
	"fmt"
	"slices"

	"causeway/core"
)

// work is a transaction that holds back what it is to store, to store all of it at once, and knows beforehand what its events are about.
// A failure to be the first, with any row, is the whole transaction's.
type work struct {
	tx    core.Tx
	units map[core.WorkspaceID]*unit
}

// begin claims the events of requests and finds what they are about.
func begin(ctx context.Context, tx core.Tx, all []*request) (*work, error) {
	w := &work{tx: tx, units: map[core.WorkspaceID]*unit{}}
	found, err := tx.Look(ctx, wanted(all))
	if err != nil {
		return w, fmt.Errorf("find what events are about: %w", err)
	}
	for _, r := range all {
		w.unit(r.ch.Workspace)
	}
	for key, fresh := range found.Fresh {
		w.unit(key.Workspace).fresh[key] = fresh
	}
	for _, r := range all {
		w.unit(r.ch.Workspace).absent(r)
	}
	w.learn(found)
	return w, nil
}

func (w *work) unit(ws core.WorkspaceID) *unit {
	u := w.units[ws]
	if u == nil {
		raw := w.tx.In(ws)
		u = &unit{ChannelRepo: raw, SafeRepo: raw, PeopleRepo: raw, MailRepo: raw, AutomationRepo: raw, DeskRepo: raw, WorkflowRepo: raw, SurveyRepo: raw, ReportRepo: raw, BroadcastRepo: raw, raw: raw, work: w, ws: ws, fresh: map[core.EventKey]bool{}, parked: map[core.ProviderKey]bool{}}
		u.forget()
		w.units[ws] = u
	}
	return u
}

func (w *work) learn(f core.Found) {
	for _, i := range f.Identities {
		identity := i.Value
		w.unit(i.Workspace).identities[identity.Key] = &identity
	}
	for _, c := range f.Contacts {
		u := w.unit(c.Workspace)
		u.contacts[c.ID], u.open[c.ID] = c, ""
	}
	for _, c := range f.Conversations {
		u := w.unit(c.Workspace)
		u.conversations[c.ID] = &held{Conversation: c}
		if c.State == core.ConversationOpen {
			u.open[c.Contact] = c.ID
		}
	}
	for _, m := range f.Messages {
		w.unit(m.Workspace).messages[m.ID] = &stored{Message: m}
	}
	for _, p := range f.Parts {
		u := w.unit(p.Workspace)
		u.part(p.Value)
	}
	for _, k := range f.Parked {
		w.unit(k.Workspace).parked[k.Value] = true
	}
}

// flush stores what is held back.
func (w *work) flush(ctx context.Context) error {
	var rows core.Rows
	for _, u := range w.units {
		u.drain(&rows)
	}
	if rows.Empty() {
		return nil
	}
	won, err := w.tx.Write(ctx, rows)
	if err != nil {
		return fmt.Errorf("store what events brought: %w", err)
	}
	if !won {
		return errLost
	}
	return nil
}

// try runs f so that its failure undoes only what f did.
func (w *work) try(ctx context.Context, f func() error) error {
	if err := w.flush(ctx); err != nil {
		return err
	}
	err := w.tx.Try(ctx, func() error {
		if err := f(); err != nil {
			return err
		}
		return w.flush(ctx)
	})
	if err != nil {
		for _, u := range w.units {
			u.forget()
		}
	}
	return err
}

// wanted gathers what the events of requests are about. What more is needed is looked for when it is.
func wanted(all []*request) core.Wanted {
	var w core.Wanted
	for _, r := range all {
		for _, e := range r.events {
			if foreign(r.ch, e) || unfit(e) != "" {
				continue
			}
			if !stays(e) {
				w.Claims = append(w.Claims, core.EventKey{Workspace: r.ch.Workspace, Channel: r.ch.ID, Kind: e.Kind, ID: e.ID})
			}
			want(&w, r.ch, e)
		}
	}
	return w
}

// stays reports whether an event need not be claimed: a message that is here already is found by its provider's id, and learns nothing new from
// a repetition.
func stays(e core.Event) bool { return e.Kind == core.EventMessage && e.Message.Provider != "" }

func want(w *core.Wanted, ch core.Channel, e core.Event) {
	ws := ch.Workspace
	key := func(provider string) core.Owned[core.ProviderKey] {
		return core.Owned[core.ProviderKey]{Workspace: ws, Value: core.ProviderKey{Channel: ch.ID, Provider: provider}}
	}
	switch e.Kind {
	case core.EventMessage:
		w.Coming = append(w.Coming, key(e.Message.Provider))
		if q := e.Message.Content.Quote; q != nil && q.Provider != "" {
			w.Targets = append(w.Targets, key(q.Provider))
		}
		for _, k := range append(e.Peer.Identities, variantsOf(e.Peer.Identities)...) {
			w.Identities = append(w.Identities, core.Owned[core.IdentityKey]{Workspace: ws, Value: k})
		}
	case core.EventReceipt:
		if e.Receipt.Provider != "" {
			w.Targets = append(w.Targets, key(e.Receipt.Provider))
		}
		for _, k := range e.Receipt.Learned {
			w.Identities = append(w.Identities, core.Owned[core.IdentityKey]{Workspace: ws, Value: k})
		}
	default:
		return
	}
	if e.Key != "" && !core.IsActKey(e.Key) {
		w.Parts = append(w.Parts, core.Owned[core.PartID]{Workspace: ws, Value: core.PartID(e.Key)})
	}
}

// absent notes of everything that was wanted for a request that it is not there, until it is found.
func (u *unit) absent(r *request) {
	for _, e := range r.events {
		if foreign(r.ch, e) || unfit(e) != "" {
			continue
		}
		var w core.Wanted
		want(&w, r.ch, e)
		key := core.EventKey{Workspace: u.ws, Channel: r.ch.ID, Kind: e.Kind, ID: e.ID}
		if !u.fresh[key] {
			u.fresh[key] = stays(e) // others were asked for, and are known
		}
		for _, k := range append(w.Coming, w.Targets...) {
			u.providers[k.Value] = ""
		}
		for _, k := range w.Coming {
			u.parked[k.Value] = false
		}
		for _, k := range w.Identities {
			u.identities[k.Value] = nil
		}
	}
}

// held is a conversation that the transaction has locked, or opens.
type held struct {
	core.Conversation
	fresh, changed bool
	placed         bool // changed is more than that it has new messages
}

// stored is a message whose parts are all known.
type stored struct {
	core.Message
	fresh, changed bool
	parts          []core.PartID
}

type piece struct {
	core.Part
	changed bool
}

// unit is a workspace's data as the transaction sees it: what the store has, and what is held back. It answers from memory where it can. What it
// does not know it asks the store for, after storing what is held back where the answer could depend on that.
type unit struct {
	core.ChannelRepo // these know nothing of what is held back
	core.SafeRepo
	core.PeopleRepo
	core.MailRepo
	core.AutomationRepo
	core.DeskRepo
	core.WorkflowRepo
	core.SurveyRepo
	core.ReportRepo
	core.BroadcastRepo
	raw  core.Repo
	work *work
	ws   core.WorkspaceID

	fresh  map[core.EventKey]bool    // whether an event is still to be applied
	parked map[core.ProviderKey]bool // whether something waits for a message

	identities    map[core.IdentityKey]*core.Identity // nil: there is none
	contacts      map[core.ContactID]core.Contact
	open          map[core.ContactID]core.ConversationID // empty: none is
	of            map[core.ContactID][]core.Conversation // all of a contact's, newest first; as they were when they were read, but for those held
	conversations map[core.ConversationID]*held
	messages      map[core.MessageID]*stored
	pieces        map[core.PartID]*piece
	providers     map[core.ProviderKey]core.PartID // empty: there is none

	rows core.Rows // new ones that are held back, but for conversations and messages
	made []core.ConversationID
	news []core.MessageID
	// changed ones, in the order of their first change
	changedConversations []core.ConversationID
	changedMessages      []core.MessageID
	changedPieces        []core.PartID
}

var _ core.Repo = (*unit)(nil)

// forget drops what is known, after something was changed behind the unit's back. Nothing may be held back then.
func (u *unit) forget() {
	u.identities, u.contacts = map[core.IdentityKey]*core.Identity{}, map[core.ContactID]core.Contact{}
	u.open, u.of = map[core.ContactID]core.ConversationID{}, map[core.ContactID][]core.Conversation{}
	u.conversations = map[core.ConversationID]*held{}
	u.messages, u.pieces, u.providers = map[core.MessageID]*stored{}, map[core.PartID]*piece{}, map[core.ProviderKey]core.PartID{}
	u.rows, u.made, u.news = core.Rows{}, nil, nil
	u.changedConversations, u.changedMessages, u.changedPieces = nil, nil, nil
}

// part takes in a part as it is in the store.
func (u *unit) part(p core.Part) {
	u.pieces[p.ID] = &piece{Part: p}
	if p.Provider != "" {
		u.providers[core.ProviderKey{Channel: p.Channel, Provider: p.Provider}] = p.ID
	}
	if m := u.messages[p.Message]; m != nil {
		m.parts = append(m.parts, p.ID)
	}
}

// drain moves what is held back to rows. It is known as stored from then on.
func (u *unit) drain(rows *core.Rows) {
	rows.Contacts = append(rows.Contacts, u.rows.Contacts...)
	rows.Identities = append(rows.Identities, u.rows.Identities...)
	rows.Files = append(rows.Files, u.rows.Files...)
	rows.Events = append(rows.Events, u.rows.Events...)
	rows.Happenings = append(rows.Happenings, u.rows.Happenings...)
	rows.Windows = append(rows.Windows, u.rows.Windows...)
	rows.Conversations = slices.Grow(rows.Conversations, len(u.made))
	for _, id := range u.made {
		c := u.conversations[id]
		rows.Conversations = append(rows.Conversations, c.Conversation)
		c.fresh, c.changed, c.placed = false, false, false
	}
	rows.Messages = slices.Grow(rows.Messages, len(u.news))
	for _, id := range u.news {
		m := u.messages[id]
		rows.Messages = append(rows.Messages, u.whole(m))
		m.fresh = false
	}
	for _, id := range u.changedConversations {
		c := u.conversations[id]
		if c.placed {
			rows.Held = append(rows.Held, c.Conversation)
		} else {
			rows.Moved = append(rows.Moved, c.Conversation)
		}
		c.changed, c.placed = false, false
	}
	for _, id := range u.changedMessages {
		m := u.messages[id]
		rows.Statuses = append(rows.Statuses, m.Message)
		m.changed = false
	}
	for _, id := range u.changedPieces {
		p := u.pieces[id]
		rows.Parts = append(rows.Parts, core.Owned[core.Part]{Workspace: u.ws, Value: p.Part})
		p.changed = false
	}
	u.rows, u.made, u.news = core.Rows{}, nil, nil
	u.changedConversations, u.changedMessages, u.changedPieces = nil, nil, nil
}

// whole is a message with its parts.
func (u *unit) whole(m *stored) core.Message {
	all := m.Message
	all.Parts = make([]core.Part, len(m.parts))
	for i, id := range m.parts {
		all.Parts[i] = u.pieces[id].Part
	}
	return all
}

func owned[T any](u *unit, v T) core.Owned[T] { return core.Owned[T]{Workspace: u.ws, Value: v} }
