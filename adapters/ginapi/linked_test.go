package ginapi

import (
	"testing"

	"causeway/core"
)

// TestLinkedFile: a public link keeps the type that channels know, whatever its author calls that.
func TestLinkedFile(t *testing.T) {
	for declared, want := range map[string]string{"audio/mp3": "audio/mpeg", "image/png": "image/png", "": ""} {
		m := core.Media{URL: "https://files.example.com/a", MIME: declared}
		if err := completeMedia(t.Context(), nil, &m, "media"); err != nil || m.MIME != want {
			t.Errorf("%q: got %q %v, want %q", declared, m.MIME, err, want)
		}
	}
}
