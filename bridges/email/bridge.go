package email

import (
	"slices"
	"time"

	"causeway/core"
)

// Kind is the bridge's name in configuration and store.
const Kind = "email"

// Bridge is the protocol. Parse must be set.
type Bridge struct {
	Parse Parser
}

var (
	_ core.Bridge            = Bridge{}
	_ core.RememberingBridge = Bridge{}
)

// Info implements core.Bridge.
func (Bridge) Info() core.Info {
	return core.Info{Kind: Kind, Title: "E-mail", Scheme: core.SchemeEmail, Account: keyAddress, Settings: settings(),
		Docs: "https://www.rfc-editor.org/rfc/rfc9051", Capabilities: capabilities()}
}

// link is an open channel.
type link struct {
	channel core.Channel
	host    core.Host
	conf    conf
	parse   Parser
	tokens  tokens
	recent  recent
	timeout time.Duration // of a step of a connection
	step    time.Duration // the first wait after a failure
	fetches chan struct{} // bounds the connections that files are fetched by
}

var (
	_ core.Link        = (*link)(nil)
	_ core.SessionLink = (*link)(nil)
	_ core.MediaLink   = (*link)(nil)
	_ core.RenewLink   = (*link)(nil)
)

// Open implements core.Bridge. It makes no call.
func (b Bridge) Open(channel core.Channel, settings core.Settings, host core.Host) (core.Link, error) {
	c, err := read(settings)
	if err != nil {
		return nil, err
	}
	if b.Parse == nil {
		return nil, core.Problemf(core.CodeUnsupported, "This program was built without a reader of mails.")
	}
	l := &link{channel: channel, host: host, conf: c, parse: b.Parse, timeout: 45 * time.Second, step: time.Second, fetches: make(chan struct{}, 2)}
	return l, nil
}

// Close implements core.Link. Connections end with the calls that opened them.
func (l *link) Close() error { l.recent.drop(); return nil }

// Capabilities implements core.Link.
func (l *link) Capabilities() core.Capabilities {
	can := capabilities()
	can.Names = l.conf.names
	return can
}

const (
	fileLimit = 18 << 20 // of a file sent: encoded, it just fits what most servers take
	textLimit = 1 << 20  // bytes of text beside a file
	sizeLimit = 50 << 20 // of a mail that came in
)

func capabilities() core.Capabilities {
	file := core.MediaRule{Bytes: fileLimit, Caption: true}
	return core.Capabilities{
		CaptionLimit: textLimit, Unit: core.UnitBytes, MayInitiate: true, Marks: true,
		Media: map[core.ContentKind]core.MediaRule{core.KindImage: file, core.KindVideo: file, core.KindAudio: file, core.KindVoice: file,
			core.KindDocument: file, core.KindSticker: file},
		Receipts: []core.Status{core.StatusSent, core.StatusDelivered, core.StatusRead, core.StatusFailed}, Receives: slices.Clone(receives),
	}
}

var receives = []core.ContentKind{core.KindText, core.KindImage, core.KindVideo, core.KindAudio, core.KindDocument, core.KindUnsupported}
