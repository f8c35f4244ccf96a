package outbound

import (
	"context"
	"fmt"
	"time"

	"causeway/core"
)

// Verdict is what a person says of a message of which nobody knew whether it arrived, or that was given up.
type Verdict string

const (
	VerdictSent   Verdict = "sent"   // it arrived
	VerdictFailed Verdict = "failed" // it did not, and is not wanted any more
	VerdictAgain  Verdict = "again"  // it is to be sent once more, even if the customer may then have it twice
)

// Rule settles a message of unknown outcome, or one that was given up though what stood in its way passes, by a person's word, and has those told who
// follow the conversation. What is to be sent again passes the gate again, and goes before what waits behind it.
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
		about, err := o.rule(ctx, repo, id, v)
		if err != nil {
			return err
		}
		if about == nil {
			return core.Problemf(core.CodeConflict, "It is known what became of this message.").Remedied("See: causeway jobs unknown, and causeway jobs undelivered")
		}
		code, text := about.line(v)
		err = repo.AddConversationEvent(ctx, core.ConversationEvent{ID: core.NewID[string](), Conversation: m.Conversation, Kind: core.ConversationEventNotice,
			Code: code, By: core.Author{Kind: core.AuthorSystem}, Message: id, At: o.Now(), Text: text})
		if err != nil {
			return fmt.Errorf("note outcome as settled: %w", err)
		}
		return tx.Enqueue(ctx, core.Job{Kind: core.JobDeliver, Workspace: ws, Key: string(m.Conversation)},
			core.Job{Kind: core.JobNotify, Workspace: ws, Key: string(m.Conversation)})
	})
}

// doubtful is what a person may rule on, as the history of the conversation tells it.
type doubtful struct {
	sent, failed, again core.LineCode
	was, left           string
}

var (
	notKnown = doubtful{core.LineSettledSent, core.LineSettledFailed, core.LineSettledAgain, "It was not known whether this message arrived.", "Somebody found that it did not."}
	givenUp  = doubtful{"", core.LineGivenUpFailed, core.LineGivenUpAgain, "This message was given up.", "Somebody decided to leave it at that."} // never found to be sent
)

// ruledOn is what there is to rule on in a part; nil: nothing.
func ruledOn(p core.Part) *doubtful {
	switch {
	case p.Status == core.StatusUnknown:
		return &notKnown
	case p.Status == core.StatusFailed && p.Error.Passes():
		return &givenUp
	}
	return nil
}

// rule settles the parts of a message, its conversation locked, and returns what was the matter with one of them; nil: nothing with any.
func (o *Outbox) rule(ctx context.Context, repo core.Repo, id core.MessageID, v Verdict) (about *doubtful, err error) {
	m, err := repo.Message(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("message to settle: %w", err)
	}
	for _, p := range m.Parts {
		matter := ruledOn(p)
		if matter == nil {
			continue
		}
		if matter == &givenUp && v == VerdictSent {
			return nil, core.Problemf(core.CodeConflict, "This message was given up: by all that the provider says it did not arrive.").Remedied("Say failed or again.")
		}
		if err := o.changePart(ctx, repo, p.ID, v.apply); err != nil {
			return nil, err
		}
		about = matter
	}
	return about, nil
}

func (v Verdict) apply(p *core.Part) error {
	p.NotBefore, p.Error = time.Time{}, nil
	switch v {
	case VerdictSent:
		p.Status, p.Sent = core.StatusSent, p.Updated
	case VerdictFailed:
		p.Status, p.Error = core.StatusFailed, core.Unsendable("Somebody found that this message did not arrive.", "Write it again if it is still wanted.")
	case VerdictAgain:
		p.Status, p.Sent = core.StatusQueued, time.Time{}
	default:
		return core.Problemf(core.CodeInvalid, "%q says nothing about a message.", string(v)).Remedied("Say sent, failed or again.")
	}
	return nil
}

// line says in the history of the conversation how it was ruled.
func (d doubtful) line(v Verdict) (core.LineCode, string) {
	switch v {
	case VerdictSent:
		return d.sent, d.was + " Somebody found that it did."
	case VerdictFailed:
		return d.failed, d.was + " " + d.left
	default:
		return d.again, d.was + " It is sent once more, as somebody decided."
	}
}
