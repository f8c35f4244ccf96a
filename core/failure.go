package core

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Learn remembers what a failed send teaches beyond the message: a window that the provider calls closed, a contact who stopped marketing,
// or blocked the account. It is called in the transaction that marks the part as failed, whether the provider said so at once or later. Sent is when the
// message was handed to the provider: what the customer wrote after that opens the window again, and ends a block.
func Learn(ctx context.Context, repo Repo, m Message, e *SendError, sent time.Time) error {
	if e == nil || m.Identity == "" {
		return nil
	}
	wish := Wish{Channel: m.Channel, Identity: m.Identity, Stop: true, At: sent}
	switch e.Effect {
	case EffectWindow:
		if err := repo.CloseWindow(ctx, m.Channel, m.Identity, sent); err != nil {
			return fmt.Errorf("note window as closed: %w", err)
		}
		return nil
	case EffectStop:
		wish.Marketing = true
	case EffectBlock:
		wish.Block = true
	default: // the others teach nothing beyond the message
		return nil
	}
	if _, err := repo.SetWish(ctx, wish); err != nil {
		return fmt.Errorf("note wish: %w", err)
	}
	return nil
}

// FailureNotice returns the mail that tells an agent what their customer did not get. It is false when no agent wrote the message.
func FailureNotice(m Message, p Part, now time.Time) (Notice, bool) {
	if m.Author.Kind != AuthorAgent || m.Author.Agent == "" {
		return Notice{}, false
	}
	text := "The message could not be delivered."
	if p.Error != nil {
		text = p.Error.Reason
		if p.Error.Remedy != "" {
			text += " " + p.Error.Remedy
		}
		if p.Error.Code != "" {
			text += " (" + p.Error.Code + ")"
		}
	}
	return Notice{ID: NewID[NoticeID](), Conversation: m.Conversation, Agent: m.Author.Agent, Kind: NoticeFailed,
		Key: fmt.Sprintf("failed/%s/%s/%d", p.ID, p.Status, p.Attempts), Message: m.ID, Text: text, State: NoticeWaiting, Created: now}, true
}

// TellFailure has those told, in the transaction that marks a part as failed, who should know what a customer did not get: the agent who wrote it; of what
// a program wrote, once, those who follow the conversation, by its history, while it is open. What went to many has a report of its own. It reports whether
// anybody is told.
func TellFailure(ctx context.Context, repo Repo, m Message, p Part, now time.Time) (told bool, err error) {
	if n, ok := FailureNotice(m, p, now); ok {
		if _, err := repo.AddNotice(ctx, n); err != nil {
			return false, fmt.Errorf("add failure notice: %w", err)
		}
		return true, nil
	}
	if m.Author == Broadcaster() || m.Author.Kind != AuthorWorkflow && m.Author.Kind != AuthorAPI && m.Author.Kind != AuthorAgent {
		return false, nil
	}
	if told, err := failureTold(ctx, repo, m); told || err != nil {
		return false, err
	}
	e := ConversationEvent{ID: NewID[string](), Conversation: m.Conversation, Kind: ConversationEventNotice, Code: LineNotDelivered, By: Author{Kind: AuthorSystem},
		Message: m.ID, At: now, Data: map[string]string{}, Text: "A message sent by a program did not arrive."}
	if p.Error != nil {
		e.Data["why"], e.Data["remedy"] = p.Error.Reason, p.Error.Remedy
		e.Text += " " + p.Error.Reason
	}
	if err := repo.AddConversationEvent(ctx, e); err != nil {
		return false, fmt.Errorf("note failure: %w", err)
	}
	return true, nil
}

// failureTold reports whether nobody is to be told any more that a program's message did not arrive.
func failureTold(ctx context.Context, repo Repo, m Message) (bool, error) {
	conv, err := repo.Conversation(ctx, m.Conversation)
	if err != nil || conv.State != ConversationOpen {
		return true, err
	}
	history, err := repo.ConversationEvents(ctx, m.Conversation)
	if err != nil {
		return false, fmt.Errorf("history of failed message: %w", err)
	}
	return slices.ContainsFunc(history, func(e ConversationEvent) bool { return e.Code == LineNotDelivered && e.Message == m.ID }), nil
}

// AboutPart reports whether a FailureNotice is about a part.
func AboutPart(n Notice, p PartID) bool { return strings.HasPrefix(n.Key+"/", "failed/"+string(p)+"/") }
