package inbound

import (
	"context"
	"fmt"

	"causeway/core"
)

// file names the medium of a message, if it has one at the provider, and returns the row for it.
func (b *batch) file(m *core.Message) *core.File {
	media := m.Content.Media
	if media == nil || (media.Provider == "" && media.URL == "") {
		return nil
	}
	kept := *media // the event's own stays as the provider gave it
	kept.ID, kept.Name = core.NewID[core.MediaID](), core.FileName(kept.Name)
	m.Content.Media, m.Parts[0].Content.Media = &kept, &kept
	return &core.File{ID: kept.ID, Channel: b.ch.ID, Conversation: m.Conversation, Message: m.ID, Media: kept,
		State: core.FilePending, Created: b.now}
}

// keep stores the row of a medium, nil for none, and asks for the medium to be fetched.
func (b *batch) keep(ctx context.Context, f *core.File) error {
	if f == nil {
		return nil
	}
	b.job(core.JobFetch, string(f.ID))
	if err := b.repo.AddFile(ctx, *f); err != nil {
		return fmt.Errorf("add file: %w", err)
	}
	return nil
}

// spare notes where this side has the medium that the other side brought, and has it fetched from here if it could not be had there.
func (b *batch) spare(ctx context.Context, p core.Part, e core.Event) error {
	had, has := p.Content.Media, e.Message.Content.Media
	if had == nil || had.ID == "" || has == nil || has.Provider == "" && has.URL == "" || p.Channel == b.ch.ID {
		return nil
	}
	if _, err := b.lock(ctx, p.Conversation); err != nil { // whoever fetches it gives up under this lock
		return err
	}
	f, err := b.repo.File(ctx, had.ID)
	if absent(err) {
		return nil // it was deleted
	}
	if err != nil || f.State == core.FileHere || f.State == core.FileDeleted || f.Channel == b.ch.ID {
		return err
	}
	kept := *has
	kept.ID = had.ID
	if err := b.repo.SpareFile(ctx, f.ID, b.ch.ID, kept); err != nil {
		return fmt.Errorf("note where else the medium lies: %w", err)
	}
	if f.State != core.FileMissing {
		return nil
	}
	if _, err := b.repo.UseSpare(ctx, f.ID); err != nil {
		return fmt.Errorf("fetch medium from the other side: %w", err)
	}
	b.job(core.JobFetch, string(f.ID))
	return nil
}

// drop gives up the files of a message that was deleted, and asks for their bytes to be deleted.
func (b *batch) drop(ctx context.Context, id core.MessageID) error {
	files, err := b.repo.FilesOf(ctx, id)
	if err != nil {
		return fmt.Errorf("files of deleted message: %w", err)
	}
	for _, f := range files {
		f.State, f.Media, f.Error = core.FileDeleted, core.Media{ID: f.ID}, ""
		if err := b.repo.SetFile(ctx, f); err != nil {
			return fmt.Errorf("give up file: %w", err)
		}
		b.job(core.JobFetch, string(f.ID))
	}
	return nil
}
