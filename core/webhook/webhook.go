// Package webhook tells other systems of the business what happens: conversations, messages and orders.
//
// A Caller follows what happens, as automation does, and keeps a letter for each webhook that wants to know, in the transaction that asks for the
// job that brings it. What happened in one conversation is brought in its order, one letter at a time; conversations go side by side. A letter that is
// not taken is tried again with growing waits, and holds up those behind it; when the job is given up they wait for somebody to start it again, or
// for the next letter of the conversation. After a week a letter is forgotten. A crash may bring a letter twice, under the same id.
package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"causeway/core"
)

const (
	answersIn  = 10 * time.Second
	keptFor    = 7 * 24 * time.Hour
	mostAnswer = 64 << 10 // bytes read, so that the connection can be used again
	// ShortestSecret is how long a secret has to be, in bytes.
	ShortestSecret = 16
)

// Events are all that there are.
var Events = [...]string{"conversation.opened", "conversation.assigned", "conversation.closed", "conversation.reopened", "conversation.tagged", "conversation.untagged",
	"contact.field", "message.received", "message.sent", "order.created", "order.changed"}

// Caller tells webhooks. It is a core.Follower, and the worker of core.JobWebhook.
type Caller struct {
	Store core.Store
	Now   core.Clock
	Log   *slog.Logger
	// Client calls the public internet only, and shows none of the secrets anywhere.
	Client func(secrets []core.Secret) *http.Client
	// Refuses says why an address would never be called.
	Refuses func(ctx context.Context, address string) error
	// Secret opens a webhook's secret.
	Secret func(ctx context.Context, ws core.WorkspaceID, hook string) (core.Secret, error)
}

var _ core.Follower = (*Caller)(nil)

// Check says what is wrong with a webhook.
func Check(h core.Webhook) error {
	u, err := url.Parse(h.URL)
	switch {
	case h.Name == "" || len(h.Name) > 64 || strings.ContainsAny(h.Name, "/\r\n\x00"):
		return core.Problemf(core.CodeInvalid, "%q cannot be the name of a webhook.", h.Name).Remedied("Use at most 64 letters, without slashes.")
	case err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || u.Fragment != "":
		return core.Problemf(core.CodeInvalid, "The webhook %q has no address that can be called.", h.Name).Remedied("Give it one like https://crm.example.com/causeway, without user and password.")
	case len(h.Events) == 0:
		return core.Problemf(core.CodeInvalid, "The webhook %q wants to know nothing.", h.Name).Remedied("Name its events, like order.* or conversation.closed.")
	}
	for _, e := range h.Events {
		if !slices.ContainsFunc(Events[:], func(known string) bool { return fits(e, known) }) {
			return core.Problemf(core.CodeInvalid, "There is no event %q.", e).Remedied("Write one of: %s; or a group of them, like order.*.", strings.Join(Events[:], ", "))
		}
	}
	return nil
}

// Check says what is wrong with a webhook, and whether its address would never be called.
func (c *Caller) Check(ctx context.Context, h core.Webhook) error {
	if err := Check(h); err != nil {
		return err
	}
	err := c.Refuses(ctx, h.URL)
	var p *core.Problem
	if errors.As(err, &p) {
		return core.Problemf(core.CodeInvalid, "The webhook %q would never be told: %s", h.Name, p.Detail).Remedied("%s", p.Remedy)
	}
	return err
}

// CheckSecret says what is wrong with a webhook's secret.
func CheckSecret(s core.Secret) error {
	if len(s.Reveal()) < ShortestSecret {
		return core.Problemf(core.CodeInvalid, "The webhook's secret is too short.").Remedied("Use at least %d characters that nobody can guess.", ShortestSecret)
	}
	return nil
}

// fits reports whether an event is meant by a name, or by that of its group.
func fits(wanted, event string) bool {
	group, all := strings.CutSuffix(wanted, "*")
	return wanted == event || all && (group == "" || strings.HasSuffix(group, ".")) && strings.HasPrefix(event, group)
}

func wants(h core.Webhook, event string) bool {
	return slices.ContainsFunc(h.Events, func(e string) bool { return fits(e, event) })
}

// eventOf names what happened for other systems; "" is nothing that they are told.
func eventOf(h core.Happening) string {
	return map[core.HappeningKind]string{core.HappenedOpened: "conversation.opened", core.HappenedAssigned: "conversation.assigned", core.HappenedClosed: "conversation.closed",
		core.HappenedReopened: "conversation.reopened", core.HappenedTagged: "conversation.tagged", core.HappenedUntagged: "conversation.untagged", core.HappenedField: "contact.field",
		core.HappenedMessage: "message.received", core.HappenedAnswered: "message.sent", core.HappenedSent: "message.sent",
		core.HappenedOrdered: "order.created", core.HappenedOrderChanged: "order.changed"}[h.Kind]
}

// Follow keeps a letter for each webhook that wants to know of what happened.
func (c *Caller) Follow(ctx context.Context, ws core.WorkspaceID, h core.Happening, conv *core.Conversation) error {
	event := eventOf(h)
	if event == "" {
		return nil
	}
	hooks, err := core.LoadWebhooks(ctx, c.Store.In(ws))
	if err != nil {
		return err
	}
	hooks = slices.DeleteFunc(hooks, func(x core.Webhook) bool { return !wants(x, event) })
	if len(hooks) == 0 {
		return nil
	}
	body, err := c.write(ctx, c.Store.In(ws), event, h, *conv)
	if err != nil || body == nil {
		return err
	}
	return c.Store.Tx(ctx, func(tx core.Tx) error {
		if _, err := tx.In(ws).Lock(ctx, conv.ID); err != nil { // the worker ends under this lock
			return fmt.Errorf("lock conversation: %w", err)
		}
		for _, x := range hooks {
			if err := tx.In(ws).SetValueUntil(ctx, box(x.Name, conv.ID), h.ID, body, c.Now().Add(keptFor)); err != nil {
				return fmt.Errorf("keep letter to webhook: %w", err)
			}
			if err := tx.Enqueue(ctx, core.WebhookJob(ws, x.Name, conv.ID)); err != nil {
				return err
			}
		}
		return nil
	})
}

// box is the owner of the letters that wait for a webhook about a conversation; each has the name of what happened, which is ordered by time.
func box(hook string, id core.ConversationID) string { return "webhook/" + string(id) + "/" + hook }

// Work is the worker of core.JobWebhook.
func (c *Caller) Work(ctx context.Context, w core.Work) error {
	name, id := w.Hooked()
	repo, from := c.Store.In(w.Workspace), box(name, id)
	for !w.Ending() {
		letter, body, err := repo.FirstValue(ctx, from)
		if err != nil {
			return fmt.Errorf("letter to webhook: %w", err)
		}
		if letter == "" {
			if done, err := c.rest(ctx, w, from, id); done || err != nil {
				return err
			}
			continue
		}
		hook, secret, err := c.find(ctx, w.Workspace, name)
		if err != nil {
			return err
		}
		if hook.URL != "" {
			if err := c.bring(ctx, hook, secret, letter, body); err != nil {
				return err
			}
		}
		if err := repo.DropValue(ctx, from, letter); err != nil {
			return fmt.Errorf("forget letter to webhook: %w", err)
		}
	}
	return core.ErrStopping
}

// rest ends the job unless a letter has come meanwhile.
func (c *Caller) rest(ctx context.Context, w core.Work, from string, id core.ConversationID) (done bool, err error) {
	err = c.Store.Tx(ctx, func(tx core.Tx) error {
		done = false
		repo := tx.In(w.Workspace)
		if _, err := repo.Lock(ctx, id); err != nil && !errors.Is(err, core.ErrNotFound) {
			return fmt.Errorf("lock conversation: %w", err)
		}
		if letter, _, err := repo.FirstValue(ctx, from); err != nil || letter != "" {
			return err
		}
		done = true
		return w.Finish(ctx, tx)
	})
	return done && err == nil, err
}

// find returns the webhook with its secret; one without a URL: it was taken out, and nobody is told any more.
func (c *Caller) find(ctx context.Context, ws core.WorkspaceID, name string) (core.Webhook, core.Secret, error) {
	all, err := core.LoadWebhooks(ctx, c.Store.In(ws))
	if err != nil {
		return core.Webhook{}, core.Secret{}, err
	}
	i := slices.IndexFunc(all, func(h core.Webhook) bool { return h.Name == name })
	if i < 0 {
		return core.Webhook{}, core.Secret{}, nil
	}
	secret, err := c.Secret(ctx, ws, name)
	return all[i], secret, err
}

// Test brings a webhook a letter of the event "test", signed like any other, and returns why it was not taken; core.ErrNotFound: there is none of that name.
func (c *Caller) Test(ctx context.Context, ws core.WorkspaceID, name string) error {
	hook, secret, err := c.find(ctx, ws, name)
	if err != nil {
		return err
	}
	if hook.Name == "" {
		return core.ErrNotFound
	}
	id := core.NewID[string]()
	body, err := json.Marshal(map[string]any{"id": id, "event": "test", "at": c.Now()})
	if err != nil {
		return fmt.Errorf("write letter to webhook: %w", err)
	}
	return c.bring(ctx, hook, secret, id, body)
}

// bring calls a webhook. Anything but a 2xx is an error; it is not led elsewhere.
func (c *Caller) bring(ctx context.Context, hook core.Webhook, secret core.Secret, letter string, body []byte) error {
	ctx, cancel := context.WithTimeout(ctx, answersIn)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, hook.URL, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("webhook %q: its address is none: %w", hook.Name, core.ErrDead)
	}
	at := strconv.FormatInt(c.Now().Unix(), 10)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Causeway-Delivery", letter)
	r.Header.Set("Causeway-Signature", "t="+at+",v1="+Sign(secret, at, body))
	client := *c.Client([]core.Secret{secret})
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := client.Do(r)
	if err != nil {
		var where *url.Error
		if errors.As(err, &where) { // the address may hold what is nobody's business
			err = where.Err
		}
		return fmt.Errorf("webhook %q: %w", hook.Name, err)
	}
	defer func() { _ = resp.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, mostAnswer))
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return fmt.Errorf("webhook %q answered %d", hook.Name, resp.StatusCode)
	}
	c.Log.DebugContext(ctx, "webhook told", "webhook", hook.Name, "delivery", letter)
	return nil
}

// Sign is the signature of a body that is sent at a time, in seconds since 1970: the HMAC-SHA256 of "time.body", in hexadecimal.
func Sign(secret core.Secret, at string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret.Reveal()))
	mac.Write([]byte(at + "."))
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}

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
