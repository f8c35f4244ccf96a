package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"causeway/bridges/simulator/mailroom"
	"causeway/core"
)

// From the first message to the stars: rules, a target that is missed, an answer, the end, and the survey.
func TestCare(t *testing.T) {
	onBoth(t, func(t *testing.T, database string) {
		w := liveIn(t, worldOptions{Database: database})
		w.must(core.SaveCare(t.Context(), w.repo(), core.Care{Survey: core.Survey{On: true}, Targets: []core.Target{{Priority: 1, FirstAnswer: 2 * time.Second}},
			Rules: []core.Rule{{Name: "refunds", Words: []string{"refund"}, Tags: []string{"refund"}, Priority: 1}}}))
		w.grace.Say("I want a refund")
		m := w.mailTo(w.lena, "I want a refund")
		w.mailTo(w.lena, "waits for a first answer")
		w.mailTo(w.lena, "still waits for a first answer")
		conv := w.conversations()[0]
		r := w.robot("read", "send")
		path := "/conversations/" + string(conv.ID)
		h := r.expect(http.StatusOK, http.MethodGet, path+"/handling", "")
		if h["priority"] != float64(1) || h["tags"].([]any)[0] != "refund" {
			t.Errorf("handled %v", h)
		}
		_, err := w.lena.Reply(w.within(), m, "You get it today.", mailroom.ReplyOptions{})
		w.must(err)
		w.phoneShows(w.grace, "You get it today.")
		w.eventually("the answer is noted", func() bool {
			l, err := w.repo().Handling(t.Context(), conv.ID)
			return err == nil && !l.Answered.IsZero()
		})
		h = r.expect(http.StatusOK, http.MethodPatch, path+"/handling", `{"priority": 0, "add_tags": ["done"], "remove_tags": ["refund"]}`)
		if h["priority"] != float64(0) || h["tags"].([]any)[0] != "done" || h["answered_at"] == nil {
			t.Errorf("handled %v", h)
		}
		r.expect(http.StatusUnprocessableEntity, http.MethodPatch, path+"/handling", `{"priority": 7}`)
		r.expect(http.StatusOK, http.MethodPost, path+"/close", "")
		w.phoneShows(w.grace, "How satisfied are you with our answer?")
		mails := len(w.lena.Mails())
		w.grace.Press("★★★★")
		w.phoneShows(w.grace, "Thank you! Would you like to tell us why? Just write it here.")
		w.eventually("the answer to the survey", func() bool {
			s, err := w.repo().Survey(t.Context(), conv.Contact)
			return err == nil && s.Score == 4 && s.Conversation == conv.ID
		})
		w.settle()
		if n := len(w.lena.Mails()); n != mails {
			t.Errorf("Lena was mailed %d times of the answer to the survey", n-mails)
		}
		if n := len(w.conversations()); n != 1 {
			t.Errorf("%d conversations, the answer to the survey opened one", n)
		}
		for _, c := range w.conversations() {
			if c.State != core.ConversationClosed {
				t.Errorf("#%d is %s", c.Number, c.State)
			}
		}
		w.grace.Say("Lena was quick")
		w.mailTo(w.lena, "Lena was quick")
		w.eventually("the comment", func() bool {
			s, err := w.repo().Survey(t.Context(), conv.Contact)
			return err == nil && s.Comment == "Lena was quick"
		})
		day := func(by int) string { return w.now().UTC().AddDate(0, 0, by).Format(time.RFC3339) }
		doc := r.expect(http.StatusOK, http.MethodGet, "/reports?from="+day(-1)+"&to="+day(1), "")
		if all, _ := doc["comments"].([]any); len(all) != 1 || all[0].(map[string]any)["text"] != "Lena was quick" || all[0].(map[string]any)["score"] != 4.0 {
			t.Errorf("reported %v", doc["comments"])
		}
		w.settle()
		if n := len(w.conversations()); n != 1 {
			t.Errorf("%d conversations, the comment opened one", n)
		}
		w.grace.Say("one more thing")
		w.mailTo(w.lena, "one more thing")
		open, err := w.repo().OpenConversation(t.Context(), conv.Contact)
		w.must(err)
		id := string(open.ID)
		r.expect(http.StatusOK, http.MethodPatch, "/conversations/"+id+"/handling", `{"snooze_until": "`+w.now().Add(time.Hour).Format(time.RFC3339)+`"}`)
		r.expect(http.StatusOK, http.MethodPost, "/conversations/"+id+"/drop", "")
		h = r.expect(http.StatusOK, http.MethodGet, "/conversations/"+id+"/handling", "")
		if tags, _ := h["tags"].([]any); len(tags) != 1 || !strings.Contains(tags[0].(string), "unresponsive") {
			t.Errorf("dropped: %v", h)
		}
	})
}
