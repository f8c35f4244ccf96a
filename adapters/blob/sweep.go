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

// sweepAtOnce is how many files are looked at in one go.
const sweepAtOnce = 200

// Sweep removes the files right under a folder that were put before a time and that wanted does not return of those it is asked about. What is put
// anew meanwhile stays.
func (d *Disk) Sweep(ctx context.Context, folder string, before time.Time, wanted func(ctx context.Context, keys []string) ([]string, error)) (int, error) {
	if err := valid(folder); err != nil {
		return 0, err
	}
	f, err := d.root.Open(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("open folder %s: %w", folder, err)
	}
	defer func() { _ = f.Close() }() // only read
	for removed := 0; ; {
		keys, err := d.older(f, folder, before)
		if errors.Is(err, io.EOF) {
			return removed, nil
		}
		if err != nil {
			return removed, fmt.Errorf("read folder %s: %w", folder, err)
		}
		n, err := unwanted(ctx, keys, wanted, func(key string) (bool, error) { return d.removeOld(key, before) })
		if removed += n; err != nil {
			return removed, err
		}
	}
}

// older returns the old ones of the next files of a folder.
func (d *Disk) older(f *os.File, folder string, before time.Time) (keys []string, err error) {
	entries, err := f.ReadDir(sweepAtOnce)
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), suffix)
		if !ok || e.IsDir() {
			continue
		}
		if info, err := e.Info(); err == nil && info.ModTime().Before(before) { // an error: it is gone
			keys = append(keys, path.Join(folder, name))
		}
	}
	return keys, err
}

// unwanted removes those of old files that wanted does not return.
func unwanted(ctx context.Context, keys []string, wanted func(ctx context.Context, keys []string) ([]string, error), remove func(key string) (bool, error)) (removed int, err error) {
	if err := ctx.Err(); err != nil || len(keys) == 0 {
		return 0, err
	}
	keep, err := wanted(ctx, keys)
	if err != nil {
		return 0, err
	}
	for _, key := range keys {
		if slices.Contains(keep, key) {
			continue
		}
		gone, err := remove(key)
		if err != nil {
			return removed, fmt.Errorf("remove file %s: %w", key, err)
		}
		if gone {
			removed++
		}
	}
	return removed, nil
}

// removeOld removes a file unless it has been put since: it is taken aside first, so that no Put can come between the look and the removal.
func (d *Disk) removeOld(key string, before time.Time) (bool, error) {
	aside := path.Join(tempDir, core.NewID[string]())
	if err := d.root.Rename(key+suffix, aside); err != nil {
		return false, ignoreMissing(err)
	}
	info, err := d.root.Stat(aside)
	if err != nil {
		return false, err
	}
	if info.ModTime().Before(before) {
		return true, d.root.Remove(aside)
	}
	if err := d.root.Link(aside, key+suffix); err != nil && !errors.Is(err, fs.ErrExist) { // there is a still newer one
		return false, err
	}
	return false, d.root.Remove(aside)
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
