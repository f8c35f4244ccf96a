package freshstore

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"causeway/adapters/gormstore"
)

// lite makes a migrated SQLite database for the test and returns its address: a copy, for that takes a tenth of the time of making the schema.
func lite(t testing.TB) string {
	t.Helper()
	model, err := liteModel()
	if err != nil {
		t.Fatalf("make the model of databases: %v", err)
	}
	path := filepath.Join(t.TempDir(), "causeway.db")
	if err := os.WriteFile(path, model, 0o600); err != nil {
		t.Fatal(err)
	}
	return "sqlite:" + path
}

// liteModel is the file that those of the tests are copies of.
var liteModel = sync.OnceValues(func() (file []byte, err error) {
	dir, err := os.MkdirTemp("", "causeway-model-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	path := filepath.Join(dir, "model.db")
	s, err := gormstore.Open(context.Background(), "sqlite:"+path, gormstore.Options{})
	if err != nil {
		return nil, err
	}
	_, err = s.Migrate(context.Background())
	if err := errors.Join(err, s.Close()); err != nil { // which leaves all of it in the one file
		return nil, err
	}
	return os.ReadFile(path)
})
