package whatsappdevice

import (
	"cmp"
	"fmt"
	"strings"

	"causeway/core"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"google.golang.org/protobuf/proto"
)

// composed is a message as it is sent, but for the file that must be uploaded first.
type composed struct {
	message *waE2E.Message
	media   *core.Media // nil: there is none
	as      whatsmeow.MediaType
	put     func(m *waE2E.Message, up whatsmeow.UploadResponse)
}

// compose makes a message of a content, without any call. Its errors are of contents that cannot go out as they are.
func compose(c core.Content, context *waE2E.ContextInfo) (composed, error) {
	can := capabilities(conf{})
	if why := can.Refuses(c); why != "" {
		return composed{}, core.Unsendable(why, "Send it as text or as a file.")
	}
	switch {
	case c.Kind == core.KindText:
		return composeText(c, context)
	case c.Kind.HasMedia():
		return composeFile(c, context)
	case c.Kind == core.KindLocation && c.Location != nil:
		l := c.Location
		return composed{message: &waE2E.Message{LocationMessage: &waE2E.LocationMessage{DegreesLatitude: &l.Latitude, DegreesLongitude: &l.Longitude,
			Name: some(l.Name), Address: some(l.Address), URL: some(l.URL), Comment: some(c.Text), ContextInfo: context}}}, nil
	case c.Kind == core.KindContacts && len(c.Contacts) > 0:
		return composeCards(c, context), nil
	}
	return composed{}, core.Unsendable("The message is empty.", "Write something, or attach a file.")
}

// some is a field that is left out when it is empty.
func some(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func composeText(c core.Content, context *waE2E.ContextInfo) (composed, error) {
	switch n := core.UnitRunes.Len(c.Text); {
	case strings.TrimSpace(c.Text) == "":
		return composed{}, core.Unsendable("The message is empty.", "Write something.")
	case n > textLimit:
		return composed{}, core.Unsendable(fmt.Sprintf("The text has %d characters; WhatsApp takes %d.", n, textLimit), "Split it into several messages.")
	}
	if context == nil {
		return composed{message: &waE2E.Message{Conversation: proto.String(c.Text)}}, nil
	}
	return composed{message: &waE2E.Message{ExtendedTextMessage: &waE2E.ExtendedTextMessage{Text: proto.String(c.Text), ContextInfo: context}}}, nil
}

func composeCards(c core.Content, context *waE2E.ContextInfo) composed {
	all := make([]*waE2E.ContactMessage, len(c.Contacts))
	for i, card := range c.Contacts {
		all[i] = &waE2E.ContactMessage{DisplayName: proto.String(card.Name), Vcard: proto.String(vcard(card))}
	}
	if len(all) == 1 {
		all[0].ContextInfo = context
		return composed{message: &waE2E.Message{ContactMessage: all[0]}}
	}
	return composed{message: &waE2E.Message{ContactsArrayMessage: &waE2E.ContactsArrayMessage{DisplayName: proto.String(fmt.Sprintf("%d contacts", len(all))),
		Contacts: all, ContextInfo: context}}}
}

func composeFile(c core.Content, context *waE2E.ContextInfo) (composed, error) {
	switch n := core.UnitRunes.Len(c.Text); {
	case c.Media == nil || c.Media.ID == "" && !strings.HasPrefix(c.Media.URL, "https://") && !strings.HasPrefix(c.Media.URL, "http://"):
		return composed{}, core.Unsendable("The message's file is nowhere to be found.", "Attach it again.")
	case n > captionLimit:
		return composed{}, core.Unsendable(fmt.Sprintf("The caption has %d characters; WhatsApp takes %d.", n, captionLimit), "Send the text by itself.")
	}
	o := composed{message: &waE2E.Message{}, media: c.Media}
	mime, caption := some(c.Media.MIME), some(c.Text)
	switch c.Kind {
	case core.KindImage:
		o.as, o.put = whatsmeow.MediaImage, func(m *waE2E.Message, up whatsmeow.UploadResponse) {
			m.ImageMessage = &waE2E.ImageMessage{Caption: caption, Mimetype: mime, ContextInfo: context, URL: &up.URL, DirectPath: &up.DirectPath, MediaKey: up.MediaKey,
				FileEncSHA256: up.FileEncSHA256, FileSHA256: up.FileSHA256, FileLength: &up.FileLength}
		}
	case core.KindVideo:
		o.as, o.put = whatsmeow.MediaVideo, func(m *waE2E.Message, up whatsmeow.UploadResponse) {
			m.VideoMessage = &waE2E.VideoMessage{Caption: caption, Mimetype: mime, ContextInfo: context, GifPlayback: proto.Bool(c.Media.Animated), URL: &up.URL, DirectPath: &up.DirectPath,
				MediaKey: up.MediaKey, FileEncSHA256: up.FileEncSHA256, FileSHA256: up.FileSHA256, FileLength: &up.FileLength}
		}
	case core.KindSticker:
		o.as, o.put = whatsmeow.MediaImage, func(m *waE2E.Message, up whatsmeow.UploadResponse) {
			m.StickerMessage = &waE2E.StickerMessage{Mimetype: mime, ContextInfo: context, IsAnimated: proto.Bool(c.Media.Animated), URL: &up.URL, DirectPath: &up.DirectPath,
				MediaKey: up.MediaKey, FileEncSHA256: up.FileEncSHA256, FileSHA256: up.FileSHA256, FileLength: &up.FileLength}
		}
	case core.KindAudio, core.KindVoice:
		o.as, o.put = whatsmeow.MediaAudio, putAudio(c, context)
	default:
		name := cmp.Or(c.Media.Name, "document")
		o.as, o.put = whatsmeow.MediaDocument, func(m *waE2E.Message, up whatsmeow.UploadResponse) {
			m.DocumentMessage = &waE2E.DocumentMessage{Caption: caption, Mimetype: proto.String(cmp.Or(c.Media.MIME, "application/octet-stream")), Title: &name, FileName: &name, ContextInfo: context,
				URL: &up.URL, DirectPath: &up.DirectPath, MediaKey: up.MediaKey, FileEncSHA256: up.FileEncSHA256, FileSHA256: up.FileSHA256, FileLength: &up.FileLength}
		}
	}
	return o, nil
}

// putAudio sends audio, a voice note as what the apps play at once: they know those by their codec.
func putAudio(c core.Content, context *waE2E.ContextInfo) func(*waE2E.Message, whatsmeow.UploadResponse) {
	mime := c.Media.MIME
	if c.Kind == core.KindVoice {
		mime = "audio/ogg; codecs=opus"
	}
	return func(m *waE2E.Message, up whatsmeow.UploadResponse) {
		m.AudioMessage = &waE2E.AudioMessage{Mimetype: some(mime), PTT: proto.Bool(c.Kind == core.KindVoice), ContextInfo: context, URL: &up.URL, DirectPath: &up.DirectPath,
			MediaKey: up.MediaKey, FileEncSHA256: up.FileEncSHA256, FileSHA256: up.FileSHA256, FileLength: &up.FileLength}
	}
}

// quoting refers to the message answered to, nil for none. The apps show that one as they have it themselves.
func quoting(q *core.Quote, own string) *waE2E.ContextInfo {
	if q == nil {
		return nil
	}
	r, ok := refOf(q.Provider)
	if !ok {
		return nil
	}
	author := r.chat.String()
	switch {
	case r.ours:
		author = own
	case !r.sender.IsEmpty():
		author = r.sender.String()
	}
	return &waE2E.ContextInfo{StanzaID: proto.String(r.id), Participant: &author, QuotedMessage: &waE2E.Message{Conversation: proto.String("")}}
}
