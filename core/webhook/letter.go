package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"causeway/core"
)

// letter is what a webhook is sent. What does not belong to the event is left out.
type letter struct {
	ID           string       `json:"id"`
	Event        string       `json:"event"`
	At           time.Time    `json:"at"`
	By           core.Author  `json:"by"`
	Conversation conversation `json:"conversation"`
	Contact      contact      `json:"contact"`
	Message      *message     `json:"message,omitempty"`
	Order        *order       `json:"order,omitempty"`
	Tag          string       `json:"tag,omitempty"`
	Field        *field       `json:"field,omitempty"`
}

type conversation struct {
	ID      core.ConversationID    `json:"id"`
	Number  int64                  `json:"number"`
	State   core.ConversationState `json:"state"`
	Channel core.ChannelID         `json:"channel"`
	Agent   core.AgentID           `json:"agent,omitempty"`
	Team    core.TeamID            `json:"team,omitempty"`
	Opened  time.Time              `json:"opened_at"`
	Closed  time.Time              `json:"closed_at,omitzero"`
}

type contact struct {
	ID       core.ContactID `json:"id"`
	Name     string         `json:"name,omitempty"`
	Language string         `json:"language,omitempty"`
}

type message struct {
	ID        core.MessageID `json:"id"`
	Channel   core.ChannelID `json:"channel"`
	Seq       int64          `json:"seq"`
	Direction core.Direction `json:"direction"`
	Author    core.Author    `json:"author"`
	Content   core.Content   `json:"content"`
	Status    core.Status    `json:"status"`
	At        time.Time      `json:"at"`
}

type order struct {
	ID      string            `json:"id"`
	State   string            `json:"state"`
	Items   []core.OrderItem  `json:"items"`
	Data    map[string]string `json:"data,omitempty"`
	Created time.Time         `json:"created_at"`
	Changed time.Time         `json:"changed_at"`
}

type field struct {
	Name  string `json:"name"`
	Value string `json:"value"` // empty: it was taken away
}

// write writes a letter, of how things are now. Nothing: what it would be about is gone.
func (c *Caller) write(ctx context.Context, repo core.Repo, event string, h core.Happening, conv core.Conversation) ([]byte, error) {
	who, err := repo.Contact(ctx, conv.Contact)
	if err != nil {
		return nil, fmt.Errorf("contact of letter: %w", err)
	}
	l := letter{ID: h.ID, Event: event, At: h.At, By: h.By, Contact: contact{who.ID, who.Name, who.Language},
		Conversation: conversation{conv.ID, conv.Number, conv.State, conv.Channel, conv.Agent, conv.Team, conv.Opened, conv.Closed}}
	switch err := l.fill(ctx, repo, h, conv); {
	case errors.Is(err, core.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, err
	}
	body, err := json.Marshal(l)
	if err != nil {
		return nil, fmt.Errorf("write letter to webhook: %w", err)
	}
	return body, nil
}

// fill adds what the event is about.
func (l *letter) fill(ctx context.Context, repo core.Repo, h core.Happening, conv core.Conversation) error {
	switch h.Kind {
	case core.HappenedMessage, core.HappenedAnswered, core.HappenedSent:
		m, err := repo.Message(ctx, h.Message)
		if err != nil {
			return fmt.Errorf("message of letter: %w", err)
		}
		l.Message = &message{m.ID, m.Channel, m.Seq, m.Direction, m.Author, m.Content, m.Status, m.At}
	case core.HappenedOrdered, core.HappenedOrderChanged:
		p, err := repo.Purchase(ctx, h.Name)
		if err != nil {
			return fmt.Errorf("order of letter: %w", err)
		}
		l.Order = &order{p.ID, p.State, append([]core.OrderItem{}, p.Items...), p.Data, p.Created, p.Changed}
	case core.HappenedTagged, core.HappenedUntagged:
		l.Tag = h.Name
	case core.HappenedField:
		all, err := repo.Fields(ctx, conv.Contact)
		if err != nil {
			return fmt.Errorf("fields of letter: %w", err)
		}
		l.Field = &field{h.Name, all[h.Name]}
	case core.HappenedOpened, core.HappenedClosed, core.HappenedReopened, core.HappenedAssigned, core.HappenedTimer, core.HappenedSchedule:
	}
	return nil
}
