package telegram

import (
	"context"

	"causeway/core"
)

// Act implements core.ActionLink. Marking as read is only known in chats of a business account; elsewhere it is done by doing nothing.
func (l *link) Act(ctx context.Context, a core.Act) (core.Sent, error) {
	if a.Action == core.ActionTyping {
		return core.Sent{}, l.typing(ctx, a.To)
	}
	to, id, ok := messageOf(a.Target)
	if !ok {
		return core.Sent{}, core.Unsendable("It does not say which message it is about.", "")
	}
	to, err := l.route(ctx, to)
	if err != nil {
		return core.Sent{}, err
	}
	method, p, err := action(a, to, id)
	if err != nil || method == "" {
		return core.Sent{}, err
	}
	err = l.api.call(ctx, method, p, nil)
	if p["parse_mode"] != nil && says(err, "can't parse") {
		delete(p, "parse_mode")
		if _, caption := p["caption"]; caption {
			p["caption"] = a.Content.Text
		} else {
			p["text"] = a.Content.Text
		}
		err = l.api.call(ctx, method, p, nil)
	}
	if says(err, "message is not modified") {
		err = nil
	}
	return core.Sent{}, failed(err)
}

func (l *link) typing(ctx context.Context, to []core.IdentityKey) error {
	a, ok := recipient(to)
	if !ok {
		return core.Unsendable("The contact has no Telegram account that is known here.", "")
	}
	a, err := l.route(ctx, a)
	if err != nil {
		return err
	}
	p := params{"action": "typing"}
	p.address(a)
	delete(p, "direct_messages_topic_id") // not known here
	return failed(l.api.call(ctx, "sendChatAction", p, nil))
}

// action makes the call of an action on a message; no method means that there is nothing to do.
func action(a core.Act, to address, id int64) (method string, p params, err error) {
	owner := to.connection != ""
	p = params{"chat_id": to.chat, "message_id": id}
	switch {
	case a.Action == core.ActionRead && owner:
		p["business_connection_id"] = to.connection
		return "readBusinessMessage", p, nil
	case a.Action == core.ActionRead:
		return "", nil, nil
	case a.Action == core.ActionReaction && owner:
		return "", nil, core.Unsendable("Telegram lets no bot react in chats of the owner's account.", "Do it in the app.")
	case a.Action == core.ActionReaction:
		p["reaction"] = []params{}
		if a.Emoji != "" {
			p["reaction"] = []params{{"type": "emoji", "emoji": a.Emoji}}
		}
		return "setMessageReaction", p, nil
	case a.Action == core.ActionRevoke && owner:
		return "deleteBusinessMessages", params{"business_connection_id": to.connection, "message_ids": []int64{id}}, nil
	case a.Action == core.ActionRevoke:
		return "deleteMessage", p, nil
	case a.Action == core.ActionEdit:
		return editing(a.Content, to, p)
	}
	return "", nil, core.Unsendable("Telegram cannot do this ("+string(a.Action)+").", "")
}

func editing(c core.Content, to address, p params) (string, params, error) {
	r := request{method: "editMessageText", p: p}
	err := error(nil)
	if c.Kind.HasMedia() {
		r.method, p["caption"] = "editMessageCaption", ""
		err = r.text("caption", c.Text, captionLimit)
	} else {
		err = r.text("text", c.Text, textLimit)
	}
	if to.connection != "" {
		p["business_connection_id"] = to.connection
	}
	return r.method, p, err
}
