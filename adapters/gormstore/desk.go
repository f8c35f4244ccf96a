package gormstore

import (
	"context"
	"errors"
	"slices"
	"time"

	"causeway/core"
)

// LockDesk makes the desk's row where it is missing, and holds it till the transaction ends.
func (r repo) LockDesk(ctx context.Context) ([]byte, error) {
	var found []string
	err := r.changes(ctx).Raw("INSERT INTO desks (workspace, doc) VALUES (?, '') ON CONFLICT (workspace) DO UPDATE SET doc = desks.doc RETURNING doc", r.ws).
		Scan(&found).Error
	if err != nil || len(found) == 0 || found[0] == "" {
		return nil, fail(err)
	}
	return []byte(found[0]), nil
}

func (r repo) SetDesk(ctx context.Context, text []byte) error {
	_, err := r.exec(ctx, "INSERT INTO desks (workspace, doc) VALUES (?, ?) ON CONFLICT (workspace) DO UPDATE SET doc = excluded.doc", r.ws, string(text))
	return err
}

func (r repo) Desk(ctx context.Context) ([]byte, error) {
	var found []string
	if err := r.rows(ctx).Table("desks").Pluck("doc", &found).Error; err != nil || len(found) == 0 || found[0] == "" {
		return nil, fail(err)
	}
	return []byte(found[0]), nil
}

type dutyRow struct {
	Workspace, Agent, Presence    string
	Until, Since, Answered, Given stamp
	Open                          int `gorm:"->"`
}

func (dutyRow) TableName() string { return "duties" }

func (r dutyRow) core() core.Duty {
	return core.Duty{Agent: core.AgentID(r.Agent), Presence: core.Presence(r.Presence), Until: r.Until.time(), Since: r.Since.time(), Answered: r.Answered.time(),
		Given: r.Given.time(), Open: r.Open}
}

// Duties counts the open conversations of each agent by an index that holds no others.
func (r repo) Duties(ctx context.Context) ([]core.Duty, error) {
	db := r.s.reader
	if r.t != nil {
		db = r.t.db
	}
	return list[dutyRow](db.WithContext(ctx).Raw("SELECT a.workspace, a.id AS agent, COALESCE(d.presence, '') AS presence, d.until, d.since, d.answered, d.given, "+
		"(SELECT count(*) FROM conversations c WHERE c.workspace = a.workspace AND c.agent = a.id AND c.state = 'open') AS open "+
		"FROM agents a LEFT JOIN duties d ON d.workspace = a.workspace AND d.agent = a.id WHERE a.workspace = ? ORDER BY a.id", r.ws))
}

const overDuty = "ON CONFLICT (workspace, agent) " +
	"DO UPDATE SET presence = excluded.presence, until = excluded.until, since = excluded.since, given = excluded.given"

func (r repo) SetDuty(ctx context.Context, d core.Duty) error {
	_, err := r.exec(ctx, "INSERT INTO duties (workspace, agent, presence, until, since, given) VALUES (?, ?, ?, ?, ?, ?) "+overDuty,
		r.ws, d.Agent, d.Presence, at(d.Until), at(d.Since), at(d.Given))
	return err
}

var dutyTable = table{"duties", "workspace, agent, presence, until, since, given", "tttnnn"}

func (t *transaction) duties(all []core.Owned[core.Duty]) step {
	return t.insert(dutyTable, rowsOf(all, func(o core.Owned[core.Duty]) []any {
		d := o.Value
		return []any{string(o.Workspace), string(d.Agent), string(d.Presence), at(d.Until), at(d.Since), at(d.Given)}
	}), overDuty, true)
}

func (r repo) Answers(ctx context.Context, id core.AgentID, when time.Time) error {
	_, err := r.exec(ctx, "INSERT INTO duties (workspace, agent, presence, answered) VALUES (?, ?, '', ?) ON CONFLICT (workspace, agent) "+
		"DO UPDATE SET answered = excluded.answered WHERE duties.answered IS NULL OR duties.answered < excluded.answered", r.ws, id, at(when))
	return err
}

type placeRow struct {
	Workspace, Conversation, Queue string
	Priority                       int
	Queued, Assigned               stamp
	Wants                          doc[core.Wants]
}

func (placeRow) TableName() string { return "handlings" }

func (r placeRow) core() core.Place {
	return core.Place{Conversation: core.ConversationID(r.Conversation), Team: core.TeamID(r.Queue), Priority: r.Priority, Queued: r.Queued.time(),
		Assigned: r.Assigned.time(), Wants: r.Wants.v}
}

func (r repo) Place(ctx context.Context, id core.ConversationID) (core.Place, error) {
	p, err := take[placeRow](r.rows(ctx).Where("conversation = ?", id))
	if errors.Is(err, core.ErrNotFound) {
		return core.Place{Conversation: id}, nil
	}
	return p, err
}

func (r repo) SetPlace(ctx context.Context, p core.Place) error {
	_, err := r.exec(ctx, "INSERT INTO handlings (workspace, conversation, priority, tags, queue, queued, assigned, wants) VALUES (?, ?, 0, 'null', ?, ?, ?, ?) "+overPlace,
		r.ws, p.Conversation, p.Team, at(p.Queued), at(p.Assigned), asDoc(p.Wants))
	return err
}

const overPlace = "ON CONFLICT (workspace, conversation) " +
	"DO UPDATE SET queue = excluded.queue, queued = excluded.queued, assigned = excluded.assigned, wants = excluded.wants"

var placeTable = table{"handlings", "workspace, conversation, priority, tags, queue, queued, assigned, wants", "ttittnnt"}

func (t *transaction) places(all []core.Owned[core.Place]) step {
	return t.insert(placeTable, rowsOf(all, func(o core.Owned[core.Place]) []any {
		p := o.Value
		return []any{string(o.Workspace), string(p.Conversation), int64(0), "null", string(p.Team), at(p.Queued), at(p.Assigned), asDoc(p.Wants)}
	}), overPlace, true)
}

// LockPlaces is one round trip on PostgreSQL. The places are read after the locks, by a statement of their own that sees what was committed meanwhile.
func (r repo) LockPlaces(ctx context.Context, ids ...core.ConversationID) (map[core.ConversationID]core.Conversation, map[core.ConversationID]core.Place, error) {
	conversations, places := map[core.ConversationID]core.Conversation{}, map[core.ConversationID]core.Place{}
	keys := make([][]any, len(ids))
	for i, id := range slices.Sorted(slices.Values(ids)) {
		keys[i], places[id] = []any{r.ws, string(id)}, core.Place{Conversation: id}
	}
	locks := r.s.find(r.s.locking(), "tt", keys, func(scan func(...any) error) error {
		var c conversationRow
		err := scan(c.fields()...)
		conversations[core.ConversationID(c.ID)] = c.core()
		return err
	})
	reads := r.s.find(placesOf, "tt", keys, func(scan func(...any) error) error {
		var p placeRow
		err := scan(&p.Conversation, &p.Priority, &p.Queue, &p.Queued, &p.Assigned, &p.Wants)
		places[core.ConversationID(p.Conversation)] = p.core()
		return err
	})
	return conversations, places, r.t.bulk(ctx, locks, reads)
}

const placesOf = "SELECT h.conversation, h.priority, h.queue, h.queued, h.assigned, h.wants FROM {keys} " +
	"{with handlings AS h: h.workspace = k.k0 AND h.conversation = k.k1}"

// locking selects conversations by workspace and id, and on PostgreSQL locks them in the order of their ids. On SQLite nobody else writes anyway.
func (s *Store) locking() string {
	text := "SELECT " + conversationTable.of("c") + " FROM "
	if s.postgres != nil {
		return text + "conversations c WHERE c.workspace = ANY($1::text[]) AND c.id = ANY($2::text[]) ORDER BY c.id FOR NO KEY UPDATE"
	}
	return text + "{keys} {with conversations AS c: c.workspace = k.k0 AND c.id = k.k1}"
}

func (r repo) Places(ctx context.Context, team core.TeamID, after *core.Place, limit int) ([]core.Place, error) {
	db := r.rows(ctx).Where("queue = ? AND queued IS NOT NULL", team)
	if after != nil {
		db = db.Where("priority <= ? AND (priority < ? OR queued > ? OR queued = ? AND conversation > ?)", after.Priority, after.Priority, at(after.Queued),
			at(after.Queued), after.Conversation)
	}
	return list[placeRow](db.Order("priority DESC, queued, conversation").Limit(limit))
}

func (r repo) Position(ctx context.Context, p core.Place) (int, error) {
	var before int64
	err := r.rows(ctx).Table("handlings").Where("queue = ? AND queued IS NOT NULL AND priority >= ? AND (priority > ? OR queued < ? OR queued = ? AND conversation < ?)",
		p.Team, p.Priority, p.Priority, at(p.Queued), at(p.Queued), p.Conversation).Count(&before).Error
	return int(before) + 1, fail(err)
}

func (r repo) Queues(ctx context.Context) (map[core.TeamID]int, error) {
	var found []struct {
		Queue string
		N     int
	}
	err := r.rows(ctx).Table("handlings").Select("queue, count(*) AS n").Where("queued IS NOT NULL").Group("queue").Scan(&found).Error
	if err != nil {
		return nil, fail(err)
	}
	all := make(map[core.TeamID]int, len(found))
	for _, f := range found {
		all[core.TeamID(f.Queue)] = f.N
	}
	return all, nil
}
