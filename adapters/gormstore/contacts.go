package gormstore

import (
	"context"
	"slices"
	"strings"
	"time"

	"causeway/core"

	"gorm.io/gorm/clause"
)

type contactRow struct {
	Workspace, ID, Name, Language    string
	OptedOut, MarketingStop, Blocked bool
	MergedInto                       optional
	Created, Erased                  stamp
}

func (contactRow) TableName() string { return "contacts" }

func (r contactRow) core() core.Contact {
	return core.Contact{ID: core.ContactID(r.ID), Workspace: core.WorkspaceID(r.Workspace), Name: r.Name, Language: r.Language, OptedOut: r.OptedOut,
		MarketingStop: r.MarketingStop, Blocked: r.Blocked, MergedInto: core.ContactID(r.MergedInto.id), Created: r.Created.time(), Erased: r.Erased.time()}
}

func (r repo) AddContact(ctx context.Context, c core.Contact) error {
	return r.insert(ctx, &contactRow{Workspace: r.ws, ID: string(c.ID), Name: c.Name, Language: c.Language, OptedOut: c.OptedOut,
		MarketingStop: c.MarketingStop, Blocked: c.Blocked, MergedInto: ref(c.MergedInto), Created: at(c.Created)})
}

// AddPerson inserts a contact known by an identity. What lost is taken away again: the contact's id is the caller's own.
func (r repo) AddPerson(ctx context.Context, c core.Contact, i core.Identity) (won bool, err error) {
	err = r.whole(ctx, func(r repo) error {
		if err := r.AddContact(ctx, c); err != nil {
			return err
		}
		i.Contact = c.ID
		if won, err = r.AddIdentity(ctx, i); err != nil || won {
			return err
		}
		_, err = r.exec(ctx, "DELETE FROM contacts WHERE workspace = ? AND id = ?", r.ws, c.ID)
		return err
	})
	return won && err == nil, err
}

func (r repo) Contact(ctx context.Context, id core.ContactID) (core.Contact, error) {
	return take[contactRow](r.rows(ctx).Where("id = ?", id))
}

// Contacts lists the contacts, merged ones too, newest first; Page.Before is an id. Those that were erased are not among them.
func (r repo) Contacts(ctx context.Context, p core.Page) ([]core.Contact, error) {
	return list[contactRow](back(r.rows(ctx).Where("erased IS NULL"), p))
}

// SetContact updates name, language, preferences and MergedInto. Nothing is written to one that was erased.
func (r repo) SetContact(ctx context.Context, c core.Contact) error {
	if !c.Erased.IsZero() {
		return core.ErrNotFound
	}
	return r.set(ctx, "contacts", string(c.ID), map[string]any{"name": c.Name, "language": c.Language, "opted_out": c.OptedOut,
		"marketing_stop": c.MarketingStop, "blocked": c.Blocked, "merged_into": ref(c.MergedInto)})
}

type identityRow struct {
	Workspace, ID, Contact, Scheme, Scope, Value, Source, Channel, Event string
	Seen                                                                 stamp
}

func (identityRow) TableName() string { return "identities" }

func (r identityRow) core() core.Identity {
	return core.Identity{ID: core.IdentityID(r.ID), Contact: core.ContactID(r.Contact), Source: r.Source, Channel: core.ChannelID(r.Channel),
		Event: r.Event, Seen: r.Seen.time(),
		Key: core.IdentityKey{Scheme: core.Scheme(r.Scheme), Scope: r.Scope, Value: r.Value}}
}

// Identities finds those of the given keys that are known, in the order of the keys.
func (r repo) Identities(ctx context.Context, keys []core.IdentityKey) ([]core.Identity, error) {
	var found []core.Identity
	for some := range slices.Chunk(keys, 100) { // more alternatives than a statement may have
		rows, err := list[identityRow](r.rows(ctx).Where(r.anyOf(some)))
		if err != nil {
			return nil, err
		}
		found = append(found, rows...)
	}
	var ordered []core.Identity
	for _, k := range keys {
		k.Value, k.Scope = readable(k.Value), readable(k.Scope)
		i := slices.IndexFunc(found, func(f core.Identity) bool { return f.Key == k })
		if i >= 0 && !slices.ContainsFunc(ordered, func(o core.Identity) bool { return o.ID == found[i].ID }) {
			ordered = append(ordered, found[i])
		}
	}
	return ordered, nil
}

// anyOf is the condition that a row has one of the keys, put so that both databases find each in the index.
func (r repo) anyOf(keys []core.IdentityKey) clause.Expression {
	values := make([]any, 0, 4*len(keys))
	for _, k := range keys {
		values = append(values, r.ws, k.Scheme, k.Scope, k.Value)
	}
	return clause.Expr{SQL: "(workspace, scheme, scope, value) IN (VALUES (?, ?, ?, ?)" + strings.Repeat(", (?, ?, ?, ?)", len(keys)-1) + ")", Vars: values}
}

// IdentitiesOf lists a contact's identities, oldest first.
func (r repo) IdentitiesOf(ctx context.Context, id core.ContactID) ([]core.Identity, error) {
	return list[identityRow](r.rows(ctx).Where("contact = ?", id).Order("id"))
}

// AddIdentity inserts an identity and reports whether it won.
func (r repo) AddIdentity(ctx context.Context, i core.Identity) (bool, error) {
	row := identityRow{Workspace: r.ws, ID: string(i.ID), Contact: string(i.Contact), Scheme: string(i.Key.Scheme), Scope: i.Key.Scope,
		Value: i.Key.Value, Source: i.Source, Channel: string(i.Channel), Event: i.Event, Seen: at(i.Seen)}
	return r.win(ctx, &row, "", "workspace", "scheme", "scope", "value")
}

// MoveIdentities changes the contact of the identities. ErrNotFound: one of them, or the contact, is not there; nothing is then moved.
func (r repo) MoveIdentities(ctx context.Context, ids []core.IdentityID, to core.ContactID) error {
	return r.whole(ctx, func(r repo) error { return r.move(ctx, "identities", "id", texts(ids), to, true) })
}

// MoveConversations changes the contact of the conversations, of their messages, and of what was ordered and said of them. ErrDuplicate: two of them would be open.
func (r repo) MoveConversations(ctx context.Context, ids []core.ConversationID, to core.ContactID) error {
	return r.whole(ctx, func(r repo) error {
		if err := r.movePurchases(ctx, ids, to); err != nil {
			return err
		}
		if err := r.move(ctx, "surveys", "conversation", texts(ids), to, false); err != nil {
			return err
		}
		if err := r.move(ctx, "conversations", "id", texts(ids), to, true); err != nil {
			return err
		}
		if err := r.move(ctx, "messages", "conversation", texts(ids), to, false); err != nil || len(ids) == 0 {
			return err
		}
		for piece := range slices.Chunk(texts(ids), 200) {
			if err := r.moveLedger(ctx, piece, to); err != nil {
				return err
			}
		}
		return nil
	})
}

// movePurchases is for conversations that have not been moved: it finds what was ordered in them among that of their contacts, by whom there is an index.
func (r repo) movePurchases(ctx context.Context, ids []core.ConversationID, to core.ContactID) error {
	for piece := range slices.Chunk(texts(ids), 200) {
		if _, err := r.exec(ctx, "UPDATE purchases SET contact = ? WHERE workspace = ? AND conversation IN ? AND contact IN "+
			"(SELECT contact FROM conversations WHERE workspace = ? AND id IN ?)", to, r.ws, piece, r.ws, piece); err != nil {
			return err
		}
	}
	return nil
}

// move sets the contact of the rows whose column is one of ids, in pieces that fit a statement.
func (r repo) move(ctx context.Context, table, column string, ids []string, to core.ContactID, every bool) error {
	for piece := range slices.Chunk(ids, 200) {
		res := r.changes(ctx).Table(table).Where("workspace = ? AND "+column+" IN ?", r.ws, piece).Updates(map[string]any{"contact": to})
		if res.Error != nil {
			return fail(res.Error)
		}
		if every && res.RowsAffected < int64(len(piece)) {
			return core.ErrNotFound
		}
	}
	return nil
}

func texts[T ~string](ids []T) []string {
	all := make([]string, len(ids))
	for i, id := range ids {
		all[i] = string(id)
	}
	return all
}

type mergeRow struct {
	Workspace, ID            string
	IntoContact, FromContact string
	Identities               doc[[]core.IdentityID]
	Conversations            doc[[]core.ConversationID]
	Reason                   string
	At, Undone               stamp
}

func (mergeRow) TableName() string { return "merges" }

func (r mergeRow) core() core.Merge {
	return core.Merge{ID: r.ID, Into: core.ContactID(r.IntoContact), From: core.ContactID(r.FromContact), Identities: r.Identities.v,
		Conversations: r.Conversations.v, Reason: r.Reason, At: r.At.time(), Undone: r.Undone.time()}
}

func (r repo) AddMerge(ctx context.Context, m core.Merge) error {
	return r.insert(ctx, &mergeRow{Workspace: r.ws, ID: m.ID, IntoContact: string(m.Into), FromContact: string(m.From), Identities: asDoc(m.Identities),
		Conversations: asDoc(m.Conversations), Reason: m.Reason, At: at(m.At), Undone: at(m.Undone)})
}

func (r repo) Merge(ctx context.Context, id string) (core.Merge, error) {
	return take[mergeRow](r.rows(ctx).Where("id = ?", id))
}

// MergesOf lists the merges from and into a contact, newest first.
func (r repo) MergesOf(ctx context.Context, id core.ContactID) ([]core.Merge, error) {
	return list[mergeRow](r.rows(ctx).Where("into_contact = ? OR from_contact = ?", id, id).Order("id DESC"))
}

func (r repo) SetMergeUndone(ctx context.Context, id string, when time.Time) error {
	return r.set(ctx, "merges", id, map[string]any{"undone": at(when)})
}
