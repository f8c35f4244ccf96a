package core

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

// lessons is a store that notes what Learn does.
type lessons struct {
	Repo
	closed []string
	wishes []Wish
	broken error
}

func (l *lessons) CloseWindow(_ context.Context, ch ChannelID, id IdentityID, at time.Time) error {
	l.closed = append(l.closed, string(ch)+"/"+string(id)+" "+at.Format(time.TimeOnly))
	return l.broken
}

func (l *lessons) SetWish(_ context.Context, w Wish) (bool, error) {
	l.wishes = append(l.wishes, w)
	return true, l.broken
}

func TestLearn(t *testing.T) {
	m := Message{Channel: "ch", Identity: "i", Contact: "c", At: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)}
	sent := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	for _, effect := range []Effect{EffectFail, EffectRetry, EffectSlow, EffectSlowPeer, EffectPark, EffectResync, EffectWindow, EffectStop, EffectBlock} {
		l := &lessons{}
		if err := Learn(t.Context(), l, m, &SendError{Effect: effect}, sent); err != nil {
			t.Errorf("%s: %v", effect, err)
		}
		window := ""
		if effect == EffectWindow {
			window = "ch/i 10:00:00" // when it was sent, not when it was written
		}
		if got := strings.Join(l.closed, ","); got != window {
			t.Errorf("%s: windows closed %q, want %q", effect, got, window)
		}
		wishes := map[Effect][]Wish{
			EffectStop:  {{Channel: "ch", Identity: "i", Marketing: true, Stop: true, At: sent}},
			EffectBlock: {{Channel: "ch", Identity: "i", Block: true, Stop: true, At: sent}},
		}[effect]
		if !slices.Equal(l.wishes, wishes) {
			t.Errorf("%s: wishes %+v", effect, l.wishes)
		}
		if effect == EffectWindow || effect == EffectStop || effect == EffectBlock {
			l.broken = errors.New("away")
			if err := Learn(t.Context(), l, m, &SendError{Effect: effect}, sent); !errors.Is(err, l.broken) {
				t.Errorf("%s: got %v", effect, err)
			}
		}
	}
	if err := Learn(t.Context(), nil, m, nil, sent); err != nil {
		t.Errorf("nothing to learn from: %v", err)
	}
	m.Identity = ""
	for _, effect := range []Effect{EffectWindow, EffectStop, EffectBlock} {
		if err := Learn(t.Context(), nil, m, &SendError{Effect: effect}, sent); err != nil {
			t.Errorf("nobody's %s: %v", effect, err)
		}
	}
}

func TestFailureNotice(t *testing.T) {
	now := time.Now()
	agent := Message{ID: "m", Conversation: "conv", Author: Author{Kind: AuthorAgent, Agent: "lena"}}
	for _, c := range []struct {
		name string
		err  *SendError
		text string
	}{
		{"nothing known", nil, "The message could not be delivered."},
		{"reason", &SendError{Reason: "No."}, "No."},
		{"all", &SendError{Reason: "No.", Remedy: "Do this.", Code: "131047", Detail: "the provider's words"}, "No. Do this. (131047)"},
	} {
		n, ok := FailureNotice(agent, Part{ID: "p", Error: c.err}, now)
		if !ok || n.Text != c.text {
			t.Errorf("%s: got %q, want %q", c.name, n.Text, c.text)
		}
		if n.Kind != NoticeFailed || n.Agent != "lena" || n.Key != "failed/p//0" || !AboutPart(n, "p") || AboutPart(n, "q") || n.Message != "m" || n.Conversation != "conv" || n.State != NoticeWaiting || n.ID == "" {
			t.Errorf("%s: got %+v", c.name, n)
		}
	}
	for _, by := range []Author{{Kind: AuthorAgent}, {Kind: AuthorWorkflow}, {Kind: AuthorAPI}, {Kind: AuthorSystem}, {Kind: AuthorPhone}} {
		if n, ok := FailureNotice(Message{Author: by}, Part{}, now); ok {
			t.Errorf("%s: a mail to %q", by.Kind, n.Agent)
		}
	}
}
