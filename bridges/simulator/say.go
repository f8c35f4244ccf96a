package simulator

import (
	"fmt"
	"time"
)

// act is one thing that a customer does, on its way into the chat and to the business.
type act struct {
	kind    string
	body    any           // the typed object of the webhook; nil for none
	message *ChatMessage  // shown as a bubble; nil if the act has none
	context obj           // what it answers
	extra   obj           // further fields of the webhook's message
	opens   bool          // it opens the reply window
	change  func()        // of the chat, under mu
	ago     time.Duration // how long the message was on its way
}

// Say writes a text and returns its wamid, like all acts below.
func (c *Customer) Say(text string) string {
	return c.do(act{kind: "text", body: obj{"body": text}, message: &ChatMessage{Text: text}, opens: true})
}

// SayLate is Say for a text that was written some time ago and reaches the business only now.
func (c *Customer) SayLate(text string, ago time.Duration) string {
	return c.do(act{kind: "text", body: obj{"body": text}, message: &ChatMessage{Text: text}, opens: true, ago: ago})
}

// Reply writes a text that quotes a message of either side.
func (c *Customer) Reply(quote, text string) string {
	return c.do(act{
		kind: "text", body: obj{"body": text}, opens: true,
		message: &ChatMessage{Text: text, Quote: quote}, context: c.quoting(quote),
	})
}

// Forward passes a text on from another chat.
func (c *Customer) Forward(text string) string {
	return c.do(act{
		kind: "text", body: obj{"body": text}, opens: true, context: obj{"forwarded": true},
		message: &ChatMessage{Text: text, Forwarded: true},
	})
}

// SayFromAd writes a text after tapping an advertisement.
func (c *Customer) SayFromAd(text, adID, headline, url string) string {
	return c.do(act{
		kind: "text", body: obj{"body": text}, message: &ChatMessage{Text: text}, opens: true,
		extra: obj{"referral": obj{
			"source_url": url, "source_id": adID, "source_type": "ad", "headline": headline,
			"body": headline, "media_type": "image", "image_url": url, "ctwa_clid": randomHex(16),
		}},
	})
}

// SendLocation shares a place.
func (c *Customer) SendLocation(l Location) string {
	body := obj{"latitude": l.Latitude, "longitude": l.Longitude}
	for key, v := range map[string]string{"name": l.Name, "address": l.Address, "url": l.URL} {
		if v != "" {
			body[key] = v
		}
	}
	return c.do(act{kind: "location", body: body, message: &ChatMessage{Location: &l}, opens: true})
}

// SendContact shares visiting cards.
func (c *Customer) SendContact(people ...Contact) string {
	cards := make([]obj, len(people))
	for i, p := range people {
		cards[i] = p.card()
	}
	return c.do(act{kind: "contacts", body: cards, message: &ChatMessage{Contacts: people}, opens: true})
}

func (p Contact) card() obj {
	phones, emails := []obj{}, []obj{}
	for _, n := range p.Phones {
		phones = append(phones, obj{"phone": n, "wa_id": onlyDigits(n), "type": "CELL"})
	}
	for _, e := range p.Emails {
		emails = append(emails, obj{"email": e, "type": "WORK"})
	}
	card := obj{"name": obj{"formatted_name": p.Name, "first_name": p.Name}, "phones": phones}
	if len(emails) > 0 {
		card["emails"] = emails
	}
	return card
}

// React puts an emoji on a message of the business; an empty one takes it away.
func (c *Customer) React(wamid, emoji string) string {
	body := obj{"message_id": wamid}
	if emoji != "" {
		body["emoji"] = emoji
	}
	return c.do(act{kind: "reaction", body: body, change: func() {
		if m := c.message(wamid); m != nil {
			m.CustomerReaction = emoji
		}
	}})
}

// Edit replaces the text or caption of an own message. The phone allows it for 15 minutes; the simulator always.
func (c *Customer) Edit(wamid, text string) string {
	m, ok := c.Message(wamid)
	if !ok || !m.Mine {
		return ""
	}
	changed := obj{"context": obj{"id": "M0"}, "type": m.Kind}
	if m.Media != nil {
		changed[m.Kind] = c.sim.mediaObject(m.Media, text)
	} else {
		changed["type"], changed["text"] = "text", obj{"body": text}
	}
	return c.do(act{
		kind: "edit", body: obj{"original_message_id": wamid, "message": changed},
		change: func() {
			if m := c.message(wamid); m != nil {
				m.Text, m.Edited = text, true
			}
		},
	})
}

// Revoke deletes an own message for everyone.
func (c *Customer) Revoke(wamid string) string {
	return c.do(act{kind: "revoke", body: obj{"original_message_id": wamid}, change: func() {
		if m := c.message(wamid); m != nil {
			m.Deleted, m.Text, m.Media, m.Location, m.Contacts = true, "", nil, nil, nil
		}
	}})
}

// SendUnsupported sends what the platform will not pass on, with its error code: 131051 for a kind that
// it does not know, 131060 for a message that only the business's own phone can show.
func (c *Customer) SendUnsupported(code int) string {
	title := "Message type unknown"
	if code == 131060 {
		title = "This message is currently unavailable"
	}
	return c.do(act{
		kind: "unsupported", opens: true, message: &ChatMessage{Text: "(a kind of message the platform does not pass on)"},
		extra: obj{
			"unsupported": obj{"type": "unknown"},
			"errors": []obj{{
				"code": code, "title": title, "message": title,
				"error_data": obj{"details": "Message type is currently not supported."},
			}},
		},
	})
}

// ChangeNumber moves the person to another phone number, with a new user id.
func (c *Customer) ChangeNumber(phone string) string {
	phone = onlyDigits(phone)
	old, oldID, fresh := c.Phone(), c.BSUID(), newBSUID(phone)
	id := c.do(act{kind: "system", body: obj{
		"body": fmt.Sprintf("User %s changed from %s to %s", c.Name(), old, phone), "type": "user_changed_number",
		"wa_id": phone, "user_id": fresh, "previous_user_id": oldID,
	}})
	c.set(func() {
		delete(c.biz.byPhone, old)
		delete(c.biz.byUserID, oldID)
		c.phone, c.bsuid = phone, fresh
		c.biz.byPhone[phone], c.biz.byUserID[fresh] = c, c
	})
	return id
}

// quoting is the context object of a message that answers another one.
func (c *Customer) quoting(wamid string) obj {
	c.sim.mu.Lock()
	defer c.sim.mu.Unlock()
	from := onlyDigits(c.biz.acc.DisplayNumber)
	if m := c.message(wamid); m != nil && m.Mine {
		from = c.id()
	}
	return obj{"from": from, "id": wamid}
}

// do carries an act out: into the chat, over the window, into a webhook.
func (c *Customer) do(a act) string {
	s := c.sim
	s.mu.Lock()
	defer s.mu.Unlock()
	id, at := wamid(c.id(), false, phoneStanza()), s.Now().Add(-a.ago)
	if a.opens && at.After(c.lastAct) {
		c.lastAct = at
	}
	if a.change != nil {
		a.change()
	}
	if m := a.message; m != nil {
		m.ID, m.Mine, m.At, m.Kind, m.Tick = id, true, at, a.kind, Clock
		c.chat = append(c.chat, m)
	}
	s.post(c.biz, c.bsuid, c.inbound(a, id, at), "messages", a.message)
	return id
}

// inbound is the value of a messages webhook for an act.
func (c *Customer) inbound(a act, id string, at time.Time) obj {
	m := obj{"id": id, "timestamp": unix(at), "type": a.kind, "from_user_id": c.bsuid}
	if !c.hidden {
		m["from"] = c.phone
	}
	if a.body != nil {
		m[a.kind] = a.body
	}
	if a.context != nil {
		m["context"] = a.context
	}
	for key, v := range a.extra {
		m[key] = v
	}
	v := c.biz.value()
	v["messages"] = []obj{m}
	if a.kind != "system" { // those come without contacts
		v["contacts"] = []obj{c.profile()}
	}
	return v
}

// profile is what a webhook tells about a person.
func (c *Customer) profile() obj {
	profile := obj{"name": c.name}
	if c.username != "" {
		profile["username"] = c.username
	}
	p := obj{"profile": profile, "user_id": c.bsuid}
	if !c.hidden {
		p["wa_id"] = c.phone
	}
	return p
}
