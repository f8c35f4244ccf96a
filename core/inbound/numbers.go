package inbound

import (
	"context"
	"slices"
	"sync"
	"time"

	"causeway/core"
)

// freshFor is for how long what was learned of a channel's twin goes before what callers know of the channel: they look every few seconds.
const freshFor = time.Minute

// numbers are the numbers and twins of channels that were told lately: both sides must know of each other from the first event on, or a message that
// they bring at once would be two.
type numbers struct {
	mu    sync.Mutex
	until time.Time // by the real clock; the gateway's may be moved
	known map[core.ChannelID]core.Channel
}

// now is the channel with what was learned of its number lately.
func (n *numbers) now(ch core.Channel) core.Channel {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.known == nil {
		return ch
	}
	if time.Now().After(n.until) {
		n.known = nil
		return ch
	}
	if k := n.known[ch.ID]; k.Twin != "" { // that there is none may be known better by who calls
		ch.Number, ch.Phone, ch.Twin = k.Number, k.Phone, k.Twin
	}
	return ch
}

func (n *numbers) learn(all []core.Channel) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.known == nil {
		n.known = map[core.ChannelID]core.Channel{}
	}
	for _, ch := range all {
		n.known[ch.ID] = ch
	}
	n.until = time.Now().Add(freshFor)
}

// reread learns the numbers of a workspace whose channels told some.
func (a *Acceptor) reread(ctx context.Context, r *request) {
	if !slices.ContainsFunc(r.events, func(e core.Event) bool { return e.Change != nil && e.Change.Number != "" }) {
		return
	}
	all, err := a.store.In(r.ch.Workspace).Channels(context.WithoutCancel(ctx))
	if err != nil { // who calls finds out by itself in some seconds
		a.log.WarnContext(ctx, "numbers of channels not read", "err", err)
		return
	}
	a.numbers.learn(all)
}
