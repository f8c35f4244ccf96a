package meta

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"causeway/core"
)

// What an inbox can offer to pick from. Quick replies stand below the newest message until one is pressed; buttons stay with theirs.
const (
	MaxReplies  = 13
	maxButtons  = 3
	maxTitle    = 20
	maxTemplate = 640 // of the text above buttons, in characters
	maxPayload  = 1000
)

// choices makes a text with something to pick: quick replies, or buttons where one opens a link. What fits neither becomes a numbered text.
func (i *Inbox) choices(c core.Content) (body, error) {
	text := strings.TrimSpace(joined(c.Choices.Header, c.Text))
	if text == "" {
		return nil, core.Unsendable("A message with choices needs a text.", "Write what the customer shall choose.")
	}
	if c.Media != nil {
		return nil, core.Unsendable(i.Title+" shows no file above choices.", "Send the file before the choices.")
	}
	text = joined(text, c.Choices.Footer)
	options := c.Choices.Options
	switch c.Choices.Style {
	case core.ChoicesAuto:
	case core.ChoicesLink:
		if options = options[:min(1, len(options))]; len(options) == 0 || !core.WebAddress(options[0].URL) {
			return i.text(text)
		}
	case core.ChoicesLocation: // it is asked for in words
		return i.text(text)
	default:
		return nil, core.Unsendable(i.Title+" cannot show choices of the style "+string(c.Choices.Style)+".", "Send a link instead.")
	}
	links := false
	for _, o := range options {
		links = links || o.URL != ""
	}
	switch {
	case links && buttonsFit(options) && core.UnitRunes.Len(text) <= maxTemplate:
		return buttons(text, options), nil
	case !links && repliesFit(options) && i.Can.Unit.Len(text) <= i.Can.TextLimit:
		return body{"text": text, "quick_replies": replies(options)}, nil
	}
	return i.text(listed(text, options))
}

func fits(o core.Option) bool {
	n := core.UnitRunes.Len(o.Title)
	return n > 0 && n <= maxTitle && o.Description == "" && len(o.ID) <= maxPayload
}

func repliesFit(options []core.Option) bool {
	for _, o := range options {
		if !fits(o) {
			return false
		}
	}
	return len(options) > 0 && len(options) <= MaxReplies
}

func buttonsFit(options []core.Option) bool {
	for _, o := range options {
		if !fits(o) || o.URL != "" && !core.WebAddress(o.URL) {
			return false
		}
	}
	return len(options) <= maxButtons
}

func replies(options []core.Option) []body {
	var out []body
	for n, o := range options {
		out = append(out, body{"content_type": "text", "title": o.Title, "payload": cmp.Or(o.ID, strconv.Itoa(n))})
	}
	return out
}

func buttons(text string, options []core.Option) body {
	var all []body
	for n, o := range options {
		if o.URL != "" {
			all = append(all, body{"type": "web_url", "title": o.Title, "url": o.URL})
			continue
		}
		all = append(all, body{"type": "postback", "title": o.Title, "payload": cmp.Or(o.ID, strconv.Itoa(n))})
	}
	return body{"attachment": body{"type": "template", "payload": body{"template_type": "button", "text": text, "buttons": all}}}
}

// listed offers options in plain text.
func listed(text string, options []core.Option) string {
	var s strings.Builder
	s.WriteString(text)
	for n, o := range options {
		if n == 0 {
			s.WriteString("\n")
		}
		fmt.Fprintf(&s, "\n%d. %s", n+1, o.Title)
		for _, more := range []string{o.Description, o.URL} {
			if more != "" {
				s.WriteString(" – " + more)
			}
		}
	}
	return s.String()
}
