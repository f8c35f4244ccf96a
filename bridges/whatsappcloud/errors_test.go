package whatsappcloud

import (
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"causeway/bridges/meta"
	"causeway/core"
)

// TestErrorCodes is the whole map, written a second time by hand from the facts: a change of one without the other fails.
func TestErrorCodes(t *testing.T) {
	want := map[core.Effect][]int{
		core.EffectPark: {0, 102, 190, 3, 10, 200, 210, 299, 131005, 368, 131031, 131037, 131042, 131045, 133010, 134011, 133000, 133005, 133006, 133008, 133009, 133016},
		core.EffectSlow: {4, 17, 32, 613, 80007, 80008, 130429, 131048, 131064}, core.EffectSlowPeer: {131056},
		core.EffectRetry:  {1, 2, 131000, 131016, 131057, 133004, 2494100, 133015, 132069},
		core.EffectWindow: {131047}, core.EffectStop: {131050},
		core.EffectResync: {132000, 132012, 132018, 132001, 132005, 132007, 132015, 132016},
		core.EffectFail: {130497, 131026, 131030, 131049, 130403, 130472, 131021, 131062, 33, 100, 131008, 131009, 131014, 135000, 131051, 131052, 131053, 131060, 131063, 131055, 134100,
			134101, 134102, 132068, 2593107, 2593108, 2593109, 2388001, 2388999},
	}
	listed := map[int]bool{}
	for effect, codes := range want {
		for _, code := range codes {
			listed[code] = true
			e := sendError(code, "words")
			if e.Effect != effect || e.Outcome != core.Rejected || e.Code != strconv.Itoa(code) || !strings.HasSuffix(e.Reason, ".") || e.Detail != "words" {
				t.Errorf("%d: got %+v, want %s", code, e, effect)
			}
			if e.Remedy == "" && (effect == core.EffectPark || effect == core.EffectWindow || effect == core.EffectStop || effect == core.EffectResync) {
				t.Errorf("%d: no remedy", code)
			}
			if a := sendError(code, "other words"); a.Effect != e.Effect || a.Reason != e.Reason {
				t.Errorf("%d: the texts of the platform change what it means", code)
			}
		}
	}
	seen := map[int]bool{}
	for _, r := range refusals {
		for _, code := range r.Codes {
			if !listed[code] || seen[code] {
				t.Errorf("%d is in the map and not in this test, or twice in the map", code)
			}
			seen[code] = true
		}
	}
}

func TestErrorWaits(t *testing.T) {
	for code, least := range map[int]time.Duration{131056: 6 * time.Second, 130429: time.Second, 133015: 5 * time.Minute, 132069: time.Hour, 131048: time.Hour} {
		if e := sendError(code, ""); e.Retry < least {
			t.Errorf("%d: waits %s, want at least %s", code, e.Retry, least)
		}
	}
	e := refused(&meta.Error{Status: 429, Code: 130429, RetryAfter: time.Minute, Trace: "A1", Details: "slow down"})
	if e.Retry != time.Minute || e.Trace != "A1" || e.Detail != "slow down" {
		t.Errorf("got %+v", e)
	}
}

func TestErrorUnknownCode(t *testing.T) {
	for name, c := range map[string]struct {
		e      meta.Error
		effect core.Effect
		code   string
	}{
		"400":            {meta.Error{Status: 400, Code: 777, Message: "no"}, core.EffectFail, "777"},
		"500":            {meta.Error{Status: 500, Code: 777}, core.EffectRetry, "777"},
		"400 transient":  {meta.Error{Status: 400, Code: 777, Transient: true}, core.EffectRetry, "777"},
		"429":            {meta.Error{Status: 429, Code: 777}, core.EffectSlow, "777"},
		"no code at all": {meta.Error{Status: 400, Code: -1, Message: "no"}, core.EffectFail, ""},
	} {
		t.Run(name, func(t *testing.T) {
			e := refused(&c.e)
			if e.Effect != c.effect || e.Outcome != core.Rejected || e.Code != c.code || e.Reason == "" {
				t.Errorf("got %+v, want %s", e, c.effect)
			}
		})
	}
}

func TestFailureGuarded(t *testing.T) {
	p := core.Problemf(core.CodeForbidden, "The address is private.").Remedied("Allow it.")
	e := core.AsSendError(conf{}.failed(&meta.Failure{Err: errors.Join(p)}))
	if e.Effect != core.EffectPark || e.Outcome != core.Rejected || e.Reason != p.Detail || e.Remedy != p.Remedy {
		t.Errorf("got %+v", e)
	}
	if e := core.AsSendError(conf{}.failed(errors.New("anything"))); e.Outcome != core.Unknown {
		t.Errorf("an error of no known kind: got %+v", e)
	}
	if (conf{}).failed(nil) != nil {
		t.Error("no error became one")
	}
}
