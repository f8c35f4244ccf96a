package gormstore

import (
	"context"
	"sync"
	"time"

	"causeway/core"
)

// freshFor is how long what was read of a workspace's settings of automation is taken for what they are. Every happening asks for them many times, and
// there may be hundreds a second. In this process a change counts at once; who changes them waits for so long after the commit, so that no other
// process goes by what was before either when they are told that it is done.
const freshFor = 50 * time.Millisecond

// mostFresh bounds how many are kept.
const mostFresh = 1000

// fresh is what was just read of the values of the core.AutomationOwner.
type fresh struct {
	mu    sync.Mutex
	turn  int // grows with each change
	known map[freshKey]freshValue
}

type freshKey struct{ workspace, name string } // all names, if empty

type freshValue struct {
	value any
	read  time.Time
}

// get returns what is known, or the turn to put what is read then.
func (f *fresh) get(key freshKey) (value any, turn int, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	v, ok := f.known[key]
	return v.value, f.turn, ok && time.Since(v.read) < freshFor
}

// put keeps what was read since a turn, unless something was changed meanwhile.
func (f *fresh) put(key freshKey, value any, turn int, read time.Time) {
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

// remembered is what read returns now, or returned just now.
func remembered[T any](f *fresh, key freshKey, read func() (T, error)) (T, error) {
	known, turn, ok := f.get(key)
	if ok {
		return known.(T), nil
	}
	began := time.Now()
	value, err := read()
	if err == nil {
		f.put(key, value, turn, began)
	}
	return value, err
}

// changed is called after the commit of a change. It returns when it counts everywhere; the end of ctx changes nothing any more.
func (f *fresh) changed(ctx context.Context) {
	f.forget()
	select {
	case <-ctx.Done():
	case <-time.After(freshFor):
	}
}

// changesValue follows a change of a value: within a transaction, it counts from the commit on.
func (r repo) changesValue(ctx context.Context, owner string) {
	switch {
	case owner != core.AutomationOwner:
	case r.t != nil:
		r.t.settings = true
	default:
		r.s.fresh.changed(ctx)
	}
}
