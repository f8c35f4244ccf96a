package core

import "time"

// Scheme names a kind of identity.
type Scheme string

const (
	SchemePhone    Scheme = "phone"    // digits as the provider writes them, without "+"; never rewritten
	SchemeLID      Scheme = "lid"      // WhatsApp's linked identity
	SchemeBSUID    Scheme = "bsuid"    // WhatsApp's business-scoped user id
	SchemeUsername Scheme = "username" // WhatsApp user name; may change hands, so it never finds a contact
	SchemeEmail    Scheme = "email"
	SchemeGroup    Scheme = "whatsapp-group" // a group there: its contact stands for all who are in it, and no reply window binds it
)

// IdentityKey is what an identity is known by: unique in a workspace. Scope narrows values that are only unique below something
// (a Facebook page, a bot); it is empty where the scheme is global, as for phone numbers.
type IdentityKey struct {
	Scheme Scheme
	Scope  string
	Value  string
}

// Addressing reports whether a contact may be found, and merged, by an identity of this scheme. User names are shown, not trusted.
func (s Scheme) Addressing() bool { return s != SchemeUsername }

// SourceChanged is the source of an identity by which a contact is known since their number or id changed: answers go there from then on.
const SourceChanged = "identity-changed"

// Identity is one way by which a contact is known.
type Identity struct {
	ID      IdentityID
	Contact ContactID
	Key     IdentityKey
	Source  string    // where it was learned: the kind of bridge, "merge", "api", SourceChanged
	Channel ChannelID // on which channel; empty if on none
	Event   string    // which of the provider's events told it: "message/ID"; empty if none did
	Seen    time.Time // when
}

// Contact is a person. Identities lead to it; a phone number is never its key.
type Contact struct {
	ID            ContactID
	Workspace     WorkspaceID
	Name          string // as the person or the provider gave it; may be empty
	Language      string // BCP 47 tag, empty if unknown
	OptedOut      bool   // wants nothing on any channel; what they said to one channel is a Wish
	MarketingStop bool   // wants no marketing on any channel
	Blocked       bool
	MergedInto    ContactID // set on a contact that was merged away; undoing clears it
	Created       time.Time
	Erased        time.Time // when everything about the person was erased; zero: it was not. Such a contact has no name and no identities
}

// ErasedProblem is the answer to who wants something of a contact who was erased.
func ErasedProblem() *Problem {
	return Problemf(CodeConflict, "Everything about this contact was erased, as they asked.").Remedied("If they write again, they are a new contact.")
}

// Peer is how an event describes the person on the other side: every identity the provider named, the one to answer to first.
type Peer struct {
	Name       string
	Language   string // BCP 47 tag in which they use the channel; empty if it does not tell
	Identities []IdentityKey
}

// Group reports whether the peer stands for several people.
func (p Peer) Group() bool {
	return len(p.Identities) > 0 && p.Identities[0].Scheme == SchemeGroup
}

// Merge is the record of two contacts having become one; it holds what is needed to undo it.
type Merge struct {
	ID            string
	Into, From    ContactID
	Identities    []IdentityID     // moved from From to Into
	Conversations []ConversationID // moved likewise
	Reason        string
	At            time.Time
	Undone        time.Time // zero while it stands
}

// Knowledge is what is to be known of a contact from now on: what it does not name stays.
type Knowledge struct {
	Fields map[string]string // an empty value removes one
	Tags   []string
	Untag  []string
}
