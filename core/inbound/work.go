package inbound

import (
	"context"
	"fmt"

	"causeway/core"
)

// work is a unit of work: one transaction for the events of several requests. It finds beforehand what they are about, holds back what they bring, and
// stores all of it at once. That another transaction was first, with any row, fails the whole of it.
type work struct {
	tx    core.Tx
	units map[core.WorkspaceID]*unit
}

// begin claims the events of requests and finds what they are about.
func begin(ctx context.Context, tx core.Tx, all []*request, marks func(core.Channel, core.Event) []string) (*work, error) {
	w := &work{tx: tx, units: map[core.WorkspaceID]*unit{}}
	found, err := tx.Look(ctx, wanted(all, marks))
	if err != nil {
		return w, fmt.Errorf("find what events are about: %w", err)
	}
	for _, r := range all {
		w.unit(r.ch.Workspace)
	}
	for key, fresh := range found.Fresh {
		w.unit(key.Workspace).fresh[key] = fresh
	}
	for _, r := range all {
		w.unit(r.ch.Workspace).presumeMissing(r)
	}
	for _, m := range found.Erased {
		w.unit(m.Workspace).gone[m.Value] = true
	}
	for ws, some := range found.Suppressed {
		w.unit(ws).unsuppressed = !some
	}
	w.learn(found)
	return w, nil
}

// unit returns the unit of a workspace, made if it is missing.
func (w *work) unit(ws core.WorkspaceID) *unit {
	u := w.units[ws]
	if u == nil {
		u = newUnit(w, ws)
		w.units[ws] = u
	}
	return u
}

// learn hands to each workspace what was found in it.
func (w *work) learn(f core.Found) {
	for _, i := range f.Identities {
		identity := i.Value
		w.unit(i.Workspace).identities[identity.Key] = &identity
	}
	for _, c := range f.Contacts {
		u := w.unit(c.Workspace)
		u.contacts[c.ID], u.open[c.ID] = c, ""
	}
	for _, c := range f.Conversations {
		u := w.unit(c.Workspace)
		u.conversations[c.ID] = &held{Conversation: c}
		if c.State == core.ConversationOpen {
			u.open[c.Contact] = c.ID
		}
	}
	for _, m := range f.Messages {
		w.unit(m.Workspace).messages[m.ID] = &stored{Message: m}
	}
	for _, p := range f.Parts {
		u := w.unit(p.Workspace)
		u.part(p.Value)
	}
	for _, k := range f.Parked {
		w.unit(k.Workspace).parked[k.Value] = true
	}
}

// flush stores what is held back.
func (w *work) flush(ctx context.Context) error {
	rows := w.drained()
	if rows.Empty() {
		return nil
	}
	if err := w.tx.Write(ctx, rows); err != nil {
		return fmt.Errorf("store what events brought: %w", err)
	}
	return nil
}

// finish has what is held back stored on the way with the commit.
func (w *work) finish() { w.tx.WriteAtEnd(w.drained()) }

// drained is what all units held back.
func (w *work) drained() core.Rows {
	var rows core.Rows
	for _, u := range w.units {
		u.drain(&rows)
	}
	return rows
}

// try runs f so that its failure undoes only what f did.
func (w *work) try(ctx context.Context, f func() error) error {
	if err := w.flush(ctx); err != nil {
		return err
	}
	err := w.tx.Try(ctx, func() error {
		if err := f(); err != nil {
			return err
		}
		return w.flush(ctx)
	})
	if err != nil {
		for _, u := range w.units {
			u.forget()
		}
	}
	return err
}
