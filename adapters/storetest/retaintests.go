package storetest

import (
	"fmt"
	"slices"
	"time"

	"causeway/core"
	"causeway/core/retain"
)

// expire goes through a kind a few rows at a time, and returns how many were forgotten.
func (w *world) expire(kind retain.Kind, before time.Time) (n int) {
	w.Helper()
	s, ok := w.store.(retain.Store)
	if !ok {
		w.Fatal("the store forgets nothing")
	}
	for from, turns := "", 0; ; turns++ {
		expired, next, err := s.Expire(w.Context(), kind, before, from, 3)
		w.must(err)
		if n += expired; next == "" {
			return n
		}
		if from = next; turns > 100 {
			w.Fatalf("%s: no end", kind)
		}
	}
}

// ages are the times of ten rows: four are old, three of them from the same instant as noon, when nothing is old yet.
func ages(i int) time.Time {
	switch {
	case i < 4:
		return noon.Add(-time.Hour)
	case i < 7:
		return noon
	}
	return noon.Add(time.Duration(i) * time.Minute)
}

func expireLog(w *world) {
	two := worldIn(w.T, w.store, "second")
	for i := range 10 {
		for _, x := range []*world{w, two} {
			w.must(x.repo.AppendLog(w.Context(), core.LogEntry{ID: fmt.Sprint("e", i), Channel: x.ch.ID, At: ages(i), Request: "asked", Response: "said"}))
		}
	}
	if n := w.expire(retain.Bodies, noon); n != 8 {
		w.Errorf("%d bodies forgotten, want 8", n)
	}
	entries := func() (ids []string, bodies int) {
		for _, x := range []*world{w, two} {
			all, err := x.repo.ChannelLog(w.Context(), x.ch.ID, core.Page{})
			w.must(err)
			for _, e := range all {
				ids = append(ids, e.ID)
				if e.Request != "" && e.Response != "" {
					bodies++
				}
			}
		}
		return ids, bodies
	}
	if ids, bodies := entries(); len(ids) != 20 || bodies != 12 {
		w.Errorf("%d entries with %d bodies are left, want 20 and 12", len(ids), bodies)
	}
	if n := w.expire(retain.Log, noon); n != 8 {
		w.Errorf("%d entries forgotten, want 8", n)
	}
	if ids, _ := entries(); len(ids) != 12 || slices.Contains(ids, "e0") || !slices.Contains(ids, "e4") {
		w.Errorf("left is %v", ids)
	}
	if n := w.expire(retain.Log, noon); n != 0 {
		w.Errorf("%d entries forgotten of none", n)
	}
}

func expireEvents(w *world) {
	two := worldIn(w.T, w.store, "second")
	claim := func(x *world, i int) bool {
		fresh, err := x.repo.ClaimEvent(w.Context(), x.ch.ID, core.EventMessage, fmt.Sprint("id", i))
		w.must(err)
		return fresh
	}
	for i := range 7 {
		claim(w, i)
		claim(two, i)
	}
	if n := w.expire(retain.Events, time.Now().Add(-time.Hour)); n != 0 || claim(w, 0) {
		w.Errorf("%d young ones forgotten", n)
	}
	if n := w.expire(retain.Events, time.Now().Add(time.Hour)); n != 14 {
		w.Errorf("%d forgotten, want 14", n)
	}
	if !claim(w, 0) || !claim(two, 6) {
		w.Error("forgotten ones are known")
	}
}

func expireLetters(w *world) {
	for i := range 10 {
		w.must(w.repo.AddDeadLetter(w.Context(), core.DeadLetter{ID: fmt.Sprint("d", i), Kind: "webhook", Raw: []byte("{}"), At: ages(i)}))
	}
	if n := w.expire(retain.Letters, noon); n != 4 {
		w.Errorf("%d forgotten, want 4", n)
	}
	left, err := w.repo.DeadLetters(w.Context(), core.Page{})
	if w.must(err); len(left) != 6 || left[5].ID != "d4" {
		w.Errorf("left are %s", show(left))
	}
}

func expireMails(w *world) {
	conv := w.talk()
	for i := range 10 {
		state := core.MailSent
		if i == 0 {
			state = core.MailNew // old, and still to be worked on
		}
		m := core.Mail{ID: core.MailID(fmt.Sprint("m", i)), Key: fmt.Sprint("k", i), Conversation: conv.ID, Agent: w.agent.ID, Blob: fmt.Sprint("mail/k", i), State: state,
			Received: ages(i)}
		_, err := w.repo.AddMail(w.Context(), m)
		w.must(err)
		n := core.Notice{ID: core.NoticeID(fmt.Sprint("n", i)), Key: fmt.Sprint("k", i), Conversation: conv.ID, Agent: w.agent.ID, Kind: core.NoticeMessage,
			State: core.NoticeSent, Body: "text", Sent: ages(i), Created: noon}
		if i == 0 {
			n.State, n.Sent = core.NoticeWaiting, time.Time{}
		}
		_, err = w.repo.AddNotice(w.Context(), n)
		w.must(err)
	}
	if n := w.expire(retain.Mails, noon); n != 3 {
		w.Errorf("%d texts of mails forgotten, want 3", n)
	}
	if n := w.expire(retain.Notices, noon); n != 3 {
		w.Errorf("%d texts of notices forgotten, want 3", n)
	}
	for i, want := range []string{"mail/k0", "", "", "", "mail/k4"} {
		m, err := w.repo.Mail(w.Context(), core.MailID(fmt.Sprint("m", i)))
		if w.must(err); m.Blob != want {
			w.Errorf("the text of mail %d is %q, want %q", i, m.Blob, want)
		}
	}
	named, err := w.store.(retain.Store).Named(w.Context(), []string{"mail/k0", "mail/k1", "mail/k4", "mail/none", "media/none", "other/none"})
	slices.Sort(named)
	same(w, "Named", named, []string{"mail/k0", "mail/k4"}, err)
}

func expireValues(w *world) {
	now := time.Now()
	for i := range 10 {
		w.must(w.repo.SetValueUntil(w.Context(), "o", fmt.Sprint("v", i), []byte("x"), now.Add(time.Duration(i-5)*time.Hour+time.Minute)))
	}
	w.must(w.repo.SetValue(w.Context(), "o", "for good", []byte("x")))
	w.must(w.repo.SetValueUntil(w.Context(), "o", "then for good", []byte("x"), now.Add(-time.Hour)))
	w.must(w.repo.SetValue(w.Context(), "o", "then for good", []byte("y")))
	has := func(name string) bool {
		v, err := w.repo.Value(w.Context(), "o", name)
		w.must(err)
		return v != nil
	}
	if n := w.expire(retain.Values, now); n != 5 {
		w.Errorf("%d forgotten, want 5", n)
	}
	if has("v0") || has("v4") || !has("v5") || !has("for good") || !has("then for good") {
		w.Error("a value is there after its time, or is not there before")
	}
}
