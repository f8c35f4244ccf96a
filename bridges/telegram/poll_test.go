package telegram

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"causeway/bridges/bridgetest"
	"causeway/core"
)

// feed is a Bot API that has updates waiting, and forgets those before the offset.
type feed struct {
	mu      sync.Mutex
	waiting []string
	later   []string // come one by one with the calls
	offsets []any
	hook    bool
	cancel  context.CancelFunc // called when nothing is left and the last was confirmed
	fail    []func(w http.ResponseWriter)
}

func updateID(raw string) int64 {
	var u struct {
		ID int64 `json:"update_id"`
	}
	_ = json.Unmarshal([]byte(raw), &u)
	return u.ID
}

func (f *feed) serve(w http.ResponseWriter, c call) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch c.Method {
	case "deleteWebhook":
		f.hook = false
		say(w, "true")
	case "getUpdates":
		f.updates(w, c)
	default:
		say(w, "true")
	}
}

func (f *feed) updates(w http.ResponseWriter, c call) {
	f.offsets = append(f.offsets, c.Fields["offset"])
	if f.hook {
		refuseWith(w, 409, "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first", "")
		return
	}
	if len(f.fail) > 0 {
		fail := f.fail[0]
		f.fail = f.fail[1:]
		fail(w)
		return
	}
	offset, _ := c.Fields["offset"].(float64)
	f.waiting = slices.DeleteFunc(f.waiting, func(u string) bool { return updateID(u) < int64(offset) })
	if len(f.later) > 0 {
		f.waiting, f.later = append(f.waiting, f.later[0]), f.later[1:]
	}
	say(w, "["+strings.Join(f.waiting, ",")+"]")
	if len(f.waiting) == 0 && len(f.later) == 0 && f.cancel != nil {
		f.cancel()
	}
}

func hello(id int, more string) string {
	return fmt.Sprintf(`{"update_id":%d,"message":{"message_id":%d,"date":1767225600,"from":{"id":12345,"is_bot":false,"first_name":"Ana"},"chat":{"id":12345,"type":"private"},%s}}`, id, id, more)
}

// run runs a session until the feed is empty and confirmed.
func (f *feed) run(t *testing.T, h *bridgetest.Host) (*bots, *pauses, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	f.cancel = cancel
	b := newBots(t, f.serve)
	l, waits := openPolled(t, h, b.URL)
	return b, waits, l.Run(ctx)
}

func TestPollingTakesTheWebhookAwayAndConfirmsAfterTheCommit(t *testing.T) {
	h := bridgetest.NewHost(t)
	f := &feed{hook: true, waiting: []string{hello(7, `"text":"a"`), hello(8, `"text":"b"`)}}
	b, _, err := f.run(t, h)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("it ended with %v", err)
	}
	if got := b.methods(); got[0] != "deleteWebhook" || b.all()[0].Fields["drop_pending_updates"] != false {
		t.Errorf("called %v", got)
	}
	if len(h.Events()) != 2 || fmt.Sprint(f.offsets) != "[<nil> 9]" {
		t.Errorf("events %+v, offsets %v", h.Events(), f.offsets)
	}
	var c cursor
	raw, _ := h.Load(t.Context(), keyCursor)
	if json.Unmarshal(raw, &c) != nil || c.Next != 9 {
		t.Errorf("the cursor is %s", raw)
	}
}

func TestPollingGoesOnWhereItWas(t *testing.T) {
	for name, c := range map[string]struct {
		age  time.Duration
		want string
	}{"fresh": {time.Hour, "[41]"}, "older than Telegram's own counting": {7 * 24 * time.Hour, "[<nil>]"}} {
		t.Run(name, func(t *testing.T) {
			h := bridgetest.NewHost(t)
			raw, _ := json.Marshal(cursor{Next: 41, At: h.Now().Add(-c.age)})
			if err := h.Save(t.Context(), keyCursor, raw); err != nil {
				t.Fatal(err)
			}
			f := &feed{}
			_, _, _ = f.run(t, h)
			if got := fmt.Sprint(f.offsets); got != c.want {
				t.Errorf("asked from %s, want %s", got, c.want)
			}
		})
	}
}

// TestPollingConfirmsNothingThatIsNotStored: as long as the store is away, the same updates are asked for again.
func TestPollingConfirmsNothingThatIsNotStored(t *testing.T) {
	h := bridgetest.NewHost(t)
	h.EmitError = errors.New("no database")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	f := &feed{waiting: []string{hello(7, `"text":"a"`)}}
	b := newBots(t, func(w http.ResponseWriter, c call) {
		f.serve(w, c)
		if len(f.offsets) > 3 {
			cancel()
		}
	})
	l, waits := openPolled(t, h, b.URL)
	_ = l.Run(ctx)
	for _, o := range f.offsets {
		if o != nil {
			t.Errorf("confirmed up to %v", o)
		}
	}
	if raw, _ := h.Load(t.Context(), keyCursor); raw != nil {
		t.Errorf("the cursor was saved: %s", raw)
	}
	if got := waits.list(); len(got) < 2 || got[0] != time.Second || got[1] != 2*time.Second {
		t.Errorf("waited %v", got)
	}
	if len(h.Healths()) > 0 {
		t.Errorf("our own store is no matter of the channel's health: %+v", h.Healths())
	}
}

func TestPollingKeepsAnAlbumTogether(t *testing.T) {
	h := bridgetest.NewHost(t)
	picture := func(id int) string {
		return hello(id, fmt.Sprintf(`"media_group_id":"9","photo":[{"file_id":"p%d","width":1,"height":1}]`, id))
	}
	f := &feed{waiting: []string{picture(7)}, later: []string{picture(8), picture(9)}}
	_, waits, _ := f.run(t, h)
	if len(h.Events()) != 3 || h.Tried() != 1 {
		t.Errorf("%d events in %d batches, want 3 in 1", len(h.Events()), h.Tried())
	}
	if got := waits.list(); len(got) == 0 || got[0] != albumWait {
		t.Errorf("waited %v", got)
	}
}

func TestPollingAnswersButtonsAfterTheCommit(t *testing.T) {
	h := bridgetest.NewHost(t)
	f := &feed{waiting: []string{`{"update_id":5,"callback_query":{"id":"cb","from":{"id":12345,"first_name":"Ana"},"chat_instance":"1","data":"y"}}`}}
	b, _, _ := f.run(t, h)
	if got := fmt.Sprint(b.methods()[:3]); got != "[deleteWebhook getUpdates answerCallbackQuery]" || b.all()[2].Fields["callback_query_id"] != "cb" {
		t.Errorf("called %s", got)
	}
}

func TestPollingSkipsWhatCannotBeRead(t *testing.T) {
	h := bridgetest.NewHost(t)
	f := &feed{waiting: []string{`{"update_id":5,"message":"?"}`, hello(6, `"text":"a"`)}}
	_, _, _ = f.run(t, h)
	if e := h.Events(); len(e) != 2 || e[0].Fault == "" || e[1].Fault != "" {
		t.Errorf("got %+v", e)
	}
}

func TestPollingWaitsTroubleOut(t *testing.T) {
	answer := func(code int, words, parameters string) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) { refuseWith(w, code, words, parameters) }
	}
	conflict := answer(409, "Conflict: terminated by other getUpdates request", "")
	for name, c := range map[string]struct {
		fail  []func(http.ResponseWriter)
		least time.Duration
		level core.HealthLevel // told, then taken back
	}{
		"one conflict":    {[]func(http.ResponseWriter){conflict}, 5 * time.Second, ""},
		"conflicts":       {[]func(http.ResponseWriter){conflict, conflict, conflict}, 5 * time.Second, core.HealthBad},
		"asked to wait":   {[]func(http.ResponseWriter){answer(429, "Too Many Requests: retry after 14", `{"retry_after":14}`)}, 14 * time.Second, ""},
		"server errors":   {[]func(http.ResponseWriter){answer(500, "Internal Server Error", ""), answer(502, "Bad Gateway", ""), answer(500, "x", "")}, time.Second, core.HealthWarning},
		"no JSON, thrice": {[]func(http.ResponseWriter){func(w http.ResponseWriter) { w.WriteHeader(502) }, func(w http.ResponseWriter) { w.WriteHeader(502) }, func(w http.ResponseWriter) { w.WriteHeader(502) }}, time.Second, core.HealthWarning},
	} {
		t.Run(name, func(t *testing.T) {
			h := bridgetest.NewHost(t)
			f := &feed{fail: c.fail, waiting: []string{hello(7, `"text":"a"`)}}
			_, waits, _ := f.run(t, h)
			if len(h.Events()) != 1 {
				t.Errorf("events %+v", h.Events())
			}
			if got := waits.list(); len(got) != len(c.fail) || got[0] < c.least {
				t.Errorf("waited %v", got)
			}
			told := h.Healths()
			if c.level == "" && len(told) > 0 || c.level != "" && (len(told) != 2 || told[0].Level != c.level || told[0].Remedy+told[0].Reason == "" || told[1].Level != core.HealthGood) {
				t.Errorf("told %+v, want %q and that it is well again", told, c.level)
			}
		})
	}
}

// What a run told of failures, the next one takes back, once.
func TestPollingIsWellAfterARestart(t *testing.T) {
	h := bridgetest.NewHost(t)
	conflict := func(w http.ResponseWriter) {
		refuseWith(w, 409, "Conflict: terminated by other getUpdates request", "")
	}
	revoked := func(w http.ResponseWriter) { refuseWith(w, 401, "Unauthorized", "") }
	f := &feed{fail: []func(http.ResponseWriter){conflict, conflict, conflict, revoked}}
	_, _, _ = f.run(t, h)
	for id := range 2 {
		_, _, _ = (&feed{waiting: []string{hello(7+id, `"text":"a"`)}}).run(t, h)
	}
	if told := h.Healths(); len(told) != 2 || told[0].Level != core.HealthBad || told[1].Level != core.HealthGood {
		t.Errorf("told %+v", told)
	}
}

func TestPollingEndsWithARevokedToken(t *testing.T) {
	h := bridgetest.NewHost(t)
	f := &feed{fail: []func(http.ResponseWriter){func(w http.ResponseWriter) { refuseWith(w, 401, "Unauthorized", "") }}}
	_, _, err := f.run(t, h)
	var e *core.SendError
	if !errors.As(err, &e) || e.Effect != core.EffectPark || e.Remedy == "" {
		t.Errorf("it ended with %v", err)
	}
	if told := h.Healths(); len(told) != 0 { // the error says it, and would else be told twice
		t.Errorf("told %+v", told)
	}
}
