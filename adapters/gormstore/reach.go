package gormstore

import (
	"context"

	"causeway/core"
)

var (
	channelByID   = "SELECT " + channelTable.of("c") + " FROM {keys} {with channels AS c: c.workspace = k.k0 AND c.id = k.k1}"
	contactByID   = "SELECT " + contactTable.of("c") + " FROM {keys} {with contacts AS c: c.workspace = k.k0 AND c.id = k.k1}"
	identitiesOf  = "SELECT " + identityTable.of("i") + " FROM {keys} {with identities AS i: i.workspace = k.k0 AND i.contact = k.k1} ORDER BY i.id"
	wishesOf      = "SELECT " + wishTable.of("x") + " FROM {keys} {with identities AS i: i.workspace = k.k0 AND i.contact = k.k2} {with wishes AS x: x.workspace = i.workspace AND x.identity = i.id AND x.channel = k.k1} ORDER BY x.identity, x.marketing"
	newestWindows = "SELECT MAX(x.last), MAX(x.closed) FROM {keys} {with identities AS i: i.workspace = k.k0 AND i.contact = k.k2} {with reply_windows AS x: x.workspace = i.workspace AND x.identity = i.id AND x.channel = k.k1}"
)

// Reach returns what is known of a contact and a channel. ErrNotFound: the workspace has not both.
func (r repo) Reach(ctx context.Context, ch core.ChannelID, contact core.ContactID) (s core.Reach, err error) {
	both := [][]any{{r.ws, string(ch), string(contact)}}
	err = r.look(ctx,
		r.s.find(channelByID, "tt", [][]any{{r.ws, string(ch)}}, func(scan func(...any) error) error { return one(scan, new(channelRow), &s.Channel) }),
		r.s.find(contactByID, "tt", [][]any{{r.ws, string(contact)}}, func(scan func(...any) error) error { return one(scan, new(contactRow), &s.Contact) }),
		r.s.find(identitiesOf, "tt", [][]any{{r.ws, string(contact)}}, func(scan func(...any) error) error { return another(scan, new(identityRow), &s.Identities) }),
		r.s.find(wishesOf, "ttt", both, func(scan func(...any) error) error {
			return another(scan, &wishRow{Contact: string(contact)}, &s.Wishes)
		}),
		r.s.find(newestWindows, "ttt", both, func(scan func(...any) error) error {
			var last, closed stamp
			err := scan(&last, &closed)
			s.Window = core.WindowState{Last: last.time(), Closed: closed.time()}
			return err
		}))
	if err == nil && (s.Channel.ID == "" || s.Contact.ID == "") {
		err = core.ErrNotFound
	}
	return s, err
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
