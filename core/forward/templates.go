package forward

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"causeway/core"
)

const mostTemplates = 20

// listed is one line of the list of templates that an agent was mailed, so that its number means the same when they answer.
type listed struct{ Channel, Name, Language string }

// templates lists what may be sent instead, where only templates may. Its numbers are remembered for the answer.
func (w *writer) templates(ctx context.Context) error {
	d, err := w.decide(ctx)
	if err != nil || d.Verdict != core.VerdictTemplate {
		return nil //nolint:nilerr // without the gate's answer there is nothing to offer
	}
	all, err := w.repo.Templates(ctx, w.conv.Channel)
	if err != nil {
		return fmt.Errorf("templates of channel: %w", err)
	}
	wishes, err := w.repo.Wishes(ctx, w.conv.Channel, w.contact.ID)
	if err != nil {
		return fmt.Errorf("wishes of contact: %w", err)
	}
	quiet := w.contact.MarketingStop || slices.ContainsFunc(wishes, func(x core.Wish) bool { return x.Stop && x.Marketing })
	offer := w.sendable(all, quiet)
	if len(offer) == 0 {
		w.page.add(blockNote, w.say("templates-none"))
		return nil
	}
	w.page.add(blockNote, w.say("templates"))
	var list []listed
	for i, t := range offer {
		list = append(list, listed{string(t.Channel), t.Name, t.Language})
		w.page.quote(fmt.Sprintf("%d. %s (%s)", i+1, t.Name, t.Language), t.Preview(nil))
		w.page.add(blockLine, commandLine("#template "+strconv.Itoa(i+1), t))
		w.page.Blocks[len(w.page.Blocks)-1].Dir = "ltr"
	}
	kept, err := json.Marshal(list)
	if err != nil {
		return fmt.Errorf("list of templates: %w", err)
	}
	return w.repo.SetValue(ctx, owner(w.conv.ID), "templates/"+string(w.agent.ID), kept)
}

// commandLine is what to answer to send a template, with its words as examples.
func commandLine(command string, t core.Template) string {
	examples := map[string]string{}
	for _, c := range t.Components {
		for name, value := range c.Examples {
			examples[c.Type+"."+name] = value
			if c.Type == "button" {
				examples[fmt.Sprintf("button.%d", c.Index)] = value
			}
		}
	}
	parts := []string{command}
	for _, key := range t.Parameters() {
		value := clean(examples[key], 60)
		if value == "" {
			_, value, _ = strings.Cut(key, ".")
		}
		parts = append(parts, strings.ReplaceAll(value, "|", "/"))
	}
	return strings.Join(parts, " | ")
}

// sendable picks the templates that can be filled by mail, the contact's language first; to who wants it quiet, none of marketing.
func (w *writer) sendable(all []core.Template, quiet bool) []core.Template {
	offer := slices.DeleteFunc(slices.Clone(all), func(t core.Template) bool {
		return t.Status != core.TemplateApproved || strings.EqualFold(t.Category, "authentication") || quiet && t.Marketing() || needsHeader(t)
	})
	speaks := func(t core.Template) bool {
		base, _, _ := strings.Cut(strings.ReplaceAll(t.Language, "_", "-"), "-")
		theirs, _, _ := strings.Cut(strings.ReplaceAll(w.contact.Language, "_", "-"), "-")
		return theirs != "" && strings.EqualFold(base, theirs)
	}
	slices.SortStableFunc(offer, func(a, b core.Template) int {
		switch x, y := speaks(a), speaks(b); {
		case x && !y:
			return -1
		case y && !x:
			return 1
		}
		return strings.Compare(a.Name+" "+a.Language, b.Name+" "+b.Language)
	})
	return offer[:min(len(offer), mostTemplates)]
}

// needsHeader reports whether the template starts with a file or a place, which a line of text cannot give.
func needsHeader(t core.Template) bool {
	return slices.ContainsFunc(t.Components, func(c core.Component) bool {
		return c.Type == "header" && c.Format != "" && !strings.EqualFold(c.Format, "text")
	})
}

// errNoTemplate says that a number is not in the list.
var errNoTemplate = errors.New("no template of this number")

// pick finds the template that an agent means by the number in their mail, or by its name.
func (w *writer) pick(ctx context.Context, which string) (core.Template, error) {
	kept, err := w.repo.Value(ctx, owner(w.conv.ID), "templates/"+string(w.agent.ID))
	if err != nil {
		return core.Template{}, fmt.Errorf("list of templates: %w", err)
	}
	var list []listed
	if len(kept) > 0 {
		if err := json.Unmarshal(kept, &list); err != nil {
			return core.Template{}, fmt.Errorf("list of templates: %w", err)
		}
	}
	for i, l := range list {
		if strconv.Itoa(i+1) == core.ASCIIDigits(which) || strings.EqualFold(l.Name, which) {
			t, err := w.repo.Template(ctx, core.ChannelID(l.Channel), l.Name, l.Language)
			if errors.Is(err, core.ErrNotFound) {
				return t, errNoTemplate
			}
			return t, err
		}
	}
	return core.Template{}, errNoTemplate
}
