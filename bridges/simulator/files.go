package simulator

import (
	"encoding/hex"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
)

// uploadLimit is the platform's limit for uploads of a MIME type, in bytes; not known: it takes none.
func uploadLimit(mimeType string) (limit int, known bool) {
	const mb = 1 << 20
	switch base, _, _ := strings.Cut(mimeType, ";"); base {
	case "image/jpeg", "image/png":
		return 5 * mb, true
	case "image/webp":
		return 500 << 10, true
	case "audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg", "video/mp4", "video/3gpp":
		return 16 * mb, true
	case "text/plain", "application/pdf", "application/msword", "application/vnd.ms-excel", "application/vnd.ms-powerpoint",
		"application/vnd.openxmlformats-officedocument.wordprocessingml.document",
		"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
		"application/vnd.openxmlformats-officedocument.presentationml.presentation":
		return 100 * mb, true
	}
	return 0, false
}

// uploadMedia takes the three parts messaging_product, file and type.
func (s *Simulator) uploadMedia(r *request) reply {
	b := s.ofNumber(r)
	if b == nil {
		return fail(unknownObject(r.id))
	}
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "multipart/form-data" {
		return fail(badRequest("An upload is multipart/form-data."))
	}
	if err := r.ParseMultipartForm(maxBody); err != nil {
		return fail(badRequest("The form cannot be read."))
	}
	defer func() { _ = r.MultipartForm.RemoveAll() }()
	if r.FormValue("messaging_product") != "whatsapp" {
		return fail(badRequest("The parameter messaging_product is required."))
	}
	file, head, err := r.FormFile("file")
	if err != nil {
		return fail(badRequest("The parameter file is required."))
	}
	defer func() { _ = file.Close() }()
	data, err := io.ReadAll(file)
	if err != nil {
		return fail(badRequest("The file cannot be read."))
	}
	// The part's own type decides, as on the platform; the parameter stands in for a missing one.
	kind := head.Header.Get("Content-Type")
	if kind == "" || kind == "application/octet-stream" {
		kind = r.FormValue("type")
	}
	limit, known := uploadLimit(kind)
	switch {
	case !known:
		return fail(badRequest("Param file must be a file with one of the following types: audio/aac, audio/mp4, … " +
			"Received file of type '" + kind + "'."))
	case len(data) > limit:
		return fail(codeError(131053, "The file is larger than "+strconv.Itoa(limit)+" bytes."))
	case len(data) == 0:
		return fail(badRequest("The file is empty."))
	}
	return ok(obj{"id": s.keep(b, head.Filename, kind, data, keepUploaded)})
}

// getMedia tells where a file can be had.
func (s *Simulator) getMedia(r *request) reply {
	f := s.ownFile(r)
	if f == nil {
		return fail(unknownObject(r.id))
	}
	size := any(strconv.Itoa(len(f.data)))
	if s.opts.NumericFileSize {
		size = len(f.data)
	}
	return ok(obj{
		"messaging_product": "whatsapp", "url": s.mediaURL(s.base(r), f.id, f.sum), "mime_type": f.mime,
		"sha256": hex.EncodeToString(f.sum[:]), "file_size": size, "id": f.id,
	})
}

func (s *Simulator) deleteNode(r *request) reply {
	if s.ownFile(r) == nil {
		return fail(unknownObject(r.id))
	}
	s.DeleteMedia(r.id)
	return ok(obj{"success": true})
}

// ownFile finds a file of the token's owner, and of the given number if the call names one.
func (s *Simulator) ownFile(r *request) *mediaFile {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.file(r.id)
	if f == nil || f.owner.acc.Token != r.token {
		return nil
	}
	if n := r.URL.Query().Get("phone_number_id"); n != "" && n != f.owner.acc.PhoneNumberID {
		return nil
	}
	return f
}

// download serves a file for its link, to the bearer of the owner's token only. Like Meta's own host it
// answers 404 to an old link and 401 without the token.
func (s *Simulator) download(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	s.mu.Lock()
	f := s.file(q.Get("mid"))
	fault := s.takeFor(false, FaultAnswer)
	var token string
	if f != nil {
		token = f.owner.acc.Token
	}
	s.mu.Unlock()
	ext, _ := strconv.ParseInt(q.Get("ext"), 10, 64)
	switch {
	case fault != nil:
		if fault.RetryAfter > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(fault.RetryAfter))
		}
		http.Error(w, "", faultAnswer(max(fault.Status, 400)).status)
	case f == nil || s.Now().Unix() > ext || q.Get("hash") != hex.EncodeToString(f.sum[:8]):
		http.Error(w, "", http.StatusNotFound)
	case bearer(r) != token || r.Header.Get("Authorization") == "":
		http.Error(w, "", http.StatusUnauthorized)
	default:
		w.Header().Set("Content-Type", f.mime)
		w.Header().Set("Content-Length", strconv.Itoa(len(f.data)))
		_, _ = w.Write(f.data)
	}
}
