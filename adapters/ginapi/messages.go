package ginapi

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"causeway/core"

	"github.com/danielgtaylor/huma/v2"
)

const tagMessages = "Messages"

// messageView is a message as the API shows it.
type messageView struct {
	ID           core.MessageID      `json:"id"`
	Trace        string              `json:"trace,omitempty" doc:"by which the message is found in logs, mails and the channel log"`
	Conversation core.ConversationID `json:"conversation"`
	Contact      core.ContactID      `json:"contact"`
	Channel      core.ChannelID      `json:"channel"`
	Seq          int64               `json:"seq" doc:"in which order Causeway learned of it"`
	Direction    core.Direction      `json:"direction" enum:"in,out" doc:"as seen from the business"`
	Author       core.Author         `json:"author"`
	Content      core.Content        `json:"content"`
	Status       core.Status         `json:"status" enum:"received,queued,parked,sending,unknown,sent,delivered,read,failed"`
	Error        *failureView        `json:"error,omitempty"`
	At           time.Time           `json:"at" doc:"by the provider's clock for what came in"`
	Created      time.Time           `json:"created_at"`
	Edited       time.Time           `json:"edited_at,omitzero"`
	Revoked      time.Time           `json:"revoked_at,omitzero" doc:"deleted for everyone then; the content is gone"`
	Historic     bool                `json:"historic,omitempty" doc:"imported"`
	Human        bool                `json:"human_agent,omitempty" doc:"sent in the extended window for people"`
	Reactions    []core.Reaction     `json:"reactions,omitempty"`
	Parts        []partView          `json:"parts,omitempty" doc:"what is sent and receipted on its own"`
}

// partView is a part as the API shows it.
type partView struct {
	ID        core.PartID      `json:"id"`
	Kind      core.ContentKind `json:"kind"`
	Provider  string           `json:"provider_id,omitempty"`
	Status    core.Status      `json:"status"`
	Error     *failureView     `json:"error,omitempty"`
	Attempts  int              `json:"attempts"`
	NotBefore time.Time        `json:"not_before,omitzero"`
	Sent      time.Time        `json:"sent_at,omitzero"`
}

// failureView says why something was not sent, and what to do.
type failureView struct {
	Code    string       `json:"code,omitempty" doc:"the provider's"`
	Outcome core.Outcome `json:"outcome" enum:"rejected,unknown" doc:"unknown: it may have gone out"`
	Reason  string       `json:"reason"`
	Remedy  string       `json:"remedy,omitempty"`
}

// decisionView is the send gate's answer.
type decisionView struct {
	Verdict core.Verdict `json:"verdict" enum:"send,send-human,template,park,refuse"`
	Code    core.Code    `json:"code,omitempty"`
	Reason  string       `json:"reason,omitempty"`
	Remedy  string       `json:"remedy,omitempty"`
	Until   time.Time    `json:"until,omitzero" doc:"until when free-form text may be sent"`
}

func showMessage(m core.Message) messageView {
	v := messageView{ID: m.ID, Trace: m.Trace(), Conversation: m.Conversation, Contact: m.Contact, Channel: m.Channel, Seq: m.Seq, Direction: m.Direction, Author: m.Author,
		Content: showContent(m.Content, m.Direction), Status: m.Status, Error: showFailure(m.Error), At: m.At, Created: m.Created, Edited: m.Edited,
		Revoked: m.Revoked, Historic: m.Historic, Human: m.Human, Reactions: m.Reactions}
	for _, p := range m.Parts {
		v.Parts = append(v.Parts, partView{ID: p.ID, Kind: p.Content.Kind, Provider: p.Provider, Status: p.Status, Error: showFailure(p.Error),
			Attempts: p.Attempts, NotBefore: p.NotBefore, Sent: p.Sent})
	}
	return v
}

// showContent leaves out where the provider keeps a file: such addresses can hold its credentials.
func showContent(c core.Content, d core.Direction) core.Content {
	if c.Media != nil && c.Media.URL != "" && d == core.In {
		media := *c.Media
		media.URL = ""
		c.Media = &media
	}
	return c
}

// showFailure leaves out the provider's own words, which are for the log.
func showFailure(e *core.SendError) *failureView {
	if e == nil {
		return nil
	}
	return &failureView{Code: e.Code, Outcome: cmp.Or(e.Outcome, core.Unknown), Reason: e.Reason, Remedy: e.Remedy}
}

func showDecision(d core.Decision) decisionView {
	return decisionView{Verdict: d.Verdict, Code: d.Code, Reason: d.Reason, Remedy: d.Remedy, Until: d.Until}
}

func (s *Server) messageOperations(api huma.API) {
	handle(s, api, operation{id: "list-messages", method: http.MethodGet, path: "/conversations/{id}/messages", tag: tagMessages, scope: scopeRead,
		summary: "List a conversation's messages, newest first; what was imported stands among them by its own time"}, s.listMessages)
	handle(s, api, operation{id: "get-message", method: http.MethodGet, path: "/messages/{id}", tag: tagMessages, scope: scopeRead,
		summary: "Show a message and how far it has come"}, s.getMessage)
	handle(s, api, operation{id: "react-to-message", method: http.MethodPut, path: "/messages/{id}/reaction", tag: tagMessages, scope: scopeSend,
		summary: "Put an emoji on a message, or take it back"}, s.react)
	handle(s, api, operation{id: "edit-message", method: http.MethodPut, path: "/messages/{id}/text", tag: tagMessages, scope: scopeSend,
		summary: "Change the text of a message that was sent, at the contact too; what becomes of it stands in the message and the conversation", status: http.StatusAccepted}, s.edit)
	handle(s, api, operation{id: "delete-message", method: http.MethodDelete, path: "/messages/{id}", tag: tagMessages, scope: scopeSend,
		summary: "Delete a message that was sent, at the contact too; what becomes of it stands in the message and the conversation", status: http.StatusAccepted}, s.revoke)
	handle(s, api, operation{id: "send-messages", method: http.MethodPost, path: "/conversations/{id}/messages", tag: tagMessages, scope: scopeSend,
		summary: "Send messages in a conversation: all of them or, if one may not be sent, none", status: http.StatusCreated}, s.sendInConversation)
	handle(s, api, operation{id: "try-messages", method: http.MethodPost, path: "/conversations/{id}/messages/dry-run", tag: tagMessages, scope: scopeSend,
		summary: "Ask whether messages could be sent now, and in which parts, without sending them"}, s.tryInConversation)
	handle(s, api, operation{id: "send-to-contact", method: http.MethodPost, path: "/contacts/{id}/messages", tag: tagMessages, scope: scopeSend,
		summary: "Send messages to a contact, in their open conversation or a new one", status: http.StatusCreated}, s.sendToContact)
}

type reactionInput struct {
	ByID
	Body struct {
		Emoji string       `json:"emoji" maxLength:"32" doc:"empty: take it back"`
		Agent core.AgentID `json:"agent,omitempty" maxLength:"64" doc:"the agent whose reaction it is; the program's own if left out"`
	}
}

// acting finds a message, and who acts on it: the program, or the agent that the input names in a field.
func (s *Server) acting(ctx context.Context, repo core.Repo, id string, agent core.AgentID, field string) (core.MessageID, core.Author, error) {
	m, err := repo.Message(ctx, core.MessageID(id))
	if err != nil {
		return "", core.Author{}, missing(err, "message")
	}
	by, err := s.author(ctx, agent, field)
	return m.ID, by, err
}

func (s *Server) react(ctx context.Context, repo core.Repo, in *reactionInput) (*none, error) {
	m, by, err := s.acting(ctx, repo, in.ID, in.Body.Agent, "body.agent")
	if err != nil {
		return nil, err
	}
	return &none{}, s.Outbox.React(ctx, caller(ctx).Workspace, m, by, in.Body.Emoji)
}

type editInput struct {
	ByID
	Body struct {
		Text  string       `json:"text" minLength:"1" maxLength:"65536"`
		Agent core.AgentID `json:"agent,omitempty" maxLength:"64" doc:"the agent who changes it; the program itself if left out"`
	}
}

func (s *Server) edit(ctx context.Context, repo core.Repo, in *editInput) (*none, error) {
	m, by, err := s.acting(ctx, repo, in.ID, in.Body.Agent, "body.agent")
	if err != nil {
		return nil, err
	}
	return &none{}, s.Outbox.Amend(ctx, caller(ctx).Workspace, m, core.Amendment{Action: core.ActionEdit, Text: in.Body.Text, By: by})
}

type revokeInput struct {
	ByID
	Agent core.AgentID `query:"agent" maxLength:"64" doc:"the agent who deletes it; the program itself if left out"`
}

func (s *Server) revoke(ctx context.Context, repo core.Repo, in *revokeInput) (*none, error) {
	m, by, err := s.acting(ctx, repo, in.ID, in.Agent, "query.agent")
	if err != nil {
		return nil, err
	}
	return &none{}, s.Outbox.Amend(ctx, caller(ctx).Workspace, m, core.Amendment{Action: core.ActionRevoke, By: by})
}

type messageQuery struct {
	ByID
	Paging
}

func (s *Server) listMessages(ctx context.Context, repo core.Repo, in *messageQuery) (*answer[pageView[messageView]], error) {
	p, err := in.page(isBookmark)
	if err != nil {
		return nil, err
	}
	c, err := repo.Conversation(ctx, core.ConversationID(in.ID))
	if err != nil {
		return nil, missing(err, "conversation")
	}
	from, err := core.ParseBookmark(p.Before)
	if err != nil {
		return nil, err
	}
	all, next, err := core.Timeline(ctx, repo, c.ID, from, p.Limit)
	if err == nil {
		err = core.LinkQuotes(ctx, repo, all)
	}
	return reply(pageOf(all, p, showMessage, func(core.Message) string { return next.String() }), err)
}

func (s *Server) getMessage(ctx context.Context, repo core.Repo, in *ByID) (*answer[messageView], error) {
	m, err := repo.Message(ctx, core.MessageID(in.ID))
	if err != nil {
		return nil, missing(err, "message")
	}
	one := []core.Message{m}
	err = core.LinkQuotes(ctx, repo, one)
	return reply(showMessage(one[0]), err)
}
