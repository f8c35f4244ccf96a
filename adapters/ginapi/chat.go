package ginapi

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"causeway/core"

	"github.com/gin-gonic/gin"
)

// ChatURL is the address below which a channel serves people's browsers.
func ChatURL(public string, id core.ChannelID) string {
	return strings.TrimRight(public, "/") + chatPath + string(id) + "/"
}

// chat hands a browser's call to a link that serves browsers itself. Its streams end when the server does.
func (s *Server) chat(c *gin.Context) {
	id := c.Param("channel")
	if !plausible(id) {
		c.Status(http.StatusNotFound)
		return
	}
	_, _, link, err := s.Links.Link(c.Request.Context(), core.ChannelID(id))
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
	http.StripPrefix(strings.TrimSuffix(c.Request.URL.Path, c.Param("path")), browsed).ServeHTTP(c.Writer, c.Request.WithContext(ctx))
}
