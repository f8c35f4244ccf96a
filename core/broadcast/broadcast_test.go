package broadcast_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"causeway/adapters/gormstore"
	"causeway/adapters/gormstore/freshstore"
	"causeway/core"
	"causeway/core/broadcast"
)

// hall is a house with contacts, and an outbox that notes what it is given. Who is named "shut" is outside of the window.
type hall struct {
	*testing.T
	store  *gormstore.Store
	ws     core.WorkspaceID
	repo   core.Repo
	caster *broadcast.Caster
	clock  time.Time
	said   map[string]string // by key
	fails  int               // composing fails so often, after it was done
	token  int64
}

func each(t *testing.T, f func(h *hall)) {
	t.Helper()
	freshstore.Each(t, nil, func(t *testing.T, s *gormstore.Store, _ *freshstore.Queue) {
		h := &hall{T: t, store: s}
		h.open()
		f(h)
	})
}

// open has channels and contacts.
func (h *hall) open() {
	h.Helper()
	h.clock, h.said = time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC), map[string]string{}
	var err error
	h.ws, err = h.store.EnsureWorkspace(h.Context(), "main")
	h.must(err)
	h.repo = h.store.In(h.ws)
	h.caster = &broadcast.Caster{Store: h.store, Outbox: h, Now: func() time.Time { return h.clock }}
	for _, name := range []string{"shop", "bot"} {
		h.must(h.repo.SaveChannel(h.Context(), core.Channel{ID: core.ChannelID(name), Workspace: h.ws, Kind: "x", Name: name, Account: name, Created: h.clock}))
	}
	h.contact("ann", "en", "agreed")
	h.contact("bob", "ru-RU", "agreed", "vip")
	h.contact("cat", "ar", "vip")
	h.contact("shut", "en", "agreed")
	h.contact("tom", "", "agreed", "complained")
	_, err = h.repo.SetField(h.Context(), "bob", "city", "{name}")
	h.must(err)
}

func (h *hall) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

func (h *hall) contact(name, language string, tags ...string) {
	h.Helper()
	h.must(h.repo.AddContact(h.Context(), core.Contact{ID: core.ContactID(name), Workspace: h.ws, Name: name, Language: language, Created: h.clock}))
	for _, tag := range tags {
		_, err := h.repo.SetContactTag(h.Context(), core.ContactID(name), tag, true)
		h.must(err)
	}
}

// Decide refuses "shut" on the shop.
func (h *hall) Decide(_ context.Context, _ core.WorkspaceID, r core.Request) (core.Decision, []core.Content, error) {
	if !r.Apart || r.Author.Human() {
		h.Errorf("asked for %+v", r)
	}
	if r.Contact == "shut" && r.Channel == "shop" {
		return core.Decision{Verdict: core.VerdictTemplate, Code: core.CodeWindowClosed, Reason: "The window is closed."}, nil, nil
	}
	return core.Decision{Verdict: core.VerdictSend}, nil, nil
}

func (h *hall) Compose(_ context.Context, _ core.WorkspaceID, r core.Request) ([]core.Message, core.Decision, error) {
	said := fmt.Sprint(r.Channel, ": ", r.Contents[0].Text)
	if t := r.Contents[0].Template; t != nil {
		said = fmt.Sprint(r.Channel, ": ", t.Name, t.Values)
	}
	if before := h.said[r.Key]; before != "" && before != said {
		h.Errorf("%s says %q, and said %q", r.Key, said, before)
	}
	h.said[r.Key] = said
	if h.fails > 0 {
		h.fails--
		return nil, core.Decision{}, errors.New("the plug was pulled")
	}
	return []core.Message{{ID: core.MessageID("m-" + string(r.Contact))}}, core.Decision{Verdict: core.VerdictSend}, nil
}

// work works until the broadcast rests, and returns how long that took.
func (h *hall) work(id string, rounds int) time.Duration {
	h.Helper()
	began := h.clock
	for range rounds {
		h.token++
		finished := false
		err := h.caster.Work(h.Context(), core.Work{Job: core.Job{Kind: core.JobBroadcast, Workspace: h.ws, Key: id}, Attempt: 1, Token: h.token,
			Finish: func(context.Context, core.Tx) error { finished = true; return nil }})
		var later core.Later
		switch {
		case errors.As(err, &later):
			h.clock = h.clock.Add(later.After)
		case err == nil && finished:
			return h.clock.Sub(began)
		case err == nil:
			h.Fatal("the job ends without having finished")
		}
	}
	return h.clock.Sub(began)
}

func (h *hall) heard() string {
	var all []string
	for key, text := range h.said {
		all = append(all, key[strings.LastIndex(key, "/")+1:]+" "+text)
	}
	slices.Sort(all)
	return strings.Join(all, " | ")
}

func eid() core.Broadcast {
	return core.Broadcast{Name: "Eid", Channels: []core.ChannelID{"shop"}, OptIn: "agreed", To: core.Segment{Without: []string{"complained"}}, Language: "en",
		Texts: map[string]string{"en": "Hello {name}", "ru": "Привет, {name} ({city})"}}
}

func TestBroadcast(t *testing.T) {
	each(t, func(h *hall) {
		plan, err := h.caster.DryRun(t.Context(), h.ws, eid())
		h.must(err)
		want := "{4 2 map[shop:2]  map[The window is closed.:1 has not agreed (no tag agreed):1] 1}"
		if got := fmt.Sprint(plan); got != want || len(h.said) > 0 {
			t.Errorf("plan %s, want %s; said %v", got, want, h.said)
		}
		b, err := h.caster.Start(t.Context(), h.ws, eid())
		h.must(err)
		h.contact("late", "en", "agreed")
		h.fails = 2
		h.work(b.ID, 20)
		if got, want := h.heard(), "ann shop: Hello ann | bob shop: Привет, bob ({name}) | late shop: Hello late"; got != want {
			t.Errorf("said %q, want %q", got, want)
		}
		states, reasons, err := h.repo.CountRecipients(t.Context(), b.ID)
		h.must(err)
		if states[core.RecipientSent] != 3 || states[core.RecipientLeftOut] != 2 || reasons["The window is closed."] != 1 {
			t.Errorf("recipients %v, left out %v", states, reasons)
		}
		b, err = h.repo.Broadcast(t.Context(), b.ID)
		h.must(err)
		if b.State != core.BroadcastDone {
			t.Errorf("it is %s", b.State)
		}
		all, err := h.repo.Recipients(t.Context(), b.ID, core.RecipientSent, "ann", 10)
		h.must(err)
		if len(all) != 2 || all[0].Contact != "bob" || all[0].Message != "m-bob" {
			t.Errorf("recipients %v", all)
		}
	})
}

// Nobody gets a text with a gap in it, and a text is found by its language, whatever the region.
func TestGapsInBroadcast(t *testing.T) {
	each(t, func(h *hall) {
		_, err := h.repo.SetField(t.Context(), "ann", "first name", "Ann-Marie")
		h.must(err)
		b := eid()
		b.Language = "en-GB"
		b.Texts = map[string]string{"en-US": "Hello {first name}", "ru": "{город}"}
		b, err = h.caster.Start(t.Context(), h.ws, b)
		h.must(err)
		_, err = h.repo.SetField(t.Context(), "bob", "город", "Казань")
		h.must(err)
		h.contact("rita", "ru", "agreed")
		h.work(b.ID, 20)
		if got, want := h.heard(), "ann shop: Hello Ann-Marie | bob shop: Казань"; got != want {
			t.Errorf("said %q, want %q", got, want)
		}
		_, reasons, err := h.repo.CountRecipients(t.Context(), b.ID)
		h.must(err)
		if reasons["has no город, which the text names"] != 1 {
			t.Errorf("left out %v", reasons)
		}
	})
}

func TestSecondChannel(t *testing.T) {
	each(t, func(h *hall) {
		b := eid()
		b.Channels = append(b.Channels, "bot")
		b.To = core.Segment{Tags: []string{"agreed"}, Language: "en"}
		b, err := h.caster.Start(t.Context(), h.ws, b)
		h.must(err)
		h.work(b.ID, 20)
		if got, want := h.heard(), "ann shop: Hello ann | shut bot: Hello shut"; got != want {
			t.Errorf("said %q, want %q", got, want)
		}
		b = eid()
		b.To = core.Segment{Fields: map[string]string{"city": "{name}"}}
		plan, err := h.caster.DryRun(t.Context(), h.ws, b)
		h.must(err)
		if plan.Contacts != 1 || plan.Send != 1 {
			t.Errorf("plan %+v", plan)
		}
	})
}

func TestPauseAndPace(t *testing.T) {
	each(t, func(h *hall) {
		for i := range 60 {
			h.contact(fmt.Sprint("x", i), "en", "agreed")
		}
		b := eid()
		b.PerMinute = 24
		b, err := h.caster.Start(t.Context(), h.ws, b)
		h.must(err)
		h.work(b.ID, 3)
		held, err := h.caster.Hold(t.Context(), h.ws)
		h.must(err)
		if held != 1 {
			t.Errorf("held %d", held)
		}
		paused := len(h.said)
		h.work(b.ID, 3)
		if len(h.said) != paused || paused == 0 || paused > 24 {
			t.Errorf("%d were said, %d before the pause", len(h.said), paused)
		}
		if err := h.caster.Pause(t.Context(), h.ws, b.ID); core.CodeOf(err) != core.CodeConflict {
			t.Errorf("paused twice: %v", err)
		}
		h.must(h.caster.Resume(t.Context(), h.ws, b.ID))
		if took := h.work(b.ID, 1000); took < 2*time.Minute || len(h.said) != 62 {
			t.Errorf("%d said in %s, want 62 at 24 a minute", len(h.said), took)
		}
	})
}

// Whoever resumes a broadcast just as its job finds it paused, and ends, has it go on.
func TestResumedAsItsJobEnds(t *testing.T) {
	freshstore.Each(t, nil, func(t *testing.T, s *gormstore.Store, q *freshstore.Queue) {
		h := &hall{T: t, store: s}
		h.open()
		b, err := h.caster.Start(t.Context(), h.ws, eid())
		h.must(err)
		h.must(h.caster.Pause(t.Context(), h.ws, b.ID))
		resumed := make(chan error, 1)
		job := core.Job{Kind: core.JobBroadcast, Workspace: h.ws, Key: b.ID}
		h.must(q.Run(t.Context(), job, func(ctx context.Context, w core.Work) error {
			finish := w.Finish
			w.Finish = func(ctx context.Context, tx core.Tx) error {
				go func() { resumed <- h.caster.Resume(t.Context(), h.ws, b.ID) }()
				select {
				case err := <-resumed:
					resumed <- err
				case <-time.After(200 * time.Millisecond): // long enough for one that does not wait
				}
				return finish(ctx, tx)
			}
			return h.caster.Work(ctx, w)
		}))
		h.must(<-resumed)
		if jobs, err := q.Jobs(t.Context()); err != nil || len(jobs) != 1 {
			t.Errorf("a broadcast that goes on has the jobs %+v, %v", jobs, err)
		}
	})
}

// Who is merged with another contact before it is their turn gets the message as that one, once; what they got before nobody gets again.
func TestMergedRecipients(t *testing.T) {
	each(t, func(h *hall) {
		h.contact("new", "en", "complained") // in no broadcast
		b, err := h.caster.Start(t.Context(), h.ws, eid())
		h.must(err)
		h.fails = 1
		h.work(b.ID, 1) // the first is written to, and that is not noted
		first := h.heard()
		h.made("ann", "broadcast/"+b.ID+"/ann")
		for from, into := range map[core.ContactID]core.ContactID{"ann": "new", "shut": "bob"} {
			h.must(h.store.Tx(t.Context(), func(tx core.Tx) error {
				_, err := core.MergeContacts(t.Context(), tx.In(h.ws), tx.Enqueue, into, from, "one person", h.clock)
				return err
			}))
		}
		h.work(b.ID, 20)
		if got, want := h.heard(), first+" | bob shop: Привет, bob ({name})"; got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		all, err := h.repo.Recipients(t.Context(), b.ID, "", "", 9)
		h.must(err)
		for _, r := range all {
			if sent := r.Contact != "cat"; sent != (r.State == core.RecipientSent) {
				t.Errorf("%+v", r)
			}
		}
	})
}

// made stores a message to a contact.
func (h *hall) made(to core.ContactID, key string) {
	h.Helper()
	conv := core.Conversation{ID: core.NewID[core.ConversationID](), Contact: to, State: core.ConversationClosed, Channel: "shop", Opened: h.clock, LastAt: h.clock}
	_, err := h.repo.AddConversation(h.Context(), &conv)
	h.must(err)
	won, err := h.repo.AddMessage(h.Context(), core.Message{ID: "made", Conversation: conv.ID, Contact: to, Channel: "shop", Direction: core.Out, Key: key, Created: h.clock})
	h.must(err)
	if !won {
		h.Error("not made")
	}
}

// What is cancelled, going or paused, sends no more and cannot go on.
func TestCancel(t *testing.T) {
	each(t, func(h *hall) {
		for i := range 60 {
			h.contact(fmt.Sprint("x", i), "en", "agreed")
		}
		for _, paused := range []bool{false, true} {
			b := eid()
			b.ID = core.NewID[string]()
			b, err := h.caster.Start(t.Context(), h.ws, b)
			h.must(err)
			if _, err := h.caster.Start(t.Context(), h.ws, b); !errors.Is(err, core.ErrDuplicate) {
				t.Errorf("the same again: %v", err)
			}
			h.work(b.ID, 2)
			if paused {
				h.must(h.caster.Pause(t.Context(), h.ws, b.ID))
			}
			said := len(h.said)
			h.must(h.caster.Cancel(t.Context(), h.ws, b.ID))
			h.work(b.ID, 3)
			if len(h.said) != said {
				t.Errorf("%d were said after it was cancelled", len(h.said)-said)
			}
			for name, turn := range map[string]func(context.Context, core.WorkspaceID, string) error{"resumed": h.caster.Resume, "paused": h.caster.Pause, "cancelled": h.caster.Cancel} {
				if err := turn(t.Context(), h.ws, b.ID); core.CodeOf(err) != core.CodeConflict {
					t.Errorf("%s after it was cancelled: %v", name, err)
				}
			}
		}
	})
}

func TestRefusedBroadcasts(t *testing.T) {
	each(t, func(h *hall) {
		h.must(h.repo.PutTemplates(t.Context(), "shop", []core.Template{{Channel: "shop", Name: "receipt", Language: "en", Category: "UTILITY", Status: core.TemplateApproved},
			{Channel: "shop", Name: "sale", Language: "en", Category: "MARKETING", Status: core.TemplateApproved}}))
		for want, change := range map[string]func(*core.Broadcast){
			"has no name":       func(b *core.Broadcast) { b.Name = " " },
			"names no channel":  func(b *core.Broadcast) { b.Channels = nil },
			"says nothing":      func(b *core.Broadcast) { b.Texts = nil },
			"or two things":     func(b *core.Broadcast) { b.Template = &core.TemplateUse{Name: "sale", Language: "en"} },
			"no text in \"fr\"": func(b *core.Broadcast) { b.Language = "fr" },
			"agreed to it":      func(b *core.Broadcast) { b.OptIn = "" },
			"agreed to it. ": func(b *core.Broadcast) {
				b.OptIn, b.Texts, b.Template = "", nil, &core.TemplateUse{Name: "sale", Language: "en"}
			},
			"has the template gone": func(b *core.Broadcast) { b.Texts, b.Template = nil, &core.TemplateUse{Name: "gone", Language: "en"} },
			"cannot send -1":        func(b *core.Broadcast) { b.PerMinute = -1 },
		} {
			b := eid()
			change(&b)
			if _, err := h.caster.Start(t.Context(), h.ws, b); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v", want, err)
			}
		}
		b := eid()
		b.OptIn, b.Texts, b.Template = "", nil, &core.TemplateUse{Name: "receipt", Language: "en", Values: map[string]string{"1": "{name}"}}
		plan, err := h.caster.DryRun(t.Context(), h.ws, b)
		if err != nil || plan.Category != "utility" || plan.Send != 3 {
			t.Errorf("a utility template: %+v, %v", plan, err)
		}
		if err := h.caster.Resume(t.Context(), h.ws, "none"); core.CodeOf(err) != core.CodeNotFound {
			t.Errorf("resumed nothing: %v", err)
		}
	})
}
