package bridgetest

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"causeway/core"
)

// Seeds returns the webhooks of testdata, those that Golden gives to receive, but for those that are named.
func Seeds(f testing.TB, but ...string) [][]byte {
	f.Helper()
	files, err := filepath.Glob("testdata/*.json")
	if err != nil {
		f.Fatal(err)
	}
	var all [][]byte
	for _, file := range files {
		if strings.HasSuffix(file, ".events.json") || slices.Contains(but, strings.TrimSuffix(filepath.Base(file), ".json")) {
			continue
		}
		raw, err := os.ReadFile(file) //nolint:gosec // the test's own data
		if err != nil {
			f.Fatal(err)
		}
		all = append(all, raw)
	}
	return all
}

// Apart takes lists of webhooks apart.
func Apart(t testing.TB, lists ...[]byte) [][]byte {
	t.Helper()
	var all [][]byte
	for _, list := range lists {
		var some []json.RawMessage
		if err := json.Unmarshal(list, &some); err != nil {
			t.Fatal(err)
		}
		for _, one := range some {
			all = append(all, one)
		}
	}
	return all
}

// Fuzzed hands an authentic call to a link: it becomes events that can be stored, the same each time, or a Problem if its body is not JSON. It
// returns the events.
func Fuzzed(t *testing.T, l core.WebhookLink, r core.WebhookRequest) []core.Event {
	t.Helper()
	_, events, err := l.Receive(t.Context(), r)
	if err != nil {
		if core.CodeOf(err) != core.CodeInvalid || json.Valid(r.Body) {
			t.Fatalf("%s: %v", r.Body, err)
		}
		return nil
	}
	if len(events) == 0 {
		t.Fatalf("lost: %s", r.Body)
	}
	if _, again, _ := l.Receive(t.Context(), r); !reflect.DeepEqual(events, again) {
		t.Fatalf("not the same twice: %s", r.Body)
	}
	for _, e := range events {
		storable(t, e)
	}
	return events
}

// longestID bounds the id of an event: a provider's, of 512 at most, with what tells the pieces of one message apart.
const longestID = 600

// storable: an event has an id that can be a key, and no NUL, which databases refuse, but in its raw texts.
func storable(t *testing.T, e core.Event) {
	t.Helper()
	if e.ID == "" || len(e.ID) > longestID || !utf8.ValidString(e.ID) || strings.ContainsFunc(e.ID, func(r rune) bool { return r < ' ' }) || e.At.IsZero() && e.Fault == "" {
		t.Fatalf("cannot be kept: %+v", e)
	}
	if m := e.Message; m != nil && e.Fault == "" && m.Content.Kind.HasMedia() && (m.Content.Media == nil || m.Content.Media.Provider == "" && m.Content.Media.URL == "") {
		t.Fatalf("names no file: %+v", e)
	}
	e.Raw = nil
	if e.Message != nil && e.Message.Content.Form != nil {
		message, form := *e.Message, *e.Message.Content.Form
		form.Raw, message.Content.Form, e.Message = nil, &form, &message
	}
	raw, err := json.Marshal(e)
	if err != nil || strings.Contains(strings.ReplaceAll(string(raw), `\\`, ""), `\u0000`) {
		t.Fatalf("cannot be kept: %+v %v", e, err)
	}
}
