package forward

import (
	"context"
	"encoding/hex"
	"fmt"
	"html/template"
	"log/slog"
	"math/rand/v2"
	"strings"
	"time"

	"causeway/core"
)

// Draft asks for messages to be sent to a conversation's contact, one for each content, in order: all of them or none. Key makes it
// idempotent.
type Draft struct {
	Conversation core.ConversationID
	Author       core.Author
	Contents     []core.Content
	Key          string
	Seen         int64 // the newest message that the author has seen; zero: nobody knows, or they say that it is to go anyway
}

// Options are what a Forwarder needs. What is not called optional is required.
type Options struct {
	Store  core.Store
	Blobs  core.Blobs
	Now    core.Clock
	Log    *slog.Logger
	Relay  Relay
	Parser Parser
	// Authenticator proves senders. Nil only with AllowUnproven.
	Authenticator Authenticator
	// Compose stores messages to be sent, or gives a *core.Problem with the gate's reason. The same key gives the messages of the first time.
	Compose func(ctx context.Context, ws core.WorkspaceID, d Draft) ([]core.Message, core.Decision, error)
	// Decide answers what Compose would decide.
	Decide func(ctx context.Context, ws core.WorkspaceID, d Draft) (core.Decision, error)
	// Say sets whether an agent is there, as they say by mail; nil: it is no command.
	Say func(ctx context.Context, ws core.WorkspaceID, id core.AgentID, p core.Presence, until time.Time) (core.Duty, error)
	// Handle deals with conversations as agents command by mail: closes, puts aside, tags, hands over; nil: such words are no commands.
	Handle Handler
	// Away is told of an agent's out-of-office reply, with the zero time where it names no day; nil: nobody is.
	Away func(ctx context.Context, ws core.WorkspaceID, a core.Agent, until time.Time) error
	// Unreached returns the jobs that tell of an agent whose mails are refused or come back, and why: at most once a day for each. They are enqueued
	// with the note of it; nil: nobody is told.
	Unreached func(ws core.WorkspaceID, a core.Agent, why string) []core.Job
	// Info describes a kind of channel.
	Info func(kind string) (core.Info, error)
	// Capabilities tells what a channel can carry.
	Capabilities func(ctx context.Context, id core.ChannelID) (core.Capabilities, error)

	Domain string   // of the reply addresses
	From   Address  // of our mails; its name is used for mails to admins
	Key    []byte   // signs reply addresses, at least 16 bytes
	Old    [][]byte // former keys, whose addresses are valid until they expire; optional
	// ReplyFor is how long a reply address is valid; zero means 90 days.
	ReplyFor time.Duration
	// Converter makes voice notes what mail programs play, and agents' files what a channel takes; nil: they stay as they are.
	Converter core.Converter
	// LinksFiles says that an agent's file that a channel takes in no way goes to the contact as a link; else it is refused.
	LinksFiles bool
	// AttachLimit is how many bytes of files are attached to one mail; more become links. Zero attaches none.
	AttachLimit int64
	// MediaLink returns a link to a file that works without a login until it expires; nil: there are no links.
	MediaLink func(ws core.WorkspaceID, id core.MediaID, expires time.Time) string
	// MediaLinkFor is how long such a link works; zero means 30 days.
	MediaLinkFor time.Duration
	// Location is the time zone of times in mails; nil means UTC.
	Location *time.Location
	// FileWait is how long a mail waits for a file that is still at the provider; zero means 3 minutes.
	FileWait time.Duration
	// PerHour is how many mails of an agent to one conversation are taken in an hour, against loops; zero means 60.
	PerHour int
	// Follows says whether a channel is a chat that people leave: what they have not read there for FollowAfter is mailed to them. Emit stores what
	// they answer to that. Follows nil: nothing is mailed.
	Follows     func(ch core.Channel) bool
	Emit        func(ctx context.Context, ch core.Channel, events ...core.Event) error
	FollowAfter time.Duration
	// Chance is a number from 0 to 1, by which mails that are tried again are spread in time. Nil: a random one.
	Chance func() float64
	// Mailed is told of every mail that was handed to the relay: how long after what it is about, and what the relay said; nil: nobody is.
	Mailed func(kind core.NoticeKind, after time.Duration, err error)
	// Judged is told what became of every mail of an agent; nil: nobody is.
	Judged func(state core.MailState)
	// AllowUnproven takes agents' mails on their From alone: only for a relay that admits nobody else.
	AllowUnproven bool
}

// Forwarder mails to agents and takes their mails. Its methods may be called from many goroutines.
type Forwarder struct {
	Options
	signer signer
	mark   string // of the header by which we know our own mails
	words  map[string]phrases
	layout *template.Template
}

// New makes a Forwarder.
func New(o Options) (*Forwarder, error) {
	o.Domain = strings.ToLower(o.Domain)
	o.ReplyFor = orElse(o.ReplyFor, 90*24*time.Hour)
	o.MediaLinkFor = orElse(o.MediaLinkFor, 30*24*time.Hour)
	o.FileWait = orElse(o.FileWait, 3*time.Minute)
	o.PerHour = orElse(o.PerHour, 60)
	if o.Chance == nil {
		o.Chance = rand.Float64
	}
	if o.Location == nil {
		o.Location = time.UTC
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	words, err := catalogue()
	if err != nil {
		return nil, fmt.Errorf("sentences of mails: %w", err)
	}
	page, err := layout()
	if err != nil {
		return nil, fmt.Errorf("layout of mails: %w", err)
	}
	s := signer{append([][]byte{o.Key}, o.Old...)}
	return &Forwarder{Options: o, signer: s, mark: hex.EncodeToString(s.sum(o.Key, []byte("instance"))[:8]), words: words, layout: page}, nil
}

func orElse[T int | time.Duration](value, standard T) T {
	if value <= 0 {
		return standard
	}
	return value
}

// check says what is missing, or nil.
func (o Options) check() error {
	switch {
	case o.Domain == "" || o.From.Address == "":
		return core.Problemf(core.CodeInvalid, "There is no mail domain or no sender address.").Remedied("Set mail_domain and notify_address.")
	case len(o.Key) < 16:
		return core.Problemf(core.CodeInvalid, "The key of the reply addresses has %d bytes, which is too short.", len(o.Key))
	case o.Authenticator == nil && !o.AllowUnproven:
		return core.Problemf(core.CodeInvalid, "Nothing proves the senders of agents' mails.")
	}
	return nil
}

// owner names what a Forwarder remembers of a conversation.
func owner(id core.ConversationID) string { return "forward/" + string(id) }
