package whatsappcloud

import (
	"encoding/json"
	"slices"

	"causeway/bridges/meta"
	"causeway/core"
)

// status turns one of statuses[] into a receipt. Words that are no step of ours are kept as core.EventOther.
func (l *link) status(c change, v value, raw json.RawMessage) core.Event {
	var s status
	_ = json.Unmarshal(raw, &s) // a strange detail costs no tick
	e := core.Event{Kind: core.EventReceipt, ID: string(s.ID) + "/" + string(s.Status), Key: string(s.Key), Origin: core.OriginGateway, Raw: raw}
	var ok bool
	if e.At, ok = s.Timestamp.Time(); !ok {
		e.At = l.host.Now() // a tick is a tick: its time matters to nobody's window
	}
	if !meta.GoodID(string(s.ID)) {
		e.ID, e.Fault = c.hash(raw), "The receipt cannot be read."
		return e
	}
	step, known := steps[s.Status]
	if !known || s.Type != "" && s.Type != "message" {
		return l.other(c, e.ID, raw, c.hash(raw))
	}
	e.Peer.Identities = s.recipient()
	e.Receipt = &core.ReceiptBody{Provider: string(s.ID), Stanza: stanza(string(s.ID)), Status: step, Learned: s.learned(v.Contacts)}
	if step == core.StatusFailed {
		e.Receipt.Error = s.failure()
	}
	e.Raw = nil
	return e
}

// steps are the platform's words for how far a message has come. Played is read, of a voice note.
var steps = map[meta.Text]core.Status{"sent": core.StatusSent, "delivered": core.StatusDelivered, "read": core.StatusRead, "played": core.StatusRead,
	"failed": core.StatusFailed}

func (s status) recipient() []core.IdentityKey {
	if s.RecipientType == "group" {
		return nil
	}
	return identities(s.Recipient, s.RecipientUser)
}

// learned is every way of addressing the recipient that the receipt tells.
func (s status) learned(contacts []contact) []core.IdentityKey {
	keys := s.recipient()
	c, ok := match(contacts, keys)
	if !ok {
		return keys
	}
	for _, k := range identities(c.Phone, c.User) {
		if !slices.Contains(keys, k) {
			keys = append(keys, k)
		}
	}
	return keys
}

func (s status) failure() *core.SendError {
	if len(s.Errors) == 0 {
		return sendError(-1, "")
	}
	e := s.Errors[0]
	return sendError(e.code(), e.words())
}
