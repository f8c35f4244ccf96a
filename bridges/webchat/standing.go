package webchat

import (
	"context"
	"encoding/json"
	"fmt"

	"causeway/core"
)

// stands tells how things stand with a visitor. The name of who deals with it is only there where visitors see names.
func (l *link) stands(ctx context.Context, v visitor) (core.Standing, error) {
	s, err := l.host.Standing(ctx, v.key(l.conf.site))
	if err != nil {
		return s, fmt.Errorf("how things stand with a visitor: %w", err)
	}
	if !l.conf.names {
		s.Agent = ""
	}
	return s, nil
}

// affairs writes what changed about the conversation and the widget's own look, and reports whether the stream goes on.
func (l *link) affairs(c call, f *feed) bool {
	if tag := l.tag(l.host.Now()); tag != f.tag {
		f.tag = tag
		if !f.event("config", map[string]string{"tag": tag}) {
			return false
		}
	}
	now, err := l.stands(c.Context(), c.visitor)
	if err != nil {
		return false // the browser comes again
	}
	if now == f.stands {
		return true
	}
	f.stands = now
	if now.State == core.ConversationClosed {
		return f.event("closed", struct{}{})
	}
	return f.event("agent", map[string]string{"name": now.Agent})
}

// event writes one that has no place among the lines.
func (f *feed) event(kind string, data any) bool {
	body, err := json.Marshal(data)
	return err == nil && f.write(fmt.Sprintf("event: %s\ndata: %s\n\n", kind, body))
}
