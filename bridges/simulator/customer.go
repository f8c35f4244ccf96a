package simulator

import (
	"context"
	"slices"
	"time"
)

// Customer is a person with a phone. One Customer belongs to one business, as a user id is scoped to it.
type Customer struct {
	sim *Simulator
	biz *Business

	// guarded by sim.mu
	phone, bsuid, username, name string
	hidden                       bool // the business learns no phone number
	online                       bool
	lastAct                      time.Time // opens the reply window
	chat                         []*ChatMessage
	typing                       time.Time // until when the business is seen typing, in real time
	pace                         pace
}

// Phone is the number, in digits.
func (c *Customer) Phone() string { return locked(c, func() string { return c.phone }) }

// BSUID is the business-scoped user id.
func (c *Customer) BSUID() string { return locked(c, func() string { return c.bsuid }) }

// Name is the profile name.
func (c *Customer) Name() string { return locked(c, func() string { return c.name }) }

// Username is the chosen public name; empty if there is none.
func (c *Customer) Username() string { return locked(c, func() string { return c.username }) }

// Hidden says that webhooks carry no phone number.
func (c *Customer) Hidden() bool { return locked(c, func() bool { return c.hidden }) }

// SetUsername gives the profile a public name.
func (c *Customer) SetUsername(name string) { c.set(func() { c.username = name }) }

// HidePhone makes the customer reachable by user id only, as usernames allow.
func (c *Customer) HidePhone(hidden bool) { c.set(func() { c.hidden = hidden }) }

// SetOnline switches the phone's network. Going online delivers what waits.
func (c *Customer) SetOnline(online bool) {
	c.set(func() {
		c.online = online
		if online {
			c.deliverWaiting()
		}
	})
}

// CloseWindow forgets when the customer last wrote.
func (c *Customer) CloseWindow() { c.set(func() { c.lastAct = time.Time{} }) }

// WindowOpen says whether the business may write freely now.
func (c *Customer) WindowOpen() bool { return locked(c, c.windowOpen) }

func (c *Customer) windowOpen() bool {
	return !c.lastAct.IsZero() && c.sim.Now().Before(c.lastAct.Add(reach))
}

// Typing says whether the phone shows "typing…".
func (c *Customer) Typing() bool {
	return locked(c, func() bool { return time.Now().Before(c.typing) })
}

// Inbox is the whole chat as the phone shows it, oldest first.
func (c *Customer) Inbox() []ChatMessage {
	return locked(c, func() []ChatMessage {
		out := make([]ChatMessage, len(c.chat))
		for i, m := range c.chat {
			out[i] = m.clone()
		}
		return out
	})
}

// Received is Inbox without the customer's own messages.
func (c *Customer) Received() []ChatMessage {
	return slices.DeleteFunc(c.Inbox(), func(m ChatMessage) bool { return m.Mine })
}

// Message finds one bubble.
func (c *Customer) Message(wamid string) (ChatMessage, bool) {
	c.sim.mu.Lock()
	defer c.sim.mu.Unlock()
	if m := c.message(wamid); m != nil {
		return m.clone(), true
	}
	return ChatMessage{}, false
}

// Await waits until match accepts some message of the chat and returns the first such.
func (c *Customer) Await(ctx context.Context, match func(ChatMessage) bool) (ChatMessage, error) {
	var found ChatMessage
	err := c.sim.await(ctx, func() bool {
		for _, m := range c.Inbox() {
			if match(m) {
				found = m
				return true
			}
		}
		return false
	})
	return found, err
}

// AwaitCount waits until the business's side of the chat has at least n messages.
func (c *Customer) AwaitCount(ctx context.Context, n int) ([]ChatMessage, error) {
	var got []ChatMessage
	err := c.sim.await(ctx, func() bool { got = c.Received(); return len(got) >= n })
	return got, err
}

// id is the name under which the platform routes: phone, or user id where the phone is hidden. Callers hold mu.
func (c *Customer) id() string {
	if c.hidden || c.phone == "" {
		return c.bsuid
	}
	return c.phone
}

func (c *Customer) message(wamid string) *ChatMessage {
	for i := len(c.chat) - 1; i >= 0; i-- {
		if c.chat[i].ID == wamid {
			return c.chat[i]
		}
	}
	return nil
}

func (c *Customer) set(f func()) {
	c.sim.mu.Lock()
	defer c.sim.mu.Unlock()
	f()
	c.sim.touch()
}

func locked[T any](c *Customer, f func() T) T {
	c.sim.mu.Lock()
	defer c.sim.mu.Unlock()
	return f()
}
