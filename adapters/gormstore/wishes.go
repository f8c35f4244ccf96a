package gormstore

import (
	"context"

	"causeway/core"

	"gorm.io/gorm"
)

type wishRow struct {
	Workspace, Channel, Identity string
	Contact                      string `gorm:"->"` // the identity's
	Marketing, Stop, Block       bool
	Confirm                      string
	At                           stamp
}

func (wishRow) TableName() string { return "wishes" }

func (r wishRow) core() core.Wish {
	return core.Wish{Channel: core.ChannelID(r.Channel), Identity: core.IdentityID(r.Identity), Contact: core.ContactID(r.Contact), Marketing: r.Marketing,
		Stop: r.Stop, Block: r.Block, Confirm: r.Confirm, At: r.At.time()}
}

// SetWish records a wish and reports whether it changes what was wished before. Each step is decided by the row itself, so that of two who bring the
// same wish at once one changes it.
func (r repo) SetWish(ctx context.Context, w core.Wish) (changed bool, err error) {
	row := wishRow{Workspace: r.ws, Channel: string(w.Channel), Identity: string(w.Identity), Marketing: w.Marketing, Stop: w.Stop, Block: w.Block, Confirm: w.Confirm, At: at(w.At)}
	err = r.whole(ctx, func(r repo) error {
		changed = false
		won, err := r.win(ctx, &row, "", "workspace", "identity", "channel", "marketing")
		if err != nil || won {
			changed = won && w.Stop
			return err
		}
		const this = " WHERE workspace = ? AND identity = ? AND channel = ? AND marketing = ?"
		n, err := r.exec(ctx, "UPDATE wishes SET stop = ?, block = ?, confirm = ?, at = ?"+this+" AND stop <> ? AND at <= ?", w.Stop, w.Block, w.Confirm, row.At,
			r.ws, w.Identity, w.Channel, w.Marketing, w.Stop, row.At)
		if err != nil || n > 0 {
			changed = n > 0
			return err
		}
		_, err = r.exec(ctx, "UPDATE wishes SET at = ?"+this+" AND stop = ? AND at < ?", row.At, r.ws, w.Identity, w.Channel, w.Marketing, w.Stop, row.At)
		return err
	})
	return changed && err == nil, err
}

// Wish returns the last word of an identity on a channel.
func (r repo) Wish(ctx context.Context, ch core.ChannelID, id core.IdentityID, marketing bool) (core.Wish, error) {
	return take[wishRow](r.wishes(ctx).Where("identity = ? AND channel = ? AND marketing = ?", id, ch, marketing))
}

// Wishes lists those of all identities of a contact on a channel, in the order of the identities.
func (r repo) Wishes(ctx context.Context, ch core.ChannelID, contact core.ContactID) ([]core.Wish, error) {
	return list[wishRow](r.wishes(ctx).Where("channel = ?", ch).
		Where("identity IN (SELECT id FROM identities WHERE workspace = ? AND contact = ?)", r.ws, contact).Order("identity, marketing"))
}

func (r repo) wishes(ctx context.Context) *gorm.DB {
	return r.rows(ctx).Select("*, (SELECT i.contact FROM identities i WHERE i.workspace = wishes.workspace AND i.id = wishes.identity) AS contact")
}
