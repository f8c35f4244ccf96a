package inbound

import (
	"context"
	"time"

	"causeway/core"
)

// What follows is rarer, and done row by row in the store once it has all that was held back.

// through reads from the store.
func through[T any](ctx context.Context, u *unit, read func(r core.Repo) (T, error)) (T, error) {
	if err := u.work.flush(ctx); err != nil {
		var zero T
		return zero, err
	}
	return read(u.raw)
}

// behind changes the store behind the unit's back.
func (u *unit) behind(ctx context.Context, change func(r core.Repo) error) error {
	if err := u.work.flush(ctx); err != nil {
		return err
	}
	u.forget()
	return change(u.raw)
}

func (u *unit) IdentitiesOf(ctx context.Context, id core.ContactID) ([]core.Identity, error) {
	return through(ctx, u, func(r core.Repo) ([]core.Identity, error) { return r.IdentitiesOf(ctx, id) })
}

func (u *unit) Contacts(ctx context.Context, p core.Page) ([]core.Contact, error) {
	return through(ctx, u, func(r core.Repo) ([]core.Contact, error) { return r.Contacts(ctx, p) })
}

func (u *unit) Merge(ctx context.Context, id string) (core.Merge, error) {
	return through(ctx, u, func(r core.Repo) (core.Merge, error) { return r.Merge(ctx, id) })
}

func (u *unit) MergesOf(ctx context.Context, id core.ContactID) ([]core.Merge, error) {
	return through(ctx, u, func(r core.Repo) ([]core.Merge, error) { return r.MergesOf(ctx, id) })
}

func (u *unit) Window(ctx context.Context, ch core.ChannelID, id core.ContactID) (core.WindowState, error) {
	return through(ctx, u, func(r core.Repo) (core.WindowState, error) { return r.Window(ctx, ch, id) })
}

func (u *unit) Reach(ctx context.Context, ch core.ChannelID, id core.ContactID) (core.Reach, error) {
	return through(ctx, u, func(r core.Repo) (core.Reach, error) { return r.Reach(ctx, ch, id) })
}

// SetWish forgets nothing: no wishes are kept here.
func (u *unit) SetWish(ctx context.Context, w core.Wish) (bool, error) {
	return through(ctx, u, func(r core.Repo) (bool, error) { return r.SetWish(ctx, w) })
}

func (u *unit) Wish(ctx context.Context, ch core.ChannelID, id core.IdentityID, marketing bool) (core.Wish, error) {
	return through(ctx, u, func(r core.Repo) (core.Wish, error) { return r.Wish(ctx, ch, id, marketing) })
}

func (u *unit) Wishes(ctx context.Context, ch core.ChannelID, id core.ContactID) ([]core.Wish, error) {
	return through(ctx, u, func(r core.Repo) ([]core.Wish, error) { return r.Wishes(ctx, ch, id) })
}

func (u *unit) Conversation(ctx context.Context, id core.ConversationID) (core.Conversation, error) {
	if c := u.conversations[id]; c != nil {
		return c.Conversation, nil
	}
	return through(ctx, u, func(r core.Repo) (core.Conversation, error) { return r.Conversation(ctx, id) })
}

func (u *unit) Conversations(ctx context.Context, f core.ConversationFilter, p core.Page) ([]core.Conversation, error) {
	return through(ctx, u, func(r core.Repo) ([]core.Conversation, error) { return r.Conversations(ctx, f, p) })
}

func (u *unit) AllOpen(ctx context.Context) ([]core.ConversationID, error) {
	return through(ctx, u, func(r core.Repo) ([]core.ConversationID, error) { return r.AllOpen(ctx) })
}

func (u *unit) ConversationEvents(ctx context.Context, id core.ConversationID) ([]core.ConversationEvent, error) {
	return through(ctx, u, func(r core.Repo) ([]core.ConversationEvent, error) { return r.ConversationEvents(ctx, id) })
}

func (u *unit) MessageByKey(ctx context.Context, key string) (core.Message, error) {
	return through(ctx, u, func(r core.Repo) (core.Message, error) { return r.MessageByKey(ctx, key) })
}

func (u *unit) Messages(ctx context.Context, id core.ConversationID, p core.Page) ([]core.Message, error) {
	return through(ctx, u, func(r core.Repo) ([]core.Message, error) { return r.Messages(ctx, id, p) })
}

func (u *unit) LastSender(ctx context.Context, id core.ConversationID, ch core.ChannelID) (core.IdentityID, time.Time, error) {
	if err := u.work.flush(ctx); err != nil {
		return "", time.Time{}, err
	}
	return u.raw.LastSender(ctx, id, ch)
}

func (u *unit) ImportedMessages(ctx context.Context, id core.ConversationID, from core.Bookmark, limit int) ([]core.Message, error) {
	return through(ctx, u, func(r core.Repo) ([]core.Message, error) { return r.ImportedMessages(ctx, id, from, limit) })
}

func (u *unit) Versions(ctx context.Context, id core.MessageID) ([]core.Content, error) {
	return through(ctx, u, func(r core.Repo) ([]core.Content, error) { return r.Versions(ctx, id) })
}

func (u *unit) NextPart(ctx context.Context, id core.ConversationID) (core.Part, error) {
	return through(ctx, u, func(r core.Repo) (core.Part, error) { return r.NextPart(ctx, id) })
}

func (u *unit) PartsOf(ctx context.Context, id core.MessageID) ([]core.Part, error) {
	return through(ctx, u, func(r core.Repo) ([]core.Part, error) { return r.PartsOf(ctx, id) })
}

func (u *unit) PartsAfter(ctx context.Context, p core.Part, limit int) ([]core.Part, error) {
	return through(ctx, u, func(r core.Repo) ([]core.Part, error) { return r.PartsAfter(ctx, p, limit) })
}

func (u *unit) GivenUp(ctx context.Context, ch core.ChannelID, limit int) ([]core.Part, error) {
	return through(ctx, u, func(r core.Repo) ([]core.Part, error) { return r.GivenUp(ctx, ch, limit) })
}

func (u *unit) PartsIn(ctx context.Context, ch core.ChannelID, s core.Status, limit int) ([]core.Part, error) {
	return through(ctx, u, func(r core.Repo) ([]core.Part, error) { return r.PartsIn(ctx, ch, s, limit) })
}

func (u *unit) Attempts(ctx context.Context, id core.PartID) ([]core.Attempt, error) {
	return through(ctx, u, func(r core.Repo) ([]core.Attempt, error) { return r.Attempts(ctx, id) })
}

func (u *unit) File(ctx context.Context, id core.MediaID) (core.File, error) {
	return through(ctx, u, func(r core.Repo) (core.File, error) { return r.File(ctx, id) })
}

func (u *unit) DeadLetters(ctx context.Context, p core.Page) ([]core.DeadLetter, error) {
	return through(ctx, u, func(r core.Repo) ([]core.DeadLetter, error) { return r.DeadLetters(ctx, p) })
}

func (u *unit) DeadLetter(ctx context.Context, id string) (core.DeadLetter, error) {
	return through(ctx, u, func(r core.Repo) (core.DeadLetter, error) { return r.DeadLetter(ctx, id) })
}

func (u *unit) MoveIdentities(ctx context.Context, ids []core.IdentityID, to core.ContactID) error {
	return u.behind(ctx, func(r core.Repo) error { return r.MoveIdentities(ctx, ids, to) })
}

func (u *unit) MoveConversations(ctx context.Context, ids []core.ConversationID, to core.ContactID) error {
	return u.behind(ctx, func(r core.Repo) error { return r.MoveConversations(ctx, ids, to) })
}

func (u *unit) AddContact(ctx context.Context, c core.Contact) error {
	return u.behind(ctx, func(r core.Repo) error { return r.AddContact(ctx, c) })
}

func (u *unit) SetContact(ctx context.Context, c core.Contact) error {
	return u.behind(ctx, func(r core.Repo) error { return r.SetContact(ctx, c) })
}

func (u *unit) AddMerge(ctx context.Context, m core.Merge) error {
	return u.behind(ctx, func(r core.Repo) error { return r.AddMerge(ctx, m) })
}

func (u *unit) SetMergeUndone(ctx context.Context, id string, at time.Time) error {
	return u.behind(ctx, func(r core.Repo) error { return r.SetMergeUndone(ctx, id, at) })
}

func (u *unit) CloseWindow(ctx context.Context, ch core.ChannelID, id core.IdentityID, at time.Time) error {
	return u.behind(ctx, func(r core.Repo) error { return r.CloseWindow(ctx, ch, id, at) })
}

func (u *unit) TakeLane(ctx context.Context, lane string, token int64) (bool, error) {
	return through(ctx, u, func(r core.Repo) (bool, error) { return r.TakeLane(ctx, lane, token) })
}

func (u *unit) EditMessage(ctx context.Context, id core.MessageID, content core.Content, at time.Time) error {
	return u.behind(ctx, func(r core.Repo) error { return r.EditMessage(ctx, id, content, at) })
}

func (u *unit) RevokeMessage(ctx context.Context, id core.MessageID, at time.Time) error {
	return u.behind(ctx, func(r core.Repo) error { return r.RevokeMessage(ctx, id, at) })
}

func (u *unit) MarkAutomatic(ctx context.Context, id core.MessageID, why string) error {
	return u.behind(ctx, func(r core.Repo) error { return r.MarkAutomatic(ctx, id, why) })
}

func (u *unit) PutReaction(ctx context.Context, id core.MessageID, x core.Reaction) error {
	return u.behind(ctx, func(r core.Repo) error { return r.PutReaction(ctx, id, x) })
}

func (u *unit) AddAttempt(ctx context.Context, a core.Attempt) error {
	return u.behind(ctx, func(r core.Repo) error { return r.AddAttempt(ctx, a) })
}

func (u *unit) FilesOf(ctx context.Context, id core.MessageID) ([]core.File, error) {
	return through(ctx, u, func(r core.Repo) ([]core.File, error) { return r.FilesOf(ctx, id) })
}

func (u *unit) SetFile(ctx context.Context, f core.File) error {
	return u.behind(ctx, func(r core.Repo) error { return r.SetFile(ctx, f) })
}

func (u *unit) SpareFile(ctx context.Context, id core.MediaID, ch core.ChannelID, m core.Media) error {
	return u.behind(ctx, func(r core.Repo) error { return r.SpareFile(ctx, id, ch, m) })
}

func (u *unit) UseSpare(ctx context.Context, id core.MediaID) (there bool, err error) {
	err = u.behind(ctx, func(r core.Repo) (err error) { there, err = r.UseSpare(ctx, id); return err })
	return there, err
}

func (u *unit) TakeOverdue(ctx context.Context, now time.Time, limit int) ([]core.DeadLetter, error) {
	return through(ctx, u, func(r core.Repo) ([]core.DeadLetter, error) { return r.TakeOverdue(ctx, now, limit) })
}

func (u *unit) AddDeadLetter(ctx context.Context, d core.DeadLetter) error {
	return u.raw.AddDeadLetter(ctx, d)
}

func (u *unit) RemoveDeadLetter(ctx context.Context, id string) error {
	return u.raw.RemoveDeadLetter(ctx, id)
}

func (u *unit) AddNotice(ctx context.Context, n core.Notice) (bool, error) {
	return through(ctx, u, func(r core.Repo) (bool, error) { return r.AddNotice(ctx, n) })
}

func (u *unit) AddMail(ctx context.Context, m core.Mail) (bool, error) {
	return through(ctx, u, func(r core.Repo) (bool, error) { return r.AddMail(ctx, m) })
}

// What the ledger knows is never held back.

func (u *unit) SetNumber(ctx context.Context, id core.ChannelID, number string, phone bool) (core.Channel, error) {
	return through(ctx, u, func(r core.Repo) (core.Channel, error) { return r.SetNumber(ctx, id, number, phone) })
}

func (u *unit) Ledger(ctx context.Context, number, stanza string) ([]core.LedgerEntry, error) {
	return through(ctx, u, func(r core.Repo) ([]core.LedgerEntry, error) { return r.Ledger(ctx, number, stanza) })
}

func (u *unit) AddToLedger(ctx context.Context, e core.LedgerEntry) (bool, error) {
	return through(ctx, u, func(r core.Repo) (bool, error) { return r.AddToLedger(ctx, e) })
}

func (u *unit) SeeInLedger(ctx context.Context, k core.LedgerKey, phone bool, s core.Sight) error {
	return u.raw.SeeInLedger(ctx, k, phone, s)
}

func (u *unit) PassInLedger(ctx context.Context, k core.LedgerKey, p core.Part) error {
	return u.raw.PassInLedger(ctx, k, p)
}

func (u *unit) Enliven(ctx context.Context, id core.MessageID, to core.ConversationID, seq int64) error {
	return u.behind(ctx, func(r core.Repo) error { return r.Enliven(ctx, id, to, seq) })
}

func (u *unit) CountLedger(ctx context.Context, number string, from, to time.Time) (core.LedgerCount, error) {
	return u.raw.CountLedger(ctx, number, from, to)
}

func (u *unit) LedgerGaps(ctx context.Context, number string, from, to time.Time, limit int) ([]core.LedgerEntry, error) {
	return u.raw.LedgerGaps(ctx, number, from, to, limit)
}

func (u *unit) LedgerDoubles(ctx context.Context, limit int) ([][2]core.LedgerEntry, error) {
	return u.raw.LedgerDoubles(ctx, limit)
}
