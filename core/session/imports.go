package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"causeway/core"
)

// importSlow is how long to wait at least after the provider asked us to come later.
const importSlow = 5 * time.Minute

// AskImports adds a job for each channel whose provider may have something to hand over, unless one waits. It is called from time to time, as nobody
// tells when an account begins to have some.
func (m *Manager) AskImports(ctx context.Context) {
	all, err := m.Store.AllChannels(ctx)
	for _, ch := range all {
		err = errors.Join(err, m.askImport(ctx, ch, core.Job{Kind: core.JobImport, Workspace: ch.Workspace, Key: string(ch.ID)}))
	}
	if err != nil {
		m.Log.WarnContext(ctx, "imports not asked for", "err", err)
	}
}

// AskImport adds a job for one channel that starts at once: something was set right.
func (m *Manager) AskImport(ctx context.Context, ch core.Channel) error {
	return m.askImport(ctx, ch, core.ImportJob(ch.Workspace, ch.ID))
}

func (m *Manager) askImport(ctx context.Context, ch core.Channel, job core.Job) error {
	_, _, link, err := m.Link(ctx, ch.ID)
	if _, ok := link.(core.ImportLink); !ok || err != nil {
		return nil //nolint:nilerr // a channel that cannot be opened tells so elsewhere
	}
	return m.Store.Tx(ctx, func(tx core.Tx) error { return tx.Enqueue(ctx, job) })
}

// Imports is the worker of JobImport: it asks a channel's provider for what it hands over once, as soon as what it brings can come in. Each thing is
// asked for once, also if the program dies meanwhile: a question whose answer nobody heard is not put again.
func (m *Manager) Imports(ctx context.Context, w core.Work) error {
	ch, _, link, err := m.Link(ctx, w.Imported())
	source, ok := link.(core.ImportLink)
	if err != nil || !ok {
		return nil //nolint:nilerr // it is looked at again in time
	}
	if err := m.abandoned(ctx, ch); err != nil {
		return err
	}
	there, err := source.Imports(ctx)
	var p *core.Problem
	switch {
	case errors.As(err, &p):
		m.Log.InfoContext(ctx, "imports wait", "channel", ch.ID, "err", err)
		return nil // it is looked again in time
	case err != nil:
		return fmt.Errorf("what may be imported: %w", err)
	}
	for _, what := range there {
		if err := m.importOne(ctx, ch, source, what); err != nil {
			return err
		}
	}
	return nil
}

// abandoned notes of questions that were on their way when a process died that nobody knows what became of them. This job is the only one that asks.
func (m *Manager) abandoned(ctx context.Context, ch core.Channel) error {
	for _, what := range core.ImportKinds() {
		err := m.change(ctx, ch, what, func(i core.Import) core.Import {
			if i.State == core.ImportAsking {
				return i.Advance(unheard(what), m.Now())
			}
			return i
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// unheard is an import that was asked for without an answer.
func unheard(what core.ImportKind) core.Import {
	return core.Import{What: what, State: core.ImportUnknown, Reason: "Nobody heard the provider's answer, and asking twice would spoil it.",
		Remedy: "Wait some hours. If nothing comes, disconnect the number in the app and connect it again."}
}

// importOne asks for one import if nobody has.
func (m *Manager) importOne(ctx context.Context, ch core.Channel, source core.ImportLink, what core.ImportKind) error {
	ours, err := m.claimImport(ctx, ch, what)
	if err != nil || !ours {
		return err
	}
	got, err := source.Import(ctx, what)
	// The answer is kept even if we are being stopped just now: the question cannot be put again.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if e := core.AsSendError(err); err != nil && e.Outcome == core.Rejected {
		return m.importLater(ctx, ch, what, e)
	} else if err != nil {
		got = unheard(what)
	}
	m.Log.InfoContext(ctx, "import asked for", "channel", ch.ID, "what", what, "state", got.State, "request", got.Request)
	return m.change(ctx, ch, what, func(i core.Import) core.Import { return i.Advance(got, m.Now()) })
}

// claimImport takes the right to ask.
func (m *Manager) claimImport(ctx context.Context, ch core.Channel, what core.ImportKind) (ours bool, err error) {
	err = m.Store.Tx(ctx, func(tx core.Tx) error {
		repo := tx.In(ch.Workspace)
		if err := core.TurnOfImport(ctx, repo, ch.ID, what); err != nil {
			return err
		}
		i, err := core.ReadImport(ctx, repo, ch.ID, what)
		if ours = err == nil && i.State == core.ImportWanted; !ours {
			return err
		}
		i.State, i.Asked, i.Changed, i.Reason, i.Remedy = core.ImportAsking, m.Now(), m.Now(), "", ""
		return core.KeepImport(ctx, repo, ch.ID, i)
	})
	return ours, err
}

// importLater gives the right to ask back: the provider did not take the question.
func (m *Manager) importLater(ctx context.Context, ch core.Channel, what core.ImportKind, e *core.SendError) error {
	err := m.change(ctx, ch, what, func(i core.Import) core.Import {
		if i.State == core.ImportAsking || i.State == core.ImportUnknown {
			i.State, i.Reason, i.Remedy, i.Changed = core.ImportWanted, e.Reason, e.Remedy, m.Now()
		}
		return i
	})
	if err != nil {
		return err
	}
	return core.Later{After: max(importSlow, e.Retry)}
}

// change keeps what f makes of an import.
func (m *Manager) change(ctx context.Context, ch core.Channel, what core.ImportKind, f func(core.Import) core.Import) error {
	return m.Store.Tx(ctx, func(tx core.Tx) error {
		repo := tx.In(ch.Workspace)
		if err := core.TurnOfImport(ctx, repo, ch.ID, what); err != nil {
			return err
		}
		before, err := core.ReadImport(ctx, repo, ch.ID, what)
		if err != nil {
			return err
		}
		if after := f(before); after != before {
			return core.KeepImport(ctx, repo, ch.ID, after)
		}
		return nil
	})
}
