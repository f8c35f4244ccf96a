package main

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"
	"time"

	"causeway/core"
)

const (
	lifeEach  = 30 * time.Second // between two looks at what other nodes have seen
	lifeLast  = 2 * time.Second  // for writing down at the end what came since the last one
	lifeOwner = "life"
)

// life knows when each channel last proved to work. What this node sees counts at once; now and then it is written down, and read what others saw.
type life struct {
	store interface {
		AllChannels(ctx context.Context) ([]core.Channel, error)
		In(ws core.WorkspaceID) core.Repo
	}
	now  core.Clock
	log  *slog.Logger
	mu   sync.Mutex
	seen map[core.ChannelID]core.Proof
}

func newLife(b *base) *life {
	return &life{store: b.store, now: b.now, log: b.log, seen: map[core.ChannelID]core.Proof{}}
}

// note adds a proof.
func (l *life) note(ch core.ChannelID, p core.Proof) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen[ch] = l.seen[ch].Later(p)
}

// last is what is known of a channel.
func (l *life) last(ch core.ChannelID) core.Proof {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.seen[ch]
}

// came notes what events prove.
func (l *life) came(ch core.Channel, events []core.Event) {
	var p core.Proof
	now := l.now()
	for i := range events {
		switch e := &events[i]; {
		case e.Historic:
		case e.Kind == core.EventMessage && e.Origin == core.OriginCustomer:
			p.In = now
		case e.Receipt != nil && (e.Receipt.Status == core.StatusDelivered || e.Receipt.Status == core.StatusRead):
			p.Delivered = now
		}
	}
	if p != (core.Proof{}) {
		l.note(ch.ID, p)
	}
}

// run exchanges what is known with the other nodes until ctx is done, and then once more: the next process knows only what was written down.
func (l *life) run(ctx context.Context) {
	each(ctx, lifeEach, func() { l.round(ctx) })
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lifeLast)
	defer cancel()
	l.round(last)
}

func (l *life) round(ctx context.Context) {
	if err := l.exchange(ctx); err != nil && !errors.Is(ctx.Err(), context.Canceled) {
		l.log.WarnContext(ctx, "proofs of life not exchanged", "err", err)
	}
}

func (l *life) exchange(ctx context.Context) error {
	all, err := l.store.AllChannels(ctx)
	for _, ch := range all {
		err = errors.Join(err, l.exchangeOf(ctx, ch))
	}
	return err
}

func (l *life) exchangeOf(ctx context.Context, ch core.Channel) error {
	repo := l.store.In(ch.Workspace)
	raw, err := repo.Value(ctx, lifeOwner, string(ch.ID))
	if err != nil {
		return err
	}
	var others core.Proof
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &others); err != nil {
			return err
		}
	}
	l.mu.Lock()
	known := l.seen[ch.ID].Later(others)
	l.seen[ch.ID] = known
	l.mu.Unlock()
	if known.In.Equal(others.In) && known.Out.Equal(others.Out) && known.Delivered.Equal(others.Delivered) {
		return nil
	}
	if raw, err = json.Marshal(known); err != nil {
		return err
	}
	return repo.SetValue(ctx, lifeOwner, string(ch.ID), raw)
}
