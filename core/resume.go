package core

import (
	"context"
	"fmt"
	"time"
)

// NewsOwner is whose values hold what was said of a channel.
func NewsOwner(id ChannelID) string { return "channel/" + string(id) + "/news" }

// TurnOfNews keeps other transactions that ask for their turn from what was said of a channel until this one ends.
func TurnOfNews(ctx context.Context, repo Repo, id ChannelID) error {
	if err := repo.SetValue(ctx, NewsOwner(id), "turn", []byte("-")); err != nil {
		return fmt.Errorf("turn of the channel's news: %w", err)
	}
	return nil
}

const resumedKey = "resumed"

// NoteResumed notes, in the caller's transaction, that an admin has a channel send again: what was wrong with it before counts no more, whenever it is
// told. Providers' times are in seconds: what happens in this one does count.
func NoteResumed(ctx context.Context, repo Repo, id ChannelID, now time.Time) error {
	if err := TurnOfNews(ctx, repo, id); err != nil {
		return err
	}
	if err := repo.SetValue(ctx, NewsOwner(id), resumedKey, []byte(now.UTC().Truncate(time.Second).Format(time.RFC3339))); err != nil {
		return fmt.Errorf("note channel as resumed: %w", err)
	}
	return nil
}

// Resumed is when an admin last had a channel send again; zero: never. Whoever acts on it has the turn of the news.
func Resumed(ctx context.Context, repo Repo, id ChannelID) (at time.Time, err error) {
	raw, err := repo.Value(ctx, NewsOwner(id), resumedKey)
	if err == nil && raw != nil {
		at, err = time.Parse(time.RFC3339, string(raw))
	}
	if err != nil {
		return at, fmt.Errorf("when the channel was resumed: %w", err)
	}
	return at, nil
}
