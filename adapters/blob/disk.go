// Package blob keeps files on the local disk.
//
// A file is written beside its place, synced, renamed and its folder synced, so that a reader sees all of it or nothing, and what Put has
// returned survives a power cut. Keys stay inside the folder whatever they say. What can go wrong: a disk that is full, may only be read or is broken
// (Put fails with core.ErrUnavailable, nothing is left behind), and a folder that another program empties.
package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"causeway/core"
)

const (
	suffix   = ".blob" // keeps the file of "a" apart from the folder of "a/b"
	tempDir  = ".tmp"  // no key has a dot
	staleFor = 24 * time.Hour
)

// Disk is core.Blobs in a folder. It may be used from many goroutines and several processes.
type Disk struct{ root *os.Root }

var _ core.Blobs = (*Disk)(nil)

// Open uses the folder, making it if it is missing, and removes what writes that a crash ended long ago have left. Close it at the end.
func Open(folder string) (*Disk, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("make folder for files: %w", err)
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, fmt.Errorf("open folder for files: %w", err)
	}
	d := &Disk{root}
	if err := d.prepare(); err != nil {
		_ = root.Close()
		return nil, fmt.Errorf("prepare folder for files %s: %w", folder, err)
	}
	return d, nil
}

// Close frees the folder.
func (d *Disk) Close() error { return d.root.Close() }

func (d *Disk) prepare() error {
	if err := d.root.MkdirAll(tempDir, 0o700); err != nil {
		return err
	}
	left, err := fs.ReadDir(d.root.FS(), tempDir)
	if err != nil {
		return err
	}
	for _, e := range left {
		if info, err := e.Info(); err == nil && time.Since(info.ModTime()) > staleFor {
			_ = d.root.Remove(path.Join(tempDir, e.Name()))
		}
	}
	return nil
}

// Put implements core.Blobs. It ends early when ctx is done.
func (d *Disk) Put(ctx context.Context, key string, r io.Reader) (int64, error) {
	if err := valid(key); err != nil {
		return 0, err
	}
	temp := path.Join(tempDir, core.NewID[string]())
	n, err := d.write(ctx, temp, r)
	if err == nil {
		err = awaited(d.place(temp, key+suffix))
	}
	if err != nil {
		_ = d.root.Remove(temp)
		return 0, fmt.Errorf("store file %s: %w", key, err)
	}
	return n, nil
}

func (d *Disk) write(ctx context.Context, name string, r io.Reader) (int64, error) {
	f, err := d.root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, awaited(err)
	}
	from := &reader{ctx: ctx, r: r}
	n, err := io.Copy(f, from)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); from.err == nil {
		err = awaited(err)
	}
	return n, err
}

// awaited says of trouble with the disk, which is an admin's to mend, that it passes: who waits for it then goes on.
func awaited(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", core.ErrUnavailable, err)
}

// place renames the file and makes the name durable, with the folders that it needed.
func (d *Disk) place(temp, name string) error {
	made, err := d.folders(path.Dir(name))
	if err != nil {
		return err
	}
	if err := d.root.Rename(temp, name); err != nil {
		return err
	}
	return d.sync(append(made, path.Dir(name))...)
}

// folders makes a folder with those above it and returns the parents of what was made.
func (d *Disk) folders(dir string) (parents []string, err error) {
	if dir == "." {
		return nil, nil
	}
	if _, err := d.root.Stat(dir); err == nil {
		return nil, nil
	}
	if parents, err = d.folders(path.Dir(dir)); err != nil {
		return nil, err
	}
	if err := d.root.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	return append(parents, path.Dir(dir)), nil
}

func (d *Disk) sync(dirs ...string) error {
	for _, name := range dirs {
		f, err := d.root.Open(name)
		if err != nil {
			return err
		}
		if err := errors.Join(syncFolder(f), f.Close()); err != nil {
			return err
		}
	}
	return nil
}

// Open implements core.Blobs.
func (d *Disk) Open(_ context.Context, key string) (io.ReadCloser, error) {
	if err := valid(key); err != nil {
		return nil, err
	}
	f, err := d.root.Open(key + suffix)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("file %s: %w", key, core.ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("open file %s: %w", key, awaited(err))
	}
	return f, nil
}

// Delete implements core.Blobs. What is not there is as good as deleted.
func (d *Disk) Delete(_ context.Context, key string) error {
	if err := valid(key); err != nil {
		return err
	}
	switch err := d.root.Remove(key + suffix); {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("delete file %s: %w", key, err)
	}
	return d.sync(path.Dir(key))
}

// List implements core.Blobs. The keys come sorted.
func (d *Disk) List(ctx context.Context, prefix string) ([]string, error) {
	var keys []string
	err := fs.WalkDir(d.root.FS(), ".", func(name string, e fs.DirEntry, err error) error {
		switch {
		case err != nil && !errors.Is(err, fs.ErrNotExist): // a folder may vanish while we walk
			return err
		case err != nil:
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case e.IsDir() && (name == tempDir || !leads(name, prefix)):
			return fs.SkipDir
		}
		if key, ok := strings.CutSuffix(name, suffix); ok && !e.IsDir() && strings.HasPrefix(key, prefix) {
			keys = append(keys, key)
		}
		return nil
	})
	slices.Sort(keys)
	if err != nil {
		return nil, fmt.Errorf("list files %s: %w", prefix, err)
	}
	return keys, nil
}

// leads reports whether there can be keys with the prefix in a folder.
func leads(dir, prefix string) bool {
	return dir == "." || strings.HasPrefix(dir+"/", prefix) || strings.HasPrefix(prefix, dir+"/")
}

// Ping writes a small file and removes it.
func (d *Disk) Ping(ctx context.Context) error {
	name := path.Join(tempDir, core.NewID[string]())
	defer func() { _ = d.root.Remove(name) }()
	if _, err := d.write(ctx, name, strings.NewReader("ping")); err != nil {
		return fmt.Errorf("write to folder for files: %w", err)
	}
	return nil
}

// reader ends with the context. It keeps why it ended, unless that is its end.
type reader struct {
	ctx context.Context //nolint:containedctx // of the one copy that it is for
	r   io.Reader
	err error
}

func (r *reader) Read(p []byte) (n int, err error) {
	if r.err = r.ctx.Err(); r.err != nil {
		return 0, r.err
	}
	if n, err = r.r.Read(p); !errors.Is(err, io.EOF) {
		r.err = err
	}
	return n, err
}
