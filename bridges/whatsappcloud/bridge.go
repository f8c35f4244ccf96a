package whatsappcloud

import (
	"slices"
	"time"

	"causeway/bridges/meta"
	"causeway/core"
)

// Kind is the bridge's name in configuration and store.
const Kind = "whatsapp-cloud"

const title = "WhatsApp"

// Bridge is the protocol. The zero value is ready.
type Bridge struct{}

var _ core.Bridge = Bridge{}

// Info implements core.Bridge.
func (Bridge) Info() core.Info {
	return core.Info{Kind: Kind, Title: title, Variant: "Cloud API", Scheme: core.SchemePhone, Account: keyNumber, Settings: settings(),
		Docs: "https://developers.facebook.com/docs/whatsapp/cloud-api", Capabilities: capabilities(defaultRate)}
}

// link is an open channel.
type link struct {
	channel core.Channel
	host    core.Host
	graph   *meta.Client
	conf    conf

	coexists coexistence
	phone    phone
	served   served
}

var (
	_ core.Link         = (*link)(nil)
	_ core.WebhookLink  = (*link)(nil)
	_ core.SetupLink    = (*link)(nil)
	_ core.LeaveLink    = (*link)(nil)
	_ core.MediaLink    = (*link)(nil)
	_ core.ActionLink   = (*link)(nil)
	_ core.TemplateLink = (*link)(nil)
	_ core.ImportLink   = (*link)(nil)
	_ core.RenewLink    = (*link)(nil)
	_ core.PresentLink  = (*link)(nil)
)

// Open implements core.Bridge. It makes no call.
func (Bridge) Open(channel core.Channel, settings core.Settings, host core.Host) (core.Link, error) {
	c, err := read(settings)
	if err != nil {
		return nil, err
	}
	l := &link{channel: channel, host: host, conf: c}
	l.graph = &meta.Client{HTTP: host.HTTP(), Base: c.base, Version: c.pathVersion(), Token: c.token, Header: c.tokenHeader(), Proof: c.proof(), Hide: []core.Secret{c.appSecret, c.verify}}
	return l, nil
}

// Close implements core.Link. A link holds nothing that must be freed.
func (*link) Close() error { return nil }

// Capabilities implements core.Link.
func (l *link) Capabilities() core.Capabilities {
	can := capabilities(l.rate())
	can.Names = l.conf.names
	return can
}

// rate is how many messages a second the number may send.
func (l *link) rate() float64 {
	if l.coexists.yes() {
		return min(l.conf.rate, coexistenceRate)
	}
	return l.conf.rate
}

const (
	textLimit    = 4096
	captionLimit = 1024
	defaultRate  = 80 // messages a second; a number in coexistence has 20
)

func capabilities(rate float64) core.Capabilities {
	return core.Capabilities{
		TextLimit: textLimit, CaptionLimit: captionLimit, Unit: core.UnitRunes,
		Media: map[core.ContentKind]core.MediaRule{
			core.KindImage:    {MIME: []string{"image/jpeg", "image/png"}, Bytes: 5 << 20, Caption: true},
			core.KindVideo:    {MIME: []string{"video/mp4", "video/3gpp"}, Bytes: 16 << 20, Caption: true},
			core.KindAudio:    {MIME: []string{"audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"}, Bytes: 16 << 20},
			core.KindVoice:    {MIME: []string{"audio/ogg"}, Bytes: 16 << 20},
			core.KindDocument: {Bytes: 100 << 20, Caption: true},
			core.KindSticker:  {MIME: []string{"image/webp"}, Bytes: 500 << 10},
		},
		Marks:   true,
		Kinds:   []core.ContentKind{core.KindLocation, core.KindContacts, core.KindChoices, core.KindTemplate},
		Buttons: maxButtons, ListRows: maxRows,
		Actions:  []core.Action{core.ActionRead, core.ActionTyping, core.ActionReaction},
		Receipts: []core.Status{core.StatusSent, core.StatusDelivered, core.StatusRead, core.StatusFailed},
		Receives: slices.Clone(receives), Window: core.Window{Free: 24 * time.Hour, After: core.AfterTemplates}, PerSecond: rate,
	}
}

var receives = []core.ContentKind{core.KindText, core.KindImage, core.KindVideo, core.KindAudio, core.KindVoice, core.KindDocument, core.KindSticker,
	core.KindLocation, core.KindContacts, core.KindChoice, core.KindForm, core.KindOrder, core.KindSystem, core.KindUnsupported}
