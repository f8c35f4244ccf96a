package workflow

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"causeway/core"

	"golang.org/x/text/language"
)

// compose sends messages by the run's key. A refusal is a *core.Problem.
func (t *turn) compose(ctx context.Context, contents []core.Content, channel string) ([]core.Message, error) {
	if err := t.budget(ctx, len(contents)); err != nil {
		return nil, err
	}
	r := core.Request{Conversation: t.conv.ID, Author: t.author(), Contents: contents, Key: t.key()}
	if t.conv.State == core.ConversationClosed {
		r.Conversation, r.Contact, r.Apart = "", t.conv.Contact, true
	}
	if channel != "" {
		ch, err := t.repo.ChannelByName(ctx, channel)
		if err != nil {
			return nil, missing(err, "channel", channel)
		}
		r.Channel = ch.ID
	}
	made, _, err := t.Composer.Compose(ctx, t.ws, r)
	if core.CodeOf(err) == core.CodeConflict { // before a crash it was worded otherwise
		if m, found := t.repo.MessageByKey(ctx, r.Key); found == nil {
			return []core.Message{m}, nil
		}
	}
	return made, err
}

// missing words what is no longer there.
func missing(err error, thing, name string) error {
	if errors.Is(err, core.ErrNotFound) {
		return core.Problemf(core.CodeNotFound, "There is no %s %q.", thing, name).Remedied("Add it, or change the workflow.")
	}
	return err
}

// refusal returns the problem by which something will never be possible; nil where another try may help.
func refusal(err error) *core.Problem {
	var p *core.Problem
	if errors.As(err, &p) && p.Code != core.CodeUnavailable {
		return p
	}
	return nil
}

// budget counts the automatic messages that the contact got in the last hour, each once, whatever crashes.
func (t *turn) budget(ctx context.Context, more int) error {
	const owner = "workflow"
	name, sent := "sent/"+string(t.conv.Contact), map[string]int64{}
	raw, err := t.repo.Value(ctx, owner, name)
	if err != nil {
		return fmt.Errorf("count automatic messages: %w", err)
	}
	_ = json.Unmarshal(raw, &sent) // nil at first
	hour := t.Now().Add(-time.Hour).UnixMilli()
	maps.DeleteFunc(sent, func(_ string, at int64) bool { return at < hour })
	if _, counted := sent[t.key()]; counted {
		return nil
	}
	head, err := t.head(ctx)
	if err != nil {
		return err
	}
	limit := head.Limit
	if limit == 0 {
		limit = usualLimit
	}
	if len(sent)+more > limit {
		return core.Problemf(core.CodeConflict, "The contact got %d automatic messages in an hour, which is the limit.", len(sent)).
			Remedied("Look whether a machine answers, or raise limit in the workflow.")
	}
	for i := range more {
		key := t.key()
		if i > 0 {
			key = fmt.Sprintf("%s/%d", key, i)
		}
		sent[key] = t.Now().UnixMilli()
	}
	if raw, err = json.Marshal(sent); err != nil {
		return fmt.Errorf("count automatic messages: %w", err)
	}
	return t.repo.SetValueUntil(ctx, owner, name, raw, t.Now().Add(2*time.Hour))
}

// refused goes on after the gate's no: at the step's refused, else on, with a note of the remedy. Over the limit the run ends.
func (t *turn) refused(ctx context.Context, s Step, p *core.Problem) error {
	if s.Refused != "" {
		t.goTo(s.Refused)
		return t.save(ctx, nil)
	}
	if p.Code == core.CodeConflict || s.Ask != nil {
		return t.end(ctx, "What it was to say was not sent. "+p.Detail, p.Remedy)
	}
	t.onward()
	return t.save(ctx, t.noting(fmt.Sprintf("What it was to say was not sent. %s", p.Error())))
}

func (t *turn) send(ctx context.Context, s Step) error {
	contents, err := t.contents(ctx, *s.Send)
	if err != nil {
		return err
	}
	if len(contents) == 0 { // its placeholders were empty
		t.onward()
		return nil
	}
	_, err = t.compose(ctx, contents, s.Send.Channel)
	if core.CodeOf(err) == core.CodeWindowClosed && s.Send.Template != nil && contents[0].Kind != core.KindTemplate {
		_, err = t.template(ctx, *s.Send)
	}
	if p := refusal(err); p != nil {
		return t.refused(ctx, s, p)
	}
	if err != nil {
		return err
	}
	t.onward()
	return t.save(ctx, nil)
}

func (t *turn) template(ctx context.Context, s Send) ([]core.Message, error) {
	c, err := t.approved(ctx, s)
	if err != nil {
		return nil, err
	}
	return t.compose(ctx, []core.Content{c}, s.Channel)
}

// contents is what a step sends.
func (t *turn) contents(ctx context.Context, s Send) ([]core.Content, error) {
	text, err := t.say(ctx, s.Text)
	if err != nil {
		return nil, err
	}
	switch {
	case s.Media != nil:
		url, err := t.fill(ctx, s.Media.URL, escapePath)
		return []core.Content{{Kind: core.ContentKind(s.Media.Kind), Text: text, Media: &core.Media{URL: url, Name: s.Media.Name, MIME: s.Media.MIME}}}, err
	case len(s.Options) > 0 && text != "":
		c, err := t.choices(ctx, text, s.Options, nil)
		return []core.Content{c}, err
	case text != "":
		return []core.Content{{Kind: core.KindText, Text: text}}, nil
	case s.Template != nil:
		c, err := t.approved(ctx, s)
		return []core.Content{c}, err
	}
	return nil, nil
}

func (t *turn) choices(ctx context.Context, text string, all []Choice, label Text) (core.Content, error) {
	c := core.Content{Kind: core.KindChoices, Text: text, Choices: &core.Choices{}}
	var err error
	if c.Choices.Label, err = t.say(ctx, label); err != nil {
		return c, err
	}
	for _, o := range all {
		option := core.Option{ID: o.key()}
		if option.Title, err = t.say(ctx, o.Title); err != nil {
			return c, err
		}
		if option.Description, err = t.say(ctx, o.Description); err != nil {
			return c, err
		}
		c.Choices.Options = append(c.Choices.Options, option)
	}
	return c, nil
}

// approved fills a template, in the language that is nearest to the contact's.
func (t *turn) approved(ctx context.Context, s Send) (core.Content, error) {
	values, err := t.fillAll(ctx, s.Template.Values)
	if err != nil {
		return core.Content{}, err
	}
	use := &core.TemplateUse{Name: s.Template.Name, Language: s.Template.Language, Values: values}
	if use.Language != "" {
		return core.Content{Kind: core.KindTemplate, Template: use}, nil
	}
	ch := t.conv.Channel
	if s.Channel != "" {
		named, err := t.repo.ChannelByName(ctx, s.Channel)
		if err != nil {
			return core.Content{}, missing(err, "channel", s.Channel)
		}
		ch = named.ID
	}
	all, err := t.repo.Templates(ctx, ch)
	if err != nil {
		return core.Content{}, fmt.Errorf("templates of channel: %w", err)
	}
	if _, err := t.scope(ctx); err != nil {
		return core.Content{}, err
	}
	use.Language = nearest(t.tongue, use.Name, all)
	return core.Content{Kind: core.KindTemplate, Template: use}, nil
}

// nearest chooses the language of a template: the contact's, else a kin of it, else English, else the first.
func nearest(lang, name string, all []core.Template) string {
	var there []string
	for _, x := range all {
		if x.Name == name && x.Status == core.TemplateApproved {
			there = append(there, x.Language)
		}
	}
	slices.Sort(there)
	for _, want := range []string{lang, "en"} {
		tag, err := language.Parse(want)
		if err != nil {
			continue
		}
		base, _ := tag.Base()
		for _, same := range []func(language.Tag) bool{
			func(x language.Tag) bool { return x == tag },
			func(x language.Tag) bool { b, _ := x.Base(); return b == base },
		} {
			i := slices.IndexFunc(there, func(l string) bool { x, err := language.Parse(l); return err == nil && same(x) })
			if i >= 0 {
				return there[i]
			}
		}
	}
	if len(there) > 0 {
		return there[0]
	}
	return lang
}

// ask sends the question, after an answer that did not fit with the hint before it, and waits.
func (t *turn) ask(ctx context.Context, s Step) error {
	tries := 0
	if t.mem.Ask != nil {
		tries = t.mem.Ask.Tries
	}
	content, err := t.question(ctx, *s.Ask, tries > 0)
	if err != nil {
		return err
	}
	made, err := t.compose(ctx, []core.Content{content}, "")
	if p := refusal(err); p != nil {
		t.mem.Ask = nil
		return t.refused(ctx, s, p)
	}
	if err != nil {
		return err
	}
	if err := t.supersede(ctx); err != nil {
		return err
	}
	timeout := usualTimeout
	if s.Ask.Timeout != "" {
		timeout = t.p.spans[s.Ask.Timeout]
	}
	last := made[len(made)-1]
	t.mem.Ask = &asking{Seq: last.Seq, Tries: tries}
	t.run.State, t.run.Until, t.mem.Steps = core.RunWaiting, t.Now().Add(timeout), 0
	return t.save(ctx, nil)
}

// question is what is asked, again or for the first time.
func (t *turn) question(ctx context.Context, a Ask, again bool) (core.Content, error) {
	text, err := t.say(ctx, a.Text)
	if err == nil && again {
		var hint string
		hint, err = t.hint(ctx, a)
		text = hint + "\n\n" + text
	}
	if err != nil || a.Kind != askChoice {
		return core.Content{Kind: core.KindText, Text: text}, err
	}
	return t.choices(ctx, text, a.Options, a.Label)
}

// supersede ends the other runs that wait for an answer: the newest question is the one that is answered.
func (t *turn) supersede(ctx context.Context) error {
	for _, other := range t.runs {
		if other != t && other.run.State == core.RunWaiting && other.mem.Ask != nil {
			if err := other.end(ctx, fmt.Sprintf("The workflow %q asked something else.", t.run.Workflow), ""); err != nil {
				return err
			}
		}
	}
	return nil
}

// hint says what was wrong with an answer.
func (t *turn) hint(ctx context.Context, a Ask) (string, error) {
	text := a.Hint
	if len(text) == 0 {
		text = hints()[a.Kind]
	}
	if len(text) == 0 {
		text = hints()["text"]
	}
	if _, err := t.scope(ctx); err != nil {
		return "", err
	}
	return t.fill(ctx, text.In(t.tongue), nil)
}

// hints are what is said where the workflow has no hint of its own.
func hints() map[string]Text {
	return map[string]Text{
		"text":   {"en": "Sorry, that does not fit.", "ar": "عذرًا، هذه الإجابة غير مناسبة.", "ru": "Извините, такой ответ не подходит."},
		"number": {"en": "Please answer with a number.", "ar": "من فضلك أجب برقم.", "ru": "Пожалуйста, ответьте числом."},
		"email":  {"en": "Please give an e-mail address, like name@example.com.", "ar": "من فضلك اكتب بريدًا إلكترونيًا مثل name@example.com.", "ru": "Пожалуйста, укажите адрес почты, например name@example.com."},
		"phone":  {"en": "Please give a phone number with its country code, like +44 7700 900123.", "ar": "من فضلك اكتب رقم هاتف مع رمز الدولة مثل \u200e+966 50 123 4567.", "ru": "Пожалуйста, укажите номер телефона с кодом страны, например +7 912 345-67-89."},
		"date":   {"en": "Please give a date, like 2026-12-24.", "ar": "من فضلك اكتب تاريخًا مثل 2026-12-24.", "ru": "Пожалуйста, укажите дату, например 24.12.2026."},
		"choice": {"en": "Please choose one of these.", "ar": "من فضلك اختر واحدًا مما يلي.", "ru": "Пожалуйста, выберите один из вариантов."},
	}
}
