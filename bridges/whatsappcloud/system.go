package whatsappcloud

import (
	"cmp"
	"encoding/json"
	"slices"

	"causeway/bridges/meta"
	"causeway/core"
)

// system reads a message that the platform itself wrote: a contact has another number, id or phone. Others are kept as core.EventOther, for
// they are no act of the customer and must not open a reply window.
func (l *link) system(c change, m message, e core.Event) core.Event {
	s := m.System
	if s == nil {
		return l.other(c, e.ID, e.Raw, e.ID)
	}
	b := &core.IdentityBody{Note: string(s.Body)}
	switch s.Type {
	case "user_changed_number", "user_changed_user_id", "customer_changed_number":
		b.Old = identities(m.From, m.FromUser, s.PreviousUser, s.Customer)
		b.New = slices.DeleteFunc(identities(s.NewPhone, s.Phone, s.User), func(k core.IdentityKey) bool { return slices.Contains(b.Old, k) })
		if b.Note == "" {
			b.Note = "The contact has a new number."
		}
	case "customer_identity_changed", "user_identity_changed":
		if b.Note == "" {
			b.Note = "The contact's security code changed: they may use WhatsApp on a new phone."
		}
	default:
		return l.other(c, e.ID, e.Raw, e.ID)
	}
	if len(e.Peer.Identities) == 0 {
		e.Peer.Identities = b.Old
	}
	if len(e.Peer.Identities) == 0 {
		e.Peer.Identities = b.New
	}
	e.Kind, e.Identity = core.EventIdentity, b
	if len(e.Peer.Identities) == 0 {
		e.Fault = "It does not say whose number changed."
	}
	return e
}

// userID reads that a contact's user id was replaced by another, with or without their number.
func (l *link) userID(c change, v value, raw json.RawMessage) core.Event {
	var u struct {
		Phone meta.Text `json:"wa_id"`
		User  struct {
			Previous meta.Text `json:"previous"`
			Current  meta.Text `json:"current"`
		} `json:"user_id"`
		Detail    meta.Text `json:"detail"`
		Timestamp meta.Text `json:"timestamp"`
	}
	e := l.other(c, "", raw, c.hash(raw))
	if err := json.Unmarshal(raw, &u); err != nil || u.User.Previous == "" && u.User.Current == "" {
		return e
	}
	if at, ok := u.Timestamp.Time(); ok {
		e.At = at
	}
	e.Kind, e.Identity = core.EventIdentity, &core.IdentityBody{Old: identities(u.Phone, u.User.Previous), New: identities(u.User.Current), Note: string(u.Detail)}
	if e.Identity.Note == "" {
		e.Identity.Note = "The contact's WhatsApp user id was replaced."
	}
	e.Peer = peer(message{From: u.Phone, FromUser: cmp.Or(u.User.Current, u.User.Previous)}, v.Contacts, false)
	if len(e.Peer.Identities) == 0 {
		e.Fault = "It does not say whose user id changed."
	}
	return e
}
