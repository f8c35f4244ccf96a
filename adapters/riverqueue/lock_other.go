//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package riverqueue

// lock does nothing where there is no flock: there the admin must not start it twice on one file.
func lock(string) (unlock func(), err error) { return func() {}, nil }
