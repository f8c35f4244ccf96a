package gormstore_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"causeway/adapters/gormstore"
)

// A file that is broken, or something else, is told from one that one may not write to.
func TestDamagedFile(t *testing.T) {
	whole := filepath.Join(t.TempDir(), "whole.db")
	if err := open(t, "sqlite:"+whole).Snapshot(t.Context(), whole+".copy"); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(whole + ".copy")
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{"cut": string(raw[:len(raw)/2]), "text": strings.Repeat("no database at all\n", 100)} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "causeway.db")
			if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			s, err := gormstore.Open(t.Context(), "sqlite:"+path, gormstore.Options{})
			if err == nil {
				_ = s.Close()
				t.Fatal("it is opened")
			}
			if !strings.Contains(err.Error(), "damaged") || !strings.Contains(err.Error(), "causeway restore") {
				t.Errorf("got %v", err)
			}
		})
	}
}
