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
	return Proof{In: Latest(p.In, q.In), Out: Latest(p.Out, q.Out), Delivered: Latest(p.Delivered, q.Delivered)}
}
