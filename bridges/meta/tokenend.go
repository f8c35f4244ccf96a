package meta

import (
	"context"
	"errors"
	"net/url"
	"time"

	"causeway/core"
)

// askEnd is how often Meta is asked when a token ends: it may be taken back, too.
const askEnd = 24 * time.Hour

var errUntold = errors.New("the answer does not say whether the token is valid")

// Ending asks Meta when a token that nothing renews ends: the sooner of its own end and that of its access to data. A token that may not look at
// itself is taken to have no end; one that Meta calls invalid ends now. Remedy says how to get another.
func (c *Client) Ending(ctx context.Context, now time.Time, remedy string) (core.Renewal, error) {
	r := core.Renewal{Next: now.Add(askEnd), Remedy: remedy}
	var answer struct {
		Data tokenNode `json:"data"`
	}
	err := c.Get(ctx, "debug_token", url.Values{"input_token": {c.Token.Reveal()}}, &answer)
	if err == nil && answer.Data.Valid == nil { // whoever said this is not Meta: no channel is to stop for it
		err = errUntold
	}
	var g *Error
	switch {
	case errors.As(err, &g) && g.Code == 190, err == nil && !bool(*answer.Data.Valid):
		r.Expires = now
	case errors.As(err, &g) && !g.Transient && g.Status < 500:
	case err != nil:
		return core.Renewal{}, err
	default:
		r.Expires = answer.Data.ends()
	}
	return r, nil
}

// ends is when the first of a token's two ends is; zero: it has none.
func (t tokenNode) ends() time.Time {
	var soonest time.Time
	for _, stamp := range []Text{t.Expires, t.Access} {
		if at, dated := stamp.Time(); dated && (soonest.IsZero() || at.Before(soonest)) {
			soonest = at
		}
	}
	return soonest
}

// Renew implements core.RenewLink: Meta renews no such token, but tells when it ends.
func (i *Inbox) Renew(ctx context.Context) (core.Renewal, error) {
	r, err := i.Graph.Ending(ctx, i.Host.Now(), newToken)
	if err != nil {
		return core.Renewal{}, i.Explain(err, "When the access token ends cannot be asked.")
	}
	return r, nil
}
