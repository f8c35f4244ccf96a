package core

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"
)

// ChannelState says whether a channel may send. Receiving is never switched off by it.
type ChannelState string

const (
	ChannelActive ChannelState = "active"
	ChannelPaused ChannelState = "paused" // by an admin
	ChannelParked ChannelState = "parked" // by the outbox: the credentials, the account or the registration need a person

	// ChannelRemoved was given up by an admin: it neither sends nor receives. Its row stays for the conversations that went by it.
	ChannelRemoved ChannelState = "removed"
)

// Channel is one configured account of a provider. Its secrets are in the vault, not here.
type Channel struct {
	ID         ChannelID
	Workspace  WorkspaceID
	Kind       string // of the bridge: "whatsapp-cloud"
	Name       string // unique in the workspace; what people call it
	Account    string // the provider's account id by which events are routed; unique with Kind
	Settings   map[string]string
	State      ChannelState
	Health     Health
	FreeWindow time.Duration // the admin's own, shorter reply window; zero: the platform's
	SeenIn     time.Time     // when an event last came in; zero: never
	Number     string        // the phone number it serves, digits, as the provider proved; empty: none is known. SetNumber sets it
	Phone      bool          // it is a device linked to the phone that has the number; else it is the provider's API
	Twin       ChannelID     // the other side of the same number; empty: there is none
	Created    time.Time
}

// Argument is the channel's name as one argument of a command.
func (c Channel) Argument() string {
	if strings.ContainsFunc(c.Name, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-_./", r)
	}) {
		return "'" + strings.ReplaceAll(c.Name, "'", `'\''`) + "'"
	}
	return c.Name
}

// RemovedChannel is the problem of who wants to send by a channel that was removed.
func RemovedChannel() *Problem {
	return Problemf(CodeChannelRemoved, "This channel was removed: nothing is sent by it any more.").
		Remedied("Write to the contact on another channel, or have an admin set up this account again.")
}

// EveryChannel lists the channels of a workspace with those that were removed, whose conversations are still there.
func EveryChannel(ctx context.Context, repo ChannelRepo) ([]Channel, error) {
	all, err := repo.Channels(ctx)
	if err != nil {
		return nil, err
	}
	removed, err := repo.RemovedChannels(ctx)
	return append(all, removed...), err
}

// FormerChannel is the channel that an account was last, before it was removed; ErrNotFound: none. Whoever sets up the account again makes it that one:
// the addresses, windows and wishes of its contacts hang on it, and what its provider repeats is known.
func FormerChannel(ctx context.Context, repo ChannelRepo, kind, account string) (former Channel, err error) {
	if account == "" {
		return former, ErrNotFound
	}
	removed, err := repo.RemovedChannels(ctx)
	if err != nil {
		return former, fmt.Errorf("removed channels: %w", err)
	}
	for _, ch := range removed {
		if ch.Kind == kind && ch.Account == account && !ch.Health.Since.Before(former.Health.Since) {
			former = ch
		}
	}
	if former.ID == "" {
		return former, ErrNotFound
	}
	return former, nil
}

// ofNamed are commands for a channel called NAME.
var ofNamed = regexp.MustCompile(`(causeway channel [a-z-]+ )NAME\b`)

// Named is a remedy for this channel. Who writes remedies need not know what people call a channel: their commands are for one called NAME.
func (c Channel) Named(remedy string) string {
	return ofNamed.ReplaceAllString(remedy, "${1}"+strings.ReplaceAll(c.Argument(), "$", "$$"))
}

// HealthLevel is how a channel is.
type HealthLevel string

const (
	HealthUnknown HealthLevel = ""
	HealthGood    HealthLevel = "good"
	HealthWarning HealthLevel = "warning" // works, but a person should look
	HealthBad     HealthLevel = "bad"     // does not work until a person acts
)

// Health is how a channel is, since when, and what a person must do.
type Health struct {
	Level  HealthLevel
	Code   string // the provider's or ours, for programs
	Reason string // one sentence
	Remedy string // one sentence, the action to take
	Since  time.Time
}

// Same reports whether two healths say the same, whenever they began.
func (h Health) Same(other Health) bool {
	h.Since = other.Since
	return h == other
}

// ReportHealth sets how a channel is by the word of its provider or its session, in the caller's transaction. Bad health stops an active channel's
// sending; good health lets a parked one send again what waits. The admins are told of what is new to them.
func ReportHealth(ctx context.Context, tx Tx, ws WorkspaceID, id ChannelID, h Health, now time.Time) error {
	repo := tx.In(ws)
	ch, err := repo.Channel(ctx, id)
	if err != nil {
		return fmt.Errorf("channel of news: %w", err)
	}
	if h.Remedy = ch.Named(h.Remedy); h.Same(ch.Health) || ch.State == ChannelRemoved {
		return nil
	}
	jobs := []Job{{Kind: JobAlert, Workspace: ws, Key: string(id)}}
	switch {
	case h.Level == HealthWarning && ch.State == ChannelParked:
		return nil // what must be done to send again is more important
	case h.Level == HealthBad && ch.State == ChannelActive:
		ch.State = ChannelParked
	case h.Level == HealthGood && ch.State == ChannelParked:
		ch.State = ChannelActive
		jobs = append(jobs, WakeJob(ws, id))
	case h.Level == HealthGood && (ch.Health.Level == HealthUnknown || ch.Health.Level == HealthGood):
		jobs = nil // no news
	}
	h.Since = now
	if err := repo.SetChannelState(ctx, id, ch.State, h); err != nil {
		return fmt.Errorf("set channel state: %w", err)
	}
	if len(jobs) == 0 {
		return nil
	}
	return tx.Enqueue(ctx, jobs...)
}

// NoteSent lets a channel of which nothing is known be well, in the transaction that records that its provider took a message.
func NoteSent(ctx context.Context, repo Repo, id ChannelID, now time.Time) error {
	ch, err := repo.Channel(ctx, id)
	if err != nil {
		return fmt.Errorf("channel of sent message: %w", err)
	}
	if ch.Health.Level != HealthUnknown || ch.State != ChannelActive {
		return nil
	}
	h := Health{Level: HealthGood, Code: "sent", Reason: "The provider takes messages.", Since: now}
	if err := repo.SetChannelState(ctx, id, ch.State, h); err != nil {
		return fmt.Errorf("note channel as well: %w", err)
	}
	return nil
}

// Finding is one line of the doctor: what was looked at, how it is, and how to mend it.
type Finding struct {
	Subject string      `json:"subject"` // "access token", "disk", …
	Level   HealthLevel `json:"level"`
	Detail  string      `json:"detail"`
	Remedy  string      `json:"remedy,omitempty"`
}

// LogEntry is one exchange with a provider, redacted, in the channel log.
type LogEntry struct {
	ID       string
	Channel  ChannelID
	At       time.Time
	Inward   bool // a call to us; else a call of ours
	Method   string
	URL      string // without secrets
	Status   int    // zero: no answer
	Took     time.Duration
	Request  string // body, redacted and cut
	Response string // likewise
	Note     string // what we made of it: "signature refused", an error
}
