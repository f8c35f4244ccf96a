package ginapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"unicode/utf8"

	"causeway/core"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"
)

// api registers the operations of the API and makes its document.
func (s *Server) api(e *gin.Engine) error {
	group := e.Group("/", s.measure, unshared, s.authenticate, s.plain, s.bound)
	api := humagin.NewWithGroup(e, group, s.config())
	s.conversationOperations(api)
	s.handlings(api)
	s.reportOperations(api)
	s.reconcileOperations(api)
	s.messageOperations(api)
	s.contactOperations(api)
	s.erasureOperations(api)
	s.channelOperations(api)
	s.removalOperations(api)
	s.pairingOperations(api)
	s.peopleOperations(api)
	s.staffOperations(api)
	s.mediaOperations(api)
	s.deadLetterOperations(api)
	s.workflowOperations(api)
	s.broadcastOperations(api)
	s.webhookOperations(api)
	var err error
	if s.document, err = json.Marshal(api.OpenAPI()); err != nil {
		return fmt.Errorf("write OpenAPI document: %w", err)
	}
	if s.older, err = api.OpenAPI().Downgrade(); err != nil {
		return fmt.Errorf("write OpenAPI 3.0 document: %w", err)
	}
	s.older = bytes.ReplaceAll(s.older, []byte(`"contentMediaType":"application/octet-stream",`), nil) // 3.0 does not know it, huma leaves it in
	e.GET(documentPath, fixed("application/openapi+json", s.document))
	e.GET(olderPath, fixed("application/openapi+json", s.older))
	return nil
}

func fixed(contentType string, body []byte) gin.HandlerFunc {
	return func(c *gin.Context) { c.Data(http.StatusOK, contentType, body) }
}

func (s *Server) config() huma.Config {
	registry := huma.NewMapRegistry("#/components/schemas/", schemaName)
	// What huma itself answers is turned into problems by fromHuma, so that is what the document shows.
	registry.RegisterTypeAlias(reflect.TypeFor[huma.ErrorModel](), reflect.TypeFor[problem]())
	format := huma.Format{Marshal: huma.DefaultJSONFormat.Marshal, Unmarshal: unmarshal}
	return huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{Title: "Causeway API", Version: s.Version,
				Description: "Conversations with customers over every channel. Errors are problem documents (RFC 9457) with a code, and a remedy where there is one."},
			Components: &huma.Components{Schemas: registry, SecuritySchemes: map[string]*huma.SecurityScheme{
				"key": {Type: "http", Scheme: "bearer", Description: "A key made by `causeway apikey add`. Its scopes (read, send, manage) do not imply each other."}}},
		},
		Formats:                      map[string]huma.Format{"application/json": format, "json": format},
		DefaultFormat:                "application/json",
		RejectUnknownQueryParameters: true,
		Transformers:                 []huma.Transformer{fromHuma},
	}
}

// schemaName names types in the document: what is a ConversationView here is a Conversation there.
func schemaName(t reflect.Type, hint string) string {
	return strings.ReplaceAll(huma.DefaultSchemaNamer(t, hint), "View", "")
}

// unmarshal decodes JSON that is text: a NUL character, which JSON allows, PostgreSQL does not, and what is no UTF-8 would reach the customer as signs of
// replacement.
func unmarshal(data []byte, v any) error {
	if !utf8.Valid(data) {
		return errors.New("the body is not text in UTF-8")
	}
	if holdsNUL(data) {
		return fmt.Errorf("the text holds a NUL character (\\u0000)")
	}
	return json.Unmarshal(data, v)
}

func holdsNUL(data []byte) bool {
	for {
		i := bytes.IndexByte(data, '\\')
		if i < 0 || i+1 >= len(data) {
			return false
		}
		if bytes.HasPrefix(data[i+1:], []byte("u0000")) {
			return true
		}
		data = data[i+2:] // past the escaped character, which may be a backslash
	}
}

// operation describes one operation of the API.
type operation struct {
	id      string
	method  string
	path    string // below apiPath
	summary string
	tag     string
	scope   scope
	status  int  // of success; zero: 200, or 204 without a body
	slow    bool // it waits for a provider or a file, and has its own limits
	adjust  func(*huma.Operation)
}

// handle registers an operation. F gets the repository of the key's workspace, and returns errors as they are: they are worded here.
func handle[I, O any](s *Server, api huma.API, o operation, f func(ctx context.Context, repo core.Repo, in *I) (*O, error)) {
	op := huma.Operation{OperationID: o.id, Method: o.method, Path: apiPath + o.path, Summary: o.summary, Tags: []string{o.tag}, DefaultStatus: o.status,
		Security: []map[string][]string{{"key": {string(o.scope)}}}, Middlewares: huma.Middlewares{s.allow(o.scope)},
		MaxBodyBytes: s.BodyBytes, BodyReadTimeout: -1, // the deadline is body's
		Description: "Needs the scope " + string(o.scope) + "."}
	if o.adjust != nil {
		o.adjust(&op)
	}
	huma.Register(api, op, func(ctx context.Context, in *I) (*O, error) {
		ctx, done := s.answering(ctx, o)
		defer done()
		out, err := f(ctx, s.Store.In(caller(ctx).Workspace), in)
		if err != nil {
			return nil, problemOf(ctx, s.Log, err)
		}
		return out, nil
	})
}

// refuse answers a problem from a middleware.
func (s *Server) refuse(c huma.Context, p *problem) { p.write(humagin.Unwrap(c).Writer) }

// none is the input, or the output, of an operation that has none.
type none struct{}

// answer is an output with a body.
type answer[T any] struct{ Body T }

// reply makes an answer.
func reply[T any](body T, err error) (*answer[T], error) {
	if err != nil {
		return nil, err
	}
	return &answer[T]{body}, nil
}

// ByID is the input of an operation on one thing. It has a capital because huma looks only into exported fields, embedded ones included.
type ByID struct {
	ID string `path:"id" maxLength:"64" pattern:"^[A-Za-z0-9_-]+$"`
}
