package outbound

import (
	"context"
	"fmt"

	"causeway/core"
)

// overtaken returns a Problem if somebody answered from the business's phone after a message that the author of another answer has seen, and the
// phone's channel wants such answers held. Asked with the conversation locked, it leaves no gap for the phone.
func (o *Outbox) overtaken(ctx context.Context, repo core.Repo, conv core.Conversation, seen int64) error {
	m, there, err := core.PhoneAnswer(ctx, repo, conv, seen)
	if err != nil || !there {
		return err
	}
	ch, err := repo.Channel(ctx, m.Channel)
	if err != nil {
		return fmt.Errorf("channel of the phone: %w", err)
	}
	if ch.AnsweredTwice() == core.TwiceSend {
		return nil
	}
	return core.Problemf(core.CodeOvertaken, "Somebody answered from the phone meanwhile, at %s.", m.At.UTC().Format("15:04 MST")).
		Remedied("Read that answer, then send yours again if it is still wanted.")
}

// overtakenInQueue is overtaken for an agent's answer that waited in the queue: of one that has begun to leave, the rest goes too.
func (o *Outbox) overtakenInQueue(ctx context.Context, repo core.Repo, conv core.Conversation, m core.Message, p core.Part) error {
	last := len(m.Parts) - 1
	if m.Author.Kind != core.AuthorAgent || p.Attempts > 0 || last < 0 || m.Parts[0].ID != p.ID || conv.Seq <= m.Parts[last].Seq {
		return nil
	}
	return o.overtaken(ctx, repo, conv, m.Parts[last].Seq)
}
