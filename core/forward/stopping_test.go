package forward_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"causeway/core"
	"causeway/core/forward"
)

// TestStopsBetweenMails: a conversation with many mails to write does not keep the gateway from stopping, and goes on where it was.
func TestStopsBetweenMails(t *testing.T) {
	h := newHouse(t)
	h.forwardTo("Lena")
	const mails = 20
	for i := range mails {
		h.says(text(fmt.Sprint("message ", i)))
	}
	stopping := make(chan struct{})
	h.relay.after = func(forward.Letter) error {
		h.relay.after = nil
		close(stopping)
		return nil
	}
	job := core.Job{Kind: core.JobNotify, Workspace: h.ws, Key: string(h.conversation().ID)}
	if err := h.work(job, until(stopping, h.f.Notify)); !errors.Is(err, core.ErrStopping) {
		t.Errorf("got %v, want it handed back", err)
	}
	h.wantMails("Lena", 1)
	h.settle()
	h.wantMails("Lena", mails)
}

// TestStopsBetweenReplies: the same for what agents have mailed.
func TestStopsBetweenReplies(t *testing.T) {
	h := newHouse(t)
	h.forwardTo("Lena")
	h.says(text("Hello"))
	h.settle()
	for i := range 3 {
		h.must(h.door(answer{to: h.address("Lena"), text: fmt.Sprint("answer ", i)}))
	}
	stopping := make(chan struct{})
	close(stopping)
	for _, j := range h.queue.take(core.JobReply) {
		if err := h.work(j, until(stopping, h.f.Reply)); !errors.Is(err, core.ErrStopping) {
			t.Errorf("got %v, want it handed back", err)
		}
		h.must(h.work(j, h.f.Reply))
	}
	h.settle()
	h.wantPhone("answer 0", "answer 1", "answer 2")
}

// until is a worker whose queue stops.
func until(stopping <-chan struct{}, do core.Worker) core.Worker {
	return func(ctx context.Context, w core.Work) error {
		w.Stopping = stopping
		return do(ctx, w)
	}
}
