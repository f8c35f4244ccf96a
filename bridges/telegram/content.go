package telegram

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"causeway/core"
)

// content reads what a message says; raw is the message as it came. A kind that is not known is a placeholder.
func (m message) content(raw json.RawMessage) core.Content {
	for _, read := range []func() (core.Content, bool){m.words, m.file, m.place, m.told} {
		if c, ok := read(); ok {
			return m.pointed(c)
		}
	}
	return unsupported(raw)
}

// pointed puts with words what of another chat they are about, which nobody here has: its file, or what it says in lines above them.
func (m message) pointed(c core.Content) core.Content {
	if c.Kind != core.KindText || m.Elsewhere == nil {
		return c
	}
	there := message{body: m.Elsewhere.body}
	if about, ok := there.file(); ok {
		c.Kind, c.Media = about.Kind, about.Media
		return c
	}
	for _, read := range []func() (core.Content, bool){there.place, there.told} {
		if about, ok := read(); ok {
			c.Text = cited(inWords(about)) + c.Text
			return c
		}
	}
	return c
}

// inWords writes a place or contacts as text; other content is what it says.
func inWords(c core.Content) string {
	switch p := c.Location; {
	case p != nil:
		lines := []string{p.Name, p.Address, fmt.Sprintf("https://maps.google.com/?q=%.6f,%.6f", p.Latitude, p.Longitude)}
		return strings.Join(slices.DeleteFunc(lines, func(s string) bool { return s == "" }), "\n")
	case len(c.Contacts) > 0:
		return written(c.Contacts)
	}
	return c.Text
}

// cited marks lines as another's, above one's own.
func cited(s string) string {
	if s = strings.TrimSpace(s); s == "" {
		return ""
	}
	return "> " + strings.ReplaceAll(s, "\n", "\n> ") + "\n"
}

// words reads text.
func (m message) words() (core.Content, bool) {
	if m.Text != "" {
		return core.Content{Kind: core.KindText, Text: marked(m.Text, m.Entities)}, true
	}
	if s := strings.TrimSpace(plainOf(m.Rich)); s != "" {
		return core.Content{Kind: core.KindText, Text: s}, true
	}
	return core.Content{}, false
}

// file reads the medium. A moving picture comes with a second name as a document, so it is looked for first.
func (m message) file() (core.Content, bool) {
	c := core.Content{Text: marked(m.Caption, m.CaptionEntities)}
	for _, f := range []struct {
		kind core.ContentKind
		info *fileInfo
		mime string
	}{
		{core.KindVideo, m.Animation, "video/mp4"}, {core.KindVideo, m.LivePhoto, "video/mp4"}, {core.KindVideo, m.Video, "video/mp4"},
		{core.KindVideo, m.VideoNote, "video/mp4"}, {core.KindVoice, m.Voice, "audio/ogg"}, {core.KindAudio, m.Audio, "audio/mpeg"},
		{core.KindSticker, m.Sticker, ""}, {core.KindDocument, m.Document, ""},
	} {
		if f.info != nil && f.info.File != "" {
			c.Kind, c.Media = f.kind, f.info.media(f.mime)
			return m.finished(c), true
		}
	}
	if p := largest(m.Photo); p.File != "" {
		c.Kind, c.Media = core.KindImage, &core.Media{Provider: string(p.File), MIME: "image/jpeg", Size: size(p.Size)}
		return c, true
	}
	return c, false
}

// finished adds what only some kinds have.
func (m message) finished(c core.Content) core.Content {
	switch {
	case c.Kind == core.KindSticker:
		c.Text = string(m.Sticker.Emoji)
		c.Media.Animated = bool(m.Sticker.Animated) || bool(m.Sticker.Video)
		c.Media.MIME = "image/webp"
		if bool(m.Sticker.Animated) {
			c.Media.MIME = "application/x-tgsticker"
		}
		if bool(m.Sticker.Video) {
			c.Media.MIME = "video/webm"
		}
	case m.Animation != nil:
		c.Media.Animated = true
		if c.Media.MIME == "image/gif" {
			c.Kind = core.KindImage
		}
	case c.Kind == core.KindAudio && c.Media.Name == "":
		c.Media.Name = strings.Trim(string(m.Audio.Performer)+" - "+string(m.Audio.Title), " -")
	}
	return c
}

func (f fileInfo) media(mime string) *core.Media {
	given, _, _ := strings.Cut(string(f.MIME), ";")
	if given = strings.ToLower(strings.TrimSpace(given)); given != "" {
		mime = given
	}
	return &core.Media{Provider: string(f.File), MIME: mime, Name: string(f.Name), Size: size(f.Size)}
}

func size(n number) int64 { return max(0, int64(n)) }

// largest returns the biggest picture. Telegram gives every photo in several sizes.
func largest(all []photoSize) photoSize {
	var best photoSize
	for _, p := range all {
		if p.File != "" && (best.File == "" || p.Width*p.Height > best.Width*best.Height) {
			best = p
		}
	}
	return best
}

// place reads places and contact cards.
func (m message) place() (core.Content, bool) {
	switch {
	case m.Venue != nil && m.Venue.Location.somewhere():
		p := m.Venue.Location.place()
		p.Name, p.Address = string(m.Venue.Title), string(m.Venue.Address)
		return core.Content{Kind: core.KindLocation, Location: p}, true
	case m.Location != nil && m.Location.somewhere():
		return core.Content{Kind: core.KindLocation, Location: m.Location.place()}, true
	case m.Contact != nil && m.Contact.Phone+m.Contact.First+m.Contact.Last != "":
		return core.Content{Kind: core.KindContacts, Contacts: []core.Card{m.Contact.card(m.From)}}, true
	case m.Users != nil && len(m.Users.Users) > 0:
		c := core.Content{Kind: core.KindContacts}
		for _, u := range m.Users.Users {
			c.Contacts = append(c.Contacts, u.card())
		}
		return c, true
	}
	return core.Content{}, false
}

// somewhere reports whether a place was read: the point where both are zero lies in the sea.
func (l location) somewhere() bool { return l.Latitude != 0 || l.Longitude != 0 }

func (l location) place() *core.Location {
	p := &core.Location{Latitude: float64(l.Latitude), Longitude: float64(l.Longitude)}
	if l.Live > 0 { // this is where it begins; how it moves is not followed
		p.Name = "Live location"
	}
	return p
}

func (c contact) card(from *user) core.Card {
	k := core.Card{Name: fullName(c.First, c.Last), FirstName: string(c.First), LastName: string(c.Last), VCard: string(c.VCard),
		Requested: from != nil && c.User != 0 && c.User == from.ID}
	if c.Phone != "" {
		k.Phones = []core.Labeled{{Value: string(c.Phone)}}
	}
	return k
}

func (u chosen) card() core.Card {
	k := core.Card{Name: fullName(u.First, u.Last), FirstName: string(u.First), LastName: string(u.Last)}
	if u.Username != "" {
		k.URLs = []core.Labeled{{Label: "Telegram", Value: "https://t.me/" + string(u.Username)}}
		k.Name = cmp.Or(k.Name, "@"+string(u.Username))
	}
	k.Name = cmp.Or(k.Name, "Telegram user "+u.ID.String())
	return k
}

// told reads what has no kind of its own here and can be told in words, and filled forms.
func (m message) told() (core.Content, bool) {
	said := func(s string) (core.Content, bool) {
		s = strings.TrimSpace(s)
		return core.Content{Kind: core.KindText, Text: s}, s != ""
	}
	switch {
	case m.WebApp != nil:
		return m.WebApp.content(), true
	case m.Dice != nil:
		return said(string(m.Dice.Emoji) + " " + string(m.Dice.Value))
	case m.Poll != nil:
		return said(m.Poll.words())
	case m.Checklist != nil:
		return said(m.Checklist.words())
	case m.Ticked != nil:
		return said(m.Ticked.words())
	case m.Listed != nil && len(m.Listed.Tasks) > 0:
		return said("Added to a checklist:\n" + checklist{m.Listed.Message.Checklist.Title, m.Listed.Tasks}.words())
	case m.Offered != nil && m.Offered.Text != "":
		return said("Added to a poll: " + string(m.Offered.Text) + m.Offered.Message.Poll.asked())
	case m.TakenOut != nil && m.TakenOut.Text != "":
		return said("Taken out of a poll: " + string(m.TakenOut.Text) + m.TakenOut.Message.Poll.asked())
	case m.Game != nil:
		return said("Game: " + string(m.Game.Title) + "\n" + string(m.Game.Description))
	case m.Invoice != nil:
		return said("Invoice: " + string(m.Invoice.Title) + ", " + m.Invoice.money() + "\n" + string(m.Invoice.Description))
	case m.Paid != nil:
		return said("Paid: " + m.Paid.money() + " " + string(m.Paid.Payload))
	case m.Refunded != nil:
		return said("Refunded: " + m.Refunded.money() + " " + string(m.Refunded.Payload))
	}
	return core.Content{}, false
}

func (p poll) words() string {
	var s strings.Builder
	s.WriteString("Poll: " + string(p.Question))
	for i, o := range p.Options {
		s.WriteString("\n" + strconv.Itoa(i+1) + ". " + string(o.Text))
	}
	return s.String()
}

// asked is what a poll asks, on a line of its own.
func (p poll) asked() string {
	if p.Question == "" {
		return ""
	}
	return "\nPoll: " + string(p.Question)
}

func (c checklist) words() string {
	var s strings.Builder
	s.WriteString(strings.TrimSpace("Checklist: " + string(c.Title)))
	for _, t := range c.Tasks {
		box := "\n☐ "
		if t.Done > 0 {
			box = "\n☑ "
		}
		s.WriteString(box + string(t.Text))
	}
	return s.String()
}

// words tells which tasks were marked, and how they stand now; nothing if the checklist does not come along.
func (t ticked) words() string {
	marked := checklist{Title: t.Message.Checklist.Title}
	for _, of := range t.Message.Checklist.Tasks {
		switch {
		case slices.Contains(t.Done, of.ID):
			of.Done = 1
		case slices.Contains(t.Undone, of.ID):
			of.Done = 0
		default:
			continue
		}
		marked.Tasks = append(marked.Tasks, of)
	}
	if len(marked.Tasks) == 0 {
		return ""
	}
	return marked.words()
}

// money writes an amount by the number of decimals that its currency has.
func (a amount) money() string {
	decimals := 2
	switch strings.ToUpper(string(a.Currency)) {
	case "XTR", "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF":
		decimals = 0
	case "BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND":
		decimals = 3
	}
	digits, sign := strconv.FormatInt(int64(a.Total), 10), ""
	if digits, sign = strings.TrimPrefix(digits, "-"), ""; a.Total < 0 {
		sign = "-"
	}
	if decimals > 0 {
		digits = strings.Repeat("0", max(0, decimals+1-len(digits))) + digits
		digits = digits[:len(digits)-decimals] + "." + digits[len(digits)-decimals:]
	}
	return sign + digits + " " + string(a.Currency)
}

// content reads what a Mini App sent: a form if it is an object of JSON, else whatever the app wrote.
func (w webApp) content() core.Content {
	f := core.NewForm(string(w.Button), []byte(w.Data))
	c := core.Content{Kind: core.KindForm, Form: f}
	if f.Raw == nil {
		c.Text = string(w.Data)
	}
	return c
}

// unsupported is what is shown in the place of a message that cannot be shown. Its type is the first field that no message of another kind has.
func unsupported(raw json.RawMessage) core.Content {
	var fields map[string]json.RawMessage
	_ = json.Unmarshal(raw, &fields) // what is no object has no fields
	u := &core.Unsupported{Type: "unknown", Detail: "Causeway cannot show messages of this kind. It can be read in Telegram, if the owner's account is used there."}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if !framing(name) && aConnection.MatchString(name) {
			u.Type = name
			break
		}
	}
	if why, known := unshown(u.Type); known {
		u.Detail = why
	}
	return core.Content{Kind: core.KindUnsupported, Unsupported: u, Text: marked(captionOf(raw))}
}

func captionOf(raw json.RawMessage) (text, []entity) {
	var b body
	_ = json.Unmarshal(raw, &b)
	if b.Caption == "" {
		return b.Gift.Text, b.Gift.Entities
	}
	return b.Caption, b.CaptionEntities
}
