package ginapi

import (
	"encoding/base64"
	"time"

	"causeway/core"
)

// Paging is the input of an operation that asks for a slice of a list.
type Paging struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"how many to return; of conversations those whose last message is of one time come together, if they are more"`
	Cursor string `query:"cursor" maxLength:"200" doc:"next_cursor of the page before"`
}

// pageView is a slice of a list, newest first.
type pageView[T any] struct {
	Items []T    `json:"items" nullable:"false"`
	Next  string `json:"next_cursor,omitempty" doc:"give it as cursor to get the next page; absent on the last one"`
}

// page reads the cursor. Valid says whether the position it holds is one of the list's.
func (p Paging) page(valid func(string) bool) (core.Page, error) {
	before, err := base64.RawURLEncoding.DecodeString(p.Cursor)
	if err != nil || len(before) > 0 && !valid(string(before)) {
		return core.Page{}, &core.Problem{Code: core.CodeInvalid, Detail: "The cursor is not one that this list gave.",
			Remedy: "Start without a cursor.", Field: "query.cursor"}
	}
	return core.Page{Before: string(before), Limit: p.Limit}, nil
}

// pageOf shows a slice of a list. At tells an item's position.
func pageOf[C, V any](items []C, p core.Page, show func(C) V, at func(C) string) pageView[V] {
	out := pageView[V]{Items: make([]V, 0, len(items))}
	for _, i := range items {
		out.Items = append(out.Items, show(i))
	}
	if p.Limit > 0 && len(items) >= p.Limit { // more than the limit: what cannot be told from the last one comes along
		out.Next = base64.RawURLEncoding.EncodeToString([]byte(at(items[len(items)-1])))
	}
	return out
}

// listOf shows a whole list.
func listOf[C, V any](items []C, show func(C) V) pageView[V] {
	return pageOf(items, core.Page{}, show, nil)
}

func isTime(s string) bool {
	_, err := time.Parse(time.RFC3339Nano, s)
	return err == nil
}

func isBookmark(s string) bool {
	_, err := core.ParseBookmark(s)
	return err == nil
}
