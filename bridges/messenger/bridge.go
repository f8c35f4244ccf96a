package messenger

import (
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
		Docs: "https://developers.facebook.com/docs/messenger-platform", Capabilities: conf{human: meta.Longest}.capabilities()}
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
		Can: c.capabilities(), Echoes: core.OriginDevice, Opening: true, Person: "first_name,last_name,name", Secrets: []core.Secret{c.appSecret}, Verify: c.verify}}, nil
}

const textLimit = 2000

func (c conf) capabilities() core.Capabilities {
	can := meta.InboxCan(c.human, "audio/aac", "audio/mpeg", "audio/mp4", "audio/wav", "audio/x-wav", "audio/ogg")
	can.TextLimit, can.Unit, can.Names = textLimit, core.UnitRunes, c.names
	can.Receives = append(can.Receives, core.KindLocation)
	can.Receipts = []core.Status{core.StatusSent, core.StatusDelivered, core.StatusRead}
	return can
}
