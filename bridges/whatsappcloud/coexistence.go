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
)

const (
	coexistenceKey  = "coexistence"
	coexistenceRate = 20 // messages a second
)

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
	}
	c.state.CompareAndSwap(coexistsUnread, state)
}

// learn keeps what was found out.
func (c *coexistence) learn(ctx context.Context, h core.Host, yes bool) {
	c.recall(ctx, h)
	state, word := coexistsNot, "no"
	if yes {
		state, word = coexistsYes, "yes"
	}
	if c.state.Swap(state) == state {
		return
	}
	if err := h.Save(ctx, coexistenceKey, []byte(word)); err != nil {
		h.Log().WarnContext(ctx, "not kept that the number is in coexistence", "err", err)
	}
}

// yes and no are both false as long as it is not known.
func (c *coexistence) yes() bool { return c.state.Load() == coexistsYes }

func (c *coexistence) no() bool { return c.state.Load() == coexistsNot }
