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
