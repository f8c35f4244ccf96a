package core

import (
	"context"
	"time"
)

// MessageFact is what reports need of a message.
type MessageFact struct {
	Conversation ConversationID
	Channel      ChannelID
	Direction    Direction
	Author       Author
	Status       Status
	At           time.Time // when it was stored
}

// EventFact is what reports need of a line of history.
type EventFact struct {
	Conversation ConversationID
	Kind         ConversationEventKind
	By           Author
	Agent        AgentID // of one assigned: who got it; empty: nobody did, it waits for its team or is nobody's
	At           time.Time
}

// ReportRepo reads what reports are made of: the conversations opened in a time, and what happened in them whenever it did. The visits are in the
// order of conversations, and within one in that of time.
type ReportRepo interface {
	ConversationsOpened(ctx context.Context, from, to time.Time) ([]Conversation, error)
	// MessageFacts leaves out history that was imported.
	MessageFacts(ctx context.Context, from, to time.Time, visit func(MessageFact)) error
	// EventFacts are those opened, closed, reopened and assigned.
	EventFacts(ctx context.Context, from, to time.Time, visit func(EventFact)) error
	// RunFacts are the workflow runs that began in a time, oldest first.
	RunFacts(ctx context.Context, from, to time.Time) ([]Run, error)
}
