package blob

import (
	"fmt"
	"os"
	"runtime"
	"strings"
)

const (
	longestKey  = 900
	longestName = 200 // of one segment: file systems take 255 bytes, and there is a suffix
)

// valid refuses a key that is not made of names of letters, digits, "-" and "_", joined by "/".
func valid(key string) error {
	if key == "" || len(key) > longestKey {
		return fmt.Errorf("file key of %d characters: from 1 to %d are allowed", len(key), longestKey)
	}
	for name := range strings.SplitSeq(key, "/") {
		if name == "" || len(name) > longestName || strings.ContainsFunc(name, foreign) {
			return fmt.Errorf("file key %q: names of letters, digits, - and _ are allowed, joined by /", key)
		}
	}
	return nil
}

func foreign(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_'
}

// syncFolder makes names durable. Windows has no such thing, and does it by itself.
func syncFolder(f *os.File) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	return f.Sync()
}
