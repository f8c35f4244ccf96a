package webchat

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// axeFolder holds axe-core as its makers publish it. It is for tests alone, and no part of the program.
const axeFolder = "testdata/axe-core@4.14.1"

// axeCore returns the script of axe-core, after proving that nobody changed it.
func axeCore(t *testing.T) string {
	t.Helper()
	var lock struct {
		Files map[string]string `json:"files_sha256"`
	}
	if err := json.Unmarshal(readAxe(t, "lock.json"), &lock); err != nil {
		t.Fatal(err)
	}
	there, err := filepath.Glob(axeFolder + "/*")
	if err != nil || len(there) != len(lock.Files)+1 {
		t.Errorf("%q beside lock.json, which lists %d files, %v", there, len(lock.Files), err)
	}
	for name, want := range lock.Files {
		sum := sha256.Sum256(readAxe(t, name))
		if got := hex.EncodeToString(sum[:]); got != want {
			t.Fatalf("%s: SHA-256 %s, locked is %s", name, got, want)
		}
	}
	return string(readAxe(t, "axe.min.js"))
}

func readAxe(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(axeFolder, name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestAxeIsWhatWasPublished: the script that looks at the widget is the one that its makers released, with its licence.
func TestAxeIsWhatWasPublished(t *testing.T) {
	if script := axeCore(t); len(script) < 500<<10 {
		t.Errorf("axe.min.js has %d bytes", len(script))
	}
}
