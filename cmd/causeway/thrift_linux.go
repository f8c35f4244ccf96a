package main

import (
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// forgetProgram has the system take the pages of the program's own file out of this process's memory. The system keeps them at hand as long as it has
// room, so that those which are used again cost next to nothing.
func forgetProgram() {
	self, err := os.Executable()
	if err != nil {
		return
	}
	raw, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		return
	}
	for _, m := range pristine(string(raw), self) {
		_, _, _ = unix.Syscall(unix.SYS_MADVISE, m.from, m.to-m.from, unix.MADV_DONTNEED) // where it is refused, all stays as it was
	}
}

// stretch is a piece of a process's memory.
type stretch struct{ from, to uintptr }

// pristine finds what a process has mapped from a file, may not write, and has never changed: it is the same as in the file.
func pristine(smaps, file string) []stretch {
	var all []stretch
	candidate := false
	for line := range strings.Lines(smaps) {
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		if s, ok := spanned(fields[0]); ok {
			if candidate = len(fields) == 6 && fields[5] == file && fields[1][1] == '-'; candidate {
				all = append(all, s)
			}
			continue
		}
		if changed := fields[0] == "Anonymous:" || fields[0] == "Swap:"; candidate && changed && fields[1] != "0" {
			all, candidate = all[:len(all)-1], false
		}
	}
	return all
}

// spanned reads two addresses in hexadecimal digits.
func spanned(text string) (s stretch, ok bool) {
	first, last, ok := strings.Cut(text, "-")
	from, err := strconv.ParseUint(first, 16, 64)
	to, err2 := strconv.ParseUint(last, 16, 64)
	return stretch{uintptr(from), uintptr(to)}, ok && err == nil && err2 == nil
}
