package gormstore

import (
	"sync"
	"time"

	"causeway/core"
)

// freshFor is how long what was read of a workspace's settings of automation is taken for what they are. Every happening asks for them many times, and
// there may be hundreds a second; a person who changes them in another process notices nothing of so short a time. In this one a change counts at once.
const freshFor = 50 * time.Millisecond

// mostFresh bounds how many are kept.
const mostFresh = 1000

// fresh are the values of the core.AutomationOwner that were just read outside of transactions.
type fresh struct {
	mu    sync.Mutex
	turn  int // grows with each change
	known map[freshKey]freshValue
}

type freshKey struct{ workspace, name string }

type freshValue struct {
	value []byte
	read  time.Time
}

// get returns what is known, or the turn to put what is read then.
func (f *fresh) get(key freshKey) (value []byte, turn int, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	v, ok := f.known[key]
	return v.value, f.turn, ok && time.Since(v.read) < freshFor
}

// put keeps what was read since a turn, unless something was changed meanwhile.
func (f *fresh) put(key freshKey, value []byte, turn int, read time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if turn != f.turn {
		return
	}
	if f.known == nil || len(f.known) >= mostFresh {
		f.known = map[freshKey]freshValue{}
	}
	f.known[key] = freshValue{value, read}
}

// forget lets everything be read anew.
func (f *fresh) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.turn++
	f.known = nil
}

// changesValue notes that a value is changed: from the commit on, what was read before does not count.
func (r repo) changesValue(owner string) {
	switch {
	case owner != core.AutomationOwner:
	case r.t != nil:
		r.t.settings = true
	default:
		r.s.fresh.forget()
	}
}
