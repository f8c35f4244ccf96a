package whatsappcloud

import (
	"cmp"
	"context"
	"slices"

	"causeway/bridges/meta"
	"causeway/core"
)

// body is a request to /messages.
type body map[string]any

// Send implements core.Link.
func (l *link) Send(ctx context.Context, out core.Outgoing) (core.Sent, error) {
	l.coexists.recall(ctx, l.host)
	b, err := l.address(out)
	if err != nil {
		return core.Sent{}, err
	}
	if err := l.fill(ctx, b, out); err != nil {
		return core.Sent{}, err
	}
	if q := out.Content.Quote; q != nil && q.Provider != "" && !aCall(q.Provider) {
		b["context"] = body{"message_id": meta.Whole(q.Provider)}
	}
	return l.post(ctx, b, out.To)
}

// post hands a finished request over and reads what became of it.
func (l *link) post(ctx context.Context, b body, to []core.IdentityKey) (core.Sent, error) {
	var answer struct {
		Contacts []struct {
			Phone meta.Text `json:"wa_id"`
			User  meta.Text `json:"user_id"`
		} `json:"contacts"`
		Messages []struct {
			ID meta.Text `json:"id"`
		} `json:"messages"`
	}
	if err := l.graph.Post(ctx, l.conf.edge("messages"), b, &answer); err != nil {
		return core.Sent{}, l.told(ctx, l.conf.failed(err))
	}
	if len(answer.Messages) == 0 || !meta.GoodID(string(answer.Messages[0].ID)) {
		return core.Sent{}, &core.SendError{Outcome: core.Unknown, Effect: core.EffectFail,
			Reason: "WhatsApp accepted the message but gave it no id; it may or may not have been sent."}
	}
	sent := core.Sent{Provider: string(answer.Messages[0].ID)}
	sent.Stanza = stanza(sent.Provider)
	for _, c := range answer.Contacts {
		for _, k := range identities(c.Phone, c.User) {
			if !slices.Contains(to, k) && !slices.Contains(sent.Learned, k) {
				sent.Learned = append(sent.Learned, k)
			}
		}
	}
	return sent, nil
}

// told raises the channel's health for refusals that slow it down because a person must look.
func (l *link) told(ctx context.Context, err error) error {
	e := core.AsSendError(err)
	if e.Effect == core.EffectSlow && e.Remedy != "" {
		l.host.Health(ctx, e.Worry(l.host.Now()))
	}
	return err
}

// address begins a request with whom it is for.
func (l *link) address(out core.Outgoing) (body, error) {
	b := body{"messaging_product": "whatsapp", "recipient_type": "individual"}
	if out.Key != "" {
		b["biz_opaque_callback_data"] = string(out.Key)
	}
	byPhone := out.Template != nil && out.Template.Category == "authentication" // such templates do not go to user ids
	for _, k := range out.To {
		if byPhone && k.Scheme == core.SchemeBSUID && slices.ContainsFunc(out.To, func(k core.IdentityKey) bool { return k.Scheme == core.SchemePhone }) {
			continue
		}
		if b.to(k) {
			return b, nil
		}
	}
	return nil, core.Unsendable("The contact has neither a phone number nor a WhatsApp user id.", "Add the number to the contact.")
}

// to addresses the request. Numbers go with a "+", as Meta recommends: without it the platform may take a number for one of the business's own
// country and put that country's code before it.
func (b body) to(k core.IdentityKey) bool {
	switch k.Scheme {
	case core.SchemePhone:
		b["to"] = "+" + k.Value
	case core.SchemeBSUID:
		b["recipient"] = k.Value
	default:
		return false
	}
	return true
}

// set puts the type and its object.
func (b body) set(kind string, object any) {
	b["type"], b[kind] = kind, object
}

// fill puts the content.
func (l *link) fill(ctx context.Context, b body, out core.Outgoing) error {
	c := out.Content
	switch {
	case c.Kind == core.KindText:
		return b.text(c.Text)
	case c.Kind.HasMedia():
		return l.fillMedia(ctx, b, c)
	case c.Kind == core.KindLocation && c.Location != nil:
		b.set("location", place(*c.Location))
		return nil
	case c.Kind == core.KindContacts && len(c.Contacts) > 0:
		b.set("contacts", visiting(c.Contacts))
		return nil
	case c.Kind == core.KindChoices && c.Choices != nil:
		return l.fillChoices(ctx, b, c, wordsIn(cmp.Or(out.Language, l.conf.language)))
	case c.Kind == core.KindTemplate && c.Template != nil:
		return l.fillTemplate(ctx, b, *c.Template, out.Template)
	}
	return core.Unsendable("WhatsApp cannot carry a message of this kind ("+string(c.Kind)+").", "Send it as text or as a file.")
}

func (b body) text(s string) error {
	switch n := core.UnitRunes.Len(s); {
	case n == 0:
		return core.Unsendable("The message is empty.", "Write something.")
	case n > textLimit:
		return core.Unsendable("The text is longer than the 4096 characters that WhatsApp takes.", "Send it in pieces.")
	}
	b.set("text", body{"body": s, "preview_url": aLink.MatchString(s)})
	return nil
}

func (l *link) fillMedia(ctx context.Context, b body, c core.Content) error {
	if c.Media == nil {
		return core.Unsendable("The message has no file.", "Attach one.")
	}
	if core.UnitRunes.Len(c.Text) > captionLimit {
		return core.Unsendable("The caption is longer than the 1024 characters that WhatsApp takes.", "Send it as a text of its own.")
	}
	kind := string(c.Kind)
	object, err := l.file(ctx, c.Kind, *c.Media)
	if err != nil {
		return err
	}
	switch c.Kind {
	case core.KindVoice:
		kind = "audio"
		if c.Media.MIME == "" || c.Media.MIME == "audio/ogg" { // other audio is refused as a voice note
			object["voice"] = true
		}
	case core.KindImage, core.KindVideo, core.KindDocument:
		if c.Text != "" {
			object["caption"] = c.Text
		}
	default: // no captions
	}
	b.set(kind, object)
	return nil
}

// file names a medium for a request: by the id of a fresh upload if we have the file, else by its public link.
func (l *link) file(ctx context.Context, kind core.ContentKind, m core.Media) (body, error) {
	object := body{}
	switch {
	case m.ID != "":
		id, err := l.upload(ctx, kind, m)
		if err != nil {
			return nil, err
		}
		object["id"] = id
	case publicLink(m.URL):
		object["link"] = m.URL
	default:
		return nil, core.Unsendable("The message's file is nowhere to be found.", "Attach it again.")
	}
	if kind == core.KindDocument {
		if name := fileName(m); name != "" {
			object["filename"] = name
		}
	}
	return object, nil
}

func place(p core.Location) body {
	b := body{"latitude": p.Latitude, "longitude": p.Longitude}
	b.maybe("name", p.Name)
	b.maybe("address", p.Address)
	return b
}

// maybe puts a text unless it is empty.
func (b body) maybe(key, value string) {
	if value != "" {
		b[key] = value
	}
}
