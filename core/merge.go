package core

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"
)

// JoinIdentities makes all keys identities of one contact, in the caller's transaction: those not known yet are added, a contact known by an
// addressing one of them, or by a number that is new but for the way in which it is written, is the same person and is merged into it, a user name that
// had another owner changes hands. It returns the identities in the order of the keys. Two contacts with different accounts, or whose merge somebody has undone, are not merged by what both have, unless the
// provider itself says that one id has become the other; each then keeps what it has.
func JoinIdentities(ctx context.Context, repo Repo, ask Ask, contact ContactID, keys []IdentityKey, told Told) ([]Identity, error) {
	found, err := repo.Identities(ctx, keys)
	if err != nil {
		return nil, fmt.Errorf("look up identities: %w", err)
	}
	var added []IdentityKey
	for _, k := range SortedKeys(keys) {
		if slices.ContainsFunc(found, func(i Identity) bool { return i.Key == k }) {
			continue
		}
		added = append(added, k)
		if _, err := repo.AddIdentity(ctx, Identity{ID: NewID[IdentityID](), Contact: contact, Key: k, Source: told.Source, Channel: told.Channel,
			Event: told.Event, Seen: told.At}); err != nil {
			return nil, fmt.Errorf("add identity: %w", err)
		}
	}
	if added != nil { // what was not added is another transaction's, and may be another contact's
		if found, err = repo.Identities(ctx, keys); err != nil {
			return nil, fmt.Errorf("look up identities again: %w", err)
		}
	}
	if err := gather(ctx, repo, ask, contact, found, told); err != nil {
		return nil, err
	}
	return found, gatherWritings(ctx, repo, ask, contact, added, told)
}

// gatherWritings makes it the contact's what the same numbers are known by as they may be written otherwise.
func gatherWritings(ctx context.Context, repo Repo, ask Ask, contact ContactID, keys []IdentityKey, told Told) error {
	writings := OtherWritings(keys)
	if len(writings) == 0 {
		return nil
	}
	others, err := repo.Identities(ctx, writings)
	if err != nil {
		return fmt.Errorf("look up number variants: %w", err)
	}
	return gather(ctx, repo, ask, contact, others, told)
}

// Ask is Tx.Enqueue, or gathers jobs for it.
type Ask func(ctx context.Context, jobs ...Job) error

// SortedKeys returns the keys in the order in which everybody adds them, so that two who see the same person first do not wait for each other.
func SortedKeys(keys []IdentityKey) []IdentityKey {
	return slices.SortedFunc(slices.Values(keys), func(a, b IdentityKey) int {
		return cmp.Or(cmp.Compare(a.Scheme, b.Scheme), cmp.Compare(a.Scope, b.Scope), cmp.Compare(a.Value, b.Value))
	})
}

// gather makes identities of others the contact's.
func gather(ctx context.Context, repo Repo, ask Ask, contact ContactID, found []Identity, told Told) error {
	merged := map[ContactID]bool{contact: true}
	for n, i := range found {
		if i.Contact == contact {
			continue
		}
		if !merged[i.Contact] && i.Key.Scheme.Addressing() && told.Source != SourceChanged {
			if not, err := apart(ctx, repo, contact, i.Contact, keysOf(found)); not || err != nil {
				if err != nil {
					return err
				}
				continue
			}
		}
		found[n].Contact = contact
		switch {
		case !i.Key.Scheme.Addressing():
			if err := repo.MoveIdentities(ctx, []IdentityID{i.ID}, contact); err != nil {
				return fmt.Errorf("hand over user name: %w", err)
			}
		case !merged[i.Contact]:
			merged[i.Contact] = true
			if _, err := MergeContacts(ctx, repo, ask, contact, i.Contact, told.String()+" named both as one person", told.At); err != nil {
				return fmt.Errorf("merge contacts: %w", err)
			}
		}
	}
	return nil
}

// apart reports whether two contacts are not to be merged by what both have: they are known by different accounts, or somebody has undone their merge.
func apart(ctx context.Context, repo Repo, a, b ContactID, together []IdentityKey) (bool, error) {
	clash, err := clashOf(ctx, repo, a, b, together)
	if err != nil || clash {
		return clash, err
	}
	return Parted(ctx, repo, a, b)
}

// Parted reports whether somebody has undone a merge of two contacts: nothing but a person merges them again, unless the provider says that one has become
// the other.
func Parted(ctx context.Context, repo Repo, a, b ContactID) (bool, error) {
	all, err := repo.MergesOf(ctx, a)
	if err != nil {
		return false, fmt.Errorf("merges of contact: %w", err)
	}
	return slices.ContainsFunc(all, func(m Merge) bool {
		return !m.Undone.IsZero() && (m.Into == a && m.From == b || m.Into == b && m.From == a)
	}), nil
}

// clashOf reports whether two contacts are known by different accounts.
func clashOf(ctx context.Context, repo Repo, a, b ContactID, together []IdentityKey) (bool, error) {
	of := [2][]Identity{}
	for n, id := range []ContactID{a, b} {
		var err error
		if of[n], err = repo.IdentitiesOf(ctx, id); err != nil {
			return false, fmt.Errorf("identities to compare: %w", err)
		}
	}
	return Clash(of[0], of[1], together...), nil
}

func keysOf(all []Identity) []IdentityKey {
	keys := make([]IdentityKey, len(all))
	for n, i := range all {
		keys[n] = i.Key
	}
	return keys
}

// MergeContacts makes one person of two, in the caller's transaction: what from is known by, all its conversations, and what it does not want
// become into's. If both have an open conversation, from's is closed first, for a contact has at most one, and automation follows that. The merge is
// recorded and can be undone.
func MergeContacts(ctx context.Context, repo Repo, ask Ask, into, from ContactID, reason string, now time.Time) (Merge, error) {
	m := Merge{ID: NewID[string](), Into: into, From: from, Reason: reason, At: now}
	if err := mergePeople(ctx, repo, into, from); err != nil {
		return m, err
	}
	identities, err := repo.IdentitiesOf(ctx, from)
	if err != nil {
		return m, fmt.Errorf("read identities to merge: %w", err)
	}
	for _, i := range identities {
		m.Identities = append(m.Identities, i.ID)
	}
	if err := mergeConversations(ctx, repo, ask, &m); err != nil {
		return m, err
	}
	if err := repo.MoveIdentities(ctx, m.Identities, into); err != nil {
		return m, fmt.Errorf("move identities: %w", err)
	}
	return m, repo.AddMerge(ctx, m)
}

// mergePeople marks one contact as merged into another, which takes over its wish for silence, and what was not known of it.
func mergePeople(ctx context.Context, repo Repo, into, from ContactID) error {
	winner, err := repo.Contact(ctx, into)
	if err != nil {
		return fmt.Errorf("read contact to merge into: %w", err)
	}
	loser, err := repo.Contact(ctx, from)
	if err != nil {
		return fmt.Errorf("read contact to merge: %w", err)
	}
	if !winner.Erased.IsZero() || !loser.Erased.IsZero() {
		return ErasedProblem()
	}
	if winner.MergedInto != "" || loser.MergedInto != "" || into == from {
		return Problemf(CodeConflict, "One of these contacts is part of another one already.").Remedied("Merge the contacts that the two now belong to.")
	}
	loser.MergedInto = into
	if err := repo.SetContact(ctx, loser); err != nil {
		return fmt.Errorf("mark contact as merged: %w", err)
	}
	winner.OptedOut = winner.OptedOut || loser.OptedOut
	winner.MarketingStop = winner.MarketingStop || loser.MarketingStop
	winner.Blocked = winner.Blocked || loser.Blocked
	winner.Name, winner.Language = cmp.Or(winner.Name, loser.Name), cmp.Or(winner.Language, loser.Language)
	// Written even if nothing changed: two who merge the same contacts the other way round must meet at a row.
	if err := repo.SetContact(ctx, winner); err != nil {
		return fmt.Errorf("complete merged contact: %w", err)
	}
	return mergeKnowledge(ctx, repo, into, from)
}

// mergeKnowledge gives one contact the tags of another, and those of its fields that are not known of the first.
func mergeKnowledge(ctx context.Context, repo Repo, into, from ContactID) error {
	known, err := repo.Fields(ctx, into)
	if err != nil {
		return fmt.Errorf("fields of contact: %w", err)
	}
	more, err := repo.Fields(ctx, from)
	if err != nil {
		return fmt.Errorf("fields of contact to merge: %w", err)
	}
	for name, value := range more {
		if known[name] != "" {
			continue
		}
		if _, err := repo.SetField(ctx, into, name, value); err != nil {
			return fmt.Errorf("take over field: %w", err)
		}
	}
	tags, err := repo.ContactTags(ctx, from)
	if err != nil {
		return fmt.Errorf("tags of contact to merge: %w", err)
	}
	for _, tag := range tags {
		if _, err := repo.SetContactTag(ctx, into, tag, true); err != nil {
			return fmt.Errorf("take over tag: %w", err)
		}
	}
	return nil
}

func mergeConversations(ctx context.Context, repo Repo, ask Ask, m *Merge) error {
	theirs, err := repo.ConversationsOf(ctx, m.From)
	if err != nil {
		return fmt.Errorf("read conversations to merge: %w", err)
	}
	mine, err := repo.ConversationsOf(ctx, m.Into)
	if err != nil {
		return fmt.Errorf("read conversations to merge into: %w", err)
	}
	bothOpen := slices.ContainsFunc(mine, Conversation.open)
	for _, c := range theirs {
		m.Conversations = append(m.Conversations, c.ID)
		if c.open() && bothOpen {
			if err := closeMerged(ctx, repo, ask, c.ID, m.At); err != nil {
				return err
			}
		}
		if err := repo.AddConversationEvent(ctx, mergeEvent(c.ID, ConversationEventMerged, m.Reason, m.At)); err != nil {
			return fmt.Errorf("note merge: %w", err)
		}
	}
	if err := repo.MoveConversations(ctx, m.Conversations, m.Into); err != nil {
		return fmt.Errorf("move conversations: %w", err)
	}
	return nil
}

func (c Conversation) open() bool { return c.State == ConversationOpen }

// closeMerged closes a conversation whose contact goes on in another. What waits in it is still sent.
func closeMerged(ctx context.Context, repo Repo, ask Ask, id ConversationID, now time.Time) error {
	c, err := repo.Lock(ctx, id)
	if err != nil {
		return fmt.Errorf("lock conversation of merged contact: %w", err)
	}
	if !c.open() {
		return nil // somebody closed it just now
	}
	c.State, c.Closed, c.Waiting = ConversationClosed, now, time.Time{}
	if err := repo.SetConversation(ctx, c); err != nil {
		return fmt.Errorf("close conversation of merged contact: %w", err)
	}
	e := mergeEvent(id, ConversationEventClosed, "", now)
	if err := repo.AddConversationEvent(ctx, e); err != nil {
		return fmt.Errorf("note end of conversation: %w", err)
	}
	if automated, err := Automated(ctx, repo); err != nil || !automated {
		return err
	}
	if err := repo.AddHappening(ctx, Happening{ID: e.ID, Conversation: id, Kind: HappenedClosed, By: e.By, At: now}); err != nil {
		return fmt.Errorf("let automation follow: %w", err)
	}
	return ask(ctx, WorkflowJob(c.Workspace, id))
}

// UndoMerge gives back to the merged contact what the merge took from it and nobody has given back since, though other merges may have passed it on.
// What came in since stays where it is, and so does a wish for silence.
func UndoMerge(ctx context.Context, repo Repo, id string, now time.Time) error {
	m, err := repo.Merge(ctx, id)
	if err != nil {
		return err
	}
	if !m.Undone.IsZero() {
		return Problemf(CodeConflict, "This merge was undone already.")
	}
	holder, err := CurrentContact(ctx, repo, m.Into)
	if err != nil {
		return fmt.Errorf("read contact merged into: %w", err)
	}
	if err := giveBack(ctx, repo, m, holder.ID, now); err != nil {
		return err
	}
	back, err := repo.Contact(ctx, m.From)
	if err != nil {
		return fmt.Errorf("read merged contact: %w", err)
	}
	back.MergedInto = ""
	if err := repo.SetContact(ctx, back); err != nil {
		return fmt.Errorf("unmark merged contact: %w", err)
	}
	return repo.SetMergeUndone(ctx, id, now)
}

// CurrentContact reads a contact, or the one that it is part of now.
func CurrentContact(ctx context.Context, repo Repo, id ContactID) (Contact, error) {
	for {
		c, err := repo.Contact(ctx, id)
		if err != nil || c.MergedInto == "" {
			return c, err
		}
		id = c.MergedInto
	}
}

func giveBack(ctx context.Context, repo Repo, m Merge, holder ContactID, now time.Time) error {
	identities, err := repo.IdentitiesOf(ctx, holder)
	if err != nil {
		return fmt.Errorf("read identities to give back: %w", err)
	}
	conversations, err := repo.ConversationsOf(ctx, holder)
	if err != nil {
		return fmt.Errorf("read conversations to give back: %w", err)
	}
	held := slices.DeleteFunc(m.Identities, func(id IdentityID) bool {
		return !slices.ContainsFunc(identities, func(i Identity) bool { return i.ID == id })
	})
	if err := repo.MoveIdentities(ctx, held, m.From); err != nil {
		return fmt.Errorf("give identities back: %w", err)
	}
	theirs := slices.DeleteFunc(m.Conversations, func(id ConversationID) bool {
		return !slices.ContainsFunc(conversations, func(c Conversation) bool { return c.ID == id })
	})
	if err := repo.MoveConversations(ctx, theirs, m.From); err != nil {
		return fmt.Errorf("give conversations back: %w", err)
	}
	for _, c := range theirs {
		if err := repo.AddConversationEvent(ctx, mergeEvent(c, ConversationEventUnmerged, m.Reason, now)); err != nil {
			return fmt.Errorf("note undoing: %w", err)
		}
	}
	return nil
}

func mergeEvent(c ConversationID, kind ConversationEventKind, text string, at time.Time) ConversationEvent {
	return ConversationEvent{ID: NewID[string](), Conversation: c, Kind: kind, By: Author{Kind: AuthorSystem}, Text: text, At: at}
}
