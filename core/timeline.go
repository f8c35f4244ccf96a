package core

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Bookmark is how far somebody has read a Timeline. The zero Bookmark is its newest end.
type Bookmark struct {
	Seq      int64     // of the oldest message read that was no import; zero: none was
	Imported time.Time // when the oldest import read was said; zero: none was
	Behind   int64     // its sequence
}

// Before is the bookmark right before a message that is no import.
func Before(m Message) Bookmark {
	return Bookmark{Seq: m.Seq, Imported: m.Created.Add(time.Microsecond)}
}

// passed is the bookmark when one more message was read.
func (p Bookmark) passed(m Message) Bookmark {
	if m.Historic {
		p.Imported, p.Behind = m.At, m.Seq
	} else {
		p.Seq = m.Seq
	}
	return p
}

// String is what ParseBookmark reads.
func (p Bookmark) String() string {
	var at int64
	if !p.Imported.IsZero() {
		at = p.Imported.UnixMicro()
	}
	return fmt.Sprintf("%d %d %d", p.Seq, at, p.Behind)
}

// ParseBookmark reads what String wrote; an empty string is the zero one.
func ParseBookmark(s string) (p Bookmark, err error) {
	if s == "" {
		return p, nil
	}
	var at int64
	if _, err := fmt.Sscanf(s, "%d %d %d", &p.Seq, &at, &p.Behind); err != nil || p.Seq < 0 {
		return Bookmark{}, errors.New("not a bookmark")
	}
	if at != 0 {
		p.Imported = time.UnixMicro(at).UTC()
	}
	return p, nil
}

// Timeline lists up to limit (at most 200) of a conversation's messages for people, newest first, and returns where to go on; the zero Bookmark: there are no more. What came
// and went through us stands in the order of its sequence. What was imported is put among it by its own time, whenever and in whatever order the provider
// handed it over.
func Timeline(ctx context.Context, repo Repo, id ConversationID, from Bookmark, limit int) ([]Message, Bookmark, error) {
	page := Page{Limit: limit}
	if from.Seq > 0 {
		page.Before = fmt.Sprint(from.Seq)
	}
	live, err := repo.Messages(ctx, id, page)
	if err != nil {
		return nil, from, fmt.Errorf("messages of conversation: %w", err)
	}
	old, err := repo.ImportedMessages(ctx, id, from, limit)
	if err != nil {
		return nil, from, fmt.Errorf("imported messages of conversation: %w", err)
	}
	all := make([]Message, 0, min(limit, len(live)+len(old)))
	for len(all) < limit && len(live)+len(old) > 0 {
		next := &live
		if len(live) == 0 || len(old) > 0 && old[0].At.After(live[0].Created) {
			next = &old
		}
		from = from.passed((*next)[0])
		all, *next = append(all, (*next)[0]), (*next)[1:]
	}
	if len(all) < limit {
		from = Bookmark{}
	}
	return all, from, nil
}
