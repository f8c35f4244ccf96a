package assign

import "causeway/core"

// Waiting is how many wait for a workspace's desk in this process.
func Waiting(b *Balancer, ws core.WorkspaceID) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	if l := b.lines[ws]; l != nil {
		return len(l.waiting)
	}
	return 0
}
