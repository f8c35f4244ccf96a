package whatsappcloud

import (
	"context"
	"sync/atomic"

	"causeway/core"
)

// coexistence is whether the number is also used in the WhatsApp Business app, which makes it slower. It is known once it was looked at, or once
// something came that only such numbers get, and kept with the channel.
type coexistence struct{ state atomic.Int32 }

const (
	coexistsUnread int32 = iota // nobody has read yet what is kept
	coexistsUntold              // nothing is kept
	coexistsNot
	coexistsYes
	coexistsLeft // it was in the app, and is not any more: news of that may still be on its way
)

const (
	coexistenceKey  = "coexistence"
	coexistenceRate = 20 // messages a second
)

// InApp is the value that a channel keeps whose number is known to be used in the app before its link has seen it.
func InApp() (key string, value []byte) { return coexistenceKey, []byte("yes") }

// recall reads what is kept, once.
func (c *coexistence) recall(ctx context.Context, h core.Host) {
	if c.state.Load() != coexistsUnread {
		return
	}
	raw, err := h.Load(ctx, coexistenceKey)
	if err != nil {
		return // the next call reads it
	}
	state := coexistsUntold
	switch string(raw) {
	case "yes":
		state = coexistsYes
	case "no":
		state = coexistsNot
	case "left":
		state = coexistsLeft
	}
	c.state.CompareAndSwap(coexistsUnread, state)
}

// learn keeps what was found out.
func (c *coexistence) learn(ctx context.Context, h core.Host, yes bool) {
	c.recall(ctx, h)
	state, word := coexistsNot, "no"
	switch before := c.state.Load(); {
	case yes:
		state, word = coexistsYes, "yes"
	case before == coexistsYes || before == coexistsLeft:
		state, word = coexistsLeft, "left"
	}
	if c.state.Swap(state) == state {
		return
	}
	if err := h.Save(ctx, coexistenceKey, []byte(word)); err != nil {
		h.Log().WarnContext(ctx, "not kept that the number is in coexistence", "err", err)
	}
}

func (c *coexistence) yes() bool { return c.state.Load() == coexistsYes }

// never reports whether the number was never seen in the app, and ever whether it was. Both are false as long as it is not known.
func (c *coexistence) never() bool { return c.state.Load() == coexistsNot }

func (c *coexistence) ever() bool {
	s := c.state.Load()
	return s == coexistsYes || s == coexistsLeft
}
