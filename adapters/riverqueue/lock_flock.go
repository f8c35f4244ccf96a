//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package riverqueue

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// lock keeps two processes from working on one file. It ends with the process, however that ends. It is a file of its own: closing the
// database's would end SQLite's locks on it.
func lock(path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock database: %w", err)
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return func() { _ = f.Close() }, nil
	}
	_ = f.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, taken(path)
	}
	return nil, fmt.Errorf("lock database: %w", err)
}
