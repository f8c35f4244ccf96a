package whatsappdevice

import (
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"causeway/core"
)

// Kind is the bridge's name in configuration and store.
const Kind = "whatsapp-device"

const title = "WhatsApp"

// Bridge is the protocol. The zero value is ready.
type Bridge struct{}

var _ core.Bridge = Bridge{}

// Info implements core.Bridge.
func (Bridge) Info() core.Info {
	return core.Info{Kind: Kind, Title: title, Variant: "linked device", Scheme: core.SchemePhone, Account: keyPhone, Settings: settings(),
		Docs: "https://faq.whatsapp.com/378279804439436", Capabilities: capabilities(conf{})}
}

// link is an open channel.
type link struct {
	channel core.Channel
	host    core.Host
	conf    conf
	http    *http.Client            // to WhatsApp's servers
	live    atomic.Pointer[session] // nil: no session of the channel runs on this link
	budget  *budget
	ward    *ward
}

var (
	_ core.Link        = (*link)(nil)
	_ core.SessionLink = (*link)(nil)
	_ core.MediaLink   = (*link)(nil)
	_ core.ActionLink  = (*link)(nil)
	_ core.BoundLink   = (*link)(nil)
)

// Open implements core.Bridge. It makes no call.
func (Bridge) Open(channel core.Channel, settings core.Settings, host core.Host) (core.Link, error) {
	c, err := read(settings)
	if err != nil {
		return nil, err
	}
	quiet()
	use(c.version)
	return &link{channel: channel, host: host, conf: c, http: client(host, c.server), budget: newBudget(c, host), ward: newWard(host)}, nil
}

// Close implements core.Link. The session ends by its context.
func (l *link) Close() error {
	l.http.CloseIdleConnections()
	return nil
}

// Capabilities implements core.Link.
func (l *link) Capabilities() core.Capabilities { return capabilities(l.conf) }

const (
	textLimit    = 4096 // of what the apps show without cutting it, as over the Cloud API
	captionLimit = 1024
	perSecond    = 1 // a person does not type faster either
)

func capabilities(c conf) core.Capabilities {
	can := core.Capabilities{
		TextLimit: textLimit, CaptionLimit: captionLimit, Unit: core.UnitRunes,
		Media: map[core.ContentKind]core.MediaRule{
			core.KindImage:    {MIME: []string{"image/jpeg", "image/png"}, Bytes: 16 << 20, Caption: true, Amend: true},
			core.KindVideo:    {MIME: []string{"video/mp4", "video/3gpp"}, Bytes: 64 << 20, Caption: true, Amend: true},
			core.KindAudio:    {MIME: []string{"audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"}, Bytes: 16 << 20},
			core.KindVoice:    {MIME: []string{"audio/ogg"}, Bytes: 16 << 20},
			core.KindDocument: {Bytes: 100 << 20, Caption: true, Amend: true},
			core.KindSticker:  {MIME: []string{"image/webp"}, Bytes: 500 << 10},
		},
		Marks: true, Names: c.names,
		Kinds:   []core.ContentKind{core.KindLocation, core.KindContacts},
		Actions: []core.Action{core.ActionRead, core.ActionTyping, core.ActionReaction, core.ActionEdit, core.ActionRevoke},
		EditFor: 15 * time.Minute, RevokeFor: 48 * time.Hour,
		Receipts: []core.Status{core.StatusSent, core.StatusDelivered, core.StatusRead}, Receives: slices.Clone(receives),
		MayInitiate: c.initiate, Window: core.Window{Free: 24 * time.Hour, After: core.AfterNothing}, PerSecond: perSecond,
	}
	if c.later || c.initiate {
		can.Window.After = core.AfterAnything
	}
	return can
}

var receives = []core.ContentKind{core.KindText, core.KindImage, core.KindVideo, core.KindAudio, core.KindVoice, core.KindDocument, core.KindSticker,
	core.KindLocation, core.KindContacts, core.KindChoice, core.KindForm, core.KindOrder, core.KindSystem, core.KindUnsupported}
