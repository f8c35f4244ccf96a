package bridgetest

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"causeway/core"
)

var update = flag.Bool("update", false, "write the golden events anew")

// Golden gives each file of testdata with this ending (".json") to receive, and compares the events with the file beside it, NAME.events.json.
// With -update these are written anew. What a person may have to look at must have been kept as it came; the golden files leave it out, as they
// leave out every field that is empty, so that a new field of the domain leaves them alone.
func Golden(t *testing.T, ending string, receive func(t *testing.T, name string, raw []byte) []core.Event) {
	t.Helper()
	all, err := filepath.Glob("testdata/*" + ending)
	if err != nil || len(all) == 0 {
		t.Fatalf("no %s in testdata: %v", ending, err)
	}
	for _, file := range all {
		name := strings.TrimSuffix(filepath.Base(file), ending)
		if strings.HasSuffix(name, ".events") {
			continue
		}
		t.Run(name, func(t *testing.T) {
			raw, err := os.ReadFile(file) //nolint:gosec // the test's own data
			if err != nil {
				t.Fatal(err)
			}
			CompareGolden(t, strings.TrimSuffix(file, ending)+".events.json", receive(t, name, raw))
		})
	}
}

// CompareGolden compares events with a golden file, as Golden does.
func CompareGolden(t *testing.T, file string, events []core.Event) {
	t.Helper()
	got := lean(t, events)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil { //nolint:gosec // not a secret
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file) //nolint:gosec // the test's own data
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// lean writes events without their raw texts and without what is empty in them.
func lean(t *testing.T, events []core.Event) []byte {
	t.Helper()
	said := make([]core.Event, len(events))
	for i, e := range events {
		if (e.Kind == core.EventOther || e.Fault != "") && !json.Valid(e.Raw) {
			t.Errorf("event %d has no raw text: %+v", i, e)
		}
		e.Raw = nil
		said[i] = e
	}
	raw, err := json.Marshal(said)
	if err != nil {
		t.Fatal(err)
	}
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	if raw, err = json.MarshalIndent(full(v), "", "  "); err != nil {
		t.Fatal(err)
	}
	return append(raw, '\n')
}

// full drops empty members of objects.
func full(v any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = full(v[i])
		}
	case map[string]any:
		for k, x := range v {
			if x = full(x); x == nil || x == "" || x == false || x == 0.0 {
				delete(v, k)
			} else {
				v[k] = x
			}
		}
	}
	return v
}
