package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// profiles begins to profile the gateway for a while. What it returns waits for that, takes the allocations too, and says what failed.
func (s *subject) profiles(ctx context.Context, prefix string, lasting time.Duration) func() error {
	done := make(chan error, 1)
	go func() {
		done <- s.profile(ctx, fmt.Sprintf("profile?seconds=%d", max(1, int(lasting.Seconds()))), prefix+".cpu.pprof")
	}()
	return func() error { return errors.Join(<-done, s.profile(ctx, "allocs", prefix+".allocs.pprof")) }
}

func (s *subject) profile(ctx context.Context, what, file string) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.private+"/debug/pprof/"+what, nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	f, err := os.Create(file) //nolint:gosec // the folder is the caller's
	if err != nil {
		return err
	}
	_, err = io.Copy(f, answer.Body)
	return errors.Join(err, f.Close())
}
