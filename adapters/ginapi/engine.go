package ginapi

import (
	"fmt"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"time"
	"unicode/utf8"

	"causeway/core"

	"github.com/gin-gonic/gin"
)

const (
	hookPath     = "/hooks/"
	mediaPath    = "/media/"
	chatPath     = "/w/"
	connectPath  = "/connect/"
	pairPath     = "/pair/"
	apiPath      = "/api/v1"
	documentPath = "/api/openapi.json"
	olderPath    = "/api/openapi-3.0.json" // for tools that do not know 3.1
)

// engine routes the public listener.
func (s *Server) engine() (http.Handler, error) {
	gin.SetMode(gin.ReleaseMode) // else it prints its routes
	e := gin.New()
	e.RedirectTrailingSlash, e.HandleMethodNotAllowed = false, true
	if err := e.SetTrustedProxies(nil); err != nil {
		return nil, fmt.Errorf("trust no proxies: %w", err)
	}
	e.Use(s.recover)
	e.NoRoute(nowhere(newProblem(core.CodeNotFound, "There is nothing at this address.", "")))
	e.NoMethod(nowhere(newProblem(codeMethod, "This address does not take the method.", "See the Allow header.")))
	e.GET(hookPath+":channel", s.hook)
	e.POST(hookPath+":channel", s.hook)
	e.GET(mediaPath+":id", s.signedMedia)
	e.HEAD(mediaPath+":id", s.signedMedia)
	e.Any(chatPath+"*path", s.chat)
	if s.Connect != nil {
		e.Any(connectPath+"*path", gin.WrapH(s.Connect))
	}
	e.GET("/problems/:code", explain)
	if err := s.pairPages(e); err != nil {
		return nil, err
	}
	if err := s.api(e); err != nil {
		return nil, err
	}
	return e, nil
}

// nowhere answers what no route takes: a problem to users of the API, nothing to everybody else.
func nowhere(p *problem) gin.HandlerFunc {
	return func(c *gin.Context) {
		if strings.HasPrefix(c.Request.URL.Path, "/api/") {
			p.write(c.Writer)
			return
		}
		c.Status(p.Status)
		c.Writer.WriteHeaderNow()
	}
}

// explain is where the types of problems lead.
func explain(c *gin.Context) {
	k := kindOf(core.Code(c.Param("code")))
	if k.status == http.StatusInternalServerError && c.Param("code") != string(codeInternal) {
		c.Status(http.StatusNotFound)
		return
	}
	c.String(http.StatusOK, "%s (HTTP status %d).\nThe detail and the remedy of each problem say more.\n", k.title, k.status)
}

// recover turns a panic into an empty or, in the API, a documented 500. An answer already begun is cut off, so that nobody takes it for whole.
func (s *Server) recover(c *gin.Context) {
	defer func() {
		v := recover()
		if v == nil {
			return
		}
		if v == http.ErrAbortHandler { //nolint:errorlint // it is panicked with, never wrapped
			panic(v)
		}
		p := incident(c.Request.Context(), s.Log, "panic in request", fmt.Errorf("panic: %v", v), "path", c.FullPath(), "stack", string(debug.Stack()))
		if c.Writer.Written() {
			panic(http.ErrAbortHandler)
		}
		nowhere(p)(c)
		c.Abort()
	}()
	c.Next()
}

// unshared keeps answers out of caches and away from guesses at their type.
func unshared(c *gin.Context) {
	c.Header("Cache-Control", "no-store")
	c.Header("X-Content-Type-Options", "nosniff")
}

// measure records how long an operation of the API took.
func (s *Server) measure(c *gin.Context) {
	start := time.Now()
	c.Next()
	s.meters.api.WithLabelValues(c.Request.Method, c.FullPath(), class(c.Writer.Status())).Observe(time.Since(start).Seconds())
}

func class(status int) string { return fmt.Sprintf("%dxx", status/100) }

// plain refuses addresses that hold what no database text can: NUL, or bytes that are no UTF-8.
func (s *Server) plain(c *gin.Context) {
	query, err := url.QueryUnescape(c.Request.URL.RawQuery)
	for _, text := range []string{c.Request.URL.Path, query} {
		if err != nil || strings.ContainsRune(text, 0) || !utf8.ValidString(text) {
			newProblem(core.CodeInvalid, "The address holds characters that are not text.", "").write(c.Writer)
			c.Abort()
			return
		}
	}
}

// bound gives a request's body its limits. Uploads get a longer one from their handler.
func (s *Server) bound(c *gin.Context) {
	c.Request.Body = newBody(c.Writer, c.Request.Body, s.BodyBytes, s.BodyWait, 0)
}
