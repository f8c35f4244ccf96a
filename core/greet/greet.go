// Package greet says hello, and when somebody will be back: the greeting to who begins a conversation, the away message to who writes while the
// business is closed. Neither answers a machine or a person of the business, and neither is said twice within its time. The away message goes before
// what workflows say of the opening; the greeting is left out where one of them has spoken, for nobody is greeted twice.
package greet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"causeway/core"
)

// Greeter is a core.Follower.
type Greeter struct {
	Store   core.Store
	Compose core.Composer
	Phrases *core.Phrases
	Now     core.Clock
	Log     *slog.Logger
}

var _ core.Follower = (*Greeter)(nil)

// recently is how long a person who wrote is still there: who answers needs no away message from us.
const recently = 30 * time.Minute

// Follow says what is to be said to a contact's message.
func (g *Greeter) Follow(ctx context.Context, ws core.WorkspaceID, h core.Happening, c *core.Conversation) error {
	begins := h.Kind == core.HappenedOpened && h.By.Kind == core.AuthorContact
	if !begins && h.Kind != core.HappenedMessage || c.State == core.ConversationClosed || g.Now().Sub(h.At) > recently {
		return nil // the last: so long ago that it would only puzzle
	}
	repo := g.Store.In(ws)
	s, err := core.LoadReception(ctx, repo)
	if err != nil {
		return err
	}
	closed := !s.Hours.Open(h.At)
	if begins && (!closed || !s.Away.On) || !s.Away.On && !s.Greeting.On {
		return nil
	}
	recent, err := repo.Messages(ctx, c.ID, core.Page{Limit: few})
	if err != nil {
		return fmt.Errorf("messages of conversation: %w", err)
	}
	first := opening(recent, *c)
	m := first
	if !begins {
		m, err = repo.Message(ctx, h.Message)
	}
	switch {
	case errors.Is(err, core.ErrNotFound) || err == nil && (m.ID == "" || m.Content.Automatic != ""): // gone, or from a machine
		return nil
	case err != nil:
		return fmt.Errorf("message to answer: %w", err)
	case closed && s.Away.On:
		return g.away(ctx, ws, s, h, m)
	case !closed && s.Greeting.On && m.ID == first.ID && !spoken(recent, h):
		return g.say(ctx, ws, h, m, g.greeting(s, m))
	}
	return nil
}

// few are the messages that are looked at.
const few = 20

// opening is the message that opened the conversation: the first in it that is not history, nor the greeting of the app on the phone, which may come in
// before what it answers.
func opening(recent []core.Message, c core.Conversation) core.Message {
	var first core.Message
	for _, m := range recent { // newest first
		if !m.Historic && !m.Created.Before(c.Opened) && (m.Direction == core.In || m.Content.Automatic == "") {
			first = m
		}
	}
	return first
}

// spoken reports whether a workflow has said something by now, but for the greeting itself, after a crash.
func spoken(recent []core.Message, h core.Happening) bool {
	return slices.ContainsFunc(recent, func(m core.Message) bool {
		return m.Author.Kind == core.AuthorWorkflow && !m.Historic && m.Key != greeting+"/"+h.ID
	})
}

// The kinds of what is said. Keys of messages begin with them.
const (
	greeting = "greeting"
	away     = "away"
)

// courtesy is what is said to a contact by itself.
type courtesy struct {
	core.Courtesy
	kind string
	text func(core.Contact) string
}

func (g *Greeter) greeting(s core.Reception, m core.Message) courtesy {
	return courtesy{s.Greeting, greeting, func(who core.Contact) string {
		code := g.Phrases.Language(who.Language, m.Content.Text, s.Language, s.Greeting.Texts)
		name := ""
		if who.Name != "" {
			name = g.Phrases.Say(code, "greeting_name", "name", who.Name)
		}
		if own := s.Greeting.Texts[code]; own != "" {
			return core.Fill(own, "name", who.Name)
		}
		return g.Phrases.Say(code, "greeting", "name", name)
	}}
}

// away says when somebody is back, unless somebody is there all the same.
func (g *Greeter) away(ctx context.Context, ws core.WorkspaceID, s core.Reception, h core.Happening, m core.Message) error {
	there, err := g.answered(ctx, ws, m)
	if err != nil || there {
		return err
	}
	return g.say(ctx, ws, h, m, courtesy{s.Away, away, func(who core.Contact) string {
		return g.absence(s, g.Phrases.Language(who.Language, m.Content.Text, s.Language, s.Away.Texts), who.Name, h.At)
	}})
}

// absence is the away message at a time.
func (g *Greeter) absence(s core.Reception, code, name string, at time.Time) string {
	when, holiday := "", ""
	next, known := s.Hours.Next(at)
	if known {
		when = g.Phrases.When(code, at, next.In(s.Hours.Location()))
	}
	if d, ok := s.Hours.HolidayAt(at); ok {
		holiday = d.Name
	}
	week := g.Phrases.Weekly(code, s.Hours)
	if own := s.Away.Texts[code]; own != "" {
		return core.Fill(own, "name", name, "when", when, "holiday", holiday, "hours", week)
	}
	text := g.Phrases.Say(code, "away", "when", when)
	switch {
	case !known:
		text = g.Phrases.Say(code, "away_open")
	case holiday != "":
		text = g.Phrases.Say(code, "away_holiday", "when", when, "holiday", holiday)
	}
	if s.ShowWeek && week != "" {
		text += " " + g.Phrases.Say(code, "away_hours", "hours", week)
	}
	return text
}

// answered reports whether a person of the business wrote in the conversation just now.
func (g *Greeter) answered(ctx context.Context, ws core.WorkspaceID, m core.Message) (bool, error) {
	all, err := g.Store.In(ws).Messages(ctx, m.Conversation, core.Page{Limit: few})
	if err != nil {
		return false, fmt.Errorf("messages before: %w", err)
	}
	for _, other := range all {
		if other.Direction == core.Out && other.Author.Human() && !other.Historic && other.Created.After(m.Created.Add(-recently)) {
			return true, nil
		}
	}
	return false, nil
}

// say says something to who wrote a message, unless the contact got one of its kind lately. What the gate refuses is not said: the contact is not the one to be told.
func (g *Greeter) say(ctx context.Context, ws core.WorkspaceID, h core.Happening, m core.Message, c courtesy) error {
	repo := g.Store.In(ws)
	mark := c.kind + "/" + string(m.Contact)
	said, err := repo.Value(ctx, markOwner, mark)
	if err != nil {
		return fmt.Errorf("when it was last said: %w", err)
	}
	var last saying
	if json.Unmarshal(said, &last) == nil && last.Happening != h.ID && h.At.Before(last.At.Add(c.Apart())) {
		return nil
	}
	who, err := repo.Contact(ctx, m.Contact)
	if err != nil {
		return fmt.Errorf("contact to write to: %w", err)
	}
	raw, err := json.Marshal(saying{Happening: h.ID, At: h.At})
	if err != nil {
		return err
	}
	if err := repo.SetValueUntil(ctx, markOwner, mark, raw, h.At.Add(c.Apart())); err != nil {
		return fmt.Errorf("remember what is said: %w", err)
	}
	_, d, err := g.Compose.Compose(ctx, ws, core.Request{Conversation: h.Conversation, Author: core.Author{Kind: core.AuthorWorkflow, Name: c.kind}, Key: c.kind + "/" + h.ID,
		Contents: []core.Content{{Kind: core.KindText, Text: strings.TrimSpace(c.text(who))}}})
	if problem := (*core.Problem)(nil); errors.As(err, &problem) {
		g.Log.InfoContext(ctx, "not said", "kind", c.kind, "conversation", h.Conversation, "why", problem.Detail, "code", d.Code)
		return nil
	}
	return err
}

// markOwner keeps to whom what was said, for as long as it is not to be said again.
const markOwner = "greeted"

type saying struct {
	Happening string    `json:"happening"`
	At        time.Time `json:"at"`
}
