package remove

import (
	"context"
	"slices"
	"strconv"

	"causeway/core"
)

// forwards are those that mail what comes in on one channel.
func forwards(ctx context.Context, repo core.Repo, ch core.Channel) (uses []string, err error) {
	all, err := repo.Forwards(ctx)
	for _, f := range all {
		if f.Channel == ch.ID {
			uses = append(uses, "the forward "+strconv.Quote(f.Name))
		}
	}
	return uses, err
}

// rules are those that classify what comes in on one channel.
func rules(ctx context.Context, repo core.Repo, ch core.Channel) (uses []string, err error) {
	care, err := core.LoadCare(ctx, repo)
	for _, r := range care.Rules {
		if r.Channel == ch.ID {
			uses = append(uses, "the rule "+strconv.Quote(r.Name))
		}
	}
	return uses, err
}

// broadcasts are those that may still send by a channel.
func broadcasts(ctx context.Context, repo core.Repo, ch core.Channel) (uses []string, err error) {
	for p := (core.Page{Limit: Most}); ; {
		all, err := repo.Broadcasts(ctx, p)
		if err != nil {
			return nil, err
		}
		for _, b := range all {
			going := b.State == core.BroadcastGoing || b.State == core.BroadcastPaused
			if going && slices.Contains(b.Channels, ch.ID) {
				uses = append(uses, "the broadcast "+strconv.Quote(b.Name))
			}
			p.Before = b.ID
		}
		if len(all) < p.Limit {
			return uses, nil
		}
	}
}
