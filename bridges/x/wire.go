package x

import (
	"strconv"
	"time"

	"causeway/core"
)

// text is a string, or a number or boolean as it is written; anything else is empty, so that a strange field costs that field and not the
// message. NUL characters, which no database takes, are dropped.
type text string

func (t *text) UnmarshalJSON(raw []byte) error {
	s, err := core.LooseText(raw)
	*t = text(s)
	return err
}

// id returns the text if it is an id of X's, else "".
func (t text) id() string {
	if anAccount.MatchString(string(t)) {
		return string(t)
	}
	return ""
}

// Milliseconds since 1970 that an event can bear: from 2001 to 2286.
const (
	firstMoment = 1_000_000_000_000
	lastMoment  = 9_999_999_999_999
)

// time reads a timestamp in milliseconds; false if it is none.
func (t text) time() (time.Time, bool) {
	ms, err := strconv.ParseInt(string(t), 10, 64)
	if err != nil || ms < firstMoment || ms > lastMoment {
		return time.Time{}, false
	}
	return time.UnixMilli(ms).UTC(), true
}

// Ids of X's tell when they were made: milliseconds since its epoch, above 22 other bits.
const epoch = 1_288_834_974_657

// madeAt returns when an id was made, the zero time if it does not tell.
func madeAt(id string) time.Time {
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil || n < 1<<40 {
		return time.Time{}
	}
	return time.UnixMilli(n>>22 + epoch).UTC()
}
