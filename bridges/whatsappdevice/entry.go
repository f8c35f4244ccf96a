package whatsappdevice

import (
	"cmp"
	"context"
	"fmt"

	"causeway/core"

	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"
)

// entry hands on what the phone's address book calls somebody from now on. All of it, as it comes with the pairing, is only looked into when somebody
// writes.
func (s *session) entry(c *events.Contact) bool {
	s.phoneSeen(s.link.host.Now())
	if c.FromFullSync {
		return true
	}
	return s.store(s.reader.entry(s.ctx, c))
}

// entry makes an event of a change of the phone's address book: it names who is a contact already, for others in it may be of no concern to the business.
func (r reader) entry(ctx context.Context, c *events.Contact) []core.Event {
	other, _ := types.ParseJID(cmp.Or(c.Action.GetLidJID(), c.Action.GetPnJID())) // none is as good as one that cannot be read
	first, second := r.couple(ctx, user(c.JID), user(other))
	e := core.Event{Kind: core.EventEntry, ID: fmt.Sprintf("entry/%s/%d", c.JID.ToNonAD(), c.Timestamp.UnixMilli()), At: c.Timestamp.UTC(), Origin: core.OriginDevice,
		Historic: true, Peer: peerOf("", first, second)}
	e.Entry = &core.EntryBody{Name: plain(cmp.Or(c.Action.GetFullName(), c.Action.GetFirstName())), Known: true}
	if len(e.Peer.Identities) == 0 {
		return nil
	}
	return []core.Event{e}
}
