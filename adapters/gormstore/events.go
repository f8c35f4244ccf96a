package gormstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"causeway/core"
)

func isNotFound(err error) bool { return errors.Is(err, core.ErrNotFound) }

type seenRow struct {
	Workspace, Channel, Kind, ID string
	At                           stamp
}

func (seenRow) TableName() string { return "seen_events" }

// ClaimEvent records that an event is being applied and reports whether it is new. A second transaction with the same event waits for the first.
func (r repo) ClaimEvent(ctx context.Context, ch core.ChannelID, kind core.EventKind, id string) (bool, error) {
	row := seenRow{Workspace: r.ws, Channel: string(ch), Kind: string(kind), ID: id, At: at(r.s.now())}
	return r.win(ctx, &row, "", "workspace", "channel", "kind", "id")
}

type parkedRow struct {
	Workspace, ID, Channel, Target string
	Event                          doc[core.Event]
	Until                          stamp
}

func (parkedRow) TableName() string { return "parked_events" }

// ParkEvent keeps an event whose target is not known yet.
func (r repo) ParkEvent(ctx context.Context, ch core.ChannelID, target string, e core.Event, until time.Time) error {
	return r.insert(ctx, &parkedRow{Workspace: r.ws, ID: core.NewID[string](), Channel: string(ch), Target: target, Event: asDoc(storable(e)), Until: at(until)})
}

// storable returns the event with a Raw that JSON can hold: what is no JSON itself becomes a JSON string.
func storable(e core.Event) core.Event {
	if len(e.Raw) > 0 && !json.Valid(e.Raw) {
		e.Raw, _ = json.Marshal(string(e.Raw))
	}
	return e
}

// TakeParked removes and returns the events parked for a target, in the order of parking.
func (r repo) TakeParked(ctx context.Context, ch core.ChannelID, target string) ([]core.Event, error) {
	rows, err := r.unpark(ctx, "channel = ? AND target = ?", ch, target)
	all := make([]core.Event, len(rows))
	for i, row := range rows {
		all[i] = row.Event.v
	}
	return all, err
}

// TakeOverdue removes and returns events whose time of waiting is over.
func (r repo) TakeOverdue(ctx context.Context, now time.Time, most int) ([]core.DeadLetter, error) {
	rows, err := r.unpark(ctx, "id IN (SELECT id FROM parked_events WHERE workspace = ? AND until <= ? ORDER BY until, id LIMIT ?)", r.ws, at(now), most)
	all := make([]core.DeadLetter, len(rows))
	for i, row := range rows {
		whole, _ := json.Marshal(row.Event.v) // it came from JSON
		all[i] = core.DeadLetter{ID: core.NewID[string](), Channel: core.ChannelID(row.Channel), Kind: "event", Event: whole, Raw: row.Event.v.Raw, At: now,
			Reason: fmt.Sprintf("The message %q that this %s is about never came.", row.Target, row.Event.v.Kind)}
	}
	return all, err
}

func (r repo) unpark(ctx context.Context, where string, args ...any) ([]parkedRow, error) {
	var rows []parkedRow
	err := r.changes(ctx).Raw("DELETE FROM parked_events WHERE workspace = ? AND "+where+" RETURNING *", append([]any{r.ws}, args...)...).Scan(&rows).Error
	sortBy(rows, func(p parkedRow) string { return p.ID })
	return rows, fail(err)
}

type deadRow struct {
	Workspace, ID, Channel, Kind, Reason, Event string
	Raw                                         []byte
	At                                          stamp
}

func (deadRow) TableName() string { return "dead_letters" }

func (r deadRow) core() core.DeadLetter {
	d := core.DeadLetter{ID: r.ID, Channel: core.ChannelID(r.Channel), Kind: r.Kind, Reason: r.Reason, At: r.At.time()}
	if r.Event != "" {
		d.Event = json.RawMessage(r.Event)
	}
	if len(r.Raw) > 0 {
		d.Raw = r.Raw
	}
	return d
}

func (r repo) AddDeadLetter(ctx context.Context, d core.DeadLetter) error {
	return r.insert(ctx, &deadRow{Workspace: r.ws, ID: d.ID, Channel: string(d.Channel), Kind: d.Kind, Reason: d.Reason, Event: string(d.Event),
		Raw: notNil(d.Raw), At: at(d.At)})
}

// DeadLetters lists them, newest first; Page.Before is an id.
func (r repo) DeadLetters(ctx context.Context, p core.Page) ([]core.DeadLetter, error) {
	return list[deadRow](back(r.rows(ctx), p))
}

func (r repo) DeadLetter(ctx context.Context, id string) (core.DeadLetter, error) {
	return take[deadRow](r.rows(ctx).Where("id = ?", id))
}

func (r repo) RemoveDeadLetter(ctx context.Context, id string) error {
	return changed(r.changes(ctx).Where("workspace = ? AND id = ?", r.ws, id).Delete(&deadRow{}))
}

// Left is what was set aside, in all workspaces.
type Left struct {
	Letters map[string]int // dead letters, by kind
	Parked  int            // events that wait for the message they are about
}

// Left counts what was set aside.
func (s *Store) Left(ctx context.Context) (Left, error) {
	all := Left{Letters: map[string]int{}}
	var kinds []struct {
		Kind string
		N    int
	}
	if err := s.reader.WithContext(ctx).Raw("SELECT kind, COUNT(*) AS n FROM dead_letters GROUP BY kind").Scan(&kinds).Error; err != nil {
		return all, fail(err)
	}
	for _, k := range kinds {
		all.Letters[k.Kind] = k.N
	}
	return all, fail(s.reader.WithContext(ctx).Raw("SELECT COUNT(*) FROM parked_events").Scan(&all.Parked).Error)
}
