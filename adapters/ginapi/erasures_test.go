package ginapi

import (
	"context"

	"causeway/core"
)

// toyEraser erases nobody, and says so in a proof.
type toyEraser struct{ *memory }

func (e toyEraser) Begin(_ context.Context, ws core.WorkspaceID, id core.ContactID, by core.Author) (core.Erasure, error) {
	r := e.room(ws)
	if _, err := r.Contact(context.Background(), id); err != nil {
		return core.Erasure{}, core.NotFound("contact")
	}
	return core.Erasure{ID: "er1", Contact: id, By: by, Asked: noon, Marks: []string{"00ff"}, Counts: map[string]int{core.CountConversations: 1}}, nil
}

func (r *room) Erasure(_ context.Context, id string) (core.Erasure, error) {
	if len(r.contacts) == 0 || id != "er1" {
		return core.Erasure{}, core.ErrNotFound
	}
	return core.Erasure{ID: id, Contact: r.contacts[0].ID, By: core.Author{Name: "crm"}, Asked: noon, Done: noon, Counts: map[string]int{core.CountMessages: 2}}, nil
}

func (r *room) Erasures(ctx context.Context, _ core.Page) ([]core.Erasure, error) {
	e, err := r.Erasure(ctx, "er1")
	if err != nil {
		return nil, nil //nolint:nilerr // a workspace without contacts has none
	}
	return []core.Erasure{e}, nil
}
