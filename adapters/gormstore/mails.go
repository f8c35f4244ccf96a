package gormstore

import (
	"context"

	"causeway/core"
)

type noticeRow struct {
	Workspace, ID          string
	Conversation           optional
	Agent, Kind, Key       string
	Message                optional
	Album                  int
	Text                   string
	Mail                   optional
	State, MessageID, Body string
	Error                  string
	Attempts               int
	Created, Sent          stamp
}

func (noticeRow) TableName() string { return "notices" }

func (r noticeRow) core() core.Notice {
	return core.Notice{ID: core.NoticeID(r.ID), Conversation: core.ConversationID(r.Conversation.id), Agent: core.AgentID(r.Agent),
		Kind: core.NoticeKind(r.Kind), Key: r.Key, Message: core.MessageID(r.Message.id), Album: r.Album, Text: r.Text, Mail: core.MailID(r.Mail.id),
		State: core.NoticeState(r.State), MessageID: r.MessageID, Body: r.Body, Error: r.Error, Attempts: r.Attempts, Created: r.Created.time(),
		Sent: r.Sent.time()}
}

// AddNotice adds a notice and reports whether it won: false means that one with the same Key is there.
func (r repo) AddNotice(ctx context.Context, n core.Notice) (bool, error) {
	row := noticeRow{Workspace: r.ws, ID: string(n.ID), Conversation: ref(n.Conversation), Agent: string(n.Agent), Kind: string(n.Kind), Key: n.Key,
		Message: ref(n.Message), Album: n.Album, Text: n.Text, Mail: ref(n.Mail), State: string(n.State), MessageID: n.MessageID, Body: n.Body, Error: n.Error,
		Attempts: n.Attempts, Created: at(n.Created), Sent: at(n.Sent)}
	return r.win(ctx, &row, "key <> ''", "workspace", "key")
}

// NextNotice returns the conversation's oldest notice that waits; of those without a conversation, for the empty id.
func (r repo) NextNotice(ctx context.Context, id core.ConversationID, held ...core.AgentID) (core.Notice, error) {
	db := r.rows(ctx).Where("state = 'waiting'")
	if len(held) > 0 {
		db = db.Where("agent NOT IN ?", texts(held))
	}
	if id == "" {
		db = db.Where("conversation IS NULL")
	} else {
		db = db.Where("conversation = ?", id)
	}
	return take[noticeRow](db.Order("id").Limit(1))
}

// SetNotice updates state, message id, body, sent, attempts and error.
func (r repo) SetNotice(ctx context.Context, n core.Notice) error {
	return r.set(ctx, "notices", string(n.ID), map[string]any{"state": n.State, "message_id": n.MessageID, "body": n.Body, "sent": at(n.Sent),
		"attempts": n.Attempts, "error": n.Error})
}

// NoticesTo lists what was sent of a conversation to an agent, newest first.
func (r repo) NoticesTo(ctx context.Context, id core.ConversationID, agent core.AgentID, most int) ([]core.Notice, error) {
	if most <= 0 {
		most = 50
	}
	return list[noticeRow](r.rows(ctx).Where("conversation = ? AND agent = ? AND state = 'sent'", id, agent).Order("sent DESC, id DESC").Limit(most))
}

type mailRow struct {
	Workspace, ID, Key                 string
	Agent, Conversation                optional
	Sender, Recipient, Remote, BlobKey string
	Trusted                            bool
	State, Reason                      string
	Message                            optional
	Received                           stamp
}

func (mailRow) TableName() string { return "mails" }

func (r mailRow) core() core.Mail {
	return core.Mail{ID: core.MailID(r.ID), Key: r.Key, Agent: core.AgentID(r.Agent.id), Conversation: core.ConversationID(r.Conversation.id),
		From: r.Sender, To: r.Recipient, Remote: r.Remote, Blob: r.BlobKey, Trusted: r.Trusted, State: core.MailState(r.State), Reason: r.Reason,
		Message: core.MessageID(r.Message.id), Received: r.Received.time()}
}

// AddMail stores an agent's mail; false: a mail with this Key is there already.
func (r repo) AddMail(ctx context.Context, m core.Mail) (bool, error) {
	row := mailRow{Workspace: r.ws, ID: string(m.ID), Key: m.Key, Agent: ref(m.Agent), Conversation: ref(m.Conversation), Sender: m.From, Recipient: m.To,
		Remote: m.Remote, BlobKey: m.Blob, Trusted: m.Trusted, State: string(m.State), Reason: m.Reason, Message: ref(m.Message), Received: at(m.Received)}
	return r.win(ctx, &row, "key <> ''", "workspace", "key")
}

func (r repo) Mail(ctx context.Context, id core.MailID) (core.Mail, error) {
	return take[mailRow](r.rows(ctx).Where("id = ?", id))
}

// NextMail returns the conversation's oldest mail, by id, that is new.
func (r repo) NextMail(ctx context.Context, id core.ConversationID) (core.Mail, error) {
	return take[mailRow](r.rows(ctx).Where("conversation = ? AND state = 'new'", id).Order("id").Limit(1))
}

// MailsIn lists the mails in a state, by id.
func (r repo) MailsIn(ctx context.Context, state core.MailState, most int) ([]core.Mail, error) {
	db := r.rows(ctx).Where("state = ?", state)
	if state == core.MailNew {
		db = r.rows(ctx).Where("state = 'new'") // for its index
	}
	return list[mailRow](db.Order("id").Limit(max(most, 1)))
}

// SetMail updates state, reason, message and whether it is trusted.
func (r repo) SetMail(ctx context.Context, m core.Mail) error {
	return r.set(ctx, "mails", string(m.ID), map[string]any{"state": m.State, "reason": m.Reason, "message": ref(m.Message), "trusted": m.Trusted})
}
