package inbound_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"causeway/core"
)

// TestTwoNodesAtOnce: whatever two nodes take in at the same moment, in batches that lead to the same people, messages and conversations in any order,
// is there once, in conversations without gaps, while others close these.
func TestTwoNodesAtOnce(t *testing.T) {
	each(t, func(w *world) {
		const people, batches = 6, 24
		nodes := []func(...core.Event) error{}
		for range 2 {
			in := newAcceptor(w)
			nodes = append(nodes, func(e ...core.Event) error { return in.Accept(w.Context(), w.ch, e) })
		}
		said := func(i, person int) core.Event {
			return w.said(fmt.Sprint("wamid.", i, ".", person), fmt.Sprint(i), phone(fmt.Sprint("4477009000", person)))
		}
		parallel(2*batches+1, func(i int) {
			if i == 2*batches {
				w.closeAll(batches)
				return
			}
			var all []core.Event
			for _, person := range rand.Perm(people) { //nolint:gosec // any order will do
				all = append(all, said(i/2, person), w.receipt(fmt.Sprint("wamid.", rand.IntN(batches), ".echo"), core.StatusRead)) //nolint:gosec // as above
			}
			echo := w.echo(fmt.Sprint("wamid.", i/2, ".echo"), "from the phone")
			if err := nodes[i%2](append(all, echo)...); err != nil {
				t.Error(err)
			}
		})
		equal(w, "dead letters", len(w.dead()), 0)
		messages := map[string]int{}
		for _, c := range w.conversations() {
			for i, m := range w.messages(c.ID) {
				messages[m.Parts[0].Provider]++
				equal(w, "sequence", m.Seq, int64(i+1))
			}
		}
		equal(w, "messages", len(messages), (people+1)*batches)
		for id, n := range messages {
			equal(w, "times "+id, n, 1)
		}
	})
}

// closeAll closes all conversations, several times.
func (w *world) closeAll(times int) {
	for range times {
		for _, c := range w.conversations() {
			err := w.store.Tx(w.Context(), func(tx core.Tx) error {
				repo := tx.In(w.ws)
				now, err := repo.Lock(w.Context(), c.ID)
				if err != nil {
					return err
				}
				now.State, now.Closed = core.ConversationClosed, w.clock
				return repo.SetConversation(w.Context(), now)
			})
			if err != nil {
				w.Error(err)
			}
		}
	}
}
