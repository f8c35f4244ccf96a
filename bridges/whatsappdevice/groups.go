package whatsappdevice

import (
	"context"
	"errors"
	"regexp"
	"time"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/types"
)

// subjectAgain is when a group's subject is asked for again that WhatsApp did not tell, as of groups that the account has left.
const subjectAgain = time.Hour

// subject is what is known of a group's.
type subject struct {
	name  string
	again time.Time // it is asked for again; zero: it is known
}

// aMention is how a text names a member: by the address, which apps show as the name.
var aMention = regexp.MustCompile(`@\d+`)

// mentions writes the names of those whom a text mentions, or their numbers, for nobody knows people by the address.
func (r reader) mentions(ctx context.Context, s *said) {
	names := map[string]string{}
	for _, raw := range s.context.GetMentionedJID() {
		j, err := types.ParseJID(raw)
		if err != nil {
			continue
		}
		first, second := r.couple(ctx, user(j), types.JID{})
		name := r.known(ctx, first, second)
		if name == "" && second.Server == types.DefaultUserServer {
			name = "+" + second.User
		}
		names["@"+j.User] = plain(name)
	}
	s.Text = aMention.ReplaceAllStringFunc(s.Text, func(m string) string {
		if names[m] == "" {
			return m
		}
		return "@" + names[m]
	})
}

// subject is what a group is called, asked for once in a session.
func (s *session) subject(ctx context.Context, group types.JID) string {
	now := s.link.host.Now()
	s.mu.Lock()
	is, there := s.groups[group]
	s.mu.Unlock()
	if there && (is.again.IsZero() || now.Before(is.again)) {
		return is.name
	}
	info, err := s.client.GetGroupInfo(ctx, group)
	if err != nil {
		s.link.host.Log().InfoContext(ctx, "subject of a group not found out", "err", err)
		if errors.Is(err, whatsmeow.ErrNotInGroup) || errors.Is(err, whatsmeow.ErrGroupNotFound) || errors.Is(err, whatsmeow.ErrIQTimedOut) {
			s.called(group, subject{again: now.Add(subjectAgain)})
		}
		return ""
	}
	s.renamed(group, info.Name)
	return info.Name
}

func (s *session) renamed(group types.JID, name string) { s.called(group, subject{name: name}) }

func (s *session) called(group types.JID, is subject) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.groups[group] = is
}
