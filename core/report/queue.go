package report

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"causeway/core"
)

// queues looks at what waits, the longest queue first.
func queues(ctx context.Context, repo core.Repo, now time.Time) ([]Backlog, error) {
	counts, err := repo.Queues(ctx)
	if err != nil {
		return nil, fmt.Errorf("queues of the report: %w", err)
	}
	all := []Backlog{}
	for team := range counts {
		q := Backlog{}
		if team != "" {
			t, err := repo.Team(ctx, team)
			if err != nil {
				return nil, fmt.Errorf("team of a queue: %w", err)
			}
			q.Name = t.Name
		}
		if err := q.look(ctx, repo, team, now); err != nil {
			return nil, err
		}
		if q.Waiting > 0 {
			all = append(all, q)
		}
	}
	slices.SortFunc(all, func(a, b Backlog) int { return cmp.Or(b.Waiting-a.Waiting, cmp.Compare(a.Name, b.Name)) })
	return all, nil
}

// look counts a queue.
func (q *Backlog) look(ctx context.Context, repo core.Repo, team core.TeamID, now time.Time) error {
	const page = 500
	sum := 0.0
	for after := (*core.Place)(nil); ; {
		some, err := repo.Places(ctx, team, after, page)
		if err != nil {
			return fmt.Errorf("queue of the report: %w", err)
		}
		for _, p := range some {
			waited := max(now.Sub(p.Queued).Seconds(), 0)
			q.Waiting, q.Longest, sum = q.Waiting+1, max(q.Longest, waited), sum+waited
		}
		if len(some) < page {
			break
		}
		after = &some[len(some)-1]
	}
	if q.Waiting > 0 {
		q.Mean = sum / float64(q.Waiting)
	}
	return nil
}
