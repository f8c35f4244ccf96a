package gormstore

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// giveUpUnheard has the kernel end a connection whose other end does not confirm what it is sent.
func giveUpUnheard(network, _ string, c syscall.RawConn) error {
	if network == "unix" {
		return nil
	}
	var set error
	err := c.Control(func(fd uintptr) {
		set = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(unheard.Milliseconds())) //nolint:gosec // a file descriptor fits
	})
	if err != nil {
		return err
	}
	return set
}
