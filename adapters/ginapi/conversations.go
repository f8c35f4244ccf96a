package ginapi

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"causeway/core"

	"github.com/danielgtaylor/huma/v2"
)

const tagConversations = "Conversations"

// ConversationView is a conversation as the API shows it.
type ConversationView struct {
	ID       core.ConversationID    `json:"id"`
	Number   int64                  `json:"number" doc:"what people call it: #number"`
	State    core.ConversationState `json:"state" enum:"open,closed"`
	Contact  core.ContactID         `json:"contact"`
	Channel  core.ChannelID         `json:"channel" doc:"the channel the contact last wrote on; answers leave by it"`
	Agent    core.AgentID           `json:"agent,omitempty"`
	Team     core.TeamID            `json:"team,omitempty"`
	Subject  string                 `json:"subject,omitempty" doc:"of its mail thread"`
	Opened   time.Time              `json:"opened_at"`
	Closed   time.Time              `json:"closed_at,omitzero"`
	Last     time.Time              `json:"last_message_at,omitzero"`
	Waiting  time.Time              `json:"waiting_since,omitzero" doc:"since when the contact waits for a person's answer"`
	Referral *core.Referral         `json:"referral,omitempty"`
}

// conversationDetailView is a conversation with who it is with and what may be sent now.
type conversationDetailView struct {
	ConversationView
	ContactName string      `json:"contact_name,omitempty"`
	Typing      bool        `json:"typing,omitempty" doc:"the contact is writing just now; only the web chat tells"`
	Window      *windowView `json:"window,omitempty" doc:"absent while the channel cannot be opened"`
}

// windowView is a channel's reply window for one contact.
type windowView struct {
	Open       bool       `json:"open" doc:"a program may send free-form text now"`
	Limited    bool       `json:"limited" doc:"false: the channel has no window"`
	ClosesAt   time.Time  `json:"closes_at,omitzero" doc:"from when on free-form text is refused, or was"`
	HumanUntil time.Time  `json:"human_until,omitzero" doc:"until when an agent may still answer after that"`
	Rule       core.After `json:"rule" enum:"anything,templates,nothing" doc:"what may be sent while the window is closed"`
	Templates  bool       `json:"templates_allowed" doc:"approved templates may be sent now"`
}

func showConversation(c core.Conversation) ConversationView {
	return ConversationView{ID: c.ID, Number: c.Number, State: c.State, Contact: c.Contact, Channel: c.Channel, Agent: c.Agent, Team: c.Team,
		Subject: c.Subject, Opened: c.Opened, Closed: c.Closed, Last: c.LastAt, Waiting: c.Waiting, Referral: c.Referral}
}

func (s *Server) conversationOperations(api huma.API) {
	handle(s, api, operation{id: "list-conversations", method: http.MethodGet, path: "/conversations", tag: tagConversations, scope: scopeRead,
		summary: "List conversations, the one with the newest message first"}, s.listConversations)
	handle(s, api, operation{id: "get-conversation", method: http.MethodGet, path: "/conversations/{id}", tag: tagConversations, scope: scopeRead,
		summary: "Show a conversation and its reply window"}, s.getConversation)
	handle(s, api, operation{id: "close-conversation", method: http.MethodPost, path: "/conversations/{id}/close", tag: tagConversations, scope: scopeSend,
		summary: "Close a conversation; closing a closed one changes nothing"}, s.closeConversation)
	handle(s, api, operation{id: "reopen-conversation", method: http.MethodPost, path: "/conversations/{id}/reopen", tag: tagConversations, scope: scopeSend,
		summary: "Reopen a conversation, unless the contact has another one open"}, s.reopenConversation)
	handle(s, api, operation{id: "assign-conversation", method: http.MethodPost, path: "/conversations/{id}/assign", tag: tagConversations, scope: scopeSend,
		summary: "Give a conversation to an agent, a team, or nobody"}, s.assignConversation)
	handle(s, api, operation{id: "read-conversation", method: http.MethodPost, path: "/conversations/{id}/read", tag: tagConversations, scope: scopeSend,
		summary: "Show the contact that their messages were read", status: http.StatusNoContent}, s.marking(core.ActionRead))
	handle(s, api, operation{id: "show-typing", method: http.MethodPost, path: "/conversations/{id}/typing", tag: tagConversations, scope: scopeSend,
		summary: "Show the contact that an answer is being written, for some seconds; on WhatsApp their messages count as read then", status: http.StatusNoContent}, s.marking(core.ActionTyping))
}

type conversationQuery struct {
	Paging
	State   string `query:"state" enum:"open,closed"`
	Agent   string `query:"agent" maxLength:"64" pattern:"^[A-Za-z0-9_-]*$"`
	Team    string `query:"team" maxLength:"64" pattern:"^[A-Za-z0-9_-]*$"`
	Channel string `query:"channel" maxLength:"64" pattern:"^[A-Za-z0-9_-]*$"`
	Contact string `query:"contact" maxLength:"64" pattern:"^[A-Za-z0-9_-]*$"`
}

func (s *Server) listConversations(ctx context.Context, repo core.Repo, in *conversationQuery) (*answer[pageView[ConversationView]], error) {
	p, err := in.page(isTime)
	if err != nil {
		return nil, err
	}
	all, err := repo.Conversations(ctx, core.ConversationFilter{State: core.ConversationState(in.State), Agent: core.AgentID(in.Agent),
		Team: core.TeamID(in.Team), Channel: core.ChannelID(in.Channel), Contact: core.ContactID(in.Contact)}, p)
	return reply(pageOf(all, p, showConversation, func(c core.Conversation) string { return c.LastAt.Format(time.RFC3339Nano) }), err)
}

func (s *Server) getConversation(ctx context.Context, repo core.Repo, in *ByID) (*answer[conversationDetailView], error) {
	c, err := repo.Conversation(ctx, core.ConversationID(in.ID))
	if err != nil {
		return nil, missing(err, "conversation")
	}
	out := conversationDetailView{ConversationView: showConversation(c)}
	contact, err := repo.Contact(ctx, c.Contact)
	if err != nil {
		return nil, fmt.Errorf("contact of conversation: %w", err)
	}
	out.ContactName = contact.Name
	if out.Typing, err = core.Typing(ctx, repo, c, s.Now()); err != nil {
		return nil, err
	}
	out.Window, err = s.window(ctx, repo, c)
	return reply(out, err)
}

// window tells what may be sent in a conversation now; nil while its channel cannot be opened.
func (s *Server) window(ctx context.Context, repo core.Repo, c core.Conversation) (*windowView, error) {
	ch, err := repo.Channel(ctx, c.Channel)
	if errors.Is(err, core.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("channel of conversation: %w", err)
	}
	_, _, link, err := s.Links.Link(ctx, ch.ID)
	if err != nil {
		s.Log.InfoContext(ctx, "window not known, channel cannot be opened", "channel", ch.ID, "err", err)
		return nil, nil
	}
	state, err := repo.Window(ctx, ch.ID, c.Contact)
	if err != nil {
		return nil, fmt.Errorf("reply window: %w", err)
	}
	return showWindow(link.Capabilities().Window.Tighten(ch.FreeWindow), state, c.State, s.Now()), nil
}

func showWindow(w core.Window, state core.WindowState, conversation core.ConversationState, now time.Time) *windowView {
	open := conversation == core.ConversationOpen
	v := &windowView{Limited: w.Free > 0, Rule: cmp.Or(w.After, core.AfterAnything), Templates: open && w.After == core.AfterTemplates}
	if !v.Limited {
		v.Open, v.Rule = open, core.AfterAnything
		return v
	}
	v.ClosesAt = w.ClosesAt(state)
	if w.Human > 0 {
		v.HumanUntil = w.HumanUntil(state)
	}
	v.Open = open && (now.Before(v.ClosesAt) || v.Rule == core.AfterAnything)
	return v
}

// changed finds the conversation of the key's workspace, changes it, and shows it.
func changed(ctx context.Context, repo core.Repo, id string, change func(core.ConversationID) (core.Conversation, error)) (*answer[ConversationView], error) {
	c, err := repo.Conversation(ctx, core.ConversationID(id))
	if err != nil {
		return nil, missing(err, "conversation")
	}
	c, err = change(c.ID)
	return reply(showConversation(c), err)
}

func (s *Server) closeConversation(ctx context.Context, repo core.Repo, in *ByID) (*answer[ConversationView], error) {
	return changed(ctx, repo, in.ID, func(id core.ConversationID) (core.Conversation, error) {
		return s.Desk.Close(ctx, caller(ctx).Workspace, id, program(ctx))
	})
}

func (s *Server) reopenConversation(ctx context.Context, repo core.Repo, in *ByID) (*answer[ConversationView], error) {
	return changed(ctx, repo, in.ID, func(id core.ConversationID) (core.Conversation, error) {
		return s.Desk.Reopen(ctx, caller(ctx).Workspace, id, program(ctx))
	})
}

type assignInput struct {
	ByID
	Body struct {
		Agent core.AgentID `json:"agent,omitempty" maxLength:"64" doc:"empty: take it from its agent"`
		Team  core.TeamID  `json:"team,omitempty" maxLength:"64"`
	}
}

func (s *Server) assignConversation(ctx context.Context, repo core.Repo, in *assignInput) (*answer[ConversationView], error) {
	return changed(ctx, repo, in.ID, func(id core.ConversationID) (core.Conversation, error) {
		return s.Desk.Assign(ctx, caller(ctx).Workspace, id, in.Body.Agent, in.Body.Team, program(ctx))
	})
}

func (s *Server) marking(a core.Action) func(context.Context, core.Repo, *ByID) (*none, error) {
	return func(ctx context.Context, repo core.Repo, in *ByID) (*none, error) {
		c, err := repo.Conversation(ctx, core.ConversationID(in.ID))
		if err != nil {
			return nil, missing(err, "conversation")
		}
		return &none{}, s.Outbox.Mark(ctx, caller(ctx).Workspace, c.ID, a)
	}
}

// missing names the thing that is not there.
func missing(err error, thing string) error {
	if errors.Is(err, core.ErrNotFound) {
		return core.NotFound(thing)
	}
	return err
}
