package meta

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"causeway/core"

	"github.com/tidwall/gjson"
)

// The platform and those who pass its webhooks on write numbers as strings and strings as numbers. The types below take both, and turn what
// is neither into their zero value, so that a strange field costs that field and not the message.

// Text is a string, or a number or boolean as it is written. NUL characters, which no database takes, are dropped.
type Text string

// UnmarshalJSON implements json.Unmarshaler.
func (t *Text) UnmarshalJSON(raw []byte) error {
	s, err := core.LooseText(raw)
	*t = Text(s)
	return err
}

func (t Text) String() string { return string(t) }

// TextOf reads a piece of a body that is JSON.
func TextOf(raw json.RawMessage) (t Text) {
	_ = t.UnmarshalJSON(raw)
	return t
}

// Members finds members of an object by their names: one for each, nil for those that are not there, or if raw is no object. Raw, of which they are
// pieces, must be JSON. Reading it into a struct would look at each byte three times, at every level.
func Members(raw json.RawMessage, names ...string) []json.RawMessage {
	found := make([]json.RawMessage, len(names))
	if object := gjson.ParseBytes(raw); object.IsObject() {
		object.ForEach(func(name, value gjson.Result) bool {
			if i := slices.Index(names, name.Str); i >= 0 {
				found[i] = within(raw, value)
			}
			return true
		})
	}
	return found
}

// Listed is the members of a list, or what stands alone where a list could be; null and nothing have none. Raw, of which they are pieces, must be JSON.
func Listed(raw json.RawMessage) (all []json.RawMessage) {
	list := gjson.ParseBytes(raw)
	switch {
	case list.Type == gjson.Null:
	case !list.IsArray():
		all = append(all, raw)
	default:
		list.ForEach(func(_, value gjson.Result) bool {
			all = append(all, within(raw, value))
			return true
		})
	}
	return all
}

func within(of json.RawMessage, r gjson.Result) json.RawMessage {
	end := r.Index + len(r.Raw)
	return of[r.Index:end:end]
}

// Truth is a boolean, also written 1 or "true".
type Truth bool

// UnmarshalJSON implements json.Unmarshaler.
func (f *Truth) UnmarshalJSON(raw []byte) error {
	var t Text
	if err := t.UnmarshalJSON(raw); err != nil {
		return err
	}
	*f = Truth(t == "1" || strings.EqualFold(string(t), "true"))
	return nil
}

// List is a list of things, or one of them that stands alone. What a member has of another type than it should costs that field and not the member:
// one that is nothing of the kind is the zero value.
type List[T any] []T

// UnmarshalJSON implements json.Unmarshaler.
func (l *List[T]) UnmarshalJSON(raw []byte) error {
	if pieces, ok := any(l).(*List[json.RawMessage]); ok {
		*pieces = Listed(bytes.Clone(raw))
		return nil
	}
	var whole []T
	if json.Unmarshal(raw, &whole) == nil {
		*l = whole
		return nil
	}
	var all []json.RawMessage
	if json.Unmarshal(raw, &all) != nil {
		all = []json.RawMessage{raw}
	}
	*l = make([]T, len(all))
	for n, one := range all {
		_ = json.Unmarshal(one, &(*l)[n])
	}
	return nil
}

// Int reads a whole number; zero if it is none.
func (t Text) Int() int {
	n, _ := strconv.Atoi(string(t))
	return n
}

// Float reads a number; zero if it is none.
func (t Text) Float() float64 {
	v, _ := t.number()
	return v
}

// number reads a number; false if it is none. Some write digits in groups.
func (t Text) number() (float64, bool) {
	v, err := strconv.ParseFloat(strings.ReplaceAll(string(t), "_", ""), 64)
	if err != nil || v != v || v > 1e15 || v < -1e15 {
		return 0, false
	}
	return v, true
}

// Place reads a place's coordinates; nil if they are none.
func Place(latitude, longitude Text) *core.Location {
	lat, north := latitude.number()
	long, east := longitude.number()
	if !north || !east || lat < -90 || lat > 90 || long < -180 || long > 180 {
		return nil
	}
	return &core.Location{Latitude: lat, Longitude: long}
}

// Seconds since 1970 that an event can bear: from 2001 to 2286. What is larger counts milliseconds.
const (
	firstSecond = 1_000_000_000
	lastSecond  = 9_999_999_999
)

// Time reads a timestamp in seconds, milliseconds or words; false if it is none.
func (t Text) Time() (time.Time, bool) {
	s := strings.TrimSpace(string(t))
	for _, layout := range []string{"2006-01-02T15:04:05-0700", time.RFC3339} {
		if at, err := time.Parse(layout, s); err == nil && at.Unix() >= firstSecond && at.Unix() <= lastSecond {
			return at.UTC(), true
		}
	}
	if strings.ContainsAny(s, ".eE") {
		f, err := strconv.ParseFloat(s, 64)
		if err != nil || !(f >= firstSecond && f <= lastSecond*1000) {
			return time.Time{}, false
		}
		s = strconv.FormatInt(int64(f), 10)
	}
	n, err := strconv.ParseInt(s, 10, 64)
	switch {
	case err != nil || n < firstSecond || n > lastSecond*1000+999:
		return time.Time{}, false
	case n > lastSecond:
		return time.UnixMilli(n).UTC(), n/1000 >= firstSecond
	}
	return time.Unix(n, 0).UTC(), true
}

// maxID bounds what is taken as a provider's id.
const maxID = 512

// GoodID reports whether a text can be an id that is stored under a unique key.
func GoodID(s string) bool {
	return s != "" && len(s) <= maxID && utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' })
}
