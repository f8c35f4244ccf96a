package inbound

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"causeway/core"
)

// visited is who a person was on the channel that sent them elsewhere, and until when that counts.
type visited struct {
	Key   core.IdentityKey
	Until time.Time
}

// continues keeps the code by which the peer will be known on another channel.
func (b *batch) continues(ctx context.Context, e core.Event) error {
	if len(e.Peer.Identities) == 0 || e.Continue.Code == "" {
		return b.bury(ctx, e, "it names nobody who could go on, or no code")
	}
	raw, err := json.Marshal(visited{e.Peer.Identities[0], e.Continue.Until})
	if err != nil {
		return fmt.Errorf("keep code: %w", err)
	}
	if err := b.repo.SetValueUntil(ctx, core.ContinueOwner, e.Continue.Code, raw, e.Continue.Until); err != nil {
		return fmt.Errorf("keep code: %w", err)
	}
	return nil
}

// continued adds to the peer of a message who they were on the channel that sent them here, and lets the code go: it counts once.
func (b *batch) continued(ctx context.Context, e core.Event) (core.Event, error) {
	code := e.Message.Content.ContinueCode()
	if code == "" || e.Origin != core.OriginCustomer || e.Historic || e.Peer.Group() {
		return e, nil
	}
	raw, err := b.repo.Value(ctx, core.ContinueOwner, code)
	if err != nil {
		return e, fmt.Errorf("look up code: %w", err)
	}
	var kept visited
	if len(raw) == 0 || json.Unmarshal(raw, &kept) != nil || !b.now.Before(kept.Until) {
		return e, nil
	}
	if may, err := b.mayContinue(ctx, e.Peer); err != nil || !may {
		return e, err
	}
	if err := b.repo.DropValue(ctx, core.ContinueOwner, code); err != nil {
		return e, fmt.Errorf("let code go: %w", err)
	}
	e.Peer.Identities = append(e.Peer.Identities[:len(e.Peer.Identities):len(e.Peer.Identities)], kept.Key)
	return e, nil
}

// mayContinue reports whether a code counts for who brings it. Anybody can write another's address above a mail: one that is somebody's already does not
// become a visitor's of the site as well, who would then be answered in their place.
func (b *batch) mayContinue(ctx context.Context, p core.Peer) (bool, error) {
	if !slices.ContainsFunc(p.Identities, func(k core.IdentityKey) bool { return k.Scheme == core.SchemeEmail }) {
		return true, nil
	}
	known, err := b.repo.Identities(ctx, p.Identities)
	if err != nil {
		return false, fmt.Errorf("look up who brings a code: %w", err)
	}
	return len(known) == 0, nil
}
