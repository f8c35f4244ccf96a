package core

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Direction is seen from the business.
type Direction string

const (
	In  Direction = "in"
	Out Direction = "out"
)

// Message is what one author said at one time. What leaves is cut into parts, the units that are sent and receipted; what comes in has one.
type Message struct {
	ID           MessageID
	Workspace    WorkspaceID
	Conversation ConversationID
	Contact      ContactID
	Channel      ChannelID
	Identity     IdentityID // through which identity of the contact
	Direction    Direction
	Author       Author
	Seq          int64 // its place in the conversation, from 1
	Content      Content
	Status       Status // of its parts, the least far; see Worst
	Error        *SendError
	At           time.Time // the provider's clock for what came in, ours for what goes out
	Created      time.Time
	Edited       time.Time // zero if never
	Revoked      time.Time // zero if not; the content is then gone
	Historic     bool      // imported: starts nothing, notifies nobody, opens no window
	Key          string    // idempotency key of the request that made it, unique in the workspace; may be empty
	Human        bool      // the window's human extension was used
	Reactions    []Reaction
	Parts        []Part // filled where the reader asks for them
}

// Part is what is sent in one call, or what came in one event. (Channel, Provider) is unique: send result, echo, webhook, history and
// linked device all meet in this row, whichever comes first.
type Part struct {
	ID           PartID // also the key given to the provider, to know our own sends again
	Message      MessageID
	Conversation ConversationID
	Channel      ChannelID
	Seq          int64 // order of sending within the conversation
	Content      Content
	Provider     string // the provider's id, empty until known
	Stanza       string // WhatsApp's id inside Provider, empty if there is none
	Status       Status
	Error        *SendError
	Attempts     int
	NotBefore    time.Time // do not send before; zero: at once
	Sent         time.Time
	Updated      time.Time
}

// Reaction is an emoji put on a message. An empty Emoji takes it back.
type Reaction struct {
	By     Author    `json:"by"`
	Member string    `json:"-"` // which of several people, where the contact is a group: each has a reaction of their own
	Emoji  string    `json:"emoji"`
	At     time.Time `json:"at"`
}

// Attempt is the record of one try to send a part.
type Attempt struct {
	Part   PartID
	Number int
	At     time.Time
	Took   time.Duration
	Result string // "sent", or the SendError's code and outcome
}

// Adopt gives a part, its conversation locked, the id that the provider has for it. Where a message of its own was made for that id meanwhile,
// from an echo that nobody could know as ours, id and status move here; that message stays as it is, without an id.
func Adopt(ctx context.Context, repo Repo, p *Part, provider, stanza string) error {
	if provider == "" || provider == p.Provider {
		return nil
	}
	other, err := repo.ClaimProvider(ctx, p.Channel, provider)
	switch {
	case errors.Is(err, ErrNotFound):
	case err != nil:
		return fmt.Errorf("part with the provider's id: %w", err)
	case other.ID != p.ID:
		p.Status = p.Status.Raise(other.Status)
		other.Provider, other.Stanza = "", ""
		if err := repo.SetPart(ctx, other); err != nil {
			return fmt.Errorf("take provider's id from echo: %w", err)
		}
	}
	p.Provider, p.Stanza = provider, stanza
	return nil
}
