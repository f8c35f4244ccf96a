package inbound

import (
	"slices"

	"causeway/core"
)

// held is a conversation that the transaction has locked, or opens.
type held struct {
	core.Conversation
	fresh   bool // not stored yet
	changed bool // since it was stored
	placed  bool // that is more than having new messages
}

// stored is a message whose parts are all known.
type stored struct {
	core.Message
	fresh   bool // not stored yet
	changed bool // since it was stored
	parts   []core.PartID
}

// piece is a part as the transaction has it.
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
	core.ErasureRepo
	raw  core.Repo
	work *work
	ws   core.WorkspaceID

	gone         map[string]bool           // marks of messages that were erased, of all that were asked for
	unsuppressed bool                      // nobody's silence is kept
	fresh        map[core.EventKey]bool    // whether an event is still to be applied
	parked       map[core.ProviderKey]bool // whether something waits for a message

	identities    map[core.IdentityKey]*core.Identity // nil: there is none
	contacts      map[core.ContactID]core.Contact
	open          map[core.ContactID]core.ConversationID // empty: none is
	history       map[core.ContactID][]core.Conversation // all of a contact's, newest first; as they were when they were read, but for those held
	conversations map[core.ConversationID]*held
	messages      map[core.MessageID]*stored
	pieces        map[core.PartID]*piece
	providers     map[core.ProviderKey]core.PartID // empty: there is none

	rows             core.Rows // new ones that are held back, but for conversations and messages
	newConversations []core.ConversationID
	newMessages      []core.MessageID
	// in the order of their first change
	changedConversations []core.ConversationID
	changedMessages      []core.MessageID
	changedPieces        []core.PartID
}

var _ core.Repo = (*unit)(nil)

func newUnit(w *work, ws core.WorkspaceID) *unit {
	raw := w.tx.In(ws)
	u := &unit{ChannelRepo: raw, SafeRepo: raw, PeopleRepo: raw, MailRepo: raw, AutomationRepo: raw, DeskRepo: raw, WorkflowRepo: raw, SurveyRepo: raw,
		ReportRepo: raw, BroadcastRepo: raw, ErasureRepo: raw, raw: raw, work: w, ws: ws, gone: map[string]bool{}, fresh: map[core.EventKey]bool{}, parked: map[core.ProviderKey]bool{}}
	u.forget()
	return u
}

// forget drops what is known, after something was changed behind the unit's back. Nothing may be held back then.
func (u *unit) forget() {
	u.identities, u.contacts = map[core.IdentityKey]*core.Identity{}, map[core.ContactID]core.Contact{}
	u.open, u.history = map[core.ContactID]core.ConversationID{}, map[core.ContactID][]core.Conversation{}
	u.conversations = map[core.ConversationID]*held{}
	u.messages, u.pieces, u.providers = map[core.MessageID]*stored{}, map[core.PartID]*piece{}, map[core.ProviderKey]core.PartID{}
	u.nothingHeld()
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

// nothingHeld begins to hold back anew.
func (u *unit) nothingHeld() {
	u.rows, u.newConversations, u.newMessages = core.Rows{}, nil, nil
	u.changedConversations, u.changedMessages, u.changedPieces = nil, nil, nil
}

// drain moves what is held back to rows. It is known as stored from then on.
func (u *unit) drain(rows *core.Rows) {
	rows.Contacts = append(rows.Contacts, u.rows.Contacts...)
	rows.Identities = append(rows.Identities, u.rows.Identities...)
	rows.Files = append(rows.Files, u.rows.Files...)
	rows.Events = append(rows.Events, u.rows.Events...)
	rows.Happenings = append(rows.Happenings, u.rows.Happenings...)
	rows.Windows = append(rows.Windows, u.rows.Windows...)
	u.drainNew(rows)
	u.drainChanged(rows)
	u.nothingHeld()
}

func (u *unit) drainNew(rows *core.Rows) {
	rows.Conversations = slices.Grow(rows.Conversations, len(u.newConversations))
	for _, id := range u.newConversations {
		c := u.conversations[id]
		rows.Conversations = append(rows.Conversations, c.Conversation)
		c.fresh, c.changed, c.placed = false, false, false
	}
	rows.Messages = slices.Grow(rows.Messages, len(u.newMessages))
	for _, id := range u.newMessages {
		m := u.messages[id]
		rows.Messages = append(rows.Messages, u.whole(m))
		m.fresh = false
	}
}

func (u *unit) drainChanged(rows *core.Rows) {
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
