package ginapi

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"causeway/core"
)

// toyCarer takes everything.
type toyCarer struct{}

func (toyCarer) Snooze(context.Context, core.WorkspaceID, core.ConversationID, time.Time) error {
	return nil
}

func (toyCarer) Tag(context.Context, core.WorkspaceID, core.ConversationID, []string, []string, *int, core.Author) error {
	return nil
}

func (toyCarer) Drop(context.Context, core.WorkspaceID, core.ConversationID, core.Author) error {
	return nil
}

func (toyCarer) Know(context.Context, core.WorkspaceID, core.ContactID, core.Knowledge, core.Author) error {
	return nil
}

func (r *room) Fields(context.Context, core.ContactID) (map[string]string, error) {
	return map[string]string{"owner": "Lena"}, nil
}

func (r *room) ContactTags(context.Context, core.ContactID) ([]string, error) {
	return []string{"vip"}, nil
}

func (r *room) Handling(_ context.Context, id core.ConversationID) (core.Handling, error) {
	return core.Handling{Conversation: id, Tags: []string{"vip"}, Priority: 1}, nil
}

func (*room) ConversationsOpened(context.Context, time.Time, time.Time) ([]core.Conversation, error) {
	return nil, nil
}
func (*room) MessageFacts(context.Context, time.Time, time.Time, func(core.MessageFact)) error {
	return nil
}
func (*room) EventFacts(context.Context, time.Time, time.Time, func(core.EventFact)) error {
	return nil
}
func (*room) RunFacts(context.Context, time.Time, time.Time) ([]core.Run, error) { return nil, nil }
func (*room) Surveys(context.Context, time.Time, time.Time) ([]core.SurveyAnswer, error) {
	return nil, nil
}

func TestBadHandlings(t *testing.T) {
	o := openOffice(t)
	for _, body := range []string{`{"add_tags":[""]}`, `{"add_tags":["` + strings.Repeat("x", 101) + `"]}`, `{"priority":3}`, `{"priority":-1}`, `{"tags":[]}`} {
		if resp, text := o.api(o.key, http.MethodPatch, "/conversations/c1/handling", body); resp.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("%s: got %d %s", body, resp.StatusCode, text)
		}
	}
	for _, body := range []string{`{"add_tags":[""]}`, `{"fields":{"":"x"}}`, `{"fields":{"x":"` + strings.Repeat("x", 2001) + `"}}`, `{"fields":{"x":1}}`, `{"name":"x"}`} {
		if resp, text := o.api(o.key, http.MethodPatch, "/contacts/p1", body); resp.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("%s: got %d %s", body, resp.StatusCode, text)
		}
	}
	for _, query := range []string{"from=2026-03-02T00:00:00Z&to=2026-03-01T00:00:00Z", "from=2020-03-02T00:00:00Z&to=2026-03-01T00:00:00Z", "from=yesterday&to=today", ""} {
		if resp, text := o.api(o.key, http.MethodGet, "/reports?"+query, ""); resp.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("%s: got %d %s", query, resp.StatusCode, text)
		}
	}
}
