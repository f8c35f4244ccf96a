package core

import "time"

// Proof is when a channel last showed that it works from end to end. A zero time: not yet.
type Proof struct {
	In        time.Time `json:"in,omitzero"`        // a customer's message came in
	Out       time.Time `json:"out,omitzero"`       // the provider took a message of ours
	Delivered time.Time `json:"delivered,omitzero"` // and said that the customer has it
}

// Later returns the later of each.
func (p Proof) Later(q Proof) Proof {
	return Proof{In: later(p.In, q.In), Out: later(p.Out, q.Out), Delivered: later(p.Delivered, q.Delivered)}
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
