package forward_test

import (
	"testing"

	"causeway/core"
	"causeway/core/forward"
)

// TestAdminsHaveJobsOfTheirOwn: what admins are told waits for the relay by itself. The job that found it out has ended by then.
func TestAdminsHaveJobsOfTheirOwn(t *testing.T) {
	h := newHouse(t)
	h.forwardTo("Lena")
	h.hearUnreached()
	refusal := &forward.RelayError{Code: 421, Text: "too busy", Temporary: true}
	h.relay.fail = func(l forward.Letter) error {
		if l.To.Name == "Lena" {
			return &forward.RelayError{Code: 550, Text: "no such user"}
		}
		return refusal
	}
	h.says(text("hello"))
	h.settle()
	jobs := h.queue.take(core.JobAdmin)
	if len(jobs) != 1 {
		t.Fatalf("%d jobs for admins, want 1", len(jobs))
	}
	w := core.Work{Job: jobs[0], Attempt: 1}
	if err := h.f.Admin(t.Context(), w); err == nil {
		t.Error("a relay that is busy is not asked again")
	}
	refusal = &forward.RelayError{Code: 550, Text: "no such admin"}
	h.must(h.f.Admin(t.Context(), w))
	h.relay.fail = nil
	h.must(h.f.Admin(t.Context(), w))
	h.must(h.f.Admin(t.Context(), w))
	sent := h.relay.to(core.Agent{Addresses: []string{"admin@example.com"}})
	if len(sent) != 2 || sent[0].MessageID != sent[1].MessageID || sent[0].Subject != "Lena cannot be mailed" || sent[0].ReplyTo.Address != "" {
		t.Errorf("admins got %+v", sent)
	}
}
