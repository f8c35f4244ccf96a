package gormstore

import (
	"context"
	"slices"

	"causeway/core"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// recordsAtOnce bounds the rows of one statement.
const recordsAtOnce = 500

type recordRow struct {
	Workspace, Channel, Space, Key string
	Box                            []byte
	Expires                        stamp
}

func (recordRow) TableName() string { return "safe_records" }

func (r recordRow) core() core.SealedRecord { return core.SealedRecord{Key: r.Key, Box: notNil(r.Box)} }

func (r repo) records(ctx context.Context, ch core.ChannelID, space string) *gorm.DB {
	return r.rows(ctx).Where("channel = ? AND space = ?", ch, space)
}

// Records finds those of the keys that are there.
func (r repo) Records(ctx context.Context, ch core.ChannelID, space string, keys []string) ([]core.SealedRecord, error) {
	var all []core.SealedRecord
	for some := range slices.Chunk(keys, recordsAtOnce) {
		found, err := list[recordRow](r.records(ctx, ch, space).Where("key IN ?", some))
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

// RecordsFrom lists the records of a space whose keys begin with prefix, by key.
func (r repo) RecordsFrom(ctx context.Context, ch core.ChannelID, space, prefix string) ([]core.SealedRecord, error) {
	return list[recordRow](r.records(ctx, ch, space).Where("key >= ? AND key < ?", prefix, prefix+lastOfAll).Order("key"))
}

// lastOfAll is behind every text that another text can be followed by.
const lastOfAll = "\U0010FFFF"

// ChangeRecords makes the changes in their order.
func (r repo) ChangeRecords(ctx context.Context, ch core.ChannelID, changes []core.Change) error {
	return r.whole(ctx, func(r repo) error {
		for len(changes) > 0 {
			n, err := r.changeSome(ctx, ch, changes)
			if err != nil {
				return err
			}
			changes = changes[n:]
		}
		return nil
	})
}

// changeSome makes the first changes, as many as one statement can, and returns how many these are.
func (r repo) changeSome(ctx context.Context, ch core.ChannelID, changes []core.Change) (int, error) {
	first := changes[0]
	mine := "workspace = ? AND channel = ? AND space = ? AND "
	if first.All {
		_, err := r.exec(ctx, "DELETE FROM safe_records WHERE "+mine+"key >= ? AND key < ?", r.ws, ch, first.Space, first.Key, first.Key+lastOfAll)
		return 1, err
	}
	run := alike(changes)
	if first.Value != nil {
		return len(run), r.keepRecords(ctx, ch, run)
	}
	keys := make([]string, len(run))
	for i, c := range run {
		keys[i] = c.Key
	}
	_, err := r.exec(ctx, "DELETE FROM safe_records WHERE "+mine+"key IN ?", r.ws, ch, first.Space, keys)
	return len(run), err
}

// alike cuts off the changes at the beginning that one statement can make: all of one kind, of different records.
func alike(changes []core.Change) []core.Change {
	first, seen := changes[0], map[[2]string]bool{}
	for i, c := range changes {
		keeps := c.Value != nil
		id := [2]string{c.Space, c.Key}
		if i == recordsAtOnce || c.All || keeps != (first.Value != nil) || !keeps && c.Space != first.Space || seen[id] {
			return changes[:i]
		}
		seen[id] = true
	}
	return changes
}

func (r repo) keepRecords(ctx context.Context, ch core.ChannelID, changes []core.Change) error {
	rows := make([]recordRow, len(changes))
	for i, c := range changes {
		rows[i] = recordRow{Workspace: r.ws, Channel: string(ch), Space: c.Space, Key: c.Key, Box: c.Value, Expires: at(c.Until)}
	}
	on := clause.OnConflict{DoUpdates: clause.AssignmentColumns([]string{"box", "expires"}),
		Columns: []clause.Column{{Name: "workspace"}, {Name: "channel"}, {Name: "space"}, {Name: "key"}}}
	return fail(r.changes(ctx).Clauses(on).Create(rows).Error)
}
