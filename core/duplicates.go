package core

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// Duplicate is two contacts who are one person, by what the store knows, and whether they may be merged without a look.
type Duplicate struct {
	Into, From Contact
	Why        string
	Doubt      string // empty: none
}

const doublesAtOnce = 1000

// Duplicates finds contacts who are one person though they are known apart: by two ways of writing one phone number, or because both sides of a shared
// number brought one message of theirs. The older contact keeps the conversations of both.
func Duplicates(ctx context.Context, repo Repo) ([]Duplicate, error) {
	pairs, err := doublesOf(ctx, repo)
	if err != nil {
		return nil, err
	}
	contacts, err := allContacts(ctx, repo)
	if err != nil {
		return nil, err
	}
	byID := map[ContactID]Contact{}
	numbers := map[string]ContactID{}
	for _, c := range slices.Backward(contacts) { // the oldest first
		byID[c.ID] = c
		known, err := repo.IdentitiesOf(ctx, c.ID)
		if err != nil {
			return nil, fmt.Errorf("identities of contact: %w", err)
		}
		for _, i := range known {
			if i.Key.Scheme != SchemePhone {
				continue
			}
			for _, v := range PhoneVariants(i.Key.Value) {
				if other, there := numbers[v]; there && other != c.ID {
					pairs = append(pairs, pairing{other, c.ID, "two ways of writing the number " + i.Key.Value})
				}
			}
			numbers[i.Key.Value] = c.ID
		}
	}
	return judged(ctx, repo, pairs, byID)
}

type pairing struct {
	into, from ContactID
	why        string
}

func doublesOf(ctx context.Context, repo Repo) ([]pairing, error) {
	doubles, err := repo.LedgerDoubles(ctx, doublesAtOnce)
	if err != nil {
		return nil, fmt.Errorf("doubles in ledger: %w", err)
	}
	var all []pairing
	for _, d := range doubles {
		if oneSided := d[0].API.Seen.IsZero() != d[1].API.Seen.IsZero(); oneSided && d[0].At.Sub(d[1].At).Abs() <= 2*time.Second {
			all = append(all, pairing{min(d[0].Contact, d[1].Contact), max(d[0].Contact, d[1].Contact), "one message of theirs came by both sides of +" + d[0].Number})
		}
	}
	return all, nil
}

// allContacts lists the contacts that are not merged into others, newest first.
func allContacts(ctx context.Context, repo Repo) ([]Contact, error) {
	var all []Contact
	for p := (Page{Limit: 200}); ; {
		some, err := repo.Contacts(ctx, p)
		if err != nil {
			return nil, fmt.Errorf("contacts: %w", err)
		}
		all = append(all, some...)
		if len(some) < p.Limit {
			return slices.DeleteFunc(all, func(c Contact) bool { return c.MergedInto != "" }), nil
		}
		p.Before = string(some[len(some)-1].ID)
	}
}

func judged(ctx context.Context, repo Repo, pairs []pairing, contacts map[ContactID]Contact) ([]Duplicate, error) {
	var all []Duplicate
	gone := map[ContactID]bool{}
	for _, p := range pairs {
		into, from := contacts[p.into], contacts[p.from]
		if into.ID == "" || from.ID == "" || gone[into.ID] || gone[from.ID] {
			continue
		}
		gone[from.ID] = true
		d := Duplicate{Into: into, From: from, Why: p.why}
		clash, err := clashOf(ctx, repo, into.ID, from.ID, nil)
		if err != nil {
			return nil, err
		}
		if clash {
			d.Doubt = "they have different WhatsApp accounts"
		} else if parted, err := Parted(ctx, repo, into.ID, from.ID); err != nil {
			return nil, err
		} else if parted {
			d.Doubt = "somebody has undone their merge"
		}
		all = append(all, d)
	}
	return all, nil
}
