package mailroom

import (
	"context"
	"slices"
	"strings"
)

// Mailbox is what one address got and sent.
type Mailbox struct {
	room    *Room
	address string
	name    string
	mails   []*Mail
}

// Address is whose mailbox it is.
func (b *Mailbox) Address() string { return b.address }

// Name is the owner's name, as answers carry it.
func (b *Mailbox) Name() string {
	b.room.mu.Lock()
	defer b.room.mu.Unlock()
	if b.name != "" {
		return b.name
	}
	local, _, _ := strings.Cut(b.address, "@")
	return strings.ToUpper(local[:min(1, len(local))]) + local[min(1, len(local)):]
}

// SetName sets the owner's name.
func (b *Mailbox) SetName(name string) {
	b.room.mu.Lock()
	defer b.room.mu.Unlock()
	b.name = name
}

// Mails lists everything in the order of arrival, with the owner's answers in between.
func (b *Mailbox) Mails() []Mail {
	b.room.mu.Lock()
	defer b.room.mu.Unlock()
	out := make([]Mail, len(b.mails))
	for i, m := range b.mails {
		out[i] = *m
	}
	return out
}

// Received is Mails without the owner's own.
func (b *Mailbox) Received() []Mail {
	return slices.DeleteFunc(b.Mails(), func(m Mail) bool { return m.Outgoing })
}

// Mail finds one by its number.
func (b *Mailbox) Mail(id int) (Mail, bool) {
	for _, m := range b.Mails() {
		if m.ID == id {
			return m, true
		}
	}
	return Mail{}, false
}

// Await waits for a received mail that match accepts, past or future; nil accepts any.
func (b *Mailbox) Await(ctx context.Context, match func(Mail) bool) (Mail, error) {
	var found Mail
	err := b.room.await(ctx, func() bool {
		for _, m := range b.Received() {
			if match == nil || match(m) {
				found = m
				return true
			}
		}
		return false
	})
	return found, err
}

// AwaitCount waits until n mails have come in.
func (b *Mailbox) AwaitCount(ctx context.Context, n int) ([]Mail, error) {
	var got []Mail
	err := b.room.await(ctx, func() bool { got = b.Received(); return len(got) >= n })
	return got, err
}

// MarkSeen marks a mail as read by its owner.
func (b *Mailbox) MarkSeen(id int) {
	b.room.mu.Lock()
	defer b.room.mu.Unlock()
	for _, m := range b.mails {
		if m.ID == id && !m.Seen {
			m.Seen = true
			b.room.touch()
		}
	}
}

// Thread is a row of mails that answer each other.
type Thread struct {
	Root    string
	Subject string // of the first mail
	Mails   []Mail // oldest first
}

// Threads groups mails by their references, as mail programs do, the one with the latest mail first.
func (b *Mailbox) Threads() []Thread {
	mails := b.Mails()
	home := map[string]string{} // message id or reference → root
	var out []Thread
	for _, m := range mails {
		root := ""
		for _, id := range slices.Concat(m.References, m.InReplyTo, []string{m.MessageID}) {
			if r := home[id]; r != "" && root == "" {
				root = r
			}
		}
		if root == "" {
			root = m.Root()
		}
		for _, id := range slices.Concat(m.References, m.InReplyTo, []string{m.MessageID, root}) {
			if home[id] == "" {
				home[id] = root
			}
		}
		i := slices.IndexFunc(out, func(t Thread) bool { return t.Root == root })
		if i < 0 {
			out, i = append(out, Thread{Root: root, Subject: m.Subject}), len(out)
		}
		out[i].Mails = append(out[i].Mails, m)
	}
	slices.SortStableFunc(out, func(x, y Thread) int { return last(y).ID - last(x).ID })
	return out
}

func last(t Thread) Mail { return t.Mails[len(t.Mails)-1] }

// put stores a mail.
func (r *Room) put(address string, m Mail) Mail {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.serial++
	m.ID, m.At = r.serial, r.opts.Now()
	b := r.mailbox(address)
	b.mails = append(b.mails, &m)
	r.touch()
	return m
}
