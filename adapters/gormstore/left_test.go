package gormstore_test

import (
	"fmt"
	"testing"
	"time"

	"causeway/adapters/gormstore"
	"causeway/adapters/gormstore/freshstore"
	"causeway/core"
)

func TestLeft(t *testing.T) {
	freshstore.Each(t, nil, func(t *testing.T, s *gormstore.Store, _ *freshstore.Queue) {
		ctx := t.Context()
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		for i, name := range []string{"main", "other"} {
			ws, err := s.EnsureWorkspace(ctx, name)
			must(err)
			for n, kind := range []string{"event", "event", core.DeadMail}[i:] {
				must(s.In(ws).AddDeadLetter(ctx, core.DeadLetter{ID: fmt.Sprint(name, n), Kind: kind, Raw: []byte("{}"), At: time.Now()}))
			}
		}
		got, err := s.Left(ctx)
		must(err)
		if fmt.Sprint(got) != "{map[event:3 mail:2] 0}" {
			t.Errorf("got %v", got)
		}
	})
}
