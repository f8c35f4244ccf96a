package core

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"time"
)

// Bridge is one provider's protocol. It keeps no state; Open may be called any number of times, for channels of any workspace.
type Bridge interface {
	Info() Info
	// Open makes a Link from a channel's settings without touching the network. It refuses missing, empty or sample settings with a
	// Problem that names the setting in Field.
	Open(channel Channel, settings Settings, host Host) (Link, error)
}

// Info describes a bridge: forms, command line, vault and docs come from it. It never changes while the program runs.
type Info struct {
	Kind         string // "whatsapp-cloud": lower case, stable, stored
	Title        string // "WhatsApp": what people call the channel
	Variant      string // "Cloud API": told apart from others of the same title; may be empty
	Scheme       Scheme // of the identities it mostly deals in
	Account      string // the key of the setting that holds Channel.Account
	Settings     []Setting
	Docs         string       // the platform's page
	Capabilities Capabilities // of a channel with default settings, for the tables
}

// Setting is one field that an admin fills.
type Setting struct {
	Key      string
	Title    string
	Help     string // where to find the value at the provider
	Example  string // what it looks like; a value equal to it is refused as a sample
	Default  string
	Secret   bool // sealed in the vault, never shown again
	Told     bool // a secret that an admin enters at the provider, as a verify token: shown to them for that
	Required bool
}

// Link is one open channel. Its methods may be called from many goroutines.
type Link interface {
	Capabilities() Capabilities
	// Send hands over one part. It returns after the provider's answer, or within a second after ctx is done. Errors are *SendError;
	// any other error counts as Outcome Unknown.
	Send(ctx context.Context, out Outgoing) (Sent, error)
	// Check asks the provider whether everything is as it must be; each finding names the remedy. It changes nothing.
	Check(ctx context.Context) []Finding
	// Close frees what Open took. Calling it twice is harmless.
	Close() error
}

// Outgoing is what Send sends.
type Outgoing struct {
	Key      PartID        // ours; given to the provider so that an unknown outcome can be reconciled
	To       []IdentityKey // the contact's identities on this channel, the one they last used first
	Content  Content
	Template *Template // the stored definition when Content is a template
	Author   string    // the name of the person who wrote it, for channels that show one; "" for what no person wrote
	Human    bool      // tag it as a person's reply in the extended window
	Language string    // the contact's, "" if unknown: for words that a bridge adds, such as a list's label
	Attempt  int       // from 1
}

// Sent is what the provider answered.
type Sent struct {
	Provider string        // the provider's message id
	Stanza   string        // the id inside it, if any
	At       time.Time     // the provider's clock, zero if it does not say
	Learned  []IdentityKey // identities of the recipient that the answer tells
}

// Host is what a link gets from the gateway.
type Host interface {
	// Emit stores events and returns after the commit. An error means that nothing may be acknowledged.
	Emit(ctx context.Context, events ...Event) error
	// Health reports how the channel is. What cannot be stored now is told when it can, unless something newer was told by then.
	Health(ctx context.Context, h Health)
	// Load and Save keep a small value (a cursor) for the channel. Load returns nil if there is none.
	Load(ctx context.Context, key string) ([]byte, error)
	Save(ctx context.Context, key string, value []byte) error
	// SaveUntil is Save for a value that may be forgotten from a time on. A later Save keeps it for good.
	SaveUntil(ctx context.Context, key string, value []byte, until time.Time) error
	// Update changes a value that several may change at once, on other nodes too: change gets the value that is there, nil for none, and returns the
	// new one, nil to leave it. It is called again where another was quicker. An error of change is Update's.
	Update(ctx context.Context, key string, change func(old []byte) ([]byte, error)) error
	// Safe keeps the link's own records, sealed.
	Safe() Safe
	// Tell hands a short word without line breaks, such as an id, to this channel's links on the other nodes, if they are HearLinks. It is a hint
	// that there is something to look for: it may be lost.
	Tell(word string)
	// Standing tells how things stand with the person behind an identity; the zero value for one who never wrote.
	Standing(ctx context.Context, k IdentityKey) (Standing, error)
	// Typing notes that the person behind an identity is writing, for those who look at their open conversation within the next seconds. Of one who has
	// none it notes nothing.
	Typing(ctx context.Context, k IdentityKey) error
	// Open reads a file that an outgoing message carries.
	Open(ctx context.Context, id MediaID) (io.ReadCloser, error)
	// HTTP is the client for every call out: bounded, guarded against private addresses, logged with secrets redacted.
	HTTP() *http.Client
	// Dial connects over TCP to what does not speak HTTP, guarded as HTTP is. A *Problem in its error: the address is refused.
	Dial(ctx context.Context, address string) (net.Conn, error)
	Log() *slog.Logger
	Now() time.Time
}

// Standing is how things stand between the business and a person, for channels that show it to them.
type Standing struct {
	State ConversationState // of their newest conversation, empty if there is none
	Agent string            // the name of the person who deals with it, empty if nobody does
}

// Polling marks the context of a call that asks for news again and again: of answers that say the same as the last one, the channel log keeps none.
func Polling(ctx context.Context) context.Context { return context.WithValue(ctx, polling{}, true) }

// IsPolling reports whether the call is one of those.
func IsPolling(ctx context.Context) bool { return ctx.Value(polling{}) != nil }

type polling struct{}

// ErrUnauthenticated is what Receive returns for a request whose signature, token or challenge is wrong. The caller gets an empty 401.
var ErrUnauthenticated = errors.New("webhook request not authenticated")

// WebhookLink is a Link that receives by HTTP.
type WebhookLink interface {
	// Receive authenticates the request over its raw body before it parses anything, and returns what to answer and what happened.
	// ErrUnauthenticated: refuse. A *Problem: the authenticated body is malformed; it is kept as a dead letter. The answer goes out only
	// after the events are committed.
	Receive(ctx context.Context, r WebhookRequest) (WebhookAnswer, []Event, error)
}

// WebhookRequest is a call to a channel's webhook.
type WebhookRequest struct {
	Method string
	URL    string // as the provider called it, scheme and host included
	Query  url.Values
	Header http.Header
	Body   []byte
}

// WebhookAnswer is what to answer. The zero value is an empty 200.
type WebhookAnswer struct {
	Status int
	Type   string // Content-Type
	Body   []byte
}

// SessionLink is a Link that receives over a connection of its own. Run works until ctx is done or the session is over; it returns a
// *SendError, a Problem or ctx's error. What comes in goes through Host.Emit, which returns after the commit; only then may Run save a cursor or
// acknowledge anything to the provider.
type SessionLink interface {
	Run(ctx context.Context) error
}

// BoundLink is a SessionLink that sends over the connection of its session, and so only where that runs.
type BoundLink interface {
	SessionLink
	// Here reports whether the session runs on this link. Whether it has its connection just now is Send's to tell.
	Here() bool
}

// ServeLink is a Link that people's browsers call, rather than a provider: it has pages, scripts or an interface of its own. The gateway serves it
// below /w/, to whoever brings the channel's id as the key of the address; the request's path is what follows /w and begins with "/".
//
// ServeHTTP does all that the gateway does for webhooks: it authenticates, bounds the body, limits how often it is called, and emits what comes in
// before it acknowledges it. An answer may go on for long (a stream) if the link moves the connection's write deadline itself; it ends when the
// request's context is done, which is also when the gateway shuts down, or when the link is closed.
type ServeLink interface {
	ServeHTTP(w http.ResponseWriter, r *http.Request)
}

// AlbumLink is a Link that can show several files as one album.
type AlbumLink interface {
	// Album tells how many of these contents, from the first on, may go in one call; less than two: the first goes alone.
	Album(contents []Content) int
	// SendAlbum hands over parts that Album lets go together, under the rules of Send. It returns what was answered for each. An error is about all:
	// an album goes out whole or not at all.
	SendAlbum(ctx context.Context, out []Outgoing) ([]Sent, error)
}

// HearLink is a Link that listens to what its like on other nodes tell. Hear returns at once.
type HearLink interface {
	Hear(word string)
}

// SetupLink is a Link that can register our webhook at the provider.
type SetupLink interface {
	Subscribe(ctx context.Context, callback string) error
}

// LeaveLink is a Link that can take leave of its provider.
type LeaveLink interface {
	// Leave is called when the channel is given up, under the session's lease if the link has sessions. It takes back what Subscribe registered for the
	// callback, or unlinks the device; what is not ours any more, or what the channels that stay need, it leaves. Where there is nothing to take back
	// it does nothing. A *Problem says what a person has to do instead.
	Leave(ctx context.Context, callback string, staying []Channel) error
}

// HandLink is a SetupLink that cannot always register the webhook whole.
type HandLink interface {
	// ByHand says what a person must enter at the provider, and where, besides what Subscribe does; empty: nothing.
	ByHand() string
}

// MediaLink is a Link whose media are fetched by reference. Fetch returns ErrMediaGone when it will never be there again.
type MediaLink interface {
	Fetch(ctx context.Context, m Media) (Download, error)
}

// ErrMediaGone says that the provider no longer has a file; trying again is useless.
var ErrMediaGone = errors.New("media is gone at the provider")

// Download is a file being fetched. Size is -1 if unknown. The reader gives an error when the file passes the gateway's limit.
type Download struct {
	Body io.ReadCloser
	MIME string
	Name string
	Size int64
}

// ActionLink is a Link that does actions.
type ActionLink interface {
	Act(ctx context.Context, a Act) (Sent, error)
}

// Act is an action on a message. Target is the provider's id of the message; Emoji belongs to a reaction, Content to an edit.
type Act struct {
	Action  Action
	Key     PartID
	To      []IdentityKey
	Target  string
	Emoji   string
	Content Content
}

// PresentLink is a Link that can ask whether the provider still serves the channel's account as it did.
type PresentLink interface {
	// Present asks. An error: nobody could say, now.
	Present(ctx context.Context) (bool, error)
}

// TemplateLink is a Link whose provider approves templates.
type TemplateLink interface {
	Templates(ctx context.Context) ([]Template, error)
}

// ProfileLink is a Link whose provider tells the name of a person only when asked.
type ProfileLink interface {
	// Profile returns what the provider tells of the person behind an identity of the channel's scheme. An empty Name: nothing.
	Profile(ctx context.Context, k IdentityKey) (Peer, error)
}

// RenewLink is a Link with a credential that may expire. Where the provider renews it ahead of time, Renew gets the new one; where it does not, Renew
// asks when the one in use ends, and the admins are told in time.
type RenewLink interface {
	// Renew asks the provider for a new credential, or when the old one ends. Nothing of it is kept here: the caller seals Secrets as the channel's
	// settings of these keys and opens the link anew. It is called again at Renewal.Next, or after a day where there was an error, and soon when a
	// channel is new or its settings are others. A zero Renewal: there is nothing to renew, and nothing that ends.
	Renew(ctx context.Context) (Renewal, error)
}

// Renewal is a credential renewed.
type Renewal struct {
	Secrets map[string]Secret // by the key of the setting; none: the credential in use is the one there is
	Expires time.Time         // when the credential ends; zero: never, or nobody knows
	Next    time.Time         // when to ask again, well before that
	Remedy  string            // one sentence: what a person must do before Expires, where there are no Secrets
}
