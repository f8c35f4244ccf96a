package simulator

import (
	"cmp"
	"slices"
	"time"
	"unicode/utf8"
)

// kinds are the types of messages that a business may send.
func kinds() []string {
	return []string{
		"text", "image", "video", "audio", "document", "sticker", "location", "contacts",
		"interactive", "template", "reaction",
	}
}

// sendMessage is POST /{phone number id}/messages: a message, or a read mark with or without typing.
func (s *Simulator) sendMessage(r *request) reply {
	b := s.ofNumber(r)
	if b == nil {
		return fail(unknownObject(r.id))
	}
	in, err := decode(r.body)
	if err != nil {
		return fail(badRequest("The body is not a JSON object."))
	}
	if in["messaging_product"] != "whatsapp" {
		return fail(badRequest("The parameter messaging_product is required."))
	}
	if in["status"] != nil {
		return s.markRead(b, in)
	}
	m, bad := s.compose(b, in)
	if bad == nil && b.away() {
		bad = codeError(133010, "The account is not registered")
	}
	if bad != nil {
		return fail(bad)
	}
	return s.accept(b, in, m)
}

// compose checks a message by itself and turns it into what a phone would show.
func (s *Simulator) compose(b *Business, in obj) (*ChatMessage, *apiError) {
	kind := cmp.Or(text(in["type"]), "text")
	if !slices.Contains(kinds(), kind) {
		return nil, badRequest("Param type must be one of {AUDIO, CONTACTS, DOCUMENT, IMAGE, …} - got \"" + kind + "\".")
	}
	top := at(in, "message")
	top.allow("messaging_product", "recipient_type", "to", "recipient", "type", "context", "biz_opaque_callback_data", kind)
	top.oneOf("recipient_type", "individual")
	top.str("to", 64, false)
	top.str("recipient", 150, false)
	opaque := top.str("biz_opaque_callback_data", 512, false)
	if text(in["to"]) == "" && text(in["recipient"]) == "" {
		return nil, missing("to")
	}
	quote := ""
	if ctx := top.sub("context", false); ctx != nil {
		ctx.allow("message_id")
		quote = ctx.str("message_id", 512, true)
		top.absorb(ctx)
	}
	if top.err != nil {
		return nil, top.err
	}
	m, bad := s.content(b, in, kind)
	if bad != nil {
		return nil, bad
	}
	m.Kind, m.Quote, m.Opaque = kind, quote, opaque
	return m, nil
}

func (s *Simulator) content(b *Business, in obj, kind string) (*ChatMessage, *apiError) {
	if kind == "contacts" {
		return cards(in["contacts"])
	}
	o, isObject := in[kind].(obj)
	if !isObject {
		return nil, missing(kind)
	}
	p := at(o, kind)
	switch kind {
	case "text":
		return plain(p)
	case "location":
		return place(p)
	case "reaction":
		p.allow("message_id", "emoji")
		m := &ChatMessage{Quote: p.str("message_id", 512, true), Text: p.str("emoji", 32, false)}
		return m, p.err
	case "interactive":
		return s.interactive(b, p)
	case "template":
		return s.fromTemplate(b, p)
	}
	return s.withFile(b, p, kind)
}

func plain(p *param) (*ChatMessage, *apiError) {
	p.allow("body", "preview_url")
	m := &ChatMessage{Text: p.str("body", 4096, true)}
	if v, given := p.o["preview_url"]; given {
		if _, isBool := v.(bool); !isBool {
			return nil, invalid("text['preview_url'] must be a boolean.")
		}
	}
	return m, p.err
}

// accept decides about a well-formed message and puts it on the customer's phone.
func (s *Simulator) accept(b *Business, in obj, m *ChatMessage) reply {
	to, recipient := text(in["to"]), text(in["recipient"])
	s.mu.Lock()
	defer s.mu.Unlock()
	c := b.find(to, recipient)
	if bad := s.refusal(b, c, to, m); bad != nil {
		if !s.opts.LateRefusals || (bad.code != 131026 && bad.code != 131047) {
			return fail(bad)
		}
		return s.acceptAndFail(b, c, to, recipient, m, bad)
	}
	m.At, m.Tick = s.Now(), Sent
	m.ID = wamid(c.id(), true, apiStanza())
	if m.Kind == "reaction" {
		if target := c.message(m.Quote); target != nil {
			target.BusinessReaction = m.Text
		}
	} else {
		c.chat = append(c.chat, m)
		c.typing = time.Time{}
	}
	if f := s.take(FaultLate); f != nil {
		s.failLater(b, c, m, codeError(f.Code, ""))
	} else {
		s.report(c, m)
	}
	s.touch()
	return accepted(c, to, recipient, m)
}

// refusal is the reason why the platform would not send this now. Callers hold mu.
func (s *Simulator) refusal(b *Business, c *Customer, to string, m *ChatMessage) *apiError {
	switch f := s.take(FaultCode); {
	case f != nil:
		return codeError(f.Code, "")
	case to != "" && onlyDigits(to) == onlyDigits(b.acc.DisplayNumber):
		return codeError(131021, "Recipient phone number cannot be the sender's.")
	case c == nil:
		return codeError(131026, "The recipient is not on WhatsApp or cannot receive this message.")
	case m.Template == "" && !c.windowOpen():
		return codeError(131047, "Message failed to send because more than 24 hours have passed since the customer last replied to this number.")
	case m.Kind == "reaction" && c.message(m.Quote) == nil:
		return invalid("reaction['message_id'] is not a message of this chat.")
	case s.opts.PairRate && !c.pace.allow(s.Now()):
		return codeError(131056, "Message failed to send because there were too many messages sent to the same recipient in a short time.")
	}
	return nil
}

// acceptAndFail answers 200 and says the truth by webhook.
func (s *Simulator) acceptAndFail(b *Business, c *Customer, to, recipient string, m *ChatMessage, bad *apiError) reply {
	if c == nil { // nobody's phone shows it
		c = &Customer{sim: s, biz: b, phone: onlyDigits(to), bsuid: recipient, hidden: to == ""}
	}
	m.At, m.ID = s.Now(), wamid(c.id(), true, apiStanza())
	s.failLater(b, c, m, bad)
	rep := accepted(c, to, recipient, m)
	rep.sent = nil
	return rep
}

func (s *Simulator) failLater(b *Business, c *Customer, m *ChatMessage, bad *apiError) {
	m.Tick, m.Code = Failed, bad.code
	c.chat = slices.DeleteFunc(c.chat, func(other *ChatMessage) bool { return other == m })
	s.status(b, c, m, "failed", bad)
}

func accepted(c *Customer, to, recipient string, m *ChatMessage) reply {
	contact := obj{"input": cmp.Or(to, recipient), "user_id": c.bsuid}
	if to != "" {
		contact["wa_id"] = c.phone
	}
	sent := obj{"id": m.ID}
	if m.Template != "" {
		sent["message_status"] = "accepted"
	}
	rep := ok(obj{"messaging_product": "whatsapp", "contacts": []obj{contact}, "messages": []obj{sent}})
	copied := m.clone()
	rep.sent, rep.to = &copied, c.bsuid
	return rep
}

// markRead turns the customer's ticks blue and may show that the business types.
func (s *Simulator) markRead(b *Business, in obj) reply {
	p := at(in, "message")
	p.allow("messaging_product", "status", "message_id", "typing_indicator")
	p.oneOf("status", "read")
	id := p.str("message_id", 512, true)
	typing := p.sub("typing_indicator", false)
	if typing != nil {
		typing.allow("type")
		typing.oneOf("type", "text")
		typing.str("type", 10, true)
		p.absorb(typing)
	}
	if p.err != nil {
		return fail(p.err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range b.customers {
		if c.markedRead(id) {
			if typing != nil {
				c.typing = time.Now().Add(25 * time.Second)
			}
			s.touch()
			return ok(obj{"success": true})
		}
	}
	return fail(invalid("message_id is not a message that this number received."))
}

// markedRead marks a message of the customer and the earlier ones. Callers hold mu.
func (c *Customer) markedRead(id string) bool {
	i := slices.IndexFunc(c.chat, func(m *ChatMessage) bool { return m.Mine && m.ID == id })
	for _, m := range c.chat[:i+1] {
		if m.Mine {
			raise(m, Read)
		}
	}
	return i >= 0
}

func length(s string) int { return utf8.RuneCountInString(s) }
