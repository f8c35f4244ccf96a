package telegram

import (
	"context"
	"slices"
	"sync"
	"time"

	"causeway/core"
)

// Kind is the bridge's name in configuration and store.
const Kind = "telegram"

// Scheme is of Telegram's user and chat ids, which are the same for every bot. Its Scope is empty for a chat with the bot itself, else the id of
// the business connection that the chat is reached by. Its Value is the chat's id, with a topic after a slash where there is one.
const Scheme core.Scheme = "telegram"

// Bridge is the protocol. The zero value is ready.
type Bridge struct{}

var _ core.Bridge = Bridge{}

// Info implements core.Bridge.
func (Bridge) Info() core.Info {
	return core.Info{Kind: Kind, Title: "Telegram", Scheme: Scheme, Account: keyBot, Settings: settings(),
		Docs: "https://core.telegram.org/bots/api", Capabilities: capabilities(conf{rate: defaultRate})}
}

// link is an open channel, whichever way it receives.
type link struct {
	channel core.Channel
	host    core.Host
	api     *api
	conf    conf
	sleep   func(ctx context.Context, d time.Duration) error
	owners  sync.Mutex // orders changes of the business connections kept by the host
}

// hooked is a link whose updates come by webhook, polled one that asks for them.
type (
	hooked struct{ *link }
	polled struct{ *link }
)

var (
	_ core.Link        = (*link)(nil)
	_ core.MediaLink   = (*link)(nil)
	_ core.ActionLink  = (*link)(nil)
	_ core.WebhookLink = hooked{}
	_ core.SetupLink   = hooked{}
	_ core.LeaveLink   = hooked{}
	_ core.SessionLink = polled{}
)

// Open implements core.Bridge. It makes no call.
func (Bridge) Open(channel core.Channel, settings core.Settings, host core.Host) (core.Link, error) {
	c, err := read(settings)
	if err != nil {
		return nil, err
	}
	l := &link{channel: channel, host: host, conf: c, sleep: core.Wait}
	l.api = &api{http: host.HTTP(), base: c.base, token: c.token, hidden: []core.Secret{c.token, c.verify}}
	if c.polling {
		return polled{l}, nil
	}
	return hooked{l}, nil
}

// Close implements core.Link. A link holds nothing that must be freed.
func (*link) Close() error { return nil }

// Capabilities implements core.Link.
func (l *link) Capabilities() core.Capabilities { return capabilities(l.conf) }

const (
	textLimit    = 4096
	captionLimit = 1024
	photoLimit   = 10 << 20
	fileLimit    = 50 << 20
	defaultRate  = 30 // messages a second, by Telegram's own advice
	businessFree = 24 * time.Hour
)

func capabilities(c conf) core.Capabilities {
	can := core.Capabilities{
		TextLimit: textLimit, CaptionLimit: captionLimit, Unit: core.UnitUTF16,
		Media: map[core.ContentKind]core.MediaRule{
			core.KindImage:    {MIME: []string{"image/jpeg", "image/png"}, Bytes: photoLimit, Caption: true, Amend: true},
			core.KindVideo:    {MIME: []string{"video/mp4"}, Bytes: fileLimit, Caption: true, Amend: true},
			core.KindAudio:    {MIME: []string{"audio/mpeg", "audio/mp4", "audio/x-m4a"}, Bytes: fileLimit, Caption: true, Amend: true},
			core.KindVoice:    {MIME: []string{"audio/ogg", "audio/mpeg", "audio/mp4"}, Bytes: fileLimit, Caption: true, Amend: true},
			core.KindDocument: {Bytes: fileLimit, Caption: true, Amend: true},
			core.KindSticker:  {MIME: []string{"image/webp", "application/x-tgsticker", "video/webm"}, Bytes: 512 << 10},
		},
		Marks: true, Names: c.names,
		Kinds:     []core.ContentKind{core.KindLocation, core.KindContacts, core.KindChoices},
		Buttons:   maxButtons,
		Actions:   []core.Action{core.ActionTyping, core.ActionReaction, core.ActionEdit, core.ActionRevoke},
		RevokeFor: 48 * time.Hour,
		Receives:  slices.Clone(receives), PerSecond: c.rate,
	}
	if c.business {
		can.Window = core.Window{Free: businessFree, After: core.AfterNothing}
		can.Actions = append(can.Actions, core.ActionRead)
	}
	return can
}

var receives = []core.ContentKind{core.KindText, core.KindImage, core.KindVideo, core.KindAudio, core.KindVoice, core.KindDocument, core.KindSticker,
	core.KindLocation, core.KindContacts, core.KindChoice, core.KindForm, core.KindUnsupported}
