package instagram

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"causeway/bridges/meta"
	"causeway/core"
)

const (
	renewEach = 7 * 24 * time.Hour // far more often than the 60 days ask for: many tries are left when one fails
	keptToken = "token"            // what is known of the token, but for itself
	loginAnew = "Log in at Instagram again (App dashboard, Instagram, API setup, Generate token) and put the new token in the channel."
)

// tokenState is when a token ends. Print tells whether it is about the one in use; it does not tell the token.
type tokenState struct {
	Print   string    `json:"print"`
	Expires time.Time `json:"expires"`
}

func fingerprint(s core.Secret) string {
	sum := sha256.Sum256([]byte("causeway instagram token\x00" + s.Reveal()))
	return hex.EncodeToString(sum[:8])
}

// Renew implements core.RenewLink. Tokens of Facebook's log-in are not renewed; Meta only tells when they end. The platform refuses to renew a token in its first day.
func (l *link) Renew(ctx context.Context) (core.Renewal, error) {
	if l.conf.login != loginInstagram {
		return l.Inbox.Renew(ctx)
	}
	bare := *l.Graph
	bare.Version = meta.Unversioned
	var answer struct {
		Token   meta.Text `json:"access_token"`
		Expires meta.Text `json:"expires_in"`
	}
	query := url.Values{"grant_type": {"ig_refresh_token"}, "access_token": {l.conf.token.Reveal()}}
	if err := bare.Get(ctx, "refresh_access_token", query, &answer); err != nil {
		return core.Renewal{}, l.unrenewed(ctx, err)
	}
	seconds, err := strconv.ParseInt(string(answer.Expires), 10, 64)
	if answer.Token == "" || err != nil || seconds <= 0 || seconds > 1<<31 {
		return core.Renewal{}, core.Problemf(core.CodeUnavailable, "Instagram renewed the access token and did not tell the new one, or until when it is good.").Remedied("It is tried again.")
	}
	now := l.Host.Now()
	r := core.Renewal{Secrets: map[string]core.Secret{keyToken: core.NewSecret(string(answer.Token))}, Expires: now.Add(time.Duration(seconds) * time.Second)}
	r.Next = now.Add(min(renewEach, r.Expires.Sub(now)/2))
	raw, err := json.Marshal(tokenState{Print: fingerprint(r.Secrets[keyToken]), Expires: r.Expires})
	if err == nil {
		err = l.Host.Save(ctx, keptToken, raw)
	}
	if err != nil {
		return core.Renewal{}, fmt.Errorf("note when the token ends: %w", err)
	}
	return r, nil
}

// unrenewed explains a failed renewal, and raises the channel's health when the token's end is near.
func (l *link) unrenewed(ctx context.Context, err error) error {
	p := l.Explain(err, "The access token could not be renewed.")
	f := l.ending(ctx)
	if f.Level == core.HealthWarning || f.Level == core.HealthBad {
		l.Host.Health(ctx, core.Health{Level: core.HealthWarning, Code: "token-ends", Reason: f.Detail, Remedy: loginAnew, Since: l.Host.Now()})
	}
	return p
}

// ending is the finding about when the token in use ends.
func (l *link) ending(ctx context.Context) core.Finding {
	const subject = "token's end"
	raw, err := l.Host.Load(ctx, keptToken)
	var t tokenState
	if err != nil || json.Unmarshal(raw, &t) != nil || t.Print != fingerprint(l.conf.token) || t.Expires.IsZero() {
		return core.Good(subject, "A token of this log-in is good for 60 days; until when this one is will be known when it is first renewed, a day after it was made.")
	}
	return meta.Expiring(subject, t.Expires, l.Host.Now(), loginAnew)
}
