package blob

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
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

// TestNoRoom: a file that the disk has no room for, and one that may not be written, can be tried again; what there was of it is gone.
func TestNoRoom(t *testing.T) {
	folder := t.TempDir()
	if out, err := exec.CommandContext(t.Context(), "mount", "-t", "tmpfs", "-o", "size=1m", "none", folder).CombinedOutput(); err != nil { //nolint:gosec // the test's own folder
		t.Skipf("a small disk cannot be mounted here: %v %s", err, out)
	}
	t.Cleanup(func() { _ = exec.Command("umount", "-l", folder).Run() }) //nolint:gosec,noctx // the test's own folder; its context is over
	d := disk(t, folder)
	refused := func(what string) {
		t.Helper()
		if _, err := d.Put(t.Context(), "media/a", bytes.NewReader(make([]byte, 2<<20))); !errors.Is(err, core.ErrUnavailable) {
			t.Errorf("%s: %v", what, err)
		}
		if left, _ := os.ReadDir(filepath.Join(folder, tempDir)); len(left) > 0 {
			t.Errorf("%s leaves %v", what, left)
		}
	}
	refused("more than there is room for")
	if err := exec.CommandContext(t.Context(), "mount", "-o", "remount,ro", folder).Run(); err != nil {
		t.Fatal(err)
	}
	refused("a disk that may only be read")
	if err := d.Ping(t.Context()); !errors.Is(err, core.ErrUnavailable) {
		t.Errorf("ping: %v", err)
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
