package session_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"causeway/core"
	"causeway/core/session"
)

// inSession runs f with the host of a session that holds its lease, on a real database.
func (w *world) inSession(f func(h core.Host)) {
	w.Helper()
	began := make(chan core.Host, 1)
	b := &socket{name: "one", run: func(ctx context.Context, h core.Host) error {
		began <- h
		<-ctx.Done()
		return ctx.Err()
	}}
	w.ch = core.Channel{ID: core.NewID[core.ChannelID](), Workspace: w.ws, Kind: "socket", Name: "connected", State: core.ChannelActive, Created: w.clock}
	w.must(w.repo.SaveChannel(w.Context(), w.ch))
	w.options.Bridges = append(w.options.Bridges, b)
	w.restart()
	r := session.NewRunner(w.m).Only(w.ch.ID)
	r.Start(w.Context())
	defer func() { w.must(r.Stop(context.WithoutCancel(w.Context()))) }()
	f(hears(w, began))
}

// holds is a space of a safe as text.
func (w *world) holds(s core.Safe, space string) string {
	w.Helper()
	all, err := s.List(w.Context(), space, "")
	w.must(err)
	var texts []string
	for _, r := range all {
		texts = append(texts, r.Key+"="+string(r.Value))
	}
	return strings.Join(texts, " ")
}

// got is some records as text.
func (w *world) got(s core.Safe, space string, keys ...string) string {
	w.Helper()
	found, err := s.Get(w.Context(), space, keys...)
	w.must(err)
	var texts []string
	for _, k := range slices.Sorted(maps.Keys(found)) {
		texts = append(texts, k+"="+string(found[k]))
	}
	return strings.Join(texts, " ")
}

func TestSafe(t *testing.T) {
	each(t, func(w *world) {
		w.inSession(func(h core.Host) {
			s := h.Safe()
			equal(w, "nothing", w.got(s, "keys", "a", "b"), "")
			w.must(s.Apply(w.Context(), core.Keep("keys", "a", []byte("secret-1")), core.Keep("keys", "b", nil), core.Keep("other", "a", []byte("x"))))
			equal(w, "found", w.got(s, "keys", "a", "b", "c"), "a=secret-1 b=")
			equal(w, "again", w.got(s, "keys", "a", "b", "c"), "a=secret-1 b=")
			equal(w, "listed", w.holds(s, "keys"), "a=secret-1 b=")
			w.must(s.Apply(w.Context(), core.Forget("keys", "b"), core.Keep("keys", "c", []byte("3"))))
			equal(w, "changed", w.got(s, "keys", "a", "b", "c"), "a=secret-1 c=3")
			w.must(s.Apply(w.Context(), core.ForgetAll("keys", ""), core.Keep("keys", "d", []byte("4"))))
			equal(w, "emptied", w.got(s, "keys", "a", "b", "c", "d")+" "+w.holds(s, "keys")+" "+w.got(s, "other", "a"), "d=4 d=4 a=x")
			w.must(s.Apply(w.Context()))
			for _, key := range []string{"", strings.Repeat("x", 513)} {
				if err := s.Apply(w.Context(), core.Keep("keys", key, nil)); err == nil {
					w.Errorf("a key of %d bytes was kept", len(key))
				}
			}
		})
	})
}

// TestSafeIsSealed: what is stored shows nothing, and opens in no other place.
func TestSafeIsSealed(t *testing.T) {
	lite(t, func(w *world) {
		w.inSession(func(h core.Host) {
			s := h.Safe()
			w.must(s.Apply(w.Context(), core.Keep("keys", "a", []byte("planted")), core.Keep("keys", "b", []byte("planted"))))
			boxes, err := w.repo.RecordsFrom(w.Context(), w.ch.ID, "keys", "")
			w.must(err)
			if len(boxes) != 2 || strings.Contains(fmt.Sprintf("%s", boxes), "planted") || string(boxes[0].Box[13:]) == string(boxes[1].Box[13:]) {
				w.Errorf("stored: %q", boxes)
			}
			w.must(w.repo.ChangeRecords(w.Context(), w.ch.ID, []core.Change{core.Keep("keys", "b2", boxes[0].Box), core.Keep("keys", "b3", []byte("no box")), core.Keep("keys", "b4", nil)}))
			for _, key := range []string{"b2", "b3", "b4"} {
				if v, err := s.Get(w.Context(), "keys", key); err == nil {
					w.Errorf("%s opened: %q", key, v)
				}
			}
		})
	})
}

// TestSafeOfWhoLost: a session that lost its lease changes nothing, does not trust what it remembers, and another process finds what was kept.
func TestSafeOfWhoLost(t *testing.T) {
	each(t, func(w *world) {
		w.inSession(func(h core.Host) {
			s := h.Safe()
			w.must(s.Apply(w.Context(), core.Keep("keys", "ratchet", []byte("1"))))
			equal(w, "before", w.got(s, "keys", "ratchet"), "ratchet=1")
			w.rob()
			if err := s.Apply(w.Context(), core.Keep("keys", "ratchet", []byte("2")), core.Forget("keys", "x")); !errors.Is(err, core.ErrLeaseLost) {
				w.Errorf("changed without the lease: %v", err)
			}
			equal(w, "after", w.got(s, "keys", "ratchet")+" "+w.holds(s, "keys"), "ratchet=1 ratchet=1")
		})
	})
}

// TestSafeWithoutSession: a link on which no session ever ran reads and changes nothing.
func TestSafeWithoutSession(t *testing.T) {
	lite(t, func(w *world) {
		h := w.link().host
		if err := h.Safe().Apply(w.Context(), core.Keep("keys", "a", nil)); !errors.Is(err, core.ErrLeaseLost) {
			w.Errorf("changed: %v", err)
		}
		equal(w, "read", w.got(h.Safe(), "keys", "a"), "")
	})
}

// TestSafeRemembers: what a session read or wrote is not read again.
func TestSafeRemembers(t *testing.T) {
	lite(t, func(w *world) {
		w.inSession(func(h core.Host) {
			s := h.Safe()
			w.must(s.Apply(w.Context(), core.Keep("keys", "a", []byte("1"))))
			equal(w, "first", w.got(s, "keys", "a", "none"), "a=1")
			w.must(w.repo.ChangeRecords(w.Context(), w.ch.ID, []core.Change{core.Forget("keys", "a"), core.Keep("keys", "none", []byte("behind its back"))}))
			equal(w, "remembered", w.got(s, "keys", "a", "none"), "a=1")
			big := make([]byte, 1<<20)
			for i := range 20 {
				w.must(s.Apply(w.Context(), core.Keep("big", fmt.Sprint(i), big)))
			}
			equal(w, "forgotten for bigger things", len(w.got(s, "keys", "a")), 0)
			equal(w, "big", len(w.got(s, "big", "0", "7", "19")) > 3<<20, true)
		})
	})
}

// TestSafeOfOthersKey: without the master key nothing opens, and a person is told so.
func TestSafeOfOthersKey(t *testing.T) {
	lite(t, func(w *world) {
		w.inSession(func(h core.Host) {
			w.must(h.Safe().Apply(w.Context(), core.Keep("keys", "a", []byte("1"))))
		})
		all, err := w.repo.Secrets(w.Context(), "safe/"+string(w.ch.ID))
		w.must(err)
		all[0].Box = []byte("of another master key")
		w.must(w.repo.PutSecret(w.Context(), all[0]))
		w.restart()
		began := make(chan core.Host, 1)
		w.options.Bridges[1] = &socket{name: "two", run: func(ctx context.Context, h core.Host) error {
			began <- h
			<-ctx.Done()
			return ctx.Err()
		}}
		w.restart()
		r := session.NewRunner(w.m)
		r.Start(w.Context())
		defer func() { w.must(r.Stop(context.WithoutCancel(w.Context()))) }()
		_, err = hears(w, began).Safe().Get(w.Context(), "keys", "a")
		isProblem(w, "read", err, core.CodeUnavailable, "master key")
	})
}
