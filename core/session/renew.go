package session

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"causeway/core"
)

const (
	renewAgain  = 24 * time.Hour // after a try that failed, or a bridge that does not say when
	renewAt     = "renew"        // when to renew a channel's credentials next
	renewedInto = "renewed/"     // what a secret, named behind it, was renewed into: its digest
	hintFrom    = 12             // the last characters of a shorter secret would tell too much of it
	hintLength  = 4

	tellEnds = 14 * 24 * time.Hour // how long before a credential ends the admins are told
	codeEnds = "token-ends"
)

// Renew renews the credentials that are due, of every channel whose link is a core.RenewLink, and tells of those that end. It is called from time to
// time; two processes that do so at once do no harm. What fails is tried again a day later: links raise their channel's health when that becomes urgent.
func (m *Manager) Renew(ctx context.Context) {
	all, err := m.Store.AllChannels(ctx)
	if err != nil {
		m.Log.WarnContext(ctx, "credentials not renewed", "err", err)
		return
	}
	for _, ch := range all {
		if err := m.renew(ctx, ch); err != nil && ctx.Err() == nil {
			m.Log.WarnContext(ctx, "credential not renewed", "channel", ch.ID, "err", err)
		}
	}
}

// renew renews a channel's credentials if they are due.
func (m *Manager) renew(ctx context.Context, ch core.Channel) error {
	_, _, link, err := m.Link(ctx, ch.ID)
	r, ok := link.(core.RenewLink)
	if err != nil || !ok {
		return nil //nolint:nilerr // a channel that cannot be opened tells so elsewhere
	}
	repo := m.Store.In(ch.Workspace)
	sealed, err := repo.Secrets(ctx, Owner(ch.ID))
	if err != nil {
		return fmt.Errorf("read secrets: %w", err)
	}
	if due, err := m.due(ctx, repo, ch, sealed); err != nil || !due {
		return err
	}
	got, err := r.Renew(ctx)
	if err == nil && len(got.Secrets) == 0 && got.Expires.IsZero() && got.Next.IsZero() {
		return nil
	}
	if err == nil {
		err = m.tellEnd(ctx, ch, got)
	}
	next := got.Next
	if err != nil || !next.After(m.Now()) {
		next = m.Now().Add(renewAgain)
	}
	return errors.Join(err, m.Store.Tx(ctx, func(tx core.Tx) error {
		return m.replace(ctx, tx.In(ch.Workspace), ch, sealed, got.Secrets, next)
	}))
}

// tellEnd has the admins know when a credential that nothing renews ends soon, or has ended; and, when there is another, that this is over.
func (m *Manager) tellEnd(ctx context.Context, ch core.Channel, r core.Renewal) error {
	h := core.Health{Level: core.HealthGood, Code: codeEnds, Reason: "The channel's credentials do not end soon."}
	if len(r.Secrets) == 0 && !r.Expires.IsZero() {
		switch left := r.Expires.Sub(m.Now()); {
		case left <= 0:
			h = core.Health{Level: core.HealthBad, Code: codeEnds, Reason: "The channel's credentials are no longer valid.", Remedy: r.Remedy}
		case left < tellEnds:
			h = core.Health{Level: core.HealthWarning, Code: codeEnds, Reason: "The channel's credentials expire on " + r.Expires.UTC().Format("2 January 2006 15:04 MST") + ".", Remedy: r.Remedy}
		}
	}
	return m.Store.Tx(ctx, func(tx core.Tx) error {
		now, err := tx.In(ch.Workspace).Channel(ctx, ch.ID)
		if err != nil {
			return fmt.Errorf("channel whose credentials end: %w", err)
		}
		known := now.Health.Code == codeEnds
		if h.Level == core.HealthGood && !known || h.Level != core.HealthGood && now.State == core.ChannelParked && !known {
			return nil // no news, or what stopped the channel is more important
		}
		return core.ReportHealth(ctx, tx, ch.Workspace, ch.ID, h, m.Now())
	})
}

// due reports whether it is time to renew: that is noted together with the credentials it was noted for, as others may end at another time.
func (m *Manager) due(ctx context.Context, repo core.Repo, ch core.Channel, sealed []core.SealedSecret) (bool, error) {
	raw, err := repo.Value(ctx, sessionOwner(ch.ID), renewAt)
	if err != nil {
		return false, fmt.Errorf("when to renew: %w", err)
	}
	noted, of, named := strings.Cut(string(raw), " ")
	at, err := time.Parse(time.RFC3339, noted)
	return err != nil || !m.Now().Before(at) || named && of != mark(ch, sealed), nil
}

// mark tells a channel's settings and secrets from others.
func mark(ch core.Channel, sealed []core.SealedSecret) string {
	print := fingerprint(ch, sealed)
	return hex.EncodeToString(print[:16])
}

// replace seals renewed secrets in the place of the ones they come from. What an admin put there meanwhile stays.
func (m *Manager) replace(ctx context.Context, repo core.Repo, ch core.Channel, before []core.SealedSecret, secrets map[string]core.Secret, next time.Time) error {
	now, err := repo.Secrets(ctx, Owner(ch.ID))
	if err != nil {
		return fmt.Errorf("read secrets again: %w", err)
	}
	for name, value := range secrets {
		old := find(now, name)
		if !bytes.Equal(old.Box, find(before, name).Box) {
			continue
		}
		if err := m.keepGiven(ctx, repo, ch, old, value); err != nil {
			return err
		}
		if err := m.put(ctx, repo, ch, name, value); err != nil {
			return err
		}
	}
	if now, err = repo.Secrets(ctx, Owner(ch.ID)); err != nil {
		return fmt.Errorf("read secrets as they are now: %w", err)
	}
	return repo.SetValue(ctx, sessionOwner(ch.ID), renewAt, []byte(next.UTC().Format(time.RFC3339)+" "+mark(ch, now)))
}

// keepGiven keeps a secret as the admin gave it. What was renewed before is none of theirs.
func (m *Manager) keepGiven(ctx context.Context, repo core.Repo, ch core.Channel, old core.SealedSecret, renewed core.Secret) error {
	value, err := m.Vault.Open(old.Box, old.Context())
	if err != nil {
		return fmt.Errorf("open secret %s: %w", old.Name, err)
	}
	last, err := repo.Value(ctx, sessionOwner(ch.ID), renewedInto+old.Name)
	if err != nil {
		return fmt.Errorf("what was renewed last: %w", err)
	}
	if !bytes.Equal(last, digest(value)) {
		if err := m.put(ctx, repo, ch, core.GivenName(old.Name), value); err != nil {
			return err
		}
	}
	return repo.SetValue(ctx, sessionOwner(ch.ID), renewedInto+old.Name, digest(renewed))
}

func (m *Manager) put(ctx context.Context, repo core.Repo, ch core.Channel, name string, value core.Secret) error {
	s := core.SealedSecret{Workspace: ch.Workspace, Owner: Owner(ch.ID), Name: name, Hint: hint(value.Reveal()), Set: m.Now()}
	var err error
	if s.Box, err = m.Vault.Seal(value, s.Context()); err != nil {
		return fmt.Errorf("seal secret %s: %w", name, err)
	}
	if err := repo.PutSecret(ctx, s); err != nil {
		return fmt.Errorf("keep secret %s: %w", name, err)
	}
	return nil
}

// digest tells a long random secret from others, and tells nothing of it.
func digest(s core.Secret) []byte {
	sum := sha256.Sum256([]byte("causeway renewed\x00" + s.Reveal()))
	return []byte(hex.EncodeToString(sum[:]))
}

func find(sealed []core.SealedSecret, name string) core.SealedSecret {
	for _, s := range sealed {
		if s.Name == name {
			return s
		}
	}
	return core.SealedSecret{}
}

func hint(value string) string {
	if len(value) < hintFrom {
		return ""
	}
	return value[len(value)-hintLength:]
}
