package ginapi

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"causeway/core"

	"github.com/danielgtaylor/huma/v2"
)

// Codes that the HTTP face adds to the domain's.
const (
	codeInternal  core.Code = "internal"
	codeTimeout   core.Code = "timeout"
	codeMethod    core.Code = "method-not-allowed"
	codeMediaType core.Code = "unsupported-media-type"
	codeProvider  core.Code = "provider-refused"
)

// kind is how a code is shown.
type kind struct {
	status int
	title  string
}

// kindOf is the table of codes with their HTTP status and title. A code that is missing in it is a 500.
func kindOf(code core.Code) kind {
	switch code {
	case core.CodeInvalid:
		return kind{http.StatusUnprocessableEntity, "The request is not valid"}
	case core.CodeNotFound:
		return kind{http.StatusNotFound, "Not found"}
	case core.CodeConflict:
		return kind{http.StatusConflict, "Conflict with the present state"}
	case core.CodeForbidden:
		return kind{http.StatusForbidden, "Not allowed"}
	case core.CodeUnauthorized:
		return kind{http.StatusUnauthorized, "Unauthorized"}
	case core.CodeTooLarge:
		return kind{http.StatusRequestEntityTooLarge, "Too large"}
	case core.CodeWindowClosed:
		return kind{http.StatusConflict, "The reply window is closed"}
	case core.CodeOvertaken:
		return kind{http.StatusConflict, "Somebody answered from the phone meanwhile"}
	case core.CodeOptedOut:
		return kind{http.StatusConflict, "The contact does not want this"}
	case core.CodeUnsupported:
		return kind{http.StatusUnprocessableEntity, "The channel cannot carry this"}
	case core.CodeChannelDown:
		return kind{http.StatusConflict, "The channel needs a person's action first"}
	case core.CodeChannelRemoved:
		return kind{http.StatusConflict, "The channel was removed"}
	case core.CodeClosed:
		return kind{http.StatusConflict, "The conversation is closed"}
	case core.CodeTemplate:
		return kind{http.StatusUnprocessableEntity, "The template does not fit"}
	case core.CodeUnavailable:
		return kind{http.StatusServiceUnavailable, "Not available now"}
	case codeProvider:
		return kind{http.StatusBadGateway, "The provider refused"}
	case codeTimeout:
		return kind{http.StatusRequestTimeout, "The request took too long to arrive"}
	case codeMethod:
		return kind{http.StatusMethodNotAllowed, "Method not allowed"}
	case codeMediaType:
		return kind{http.StatusUnsupportedMediaType, "The content type is not supported"}
	}
	return kind{http.StatusInternalServerError, "Something went wrong"}
}

// problem is an RFC 9457 problem document.
type problem struct {
	Type     string    `json:"type" example:"/problems/window-closed" doc:"/problems/ and the code"`
	Title    string    `json:"title" doc:"what kind of problem it is; the same for each of its code"`
	Status   int       `json:"status"`
	Code     core.Code `json:"code" doc:"what programs branch on"`
	Detail   string    `json:"detail,omitempty" doc:"what happened, in a sentence"`
	Remedy   string    `json:"remedy,omitempty" doc:"what to do now, in a sentence"`
	Field    string    `json:"field,omitempty" doc:"the input it is about"`
	Errors   []fault   `json:"errors,omitempty" doc:"each thing that is wrong with the request"`
	Incident string    `json:"incident,omitempty" doc:"the number under which the operator finds it in the log"`
}

// fault is one thing wrong with a request.
type fault struct {
	Field  string `json:"field,omitempty" example:"body.contents[0].kind"`
	Detail string `json:"detail"`
}

const retryAfter = "5" // seconds

func (p *problem) Error() string  { return p.Title }
func (p *problem) GetStatus() int { return p.Status }

// GetHeaders are those that go with the status.
func (p *problem) GetHeaders() http.Header {
	h := http.Header{}
	switch p.Status {
	case http.StatusServiceUnavailable:
		h.Set("Retry-After", retryAfter)
	case http.StatusUnauthorized:
		h.Set("Www-Authenticate", `Bearer realm="causeway"`)
	}
	return h
}

// ContentType is that of problem documents.
func (p *problem) ContentType(string) string { return "application/problem+json" }

func newProblem(code core.Code, detail, remedy string) *problem {
	k := kindOf(code)
	return &problem{Type: "/problems/" + string(code), Title: k.title, Status: k.status, Code: code, Detail: detail, Remedy: remedy}
}

// problemOf is the one place where errors become problem documents. Errors for people are shown; the store's known ones are worded; all
// others are logged under an incident number, which is everything the caller gets to see.
func problemOf(ctx context.Context, log *slog.Logger, err error) *problem {
	var (
		done *problem
		p    *core.Problem
		sent *core.SendError
	)
	switch {
	case errors.As(err, &done):
		return done
	case errors.As(err, &p) && kindOf(p.Code).status != http.StatusInternalServerError:
		out := newProblem(p.Code, p.Detail, p.Remedy)
		out.Field = p.Field
		if p.Err != nil {
			log.InfoContext(ctx, "request refused", "code", p.Code, "err", p.Err)
		}
		return out
	case errors.As(err, &sent):
		log.InfoContext(ctx, "provider refused", "err", err, "detail", sent.Detail)
		return newProblem(codeProvider, sent.Reason, sent.Remedy)
	case errors.Is(err, core.ErrNotFound):
		return newProblem(core.CodeNotFound, "There is no such thing here.", "Check the id; it must belong to the workspace of the key.")
	case errors.Is(err, core.ErrDuplicate):
		return newProblem(core.CodeConflict, "It exists already.", "")
	case errors.Is(err, errTooLarge):
		return newProblem(core.CodeTooLarge, "The body is longer than allowed.", "")
	case late(err):
		return newProblem(codeTimeout, "The body did not arrive in time.", "Send it again.")
	case errors.Is(err, core.ErrUnavailable), errors.Is(err, context.DeadlineExceeded), ctx.Err() != nil:
		log.WarnContext(ctx, "request not served", "err", err)
		return newProblem(core.CodeUnavailable, "The database, or the place of the files, takes nothing now; nothing was stored.", "Try again in a few seconds.")
	}
	return incident(ctx, log, "request", err)
}

// incident logs what nobody foresaw.
func incident(ctx context.Context, log *slog.Logger, where string, err error, more ...any) *problem {
	out := newProblem(codeInternal, "Something went wrong here, and the operator can find out what.", "Tell the operator the incident number.")
	out.Incident = core.NewToken(5)
	log.ErrorContext(ctx, "incident", append([]any{"incident", out.Incident, "where", where, "err", err}, more...)...)
	return out
}

// fromHuma rewords the errors of huma, which decodes and validates requests, as ours. The values it quotes are left out.
func fromHuma(_ huma.Context, _ string, v any) (any, error) {
	e, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	p := newProblem(codeOfStatus(e.Status), capital(e.Detail), "Send it as the OpenAPI document says.")
	p.Status = e.Status
	for _, d := range e.Errors {
		if d != nil {
			p.Errors = append(p.Errors, fault{d.Location, d.Message})
		}
	}
	return p, nil
}

func codeOfStatus(status int) core.Code {
	switch status {
	case http.StatusRequestEntityTooLarge:
		return core.CodeTooLarge
	case http.StatusRequestTimeout:
		return codeTimeout
	case http.StatusUnsupportedMediaType:
		return codeMediaType
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		return core.CodeInvalid
	}
	return codeInternal
}

func capital(s string) string {
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + s[1:] + "."
}

// write sends the problem outside of huma's handlers.
func (p *problem) write(w http.ResponseWriter) {
	for name, values := range p.GetHeaders() {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", p.ContentType(""))
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p)
}
