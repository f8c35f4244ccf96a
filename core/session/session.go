package session

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"causeway/core"
)

// freshFor is how long an open link is used before the store is asked whether the admin changed the channel.
const freshFor = 2 * time.Second

// Options are what a Manager needs. All fields are required but Changed, Alert, TemplateNews and Tell.
type Options struct {
	Store   core.Store
	Vault   core.Vault
	Blobs   core.Blobs
	Bridges []core.Bridge
	Now     core.Clock
	Log     *slog.Logger
	// HTTP makes the client of a channel, which guards, bounds and logs its calls; secrets are what must not appear in that log.
	HTTP func(ch core.Channel, secrets []core.Secret) *http.Client
	// Dial connects to what does not speak HTTP, guarded likewise.
	Dial func(ctx context.Context, address string) (net.Conn, error)
	// Accept stores events; those of a session only while its lease is held.
	Accept func(ctx context.Context, lease core.Lease, ch core.Channel, events []core.Event) error
	// Changed is called when a channel could be opened with other settings or credentials than it was opened with last, by whichever process. It is
	// called again, at the next opening, while it returns an error.
	Changed func(ctx context.Context, ch core.Channel) error
	// Alert tells the admins that a channel needs them, or is well again.
	Alert func(ctx context.Context, ch core.Channel) error
	// TemplateNews tells the admins, in a sentence each, what a provider has changed in a channel's templates.
	TemplateNews func(ctx context.Context, ch core.Channel, sentences []string) error
	// Tell hands a line to the Hear of other nodes' Managers; nil: there are none.
	Tell func(line string)
	// MaxMedia bounds a fetched file, in bytes.
	MaxMedia int64
}

// Manager holds the open links.
type Manager struct {
	Options
	bridges map[string]core.Bridge
	mu      sync.Mutex
	open    map[core.ChannelID]*opened
}

type opened struct {
	channel core.Channel
	link    core.Link
	host    *host
	print   [32]byte // of settings and sealed secrets: tells whether they changed
	checked time.Time
}

// New makes a Manager. Close frees its links.
func New(o Options) *Manager {
	m := &Manager{Options: o, bridges: map[string]core.Bridge{}, open: map[core.ChannelID]*opened{}}
	for _, b := range o.Bridges {
		m.bridges[b.Info().Kind] = b
	}
	return m
}

// Bridge returns the bridge of a kind.
func (m *Manager) Bridge(kind string) (core.Bridge, error) {
	b := m.bridges[kind]
	if b == nil {
		return nil, core.Problemf(core.CodeInvalid, "There is no bridge of the kind %q.", kind)
	}
	return b, nil
}

// Infos describes the bridges, in the order they were given.
func (m *Manager) Infos() []core.Info {
	var all []core.Info
	for _, b := range m.Bridges {
		all = append(all, b.Info())
	}
	return all
}

// Link returns a channel's open link. The channel is at most a few seconds old; read its state from the store where that matters.
func (m *Manager) Link(ctx context.Context, id core.ChannelID) (core.Channel, core.Info, core.Link, error) {
	o, err := m.fresh(ctx, id)
	if err != nil {
		return core.Channel{}, core.Info{}, nil, err
	}
	return o.channel, m.bridges[o.channel.Kind].Info(), o.link, nil
}

// Outdated looks whether a channel has other settings or credentials by now than those that a link of it was opened with.
func (m *Manager) Outdated(ctx context.Context, id core.ChannelID, link core.Link) bool {
	m.mu.Lock()
	o := m.open[id]
	m.mu.Unlock()
	now, err := m.reload(ctx, id, o)
	if err != nil {
		m.Log.WarnContext(ctx, "no look at what a channel has by now", "channel", id, "err", err)
		return false
	}
	return now.link != link
}

// Webhook returns a channel's link if it receives by webhook.
func (m *Manager) Webhook(ctx context.Context, id core.ChannelID) (core.Channel, core.WebhookLink, error) {
	o, err := m.fresh(ctx, id)
	if err != nil {
		return core.Channel{}, nil, err
	}
	w, ok := o.link.(core.WebhookLink)
	if !ok {
		return o.channel, nil, core.NotFound("webhook")
	}
	return o.channel, w, nil
}

// Hear hands on what another node's Manager told. A link that is not open here has nobody who would care.
func (m *Manager) Hear(line string) {
	id, word, _ := strings.Cut(line, " ")
	m.mu.Lock()
	o := m.open[core.ChannelID(id)]
	m.mu.Unlock()
	if o == nil {
		return
	}
	if l, ok := o.link.(core.HearLink); ok {
		l.Hear(word)
	}
}

// Refresh looks at every channel, so that changes take effect without traffic, and what could not be stored of a channel's health is told.
func (m *Manager) Refresh(ctx context.Context) {
	asked := time.Now()
	all, err := m.Store.AllChannels(ctx)
	if err != nil {
		m.Log.WarnContext(ctx, "channels not refreshed", "err", err)
		return
	}
	m.closeGone(all, asked)
	for _, ch := range all {
		m.mu.Lock()
		before := m.open[ch.ID]
		m.mu.Unlock()
		if _, err := m.openUnlessSame(ctx, ch, before, asked); err != nil {
			m.Log.WarnContext(ctx, "channel cannot be opened", "channel", ch.ID, "err", err)
		}
	}
	m.retell(ctx)
}

func (m *Manager) retell(ctx context.Context) {
	m.mu.Lock()
	hosts := make([]*host, 0, len(m.open))
	for _, o := range m.open {
		hosts = append(hosts, o.host)
	}
	m.mu.Unlock()
	for _, h := range hosts {
		h.retell(ctx)
	}
}

// closeGone closes the links of channels that were not there any more when it was asked which there are.
func (m *Manager) closeGone(there []core.Channel, asked time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	gone := maps.Clone(m.open)
	for _, ch := range there {
		delete(gone, ch.ID)
	}
	for id, o := range gone {
		if o.checked.Before(asked) {
			m.shut(o)
			delete(m.open, id)
		}
	}
}

// discard closes a link, if it is still the channel's, to be opened anew when it is needed.
func (m *Manager) discard(o *opened) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if there := m.open[o.channel.ID]; there != nil && there.host == o.host {
		m.shut(there)
		delete(m.open, o.channel.ID)
	}
}

// Close closes all links.
func (m *Manager) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, o := range m.open {
		m.shut(o)
	}
	clear(m.open)
	return nil
}

func (m *Manager) fresh(ctx context.Context, id core.ChannelID) (*opened, error) {
	m.mu.Lock()
	o := m.open[id]
	if o != nil && time.Since(o.checked) < freshFor { // the real clock: the gateway's may be moved
		m.mu.Unlock()
		return o, nil
	}
	m.mu.Unlock()
	return m.reload(ctx, id, o)
}

// reload reads the channel and opens it anew if it differs from what is open.
func (m *Manager) reload(ctx context.Context, id core.ChannelID, before *opened) (*opened, error) {
	asked := time.Now()
	ch, err := m.Store.ChannelByID(ctx, id)
	if err != nil {
		return nil, err
	}
	return m.openUnlessSame(ctx, ch, before, asked)
}

// openUnlessSame opens a channel, as it was read at the time asked, unless what is open is the same.
func (m *Manager) openUnlessSame(ctx context.Context, ch core.Channel, before *opened, asked time.Time) (*opened, error) {
	sealed, err := m.Store.In(ch.Workspace).Secrets(ctx, Owner(ch.ID))
	if err != nil {
		return nil, fmt.Errorf("read secrets: %w", err)
	}
	now := &opened{channel: ch, print: fingerprint(ch, sealed), checked: asked}
	if before != nil && before.print == now.print {
		now.link, now.host = before.link, before.host
		now.host.newest.Store(&now.channel)
		return m.keep(now), nil
	}
	if now.link, now.host, err = m.openLink(ch, sealed); err != nil {
		m.dropBroken(ctx, ch)
		return nil, err
	}
	kept := m.keep(now)
	if kept == now {
		m.announce(ctx, ch, now.print[:])
	}
	return kept, nil
}

// keep stores what was opened and closes what was open before. Of two that looked at once, the one who looked later is right; of two who opened the
// same, the first.
func (m *Manager) keep(now *opened) *opened {
	m.mu.Lock()
	defer m.mu.Unlock()
	there := m.open[now.channel.ID]
	switch {
	case there == nil:
	case there.link == now.link:
		if there.checked.After(now.checked) {
			return there
		}
	case there.print == now.print, there.checked.After(now.checked):
		m.shut(now)
		return there
	default:
		m.shut(there)
	}
	m.open[now.channel.ID] = now
	return now
}

// shut closes a link, and ends the session on it first.
func (m *Manager) shut(o *opened) {
	o.host.endSession()
	if err := o.link.Close(); err != nil {
		m.Log.Warn("link not closed cleanly", "channel", o.channel.ID, "err", err)
	}
}

// dropBroken closes the link of a channel that can no longer be opened, and has the next opening count as a change: whatever waits for it may go then,
// even if the settings are what they once were.
func (m *Manager) dropBroken(ctx context.Context, ch core.Channel) {
	m.mu.Lock()
	if there := m.open[ch.ID]; there != nil {
		m.shut(there)
		delete(m.open, ch.ID)
	}
	m.mu.Unlock()
	repo := m.Store.In(ch.Workspace)
	last, err := repo.Value(ctx, sessionOwner(ch.ID), lastOpened)
	if err == nil && last != nil && string(last) != notOpened {
		err = repo.SetValue(ctx, sessionOwner(ch.ID), lastOpened, []byte(notOpened))
	}
	if err != nil {
		m.Log.WarnContext(ctx, "failed opening not recorded", "channel", ch.ID, "err", err)
	}
}

// announce tells of settings other than those that the channel was opened with last.
func (m *Manager) announce(ctx context.Context, ch core.Channel, print []byte) {
	repo := m.Store.In(ch.Workspace)
	last, err := repo.Value(ctx, sessionOwner(ch.ID), lastOpened)
	if err == nil && bytes.Equal(last, print) {
		return
	}
	if err == nil && last != nil && m.Changed != nil {
		err = m.Changed(ctx, ch)
	}
	if err == nil {
		err = repo.SetValue(ctx, sessionOwner(ch.ID), lastOpened, print)
	}
	if err != nil {
		m.Log.WarnContext(ctx, "change of channel not announced", "channel", ch.ID, "err", err)
	}
}

const (
	lastOpened = "opened" // the fingerprint of what a channel was opened with last
	notOpened  = "none"
)

// sessionOwner is the owner of what the manager remembers of a channel.
func sessionOwner(id core.ChannelID) string { return "session/" + string(id) }

func (m *Manager) openLink(ch core.Channel, sealed []core.SealedSecret) (core.Link, *host, error) {
	b, err := m.Bridge(ch.Kind)
	if err != nil {
		return nil, nil, err
	}
	settings, err := unseal(m.Vault, ch, sealed)
	if err != nil {
		return nil, nil, err
	}
	settings.Values = withDefaults(b.Info().Settings, settings.Values)
	var secrets []core.Secret
	for _, s := range settings.Secrets {
		secrets = append(secrets, s)
	}
	h := &host{m: m, channel: ch, http: m.HTTP(ch, secrets), log: m.Log.With("channel", ch.ID, "bridge", ch.Kind)}
	h.safe.h = h
	link, err := b.Open(ch, settings, h)
	return link, h, err
}

// withDefaults fills what the admin left out.
func withDefaults(settings []core.Setting, given map[string]string) map[string]string {
	values := maps.Clone(given)
	if values == nil {
		values = map[string]string{}
	}
	for _, s := range settings {
		if !s.Secret && values[s.Key] == "" && s.Default != "" {
			values[s.Key] = s.Default
		}
	}
	return values
}

// Owner names a channel as the owner of sealed secrets.
func Owner(id core.ChannelID) string { return "channel/" + string(id) }

// unseal opens a channel's secrets and returns all its settings.
func unseal(v core.Vault, ch core.Channel, sealed []core.SealedSecret) (core.Settings, error) {
	s := core.Settings{Values: ch.Settings, Secrets: map[string]core.Secret{}}
	for _, box := range sealed {
		value, err := v.Open(box.Box, box.Context())
		if err != nil {
			return s, core.Problemf(core.CodeUnavailable, "The secret %q of the channel %q cannot be opened.", box.Name, ch.Name).
				Remedied("Start with the master key it was sealed with, or set it anew with causeway apply.")
		}
		s.Secrets[box.Name] = value
	}
	return s, nil
}

func fingerprint(ch core.Channel, sealed []core.SealedSecret) [32]byte {
	text, _ := json.Marshal(struct {
		Kind, Account string
		Settings      map[string]string
		Sealed        []core.SealedSecret
	}{ch.Kind, ch.Account, ch.Settings, sealed})
	return sha256.Sum256(text)
}
