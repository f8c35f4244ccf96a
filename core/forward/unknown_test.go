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
