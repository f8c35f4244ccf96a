package simulator

import "strings"

// report follows a sent message by status webhooks. Callers hold mu.
func (s *Simulator) report(c *Customer, m *ChatMessage) {
	if s.opts.Receipts.Never {
		return
	}
	s.status(c.biz, c, m, "sent", nil)
	if m.Kind == "reaction" { // the platform reports no more about those
		return
	}
	if s.opts.Receipts.Delivered <= 0 {
		c.arrive(m)
		return
	}
	s.spawn(func() {
		if s.pause(s.opts.Receipts.Delivered) {
			c.set(func() { c.arrive(m) })
		}
	})
}

// arrive is a message reaching the phone, if that is online. Callers hold mu.
func (c *Customer) arrive(m *ChatMessage) {
	s := c.sim
	if !c.online || !raise(m, Delivered) {
		return
	}
	s.status(c.biz, c, m, "delivered", nil)
	if !s.opts.Receipts.AutoRead {
		return
	}
	if s.opts.Receipts.Read <= 0 {
		c.readOne(m)
		return
	}
	s.spawn(func() {
		if s.pause(s.opts.Receipts.Read) {
			c.set(func() { c.readOne(m) })
		}
	})
}

// deliverWaiting hands over what came while the phone was off. Callers hold mu.
func (c *Customer) deliverWaiting() {
	for _, m := range c.chat {
		if !m.Mine && !m.Phone {
			c.arrive(m)
		}
	}
}

// Read is the customer looking at the chat: everything delivered becomes read.
func (c *Customer) Read() {
	c.set(func() {
		for _, m := range c.chat {
			if !m.Mine && m.Tick == Delivered {
				c.readOne(m)
			}
		}
	})
}

// Play is the customer listening to a voice note.
func (c *Customer) Play(wamid string) {
	c.set(func() {
		if m := c.message(wamid); m != nil && !m.Mine {
			c.readOne(m)
			c.sim.status(c.biz, c, m, "played", nil)
		}
	})
}

func (c *Customer) readOne(m *ChatMessage) {
	if raise(m, Read) && !m.Phone {
		c.sim.status(c.biz, c, m, "read", nil)
	}
}

// status posts one status of a message. Callers hold mu.
func (s *Simulator) status(b *Business, c *Customer, m *ChatMessage, name string, bad *apiError) {
	st := obj{"id": m.ID, "status": name, "timestamp": unix(s.Now())}
	st["recipient_user_id"] = c.bsuid
	if !c.hidden {
		st["recipient_id"] = c.phone
	}
	if m.Opaque != "" {
		st["biz_opaque_callback_data"] = m.Opaque
	}
	if bad != nil {
		st["errors"] = []obj{bad.inStatus()}
	} else if name != "played" {
		st["pricing"] = b.pricing(m, c)
	}
	v := b.value()
	v["statuses"], v["contacts"] = []obj{st}, []obj{c.profile()}
	s.post(b, c.bsuid, v, "messages")
}

// pricing is what the platform charges: templates by category, nothing inside the window.
func (b *Business) pricing(m *ChatMessage, c *Customer) obj {
	p := obj{"billable": false, "pricing_model": "PMP", "category": "service", "type": "free_customer_service"}
	if m.Template == "" {
		return p
	}
	if t := b.template(m.Template, ""); t != nil {
		p["category"] = strings.ToLower(t.Category)
	}
	if p["category"] != "utility" || !c.windowOpen() {
		p["billable"], p["type"] = true, "regular"
	}
	return p
}
