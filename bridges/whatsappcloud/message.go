package whatsappcloud

import (
	"encoding/json"
	"slices"
	"strings"

	"causeway/bridges/meta"
	"causeway/core"
)

// message turns one of messages[] or message_echoes[] into an event. It always returns one: what cannot be applied has a Fault.
func (l *link) message(c change, v value, raw json.RawMessage, echo bool) core.Event {
	var m message
	_ = json.Unmarshal(raw, &m) // what is of a strange type is left out; what is needed is looked at one by one

	// Its time is that of its arrival, if no other can be read.
	e := core.Event{Kind: core.EventMessage, ID: string(m.ID), At: l.host.Now(), Origin: core.OriginCustomer, Raw: raw}
	switch {
	case echo && c.field == fieldBot:
		e.Origin = core.OriginBusiness // it may be our own, too
	case echo:
		e.Origin = core.OriginDevice
	}
	if !meta.GoodID(e.ID) {
		e.ID, e.Fault = c.hash(raw), "The message has no id."
		return e
	}
	if at, ok := m.Timestamp.Time(); ok {
		e.At = at
	}
	e.Peer = peer(m, v.Contacts, echo)
	return l.kinds(c, m, e)
}

// kinds fills the body of the event by the message's type.
func (l *link) kinds(c change, m message, e core.Event) core.Event {
	if m.Group != "" || m.Type == "request_welcome" {
		return l.other(c, e.ID, e.Raw, e.ID)
	}
	if m.Type == "system" {
		return l.system(c, m, e)
	}
	if len(e.Peer.Identities) == 0 {
		e.Fault = "The message names no sender that could be answered."
		return e
	}
	switch {
	case m.Type == "reaction" && m.Reaction != nil:
		e.Kind, e.Reaction = core.EventReaction, &core.ReactionBody{Target: string(m.Reaction.Message), Stanza: stanza(string(m.Reaction.Message)), Emoji: string(m.Reaction.Emoji)}
		return targeted(e, e.Reaction.Target)
	case m.Type == "revoke" && m.Revoke != nil:
		e.Kind, e.Revoke = core.EventRevoke, &core.RevokeBody{Target: string(m.Revoke.Original), Stanza: stanza(string(m.Revoke.Original))}
		return targeted(e, e.Revoke.Target)
	case m.Type == "edit" && m.Edit != nil:
		return edited(m, e)
	}
	content := m.content()
	content.Quote, content.Referral, content.Forwarded = m.quote(), m.referred(), m.forwarded()
	if strings.HasSuffix(string(m.Creation), "_bot") {
		content.Automatic = "WhatsApp's own assistant"
	}
	if contactRequest(m.Origin) {
		for i := range content.Contacts {
			content.Contacts[i].Requested = true
		}
		if !slices.ContainsFunc(e.Peer.Identities, func(k core.IdentityKey) bool { return k.Scheme == core.SchemePhone }) {
			e.Peer.Identities = append(e.Peer.Identities, handedOver(m.Contacts)...)
		}
	}
	e.Message = &core.MessageBody{Provider: e.ID, Stanza: stanza(e.ID), Content: content}
	if content.Kind != core.KindUnsupported {
		e.Raw = nil // what it says is in the content
	}
	return e
}

// withFiles puts the files of a filled form after it, as messages of their own: a message of ours has one.
func withFiles(e core.Event) []core.Event {
	if e.Message == nil {
		return []core.Event{e}
	}
	var events []core.Event
	for n, c := range core.Together(e.ID, append([]core.Content{e.Message.Content}, attached(e.Message.Content.Form)...)) {
		x, said := e, *e.Message
		if x.ID, said.Content = meta.Numbered(e.ID, n), c; n > 0 {
			said.Provider, said.Stanza = x.ID, "" // no other side of the number has it by itself
		}
		x.Message = &said
		events = append(events, x)
	}
	return events
}

// targeted gives a Fault to a change that names no message.
func targeted(e core.Event, target string) core.Event {
	if !meta.GoodID(target) {
		e.Fault = "It does not say which message it is about."
	}
	return e
}

func edited(m message, e core.Event) core.Event {
	e.Kind = core.EventEdit
	var b messageBody
	if _ = json.Unmarshal(m.Edit.Message, &b); b.Type == "" && b.Text == nil {
		e.Fault = "What the message was changed to cannot be read."
	}
	e.Edit = &core.EditBody{Target: string(m.Edit.Original), Stanza: stanza(string(m.Edit.Original)), Content: b.rewritten()}
	return targeted(e, e.Edit.Target)
}

// rewritten is what an edit changes a message to. That of a file need not name the file: it changes its words.
func (b messageBody) rewritten() core.Content {
	if kind, m := b.file(); m != nil {
		return m.content(kind)
	}
	return b.content(nil)
}

func (m message) content() core.Content { return m.messageBody.content(m.Errors) }

func (m message) quote() *core.Quote {
	if m.Context == nil || m.Context.ID == "" && m.Context.Product == nil {
		return nil
	}
	q := &core.Quote{}
	if meta.GoodID(string(m.Context.ID)) {
		q.Provider, q.Stanza = string(m.Context.ID), stanza(string(m.Context.ID))
	}
	if p := m.Context.Product; p != nil {
		q.Product, q.Catalog = string(p.Product), string(p.Catalog)
	}
	return q
}

func (m message) forwarded() bool {
	return m.Context != nil && bool(m.Context.Forwarded || m.Context.Frequently)
}

func (m message) referred() *core.Referral {
	r := m.Referral
	if r == nil {
		return nil
	}
	out := &core.Referral{Source: string(r.Type), ID: string(r.ID), URL: string(r.URL), Headline: string(r.Headline), Body: string(r.Body),
		Ref: string(r.Ref), ClickID: string(r.Click)}
	for _, u := range []meta.Text{r.Image, r.Video, r.Thumbnail} {
		if u != "" {
			out.MediaURL = string(u)
			break
		}
	}
	return out
}
