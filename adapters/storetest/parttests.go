package storetest

import (
	"fmt"
	"slices"
	"time"

	"causeway/core"
)

func nextPart(w *world) {
	conv := w.talk()
	_, err := w.repo.NextPart(w.Context(), conv.ID)
	missing(w, "NextPart of nothing", err)
	one := w.add(w.message(conv, "one", "", ""))
	two := w.add(w.message(conv, "two", ""))
	if all, err := w.repo.PartsOf(w.Context(), one.ID); err != nil || len(all) != len(one.Parts) || all[0].ID != one.Parts[0].ID || all[len(all)-1].ID != one.Parts[len(one.Parts)-1].ID {
		w.Errorf("PartsOf: %+v, %v", all, err)
	}
	behind, err := w.repo.PartsAfter(w.Context(), one.Parts[0], 9)
	if err != nil || len(behind) != 2 || behind[0].ID != one.Parts[1].ID || behind[1].ID != two.Parts[0].ID {
		w.Errorf("PartsAfter: %+v, %v", behind, err)
	}
	set := func(p core.Part, s core.Status, notBefore time.Time) {
		p.Status, p.NotBefore = s, notBefore
		w.must(w.repo.SetPart(w.Context(), p))
	}
	next := func(what string, want core.Part) {
		w.Helper()
		got, err := w.repo.NextPart(w.Context(), conv.ID)
		same(w, what, got.ID, want.ID, err)
	}
	for _, s := range []core.Status{core.StatusQueued, core.StatusParked, core.StatusSending} {
		set(one.Parts[0], s, time.Time{})
		next(string(s), one.Parts[0])
	}
	set(one.Parts[0], core.StatusUnknown, noon)
	next("unknown, with a time", one.Parts[0])
	set(one.Parts[0], core.StatusUnknown, time.Time{})
	next("unknown, left to a person", one.Parts[1])
	for _, s := range []core.Status{core.StatusSent, core.StatusDelivered, core.StatusRead, core.StatusFailed, core.StatusReceived} {
		set(one.Parts[1], s, noon)
		next(string(s), two.Parts[0])
	}
	future := time.Now().Add(time.Hour)
	set(two.Parts[0], core.StatusQueued, future)
	_, err = w.repo.NextPart(w.Context(), conv.ID)
	missing(w, "NextPart of what is not due yet", err)
	tried := two.Parts[0]
	tried.Attempts = 1
	set(tried, core.StatusQueued, future)
	next("tried before, and waiting", two.Parts[0])
	set(two.Parts[0], core.StatusQueued, time.Now().Add(-time.Hour))
	next("due", two.Parts[0])
	set(two.Parts[0], core.StatusFailed, time.Time{})
	_, err = w.repo.NextPart(w.Context(), conv.ID)
	missing(w, "NextPart when all is done", err)
	if left, err := w.repo.PartsAfter(w.Context(), one.Parts[0], 9); err != nil || len(left) != 0 {
		w.Errorf("PartsAfter when all is done: %+v, %v", left, err)
	}
}

func parts(w *world) {
	conv := w.talk()
	m := w.add(w.message(conv, "x", "", ""))
	p := m.Parts[1]
	p.Status, p.Provider, p.Stanza, p.Attempts, p.NotBefore, p.Sent, p.Updated = core.StatusSent, "wamid.9", "3EB0", 3, noon.UTC(), noon.Add(1).UTC(), noon.Add(time.Hour).UTC()
	p.Sent = p.Sent.Truncate(time.Microsecond)
	p.Error = &core.SendError{Code: "131047", Outcome: core.Rejected, Effect: core.EffectWindow, Reason: "closed", Remedy: "template"}
	change := p
	change.Content, change.Seq, change.Message = text("changed"), 99, "other"
	w.must(w.repo.SetPart(w.Context(), change))
	got, err := w.repo.Part(w.Context(), p.ID)
	same(w, "SetPart changes what it names only", got, p, err)
	got, err = w.repo.PartByProvider(w.Context(), w.ch.ID, "wamid.9")
	same(w, "PartByProvider", got, p, err)
	got, err = w.repo.ClaimProvider(w.Context(), w.ch.ID, "wamid.9")
	same(w, "ClaimProvider", got, p, err)
	p.Error, p.NotBefore, p.Sent, p.Attempts = nil, time.Time{}, time.Time{}, 0
	w.must(w.repo.SetPart(w.Context(), p))
	got, err = w.repo.Part(w.Context(), p.ID)
	same(w, "set back to nothing", got, p, err)
	for _, provider := range []string{"", "wamid.0"} {
		_, err = w.repo.PartByProvider(w.Context(), w.ch.ID, provider)
		missing(w, "PartByProvider", err)
		_, err = w.repo.ClaimProvider(w.Context(), w.ch.ID, provider)
		missing(w, "ClaimProvider", err)
	}
	w.tx(func(_ core.Tx, repo core.Repo) error {
		got, err := repo.ClaimProvider(w.Context(), w.ch.ID, "wamid.9")
		same(w, "ClaimProvider in a transaction", got, p, err)
		_, err = repo.ClaimProvider(w.Context(), w.ch.ID, "wamid.0")
		missing(w, "ClaimProvider in a transaction", err)
		_, err = repo.PartByProvider(w.Context(), w.ch.ID, "wamid.0")
		missing(w, "PartByProvider of what is claimed", err)
		return nil
	})
	_, err = w.repo.Part(w.Context(), "none")
	missing(w, "Part", err)
	missing(w, "SetPart", w.repo.SetPart(w.Context(), core.Part{ID: "none"}))
}

func providerTaken(w *world) {
	conv := w.talk()
	w.add(w.message(conv, "echo", "wamid.1"))
	sent := w.add(w.message(conv, "sent", ""))
	sent.Parts[0].Provider = "wamid.1"
	duplicate(w, "SetPart", w.repo.SetPart(w.Context(), sent.Parts[0]))
	w.tx(func(tx core.Tx, repo core.Repo) error { // Try keeps the transaction usable
		duplicate(w, "SetPart in Try", tx.Try(w.Context(), func() error { return repo.SetPart(w.Context(), sent.Parts[0]) }))
		return repo.SetMessageStatus(w.Context(), sent.ID, core.StatusSent, nil)
	})
}

func partsIn(w *world) {
	var want []core.PartID
	for i := range 5 {
		m := w.message(w.talk(), fmt.Sprint(i), "")
		if i < 4 {
			m.Parts[0].Status = core.StatusParked
			want = append(want, m.Parts[0].ID)
		}
		w.add(m)
	}
	got, err := w.repo.PartsIn(w.Context(), w.ch.ID, core.StatusParked, 3)
	var ids []core.PartID
	for _, p := range got {
		ids = append(ids, p.ID)
	}
	same(w, "PartsIn", ids, want[:3], err)
}

func givenUp(w *world) {
	var want []core.PartID
	conv := w.talk()
	for _, effect := range []core.Effect{core.EffectRetry, core.EffectFail, core.EffectSlow, core.EffectSlowPeer, core.EffectWindow} {
		m := w.message(conv, string(effect), "")
		m.Parts[0].Status, m.Parts[0].Error = core.StatusFailed, &core.SendError{Outcome: core.Rejected, Effect: effect, Reason: "It did."}
		if m.Parts[0].Error.Passes() {
			want = append(want, m.Parts[0].ID)
		}
		w.add(m)
	}
	waits := w.message(conv, "waits for another try", "")
	waits.Parts[0].Error = &core.SendError{Outcome: core.Rejected, Effect: core.EffectRetry}
	w.add(waits)
	slices.Reverse(want)
	got, err := w.repo.GivenUp(w.Context(), w.ch.ID, 2)
	var ids []core.PartID
	for _, p := range got {
		ids = append(ids, p.ID)
	}
	same(w, "GivenUp", ids, want[:2], err)
	got, err = w.repo.GivenUp(w.Context(), w.ch.ID, 9)
	same(w, "all of them", len(got), len(want), err)
}

func attempts(w *world) {
	m := w.add(w.message(w.talk(), "x", ""))
	var want []core.Attempt
	for i := range 3 {
		a := core.Attempt{Part: m.Parts[0].ID, Number: i/2 + 1, At: noon.UTC(), Took: 1234567, Result: "timeout (unknown)"}
		w.must(w.repo.AddAttempt(w.Context(), a))
		want = append(want, a)
	}
	got, err := w.repo.Attempts(w.Context(), m.Parts[0].ID)
	same(w, "Attempts", got, want, err)
}

func files(w *world) {
	conv := w.talk()
	m := w.add(w.message(conv, "x", ""))
	f := core.File{ID: "f1", Channel: w.ch.ID, Conversation: conv.ID, Message: m.ID, State: core.FilePending, Created: noon.UTC(),
		Media: core.Media{ID: "f1", Provider: "77", URL: "https://x.example/1", MIME: "image/jpeg", SHA256: "ab", Animated: true}}
	w.must(w.repo.AddFile(w.Context(), f))
	got, err := w.repo.File(w.Context(), "f1")
	same(w, "File", got, f, err)
	f.State, f.Blob, f.Error, f.Tries, f.Media.MIME, f.Media.Name, f.Media.Size = core.FileHere, "media/f1", "e", 2, "image/png", "a.png", 1<<40
	change := f
	change.Media.URL, change.Media.Provider = "other", "other"
	w.must(w.repo.SetFile(w.Context(), change))
	got, err = w.repo.File(w.Context(), "f1")
	same(w, "SetFile changes what it names only", got, f, err)
	upload := core.File{ID: "f2", State: core.FileHere, Created: noon.UTC()}
	w.must(w.repo.AddFile(w.Context(), upload))
	got, err = w.repo.File(w.Context(), "f2")
	same(w, "a file of no message", got, upload, err)
	_, err = w.repo.File(w.Context(), "none")
	missing(w, "File", err)
	missing(w, "SetFile", w.repo.SetFile(w.Context(), core.File{ID: "none"}))
	w.spares(f)
	all, err := w.repo.FilesOf(w.Context(), m.ID)
	if err != nil || len(all) != 1 || all[0].ID != "f1" {
		w.Errorf("FilesOf: got %+v %v", all, err)
	}
	all, err = w.repo.FilesOf(w.Context(), "none")
	if err != nil || len(all) != 0 {
		w.Errorf("FilesOf nobody's: got %+v %v", all, err)
	}
	gone := core.File{ID: "f1", State: core.FileDeleted, Blob: "media/f1"}
	w.must(w.repo.SetFile(w.Context(), gone))
	got, err = w.repo.File(w.Context(), "f1")
	gone.Channel, gone.Conversation, gone.Message, gone.Created, gone.Media.ID = got.Channel, conv.ID, m.ID, noon.UTC(), "f1"
	same(w, "a deleted file", got, gone, err)
}

// spares: a medium that is not here is fetched from where else it lies, once.
func (w *world) spares(f core.File) {
	use := func(want bool) {
		w.Helper()
		there, err := w.repo.UseSpare(w.Context(), f.ID)
		same(w, "UseSpare", there, want, err)
	}
	use(false)
	other := core.Channel{ID: core.NewID[core.ChannelID](), Workspace: w.ws, Kind: "k", Name: "spare", Account: "spare", State: core.ChannelActive, Created: noon.UTC()}
	w.must(w.repo.SaveChannel(w.Context(), other))
	missing(w, "SpareFile", w.repo.SpareFile(w.Context(), "none", other.ID, core.Media{}))
	w.must(w.repo.SpareFile(w.Context(), f.ID, other.ID, core.Media{ID: f.ID, Provider: "88", SHA256: "cd"}))
	use(false) // it is here
	f.State, f.Tries, f.Error, f.Blob = core.FileMissing, 12, "gone", ""
	w.must(w.repo.SetFile(w.Context(), f))
	use(true)
	got, err := w.repo.File(w.Context(), f.ID)
	f.Channel, f.State, f.Tries, f.Error = other.ID, core.FilePending, 0, ""
	f.Media.Provider, f.Media.SHA256, f.Media.URL, f.Media.Animated = "88", "cd", "", false
	same(w, "its file", got, f, err)
	use(false)
}
