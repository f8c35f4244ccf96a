//go:build unix

package vault

import (
	"os"
	"syscall"

	"causeway/core"
)

// inherit gives a new file the owner and the mode of the one that it takes the place of: who read that one, such as the gateway while root rotates the
// key, reads this one too.
func inherit(temp string, old os.FileInfo) error {
	fresh, err := os.Stat(temp)
	if err != nil {
		return err
	}
	was, is := old.Sys().(*syscall.Stat_t), fresh.Sys().(*syscall.Stat_t) //nolint:forcetypeassert // there is no other on Unix
	if was.Uid != is.Uid || was.Gid != is.Gid {
		if err := os.Chown(temp, int(was.Uid), int(was.Gid)); err != nil {
			return &core.Problem{Code: core.CodeForbidden, Err: err, Detail: "The master key file belongs to another user, who could not read it any more.",
				Remedy: "Run the command as the user Causeway runs as, or as root."}
		}
	}
	return os.Chmod(temp, old.Mode().Perm())
}
