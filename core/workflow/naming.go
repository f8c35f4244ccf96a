package workflow

import (
	"context"
	"fmt"
	"slices"

	"causeway/core"
)

// Naming lists the workflows of a workspace that name a channel: to begin with it, or to send by it.
func Naming(ctx context.Context, repo core.Repo, channel string) (names []string, err error) {
	all, err := repo.Workflows(ctx)
	if err != nil {
		return nil, fmt.Errorf("workflows: %w", err)
	}
	for _, w := range all {
		d, err := Decode(w.Definition)
		if err != nil {
			return nil, fmt.Errorf("workflow %q: %w", w.Name, err)
		}
		if d.names(channel) {
			names = append(names, d.Name)
		}
	}
	return names, nil
}

func (d Definition) names(channel string) bool {
	return slices.ContainsFunc(d.On, func(t Trigger) bool { return slices.Contains(t.Channels, channel) }) ||
		slices.ContainsFunc(d.Steps, func(s Step) bool { return s.Send != nil && s.Send.Channel == channel })
}
