package business

import (
	"context"
	"fmt"
	"slices"
	"time"

	"causeway/core"
)

func (p *planner) planAgents(ctx context.Context) error {
	for _, a := range p.file.Agents {
		if err := p.planAgent(ctx, a); err != nil {
			return err
		}
	}
	return nil
}

func (p *planner) planAgent(ctx context.Context, a Agent) error {
	old, found, err := p.agentThere(ctx, a)
	if err != nil {
		return err
	}
	next := old
	if !found {
		next.ID, next.Workspace = core.NewID[core.AgentID](), p.workspace
	}
	next.Name, next.Addresses, next.Language, next.Disabled = a.Name, a.Addresses, a.Language, a.Disabled
	next.Languages, next.Skills, next.Most, next.Hours = a.Languages, a.Skills, a.Most, a.Hours
	p.agents[a.Name] = next.ID
	details := slices.Concat(change("addresses", list(old.Addresses), list(a.Addresses)), change("language", old.Language, a.Language))
	if found {
		details = append(change("name", old.Name, a.Name), details...)
	}
	if old.Disabled != a.Disabled {
		details = append(details, map[bool]string{true: "disabled", false: "no longer disabled"}[a.Disabled])
	}
	duty, err := p.duty(old, next)
	if err != nil {
		return err
	}
	details = append(details, duty...)
	p.add("agent", a.Name, !found, details, func(ctx context.Context, repo core.Repo, now time.Time) error {
		if !found {
			next.Created = now
		}
		return repo.SaveAgent(ctx, next)
	})
	return nil
}

// agentThere finds an agent by name or, renamed, by an address; an address of somebody whom the file does not change is a mistake.
func (p *planner) agentThere(ctx context.Context, a Agent) (old core.Agent, found bool, err error) {
	old, err = p.repo.AgentByName(ctx, a.Name)
	if found, err = absent(err); err != nil {
		return old, false, fmt.Errorf("look up agent %q: %w", a.Name, err)
	}
	for _, address := range a.Addresses {
		holder, err := p.repo.AgentByAddress(ctx, address)
		held, err := absent(err)
		switch {
		case err != nil:
			return old, false, fmt.Errorf("look up agent by address: %w", err)
		case !held || found && holder.ID == old.ID || p.named(holder.Name):
		case found:
			p.wrong.Add(a.place, "addresses", "Name that agent in the file too, with other addresses, or take this one out.",
				"%s is the address of the agent %q already.", address, holder.Name)
		default:
			old, found = holder, true
		}
	}
	return old, found, nil
}

// named reports whether the file has an agent of that name.
func (p *planner) named(name string) bool {
	return slices.ContainsFunc(p.file.Agents, func(a Agent) bool { return a.Name == name })
}

func (p *planner) planTeams(ctx context.Context) error {
	for _, t := range p.file.Teams {
		old, err := p.repo.TeamByName(ctx, t.Name)
		found, err := absent(err)
		if err != nil {
			return fmt.Errorf("look up team %q: %w", t.Name, err)
		}
		next := core.Team{ID: old.ID, Workspace: p.workspace, Name: t.Name, Members: p.ids(t.Members), Strategy: t.Strategy, Hours: t.Hours}
		if !found {
			next.ID = core.NewID[core.TeamID]()
		}
		p.teams[t.Name] = next.ID
		details := change("members", list(naming(p.agents, old.Members)), list(naming(p.agents, next.Members)))
		for what, both := range map[string][2]any{"assign": {old.Strategy, next.Strategy}, "hours": {old.Hours, next.Hours}} {
			more, err := differs(both[0], both[1], what)
			if err != nil {
				return err
			}
			details = append(details, more...)
		}
		slices.Sort(details)
		p.add("team", t.Name, !found, details, func(ctx context.Context, repo core.Repo, _ time.Time) error { return repo.SaveTeam(ctx, next) })
	}
	return nil
}

func (p *planner) ids(names []string) []core.AgentID {
	var all []core.AgentID
	for _, n := range names {
		all = append(all, p.agents[n])
	}
	return all
}

func (p *planner) planForwards(ctx context.Context) error {
	there, err := p.repo.Forwards(ctx)
	if err != nil {
		return fmt.Errorf("list forwards: %w", err)
	}
	for _, f := range p.file.Forwards {
		at := slices.IndexFunc(there, func(t core.Forward) bool { return t.Name == f.Name })
		var old core.Forward
		if at >= 0 {
			old = there[at]
		}
		p.planForward(f, old, at >= 0)
	}
	for _, t := range there {
		if p.file.forwards && !slices.ContainsFunc(p.file.Forwards, func(f Forward) bool { return f.Name == t.Name }) {
			p.steps = append(p.steps, step{sign: "-", thing: "forward", name: t.Name, details: []string{"it is not in the file"},
				do: func(ctx context.Context, repo core.Repo, _ time.Time) error { return repo.DeleteForward(ctx, t.ID) }})
		}
	}
	return nil
}

func (p *planner) planForward(f Forward, old core.Forward, found bool) {
	next := core.Forward{ID: old.ID, Workspace: p.workspace, Name: f.Name, Channel: p.channels[f.Channel], Team: p.teams[f.Team], To: p.ids(f.To), Assigned: f.Assigned}
	if !found {
		next.ID = core.NewID[string]()
	}
	details := slices.Concat(
		change("channel", one(naming(p.channels, []core.ChannelID{old.Channel})), f.Channel),
		change("team", one(naming(p.teams, []core.TeamID{old.Team})), f.Team),
		change("to", list(naming(p.agents, old.To)), list(naming(p.agents, next.To))))
	if old.Assigned != f.Assigned {
		details = append(details, map[bool]string{true: "also to the assigned agent", false: "no longer to the assigned agent"}[f.Assigned])
	}
	p.add("forward", f.Name, !found, details, func(ctx context.Context, repo core.Repo, _ time.Time) error { return repo.SaveForward(ctx, next) })
}

func one(all []string) string { return all[0] }
