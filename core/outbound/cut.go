package outbound

import (
	"strings"

	"causeway/core"
)

// Cut turns what an author says into the parts that the channel can carry: long text in several, with choices below the last, a caption that does not fit,
// or has no place, as text of its own after the file, a file beside choices that cannot carry it before them, choices that the channel cannot show as a
// numbered text. The quote stays on the first part, the subject on all.
func Cut(c core.Content, can core.Capabilities) []core.Content {
	var parts []core.Content
	if !can.Marks {
		c = plain(c)
	}
	switch {
	case c.Kind == core.KindText:
		parts = texts(c.Text, can)
	case c.Kind.HasMedia():
		parts = cutMedia(c, can)
	case can.Degrades(c):
		parts = numbered(c, can)
	case c.Kind == core.KindChoices && c.Choices != nil:
		parts = cutChoices(c, can)
	default:
		parts = []core.Content{c}
	}
	for i := range parts {
		parts[i].Plain, parts[i].Subject = c.Plain, c.Subject
		if parts[i].Quote = nil; i == 0 {
			parts[i].Quote = c.Quote
		}
	}
	return parts
}

// plain takes the marks out of what an author says, for a channel that shows none.
func plain(c core.Content) core.Content {
	text, marked := core.PlainText(c.Text)
	if marked {
		c.Text, c.Plain = text, true
	}
	return c
}

func texts(text string, can core.Capabilities) []core.Content {
	split := core.Split
	if can.Marks {
		split = core.SplitMarked
	}
	var parts []core.Content
	for _, piece := range split(text, can.TextLimit, can.Unit) {
		parts = append(parts, core.Content{Kind: core.KindText, Text: piece})
	}
	return parts
}

func cutMedia(c core.Content, can core.Capabilities) []core.Content {
	if c.Text == "" || (can.Media[c.Kind].Caption && can.Unit.Len(c.Text) <= can.CaptionLimit) {
		return []core.Content{c}
	}
	file := c
	file.Text = ""
	return append([]core.Content{file}, texts(c.Text, can)...)
}

// headed reports whether the choices can carry their file as a header: buttons can carry pictures, videos and documents, where these take a text.
func headed(c core.Content, can core.Capabilities) bool {
	if c.Choices.Style != core.ChoicesAuto || len(c.Choices.Options) > can.Buttons || can.Unit.Len(core.Numbered(c)) > can.CaptionLimit {
		return false
	}
	switch kind := can.Carry(c.Media.MIME, c.Media.Size); kind {
	case core.KindImage, core.KindVideo, core.KindDocument:
		return can.Media[kind].Caption
	default:
		return false
	}
}

// numbered is text instead of choices, behind their file.
func numbered(c core.Content, can core.Capabilities) []core.Content {
	said := texts(core.Numbered(c), can)
	if c.Media == nil {
		return said
	}
	return append([]core.Content{{Kind: core.FileKind(c.Media.MIME), Media: c.Media}}, said...)
}

func cutChoices(c core.Content, can core.Capabilities) []core.Content {
	if c.Media == nil || headed(c, can) {
		return offer(c, can)
	}
	file := core.Content{Kind: core.FileKind(c.Media.MIME), Media: c.Media}
	c.Media = nil
	return append([]core.Content{file}, offer(c, can)...)
}

// offer puts choices below the last piece of a text that is too long to stand with them: what a bridge has no buttons for, it numbers below the text.
func offer(c core.Content, can core.Capabilities) []core.Content {
	if can.Unit.Len(core.Numbered(c)) <= can.TextLimit {
		return []core.Content{c}
	}
	bare, said := *c.Choices, strings.TrimSpace(c.Choices.Header+"\n\n"+c.Text)
	bare.Header, c.Choices, c.Text = "", &bare, ""
	room := can
	room.TextLimit = max(can.TextLimit-can.Unit.Len("\n\n"+core.Numbered(c)), can.TextLimit/2)
	parts := texts(said, room)
	if len(parts) == 0 {
		return []core.Content{c}
	}
	last := &parts[len(parts)-1]
	c.Text = last.Text
	*last = c
	return parts
}
