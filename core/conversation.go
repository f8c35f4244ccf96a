package core

import "time"

// ConversationState is open or closed. At most one conversation of a contact is open; the store's unique index says so.
type ConversationState string

const (
	ConversationOpen   ConversationState = "open"
	ConversationClosed ConversationState = "closed"
)

// Conversation is everything from open to close with one contact, over whichever channels.
type Conversation struct {
	ID        ConversationID
	Workspace WorkspaceID
	Contact   ContactID
	Number    int64 // counts up in a workspace, from 1; shown to people as #n
	State     ConversationState
	Channel   ChannelID // the channel the contact last wrote on: answers leave by it unless told otherwise
	Agent     AgentID   // assigned agent, empty if none
	Team      TeamID    // assigned team, empty if none
	Subject   string    // of its mail thread; set at opening, never changed after
	Opened    time.Time
	Closed    time.Time // zero while open
	LastAt    time.Time // of the newest message
	Waiting   time.Time // since when the contact waits for a person's answer; zero if not waiting
	Seq       int64     // of the newest message
	Referral  *Referral // the first ad or link that brought the contact here
}

// ConversationEventKind names what happened to a conversation, beside its messages.
type ConversationEventKind string

const (
	EventOpened        ConversationEventKind = "opened" // Conversation Opened: By tells by whom
	EventClosed        ConversationEventKind = "closed"
	EventReopened      ConversationEventKind = "reopened"
	EventAssigned      ConversationEventKind = "assigned"
	EventMerged        ConversationEventKind = "contact-merged"
	EventUnmerged      ConversationEventKind = "contact-unmerged"
	EventNumberChanged ConversationEventKind = "identity-changed"
	EventPhoneAnswered ConversationEventKind = "phone-answered" // a person wrote in Message from the business's phone; Data may have "waited", how long the contact did
	EventNotice        ConversationEventKind = "notice"         // something an agent should know, in Text
	EventNote          ConversationEventKind = "note"           // left by automation or a program, for whoever reads the history; nobody is mailed
	EventOrdered       ConversationEventKind = "ordered"        // an order was taken down: Data names it
)

// ConversationEvent is one line of a conversation's history that is not a message.
type ConversationEvent struct {
	ID           string // time-ordered
	Conversation ConversationID
	Kind         ConversationEventKind
	By           Author
	Message      MessageID         // what it is about; may be empty
	Code         string            // of a notice: "reaction", "reaction-removed", "edit", "filled" (a placeholder), "revoke", "identity-changed", "unknown", "settled-again", …; readers word it in their language
	Data         map[string]string // what the wording needs: "emoji", "text", "old", "new"
	Text         string            // an English sentence, for readers that do not know Code
	At           time.Time
}
