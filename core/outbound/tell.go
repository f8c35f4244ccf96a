package outbound

import (
	"context"
	"time"

	"causeway/core"
)

// Sending is one call of a bridge.
type Sending struct {
	Channel core.Channel
	Outcome string // "sent", "rejected" or "unknown"
	Author  core.AuthorKind
	Took    time.Duration
	After   time.Duration // since the message was asked for, by mail or otherwise
	First   bool          // it is the first try of a message's first part, which was not to wait
}

// tell says what became of a call.
func (o *Outbox) tell(ctx context.Context, ch core.Channel, r result) {
	m, p := r.message, r.part
	s := Sending{Channel: ch, Outcome: "sent", Author: m.Author.Kind, Took: r.took, After: m.Waited(o.Now()),
		First: p.Attempts == 1 && len(m.Parts) > 0 && m.Parts[0].ID == p.ID && m.Parts[0].NotBefore.IsZero()}
	if r.err != nil {
		s.Outcome = string(core.AsSendError(r.err).Outcome)
	}
	if o.Sent != nil {
		o.Sent(s)
	}
	o.Log.InfoContext(ctx, "message handed to the provider", "channel", ch.ID, "conversation", p.Conversation, "part", p.ID, "attempt", p.Attempts,
		"outcome", s.Outcome, "provider", r.sent.Provider, "took", r.took)
}

func (o *Outbox) refused(d core.Decision) {
	if o.Refused != nil {
		o.Refused(d.Code)
	}
}
