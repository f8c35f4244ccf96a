package x

import (
	"slices"
	"time"

	"causeway/core"
)

// Kind is the bridge's name in configuration and store.
const Kind = "x"

// Scheme is of X's user ids, which are the same for every app and never change, as user names may.
const Scheme core.Scheme = "x"

// Bridge is the protocol. The zero value is ready.
type Bridge struct{}

var _ core.Bridge = Bridge{}

// Info implements core.Bridge.
func (Bridge) Info() core.Info {
	return core.Info{Kind: Kind, Title: "X", Variant: "direct messages, experimental", Scheme: Scheme, Account: keyAccount, Settings: settings(),
		Docs: "https://docs.x.com/x-api/account-activity/introduction", Capabilities: capabilities(conf{})}
}

// link is an open channel. versioned is one that may use version 1.1, too.
type (
	link struct {
		channel core.Channel
		host    core.Host
		conf    conf
		api     *api
	}
	versioned struct{ *link }
)

var (
	_ core.Link        = (*link)(nil)
	_ core.WebhookLink = (*link)(nil)
	_ core.SetupLink   = (*link)(nil)
	_ core.MediaLink   = (*link)(nil)
	_ core.ActionLink  = versioned{}
)

// Open implements core.Bridge. It makes no call.
func (Bridge) Open(channel core.Channel, settings core.Settings, host core.Host) (core.Link, error) {
	c, err := read(settings)
	if err != nil {
		return nil, err
	}
	l := &link{channel: channel, host: host, conf: c, api: &api{http: host.HTTP(), now: host.Now, conf: c}}
	if c.version1 {
		return versioned{l}, nil
	}
	return l, nil
}

// Close implements core.Link. A link holds nothing that must be freed.
func (*link) Close() error { return nil }

// Capabilities implements core.Link.
func (l *link) Capabilities() core.Capabilities { return capabilities(l.conf) }

const (
	textLimit  = 10_000
	freeWindow = 48 * time.Hour

	maxOptions     = 20
	maxOptionTitle = 36
	maxOptionHelp  = 72
	maxOptionID    = 1000
)

func capabilities(c conf) core.Capabilities {
	can := core.Capabilities{
		TextLimit: textLimit, CaptionLimit: textLimit, Unit: core.UnitUTF16, Names: c.names,
		Media: map[core.ContentKind]core.MediaRule{
			core.KindImage: {MIME: []string{"image/jpeg", "image/png", "image/webp", "image/gif"}, Bytes: 5 << 20, Caption: true},
			core.KindVideo: {MIME: []string{"video/mp4"}, Bytes: 512 << 20, Caption: true},
		},
		Receipts: []core.Status{core.StatusRead}, Receives: slices.Clone(receives),
		Window: core.Window{Free: freeWindow, After: core.AfterNothing},
	}
	if c.version1 {
		can.Kinds, can.Buttons = []core.ContentKind{core.KindChoices}, maxOptions
		can.Actions = []core.Action{core.ActionTyping, core.ActionRead}
	}
	return can
}

var receives = []core.ContentKind{core.KindText, core.KindImage, core.KindVideo, core.KindLocation, core.KindChoice, core.KindUnsupported}
