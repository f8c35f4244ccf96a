package x

import (
	"encoding/json"
	"path"
	"strings"

	"causeway/core"
)

// said is a message as X tells it.
type said struct {
	Type   text `json:"type"`
	ID     text `json:"id"`
	At     text `json:"created_timestamp"`
	Create struct {
		Target target `json:"target"`
		Sender text   `json:"sender_id"`
		Data   words  `json:"message_data"`
	} `json:"message_create"`
	Via struct {
		Tweet text `json:"tweet_id"`
	} `json:"initiated_via"`
}

type words struct {
	Text     text `json:"text"`
	Entities struct {
		URLs []shortened `json:"urls"`
	} `json:"entities"`
	Reply *struct {
		Metadata text `json:"metadata"`
	} `json:"quick_reply_response"`
	Attachment *attachment `json:"attachment"`
}

// shortened is an address in a text, which X puts a short one in place of.
type shortened struct {
	URL      text `json:"url"`
	Expanded text `json:"expanded_url"`
}

type attachment struct {
	Type     text            `json:"type"`
	Media    json.RawMessage `json:"media"`
	Location struct {
		Shared struct {
			Point struct {
				Coordinates []float64 `json:"coordinates"`
			} `json:"coordinates"`
		} `json:"shared_coordinate"`
		Place struct {
			Place place `json:"place"`
		} `json:"shared_place"`
	} `json:"location"`
}

type medium struct {
	ID      text `json:"id_str"`
	Type    text `json:"type"`
	URL     text `json:"media_url_https"`
	Written text `json:"url"`          // how it stands in the text
	Page    text `json:"expanded_url"` // or, written out, so
	Video   struct {
		Variants []variant `json:"variants"`
	} `json:"video_info"`
}

type variant struct {
	Type    text        `json:"content_type"`
	Bitrate json.Number `json:"bitrate"`
	URL     text        `json:"url"`
}

// message reads a direct message, or an echo of one.
func (c call) message(raw json.RawMessage) core.Event {
	var m said
	e := c.other("direct_message_events", raw)
	if _ = json.Unmarshal(raw, &m); m.Type != "message_create" { // what is of another form is left out: the rest is shown
		return e
	}
	e.Kind = core.EventMessage
	if m.ID.id() == "" {
		e.Fault = "The message has no id."
		return e
	}
	if m.Create.Sender.id() == c.account && m.Create.Target.Recipient.id() == c.account {
		e.Kind = core.EventOther // a note to oneself
		return e
	}
	e.ID = m.ID.id()
	c.between(&e, m.Create.Sender.id(), m.Create.Target.Recipient.id())
	stamp(&e, m.At, e.ID)
	content := m.Create.Data.content()
	if m.Via.Tweet.id() != "" {
		content.Referral = &core.Referral{Source: "post", ID: m.Via.Tweet.id(), URL: "https://x.com/i/status/" + m.Via.Tweet.id()}
	}
	e.Message = &core.MessageBody{Provider: e.ID, Content: content}
	if content.Kind != core.KindUnsupported && e.Fault == "" {
		e.Raw = nil
	}
	return e
}

// content turns a message's words into ours.
func (w words) content() core.Content {
	c := core.Content{Kind: core.KindText, Text: w.plain()}
	switch a := w.Attachment; {
	case w.Reply != nil && c.Text+string(w.Reply.Metadata) != "":
		return core.Content{Kind: core.KindChoice, Text: c.Text, Choice: &core.Choice{ID: string(w.Reply.Metadata), Title: c.Text}}
	case a == nil && c.Text == "":
		return core.Content{Kind: core.KindUnsupported, Unsupported: &core.Unsupported{Type: "empty", Detail: "The message says nothing that X shows to programs."}}
	case a == nil:
		return c
	case a.Type == "media":
		return a.media(c)
	case a.Type == "location" && len(a.Location.Shared.Point.Coordinates) == 2:
		at := a.Location.Shared.Point.Coordinates
		c.Kind, c.Location = core.KindLocation, &core.Location{Longitude: at[0], Latitude: at[1]}
		return c
	case a.Type == "location" && a.Location.Place.Place.named() != "":
		return a.Location.Place.Place.content(c)
	default:
		c.Kind, c.Unsupported = core.KindUnsupported, &core.Unsupported{Type: named(a.Type)}
		return c
	}
}

// named is what X calls a kind, if it says.
func named(kind text) string {
	if kind == "" {
		return "unknown"
	}
	return string(kind)
}

// escaped are the three characters that X writes as HTML does; all else that looks so is what somebody wrote, or a part of an address.
var escaped = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&")

// plain is the text as it was written: X escapes some characters, and shortens addresses.
func (w words) plain() string {
	s := escaped.Replace(string(w.Text))
	for _, u := range w.Entities.URLs {
		if u.URL != "" && u.Expanded != "" {
			s = strings.ReplaceAll(s, string(u.URL), string(u.Expanded))
		}
	}
	return s
}

// media reads a file that came. Its own address stands at the end of the text, where it is of no use to anybody.
func (a attachment) media(c core.Content) core.Content {
	var m medium
	_ = json.Unmarshal(a.Media, &m) // what cannot be read is empty
	file := core.Media{Provider: m.ID.id(), URL: string(m.URL)}
	switch m.Type {
	case "photo":
		c.Kind, file.MIME = core.KindImage, kinds[strings.ToLower(path.Ext(file.URL))]
	case "video", "animated_gif":
		c.Kind, file.MIME, file.URL, file.Animated = core.KindVideo, "video/mp4", m.best(), m.Type == "animated_gif"
	default:
		file.MIME = kinds[strings.ToLower(path.Ext(file.URL))]
		c.Kind = core.FileKind(file.MIME)
	}
	if !core.WebAddress(file.URL) {
		c.Kind, c.Unsupported = core.KindUnsupported, &core.Unsupported{Type: named(m.Type), Detail: "X gives no address of the file."}
		return c
	}
	c.Media = &file
	for _, own := range []string{string(m.Written), string(m.Page)} {
		if own != "" {
			c.Text = strings.TrimSpace(strings.TrimSuffix(c.Text, own))
		}
	}
	return c
}

// kinds are the types of pictures by the ending of their address.
var kinds = map[string]string{".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png", ".gif": "image/gif", ".webp": "image/webp"}

// best is the address of the video of the highest quality that is a file by itself.
func (m medium) best() string {
	var found string
	most := int64(-1)
	for _, v := range m.Video.Variants {
		if rate, _ := v.Bitrate.Int64(); v.Type == "video/mp4" && rate > most {
			found, most = string(v.URL), rate
		}
	}
	return found
}
