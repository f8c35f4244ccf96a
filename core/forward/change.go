package forward

import (
	"context"
	"errors"
	"fmt"
	"time"

	"causeway/core"
)

// change says in a line what became of a message: a reaction, an edit, a deletion.
func (w *writer) change(ctx context.Context) error {
	e, err := w.event(ctx)
	if err != nil {
		return err
	}
	if e.Kind == core.ConversationEventAssigned {
		return w.handed(ctx, e)
	}
	name, about := w.name, w.about(ctx, e)
	if e.By.Kind == core.AuthorPhone || e.By.Kind == core.AuthorAPI {
		name = w.author(ctx, core.Message{Author: e.By})
	}
	switch e.Code {
	case core.LineEdit, core.LineFilled:
		w.page.add(blockLead, w.say(string(e.Code), "name", name))
		if err := w.edited(ctx, e); err != nil {
			return err
		}
		if e.Data["old"] != "" {
			w.page.quote(w.say("edit-before"), e.Data["old"])
		}
	case core.LineNotDelivered:
		w.page.add(blockSay, w.say(string(e.Code), "name", name, "text", about))
		if e.Data["why"] != "" {
			w.page.add(blockSay, w.because(e.Data["why"], e.Data["remedy"]))
		}
	case core.LineUnknown:
		w.page.add(blockSay, w.say("unknown-sent", "name", name, "text", about))
	case core.LineReaction, core.LineReactionRemoved, core.LineRevoke, core.LineIdentityChanged, core.LineNumberReused, core.LineStopped, core.LineResumed,
		core.LineMarketingStopped, core.LineMarketingResumed, core.LineBlocked, core.LineUnblocked, core.LineSettledSent, core.LineSettledFailed,
		core.LineSettledAgain, core.LineGivenUpFailed, core.LineGivenUpAgain, core.LineChangeFailed, core.LineRepeats:
		w.page.add(blockSay, w.say(string(e.Code), "name", name, "channel", w.title, "emoji", e.Data["emoji"], "text", about, "old", e.Data["old"], "new", e.Data["new"], "why", e.Data["why"]))
	default:
		w.page.add(blockSay, w.told(e, name))
	}
	w.page.Peek = w.page.Blocks[0].Text
	return nil
}

// handed says that the agent, or their team, has the conversation now, and what was said in it.
func (w *writer) handed(ctx context.Context, e core.ConversationEvent) error {
	code := "handed"
	if e.Data["agent"] == "" {
		code = "handed-team"
	}
	w.page.add(blockSay, w.say(code))
	w.page.Peek = w.page.Blocks[0].Text
	return w.earlier(ctx, core.Bookmark{})
}

// told words a line of history with what it brings; a time in "until" is one of the agent's clock.
func (w *writer) told(e core.ConversationEvent, name string) string {
	if !w.has(string(e.Code)) {
		return w.notice.Text
	}
	values := []string{"name", name, "channel", w.title}
	for key, value := range e.Data {
		if at, err := time.Parse(time.RFC3339, value); err == nil {
			value = w.when(at)
		}
		values = append(values, key, value)
	}
	return w.say(string(e.Code), values...)
}

// edited shows what a message says now; with its file, where it could not be shown before.
func (w *writer) edited(ctx context.Context, e core.ConversationEvent) error {
	m, err := w.repo.Message(ctx, e.Message)
	if err != nil && !errors.Is(err, core.ErrNotFound) {
		return fmt.Errorf("edited message: %w", err)
	}
	if err == nil && e.Data["old"] == "" && m.Content.Kind != core.KindText && m.Revoked.IsZero() {
		return w.content(ctx, m.Content)
	}
	w.page.add(blockText, e.Data["text"])
	return nil
}

// event finds the line of history that a change is about.
func (w *writer) event(ctx context.Context) (core.ConversationEvent, error) {
	all, err := w.repo.ConversationEvents(ctx, w.conv.ID)
	if err != nil {
		return core.ConversationEvent{}, fmt.Errorf("history of conversation: %w", err)
	}
	for _, e := range all {
		if eventKey(e, w.notice.Agent) == w.notice.Key {
			return e, nil
		}
	}
	return core.ConversationEvent{Text: w.notice.Text}, nil
}

// about is the message that a reaction belongs to, in a few words.
func (w *writer) about(ctx context.Context, e core.ConversationEvent) string {
	if m, err := w.repo.Message(ctx, e.Message); err == nil && m.Revoked.IsZero() {
		return clean(w.summary(m.Content, 160), 160)
	}
	return clean(e.Data["text"], 160)
}
