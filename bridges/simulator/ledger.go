package simulator

import (
	"context"
	"slices"
	"time"
)

// Call is one request to the Graph interface and its answer.
type Call struct {
	Seq       int
	At        time.Time
	Method    string
	Path      string
	Body      []byte // at most callBody bytes; empty for uploads
	Status    int    // of the answer; zero if the connection was cut
	Code      int    // Meta's error code, if it was one
	Message   string // wamid of what the call put on a phone, also if the answer got lost
	Opaque    string // biz_opaque_callback_data
	Recipient string
}

const callBody = 64 << 10

// Ledger lists every call so far, in the order in which they were decided.
func (s *Simulator) Ledger() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

// AwaitCall waits for a call that match accepts, past or future.
func (s *Simulator) AwaitCall(ctx context.Context, match func(Call) bool) (Call, error) {
	var found Call
	err := s.await(ctx, func() bool {
		for _, c := range s.Ledger() {
			if match(c) {
				found = c
				return true
			}
		}
		return false
	})
	return found, err
}

// ShownTwice names each biz_opaque_callback_data with which more than one message reached a phone:
// after a crash it must be empty.
func (s *Simulator) ShownTwice() []string {
	seen, twice := map[string]int{}, []string{}
	for _, c := range s.Ledger() {
		if c.Message == "" || c.Opaque == "" {
			continue
		}
		if seen[c.Opaque]++; seen[c.Opaque] == 2 {
			twice = append(twice, c.Opaque)
		}
	}
	return twice
}

// Webhooks lists every webhook so far with its attempts.
func (s *Simulator) Webhooks() []Webhook {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Webhook, len(s.hooks))
	for i, w := range s.hooks {
		out[i] = *w
		out[i].Attempts = slices.Clone(w.Attempts)
	}
	return out
}

// Refused lists webhooks that were never answered 2xx and will not be tried again.
func (s *Simulator) Refused() []Webhook {
	return slices.DeleteFunc(s.Webhooks(), func(w Webhook) bool { return !w.GivenUp })
}

// AwaitQuiet waits until no webhook is under way.
func (s *Simulator) AwaitQuiet(ctx context.Context) error {
	return s.await(ctx, func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.pending == 0
	})
}

// record enters a call. Callers hold mu.
func (s *Simulator) record(c Call) {
	s.serial++
	c.Seq, c.At = s.serial, s.Now()
	if len(c.Body) > callBody {
		c.Body = c.Body[:callBody]
	}
	s.calls = append(s.calls, c)
	s.touch()
}
