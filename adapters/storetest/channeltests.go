package storetest

import (
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"causeway/core"
)

func channels(w *world) {
	got, err := w.repo.Channel(w.Context(), w.ch.ID)
	same(w, "Channel", got, w.ch, err)
	got, err = w.repo.ChannelByName(w.Context(), "shop")
	same(w, "ChannelByName", got, w.ch, err)
	_, err = w.repo.Channel(w.Context(), "none")
	missing(w, "Channel", err)
	_, err = w.repo.ChannelByName(w.Context(), "none")
	missing(w, "ChannelByName", err)

	w.must(w.repo.SetChannelState(w.Context(), w.ch.ID, core.ChannelParked, core.Health{Level: core.HealthBad}))
	next := w.ch
	next.Name, next.Account, next.Settings, next.FreeWindow = "store", "acct-2", map[string]string{"a": "b"}, 12*time.Hour
	next.Kind, next.State, next.Created = "telegram", core.ChannelActive, noon.Add(time.Hour)
	w.must(w.repo.SaveChannel(w.Context(), next))
	next.Kind, next.State, next.Health, next.Created = w.ch.Kind, core.ChannelParked, core.Health{Level: core.HealthBad}, w.ch.Created
	got, err = w.repo.Channel(w.Context(), w.ch.ID)
	same(w, "saved again: only name, account, settings and window change", got, next, err)
	all, err := w.repo.Channels(w.Context())
	same(w, "Channels", all, []core.Channel{next}, err)
}

func channelState(w *world) {
	h := core.Health{Level: core.HealthBad, Code: "190", Reason: "The token expired.", Remedy: "Make a new one.", Since: noon.UTC()}
	w.must(w.repo.SetChannelState(w.Context(), w.ch.ID, core.ChannelParked, h))
	got, err := w.repo.Channel(w.Context(), w.ch.ID)
	want := w.ch
	want.State, want.Health = core.ChannelParked, h
	same(w, "SetChannelState", got, want, err)
	missing(w, "SetChannelState", w.repo.SetChannelState(w.Context(), "none", core.ChannelActive, core.Health{}))
}

func seenIn(w *world) {
	for _, at := range []time.Time{noon, noon.Add(time.Minute), noon.Add(-time.Minute)} {
		w.must(w.repo.SeenIn(w.Context(), w.ch.ID, at))
	}
	got, err := w.repo.Channel(w.Context(), w.ch.ID)
	same(w, "SeenIn", got.SeenIn, noon.Add(time.Minute).UTC(), err)
	missing(w, "SeenIn", w.repo.SeenIn(w.Context(), "none", noon))
}

func uniqueChannels(w *world) {
	duplicate(w, "name", w.repo.SaveChannel(w.Context(), core.Channel{ID: "2", Kind: "sms", Name: "shop", Account: "2"}))
	duplicate(w, "account", w.repo.SaveChannel(w.Context(), core.Channel{ID: "2", Kind: w.ch.Kind, Name: "two", Account: w.ch.Account}))
	two := worldIn(w.T, w.store, "second")
	duplicate(w, "account, from another workspace", two.repo.SaveChannel(w.Context(), core.Channel{ID: "2", Kind: w.ch.Kind, Name: "two", Account: w.ch.Account}))
	w.must(w.repo.SaveChannel(w.Context(), core.Channel{ID: "3", Kind: "webchat", Name: "three"}))
	w.must(w.repo.SaveChannel(w.Context(), core.Channel{ID: "4", Kind: "webchat", Name: "four"})) // no account: nothing to be unique
}

func secrets(w *world) {
	s := core.SealedSecret{Workspace: w.ws, Owner: "channel/1", Name: "token", Box: []byte{0, 1, 255}, Hint: "cdef", Set: noon.UTC()}
	w.must(w.repo.PutSecret(w.Context(), s))
	s.Box, s.Hint = []byte("second"), ""
	w.must(w.repo.PutSecret(w.Context(), s))
	other := s
	other.Name = "app secret"
	w.must(w.repo.PutSecret(w.Context(), other))
	got, err := w.repo.Secrets(w.Context(), "channel/1")
	same(w, "Secrets", got, []core.SealedSecret{other, s}, err)
	got, err = w.repo.Secrets(w.Context(), "channel/2")
	if err != nil || len(got) != 0 {
		w.Errorf("Secrets of another owner: %v, %v", got, err)
	}
	for range 2 { // the second time it is not there
		w.must(w.repo.DropSecret(w.Context(), "channel/1", "token"))
		got, err = w.repo.Secrets(w.Context(), "channel/1")
		same(w, "after DropSecret", got, []core.SealedSecret{other}, err)
	}
}

func values(w *world) {
	got, err := w.repo.Value(w.Context(), "o", "n")
	if got != nil || err != nil {
		w.Errorf("no value: %v, %v", got, err)
	}
	for _, v := range [][]byte{[]byte("one"), {}, {0, 255}} {
		w.must(w.repo.SetValue(w.Context(), "o", "n", v))
		got, err = w.repo.Value(w.Context(), "o", "n")
		same(w, "Value", got, v, err)
	}
	w.must(w.repo.SetValue(w.Context(), "o", "m", []byte("before")))
	w.must(w.repo.SetValue(w.Context(), "p", "a", []byte("another's")))
	for _, want := range []string{"m", "n", "", ""} {
		name, value, err := w.repo.FirstValue(w.Context(), "o")
		w.must(err)
		if name != want || want == "m" && string(value) != "before" || (want == "") != (value == nil) {
			w.Errorf("FirstValue %q %q, want %q", name, value, want)
		}
		w.must(w.repo.DropValue(w.Context(), "o", "none"))
		w.must(w.repo.DropValue(w.Context(), "o", name))
	}
	got, err = w.repo.Value(w.Context(), "p", "a")
	same(w, "Value of another owner", got, []byte("another's"), err)
}

// swaps: a value is changed only where it is still what was read; of several that read the same, one wins.
func swaps(w *world) {
	for _, step := range []struct {
		name     string
		old, new []byte
		won      bool
	}{
		{"what is not there", []byte("x"), []byte("y"), false}, {"the first", nil, []byte("one"), true}, {"the first again", nil, []byte("two"), false},
		{"from another", []byte("two"), []byte("three"), false}, {"from it", []byte("one"), []byte{}, true}, {"from nothing that is there", nil, []byte("z"), false},
		{"from empty", []byte{}, []byte{0, 255}, true}, {"to the same", []byte{0, 255}, []byte{0, 255}, true},
	} {
		won, err := w.repo.SwapValue(w.Context(), "o", "swapped", step.old, step.new)
		if err != nil || won != step.won {
			w.Errorf("%s: won %v, %v", step.name, won, err)
		}
	}
	got, err := w.repo.Value(w.Context(), "o", "swapped")
	same(w, "Value", got, []byte{0, 255}, err)
	var wins atomic.Int64
	each(8, func(i int) {
		won, err := w.repo.SwapValue(w.Context(), "o", "swapped", []byte{0, 255}, []byte(fmt.Sprint(i)))
		if err != nil {
			w.Error(err)
		}
		if won {
			wins.Add(1)
		}
	})
	if wins.Load() != 1 {
		w.Errorf("%d won", wins.Load())
	}
}

func channelLog(w *world) {
	var want []core.LogEntry
	for i := range 7 {
		e := core.LogEntry{ID: fmt.Sprintf("id-%d", i), Channel: w.ch.ID, At: noon.Add(time.Duration(i) * time.Second).UTC(), Inward: i%2 == 0, Method: "POST",
			URL: "https://x.example/", Status: 200, Took: 15 * time.Millisecond, Request: "{}", Response: "ok", Note: "n"}
		w.must(w.repo.AppendLog(w.Context(), e))
		want = append([]core.LogEntry{e}, want...)
	}
	got := pages(w, 3, func(p core.Page) ([]core.LogEntry, error) { return w.repo.ChannelLog(w.Context(), w.ch.ID, p) },
		func(e core.LogEntry) string { return e.ID })
	same(w, "ChannelLog", got, want, nil)
}

// pages reads a list to its end.
func pages[T any](w *world, size int, read func(core.Page) ([]T, error), position func(T) string) []T {
	w.Helper()
	var all []T
	p := core.Page{Limit: size}
	for range 100 {
		some, err := read(p)
		w.must(err)
		if len(some) == 0 {
			return all
		}
		all = append(all, some...)
		p.Before = position(some[len(some)-1])
	}
	w.Fatal("the pages have no end")
	return nil
}

func templates(w *world) {
	hi := core.Template{Channel: w.ch.ID, ProviderID: "1", Name: "hi", Language: "en_US", Category: "utility", Status: core.TemplateApproved, Named: true,
		Components: []core.Component{{Type: "body", Text: "Hi {{name}}", Examples: map[string]string{"name": "Ana"}}}, Synced: noon.UTC()}
	bye := core.Template{Channel: w.ch.ID, Name: "bye", Language: "de", Status: core.TemplateRejected, Reason: "no", Synced: noon.UTC()}
	w.must(w.repo.PutTemplates(w.Context(), w.ch.ID, []core.Template{hi, bye}))
	got, err := w.repo.Templates(w.Context(), w.ch.ID)
	same(w, "Templates", got, []core.Template{bye, hi}, err)
	one, err := w.repo.Template(w.Context(), w.ch.ID, "hi", "en_US")
	same(w, "Template", one, hi, err)
	_, err = w.repo.Template(w.Context(), w.ch.ID, "hi", "fr")
	missing(w, "Template", err)
	hi.Status = core.TemplatePaused
	w.must(w.repo.PutTemplates(w.Context(), w.ch.ID, []core.Template{hi}))
	got, err = w.repo.Templates(w.Context(), w.ch.ID)
	same(w, "replaced", got, []core.Template{hi}, err)
	w.must(w.repo.PutTemplates(w.Context(), w.ch.ID, nil))
	if got, err = w.repo.Templates(w.Context(), w.ch.ID); err != nil || len(got) != 0 {
		w.Errorf("emptied: %v, %v", got, err)
	}
	missing(w, "PutTemplates", w.repo.PutTemplates(w.Context(), "none", []core.Template{hi}))
}

func templateNews(w *world) {
	hi := core.Template{Channel: w.ch.ID, ProviderID: "1", Name: "hi", Language: "en_US", Category: "utility", Status: core.TemplateApproved, Synced: noon.UTC()}
	w.must(w.repo.PutTemplates(w.Context(), w.ch.ID, []core.Template{hi}))
	w.must(w.repo.ChangeTemplate(w.Context(), w.ch.ID, core.TemplateBody{Name: "hi", Language: "en-US", Status: core.TemplatePaused, Quality: "RED"}))
	hi.Status, hi.Quality = core.TemplatePaused, "RED"
	got, err := w.repo.Template(w.Context(), w.ch.ID, "hi", "en_US")
	same(w, "ChangeTemplate by name", got, hi, err)
	w.must(w.repo.ChangeTemplate(w.Context(), w.ch.ID, core.TemplateBody{ProviderID: "1", Category: "marketing"}))
	hi.Category = "marketing"
	got, err = w.repo.Template(w.Context(), w.ch.ID, "hi", "en_US")
	same(w, "ChangeTemplate by id", got, hi, err)
	missing(w, "ChangeTemplate", w.repo.ChangeTemplate(w.Context(), w.ch.ID, core.TemplateBody{Name: "bye", Language: "en", Reason: strings.Repeat("x", 9)}))
}

// gone removes the world's channel.
func (w *world) gone() core.Channel {
	w.Helper()
	h := core.Health{Code: "channel-removed", Reason: "It was removed.", Since: noon.UTC()}
	w.must(w.repo.RemoveChannel(w.Context(), w.ch.ID, h))
	ch := w.ch
	ch.State, ch.Health = core.ChannelRemoved, h
	return ch
}

func removedChannel(w *world) {
	other := core.Channel{ID: "side", Workspace: w.ws, Kind: "whatsapp-device", Name: "side", Account: "side", Settings: map[string]string{}, State: core.ChannelActive, Created: noon.UTC()}
	w.must(w.repo.SaveChannel(w.Context(), other))
	for id, phone := range map[core.ChannelID]bool{w.ch.ID: false, other.ID: true} {
		_, err := w.repo.SetNumber(w.Context(), id, "491701", phone)
		w.must(err)
	}
	other.Number, other.Phone = "491701", true
	want := w.gone()
	w.must(w.repo.SetChannelState(w.Context(), w.ch.ID, core.ChannelActive, core.Health{Level: core.HealthGood})) // somebody looked before
	w.must(w.repo.RemoveChannel(w.Context(), w.ch.ID, core.Health{Reason: "again"}))
	got, err := w.repo.Channel(w.Context(), w.ch.ID)
	same(w, "Channel", got, want, err)
	removed, err := w.repo.RemovedChannels(w.Context())
	same(w, "RemovedChannels", removed, []core.Channel{want}, err)
	left, err := w.repo.Channels(w.Context())
	same(w, "Channels, the other side alone again", left, []core.Channel{other}, err)
	all, err := w.store.AllChannels(w.Context())
	same(w, "AllChannels", all, []core.Channel{other}, err)
	_, err = w.repo.ChannelByName(w.Context(), w.ch.Name)
	missing(w, "ChannelByName", err)
	_, err = w.store.ChannelByID(w.Context(), w.ch.ID)
	missing(w, "ChannelByID", err)
	_, err = w.store.ChannelByAccount(w.Context(), w.ch.Kind, w.ch.Account)
	missing(w, "ChannelByAccount", err)
	got, err = w.repo.SetNumber(w.Context(), other.ID, "491701", true)
	same(w, "SetNumber finds no removed side", got, other, err)
	missing(w, "RemoveChannel", w.repo.RemoveChannel(w.Context(), "none", core.Health{}))
}

func strippedChannel(w *world) {
	fill := func() {
		for _, owner := range []string{"channel/1", "session/1", "channel/2"} {
			w.must(w.repo.PutSecret(w.Context(), core.SealedSecret{Workspace: w.ws, Owner: owner, Name: "token", Box: []byte("x"), Set: noon.UTC()}))
			w.must(w.repo.SetValue(w.Context(), owner, "cursor", []byte("x")))
		}
		w.must(w.repo.PutTemplates(w.Context(), w.ch.ID, []core.Template{{Channel: w.ch.ID, Name: "hello", Language: "en"}}))
		w.must(w.repo.ChangeRecords(w.Context(), w.ch.ID, []core.Change{{Space: "s", Key: "k", Value: []byte("x")}}))
		w.must(w.repo.ParkEvent(w.Context(), w.ch.ID, "target", core.Event{Kind: core.EventReaction, ID: "e"}, noon))
	}
	strip := func() (kept int) {
		w.must(w.repo.StripChannel(w.Context(), w.ch.ID, []string{"channel/1", "session/1"}))
		for _, owner := range []string{"channel/1", "session/1", "channel/2"} {
			sealed, err := w.repo.Secrets(w.Context(), owner)
			w.must(err)
			value, err := w.repo.Value(w.Context(), owner, "cursor")
			w.must(err)
			kept += len(sealed) + len(value)
		}
		templates, err := w.repo.Templates(w.Context(), w.ch.ID)
		w.must(err)
		records, err := w.repo.RecordsFrom(w.Context(), w.ch.ID, "s", "")
		w.must(err)
		w.must(w.store.Tx(w.Context(), func(tx core.Tx) error {
			events, err := tx.In(w.ws).TakeParked(w.Context(), w.ch.ID, "target")
			kept += len(events)
			return err
		}))
		return kept + len(templates) + len(records)
	}
	fill()
	if kept := strip(); kept != 9 {
		w.Errorf("of a channel that is there %d of 9 are left", kept)
	}
	w.gone()
	fill()
	if kept := strip(); kept != 2 {
		w.Errorf("of a removed one %d are left, want the 2 of another", kept)
	}
}

func restoredChannel(w *world) {
	w.gone()
	w.must(w.repo.SaveChannel(w.Context(), core.Channel{ID: "new", Kind: w.ch.Kind, Name: w.ch.Name, Account: w.ch.Account}))
	duplicate(w, "name and account in use meanwhile", w.repo.SaveChannel(w.Context(), w.ch))
	again := w.ch
	again.Name, again.Account = "again", "again"
	w.must(w.repo.SaveChannel(w.Context(), again))
	got, err := w.repo.ChannelByName(w.Context(), "again")
	same(w, "set up again", got, again, err)
}
