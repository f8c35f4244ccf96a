package ginapi

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"time"

	"causeway/core"
	"causeway/core/assign"
	"causeway/core/outbound"
	"causeway/core/remove"
	"causeway/core/webhook"

	"github.com/prometheus/client_golang/prometheus"
)

// Links opens channels and asks their providers.
type Links interface {
	// Webhook returns a channel's link that receives by HTTP. core.ErrNotFound or a Problem with CodeNotFound: there is none.
	Webhook(ctx context.Context, id core.ChannelID) (core.Channel, core.WebhookLink, error)
	Link(ctx context.Context, id core.ChannelID) (core.Channel, core.Info, core.Link, error)
	// Check runs a channel's own doctor; SyncTemplates makes our templates what the provider has.
	Check(ctx context.Context, ws core.WorkspaceID, id core.ChannelID) ([]core.Finding, error)
	SyncTemplates(ctx context.Context, ws core.WorkspaceID, id core.ChannelID) ([]core.Template, error)
	// Pair asks for a channel to be joined to a phone's account; the others tell how far that is, answer what it asks, and stop it.
	Pair(ctx context.Context, ws core.WorkspaceID, id core.ChannelID, wish core.PairingWish) (core.Pairing, error)
	Pairing(ctx context.Context, ws core.WorkspaceID, id core.ChannelID) (core.Pairing, error)
	AnswerPairing(ctx context.Context, ws core.WorkspaceID, id core.ChannelID, pairing string, answer core.PairingAnswer) error
	StopPairing(ctx context.Context, ws core.WorkspaceID, id core.ChannelID) error
	// TakeBack has a paired channel connect although another program has taken its place.
	TakeBack(ctx context.Context, ws core.WorkspaceID, id core.ChannelID) error
}

// Inbox takes what webhooks bring. Every method returns after the commit. Errors that wrap core.ErrUnavailable, and Problems with
// CodeUnavailable, make the provider come again later.
type Inbox interface {
	Accept(ctx context.Context, ch core.Channel, events []core.Event) error
	// Malformed keeps an authenticated body that the bridge could not read; Refuse keeps events that are not for the channel.
	Malformed(ctx context.Context, ch core.Channel, raw []byte, reason string) error
	Refuse(ctx context.Context, ch core.Channel, events []core.Event, reason string) error
	// Replay applies a dead letter again and removes it if that works; an agent's mail is judged anew, its sender vouched for.
	Replay(ctx context.Context, ws core.WorkspaceID, id string) error
}

// Outbox sends. Compose stores all of a request's messages or none; Decide answers what Compose would, without effect, with the parts that
// would be sent.
type Outbox interface {
	Compose(ctx context.Context, ws core.WorkspaceID, r outbound.Request) ([]core.Message, core.Decision, error)
	Decide(ctx context.Context, ws core.WorkspaceID, r outbound.Request) (core.Decision, []core.Content, error)
	Pause(ctx context.Context, ws core.WorkspaceID, id core.ChannelID) error
	Resume(ctx context.Context, ws core.WorkspaceID, id core.ChannelID) error
	// Mark shows the contact that their messages were read, or that an answer is being written.
	Mark(ctx context.Context, ws core.WorkspaceID, id core.ConversationID, a core.Action) error
	// React puts an emoji on a message, an empty one takes it back.
	React(ctx context.Context, ws core.WorkspaceID, id core.MessageID, by core.Author, emoji string) error
	// Amend has a message that was sent be edited or deleted, for everyone. It returns once that is going to be done.
	Amend(ctx context.Context, ws core.WorkspaceID, id core.MessageID, a core.Amendment) error
}

// Desk changes whose a conversation is, and who a contact is.
type Desk interface {
	Close(ctx context.Context, ws core.WorkspaceID, id core.ConversationID, by core.Author) (core.Conversation, error)
	Reopen(ctx context.Context, ws core.WorkspaceID, id core.ConversationID, by core.Author) (core.Conversation, error)
	Assign(ctx context.Context, ws core.WorkspaceID, id core.ConversationID, agent core.AgentID, team core.TeamID, by core.Author) (core.Conversation, error)
	Merge(ctx context.Context, ws core.WorkspaceID, into, from core.ContactID, reason string) (core.Merge, error)
	Unmerge(ctx context.Context, ws core.WorkspaceID, id string) error
}

// Carer changes how conversations are handled.
type Carer interface {
	Snooze(ctx context.Context, ws core.WorkspaceID, id core.ConversationID, until time.Time) error
	Tag(ctx context.Context, ws core.WorkspaceID, id core.ConversationID, add, remove []string, priority *int, author core.Author) error
	Drop(ctx context.Context, ws core.WorkspaceID, id core.ConversationID, author core.Author) error
	Know(ctx context.Context, ws core.WorkspaceID, id core.ContactID, k core.Knowledge, author core.Author) error
}

// Eraser erases contacts. Begin makes one nobody at once; the rest of it goes soon after.
type Eraser interface {
	Begin(ctx context.Context, ws core.WorkspaceID, id core.ContactID, by core.Author) (core.Erasure, error)
}

// Remover gives up channels.
type Remover interface {
	Plan(ctx context.Context, ws core.WorkspaceID, id core.ChannelID) (remove.Plan, error)
	Remove(ctx context.Context, ws core.WorkspaceID, id core.ChannelID, by string) (remove.Removed, error)
}

// Staff is who answers customers, and whether they are there.
type Staff interface {
	Standings(ctx context.Context, ws core.WorkspaceID) (agents []assign.Standing, queues map[core.TeamID]int, err error)
	Say(ctx context.Context, ws core.WorkspaceID, id core.AgentID, p core.Presence, until time.Time) (core.Duty, error)
	SetStrategy(ctx context.Context, ws core.WorkspaceID, id core.TeamID, s core.Strategy) error
}

// Probe is one thing that must work for the gateway to be ready. Its error is logged, not shown.
type Probe struct {
	Name  string
	Check func(ctx context.Context) error
}

// Options are what a Server needs. Fields are required unless their comment gives a default.
type Options struct {
	Store   core.Store
	Blobs   core.Blobs
	Links   Links
	Inbox   Inbox
	Outbox  Outbox
	Desk    Desk
	Carer   Carer
	Eraser  Eraser
	Remover Remover
	Staff   Staff
	Caster  Caster
	Seal    func(value core.Secret, context string) ([]byte, error) // of the vault
	Info    func(kind string) (core.Info, error)                    // describes a kind of bridge
	// CheckWebhook says what is wrong with a webhook. Default: webhook.Check.
	CheckWebhook func(context.Context, core.Webhook) error
	// Journal writes entries of the channel log. Default: JournalTo(Store).
	Journal func(ctx context.Context, entries []Exchange) error
	Now     core.Clock
	Log     *slog.Logger
	// Registry gets the metrics and is what /metrics shows. Default: a new one.
	Registry *prometheus.Registry
	// Connect serves the pages below /connect/ on which accounts are connected; nil: there are none.
	Connect http.Handler
	// Scripts serves what the pages of a site load to chat, below /w/; nil: there is none.
	Scripts http.Handler
	// Proven tells when a channel last proved to work from end to end; nil: nobody knows.
	Proven func(core.ChannelID) core.Proof
	// Probes are asked by /readyz besides the store's ping.
	Probes []Probe

	PublicURL string // scheme and host as providers see us: "https://gateway.example.org"
	Version   string // shown in the OpenAPI document; default "dev"
	MediaKey  []byte // signs links to files and to pairing pages; at least 32 bytes
	// SecretsOf names the owner under which a channel's secrets are sealed. Default: "channel/" and the id.
	SecretsOf func(core.ChannelID) string

	HookBytes   int64         // longest webhook body; default 4 MB
	BodyBytes   int64         // longest body of an API request; default 1 MB
	UploadBytes int64         // largest file uploaded; default 100 MB
	MaxHooks    int           // webhooks worked on at once, 503 beyond; default 256. An eighth of them may have large bodies
	MaxSends    int           // API sends taken at once, 503 beyond; default 64
	AcceptWait  time.Duration // longest time to store what a webhook brought, or to answer the API, 503 beyond; default 6 s
	BodyWait    time.Duration // longest time for a body to arrive, uploads excepted; default 15 s
	Grace       time.Duration // longest time for requests to end at shutdown; default 20 s
}

func (o Options) withDefaults() Options {
	if o.Journal == nil {
		o.Journal = JournalTo(o.Store)
	}
	if o.CheckWebhook == nil {
		o.CheckWebhook = func(_ context.Context, h core.Webhook) error { return webhook.Check(h) }
	}
	if o.Registry == nil {
		o.Registry = prometheus.NewRegistry()
	}
	if o.SecretsOf == nil {
		o.SecretsOf = func(id core.ChannelID) string { return "channel/" + string(id) }
	}
	o.Version = cmp.Or(o.Version, "dev")
	o.HookBytes, o.BodyBytes, o.UploadBytes = cmp.Or(o.HookBytes, 4<<20), cmp.Or(o.BodyBytes, 1<<20), cmp.Or(o.UploadBytes, 100<<20)
	o.MaxHooks, o.MaxSends = cmp.Or(o.MaxHooks, 256), cmp.Or(o.MaxSends, 64)
	o.AcceptWait, o.BodyWait, o.Grace = cmp.Or(o.AcceptWait, 6*time.Second), cmp.Or(o.BodyWait, 15*time.Second), cmp.Or(o.Grace, 20*time.Second)
	return o
}
