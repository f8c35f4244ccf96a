package inbound

// Waiting is how many callers wait in line behind the one who leads.
func (a *Acceptor) Waiting() int {
	a.line.mu.Lock()
	defer a.line.mu.Unlock()
	return len(a.line.waiting)
}
