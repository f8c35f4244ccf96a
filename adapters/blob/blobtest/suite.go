// Package blobtest is the contract of core.Blobs: every implementation passes Run.
package blobtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"causeway/core"
)

// Run checks an implementation. make returns an empty store; it is called for each case.
func Run(t *testing.T, make func(t *testing.T) core.Blobs) {
	cases := []struct {
		name  string
		check func(*testing.T, core.Blobs)
	}{
		{"what was put comes back", roundTrip},
		{"what is not there is not found", missing},
		{"an existing key is replaced", replace},
		{"a key may be the beginning of another", nested},
		{"a broken source leaves nothing", broken},
		{"a broken source leaves what was there", brokenReplace},
		{"a cancelled put leaves nothing", cancelled},
		{"deleting twice is harmless", deleteTwice},
		{"a list has the prefix and is sorted", list},
		{"bad keys are refused", badKeys},
		{"many writers of one key", manyWriters},
		{"a reader keeps what it opened", readerKeeps},
		{"ping", func(t *testing.T, b core.Blobs) { must(t, b.Ping(t.Context())) }},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { c.check(t, make(t)) })
	}
}

// Sweeper is a store that can be cleaned up.
type Sweeper interface {
	core.Blobs
	Sweep(ctx context.Context, folder string, before time.Time, wanted func(ctx context.Context, keys []string) ([]string, error)) (int, error)
}

// Sweep checks the cleaning of an empty store. Age has a file that is there be two hours old.
func Sweep(t *testing.T, b Sweeper, age func(key string)) {
	for _, key := range []string{"media/again", "media/gone", "media/wanted", "media/below/folder", "mail/other"} {
		put(t, b, key, key)
		age(key)
	}
	put(t, b, "media/young", "young")
	before := time.Now().Add(-time.Hour)
	n, err := b.Sweep(t.Context(), "media", before, func(_ context.Context, keys []string) ([]string, error) {
		if len(keys) != 3 {
			t.Errorf("asked about %v", keys)
		}
		put(t, b, "media/again", "what is put anew while a sweep is about to remove it stays") //nolint:contextcheck // it is the test that puts
		return []string{"media/wanted"}, nil
	})
	if err != nil || n != 1 {
		t.Errorf("%d removed, %v; want 1", n, err)
	}
	if got := strings.Join(keys(t, b, ""), " "); got != "mail/other media/again media/below/folder media/wanted media/young" {
		t.Errorf("left are %s", got)
	}
	if n, err := b.Sweep(t.Context(), "none", before, nil); n != 0 || err != nil {
		t.Errorf("a folder that is not there: %d, %v", n, err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func put(t *testing.T, b core.Blobs, key, content string) {
	t.Helper()
	n, err := b.Put(t.Context(), key, strings.NewReader(content))
	if err != nil || n != int64(len(content)) {
		t.Fatalf("put %s: got %d, %v; want %d", key, n, err, len(content))
	}
}

func want(t *testing.T, b core.Blobs, key, content string) {
	t.Helper()
	r, err := b.Open(t.Context(), key)
	must(t, err)
	defer r.Close()
	got, err := io.ReadAll(r)
	if err != nil || string(got) != content {
		t.Fatalf("%s: got %d bytes, %v; want %d", key, len(got), err, len(content))
	}
}

func wantMissing(t *testing.T, b core.Blobs, key string) {
	t.Helper()
	if _, err := b.Open(t.Context(), key); !errors.Is(err, core.ErrNotFound) {
		t.Fatalf("%s: got %v, want ErrNotFound", key, err)
	}
}

func keys(t *testing.T, b core.Blobs, prefix string) []string {
	t.Helper()
	all, err := b.List(t.Context(), prefix)
	must(t, err)
	return all
}

func roundTrip(t *testing.T, b core.Blobs) {
	for key, content := range map[string]string{"a": "", "media/0192-ab_C": "x", "big": strings.Repeat("0123456789", 300_000)} {
		put(t, b, key, content)
		want(t, b, key, content)
	}
}

func missing(t *testing.T, b core.Blobs) {
	wantMissing(t, b, "none")
	wantMissing(t, b, "none/at/all")
}

func replace(t *testing.T, b core.Blobs) {
	put(t, b, "a/b", "the first, longer one")
	put(t, b, "a/b", "second")
	want(t, b, "a/b", "second")
}

func nested(t *testing.T, b core.Blobs) {
	put(t, b, "a", "1")
	put(t, b, "a/b", "2")
	put(t, b, "a/b/c", "3")
	want(t, b, "a", "1")
	want(t, b, "a/b", "2")
	want(t, b, "a/b/c", "3")
}

var errSource = errors.New("source broke")

func brokenSource() io.Reader {
	return io.MultiReader(strings.NewReader("half"), iotest.ErrReader(errSource))
}

func broken(t *testing.T, b core.Blobs) {
	if _, err := b.Put(t.Context(), "a", brokenSource()); !errors.Is(err, errSource) {
		t.Fatalf("got %v, want %v", err, errSource)
	}
	wantMissing(t, b, "a")
	if all := keys(t, b, ""); len(all) > 0 {
		t.Fatalf("left: %v", all)
	}
}

func brokenReplace(t *testing.T, b core.Blobs) {
	put(t, b, "a", "whole")
	if _, err := b.Put(t.Context(), "a", brokenSource()); err == nil {
		t.Fatal("no error")
	}
	want(t, b, "a", "whole")
}

func cancelled(t *testing.T, b core.Blobs) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.Put(ctx, "a", strings.NewReader("x")); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v, want %v", err, context.Canceled)
	}
	wantMissing(t, b, "a")
}

func deleteTwice(t *testing.T, b core.Blobs) {
	put(t, b, "a/b", "x")
	must(t, b.Delete(t.Context(), "a/b"))
	must(t, b.Delete(t.Context(), "a/b"))
	must(t, b.Delete(t.Context(), "never/was"))
	wantMissing(t, b, "a/b")
}

func list(t *testing.T, b core.Blobs) {
	for _, key := range []string{"mail/2", "media/b", "mail/1", "media/a/x", "m"} {
		put(t, b, key, "x")
	}
	for prefix, all := range map[string][]string{
		"":        {"m", "mail/1", "mail/2", "media/a/x", "media/b"},
		"m":       {"m", "mail/1", "mail/2", "media/a/x", "media/b"},
		"mail/":   {"mail/1", "mail/2"},
		"media/a": {"media/a/x"},
		"x":       nil,
	} {
		if got := keys(t, b, prefix); !slices.Equal(got, all) {
			t.Errorf("list %q: got %v, want %v", prefix, got, all)
		}
	}
}

func badKeys(t *testing.T, b core.Blobs) {
	for _, key := range []string{"", ".", "..", "/", "/a", "a/", "a//b", "../a", "a/../b", "a/./b", `a\b`, "a.b", "a b", "ä", "a\x00", "a\n",
		"C:/a", strings.Repeat("a", 300), strings.Repeat("a/", 2000) + "a"} {
		if _, err := b.Put(t.Context(), key, strings.NewReader("x")); err == nil {
			t.Errorf("put %q was taken", key)
		}
		if r, err := b.Open(t.Context(), key); err == nil {
			r.Close()
			t.Errorf("open %q was taken", key)
		}
		if err := b.Delete(t.Context(), key); err == nil {
			t.Errorf("delete %q was taken", key)
		}
	}
}

func manyWriters(t *testing.T, b core.Blobs) {
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			if _, err := b.Put(t.Context(), "a/b/c", bytes.NewReader(bytes.Repeat([]byte{byte(i)}, 10_000))); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	r, err := b.Open(t.Context(), "a/b/c")
	must(t, err)
	defer r.Close()
	got, err := io.ReadAll(r)
	must(t, err)
	if len(got) != 10_000 || bytes.Count(got, got[:1]) != 10_000 {
		t.Fatal(fmt.Sprint("the file is mixed from several writers, ", len(got), " bytes"))
	}
}

func readerKeeps(t *testing.T, b core.Blobs) {
	put(t, b, "a", "first")
	r, err := b.Open(t.Context(), "a")
	must(t, err)
	defer r.Close()
	put(t, b, "a", "other")
	if got, err := io.ReadAll(r); err != nil || string(got) != "first" {
		t.Fatalf("got %q, %v", got, err)
	}
}
