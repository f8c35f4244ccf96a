package session

import (
	"context"
	"errors"
	"fmt"

	"causeway/core"
)

// valueTakeBack is the last wish that a channel's session begin anew.
const valueTakeBack = "take-back"

// errTakeBack ends a session for that.
var errTakeBack = errors.New("the session is to begin anew")

// TakeBack has the session of a paired channel begin anew, on whichever node it is: it connects although another program has taken its place, and WhatsApp
// serves who came last. It returns at once; what becomes of it shows in the channel's health. Where no phone is paired there is nothing to take back: that is
// refused.
func (m *Manager) TakeBack(ctx context.Context, ws core.WorkspaceID, id core.ChannelID) error {
	ch, link, err := m.pairable(ctx, ws, id)
	if err != nil {
		return err
	}
	if err := link.Joined(ctx); err != nil {
		return named(ch, err)
	}
	return m.Anew(ctx, m.Store.In(ws), id)
}

// Anew has the session of a paired channel begin anew, on whichever node it is, once the caller has committed: it may have given up until a person acts.
// For other channels it does nothing, for they try again by themselves.
func (m *Manager) Anew(ctx context.Context, repo core.Repo, id core.ChannelID) error {
	if err := repo.SetValueUntil(ctx, sessionOwner(id), valueTakeBack, []byte(core.NewID[string]()), m.Now().Add(pairingKept)); err != nil {
		return fmt.Errorf("note wish for a new session: %w", err)
	}
	return nil
}

// named is a bridge's problem with the channel named in its remedy.
func named(ch core.Channel, err error) error {
	var p *core.Problem
	if !errors.As(err, &p) {
		return err
	}
	known := *p
	known.Remedy = ch.Named(p.Remedy)
	return &known
}

// lookForTakeBack ends a session that is to begin anew. A wish that is older than the tenure has had its way.
func (t *tenure) lookForTakeBack() {
	ch := t.opened.channel
	raw, err := t.opened.host.m.Store.In(ch.Workspace).Value(t.ctx, sessionOwner(ch.ID), valueTakeBack)
	if err != nil {
		t.opened.host.log.DebugContext(t.ctx, "wish to take the session back not read", "err", err)
		return
	}
	wish := string(raw)
	t.mu.Lock()
	defer t.mu.Unlock()
	before := t.requests.wish
	t.requests.wish = &wish
	if before == nil || *before == wish || wish == "" || t.requests.going != "" {
		return
	}
	if t.requests.end != nil {
		t.requests.end(errTakeBack)
	}
	select {
	case t.requests.asked <- struct{}{}:
	default:
	}
}
