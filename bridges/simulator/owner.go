package simulator

import (
	"cmp"
	"time"
)

// OwnersPhone is the business's own phone with the Business app, in coexistence with the API.
type OwnersPhone struct{ biz *Business }

// Phone is the owner's phone. What is typed there reaches customers without the API and comes to the app
// as an echo.
func (b *Business) Phone() OwnersPhone { return OwnersPhone{b} }

// Type writes a text to a customer and returns its wamid.
func (p OwnersPhone) Type(c *Customer, text string) string {
	return p.echo(c, "text", obj{"body": text}, &ChatMessage{Kind: "text", Text: text})
}

// SendImage sends a picture from the owner's phone.
func (p OwnersPhone) SendImage(c *Customer, data []byte, mime, caption string) string {
	m := &Media{MIME: cmp.Or(mime, "image/jpeg"), Data: data}
	m.ID = c.sim.keep(p.biz, "", m.MIME, data, keepInbound)
	return p.echo(c, "image", c.sim.mediaObject(m, caption), &ChatMessage{Kind: "image", Text: caption, Media: m})
}

// Edit changes a text that was typed on the owner's phone, or the words below a file.
func (p OwnersPhone) Edit(c *Customer, wamid, text string) string {
	now := obj{"context": obj{"id": "M0"}, "type": "text", "text": obj{"body": text}}
	c.set(func() {
		m := c.message(wamid)
		if m == nil {
			return
		}
		m.Text, m.Edited = text, true
		if m.Media != nil {
			now = obj{"context": obj{"id": "M0"}, "type": m.Kind, m.Kind: c.sim.mediaObject(m.Media, text)}
		}
	})
	return p.echo(c, "edit", obj{"original_message_id": wamid, "message": now}, nil)
}

// Revoke deletes a message that was sent from the owner's phone.
func (p OwnersPhone) Revoke(c *Customer, wamid string) string {
	c.set(func() {
		if m := c.message(wamid); m != nil {
			m.Deleted, m.Text, m.Media = true, "", nil
		}
	})
	return p.echo(c, "revoke", obj{"original_message_id": wamid}, nil)
}

func (p OwnersPhone) echo(c *Customer, kind string, body obj, m *ChatMessage) string {
	return p.echoing(c, kind, body, m, nil)
}

// echoing is echo with further fields of the webhook's message.
func (p OwnersPhone) echoing(c *Customer, kind string, body obj, m *ChatMessage, extra obj) string {
	s, b := p.biz.sim, p.biz
	s.mu.Lock()
	defer s.mu.Unlock()
	id, at := wamid(c.id(), true, phoneStanza()), s.Now()
	if m != nil {
		m.ID, m.At, m.Phone, m.Tick = id, at, true, Delivered
		c.chat = append(c.chat, m)
		c.typing = time.Time{}
	}
	e := obj{
		"from": onlyDigits(b.acc.DisplayNumber), "to_user_id": c.bsuid,
		"id": id, "timestamp": unix(at), "type": kind, kind: body,
	}
	if !c.hidden {
		e["to"] = c.phone
	}
	for key, x := range extra {
		e[key] = x
	}
	v := b.value()
	v["message_echoes"], v["contacts"] = []obj{e}, []obj{c.profile()}
	s.post(b, c.bsuid, v, "smb_message_echoes")
	return id
}
