package core

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Told says who told that identities belong to a person, and when.
type Told struct {
	Source  string    // the kind of bridge, or SourceChanged
	Channel ChannelID // empty: none did
	Event   string    // the provider's event, "message/ID"; empty: none did
	At      time.Time
}

// String is for the reason of a merge.
func (t Told) String() string {
	if t.Event == "" {
		return t.Source
	}
	return t.Source + " (" + t.Event + ")"
}

// Account reports whether identities of this scheme are an account's own, and not a number or a name that may be somebody else's one day.
func (s Scheme) Account() bool { return s == SchemeLID || s == SchemeBSUID }

// SameAccount is how long after a contact was last heard of their phone number may show up with another account and still be theirs. Networks give
// numbers away again after some months of silence; whoever only has a new account was heard of lately.
const SameAccount = 90 * 24 * time.Hour

// clashes reports whether two ids are those of two accounts. A business has another id for the same user in each of its portfolios, so ids that
// different channels told do not clash; WhatsApp's own are the same everywhere.
func clashes(a, b Identity) bool {
	return a.Key.Scheme == b.Key.Scheme && a.Key.Scope == b.Key.Scope && a.Key.Scheme.Account() && a.Key.Value != b.Key.Value &&
		(a.Key.Scheme == SchemeLID || a.Channel == b.Channel)
}

// Clash reports whether two people are known by ids of two different accounts, so that a number or a name that both have does not make them one. Ids
// that were told together are one account's.
func Clash(a, b []Identity, together ...IdentityKey) bool {
	return slices.ContainsFunc(a, func(x Identity) bool {
		return slices.ContainsFunc(b, func(y Identity) bool {
			return clashes(x, y) && (!slices.Contains(together, x.Key) || !slices.Contains(together, y.Key))
		})
	})
}

// ClashWith returns the identity of a person that says that a key told by a channel is another account's.
func ClashWith(all []Identity, k IdentityKey, ch ChannelID) (Identity, bool) {
	i := slices.IndexFunc(all, func(x Identity) bool { return clashes(x, Identity{Key: k, Channel: ch}) })
	if i < 0 {
		return Identity{}, false
	}
	return all[i], true
}

// HandOver gives an identity to another contact, since what it names has changed hands, in the caller's transaction. It is recorded, and can be undone
// as a merge can.
func HandOver(ctx context.Context, repo Repo, i Identity, to ContactID, told Told) error {
	if err := repo.MoveIdentities(ctx, []IdentityID{i.ID}, to); err != nil {
		return fmt.Errorf("hand over identity: %w", err)
	}
	err := repo.AddMerge(ctx, Merge{ID: NewID[string](), Into: to, From: i.Contact, Identities: []IdentityID{i.ID}, At: told.At,
		Reason: told.String() + " shows that " + i.Key.Value + " is another person's now"})
	if err != nil {
		return fmt.Errorf("record handing over: %w", err)
	}
	conv, err := repo.OpenConversation(ctx, i.Contact)
	if err != nil {
		if errors.Is(err, ErrNotFound) {
			return nil
		}
		return fmt.Errorf("open conversation of contact: %w", err)
	}
	return repo.AddConversationEvent(ctx, ConversationEvent{ID: NewID[string](), Conversation: conv.ID, Kind: ConversationEventNumberChanged, Code: LineNumberReused,
		By: Author{Kind: AuthorSystem}, At: told.At, Data: map[string]string{"old": i.Key.Value},
		Text: "The number " + i.Key.Value + " belongs to somebody else now; what is written to it does not reach this contact any more."})
}
