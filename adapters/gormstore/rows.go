package gormstore

import "strings"

// The tables that bulks write to and read from: the columns of each with their types, and where a row has them, to be written and to be scanned into,
// all in the same order.

var contactTable = table{"contacts", "workspace, id, name, language, opted_out, marketing_stop, blocked, merged_into, created, erased", "ttttbbbTnn"}

func (r *contactRow) fields() []any {
	return []any{&r.Workspace, &r.ID, &r.Name, &r.Language, &r.OptedOut, &r.MarketingStop, &r.Blocked, &r.MergedInto, &r.Created, &r.Erased}
}

var channelTable = table{name: "channels", columns: "workspace, id, kind, name, account, settings, state, health, free_window, seen_in, created, number, phone, twin"}

func (r *channelRow) fields() []any {
	return []any{&r.Workspace, &r.ID, &r.Kind, &r.Name, &r.Account, &r.Settings, &r.State, &r.Health, &r.FreeWindow, &r.SeenIn, &r.Created, &r.Number, &r.Phone,
		&r.Twin}
}

var identityTable = table{"identities", "workspace, id, contact, scheme, scope, value, source, seen, channel, event", "tttttttntt"}

func (r *identityRow) fields() []any {
	return []any{&r.Workspace, &r.ID, &r.Contact, &r.Scheme, &r.Scope, &r.Value, &r.Source, &r.Seen, &r.Channel, &r.Event}
}

var wishTable = table{name: "wishes", columns: "workspace, channel, identity, marketing, stop, block, confirm, at"}

func (r *wishRow) fields() []any {
	return []any{&r.Workspace, &r.Channel, &r.Identity, &r.Marketing, &r.Stop, &r.Block, &r.Confirm, &r.At}
}

var conversationTable = table{"conversations", "workspace, id, contact, number, state, channel, agent, team, subject, opened, closed, last_at, waiting, seq, referral",
	"tttntTTTtnnnniT"}

func (r *conversationRow) fields() []any {
	return []any{&r.Workspace, &r.ID, &r.Contact, &r.Number, &r.State, &r.Channel, &r.Agent, &r.Team, &r.Subject, &r.Opened, &r.Closed, &r.LastAt,
		&r.Waiting, &r.Seq, &r.Referral}
}

var messageTable = table{"messages", "workspace, id, conversation, contact, channel, identity, direction, author, seq, content, status, error, at, created, " +
	"edited, revoked, historic, key, human", "ttttttttittTnnnnbtb"}

// fields has the reactions to the message behind its columns.
func (r *messageRow) fields() []any {
	return []any{&r.Workspace, &r.ID, &r.Conversation, &r.Contact, &r.Channel, &r.Identity, &r.Direction, &r.Author, &r.Seq, &r.Content, &r.Status, &r.Error,
		&r.At, &r.Created, &r.Edited, &r.Revoked, &r.Historic, &r.Key, &r.Human, &r.Reactions}
}

var partTable = table{"parts", "workspace, id, message, conversation, channel, seq, content, provider, stanza, status, error, attempts, not_before, sent, updated",
	"tttttittttTinnn"}

func (r *partRow) fields() []any {
	return []any{&r.Workspace, &r.ID, &r.Message, &r.Conversation, &r.Channel, &r.Seq, &r.Content, &r.Provider, &r.Stanza, &r.Status, &r.Error, &r.Attempts,
		&r.NotBefore, &r.Sent, &r.Updated}
}

var fileTable = table{"files", "workspace, id, channel, conversation, message, media, mime, name, size, state, blob_key, error, tries, created", "ttTTTtttitttin"}

func (r *fileRow) fields() []any {
	return []any{&r.Workspace, &r.ID, &r.Channel, &r.Conversation, &r.Message, &r.Media, &r.MIME, &r.Name, &r.Size, &r.State, &r.BlobKey, &r.Error, &r.Tries, &r.Created}
}

var conversationEventTable = table{"conversation_events", "workspace, conversation, id, kind, author, message, code, data, text, at", "tttttttttn"}

func (r *conversationEventRow) fields() []any {
	return []any{&r.Workspace, &r.Conversation, &r.ID, &r.Kind, &r.Author, &r.Message, &r.Code, &r.Data, &r.Text, &r.At}
}

var windowTable = table{"reply_windows", "workspace, channel, identity, last", "tttn"}

type windowRow struct {
	Workspace, Channel, Identity string
	Last                         stamp
}

func (r *windowRow) fields() []any { return []any{&r.Workspace, &r.Channel, &r.Identity, &r.Last} }

var seenTable = table{"seen_events", "workspace, channel, kind, id, at", "ttttn"}

var logTable = table{"channel_log", "workspace, id, channel, at, inward, method, url, status, took, request, response, note", "tttnbttiittt"}

func (r *logRow) fields() []any {
	return []any{&r.Workspace, &r.ID, &r.Channel, &r.At, &r.Inward, &r.Method, &r.URL, &r.Status, &r.Took, &r.Request, &r.Response, &r.Note}
}

// of is the columns under a name for the table.
func (t table) of(alias string) string {
	return alias + "." + strings.ReplaceAll(t.columns, ", ", ", "+alias+".")
}
