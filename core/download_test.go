package core

import (
	"io"
	"strings"
	"testing"
)

// TestBounded: a file that passes the limit is cut there, with an error.
func TestBounded(t *testing.T) {
	for text, good := range map[string]bool{"": true, "123": true, "1234": true, "12345": false, strings.Repeat("x", 1<<20): false} {
		got, err := io.ReadAll(Bounded(io.NopCloser(strings.NewReader(text)), 4))
		if string(got) != text[:min(4, len(text))] || good != (err == nil) || !good && CodeOf(err) != CodeTooLarge {
			t.Errorf("of %d bytes: got %q, %v", len(text), got, err)
		}
	}
}

// TestNewForm: whatever comes as a form can be kept.
func TestNewForm(t *testing.T) {
	for raw, want := range map[string]string{`{"a":"x\u0000y","b\u0000":["\u0000",{"c":1}]}`: "a=xy", `[1]`: "", `"words"`: "", `{`: "", "": ""} {
		f := NewForm("n", []byte(raw))
		got := ""
		if f.Fields != nil {
			got = "a=" + f.Fields["a"].(string)
		}
		if got != want || (f.Raw == nil) == (raw != "{" && raw != "") {
			t.Errorf("%s: got %+v", raw, f)
		}
	}
}
