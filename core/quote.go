package core

import (
	"context"
	"errors"
	"fmt"
)

// Quoted returns the message that one of a channel answers to, though it may have come later: by the provider's id, or by the one that both sides of a
// number share. ErrNotFound: it is not here.
func Quoted(ctx context.Context, repo Repo, ch ChannelID, q Quote) (MessageID, error) {
	if q.Message != "" {
		return q.Message, nil
	}
	if q.Provider == "" {
		return "", ErrNotFound
	}
	p, err := repo.PartByProvider(ctx, ch, q.Provider)
	if !errors.Is(err, ErrNotFound) || q.Stanza == "" {
		return p.Message, err
	}
	c, err := repo.Channel(ctx, ch)
	if err != nil {
		return "", fmt.Errorf("channel of quote: %w", err)
	}
	if c.Twin == "" {
		return "", ErrNotFound
	}
	switch all, err := repo.Ledger(ctx, c.Number, q.Stanza); {
	case err != nil:
		return "", fmt.Errorf("ledger of quote: %w", err)
	case len(all) == 0:
		return "", ErrNotFound
	default:
		return all[0].Message, nil
	}
}

// LinkQuotes fills in which messages are answered to where these came only after the answers: history, or what the provider brought late.
func LinkQuotes(ctx context.Context, repo Repo, all []Message) error {
	for i := range all {
		q := all[i].Content.Quote
		if q == nil || q.Message != "" {
			continue
		}
		id, err := Quoted(ctx, repo, all[i].Channel, *q)
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return fmt.Errorf("message that is answered to: %w", err)
		}
		linked := *q
		linked.Message = id
		all[i].Content.Quote = &linked
	}
	return nil
}
