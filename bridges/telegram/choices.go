package telegram

import (
	"fmt"
	"strconv"
	"strings"

	"causeway/core"
)

const (
	maxButtons = 100
	maxPayload = 64 // bytes of a button's data
	rowWidth   = 24 // characters that buttons share in a row
)

// composeChoices sends text, or a file with it, and something to pick.
func composeChoices(c core.Content) (request, error) {
	markup, said := keyboard(c)
	if c.Media != nil {
		return withFile(c, said, markup)
	}
	r := request{method: "sendMessage", p: params{}}
	if strings.TrimSpace(said) == "" {
		return r, core.Unsendable("A message with choices needs a text.", "Write what the customer shall choose.")
	}
	if markup != nil {
		r.p["reply_markup"] = markup
	}
	return r, r.text("text", said, textLimit)
}

func withFile(c core.Content, said string, markup params) (request, error) {
	kind := capabilities(conf{}).Carry(c.Media.MIME, c.Media.Size)
	if kind == "" {
		return request{}, core.Unsendable("Telegram takes no file like this above choices.", "Send the file before the choices.")
	}
	r, err := composeMedia(core.Content{Kind: kind, Media: c.Media, Text: said})
	if err == nil && markup != nil {
		r.p["reply_markup"] = markup
	}
	return r, err
}

// keyboard makes the keys, and the text that they stand below. Without keys, the text tells the options.
func keyboard(c core.Content) (params, string) {
	said, options := around(c, c.Text), c.Choices.Options
	switch c.Choices.Style {
	case core.ChoicesLocation:
		return asking(params{"text": firstTitle(options, "📍"), "request_location": true}, options), said
	case core.ChoicesForm:
		if address := formOf(options); address != "" {
			return asking(params{"text": titleOf(options[0], 0), "web_app": params{"url": address}}, options), said
		}
		return asking(nil, options), said
	case core.ChoicesLink:
		if options = linked(options); len(options) == 0 {
			return nil, said
		}
	case core.ChoicesAuto:
	}
	if rows := buttons(options); rows != nil {
		return params{"inline_keyboard": rows}, described(c, said)
	}
	return nil, around(c, numbered(c))
}

// asking makes a keyboard that goes away when it was used: a special key in the place of the first option, the others as words to be sent. It is
// nil if there would be no key.
func asking(first params, options []core.Option) params {
	var keys []params
	if first != nil {
		keys = append(keys, first)
	}
	for i, o := range options {
		if i > 0 && strings.TrimSpace(o.Title) != "" {
			keys = append(keys, params{"text": o.Title})
		}
	}
	if len(keys) == 0 {
		return nil
	}
	return params{"keyboard": [][]params{keys}, "resize_keyboard": true, "one_time_keyboard": true}
}

func firstTitle(options []core.Option, otherwise string) string {
	if len(options) > 0 && strings.TrimSpace(options[0].Title) != "" {
		return options[0].Title
	}
	return otherwise
}

// formOf returns the address of the Mini App that stands for a form, "" if there is none.
func formOf(options []core.Option) string {
	if len(options) == 0 {
		return ""
	}
	for _, s := range []string{options[0].URL, options[0].ID} {
		if strings.HasPrefix(s, "https://") && core.WebAddress(s) {
			return s
		}
	}
	return ""
}

// linked returns the options that lead somewhere.
func linked(options []core.Option) []core.Option {
	var some []core.Option
	for _, o := range options {
		if core.WebAddress(o.URL) {
			some = append(some, o)
		}
	}
	return some
}

// around puts header and footer around a text.
func around(c core.Content, said string) string {
	if h := c.Choices.Header; h != "" {
		said = "*" + h + "*\n\n" + said
	}
	if f := c.Choices.Footer; f != "" {
		said += "\n\n_" + f + "_"
	}
	return strings.TrimSpace(said)
}

// described adds the options' descriptions to the text, for keys have no room for them.
func described(c core.Content, said string) string {
	var lines []string
	for _, o := range c.Choices.Options {
		if o.Description != "" {
			lines = append(lines, "• "+o.Title+" – "+o.Description)
		}
	}
	if len(lines) == 0 {
		return said
	}
	return around(c, strings.TrimSpace(c.Text+"\n\n"+strings.Join(lines, "\n")))
}

// buttons puts options on keys, nil if there are none or one does not fit.
func buttons(options []core.Option) [][]params {
	if len(options) > maxButtons {
		return nil
	}
	var rows [][]params
	width := rowWidth
	for i, o := range options {
		key := params{"text": titleOf(o, i)}
		switch id := optionID(o, i); {
		case core.WebAddress(o.URL):
			key["url"] = o.URL
		case len(id) <= maxPayload:
			key["callback_data"] = id
		default:
			return nil
		}
		if width += core.UnitRunes.Len(titleOf(o, i)) + 2; width > rowWidth || len(rows[len(rows)-1]) >= 3 {
			rows, width = append(rows, nil), core.UnitRunes.Len(titleOf(o, i))+2
		}
		rows[len(rows)-1] = append(rows[len(rows)-1], key)
	}
	return rows
}

func titleOf(o core.Option, i int) string {
	for _, t := range []string{o.Title, o.URL, o.ID} {
		if strings.TrimSpace(t) != "" {
			return t
		}
	}
	return strconv.Itoa(i + 1)
}

func optionID(o core.Option, i int) string {
	if o.ID != "" {
		return o.ID
	}
	return strconv.Itoa(i)
}

// numbered offers options in plain text.
func numbered(c core.Content) string {
	var s strings.Builder
	s.WriteString(c.Text)
	for i, o := range c.Choices.Options {
		fmt.Fprintf(&s, "\n%d. %s", i+1, titleOf(o, i))
		if o.Description != "" {
			s.WriteString(" – " + o.Description)
		}
	}
	return s.String()
}
