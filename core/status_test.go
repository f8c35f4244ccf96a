package core

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

var (
	statuses = []Status{StatusReceived, StatusQueued, StatusParked, StatusSending, StatusUnknown, StatusSent, StatusDelivered, StatusRead, StatusFailed}
	told     = []Status{StatusSent, StatusDelivered, StatusRead, StatusFailed} // what receipts say
)

// All pairs of what a part is and what a receipt says.
func TestRaise(t *testing.T) {
	want := map[Status][]Status{ // in the order of told
		StatusReceived:  {StatusReceived, StatusReceived, StatusReceived, StatusReceived},
		StatusQueued:    {StatusSent, StatusDelivered, StatusRead, StatusFailed},
		StatusParked:    {StatusSent, StatusDelivered, StatusRead, StatusFailed},
		StatusSending:   {StatusSent, StatusDelivered, StatusRead, StatusFailed},
		StatusUnknown:   {StatusSent, StatusDelivered, StatusRead, StatusFailed},
		StatusSent:      {StatusSent, StatusDelivered, StatusRead, StatusFailed},
		StatusDelivered: {StatusDelivered, StatusDelivered, StatusRead, StatusFailed},
		StatusRead:      {StatusRead, StatusRead, StatusRead, StatusFailed},
		StatusFailed:    {StatusFailed, StatusFailed, StatusFailed, StatusFailed},
	}
	for _, s := range statuses {
		for i, next := range told {
			if got := s.Raise(next); got != want[s][i] {
				t.Errorf("%s told %s: got %s, want %s", s, next, got, want[s][i])
			}
		}
	}
}

// Of two steps of the ladder the higher one holds, and failure ends it.
func TestRaiseOnTheLadder(t *testing.T) {
	ladder := []Status{StatusQueued, StatusSending, StatusUnknown, StatusSent, StatusDelivered, StatusRead}
	for i, from := range ladder {
		for j, to := range ladder {
			want := ladder[max(i, j)]
			if got := from.Raise(to); got != want {
				t.Errorf("%s then %s: got %s, want %s", from, to, got, want)
			}
		}
		if got := from.Raise(StatusFailed); got != StatusFailed {
			t.Errorf("%s then failed: got %s", from, got)
		}
		if got := StatusFailed.Raise(from); got != StatusFailed {
			t.Errorf("failed then %s: got %s", from, got)
		}
	}
}

// The order in which receipts come does not matter, nor how often.
func TestRaiseIsALattice(t *testing.T) {
	raise := func(s Status, all []Status) Status {
		for _, next := range all {
			s = s.Raise(next)
		}
		return s
	}
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.SampledFrom(statuses).Draw(t, "status")
		all := rapid.SliceOf(rapid.SampledFrom(told)).Draw(t, "receipts")
		end := raise(s, all)
		if got := raise(s, rapid.Permutation(all).Draw(t, "another order")); got != end {
			t.Fatalf("%s told %v: %s, in another order %s", s, all, end, got)
		}
		if got := raise(end, all); got != end {
			t.Fatalf("told again: %s became %s", end, got)
		}
	})
}

func TestWorst(t *testing.T) {
	failure, doubt := &SendError{Code: "f"}, &SendError{Code: "u"}
	part := func(s Status) Part {
		return Part{Status: s, Error: map[Status]*SendError{StatusFailed: failure, StatusUnknown: doubt}[s]}
	}
	for _, c := range []struct {
		parts []Status
		want  Status
		err   *SendError
	}{
		{nil, "", nil},
		{[]Status{StatusRead}, StatusRead, nil},
		{[]Status{StatusRead, StatusSent, StatusDelivered}, StatusSent, nil},
		{[]Status{StatusRead, StatusUnknown, StatusQueued}, StatusUnknown, doubt},
		{[]Status{StatusUnknown, StatusFailed, StatusRead}, StatusFailed, failure},
		{[]Status{StatusSent, StatusQueued}, StatusQueued, nil},
		{[]Status{StatusReceived}, StatusReceived, nil},
	} {
		var parts []Part
		for _, s := range c.parts {
			parts = append(parts, part(s))
		}
		for range 2 {
			if got, err := Worst(parts); got != c.want || err != c.err {
				t.Errorf("%v: got %s with %v, want %s with %v", c.parts, got, err, c.want, c.err)
			}
			slices.Reverse(parts)
		}
	}
}

func TestOutstanding(t *testing.T) {
	for _, s := range statuses {
		want := slices.Contains([]Status{StatusQueued, StatusParked, StatusSending, StatusUnknown}, s)
		if s.Outstanding() != want {
			t.Errorf("%s: got %v", s, !want)
		}
	}
}
