package outbound

import (
	"fmt"
	"strings"
	"time"

	"causeway/core"
)

// carried is a content that leaves at a time, with its file in a way that the channel takes: as it is, or converted, else as a document, else as a link to
// it below the words. Where there are no links, or it would be cut, it stays for the gate to refuse.
func (o *Outbox) carried(rt route, c core.Content, at time.Time) core.Content {
	if c.Media == nil || !c.Kind.HasMedia() && c.Kind != core.KindChoices {
		return c
	}
	file := core.Content{Kind: c.Kind, Media: c.Media}
	if c.Kind == core.KindChoices {
		file.Kind = core.FileKind(c.Media.MIME)
	}
	if rt.capabilities.Refuses(file) == "" || o.converts(rt.capabilities, file) {
		return c
	}
	if kind := rt.capabilities.Carry(c.Media.MIME, c.Media.Size); kind != "" && c.Kind.HasMedia() {
		c.Kind = kind
		return c
	}
	link := o.fileLink(rt, *c.Media, at)
	if most := rt.capabilities.TextLimit; link == "" || most > 0 && rt.capabilities.Unit.Len(link) > most {
		return c
	}
	return linked(c, link)
}

// fileLink is where the contact can fetch a file: at the gateway, or where the author said that it lies; "" if nowhere.
func (o *Outbox) fileLink(rt route, m core.Media, at time.Time) string {
	switch {
	case m.ID == "":
		return m.URL
	case o.FileLink == nil:
		return ""
	}
	return o.FileLink(rt.conversation.Workspace, m.ID, at)
}

// linked says in words where the file of a content is.
func linked(c core.Content, link string) core.Content {
	if c.Media.Name != "" {
		link = fmt.Sprintf("%s (%s)\n%s", c.Media.Name, core.Bytes(c.Media.Size), link)
	}
	if c.Media = nil; c.Kind.HasMedia() {
		c.Kind = core.KindText
	}
	c.Text = strings.TrimSpace(c.Text + "\n\n" + link)
	return c
}
