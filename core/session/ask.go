package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"causeway/core"
)

const (
	// askAgain is how soon a provider is asked a second time that says the contrary of its news: what it tells may lag behind.
	askAgain = 5 * time.Minute
	// askSlow bounds how long it is left alone that could not be asked, and askUntil for how long it is asked at all.
	askSlow  = time.Hour
	askUntil = 3 * 24 * time.Hour
)

// Ask is the worker of JobAsk: it asks a channel's provider whether news of one of several accounts is of this one, and applies it if it is. As long as
// nobody can say, the channel goes on as it is, and its health says so.
func (m *Manager) Ask(ctx context.Context, w core.Work) error {
	id, d, err := w.Asked()
	if err != nil {
		return fmt.Errorf("what to ask: %w: %w", core.ErrDead, err)
	}
	age := m.Now().Sub(d.Since)
	ch, there, err := m.present(ctx, w.Workspace, id)
	switch {
	case ctx.Err() != nil:
		return ctx.Err() // we are being stopped
	case errors.Is(err, core.ErrNotFound):
		return nil // the channel is gone
	case err != nil && age >= askUntil:
		return nil // its health says what a person can do
	case err != nil:
		m.Log.InfoContext(ctx, "the provider could not be asked whether its news is of this channel", "channel", id, "err", err)
		if err := m.accept(ctx, ch, unasked(d.News)); err != nil {
			return err
		}
		return core.Later{After: min(askSlow, max(time.Minute, age))}
	}
	well := d.News.Change.Health.Level == core.HealthGood
	switch {
	case there == well:
		return m.accept(ctx, ch, asked(d.News), confirmed(d.News))
	case age < askAgain:
		return core.Later{After: askAgain}
	default:
		return m.accept(ctx, ch, asked(d.News))
	}
}

// present asks the provider. ErrNotFound: there is no such channel any more.
func (m *Manager) present(ctx context.Context, ws core.WorkspaceID, id core.ChannelID) (core.Channel, bool, error) {
	ch, err := m.Store.In(ws).Channel(ctx, id)
	if err == nil && ch.State == core.ChannelRemoved {
		err = core.ErrNotFound
	}
	if err != nil {
		return ch, false, err
	}
	_, _, link, err := m.Link(ctx, id)
	if errors.Is(err, core.ErrNotFound) {
		err = core.Problemf(core.CodeChannelDown, "The channel cannot be opened.")
	}
	if err != nil {
		return ch, false, err
	}
	l, ok := link.(core.PresentLink)
	if !ok {
		return ch, false, core.Problemf(core.CodeUnsupported, "The provider cannot be asked.")
	}
	there, err := l.Present(ctx)
	return ch, there, err
}

func (m *Manager) accept(ctx context.Context, ch core.Channel, events ...core.Event) error {
	return m.Accept(ctx, core.Lease{}, ch, events)
}

// confirmed is the news as that of this channel.
func confirmed(news core.Event) core.Event {
	return about(news, "/ours", *news.Change)
}

// unasked says that nobody knows whose news it is; asked takes that back.
func unasked(news core.Event) core.Event {
	c := doubtOf(news)
	c.Detail = news.Change.Detail + " It is not said of which of several numbers, and the provider could not be asked whether it is this one; it is asked again."
	c.Health = &core.Health{Level: core.HealthWarning, Code: news.Change.Health.Code, Reason: c.Detail,
		Remedy: "The channel goes on meanwhile. causeway channel check NAME shows whether the number still answers."}
	return about(news, "/unasked", c)
}

func asked(news core.Event) core.Event {
	c := doubtOf(news)
	c.Detail = "The provider was asked whose news it is: " + news.Change.Name + "."
	c.Health = &core.Health{Level: core.HealthGood, Code: "asked", Reason: c.Detail}
	return about(news, "/asked", c)
}

// doubtOf is news on a topic of its own.
func doubtOf(news core.Event) core.AccountBody {
	return core.AccountBody{Name: news.Change.Name, Topic: "asked/" + news.Change.Topic}
}

func about(news core.Event, part string, c core.AccountBody) core.Event {
	c.Ask = false
	news.ID, news.Change = news.ID+part, &c
	return news
}
