package whatsappdevice

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"causeway/core"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/proto/waMmsRetry"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"
)

const (
	largestFile  = 2 << 30          // what WhatsApp carries
	fileSlack    = 1 << 20          // a file may be larger than its message says: by the padding, and by little else
	phoneAnswers = 20 * time.Second // how long the phone has to bring a file back
)

// fileRef is what a file is fetched by, kept as the provider's id of the medium: where it lies, what it is encrypted with, and the message it belongs
// to, by which the phone can be asked for it again.
type fileRef struct {
	Type    whatsmeow.MediaType `json:"type"`
	Path    string              `json:"path"`
	Key     []byte              `json:"key"`
	Sealed  []byte              `json:"sealed"` // SHA-256 of the encrypted file
	Plain   []byte              `json:"plain"`  // SHA-256 of the file
	Message string              `json:"message,omitempty"`
}

// asset is a message that is a file.
type asset interface {
	whatsmeow.DownloadableMessage
	GetMimetype() string
	GetFileLength() uint64
	GetContextInfo() *waE2E.ContextInfo
}

// sayFile reads pictures, videos, voice notes and the like.
func sayFile(m *waE2E.Message) (said, bool) {
	switch {
	case m.GetImageMessage() != nil:
		f := m.GetImageMessage()
		return file(core.KindImage, whatsmeow.MediaImage, f, f.GetCaption()), true
	case m.GetVideoMessage() != nil:
		f := m.GetVideoMessage()
		s := file(core.KindVideo, whatsmeow.MediaVideo, f, f.GetCaption())
		s.Media.Animated = f.GetGifPlayback()
		return s, true
	case m.GetPtvMessage() != nil: // a round video note
		return file(core.KindVideo, whatsmeow.MediaVideo, m.GetPtvMessage(), ""), true
	case m.GetAudioMessage() != nil:
		f, kind := m.GetAudioMessage(), core.KindAudio
		if f.GetPTT() {
			kind = core.KindVoice
		}
		return file(kind, whatsmeow.MediaAudio, f, ""), true
	case m.GetDocumentMessage() != nil:
		f := m.GetDocumentMessage()
		s := file(core.KindDocument, whatsmeow.MediaDocument, f, f.GetCaption())
		s.Media.Name = plain(cmp.Or(f.GetFileName(), f.GetTitle()))
		return s, true
	case m.GetStickerMessage() != nil:
		f := m.GetStickerMessage()
		s := file(core.KindSticker, whatsmeow.MediaImage, f, "")
		s.Media.Animated = f.GetIsAnimated() || f.GetIsLottie()
		return s, true
	}
	return said{}, false
}

func file(kind core.ContentKind, t whatsmeow.MediaType, f asset, caption string) said {
	mime, _, _ := strings.Cut(f.GetMimetype(), ";")
	r := fileRef{Type: t, Path: f.GetDirectPath(), Key: f.GetMediaKey(), Sealed: f.GetFileEncSHA256(), Plain: f.GetFileSHA256()}
	m := &core.Media{Provider: r.String(), MIME: plain(strings.ToLower(strings.TrimSpace(mime))), Size: int64(min(f.GetFileLength(), 1<<62)), SHA256: fmt.Sprintf("%x", f.GetFileSHA256())} //nolint:gosec // bounded
	return said{context: f.GetContextInfo(), Content: core.Content{Kind: kind, Text: plain(caption), Media: m}}
}

func (r fileRef) String() string {
	raw, _ := json.Marshal(r)
	return string(raw)
}

// of says which message a file belongs to.
func (s *said) of(message ref) {
	var r fileRef
	if s.Media == nil || json.Unmarshal([]byte(s.Media.Provider), &r) != nil {
		return
	}
	r.Message = message.String()
	s.Media.Provider = r.String()
}

// nowhere reports whether it has a file that is not said to lie anywhere.
func (s *said) nowhere() bool {
	var r fileRef
	return s.Media != nil && json.Unmarshal([]byte(s.Media.Provider), &r) == nil && r.Path == ""
}

// Fetch implements core.MediaLink. A file that WhatsApp's servers have no more is asked for at the phone.
func (l *link) Fetch(ctx context.Context, m core.Media) (core.Download, error) {
	d := core.Download{MIME: m.MIME, Name: m.Name, Size: -1}
	var r fileRef
	if json.Unmarshal([]byte(m.Provider), &r) != nil || r.Path == "" {
		return d, fmt.Errorf("the message does not say where its file is: %w", core.ErrMediaGone)
	}
	s, err := l.session()
	if err != nil {
		return d, err
	}
	f, err := os.CreateTemp("", "causeway-whatsapp-*")
	if err != nil {
		return d, fmt.Errorf("make room for a file: %w", err)
	}
	into := &temporary{f}
	if err := s.download(ctx, r, &bounded{File: f, left: room(m.Size)}); err != nil {
		return d, errors.Join(err, into.Close())
	}
	if d.Size, err = f.Seek(0, io.SeekEnd); err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		return d, errors.Join(fmt.Errorf("rewind file: %w", err), into.Close())
	}
	d.Body = into
	return d, nil
}

// room is how much may come of a file whose message tells its size, 0 if it does not.
func room(told int64) int64 {
	if told <= 0 || told > largestFile {
		return largestFile
	}
	return told + fileSlack
}

// bounded is a file that takes so many bytes and no more. What is written again after a failed try counts anew.
type bounded struct {
	*os.File
	left int64
}

func (b *bounded) Write(p []byte) (int, error) {
	at, err := b.Seek(0, io.SeekCurrent)
	if err != nil {
		return 0, err
	}
	if at+int64(len(p)) > b.left {
		return 0, core.Problemf(core.CodeTooLarge, "The file is larger than its message says.")
	}
	return b.File.Write(p)
}

// temporary is a file that is gone when it is closed.
type temporary struct{ *os.File }

func (t *temporary) Close() error {
	return errors.Join(t.File.Close(), os.Remove(t.Name()))
}

// download brings a file, by way of the phone if need be.
func (s *session) download(ctx context.Context, r fileRef, into whatsmeow.File) error {
	err := s.client.DownloadMediaWithPathToFile(ctx, r.Path, r.Sealed, r.Plain, r.Key, r.Type, "", false, into)
	if !missing(err) {
		return s.downloaded(err)
	}
	message, known := refOf(r.Message)
	if !known {
		return fmt.Errorf("WhatsApp has the file no more: %w", core.ErrMediaGone)
	}
	path, err := s.askPhone(ctx, r, message)
	if err != nil {
		return err
	}
	return s.downloaded(s.client.DownloadMediaWithPathToFile(ctx, path, r.Sealed, r.Plain, r.Key, r.Type, "", false, into))
}

func (s *session) downloaded(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, whatsmeow.ErrInvalidMediaSHA256), errors.Is(err, whatsmeow.ErrInvalidMediaEncSHA256), errors.Is(err, whatsmeow.ErrInvalidMediaHMAC):
		return fmt.Errorf("the file is not what its message says: %w: %w", err, core.ErrMediaGone)
	}
	return fmt.Errorf("fetch file from WhatsApp: %w", err)
}

func missing(err error) bool {
	return errors.Is(err, whatsmeow.ErrMediaDownloadFailedWith403) || errors.Is(err, whatsmeow.ErrMediaDownloadFailedWith404) || errors.Is(err, whatsmeow.ErrMediaDownloadFailedWith410)
}

// askPhone has the phone bring a file back, and returns where it is then.
func (s *session) askPhone(ctx context.Context, r fileRef, message ref) (string, error) {
	answer := s.expectFile(message.id)
	defer s.forgetFile(message.id)
	info := &types.MessageInfo{ID: message.id, MessageSource: types.MessageSource{Chat: message.chat, Sender: message.sender, IsFromMe: message.ours, IsGroup: message.chat.Server == types.GroupServer}}
	if err := s.client.SendMediaRetryReceipt(ctx, info, r.Key); err != nil {
		return "", fmt.Errorf("ask the phone for a file: %w", err)
	}
	select {
	case <-ctx.Done():
		return "", fmt.Errorf("wait for the phone: %w", ctx.Err())
	case <-time.After(phoneAnswers):
		return "", errors.New("the phone does not answer; it is asked for the file again later")
	case e := <-answer:
		return newPath(e, r.Key)
	}
}

func newPath(e *events.MediaRetry, key []byte) (string, error) {
	told, err := whatsmeow.DecryptMediaRetryNotification(e, key)
	switch {
	case errors.Is(err, whatsmeow.ErrMediaNotAvailableOnPhone) || err == nil && told.GetResult() == waMmsRetry.MediaRetryNotification_NOT_FOUND:
		return "", fmt.Errorf("the phone has the file no more: %w", core.ErrMediaGone)
	case err != nil:
		return "", fmt.Errorf("the phone's answer about a file: %w", err)
	case told.GetResult() != waMmsRetry.MediaRetryNotification_SUCCESS || told.GetDirectPath() == "":
		return "", fmt.Errorf("the phone did not bring the file (%s)", told.GetResult())
	}
	return told.GetDirectPath(), nil
}

// expectFile makes room for the phone's answer.
func (s *session) expectFile(id types.MessageID) <-chan *events.MediaRetry {
	s.mu.Lock()
	defer s.mu.Unlock()
	answer := make(chan *events.MediaRetry, 1)
	s.files[id] = answer
	return answer
}

func (s *session) forgetFile(id types.MessageID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.files, id)
}

// fileAnswered hands the phone's answer to who waits for it.
func (s *session) fileAnswered(e *events.MediaRetry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if waits := s.files[e.MessageID]; waits != nil {
		select {
		case waits <- e:
		default:
		}
	}
}
