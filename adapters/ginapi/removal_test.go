package ginapi

import (
	"context"

	"causeway/core"
	"causeway/core/remove"
)

// toyRemover gives up channels, but for those that a forward names.
type toyRemover struct{ *memory }

func (r toyRemover) Plan(ctx context.Context, ws core.WorkspaceID, id core.ChannelID) (remove.Plan, error) {
	ch, err := r.In(ws).Channel(ctx, id)
	if err != nil {
		return remove.Plan{}, core.NotFound("channel")
	}
	p := remove.Plan{Channel: ch, Waiting: 2, Open: 1}
	if ch.Name == "forwarded" {
		p.Uses = []string{`the forward "all"`}
	}
	return p, nil
}

func (r toyRemover) Remove(ctx context.Context, ws core.WorkspaceID, id core.ChannelID, _ string) (remove.Removed, error) {
	ch, err := r.In(ws).Channel(ctx, id)
	ch.State = core.ChannelRemoved
	return remove.Removed{Channel: ch, Left: core.Problemf(core.CodeUnsupported, "It still calls.").Remedied("Take it out.")}, err
}
