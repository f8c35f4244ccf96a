package simulator

import (
	"slices"
	"time"
)

// FaultKind names something that goes wrong on demand.
type FaultKind string

// Faults of webhooks, then of calls to the Graph interface.
const (
	FaultDrop      FaultKind = "drop"      // the webhook is never posted
	FaultDuplicate FaultKind = "duplicate" // it is posted twice
	FaultReorder   FaultKind = "reorder"   // it is posted after the following one
	FaultDelay     FaultKind = "delay"     // it is posted after Delay, others pass it

	FaultAnswer FaultKind = "answer" // the call is answered with Status (and RetryAfter), undone
	FaultCode   FaultKind = "code"   // a send is refused with Meta's error Code
	FaultLate   FaultKind = "late"   // a send is accepted and fails with Code by webhook
	FaultCut    FaultKind = "cut"    // the call is carried out and the connection cut without an answer
	FaultHang   FaultKind = "hang"   // the call is carried out and never answered
	FaultLost   FaultKind = "lost"   // the connection is cut before anything is done
)

// FaultKinds lists all of them.
func FaultKinds() []FaultKind {
	return []FaultKind{
		FaultDrop, FaultDuplicate, FaultReorder, FaultDelay,
		FaultAnswer, FaultCode, FaultLate, FaultCut, FaultHang, FaultLost,
	}
}

// Fault is something that goes wrong the next Times times that it can; negative: until ClearFaults.
type Fault struct {
	Kind       FaultKind     `json:"kind"`
	Times      int           `json:"times"`
	Status     int           `json:"status,omitempty"`      // of FaultAnswer; default 500
	RetryAfter int           `json:"retry_after,omitempty"` // seconds, of FaultAnswer
	Code       int           `json:"code,omitempty"`        // of FaultCode and FaultLate
	Delay      time.Duration `json:"delay,omitempty"`       // nanoseconds, of FaultDelay
	SendsOnly  bool          `json:"sends_only,omitempty"`  // other calls than sending messages are spared
}

// Inject adds a fault; it reports false for a kind that does not exist or a count of zero.
func (s *Simulator) Inject(f Fault) bool {
	if !slices.Contains(FaultKinds(), f.Kind) || f.Times == 0 {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &f)
	s.touch()
	return true
}

// Faults lists what may still go wrong.
func (s *Simulator) Faults() []Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Fault, len(s.faults))
	for i, f := range s.faults {
		out[i] = *f
	}
	return out
}

// ClearFaults ends all faults and posts a webhook that reordering still held back.
func (s *Simulator) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
	if w := s.held; w != nil {
		s.held = nil
		s.spawn(func() { s.deliver(w) })
	}
	s.touch()
}

// take uses a fault up once. Callers hold mu.
func (s *Simulator) take(kinds ...FaultKind) *Fault { return s.takeFor(true, kinds...) }

func (s *Simulator) takeFor(send bool, kinds ...FaultKind) *Fault {
	for i, f := range s.faults {
		if !slices.Contains(kinds, f.Kind) || (f.SendsOnly && !send) {
			continue
		}
		used := *f
		if f.Times > 0 {
			f.Times--
		}
		if f.Times == 0 {
			s.faults = slices.Delete(s.faults, i, i+1)
		}
		return &used
	}
	return nil
}

// pace is the platform's limit for messages to one person: a burst of 45, then one in six seconds.
type pace struct {
	full time.Time // when the bucket is full again
}

const (
	paceEvery = 6 * time.Second
	paceBurst = 45
)

func (p *pace) allow(now time.Time) bool {
	if p.full.Before(now) {
		p.full = now
	}
	if p.full.Sub(now) > (paceBurst-1)*paceEvery {
		return false
	}
	p.full = p.full.Add(paceEvery)
	return true
}
