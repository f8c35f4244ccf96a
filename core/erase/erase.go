// Package erase erases contacts, as the law lets them ask for.
//
// It begins with one short transaction after which the contact is nobody: without name and addresses, their conversations closed, nothing waiting to be
// sent to them or about them. Whoever writes from one of their addresses from then on is somebody new. What they said, and what was said about them, goes
// then step by step, in batches that are short enough for others to write in between; how far that has come is stored with each batch. So whoever goes on
// after a crash, a job or a person at the command line, ends with the same; two at once do no harm.
//
// What stays is what reports count: that there was a conversation, when, with whom of the agents, how many messages. What a provider repeats of what was
// erased is known by a keyed hash of its id for as long as providers repeat; a wish to get no messages, by one of the address. The key is made from the
// master key, which is not in the database.
package erase

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"causeway/core"
)

// Options are what an Eraser needs. All fields are required.
type Options struct {
	Store   core.Store
	Blobs   core.Blobs
	Bridges []core.Bridge
	Owner   func(id core.ChannelID) string  // of the small values that a channel's link keeps
	Mark    func(text string) string        // a keyed hash
	Repeats time.Duration                   // how long providers repeat what they sent
	Scrub   func(ctx context.Context) error // takes what was deleted out of the store's own log, as far as that is possible while others use it
	Now     core.Clock
	Log     *slog.Logger
}

// Eraser erases contacts.
type Eraser struct{ Options }

// New makes an Eraser.
func New(o Options) *Eraser { return &Eraser{o} }

const (
	restTimes = 1               // as long as a batch took, so that others get their turn
	lookAgain = 2 * time.Minute // after the end: what was being stored at the beginning is stored by then, or never
)

// Plan is what an erasure would erase.
type Plan struct {
	Contact core.Contact
	People  []core.ContactID // the contact, and those that are part of it
	Counts  map[string]int
	Erased  bool // it was, or is being, already
}

// Plan finds what there is of a contact, or of the one that it is part of.
func (x *Eraser) Plan(ctx context.Context, ws core.WorkspaceID, id core.ContactID) (Plan, error) {
	return x.plan(ctx, x.Store.In(ws), id)
}

func (x *Eraser) plan(ctx context.Context, repo core.Repo, id core.ContactID) (p Plan, err error) {
	if p.Contact, err = root(ctx, repo, id); err != nil {
		return p, err
	}
	p.Erased = !p.Contact.Erased.IsZero()
	if p.People, err = repo.MergedInto(ctx, p.Contact.ID); err != nil {
		return p, fmt.Errorf("who is part of a contact: %w", err)
	}
	p.People = append([]core.ContactID{p.Contact.ID}, p.People...)
	if p.Counts, err = repo.Census(ctx, p.People); err != nil {
		return p, fmt.Errorf("count what there is of a contact: %w", err)
	}
	return p, nil
}

// root returns a contact, or the one that it is part of.
func root(ctx context.Context, repo core.Repo, id core.ContactID) (core.Contact, error) {
	c, err := repo.Contact(ctx, id)
	for err == nil && c.MergedInto != "" {
		c, err = repo.Contact(ctx, c.MergedInto)
	}
	if errors.Is(err, core.ErrNotFound) {
		return c, core.NotFound("contact")
	}
	if err != nil {
		return c, fmt.Errorf("contact to erase: %w", err)
	}
	return c, nil
}

// Begin makes a contact nobody, and has the rest of it erased by a job. Of one that was erased before it returns that erasure.
func (x *Eraser) Begin(ctx context.Context, ws core.WorkspaceID, id core.ContactID, by core.Author) (e core.Erasure, err error) {
	err = x.Store.Tx(ctx, func(tx core.Tx) error {
		repo := tx.In(ws)
		p, err := x.plan(ctx, repo, id)
		if err != nil {
			return err
		}
		if p.Erased {
			e, err = repo.ErasureOf(ctx, p.Contact.ID)
			return err
		}
		if e, err = x.record(ctx, repo, p, by); err != nil {
			return err
		}
		if err := repo.AddErasure(ctx, e); err != nil {
			return fmt.Errorf("record erasure: %w", err)
		}
		if err := repo.Sever(ctx, p.People, e.Asked); err != nil {
			return fmt.Errorf("make contact nobody: %w", err)
		}
		return tx.Enqueue(ctx, core.Job{Kind: core.JobErase, Workspace: ws, Key: e.ID})
	})
	return e, err
}

// record makes the record of an erasure that begins, and keeps what the contact did not want.
func (x *Eraser) record(ctx context.Context, repo core.Repo, p Plan, by core.Author) (core.Erasure, error) {
	e := core.Erasure{ID: core.NewID[string](), Contact: p.Contact.ID, By: by, Marks: []string{}, Step: core.EraseSteps()[0], Asked: x.Now(), Search: core.EraseSearch{People: p.People},
		Counts: map[string]int{core.CountConversations: p.Counts[core.CountConversations], core.CountMailboxes: p.Counts[core.CountMailboxes]}}
	known, err := repo.IdentitiesOf(ctx, p.Contact.ID)
	if err != nil {
		return e, fmt.Errorf("addresses of contact: %w", err)
	}
	channels, err := core.EveryChannel(ctx, repo)
	if err != nil {
		return e, fmt.Errorf("channels: %w", err)
	}
	for _, i := range known {
		e.Marks = append(e.Marks, x.Mark(i.Key.Mark()))
		e.Search.Addresses = append(e.Search.Addresses, i.Key)
		if i.Key.Scheme == core.SchemePhone {
			e.Search.Names = append(e.Search.Names, "+"+i.Key.Value)
		}
		e.Search.Values = append(e.Search.Values, x.remembered(channels, i.Key)...)
	}
	for _, id := range p.People {
		c, err := repo.Contact(ctx, id)
		if err != nil {
			return e, fmt.Errorf("who is part of a contact: %w", err)
		}
		if c.Name != "" && !slices.Contains(e.Search.Names, c.Name) {
			e.Search.Names = append(e.Search.Names, c.Name)
		}
	}
	return e, x.keepSuppressions(ctx, repo, p.Contact, known, channels)
}

// remembered are the values that links may keep of a peer.
func (x *Eraser) remembered(channels []core.Channel, k core.IdentityKey) (all []core.ValueName) {
	for _, ch := range channels {
		if b := x.bridge(ch.Kind); b != nil {
			for _, name := range b.Remembers(k) {
				all = append(all, core.ValueName{Owner: x.Owner(ch.ID), Name: name})
			}
		}
	}
	return all
}

// bridge is that of a kind, if it remembers peers.
func (x *Eraser) bridge(kind string) core.RememberingBridge {
	for _, b := range x.Bridges {
		if r, ok := b.(core.RememberingBridge); ok && b.Info().Kind == kind {
			return r
		}
	}
	return nil
}

// keepSuppressions keeps a contact's wishes to get no messages, by the addresses that said so. A block is the platform's to keep, and over when they write.
func (x *Eraser) keepSuppressions(ctx context.Context, repo core.Repo, c core.Contact, known []core.Identity, channels []core.Channel) error {
	var all []core.Suppression
	for _, i := range known {
		mark := x.Mark(i.Key.Mark())
		for marketing, wished := range map[bool]bool{false: c.OptedOut, true: c.MarketingStop} {
			if wished {
				all = append(all, core.Suppression{Mark: mark, Marketing: marketing, At: x.Now()})
			}
		}
	}
	for _, ch := range channels {
		wishes, err := repo.Wishes(ctx, ch.ID, c.ID)
		if err != nil {
			return fmt.Errorf("wishes of contact: %w", err)
		}
		for _, w := range wishes {
			if at := slices.IndexFunc(known, func(i core.Identity) bool { return i.ID == w.Identity }); w.Stop && !w.Block && at >= 0 {
				all = append(all, core.Suppression{Mark: x.Mark(known[at].Key.Mark()), Channel: ch.ID, Marketing: w.Marketing, At: w.At})
			}
		}
	}
	if err := repo.KeepSuppressions(ctx, all); err != nil {
		return fmt.Errorf("keep wishes of contact: %w", err)
	}
	return nil
}

// Work is the worker of core.JobErase.
func (x *Eraser) Work(ctx context.Context, w core.Work) error {
	for !w.Ending() {
		done, err := x.turn(ctx, w.Workspace, w.Key)
		if done || err != nil {
			return err
		}
	}
	return core.ErrStopping
}

// Finish goes on with an erasure to its end.
func (x *Eraser) Finish(ctx context.Context, ws core.WorkspaceID, id string) (core.Erasure, error) {
	for {
		done, err := x.turn(ctx, ws, id)
		if err != nil {
			return core.Erasure{}, err
		}
		if done {
			return x.Store.In(ws).Erasure(ctx, id)
		}
	}
}

// turn erases a batch, and reports whether there is nothing more to erase. Files go before the rows that name them: none is left that nobody knows of.
func (x *Eraser) turn(ctx context.Context, ws core.WorkspaceID, id string) (done bool, err error) {
	e, err := x.Store.In(ws).Erasure(ctx, id)
	if errors.Is(err, core.ErrNotFound) || err == nil && !e.Done.IsZero() {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("erasure: %w", err)
	}
	b, err := x.find(ctx, ws, e.Step, e.Search, e.Place)
	if err != nil {
		return false, err
	}
	began := time.Now()
	if err := x.store(ctx, ws, e, b, &done); err != nil {
		return false, err
	}
	if done {
		x.Log.InfoContext(ctx, "contact erased", "erasure", e.ID, "took", x.Now().Sub(e.Asked))
		return true, x.scrub(ctx)
	}
	return false, core.Wait(ctx, restTimes*time.Since(began))
}

// scrub takes out of the store's log what it still has. While others read that can fail, and is nobody's failure.
func (x *Eraser) scrub(ctx context.Context) error {
	if err := x.Scrub(ctx); err != nil {
		x.Log.WarnContext(ctx, "what was erased still lies in the database's log, until that is begun anew", "err", err)
	}
	return ctx.Err()
}

// find finds a batch, and removes its files.
func (x *Eraser) find(ctx context.Context, ws core.WorkspaceID, step core.EraseStep, s core.EraseSearch, place string) (core.EraseBatch, error) {
	b, err := x.Store.In(ws).ToErase(ctx, step, s, place)
	if err != nil {
		return b, fmt.Errorf("find what to erase of %s: %w", step, err)
	}
	if err := x.named(ctx, ws, &b); err != nil {
		return b, err
	}
	for _, key := range b.Blobs {
		if err := x.Blobs.Delete(ctx, key); err != nil && !errors.Is(err, core.ErrNotFound) {
			return b, fmt.Errorf("erase file: %w", err)
		}
	}
	return b, nil
}

// named adds what links keep of the files of a batch.
func (x *Eraser) named(ctx context.Context, ws core.WorkspaceID, b *core.EraseBatch) error {
	if len(b.Came) == 0 {
		return nil
	}
	channels, err := x.Store.In(ws).Channels(ctx)
	if err != nil {
		return fmt.Errorf("channels: %w", err)
	}
	for _, f := range b.Came {
		at := slices.IndexFunc(channels, func(ch core.Channel) bool { return ch.ID == f.Channel })
		if at < 0 || x.bridge(channels[at].Kind) == nil {
			continue
		}
		for _, name := range x.bridge(channels[at].Kind).RemembersFile(f.Media) {
			b.Values = append(b.Values, core.ValueName{Owner: x.Owner(f.Channel), Name: name})
		}
	}
	return nil
}

// store erases a batch and stores how far that has come, unless somebody else did so first.
func (x *Eraser) store(ctx context.Context, ws core.WorkspaceID, seen core.Erasure, b core.EraseBatch, done *bool) error {
	return x.Store.Tx(ctx, func(tx core.Tx) error {
		*done = false
		repo := tx.In(ws)
		e, err := repo.HoldErasure(ctx, seen.ID)
		if err != nil {
			return fmt.Errorf("hold erasure: %w", err)
		}
		if e.Step != seen.Step || e.Place != seen.Place || !e.Done.IsZero() {
			return nil
		}
		again, err := x.erase(ctx, repo, &e, e.Step, b)
		if err != nil {
			return err
		}
		if !again {
			*done = advance(&e, b.Next)
		}
		if *done {
			e.Done, e.Search = x.Now(), core.EraseSearch{People: e.Search.People}
			if err := tx.Enqueue(ctx, core.Job{Kind: core.JobEraseAgain, Workspace: ws, Key: e.ID, At: x.Now().Add(lookAgain)}); err != nil {
				return err
			}
		}
		return repo.SetErasure(ctx, e)
	})
}

// advance goes on to a place, or to the next step; true: there is none.
func advance(e *core.Erasure, next string) bool {
	if e.Place = next; next != "" {
		return false
	}
	steps := core.EraseSteps()
	at := slices.Index(steps, e.Step) + 1
	if at == len(steps) {
		e.Step = ""
		return true
	}
	e.Step = steps[at]
	return false
}

// erase erases a batch, and counts it.
func (x *Eraser) erase(ctx context.Context, repo core.Repo, e *core.Erasure, step core.EraseStep, b core.EraseBatch) (again bool, err error) {
	now := x.Now()
	erased, err := repo.Erase(ctx, step, e.Search, b, now, now.Add(-x.Repeats))
	if err != nil {
		return false, fmt.Errorf("erase %s: %w", step, err)
	}
	var marks []string
	for _, g := range erased.Gone {
		for _, m := range g.Marks() {
			marks = append(marks, x.Mark(m))
		}
	}
	if err := repo.RememberErased(ctx, marks, now.Add(x.Repeats)); err != nil {
		return false, fmt.Errorf("remember what was erased: %w", err)
	}
	if e.Counts == nil {
		e.Counts = map[string]int{}
	}
	for what, n := range erased.Counts {
		if n > 0 {
			e.Counts[what] += n
		}
	}
	return erased.Again, nil
}

// late are the steps in which something may have come in behind an erasure.
var late = [...]core.EraseStep{core.EraseMessages, core.EraseFiles, core.EraseMails, core.EraseConversations, core.EraseValues}

// WorkAgain is the worker of core.JobEraseAgain: it looks whether somebody stored something of the contact while they were made nobody.
func (x *Eraser) WorkAgain(ctx context.Context, w core.Work) error {
	e, err := x.Store.In(w.Workspace).Erasure(ctx, w.Key)
	if errors.Is(err, core.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("erasure: %w", err)
	}
	err = x.Store.Tx(ctx, func(tx core.Tx) error { return tx.In(w.Workspace).Sever(ctx, e.Search.People, e.Asked) })
	if err != nil {
		return fmt.Errorf("make contact nobody: %w", err)
	}
	for _, step := range late {
		if err := x.sweep(ctx, w, e, step); err != nil {
			return err
		}
	}
	return nil
}

// sweep erases what there is of a step, from its beginning.
func (x *Eraser) sweep(ctx context.Context, w core.Work, e core.Erasure, step core.EraseStep) error {
	for place := ""; ; {
		if w.Ending() {
			return core.ErrStopping
		}
		b, err := x.find(ctx, w.Workspace, step, e.Search, place)
		if err != nil {
			return err
		}
		again := false
		err = x.Store.Tx(ctx, func(tx core.Tx) error {
			repo := tx.In(w.Workspace)
			held, err := repo.HoldErasure(ctx, e.ID)
			if err != nil || b.Empty() {
				return err
			}
			if again, err = x.erase(ctx, repo, &held, step, b); err != nil {
				return err
			}
			return repo.SetErasure(ctx, held)
		})
		if err != nil || b.Next == "" && !again {
			return err
		}
		if !again {
			place = b.Next
		}
	}
}
