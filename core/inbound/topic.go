package inbound

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"causeway/core"
)

// topic is what the news said of one thing: when it was last well, and when and how it was last not.
type topic struct {
	Good time.Time   `json:"good,omitzero"`
	Bad  time.Time   `json:"bad,omitzero"`
	How  core.Health `json:"how,omitzero"`
}

// ails reports whether it is not well now.
func (t topic) ails(slack time.Duration) bool { return t.Bad.After(t.Good.Add(slack)) }

// reportHealth reports how the channel is after news of it. News of a topic may come in any order. Trouble from before an admin resumed the channel is over.
func (b *batch) reportHealth(ctx context.Context, e core.Event) error {
	h := e.Change.Health
	if h == nil {
		return nil
	}
	if err := core.TurnOfNews(ctx, b.repo, b.ch.ID); err != nil {
		return err
	}
	resumed, err := core.Resumed(ctx, b.repo, b.ch.ID)
	switch {
	case err != nil:
		return err
	case h.Level != core.HealthGood && e.At.Before(resumed):
		return nil
	case e.Change.Topic == "":
		return core.ReportHealth(ctx, b.tx, b.ch.Workspace, b.ch.ID, *h, b.now)
	}
	before, now, err := b.hearOf(ctx, e, resumed)
	if err != nil {
		return err
	}
	if over, err := b.troubleOver(ctx, before, now); err != nil {
		return err
	} else if over {
		good := core.Health{Level: core.HealthGood, Code: h.Code, Reason: h.Reason}
		if err := core.ReportHealth(ctx, b.tx, b.ch.Workspace, b.ch.ID, good, b.now); err != nil {
			return err
		}
	}
	if now.Level == core.HealthGood {
		return nil // what else ails it, if anything does, is not what ended
	}
	return core.ReportHealth(ctx, b.tx, b.ch.Workspace, b.ch.ID, now, b.now)
}

// hearOf takes in news of a topic, and returns how the channel was, by all topics since it was resumed, and how it is now.
func (b *batch) hearOf(ctx context.Context, e core.Event, resumed time.Time) (before, now core.Health, err error) {
	all, err := b.topics(ctx)
	if err != nil {
		return before, now, err
	}
	forget(all, resumed)
	before = worst(all)
	all[e.Change.Topic] = all[e.Change.Topic].told(*e.Change.Health, e.At, e.Change.Slack)
	return before, worst(all), b.keepTopics(ctx, all)
}

// troubleOver reports whether what the channel's health tells of, if that is of the news at all, is over.
func (b *batch) troubleOver(ctx context.Context, before, now core.Health) (bool, error) {
	ch, err := b.repo.Channel(ctx, b.ch.ID)
	if err != nil {
		return false, fmt.Errorf("channel of news: %w", err)
	}
	told := before.Level != core.HealthGood && ch.Health.Code == before.Code
	switch {
	case now.Level == core.HealthGood:
		return told || ch.Health.Level == core.HealthUnknown, nil
	case before.Level == core.HealthBad:
		return told && now.Level != core.HealthBad, nil
	}
	return false, nil
}

// told is the topic after news of it.
func (t topic) told(h core.Health, at time.Time, slack time.Duration) topic {
	switch {
	case h.Level == core.HealthGood:
		t.Good = core.Latest(t.Good, at)
	case at.After(t.Bad) || at.Equal(t.Bad) && h.Reason > t.How.Reason:
		t.Bad, t.How = at, h
	}
	if !t.ails(slack) {
		t.How = core.Health{}
		t.Bad = earlier(t.Bad, t.Good)
	}
	return t
}

// forget ends the troubles from before a time.
func forget(all map[string]topic, until time.Time) {
	for name, t := range all {
		if t.Bad.Before(until) {
			t.How = core.Health{}
			all[name] = t
		}
	}
}

// worst is how a channel is that has these topics.
func worst(all map[string]topic) core.Health {
	found, since := core.Health{Level: core.HealthGood}, time.Time{}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		t := all[name]
		switch h := t.How; {
		case h.Level == "":
		case found.Level == core.HealthGood, found.Level == core.HealthWarning && h.Level == core.HealthBad, h.Level == found.Level && t.Bad.After(since):
			found, since = h, t.Bad
		}
	}
	return found
}

const topicsKey = "topics"

// topics reads what the news said so far. Whoever changes it has the turn.
func (b *batch) topics(ctx context.Context) (map[string]topic, error) {
	all := map[string]topic{}
	raw, err := b.repo.Value(ctx, core.NewsOwner(b.ch.ID), topicsKey)
	if err == nil && raw != nil {
		err = json.Unmarshal(raw, &all)
	}
	if err != nil {
		return nil, fmt.Errorf("news so far: %w", err)
	}
	return all, nil
}

func (b *batch) keepTopics(ctx context.Context, all map[string]topic) error {
	raw, err := json.Marshal(all)
	if err == nil {
		err = b.repo.SetValue(ctx, core.NewsOwner(b.ch.ID), topicsKey, raw)
	}
	if err != nil {
		return fmt.Errorf("keep news: %w", err)
	}
	return nil
}
