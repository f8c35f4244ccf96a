package inbound

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"causeway/core"
)

// soonAfter is how soon after the customer's first message nobody can have read it and typed: what the phone says then is its own greeting, or its
// note of absence.
const soonAfter = 2 * time.Second

// markGreeting marks what the app on the phone answers by itself, where its admin says that it does: nobody took over, and the contact still waits.
func (b *batch) markGreeting(ctx context.Context, m *core.Message, conv core.Conversation) error {
	if !b.ch.PhoneGreets() || m.Author.Kind != core.AuthorPhone || m.Historic || m.Content.Automatic != "" {
		return nil
	}
	since, err := b.waitedSince(ctx, *m, conv)
	if took := m.At.Sub(since); err == nil && took >= 0 && took <= soonAfter {
		m.Content.Automatic = core.AutomaticPhone
	}
	return err
}

// waitedSince is since when the contact had waited when a message was written on the phone, though others that were written later may be here already;
// zero: they had not.
func (b *batch) waitedSince(ctx context.Context, m core.Message, conv core.Conversation) (since time.Time, err error) {
	switch {
	case !conv.Waiting.IsZero() && !m.At.Before(conv.Waiting):
		return conv.Waiting, nil
	case !m.At.Before(conv.LastAt):
		return since, nil
	}
	recent, err := b.repo.Messages(ctx, conv.ID, core.Page{Limit: lateAtMost})
	if err != nil {
		return since, fmt.Errorf("what was said before it: %w", err)
	}
	slices.SortStableFunc(recent, func(a, c core.Message) int { return c.At.Compare(a.At) })
	for _, r := range recent {
		switch {
		case r.At.After(m.At) || r.Content.Automatic != "":
		case r.Author.Human():
			return since, nil
		case r.Direction == core.In:
			since = r.At
		}
	}
	return since, nil
}

// early is what the app's own greeting did that came before the message that caused it.
type early struct {
	greetings []core.MessageID
	opened    bool                   // the conversation
	given     core.ConversationEvent // whose it made the conversation, if it is theirs still
	answered  bool                   // somebody of the business has written, too
}

// afterGreeting makes good that such a greeting was quicker than the contact's message, and reports whether it is that message that opened the
// conversation, and automation follows.
func (b *batch) afterGreeting(ctx context.Context, m core.Message, conv *core.Conversation) (opened bool, err error) {
	g, err := b.earlyGreeting(ctx, m, *conv)
	if err != nil || len(g.greetings) == 0 {
		return false, err
	}
	if err := b.takeBack(ctx, g, conv); err != nil || !g.opened {
		return false, err
	}
	if g.answered { // automation would have begun, and stopped at that
		return false, b.noteOpened(ctx, m)
	}
	return true, nil
}

// earlyGreeting looks for such a greeting to a contact's message. Whoever waited before that message got none.
func (b *batch) earlyGreeting(ctx context.Context, m core.Message, conv core.Conversation) (g early, err error) {
	if !b.ch.PhoneGreets() || !conv.Waiting.IsZero() && !m.At.Before(conv.Waiting) {
		return g, nil
	}
	recent, err := b.repo.Messages(ctx, conv.ID, core.Page{Limit: lateAtMost})
	if err != nil {
		return g, fmt.Errorf("greeting of the phone: %w", err)
	}
	for _, r := range recent {
		took := r.At.Sub(m.At)
		switch {
		case r.Direction == core.In || !r.Author.Human() || r.Content.Automatic != "":
		case r.Author.Kind == core.AuthorPhone && took >= 0 && took <= soonAfter:
			g.greetings = append(g.greetings, r.ID)
		default:
			g.answered = true
		}
	}
	if len(g.greetings) == 0 {
		return g, nil
	}
	lines, err := b.repo.ConversationEvents(ctx, conv.ID)
	if err != nil {
		return g, fmt.Errorf("what the greeting of the phone did: %w", err)
	}
	for _, l := range lines {
		ours := slices.Contains(g.greetings, l.Message)
		g.opened = g.opened || ours && l.Kind == core.ConversationEventOpened
		switch {
		case l.Kind != core.ConversationEventAssigned:
		case ours && l.Data["agent"] == string(conv.Agent):
			g.given = l
		default:
			g.given = core.ConversationEvent{}
		}
	}
	return g, nil
}

// takeBack undoes that, so that all is as if the contact's message had come first: it opened the conversation, and nobody has answered.
func (b *batch) takeBack(ctx context.Context, g early, conv *core.Conversation) error {
	for _, id := range g.greetings {
		if err := b.repo.MarkAutomatic(ctx, id, core.AutomaticPhone); err != nil {
			return fmt.Errorf("mark greeting of the phone: %w", err)
		}
	}
	switch {
	case g.answered && g.given.ID != "": // whoever answered would have got it
		g.given.ID, g.given.Message = core.NewID[string](), ""
		return b.repo.AddConversationEvent(ctx, g.given)
	case g.answered:
		return nil
	}
	if g.given.ID != "" {
		conv.Agent = ""
		if err := b.ungive(ctx, conv.ID); err != nil {
			return err
		}
	}
	h, err := b.repo.Handling(ctx, conv.ID)
	if err == nil && !h.Answered.IsZero() {
		h.Answered = time.Time{}
		err = b.repo.SetHandling(ctx, h)
	}
	if err != nil {
		return fmt.Errorf("nobody answered: %w", err)
	}
	return b.unopen(ctx, g, conv.ID)
}

// ungive takes away when a conversation got its agent.
func (b *batch) ungive(ctx context.Context, id core.ConversationID) error {
	_, places, err := b.repo.LockPlaces(ctx, id)
	if p := places[id]; err == nil && !p.Assigned.IsZero() {
		p.Assigned = time.Time{}
		err = b.repo.SetPlace(ctx, p)
	}
	if err != nil {
		return fmt.Errorf("nobody has the conversation: %w", err)
	}
	return nil
}

// unopen keeps automation from following that the phone opened the conversation.
func (b *batch) unopen(ctx context.Context, g early, id core.ConversationID) error {
	if !g.opened {
		return nil
	}
	all, err := b.repo.Happenings(ctx, id)
	for _, h := range all {
		if err == nil && h.Kind == core.HappenedOpened && h.By.Kind == core.AuthorPhone {
			err = b.repo.DropHappening(ctx, id, h.ID)
		}
	}
	if err != nil {
		return fmt.Errorf("the phone did not open the conversation: %w", err)
	}
	return nil
}

// tookOver stops the waiting clock for an answer that a person typed on the phone, tells those who listen, and gives a conversation that is nobody's to
// whom the channel names as the phone's owner.
func (b *batch) tookOver(ctx context.Context, m core.Message, conv *core.Conversation) error {
	data := map[string]string{}
	if !conv.Waiting.IsZero() {
		data["waited"] = m.At.Sub(conv.Waiting).Round(time.Second).String()
	}
	var err error
	if conv.Waiting, err = b.waitingAfter(ctx, m, *conv); err != nil {
		return err
	}
	err = b.repo.AddConversationEvent(ctx, core.ConversationEvent{ID: core.NewID[string](), Conversation: conv.ID, Kind: core.ConversationEventPhoneAnswered, By: m.Author,
		Message: m.ID, Data: data, At: b.now})
	if err != nil {
		return fmt.Errorf("note answer from the phone: %w", err)
	}
	name := b.ch.PhoneOwner()
	if name == "" || conv.Agent != "" {
		return nil
	}
	a, err := b.repo.AgentByName(ctx, name)
	if errors.Is(err, core.ErrNotFound) || err == nil && a.Disabled {
		return nil
	}
	if err != nil {
		return fmt.Errorf("owner of the phone: %w", err)
	}
	conv.Agent = a.ID
	err = b.repo.AddConversationEvent(ctx, core.ConversationEvent{ID: core.NewID[string](), Conversation: conv.ID, Kind: core.ConversationEventAssigned, By: m.Author,
		Message: m.ID, Text: a.Name, Data: map[string]string{"agent": string(a.ID), "team": string(conv.Team)}, At: b.now})
	if err != nil {
		return fmt.Errorf("assign conversation to the phone's owner: %w", err)
	}
	return nil
}

// lateAtMost is how many of a conversation's newest messages are looked through where one comes after what was said later.
const lateAtMost = 50

// waits has a contact wait for an answer to a message, since it was written, unless somebody has answered it from the phone: providers may bring the
// answer first.
func (b *batch) waits(ctx context.Context, m core.Message, conv *core.Conversation) error {
	if !conv.Waiting.IsZero() {
		return nil
	}
	recent, err := b.saidAfter(ctx, m, *conv)
	if err != nil {
		return err
	}
	for _, r := range recent {
		if r.Author.Kind == core.AuthorPhone && r.Content.Automatic == "" && (!b.ch.PhoneGreets() || r.At.Sub(m.At) > soonAfter) {
			return nil
		}
	}
	conv.Waiting = earlier(m.At, b.now)
	return nil
}

// waitingAfter is since when a contact waits after an answer from the phone: not at all, unless that comes late, and they have written since it was given.
func (b *batch) waitingAfter(ctx context.Context, m core.Message, conv core.Conversation) (since time.Time, err error) {
	if conv.Waiting.IsZero() {
		return since, nil
	}
	recent, err := b.saidAfter(ctx, m, conv)
	for _, r := range recent {
		if r.Direction == core.In && r.Content.Automatic == "" && !r.At.Before(conv.Waiting) && (since.IsZero() || r.At.Before(since)) {
			since = r.At
		}
	}
	return since, err
}

// saidAfter lists what was said in a conversation after a message that comes only now.
func (b *batch) saidAfter(ctx context.Context, m core.Message, conv core.Conversation) ([]core.Message, error) {
	if !m.At.Before(conv.LastAt) {
		return nil, nil
	}
	recent, err := b.repo.Messages(ctx, conv.ID, core.Page{Limit: lateAtMost})
	if err != nil {
		return nil, fmt.Errorf("what was said after it: %w", err)
	}
	return slices.DeleteFunc(recent, func(r core.Message) bool { return !r.At.After(m.At) }), nil
}
