package retain_test

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"causeway/adapters/blob"
	"causeway/adapters/gormstore"
	"causeway/adapters/gormstore/freshstore"
	"causeway/core"
	"causeway/core/retain"
)

func TestSweep(t *testing.T) {
	freshstore.Each(t, nil, func(t *testing.T, s *gormstore.Store, _ *freshstore.Queue) {
		ctx := t.Context()
		files, err := blob.Open(filepath.Join(t.TempDir(), "files"))
		must(t, err)
		t.Cleanup(func() { must(t, files.Close()) })
		ws, err := s.EnsureWorkspace(ctx, "main")
		must(t, err)
		repo, now := s.In(ws), time.Now()
		for _, key := range []string{"media/orphan", "media/named", "mail/orphan", "elsewhere/orphan"} {
			_, err := files.Put(ctx, key, strings.NewReader(key))
			must(t, err)
		}
		must(t, repo.AddFile(ctx, core.File{ID: "named", State: core.FilePending, Created: now}))
		must(t, repo.AddDeadLetter(ctx, core.DeadLetter{ID: "old", Kind: "webhook", At: now.Add(-40 * 24 * time.Hour)}))
		must(t, repo.AddDeadLetter(ctx, core.DeadLetter{ID: "young", Kind: "webhook", At: now}))
		expired := map[retain.Kind]int{}
		keeper := func(p retain.Policy, ahead time.Duration) *retain.Keeper {
			clear(expired)
			return retain.New(retain.Options{Store: s, Blobs: files, Policy: p, Now: func() time.Time { return now.Add(ahead) }, Log: slog.New(slog.DiscardHandler),
				Expired: func(k retain.Kind, n int) { expired[k] += n }})
		}
		must(t, keeper(retain.Policy{}, 0).Sweep(ctx))
		if len(expired) != 0 {
			t.Errorf("a policy that keeps everything forgot %v", expired)
		}
		must(t, keeper(retain.Policy{Letters: 30 * 24 * time.Hour}, 25*time.Hour).Sweep(ctx))
		if len(expired) != 2 || expired[retain.Letters] != 1 || expired[retain.Files] != 2 {
			t.Errorf("forgotten: %v", expired)
		}
		left, err := files.List(ctx, "")
		must(t, err)
		if got := strings.Join(left, " "); got != "elsewhere/orphan media/named" {
			t.Errorf("left are %s", got)
		}
		if _, err := repo.DeadLetter(ctx, "young"); err != nil {
			t.Error(err)
		}
	})
}

// broken fails for one kind.
type broken struct{ asked []retain.Kind }

func (b *broken) Expire(_ context.Context, kind retain.Kind, _ time.Time, _ string, _ int) (int, string, error) {
	b.asked = append(b.asked, kind)
	if kind == retain.Log {
		return 0, "", errors.New("broken")
	}
	return 0, "", nil
}

func (b *broken) Named(context.Context, []string) ([]string, error) { return nil, nil }

// What fails for one kind does not keep the others, and it is tried again.
func TestRunGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &broken{}
		day := 24 * time.Hour
		k := retain.New(retain.Options{Store: b, Policy: retain.Policy{Events: day, Log: day, Bodies: day}, Now: time.Now, Log: slog.New(slog.DiscardHandler)})
		ctx, stop := context.WithTimeout(t.Context(), day)
		defer stop()
		k.Run(ctx)
		sweeps := len(b.asked) / 6
		if len(b.asked)%6 != 0 || sweeps < 2 || sweeps > 8 {
			t.Errorf("in a day asked for %v", b.asked)
		}
	})
}

// brokenFiles fails for one folder.
type brokenFiles struct{ asked []string }

func (b *brokenFiles) Sweep(_ context.Context, folder string, _ time.Time, _ func(context.Context, []string) ([]string, error)) (int, error) {
	b.asked = append(b.asked, folder)
	if folder == "media" {
		return 0, errors.New("broken")
	}
	return 0, nil
}

// A folder that cannot be swept does not keep the others.
func TestSweepOfTheOtherFolders(t *testing.T) {
	files := &brokenFiles{}
	k := retain.New(retain.Options{Store: &broken{}, Blobs: files, Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	if err := k.Sweep(t.Context()); err == nil || !slices.Equal(files.asked, []string{"media", "mail"}) {
		t.Errorf("asked for %v, %v", files.asked, err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
