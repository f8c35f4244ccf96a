package carrier

import (
	"encoding/base64"
	"maps"
	"slices"

	"causeway/bridges/sms"
	"causeway/core"
)

// Kind is the bridge's name in configuration and store.
const Kind = "sms-http"

// Bridge is the protocol. The zero value is ready.
type Bridge struct{}

var _ core.Bridge = Bridge{}

// Info implements core.Bridge.
func (Bridge) Info() core.Info {
	usual := &definition{}
	usual.Text.Limit, usual.Media.As, usual.Media.Bytes = 10, "link", 5<<20
	return core.Info{Kind: Kind, Title: "SMS", Variant: "any provider by HTTP", Scheme: core.SchemePhone, Account: keySender, Settings: settings(),
		Docs: "https://en.wikipedia.org/wiki/SMS_gateway", Capabilities: usual.capabilities()}
}

// link is an open channel.
type link struct {
	host   core.Host
	conf   conf
	def    *definition
	call   sms.Caller
	door   *sms.Door
	joiner *joiner
}

var (
	_ core.Link        = (*link)(nil)
	_ core.WebhookLink = (*link)(nil)
	_ core.HandLink    = (*link)(nil)
	_ core.SetupLink   = (*link)(nil)
	_ core.MediaLink   = (*link)(nil)
)

// Open implements core.Bridge. It makes no call.
func (Bridge) Open(channel core.Channel, settings core.Settings, host core.Host) (core.Link, error) {
	c, d, err := read(settings)
	if err != nil {
		return nil, err
	}
	l := &link{host: host, conf: c, def: d, joiner: newJoiner(host)}
	hide := slices.Collect(maps.Values(c.secrets))
	for _, user := range []string{c.values[keyUser], c.values[keyAccount]} {
		for _, s := range c.secrets { // as basic authentication writes them
			hide = append(hide, core.NewSecret(base64.StdEncoding.EncodeToString([]byte(user+":"+s.Reveal()))))
		}
	}
	l.call = sms.Caller{HTTP: host.HTTP(), Title: d.Title, Hide: hide}
	l.door = &sms.Door{Host: host, Key: l.doorKey(), Fixed: c.webhook}
	return l, nil
}

// doorKey is a secret to sign links to files with: any that the channel has.
func (l *link) doorKey() core.Secret {
	for _, key := range []string{keyWebhookSecret, keyAPIKey, keyPassword} {
		if s := l.conf.secrets[key]; len(s.Reveal()) >= 6 {
			return s
		}
	}
	return core.Secret{}
}

// Close implements core.Link.
func (l *link) Close() error {
	l.joiner.close()
	return nil
}

// setting gives the values that are the same for every message.
func (l *link) setting(name string) string { return l.conf.value(name) }

// Capabilities implements core.Link.
func (l *link) Capabilities() core.Capabilities {
	can := l.def.capabilities()
	can.Names = l.conf.names
	if l.doorKey().Empty() {
		can.Media, can.CaptionLimit = nil, 0 // no link to a file could be trusted
	}
	return can
}

// linkRoom is what a link to a file takes of a text, in characters.
const linkRoom = 320

func (d *definition) capabilities() core.Capabilities {
	can := core.Capabilities{TextLimit: d.Text.Limit, Unit: d.unit(), Kinds: sms.PlainKinds(), PerSecond: d.Rate, MayInitiate: true,
		Receipts: []core.Status{core.StatusSent, core.StatusDelivered, core.StatusFailed},
		Receives: []core.ContentKind{core.KindText, core.KindImage, core.KindVideo, core.KindAudio, core.KindDocument},
		Window:   core.Window{After: core.AfterAnything}}
	if d.Media.As == "" || d.Media.As == "none" {
		return can
	}
	can.CaptionLimit = d.Text.Limit
	if d.Media.As == "link" {
		can.CaptionLimit = max(0, d.Text.Limit-room(can.Unit))
	}
	rule := core.MediaRule{MIME: d.Media.MIME, Bytes: d.Media.Bytes, Caption: can.CaptionLimit > 0}
	can.Media = map[core.ContentKind]core.MediaRule{core.KindImage: rule, core.KindVideo: rule, core.KindAudio: rule, core.KindDocument: rule}
	return can
}

func room(u core.Unit) int {
	if u == core.UnitSegments {
		return 3
	}
	return linkRoom
}
