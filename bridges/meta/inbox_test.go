package meta

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"causeway/core"
)

// TestInboxRefusals is the whole map, written a second time by hand from the facts: a change of one without the other fails.
func TestInboxRefusals(t *testing.T) {
	want := map[core.Effect]string{
		core.EffectPark:   "0 3 10 102 190 200 201 230 299 368 10/1893063 100/33 200/2018028",
		core.EffectWindow: "10/2018278 10/2018065 10/2534022",
		core.EffectSlow:   "4 17 32 341 613 80001 80002 80006 80007 613/2018185 613/1996",
		core.EffectRetry:  "1 2 1200",
		core.EffectFail: "1/1357046 551 10/2018108 200/1545041 10/1545041 200/2018108 100 100/2018001 100/2534014 100/2018109 10/2018300 100/2534037 10/2534037 100/2018300 10900 10903 " +
			"36000 36001 36002 36003 36004 100/2018047 100/2018074 100/2018008 100/2018294 100/2018007 100/1893061",
	}
	i := &Inbox{Title: "Messenger"}
	listed := map[string]bool{}
	for effect, all := range want {
		for _, name := range strings.Fields(all) {
			g := &Error{Status: 400, Message: "words"}
			if n, _ := fmt.Sscanf(name, "%d/%d", &g.Code, &g.Subcode); n == 0 {
				t.Fatal(name)
			}
			listed[name] = true
			e := i.failed(g, false)
			unknown := name == "1/1357046"
			if e.Effect != effect || e.Code != name || e.Detail != "words" || !strings.HasSuffix(e.Reason, ".") || strings.Contains(e.Reason+e.Remedy, "{") || (e.Outcome == core.Unknown) != unknown {
				t.Errorf("%s: got %+v, want %s", name, e, effect)
			}
			if e.Remedy == "" && (effect == core.EffectPark || effect == core.EffectWindow || effect == core.EffectFail) {
				t.Errorf("%s: no remedy", name)
			}
		}
	}
	for _, r := range refusals {
		for _, code := range r.Codes {
			names := []string{fmt.Sprint(code)}
			if len(r.Subs) > 0 {
				names = nil
			}
			for _, sub := range r.Subs {
				names = append(names, fmt.Sprintf("%d/%d", code, sub))
			}
			for _, name := range names {
				if !listed[name] {
					t.Errorf("%s is in the map and not in this test", name)
				}
			}
		}
	}
}

// TestInboxRefusalsBeyondTheMap: codes that nobody knows are judged by how the platform says them.
func TestInboxRefusalsBeyondTheMap(t *testing.T) {
	i := &Inbox{Title: "Instagram"}
	for name, c := range map[string]struct {
		err    error
		effect core.Effect
		reason string
	}{
		"400":           {&Error{Status: 400, Code: 777, Message: "costs $ 5"}, core.EffectFail, "Instagram refused the message: costs $ 5"},
		"no words":      {&Error{Status: 400, Code: -1}, core.EffectFail, "gave no reason"},
		"500":           {&Error{Status: 500, Code: 777}, core.EffectRetry, "trouble"},
		"transient":     {&Error{Status: 400, Code: 777, Transient: true}, core.EffectRetry, "trouble"},
		"429":           {&Error{Status: 429, Code: 777}, core.EffectSlow, "slow down"},
		"a guarded one": {&Failure{Err: errors.Join(core.Problemf(core.CodeForbidden, "The address is private.").Remedied("Allow it."))}, core.EffectPark, "private"},
		"anything":      {errors.New("anything"), core.EffectFail, "may or may not"},
	} {
		if e := i.failed(c.err, false); e.Effect != c.effect || !strings.Contains(e.Reason, c.reason) {
			t.Errorf("%s: got %+v", name, e)
		}
	}
	if e := i.failed(&Error{Status: 400, Code: 613, RetryAfter: time.Minute}, false); e.Retry != time.Minute {
		t.Errorf("got %+v", e)
	}
}

func TestTimes(t *testing.T) {
	want := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for text, good := range map[Text]bool{"1767225600": true, "1767225600000": true, "1.7672256e9": true, "2026-01-01T00:00:00+0000": true, "2026-01-01T01:00:00+01:00": true, " 1767225600 ": true,
		"": false, "0": false, "-1767225600": false, "5": false, "yesterday": false, "1e30": false, "99999999999999999": false, "0001-01-01T00:00:00Z": false, "NaN": false} {
		at, ok := text.Time()
		if ok != good || good && !at.Equal(want) {
			t.Errorf("%q: got %v %v", text, at, ok)
		}
	}
}
