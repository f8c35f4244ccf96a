package whatsapptest

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"go.mau.fi/whatsmeow"
	wa "go.mau.fi/whatsmeow/binary"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/util/cbcutil"
	"go.mau.fi/whatsmeow/util/hkdfutil"
	"google.golang.org/protobuf/proto"
)

// biggest is how much a client may upload.
const biggest = 64 << 20

// mediaConnection names the media servers, which are this one whatever they are called.
func mediaConnection() wa.Node {
	return wa.Node{Tag: "media_conn", Attrs: wa.Attrs{"auth": "fake", "ttl": 3600, "auth_ttl": 3600, "max_buckets": 12},
		Content: []wa.Node{{Tag: "host", Attrs: wa.Attrs{"hostname": "mmg.whatsapp.net"}}}}
}

// serveMedia stores what is uploaded, gives out what is stored and forgets what is deleted.
func (s *Server) serveMedia(w http.ResponseWriter, r *http.Request) {
	token := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
	switch r.Method {
	case http.MethodPost:
		raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, biggest))
		if err != nil {
			return
		}
		path := s.store(token, raw)
		_ = json.NewEncoder(w).Encode(map[string]string{"url": "https://mmg.whatsapp.net" + path, "direct_path": path, "handle": token})
	case http.MethodGet:
		s.mu.Lock()
		raw, status, stuck := s.media[token], s.faults.media, s.faults.stuck
		s.asked++
		if _, was := s.expired[token]; was && status == 0 {
			status = gone
		}
		s.mu.Unlock()
		if stuck != nil {
			select {
			case <-stuck:
			case <-r.Context().Done():
			}
			return
		}
		if status == 0 && raw == nil {
			status = http.StatusNotFound
		}
		if status != 0 {
			http.Error(w, "", status)
			return
		}
		_, _ = w.Write(raw)
	case http.MethodDelete:
		s.change(func() { delete(s.media, token) })
	}
}

// store keeps encrypted media and returns the path that messages name.
func (s *Server) store(token string, raw []byte) string {
	s.change(func() { s.media[token] = raw })
	return "/v/t62.7118-24/" + token + "?ccb=11-4&oh=fake&oe=fake"
}

// attachment is what a message says of its media.
type attachment struct {
	path             string
	key, sum, encSum []byte
	size             uint64
}

// attach encrypts a file and stores it.
func (s *Server) attach(file []byte, kind whatsmeow.MediaType) attachment {
	key := make([]byte, 32)
	_, _ = rand.Read(key)
	iv, cipherKey, macKey := mediaKeys(key, kind)
	raw, err := cbcutil.Encrypt(cipherKey, iv, file)
	if err != nil {
		s.t.Fatalf("encrypt a file: %v", err)
	}
	mac := hmac.New(sha256.New, macKey)
	mac.Write(iv)
	mac.Write(raw)
	raw = append(raw, mac.Sum(nil)[:10]...)
	sum, encSum := sha256.Sum256(file), sha256.Sum256(raw)
	return attachment{s.store(base64.RawURLEncoding.EncodeToString(encSum[:]), raw), key, sum[:], encSum[:], uint64(len(file))}
}

func mediaKeys(key []byte, kind whatsmeow.MediaType) (iv, cipherKey, macKey []byte) {
	k := hkdfutil.SHA256(key, nil, []byte(kind), 112)
	return k[:16], k[16:48], k[48:80]
}

// Picture is the content of a picture.
func (s *Server) Picture(file []byte, caption string) *waE2E.Message {
	a := s.attach(file, whatsmeow.MediaImage)
	return &waE2E.Message{ImageMessage: &waE2E.ImageMessage{URL: proto.String("https://mmg.whatsapp.net" + a.path), DirectPath: &a.path, MediaKey: a.key,
		FileSHA256: a.sum, FileEncSHA256: a.encSum, FileLength: &a.size, Mimetype: proto.String(http.DetectContentType(file)), Caption: &caption}}
}

// Sound is the content of a recording; a voice message is one that was just spoken.
func (s *Server) Sound(file []byte, voice bool) *waE2E.Message {
	a := s.attach(file, whatsmeow.MediaAudio)
	return &waE2E.Message{AudioMessage: &waE2E.AudioMessage{URL: proto.String("https://mmg.whatsapp.net" + a.path), DirectPath: &a.path, MediaKey: a.key,
		FileSHA256: a.sum, FileEncSHA256: a.encSum, FileLength: &a.size, Mimetype: proto.String("audio/ogg; codecs=opus"), PTT: &voice, Seconds: proto.Uint32(3)}}
}

// Film is the content of a video.
func (s *Server) Film(file []byte, caption string) *waE2E.Message {
	a := s.attach(file, whatsmeow.MediaVideo)
	return &waE2E.Message{VideoMessage: &waE2E.VideoMessage{URL: proto.String("https://mmg.whatsapp.net" + a.path), DirectPath: &a.path, MediaKey: a.key,
		FileSHA256: a.sum, FileEncSHA256: a.encSum, FileLength: &a.size, Mimetype: proto.String("video/mp4"), Caption: &caption}}
}

// Paper is the content of a document.
func (s *Server) Paper(file []byte, name, mime, caption string) *waE2E.Message {
	a := s.attach(file, whatsmeow.MediaDocument)
	return &waE2E.Message{DocumentMessage: &waE2E.DocumentMessage{URL: proto.String("https://mmg.whatsapp.net" + a.path), DirectPath: &a.path, MediaKey: a.key,
		FileSHA256: a.sum, FileEncSHA256: a.encSum, FileLength: &a.size, Mimetype: &mime, FileName: &name, Title: &name, Caption: &caption}}
}

// Image sends a picture.
func (c *Contact) Image(file []byte, caption string, options ...SendOption) Message {
	c.server.t.Helper()
	return c.Send(c.server.Picture(file, caption), options...)
}

// Audio sends a recording, or a voice message.
func (c *Contact) Audio(file []byte, voice bool, options ...SendOption) Message {
	c.server.t.Helper()
	return c.Send(c.server.Sound(file, voice), options...)
}

// Video sends a film.
func (c *Contact) Video(file []byte, caption string, options ...SendOption) Message {
	c.server.t.Helper()
	return c.Send(c.server.Film(file, caption), options...)
}

// Document sends a file.
func (c *Contact) Document(file []byte, name, mime string, options ...SendOption) Message {
	c.server.t.Helper()
	return c.Send(c.server.Paper(file, name, mime, ""), options...)
}

// File is what the message's media holds; the test fails if there is none, or if it cannot be decrypted.
func (r Received) File() []byte {
	s := r.server
	s.t.Helper()
	m, kind := mediaIn(r.Content)
	if m == nil {
		s.t.Fatalf("message %s has no media", r.ID)
	}
	file, err := s.fetch(m, kind)
	if err != nil {
		s.t.Fatalf("the media of %s: %v", r.ID, err)
	}
	return file
}

// mediaIn is a message's media and its kind, nil if it has none.
func mediaIn(m *waE2E.Message) (whatsmeow.DownloadableMessage, whatsmeow.MediaType) {
	if inner := m.GetDeviceSentMessage().GetMessage(); inner != nil {
		m = inner
	}
	if inner := m.GetViewOnceMessageV2().GetMessage(); inner != nil {
		m = inner
	}
	if inner := m.GetDocumentWithCaptionMessage().GetMessage(); inner != nil {
		m = inner
	}
	switch {
	case m.GetImageMessage() != nil:
		return m.ImageMessage, whatsmeow.MediaImage
	case m.GetVideoMessage() != nil:
		return m.VideoMessage, whatsmeow.MediaVideo
	case m.GetAudioMessage() != nil:
		return m.AudioMessage, whatsmeow.MediaAudio
	case m.GetDocumentMessage() != nil:
		return m.DocumentMessage, whatsmeow.MediaDocument
	case m.GetStickerMessage() != nil:
		return m.StickerMessage, whatsmeow.MediaImage
	}
	return nil, ""
}

// fetch reads stored media as the app of the one who got it does.
func (s *Server) fetch(m whatsmeow.DownloadableMessage, kind whatsmeow.MediaType) ([]byte, error) {
	path, _, _ := strings.Cut(m.GetDirectPath(), "?")
	s.mu.Lock()
	raw := s.media[path[strings.LastIndexByte(path, '/')+1:]]
	s.mu.Unlock()
	if sum := sha256.Sum256(raw); len(raw) < 10 || !hmac.Equal(sum[:], m.GetFileEncSHA256()) {
		return nil, fmt.Errorf("at %s lie %d bytes with another sum", path, len(raw))
	}
	iv, cipherKey, macKey := mediaKeys(m.GetMediaKey(), kind)
	raw, tag := raw[:len(raw)-10], raw[len(raw)-10:]
	mac := hmac.New(sha256.New, macKey)
	mac.Write(iv)
	mac.Write(raw)
	if !hmac.Equal(mac.Sum(nil)[:10], tag) {
		return nil, fmt.Errorf("what lies at %s was changed", path)
	}
	file, err := cbcutil.Decrypt(cipherKey, iv, append([]byte(nil), raw...))
	if err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(file); !hmac.Equal(sum[:], m.GetFileSHA256()) {
		return nil, fmt.Errorf("the file at %s has another sum", path)
	}
	return file, nil
}
