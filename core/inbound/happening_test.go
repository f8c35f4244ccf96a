package inbound_test

import (
	"slices"
	"testing"

	"causeway/core"
)

// follow has automation follow what happens in the workspace.
func (w *world) follow() {
	w.Helper()
	w.must(w.repo.SetValue(w.Context(), core.AutomationOwner, "followed", nil))
}

// What automation follows is kept with the message, once, and only where there is automation.
func TestHappenings(t *testing.T) {
	each(t, func(w *world) {
		w.accept(w.said("before", "hello"))
		w.follow()
		eve := w.said("m1", "hi", phone("447700900999"))
		w.accept(eve, eve)
		answer := w.said("m2", "yes?", phone("447700900999"))
		answer.Origin = core.OriginDevice
		old := w.said("m0", "last year", phone("447700900999"))
		old.Historic = true
		w.accept(answer, old)
		var kinds []core.HappeningKind
		for _, h := range w.happenings("447700900999") {
			kinds = append(kinds, h.Kind)
			if (h.Message == "") != (h.Kind == core.HappenedOpened) {
				t.Errorf("%s is of the message %q", h.Kind, h.Message)
			}
		}
		if want := []core.HappeningKind{core.HappenedOpened, core.HappenedMessage, core.HappenedAnswered}; !slices.Equal(kinds, want) {
			t.Errorf("got %v, want %v", kinds, want)
		}
		if n := len(w.happenings(grace)); n > 0 {
			t.Errorf("%d happenings where nothing followed", n)
		}
	})
}

// Nothing follows what is said in a group.
func TestNothingFollowsGroups(t *testing.T) {
	lite(t, func(w *world) {
		w.follow()
		group := core.IdentityKey{Scheme: core.SchemeGroup, Value: "120363"}
		w.accept(w.said("g1", "hi all", group), w.said("m1", "hi you", phone("447700900999")))
		if n := len(w.happeningsOf(group)); n > 0 {
			t.Errorf("%d happenings in a group", n)
		}
		if n := len(w.happenings("447700900999")); n == 0 {
			t.Error("none beside it")
		}
	})
}

// Nor where an import brought it before the message itself came.
func TestNothingFollowsGroupsOutOfHistory(t *testing.T) {
	lite(t, func(w *world) {
		w.follow()
		group := core.IdentityKey{Scheme: core.SchemeGroup, Value: "120363"}
		now := w.said("g1", "hi all", group)
		past := now
		past.Historic, past.ID = true, "past/g1"
		w.accept(past)
		w.accept(now)
		equal(w, "historic", w.message("g1").Historic, false)
		if n := len(w.happeningsOf(group)); n > 0 {
			t.Errorf("%d happenings in a group", n)
		}
	})
}

func (w *world) happenings(number string) []core.Happening {
	w.Helper()
	return w.happeningsOf(phone(number))
}

func (w *world) happeningsOf(k core.IdentityKey) []core.Happening {
	w.Helper()
	found, err := w.repo.Identities(w.Context(), []core.IdentityKey{k})
	w.must(err)
	conv, err := w.repo.OpenConversation(w.Context(), found[0].Contact)
	w.must(err)
	all, err := w.repo.Happenings(w.Context(), conv.ID)
	w.must(err)
	return all
}
