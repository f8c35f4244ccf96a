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
	switch {
	case errors.Is(err, core.ErrNotFound):
		return m.gone(ctx, core.MediaID(w.Key))
	case err != nil:
		return fmt.Errorf("file to fetch: %w", err)
	case f.State == core.FileDeleted:
		return m.erase(ctx, w.Workspace, f)
	case f.State != core.FilePending:
		return nil
	}
	_, _, link, err := m.Link(ctx, f.Channel)
	switch {
	case errors.Is(err, core.ErrNotFound): // it was removed
		err = core.ErrMediaGone
	case err != nil && m.mayWait(f):
		m.Log.InfoContext(ctx, "medium waits for its channel", "media", f.ID, "channel", f.Channel, "err", err)
		return core.Later{After: fetchWait}
	case elsewhere(link) && m.mayWait(f):
		return core.Later{After: fetchElsewhere, Elsewhere: true}
	}
	f.Tries++
	if err == nil {
		err = m.bring(ctx, link, &f)
	}
	if ctx.Err() != nil {
		return fmt.Errorf("fetch medium: %w", ctx.Err()) // we are being stopped: that is nobody's failure
	}
	return m.tried(ctx, w, f, err)
}

// mayWait reports whether a medium may wait until a person has mended what it needs.
func (m *Manager) mayWait(f core.File) bool { return m.Now().Sub(f.Created) < fetchUntil }

// tried records what came of a try to fetch a medium, or has it tried again.
func (m *Manager) tried(ctx context.Context, w core.Work, f core.File, err error) error {
	switch {
	case err == nil:
		f.State, f.Error = core.FileHere, ""
	case errors.Is(err, core.ErrUnavailable) && m.mayWait(f): // our own place for files, which nobody but us can be blamed for
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

// gone takes away the bytes of a file whose contact was erased while it was fetched.
func (m *Manager) gone(ctx context.Context, id core.MediaID) error {
	if err := m.Blobs.Delete(ctx, place(id)); err != nil && !errors.Is(err, core.ErrNotFound) {
		return fmt.Errorf("delete file: %w", err)
	}
	return nil
}

func place(id core.MediaID) string { return "media/" + string(id) }

// elsewhere reports whether a link brings files over the connection of a session that another node has.
func elsewhere(link core.Link) bool {
	bound, ok := link.(core.BoundLink)
	return ok && !bound.Here()
}

// fetched records the end of a fetch. What could not be had at one side of a shared number is asked for at the other, if that has it too. The conversation
// is locked, so that a worker that is just ending either sees the file, or is over.
func (m *Manager) fetched(ctx context.Context, w core.Work, f core.File) error {
	again := false
	err := m.Store.Tx(ctx, func(tx core.Tx) (err error) {
		repo := tx.In(w.Workspace)
		if _, err := repo.Lock(ctx, f.Conversation); err != nil {
			return fmt.Errorf("lock conversation: %w", err)
		}
		now, err := repo.File(ctx, f.ID)
		if errors.Is(err, core.ErrNotFound) {
			again = true // there is nothing to keep it for; the next try takes it away
			return nil
		}
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

// bring gets the bytes of a medium into the blob store.
func (m *Manager) bring(ctx context.Context, link core.Link, f *core.File) error {
	source, ok := link.(core.MediaLink)
	if !ok {
		return core.ErrMediaGone
	}
	if f.Media.Size > m.MaxMedia { // as its message says; some links would bring all of it before they know
		return tooLarge(f.Media.Size, m.MaxMedia)
	}
	d, err := source.Fetch(ctx, f.Media)
	if err != nil {
		return err
	}
	defer d.Body.Close()
	if d.Size > m.MaxMedia {
		return tooLarge(d.Size, m.MaxMedia)
	}
	f.Blob = place(f.ID)
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
