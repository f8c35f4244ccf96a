package whatsappcloud

import (
	"cmp"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"

	"causeway/bridges/meta"
	"causeway/core"
)

// content reads what a message says. A type that is not known, or lacks its body, is KindUnsupported.
func (b messageBody) content(errs []wireError) core.Content {
	switch {
	case b.Type == "location" && b.Location != nil && b.Location.place() != nil:
		return core.Content{Kind: core.KindLocation, Location: b.Location.place()}
	case b.Type == "contacts" && len(cards(b.Contacts)) > 0:
		return core.Content{Kind: core.KindContacts, Contacts: cards(b.Contacts)}
	case b.Type == "button" && b.Button != nil && cmp.Or(b.Button.Text, b.Button.Payload) != "":
		return picked(b.Button.Payload, b.Button.Text, "")
	case b.Type == "order" && b.Order != nil && (len(b.Order.Items) > 0 || b.Order.Text != ""):
		return ordered(*b.Order)
	case b.Type == "interactive" && b.Interactive != nil:
		return b.Interactive.content(b.unsupported(errs))
	}
	if kind, m := b.file(); m != nil && cmp.Or(m.ID, m.URL, m.Link) != "" {
		return m.content(kind)
	}
	if b.Text != nil && b.Text.Body != "" { // of any other type as well; Turn's older posts have none
		return core.Content{Kind: core.KindText, Text: string(b.Text.Body)}
	}
	return b.unsupported(errs)
}

func (p location) place() *core.Location {
	at := meta.Place(p.Latitude, p.Longitude)
	if at != nil {
		at.Name, at.Address, at.URL = string(p.Name), string(p.Address), string(p.URL)
	}
	return at
}

// file returns the medium that the type names.
func (b messageBody) file() (core.ContentKind, *media) {
	switch b.Type {
	case "image":
		return core.KindImage, b.Image
	case "video":
		return core.KindVideo, b.Video
	case "audio":
		if b.Audio != nil && bool(b.Audio.Voice) {
			return core.KindVoice, b.Audio
		}
		return core.KindAudio, b.Audio
	case "voice":
		return core.KindVoice, b.Voice
	case "document":
		return core.KindDocument, b.Document
	case "sticker":
		return core.KindSticker, b.Sticker
	}
	return "", nil
}

func (m media) content(kind core.ContentKind) core.Content {
	return core.Content{Kind: kind, Text: string(m.Caption), Media: &core.Media{Provider: string(m.ID), URL: string(cmp.Or(m.URL, m.Link)),
		MIME: bareMIME(string(m.MIME)), Name: string(m.Filename), SHA256: string(m.SHA256), Animated: bool(m.Animated || m.Moving)}}
}

// bareMIME is a type without its parameters.
func bareMIME(mime string) string {
	mime, _, _ = strings.Cut(mime, ";")
	return strings.ToLower(strings.TrimSpace(mime))
}

func picked(id, title, description meta.Text) core.Content {
	title = cmp.Or(title, id)
	return core.Content{Kind: core.KindChoice, Text: string(title), Choice: &core.Choice{ID: string(id), Title: string(title), Description: string(description)}}
}

func (i interactive) content(none core.Content) core.Content {
	switch {
	case i.Button != nil && cmp.Or(i.Button.Title, i.Button.ID) != "":
		return picked(i.Button.ID, i.Button.Title, i.Button.Description)
	case i.List != nil && cmp.Or(i.List.Title, i.List.ID) != "":
		return picked(i.List.ID, i.List.Title, i.List.Description)
	case i.Form != nil && (len(i.Form.Response) > 0 || i.Form.Body != ""):
		return core.Content{Kind: core.KindForm, Text: string(i.Form.Body), Form: form(string(i.Form.Name), i.Form.Response)}
	}
	none.Unsupported.Type = strings.Trim("interactive/"+string(i.Type), "/")
	if i.Calls != nil {
		none.Unsupported.Detail = "The customer answered whether you may call them: " + plain(i.Calls.Response) + "."
	}
	return none
}

// form reads a filled flow, whose answers come as JSON in a string.
func form(name string, response json.RawMessage) *core.Form {
	var inner string
	if json.Unmarshal(response, &inner) == nil && json.Valid([]byte(inner)) {
		response = json.RawMessage(inner)
	}
	return core.NewForm(name, response)
}

// attached is what a customer put into a filled form: pictures and documents.
func attached(f *core.Form) (all []core.Content) {
	var answers map[string]json.RawMessage
	if f == nil || json.Unmarshal(f.Raw, &answers) != nil {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(answers)) {
		for _, one := range meta.Listed(answers[name]) {
			if m := formFile(one); m != nil {
				all = append(all, core.Content{Kind: core.FileKind(m.MIME), Media: m})
			}
		}
	}
	return all
}

// formFile reads a file that stands among a form's answers; nil: it is none.
func formFile(answer json.RawMessage) *core.Media {
	m := meta.Members(answer, "id", "mime_type", "file_name", "sha256")
	id, mime := string(meta.TextOf(m[0])), string(meta.TextOf(m[1]))
	if !aFile(id) || mime == "" {
		return nil
	}
	return &core.Media{Provider: id, MIME: bareMIME(mime), Name: string(meta.TextOf(m[2])), SHA256: string(meta.TextOf(m[3]))}
}

func ordered(o order) core.Content {
	out := core.Content{Kind: core.KindOrder, Text: string(o.Text), Order: &core.Order{Catalog: string(o.Catalog)}}
	for _, i := range o.Items {
		out.Order.Items = append(out.Order.Items, core.OrderItem{Product: string(i.Product), Quantity: string(i.Quantity), Price: string(i.Price), Currency: string(i.Currency)})
	}
	return out
}

func cards(all []card) []core.Card {
	var out []core.Card
	for _, c := range all {
		k := core.Card{Name: string(c.Name.Formatted), FirstName: string(c.Name.First), LastName: string(c.Name.Last), Company: string(c.Org.Company),
			Title: string(c.Org.Title), Birthday: string(c.Birthday), VCard: string(c.VCard)}
		for _, p := range c.Phones {
			k.Phones = label(k.Phones, p.Type, cmp.Or(p.Phone, p.WA))
		}
		for _, p := range c.Emails {
			k.Emails = label(k.Emails, p.Type, p.Email)
		}
		for _, p := range c.URLs {
			k.URLs = label(k.URLs, p.Type, p.URL)
		}
		for _, p := range c.Addresses {
			k.Addresses = label(k.Addresses, p.Type, join(", ", p.Street, join(" ", p.Zip, p.City), p.State, p.Country))
		}
		if k.Name == "" {
			k.Name = string(join(" ", c.Name.First, c.Name.Last))
		}
		if !reflect.DeepEqual(k, core.Card{}) {
			out = append(out, k)
		}
	}
	return out
}

func label(all []core.Labeled, kind, value meta.Text) []core.Labeled {
	if value == "" {
		return all
	}
	return append(all, core.Labeled{Label: string(kind), Value: string(value)})
}

func join(by string, all ...meta.Text) meta.Text {
	var some []string
	for _, t := range all {
		if t != "" {
			some = append(some, string(t))
		}
	}
	return meta.Text(strings.Join(some, by))
}

func contactRequest(t meta.Text) bool { return strings.HasPrefix(string(t), "contact_request") }

// unsupported is what is shown in the place of a message that cannot be shown.
func (b messageBody) unsupported(errs []wireError) core.Content {
	u := &core.Unsupported{Type: string(b.Type)}
	if u.Type == "" {
		u.Type = "unknown"
	}
	if b.Unsupported != nil && b.Unsupported.Type != "" {
		u.Type = string(b.Unsupported.Type)
	}
	for _, e := range errs {
		u.Code, u.Detail = e.Code.Int(), e.words()
		break
	}
	switch {
	case u.Code == codeOnPhone:
		u.Detail = "This message can only be read on the phone, in the WhatsApp Business app."
	case b.Type == "media_placeholder":
		u.Detail = "A file. WhatsApp hands it over later, if it is not older than two weeks; it can be seen on the phone."
	case u.Detail == "":
		u.Detail = "WhatsApp does not hand over messages of this kind. It can be read on the phone, if the number is used there."
	}
	return core.Content{Kind: core.KindUnsupported, Unsupported: u}
}

// codeOnPhone marks a message that the platform has for the phone only: typically the first one after an ad.
const codeOnPhone = 131060
