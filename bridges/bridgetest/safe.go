package bridgetest

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"

	"causeway/core"
)

// Safe is a core.Safe in memory. The zero value is empty. It may be used from many goroutines, and by one Host after another, as a database is.
type Safe struct {
	mu      sync.Mutex
	records map[[2]string][]byte
	applied int
	left    int  // applies until it is cut off
	cut     bool // it is to be cut off
}

var _ core.Safe = (*Safe)(nil)

// ErrCut is what a Safe answers that was cut off.
var ErrCut = errors.New("the safe was cut off")

// Get implements core.Safe.
func (s *Safe) Get(_ context.Context, space string, keys ...string) (map[string][]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := map[string][]byte{}
	for _, k := range keys {
		if v, there := s.records[[2]string{space, k}]; there {
			found[k] = bytes.Clone(v)
		}
	}
	return found, s.gone()
}

// List implements core.Safe.
func (s *Safe) List(_ context.Context, space, prefix string) ([]core.Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []core.Record
	for at, v := range s.records {
		if at[0] == space && strings.HasPrefix(at[1], prefix) {
			all = append(all, core.Record{Key: at[1], Value: bytes.Clone(v)})
		}
	}
	slices.SortFunc(all, func(a, b core.Record) int { return strings.Compare(a.Key, b.Key) })
	return all, s.gone()
}

// Apply implements core.Safe.
func (s *Safe) Apply(ctx context.Context, changes ...core.Change) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := errors.Join(ctx.Err(), s.gone()); err != nil {
		return err
	}
	if s.records == nil {
		s.records = map[[2]string][]byte{}
	}
	for _, c := range changes {
		at := [2]string{c.Space, c.Key}
		switch {
		case c.All:
			maps.DeleteFunc(s.records, func(at [2]string, _ []byte) bool { return at[0] == c.Space && strings.HasPrefix(at[1], c.Key) })
		case c.Value == nil:
			delete(s.records, at)
		default:
			s.records[at] = append([]byte{}, c.Value...)
		}
	}
	s.applied++
	s.left--
	return nil
}

func (s *Safe) gone() error {
	if s.cut && s.left <= 0 {
		return ErrCut
	}
	return nil
}

// Applied returns how often Apply changed something.
func (s *Safe) Applied() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.applied
}

// CutAfter lets so many more calls of Apply through; after these every call fails with ErrCut, as if the process had been killed there.
func (s *Safe) CutAfter(applies int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cut, s.left = true, applies
}

// Clone returns what is in the safe as another Safe, which is not cut off: what a new process finds.
func (s *Safe) Clone() *Safe {
	s.mu.Lock()
	defer s.mu.Unlock()
	return &Safe{records: maps.Clone(s.records)}
}

// Safe implements core.Host.
func (h *Host) Safe() core.Safe {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.safe
}

// UseSafe gives the Host the records of another, as a gateway that is started again has them.
func (h *Host) UseSafe(s *Safe) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.safe = s
}
