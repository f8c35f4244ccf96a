package gormstore

import (
	"context"
	"time"

	"causeway/core"
)

// TouchWindow raises the customer's last act on a channel; an older time changes nothing.
func (r repo) TouchWindow(ctx context.Context, ch core.ChannelID, id core.IdentityID, when time.Time) error {
	return r.raise(ctx, "last", ch, id, when)
}

// CloseWindow notes that the provider called the window closed at that time; an older time changes nothing.
func (r repo) CloseWindow(ctx context.Context, ch core.ChannelID, id core.IdentityID, when time.Time) error {
	return r.raise(ctx, "closed", ch, id, when)
}

func (r repo) raise(ctx context.Context, column string, ch core.ChannelID, id core.IdentityID, when time.Time) error {
	_, err := r.exec(ctx, "INSERT INTO reply_windows (workspace, channel, identity, "+column+") VALUES (?, ?, ?, ?) "+
		"ON CONFLICT (workspace, identity, channel) DO UPDATE SET "+column+" = excluded."+column+
		" WHERE reply_windows."+column+" IS NULL OR reply_windows."+column+" < excluded."+column, r.ws, ch, id, at(when))
	return err
}

// Window returns the newest state over all identities of a contact on a channel.
func (r repo) Window(ctx context.Context, ch core.ChannelID, contact core.ContactID) (core.WindowState, error) {
	var newest struct{ Last, Closed stamp }
	err := r.rows(ctx).Table("reply_windows").Select("MAX(last) AS last, MAX(closed) AS closed").Where("channel = ?", ch).
		Where("identity IN (SELECT id FROM identities WHERE workspace = ? AND contact = ?)", r.ws, contact).Scan(&newest).Error
	return core.WindowState{Last: newest.Last.time(), Closed: newest.Closed.time()}, fail(err)
}
