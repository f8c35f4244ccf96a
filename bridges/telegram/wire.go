package telegram

import (
	"strconv"
	"time"

	"causeway/core"
)

// The types below take numbers written as strings and strings written as numbers, and turn what is neither into their zero value: a strange
// field costs that field and not the message.

// text is a string, or a number or boolean as it is written. NUL characters, which no database takes, are dropped.
type text string

func (t *text) UnmarshalJSON(raw []byte) error {
	s, err := core.LooseText(raw)
	*t = text(s)
	return err
}

// number is a whole number of at most 52 significant bits, as Telegram promises for its ids; zero if it is none.
type number int64

func (n *number) UnmarshalJSON(raw []byte) error {
	var t text
	if err := t.UnmarshalJSON(raw); err != nil {
		return err
	}
	v, err := strconv.ParseInt(string(t), 10, 64)
	if err != nil {
		if f, ferr := strconv.ParseFloat(string(t), 64); ferr == nil && f > -1<<53 && f < 1<<53 {
			v = int64(f)
		} else {
			v = 0
		}
	}
	*n = number(v)
	return nil
}

func (n number) String() string { return strconv.FormatInt(int64(n), 10) }

// decimal is a number with a fraction.
type decimal float64

func (d *decimal) UnmarshalJSON(raw []byte) error {
	var t text
	if err := t.UnmarshalJSON(raw); err != nil {
		return err
	}
	v, err := strconv.ParseFloat(string(t), 64)
	if err != nil || v != v || v > 1e15 || v < -1e15 {
		v = 0
	}
	*d = decimal(v)
	return nil
}

// truth is a boolean.
type truth bool

func (f *truth) UnmarshalJSON(raw []byte) error {
	*f = truth(string(raw) == "true" || string(raw) == "1" || string(raw) == `"true"`)
	return nil
}

// Seconds since 1970 that a message can bear: from 2001 to 2286.
const (
	firstSecond = 1_000_000_000
	lastSecond  = 9_999_999_999
)

// time reads a timestamp; false if it is none.
func (n number) time() (time.Time, bool) {
	if n < firstSecond || n > lastSecond {
		return time.Time{}, false
	}
	return time.Unix(int64(n), 0).UTC(), true
}
