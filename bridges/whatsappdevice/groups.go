package whatsappdevice

import (
	"context"

	"go.mau.fi/whatsmeow/types"
)

// subject is what a group is called, asked for once in a session.
func (s *session) subject(ctx context.Context, group types.JID) string {
	s.mu.Lock()
	name, known := s.groups[group]
	s.mu.Unlock()
	if known {
		return name
	}
	info, err := s.client.GetGroupInfo(ctx, group)
	if err != nil {
		s.link.host.Log().InfoContext(ctx, "subject of a group not found out", "err", err)
		return ""
	}
	s.renamed(group, info.Name)
	return info.Name
}

func (s *session) renamed(group types.JID, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.groups[group] = name
}
