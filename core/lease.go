package core

import (
	"context"
	"errors"
	"time"
)

// ErrLeaseLost is returned to who acts under a lease that is no longer theirs. Nothing was stored: another node does the work now, or will soon.
var ErrLeaseLost = errors.New("the lease is lost: another node has taken over")

// Lease is the right to do, for a while, what only one node at a time may do. Fence grows whenever it changes hands, and when it is taken again after
// its time was over, so that whoever had it before can be told from whoever has it now. The zero Lease is no lease: it guards nothing.
type Lease struct {
	Name   string
	Holder string // a running process; one that is started again is another
	Fence  int64
}

// Leases hands out leases. Their time is measured by the database's clock alone, so that the clocks of the nodes do not matter. A holder must stop
// before its time is over, by its own clock from the moment before it asked; what it writes all the same is refused by Tx.Holds.
type Leases interface {
	// TakeLeases takes for the holder those of the names that nobody has, or whose time is over, and returns the ones it took. A name that the
	// holder has already is taken anew, with a new fence.
	TakeLeases(ctx context.Context, holder string, names []string, lasting time.Duration) ([]Lease, error)
	// RenewLeases prolongs leases of one holder and returns those it still has. What is missing was lost.
	RenewLeases(ctx context.Context, leases []Lease, lasting time.Duration) ([]Lease, error)
	// DropLease gives a lease back, so that another may take it at once. One that was lost is not touched.
	DropLease(ctx context.Context, l Lease) error
}
