package core

import (
	"context"
	"time"
)

// BroadcastState is where a broadcast is.
type BroadcastState string

const (
	BroadcastGoing     BroadcastState = "going" // from At on
	BroadcastPaused    BroadcastState = "paused"
	BroadcastDone      BroadcastState = "done"
	BroadcastCancelled BroadcastState = "cancelled" // ended by a person; those who waited get nothing
)

// Broadcast is one message to many contacts.
type Broadcast struct {
	ID        string // time-ordered
	Name      string
	Channels  []ChannelID // each contact is written to on the first of them that may
	To        Segment
	OptIn     string            // the tag of contacts who agreed to get marketing; "*" says that everybody in To did
	Texts     map[string]string // by language; {name} and {fields} are filled in
	Template  *TemplateUse      // instead of Texts; values are filled in likewise
	Language  string            // of Texts, for contacts whose own is not among them
	At        time.Time         // not before
	PerMinute int               // at most so many are composed; zero: 60
	State     BroadcastState
	By        Author
	Created   time.Time
}

// Segment says which contacts: those to whom all of it applies. The zero value is everybody who is not blocked.
type Segment struct {
	Tags     []string          `json:"tags,omitempty"`
	Without  []string          `json:"without,omitempty"` // tags
	Language string            `json:"language,omitempty"`
	Fields   map[string]string `json:"fields,omitempty"`
}

// RecipientState is what became of a recipient.
type RecipientState string

const (
	RecipientWaiting RecipientState = "waiting"
	RecipientSent    RecipientState = "sent"     // handed to the outbox; the message tells more
	RecipientLeftOut RecipientState = "left-out" // Reason says why
)

// Recipient is a contact of a broadcast.
type Recipient struct {
	Contact ContactID
	State   RecipientState
	Code    Code // why left out, for programs
	Reason  string
	Message MessageID
	At      time.Time
}

// BroadcastRepo keeps broadcasts and their recipients.
type BroadcastRepo interface {
	AddBroadcast(ctx context.Context, b Broadcast) error
	Broadcast(ctx context.Context, id string) (Broadcast, error)
	// Broadcasts lists them, newest first; Page.Before is an id.
	Broadcasts(ctx context.Context, p Page) ([]Broadcast, error)
	// LockBroadcast is Broadcast, and keeps others from changing it until the transaction ends.
	LockBroadcast(ctx context.Context, id string) (Broadcast, error)
	// SetBroadcastState changes the state from one to another and reports whether it was that.
	SetBroadcastState(ctx context.Context, id string, from, to BroadcastState) (bool, error)
	// InSegment lists contacts by id, after one of them, empty for the start.
	InSegment(ctx context.Context, s Segment, after ContactID, limit int) ([]Contact, error)
	// Recipients lists them by contact, after one of them; an empty state is every state.
	Recipients(ctx context.Context, id string, state RecipientState, after ContactID, limit int) ([]Recipient, error)
	// AddRecipients adds those that are not there yet, waiting.
	AddRecipients(ctx context.Context, id string, contacts []ContactID) error
	SetRecipient(ctx context.Context, id string, r Recipient) error
	// CountRecipients counts them by state and, for those left out, by reason.
	CountRecipients(ctx context.Context, id string) (map[RecipientState]int, map[string]int, error)
}

// JobBroadcast goes on with a broadcast; Key is its id.
const JobBroadcast JobKind = "broadcast"
