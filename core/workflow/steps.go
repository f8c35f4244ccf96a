package workflow

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"causeway/core"

	"golang.org/x/text/language"
)

// stored takes a step whose effect is in the store, in one transaction with the run.
func (t *turn) stored(ctx context.Context, do func(ctx context.Context, tx core.Tx, repo core.Repo) error) error {
	t.onward()
	if err := t.save(ctx, do); err != nil {
		return err
	}
	return t.forget(ctx)
}

// setField sets a field of the contact, and lets automation follow.
func (t *turn) setField(ctx context.Context, tx core.Tx, repo core.Repo, name, value string) error {
	changed, err := repo.SetField(ctx, t.conv.Contact, name, strings.TrimSpace(value))
	if err != nil {
		return fmt.Errorf("set field %q: %w", name, err)
	}
	if !changed {
		return nil
	}
	return t.happen(ctx, tx, core.HappenedField, name)
}

func (t *turn) happen(ctx context.Context, tx core.Tx, kind core.HappeningKind, name string) error {
	h := core.Happening{ID: core.NewID[string](), Conversation: t.conv.ID, Kind: kind, By: t.author(), Name: name, At: t.Now()}
	if err := core.Happen(ctx, tx, t.ws, h); err != nil {
		return fmt.Errorf("let automation follow: %w", err)
	}
	return nil
}

func (t *turn) change(ctx context.Context, s Set) error {
	fields, err := t.fillAll(ctx, s.Fields)
	if err != nil {
		return err
	}
	vars, err := t.fillAll(ctx, s.Vars)
	if err != nil {
		return err
	}
	for k, v := range vars {
		t.keep("vars."+k, v)
	}
	lang, err := t.fill(ctx, s.Language, nil)
	if err != nil {
		return err
	}
	name, err := t.fill(ctx, s.ContactAs, nil)
	if err != nil {
		return err
	}
	return t.stored(ctx, func(ctx context.Context, tx core.Tx, repo core.Repo) error {
		for _, k := range sortedKeys(fields) {
			if err := t.setField(ctx, tx, repo, k, fields[k]); err != nil {
				return err
			}
		}
		if err := t.tagContact(ctx, tx, repo, s); err != nil {
			return err
		}
		if err := t.tagTalk(ctx, tx, repo, s); err != nil {
			return err
		}
		return t.rename(ctx, repo, name, lang)
	})
}

func sortedKeys(m map[string]string) []string {
	all := make([]string, 0, len(m))
	for k := range m {
		all = append(all, k)
	}
	slices.Sort(all)
	return all
}

func (t *turn) tagContact(ctx context.Context, tx core.Tx, repo core.Repo, s Set) error {
	for _, tag := range slices.Concat(s.Tags, s.Untag) {
		on, kind := slices.Contains(s.Tags, tag), core.HappenedUntagged
		if on {
			kind = core.HappenedTagged
		}
		changed, err := repo.SetContactTag(ctx, t.conv.Contact, tag, on)
		if err != nil {
			return fmt.Errorf("tag contact: %w", err)
		}
		if changed {
			if err := t.happen(ctx, tx, kind, tag); err != nil {
				return err
			}
		}
	}
	return nil
}

func (t *turn) tagTalk(ctx context.Context, tx core.Tx, repo core.Repo, s Set) error {
	if len(s.TalkTags)+len(s.TalkUntag) == 0 && s.Priority == "" {
		return nil
	}
	h, err := repo.Handling(ctx, t.conv.ID)
	if err != nil {
		return fmt.Errorf("handling of conversation: %w", err)
	}
	before := slices.Clone(h.Tags)
	h.Tags = slices.DeleteFunc(append(h.Tags, s.TalkTags...), func(tag string) bool { return slices.Contains(s.TalkUntag, tag) })
	if s.Priority != "" {
		h.Priority = map[string]int{"normal": 0, "high": 1, "urgent": 2}[s.Priority]
	}
	if err := repo.SetHandling(ctx, h); err != nil {
		return fmt.Errorf("tag conversation: %w", err)
	}
	for _, tag := range s.TalkTags {
		if !slices.Contains(before, tag) {
			if err := t.happen(ctx, tx, core.HappenedTagged, tag); err != nil {
				return err
			}
		}
	}
	for _, tag := range s.TalkUntag {
		if slices.Contains(before, tag) {
			if err := t.happen(ctx, tx, core.HappenedUntagged, tag); err != nil {
				return err
			}
		}
	}
	return nil
}

// rename sets the contact's name and language. What is no language is left out.
func (t *turn) rename(ctx context.Context, repo core.Repo, name, lang string) error {
	tag, err := language.Parse(strings.TrimSpace(lang))
	if err != nil {
		lang = ""
	}
	if strings.TrimSpace(name) == "" && lang == "" {
		return nil
	}
	c, err := repo.Contact(ctx, t.conv.Contact)
	if err != nil {
		return fmt.Errorf("contact: %w", err)
	}
	if name = strings.TrimSpace(name); name != "" {
		c.Name = name
	}
	if lang != "" {
		c.Language = tag.String()
	}
	return repo.SetContact(ctx, c)
}

// keep remembers a value under vars.name or answers.name.
func (t *turn) keep(to, value string) {
	kind, name, _ := strings.Cut(to, ".")
	if kind == "answers" {
		if t.mem.Answers == nil {
			t.mem.Answers = map[string]string{}
		}
		t.mem.Answers[name] = value
		return
	}
	if t.mem.Vars == nil {
		t.mem.Vars = map[string]any{}
	}
	t.mem.Vars[name] = value
}

func (t *turn) note(ctx context.Context, text string) error {
	text, err := t.fill(ctx, text, nil)
	if err != nil {
		return err
	}
	return t.stored(ctx, func(ctx context.Context, tx core.Tx, repo core.Repo) error {
		return t.line(ctx, tx, repo, core.ConversationEventNote, text)
	})
}

func (t *turn) order(ctx context.Context, b Buy) error {
	p := core.Purchase{ID: core.NewID[string](), Conversation: t.conv.ID, Contact: t.conv.Contact, State: "new", Created: t.Now(), Changed: t.Now()}
	state, err := t.fill(ctx, b.State, nil)
	if err != nil {
		return err
	}
	if state != "" {
		p.State = state
	}
	if p.Data, err = t.fillAll(ctx, b.Data); err != nil {
		return err
	}
	if p.Items, err = t.items(ctx, b); err != nil {
		return err
	}
	t.keep("vars.order", p.ID)
	return t.stored(ctx, func(ctx context.Context, tx core.Tx, repo core.Repo) error {
		if err := repo.AddPurchase(ctx, p); err != nil {
			return fmt.Errorf("take order down: %w", err)
		}
		if err := repo.AddConversationEvent(ctx, core.ConversationEvent{ID: core.NewID[string](), Conversation: t.conv.ID, Kind: core.ConversationEventOrdered, By: t.author(), Code: core.LineOrder,
			Data: map[string]string{"order": p.ID, "state": p.State}, Text: fmt.Sprintf("An order of %d items was taken down.", len(p.Items)), At: t.Now()}); err != nil {
			return err
		}
		return t.happen(ctx, tx, core.HappenedOrdered, p.ID)
	})
}

// items are those of the step, else those that the contact ordered from a catalogue.
func (t *turn) items(ctx context.Context, b Buy) ([]core.OrderItem, error) {
	if len(b.Items) == 0 {
		m, err := t.heardLast(ctx)
		if err != nil || m.Content.Order == nil {
			return nil, err
		}
		return m.Content.Order.Items, nil
	}
	var all []core.OrderItem
	for _, i := range b.Items {
		var texts [4]string
		for n, text := range [...]string{i.Product, i.Quantity, i.Price, i.Currency} {
			var err error
			if texts[n], err = t.fill(ctx, text, nil); err != nil {
				return nil, err
			}
		}
		if texts[1] == "" {
			texts[1] = "1"
		}
		all = append(all, core.OrderItem{Product: texts[0], Quantity: texts[1], Price: texts[2], Currency: texts[3]})
	}
	return all, nil
}

// assign asks for somebody. It is asked again after a crash, which changes nothing.
func (t *turn) assign(ctx context.Context, s Assign) error {
	a := core.Assignment{Conversation: t.conv.ID, Previous: s.Previous, Dedicated: s.Dedicated, Skills: s.Skills, Language: s.Language, Fallback: t.p.spans[s.Fallback], By: t.author()}
	if s.Language == "contact" {
		now, err := t.scope(ctx)
		if err != nil {
			return err
		}
		a.Language = now.Contact.Language
	}
	err := t.who(ctx, s, &a)
	if err == nil {
		_, err = t.Assigner.Assign(ctx, t.ws, a)
	}
	if p := refusal(err); p != nil {
		return t.stored(ctx, t.noting("Nobody was assigned. "+p.Error()))
	}
	if err != nil {
		return fmt.Errorf("assign: %w", err)
	}
	return t.stored(ctx, nil)
}

func (t *turn) who(ctx context.Context, s Assign, a *core.Assignment) error {
	if s.Agent != "" {
		agent, err := t.repo.AgentByName(ctx, s.Agent)
		if err != nil {
			return missing(err, "agent", s.Agent)
		}
		a.Agent = agent.ID
	}
	if s.Team != "" {
		team, err := t.repo.TeamByName(ctx, s.Team)
		if err != nil {
			return missing(err, "team", s.Team)
		}
		a.Team = team.ID
	}
	return nil
}

// notify leaves a mail for each, by a key: each gets it once.
func (t *turn) notify(ctx context.Context, n Notify) error {
	text, err := t.fill(ctx, n.Text, nil)
	if err != nil {
		return err
	}
	to, err := t.recipients(ctx, n)
	if err != nil {
		return err
	}
	return t.stored(ctx, func(ctx context.Context, tx core.Tx, repo core.Repo) error {
		for _, id := range to {
			mail := core.Notice{ID: core.NewID[core.NoticeID](), Conversation: t.conv.ID, Agent: id, Kind: core.NoticeAlert, Key: t.key() + "/" + string(id), Text: text,
				State: core.NoticeWaiting, Created: t.Now()}
			if _, err := repo.AddNotice(ctx, mail); err != nil {
				return fmt.Errorf("leave mail: %w", err)
			}
		}
		if len(to) == 0 {
			return t.noting("Its mail went to nobody: none of those it names is there.")(ctx, tx, repo)
		}
		return tx.Enqueue(ctx, core.Job{Kind: core.JobNotify, Workspace: t.ws, Key: string(t.conv.ID)})
	})
}

// recipients are the agents to be mailed, each once, those left out who are gone.
func (t *turn) recipients(ctx context.Context, n Notify) ([]core.AgentID, error) {
	var all []core.AgentID
	if n.Assigned && t.conv.Agent != "" {
		all = append(all, t.conv.Agent)
	}
	for _, name := range n.To {
		a, err := t.repo.AgentByName(ctx, name)
		if err == nil {
			all = append(all, a.ID)
			continue
		}
		if !errors.Is(err, core.ErrNotFound) {
			return nil, fmt.Errorf("agent to mail: %w", err)
		}
		team, err := t.repo.TeamByName(ctx, name)
		if err != nil && !errors.Is(err, core.ErrNotFound) {
			return nil, fmt.Errorf("team to mail: %w", err)
		}
		all = append(all, team.Members...)
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}

// close says goodbye, closes the conversation and ends the run. Closing again after a crash changes nothing.
func (t *turn) close(ctx context.Context, s Step) error {
	text, err := t.say(ctx, s.Close.Text)
	if err != nil {
		return err
	}
	if text != "" && t.conv.State == core.ConversationOpen {
		_, err := t.compose(ctx, []core.Content{{Kind: core.KindText, Text: text}}, "")
		if err != nil && refusal(err) == nil {
			return err
		}
	}
	if t.conv, err = t.Desk.Close(ctx, t.ws, t.conv.ID, t.author()); err != nil {
		return fmt.Errorf("close conversation: %w", err)
	}
	return t.end(ctx, "done", "")
}
