package forward

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strings"

	"causeway/core"
	"causeway/core/forward/cut"

	"github.com/google/uuid"
)

const (
	logoSize  = 20 << 10 // a picture up to this, seen in an earlier mail of the agent, is part of their signature
	mostLogos = 200
)

// attachments stores an agent's files and returns them as contents, or a notice about the first that the channel cannot carry. pictures
// are the content ids that the agent's own text shows; other inline ones belong to quotes and signatures.
func (w *writer) attachments(ctx context.Context, m core.Mail, in Incoming, pictures map[string]bool) ([]core.Content, *core.Notice, error) {
	var all []core.Content
	for i, file := range in.Files {
		switch {
		case len(file.Data) == 0 || seal(file) || file.Inline && !pictures[file.ContentID]:
			continue
		case file.MIME == "application/ms-tnef" || strings.EqualFold(file.Name, "winmail.dat"):
			return nil, w.question(m, "winmail"), nil
		case sealed(in, file):
			return nil, w.question(m, "sealed"), nil
		}
		if logo, err := w.logo(ctx, m, file); logo || err != nil {
			if err != nil {
				return nil, nil, err
			}
			continue
		}
		c, notice, err := w.attachment(ctx, m, i, file)
		if notice != nil || err != nil {
			return nil, notice, err
		}
		all = append(all, c)
	}
	return all, nil, nil
}

// seal reports whether a file only proves a mail, and is nothing to send on.
func seal(f IncomingFile) bool {
	return slices.Contains([]string{"application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature", "application/pgp-keys"}, f.MIME) ||
		strings.EqualFold(f.Name, "smime.p7s")
}

// sealed reports whether a file is the mail itself, encrypted or packed up in its signature.
func sealed(in Incoming, f IncomingFile) bool {
	return slices.Contains([]string{"application/pkcs7-mime", "application/x-pkcs7-mime", "application/pgp-encrypted"}, f.MIME) || in.Type == "multipart/encrypted" ||
		strings.EqualFold(f.Name, "smime.p7m")
}

// attachment stores one file. Its id comes from the mail's, so that the same mail again gives the same message.
func (w *writer) attachment(ctx context.Context, m core.Mail, i int, file IncomingFile) (core.Content, *core.Notice, error) {
	can, err := w.Capabilities(ctx, w.conv.Channel)
	if err != nil {
		return core.Content{}, nil, fmt.Errorf("what the channel can carry: %w", err)
	}
	media := core.Media{ID: core.MediaID(uuid.NewSHA1(mailSpace(m.ID), fmt.Append(nil, "file ", i)).String()),
		MIME: mediaType(file), Name: core.FileName(file.Name), Size: int64(len(file.Data))}
	kind := can.Carried(w.Converter, media.MIME, media.Size)
	if kind == "" && w.LinksFiles {
		kind = core.FileKind(media.MIME)
	}
	if kind == "" {
		return core.Content{}, w.uncarried(m, can, media), nil
	}
	media.Name = fileName(kind, media)
	f := core.File{ID: media.ID, Channel: w.conv.Channel, Conversation: w.conv.ID, Media: media, State: core.FileHere, Blob: "media/" + string(media.ID), Created: m.Received}
	if err := w.keep(ctx, w.repo, f, file.Data); err != nil {
		return core.Content{}, nil, err
	}
	return core.Content{Kind: kind, Media: &media}, nil, nil
}

// keep stores a file that came with a mail. The same file again changes nothing.
func (f *Forwarder) keep(ctx context.Context, repo core.Repo, file core.File, data []byte) error {
	if _, err := f.Blobs.Put(ctx, file.Blob, bytes.NewReader(data)); err != nil {
		return fmt.Errorf("keep file of mail: %w", err)
	}
	if err := repo.AddFile(ctx, file); err != nil && !errors.Is(err, core.ErrDuplicate) {
		return fmt.Errorf("add file of mail: %w", err)
	}
	return nil
}

// uncarried says that the channel does not take a file, and what would help.
func (w *writer) uncarried(m core.Mail, can core.Capabilities, media core.Media) *core.Notice {
	values := []string{"channel", w.title, "file", media.Name, "type", media.MIME, "size", core.Bytes(media.Size)}
	change, ok := can.Conversion(core.Content{Kind: core.FileKind(media.MIME), Media: &media})
	if !ok || change.Most == 0 {
		return w.question(m, "uncarried", values...)
	}
	return w.question(m, "unconverted", append(values, "to", change.To, "most", core.Bytes(change.Most))...)
}

func mailSpace(id core.MailID) uuid.UUID {
	if u, err := uuid.Parse(string(id)); err == nil {
		return u
	}
	return uuid.NewSHA1(uuid.Nil, []byte(id))
}

// mediaType finds a file's type where the mail program did not know it.
func mediaType(f IncomingFile) string {
	if media := core.MediaType(f.MIME); media != "" && media != "application/octet-stream" {
		return media
	}
	for _, guess := range []string{mime.TypeByExtension(strings.ToLower(path.Ext(f.Name))), http.DetectContentType(f.Data)} {
		if media := core.MediaType(guess); media != "" {
			return media
		}
	}
	return "application/octet-stream"
}

// logo reports whether an inline picture came with earlier mails of the agent too, and remembers it.
func (w *writer) logo(ctx context.Context, m core.Mail, file IncomingFile) (bool, error) {
	if !file.Inline || len(file.Data) > logoSize {
		return false, nil
	}
	raw, err := w.repo.Value(ctx, "agent/"+string(m.Agent), "pictures")
	if err != nil {
		return false, fmt.Errorf("pictures of agent: %w", err)
	}
	known := map[string]core.MailID{}
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &known); err != nil {
			return false, fmt.Errorf("pictures of agent: %w", err)
		}
	}
	sum := sha256.Sum256(file.Data)
	name := hex.EncodeToString(sum[:12])
	if first, seen := known[name]; seen {
		return first != m.ID, nil
	}
	if len(known) >= mostLogos {
		clear(known)
	}
	known[name] = m.ID
	if raw, err = json.Marshal(known); err != nil {
		return false, fmt.Errorf("pictures of agent: %w", err)
	}
	return false, w.repo.SetValue(ctx, "agent/"+string(m.Agent), "pictures", raw)
}

var pictureMark = regexp.MustCompile(`\[(?:cid:[^\]\s]+|(?i:image): ?[^\]\n]*)\]`)

// withoutPictures takes out what mail programs write into the text in place of pictures.
func withoutPictures(text string) string {
	return strings.TrimSpace(pictureMark.ReplaceAllString(text, ""))
}

// inlined returns the content ids of the pictures that the agent's own text shows, or names where there is no HTML.
func inlined(in Incoming, r cut.Result) map[string]bool {
	own := map[string]bool{}
	for _, id := range r.Pictures {
		own[id] = true
	}
	for _, f := range in.Files {
		if f.Inline && f.ContentID != "" && strings.Contains(r.Text, "[cid:"+f.ContentID+"]") {
			own[f.ContentID] = true
		}
	}
	return own
}
