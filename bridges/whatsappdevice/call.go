package whatsappdevice

import (
	"context"

	"causeway/core"

	waBinary "go.mau.fi/whatsmeow/binary"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"
)

// takenElsewhere is why a call no longer rings here: it was taken on the phone, or on another device linked to it.
const takenElsewhere = "accepted_elsewhere"

// call stores that a customer calls, and that somebody took the call. What else becomes of a call is not told. whatsmeow acknowledges calls even if they
// could not be stored.
func (s *session) call(evt any) bool {
	switch e := evt.(type) {
	case *events.CallOffer:
		said := "Called on WhatsApp."
		if video(e.Data) {
			said = "Called on WhatsApp, with video."
		}
		return s.store(s.reader.call(s.ctx, e.BasicCallMeta, false, said))
	case *events.CallTerminate:
		if e.Reason == takenElsewhere {
			return s.store(s.reader.call(s.ctx, e.BasicCallMeta, true, "Took the call on the phone."))
		}
	}
	return true
}

func video(offer *waBinary.Node) bool {
	if offer == nil {
		return false
	}
	_, with := offer.GetOptionalChildByTag("video")
	return with
}

// call makes a line of a call that a customer begins, and of ours that it was taken. None of a group's.
func (r reader) call(ctx context.Context, c types.BasicCallMeta, ours bool, said string) []core.Event {
	if c.CallID == "" || !c.GroupJID.IsEmpty() {
		return nil
	}
	by := types.MessageSource{Chat: c.CallCreator, Sender: c.CallCreator, SenderAlt: c.CallCreatorAlt, RecipientAlt: c.CallCreatorAlt, IsFromMe: ours}
	e, _, ok := r.draft(ctx, types.MessageInfo{MessageSource: by, ID: c.CallID, Timestamp: c.Timestamp})
	if !ok {
		return nil
	}
	e.Kind, e.ID = core.EventMessage, callID(c.CallID, ours)
	e.Message = &core.MessageBody{Provider: e.ID, Content: core.Content{Kind: core.KindSystem, Text: said}}
	return []core.Event{e}
}

// callID is the id that a line about a call has. No message's id follows the last slash: a call cannot be read, quoted or reacted to, and no other side of
// the number knows it.
func callID(id string, taken bool) string {
	if taken {
		return "call/" + plainID(id) + "/taken/"
	}
	return "call/" + plainID(id) + "/"
}
