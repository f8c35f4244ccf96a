package inbound_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"causeway/core"
	"causeway/core/outbound"
)

// topical is what the provider says of the channel, some seconds after the world's beginning.
func (w *world) topical(topic string, after int, level core.HealthLevel) core.Event {
	return core.Event{Kind: core.EventAccount, ID: fmt.Sprint(topic, after, level), At: w.clock.Add(time.Duration(after) * time.Second), Origin: core.OriginProvider,
		Change: &core.AccountBody{Name: topic, Topic: topic, Slack: 2 * time.Minute, Detail: "news",
			Health: &core.Health{Level: level, Code: topic, Reason: fmt.Sprint(topic, " ", after), Remedy: "act"}}}
}

func (w *world) health() (core.ChannelState, core.Health) {
	w.Helper()
	ch, err := w.repo.Channel(w.Context(), w.ch.ID)
	w.must(err)
	return ch.State, ch.Health
}

// shuffled returns some orders of the events, each event perhaps twice.
func shuffled(events []core.Event, each func(order []core.Event)) {
	r := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same orders each time
	for range 8 {
		order := append(append([]core.Event{}, events...), events[r.IntN(len(events))])
		r.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		each(order)
	}
}

// TestStanding: what is said of a channel holds by its time and not by its order, and the worst of several troubles shows.
func TestStanding(t *testing.T) {
	const bad, good, warning = core.HealthBad, core.HealthGood, core.HealthWarning
	lite(t, func(w *world) {
		for i, c := range []struct {
			said  []core.Event
			state core.ChannelState
			level core.HealthLevel
			code  string
		}{
			{[]core.Event{w.topical("phone", 204, bad), w.topical("phone", 203, good)}, core.ChannelActive, good, "phone"},
			{[]core.Event{w.topical("phone", 0, bad), w.topical("phone", 300, good)}, core.ChannelActive, good, "phone"},
			{[]core.Event{w.topical("phone", 0, good), w.topical("phone", 300, bad)}, core.ChannelParked, bad, "phone"},
			{[]core.Event{w.topical("phone", 0, bad), w.topical("phone", 10, good), w.topical("partner", 5, bad)}, core.ChannelParked, bad, "partner"},
			{[]core.Event{w.topical("limit", 0, warning), w.topical("phone", 10, good), w.topical("phone", 5, bad)}, "", warning, "limit"},
			{[]core.Event{w.topical("ban", 0, bad), w.topical("partner", 5, bad)}, core.ChannelParked, bad, "partner"},
		} {
			shuffled(c.said, func(order []core.Event) {
				w.ch = w.channel(core.NewID[string](), core.NewID[string]())
				w.accept(order...)
				state, h := w.health()
				if h.Level == core.HealthUnknown {
					h.Level = good
				}
				if h.Level != c.level || c.level != good && h.Code != c.code || c.state != "" && state != c.state {
					t.Errorf("case %d: %s, %+v; want %s %s %s; in the order %v", i, state, h, c.state, c.level, c.code, ids(order))
				}
			})
		}
	})
}

func ids(events []core.Event) (all []string) {
	for _, e := range events {
		all = append(all, e.ID)
	}
	return all
}

// TestStandingLeavesOthers: good news of one thing does not end a trouble that it is not about.
func TestStandingLeavesOthers(t *testing.T) {
	lite(t, func(w *world) {
		w.must(w.repo.SetChannelState(w.Context(), w.ch.ID, core.ChannelParked, core.Health{Level: core.HealthBad, Code: "190", Reason: "The token ended."}))
		w.accept(w.topical("phone", 0, core.HealthGood))
		state, h := w.health()
		equal(w, "state", state, core.ChannelParked)
		equal(w, "code", h.Code, "190")
	})
}

// resume is what an admin says after some seconds.
func (w *world) resume(after int) {
	w.Helper()
	now := func() time.Time { return w.clock.Add(time.Duration(after)*time.Second + 300*time.Millisecond) }
	w.must(outbound.New(outbound.Options{Store: w.store, Now: now}).Resume(w.Context(), w.ws, w.ch.ID))
}

// TestResumedHolds: what is told, or remembered, of the time before an admin resumed the channel does not stop it again; what happens from then on does.
func TestResumedHolds(t *testing.T) {
	each(t, func(w *world) {
		again := func(e core.Event, id string) core.Event {
			e.ID += id
			return e
		}
		partner, untold := w.topical("partner", 0, core.HealthBad), w.topical("ban", 5, core.HealthBad)
		plain := core.Event{Kind: core.EventAccount, ID: "plain", At: w.clock, Origin: core.OriginProvider,
			Change: &core.AccountBody{Name: "plain", Health: &core.Health{Level: core.HealthBad, Code: "plain", Reason: "Bad."}}}
		w.accept(partner)
		w.resume(10)
		for name, e := range map[string]core.Event{
			"told again": again(partner, "/again"), "told late": untold, "of no topic": plain, "a worry": w.topical("limit", 9, core.HealthWarning),
			"good news of something else": w.topical("quality", 20, core.HealthGood),
		} {
			w.accept(e)
			if state, h := w.health(); state != core.ChannelActive || h.Level == core.HealthBad || h.Level == core.HealthWarning {
				t.Errorf("%s: %s, %+v", name, state, h)
			}
		}
		w.accept(w.topical("limit", 21, core.HealthWarning))
		if state, h := w.health(); state != core.ChannelActive || h.Code != "limit" {
			t.Errorf("a new worry shows as %s, %+v", state, h)
		}
		w.accept(w.topical("ban", 10, core.HealthBad)) // in the same second
		state, h := w.health()
		equal(w, "state", state, core.ChannelParked)
		equal(w, "code", h.Code, "ban")
	})
}

func (w *world) named(name string, after int) core.Event {
	return core.Event{Kind: core.EventEntry, ID: fmt.Sprint(name, after), At: w.clock.Add(time.Duration(after) * time.Second), Origin: core.OriginDevice, Historic: true,
		Peer: core.Peer{Identities: []core.IdentityKey{phone(grace)}}, Entry: &core.EntryBody{Name: name}}
}

// TestEntryOfTheKnown: an entry that is about contacts alone makes none.
func TestEntryOfTheKnown(t *testing.T) {
	each(t, func(w *world) {
		entry := func(id, name string) core.Event {
			return core.Event{Kind: core.EventEntry, ID: id, At: w.clock, Origin: core.OriginDevice, Historic: true,
				Peer: core.Peer{Identities: []core.IdentityKey{phone(grace)}}, Entry: &core.EntryBody{Name: name, Known: true}}
		}
		w.accept(entry("entry/1", "My dentist"))
		equal(w, "contacts", len(w.contacts()), 0)
		w.accept(w.said(id(1), "Hello"))
		w.pass(time.Minute)
		w.accept(entry("entry/2", "Grace Hopper"))
		equal(w, "name", w.contacts()[0].Name, "Grace Hopper")
		equal(w, "dead letters", len(w.dead()), 0)
	})
}

// TestEntry: what the business calls a contact counts before what they call themselves, the newest word of it, in any order.
func TestEntry(t *testing.T) {
	each(t, func(w *world) {
		past := w.said("m", "hello")
		past.Historic = true
		for i, c := range []struct {
			events []core.Event
			want   string
		}{
			{[]core.Event{w.named("Grace (bicycle)", 1)}, "Grace (bicycle)"},
			{[]core.Event{w.named("Grace (bicycle)", 1), past}, "Grace (bicycle)"},
			{[]core.Event{w.named("Old", 1), w.named("New", 2), past}, "New"},
			{[]core.Event{w.named("Old", 1), w.named("", 2), past}, "Grace"},
			{[]core.Event{w.named("Old", 1), w.named("", 2), w.named("New", 3), past}, "New"},
		} {
			run := 0
			shuffled(c.events, func(order []core.Event) {
				run++
				number := fmt.Sprintf("4477%02d%02d", i, run)
				for n := range order {
					e := &order[n]
					e.ID += number
					e.Peer.Identities = []core.IdentityKey{phone(number)}
					if e.Message != nil {
						m := *e.Message
						m.Provider += number
						e.Message = &m
					}
				}
				w.accept(order...)
				known, err := w.repo.Identities(w.Context(), []core.IdentityKey{phone(number)})
				w.must(err)
				c2, err := w.repo.Contact(w.Context(), known[0].Contact)
				w.must(err)
				if c2.Name != c.want {
					t.Errorf("case %d: %q, want %q, in the order %v", i, c2.Name, c.want, ids(order))
				}
			})
		}
		equal(w, "jobs", w.jobs(), "")
		for _, conv := range w.conversations() {
			equal(w, "conversation", conv.State, core.ConversationClosed)
		}
	})
}

func (w *world) importing(percent int, s core.ImportState) core.Event {
	return core.Event{Kind: core.EventAccount, ID: fmt.Sprint(percent, s), At: w.clock, Origin: core.OriginProvider,
		Change: &core.AccountBody{Name: "history", Import: &core.Import{What: core.ImportHistory, State: s, Percent: percent}}}
}

func TestImportAdvances(t *testing.T) {
	lite(t, func(w *world) {
		over := core.Event{Kind: core.EventAccount, ID: "over", At: w.clock.Add(time.Hour), Origin: core.OriginProvider, Change: &core.AccountBody{Name: "removed", Over: true}}
		for i, c := range []struct {
			events []core.Event
			want   string
		}{
			{[]core.Event{w.importing(30, core.ImportReceiving), w.importing(55, core.ImportReceiving)}, "55 % here"},
			{[]core.Event{w.importing(30, core.ImportReceiving), w.importing(100, core.ImportDone)}, "done"},
			{[]core.Event{w.importing(0, core.ImportDeclined)}, "declined"},
			{[]core.Event{w.importing(30, core.ImportReceiving), w.importing(100, core.ImportDone), over}, "not asked for yet"},
		} {
			shuffled(c.events, func(order []core.Event) {
				w.ch = w.channel(core.NewID[string](), core.NewID[string]())
				w.accept(order...)
				got, err := core.ReadImport(w.Context(), w.repo, w.ch.ID, core.ImportHistory)
				w.must(err)
				if got.String() != c.want {
					t.Errorf("case %d: %q, want %q, in the order %v", i, got, c.want, ids(order))
				}
			})
		}
	})
}

// TestChangesBeforeTheirHistory: what is told of a message that a later piece of the history brings, hours later, waits for it.
func TestChangesBeforeTheirHistory(t *testing.T) {
	each(t, func(w *world) {
		past := func(n int, text string) core.Event {
			e := w.said(id(n), text)
			e.Historic, e.At = true, w.clock.Add(-30*24*time.Hour)
			return e
		}
		react := w.reaction("r1", id(1), "👍")
		react.Historic = true
		w.accept(react, w.importing(40, core.ImportReceiving))
		w.accept(w.edit("e1", id(2), "at six")) // what a customer changes now of what they wrote before the number was connected
		w.pass(5 * time.Hour)
		n, err := w.in.Sweep(w.Context(), w.ws)
		w.must(err)
		equal(w, "given up after some hours", n, 0)
		w.accept(past(1, "do you rent?"), past(2, "at five"))
		equal(w, "reactions", len(w.message(id(1)).Reactions), 1)
		equal(w, "edited", w.message(id(2)).Content.Text, "at six")
	})
}

// TestPastStatus: how far an imported message came is kept, whichever word of it is first.
func TestPastStatus(t *testing.T) {
	lite(t, func(w *world) {
		e := w.echo("m", "yes")
		e.Historic, e.ID, e.Message.Status = true, "m/past", core.StatusRead
		live := w.echo("m", "yes")
		w.accept(live, e)
		equal(w, "raised", w.message("m").Status, core.StatusRead)
		e.Message.Provider, e.ID = "n", "n"
		w.accept(e)
		equal(w, "kept", w.message("n").Status, core.StatusRead)
	})
}

// TestFillLeavesDeleted: a placeholder whose message was deleted stays empty.
func TestFillLeavesDeleted(t *testing.T) {
	lite(t, func(w *world) {
		e := w.said("m", "")
		e.Message.Content = core.Content{Kind: core.KindUnsupported, Unsupported: &core.Unsupported{Type: "media_placeholder"}}
		w.accept(e, w.revoke("r", "m"), w.said("m", "the text"))
		m := w.message("m")
		if m.Revoked.IsZero() || m.Content.Text != "" {
			t.Errorf("a deleted message says %q", m.Content.Text)
		}
	})
}

// TestAnswerInAnyOrder: whoever wrote before an answer from the phone does not wait, and whoever wrote after it does, in whatever order the provider
// brings the three; the app's own greeting is no answer, though it comes first.
func TestAnswerInAnyOrder(t *testing.T) {
	lite(t, func(w *world) {
		start := w.clock
		w.pass(time.Hour)
		n := 0
		told := func(from core.Origin, after time.Duration) func(who string) core.Event {
			return func(who string) core.Event {
				n++
				e := w.said(fmt.Sprintf("m%d", n), "words", phone(who))
				e.Origin, e.At = from, start.Add(after)
				return e
			}
		}
		asks, answers, goesOn, greets := told(core.OriginCustomer, 0), told(core.OriginDevice, time.Minute), told(core.OriginCustomer, 2*time.Minute), told(core.OriginDevice, time.Second)
		for i, c := range []struct {
			said  []func(string) core.Event
			greet bool
			waits time.Duration // after the start; negative: nobody does
		}{
			{[]func(string) core.Event{asks, answers}, false, -1},
			{[]func(string) core.Event{asks, answers, goesOn}, false, 2 * time.Minute},
			{[]func(string) core.Event{answers, goesOn}, false, 2 * time.Minute},
			{[]func(string) core.Event{asks, greets}, true, 0},
			{[]func(string) core.Event{asks, greets}, false, -1},
			{[]func(string) core.Event{asks, greets, answers}, true, -1},
		} {
			w.ch.Settings = map[string]string{}
			core.Coexistence{Greets: c.greet}.Put(w.ch.Settings)
			for k, order := range permutations(len(c.said)) {
				who := fmt.Sprintf("44770090%02d%02d", i, k)
				for _, at := range order {
					w.accept(c.said[at](who))
				}
				conv, err := w.repo.OpenConversation(w.Context(), w.ownerOf(phone(who)))
				w.must(err)
				if got := conv.Waiting; got.IsZero() != (c.waits < 0) || c.waits >= 0 && !got.Equal(start.Add(c.waits)) {
					t.Errorf("case %d, order %v: waiting since %v, the talk began at %v", i, order, got, start)
				}
			}
		}
	})
}

// TestGreetingInAnyOrder: the app's own greeting, and the away note with it, leave the same behind whether they come before the message that caused them
// or after it: the contact opened the conversation and waits, automation begins, and nobody has it, unless somebody really answered.
func TestGreetingInAnyOrder(t *testing.T) {
	each(t, func(w *world) {
		w.follow()
		lena := core.Agent{ID: core.NewID[core.AgentID](), Workspace: w.ws, Name: "Lena", Created: w.clock}
		w.must(w.repo.SaveAgent(w.Context(), lena))
		w.ch.Settings = map[string]string{}
		core.Coexistence{Owner: "Lena", Greets: true}.Put(w.ch.Settings)
		w.must(w.repo.SaveChannel(w.Context(), w.ch))
		start := w.clock
		w.pass(time.Hour)
		n := 0
		told := func(from core.Origin, after time.Duration, words string) func(who string) core.Event {
			return func(who string) core.Event {
				n++
				e := w.said(fmt.Sprintf("m%d", n), words, phone(who))
				e.Origin, e.At = from, start.Add(after)
				return e
			}
		}
		asks, atOnce, greets := told(core.OriginCustomer, 0, "asks"), told(core.OriginDevice, 0, "greets"), told(core.OriginDevice, time.Second, "away")
		answers, before := told(core.OriginDevice, time.Minute, "answers"), told(core.OriginDevice, -time.Minute, "writes first")
		for i, c := range [][]func(string) core.Event{{asks, greets}, {asks, atOnce}, {asks, atOnce, greets}, {asks, greets, answers}, {before, asks, greets}} {
			want := ""
			for k, order := range permutations(len(c)) {
				if i == 3 && order[0] == 2 || i == 4 && order[0] != 0 {
					continue // what a person writes opens a conversation, if it comes first
				}
				for _, together := range []bool{false, true} {
					who := fmt.Sprintf("44770091%02d%02d%t", i, k, together)
					var all []core.Event
					for _, at := range order {
						all = append(all, c[at](who))
					}
					if together {
						w.accept(all...)
					} else {
						for _, e := range all {
							w.accept(e)
						}
					}
					got := w.standingOf(who)
					if want == "" {
						want = got
						t.Log(i, got)
					} else if got != want {
						t.Errorf("case %d, order %v, together %t:\n%s\nwant\n%s", i, order, together, got, want)
					}
				}
			}
		}
	})
}

// standingOf is how a conversation stands, without what tells in which order things came.
func (w *world) standingOf(who string) string {
	w.Helper()
	conv, err := w.repo.OpenConversation(w.Context(), w.ownerOf(phone(who)))
	w.must(err)
	var all []string
	said, err := w.repo.Messages(w.Context(), conv.ID, core.Page{Limit: 9})
	w.must(err)
	words := map[core.MessageID]string{}
	for _, m := range said {
		words[m.ID] = m.Content.Text
		all = append(all, fmt.Sprintf("%s %q", m.Content.Text, m.Content.Automatic))
	}
	lines, err := w.repo.ConversationEvents(w.Context(), conv.ID)
	w.must(err)
	for _, l := range lines {
		all = append(all, fmt.Sprint("line ", l.Kind, " by ", l.By.Kind))
	}
	happened, err := w.repo.Happenings(w.Context(), conv.ID)
	w.must(err)
	opened := ""
	for _, h := range happened {
		if machine, err := core.ByMachine(w.Context(), w.repo, h); err != nil || machine {
			w.must(err)
			continue
		}
		if h.Kind == core.HappenedOpened {
			opened += " by " + string(h.By.Kind)
			continue
		}
		all = append(all, fmt.Sprint("happened ", h.Kind, " ", words[h.Message]))
	}
	if answered := slices.ContainsFunc(said, func(m core.Message) bool { return m.Content.Text == "answers" }); !answered { // then a workflow stops, or is not begun
		all = append(all, "happened opened"+opened)
	}
	slices.Sort(all)
	return fmt.Sprintf("%s\nassigned %t, waits %t", strings.Join(all, "\n"), conv.Agent != "", !conv.Waiting.IsZero())
}

// permutations lists the orders of n things.
func permutations(n int) [][]int {
	if n == 0 {
		return [][]int{nil}
	}
	var all [][]int
	for _, p := range permutations(n - 1) {
		for i := range n {
			all = append(all, slices.Insert(slices.Clone(p), i, n-1))
		}
	}
	return all
}
