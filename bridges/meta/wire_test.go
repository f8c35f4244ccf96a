package meta

import (
	"bytes"
	"encoding/json"
	"testing"
)

// FuzzMembers: objects and lists are taken apart as encoding/json does.
func FuzzMembers(f *testing.F) {
	for _, seed := range []string{`{"a":1,"b":[2,{"a":"x"}],"a":null}`, ` { "b" : "}\"" , "\u0061" : true } `, `[]`, `{}`, `null`, ` [ 1 , "]" , [ { } ] , null ]`, `"a"`, `7`, "{\"a\":\n-1e9}"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if !json.Valid(raw) {
			return
		}
		var object map[string]json.RawMessage
		_ = json.Unmarshal(raw, &object)
		for i, got := range Members(raw, "a", "b") {
			if want := object[string("ab"[i])]; !bytes.Equal(got, want) {
				t.Errorf("member %d of %q: %q, want %q", i, raw, got, want)
			}
		}
		var list []json.RawMessage
		if err := json.Unmarshal(raw, &list); err != nil {
			list = []json.RawMessage{raw}
		}
		got := Listed(raw)
		if len(got) != len(list) {
			t.Fatalf("%d members of %q, want %d", len(got), raw, len(list))
		}
		for i := range got {
			if !bytes.Equal(got[i], list[i]) {
				t.Errorf("member %d of %q: %q, want %q", i, raw, got[i], list[i])
			}
		}
	})
}
