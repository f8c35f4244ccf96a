package session

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"causeway/core"
)

const (
	profileTries = 6   // to ask for a name, with the queue's growing delay between them
	longestName  = 100 // runes
)

// Profile is the worker of JobProfile: it asks the provider for the name of a contact who has none yet. It is a courtesy: after some tries it is left.
func (m *Manager) Profile(ctx context.Context, w core.Work) error {
	ch, contact, id := w.Profiled()
	err := m.name(ctx, w, ch, contact, id)
	switch {
	case err == nil || ctx.Err() != nil:
		return err
	case w.Attempt < profileTries && !hopeless(err):
		return err
	}
	m.Log.InfoContext(ctx, "name of a contact not found out", "channel", ch, "err", err)
	return nil
}

// hopeless reports whether asking again cannot help.
func hopeless(err error) bool {
	var s *core.SendError
	return errors.Is(err, core.ErrNotFound) || core.CodeOf(err) != "" || errors.As(err, &s) && s.Outcome == core.Rejected && s.Effect == core.EffectFail
}

func (m *Manager) name(ctx context.Context, w core.Work, id core.ChannelID, who core.ContactID, by core.IdentityID) error {
	repo := m.Store.In(w.Workspace)
	c, err := core.CurrentContact(ctx, repo, who)
	if err != nil {
		return fmt.Errorf("contact to name: %w", err)
	}
	if c.Name != "" {
		return nil
	}
	ch, _, link, err := m.Link(ctx, id)
	if err != nil {
		return err
	}
	asks, ok := link.(core.ProfileLink)
	if !ok {
		return nil
	}
	known, err := repo.IdentitiesOf(ctx, c.ID)
	if err != nil {
		return fmt.Errorf("identities of contact: %w", err)
	}
	i := slices.IndexFunc(known, func(i core.Identity) bool { return i.ID == by })
	if i < 0 {
		return nil // a merge that was undone gave it back
	}
	peer, err := asks.Profile(ctx, known[i].Key)
	if err != nil {
		return fmt.Errorf("ask for profile: %w", err)
	}
	return m.Store.Tx(ctx, func(tx core.Tx) error { return m.meet(ctx, tx, w.Workspace, c.ID, peer, ch.Kind, ch.ID) })
}

// meet writes down what a provider tells of a contact. A name that somebody gave meanwhile stays.
func (m *Manager) meet(ctx context.Context, tx core.Tx, ws core.WorkspaceID, id core.ContactID, p core.Peer, source string, ch core.ChannelID) error {
	repo := tx.In(ws)
	c, err := core.CurrentContact(ctx, repo, id)
	if err != nil {
		return fmt.Errorf("contact to name: %w", err)
	}
	if !c.Erased.IsZero() {
		return nil
	}
	if name := line(p.Name); c.Name == "" && name != "" {
		c.Name = name
		if err := repo.SetContact(ctx, c); err != nil {
			return fmt.Errorf("name contact: %w", err)
		}
	}
	_, err = core.JoinIdentities(ctx, repo, tx.Enqueue, c.ID, p.Identities, core.Told{Source: source, Channel: ch, Event: "profile", At: m.Now()})
	return err
}

// line makes one line of a name, of a bearable length.
func line(name string) string {
	runes := []rune(strings.Join(strings.Fields(strings.ToValidUTF8(name, "")), " "))
	return strings.TrimSpace(string(runes[:min(len(runes), longestName)]))
}
