package core

import (
	"encoding/json"
	"time"
)

// Origin tells which end an event came from.
type Origin string

const (
	OriginCustomer Origin = "customer"
	OriginDevice   Origin = "device"   // the business's own phone or a device linked to it: a coexistence echo
	OriginGateway  Origin = "gateway"  // our own send, reported back; of an account, what we found out by asking
	OriginBusiness Origin = "business" // the business's side, and the provider does not tell which: ours if it is what is being sent just now, else a person's
	OriginProvider Origin = "provider" // the platform itself: template and account events
)

// Event is what a bridge hands over: one thing that happened at the provider. Kind tells which body is set; exactly one is.
type Event struct {
	Kind     EventKind `json:"kind"`
	ID       string    `json:"id"`                // the provider's id of this event, unique with Kind in a channel; bridges hash what has none
	Key      string    `json:"key,omitempty"`     // our own key (a PartID) where the provider returns it
	Account  string    `json:"account,omitempty"` // the provider's account it is for: one webhook may serve several channels
	At       time.Time `json:"at"`                // the provider's clock; if that cannot be read, when it arrived
	Origin   Origin    `json:"origin"`
	Peer     Peer      `json:"peer"`             // the contact; empty for events about the channel itself
	Author   string    `json:"author,omitempty"` // who of several people it was, where the peer is a group
	Historic bool      `json:"historic,omitempty"`
	// Shared says that it is about an account that several channels may stand for; each of them reads the call itself. Doubtful says that the link which
	// read it cannot tell whether it concerns its channel: only the channel that was called gets it then.
	Shared   bool `json:"shared,omitempty"`
	Doubtful bool `json:"doubtful,omitempty"`
	Test     bool `json:"test,omitempty"`  // of a channel's own test contact; it is Historic too, but a message opens the reply window
	Opens    bool `json:"opens,omitempty"` // a reaction by which the customer opens the reply window, as a message does anyway

	Message    *MessageBody    `json:"message,omitempty"`
	Receipt    *ReceiptBody    `json:"receipt,omitempty"`
	Reaction   *ReactionBody   `json:"reaction,omitempty"`
	Edit       *EditBody       `json:"edit,omitempty"`
	Revoke     *RevokeBody     `json:"revoke,omitempty"`
	Identity   *IdentityBody   `json:"identity,omitempty"`
	Preference *PreferenceBody `json:"preference,omitempty"`
	Template   *TemplateBody   `json:"template,omitempty"`
	Change     *AccountBody    `json:"change,omitempty"`
	Entry      *EntryBody      `json:"entry,omitempty"`
	Continue   *ContinueBody   `json:"continue,omitempty"`

	// Raw is what the provider sent for this event, kept with dead letters and unsupported kinds.
	Raw json.RawMessage `json:"raw,omitempty"`
	// Fault says why the event cannot be applied (a sender nobody could name). Such an event goes to the dead letters.
	Fault string `json:"fault,omitempty"`
}

// EventKind says which body of an Event is set.
type EventKind string

const (
	EventMessage    EventKind = "message"
	EventReceipt    EventKind = "receipt"
	EventReaction   EventKind = "reaction"
	EventEdit       EventKind = "edit"
	EventRevoke     EventKind = "revoke"
	EventIdentity   EventKind = "identity"   // a contact's number or id changed
	EventPreference EventKind = "preference" // a contact stopped or resumed marketing, or everything
	EventTemplate   EventKind = "template"
	EventAccount    EventKind = "account"  // something about the channel's account
	EventEntry      EventKind = "entry"    // the business's own address book says what the peer is called
	EventContinue   EventKind = "continue" // the peer goes on at another channel, and will be known there by a code
	EventOther      EventKind = "other"    // known not to concern us, or unknown: kept raw in the channel log
)

// MessageBody is a message that came in, or an echo of one that went out.
type MessageBody struct {
	Provider string // the provider's message id
	Stanza   string // the id inside it, where both transports of WhatsApp share one
	Content  Content
	Status   Status // of what the business wrote, where an import tells how far it came; empty: sent
}

// ReceiptBody is news of a message we sent.
type ReceiptBody struct {
	Provider string
	Stanza   string
	Status   Status // sent, delivered, read or failed
	// Until says that it holds for all that was sent to the peer up to that time by the provider's clock; Provider may then be empty.
	Until   time.Time `json:",omitzero"`
	Error   *SendError
	Learned []IdentityKey // identities of the recipient that the receipt tells
}

// ReactionBody is an emoji on a message; empty takes it back.
type ReactionBody struct {
	Target string // provider id of the message
	Stanza string `json:",omitempty"` // the id inside Target, where both transports of WhatsApp share one; likewise below
	Emoji  string
}

// EditBody replaces what a message says. Of several for one message the last by Event.At holds, in whatever order they come: a bridge that knows the order
// of two within the provider's unit of time says so in the fractions below that unit.
type EditBody struct {
	Target  string
	Stanza  string `json:",omitempty"`
	Content Content
}

// RevokeBody deletes a message for everyone.
type RevokeBody struct {
	Target string
	Stanza string `json:",omitempty"`
}

// IdentityBody tells that the peer is now known by New, formerly by Old.
type IdentityBody struct {
	Old, New []IdentityKey
	Note     string // the provider's sentence, if any
}

// PreferenceBody tells what the peer wants.
type PreferenceBody struct {
	Marketing bool // it is about marketing only; else about everything
	Stop      bool
	Block     bool // the platform says that the peer has blocked the account, or with Stop false no longer does; what they write later shows the latter, too
	Detail    string
	Confirm   string // what to answer, once, if this changes anything; empty: nothing, or the provider has answered already
}

// TemplateBody is a change of a template at the provider. Empty fields did not change.
type TemplateBody struct {
	ProviderID string
	Name       string
	Language   string
	Status     TemplateStatus
	Category   string
	Quality    string
	Reason     string
}

// AccountBody is a change of the channel's account. Health is what the channel's state becomes, nil for mere news.
type AccountBody struct {
	Name   string // the provider's word for it
	Detail string // a sentence for the admin
	Health *Health
	// Topic is what the health is about. News of one topic hold by their time, in whatever order they come in; the channel is as bad as its worst
	// topic. Empty: the news hold when they come.
	Topic string `json:",omitempty"`
	// Slack is how much a provider's times on this topic may be off: good news up to that much older than bad news still end it.
	Slack  time.Duration `json:",omitempty"`
	Import *Import       `json:",omitempty"` // how far an import has come, by the provider's word
	// Unnamed says that the news is of one of several accounts that belong together, and not of which. Ask says that it may be this channel's or another's:
	// nothing is done before the provider was asked. Whoever knows all the channels sets it.
	Unnamed bool `json:",omitempty"`
	Ask     bool `json:",omitempty"`
	Over    bool `json:",omitempty"` // the account was taken from us: when it is given back, everything may be imported again
	// Number is the phone number that the channel serves, with its country code, as the provider proves it (never as an admin wrote it); empty: no news
	// of it. Phone says that the channel is a device linked to that phone, rather than the provider's API.
	Number string `json:",omitempty"`
	Phone  bool   `json:",omitempty"`
}

// EntryBody is an entry in the address book of the business's own phone. Name is empty where it was removed.
type EntryBody struct {
	Name  string
	Known bool `json:",omitempty"` // it is about nobody who is not a contact already
}
