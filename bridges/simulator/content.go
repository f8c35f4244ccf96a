package simulator

import (
	"cmp"
	"strings"
)

// withFile is an image, video, audio, document or sticker by id or link.
func (s *Simulator) withFile(b *Business, p *param, kind string) (*ChatMessage, *apiError) {
	m := &ChatMessage{}
	allowed := []string{"id", "link"}
	switch kind {
	case "image", "video":
		allowed = append(allowed, "caption")
	case "document":
		allowed = append(allowed, "caption", "filename")
	case "audio":
		allowed = append(allowed, "voice")
	}
	p.allow(allowed...)
	m.Text = p.str("caption", 1024, false)
	m.Media = s.resolve(b, p, kind)
	if m.Media != nil {
		m.Media.Name = cmp.Or(p.str("filename", 240, false), m.Media.Name)
		m.Media.Voice = p.o["voice"] == true
	}
	return m, p.err
}

// resolve resolves exactly one of id and link.
func (s *Simulator) resolve(b *Business, p *param, kind string) *Media {
	id, link := p.str("id", 64, false), p.str("link", 2048, false)
	switch {
	case p.err != nil:
		return nil
	case (id == "") == (link == ""):
		p.fail(codeError(100, "Either the id or the link of "+p.name+" is needed, and not both."))
		return nil
	case link != "":
		if !webAddress(link) {
			p.fail(invalid("%s['link'] is not a web address.", p.name))
		}
		return &Media{Link: link}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.file(id)
	if f == nil || f.owner != b {
		p.fail(codeError(100, "Param "+p.name+"['id'] is not a valid whatsapp business account media attachment ID"))
		return nil
	}
	if !fits(kind, f.mime) {
		p.fail(codeError(131053, "A file of type "+f.mime+" cannot be sent as "+kind+"."))
		return nil
	}
	return &Media{ID: f.id, MIME: f.mime, Name: f.name, Data: f.data}
}

// fits says whether a file of this type may be sent as this kind of message.
func fits(kind, mime string) bool {
	switch kind {
	case "document":
		return true
	case "sticker":
		return mime == "image/webp"
	case "image":
		return mime == "image/jpeg" || mime == "image/png"
	}
	return strings.HasPrefix(mime, kind+"/")
}

func place(p *param) (*ChatMessage, *apiError) {
	p.allow("latitude", "longitude", "name", "address")
	l := Location{
		Latitude: p.number("latitude", 90), Longitude: p.number("longitude", 180),
		Name: p.str("name", 1000, false), Address: p.str("address", 1000, false),
	}
	return &ChatMessage{Location: &l}, p.err
}

// cards are visiting cards, at most 257 as the platform says.
func cards(v any) (*ChatMessage, *apiError) {
	m := &ChatMessage{}
	all := at(obj{"contacts": v}, "message")
	for _, p := range all.list("contacts", 1, 257) {
		p.allow("addresses", "birthday", "emails", "name", "org", "phones", "urls")
		name := p.sub("name", true)
		name.allow("formatted_name", "first_name", "last_name", "middle_name", "prefix", "suffix")
		c := Contact{Name: name.str("formatted_name", 512, true)}
		p.absorb(name)
		for _, phone := range p.list("phones", 0, 100) {
			phone.allow("phone", "type", "wa_id")
			c.Phones = append(c.Phones, phone.str("phone", 64, true))
			p.absorb(phone)
		}
		for _, email := range p.list("emails", 0, 100) {
			email.allow("email", "type")
			c.Emails = append(c.Emails, email.str("email", 320, true))
			p.absorb(email)
		}
		all.absorb(p)
		m.Contacts = append(m.Contacts, c)
	}
	return m, all.err
}

// interactive is a message with something to press.
func (s *Simulator) interactive(b *Business, p *param) (*ChatMessage, *apiError) {
	p.allow("type", "header", "body", "footer", "action")
	kind, m := p.str("type", 40, true), &ChatMessage{}
	s.header(b, p, m)
	limit := 1024
	if kind == "list" {
		limit = 4096
	}
	if body := p.sub("body", kind != "product"); body != nil {
		m.Text = body.str("text", limit, true)
		p.absorb(body)
	}
	if footer := p.sub("footer", false); footer != nil {
		m.Footer = footer.str("text", 60, true)
		p.absorb(footer)
	}
	action := p.sub("action", true)
	m.Buttons = buttons(kind, action)
	p.absorb(action)
	return m, p.err
}

func (s *Simulator) header(b *Business, p *param, m *ChatMessage) {
	h := p.sub("header", false)
	if h == nil {
		return
	}
	h.oneOf("type", "text", "image", "video", "document")
	switch kind := h.str("type", 20, true); kind {
	case "text":
		m.Header = h.str("text", 60, true)
	case "image", "video", "document":
		if file := h.sub(kind, true); file.o != nil && h.err == nil {
			m.Media = s.resolve(b, file, kind)
			h.absorb(file)
		}
	}
	p.absorb(h)
}

// buttons reads the action of an interactive message.
func buttons(kind string, action *param) []Button {
	switch kind {
	case "button":
		return replyButtons(action)
	case "list":
		return rows(action)
	case "cta_url":
		action.oneOf("name", "cta_url")
		par := action.sub("parameters", true)
		b := Button{Kind: "url", Title: par.str("display_text", 20, true), Value: par.str("url", 2000, true)}
		if !webAddress(b.Value) {
			par.fail(invalid("The button's url is not a web address."))
		}
		action.absorb(par)
		return []Button{b}
	case "location_request_message":
		if action.str("name", 40, true); action.o["name"] != "send_location" {
			action.fail(invalid("action['name'] must be send_location."))
		}
		return []Button{{Kind: "location", ID: "send_location", Title: "Send location"}}
	case "flow":
		par := action.sub("parameters", true)
		b := Button{Kind: "flow", ID: par.str("flow_token", 500, false), Title: par.str("flow_cta", 30, true)}
		action.absorb(par)
		return []Button{b}
	case "product", "product_list", "catalog_message", "order_details", "order_status", "address_message", "call_permission_request":
		return nil
	}
	action.fail(invalid("interactive['type'] is not a known type."))
	return nil
}

func replyButtons(action *param) []Button {
	var out []Button
	for _, p := range action.list("buttons", 1, 3) {
		p.oneOf("type", "reply")
		reply := p.sub("reply", true)
		out = append(out, Button{Kind: "reply", ID: reply.str("id", 256, true), Title: reply.str("title", 20, true)})
		p.absorb(reply)
		action.absorb(p)
	}
	action.unique(out)
	return out
}

func rows(action *param) []Button {
	out := []Button{{Kind: "list", Title: action.str("button", 20, true)}}
	sections := action.list("sections", 1, 10)
	for _, section := range sections {
		section.str("title", 24, len(sections) > 1)
		for _, row := range section.list("rows", 1, 10) {
			out = append(out, Button{
				Kind: "row", ID: row.str("id", 200, true), Title: row.str("title", 24, true),
				Description: row.str("description", 72, false),
			})
			section.absorb(row)
		}
		action.absorb(section)
	}
	if len(out) > 11 {
		action.fail(invalid("Total row count exceeds the 10 that are allowed."))
	}
	action.unique(out[1:])
	return out
}

func (p *param) unique(all []Button) {
	seen := map[string]bool{}
	for _, b := range all {
		if seen[b.ID] {
			p.fail(invalid("%s: duplicated id %q.", p.name, b.ID))
		}
		seen[b.ID] = true
	}
}
