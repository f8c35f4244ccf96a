package gormstore

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"time"

	"causeway/core"

	"gorm.io/gorm"
)

type messageRow struct {
	Workspace, ID, Conversation, Contact, Channel, Identity, Direction string
	Author                                                             doc[core.Author]
	Seq                                                                int64
	Content                                                            doc[core.Content]
	Status                                                             string
	Error                                                              doc[*core.SendError]
	At, Created, Edited, Revoked                                       stamp
	Historic                                                           bool
	Key                                                                string
	Human                                                              bool
	Reactions                                                          doc[[]reactionDoc] `gorm:"->"` // to it, where they are asked for too
}

func (messageRow) TableName() string { return "messages" }

func (r messageRow) core() core.Message {
	m := core.Message{ID: core.MessageID(r.ID), Workspace: core.WorkspaceID(r.Workspace), Conversation: core.ConversationID(r.Conversation),
		Contact: core.ContactID(r.Contact), Channel: core.ChannelID(r.Channel), Identity: core.IdentityID(r.Identity),
		Direction: core.Direction(r.Direction), Author: r.Author.v, Seq: r.Seq, Content: r.Content.v, Status: core.Status(r.Status), Error: r.Error.v,
		At: r.At.time(), Created: r.Created.time(), Edited: r.Edited.time(), Revoked: r.Revoked.time(), Historic: r.Historic, Key: r.Key, Human: r.Human}
	for _, x := range r.Reactions.v {
		m.Reactions = append(m.Reactions, x.core())
	}
	return m
}

func (r repo) messageRow(m core.Message) messageRow {
	return messageRow{Workspace: r.ws, ID: string(m.ID), Conversation: string(m.Conversation), Contact: string(m.Contact), Channel: string(m.Channel),
		Identity: string(m.Identity), Direction: string(m.Direction), Author: asDoc(m.Author), Seq: m.Seq, Content: asDoc(m.Content),
		Status: string(m.Status), Error: asDoc(m.Error), At: at(m.At), Created: at(m.Created), Edited: at(m.Edited), Revoked: at(m.Revoked),
		Historic: m.Historic, Key: m.Key, Human: m.Human}
}

// AddMessage inserts a message with its parts and reports whether it won. What lost is taken away again: the message's id is the caller's own,
// so the rows can be no one else's.
func (r repo) AddMessage(ctx context.Context, m core.Message) (won bool, err error) {
	err = r.whole(ctx, func(r repo) error {
		if err := r.guardProviders(ctx, m.Parts...); err != nil {
			return err
		}
		row := r.messageRow(m)
		if won, err = r.win(ctx, &row, ""); err != nil || !won || len(m.Parts) == 0 {
			return err
		}
		rows := make([]partRow, len(m.Parts))
		for i, p := range m.Parts {
			rows[i] = r.partRow(m, p)
		}
		n, err := r.winAll(ctx, &rows)
		if err != nil || n == int64(len(rows)) {
			return err
		}
		won = false
		return r.unadd(ctx, m.ID)
	})
	return won && err == nil, err
}

func (r repo) unadd(ctx context.Context, id core.MessageID) error {
	if _, err := r.exec(ctx, "DELETE FROM parts WHERE workspace = ? AND message = ?", r.ws, id); err != nil {
		return err
	}
	_, err := r.exec(ctx, "DELETE FROM messages WHERE workspace = ? AND id = ?", r.ws, id)
	return err
}

// Message returns a message with its parts and reactions.
func (r repo) Message(ctx context.Context, id core.MessageID) (core.Message, error) {
	var m core.Message
	var parts []core.Part
	key := [][]any{{r.ws, string(id)}}
	err := r.look(ctx,
		r.s.find(messagesByID, "tt", key, func(scan func(...any) error) error { return one(scan, new(messageRow), &m) }),
		r.s.find(partsByMessage, "tt", key, func(scan func(...any) error) error { return another(scan, new(partRow), &parts) }))
	if err == nil && m.ID == "" {
		err = core.ErrNotFound
	}
	m.Parts = parts
	return m, err
}

func (r repo) MessageByKey(ctx context.Context, key string) (core.Message, error) {
	if key == "" {
		return core.Message{}, core.ErrNotFound
	}
	m, err := take[messageRow](r.withReactions(ctx).Where("key = ? AND key <> ''", key))
	if err != nil {
		return m, err
	}
	one := []core.Message{m}
	err = r.fill(ctx, one)
	return one[0], err
}

// Messages lists a conversation's that were not imported, with parts and reactions, by sequence descending; Page.Before is a sequence.
func (r repo) Messages(ctx context.Context, id core.ConversationID, p core.Page) ([]core.Message, error) {
	db := r.withReactions(ctx).Where("conversation = ? AND historic = ?", id, false)
	if p.Before != "" {
		before, err := sequence(p.Before)
		if err != nil {
			return nil, err
		}
		db = db.Where("seq < ?", before)
	}
	all, err := list[messageRow](db.Order("seq DESC, id DESC").Limit(limit(p)))
	if err != nil {
		return nil, err
	}
	return all, r.fill(ctx, all)
}

// ImportedMessages lists those of a conversation that were imported, with parts and reactions, by their own time and sequence, both descending.
func (r repo) ImportedMessages(ctx context.Context, id core.ConversationID, from core.Bookmark, most int) ([]core.Message, error) {
	db := r.withReactions(ctx).Where("conversation = ? AND historic", id)
	if !from.Imported.IsZero() {
		db = db.Where("(at, seq) < (?, ?)", at(from.Imported), from.Behind)
	}
	all, err := list[messageRow](db.Order("at DESC, seq DESC").Limit(limit(core.Page{Limit: most})))
	if err != nil {
		return nil, err
	}
	return all, r.fill(ctx, all)
}

// LastSender returns the identity of the newest message that came in by a channel in a conversation, and when it was stored. What was imported counts
// where nothing came since.
func (r repo) LastSender(ctx context.Context, id core.ConversationID, ch core.ChannelID) (core.IdentityID, time.Time, error) {
	for _, historic := range []bool{false, true} {
		m, err := take[messageRow](r.rows(ctx).Select("identity", "created").
			Where("conversation = ? AND historic = ? AND channel = ? AND direction = ?", id, historic, ch, core.In).Order("seq DESC, id DESC"))
		if !errors.Is(err, core.ErrNotFound) {
			return m.Identity, m.Created, err
		}
	}
	return "", time.Time{}, nil
}

// withReactions starts a query of messages that has the reactions to each as one more column.
func (r repo) withReactions(ctx context.Context) *gorm.DB {
	return r.rows(ctx).Select("*, " + r.s.reactionsTo("messages") + " AS reactions")
}

// fill gives messages their parts.
func (r repo) fill(ctx context.Context, all []core.Message) error {
	keys := make([][]any, len(all))
	place := map[core.MessageID]int{}
	for i, m := range all {
		keys[i], place[m.ID] = []any{r.ws, string(m.ID)}, i
	}
	var parts []core.Part
	err := r.look(ctx, r.s.find(partsByMessage, "tt", keys, func(scan func(...any) error) error { return another(scan, new(partRow), &parts) }))
	for _, p := range parts {
		m := &all[place[p.Message]]
		m.Parts = append(m.Parts, p)
	}
	return err
}

// SetMessageStatus sets the status and error of a message.
func (r repo) SetMessageStatus(ctx context.Context, id core.MessageID, s core.Status, e *core.SendError) error {
	return r.set(ctx, "messages", string(id), map[string]any{"status": s, "error": asDoc(e)})
}

type versionRow struct {
	Workspace, Message, ID string
	Content                doc[core.Content]
	Until                  stamp
}

func (versionRow) TableName() string { return "versions" }

func (r versionRow) core() core.Content { return r.Content.v }

// EditMessage keeps the present content as a version and replaces it. A message of one part has the new content in that part too.
func (r repo) EditMessage(ctx context.Context, id core.MessageID, content core.Content, when time.Time) error {
	return r.whole(ctx, func(r repo) error {
		m, err := take[messageRow](r.rows(ctx).Where("id = ?", id))
		if err != nil {
			return err
		}
		if reflect.DeepEqual(m.Content, content) {
			return r.set(ctx, "messages", string(id), map[string]any{"edited": at(when)})
		}
		version := versionRow{Workspace: r.ws, Message: string(id), ID: core.NewID[string](), Content: asDoc(m.Content), Until: at(when)}
		if err := r.insert(ctx, &version); err != nil {
			return err
		}
		if err := r.set(ctx, "messages", string(id), map[string]any{"content": asDoc(content), "edited": at(when)}); err != nil {
			return err
		}
		return r.setOnlyPart(ctx, id, content)
	})
}

// setOnlyPart gives the part of a message that has but one the message's content.
func (r repo) setOnlyPart(ctx context.Context, id core.MessageID, content core.Content) error {
	_, err := r.exec(ctx, "UPDATE parts SET content = ? WHERE workspace = ? AND message = ? AND "+
		"1 = (SELECT COUNT(*) FROM parts WHERE workspace = ? AND message = ?)", asDoc(content), r.ws, id, r.ws, id)
	return err
}

func (r repo) MarkAutomatic(ctx context.Context, id core.MessageID, why string) error {
	return r.whole(ctx, func(r repo) error {
		m, err := take[messageRow](r.rows(ctx).Where("id = ?", id))
		if err != nil {
			return err
		}
		m.Content.Automatic = why
		if err := r.set(ctx, "messages", string(id), map[string]any{"content": asDoc(m.Content)}); err != nil {
			return err
		}
		if err := r.setOnlyPart(ctx, id, m.Content); err != nil {
			return err
		}
		_, err = r.exec(ctx, "DELETE FROM conversation_events WHERE workspace = ? AND conversation = ? AND message = ? AND kind IN (?, ?, ?)",
			r.ws, m.Conversation, id, core.ConversationEventOpened, core.ConversationEventPhoneAnswered, core.ConversationEventAssigned)
		return err
	})
}

// RevokeMessage takes the content away, that of its parts, its versions and of the lines about its changes included. The kind stays, to say what was there.
func (r repo) RevokeMessage(ctx context.Context, id core.MessageID, when time.Time) error {
	return r.whole(ctx, func(r repo) error {
		m, err := take[messageRow](r.rows(ctx).Where("id = ?", id))
		if err != nil {
			return err
		}
		empty := asDoc(core.Content{Kind: m.Content.Kind})
		if err := r.set(ctx, "messages", string(id), map[string]any{"content": empty, "revoked": at(when)}); err != nil {
			return err
		}
		if _, err := r.exec(ctx, "UPDATE parts SET content = ? WHERE workspace = ? AND message = ?", empty, r.ws, id); err != nil {
			return err
		}
		if _, err := r.exec(ctx, "DELETE FROM versions WHERE workspace = ? AND message = ?", r.ws, id); err != nil {
			return err
		}
		_, err = r.exec(ctx, "UPDATE conversation_events SET text = ?, data = ? WHERE workspace = ? AND conversation = ? AND message = ? AND code = 'edit'",
			"Changed the message.", asDoc(map[string]string(nil)), r.ws, m.Conversation, id)
		return err
	})
}

// Versions lists what a message said before, oldest first.
func (r repo) Versions(ctx context.Context, id core.MessageID) ([]core.Content, error) {
	return list[versionRow](r.rows(ctx).Where("message = ?", id).Order("id"))
}

// reactionDoc is a reaction as a message's statement gives it.
type reactionDoc struct {
	Who    string
	Author core.Author
	Emoji  string
	At     stamp
}

func (d reactionDoc) core() core.Reaction {
	_, of, _ := strings.Cut(d.Who, "/")
	_, member, _ := strings.Cut(of, "/")
	return core.Reaction{By: d.Author, Member: member, Emoji: d.Emoji, At: d.At.time()}
}

// reactionsTo is a column of the reactions to a message, as JSON text in their order. Most have none, for which a statement of its own would be dear.
func (s *Store) reactionsTo(message string) string {
	const of = " ORDER BY r.at, r.who) FROM reactions r WHERE r.workspace = {m}.workspace AND r.message = {m}.id AND r.emoji <> '')"
	text := "(SELECT json_group_array(json_object('who', r.who, 'author', json(r.author), 'emoji', r.emoji, 'at', r.at)" + of
	if s.postgres != nil {
		text = "(SELECT json_agg(json_build_object('who', r.who, 'author', r.author::json, 'emoji', r.emoji, 'at', r.at)" + of + "::text"
	}
	return strings.ReplaceAll(text, "{m}", message)
}

// PutReaction sets or, with an empty emoji, removes the author's reaction; an older one changes nothing, and of two at one time the one stays that sorts
// last, an emoji before none. One taken back leaves a trace, or the older one that it took back could come after it and stay.
func (r repo) PutReaction(ctx context.Context, id core.MessageID, x core.Reaction) error {
	who := string(x.By.Kind) + "/" + string(x.By.Agent)
	if x.Member != "" {
		who += "/" + x.Member
	}
	_, err := r.exec(ctx, "INSERT INTO reactions (workspace, message, who, author, emoji, at) VALUES (?, ?, ?, ?, ?, ?) "+
		"ON CONFLICT (workspace, message, who) DO UPDATE SET author = excluded.author, emoji = excluded.emoji, at = excluded.at "+
		"WHERE (reactions.at, reactions.emoji) <= (excluded.at, excluded.emoji)", r.ws, id, who, asDoc(x.By), x.Emoji, at(x.At))
	return err
}

// sortBy is used where DELETE … RETURNING gives rows in any order.
func sortBy[T any](rows []T, key func(T) string) {
	slices.SortFunc(rows, func(a, b T) int {
		switch x, y := key(a), key(b); {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	})
}
