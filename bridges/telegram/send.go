package telegram

import (
	"context"
	"strings"

	"causeway/core"
)

// request is a call of one of the sending methods, ready but for the recipient.
type request struct {
	method string
	p      params
	words  string      // the field that holds the text; empty: none
	plain  string      // the text without formatting
	media  *core.Media // to upload in field
	field  string
}

// Send implements core.Link.
func (l *link) Send(ctx context.Context, out core.Outgoing) (core.Sent, error) {
	to, ok := recipient(out.To)
	if !ok {
		return core.Sent{}, core.Unsendable("The contact has no Telegram account that is known here.", "Wait until they write to the bot.")
	}
	to, err := l.route(ctx, to)
	if err != nil {
		return core.Sent{}, err
	}
	r, err := compose(out.Content)
	if err != nil {
		return core.Sent{}, err
	}
	r.quote(out.Content.Quote, to)
	return l.deliver(ctx, to, r)
}

// compose turns content into a request.
func compose(c core.Content) (request, error) {
	switch {
	case c.Kind == core.KindText:
		r := request{method: "sendMessage", p: params{}}
		return r, r.text("text", c.Text, textLimit)
	case c.Kind.HasMedia():
		return composeMedia(c)
	case c.Kind == core.KindLocation && c.Location != nil:
		return composePlace(*c.Location), nil
	case c.Kind == core.KindContacts && len(c.Contacts) > 0:
		return composeCards(c.Contacts)
	case c.Kind == core.KindChoices && c.Choices != nil:
		return composeChoices(c)
	}
	return request{}, core.Unsendable("Telegram cannot carry a message of this kind ("+string(c.Kind)+").", "Send it as text or as a file.")
}

// text puts the text into a field, formatted if it has marks.
func (r *request) text(field, s string, limit int) error {
	switch n := core.UnitUTF16.Len(s); {
	case strings.TrimSpace(s) == "" && field == "text":
		return core.Unsendable("The message is empty.", "Write something.")
	case s == "":
		return nil
	case n > limit && field == "text":
		return core.Unsendable("The text is longer than the 4096 characters that Telegram takes.", sendShorter)
	case n > limit:
		return core.Unsendable("The caption is longer than the 1024 characters that Telegram takes.", "Send it as a text of its own.")
	}
	r.words, r.plain = field, s
	r.p[field] = s
	if html, found := rendered(s); found {
		r.p[field], r.p["parse_mode"] = html, "HTML"
	}
	return nil
}

// quote has the message answer another one of the same chat.
func (r *request) quote(q *core.Quote, to address) {
	if q == nil {
		return
	}
	a, id, ok := messageOf(q.Provider)
	if !ok || a.chat != to.chat {
		return
	}
	r.p["reply_parameters"] = params{"message_id": id, "allow_sending_without_reply": true}
}

// address puts the recipient.
func (p params) address(to address) {
	p["chat_id"] = to.chat
	delete(p, "message_thread_id")
	switch {
	case to.topic != 0 && to.direct:
		p["direct_messages_topic_id"] = to.topic
	case to.topic != 0:
		p["message_thread_id"] = to.topic
	}
	if to.connection != "" {
		p["business_connection_id"] = to.connection
	}
}

// repairs is how often a refused message is mended and sent again. Each mending is tried once at most.
const repairs = 4

// deliver hands a request over. What Telegram refuses for a reason that can be mended is mended and sent again: a refused message did not go out.
func (l *link) deliver(ctx context.Context, to address, r request) (core.Sent, error) {
	var learned []core.IdentityKey
	for left := repairs; ; left-- {
		r.p.address(to)
		sent, err := l.try(ctx, to, r)
		if err == nil {
			sent.Learned = learned
			return sent, nil
		}
		was := to.chat
		if left == 0 || !r.mend(err, &to) {
			return core.Sent{}, failed(err)
		}
		if to.chat != was {
			learned = append(learned, to.key())
		}
	}
}

// mend changes what Telegram refused; false if it cannot.
func (r *request) mend(err error, to *address) bool {
	moved := migratedTo(err)
	switch {
	case r.p["parse_mode"] != nil && says(err, "can't parse"):
		delete(r.p, "parse_mode")
		r.p[r.words] = r.plain
	case moved != 0 && moved != to.chat:
		to.chat, to.topic = moved, 0
		delete(r.p, "reply_parameters")
	case to.topic != 0 && !to.direct && says(err, "message thread not found", "TOPIC_DELETED", "TOPIC_ID_INVALID"):
		to.topic = 0
	case r.p["reply_parameters"] != nil && says(err, "message to be replied not found", "replied message not found"):
		delete(r.p, "reply_parameters")
	case r.method == "sendPhoto" && says(err, "PHOTO_INVALID_DIMENSIONS", "IMAGE_PROCESS_FAILED", "PHOTO_EXT_INVALID", "PHOTO_SAVE_FILE_INVALID"):
		r.asDocument()
	default:
		return false
	}
	return true
}

// try makes the call once.
func (l *link) try(ctx context.Context, to address, r request) (core.Sent, error) {
	var m message
	err := error(nil)
	if r.media != nil && r.media.ID != "" {
		err = l.hand(ctx, r, &m)
	} else {
		err = l.api.call(ctx, r.method, r.p, &m)
	}
	if err != nil {
		return core.Sent{}, err
	}
	if m.ID <= 0 {
		return core.Sent{}, &core.SendError{Outcome: core.Unknown, Effect: core.EffectFail, Reason: unclear, Remedy: lookThere, Detail: "the answer has no message_id"}
	}
	at, _ := m.Date.time()
	return core.Sent{Provider: to.message(int64(m.ID)), At: at}, nil
}
