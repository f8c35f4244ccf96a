package inbound

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"causeway/core"
)

// seenEach is how exactly a channel knows when it last heard of its provider. Each message would else wait for the one before it at that row.
const seenEach = 2 * time.Second

// batch is one channel's share of a transaction.
type batch struct {
	tx   core.Tx // row by row; what events say of contacts and conversations goes through repo alone
	try  func(ctx context.Context, f func() error) error
	repo core.Repo
	ch   core.Channel
	now  time.Time
	*errands
	mark      func(text string) string // nil: nothing was ever erased
	marks     func(ch core.Channel, e core.Event) []string
	met       bool // an event was about a message that was erased
	inGroup   bool // no automation follows
	replaying bool // a person asked for it: what cannot be applied now is said, not kept again
}

func (a *Acceptor) batch(tx core.Tx, ch core.Channel) *batch {
	return &batch{tx: tx, try: tx.Try, repo: tx.In(ch.Workspace), ch: ch, now: a.now(), errands: &errands{}, mark: a.Mark, marks: a.marks}
}

// errands are the jobs that a transaction makes necessary. They are gathered and enqueued once at its end.
type errands struct {
	jobs  []core.Job
	asked map[errand]bool
}

type errand struct {
	kind core.JobKind
	ws   core.WorkspaceID
	key  string
}

func (e *errands) enqueue(ctx context.Context, tx core.Tx) error {
	if len(e.jobs) == 0 {
		return nil
	}
	return tx.Enqueue(ctx, e.jobs...)
}

// job asks for a job at the end of the transaction, once for each kind and key. What the job is about must be locked by then: a worker that is just
// ending must either see it, or be over before the job is added.
func (b *batch) job(kind core.JobKind, key string) {
	this := errand{kind, b.ch.Workspace, key}
	if b.asked[this] {
		return
	}
	if b.asked == nil {
		b.asked = map[errand]bool{}
	}
	b.asked[this] = true
	b.jobs = append(b.jobs, core.Job{Kind: kind, Workspace: b.ch.Workspace, Key: key})
}

// ask is core.Ask.
func (b *batch) ask(_ context.Context, jobs ...core.Job) error {
	for _, j := range jobs {
		b.job(j.Kind, j.Key)
	}
	return nil
}

// applyAll applies events in their order.
func (b *batch) applyAll(ctx context.Context, events []core.Event) error {
	for _, e := range events {
		if err := b.apply(ctx, e); err != nil {
			return fmt.Errorf("apply %s %q: %w", e.Kind, e.ID, err)
		}
	}
	return nil
}

// noteSeen notes that the channel is alive.
func (b *batch) noteSeen(ctx context.Context) error {
	if err := b.repo.SeenIn(ctx, b.ch.ID, b.now); err != nil {
		return fmt.Errorf("note channel as seen: %w", err)
	}
	return nil
}

// apply applies one event if it is new.
func (b *batch) apply(ctx context.Context, e core.Event) error {
	if foreign(b.ch, e) {
		return b.refuse(ctx, e, fmt.Sprintf("it is for the account %s, which is another channel's", e.Account))
	}
	if why := unfit(e); why != "" {
		return b.buryOnce(ctx, e, "fault:"+known(e), why) // a repetition may be in order, so the id itself stays free
	}
	if gone, err := b.erased(ctx, e); gone || err != nil {
		return err
	}
	fresh, err := b.repo.ClaimEvent(ctx, b.ch.ID, e.Kind, e.ID)
	if err != nil || !fresh {
		return err
	}
	return b.dispatch(ctx, e)
}

func (b *batch) dispatch(ctx context.Context, e core.Event) error {
	switch e.Kind {
	case core.EventMessage:
		return b.message(ctx, e)
	case core.EventReceipt:
		return b.receipt(ctx, e)
	case core.EventReaction:
		return b.reaction(ctx, e)
	case core.EventEdit:
		return b.edit(ctx, e)
	case core.EventRevoke:
		return b.revoke(ctx, e)
	case core.EventIdentity:
		return b.identity(ctx, e)
	case core.EventPreference:
		return b.preference(ctx, e)
	case core.EventTemplate:
		return b.template(ctx, e)
	case core.EventAccount:
		return b.account(ctx, e)
	case core.EventEntry:
		return b.entry(ctx, e)
	case core.EventContinue:
		return b.continues(ctx, e)
	case core.EventOther:
		return b.logEvent(ctx, e, "kept, nothing to do: "+e.ID)
	}
	return b.bury(ctx, e, fmt.Sprintf("events of the kind %q are not known", e.Kind))
}

// bury keeps an event that cannot be applied.
func (b *batch) bury(ctx context.Context, e core.Event, reason string) error {
	if b.replaying {
		return core.Problemf(core.CodeConflict, "This event cannot be applied: %s", reason)
	}
	return b.keepDead(ctx, e, reason)
}

func (b *batch) keepDead(ctx context.Context, e core.Event, reason string) error {
	if err := b.repo.AddDeadLetter(ctx, deadLetter(b.ch, e, reason, b.now)); err != nil {
		return fmt.Errorf("keep dead letter: %w", err)
	}
	return nil
}

// buryOnce keeps an event that cannot be applied unless one with this id was claimed before.
func (b *batch) buryOnce(ctx context.Context, e core.Event, id, reason string) error {
	fresh, err := b.repo.ClaimEvent(ctx, b.ch.ID, e.Kind, id)
	if err != nil || !fresh {
		return err
	}
	return b.bury(ctx, e, reason)
}

// refuse keeps an event that is not for this channel.
func (b *batch) refuse(ctx context.Context, e core.Event, reason string) error {
	return b.buryOnce(ctx, e, "refused:"+e.Account+"/"+known(e), reason)
}

// known is an event's id or, where it has none, its fingerprint.
func known(e core.Event) string {
	if e.ID != "" {
		return e.ID
	}
	d := deadLetter(core.Channel{}, e, "", time.Time{})
	sum := sha256.Sum256(append(d.Event, d.Raw...))
	return hex.EncodeToString(sum[:])
}

// logEvent writes an event to the channel log.
func (b *batch) logEvent(ctx context.Context, e core.Event, note string) error {
	err := b.repo.AppendLog(ctx, core.LogEntry{ID: core.NewID[string](), Channel: b.ch.ID, At: b.now, Inward: true,
		Method: "EVENT", URL: string(e.Kind), Request: string(e.Raw), Note: note})
	if err != nil {
		return fmt.Errorf("write channel log: %w", err)
	}
	return nil
}

// park keeps an event until the message it is about is here.
func (b *batch) park(ctx context.Context, target string, e core.Event) error {
	if b.replaying {
		return core.Problemf(core.CodeConflict, "The message %q that this %s is about is not here.", target, e.Kind)
	}
	if target == "" {
		return b.bury(ctx, e, "it does not say which message it is about")
	}
	patience, err := b.patience(ctx, e)
	if err == nil {
		err = b.repo.ParkEvent(ctx, b.ch.ID, target, e, b.now.Add(patience))
	}
	if err != nil {
		return fmt.Errorf("park event: %w", err)
	}
	return nil
}

// patience is how long an event waits for its message.
func (b *batch) patience(ctx context.Context, e core.Event) (time.Duration, error) {
	if e.Historic {
		return historyFor, nil
	}
	i, err := core.ReadImport(ctx, b.repo, b.ch.ID, core.ImportHistory)
	if err == nil && (i.State == core.ImportRequested || i.State == core.ImportReceiving) {
		return historyFor, nil
	}
	return parkFor, err
}

// unpark applies what was waiting for a message. What cannot be applied becomes a dead letter and does the message no harm.
func (b *batch) unpark(ctx context.Context, target string) error {
	return b.unparkBy(ctx, target, func(e core.Event) error { return b.dispatch(ctx, e) })
}

// unparkBy is unpark with another way of applying.
func (b *batch) unparkBy(ctx context.Context, target string, apply func(e core.Event) error) error {
	waiting, err := b.repo.TakeParked(ctx, b.ch.ID, target)
	if err != nil {
		return fmt.Errorf("take parked events: %w", err)
	}
	for _, e := range waiting {
		err := b.try(ctx, func() error { return apply(e) })
		if err != nil && !unstorable(ctx, err) {
			err = b.keepDead(ctx, e, err.Error())
		}
		if err != nil {
			return fmt.Errorf("apply parked %s: %w", e.Kind, err)
		}
	}
	return nil
}

// lock keeps others from a conversation until the transaction ends.
func (b *batch) lock(ctx context.Context, id core.ConversationID) (core.Conversation, error) {
	c, err := b.repo.Lock(ctx, id)
	if err != nil {
		return c, fmt.Errorf("lock conversation: %w", err)
	}
	return c, nil
}

// absent tells that something is not there from trouble in looking for it.
func absent(err error) bool { return errors.Is(err, core.ErrNotFound) }
