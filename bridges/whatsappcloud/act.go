package whatsappcloud

import (
	"context"

	"causeway/bridges/meta"
	"causeway/core"
)

// Act implements core.ActionLink. Typing also marks the message as read; the platform has no typing without that.
func (l *link) Act(ctx context.Context, a core.Act) (core.Sent, error) {
	if !meta.GoodID(a.Target) {
		return core.Sent{}, core.Unsendable("It does not say which message it is about.", "")
	}
	if aCall(a.Target) {
		return core.Sent{}, core.Unsendable("WhatsApp takes no marks on a call.", "")
	}
	switch a.Action {
	case core.ActionRead, core.ActionTyping:
		b := body{"messaging_product": "whatsapp", "status": "read", "message_id": meta.Whole(a.Target)}
		if a.Action == core.ActionTyping {
			b["typing_indicator"] = body{"type": "text"}
		}
		return core.Sent{}, l.conf.failed(l.graph.Post(ctx, l.conf.edge("messages"), b, nil))
	case core.ActionReaction:
		b, err := l.address(core.Outgoing{Key: a.Key, To: a.To})
		if err != nil {
			return core.Sent{}, err
		}
		b.set("reaction", body{"message_id": meta.Whole(a.Target), "emoji": a.Emoji})
		return l.post(ctx, b, a.To)
	default:
		return core.Sent{}, core.Unsendable("WhatsApp's Cloud API cannot do this ("+string(a.Action)+").", "Do it on the phone, if the number is used there.")
	}
}
