package session

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"causeway/core"
)

const (
	// fetchTries is how often a medium is asked for before it is called missing: some forty minutes. A file shown as missing can be asked for again
	// by hand.
	fetchTries = 12
	// fetchWait is how long a medium waits for a channel, or for our own place for files, that a person must mend first, and fetchUntil for how long in all.
	fetchWait  = time.Minute
	fetchUntil = 7 * 24 * time.Hour
	// fetchElsewhere is how soon a medium is looked at again that only the node with the channel's session can bring.
	fetchElsewhere = 2 * time.Second
)

// Fetch is the worker of JobFetch: it brings a medium from its provider into the blob store, then has its conversation's mails go on. The bytes of one
// that was deleted it takes out of there.
func (m *Manager) Fetch(ctx context.Context, w core.Work) error {
	f, err := m.Store.In(w.Workspace).File(ctx, core.MediaID(w.Key))
	if err != nil {
		return fmt.Errorf("file to fetch: %w", err)
	}
	if f.State == core.FileDeleted {
		return m.erase(ctx, w.Workspace, f)
	}
	if f.State != core.FilePending {
		return nil
	}
	_, _, link, err := m.Link(ctx, f.Channel)
	if err != nil && m.Now().Sub(f.Created) < fetchUntil {
		m.Log.InfoContext(ctx, "medium waits for its channel", "media", f.ID, "channel", f.Channel, "err", err)
		return core.Later{After: fetchWait}
	}
	if elsewhere(link) && m.Now().Sub(f.Created) < fetchUntil {
		return core.Later{After: fetchElsewhere, Elsewhere: true}
	}
	f.Tries++
	if err == nil {
		err = m.bring(ctx, link, &f)
	}
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("fetch medium: %w", ctx.Err()) // we are being stopped: that is nobody's failure
	case err == nil:
		f.State, f.Error = core.FileHere, ""
	case errors.Is(err, core.ErrUnavailable) && m.Now().Sub(f.Created) < fetchUntil: // our own place for files, which nobody but us can be blamed for
		m.Log.WarnContext(ctx, "medium waits until it can be kept", "media", f.ID, "channel", f.Channel, "err", err)
		return core.Later{After: fetchWait}
	case errors.Is(err, core.ErrMediaGone), core.CodeOf(err) == core.CodeTooLarge, f.Tries >= fetchTries:
		f.State, f.Error = core.FileMissing, err.Error()
		m.Log.WarnContext(ctx, "medium given up", "media", f.ID, "channel", f.Channel, "err", err)
	default:
		f.Error = err.Error()
		if err := m.Store.In(w.Workspace).SetFile(ctx, f); err != nil {
			return fmt.Errorf("record try: %w", err)
		}
		return core.Later{After: min(10*time.Minute, time.Second<<f.Tries)}
	}
	return m.fetched(ctx, w, f)
}

// erase deletes the bytes of a file that was deleted.
func (m *Manager) erase(ctx context.Context, ws core.WorkspaceID, f core.File) error {
	if f.Blob == "" {
		return nil
	}
	if err := m.Blobs.Delete(ctx, f.Blob); err != nil && !errors.Is(err, core.ErrNotFound) {
		return fmt.Errorf("delete file: %w", err)
	}
	f.Blob = ""
	return m.Store.Tx(ctx, func(tx core.Tx) error { return tx.In(ws).SetFile(ctx, f) })
}

// elsewhere reports whether a link brings files over the connection of a session that another node has.
func elsewhere(link core.Link) bool {
	bound, ok := link.(core.BoundLink)
	return ok && !bound.Here()
}

// fetched records the end of a fetch. What could not be had at one side of a shared number is asked for at the other, if that has it too. The conversation is locked, so that a worker that is just ending either sees the file, or is over.
func (m *Manager) fetched(ctx context.Context, w core.Work, f core.File) error {
	again := false
	err := m.Store.Tx(ctx, func(tx core.Tx) (err error) {
		repo := tx.In(w.Workspace)
		if _, err := repo.Lock(ctx, f.Conversation); err != nil {
			return fmt.Errorf("lock conversation: %w", err)
		}
		now, err := repo.File(ctx, f.ID)
		if err != nil {
			return fmt.Errorf("file that was fetched: %w", err)
		}
		if now.State == core.FileDeleted { // meanwhile; the next try takes the bytes away again
			now.Blob, again = f.Blob, true
			return repo.SetFile(ctx, now)
		}
		if f.State == core.FileMissing {
			if again, err = repo.UseSpare(ctx, f.ID); err != nil || again {
				return err
			}
		}
		if err := repo.SetFile(ctx, f); err != nil {
			return fmt.Errorf("record file: %w", err)
		}
		if err := tx.Enqueue(ctx, core.Job{Kind: core.JobNotify, Workspace: w.Workspace, Key: string(f.Conversation)}); err != nil {
			return err
		}
		return w.Finish(ctx, tx)
	})
	if err == nil && again {
		return core.Later{After: fetchElsewhere}
	}
	return err
}

func (m *Manager) bring(ctx context.Context, link core.Link, f *core.File) error {
	source, ok := link.(core.MediaLink)
	if !ok {
		return core.ErrMediaGone
	}
	d, err := source.Fetch(ctx, f.Media)
	if err != nil {
		return err
	}
	defer d.Body.Close()
	if d.Size > m.MaxMedia {
		return tooLarge(d.Size, m.MaxMedia)
	}
	f.Blob = "media/" + string(f.ID)
	n, err := m.Blobs.Put(ctx, f.Blob, io.LimitReader(d.Body, m.MaxMedia+1))
	if err != nil {
		return fmt.Errorf("keep medium: %w", err)
	}
	if n > m.MaxMedia {
		_ = m.Blobs.Delete(ctx, f.Blob)
		return tooLarge(n, m.MaxMedia)
	}
	f.Media.Size = n
	if d.MIME != "" {
		f.Media.MIME = d.MIME
	}
	if f.Media.Name == "" {
		f.Media.Name = core.FileName(d.Name)
	}
	return nil
}

func tooLarge(n, limit int64) error {
	return core.Problemf(core.CodeTooLarge, "The file has %s, over the limit of %s.", core.Bytes(n), core.Bytes(limit))
}

// Templates is the worker of JobTemplates.
func (m *Manager) Templates(ctx context.Context, w core.Work) error {
	_, err := m.SyncTemplates(ctx, w.Workspace, core.ChannelID(w.Key))
	if core.CodeOf(err) == core.CodeUnsupported {
		return fmt.Errorf("%w: %w", core.ErrDead, err)
	}
	return err
}

// SyncTemplates makes our copy of a channel's templates what the provider has, and returns them.
func (m *Manager) SyncTemplates(ctx context.Context, ws core.WorkspaceID, id core.ChannelID) ([]core.Template, error) {
	if _, err := m.Store.In(ws).Channel(ctx, id); err != nil {
		return nil, err
	}
	_, info, link, err := m.Link(ctx, id)
	if err != nil {
		return nil, err
	}
	source, ok := link.(core.TemplateLink)
	if !ok {
		return nil, core.Problemf(core.CodeUnsupported, "%s has no templates.", info.Title)
	}
	all, err := source.Templates(ctx)
	if err != nil {
		return nil, fmt.Errorf("ask for templates: %w", err)
	}
	for i := range all {
		all[i].Channel, all[i].Synced = id, m.Now()
	}
	return all, m.Store.In(ws).PutTemplates(ctx, id, all)
}

// Alarm is the worker of JobAlert.
func (m *Manager) Alarm(ctx context.Context, w core.Work) error {
	ch, err := m.Store.In(w.Workspace).Channel(ctx, core.ChannelID(w.Key))
	if err != nil {
		return fmt.Errorf("channel of alert: %w", err)
	}
	if ch.Health.Level == core.HealthBad {
		m.Log.WarnContext(ctx, "channel needs a person", "channel", ch.ID, "state", ch.State, "reason", ch.Health.Reason, "remedy", ch.Health.Remedy)
	}
	if m.Alert == nil {
		return nil
	}
	return m.Alert(ctx, ch)
}

// Check tells how a channel is by what was last heard of it, and runs its own doctor.
func (m *Manager) Check(ctx context.Context, ws core.WorkspaceID, id core.ChannelID) ([]core.Finding, error) {
	ch, err := m.Store.In(ws).Channel(ctx, id)
	if err != nil {
		return nil, err
	}
	found, err := m.Examine(ctx, ch)
	if err != nil {
		return nil, err
	}
	return append(standing(ch), found...), nil
}

// standing is what its session, which may run in another process, or its provider said of a channel last.
func standing(ch core.Channel) []core.Finding {
	h := ch.Health
	if h.Level == core.HealthUnknown || h.Reason == "" {
		return nil
	}
	f := core.Finding{Subject: "state", Level: h.Level, Detail: h.Reason, Remedy: h.Remedy}
	if ch.State == core.ChannelParked {
		f.Detail = "Sending has stopped, and messages wait: " + h.Reason
	}
	return []core.Finding{f}
}

// Examine runs a channel's own doctor.
func (m *Manager) Examine(ctx context.Context, ch core.Channel) ([]core.Finding, error) {
	imports, err := core.Imports(ctx, m.Store.In(ch.Workspace), ch.ID)
	if err != nil {
		return nil, err
	}
	_, _, link, err := m.Link(ctx, ch.ID)
	if err != nil {
		return nil, err
	}
	found := link.Check(ctx)
	for i := range found {
		found[i].Remedy = ch.Named(found[i].Remedy)
	}
	for _, i := range imports {
		found = append(found, i.Finding(m.Now()))
	}
	return found, nil
}
