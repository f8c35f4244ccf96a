package outbound_test

import (
	"testing"
	"time"

	"causeway/core"
)

// wishes has Grace write a word of her wish, as a bridge would report it.
func (w *world) wishes(id, word string, b core.PreferenceBody) {
	w.Helper()
	w.says(id, word, grace)
	w.must(w.in.Accept(w.Context(), w.ch, []core.Event{{Kind: core.EventPreference, ID: "wish:" + id, At: w.now(), Origin: core.OriginCustomer,
		Peer: core.Peer{Identities: []core.IdentityKey{grace}}, Preference: &b}}))
}

// confirmed does the waiting jobs of confirming, each twice: a crash may have a job done again.
func (w *world) confirmed() {
	w.Helper()
	jobs, err := w.queue.Jobs(w.Context())
	w.must(err)
	for _, j := range jobs {
		if j.Kind == core.JobConfirm {
			w.must(w.queue.Run(w.Context(), j, w.out.Confirm))
			w.must(w.queue.Run(w.Context(), j, w.out.Confirm))
		}
	}
}

func TestConfirm(t *testing.T) {
	each(t, func(w *world) {
		w.wishes("in.2", "STOP", core.PreferenceBody{Stop: true, Confirm: "No more."})
		w.confirmed()
		w.delivered()
		equal(w, "sent", w.link.texts(), "No more.")
		_, d, err := w.out.Compose(w.Context(), w.ws, w.request(text("But listen")))
		isProblem(w, "an answer", err, core.CodeOptedOut, "WhatsApp channel")
		equal(w, "verdict", d.Verdict, core.VerdictRefuse)
		w.wishes("in.3", "STOP", core.PreferenceBody{Stop: true, Confirm: "No more."})
		w.confirmed()
		w.delivered()
		equal(w, "said again", w.link.texts(), "No more.")
		w.wishes("in.4", "START", core.PreferenceBody{Confirm: "Welcome back."})
		w.confirmed()
		w.writes("Hello again")
		w.delivered()
		equal(w, "lifted", w.link.texts(), "No more.|Welcome back.|Hello again")
	})
}

// What waits when the contact opts out is not sent any more; its author is told.
func TestOptOutStopsWhatWaits(t *testing.T) {
	lite(t, func(w *world) {
		waits := w.writes("late")[0]
		w.wishes("in.2", "STOP", core.PreferenceBody{Stop: true, Confirm: "No more."})
		w.confirmed()
		w.delivered()
		equal(w, "sent", w.link.texts(), "No more.")
		w.status("what waited", waits.ID, core.StatusFailed)
		equal(w, "its author is told", w.notice().Kind, core.NoticeFailed)
	})
}

// A wish whose contact was blocked meanwhile is not answered, and its job ends.
func TestConfirmRefused(t *testing.T) {
	lite(t, func(w *world) {
		w.wishes("in.2", "STOP", core.PreferenceBody{Stop: true, Confirm: "No more."})
		c, err := w.repo.Contact(w.Context(), w.conv.Contact)
		w.must(err)
		c.Blocked = true
		w.must(w.repo.SetContact(w.Context(), c))
		w.confirmed()
		w.delivered()
		equal(w, "sent", w.link.texts(), "")
		w.must(w.queue.Run(w.Context(), core.Wish{Channel: w.ch.ID, Identity: "none"}.Confirmation(w.ws), w.out.Confirm))
	})
}

// Nothing is sent to who blocked us, until they unblock us or write again; what waits is not sent, and its author is told.
func TestBlockedByContact(t *testing.T) {
	each(t, func(w *world) {
		blocks := func(id string, stop bool) {
			w.Helper()
			w.pass(time.Minute)
			w.must(w.in.Accept(w.Context(), w.ch, []core.Event{{Kind: core.EventPreference, ID: id, At: w.now(), Origin: core.OriginCustomer,
				Peer: core.Peer{Identities: []core.IdentityKey{grace}}, Preference: &core.PreferenceBody{Stop: stop, Block: true}}}))
		}
		refused := func() {
			w.Helper()
			_, d, err := w.out.Compose(w.Context(), w.ws, w.request(text("Still there?")))
			isProblem(w, "an answer", err, core.CodeOptedOut, "has blocked you on WhatsApp")
			equal(w, "verdict", d.Verdict, core.VerdictRefuse)
		}
		waits := w.writes("late")[0]
		blocks("b1", true)
		w.delivered()
		equal(w, "sent", w.link.texts(), "")
		w.status("what waited", waits.ID, core.StatusFailed)
		refused()
		blocks("b2", false)
		w.writes("Welcome back")
		w.delivered()
		blocks("b3", true)
		refused()
		w.pass(time.Minute)
		w.says("in.9", "me again", grace)
		w.writes("So am I")
		w.delivered()
		equal(w, "sent in the end", w.link.texts(), "Welcome back|So am I")
	})
}
