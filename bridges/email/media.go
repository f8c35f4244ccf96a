package email

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strconv"
	"sync"

	"causeway/bridges/email/mailbox"
	"causeway/core"
)

// recent keeps the mails that were read last: their files are fetched soon after.
type recent struct {
	mu    sync.Mutex
	mails []kept
	size  int
}

type kept struct {
	at  place
	raw []byte
}

const recentSize = 24 << 20 // bytes kept

func (r *recent) put(at place, raw []byte) {
	if len(raw) > recentSize/2 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.mails = append(r.mails, kept{at, raw})
	for r.size += len(raw); r.size > recentSize || len(r.mails) > 500; r.mails = slices.Delete(r.mails, 0, 1) {
		r.size -= len(r.mails[0].raw)
	}
}

func (r *recent) get(at place) []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, k := range r.mails {
		if k.at == at {
			return k.raw
		}
	}
	return nil
}

func (r *recent) drop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.mails, r.size = nil, 0
}

// Fetch implements core.MediaLink. A mail that was moved is looked for by its id in the folders that are read.
func (l *link) Fetch(ctx context.Context, m core.Media) (core.Download, error) {
	at, id, index, err := dereference(m.Provider)
	if err != nil {
		return core.Download{}, err
	}
	raw := l.recent.get(at)
	if raw == nil {
		if raw, err = l.fetchMail(ctx, at, id); err != nil {
			return core.Download{}, err
		}
	}
	letter, err := l.parse(raw)
	if err != nil || index >= len(letter.Files) {
		return core.Download{}, core.ErrMediaGone
	}
	f := letter.Files[index]
	return core.Download{Body: io.NopCloser(bytes.NewReader(f.Data)), MIME: f.MIME, Name: oneLine(f.Name), Size: int64(len(f.Data))}, nil
}

func dereference(ref string) (at place, id string, index int, err error) {
	v, err := url.ParseQuery(ref)
	if err != nil {
		return at, "", 0, fmt.Errorf("reference to a file of a mail: %w", core.ErrMediaGone)
	}
	validity, e1 := strconv.ParseUint(v.Get("validity"), 10, 32)
	uid, e2 := strconv.ParseUint(v.Get("uid"), 10, 32)
	index, e3 := strconv.Atoi(v.Get("file"))
	if e1 != nil || e2 != nil || e3 != nil || index < 0 || v.Get("folder") == "" {
		return at, "", 0, fmt.Errorf("reference to a file of a mail: %w", core.ErrMediaGone)
	}
	return place{v.Get("folder"), uint32(validity), uint32(uid)}, v.Get("id"), index, nil
}

// fetchMail reads one mail again.
func (l *link) fetchMail(ctx context.Context, at place, id string) ([]byte, error) {
	select {
	case l.fetches <- struct{}{}:
		defer func() { <-l.fetches }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if raw := l.recent.get(at); raw != nil {
		return raw, nil
	}
	box, err := l.open(ctx)
	if err != nil {
		return nil, err
	}
	defer box.Logout(ctx)
	raw, err := readAt(ctx, box, at)
	if err == nil && raw == nil {
		raw, err = l.search(ctx, box, id)
	}
	if err == nil && raw == nil {
		err = core.ErrMediaGone
	}
	if err == nil {
		l.recent.put(at, raw)
	}
	return raw, err
}

// readAt reads the mail at a place, nil if it is not there.
func readAt(ctx context.Context, box *mailbox.Box, at place) ([]byte, error) {
	f, err := box.Examine(ctx, at.folder)
	var no *mailbox.Refusal
	if errors.As(err, &no) {
		return nil, nil
	}
	if err != nil || f.Validity != at.validity {
		return nil, err
	}
	return readOne(ctx, box, at.uid)
}

func readOne(ctx context.Context, box *mailbox.Box, uid uint32) ([]byte, error) {
	mails, err := box.Read(ctx, []uint32{uid}, sizeLimit+1, sizeLimit)
	if err != nil || len(mails) == 0 {
		return nil, err
	}
	return mails[0].Raw, nil
}

// search looks for a mail by its id in all folders that are read.
func (l *link) search(ctx context.Context, box *mailbox.Box, id string) ([]byte, error) {
	if plainID(id) == "" {
		return nil, nil
	}
	for _, folder := range l.conf.folders {
		if _, err := box.Examine(ctx, folder); err != nil {
			return nil, err
		}
		uids, err := box.Named(ctx, id)
		if err != nil {
			return nil, err
		}
		if len(uids) > 0 {
			return readOne(ctx, box, uids[0])
		}
	}
	return nil, nil
}
