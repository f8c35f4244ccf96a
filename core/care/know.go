package care

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"causeway/core"
)

// Know changes what the business knows of a contact. Automation follows in the contact's open conversation, if there is one.
func (c *Carer) Know(ctx context.Context, ws core.WorkspaceID, id core.ContactID, k core.Knowledge, author core.Author) error {
	return c.Store.Tx(ctx, func(tx core.Tx) error {
		repo := tx.In(ws)
		who, err := repo.Contact(ctx, id)
		if err != nil {
			return err
		}
		if !who.Erased.IsZero() {
			return core.ErasedProblem()
		}
		if who.MergedInto != "" {
			return core.Problemf(core.CodeConflict, "The contact %s was merged into %s.", id, who.MergedInto).Remedied("Change that one.")
		}
		open, err := repo.OpenConversation(ctx, id)
		if err == nil {
			_, err = repo.Lock(ctx, open.ID)
		}
		if err != nil && !errors.Is(err, core.ErrNotFound) {
			return fmt.Errorf("conversation of contact: %w", err)
		}
		happen := func(kind core.HappeningKind, name string) error {
			if open.ID == "" {
				return nil
			}
			return core.Happen(ctx, tx, ws, core.Happening{ID: core.NewID[string](), Conversation: open.ID, Kind: kind, By: author, Name: name, At: c.Now()})
		}
		return know(ctx, repo, id, k, happen)
	})
}

// know changes fields and tags, and tells of each that has changed.
func know(ctx context.Context, repo core.Repo, id core.ContactID, k core.Knowledge, happen func(kind core.HappeningKind, name string) error) error {
	for _, name := range slices.Sorted(maps.Keys(k.Fields)) {
		changed, err := repo.SetField(ctx, id, name, strings.TrimSpace(k.Fields[name]))
		if err == nil && changed {
			err = happen(core.HappenedField, name)
		}
		if err != nil {
			return fmt.Errorf("set field %q: %w", name, err)
		}
	}
	for _, tag := range slices.Concat(k.Tags, k.Untag) {
		on, kind := slices.Contains(k.Tags, tag), core.HappenedUntagged
		if on {
			kind = core.HappenedTagged
		}
		changed, err := repo.SetContactTag(ctx, id, tag, on)
		if err == nil && changed {
			err = happen(kind, tag)
		}
		if err != nil {
			return fmt.Errorf("tag contact %q: %w", tag, err)
		}
	}
	return nil
}
