package forward_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"causeway/core"
	"causeway/core/outbound"
)

// TestUnknownOutcomeOfProgram: when nobody knows whether a program's message arrived, those who follow the conversation are mailed that, once.
func TestUnknownOutcomeOfProgram(t *testing.T) {
	h := newHouse(t)
	h.forwardTo("Lena", "Omar")
	h.says(text("Hello"))
	h.settle()
	h.link.fail = core.AsSendError(errors.New("the connection broke"))
	made, _, err := h.outbox.Compose(t.Context(), h.ws, outbound.Request{Conversation: h.conversation().ID, Author: core.Author{Kind: core.AuthorAPI, Name: "shop"},
		Contents: []core.Content{text("Your parcel is on its way")}})
	h.must(err)
	h.settle() // waits out the time for news
	h.clock = h.clock.Add(time.Hour)
	h.settle()
	m, err := h.repo.Message(t.Context(), made[0].ID)
	h.must(err)
	if m.Status != core.StatusUnknown {
		t.Errorf("the message is %s", m.Status)
	}
	for _, name := range []string{"Lena", "Omar"} {
		h.wantMails(name, 2)
	}
	body := h.last("Lena").Text
	for _, want := range []string{"It is not known whether", "Your parcel is on its way", "before it is sent again"} {
		if !strings.Contains(body, want) {
			t.Errorf("no %q in the mail:\n%s", want, body)
		}
	}
}

// TestFailureOfProgram: when a program's message does not arrive, those who follow the conversation are mailed that, once, with why and in their language.
func TestFailureOfProgram(t *testing.T) {
	for name, c := range map[string]struct {
		by     core.Author
		closed bool
		mails  int
	}{
		"a program":                 {by: core.Author{Kind: core.AuthorAPI, Name: "shop"}, mails: 2},
		"a workflow":                {by: core.Author{Kind: core.AuthorWorkflow, Name: "greeting"}, mails: 2},
		"one message to many":       {by: core.Broadcaster(), mails: 1},
		"the gateway's own":         {by: core.Author{Kind: core.AuthorSystem}, mails: 1},
		"when all is said and done": {by: core.Author{Kind: core.AuthorWorkflow, Name: "survey"}, closed: true, mails: 1},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			h.forwardTo("Lena", "Omar")
			h.says(text("Hello"))
			h.settle()
			h.link.fail = &core.SendError{Code: "131026", Outcome: core.Rejected, Effect: core.EffectFail, Reason: "The customer is not on WhatsApp.", Remedy: "Call them."}
			conv := h.conversation()
			_, _, err := h.outbox.Compose(t.Context(), h.ws, outbound.Request{Conversation: conv.ID, Author: c.by, Contents: []core.Content{text(strings.Repeat("A long offer. ", 600))}})
			h.must(err)
			if c.closed {
				conv = h.conversation()
				conv.State = core.ConversationClosed
				h.must(h.repo.SetConversation(t.Context(), conv))
			}
			h.settle()
			h.wantMails("Omar", c.mails)
			h.wantMails("Lena", c.mails)
			if c.mails < 2 {
				return
			}
			for _, want := range []string{"did not get this message", "A long offer.", "The customer is not on WhatsApp.", "Call them."} {
				if body := h.last("Lena").Text; !strings.Contains(body, want) {
					t.Errorf("no %q in the mail:\n%s", want, body)
				}
			}
		})
	}
}
