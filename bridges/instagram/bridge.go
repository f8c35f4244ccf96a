package instagram

import (
	"context"
	"slices"
	"time"

	"causeway/bridges/meta"
	"causeway/core"
)

// Kind is the bridge's name in configuration and store.
const Kind = "instagram"

// Scheme is of the ids by which an account knows people. Its Scope is the account.
const Scheme core.Scheme = "instagram"

// Bridge is the protocol. The zero value is ready.
type Bridge struct{}

var _ core.Bridge = Bridge{}

// Info implements core.Bridge.
func (Bridge) Info() core.Info {
	return core.Info{Kind: Kind, Title: "Instagram", Scheme: Scheme, Account: keyAccount, Settings: settings(),
		Docs: "https://developers.facebook.com/docs/instagram-platform", Capabilities: conf{human: usual}.capabilities()}
}

// link is an open channel.
type link struct {
	meta.Inbox
	conf conf
}

var (
	_ core.Link        = (*link)(nil)
	_ core.WebhookLink = (*link)(nil)
	_ core.HandLink    = (*link)(nil)
	_ core.SetupLink   = (*link)(nil)
	_ core.LeaveLink   = (*link)(nil)
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
	graph := &meta.Client{HTTP: host.HTTP(), Base: c.base, Version: c.version, Token: c.token, Proof: c.proof(), Hide: []core.Secret{c.appSecret, c.instagramSecret, c.verify}}
	return &link{conf: c, Inbox: meta.Inbox{Title: "Instagram", Object: "instagram", Scheme: Scheme, Account: c.account, Node: "me", Host: host, Graph: graph,
		Can: c.capabilities(), Echoes: core.OriginBusiness, Loves: true, Upload: [][2]string{{"platform", "instagram"}},
		Secrets: []core.Secret{c.appSecret, c.instagramSecret}, Verify: c.verify}}, nil
}

const (
	textLimit = 1000 // bytes: half as many letters in Cyrillic, a third in Hindi
	rate      = 40   // messages a second
	free      = 24 * time.Hour
	usual     = 3 * free // in which what a person wrote may go out, unless the admin says otherwise
	longest   = 7 * free // what Meta allows
)

func (c conf) capabilities() core.Capabilities {
	return core.Capabilities{
		TextLimit: textLimit, Unit: core.UnitBytes, Names: c.names,
		Media: map[core.ContentKind]core.MediaRule{
			core.KindImage:    {MIME: []string{"image/jpeg", "image/png", "image/gif"}, Bytes: 8 << 20},
			core.KindVideo:    {MIME: []string{"video/mp4", "video/quicktime", "video/webm", "video/ogg", "video/x-msvideo"}, Bytes: 25 << 20},
			core.KindAudio:    {MIME: []string{"audio/aac", "audio/mp4", "audio/x-m4a", "audio/wav", "audio/x-wav"}, Bytes: 25 << 20},
			core.KindVoice:    {MIME: []string{"audio/aac", "audio/mp4", "audio/x-m4a", "audio/wav", "audio/x-wav"}, Bytes: 25 << 20},
			core.KindDocument: {MIME: []string{"application/pdf"}, Bytes: 25 << 20},
		},
		Kinds: []core.ContentKind{core.KindChoices}, Buttons: meta.MaxReplies,
		Actions:  []core.Action{core.ActionRead, core.ActionTyping, core.ActionReaction},
		Receipts: []core.Status{core.StatusSent, core.StatusRead},
		Receives: slices.Clone(receives), Window: core.Window{Free: free, Human: c.human, After: core.AfterNothing}, PerSecond: rate,
	}
}

var receives = []core.ContentKind{core.KindText, core.KindImage, core.KindVideo, core.KindAudio, core.KindDocument, core.KindSticker, core.KindChoice, core.KindSystem, core.KindUnsupported}

// Profile implements core.ProfileLink.
func (l *link) Profile(ctx context.Context, k core.IdentityKey) (core.Peer, error) {
	return l.Inbox.Profile(ctx, k, "name,username")
}
