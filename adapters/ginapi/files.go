package ginapi

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"causeway/core"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
)

const tagMedia = "Media"

// fileView is an uploaded file.
type fileView struct {
	ID   core.MediaID `json:"id" doc:"names the file in a content: {\"kind\": \"image\", \"media\": {\"id\": …}}"`
	MIME string       `json:"mime"`
	Name string       `json:"name,omitempty"`
	Size int64        `json:"size"`
}

func (s *Server) mediaOperations(api huma.API) {
	binary := &huma.Schema{Type: "string", Format: "binary"}
	handle(s, api, operation{id: "upload-media", method: http.MethodPost, path: "/media", tag: tagMedia, scope: scopeSend, status: http.StatusCreated, slow: true,
		summary: "Upload a file: its bytes are the body, its type the Content-Type", adjust: func(op *huma.Operation) {
			op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/octet-stream": {Schema: binary}, "*/*": {Schema: binary}}}
		}}, s.upload)
	handle(s, api, operation{id: "download-media", method: http.MethodGet, path: "/media/{id}", tag: tagMedia, scope: scopeRead, slow: true,
		summary: "Download a file", adjust: func(op *huma.Operation) {
			op.Responses = map[string]*huma.Response{"200": {Description: "The file", Content: map[string]*huma.MediaType{"*/*": {Schema: binary}}}}
		}}, s.download)
}

// uploadInput takes the body as a stream: a file is not held in memory.
type uploadInput struct {
	Name string `query:"name" maxLength:"500" doc:"file name"`
	Type string `header:"Content-Type" hidden:"true"`
	body io.Reader
}

var _ huma.Resolver = (*uploadInput)(nil)

// Resolve gets at the body.
func (in *uploadInput) Resolve(c huma.Context) []error {
	in.body = humagin.Unwrap(c).Request.Body
	return nil
}

const (
	uploadTotal = 15 * time.Minute
	uploadEach  = 20 * time.Second
)

func (s *Server) upload(ctx context.Context, repo core.Repo, in *uploadInput) (*answer[fileView], error) {
	if b, ok := in.body.(*body); ok {
		b.left, b.total, b.each = s.UploadBytes, uploadTotal, uploadEach
	}
	head := make([]byte, 512)
	n, err := io.ReadFull(in.body, head)
	if n == 0 {
		return nil, &core.Problem{Code: core.CodeInvalid, Detail: "The file is empty.", Remedy: "Send its bytes as the body.", Field: "body", Err: err}
	}
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, err
	}
	f := core.File{ID: core.NewID[core.MediaID](), State: core.FileHere, Created: s.Now()}
	f.Blob = "media/" + string(f.ID)
	f.Media = core.Media{ID: f.ID, MIME: uploadType(in.Type, head[:n]), Name: core.FileName(in.Name)}
	if f.Media.Size, err = s.Blobs.Put(ctx, f.Blob, io.MultiReader(bytes.NewReader(head[:n]), in.body)); err != nil {
		return nil, fmt.Errorf("keep upload: %w", err)
	}
	if err := repo.AddFile(ctx, f); err != nil {
		s.discard(ctx, f.Blob)
		return nil, fmt.Errorf("add uploaded file: %w", err)
	}
	return reply(fileView{ID: f.ID, MIME: f.Media.MIME, Name: f.Media.Name, Size: f.Media.Size}, nil)
}

// discard removes a blob that no row names.
func (s *Server) discard(ctx context.Context, blob string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second) // the request may be over
	defer cancel()
	if err := s.Blobs.Delete(ctx, blob); err != nil {
		s.Log.WarnContext(ctx, "file without a row not removed", "blob", blob, "err", err)
	}
}

// uploadType is the declared media type without parameters, or what the bytes look like where nothing useful is declared.
func uploadType(declared string, head []byte) string {
	kind := core.MediaType(declared)
	if kind == "" || kind == "application/octet-stream" || kind == "application/x-www-form-urlencoded" {
		kind = core.MediaType(http.DetectContentType(head))
	}
	return kind
}

func (s *Server) download(ctx context.Context, _ core.Repo, in *ByID) (*huma.StreamResponse, error) {
	f, content, err := s.file(ctx, caller(ctx).Workspace, core.MediaID(in.ID))
	if err != nil {
		return nil, missing(err, "file")
	}
	return &huma.StreamResponse{Body: func(c huma.Context) {
		defer content.Close()
		g := humagin.Unwrap(c)
		serveFile(g.Writer, g.Request, f, content)
	}}, nil
}
