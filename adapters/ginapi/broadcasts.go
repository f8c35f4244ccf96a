package ginapi

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"causeway/core"
	"causeway/core/broadcast"

	"github.com/danielgtaylor/huma/v2"
)

const tagBroadcasts = "Broadcasts"

// Caster sends one message to many contacts.
type Caster interface {
	DryRun(ctx context.Context, ws core.WorkspaceID, b core.Broadcast) (broadcast.Plan, error)
	Start(ctx context.Context, ws core.WorkspaceID, b core.Broadcast) (core.Broadcast, error)
	Pause(ctx context.Context, ws core.WorkspaceID, id string) error
	Resume(ctx context.Context, ws core.WorkspaceID, id string) error
	Cancel(ctx context.Context, ws core.WorkspaceID, id string) error
}

// BroadcastView is a broadcast as the API shows it.
type BroadcastView struct {
	ID        string              `json:"id"`
	Name      string              `json:"name"`
	State     core.BroadcastState `json:"state" enum:"going,paused,done,cancelled" doc:"going: from its time on"`
	Channels  []core.ChannelID    `json:"channels" nullable:"false" doc:"each contact is written to on the first of them that may"`
	To        core.Segment        `json:"to"`
	OptIn     string              `json:"opt_in,omitempty"`
	Texts     map[string]string   `json:"texts,omitempty" doc:"by language"`
	Template  *core.TemplateUse   `json:"template,omitempty"`
	Language  string              `json:"language,omitempty"`
	At        time.Time           `json:"at,omitzero" doc:"not before"`
	PerMinute int                 `json:"per_minute,omitempty"`
	By        core.Author         `json:"by"`
	Created   time.Time           `json:"created_at"`
	Counts    *castCountsView     `json:"recipients,omitempty" doc:"absent until they are settled"`
}

// castCountsView counts a broadcast's recipients.
type castCountsView struct {
	Waiting int            `json:"waiting"`
	Sent    int            `json:"sent" doc:"handed over to be sent; each one's message tells more"`
	LeftOut int            `json:"left_out"`
	Why     map[string]int `json:"left_out_why" nullable:"false" doc:"by reason"`
}

// recipientView is what became of one recipient.
type recipientView struct {
	Contact core.ContactID      `json:"contact"`
	State   core.RecipientState `json:"state" enum:"waiting,sent,left-out"`
	Code    core.Code           `json:"code,omitempty" doc:"why it was left out, for programs"`
	Reason  string              `json:"reason,omitempty"`
	Message core.MessageID      `json:"message,omitempty"`
	Status  core.Status         `json:"status,omitempty" doc:"of the message; absent where it is no longer kept"`
	At      time.Time           `json:"at,omitzero"`
}

// castPlanView is what a broadcast would do.
type castPlanView struct {
	Contacts int                    `json:"contacts" doc:"in the segment"`
	Send     int                    `json:"send"`
	Channels map[core.ChannelID]int `json:"channels" nullable:"false" doc:"how many by which"`
	Category string                 `json:"category,omitempty" doc:"of the template, by which the provider charges"`
	LeftOut  map[string]int         `json:"left_out" nullable:"false" doc:"by reason"`
	Minutes  int                    `json:"minutes" doc:"that it takes"`
}

func showBroadcast(b core.Broadcast) BroadcastView {
	return BroadcastView{ID: b.ID, Name: b.Name, State: b.State, Channels: append([]core.ChannelID{}, b.Channels...), To: b.To, OptIn: b.OptIn, Texts: b.Texts, Template: b.Template,
		Language: b.Language, At: b.At, PerMinute: b.PerMinute, By: b.By, Created: b.Created}
}

func (s *Server) broadcastOperations(api huma.API) {
	handle(s, api, operation{id: "list-broadcasts", method: http.MethodGet, path: "/broadcasts", tag: tagBroadcasts, scope: scopeRead, summary: "List broadcasts, newest first"}, s.listBroadcasts)
	handle(s, api, operation{id: "get-broadcast", method: http.MethodGet, path: "/broadcasts/{id}", tag: tagBroadcasts, scope: scopeRead,
		summary: "Show a broadcast and how far it is"}, s.getBroadcast)
	handle(s, api, operation{id: "list-recipients", method: http.MethodGet, path: "/broadcasts/{id}/recipients", tag: tagBroadcasts, scope: scopeRead,
		summary: "List what became of each recipient, by contact"}, s.listRecipients)
	handle(s, api, operation{id: "try-broadcast", method: http.MethodPost, path: "/broadcasts/dry-run", tag: tagBroadcasts, scope: scopeSend, slow: true,
		summary: "Say how many would get a broadcast over which channel, and why the others would not, without sending it"}, s.tryBroadcast)
	handle(s, api, operation{id: "start-broadcast", method: http.MethodPost, path: "/broadcasts", tag: tagBroadcasts, scope: scopeSend, status: http.StatusCreated,
		summary: "Begin a broadcast, now or at its time; who gets it is settled then"}, s.startBroadcast)
	handle(s, api, operation{id: "pause-broadcast", method: http.MethodPost, path: "/broadcasts/{id}/pause", tag: tagBroadcasts, scope: scopeSend,
		summary: "Stop a broadcast for now; what was composed already is sent"}, s.turnBroadcast(Caster.Pause))
	handle(s, api, operation{id: "resume-broadcast", method: http.MethodPost, path: "/broadcasts/{id}/resume", tag: tagBroadcasts, scope: scopeSend,
		summary: "Go on with a paused broadcast"}, s.turnBroadcast(Caster.Resume))
	handle(s, api, operation{id: "cancel-broadcast", method: http.MethodPost, path: "/broadcasts/{id}/cancel", tag: tagBroadcasts, scope: scopeSend,
		summary: "End a broadcast for good; those who wait get nothing"}, s.turnBroadcast(Caster.Cancel))
}

// castBody is a broadcast as it is asked for.
type castBody struct {
	Name      string            `json:"name" minLength:"1" maxLength:"200"`
	Channels  []core.ChannelID  `json:"channels" minItems:"1" maxItems:"20" nullable:"false" doc:"each contact is written to on the first of them that may"`
	To        core.Segment      `json:"to,omitzero" doc:"all of it must apply; left out: everybody who is not blocked"`
	OptIn     string            `json:"opt_in,omitempty" maxLength:"100" doc:"the tag of contacts who agreed to get marketing; * says that all of them did. May be left out only for utility and authentication templates"`
	Texts     map[string]string `json:"texts,omitempty" doc:"by language; {name} and {a field} are filled in"`
	Template  *core.TemplateUse `json:"template,omitempty" doc:"instead of texts"`
	Language  string            `json:"language,omitempty" maxLength:"35" doc:"of the text for contacts whose own is not among them; default en"`
	At        time.Time         `json:"at,omitzero" doc:"not before; default now"`
	PerMinute int               `json:"per_minute,omitempty" minimum:"0" maximum:"100000" doc:"at most so many; default 60"`
}

type castInput struct {
	Key  string `header:"Idempotency-Key" maxLength:"200" doc:"the same key and body give the broadcast made the first time; the same key with another body is refused"`
	Body castBody
}

type castTrialInput struct{ Body castBody }

type recipientQuery struct {
	ByID
	Paging
	State string `query:"state" enum:"waiting,sent,left-out"`
}

func (s *Server) listBroadcasts(ctx context.Context, repo core.Repo, in *Paging) (*answer[pageView[BroadcastView]], error) {
	p, err := in.page(plausible)
	if err != nil {
		return nil, err
	}
	all, err := repo.Broadcasts(ctx, p)
	return reply(pageOf(all, p, showBroadcast, func(b core.Broadcast) string { return b.ID }), err)
}

func (s *Server) getBroadcast(ctx context.Context, repo core.Repo, in *ByID) (*answer[BroadcastView], error) {
	b, err := repo.Broadcast(ctx, in.ID)
	if err != nil {
		return nil, missing(err, "broadcast")
	}
	n, why, err := repo.CountRecipients(ctx, b.ID)
	v := showBroadcast(b)
	if len(n) > 0 {
		v.Counts = &castCountsView{Waiting: n[core.RecipientWaiting], Sent: n[core.RecipientSent], LeftOut: n[core.RecipientLeftOut], Why: why}
		if why == nil {
			v.Counts.Why = map[string]int{}
		}
	}
	return reply(v, err)
}

func (s *Server) listRecipients(ctx context.Context, repo core.Repo, in *recipientQuery) (*answer[pageView[recipientView]], error) {
	p, err := in.page(plausible)
	if err != nil {
		return nil, err
	}
	if _, err := repo.Broadcast(ctx, in.ID); err != nil {
		return nil, missing(err, "broadcast")
	}
	all, err := repo.Recipients(ctx, in.ID, core.RecipientState(in.State), core.ContactID(p.Before), p.Limit)
	if err != nil {
		return nil, err
	}
	out := pageOf(all, p, showRecipient, func(r core.Recipient) string { return string(r.Contact) })
	for i, r := range all {
		if r.Message == "" {
			continue
		}
		m, err := repo.Message(ctx, r.Message)
		if err != nil && !errors.Is(err, core.ErrNotFound) {
			return nil, fmt.Errorf("message of recipient: %w", err)
		}
		out.Items[i].Status = m.Status
	}
	return reply(out, nil)
}

func showRecipient(r core.Recipient) recipientView {
	return recipientView{Contact: r.Contact, State: r.State, Code: r.Code, Reason: r.Reason, Message: r.Message, At: r.At}
}

func (s *Server) tryBroadcast(ctx context.Context, repo core.Repo, in *castTrialInput) (*answer[castPlanView], error) {
	b, err := castOf(ctx, repo, in.Body)
	if err != nil {
		return nil, err
	}
	p, err := s.Caster.DryRun(ctx, caller(ctx).Workspace, b)
	return reply(castPlanView(p), err)
}

func (s *Server) startBroadcast(ctx context.Context, repo core.Repo, in *castInput) (*answer[BroadcastView], error) {
	b, err := castOf(ctx, repo, in.Body)
	if err != nil {
		return nil, err
	}
	b.ID, b.By = core.NewID[string](), program(ctx)
	if in.Key != "" {
		if b.ID, err = s.castID(ctx, in, b.ID); err != nil {
			return nil, err
		}
		if before, err := repo.Broadcast(ctx, b.ID); err == nil {
			return reply(showBroadcast(before), nil)
		} else if !errors.Is(err, core.ErrNotFound) {
			return nil, err
		}
	}
	b, err = s.Caster.Start(ctx, caller(ctx).Workspace, b)
	if errors.Is(err, core.ErrDuplicate) { // the same request at the same time was first
		b, err = repo.Broadcast(ctx, b.ID)
	}
	return reply(showBroadcast(b), err)
}

// castID is the id of the broadcast that a key was first used for, or a new one, which it is from now on.
func (s *Server) castID(ctx context.Context, in *castInput, fresh string) (id string, err error) {
	text, err := json.Marshal(in.Body)
	if err != nil {
		return "", fmt.Errorf("body of request: %w", err)
	}
	sum, name := sha256.Sum256(text), "broadcast/"+url.PathEscape(in.Key)
	err = s.Store.Tx(ctx, func(tx core.Tx) error {
		repo := tx.In(caller(ctx).Workspace)
		if _, err := repo.LockDesk(ctx); err != nil { // so that two requests come one after the other
			return err
		}
		before, err := repo.Value(ctx, keyOwner(ctx), name)
		if err != nil {
			return fmt.Errorf("look up idempotency key: %w", err)
		}
		if known, ok := bytes.CutPrefix(before, sum[:]); ok {
			id = string(known)
			return nil
		}
		if before != nil {
			return otherBody()
		}
		id = fresh
		return repo.SetValueUntil(ctx, keyOwner(ctx), name, append(sum[:], id...), s.Now().Add(fingerprintFor))
	})
	return id, err
}

// castOf is the broadcast that is asked for. Its channels exist.
func castOf(ctx context.Context, repo core.Repo, b castBody) (core.Broadcast, error) {
	for i, id := range b.Channels {
		if _, err := repo.Channel(ctx, id); err != nil {
			if errors.Is(err, core.ErrNotFound) {
				return core.Broadcast{}, &core.Problem{Code: core.CodeNotFound, Detail: fmt.Sprintf("There is no channel %s.", id), Field: fmt.Sprintf("body.channels[%d]", i)}
			}
			return core.Broadcast{}, err
		}
	}
	return core.Broadcast{Name: b.Name, Channels: b.Channels, To: b.To, OptIn: b.OptIn, Texts: b.Texts, Template: b.Template, Language: cmp.Or(b.Language, "en"), At: b.At,
		PerMinute: b.PerMinute}, nil
}

// turnBroadcast changes the state of a broadcast, and shows it.
func (s *Server) turnBroadcast(turn func(Caster, context.Context, core.WorkspaceID, string) error) func(context.Context, core.Repo, *ByID) (*answer[BroadcastView], error) {
	return func(ctx context.Context, repo core.Repo, in *ByID) (*answer[BroadcastView], error) {
		if err := turn(s.Caster, ctx, caller(ctx).Workspace, in.ID); err != nil {
			return nil, err
		}
		return s.getBroadcast(ctx, repo, in)
	}
}
