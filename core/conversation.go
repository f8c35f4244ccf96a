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
	ConversationEventOpened        ConversationEventKind = "opened" // Conversation Opened: By tells by whom
	ConversationEventClosed        ConversationEventKind = "closed"
	ConversationEventReopened      ConversationEventKind = "reopened"
	ConversationEventAssigned      ConversationEventKind = "assigned"
	ConversationEventMerged        ConversationEventKind = "contact-merged"
	ConversationEventUnmerged      ConversationEventKind = "contact-unmerged"
	ConversationEventNumberChanged ConversationEventKind = "identity-changed"
	ConversationEventPhoneAnswered ConversationEventKind = "phone-answered" // a person wrote in Message from the business's phone; Data may have "waited", how long the contact did
	ConversationEventNotice        ConversationEventKind = "notice"         // something an agent should know, in Text
	ConversationEventNote          ConversationEventKind = "note"           // left by automation or a program, for whoever reads the history; nobody is mailed
	ConversationEventOrdered       ConversationEventKind = "ordered"        // an order was taken down: Data names it
)

// ConversationEvent is one line of a conversation's history that is not a message.
type ConversationEvent struct {
	ID           string // time-ordered
	Conversation ConversationID
	Kind         ConversationEventKind
	By           Author
	Message      MessageID         // what it is about; may be empty
	Code         LineCode          // what it says, for readers that word it in their language; may be empty
	Data         map[string]string // what the wording needs: "emoji", "text", "old", "new"
	Text         string            // an English sentence, for readers that do not know Code
	At           time.Time
}

// LineCode names what a line of a conversation's history says. The words that mails have for it are under the same name.
type LineCode string

const (
	LineReaction         LineCode = "reaction"
	LineReactionRemoved  LineCode = "reaction-removed"
	LineEdit             LineCode = "edit"
	LineRevoke           LineCode = "revoke"
	LineFilled           LineCode = "filled"           // what a placeholder stood for came after all
	LineChangeFailed     LineCode = "change-failed"    // an edit or a deletion of ours was not taken
	LineIdentityChanged  LineCode = "identity-changed" // the contact has a new number or account
	LineNumberReused     LineCode = "number-reused"    // the contact's number is somebody else's now
	LineStopped          LineCode = "stopped"          // the contact wants no more messages
	LineResumed          LineCode = "resumed"
	LineMarketingStopped LineCode = "marketing-stopped"
	LineMarketingResumed LineCode = "marketing-resumed"
	LineBlocked          LineCode = "blocked" // the contact blocks the channel, and can be sent nothing
	LineUnblocked        LineCode = "unblocked"
	LineRepeats          LineCode = "repeats"       // the same comes again and again, and is not mailed any more
	LineUnknown          LineCode = "unknown"       // nobody knows whether a program's message arrived
	LineNotDelivered     LineCode = "not-delivered" // it did not

	LineSettledSent   LineCode = "settled-sent" // of a message whose outcome was unknown, a person says that it arrived
	LineSettledFailed LineCode = "settled-failed"
	LineSettledAgain  LineCode = "settled-again"
	LineGivenUpFailed LineCode = "given-up-failed" // of one that was given up, a person says to leave it at that
	LineGivenUpAgain  LineCode = "given-up-again"

	LineSnoozeOver        LineCode = "snooze-over"
	LineEscalated         LineCode = "escalated" // the contact waited so long that the priority was raised
	LineFirstAnswerSoon   LineCode = "target-first-soon"
	LineFirstAnswerMissed LineCode = "target-first-missed"
	LineResolutionSoon    LineCode = "target-resolution-soon"
	LineResolutionMissed  LineCode = "target-resolution-missed"
	LineSurvey            LineCode = "survey" // the contact's answer to the survey
	LineOrder             LineCode = "order"  // an order was taken down, or has another state
	LineWorkflow          LineCode = "workflow"
)
