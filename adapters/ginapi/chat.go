package ginapi

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"causeway/core"

	"github.com/gin-gonic/gin"
)

// ChatURL is the address below which people's browsers are served.
func ChatURL(public string) string { return strings.TrimRight(public, "/") + chatPath }

// chat hands a browser's call to the link that its key names, which is the channel's id. What it calls without a key is the scripts, which are
// everybody's. Streams end when the server does.
func (s *Server) chat(c *gin.Context) {
	id := c.Query("key")
	if id == "" && s.Scripts != nil {
		http.StripPrefix(strings.TrimSuffix(chatPath, "/"), s.Scripts).ServeHTTP(c.Writer, c.Request)
		return
	}
	if !plausible(id) {
		c.Status(http.StatusNotFound)
		return
	}
	link, err := s.link(c.Request.Context(), core.ChannelID(id))
	browsed, ok := link.(core.ServeLink)
	switch {
	case err != nil && !errors.Is(err, core.ErrNotFound) && core.CodeOf(err) != core.CodeNotFound:
		s.Log.WarnContext(c.Request.Context(), "chat's channel cannot be opened", "channel", id, "err", err)
		c.Status(http.StatusServiceUnavailable)
		return
	case err != nil || !ok:
		c.Status(http.StatusNotFound)
		return
	}
	ctx, end := context.WithCancel(c.Request.Context())
	defer end()
	go func() {
		select {
		case <-s.stopping:
			end()
		case <-ctx.Done():
		}
	}()
	http.StripPrefix(strings.TrimSuffix(chatPath, "/"), browsed).ServeHTTP(c.Writer, c.Request.WithContext(ctx))
}
