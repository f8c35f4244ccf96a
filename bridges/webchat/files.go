package webchat

import (
	"bytes"
	"cmp"
	"crypto/hmac"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"causeway/core"
)

const (
	linkFor = 24 * time.Hour
	// keepFiles is how long a visitor sees again what they sent; the agents' copy is the gateway's.
	keepFiles = 30 * 24 * time.Hour
)

// fileDoor is below which files are.
const fileDoor = "/v1/files/"

// fileURL is the address of a file, relative to that of the calls. It says all that is needed to serve it, is signed, and ends: an <img> cannot send a
// token.
func (l *link) fileURL(f file) string {
	until := l.host.Now().Add(linkFor).Truncate(time.Hour).Add(time.Hour) // the same for an hour: browsers keep what they have
	q := url.Values{"n": {f.Name}, "t": {f.MIME}, "e": {strconv.FormatInt(until.Unix(), 10)}}
	q.Set("s", l.fileSum(f.ID, q))
	q.Set("key", string(l.channel.ID))
	return "files/" + url.PathEscape(f.ID) + "?" + q.Encode()
}

func (l *link) fileSum(id string, q url.Values) string {
	text, _ := url.QueryUnescape(id) // ids are plain; the signature is over what they mean
	sum := l.conf.mac("file", strings.Join([]string{text, url.QueryEscape(q.Get("n")), url.QueryEscape(q.Get("t")), q.Get("e")}, "\n"))
	return base64.RawURLEncoding.EncodeToString(sum)
}

// shown are the kinds of files that a browser may show in place; every other is offered for saving.
var shown = map[string]bool{"image/jpeg": true, "image/png": true, "image/gif": true, "image/webp": true, "audio/mpeg": true, "audio/ogg": true, "audio/mp4": true, "video/mp4": true, "video/webm": true}

// answerFile serves a file to whoever has its address.
func (l *link) answerFile(w http.ResponseWriter, r *http.Request) error {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return errMethod
	}
	id, q := strings.TrimPrefix(r.URL.Path, fileDoor), r.URL.Query()
	if !hmac.Equal([]byte(q.Get("s")), []byte(l.fileSum(id, q))) {
		return errNowhere
	}
	until, err := strconv.ParseInt(q.Get("e"), 10, 64)
	if err != nil || l.host.Now().Unix() >= until {
		return errGone
	}
	content, err := l.openFile(r, id)
	if err != nil {
		return err
	}
	defer content.Close()
	kind, how := q.Get("t"), "inline"
	if !shown[kind] {
		kind, how = "application/octet-stream", "attachment"
	}
	head := w.Header()
	head.Set("Content-Type", kind)
	head.Set("Content-Disposition", cmp.Or(mime.FormatMediaType(how, map[string]string{"filename": q.Get("n")}), how))
	head.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	head.Set("Cache-Control", "private, max-age=3600")
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(5 * time.Minute))
	if whole, ok := content.(io.ReadSeeker); ok { // players ask for parts
		http.ServeContent(w, r, "", time.Time{}, whole)
		return nil
	}
	if r.Method == http.MethodGet {
		_, _ = io.Copy(w, content) // the visitor went away
	}
	return nil
}

// inMemory is a file that is read from any place.
type inMemory struct{ *bytes.Reader }

func (inMemory) Close() error { return nil }

func (l *link) openFile(r *http.Request, id string) (io.ReadCloser, error) {
	if media, ours := strings.CutPrefix(id, "m-"); ours {
		content, err := l.host.Open(r.Context(), core.MediaID(media))
		if core.CodeOf(err) == core.CodeNotFound || errors.Is(err, core.ErrNotFound) {
			return nil, errGone
		}
		return content, err
	}
	raw, err := l.host.Load(r.Context(), fileKey(strings.TrimPrefix(id, "v-")))
	if err != nil {
		return nil, fmt.Errorf("read visitor's file: %w", err)
	}
	if len(raw) == 0 {
		return nil, errGone
	}
	return inMemory{bytes.NewReader(raw)}, nil
}
