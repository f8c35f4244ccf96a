package gormstore

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"time"

	"causeway/core"

	"gorm.io/gorm"
)

type channelRow struct {
	Workspace  string
	ID         string
	Kind       string
	Name       string
	Account    string
	Settings   doc[map[string]string]
	State      string
	Health     doc[healthDoc]
	FreeWindow int64
	SeenIn     stamp
	Created    stamp
	Number     string `gorm:"->"` // SetNumber alone writes these
	Phone      bool   `gorm:"->"`
	Twin       string `gorm:"->"`
}

// healthDoc is core.Health as stored.
type healthDoc struct {
	Level  core.HealthLevel `json:"level,omitempty"`
	Code   string           `json:"code,omitempty"`
	Reason string           `json:"reason,omitempty"`
	Remedy string           `json:"remedy,omitempty"`
	Since  int64            `json:"since,omitempty"` // microseconds since 1970
}

func (channelRow) TableName() string { return "channels" }

func (r channelRow) core() core.Channel {
	return core.Channel{ID: core.ChannelID(r.ID), Workspace: core.WorkspaceID(r.Workspace), Kind: r.Kind, Name: r.Name, Account: r.Account,
		Settings: r.Settings.v, State: core.ChannelState(r.State), Health: r.Health.v.core(), FreeWindow: time.Duration(r.FreeWindow),
		SeenIn: r.SeenIn.time(), Created: r.Created.time(), Number: r.Number, Phone: r.Phone, Twin: core.ChannelID(r.Twin)}
}

func (r repo) channelRow(c core.Channel) channelRow {
	if c.State == "" {
		c.State = core.ChannelActive
	}
	if c.Settings == nil {
		c.Settings = map[string]string{}
	}
	return channelRow{Workspace: r.ws, ID: string(c.ID), Kind: c.Kind, Name: c.Name, Account: c.Account, Settings: asDoc(c.Settings),
		State: string(c.State), Health: healthRow(c.Health), FreeWindow: int64(c.FreeWindow), SeenIn: at(c.SeenIn), Created: at(c.Created)}
}

func (h healthDoc) core() core.Health {
	health := core.Health{Level: h.Level, Code: h.Code, Reason: h.Reason, Remedy: h.Remedy}
	if h.Since != 0 {
		health.Since = time.UnixMicro(h.Since).UTC()
	}
	return health
}

func healthRow(h core.Health) doc[healthDoc] {
	d := healthDoc{Level: h.Level, Code: h.Code, Reason: h.Reason, Remedy: h.Remedy}
	if !h.Since.IsZero() {
		d.Since = h.Since.UnixMicro()
	}
	return asDoc(d)
}

// SaveChannel inserts, or updates name, account, settings and window of, the channel with this id. One that was removed is active again.
func (r repo) SaveChannel(ctx context.Context, c core.Channel) error {
	row := r.channelRow(c)
	return r.whole(ctx, func(r repo) error {
		_, err := r.exec(ctx, "UPDATE channels SET state = ?, health = ?, name = ?, account = ? WHERE workspace = ? AND id = ? AND state = ?",
			core.ChannelActive, healthRow(core.Health{}), c.Name, c.Account, r.ws, c.ID, core.ChannelRemoved)
		if err != nil {
			return err
		}
		return r.put(ctx, &row, "workspace,id", "name", "account", "settings", "free_window")
	})
}

func (r repo) Channel(ctx context.Context, id core.ChannelID) (core.Channel, error) {
	return take[channelRow](r.rows(ctx).Where("id = ?", id))
}

func (r repo) ChannelByName(ctx context.Context, name string) (core.Channel, error) {
	return take[channelRow](present(r.rows(ctx)).Where("name = ?", name))
}

// present leaves out the channels that were removed.
func present(db *gorm.DB) *gorm.DB { return db.Where("state <> 'removed'") }

// Channels lists the channels by name.
func (r repo) Channels(ctx context.Context) ([]core.Channel, error) {
	return list[channelRow](present(r.rows(ctx)).Order("name"))
}

// RemovedChannels lists those that were removed, by name.
func (r repo) RemovedChannels(ctx context.Context) ([]core.Channel, error) {
	return list[channelRow](r.rows(ctx).Where("state = ?", core.ChannelRemoved).Order("name, id"))
}

// SetChannelState changes nothing of a channel that was removed.
func (r repo) SetChannelState(ctx context.Context, id core.ChannelID, state core.ChannelState, h core.Health) error {
	return r.changeChannel(ctx, "UPDATE channels SET state = ?, health = ? WHERE workspace = ? AND id = ? AND state <> 'removed'", state, healthRow(h), r.ws, id)
}

// RemoveChannel makes a channel a removed one.
func (r repo) RemoveChannel(ctx context.Context, id core.ChannelID, h core.Health) error {
	return r.whole(ctx, func(r repo) error {
		if _, err := r.exec(ctx, "UPDATE channels SET twin = '' WHERE workspace = ? AND twin = ?", r.ws, id); err != nil {
			return err
		}
		return r.changeChannel(ctx, "UPDATE channels SET state = ?, health = ?, number = '', twin = '' WHERE workspace = ? AND id = ? AND state <> 'removed'",
			core.ChannelRemoved, healthRow(h), r.ws, id)
	})
}

// changeChannel runs a statement whose last argument is the channel that it may change. ErrNotFound: the workspace has none of that id.
func (r repo) changeChannel(ctx context.Context, statement string, args ...any) error {
	n, err := r.exec(ctx, statement, args...)
	if err != nil || n > 0 {
		return err
	}
	return r.there(ctx, "channels", fmt.Sprint(args[len(args)-1]))
}

// StripChannel deletes what is of no use without a channel that was removed. The channel is locked first: it may be about to be set up again.
func (r repo) StripChannel(ctx context.Context, id core.ChannelID, owners []string) error {
	return r.whole(ctx, func(r repo) error {
		n, err := r.exec(ctx, "UPDATE channels SET state = state WHERE workspace = ? AND id = ? AND state = 'removed'", r.ws, id)
		if err != nil || n == 0 {
			return err
		}
		for _, table := range []string{"safe_records", "templates", "parked_events"} {
			if _, err := r.exec(ctx, "DELETE FROM "+table+" WHERE workspace = ? AND channel = ?", r.ws, id); err != nil {
				return err
			}
		}
		for _, table := range []string{"sealed_secrets", "small_values"} {
			if _, err := r.exec(ctx, "DELETE FROM "+table+" WHERE workspace = ? AND owner IN ?", r.ws, owners); err != nil {
				return err
			}
		}
		return nil
	})
}

// SeenIn notes that an event came in; it only moves forward.
func (r repo) SeenIn(ctx context.Context, id core.ChannelID, when time.Time) error {
	n, err := r.exec(ctx, "UPDATE channels SET seen_in = ? WHERE workspace = ? AND id = ? AND (seen_in IS NULL OR seen_in < ?)", at(when), r.ws, id, at(when))
	if err != nil || n > 0 {
		return err
	}
	return r.there(ctx, "channels", string(id))
}

type secretRow struct {
	Workspace, Owner, Name string
	Box                    []byte
	Hint                   string
	SetAt                  stamp
}

func (secretRow) TableName() string { return "sealed_secrets" }

func (r secretRow) core() core.SealedSecret {
	return core.SealedSecret{Workspace: core.WorkspaceID(r.Workspace), Owner: r.Owner, Name: r.Name, Box: r.Box, Hint: r.Hint, Set: r.SetAt.time()}
}

// PutSecret stores a sealed value under (owner, name), replacing what was there.
func (r repo) PutSecret(ctx context.Context, s core.SealedSecret) error {
	row := secretRow{Workspace: r.ws, Owner: s.Owner, Name: s.Name, Box: notNil(s.Box), Hint: s.Hint, SetAt: at(s.Set)}
	return r.put(ctx, &row, "workspace,owner,name", "box", "hint", "set_at")
}

// AddSecret stores a sealed value under (owner, name), if there is none.
func (r repo) AddSecret(ctx context.Context, s core.SealedSecret) (bool, error) {
	row := secretRow{Workspace: r.ws, Owner: s.Owner, Name: s.Name, Box: notNil(s.Box), Hint: s.Hint, SetAt: at(s.Set)}
	return r.win(ctx, &row, "", "workspace", "owner", "name")
}

// Secrets lists an owner's sealed values by name.
func (r repo) Secrets(ctx context.Context, owner string) ([]core.SealedSecret, error) {
	return list[secretRow](r.rows(ctx).Where("owner = ?", owner).Order("name"))
}

// DropSecret forgets a sealed value.
func (r repo) DropSecret(ctx context.Context, owner, name string) error {
	return fail(r.changes(ctx).Where("workspace = ? AND owner = ? AND name = ?", r.ws, owner, name).Delete(&secretRow{}).Error)
}

type valueRow struct {
	Workspace, Owner, Name string
	Value                  []byte
	Expires                stamp
}

func (valueRow) TableName() string { return "small_values" }

func (r valueRow) core() []byte { return r.Value }

// Value returns a small value, nil if there is none.
func (r repo) Value(ctx context.Context, owner, name string) ([]byte, error) {
	if owner != core.AutomationOwner || r.t != nil {
		return r.value(ctx, owner, name)
	}
	value, err := remembered(&r.s.fresh, freshKey{r.ws, name}, func() ([]byte, error) { return r.value(ctx, owner, name) })
	return bytes.Clone(value), err
}

// Automation names what is set up of automation. A transaction, too, goes by what was just read: it asks for each message.
func (r repo) Automation(ctx context.Context) ([]string, error) {
	read := func() (names []string, err error) {
		err = r.rows(ctx).Table("small_values").Where("owner = ?", core.AutomationOwner).Order("name").Pluck("name", &names).Error
		return names, fail(err)
	}
	if r.t != nil && r.t.settings {
		return read()
	}
	names, err := remembered(&r.s.fresh, freshKey{workspace: r.ws}, read)
	return slices.Clone(names), err
}

func (r repo) value(ctx context.Context, owner, name string) ([]byte, error) {
	all, err := list[valueRow](r.rows(ctx).Where("owner = ? AND name = ?", owner, name))
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return notNil(all[0]), nil
}

func (r repo) SetValue(ctx context.Context, owner, name string, value []byte) error {
	return r.SetValueUntil(ctx, owner, name, value, time.Time{})
}

// SetValueUntil keeps a small value at least until a time, for good if that is zero.
func (r repo) SetValueUntil(ctx context.Context, owner, name string, value []byte, until time.Time) error {
	defer r.changesValue(ctx, owner)
	row := valueRow{Workspace: r.ws, Owner: owner, Name: name, Value: notNil(value), Expires: at(until)}
	return r.put(ctx, &row, "workspace,owner,name", "value", "expires")
}

// SwapValue sets a small value where it is still the one that was read. Of two that read the same, one wins.
func (r repo) SwapValue(ctx context.Context, owner, name string, old, value []byte) (bool, error) {
	defer r.changesValue(ctx, owner)
	if old == nil {
		return r.win(ctx, &valueRow{Workspace: r.ws, Owner: owner, Name: name, Value: notNil(value), Expires: at(time.Time{})}, "", "workspace", "owner", "name")
	}
	res := r.changes(ctx).Table("small_values").Where("workspace = ? AND owner = ? AND name = ? AND value = ?", r.ws, owner, name, old).
		Updates(map[string]any{"value": notNil(value), "expires": at(time.Time{})})
	return res.RowsAffected > 0, fail(res.Error)
}

func (r repo) FirstValue(ctx context.Context, owner string) (string, []byte, error) {
	var all []valueRow
	if err := r.rows(ctx).Where("owner = ?", owner).Order("name").Limit(1).Find(&all).Error; err != nil || len(all) == 0 {
		return "", nil, fail(err)
	}
	return all[0].Name, notNil(all[0].Value), nil
}

func (r repo) DropValue(ctx context.Context, owner, name string) error {
	defer r.changesValue(ctx, owner)
	return fail(r.changes(ctx).Where("workspace = ? AND owner = ? AND name = ?", r.ws, owner, name).Delete(&valueRow{}).Error)
}

// notNil tells an empty value from none.
func notNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
