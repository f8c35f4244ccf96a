package messenger

import (
	"context"
	"slices"
	"time"

	"causeway/bridges/meta"
	"causeway/core"
)

// Kind is the bridge's name in configuration and store.
const Kind = "messenger"

// Scheme is of the ids by which a Page knows people. Its Scope is the Page.
const Scheme core.Scheme = "messenger"

// Bridge is the protocol. The zero value is ready.
type Bridge struct{}

var _ core.Bridge = Bridge{}

// Info implements core.Bridge.
func (Bridge) Info() core.Info {
	return core.Info{Kind: Kind, Title: "Messenger", Scheme: Scheme, Account: keyPage, Settings: settings(),
		Docs: "https://developers.facebook.com/docs/messenger-platform", Capabilities: conf{human: longest}.capabilities()}
}

// link is an open channel.
type link struct {
	meta.Inbox
	conf conf
}

var (
	_ core.Link        = (*link)(nil)
	_ core.WebhookLink = (*link)(nil)
	_ core.SetupLink   = (*link)(nil)
	_ core.LeaveLink   = (*link)(nil)
	_ core.HandLink    = (*link)(nil)
	_ core.MediaLink   = (*link)(nil)
	_ core.ActionLink  = (*link)(nil)
	_ core.ProfileLink = (*link)(nil)
	_ core.RenewLink   = (*link)(nil)
)

// Open implements core.Bridge. It makes no call.
func (Bridge) Open(_ core.Channel, settings core.Settings, host core.Host) (core.Link, error) {
	c, err := read(settings)
	if err != nil {
		return nil, err
	}
	graph := &meta.Client{HTTP: host.HTTP(), Base: c.base, Version: c.version, Token: c.token, Proof: c.appSecret, Hide: []core.Secret{c.appSecret, c.verify}}
	return &link{conf: c, Inbox: meta.Inbox{Title: "Messenger", Object: "page", Scheme: Scheme, Account: c.page, Node: c.page, Host: host, Graph: graph,
		Can: c.capabilities(), Echoes: core.OriginDevice, Opening: true, Secrets: []core.Secret{c.appSecret}, Verify: c.verify}}, nil
}

const (
	textLimit = 2000
	rate      = 40 // messages a second: a Page that sends more finds its inbox blocked
	free      = 24 * time.Hour
	longest   = 7 * free // in which what a person wrote may go out
)

func (c conf) capabilities() core.Capabilities {
	return core.Capabilities{
		TextLimit: textLimit, Unit: core.UnitRunes, Names: c.names,
		Media: map[core.ContentKind]core.MediaRule{
			core.KindImage:    {MIME: []string{"image/jpeg", "image/png", "image/gif"}, Bytes: 8 << 20},
			core.KindVideo:    {MIME: []string{"video/mp4", "video/quicktime", "video/webm", "video/ogg", "video/x-msvideo"}, Bytes: 25 << 20},
			core.KindAudio:    {MIME: []string{"audio/aac", "audio/mpeg", "audio/mp4", "audio/wav", "audio/x-wav", "audio/ogg"}, Bytes: 25 << 20},
			core.KindVoice:    {MIME: []string{"audio/aac", "audio/mpeg", "audio/mp4", "audio/wav", "audio/x-wav", "audio/ogg"}, Bytes: 25 << 20},
			core.KindDocument: {Bytes: 25 << 20},
		},
		Kinds: []core.ContentKind{core.KindChoices}, Buttons: meta.MaxReplies,
		Actions:  []core.Action{core.ActionRead, core.ActionTyping},
		Receipts: []core.Status{core.StatusSent, core.StatusDelivered, core.StatusRead},
		Receives: slices.Clone(receives), Window: core.Window{Free: free, Human: c.human, After: core.AfterNothing}, PerSecond: rate,
	}
}

var receives = []core.ContentKind{core.KindText, core.KindImage, core.KindVideo, core.KindAudio, core.KindDocument, core.KindSticker, core.KindLocation, core.KindChoice,
	core.KindSystem, core.KindUnsupported}

// Profile implements core.ProfileLink.
func (l *link) Profile(ctx context.Context, k core.IdentityKey) (core.Peer, error) {
	return l.Inbox.Profile(ctx, k, "first_name,last_name,name")
}
