package business

import (
	"context"
	"fmt"
	"time"

	"causeway/core"

	"go.yaml.in/yaml/v3"
)

// Workflow is what is to be done by itself. The file's reader takes it as it stands; whoever knows workflows fills in Definition and Put.
type Workflow struct {
	Name       string
	Node       *yaml.Node
	Definition []byte                                                         // as it is kept
	Put        func(ctx context.Context, repo core.Repo, now time.Time) error // stores it
}

func (r *reader) workflow(n *yaml.Node) {
	w := Workflow{Node: n}
	for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == "name" {
			w.Name = r.name(n.Content[i+1], "name")
		}
	}
	if !r.named(n, "workflow", w.Name) {
		return
	}
	r.unique(n, "workflow", w.Name, func(i int) string { return r.out.Workflows[i].Name }, len(r.out.Workflows))
	r.out.Workflows = append(r.out.Workflows, w)
}

// planWorkflows compares the workflows with the newest versions in the store. Those that the file does not name stay.
func (p *planner) planWorkflows(ctx context.Context) error {
	for _, w := range p.file.Workflows {
		if w.Put == nil {
			continue
		}
		old, err := p.repo.Workflow(ctx, w.Name, 0)
		found, err := absent(err)
		if err != nil {
			return fmt.Errorf("look up workflow %q: %w", w.Name, err)
		}
		var details []string
		if found && string(old.Definition) != string(w.Definition) {
			details = []string{fmt.Sprintf("version %d", old.Version+1)}
		}
		p.add("workflow", w.Name, !found, details, func(ctx context.Context, repo core.Repo, now time.Time) error {
			return w.Put(ctx, repo, now)
		})
	}
	return nil
}
