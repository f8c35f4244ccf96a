package inbound

import (
	"context"
	"fmt"

	"causeway/core"
)

// template applies news of a template. Then all of them are asked for: news come in any order and do not spell out everything, and admins are told of what has
// changed. That of a template's quality alone changes nothing that counts.
func (b *batch) template(ctx context.Context, e core.Event) error {
	t := *e.Template
	err := b.repo.ChangeTemplate(ctx, b.ch.ID, t)
	if err != nil && !absent(err) {
		return fmt.Errorf("change template: %w", err)
	}
	if err != nil || t.Status != "" || t.Category != "" || t.Quality == "" {
		b.job(core.JobTemplates, string(b.ch.ID))
	}
	return nil
}

// account applies news of the channel itself.
func (b *batch) account(ctx context.Context, e core.Event) error {
	if e.Change.Ask {
		b.jobs = append(b.jobs, core.AskJob(b.ch.Workspace, b.ch.ID, core.Doubt{News: e, Since: b.now}))
		return b.logEvent(ctx, e, e.Change.Name+": "+e.Change.Detail+" It is not said of which of several numbers, so the provider is asked whether it is this one.")
	}
	for _, f := range []func(context.Context, core.Event) error{b.reportHealth, b.advanceImport, b.forgetImports} {
		if err := f(ctx, e); err != nil {
			return err
		}
	}
	if number := core.PhoneDigits(e.Change.Number); number != "" && (number != b.ch.Number || e.Change.Phone != b.ch.Phone) {
		if _, err := b.repo.SetNumber(ctx, b.ch.ID, number, e.Change.Phone); err != nil {
			return fmt.Errorf("record channel's number: %w", err)
		}
	}
	return b.logEvent(ctx, e, e.Change.Name+": "+e.Change.Detail)
}

// advanceImport notes how far an import has come.
func (b *batch) advanceImport(ctx context.Context, e core.Event) error {
	news := e.Change.Import
	if news == nil {
		return nil
	}
	if err := core.TurnOfImport(ctx, b.repo, b.ch.ID, news.What); err != nil {
		return err
	}
	i, err := core.ReadImport(ctx, b.repo, b.ch.ID, news.What)
	if err != nil || e.At.Before(i.Over) {
		return err
	}
	if news.What == core.ImportContacts && i.State == core.ImportWanted {
		return nil // later changes of the address book come also to who never asked for all of it
	}
	i = i.Advance(*news, b.now)
	i.Heard = core.Latest(i.Heard, e.At)
	return core.KeepImport(ctx, b.repo, b.ch.ID, i)
}

// forgetImports forgets the imports of an account that was taken from us: if it is given back, they can be asked for anew.
func (b *batch) forgetImports(ctx context.Context, e core.Event) error {
	if !e.Change.Over {
		return nil
	}
	for _, what := range core.ImportKinds() {
		if err := core.TurnOfImport(ctx, b.repo, b.ch.ID, what); err != nil {
			return err
		}
		i, err := core.ReadImport(ctx, b.repo, b.ch.ID, what)
		if err != nil {
			return err
		}
		if i.Over = core.Latest(i.Over, e.At); i.State != core.ImportWanted && i.Over.After(i.Heard) && i.Over.After(i.Asked) {
			i = i.Anew(b.now)
		}
		if err := core.KeepImport(ctx, b.repo, b.ch.ID, i); err != nil {
			return err
		}
	}
	return nil
}
