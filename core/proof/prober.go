// Package proof has channels prove that they work.
//
// A channel with a core.Probe sends a message to that contact from time to time, through the outbox and its gate like any other. If the provider says that
// it arrived, or the contact answers, all is well. If not, the channel's health says so, until a later one arrives. Which message is the one of this time
// follows from the clock and the channel alone, so that several nodes send it once, and one that starts anew knows what became of it.
package proof

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"slices"
	"time"

	"causeway/core"
)

const (
	code     = "probe" // of the health told here
	lookEach = 30 * time.Second
	patience = 15 * time.Minute // of waiting for proof, at most half the time between two messages
)

// Options are what a Prober needs. All are required.
type Options struct {
	Store core.Store
	Links interface {
		Link(ctx context.Context, id core.ChannelID) (core.Channel, core.Info, core.Link, error)
	}
	// Send has a message sent to a contact outside of their conversations with people, once for a key.
	Send func(ctx context.Context, ch core.Channel, to core.ContactID, c core.Content, key string) error
	Now  core.Clock
	Log  *slog.Logger
}

// Prober sends the channels' test messages and looks what became of them.
type Prober struct{ Options }

// New makes a Prober.
func New(o Options) *Prober { return &Prober{o} }

// Run probes until ctx is done. It does not begin at once: who starts has links to open and templates to learn of.
func (p *Prober) Run(ctx context.Context) {
	core.Every(ctx, lookEach, func() {
		if err := p.Round(ctx); err != nil && ctx.Err() == nil {
			p.Log.WarnContext(ctx, "channels not probed", "err", err)
		}
	})
}

// Round looks at every channel once.
func (p *Prober) Round(ctx context.Context) error {
	all, err := p.Store.AllChannels(ctx)
	for _, ch := range all {
		probe, wanted := ch.Probe()
		if !wanted || ch.State != core.ChannelActive { // what cannot send says so itself
			continue
		}
		if failed := p.look(ctx, ch, probe); failed != nil {
			err = errors.Join(err, fmt.Errorf("channel %s: %w", ch.Name, failed))
		}
	}
	return err
}

// look sends the message of this time, or judges it.
func (p *Prober) look(ctx context.Context, ch core.Channel, probe core.Probe) error {
	began := slot(ch.ID, probe.Each, p.Now())
	key := fmt.Sprintf("probe/%s/%d", ch.ID, began.Unix())
	m, err := p.Store.In(ch.Workspace).MessageByKey(ctx, key)
	switch {
	case err == nil:
		return p.judge(ctx, ch, probe, m)
	case !errors.Is(err, core.ErrNotFound):
		return err
	}
	err = p.send(ctx, ch, probe, key, began)
	var refused *core.Problem
	if errors.As(err, &refused) && refused.Code != core.CodeUnavailable {
		if _, err := p.Store.In(ch.Workspace).MessageByKey(ctx, key); !errors.Is(err, core.ErrNotFound) {
			return err // another node was quicker
		}
		return p.tell(ctx, ch, core.HealthWarning, "The test message cannot be sent. "+refused.Detail, refused.Remedy)
	}
	return err
}

// slot is when the present time between two messages began. It is another for each channel, so that not all send at once.
func slot(ch core.ChannelID, each time.Duration, now time.Time) time.Time {
	h := fnv.New64a()
	_, _ = h.Write([]byte(ch))
	offset := time.Duration(h.Sum64() % uint64(each)) //nolint:gosec // neither is negative
	return now.Add(-offset).Truncate(each).Add(offset)
}

func (p *Prober) send(ctx context.Context, ch core.Channel, probe core.Probe, key string, at time.Time) error {
	_, info, link, err := p.Links.Link(ctx, ch.ID)
	if err != nil {
		return err
	}
	to, err := p.contact(ctx, ch, probe, info, link.Capabilities().MayInitiate || probe.Template != "")
	if err != nil {
		return err
	}
	c := core.Content{Kind: core.KindText, Text: "This is a test message of our own, of " + at.UTC().Format("2006-01-02 15:04") + " UTC. There is nothing to do."}
	if probe.Template != "" {
		c = core.Content{Kind: core.KindTemplate, Template: &core.TemplateUse{Name: probe.Template, Language: probe.Language}}
	}
	return p.Send(ctx, ch, to, c, key)
}

// contact finds who gets the message. A contact who may be written to first is made.
func (p *Prober) contact(ctx context.Context, ch core.Channel, probe core.Probe, info core.Info, first bool) (core.ContactID, error) {
	repo, value := p.Store.In(ch.Workspace), probe.Value(info.Scheme)
	keys := []core.IdentityKey{{Scheme: info.Scheme, Value: value}, {Scheme: info.Scheme, Scope: ch.Account, Value: value}}
	known, err := knownBy(ctx, repo, keys)
	switch {
	case !errors.Is(err, core.ErrNotFound):
		return known, err
	case !first:
		return "", core.Problemf(core.CodeConflict, "The test contact %s has never written to this channel.", probe.To).Remedied("Write to it from there once, or name a template.")
	}
	c := core.Contact{ID: core.NewID[core.ContactID](), Workspace: ch.Workspace, Name: "Test contact", Created: p.Now()}
	won, err := repo.AddPerson(ctx, c, core.Identity{ID: core.NewID[core.IdentityID](), Contact: c.ID, Key: keys[0], Source: code, Seen: p.Now()})
	if err == nil && !won { // another node was quicker
		return knownBy(ctx, repo, keys)
	}
	return c.ID, err
}

func knownBy(ctx context.Context, repo core.Repo, keys []core.IdentityKey) (core.ContactID, error) {
	known, err := repo.Identities(ctx, keys)
	if err == nil && len(known) == 0 {
		err = core.ErrNotFound
	}
	if err != nil {
		return "", fmt.Errorf("look up test contact: %w", err)
	}
	return known[0].Contact, nil
}

// judge tells the channel's health by what became of a message.
func (p *Prober) judge(ctx context.Context, ch core.Channel, probe core.Probe, m core.Message) error {
	arrived, err := p.arrived(ctx, ch, m)
	wait := min(patience, probe.Each/2)
	switch {
	case err != nil:
		return err
	case arrived && ch.Health.Code == code && ch.Health.Level != core.HealthGood:
		return p.tell(ctx, ch, core.HealthGood, "The test message arrived again.", "")
	case arrived:
		return nil
	case m.Status == core.StatusFailed && m.Error != nil:
		return p.tell(ctx, ch, core.HealthWarning, "The test message did not arrive. "+m.Error.Reason, m.Error.Remedy)
	case m.Status == core.StatusFailed || p.Now().Sub(m.Created) > wait:
		return p.tell(ctx, ch, core.HealthWarning, fmt.Sprintf("The test message to %s did not arrive within %s.", probe.To, core.Span(wait)),
			"See that it is reachable there. If it is, customers may get nothing either: run causeway channel check "+ch.Name+".")
	}
	return nil
}

// arrived reports whether the provider said that the contact has the message, or the contact wrote since. Where no provider says so, having sent it
// is all there is to know.
func (p *Prober) arrived(ctx context.Context, ch core.Channel, m core.Message) (bool, error) {
	switch m.Status {
	case core.StatusDelivered, core.StatusRead:
		return true, nil
	case core.StatusSent:
		_, _, link, err := p.Links.Link(ctx, ch.ID)
		if err != nil {
			return false, err
		}
		told := link.Capabilities().Receipts
		if !slices.Contains(told, core.StatusDelivered) && !slices.Contains(told, core.StatusRead) {
			return true, nil
		}
	default: // an answer proves it whatever is known of the message
	}
	w, err := p.Store.In(ch.Workspace).Window(ctx, ch.ID, m.Contact)
	return w.Last.After(m.Created), err
}

func (p *Prober) tell(ctx context.Context, ch core.Channel, level core.HealthLevel, reason, remedy string) error {
	return p.Store.Tx(ctx, func(tx core.Tx) error {
		return core.ReportHealth(ctx, tx, ch.Workspace, ch.ID, core.Health{Level: level, Code: code, Reason: reason, Remedy: remedy}, p.Now())
	})
}
