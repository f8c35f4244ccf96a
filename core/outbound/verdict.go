package outbound

import (
	"context"
	"fmt"
	"time"

	"causeway/core"
)

// Verdict is what a person says of a message of which nobody knew whether it arrived.
type Verdict string

const (
	VerdictSent   Verdict = "sent"   // it arrived
	VerdictFailed Verdict = "failed" // it did not, and is not wanted any more
	VerdictAgain  Verdict = "again"  // it is to be sent once more, even if the customer may then have it twice
)

// Rule settles a message of unknown outcome by a person's word, and has those told who follow the conversation. What is to be sent again passes the
// gate again, and goes before what waits behind it.
func (o *Outbox) Rule(ctx context.Context, ws core.WorkspaceID, id core.MessageID, v Verdict) error {
	m, err := o.Store.In(ws).Message(ctx, id)
	if err != nil {
		return fmt.Errorf("message to settle: %w", err)
	}
	return o.Store.Tx(ctx, func(tx core.Tx) error {
		repo := tx.In(ws)
		if _, err := repo.Lock(ctx, m.Conversation); err != nil {
			return fmt.Errorf("lock conversation: %w", err)
		}
		ruled, err := o.rule(ctx, repo, id, v)
		if err != nil {
			return err
		}
		if !ruled {
			return core.Problemf(core.CodeConflict, "It is known what became of this message.").Remedied("See: causeway jobs unknown")
		}
		err = repo.AddConversationEvent(ctx, core.ConversationEvent{ID: core.NewID[string](), Conversation: m.Conversation, Kind: core.EventNotice,
			Code: "settled-" + string(v), By: core.Author{Kind: core.AuthorSystem}, Message: id, At: o.Now(), Text: v.sentence()})
		if err != nil {
			return fmt.Errorf("note outcome as settled: %w", err)
		}
		return tx.Enqueue(ctx, core.Job{Kind: core.JobDeliver, Workspace: ws, Key: string(m.Conversation)},
			core.Job{Kind: core.JobNotify, Workspace: ws, Key: string(m.Conversation)})
	})
}

// rule settles the parts of a message, its conversation locked. False: none is unknown.
func (o *Outbox) rule(ctx context.Context, repo core.Repo, id core.MessageID, v Verdict) (ruled bool, err error) {
	m, err := repo.Message(ctx, id)
	if err != nil {
		return false, fmt.Errorf("message to settle: %w", err)
	}
	for _, p := range m.Parts {
		if p.Status != core.StatusUnknown {
			continue
		}
		ruled = true
		if err := o.alter(ctx, repo, p.ID, v.apply); err != nil {
			return ruled, err
		}
	}
	return ruled, nil
}

func (v Verdict) apply(p *core.Part) error {
	p.NotBefore, p.Error = time.Time{}, nil
	switch v {
	case VerdictSent:
		p.Status, p.Sent = core.StatusSent, p.Updated
	case VerdictFailed:
		p.Status, p.Error = core.StatusFailed, core.Unsendable("Somebody found that this message did not arrive.", "Write it again if it is still wanted.")
	case VerdictAgain:
		p.Status = core.StatusQueued
	default:
		return core.Problemf(core.CodeInvalid, "%q says nothing about a message.", string(v)).Remedied("Say sent, failed or again.")
	}
	return nil
}

// sentence is for the history of the conversation.
func (v Verdict) sentence() string {
	const doubt = "It was not known whether this message arrived. "
	switch v {
	case VerdictSent:
		return doubt + "Somebody found that it did."
	case VerdictFailed:
		return doubt + "Somebody found that it did not."
	default:
		return doubt + "It is sent once more, as somebody decided."
	}
}
