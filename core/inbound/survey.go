package inbound

import (
	"context"
	"fmt"
	"strings"

	"causeway/core"
)

// surveyed returns, locked, the closed conversation whose survey a message answers, with stars or with the comment that it was asked for then: that
// opens nothing. What cannot be such an answer, or is the first word of somebody new, costs no look.
func (b *batch) surveyed(ctx context.Context, m core.Message) (core.Conversation, bool, error) {
	if m.Historic || m.Direction != core.In {
		return core.Conversation{}, false, nil
	}
	if core.SurveyScore(m.Content) == 0 {
		who, err := b.repo.Contact(ctx, m.Contact)
		if err != nil || m.Content.Kind != core.KindText || who.Created.Equal(b.now) {
			return core.Conversation{}, false, err
		}
	}
	if _, err := b.repo.OpenConversation(ctx, m.Contact); !absent(err) {
		return core.Conversation{}, false, err
	}
	s, err := b.repo.Survey(ctx, m.Contact)
	if absent(err) || err == nil && !s.Awaits(m.Content, b.now) {
		return core.Conversation{}, false, nil
	}
	if err != nil {
		return core.Conversation{}, false, fmt.Errorf("survey of contact: %w", err)
	}
	if said, err := b.invited(ctx, s); err != nil || !said {
		return core.Conversation{}, false, err
	}
	conv, err := b.lock(ctx, s.Conversation)
	if absent(err) {
		return conv, false, nil
	}
	return conv, err == nil && conv.State == core.ConversationClosed, err
}

// invited reports whether the contact was asked for what they may say now: for a comment they are only where the thanks for their stars could be sent, and
// nothing was said since.
func (b *batch) invited(ctx context.Context, s core.SurveyAnswer) (bool, error) {
	if s.Score == 0 {
		return true, nil
	}
	last, err := b.repo.Messages(ctx, s.Conversation, core.Page{Limit: 1})
	if err != nil {
		return false, fmt.Errorf("what was said after the survey: %w", err)
	}
	return len(last) == 1 && strings.HasPrefix(last[0].Key, core.SurveyThanks) && last[0].Status != core.StatusFailed, nil
}

// scored moves the window and lets automation follow the answer to a survey. Nobody is mailed stars; a comment is for people.
func (b *batch) scored(ctx context.Context, m core.Message) error {
	if core.SurveyScore(m.Content) == 0 {
		b.job(core.JobNotify, string(m.Conversation))
	}
	if err := b.openWindow(ctx, m.Identity, m.At); err != nil {
		return err
	}
	return b.happened(ctx, m, core.HappenedMessage)
}
