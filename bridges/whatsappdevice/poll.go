package whatsappdevice

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"causeway/core"

	"go.mau.fi/whatsmeow/proto/waE2E"
)

const (
	pollValue = "poll/"             // and the provider's id of its message
	pollFor   = 90 * 24 * time.Hour // that votes are understood
)

// pollOf is the poll that a message puts, nil for none.
func pollOf(m *waE2E.Message) *waE2E.PollCreationMessage {
	m = unwrapped(m)
	for _, p := range []*waE2E.PollCreationMessage{m.GetPollCreationMessage(), m.GetPollCreationMessageV2(), m.GetPollCreationMessageV3(), m.GetPollCreationMessageV5(), m.GetPollCreationMessageV6()} {
		if p != nil {
			return p
		}
	}
	return nil
}

// sayPoll shows a poll as text.
func sayPoll(m *waE2E.Message) (said, bool) {
	p := pollOf(m)
	if p == nil {
		return said{}, false
	}
	all := []string{"Poll: *" + strings.TrimSpace(p.GetName()) + "*"}
	for _, o := range p.GetOptions() {
		all = append(all, "- "+o.GetOptionName())
	}
	return text(lines(all...), p.GetContextInfo()), true
}

// keepPoll remembers the options of a poll: votes name them by their digests only.
func (s *session) keepPoll(ctx context.Context, provider string, p *waE2E.PollCreationMessage) error {
	names := map[string]string{}
	for _, o := range p.GetOptions() {
		sum := sha256.Sum256([]byte(o.GetOptionName()))
		names[hex.EncodeToString(sum[:])] = plain(o.GetOptionName())
	}
	raw, err := json.Marshal(names)
	if err != nil {
		return err
	}
	return s.link.host.SaveUntil(ctx, pollValue+provider, raw, s.link.host.Now().Add(pollFor))
}

// options implements book.
func (s *session) options(ctx context.Context, poll string) map[string]string {
	names := map[string]string{}
	raw, err := s.link.host.Load(ctx, pollValue+poll)
	if err != nil || json.Unmarshal(raw, &names) != nil {
		return nil
	}
	return names
}

// voteContent is a vote for options that are named by their digests.
func voteContent(names map[string]string, chosen [][]byte) core.Content {
	var titles []string
	for _, digest := range chosen {
		name := names[hex.EncodeToString(digest)]
		if name == "" {
			return unsupported("pollUpdateMessage", "A vote in a poll that is not known here. Open WhatsApp on the phone to see it.")
		}
		titles = append(titles, name)
	}
	if len(titles) == 0 {
		return core.Content{Kind: core.KindText, Text: "(took the vote back)"}
	}
	title := strings.Join(titles, ", ")
	return core.Content{Kind: core.KindChoice, Text: title, Choice: &core.Choice{ID: title, Title: title}}
}

// attendanceContent is somebody's word on whether they come to an event.
func attendanceContent(a *waE2E.EventResponseMessage) core.Content {
	title := map[waE2E.EventResponseMessage_EventResponseType]string{waE2E.EventResponseMessage_GOING: "Going", waE2E.EventResponseMessage_NOT_GOING: "Not going",
		waE2E.EventResponseMessage_MAYBE: "Maybe"}[a.GetResponse()]
	if title == "" {
		return core.Content{Kind: core.KindText, Text: "(took the answer back)"}
	}
	if n := a.GetExtraGuestCount(); n > 0 {
		title += fmt.Sprintf(" (+%d)", n)
	}
	return core.Content{Kind: core.KindChoice, Text: title, Choice: &core.Choice{ID: strings.ToLower(a.GetResponse().String()), Title: title}}
}
