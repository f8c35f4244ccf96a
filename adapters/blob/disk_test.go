package blob

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"causeway/adapters/blob/blobtest"
	"causeway/core"
)

func disk(t *testing.T, folder string) *Disk {
	t.Helper()
	d, err := Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

func TestDisk(t *testing.T) {
	blobtest.Run(t, func(t *testing.T) core.Blobs { return disk(t, filepath.Join(t.TempDir(), "blobs")) })
}

func TestLinkOutOfTheFolderIsNotFollowed(t *testing.T) {
	folder, outside := t.TempDir(), t.TempDir()
	d := disk(t, folder)
	if err := os.Symlink(outside, filepath.Join(folder, "media")); err != nil {
		t.Skipf("no symbolic links here: %v", err)
	}
	if _, err := d.Put(t.Context(), "media/a", strings.NewReader("x")); err == nil {
		t.Error("a file was written through a link out of the folder")
	}
	if left, _ := os.ReadDir(outside); len(left) > 0 {
		t.Errorf("outside the folder: %v", left)
	}
}

func TestLeftoversOfACrash(t *testing.T) {
	folder := t.TempDir()
	disk(t, folder)
	old, young := filepath.Join(folder, tempDir, "old"), filepath.Join(folder, tempDir, "young")
	for _, name := range []string{old, young} {
		if err := os.WriteFile(name, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	long := time.Now().Add(-2 * staleFor)
	if err := os.Chtimes(old, long, long); err != nil {
		t.Fatal(err)
	}
	disk(t, folder)
	if _, err := os.Stat(old); err == nil {
		t.Error("what a crash left long ago is still there")
	}
	if _, err := os.Stat(young); err != nil {
		t.Error("what another process may be writing was removed")
	}
}

func TestFilesArePrivate(t *testing.T) {
	folder := t.TempDir()
	d := disk(t, folder)
	if _, err := d.Put(t.Context(), "media/a", strings.NewReader("x")); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(folder, "media", "a"+suffix))
	if err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Errorf("mode %v, %v; others may read it", info.Mode(), err)
	}
}

func FuzzKeyStaysInside(f *testing.F) {
	for _, key := range []string{"a", "../a", "a/../../b", "/etc/passwd", "a\\b", "."} {
		f.Add(key)
	}
	base := f.TempDir()
	d, err := Open(filepath.Join(base, "in", "blobs"))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, key string) {
		if _, err := d.Put(t.Context(), key, strings.NewReader("x")); err != nil {
			return
		}
		if err := d.Delete(t.Context(), key); err != nil {
			t.Error(err)
		}
		if out, _ := os.ReadDir(filepath.Join(base, "in")); len(out) != 1 {
			t.Errorf("%q left its folder", key)
		}
	})
}

func TestDiskSweep(t *testing.T) {
	folder, old := t.TempDir(), time.Now().Add(-2*time.Hour)
	blobtest.Sweep(t, disk(t, folder), func(key string) {
		if err := os.Chtimes(filepath.Join(folder, key+suffix), old, old); err != nil {
			t.Fatal(err)
		}
	})
}
