package gormstore

import (
	"cmp"
	"context"
	"slices"
	"time"

	"causeway/core"

	"gorm.io/gorm"
)

type conversationRow struct {
	Workspace, ID                   string
	Contact                         string
	Number                          number
	State                           string
	Channel, Agent, Team            optional
	Subject                         string
	Opened, Closed, LastAt, Waiting stamp
	Seq                             int64
	Referral                        doc[*core.Referral]
}

func (conversationRow) TableName() string { return "conversations" }

func (r conversationRow) core() core.Conversation {
	return core.Conversation{ID: core.ConversationID(r.ID), Workspace: core.WorkspaceID(r.Workspace), Contact: core.ContactID(r.Contact),
		Number: r.Number.n, State: core.ConversationState(r.State), Channel: core.ChannelID(r.Channel.id), Agent: core.AgentID(r.Agent.id),
		Team: core.TeamID(r.Team.id), Subject: r.Subject, Opened: r.Opened.time(), Closed: r.Closed.time(), LastAt: r.LastAt.time(),
		Waiting: r.Waiting.time(), Seq: r.Seq, Referral: r.Referral.v}
}

func (r repo) conversationRow(c core.Conversation) conversationRow {
	return conversationRow{Workspace: r.ws, ID: string(c.ID), Contact: string(c.Contact), State: string(c.State), Channel: ref(c.Channel),
		Agent: ref(c.Agent), Team: ref(c.Team), Subject: c.Subject, Opened: at(c.Opened), Closed: at(c.Closed), LastAt: at(c.LastAt),
		Waiting: at(c.Waiting), Seq: c.Seq, Referral: asDoc(c.Referral)}
}

// OpenConversation finds the contact's open conversation.
func (r repo) OpenConversation(ctx context.Context, contact core.ContactID) (core.Conversation, error) {
	return take[conversationRow](r.rows(ctx).Where("contact = ? AND state = 'open'", contact))
}

// AddConversation inserts one and, if it won, gives it its Number. The counter's row stays locked until the transaction ends, so there are no
// gaps and no doubles.
func (r repo) AddConversation(ctx context.Context, c *core.Conversation) (won bool, err error) {
	err = r.whole(ctx, func(r repo) error {
		row := r.conversationRow(*c)
		if won, err = r.win(ctx, &row, "state = 'open'", "workspace", "contact"); err != nil || !won {
			return err
		}
		var next int64
		res := r.changes(ctx).Raw("UPDATE workspaces SET last_number = last_number + 1 WHERE id = ? RETURNING last_number", r.ws).Scan(&next)
		if res.Error != nil {
			return fail(res.Error)
		}
		if err := r.set(ctx, "conversations", row.ID, map[string]any{"number": next}); err != nil {
			return err
		}
		c.Number, c.Workspace = next, core.WorkspaceID(r.ws)
		return nil
	})
	return won && err == nil, err
}

func (r repo) Conversation(ctx context.Context, id core.ConversationID) (core.Conversation, error) {
	return take[conversationRow](r.rows(ctx).Where("id = ?", id))
}

// ConversationsOf lists all of a contact's, newest first.
func (r repo) ConversationsOf(ctx context.Context, contact core.ContactID) ([]core.Conversation, error) {
	return list[conversationRow](r.rows(ctx).Where("contact = ?", contact).Order("number DESC"))
}

// Conversations lists by time of the last message, newest first. Those of one instant are never torn apart by the end of a page, for
// Page.Before could not name the rest: such a page is longer.
func (r repo) Conversations(ctx context.Context, f core.ConversationFilter, p core.Page) ([]core.Conversation, error) {
	if f.State != "" || f.Contact != "" || f.Number != 0 {
		return r.conversations(ctx, f, p)
	}
	var all []core.Conversation
	for _, f.State = range []core.ConversationState{core.ConversationOpen, core.ConversationClosed} { // each has its own place in the indexes
		page, err := r.conversations(ctx, f, p)
		if err != nil {
			return nil, err
		}
		all = append(all, page...)
	}
	slices.SortFunc(all, func(a, b core.Conversation) int { return cmp.Or(b.LastAt.Compare(a.LastAt), cmp.Compare(b.ID, a.ID)) })
	if n := limit(p); len(all) > n {
		rest := slices.IndexFunc(all[n:], func(c core.Conversation) bool { return c.LastAt.Before(all[n-1].LastAt) })
		if rest >= 0 {
			all = all[:n+rest]
		}
	}
	return all, nil
}

// conversations lists those of one state, or the few of a contact or number.
func (r repo) conversations(ctx context.Context, f core.ConversationFilter, p core.Page) ([]core.Conversation, error) {
	db := r.rows(ctx)
	for column, value := range map[string]string{"state": string(f.State), "agent": string(f.Agent), "team": string(f.Team),
		"channel": string(f.Channel), "contact": string(f.Contact)} {
		if value != "" {
			db = db.Where(column+" = ?", value)
		}
	}
	if f.Number != 0 {
		db = db.Where("number = ?", f.Number)
	}
	newest := "last_at DESC, id DESC"
	if f.Contact != "" || f.Number != 0 { // few: to be sorted, not to be met on a walk through the whole inbox
		newest = "+last_at DESC, id DESC"
	}
	filtered := db.Session(&gorm.Session{}) // to be built upon twice
	db = filtered
	if p.Before != "" {
		before, err := time.Parse(time.RFC3339Nano, p.Before)
		if err != nil {
			return nil, &core.Problem{Code: core.CodeInvalid, Detail: "The place to go on from is not a time.", Field: "before", Err: err}
		}
		db = db.Where("last_at < ?", at(before))
	}
	page, err := list[conversationRow](db.Order(newest).Limit(limit(p)))
	if err != nil || len(page) < limit(p) {
		return page, err
	}
	last := page[len(page)-1]
	rest, err := list[conversationRow](filtered.Where("last_at = ? AND id < ?", at(last.LastAt), last.ID).Order("id DESC"))
	return append(page, rest...), err
}

// AllOpen names the conversations that are open.
func (r repo) AllOpen(ctx context.Context) (ids []core.ConversationID, err error) {
	err = r.rows(ctx).Table("conversations").Where("state = ?", core.ConversationOpen).Pluck("id", &ids).Error
	return ids, fail(err)
}

// SetConversation updates state, channel, agent, team, closed, waiting and referral. ErrDuplicate: reopening, while another is open.
func (r repo) SetConversation(ctx context.Context, c core.Conversation) error {
	return r.set(ctx, "conversations", string(c.ID), map[string]any{"state": c.State, "channel": ref(c.Channel), "agent": ref(c.Agent),
		"team": ref(c.Team), "closed": at(c.Closed), "waiting": at(c.Waiting), "referral": asDoc(c.Referral)})
}

// NextSeq locks the conversation and takes its next sequence number. The time of its newest message only moves forward.
func (r repo) NextSeq(ctx context.Context, id core.ConversationID, when time.Time) (int64, error) {
	var seq int64
	res := r.changes(ctx).Raw("UPDATE conversations SET seq = seq + 1, last_at = CASE WHEN last_at > ? THEN last_at ELSE ? END "+
		"WHERE workspace = ? AND id = ? RETURNING seq", at(when), at(when), r.ws, id).Scan(&seq)
	if res.Error == nil && seq == 0 {
		return 0, core.ErrNotFound
	}
	return seq, fail(res.Error)
}

// Lock keeps others from the conversation until the transaction ends. On SQLite nobody else writes meanwhile anyway. On PostgreSQL the lock
// is the one an update takes: rows that merely refer to the conversation can still be added.
func (r repo) Lock(ctx context.Context, id core.ConversationID) (core.Conversation, error) {
	var c core.Conversation
	err := r.look(ctx, r.s.find(r.s.locking(), "tt", [][]any{{r.ws, string(id)}}, func(scan func(...any) error) error { return one(scan, new(conversationRow), &c) }))
	if err == nil && c.ID == "" {
		err = core.ErrNotFound
	}
	return c, err
}

type conversationEventRow struct {
	Workspace, Conversation, ID, Kind string
	Author                            doc[core.Author]
	Message, Code                     string
	Data                              doc[map[string]string]
	Text                              string
	At                                stamp
}

func (conversationEventRow) TableName() string { return "conversation_events" }

func (r conversationEventRow) core() core.ConversationEvent {
	return core.ConversationEvent{ID: r.ID, Conversation: core.ConversationID(r.Conversation), Kind: core.ConversationEventKind(r.Kind), By: r.Author.v,
		Message: core.MessageID(r.Message), Code: core.LineCode(r.Code), Data: r.Data.v, Text: r.Text, At: r.At.time()}
}

func (r repo) AddConversationEvent(ctx context.Context, e core.ConversationEvent) error {
	row := r.conversationEventRow(e)
	return r.insert(ctx, &row)
}

func (r repo) conversationEventRow(e core.ConversationEvent) conversationEventRow {
	return conversationEventRow{Workspace: r.ws, Conversation: string(e.Conversation), ID: e.ID, Kind: string(e.Kind), Author: asDoc(e.By),
		Message: string(e.Message), Code: string(e.Code), Data: asDoc(e.Data), Text: e.Text, At: at(e.At)}
}

// ConversationEvents lists a conversation's history beside its messages, oldest first.
func (r repo) ConversationEvents(ctx context.Context, id core.ConversationID) ([]core.ConversationEvent, error) {
	return list[conversationEventRow](r.rows(ctx).Where("conversation = ?", id).Order("id"))
}

// TakeLane records token as the newest worker of a lane and reports whether it is. The newest may take it again.
func (r repo) TakeLane(ctx context.Context, lane string, token int64) (bool, error) {
	n, err := r.exec(ctx, "INSERT INTO lanes (workspace, lane, token) VALUES (?, ?, ?) ON CONFLICT (workspace, lane) "+
		"DO UPDATE SET token = excluded.token WHERE lanes.token <= excluded.token", r.ws, lane, token)
	return n > 0, err
}
