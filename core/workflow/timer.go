package workflow

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"causeway/core"
)

// Timer is the worker of core.JobTimer: it lets the time that a run waited for be something that happened in its conversation.
func (e *Engine) Timer(ctx context.Context, w core.Work) error {
	id, turn := w.Timed()
	run, err := e.Store.In(w.Workspace).Run(ctx, id)
	if errors.Is(err, core.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("run of timer: %w", err)
	}
	if run.State != core.RunWaiting || run.Turn != turn {
		return nil
	}
	if left := run.Until.Sub(e.Now()); left > 0 {
		return core.Later{After: left}
	}
	return e.Store.Tx(ctx, func(tx core.Tx) error {
		if _, err := tx.In(w.Workspace).Lock(ctx, run.Conversation); err != nil {
			return fmt.Errorf("lock conversation: %w", err)
		}
		h := core.Happening{ID: core.NewID[string](), Conversation: run.Conversation, Kind: core.HappenedTimer, By: core.Author{Kind: core.AuthorSystem}, Name: w.Key, At: e.Now()}
		if err := core.Happen(ctx, tx, w.Workspace, h); err != nil {
			return err
		}
		return w.Finish(ctx, tx)
	})
}

// scheduleName is what a trigger by schedule is known by, in jobs and happenings. Another version has others.
func scheduleName(workflow string, version, trigger int) string {
	return fmt.Sprintf("%d/%d/%s", version, trigger, workflow)
}

// scheduleKey is the key of the job for a time of a schedule.
func scheduleKey(name string, at time.Time) string {
	return strconv.FormatInt(at.Unix(), 10) + "/" + name
}

// Plan asks for the next time of every schedule in a workspace. Asking again changes nothing.
func (e *Engine) Plan(ctx context.Context, ws core.WorkspaceID) error {
	all, err := e.catalog(ctx, ws)
	if err != nil {
		return err
	}
	var jobs []core.Job
	for _, p := range all {
		for i, c := range p.crons {
			if next := c.Next(e.Now()); !next.IsZero() && !p.Disabled {
				jobs = append(jobs, core.Job{Kind: core.JobSchedule, Workspace: ws, Key: scheduleKey(scheduleName(p.Name, p.version, i), next), At: next})
			}
		}
	}
	if len(jobs) == 0 {
		return nil
	}
	return e.Store.Tx(ctx, func(tx core.Tx) error { return tx.Enqueue(ctx, jobs...) })
}

// Schedule is the worker of core.JobSchedule: the time happens in every open conversation, and the next is asked for.
func (e *Engine) Schedule(ctx context.Context, w core.Work) error {
	stamp, name, _ := strings.Cut(w.Key, "/")
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil {
		return fmt.Errorf("time of schedule: %w: %w", err, core.ErrDead)
	}
	all, err := e.catalog(ctx, w.Workspace)
	if err != nil {
		return err
	}
	due := false
	for _, p := range all {
		for i := range p.crons {
			due = due || !p.Disabled && scheduleName(p.Name, p.version, i) == name
		}
	}
	if !due { // it was changed or removed
		return nil
	}
	if err := e.everywhere(ctx, w, name, time.Unix(seconds, 0)); err != nil {
		return err
	}
	return e.Plan(ctx, w.Workspace)
}

// everywhere lets a schedule happen in each open conversation. After a crash it happens again under the same id, and starts nothing again.
func (e *Engine) everywhere(ctx context.Context, w core.Work, name string, at time.Time) error {
	open, err := e.Store.In(w.Workspace).AllOpen(ctx)
	if err != nil {
		return fmt.Errorf("open conversations: %w", err)
	}
	for _, id := range open {
		if w.Ending() {
			return core.ErrStopping
		}
		if err := e.scheduled(ctx, w.Workspace, id, name, at); err != nil {
			return err
		}
	}
	return nil
}

func (e *Engine) scheduled(ctx context.Context, ws core.WorkspaceID, id core.ConversationID, name string, at time.Time) error {
	sum := sha256.Sum256([]byte(name + "/" + string(id)))
	h := core.Happening{ID: fmt.Sprintf("%012x-%s", at.UnixMilli(), hex.EncodeToString(sum[:12])), Conversation: id, Kind: core.HappenedSchedule,
		By: core.Author{Kind: core.AuthorSystem}, Name: name, At: e.Now()}
	err := e.Store.Tx(ctx, func(tx core.Tx) error {
		if _, err := tx.In(ws).Lock(ctx, id); err != nil {
			return fmt.Errorf("lock conversation: %w", err)
		}
		return core.Happen(ctx, tx, ws, h)
	})
	if errors.Is(err, core.ErrDuplicate) || errors.Is(err, core.ErrNotFound) {
		return nil
	}
	return err
}
