package workflow

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"causeway/core"
)

// scope gathers what expressions and placeholders can name. It is gathered once a step that changes something.
func (t *turn) scope(ctx context.Context) (scope, error) {
	if !t.set {
		t.now = scope{Vars: map[string]any{}, Answers: map[string]string{}}
		for _, gather := range []func(context.Context) error{t.gatherContact, t.gatherTalk, t.gatherMessage, t.gatherTongue, t.gatherHours} {
			if err := gather(ctx); err != nil {
				return scope{}, err
			}
		}
		t.set = true
	}
	t.now.Event, t.now.Now = t.mem.Event, t.Now()
	if t.mem.Vars != nil {
		t.now.Vars = t.mem.Vars
	}
	if t.mem.Answers != nil {
		t.now.Answers = t.mem.Answers
	}
	return t.now, nil
}

func (t *turn) gatherContact(ctx context.Context) error {
	c, err := t.repo.Contact(ctx, t.conv.Contact)
	if err != nil {
		return fmt.Errorf("contact: %w", err)
	}
	t.now.Contact = contactScope{ID: string(c.ID), Name: c.Name, Language: c.Language}
	if t.now.Fields, err = t.repo.Fields(ctx, c.ID); err != nil {
		return fmt.Errorf("fields of contact: %w", err)
	}
	if t.now.Tags, err = t.repo.ContactTags(ctx, c.ID); err != nil {
		return fmt.Errorf("tags of contact: %w", err)
	}
	known, err := t.repo.IdentitiesOf(ctx, c.ID)
	if err != nil {
		return fmt.Errorf("identities of contact: %w", err)
	}
	for _, i := range known {
		switch i.Key.Scheme {
		case core.SchemePhone:
			t.now.Contact.Phone = i.Key.Value
		case core.SchemeEmail:
			t.now.Contact.Email = i.Key.Value
		default: // of no use to people
		}
	}
	all, err := t.repo.ConversationsOf(ctx, c.ID)
	if err != nil {
		return fmt.Errorf("conversations of contact: %w", err)
	}
	t.now.Contact.Returns = len(all) > 1
	return nil
}

func (t *turn) gatherTalk(ctx context.Context) error {
	c := t.conv
	t.now.Conversation = talkScope{ID: string(c.ID), Number: int(c.Number), State: string(c.State), Age: int(t.Now().Sub(c.Opened).Seconds())}
	if !c.Waiting.IsZero() {
		t.now.Conversation.Waiting = int(t.Now().Sub(c.Waiting).Seconds())
	}
	h, err := t.repo.Handling(ctx, c.ID)
	if err != nil {
		return fmt.Errorf("handling of conversation: %w", err)
	}
	t.now.Conversation.Priority, t.now.Tags = h.Priority, append(t.now.Tags, h.Tags...)
	if c.Referral != nil {
		t.now.Referral = referred(*c.Referral)
	}
	if c.Agent != "" {
		a, err := t.repo.Agent(ctx, c.Agent)
		if err != nil && !errors.Is(err, core.ErrNotFound) {
			return fmt.Errorf("agent of conversation: %w", err)
		}
		t.now.Conversation.Agent = a.Name
	}
	if c.Team != "" {
		team, err := t.repo.Team(ctx, c.Team)
		if err != nil && !errors.Is(err, core.ErrNotFound) {
			return fmt.Errorf("team of conversation: %w", err)
		}
		t.now.Conversation.Team = team.Name
	}
	if c.Channel != "" {
		ch, err := t.repo.Channel(ctx, c.Channel)
		if err != nil && !errors.Is(err, core.ErrNotFound) {
			return fmt.Errorf("channel of conversation: %w", err)
		}
		t.now.Channel = channelScope{ch.Name, ch.Kind}
	}
	return nil
}

// gatherMessage takes what the contact last wrote, as far as the run heard; of a conversation just opened, what it was opened with.
func (t *turn) gatherMessage(ctx context.Context) error {
	m := t.msg
	if m.ID == "" || m.ID != t.mem.Message {
		var err error
		if m, err = t.heardLast(ctx); err != nil {
			return err
		}
	}
	t.now.Message = messageScope{Text: m.Content.Text, Kind: string(m.Content.Kind), Orders: m.Content.Order != nil}
	if m.Content.Choice != nil {
		t.now.Message.Choice = m.Content.Choice.ID
	}
	if m.Content.Referral != nil {
		t.now.Referral = referred(*m.Content.Referral)
	}
	return nil
}

// heardLast is that message; without an id: there is none.
func (t *turn) heardLast(ctx context.Context) (core.Message, error) {
	if t.mem.Message != "" {
		m, err := t.repo.Message(ctx, t.mem.Message)
		if errors.Is(err, core.ErrNotFound) {
			err = nil
		}
		return m, err
	}
	recent, err := t.repo.Messages(ctx, t.conv.ID, core.Page{Limit: 20})
	if err != nil {
		return core.Message{}, fmt.Errorf("recent messages: %w", err)
	}
	if t.mem.Event.Kind == string(core.HappenedOpened) {
		slices.Reverse(recent)
	}
	if i := slices.IndexFunc(recent, func(m core.Message) bool { return m.Direction == core.In }); i >= 0 {
		return recent[i], nil
	}
	return core.Message{}, nil
}

// gatherTongue finds the language to write to the contact in: theirs, else that of what they write, by its letters, else the business's.
func (t *turn) gatherTongue(ctx context.Context) error {
	if t.now.Contact.Language == "" {
		t.mem.Tongue = cmp.Or(core.ScriptLanguage(t.now.Message.Text), t.mem.Tongue)
		t.now.Contact.Language = t.mem.Tongue
	}
	r, err := t.reception(ctx)
	t.tongue = cmp.Or(t.now.Contact.Language, r.Language)
	return err
}

func (t *turn) gatherHours(ctx context.Context) error {
	hours, err := t.hours(ctx)
	if err != nil {
		return err
	}
	t.now.Hours.Open = hours.Open(t.Now())
	next, ok := hours.Next(t.Now())
	if !ok || t.now.Hours.Open {
		return nil
	}
	t.now.Hours.Next, t.now.Hours.When = plain(next), plain(next)
	if t.Phrases != nil {
		t.now.Hours.When = t.Phrases.When(t.Phrases.Language(t.tongue, "", "", nil), t.Now(), next.In(hours.Location()))
	}
	return nil
}

// forget lets the scope be gathered anew, and the conversation be read again.
func (t *turn) forget(ctx context.Context) error {
	t.set = false
	c, err := t.repo.Conversation(ctx, t.conv.ID)
	if err != nil {
		return fmt.Errorf("conversation: %w", err)
	}
	t.conv = c
	return nil
}

// fill writes a text with placeholders.
func (t *turn) fill(ctx context.Context, text string, escape func(string) string) (string, error) {
	p, ok := t.p.phrases[text]
	if !ok {
		return text, nil
	}
	if len(p) == 1 {
		return p[0].text, nil
	}
	s, err := t.scope(ctx)
	if err != nil {
		return "", err
	}
	return p.fill(s, escape, func(name string) (string, error) {
		if t.Secret == nil {
			return "", core.Problemf(core.CodeNotFound, "There is no secret %q.", name)
		}
		v, err := t.Secret(ctx, t.ws, name)
		return v.Reveal(), err
	})
}

// say writes a text in the contact's language.
func (t *turn) say(ctx context.Context, text Text) (string, error) {
	if len(text) == 0 {
		return "", nil
	}
	if len(text) > 1 {
		if _, err := t.scope(ctx); err != nil {
			return "", err
		}
	}
	return t.fill(ctx, text.In(t.tongue), nil)
}

// fillAll fills in each of several texts.
func (t *turn) fillAll(ctx context.Context, all map[string]string) (map[string]string, error) {
	out := make(map[string]string, len(all))
	for k, v := range all {
		text, err := t.fill(ctx, v, nil)
		if err != nil {
			return nil, err
		}
		out[k] = text
	}
	return out, nil
}
