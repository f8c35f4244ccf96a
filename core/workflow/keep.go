package workflow

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"causeway/core"
)

// revisionValue changes with every change of a workspace's workflows. It also says that the workspace has automation.
const revisionValue = "workflows"

// SecretOwner owns the secrets that http steps name.
const SecretOwner = "workflow"

// Encode writes a definition as it is kept.
func Encode(d Definition) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(d)
	return bytes.TrimSpace(b.Bytes()), err
}

// Put stores a workflow in the caller's transaction, as a new version unless it is the same as the newest. It returns the version.
func Put(ctx context.Context, repo core.Repo, d Definition, by core.Author, now time.Time) (version int, changed bool, err error) {
	raw, err := Encode(d)
	if err != nil {
		return 0, false, fmt.Errorf("write workflow: %w", err)
	}
	old, err := repo.Workflow(ctx, d.Name, 0)
	if err == nil && bytes.Equal(old.Definition, raw) {
		return old.Version, false, nil
	}
	if err != nil && !errors.Is(err, core.ErrNotFound) {
		return 0, false, fmt.Errorf("workflow %q: %w", d.Name, err)
	}
	version, err = repo.PutWorkflow(ctx, core.Workflow{Name: d.Name, Definition: raw, By: by, Created: now})
	if errors.Is(err, core.ErrDuplicate) {
		return 0, false, core.Problemf(core.CodeConflict, "Somebody else has changed the workflow %q just now.", d.Name).Remedied("Look at what they did, then try again.")
	}
	if err != nil {
		return 0, false, fmt.Errorf("store workflow %q: %w", d.Name, err)
	}
	return version, true, revise(ctx, repo)
}

// Remove takes a workflow out, in the caller's transaction. Its runs finish.
func Remove(ctx context.Context, repo core.Repo, name string) error {
	if _, err := repo.Workflow(ctx, name, 0); err != nil {
		return err
	}
	if err := repo.RemoveWorkflow(ctx, name); err != nil {
		return fmt.Errorf("remove workflow %q: %w", name, err)
	}
	return revise(ctx, repo)
}

func revise(ctx context.Context, repo core.Repo) error {
	if err := repo.SetValue(ctx, core.AutomationOwner, revisionValue, []byte(core.NewID[string]())); err != nil {
		return fmt.Errorf("note that workflows changed: %w", err)
	}
	return nil
}

// Names gathers what workflows of a workspace can refer to.
func Names(ctx context.Context, repo core.Repo) (k Known, err error) {
	if k.Agents, err = namesOf(ctx, repo.Agents, func(a core.Agent) string { return a.Name }); err != nil {
		return k, fmt.Errorf("agents: %w", err)
	}
	if k.Teams, err = namesOf(ctx, repo.Teams, func(t core.Team) string { return t.Name }); err != nil {
		return k, fmt.Errorf("teams: %w", err)
	}
	secrets := func(ctx context.Context) ([]core.SealedSecret, error) { return repo.Secrets(ctx, SecretOwner) }
	if k.Secrets, err = namesOf(ctx, secrets, func(s core.SealedSecret) string { return s.Name }); err != nil {
		return k, fmt.Errorf("secrets of workflows: %w", err)
	}
	if err := k.learnWorkflows(ctx, repo); err != nil {
		return k, err
	}
	return k, k.learnChannels(ctx, repo)
}

// namesOf are the names of what a list has. They are never nil, which would stand for not being known.
func namesOf[T any](ctx context.Context, list func(context.Context) ([]T, error), name func(T) string) ([]string, error) {
	all, err := list(ctx)
	names := make([]string, len(all))
	for i, x := range all {
		names[i] = name(x)
	}
	return names, err
}

// Hold ends every run that is under way, and forgets what automation has not followed yet, for a store that comes from a backup: what they were to do
// may have been done since.
func (e *Engine) Hold(ctx context.Context, ws core.WorkspaceID) (held int, err error) {
	if err := e.Store.In(ws).DropHappenings(ctx); err != nil {
		return 0, fmt.Errorf("forget what happened: %w", err)
	}
	for _, state := range []core.RunState{core.RunGoing, core.RunWaiting} {
		for {
			runs, err := e.Store.In(ws).Runs(ctx, core.RunFilter{State: state}, core.Page{Limit: 100})
			if err != nil || len(runs) == 0 {
				if err != nil {
					return held, fmt.Errorf("runs to hold: %w", err)
				}
				break
			}
			for _, r := range runs {
				was := r.Turn
				r.State, r.Turn, r.Until, r.Reason, r.Changed = core.RunEnded, r.Turn+1, time.Time{}, "A backup was restored.", e.Now()
				if _, err := e.Store.In(ws).SetRun(ctx, r, was); err != nil {
					return held, fmt.Errorf("hold run: %w", err)
				}
				held++
			}
		}
	}
	return held, nil
}
