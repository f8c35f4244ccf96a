// Package retain forgets what has been kept for long enough.
//
// It runs beside everything else and never hurries: it looks at a few hundred rows at a time, deletes what is old in a statement of its own, and rests
// several times as long as that took, so that acceptance keeps the database to itself. Several nodes may do so at once: what one has deleted the
// other does not find. What fails is tried again at the next sweep.
package retain

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"causeway/core"
)

// Kind is something that is kept for a time.
type Kind string

const (
	Events  Kind = "events"  // ids of events that were applied, by which one that comes again is known
	Log     Kind = "log"     // entries of the channel log
	Bodies  Kind = "bodies"  // what the entries of the channel log say that was sent and answered
	Letters Kind = "letters" // dead letters
	Mails   Kind = "mails"   // the raw text of agents' mails that became a message, or never will
	Notices Kind = "notices" // the text of mails to agents that are sent, by which it is known in quotes
	Values  Kind = "values"  // small values whose time is over
	Records Kind = "records" // records of a session's safe whose time is over
	Erased  Kind = "erased"  // keyed hashes of what was erased, by which it is known when it is repeated
	Files   Kind = "files"   // files that no row names
)

// Policy says how long things are kept. Zero keeps them for ever.
type Policy struct {
	Events, Log, Bodies, Letters, Mails time.Duration
}

// Store is the rows.
type Store interface {
	// Expire looks at up to limit rows of a kind, in an order of its own, and forgets those from before a time. Next is where to go on, empty at the
	// end; from is empty at the start.
	Expire(ctx context.Context, kind Kind, before time.Time, from string, limit int) (expired int, next string, err error)
	// Named returns those of the keys of files that a row names, or may soon.
	Named(ctx context.Context, keys []string) ([]string, error)
}

// Blobs is the files.
type Blobs interface {
	// Sweep removes the files under a folder that were put before a time and that wanted does not return of those it is asked about. What is put anew
	// meanwhile stays.
	Sweep(ctx context.Context, folder string, before time.Time, wanted func(ctx context.Context, keys []string) ([]string, error)) (removed int, err error)
}

// Options are what a Keeper needs. Fields are required unless their comment says otherwise.
type Options struct {
	Store  Store
	Blobs  Blobs // nil: files are left alone
	Policy Policy
	Now    core.Clock
	Log    *slog.Logger
	// Expired is told what was forgotten; nil: nobody is.
	Expired func(kind Kind, n int)
}

const (
	sweepEach = 6 * time.Hour
	firstSoon = 10 * time.Minute // after the start, when there is more to do
	atOnce    = 500              // rows
	restTimes = 4                // as long as the work before
	unnamed   = 24 * time.Hour   // how old a file must be that no row names: it may be about to get one
)

// folders are those whose files Store.Named knows about.
var folders = [...]string{"media", "mail"}

// Keeper forgets by a policy.
type Keeper struct{ Options }

// New makes a Keeper.
func New(o Options) *Keeper {
	if o.Expired == nil {
		o.Expired = func(Kind, int) {}
	}
	return &Keeper{o}
}

// Run sweeps from time to time until ctx is done.
func (k *Keeper) Run(ctx context.Context) {
	for wait := firstSoon; core.Wait(ctx, wait/2+rand.N(wait)) == nil; wait = sweepEach { //nolint:gosec // so that nodes do not do it all at once
		if err := k.Sweep(ctx); err != nil && ctx.Err() == nil {
			k.Log.WarnContext(ctx, "not all that is old was removed, to be tried again", "err", err)
		}
	}
}

// Sweep forgets once what is old now. What fails for one kind does not keep the others.
func (k *Keeper) Sweep(ctx context.Context) error {
	now, p := k.Now(), k.Policy
	var all error
	for _, s := range []struct {
		kind Kind
		keep time.Duration
	}{{Events, p.Events}, {Log, p.Log}, {Bodies, p.Bodies}, {Letters, p.Letters}, {Mails, p.Mails}, {Notices, p.Mails}} {
		if s.keep > 0 {
			all = errors.Join(all, k.expire(ctx, s.kind, now.Add(-s.keep)))
		}
	}
	return errors.Join(all, k.expire(ctx, Values, now), k.expire(ctx, Records, now), k.expire(ctx, Erased, now), k.files(ctx, now.Add(-unnamed)))
}

// expire goes through the rows of a kind.
func (k *Keeper) expire(ctx context.Context, kind Kind, before time.Time) error {
	for from := ""; ; {
		began := time.Now()
		n, next, err := k.Store.Expire(ctx, kind, before, from, atOnce)
		if err != nil {
			return fmt.Errorf("expire %s: %w", kind, err)
		}
		if n > 0 {
			k.Expired(kind, n)
		}
		if next == "" {
			return nil
		}
		if core.Wait(ctx, restTimes*time.Since(began)) != nil {
			return ctx.Err()
		}
		from = next
	}
}

// files removes those that no row names.
func (k *Keeper) files(ctx context.Context, before time.Time) error {
	if k.Blobs == nil {
		return nil
	}
	var all error
	for _, folder := range folders {
		n, err := k.Blobs.Sweep(ctx, folder, before, k.named)
		if n > 0 {
			k.Expired(Files, n)
		}
		if err != nil {
			all = errors.Join(all, fmt.Errorf("remove files of %s: %w", folder, err))
		}
	}
	return all
}

func (k *Keeper) named(ctx context.Context, keys []string) ([]string, error) {
	began := time.Now()
	wanted, err := k.Store.Named(ctx, keys)
	_ = core.Wait(ctx, restTimes*time.Since(began))
	return wanted, err
}
