package simulator

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
)

// mediaFile is a file that the platform keeps.
type mediaFile struct {
	id, mime, name string
	data           []byte
	sum            [sha256.Size]byte
	owner          *Business
	until          time.Time // then it is gone
}

// How long the platform keeps files, and how long a download link works.
const (
	keepUploaded = 30 * 24 * time.Hour
	keepInbound  = 7 * 24 * time.Hour
)

// SendImage sends a picture; MIME may be empty for JPEG.
func (c *Customer) SendImage(name string, data []byte, mime, caption string) string {
	return c.sendFile("image", Media{Name: name, Data: data, MIME: cmp.Or(mime, "image/jpeg")}, caption)
}

// SendVideo sends a film.
func (c *Customer) SendVideo(name string, data []byte, mime, caption string) string {
	return c.sendFile("video", Media{Name: name, Data: data, MIME: cmp.Or(mime, "video/mp4")}, caption)
}

// SendDocument sends a file with its name.
func (c *Customer) SendDocument(name string, data []byte, mime, caption string) string {
	return c.sendFile("document", Media{Name: name, Data: data, MIME: cmp.Or(mime, "application/pdf")}, caption)
}

// SendVoice sends a voice note.
func (c *Customer) SendVoice(data []byte) string {
	return c.sendFile("audio", Media{Data: data, MIME: "audio/ogg; codecs=opus", Voice: true}, "")
}

// SendAudio sends a sound file.
func (c *Customer) SendAudio(data []byte, mime string) string {
	return c.sendFile("audio", Media{Data: data, MIME: cmp.Or(mime, "audio/mpeg")}, "")
}

// SendSticker sends a WebP sticker.
func (c *Customer) SendSticker(data []byte) string {
	return c.sendFile("sticker", Media{Data: data, MIME: "image/webp"}, "")
}

// SendFile picks the kind of message by the MIME type, as the phone's share sheet does.
func (c *Customer) SendFile(name string, data []byte, mime, caption string) string {
	kind := "document"
	switch class, _, _ := strings.Cut(mime, "/"); {
	case mime == "image/jpeg", mime == "image/png":
		kind = "image"
	case class == "video", class == "audio":
		kind = class
	}
	return c.sendFile(kind, Media{Name: name, Data: data, MIME: mime}, caption)
}

func (c *Customer) sendFile(kind string, m Media, caption string) string {
	m.ID = c.sim.keep(c.biz, m.Name, m.MIME, m.Data, keepInbound)
	return c.do(act{
		kind: kind, body: c.sim.mediaObject(&m, caption), opens: true,
		message: &ChatMessage{Media: &m, Text: caption},
	})
}

// mediaObject is how a webhook describes a file.
func (s *Simulator) mediaObject(m *Media, caption string) obj {
	sum := sha256.Sum256(m.Data)
	o := obj{"id": m.ID, "mime_type": m.MIME, "sha256": base64.StdEncoding.EncodeToString(sum[:])}
	switch {
	case strings.HasPrefix(m.MIME, "audio/"):
		o["voice"] = m.Voice
	case m.MIME == "image/webp":
		o["animated"] = false
	case m.Name != "" && !strings.HasPrefix(m.MIME, "image/") && !strings.HasPrefix(m.MIME, "video/"):
		o["filename"] = m.Name
	}
	if caption != "" {
		o["caption"] = caption
	}
	if s.opts.PublicURL != "" {
		o["url"] = s.mediaURL(s.opts.PublicURL, m.ID, sum)
	}
	return o
}

// mediaURL is the download link. The platform's own has random words as well.
func (s *Simulator) mediaURL(base, id string, sum [sha256.Size]byte) string {
	return fmt.Sprintf("%s/whatsapp_business/attachments/?mid=%s&source=getMedia&ext=%d&hash=%s",
		strings.TrimSuffix(base, "/"), id, s.Now().Add(5*time.Minute).Unix(), hex.EncodeToString(sum[:8]))
}

// keep stores a file and returns its id.
func (s *Simulator) keep(owner *Business, name, mime string, data []byte, life time.Duration) string {
	f := &mediaFile{
		id: digits(16), name: name, mime: mime, data: data,
		sum: sha256.Sum256(data), owner: owner, until: s.Now().Add(life),
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.media[f.id] = f
	return f.id
}

// DeleteMedia makes a file disappear, as if its time were up.
func (s *Simulator) DeleteMedia(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.media[id]
	delete(s.media, id)
	return ok
}

// file finds a file that is still there. Callers hold mu.
func (s *Simulator) file(id string) *mediaFile {
	f := s.media[id]
	if f == nil || s.Now().After(f.until) {
		return nil
	}
	return f
}
