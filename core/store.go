package core

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"time"
)

// ErrUnavailable is wrapped by the error of a Store, or of Blobs, that cannot be reached or takes nothing: the caller may try again, and nothing was
// stored.
var ErrUnavailable = errors.New("storage unavailable")

// ErrNotFound is returned by a Store where the named thing does not exist in the workspace.
var ErrNotFound = errors.New("not found")

// ErrDuplicate is returned by a Store where a unique key is taken.
var ErrDuplicate = errors.New("already exists")

// ErrOutrun is returned where another transaction was quicker; one more try finds what it did.
var ErrOutrun = errors.New("another transaction was quicker")

// Store is the database. Everything a tenant owns is reached through In, which binds every query to one workspace.
//
// Inside the function of Tx only the Tx may be used: calling the Store there can block forever on a database with one writer.
type Store interface {
	// In returns the reads and single writes of one workspace, each in a transaction of its own.
	In(WorkspaceID) Repo
	// Tx runs f in one transaction and commits if it returns nil. It is run again when the database asks for it (deadlock, serialization),
	// so f must not have effects outside tx.
	Tx(ctx context.Context, f func(tx Tx) error) error

	// EnsureWorkspace returns the workspace of that name, made if it is missing.
	EnsureWorkspace(ctx context.Context, name string) (WorkspaceID, error)
	// ChannelByID finds a channel of any workspace, for webhooks. Here and in the next two, one that was removed is not there.
	ChannelByID(ctx context.Context, id ChannelID) (Channel, error)
	// ChannelByAccount finds the channel of any workspace that stands for a provider's account.
	ChannelByAccount(ctx context.Context, kind, account string) (Channel, error)
	// AllChannels lists the channels of all workspaces.
	AllChannels(ctx context.Context) ([]Channel, error)
	// WorkspaceOf finds the workspace of a conversation, for reply addresses, whose token proves the right to know.
	WorkspaceOf(ctx context.Context, id ConversationID) (WorkspaceID, error)
	// KeyByHash finds the API key with this SHA-256.
	KeyByHash(ctx context.Context, hash []byte) (APIKey, error)
	// Automated lists the workspaces that have automation: those in which a value of the AutomationOwner is set.
	Automated(ctx context.Context) ([]WorkspaceID, error)
	// SealedSecrets lists every sealed value, for key rotation.
	SealedSecrets(ctx context.Context) ([]SealedSecret, error)
	Leases
	Ping(ctx context.Context) error
	Close() error
}

// Tx is a running transaction.
type Tx interface {
	In(WorkspaceID) Repo
	// Enqueue adds jobs; they start after the commit, or never if it fails.
	Enqueue(ctx context.Context, jobs ...Job) error
	// Try runs f so that its failure undoes only what f did.
	Try(ctx context.Context, f func() error) error
	// Holds returns ErrLeaseLost unless the lease is its holder's now, and keeps it from changing hands until the transaction is over. The zero
	// Lease is always held.
	Holds(ctx context.Context, l Lease) error
	Bulk
}

// Page asks for a slice of a list, newest first unless said otherwise. Before is the position (a sequence or an id) to go on from, empty for the
// start. Limit zero means 50; at most 200 are returned.
type Page struct {
	Before string
	Limit  int
}

// ConversationFilter narrows a list of conversations; zero fields do not.
type ConversationFilter struct {
	State   ConversationState
	Agent   AgentID
	Team    TeamID
	Channel ChannelID
	Contact ContactID
	Number  int64 // what people call it
}

// Repo is a workspace's data. Methods that name a thing which does not exist return ErrNotFound; what exists in another workspace does not.
type Repo interface {
	ChannelRepo
	SafeRepo
	PeopleRepo
	ContactRepo
	ConversationRepo
	MessageRepo
	LedgerRepo
	EventRepo
	MailRepo
	AutomationRepo
	DeskRepo
	WorkflowRepo
	SurveyRepo
	ReportRepo
	BroadcastRepo
	ErasureRepo
}

// ChannelRepo keeps channels, their secrets, templates and log.
type ChannelRepo interface {
	// SaveChannel inserts, or updates name, account, settings and window of, the channel with this id. One that was removed is active again.
	SaveChannel(ctx context.Context, c Channel) error
	// Channel returns a channel, one that was removed, too. ChannelByName and Channels do not know those.
	Channel(ctx context.Context, id ChannelID) (Channel, error)
	ChannelByName(ctx context.Context, name string) (Channel, error)
	Channels(ctx context.Context) ([]Channel, error)
	// RemovedChannels lists those that were removed, by name.
	RemovedChannels(ctx context.Context) ([]Channel, error)
	// SetChannelState changes nothing of a channel that was removed.
	SetChannelState(ctx context.Context, id ChannelID, state ChannelState, h Health) error
	// RemoveChannel makes a channel a removed one, which is no side of a number any more, and frees its name and its account.
	RemoveChannel(ctx context.Context, id ChannelID, h Health) error
	// StripChannel deletes what a removed channel has of secrets, sealed records, templates, events that wait for a message, and small values of those
	// owners. Of a channel that is not removed it deletes nothing.
	StripChannel(ctx context.Context, id ChannelID, owners []string) error
	// SeenIn notes that an event came in; it only moves forward.
	SeenIn(ctx context.Context, id ChannelID, at time.Time) error

	// PutSecret stores a sealed value under (owner, name), replacing what was there.
	PutSecret(ctx context.Context, s SealedSecret) error
	Secrets(ctx context.Context, owner string) ([]SealedSecret, error)
	// AddSecret is PutSecret where there is none yet, and reports whether it won: false means that one is there already.
	AddSecret(ctx context.Context, s SealedSecret) (won bool, err error)

	// DropSecret forgets a sealed value. One that is not there is no error.
	DropSecret(ctx context.Context, owner, name string) error

	// PutTemplates makes the channel's templates exactly these.
	PutTemplates(ctx context.Context, id ChannelID, all []Template) error
	Templates(ctx context.Context, id ChannelID) ([]Template, error)
	Template(ctx context.Context, id ChannelID, name, language string) (Template, error)
	// ChangeTemplate applies the non-empty fields of a provider's news; languages are compared without regard to "-" and "_".
	ChangeTemplate(ctx context.Context, id ChannelID, c TemplateBody) error

	// Value and SetValue keep small values by owner and name, such as cursors. Value returns nil if there is none.
	Value(ctx context.Context, owner, name string) ([]byte, error)
	SetValue(ctx context.Context, owner, name string, value []byte) error
	// SetValueUntil is SetValue for a value that may be forgotten from a time on. A zero time keeps it for good.
	SetValueUntil(ctx context.Context, owner, name string, value []byte, until time.Time) error
	// SwapValue is SetValue where the value is still old, nil meaning that there is none, and reports whether it was.
	SwapValue(ctx context.Context, owner, name string, old, value []byte) (won bool, err error)
	// FirstValue returns an owner's value whose name is the first; an empty name if there is none.
	FirstValue(ctx context.Context, owner string) (name string, value []byte, err error)
	// DropValue forgets a value. One that is not there is no error.
	DropValue(ctx context.Context, owner, name string) error
	// Automation names the values of the AutomationOwner that are set. It is asked for each message, so a store may remember them for a moment, as it may
	// those values. A change of them returns, and the Tx that makes it, when all processes go by it.
	Automation(ctx context.Context) ([]string, error)

	AppendLog(ctx context.Context, e LogEntry) error
	ChannelLog(ctx context.Context, id ChannelID, p Page) ([]LogEntry, error)
}

// SealedSecret is a value that only the vault can open. Owner and Name are bound into the seal.
type SealedSecret struct {
	Workspace WorkspaceID
	Owner     string // "channel/ID"
	Name      string
	Box       []byte
	Hint      string // last four characters, for people to tell values apart; empty for short ones
	Set       time.Time
}

// Context is what the box is sealed for, so that it opens in no other place.
func (s SealedSecret) Context() string { return string(s.Workspace) + "/" + s.Owner + "/" + s.Name }

// PeopleRepo keeps agents, teams, forwards and API keys. Save inserts or replaces by id.
type PeopleRepo interface {
	SaveAgent(ctx context.Context, a Agent) error
	Agent(ctx context.Context, id AgentID) (Agent, error)
	AgentByName(ctx context.Context, name string) (Agent, error)
	AgentByAddress(ctx context.Context, address string) (Agent, error)
	Agents(ctx context.Context) ([]Agent, error)
	SaveTeam(ctx context.Context, t Team) error
	Team(ctx context.Context, id TeamID) (Team, error)
	TeamByName(ctx context.Context, name string) (Team, error)
	Teams(ctx context.Context) ([]Team, error)
	SaveForward(ctx context.Context, f Forward) error
	DeleteForward(ctx context.Context, id string) error
	Forwards(ctx context.Context) ([]Forward, error)
	SaveKey(ctx context.Context, k APIKey) error
	Keys(ctx context.Context) ([]APIKey, error)
}

// ContactRepo keeps contacts and their identities.
type ContactRepo interface {
	// Identities finds those of the given keys that are known, in the order of the keys.
	Identities(ctx context.Context, keys []IdentityKey) ([]Identity, error)
	IdentitiesOf(ctx context.Context, id ContactID) ([]Identity, error)
	// AddIdentity inserts an identity and reports whether it won: false means that the key is known already.
	AddIdentity(ctx context.Context, i Identity) (won bool, err error)
	// MoveIdentities and MoveConversations change the contact of what is named.
	MoveIdentities(ctx context.Context, ids []IdentityID, to ContactID) error
	MoveConversations(ctx context.Context, ids []ConversationID, to ContactID) error
	AddContact(ctx context.Context, c Contact) error
	// AddPerson inserts a contact known by an identity, and reports whether it won: false means that the identity is known already; nothing is
	// then stored.
	AddPerson(ctx context.Context, c Contact, i Identity) (won bool, err error)
	Contact(ctx context.Context, id ContactID) (Contact, error)
	Contacts(ctx context.Context, p Page) ([]Contact, error)
	// SetContact updates name, language, preferences and MergedInto.
	SetContact(ctx context.Context, c Contact) error
	AddMerge(ctx context.Context, m Merge) error
	Merge(ctx context.Context, id string) (Merge, error)
	MergesOf(ctx context.Context, id ContactID) ([]Merge, error)
	SetMergeUndone(ctx context.Context, id string, at time.Time) error

	// SetWish records a wish, and reports whether it changes what was wished before: nobody wishes for silence at first. One older than the last
	// word on it changes nothing.
	SetWish(ctx context.Context, w Wish) (changed bool, err error)
	// Wish returns the last word of an identity on a channel.
	Wish(ctx context.Context, ch ChannelID, id IdentityID, marketing bool) (Wish, error)
	// Wishes lists those of all identities of a contact on a channel.
	Wishes(ctx context.Context, ch ChannelID, contact ContactID) ([]Wish, error)

	// TouchWindow raises the customer's last act on a channel; an older time changes nothing.
	TouchWindow(ctx context.Context, ch ChannelID, id IdentityID, at time.Time) error
	// CloseWindow notes that the provider called the window closed at that time.
	CloseWindow(ctx context.Context, ch ChannelID, id IdentityID, at time.Time) error
	// Window returns the newest state over all identities of a contact on a channel; the zero state if there is none.
	Window(ctx context.Context, ch ChannelID, contact ContactID) (WindowState, error)
	// Reach returns all at once what Channel, Contact, IdentitiesOf, Wishes and Window do.
	Reach(ctx context.Context, ch ChannelID, contact ContactID) (Reach, error)
}

// ConversationRepo keeps conversations.
type ConversationRepo interface {
	// OpenConversation finds the contact's open conversation.
	OpenConversation(ctx context.Context, contact ContactID) (Conversation, error)
	// AddConversation inserts one, giving it its Number, and reports whether it won: false means that the contact has an open one already.
	AddConversation(ctx context.Context, c *Conversation) (won bool, err error)
	Conversation(ctx context.Context, id ConversationID) (Conversation, error)
	// ConversationsOf lists all of a contact's, newest first.
	ConversationsOf(ctx context.Context, contact ContactID) ([]Conversation, error)
	// Conversations lists by time of the last message, newest first; Page.Before is the RFC 3339 time of the last one seen. A page is longer than its limit
	// where more are of that time.
	Conversations(ctx context.Context, f ConversationFilter, p Page) ([]Conversation, error)
	// AllOpen names those that are open, all at once and in no order: whoever walks through them by pages can miss one that moves meanwhile.
	AllOpen(ctx context.Context) ([]ConversationID, error)
	// SetConversation updates state, channel, agent, team, closed, waiting and referral. ErrDuplicate: reopening, while another is open.
	SetConversation(ctx context.Context, c Conversation) error
	// NextSeq locks the conversation and takes its next sequence number.
	NextSeq(ctx context.Context, id ConversationID, at time.Time) (int64, error)
	// Lock keeps others from the conversation until the transaction ends, and returns it.
	Lock(ctx context.Context, id ConversationID) (Conversation, error)
	AddConversationEvent(ctx context.Context, e ConversationEvent) error
	ConversationEvents(ctx context.Context, id ConversationID) ([]ConversationEvent, error)
	// TakeLane records token as the newest worker of a lane and reports whether it is: false means that a newer one is at work.
	TakeLane(ctx context.Context, lane string, token int64) (bool, error)
}

// MessageRepo keeps messages, parts and media.
type MessageRepo interface {
	// AddMessage inserts a message with its parts and reports whether it won: false means that a part with the same (channel, provider id),
	// or a message with the same Key, is there already; nothing is then stored.
	AddMessage(ctx context.Context, m Message) (won bool, err error)
	// Message returns a message with its parts and reactions.
	Message(ctx context.Context, id MessageID) (Message, error)
	MessageByKey(ctx context.Context, key string) (Message, error)
	// Messages lists a conversation's, with parts and reactions, by sequence descending; Page.Before is a sequence. Those that were imported are not
	// among them: what is done next never hangs on those. People read the Timeline.
	Messages(ctx context.Context, id ConversationID, p Page) ([]Message, error)
	// LastSender returns the identity of the newest message that came in by a channel in a conversation, and when it was stored; zero: none came.
	LastSender(ctx context.Context, id ConversationID, ch ChannelID) (IdentityID, time.Time, error)
	// ImportedMessages lists those of a conversation that were imported, with parts and reactions, by their own time and then their sequence, both
	// descending, from a bookmark on.
	ImportedMessages(ctx context.Context, id ConversationID, from Bookmark, limit int) ([]Message, error)
	// SetMessageStatus sets the status and error of a message.
	SetMessageStatus(ctx context.Context, id MessageID, s Status, e *SendError) error
	// EditMessage keeps the present content as a version and replaces it. One that stays as it is makes no version, and has another time.
	EditMessage(ctx context.Context, id MessageID, content Content, at time.Time) error
	// RevokeMessage takes the content away, that of its versions and of the lines about its changes included. Its files are the caller's to delete.
	RevokeMessage(ctx context.Context, id MessageID, at time.Time) error
	// MarkAutomatic says of a message that is here that a machine wrote it, and why that is known. The lines by which it opened, answered or assigned its
	// conversation go.
	MarkAutomatic(ctx context.Context, id MessageID, why string) error
	Versions(ctx context.Context, id MessageID) ([]Content, error)
	// PutReaction sets or, with an empty emoji, removes the author's reaction; an older one changes nothing. Of two at one time always the same one holds,
	// whichever comes first, and an emoji rather than none.
	PutReaction(ctx context.Context, id MessageID, r Reaction) error

	Part(ctx context.Context, id PartID) (Part, error)
	PartByProvider(ctx context.Context, ch ChannelID, provider string) (Part, error)
	// ClaimProvider is PartByProvider for who is about to give the provider's id to a part, in the same transaction: until that ends, nobody else gives
	// it to one, nor finds out that none has it.
	ClaimProvider(ctx context.Context, ch ChannelID, provider string) (Part, error)
	// NextPart returns the conversation's first part, by sequence, that is queued, parked, sending, or unknown with a NotBefore (until then
	// a receipt may tell what became of it; an unknown part without one waits for a person and holds nobody up). A part that was never tried and
	// whose NotBefore is still to come is not among them. ErrNotFound: there is none.
	NextPart(ctx context.Context, id ConversationID) (Part, error)
	// PartsOf lists the parts of a message, in their order.
	PartsOf(ctx context.Context, id MessageID) ([]Part, error)
	// PartsAfter lists what is still to be sent of a conversation after a part, in its order.
	PartsAfter(ctx context.Context, p Part, limit int) ([]Part, error)
	// SetPart updates status, error, provider, stanza, attempts, not-before and sent. It is the caller who keeps the ladder.
	SetPart(ctx context.Context, p Part) error
	// PartsIn lists a channel's parts in a status in which they are still to be sent, oldest first, for resuming.
	PartsIn(ctx context.Context, ch ChannelID, s Status, limit int) ([]Part, error)
	// GivenUp lists a channel's parts that failed though what stood in their way passes, such as those that were tried for too long, newest first.
	GivenUp(ctx context.Context, ch ChannelID, limit int) ([]Part, error)
	AddAttempt(ctx context.Context, a Attempt) error
	Attempts(ctx context.Context, id PartID) ([]Attempt, error)

	AddFile(ctx context.Context, f File) error
	File(ctx context.Context, id MediaID) (File, error)
	// SetFile updates state, blob, MIME, name, size, error and tries. Of one that was deleted it forgets where it lay.
	SetFile(ctx context.Context, f File) error
	// FilesOf lists the files of a message: those that it brought, also before it was changed, and what was made of them.
	FilesOf(ctx context.Context, id MessageID) ([]File, error)
	// SpareFile notes that a medium lies at another channel, too, by that one's reference.
	SpareFile(ctx context.Context, id MediaID, ch ChannelID, m Media) error
	// UseSpare has a medium that is not here be fetched from where else it lies, and forgets where it lay. False: it is here, or lies nowhere else.
	UseSpare(ctx context.Context, id MediaID) (bool, error)
}

// FileState is where a medium is.
type FileState string

const (
	FilePending FileState = "pending" // at the provider
	FileHere    FileState = "here"
	FileMissing FileState = "missing" // given up; Error says why
	FileDeleted FileState = "deleted" // by who sent it; Blob is empty once the bytes are gone, too
)

// File is a medium as we keep it.
type File struct {
	ID           MediaID
	Channel      ChannelID
	Conversation ConversationID
	Message      MessageID
	Media        Media
	State        FileState
	Blob         string // key in the blob store
	Error        string
	Tries        int
	Created      time.Time
}

// EventRepo keeps what makes acceptance exact: seen events, parked events and dead letters.
type EventRepo interface {
	// ClaimEvent records that an event is being applied and reports whether it is new.
	ClaimEvent(ctx context.Context, ch ChannelID, kind EventKind, id string) (fresh bool, err error)
	// ParkEvent keeps an event whose target (a provider message id) is not known yet.
	ParkEvent(ctx context.Context, ch ChannelID, target string, e Event, until time.Time) error
	// TakeParked removes and returns the events parked for a target.
	TakeParked(ctx context.Context, ch ChannelID, target string) ([]Event, error)
	// TakeOverdue removes and returns events whose time of waiting is over, for the dead letters.
	TakeOverdue(ctx context.Context, now time.Time, limit int) ([]DeadLetter, error)
	AddDeadLetter(ctx context.Context, d DeadLetter) error
	DeadLetters(ctx context.Context, p Page) ([]DeadLetter, error)
	DeadLetter(ctx context.Context, id string) (DeadLetter, error)
	RemoveDeadLetter(ctx context.Context, id string) error
}

// DeadMail is the kind of a dead letter that is an agent's mail. Its id is the mail's.
const DeadMail = "mail"

// DeadLetter is an event, a webhook body or a mail that could not be applied, kept whole, to be looked at and replayed.
type DeadLetter struct {
	ID      string
	Channel ChannelID // empty for a mail
	Kind    string    // "event", "webhook", DeadMail
	Reason  string
	Event   json.RawMessage // the Event, if it got that far
	Raw     []byte
	At      time.Time
}

// MailRepo keeps the mails that go to agents (notices) and come from them.
type MailRepo interface {
	AddNotice(ctx context.Context, n Notice) (won bool, err error)
	// NextNotice returns the conversation's oldest notice that waits, those to the agents held left out. ErrNotFound: there is none.
	NextNotice(ctx context.Context, id ConversationID, held ...AgentID) (Notice, error)
	// SetNotice updates state, message id, sent, attempts and error.
	SetNotice(ctx context.Context, n Notice) error
	// NoticesTo lists what was sent of a conversation to an agent, newest first, for References and for cutting quotes.
	NoticesTo(ctx context.Context, id ConversationID, agent AgentID, limit int) ([]Notice, error)
	// AddMail stores an agent's mail; false: a mail with this Key is there already.
	AddMail(ctx context.Context, m Mail) (won bool, err error)
	Mail(ctx context.Context, id MailID) (Mail, error)
	// NextMail returns the conversation's oldest mail, by id, that is new. ErrNotFound: there is none.
	NextMail(ctx context.Context, id ConversationID) (Mail, error)
	// MailsIn lists the mails in a state, by id; of those that are new, nothing else is looked at.
	MailsIn(ctx context.Context, s MailState, limit int) ([]Mail, error)
	// SetMail updates state, reason, message and whether it is trusted.
	SetMail(ctx context.Context, m Mail) error
}

// NoticeKind says why an agent gets a mail.
type NoticeKind string

const (
	NoticeMessage  NoticeKind = "message"  // the contact wrote, or the phone did
	NoticeChange   NoticeKind = "change"   // a reaction, edit or deletion
	NoticeRefused  NoticeKind = "refused"  // the agent's mail was not sent: why, what instead
	NoticeFailed   NoticeKind = "failed"   // the agent's message did not arrive
	NoticeQuestion NoticeKind = "question" // we could not tell the agent's text from the quote, or the like
	NoticeAlert    NoticeKind = "alert"    // a channel needs an admin
)

// Notice is a mail to one agent, as a row of the outbox. (Message, Agent, Kind, Part of Key) is unique through Key.
type Notice struct {
	ID           NoticeID
	Conversation ConversationID
	Agent        AgentID
	Kind         NoticeKind
	Key          string    // unique in the workspace: makes the same cause one mail
	Message      MessageID // what it is about; may be empty
	Album        int       // how many messages of one album the mail brings, Message being the first; zero: Message alone
	Text         string    // the sentence, for all kinds but message
	Mail         MailID    // the agent's mail it answers, if one
	State        NoticeState
	MessageID    string // of the mail, without brackets, once composed
	Body         string // the text sent, to find it again in quotes
	Error        string
	Attempts     int
	Created      time.Time
	Sent         time.Time
}

// NoticeState is where a notice is.
type NoticeState string

const (
	NoticeWaiting NoticeState = "waiting"
	NoticeSent    NoticeState = "sent"
	NoticeDropped NoticeState = "dropped" // given up; Error says why
)

// Mail is an agent's mail as received. The raw text lies in the blob store.
type Mail struct {
	ID           MailID
	Key          string // SHA-256 of recipient and raw text: the same mail twice is one
	Agent        AgentID
	Conversation ConversationID
	From         string // envelope sender
	To           string // envelope recipient
	Remote       string // address of the client that delivered it
	Blob         string
	Trusted      bool // the sender proved to be the agent by other means (a trusted relay)
	State        MailState
	Reason       string
	Message      MessageID // what became of it
	Received     time.Time
}

// MailState is what became of an agent's mail.
type MailState string

const (
	MailNew         MailState = "new"
	MailSent        MailState = "sent"        // became a message
	MailRefused     MailState = "refused"     // the agent was told why
	MailIgnored     MailState = "ignored"     // automatic mail, bounces, loops
	MailHeld        MailState = "held"        // the phone answered first: the agent was asked whether it is still to go
	MailQuarantined MailState = "quarantined" // the sender could not be proven
)

// Blobs keeps files. Keys are made by Put's caller from letters, digits, "-", "_" and "/".
type Blobs interface {
	// Put stores all of r under key and returns its size after it is durable. An existing key is replaced.
	Put(ctx context.Context, key string, r io.Reader) (int64, error)
	// Open returns ErrNotFound where there is none.
	Open(ctx context.Context, key string) (io.ReadCloser, error)
	Delete(ctx context.Context, key string) error
	List(ctx context.Context, prefix string) ([]string, error)
	Ping(ctx context.Context) error
}

// Vault seals secrets. Context is bound into the box: it opens only with the same.
type Vault interface {
	Seal(value Secret, context string) ([]byte, error)
	Open(box []byte, context string) (Secret, error)
}
