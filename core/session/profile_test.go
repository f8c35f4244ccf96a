package session_test

import (
	"context"
	"errors"
	"testing"

	"causeway/core"
)

// register is a bridge whose provider knows people by name.
type register struct {
	*bridge
	asked  []core.IdentityKey
	answer core.Peer
	refuse error
}

func (r *register) Open(ch core.Channel, s core.Settings, h core.Host) (core.Link, error) {
	l, err := r.bridge.Open(ch, s, h)
	return asking{l, r}, err
}

type asking struct {
	core.Link
	register *register
}

func (a asking) Profile(_ context.Context, k core.IdentityKey) (core.Peer, error) {
	a.register.asked = append(a.register.asked, k)
	return a.register.answer, a.register.refuse
}

// stranger adds a contact without a name, and returns the job that asks for it.
func (w *world) stranger() (core.ContactID, core.Job) {
	w.Helper()
	i := core.Identity{ID: "i", Contact: "p", Key: core.IdentityKey{Scheme: "psid", Scope: "page", Value: "77"}, Seen: w.clock}
	won, err := w.repo.AddPerson(w.Context(), core.Contact{ID: "p", Workspace: w.ws, Created: w.clock}, i)
	w.must(err)
	equal(w, "added", won, true)
	return "p", core.ProfileJob(w.ws, w.ch.ID, "p", "i")
}

func (w *world) named(id core.ContactID) string {
	w.Helper()
	c, err := w.repo.Contact(w.Context(), id)
	w.must(err)
	return c.Name
}

func (w *world) registers(r *register) {
	r.bridge = w.bridge
	w.options.Bridges = []core.Bridge{r}
	w.restart()
}

func TestProfile(t *testing.T) {
	each(t, func(w *world) {
		user := core.IdentityKey{Scheme: core.SchemeUsername, Scope: "psid", Value: "grace"}
		r := &register{answer: core.Peer{Name: " Grace\n Hopper ", Identities: []core.IdentityKey{{Scheme: "psid", Scope: "page", Value: "77"}, user}}}
		w.registers(r)
		id, job := w.stranger()
		w.must(w.queue.Run(w.Context(), job, w.m.Profile))
		equal(w, "name", w.named(id), "Grace Hopper")
		known, err := w.repo.IdentitiesOf(w.Context(), id)
		w.must(err)
		equal(w, "identities", len(known), 2)
		w.must(w.queue.Run(w.Context(), job, w.m.Profile))
		equal(w, "asked", len(r.asked), 1)
		equal(w, "asked for", r.asked[0].Value, "77")
	})
}

// A name that is there, by an agent or otherwise, is neither asked for nor replaced.
func TestProfileKeepsNames(t *testing.T) {
	lite(t, func(w *world) {
		r := &register{answer: core.Peer{Name: "Grace"}}
		w.registers(r)
		id, job := w.stranger()
		w.must(w.repo.SetContact(w.Context(), core.Contact{ID: id, Name: "Our best customer"}))
		w.must(w.queue.Run(w.Context(), job, w.m.Profile))
		equal(w, "name", w.named(id), "Our best customer")
		equal(w, "asked", len(r.asked), 0)
	})
}

func TestProfileTriesAgain(t *testing.T) {
	lite(t, func(w *world) {
		r := &register{refuse: &core.SendError{Outcome: core.Unknown, Effect: core.EffectRetry}}
		w.registers(r)
		_, job := w.stranger()
		if err := w.m.Profile(w.Context(), core.Work{Job: job, Attempt: 1}); !errors.Is(err, r.refuse) {
			t.Errorf("first try: %v", err)
		}
		w.must(w.m.Profile(w.Context(), core.Work{Job: job, Attempt: 6}))
		r.refuse = core.Unsendable("This person is not known.", "")
		w.must(w.m.Profile(w.Context(), core.Work{Job: job, Attempt: 1}))
		w.must(w.m.Profile(w.Context(), core.Work{Job: core.ProfileJob(w.ws, w.ch.ID, "none", "i"), Attempt: 1}))
		equal(w, "asked", len(r.asked), 3)
	})
}

// A channel that cannot be asked is not an error, and a person who was merged is named where they are now.
func TestProfileElsewhere(t *testing.T) {
	lite(t, func(w *world) {
		id, job := w.stranger()
		w.must(w.queue.Run(w.Context(), job, w.m.Profile))
		w.registers(&register{answer: core.Peer{Name: "Grace"}})
		w.must(w.repo.AddContact(w.Context(), core.Contact{ID: "q", Workspace: w.ws, Created: w.clock}))
		w.must(w.store.Tx(w.Context(), func(tx core.Tx) error {
			_, err := core.MergeContacts(w.Context(), tx.In(w.ws), tx.Enqueue, "q", id, "same", w.clock)
			return err
		}))
		w.must(w.queue.Run(w.Context(), job, w.m.Profile))
		equal(w, "who was merged", w.named("q"), "Grace")
	})
}
