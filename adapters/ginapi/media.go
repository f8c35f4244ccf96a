package ginapi

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
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

	"github.com/gin-gonic/gin"
)

// SignMedia returns a link to a file that works without a key until it expires. Public is the scheme and host of the gateway; key is the
// Server's MediaKey.
func SignMedia(public string, key []byte, ws core.WorkspaceID, id core.MediaID, expires time.Time) string {
	exp := strconv.FormatInt(expires.Unix(), 10)
	query := url.Values{"ws": {string(ws)}, "exp": {exp}, "sig": {mediaSignature(key, string(ws), string(id), exp)}}
	return strings.TrimRight(public, "/") + mediaPath + url.PathEscape(string(id)) + "?" + query.Encode()
}

// mediaSignature covers everything a link says. The parts hold no line breaks: ids are plausible, and exp is a number.
func mediaSignature(key []byte, ws, id, exp string) string {
	mac := hmac.New(sha256.New, key)
	_, _ = io.WriteString(mac, "causeway media link\n"+ws+"\n"+id+"\n"+exp)
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// signedMedia serves a file to whoever has its link. A forged link looks like one to a file that is not there.
func (s *Server) signedMedia(c *gin.Context) {
	ws, id, exp := c.Query("ws"), c.Param("id"), c.Query("exp")
	want := mediaSignature(s.MediaKey, ws, id, exp)
	if !plausible(ws) || !plausible(id) || !hmac.Equal([]byte(want), []byte(c.Query("sig"))) {
		c.Status(http.StatusNotFound)
		return
	}
	until, err := strconv.ParseInt(exp, 10, 64)
	if err != nil || !s.Now().Before(time.Unix(until, 0)) {
		c.String(http.StatusGone, "This link has expired. Ask for the file in the conversation it came from.\n")
		return
	}
	f, content, err := s.file(c.Request.Context(), core.WorkspaceID(ws), core.MediaID(id))
	if err != nil {
		p := problemOf(c.Request.Context(), s.Log, missing(err, "file"))
		for name, values := range p.GetHeaders() {
			c.Writer.Header()[name] = values
		}
		c.String(p.Status, "%s\n", strings.TrimSpace(p.Detail+" "+p.Remedy))
		return
	}
	defer content.Close()
	serveFile(c.Writer, c.Request, f, content)
}

// file opens a file of a workspace.
func (s *Server) file(ctx context.Context, ws core.WorkspaceID, id core.MediaID) (core.File, io.ReadCloser, error) {
	f, err := s.Store.In(ws).File(ctx, id)
	switch {
	case err != nil:
		return f, nil, err
	case f.State == core.FilePending:
		return f, nil, core.Problemf(core.CodeConflict, "The file has not come from the provider yet.").Remedied("Try again in a minute.")
	case f.State == core.FileDeleted:
		return f, nil, core.Problemf(core.CodeNotFound, "Who sent the file has deleted it.")
	case f.State != core.FileHere:
		return f, nil, core.Problemf(core.CodeNotFound, "The provider does not have this file any more.")
	}
	content, err := s.Blobs.Open(ctx, f.Blob)
	if errors.Is(err, core.ErrNotFound) {
		return f, nil, fmt.Errorf("file %s is not in the blob store: %s", id, f.Blob) // ours to mend: not "not found"
	}
	return f, content, err
}

// serveFile sends what a stranger made: always as a download, never as something that a browser would run in our name.
func serveFile(w http.ResponseWriter, r *http.Request, f core.File, content io.Reader) {
	h := w.Header()
	h.Set("Content-Type", fileType(f.Media.MIME))
	h.Set("Content-Disposition", disposition(f.Media))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	h.Set("Cache-Control", "private, no-store")
	h.Set("Referrer-Policy", "no-referrer")
	out := newSlowWriter(w)
	if seeker, ok := content.(io.ReadSeeker); ok {
		http.ServeContent(out, r, "", time.Time{}, seeker) // knows ranges and the length
		return
	}
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return
	}
	if _, err := io.Copy(out, content); err != nil {
		panic(http.ErrAbortHandler) // half a file must not look whole
	}
}

// fileType is a well-formed media type, the most general one if the provider's is not.
func fileType(declared string) string {
	if kind, params, err := mime.ParseMediaType(declared); err == nil && strings.Contains(kind, "/") {
		if formatted := mime.FormatMediaType(kind, params); formatted != "" {
			return formatted
		}
	}
	return "application/octet-stream"
}

// disposition names the download, without what a file name must not hold.
func disposition(m core.Media) string {
	name := core.FileName(m.Name)
	if name == "" {
		name = "file"
	}
	if formatted := mime.FormatMediaType("attachment", map[string]string{"filename": name}); formatted != "" {
		return formatted
	}
	return "attachment"
}
