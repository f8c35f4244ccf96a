package business

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"causeway/config/remark"
	"causeway/core"
)

// Plan is what has to be done so that the store is what the file says.
type Plan struct {
	store     core.Store
	workspace core.WorkspaceID
	steps     []step
}

// step is one thing of the file. A step without do changes nothing.
type step struct {
	sign    string // "+", "~", "=", "-"
	thing   string // "channel"
	name    string
	details []string // what changes, without secrets
	do      func(ctx context.Context, repo core.Repo, now time.Time) error
}

// NewPlan compares the file with the store and changes nothing, but that it makes the workspace if it is missing. Its error is a *core.Problem
// where the file is at odds with what is there.
func NewPlan(ctx context.Context, store core.Store, vault core.Vault, f File) (*Plan, error) {
	if f.Workspace == "" {
		f.Workspace = "main"
	}
	ws, err := store.EnsureWorkspace(ctx, f.Workspace)
	if err != nil {
		return nil, fmt.Errorf("find workspace %q: %w", f.Workspace, err)
	}
	p := &planner{Plan: &Plan{store: store, workspace: ws}, repo: store.In(ws), vault: vault, file: f,
		agents: map[string]core.AgentID{}, teams: map[string]core.TeamID{}, channels: map[string]core.ChannelID{}}
	for _, plan := range []func(context.Context) error{p.planAgents, p.planTeams, p.planChannels, p.planForwards, p.planWorkflows, p.planReception, p.planDesk, p.planCare, p.planWebhooks} {
		if err := plan(ctx); err != nil {
			return nil, err
		}
	}
	if err := p.wrong.Err(f.Name); err != nil {
		return nil, err
	}
	return p.Plan, nil
}

// Workspace is the one that the plan is for.
func (p *Plan) Workspace() core.WorkspaceID { return p.workspace }

// Changes counts what Apply will do.
func (p *Plan) Changes() int {
	n := 0
	for _, s := range p.steps {
		if s.do != nil {
			n++
		}
	}
	return n
}

// Lines shows the plan: "+" is new, "~" changes, "-" is taken out, "=" stays. Secrets do not show, changed or not.
func (p *Plan) Lines() []string {
	var lines []string
	counts := map[string]int{}
	for _, s := range p.steps {
		counts[s.sign]++
		lines = append(lines, fmt.Sprintf("%s %-8s %s", s.sign, s.thing, s.name))
		for _, d := range s.details {
			lines = append(lines, "             "+d)
		}
	}
	if p.Changes() == 0 {
		return append(lines, "nothing to change")
	}
	var sum []string
	for _, k := range [...][2]string{{"+", "to add"}, {"~", "to change"}, {"-", "to take out"}, {"=", "to leave"}} {
		if n := counts[k[0]]; n > 0 {
			sum = append(sum, fmt.Sprintf("%d %s", n, k[1]))
		}
	}
	return append(lines, strings.Join(sum, ", "))
}

// Apply does it, all or nothing.
func (p *Plan) Apply(ctx context.Context, now time.Time) error {
	if p.Changes() == 0 {
		return nil
	}
	return p.store.Tx(ctx, func(tx core.Tx) error {
		repo := tx.In(p.workspace)
		people, clocks := false, false
		for _, s := range p.steps {
			if s.do == nil {
				continue
			}
			if err := s.do(ctx, repo, now); err != nil {
				return fmt.Errorf("%s %q: %w", s.thing, s.name, err)
			}
			people = people || s.thing == "agent" || s.thing == "team" || s.thing == "desk"
			clocks = clocks || s.thing == "care" || s.thing == "messages" // which have the hours
		}
		if clocks {
			if err := tx.Enqueue(ctx, core.Job{Kind: core.JobCare, Workspace: p.workspace}); err != nil {
				return err
			}
		}
		if !people {
			return nil
		}
		return handOut(ctx, tx, p.workspace)
	})
}

// handOut has all queues handed out: there may be more room by now, or less.
func handOut(ctx context.Context, tx core.Tx, ws core.WorkspaceID) error {
	teams, err := tx.In(ws).Teams(ctx)
	if err != nil {
		return fmt.Errorf("list teams: %w", err)
	}
	jobs := []core.Job{core.AssignJob(ws, "")}
	for _, t := range teams {
		jobs = append(jobs, core.AssignJob(ws, t.ID))
	}
	return tx.Enqueue(ctx, jobs...)
}

// planner finds out what a Plan is made of.
type planner struct {
	*Plan
	repo     core.Repo
	vault    core.Vault
	file     File
	wrong    remark.List
	agents   map[string]core.AgentID
	teams    map[string]core.TeamID
	channels map[string]core.ChannelID
}

// add notes a step: new where there was nothing, else a change if there are details.
func (p *planner) add(thing, name string, fresh bool, details []string, do func(context.Context, core.Repo, time.Time) error) {
	s := step{sign: "~", thing: thing, name: name, details: details, do: do}
	switch {
	case fresh:
		s.sign = "+"
	case len(details) == 0:
		s.sign, s.do = "=", nil
	}
	p.steps = append(p.steps, s)
}

// absent turns ErrNotFound into found=false.
func absent(err error) (found bool, other error) {
	if errors.Is(err, core.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// change describes the change of a value, or nothing.
func change(what, before, after string) []string {
	switch {
	case before == after:
		return nil
	case before == "":
		return []string{what + " " + after}
	case after == "":
		return []string{what + " " + before + " → none"}
	}
	return []string{what + " " + before + " → " + after}
}

func list[T ~string](all []T) string {
	texts := make([]string, len(all))
	for i, s := range all {
		texts[i] = string(s)
	}
	return strings.Join(texts, ", ")
}

// naming gives names to ids, for people. One that the file does not name is shown as it is.
func naming[T ~string](names map[string]T, ids []T) []string {
	var all []string
	for _, id := range ids {
		name := string(id)
		for n, of := range names {
			if of == id {
				name = n
			}
		}
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}
