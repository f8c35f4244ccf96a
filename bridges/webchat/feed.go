package webchat

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"causeway/core"
)

// since returns what both logs have after a place, in the order of time, and the place reached.
func (l *link) since(ctx context.Context, id string, p place) ([]line, place, error) {
	lines := []line{}
	for name, at := range map[string]*int64{logOut: &p.Out, logIn: &p.In} {
		log, err := l.load(ctx, name, id)
		if err != nil {
			return nil, p, err
		}
		if *at > log.Last {
			*at = 0 // of another time: begin anew
		}
		for _, e := range log.after(*at) {
			lines = append(lines, l.show(name, e))
		}
		*at = log.Last
	}
	slices.SortFunc(lines, func(a, b line) int { // what was said first comes first; a log's own times never go back
		return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Log, b.Log), cmp.Compare(a.N, b.N))
	})
	return lines, p, nil
}

// show makes of an entry what a browser gets: its file has an address.
func (l *link) show(log string, e entry) line {
	if e.File != nil {
		f := *e.File
		f.URL = l.fileURL(f)
		e.File = &f
	}
	return line{e, log}
}

// answerMessages tells what is new after a place, to a browser whose stream a proxy holds back.
func (l *link) answerMessages(w http.ResponseWriter, c call) error {
	lines, at, err := l.since(c.Context(), c.visitor.ID, placeOf(c.URL.Query().Get("after")))
	if err != nil {
		return err
	}
	answer(w, http.StatusOK, map[string]any{"messages": lines, "at": at})
	return nil
}

const (
	beat      = 20 * time.Second // of a stream on which nothing happens
	lookAgain = 5 * time.Second  // see link.look
	writeFor  = 10 * time.Second // the longest that a browser may take for a piece
)

// answerEvents streams what is new. Whatever wakes it, it reads the logs from where it was: nothing is lost between two looks, nothing comes twice.
func (l *link) answerEvents(w http.ResponseWriter, c call) error {
	s := l.hub.join(seat(c.visitor.ID))
	if s == nil {
		return errOften
	}
	defer l.hub.leave(seat(c.visitor.ID), s)
	q := c.URL.Query()
	feed := &feed{w: w, rc: http.NewResponseController(w), at: placeOf(cmp.Or(c.Header.Get("Last-Event-ID"), q.Get("after"))), tag: cmp.Or(q.Get("tag"), l.tag(l.host.Now()))}
	head := w.Header()
	head.Set("Content-Type", "text/event-stream")
	head.Set("X-Accel-Buffering", "no")
	if !feed.write(": hello\n\n") {
		return nil
	}
	l.follow(c, s, feed)
	return nil
}

// follow writes until the browser, the link or the visitor's token has gone.
func (l *link) follow(c call, s *stream, f *feed) {
	look, tick := time.NewTicker(l.look), time.NewTicker(beat)
	defer look.Stop()
	defer tick.Stop()
	for ok := l.news(c, f) && l.affairs(c, f); ok; {
		select {
		case <-c.Context().Done():
			return
		case <-l.closed:
			return
		case <-s.wake:
			ok = l.news(c, f) && l.affairs(c, f)
		case <-look.C:
			ok = l.news(c, f) && l.host.Now().Unix() < c.visitor.Expires
		case <-s.typing:
			ok = f.write("event: typing\ndata: {}\n\n")
		case <-tick.C:
			ok = f.write(": beat\n\n") && l.affairs(c, f)
		}
	}
}

// news writes what is new and reports whether the stream goes on.
func (l *link) news(c call, f *feed) bool {
	lines, at, err := l.since(c.Context(), c.visitor.ID, f.at)
	if err != nil {
		return false // the browser comes again with its place
	}
	var text strings.Builder
	for _, line := range lines {
		f.at.pass(line)
		body, err := json.Marshal(line)
		if err != nil {
			return false // texts and numbers only
		}
		fmt.Fprintf(&text, "id: %s\nevent: %s\ndata: %s\n\n", f.at, line.Say, body)
	}
	f.at = at
	return len(lines) == 0 || f.write(text.String())
}

// feed is the writing side of a stream.
type feed struct {
	w  http.ResponseWriter
	rc *http.ResponseController
	at place

	tag    string        // of what the browser shows
	stands core.Standing // of which it was told
}

func (f *feed) write(s string) bool {
	_ = f.rc.SetWriteDeadline(time.Now().Add(writeFor)) // not every writer has deadlines
	if _, err := f.w.Write([]byte(s)); err != nil {
		return false
	}
	return f.rc.Flush() == nil
}
