package gormstore

import (
	"context"
	"slices"

	"causeway/core"
)

const theirWindow = "FROM reply_windows w WHERE w.workspace = i.workspace AND w.identity = i.id AND w.channel = k.k1"

var (
	channelAndContact = "SELECT " + channelTable.of("c") + ", " + contactTable.of("p") +
		" FROM {keys} {with channels AS c: c.workspace = k.k0 AND c.id = k.k1} {with contacts AS p: p.workspace = k.k0 AND p.id = k.k2}"
	identitiesOf = "SELECT " + identityTable.of("i") + ", (SELECT w.last " + theirWindow + "), (SELECT w.closed " + theirWindow + ")" +
		" FROM {keys} {with identities AS i: i.workspace = k.k0 AND i.contact = k.k2} ORDER BY i.id"
	wishesOf = "SELECT " + wishTable.of("x") + " FROM {keys} {with identities AS i: i.workspace = k.k0 AND i.contact = k.k2} {with wishes AS x: x.workspace = i.workspace AND x.identity = i.id AND x.channel = k.k1} ORDER BY x.identity, x.marketing"
)

// Reach returns what is known of a contact and a channel. ErrNotFound: the workspace has not both.
func (r repo) Reach(ctx context.Context, ch core.ChannelID, contact core.ContactID) (s core.Reach, err error) {
	keys := [][]any{{r.ws, string(ch), string(contact)}}
	err = r.look(ctx,
		r.s.find(channelAndContact, "ttt", keys, func(scan func(...any) error) error {
			var c channelRow
			var p contactRow
			err := scan(slices.Concat(c.fields(), p.fields())...)
			s.Channel, s.Contact = c.core(), p.core()
			return err
		}),
		r.s.find(identitiesOf, "ttt", keys, func(scan func(...any) error) error { return identityAndWindow(scan, &s) }),
		r.s.find(wishesOf, "ttt", keys, func(scan func(...any) error) error {
			return another(scan, &wishRow{Contact: string(contact)}, &s.Wishes)
		}))
	if err == nil && s.Channel.ID == "" {
		err = core.ErrNotFound
	}
	return s, err
}

// identityAndWindow reads an identity of several. The newest act over all of them opened or closed the window.
func identityAndWindow(scan func(...any) error, into *core.Reach) error {
	var i identityRow
	var last, closed stamp
	if err := scan(append(i.fields(), &last, &closed)...); err != nil {
		return err
	}
	into.Identities = append(into.Identities, i.core())
	into.Window.Last, into.Window.Closed = core.Latest(into.Window.Last, last.time()), core.Latest(into.Window.Closed, closed.time())
	return nil
}

// scanned is a row that a bulk reads.
type scanned[C any] interface {
	row[C]
	fields() []any
}

// one reads a row.
func one[C any](scan func(...any) error, row scanned[C], into *C) error {
	err := scan(row.fields()...)
	*into = row.core()
	return err
}

// another reads a row of several.
func another[C any](scan func(...any) error, row scanned[C], into *[]C) error {
	var c C
	err := one(scan, row, &c)
	*into = append(*into, c)
	return err
}
