package inbound_test

import (
	"testing"
	"time"

	"causeway/core"
)

// TestContinue: a visitor of the site who goes on by another channel is the same contact there, in the same conversation, if the code counts.
func TestContinue(t *testing.T) {
	const code = "abcde23456"
	visitor := core.IdentityKey{Scheme: "webchat", Scope: "shop", Value: "a-1"}
	text := func(s string) core.Content { return core.Content{Kind: core.KindText, Text: s} }
	for name, c := range map[string]struct {
		content core.Content
		wait    time.Duration
		known   bool // on the other channel from before
		people  int
	}{
		"in the text":        {text("I was chatting on your site. #" + code), 0, false, 1},
		"known from before":  {text("#" + code), 0, true, 1},
		"by a link":          {core.Content{Kind: core.KindText, Text: "/start", Referral: &core.Referral{Ref: code}}, 0, false, 1},
		"in the subject":     {core.Content{Kind: core.KindText, Subject: "Your question #" + code, Text: "Hi"}, 0, false, 1},
		"too late":           {text("#" + code), core.ContinueFor + time.Second, false, 2},
		"a code of nobody's": {text("#restaurant"), 0, false, 2},
		"part of a word":     {text("#" + code + "x"), 0, false, 2},
	} {
		t.Run(name, func(t *testing.T) {
			lite(t, func(w *world) {
				phone := w.ch
				site := w.channel("site", "shop")
				if c.known {
					w.accept(w.said("m0", "Hello"))
				}
				w.ch = site
				w.accept(w.said("v1", "Do you have it in blue?", visitor))
				w.accept(core.Event{Kind: core.EventContinue, ID: code, At: w.clock, Origin: core.OriginCustomer, Peer: core.Peer{Identities: []core.IdentityKey{visitor}},
					Continue: &core.ContinueBody{Code: code, Until: w.clock.Add(core.ContinueFor)}})
				w.clock = w.clock.Add(c.wait)
				w.ch = phone
				e := w.said("m1", "")
				e.Message.Content = c.content
				w.accept(e)
				equal(w, "contacts", len(w.contacts()), c.people)
				if c.people > 1 {
					return
				}
				open := 0
				for _, conv := range w.conversations() {
					if conv.State == core.ConversationOpen {
						open++
						equal(w, "answers leave by", conv.Channel, phone.ID)
					}
				}
				equal(w, "open conversations", open, 1)
				// It counts once: whoever sends it after that is somebody else.
				e = w.said("m2", "#"+code, core.IdentityKey{Scheme: core.SchemePhone, Value: "447700900999"})
				w.accept(e)
				equal(w, "contacts", len(w.contacts()), 2)
			})
		})
	}
}

// TestContinueByMail: a sender's address can be forged. A code makes a visitor of whoever nobody knew, and nobody the same as somebody known.
func TestContinueByMail(t *testing.T) {
	const code = "abcde23456"
	visitor := core.IdentityKey{Scheme: "webchat", Scope: "shop", Value: "a-1"}
	address := core.IdentityKey{Scheme: core.SchemeEmail, Value: "ana@example.org"}
	for name, c := range map[string]struct {
		known  bool
		people int
	}{"an address not seen before": {false, 1}, "a customer's address": {true, 2}} {
		t.Run(name, func(t *testing.T) {
			lite(t, func(w *world) {
				mailbox := w.ch
				if c.known {
					w.accept(w.said("m0", "My card ends in 1234.", address))
				}
				w.ch = w.channel("site", "shop")
				w.accept(w.said("v1", "Which card have I given you?", visitor))
				w.accept(core.Event{Kind: core.EventContinue, ID: code, At: w.clock, Origin: core.OriginCustomer, Peer: core.Peer{Identities: []core.IdentityKey{visitor}},
					Continue: &core.ContinueBody{Code: code, Until: w.clock.Add(core.ContinueFor)}})
				w.ch = mailbox
				w.accept(w.said("m1", "It is me. #"+code, address))
				equal(w, "contacts", len(w.contacts()), c.people)
			})
		})
	}
}
