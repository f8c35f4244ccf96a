package email

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"causeway/bridges/email/mailbox"
	"causeway/core"
)

const (
	chunk     = 500     // mails whose sizes are asked for at once
	batchMost = 50      // mails stored at once
	batchSize = 4 << 20 // bytes read at once
	lookBack  = 48 * time.Hour
	mostTries = 5  // to read a mail, before it is set aside
	caution   = 20 // mails read one by one after a failure
)

// cursor is how far a folder was read. It is saved after the commit of what comes before it.
type cursor struct {
	Validity uint32    `json:"validity"`
	Last     uint32    `json:"last"`            // the highest UID that is done
	At       time.Time `json:"at"`              // when the newest mail came that is done
	Began    time.Time `json:"began"`           // when the channel first saw the folder
	Trying   uint32    `json:"trying,omitzero"` // a mail that could not be read so far
	Tries    int       `json:"tries,omitzero"`
}

func (w *watch) key() string { return "imap/" + w.folder }

func (w *watch) save(ctx context.Context) error {
	raw, err := json.Marshal(w.at)
	if err == nil {
		err = w.host.Save(ctx, w.key(), raw)
	}
	if err != nil {
		return fmt.Errorf("save cursor: %w", err)
	}
	return nil
}

// begin finds where to go on in a folder.
func (w *watch) begin(ctx context.Context, box *mailbox.Box, f mailbox.Folder) error {
	raw, err := w.host.Load(ctx, w.key())
	if err != nil {
		return fmt.Errorf("read cursor: %w", err)
	}
	w.at = cursor{}
	known := json.Unmarshal(raw, &w.at) == nil && !w.at.Began.IsZero()
	if known && w.at.Validity == f.Validity {
		return nil
	}
	since := w.since(known)
	w.at.Validity, w.at.Trying, w.at.Tries = f.Validity, 0, 0
	if !known {
		w.at.Began = w.host.Now()
	}
	if w.at.Last, err = w.start(ctx, box, f, since); err != nil {
		return err
	}
	return w.save(ctx)
}

// since is the time from which on a folder without a usable cursor is read: zero for all of it, the future for none. A folder whose UIDs changed is read
// again from some time before its last mail; what is known already is then met by its id.
func (w *watch) since(known bool) time.Time {
	now := w.host.Now()
	switch {
	case known && !w.at.At.IsZero():
		return w.at.At.Add(-lookBack)
	case known && (w.conf.all || w.conf.days > 0):
		return w.at.Began.AddDate(0, 0, -w.conf.days)
	case known:
		return w.at.Began
	case w.conf.all:
		return time.Time{}
	case w.conf.days > 0:
		return now.AddDate(0, 0, -w.conf.days)
	}
	return now.AddDate(1, 0, 0)
}

// start returns the UID after which to read.
func (w *watch) start(ctx context.Context, box *mailbox.Box, f mailbox.Folder, since time.Time) (uint32, error) {
	if since.IsZero() {
		return 0, nil
	}
	if since.Before(w.host.Now()) {
		uids, err := box.Since(ctx, since)
		if err != nil {
			return 0, err
		}
		if len(uids) > 0 {
			return uids[0] - 1, nil
		}
	}
	if f.Next > 0 {
		return f.Next - 1, nil
	}
	uids, err := box.After(ctx, 0)
	if err != nil || len(uids) == 0 {
		return 0, err
	}
	return uids[len(uids)-1], nil
}

// catchUp takes in all that came since the cursor.
func (w *watch) catchUp(ctx context.Context, box *mailbox.Box) error {
	uids, err := box.After(ctx, w.at.Last)
	if err != nil {
		return err
	}
	for some := range slices.Chunk(uids, chunk) {
		sizes, err := box.Sizes(ctx, some)
		if err != nil {
			return err
		}
		for len(sizes) > 0 {
			batch := w.next(sizes)
			if err := w.batch(ctx, box, batch); err != nil {
				return err
			}
			sizes = sizes[len(batch):]
		}
		if err := w.done(ctx, some[len(some)-1], time.Time{}); err != nil { // those that are gone are done, too
			return err
		}
	}
	return nil
}

// next takes what to read at once: at least one mail.
func (w *watch) next(mails []mailbox.Mail) []mailbox.Mail {
	if w.careful > 0 {
		return mails[:1]
	}
	total := int64(0)
	for i, m := range mails {
		if total += min(m.Size, sizeLimit); i > 0 && (total > batchSize || i >= batchMost) {
			return mails[:i]
		}
	}
	return mails
}

// batch reads mails, stores them and then moves the cursor.
func (w *watch) batch(ctx context.Context, box *mailbox.Box, mails []mailbox.Mail) error {
	if w.careful > 0 {
		over, err := w.try(ctx, mails[0])
		if err != nil {
			return err
		}
		if over {
			return w.setAside(ctx, mails[0])
		}
	}
	got, err := w.fetch(ctx, box, mails)
	if err != nil {
		w.careful = caution
		return err
	}
	w.careful = max(0, w.careful-1)
	return w.store(ctx, mails, got)
}

// try counts the tries to read a mail. It is over when there were enough.
func (w *watch) try(ctx context.Context, m mailbox.Mail) (over bool, err error) {
	if w.at.Trying != m.UID {
		w.at.Trying, w.at.Tries = m.UID, 0
	}
	w.at.Tries++
	if w.at.Tries > mostTries {
		return true, nil
	}
	return false, w.save(ctx)
}

// setAside gives up on a mail that cannot be had from the server.
func (w *watch) setAside(ctx context.Context, m mailbox.Mail) error {
	at := place{w.folder, w.at.Validity, m.UID}
	e := core.Event{Kind: core.EventMessage, ID: fmt.Sprintf("unread-%s-%d-%d", at.folder, at.validity, at.uid), Account: w.conf.address, At: m.At.UTC(),
		Origin: core.OriginCustomer}
	e = aside(e, fmt.Sprintf("The mail server failed to hand out this mail %d times. It is still in the folder %s.", mostTries, at.folder), at, m)
	if err := w.host.Emit(ctx, e); err != nil {
		return fmt.Errorf("set mail aside: %w", err)
	}
	return w.done(ctx, m.UID, m.At)
}

var errWithheld = errors.New("the server has a mail that it does not hand out")

// fetch reads mails. A mail missing in the answer must be gone from the folder.
func (w *watch) fetch(ctx context.Context, box *mailbox.Box, mails []mailbox.Mail) ([]mailbox.Mail, error) {
	total, uids := int64(0), make([]uint32, 0, len(mails))
	var got []mailbox.Mail
	for _, m := range mails {
		if m.Size > sizeLimit {
			got = append(got, m)
			continue
		}
		total += m.Size
		uids = append(uids, m.UID)
	}
	read, err := box.Read(ctx, uids, sizeLimit+1, total)
	if err != nil {
		return nil, err
	}
	if len(read) < len(uids) {
		var missing []uint32
		for _, u := range uids {
			if !slices.ContainsFunc(read, func(m mailbox.Mail) bool { return m.UID == u }) {
				missing = append(missing, u)
			}
		}
		there, err := box.There(ctx, missing)
		if err != nil {
			return nil, err
		}
		if len(there) > 0 {
			return nil, errWithheld
		}
	}
	got = append(got, read...)
	slices.SortFunc(got, func(a, b mailbox.Mail) int { return int(int64(a.UID) - int64(b.UID)) })
	return got, nil
}

// store emits what the mails are, keeps their threads, and only then moves the cursor.
func (w *watch) store(ctx context.Context, asked, got []mailbox.Mail) error {
	var events []core.Event
	threads := map[string]thread{}
	newest := time.Time{}
	for _, m := range got {
		at := place{w.folder, w.at.Validity, m.UID}
		t := w.take(at, m)
		events = append(events, t.events...)
		if t.thread != nil {
			threads[t.peer] = *t.thread
		}
		if m.At.After(newest) {
			newest = m.At
		}
		w.recent.put(at, m.Raw)
	}
	if len(events) > 0 {
		if err := w.host.Emit(ctx, events...); err != nil {
			return fmt.Errorf("store mails: %w", err)
		}
	}
	for peer, t := range threads {
		if err := w.keepThread(ctx, peer, t); err != nil {
			return fmt.Errorf("keep thread: %w", err)
		}
	}
	return w.done(ctx, asked[len(asked)-1].UID, newest)
}

// done moves the cursor.
func (w *watch) done(ctx context.Context, uid uint32, at time.Time) error {
	if uid <= w.at.Last {
		return nil
	}
	w.at.Last, w.at.Trying, w.at.Tries = uid, 0, 0
	if at.After(w.at.At) {
		w.at.At = at.UTC()
	}
	return w.save(ctx)
}
