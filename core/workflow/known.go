package workflow

import (
	"context"
	"fmt"
	"slices"

	"causeway/core"

	"go.yaml.in/yaml/v3"
)

// Known are the names that a workflow can refer to. Nil: those are not checked.
type Known struct {
	Agents, Teams, Channels, Templates, Workflows, Secrets []string
	Runs                                                   map[string][]string // the workflows that each of them runs
}

// With also knows workflows that are about to be read, so that they may refer to each other.
func (k Known) With(nodes ...*yaml.Node) Known {
	runs := map[string][]string{}
	for name, all := range k.Runs {
		runs[name] = all
	}
	k.Runs, k.Workflows = runs, slices.Clone(k.Workflows)
	for _, n := range nodes {
		name := value(n, "name")
		if name == nil {
			continue
		}
		if k.Workflows != nil && !slices.Contains(k.Workflows, name.Value) {
			k.Workflows = append(k.Workflows, name.Value)
		}
		runs[name.Value] = nil
		if steps := value(n, "steps"); steps != nil {
			for _, s := range steps.Content {
				if r := value(s, "run"); r != nil {
					runs[name.Value] = append(runs[name.Value], r.Value)
				}
			}
		}
	}
	return k
}

// learn knows what a stored workflow runs.
func (k *Known) learn(d Definition) {
	k.Workflows = append(k.Workflows, d.Name)
	for _, s := range d.Steps {
		if s.Run != "" {
			k.Runs[d.Name] = append(k.Runs[d.Name], s.Run)
		}
	}
}

// learnWorkflows takes in the workflows of a workspace, and what they run.
func (k *Known) learnWorkflows(ctx context.Context, repo core.Repo) error {
	all, err := repo.Workflows(ctx)
	if err != nil {
		return fmt.Errorf("workflows: %w", err)
	}
	k.Workflows, k.Runs = []string{}, map[string][]string{}
	for _, w := range all {
		d, err := Decode(w.Definition)
		if err != nil {
			return fmt.Errorf("workflow %q: %w", w.Name, err)
		}
		k.learn(d)
	}
	return nil
}

// learnChannels takes in the channels of a workspace, and their templates.
func (k *Known) learnChannels(ctx context.Context, repo core.Repo) error {
	all, err := repo.Channels(ctx)
	if err != nil {
		return fmt.Errorf("channels: %w", err)
	}
	k.Channels, k.Templates = []string{}, []string{}
	for _, ch := range all {
		k.Channels = append(k.Channels, ch.Name)
		templates, err := repo.Templates(ctx, ch.ID)
		if err != nil {
			return fmt.Errorf("templates: %w", err)
		}
		for _, t := range templates {
			if !slices.Contains(k.Templates, t.Name) { // each language is one
				k.Templates = append(k.Templates, t.Name)
			}
		}
	}
	return nil
}

// round finds the way by which the last workflow of a path runs its first again; nil: there is none.
func (k Known) round(path []string) []string {
	for _, next := range k.Runs[path[len(path)-1]] {
		if next == path[0] {
			return append(path, next)
		}
		if slices.Contains(path, next) { // a circle of others, who are told themselves
			continue
		}
		if found := k.round(append(slices.Clone(path), next)); found != nil {
			return found
		}
	}
	return nil
}

// deep counts how many workflows run each other, from one on. There must be no circle.
func (k Known) deep(name string, seen ...string) int {
	most := 0
	for _, next := range k.Runs[name] {
		if !slices.Contains(seen, next) {
			most = max(most, k.deep(next, append(seen, name)...))
		}
	}
	return most + 1
}
