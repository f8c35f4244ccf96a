package inbound

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"causeway/core"
)

// names are what a contact is called: by the business's own address book, which counts, and by themselves.
type names struct {
	Book    string    `json:"book,omitempty"`
	At      time.Time `json:"at,omitzero"` // of the address book's last word
	Profile string    `json:"profile,omitempty"`
}

const namesKey = "names"

func nameOwner(id core.ContactID) string { return "contact/" + string(id) }

// entry names a contact as the business's address book does, or takes that name back. The newest word counts, whatever order they come in.
func (b *batch) entry(ctx context.Context, e core.Event) error {
	e.Peer.Name = "" // which the address book's entry is not
	if e.Entry.Known {
		if _, owner, err := b.known(ctx, e.Peer.Identities); err != nil || owner == "" {
			return err
		}
	}
	c, _, err := b.person(ctx, e)
	if err != nil {
		return err
	}
	n, err := b.names(ctx, c.ID)
	if err != nil || e.At.Before(n.At) || e.At.Equal(n.At) && e.Entry.Name <= n.Book {
		return err
	}
	if n.Book == "" {
		n.Profile = c.Name
	}
	n.Book, n.At = e.Entry.Name, e.At
	if err := b.keepNames(ctx, c.ID, n); err != nil {
		return err
	}
	shown := n.Book
	if shown == "" {
		shown = n.Profile
	}
	if shown == c.Name {
		return nil
	}
	c.Name = shown
	if err := b.repo.SetContact(ctx, c); err != nil {
		return fmt.Errorf("name contact: %w", err)
	}
	return nil
}

// profile keeps what a contact calls themselves while the address book calls them something else.
func (b *batch) profile(ctx context.Context, id core.ContactID, name string) error {
	n, err := b.names(ctx, id)
	if err != nil || n.Book == "" || n.Profile != "" {
		return err
	}
	n.Profile = name
	return b.keepNames(ctx, id, n)
}

func (b *batch) names(ctx context.Context, id core.ContactID) (n names, err error) {
	raw, err := b.repo.Value(ctx, nameOwner(id), namesKey)
	if err == nil && raw != nil {
		err = json.Unmarshal(raw, &n)
	}
	if err != nil {
		return n, fmt.Errorf("names of contact: %w", err)
	}
	return n, nil
}

func (b *batch) keepNames(ctx context.Context, id core.ContactID, n names) error {
	raw, err := json.Marshal(n)
	if err == nil {
		err = b.repo.SetValue(ctx, nameOwner(id), namesKey, raw)
	}
	if err != nil {
		return fmt.Errorf("keep names of contact: %w", err)
	}
	return nil
}
