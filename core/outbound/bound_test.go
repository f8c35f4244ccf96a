package outbound_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"causeway/core"
	"causeway/core/outbound"
)

// bound is a link that sends where its session runs.
type bound struct {
	*link
	here bool
}

func (b *bound) Run(context.Context) error { return nil }
func (b *bound) Here() bool                { return b.here }

// Link implements outbound.Links.
func (b *bound) Link(context.Context, core.ChannelID) (core.Channel, core.Info, core.Link, error) {
	return core.Channel{}, core.Info{Kind: "device", Title: "Device", Scheme: core.SchemePhone}, b, nil
}

// TestElsewhere: what only a session can send waits for the node that has it, without a try being counted, unless the channel waits for a person.
func TestElsewhere(t *testing.T) {
	lite(t, func(w *world) {
		b := &bound{link: w.link}
		w.out = outbound.New(outbound.Options{Store: w.store, Links: b, Now: w.now, Log: slog.New(slog.DiscardHandler), Arrived: w.in.Arrived})
		m := w.writes("hello")[0]
		w.later("no session here", w.deliver(), time.Second)
		equal(w, "tries", w.status("waiting", m.ID, core.StatusQueued).Parts[0].Attempts, 0)
		w.must(w.repo.SetChannelState(w.Context(), w.ch.ID, core.ChannelParked, core.Health{}))
		w.must(w.deliver())
		w.status("parked", m.ID, core.StatusParked)
		w.must(w.repo.SetChannelState(w.Context(), w.ch.ID, core.ChannelActive, core.Health{}))
		b.here = true
		w.must(w.deliver())
		w.status("sent", m.ID, core.StatusSent)
	})
}

// TestActsElsewhere: what only a session can do is done by the node that has it; while no node can have it nothing waits for one.
func TestActsElsewhere(t *testing.T) {
	each(t, func(w *world) {
		b := &bound{link: w.link}
		w.out = outbound.New(outbound.Options{Store: w.store, Links: b, Now: w.now, Log: slog.New(slog.DiscardHandler), Arrived: w.in.Arrived})
		read := w.job(core.JobRead, string(w.conv.ID))
		all, err := w.repo.Messages(w.Context(), w.conv.ID, core.Page{})
		w.must(err)
		theirs, by := all[0].ID, w.request().Author
		react := func(emoji string) (job core.Job) {
			w.Helper()
			w.pass(time.Second)
			w.must(w.out.React(w.Context(), w.ws, theirs, by, emoji))
			jobs, err := w.queue.Jobs(w.Context())
			w.must(err)
			for _, j := range jobs {
				if j.Kind == core.JobReact {
					job = j
				}
			}
			return job
		}
		w.must(w.out.Mark(w.Context(), w.ws, w.conv.ID, core.ActionRead))
		equal(w, "asked for", w.jobs(), "read")
		w.must(w.out.Mark(w.Context(), w.ws, w.conv.ID, core.ActionTyping))
		typing := core.TypingJob(w.ws, w.conv.ID, w.now())
		equal(w, "asked for", w.jobs(), "typing")
		w.later("typing", w.queue.Run(w.Context(), typing, w.out.Typing), time.Second)
		w.later("read", w.queue.Run(w.Context(), read, w.out.Read), time.Second)
		first := react("👍")
		equal(w, "shown here", w.message(theirs).Reactions[0].Emoji, "👍")
		w.later("reaction", w.queue.Run(w.Context(), first, w.out.Reacted), time.Second)
		react("❤️")
		equal(w, "acts so far", len(w.link.acts), 0)

		b.here = true
		w.must(w.queue.Run(w.Context(), typing, w.out.Typing))
		equal(w, "typing", w.link.acts[0].Action, core.ActionTyping)
		w.pass(time.Minute)
		w.must(w.queue.Run(w.Context(), typing, w.out.Typing)) // too late to be shown
		equal(w, "acts after a minute", len(w.link.acts), 1)
		w.link.acts = nil
		w.must(w.queue.Run(w.Context(), first, w.out.Reacted))
		w.must(w.queue.Run(w.Context(), read, w.out.Read))
		equal(w, "acts", len(w.link.acts), 2)
		equal(w, "the one that stands", w.link.acts[0].Emoji, "❤️")
		equal(w, "read", w.link.acts[1].Action, core.ActionRead)

		b.here = false
		refused := react("")
		b.here, w.link.refuse = true, &core.SendError{Reason: "No."}
		if err := w.queue.Run(w.Context(), refused, w.out.Reacted); core.CodeOf(err) != core.CodeUnavailable {
			t.Errorf("a refusal that may pass: %v", err)
		}
		b.here = false
		w.must(w.repo.SetChannelState(w.Context(), w.ch.ID, core.ChannelParked, core.Health{}))
		w.must(w.queue.Run(w.Context(), read, w.out.Read)) // given up
		w.must(w.queue.Run(w.Context(), refused, w.out.Reacted))
	})
}

// TestGroups: what is said in a group has no reply window.
func TestGroups(t *testing.T) {
	lite(t, func(w *world) {
		group := core.IdentityKey{Scheme: core.SchemeGroup, Value: "120363041234567890"}
		w.must(w.in.Accept(w.Context(), w.ch, []core.Event{{Kind: core.EventMessage, ID: "g1", At: w.now(), Origin: core.OriginCustomer, Author: "Mona",
			Peer: core.Peer{Name: "The street", Identities: []core.IdentityKey{group}}, Message: &core.MessageBody{Provider: "g1", Content: text("hi")}}}))
		all, err := w.repo.Conversations(w.Context(), core.ConversationFilter{}, core.Page{})
		w.must(err)
		other := w.conv.ID
		for _, c := range all {
			if c.ID != other {
				w.conv = c
			}
		}
		in, err := w.repo.Messages(w.Context(), w.conv.ID, core.Page{Limit: 1})
		w.must(err)
		equal(w, "author", in[0].Author.Name, "Mona")
		w.pass(30 * 24 * time.Hour)
		m := w.writes("after a month")[0]
		w.must(w.deliver())
		w.status("sent", m.ID, core.StatusSent)
	})
}
