package instagram

import (
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
		Can: c.capabilities(), Echoes: core.OriginBusiness, Loves: true, Person: "name,username", Upload: [][2]string{{"platform", "instagram"}},
		Secrets: []core.Secret{c.appSecret, c.instagramSecret}, Verify: c.verify}}, nil
}

const (
	textLimit = 1000          // bytes: half as many letters in Cyrillic, a third in Hindi
	usual     = 3 * meta.Free // in which what a person wrote may go out, unless the admin says otherwise
)

func (c conf) capabilities() core.Capabilities {
	can := meta.InboxCan(c.human, "audio/aac", "audio/mp4", "audio/x-m4a", "audio/wav", "audio/x-wav")
	can.TextLimit, can.Unit, can.Names = textLimit, core.UnitBytes, c.names
	documents := can.Media[core.KindDocument]
	documents.MIME = []string{"application/pdf"}
	can.Media[core.KindDocument] = documents
	can.Actions = append(can.Actions, core.ActionReaction)
	can.Receipts = []core.Status{core.StatusSent, core.StatusRead}
	return can
}
