package doctor

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"causeway/core"
)

const (
	parallel = 4                  // channels looked at side by side
	quiet    = 7 * 24 * time.Hour // without an event: worth a word
)

// channels looks at all of them, a few side by side, and reports them in order.
func (d doctor) channels(ctx context.Context) []Group {
	all, err := d.all(ctx)
	switch {
	case err != nil:
		return []Group{{"channels", bad("channels", "Check the database.", "The channels cannot be read: %s.", sentence(err))}}
	case d.in.Store != nil && len(all) == 0:
		return []Group{{"channels", warn("channels", "Write a business file after config/business.example.yaml and run: causeway apply -f business.yaml", "There is no channel yet.")}}
	}
	groups := make([]Group, len(all))
	var wg sync.WaitGroup
	slots := make(chan struct{}, parallel)
	for i, ch := range all {
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			groups[i] = Group{Title: "channel " + ch.Name, Findings: d.channel(ctx, ch)}
		})
	}
	wg.Wait()
	return groups
}

func (d doctor) channel(ctx context.Context, ch core.Channel) []core.Finding {
	found := d.state(ch)
	found = append(found, d.inbound(ctx, ch)...)
	if d.in.Check == nil {
		return found
	}
	return append(found, d.examine(ctx, look{"provider", func(ctx context.Context) []core.Finding { return d.provider(ctx, ch) }})...)
}

func (d doctor) state(ch core.Channel) []core.Finding {
	resume := "Run: causeway channel resume " + ch.Argument()
	switch {
	case ch.State == core.ChannelPaused:
		return warn("state", resume, "The channel is paused: what is to be sent waits.")
	case ch.State == core.ChannelParked:
		return bad("state", first(ch.Health.Remedy, "Mend what the provider says, then run: causeway channel resume "+ch.Argument()), "Sending has stopped, and messages wait: %s",
			first(ch.Health.Reason, "the provider refuses the channel."))
	case ch.Health.Level == core.HealthBad || ch.Health.Level == core.HealthWarning:
		return []core.Finding{{Subject: "state", Level: ch.Health.Level, Detail: first(ch.Health.Reason, "The provider reports trouble."), Remedy: ch.Health.Remedy}}
	}
	if ch.Health.Level == core.HealthUnknown {
		return good("state", "The channel may send; its provider has not taken a message yet.")
	}
	return good("state", "The channel sends.")
}

// inbound looks whether the provider ever called.
func (d doctor) inbound(ctx context.Context, ch core.Channel) []core.Finding {
	hooked := d.in.Webhook == nil || d.in.Webhook(ctx, ch)
	switch since := d.in.Now().Sub(ch.SeenIn); {
	case !ch.SeenIn.IsZero() && since > quiet && !hooked:
		return warn("incoming", "If people have written since, look at: causeway channel logs "+ch.Argument(), "Nothing has come in for %d days.", int(since.Hours()/24))
	case !ch.SeenIn.IsZero() && since > quiet:
		return warn("incoming", fmt.Sprintf("If customers have written since, look at the webhook's settings at the provider and at: causeway channel logs %s", ch.Argument()),
			"Nothing has come in for %d days.", int(since.Hours()/24))
	case !ch.SeenIn.IsZero():
		return good("incoming", "Something came in %s ago.", core.Span(since))
	case hooked:
		return warn("incoming", fmt.Sprintf("Enter the webhook URL and the verify token at the provider (causeway channel show %s), or run causeway channel subscribe %[1]s; then write to the channel from a phone.", ch.Argument()),
			"The provider has never called this channel's webhook.")
	}
	return warn("incoming", "Write to the channel as a customer would, and look whether it arrives.", "Nothing has ever come in.")
}

func (d doctor) provider(ctx context.Context, ch core.Channel) []core.Finding {
	found, err := d.in.Check(ctx, ch)
	if err != nil {
		p := core.Problem{Detail: "The channel cannot be opened: " + sentence(err) + ".", Remedy: "Check its settings in the business file, and apply it again."}
		if original := problem(err); original != nil {
			p.Detail, p.Remedy = original.Detail, first(original.Remedy, p.Remedy)
		}
		return bad("settings", p.Remedy, "%s", p.Detail)
	}
	return found
}

func first(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

func problem(err error) *core.Problem {
	var p *core.Problem
	if errors.As(err, &p) {
		return p
	}
	return nil
}
