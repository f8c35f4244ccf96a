package ginapi

import (
	"context"
	"crypto/sha256"
	"errors"
	"net/http"
	"slices"
	"strings"

	"causeway/core"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"
)

// scope is what a key may do. Scopes do not imply each other.
type scope string

const (
	scopeRead   scope = "read"   // see conversations, messages, contacts, channels, templates, agents and files
	scopeSend   scope = "send"   // send, close, reopen, assign, upload
	scopeManage scope = "manage" // merge contacts, switch and check channels, see logs and dead letters
)

// keyPrefix tells our keys from other secrets, for scanners and for people.
const keyPrefix = "cw_"

type keyInContext struct{}

// caller returns the key that the request came with. Every handler behind authenticate has one.
func caller(ctx context.Context) core.APIKey {
	k, _ := ctx.Value(keyInContext{}).(core.APIKey)
	return k
}

// authenticate lets only requests with a valid key pass. All others get the same 401, whatever was wrong.
func (s *Server) authenticate(c *gin.Context) {
	key, err := s.keyOf(c.Request)
	switch {
	case errors.Is(err, core.ErrNotFound):
		newProblem(core.CodeUnauthorized, "", "").write(c.Writer)
		c.Abort()
	case err != nil:
		problemOf(c.Request.Context(), s.Log, err).write(c.Writer)
		c.Abort()
	default:
		c.Request = c.Request.WithContext(context.WithValue(c.Request.Context(), keyInContext{}, key))
	}
}

// keyOf finds the key of a request. It is looked up by its SHA-256, so comparing in constant time would win nothing: whoever tries keys cannot
// steer the hash that the index compares, and learning its first bytes brings them no nearer to a key of 160 random bits.
func (s *Server) keyOf(r *http.Request) (core.APIKey, error) {
	kind, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if token = strings.TrimSpace(token); !strings.EqualFold(kind, "Bearer") || !strings.HasPrefix(token, keyPrefix) || len(token) > 200 {
		return core.APIKey{}, core.ErrNotFound
	}
	hash := sha256.Sum256([]byte(token))
	ctx, cancel := context.WithTimeout(r.Context(), lookTime)
	defer cancel()
	key, err := s.Store.KeyByHash(ctx, hash[:])
	if err == nil && !key.Revoked.IsZero() && !key.Revoked.After(s.Now()) {
		err = core.ErrNotFound
	}
	return key, err
}

// allow is the middleware that asks for a scope before anything of the request is read.
func (s *Server) allow(needed scope) func(huma.Context, func(huma.Context)) {
	return func(c huma.Context, next func(huma.Context)) {
		key := caller(c.Context())
		if !slices.Contains(key.Scopes, string(needed)) {
			s.refuse(c, newProblem(core.CodeForbidden, "This key lacks the scope \""+string(needed)+"\".", "Use a key that has it."))
			return
		}
		next(c)
	}
}

// program is the key's own name as an author.
func program(ctx context.Context) core.Author {
	return core.Author{Kind: core.AuthorAPI, Name: caller(ctx).Name}
}

// author is who acts with the key: the program itself, or the agent it names, in the input field.
func (s *Server) author(ctx context.Context, agent core.AgentID, field string) (core.Author, error) {
	if agent == "" {
		return program(ctx), nil
	}
	a, err := s.Store.In(caller(ctx).Workspace).Agent(ctx, agent)
	if errors.Is(err, core.ErrNotFound) || err == nil && a.Disabled {
		return core.Author{}, &core.Problem{Code: core.CodeInvalid, Detail: "There is no such agent, or they no longer answer customers.",
			Remedy: "Name an agent of this workspace, or leave it out.", Field: field}
	}
	return core.Author{Kind: core.AuthorAgent, Agent: a.ID, Name: a.Name}, err
}
