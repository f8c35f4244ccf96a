package whatsappcloud

import (
	"encoding/json"
	"strings"

	"causeway/bridges/meta"
	"causeway/core"
)

// call reads that a customer calls: nobody here takes calls, but an answer is due, and WhatsApp's reply window opens as by a message. How calls of the
// business begin, and how any end, is kept as core.EventOther.
func (l *link) call(c change, v value, raw json.RawMessage) core.Event {
	var k struct {
		message
		Event     meta.Text `json:"event"`
		Direction meta.Text `json:"direction"`
	}
	_ = json.Unmarshal(raw, &k)
	e := l.other(c, "", raw, c.hash(raw))
	if k.Event != "connect" || k.Direction != "USER_INITIATED" || !aCall(string(k.ID)) || !meta.GoodID(string(k.ID)) {
		return e
	}
	if at, ok := k.Timestamp.Time(); ok {
		e.At = at
	}
	e.Kind, e.ID, e.Origin, e.Peer = core.EventMessage, string(k.ID), core.OriginCustomer, peer(k.message, v.Contacts, false)
	if len(e.Peer.Identities) == 0 {
		e.Fault = "The call names nobody who could be answered."
		return e
	}
	e.Message, e.Raw = &core.MessageBody{Provider: e.ID, Content: core.Content{Kind: core.KindSystem, Text: "Called on WhatsApp."}}, nil
	return e
}

// aCall reports whether an id is a call's: WhatsApp lets nobody read or quote that.
func aCall(id string) bool { return strings.HasPrefix(id, "wacid.") }
