//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package vault

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"causeway/core"
)

// lock keeps two rotations apart: each would write a file without the other's new key. It ends with the process, however that ends.
func lock(dir string) (unlock func(), err error) {
	d, err := os.Open(dir)
	if err != nil {
		return nil, fmt.Errorf("lock folder of the master key file: %w", err)
	}
	err = syscall.Flock(int(d.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return func() { _ = d.Close() }, nil
	}
	_ = d.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, core.Problemf(core.CodeConflict, "The master key is being rotated already.").Remedied("Wait until that is done.")
	}
	return nil, fmt.Errorf("lock folder of the master key file: %w", err)
}
