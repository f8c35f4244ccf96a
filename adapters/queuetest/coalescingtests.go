package queuetest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"causeway/core"
)

func coalesceWaiting(b *bench) {
	r := newRecord()
	b.queue.Handle(kindA, 4, r.does(b.finish))
	for range 3 {
		b.enqueue(b.job(kindA, "1"))
	}
	b.start()
	await(b, "start", r.ch)
	nothing(b, "a second start", r.ch, 200*time.Millisecond)
}

func coalesceInside(b *bench) {
	r := newRecord()
	b.queue.Handle(kindA, 4, r.does(b.finish))
	late := b.job(kindA, "1")
	late.At = time.Now().Add(time.Hour)
	b.enqueue(late, b.job(kindA, "1"), b.job(kindA, "2"), b.job(kindA, "1"))
	b.start()
	got := []string{await(b, "start", r.ch).Key, await(b, "start", r.ch).Key}
	slices.Sort(got)
	if !slices.Equal(got, []string{"1", "2"}) {
		b.Errorf("got %q", got)
	}
	nothing(b, "a third start", r.ch, 200*time.Millisecond)
}

func apart(b *bench) {
	other, err := b.store.EnsureWorkspace(b.Context(), "other")
	b.must(err)
	r := newRecord()
	b.queue.Handle(kindA, 4, r.does(b.finish))
	b.queue.Handle(kindB, 4, r.does(b.finish))
	b.enqueue(b.job(kindA, "1"), b.job(kindB, "1"), core.Job{Kind: kindA, Workspace: other, Key: "1"}, b.job(kindA, "2"))
	b.start()
	for range 4 {
		await(b, "start", r.ch)
	}
}

func coalesceRunning(b *bench) {
	r, end := newRecord(), make(chan struct{})
	var at, most atomic.Int32
	b.queue.Handle(kindA, 4, r.does(func(ctx context.Context, w core.Work) error {
		most.Store(max(most.Load(), at.Add(1)))
		defer at.Add(-1)
		<-end
		return b.finish(ctx, w)
	}))
	b.start()
	b.enqueue(b.job(kindA, "1"))
	await(b, "start", r.ch)
	for range 3 {
		b.enqueue(b.job(kindA, "1"))
	}
	nothing(b, "a second start beside the first", r.ch, 200*time.Millisecond)
	close(end)
	b.stop()
	if most.Load() != 1 {
		b.Errorf("%d at once", most.Load())
	}
}

// earlier: a waiting job starts when the earliest of those that asked for it wants.
func earlier(b *bench) {
	r := newRecord()
	b.queue.Handle(kindA, 4, r.does(b.finish))
	b.start()
	late := b.job(kindA, "1")
	late.At = time.Now().Add(time.Hour)
	b.enqueue(late)
	nothing(b, "started an hour early", r.ch, 100*time.Millisecond)
	b.enqueue(b.job(kindA, "1"))
	await(b, "start", r.ch)
	nothing(b, "a second start", r.ch, 100*time.Millisecond)
}

// noLostWakeUp has workers drain what producers add, under the conversation's lock as core's workers do. Each thing added must be seen.
func noLostWakeUp(b *bench) {
	const talks, producers, rounds = 6, 4, 60
	ids := make([]core.ConversationID, talks)
	for i := range ids {
		ids[i] = b.talk()
	}
	var seen [talks]atomic.Int64
	index := func(key string) int { return slices.Index(ids, core.ConversationID(key)) }
	b.queue.Handle(kindA, 3, func(ctx context.Context, w core.Work) error {
		i, repo := index(w.Key), b.store.In(w.Workspace)
		for {
			c, err := repo.Conversation(ctx, ids[i])
			if err != nil {
				return err
			}
			seen[i].Store(c.Seq)
			done := false
			err = b.store.Tx(ctx, func(tx core.Tx) error {
				c, err := tx.In(w.Workspace).Lock(ctx, ids[i])
				if done = err == nil && c.Seq == seen[i].Load(); done {
					return w.Finish(ctx, tx)
				}
				return err
			})
			if done || err != nil {
				return err
			}
		}
	})
	b.start()
	var all sync.WaitGroup
	for range producers {
		all.Go(func() {
			for i := range rounds * talks {
				id := ids[i%talks]
				err := b.store.Tx(b.Context(), func(tx core.Tx) error {
					if _, err := tx.In(b.ws).NextSeq(b.Context(), id, time.Now()); err != nil {
						return err
					}
					return tx.Enqueue(b.Context(), b.job(kindA, string(id)))
				})
				if err != nil {
					b.Error(err)
				}
			}
		})
	}
	all.Wait()
	for i := range seen {
		b.until(fmt.Sprintf("seeing all of conversation %d", i), func() bool { return seen[i].Load() == producers*rounds })
	}
}

// talk makes a conversation.
func (b *bench) talk() core.ConversationID {
	b.Helper()
	repo := b.store.In(b.ws)
	contact := core.Contact{ID: core.NewID[core.ContactID](), Workspace: b.ws, Name: "Carla", Created: time.Now()}
	b.must(repo.AddContact(b.Context(), contact))
	c := core.Conversation{ID: core.NewID[core.ConversationID](), Workspace: b.ws, Contact: contact.ID, State: core.ConversationOpen, Opened: time.Now(), LastAt: time.Now()}
	if won, err := repo.AddConversation(b.Context(), &c); err != nil || !won {
		b.Fatalf("add conversation: %v, %v", won, err)
	}
	return c.ID
}
