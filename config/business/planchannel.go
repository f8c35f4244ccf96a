package business

import (
	"cmp"
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"causeway/core"
)

const (
	tokenBytes = 20
	hintFrom   = 12 // the last characters of a shorter secret would tell too much of it
	hintLength = 4
)

func (p *planner) planChannels(ctx context.Context) error {
	for _, c := range p.file.Channels {
		if err := p.planChannel(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

func (p *planner) planChannel(ctx context.Context, c Channel) error {
	old, found, err := p.channelThere(ctx, c)
	if err != nil {
		return err
	}
	if err := p.phoneOwner(ctx, c); err != nil {
		return err
	}
	next := old
	switch {
	case c.Kept && !found:
		p.lacking(c)
		return nil
	case c.Kept:
		c.Account, c.Values = old.Account, keeping(old.Settings, c)
	case !found:
		if next, err = p.anew(ctx, c); err != nil {
			return err
		}
	}
	again := !next.Created.IsZero() && !found
	next.Name, next.Account, next.Settings, next.FreeWindow = c.Name, c.Account, c.Values, c.Window
	p.channels[c.Name] = next.ID
	details := channelChanges(old, next, found)
	if again {
		details = append(details, "again, with the history from before it was removed")
	}
	changed, secrets, err := p.planSecrets(ctx, next.ID, c, found)
	if err != nil {
		return err
	}
	plain := len(details) > 0
	p.add("channel", c.Name, !found, append(details, secrets...), func(ctx context.Context, repo core.Repo, now time.Time) error {
		if !found && !again {
			next.Created = now
		}
		if plain || !found {
			if err := repo.SaveChannel(ctx, next); err != nil {
				return err
			}
		}
		return p.seal(ctx, repo, next.ID, changed, now)
	})
	return nil
}

// anew is a channel that is not there: new, or the one that its account was before it was removed.
func (p *planner) anew(ctx context.Context, c Channel) (core.Channel, error) {
	former, err := core.FormerChannel(ctx, p.repo, c.Kind, c.Account)
	if errors.Is(err, core.ErrNotFound) {
		return core.Channel{ID: core.NewID[core.ChannelID](), Workspace: p.workspace, Kind: c.Kind, State: core.ChannelActive}, nil
	}
	return former, err
}

// lacking says what a channel needs that is not there yet.
func (p *planner) lacking(c Channel) {
	for _, s := range needs(c.info) {
		p.wrong.Add(c.place, s.Key, "Add "+sample(s)+" to its settings."+help(s), "The channel %q needs %s (%s).", c.Name, s.Key, s.Title)
	}
}

// keeping is what a channel has of its bridge's settings, with what the file says beside them.
func keeping(there map[string]string, c Channel) map[string]string {
	all := maps.Clone(c.Values)
	for _, s := range c.info.Settings {
		if value, ok := there[s.Key]; ok {
			all[s.Key] = value
		}
	}
	return all
}

// phoneOwner looks for the agent who is said to have the phone.
func (p *planner) phoneOwner(ctx context.Context, c Channel) error {
	name := core.Channel{Settings: c.Values}.PhoneOwner()
	if name == "" || p.named(name) {
		return nil
	}
	_, err := p.repo.AgentByName(ctx, name)
	found, err := absent(err)
	if err != nil {
		return fmt.Errorf("look up agent %q: %w", name, err)
	}
	if !found {
		var known []string
		for _, a := range p.file.Agents {
			known = append(known, a.Name)
		}
		p.wrong.Add(c.place, "owner", cmp.Or(core.DidYouMean(name, known), "Write the name of an agent."), "There is no agent %q, who is to have the phone of the channel %q.", name, c.Name)
	}
	return nil
}

// channelThere finds a channel by name or, renamed, by its account.
func (p *planner) channelThere(ctx context.Context, c Channel) (old core.Channel, found bool, err error) {
	old, err = p.repo.ChannelByName(ctx, c.Name)
	if found, err = absent(err); err != nil {
		return old, false, fmt.Errorf("look up channel %q: %w", c.Name, err)
	}
	if found && old.Kind != c.Kind {
		p.wrong.Add(c.place, "kind", "Give the new channel another name.", "The channel %q is a %s already, and that cannot change.", c.Name, old.Kind)
		return old, true, nil
	}
	if c.Account == "" {
		return old, found, nil
	}
	same, err := p.store.ChannelByAccount(ctx, c.Kind, c.Account)
	held, err := absent(err)
	switch {
	case err != nil:
		return old, false, fmt.Errorf("look up channel by account: %w", err)
	case !held || found && same.ID == old.ID:
		return old, found, nil
	case same.Workspace != p.workspace:
		p.wrong.Add(c.place, c.info.Account, "Check the value; an account can be in one workspace only.", "The account %s of the channel %q belongs to another workspace.", c.Account, c.Name)
	case found || slices.ContainsFunc(p.file.Channels, func(other Channel) bool { return other.Name == same.Name }):
		p.wrong.Add(c.place, c.info.Account, "An account can be one channel: give one of them another account.", "The account %s of the channel %q is that of %q already.", c.Account, c.Name, same.Name)
	default:
		return same, true, nil
	}
	return old, found, nil
}

func channelChanges(old, next core.Channel, found bool) []string {
	var details []string
	if found {
		details = change("name", old.Name, next.Name)
	} else {
		details = []string{"kind " + next.Kind}
	}
	keys := maps.Clone(old.Settings)
	if keys == nil {
		keys = map[string]string{}
	}
	maps.Copy(keys, next.Settings)
	for _, k := range slices.Sorted(maps.Keys(keys)) {
		details = append(details, change(k, old.Settings[k], next.Settings[k])...)
	}
	return append(details, change("window", windowText(old.FreeWindow), windowText(next.FreeWindow))...)
}

func windowText(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return hours(d)
}

// planSecrets finds out which secrets have to be sealed. A secret that the file no longer gives is sealed as empty; a verify token of our own
// making stays.
func (p *planner) planSecrets(ctx context.Context, id core.ChannelID, c Channel, found bool) (changed map[string]core.Secret, details []string, err error) {
	var there []core.SealedSecret
	if found {
		if there, err = p.repo.Secrets(ctx, owner(id)); err != nil {
			return nil, nil, fmt.Errorf("read secrets of channel %q: %w", c.Name, err)
		}
	}
	changed = map[string]core.Secret{}
	for _, s := range c.info.Settings {
		if !s.Secret || c.Kept {
			continue
		}
		if value, detail := p.secret(s.Key, c, there); detail != "" {
			changed[s.Key] = value
			details = append(details, "secret "+s.Key+": "+detail)
		}
	}
	return changed, details, nil
}

// secret tells what a secret becomes, and how that differs from what is sealed; "" means that it does not.
func (p *planner) secret(key string, c Channel, there []core.SealedSecret) (value core.Secret, detail string) {
	value = c.Secrets[key]
	at := slices.IndexFunc(there, func(s core.SealedSecret) bool { return s.Name == key })
	known, opens := core.Secret{}, true
	if at >= 0 {
		var err error
		known, err = p.vault.Open(there[at].Box, there[at].Context())
		opens = err == nil
	}
	switch {
	case value.Empty() && key == verifyToken && (known.Empty() || !opens):
		return core.NewSecret(core.NewToken(tokenBytes)), "made"
	case value.Empty() && (key == verifyToken || known.Empty() && opens):
		return value, ""
	case !opens:
		return value, "set anew, for the master key does not open the old one"
	case value.Empty():
		return value, "taken out"
	case known.Empty():
		return value, "set"
	case subtle.ConstantTimeCompare([]byte(value.Reveal()), []byte(known.Reveal())) == 1:
		return value, ""
	case p.renewed(key, value, there):
		return value, ""
	}
	return value, "changed"
}

// renewed reports whether what is sealed was renewed by the provider from what the file still gives.
func (p *planner) renewed(key string, value core.Secret, there []core.SealedSecret) bool {
	at := slices.IndexFunc(there, func(s core.SealedSecret) bool { return s.Name == core.GivenName(key) })
	if at < 0 {
		return false
	}
	given, err := p.vault.Open(there[at].Box, there[at].Context())
	return err == nil && subtle.ConstantTimeCompare([]byte(value.Reveal()), []byte(given.Reveal())) == 1
}

func hint(value string) string {
	if len(value) < hintFrom {
		return ""
	}
	return value[len(value)-hintLength:]
}

// seal is part of applying, not of planning: between the two an admin may think for long, and the master key may be rotated.
func (p *planner) seal(ctx context.Context, repo core.Repo, id core.ChannelID, changed map[string]core.Secret, now time.Time) error {
	for _, name := range slices.Sorted(maps.Keys(changed)) {
		s := core.SealedSecret{Workspace: p.workspace, Owner: owner(id), Name: name, Hint: hint(changed[name].Reveal()), Set: now}
		var err error
		if s.Box, err = p.vault.Seal(changed[name], s.Context()); err != nil {
			return fmt.Errorf("seal secret %s: %w", name, err)
		}
		if err := repo.PutSecret(ctx, s); err != nil {
			return fmt.Errorf("keep secret %s: %w", name, err)
		}
	}
	return nil
}

// owner names a channel as the owner of its secrets, as session does.
func owner(id core.ChannelID) string { return "channel/" + string(id) }
