package core

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Learn remembers what a failed send teaches beyond the message: a window that the provider calls closed, a contact who stopped marketing.
// It is called in the transaction that marks the part as failed, whether the provider said so at once or later. Sent is when the message was
// handed to the provider: what the customer wrote after that opens the window again.
func Learn(ctx context.Context, repo Repo, m Message, e *SendError, sent time.Time) error {
	if e == nil {
		return nil
	}
	switch e.Effect {
	case EffectWindow:
		if m.Identity == "" {
			return nil
		}
		if err := repo.CloseWindow(ctx, m.Channel, m.Identity, sent); err != nil {
			return fmt.Errorf("note window as closed: %w", err)
		}
	case EffectStop:
		if m.Identity == "" {
			return nil
		}
		if _, err := repo.SetWish(ctx, Wish{Channel: m.Channel, Identity: m.Identity, Marketing: true, Stop: true, At: sent}); err != nil {
			return fmt.Errorf("note wish: %w", err)
		}
	default: // the others teach nothing beyond the message
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

// AboutPart reports whether a FailureNotice is about a part.
func AboutPart(n Notice, p PartID) bool { return strings.HasPrefix(n.Key+"/", "failed/"+string(p)+"/") }
