package whatsappcloud

import (
	"cmp"
	"context"
	"strings"

	"causeway/core"
)

// Limits of interactive messages, in characters unless they count things.
const (
	maxButtons     = 3
	maxRows        = 10
	maxButtonTitle = 20
	maxRowTitle    = 24
	maxRowText     = 72
	maxButtonID    = 256
	maxRowID       = 200
	maxSection     = 24
	maxHeader      = 60
	maxFooter      = 60
	maxBody        = 1024
	maxListBody    = 4096
)

// fillChoices puts text with something to pick. What does not fit buttons becomes a list, what does not fit a list a numbered text.
func (l *link) fillChoices(ctx context.Context, b body, c core.Content, w words) error {
	offer := c
	ch := *c.Choices
	offer.Choices = &ch
	fold(&offer)
	if strings.TrimSpace(offer.Text) == "" {
		return core.Unsendable("A message with choices needs a text.", "Write what the customer shall choose.")
	}
	if ch.Style == core.ChoicesAuto {
		return l.fillAuto(ctx, b, offer, w)
	}
	if core.UnitRunes.Len(offer.Text) > maxBody {
		if ch.Style != core.ChoicesForm { // the address, and the question for a place, can be read as well
			return b.text(numbered(offer))
		}
		return core.Unsendable("The text with a button is longer than the 1024 characters that WhatsApp takes.", "Send the longer part as a text of its own.")
	}
	i, err := special(offer, w)
	if err != nil {
		return err
	}
	if i == nil { // nothing to open: the text remains
		return b.text(numbered(offer))
	}
	if c.Media != nil && ch.Style == core.ChoicesLocation {
		return headless()
	}
	return l.finish(ctx, b, i, offer)
}

// fold puts a header and a footer that are too long for their places into the text.
func fold(c *core.Content) {
	if h := c.Choices.Header; h != "" && (core.UnitRunes.Len(h) > maxHeader || c.Media != nil) {
		c.Text, c.Choices.Header = strings.TrimSpace(h+"\n\n"+c.Text), ""
	}
	if f := c.Choices.Footer; core.UnitRunes.Len(f) > maxFooter {
		c.Text, c.Choices.Footer = strings.TrimSpace(c.Text+"\n\n"+f), ""
	}
}

// special makes what opens a link, a place picker or a form; nil if there is nothing to open.
func special(c core.Content, w words) (body, error) {
	var first core.Option
	if len(c.Choices.Options) > 0 {
		first = c.Choices.Options[0]
	}
	switch c.Choices.Style {
	case core.ChoicesLink:
		if !publicLink(first.URL) {
			return nil, nil
		}
		return body{"type": "cta_url", "action": body{"name": "cta_url", "parameters": body{"display_text": cut(cmp.Or(first.Title, w.link), maxButtonTitle), "url": first.URL}}}, nil
	case core.ChoicesLocation:
		return body{"type": "location_request_message", "action": body{"name": "send_location"}}, nil
	case core.ChoicesForm:
		if first.ID == "" {
			return nil, nil
		}
		return body{"type": "flow", "action": body{"name": "flow", "parameters": body{"flow_message_version": "3", "flow_id": first.ID, "flow_cta": cut(cmp.Or(first.Title, w.form), maxButtonTitle)}}}, nil
	default:
		return nil, core.Unsendable("WhatsApp does not know choices of the style "+string(c.Choices.Style)+".", "Offer them as a list.")
	}
}

func headless() error {
	return core.Unsendable("WhatsApp shows no file above choices of this kind.", "Send the file before the choices.")
}

// fillAuto takes buttons, a list or a numbered text.
func (l *link) fillAuto(ctx context.Context, b body, c core.Content, w words) error {
	n := core.UnitRunes.Len(c.Text)
	switch options := c.Choices.Options; {
	case n <= maxBody && buttonsFit(options):
		return l.finish(ctx, b, body{"type": "button", "action": body{"buttons": buttons(options)}}, c)
	case c.Media != nil:
		return headless()
	case n <= maxListBody && rowsFit(options):
		label := cut(cmp.Or(c.Choices.Label, w.list), maxButtonTitle)
		return l.finish(ctx, b, body{"type": "list", "action": body{"button": label, "sections": sections(options)}}, c)
	}
	return b.text(numbered(c))
}

// finish puts text, header and footer around an action.
func (l *link) finish(ctx context.Context, b body, i body, c core.Content) error {
	i["body"] = body{"text": c.Text}
	bare := i["type"] == "location_request_message" // it has a text and nothing else
	switch {
	case bare:
	case c.Media != nil:
		header, err := l.mediaHeader(ctx, *c.Media)
		if err != nil {
			return err
		}
		i["header"] = header
	case c.Choices.Header != "":
		i["header"] = body{"type": "text", "text": c.Choices.Header}
	}
	if c.Choices.Footer != "" && !bare {
		i["footer"] = body{"text": c.Choices.Footer}
	}
	b.set("interactive", i)
	return nil
}

// mediaHeader shows a picture, a video or a document above buttons.
func (l *link) mediaHeader(ctx context.Context, m core.Media) (body, error) {
	kind := l.Capabilities().Carry(m.MIME, m.Size)
	switch kind {
	case core.KindImage, core.KindVideo, core.KindDocument:
	default:
		return nil, headless()
	}
	object, err := l.file(ctx, kind, m)
	if err != nil {
		return nil, err
	}
	return body{"type": string(kind), string(kind): object}, nil
}

// pickable reports whether options can be offered to pick from at all: each of them once, and none that leads to an address instead.
func pickable(options []core.Option, most, longestID int) bool {
	seen := map[string]bool{}
	for i, o := range options {
		key := o.Key(i)
		if seen[key] || core.UnitRunes.Len(key) > longestID || o.URL != "" || strings.TrimSpace(o.Title) == "" {
			return false
		}
		seen[key] = true
	}
	return len(options) > 0 && len(options) <= most
}

// buttonsFit reports whether options can be buttons. WhatsApp refuses two with the same title, and buttons have no room for a description.
func buttonsFit(options []core.Option) bool {
	seen := map[string]bool{}
	for _, o := range options {
		if core.UnitRunes.Len(o.Title) > maxButtonTitle || o.Description != "" || seen[o.Title] {
			return false
		}
		seen[o.Title] = true
	}
	return pickable(options, maxButtons, maxButtonID)
}

func rowsFit(options []core.Option) bool {
	for _, o := range options {
		n := core.UnitRunes.Len(o.Title)
		if n > maxRowTitle && (o.Description != "" || n > maxRowText) || core.UnitRunes.Len(o.Description) > maxRowText {
			return false
		}
	}
	return pickable(options, maxRows, maxRowID)
}

func buttons(options []core.Option) []body {
	var out []body
	for i, o := range options {
		out = append(out, body{"type": "reply", "reply": body{"id": o.Key(i), "title": o.Title}})
	}
	return out
}

// sections groups rows in the order of their first member. With more than one, each needs a title.
func sections(options []core.Option) []body {
	var names []string
	rows := map[string][]body{}
	for i, o := range options {
		if rows[o.Section] == nil {
			names = append(names, o.Section)
		}
		row := body{"id": o.Key(i), "title": cut(o.Title, maxRowTitle)}
		row.maybe("description", cmp.Or(o.Description, rest(o.Title)))
		rows[o.Section] = append(rows[o.Section], row)
	}
	var out []body
	for _, name := range names {
		s := body{"rows": rows[name]}
		if s.maybe("title", cut(name, maxSection)); name == "" && len(names) > 1 {
			s["title"] = "–"
		}
		out = append(out, s)
	}
	return out
}

// rest is the whole title where the row's own has no room for it.
func rest(title string) string {
	if core.UnitRunes.Len(title) > maxRowTitle {
		return title
	}
	return ""
}

// numbered offers options in plain text, with WhatsApp's marks on header and footer.
func numbered(c core.Content) string {
	ch := *c.Choices
	if ch.Header != "" {
		ch.Header = "*" + ch.Header + "*"
	}
	if ch.Footer != "" {
		ch.Footer = "_" + ch.Footer + "_"
	}
	c.Choices = &ch
	return core.Numbered(c)
}

// cut shortens a text to so many characters, with a mark where something is missing.
func cut(s string, limit int) string {
	if core.UnitRunes.Len(s) <= limit {
		return s
	}
	if all := core.Split(s, limit-1, core.UnitRunes); len(all) > 0 {
		return all[0] + "…"
	}
	return ""
}
