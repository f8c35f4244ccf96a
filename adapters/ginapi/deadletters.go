package ginapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"
	"unicode/utf8"

	"causeway/core"

	"github.com/danielgtaylor/huma/v2"
)

const tagDeadLetters = "Dead letters"

// DeadLetterView is something that could not be applied.
type DeadLetterView struct {
	ID      string         `json:"id"`
	Channel core.ChannelID `json:"channel,omitempty"`
	Kind    string         `json:"kind" enum:"event,webhook,mail"`
	Reason  string         `json:"reason"`
	At      time.Time      `json:"at"`
}

// deadLetterDetailView is a dead letter with all it holds.
type deadLetterDetailView struct {
	DeadLetterView
	Event  json.RawMessage `json:"event,omitempty" doc:"as the bridge read it, if it got that far"`
	Raw    string          `json:"raw,omitempty" doc:"as it came, if it is text"`
	Binary []byte          `json:"raw_base64,omitempty" doc:"as it came, if it is not text"`
}

func showDeadLetter(d core.DeadLetter) DeadLetterView {
	return DeadLetterView{ID: d.ID, Channel: d.Channel, Kind: d.Kind, Reason: d.Reason, At: d.At}
}

func (s *Server) deadLetterOperations(api huma.API) {
	handle(s, api, operation{id: "list-dead-letters", method: http.MethodGet, path: "/dead-letters", tag: tagDeadLetters, scope: scopeManage,
		summary: "List what could not be applied, newest first"}, s.listDeadLetters)
	handle(s, api, operation{id: "get-dead-letter", method: http.MethodGet, path: "/dead-letters/{id}", tag: tagDeadLetters, scope: scopeManage,
		summary: "Show a dead letter whole"}, s.getDeadLetter)
	handle(s, api, operation{id: "replay-dead-letter", method: http.MethodPost, path: "/dead-letters/{id}/replay", tag: tagDeadLetters, scope: scopeManage,
		summary: "Apply a dead letter again, and remove it if that works; a mail is judged anew, you vouching for its From line", status: http.StatusNoContent}, s.replayDeadLetter)
}

func (s *Server) listDeadLetters(ctx context.Context, repo core.Repo, in *struct{ Paging }) (*answer[pageView[DeadLetterView]], error) {
	p, err := in.page(plausible)
	if err != nil {
		return nil, err
	}
	all, err := repo.DeadLetters(ctx, p)
	return reply(pageOf(all, p, showDeadLetter, func(d core.DeadLetter) string { return d.ID }), err)
}

func (s *Server) getDeadLetter(ctx context.Context, repo core.Repo, in *ByID) (*answer[deadLetterDetailView], error) {
	d, err := repo.DeadLetter(ctx, in.ID)
	if err != nil {
		return nil, missing(err, "dead letter")
	}
	out := deadLetterDetailView{DeadLetterView: showDeadLetter(d)}
	if json.Valid(d.Event) {
		out.Event = d.Event
	}
	if utf8.Valid(d.Raw) {
		out.Raw = string(d.Raw)
	} else {
		out.Binary = d.Raw
	}
	return reply(out, nil)
}

func (s *Server) replayDeadLetter(ctx context.Context, repo core.Repo, in *ByID) (*none, error) {
	d, err := repo.DeadLetter(ctx, in.ID)
	if err != nil {
		return nil, missing(err, "dead letter")
	}
	return &none{}, stillDead(s.Inbox.Replay(ctx, caller(ctx).Workspace, d.ID))
}

// stillDead words the error of a replay: that it fails again is nothing unforeseen.
func stillDead(err error) error {
	if err == nil || core.CodeOf(err) != "" || again(err) || errors.Is(err, core.ErrNotFound) || errors.Is(err, context.Canceled) {
		return err
	}
	return &core.Problem{Code: core.CodeConflict, Detail: "It still cannot be applied; it is kept.", Remedy: "The operator's log says why.", Err: err}
}
