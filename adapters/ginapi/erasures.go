package ginapi

import (
	"context"
	"net/http"
	"time"

	"causeway/core"

	"github.com/danielgtaylor/huma/v2"
)

// erasureView is the proof that a contact was erased.
type erasureView struct {
	ID      string         `json:"id"`
	Contact core.ContactID `json:"contact"`
	By      string         `json:"by" doc:"who asked for it: the name of the key, or of who gave the command"`
	Asked   time.Time      `json:"asked_at"`
	Done    time.Time      `json:"done_at,omitzero" doc:"missing while it goes on"`
	Counts  map[string]int `json:"counts" doc:"how much of what was erased; of the mails to agents, how many lie in their mailboxes"`
	Marks   []string       `json:"marks" nullable:"false" doc:"keyed hashes of the addresses"`
}

func showErasure(e core.Erasure) erasureView {
	return erasureView{ID: e.ID, Contact: e.Contact, By: e.By.Name, Asked: e.Asked, Done: e.Done, Counts: e.Counts, Marks: append([]string{}, e.Marks...)}
}

func (s *Server) erasureOperations(api huma.API) {
	handle(s, api, operation{id: "erase-contact", method: http.MethodDelete, path: "/contacts/{id}", tag: tagContacts, scope: scopeManage, status: http.StatusAccepted,
		summary: "Erase everything about a contact, for good. Their name and addresses go at once, the rest soon after: see done_at of the proof"}, s.eraseContact)
	handle(s, api, operation{id: "list-erasures", method: http.MethodGet, path: "/erasures", tag: tagContacts, scope: scopeManage,
		summary: "List the proofs of contacts that were erased, newest first"}, s.listErasures)
	handle(s, api, operation{id: "get-erasure", method: http.MethodGet, path: "/erasures/{id}", tag: tagContacts, scope: scopeManage,
		summary: "Show the proof that a contact was erased, and whether all of it is"}, s.getErasure)
}

func (s *Server) eraseContact(ctx context.Context, _ core.Repo, in *ByID) (*answer[erasureView], error) {
	e, err := s.Eraser.Begin(ctx, caller(ctx).Workspace, core.ContactID(in.ID), program(ctx))
	return reply(showErasure(e), err)
}

func (s *Server) listErasures(ctx context.Context, repo core.Repo, in *struct{ Paging }) (*answer[pageView[erasureView]], error) {
	p, err := in.page(plausible)
	if err != nil {
		return nil, err
	}
	all, err := repo.Erasures(ctx, p)
	return reply(pageOf(all, p, showErasure, func(e core.Erasure) string { return e.ID }), err)
}

func (s *Server) getErasure(ctx context.Context, repo core.Repo, in *ByID) (*answer[erasureView], error) {
	e, err := repo.Erasure(ctx, in.ID)
	if err != nil {
		return nil, missing(err, "erasure")
	}
	return reply(showErasure(e), nil)
}
