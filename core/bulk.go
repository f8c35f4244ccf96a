package core

import (
	"context"
	"time"
)

// Bulk is what a transaction can do for a batch of events as a whole, with one statement for each kind of thing, whichever workspaces they belong
// to. Every row names its workspace and is bound to it as by In.
type Bulk interface {
	// Look claims events and finds what they are about.
	Look(ctx context.Context, w Wanted) (Found, error)
	// Write stores rows. After ErrOutrun, for any of them, the transaction must fail, for some are stored.
	Write(ctx context.Context, r Rows) error
	// WriteAtEnd stores rows right before the commit, and on the way with it: the database is asked once less. It is Tx that returns ErrOutrun.
	WriteAtEnd(r Rows)
}

// Owned is a thing of a workspace that does not say itself whose it is.
type Owned[T any] struct {
	Workspace WorkspaceID
	Value     T
}

// EventKey is what an event is claimed by.
type EventKey struct {
	Workspace WorkspaceID
	Channel   ChannelID
	Kind      EventKind
	ID        string
}

// ProviderKey is what a part is found by.
type ProviderKey struct {
	Channel  ChannelID
	Provider string
}

// Wanted is what Look claims and finds.
type Wanted struct {
	Claims []EventKey
	// Coming are the provider ids of messages about to be stored. Until the transaction ends nobody finds out that they are missing, so what was
	// parked for them is all there is.
	Coming []Owned[ProviderKey]
	// Targets are the provider ids, and Parts our own, of what events change. Where a target is missing, it does not come before the transaction
	// ends, as with PartByProvider.
	Targets    []Owned[ProviderKey]
	Parts      []Owned[PartID]
	Identities []Owned[IdentityKey]
	Erased     []Owned[string] // marks, as of WereErased
}

// Found is what Look found. The conversations are locked, in the order of their ids, and what else is told of them was read after that.
type Found struct {
	Fresh         map[EventKey]bool    // the claims that are new
	Parts         []Owned[Part]        // by Coming, Targets and Parts, and the others of the same messages
	Messages      []Message            // of Targets and Parts, with reactions but without parts
	Identities    []Owned[Identity]    // by their keys
	Contacts      []Contact            // of Identities
	Conversations []Conversation       // of Messages, and the open ones of Contacts
	Erased        []Owned[string]      // those of Erased that are kept
	Suppressed    map[WorkspaceID]bool // of the workspaces of Identities: whether Suppressions has anything there
	Parked        []Owned[ProviderKey] // those of Coming for which something waits
}

// Rows is what Write stores.
type Rows struct {
	Contacts      []Contact
	Identities    []Owned[Identity]
	Conversations []Conversation // new ones; each gets its Number in the store
	Messages      []Message      // with their parts
	Files         []Owned[File]
	Events        []Owned[ConversationEvent]
	Happenings    []Owned[Happening]
	Windows       []Owned[Touch]
	// Held are conversations that the transaction has locked: all that SetConversation and NextSeq change is written. Of Moved, which are locked too,
	// only that they have new messages: Seq, LastAt and Waiting.
	Held, Moved []Conversation
	// Parts are changed as by SetPart but for their provider ids, Statuses as by SetMessageStatus. Their conversations are locked.
	Parts    []Owned[Part]
	Statuses []Message
	Places   []Owned[Place]    // as by SetPlace, and no conversation twice
	Duties   []Owned[Duty]     // as by SetDuty, and no agent twice
	Log      []Owned[LogEntry] // each with an ID
}

// Empty reports whether there is nothing to store.
func (r Rows) Empty() bool {
	return len(r.Contacts)+len(r.Identities)+len(r.Conversations)+len(r.Messages)+len(r.Files)+len(r.Events)+len(r.Windows)+len(r.Held)+len(r.Moved)+len(r.Parts)+
		len(r.Statuses)+len(r.Places)+len(r.Duties)+len(r.Log)+len(r.Happenings) == 0
}

// Touch is a customer's act that opens a reply window.
type Touch struct {
	Channel  ChannelID
	Identity IdentityID
	At       time.Time
}
