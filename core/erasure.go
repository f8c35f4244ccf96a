package core

import (
	"context"
	"time"
)

// JobErase goes on with an erasure; Key is its id. JobEraseAgain looks once more a while after it ended: what was being stored when it began may have
// come in behind it.
const (
	JobErase      JobKind = "erase"
	JobEraseAgain JobKind = "erase-again"
)

// Erasure is the proof that a contact was erased. But for Search, which is empty once all is done, nothing in it tells who it was.
type Erasure struct {
	ID      string    // time-ordered
	Contact ContactID // whose row stays, empty
	By      Author    // who asked for it
	Marks   []string  // keyed hashes of the addresses: whoever has the master key can say of an address whether it was erased
	Counts  map[string]int
	Search  EraseSearch
	Step    EraseStep // what is being erased
	Place   string    // how far that has come
	Asked   time.Time
	Done    time.Time // zero while it goes on
}

// EraseSearch is by what is known what is still to be erased.
type EraseSearch struct {
	People    []ContactID   `json:"people,omitempty"`    // the contact, and those that were merged into it
	Addresses []IdentityKey `json:"addresses,omitempty"` // what they were known by
	Names     []string      `json:"names,omitempty"`     // under which they wrote in groups
	Values    []ValueName   `json:"values,omitempty"`    // what links kept of them
}

// ValueName is by what a small value is found.
type ValueName struct {
	Owner string `json:"owner"`
	Name  string `json:"name"`
}

// EraseStep is a kind of thing that is erased. They are gone through in the order of EraseSteps.
type EraseStep string

const (
	EraseUploads       EraseStep = "uploads"       // files that were uploaded for the contact become theirs
	EraseShared        EraseStep = "shared files"  // those that messages to others show, too, do not
	EraseMessages      EraseStep = "messages"      // and what belongs to each
	EraseGroups        EraseStep = "groups"        // what the contact said in groups
	EraseFiles         EraseStep = "files"         // that belong to no message
	EraseMails         EraseStep = "mails"         // of agents, as they were received
	EraseConversations EraseStep = "conversations" // notes, orders, runs of workflows and what else there is beside messages
	EraseLog           EraseStep = "log entries"   // of the channel log
	EraseLetters       EraseStep = "dead letters"
	EraseParked        EraseStep = "parked events"
	EraseSeen          EraseStep = "event ids"
	EraseValues        EraseStep = "values"
	EraseRecords       EraseStep = "records" // of linked devices' sessions
	EraseJobs          EraseStep = "jobs"
)

// EraseSteps are all steps in their order.
func EraseSteps() []EraseStep {
	return []EraseStep{EraseUploads, EraseShared, EraseMessages, EraseGroups, EraseFiles, EraseMails, EraseConversations, EraseLog, EraseLetters, EraseParked, EraseSeen,
		EraseValues, EraseRecords, EraseJobs}
}

// What is counted; see Erasure.Counts and Census. Beside these, each step counts under its own name.
const (
	CountConversations = "conversations"
	CountMessages      = "messages"
	CountFiles         = "files"
	CountMails         = "mails"             // of agents, as they were received
	CountNotices       = "mails to agents"   // which lie in their mailboxes
	CountMailboxes     = "agents' mailboxes" // in which those lie
)

// EraseBatch is what an erasure finds next: things of one step, a bounded number.
type EraseBatch struct {
	Next     string // the place to go on; empty: the step is over
	Messages []MessageID
	Files    []MediaID
	Blobs    []string       // names of files that go first
	Rows     [][]string     // keys of rows
	In       ConversationID // whose other belongings go, too
	Came     []File         // files, of which links may keep something: with where they came from
	Values   []ValueName    // what they keep
}

// Empty reports whether there is nothing to erase.
func (b EraseBatch) Empty() bool {
	return len(b.Messages)+len(b.Files)+len(b.Blobs)+len(b.Rows)+len(b.Values) == 0 && b.In == ""
}

// Repeatable is by what a message that was erased is known when its provider repeats it. Fields that are empty say nothing.
type Repeatable struct {
	Channel  ChannelID
	Part     PartID // the key that an echo brings
	Provider string
	Number   string // of the business, which two channels share
	Stanza   string
}

// Marks are what a Repeatable is known by, to be hashed.
func (r Repeatable) Marks() []string {
	var all []string
	if r.Provider != "" {
		all = append(all, "id/"+string(r.Channel)+"/"+r.Provider)
	}
	if r.Part != "" {
		all = append(all, "key/"+string(r.Part))
	}
	if r.Number != "" && r.Stanza != "" {
		all = append(all, "stanza/"+r.Number+"/"+r.Stanza)
	}
	return all
}

// Mark is what an address is known by, to be hashed.
func (k IdentityKey) Mark() string {
	return "address/" + string(k.Scheme) + "/" + k.Scope + "/" + k.Value
}

// Erased is what came of a batch.
type Erased struct {
	Counts map[string]int
	Gone   []Repeatable
	Again  bool // there is more of the same batch
}

// Suppression is an opt-out that outlasts who asked for it.
type Suppression struct {
	Mark      string    // keyed hash of the address
	Channel   ChannelID // empty: any
	Marketing bool
	At        time.Time
}

// ErasureRepo erases contacts, and remembers that they were.
type ErasureRepo interface {
	AddErasure(ctx context.Context, e Erasure) error
	Erasure(ctx context.Context, id string) (Erasure, error)
	// Erasures lists them, newest first; Page.Before is an id.
	Erasures(ctx context.Context, p Page) ([]Erasure, error)
	// ErasureOf returns the newest of a contact.
	ErasureOf(ctx context.Context, id ContactID) (Erasure, error)
	// HoldErasure keeps others from an erasure until the transaction ends, and returns it.
	HoldErasure(ctx context.Context, id string) (Erasure, error)
	// SetErasure updates counts, search, step, place and done.
	SetErasure(ctx context.Context, e Erasure) error

	// MergedInto returns the contacts that are part of one, whichever way round.
	MergedInto(ctx context.Context, id ContactID) ([]ContactID, error)
	// Census counts what is kept of people, by the words of Erasure.Counts.
	Census(ctx context.Context, people []ContactID) (map[string]int, error)
	// Sever makes people nobody: without name, addresses, wishes, fields and tags. Their conversations are closed, and nothing that waits is sent, to them
	// or about them. The rows of the people stay, empty.
	Sever(ctx context.Context, people []ContactID, at time.Time) error
	// ToErase finds a bounded number of things of a step from a place on, the empty one at first.
	ToErase(ctx context.Context, step EraseStep, s EraseSearch, place string) (EraseBatch, error)
	// Erase erases what ToErase found. What is gone already counts no more. Since is from when on messages count as ones that may be repeated.
	Erase(ctx context.Context, step EraseStep, s EraseSearch, b EraseBatch, at, since time.Time) (Erased, error)

	// RememberErased keeps keyed hashes of what may be repeated, until a time.
	RememberErased(ctx context.Context, marks []string, until time.Time) error
	// WereErased returns those of the marks that RememberErased keeps.
	WereErased(ctx context.Context, marks []string) ([]string, error)
	// ForgetEvent takes back a ClaimEvent.
	ForgetEvent(ctx context.Context, ch ChannelID, kind EventKind, id string) error
	KeepSuppressions(ctx context.Context, all []Suppression) error
	// Suppressions returns those that are kept for marks.
	Suppressions(ctx context.Context, marks []string) ([]Suppression, error)
}

// RememberingBridge is a bridge whose links keep small values about peers with Host.Save and the like.
type RememberingBridge interface {
	// Remembers names the values that a link may keep of a peer.
	Remembers(peer IdentityKey) []string
	// RemembersFile names those that it may keep of a file that came from a peer.
	RemembersFile(m Media) []string
}
