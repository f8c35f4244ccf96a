package ginapi

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"causeway/core"

	"github.com/danielgtaylor/huma/v2"
)

// handlingView is how a conversation is dealt with.
type handlingView struct {
	Priority int        `json:"priority" doc:"0 normal, 1 high, 2 urgent"`
	Tags     []string   `json:"tags"`
	Snoozed  *time.Time `json:"snoozed_until,omitempty" doc:"put aside until then, or until the contact writes"`
	Queued   *time.Time `json:"queued_since,omitempty" doc:"since when it waits for an agent"`
	Answered *time.Time `json:"answered_at,omitempty" doc:"when a person first answered"`
}

func showHandling(h core.Handling) handlingView {
	return handlingView{Priority: h.Priority, Tags: append([]string{}, h.Tags...), Snoozed: moment(h.Snoozed), Queued: moment(h.Queued), Answered: moment(h.Answered)}
}

// moment is a time that may not be there.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func (s *Server) handlings(api huma.API) {
	handle(s, api, operation{id: "get-handling", method: http.MethodGet, path: "/conversations/{id}/handling", tag: tagConversations, scope: scopeRead,
		summary: "Show tags, priority and whether a conversation is put aside"}, s.getHandling)
	handle(s, api, operation{id: "change-handling", method: http.MethodPatch, path: "/conversations/{id}/handling", tag: tagConversations, scope: scopeSend,
		summary: "Tag a conversation, set its priority, or put it aside"}, s.changeHandling)
	handle(s, api, operation{id: "drop-conversation", method: http.MethodPost, path: "/conversations/{id}/drop", tag: tagConversations, scope: scopeSend,
		summary: "Close a conversation whose contact does not answer, tagged unresponsive"}, s.dropConversation)
}

func (s *Server) getHandling(ctx context.Context, repo core.Repo, in *ByID) (*answer[handlingView], error) {
	c, err := repo.Conversation(ctx, core.ConversationID(in.ID))
	if err != nil {
		return nil, missing(err, "conversation")
	}
	h, err := repo.Handling(ctx, c.ID)
	return reply(showHandling(h), err)
}

type handlingInput struct {
	ByID
	Body struct {
		Priority *int       `json:"priority,omitempty" minimum:"0" maximum:"2"`
		Add      []string   `json:"add_tags,omitempty" maxItems:"20" doc:"tags to add"`
		Remove   []string   `json:"remove_tags,omitempty" maxItems:"20"`
		Snooze   *time.Time `json:"snooze_until,omitempty" doc:"put it aside until then; a zero time (0001-01-01T00:00:00Z) brings it back"`
	}
}

// longestTag is in bytes.
const longestTag = 100

func (s *Server) changeHandling(ctx context.Context, repo core.Repo, in *handlingInput) (*answer[handlingView], error) {
	c, err := repo.Conversation(ctx, core.ConversationID(in.ID))
	if err != nil {
		return nil, missing(err, "conversation")
	}
	if err := checkTags(in.Body.Add); err != nil {
		return nil, err
	}
	ws := caller(ctx).Workspace
	if err := s.Carer.Tag(ctx, ws, c.ID, in.Body.Add, in.Body.Remove, in.Body.Priority, program(ctx)); err != nil {
		return nil, fmt.Errorf("change handling: %w", err)
	}
	if in.Body.Snooze != nil {
		if err := s.Carer.Snooze(ctx, ws, c.ID, *in.Body.Snooze); err != nil {
			return nil, err
		}
	}
	h, err := repo.Handling(ctx, c.ID)
	return reply(showHandling(h), err)
}

func checkTags(all []string) error {
	for _, tag := range all {
		if tag == "" || len(tag) > longestTag {
			return core.Problemf(core.CodeInvalid, "%q cannot be a tag.", tag).Remedied("Use at most %d bytes, and at least one.", longestTag)
		}
	}
	return nil
}

func (s *Server) dropConversation(ctx context.Context, repo core.Repo, in *ByID) (*answer[ConversationView], error) {
	return changed(ctx, repo, in.ID, func(id core.ConversationID) (core.Conversation, error) {
		if err := s.Carer.Drop(ctx, caller(ctx).Workspace, id, program(ctx)); err != nil {
			return core.Conversation{}, err
		}
		return repo.Conversation(ctx, id)
	})
}
