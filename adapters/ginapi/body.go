package ginapi

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"time"
)

// answerTime is how long an answer may take, from the headers of the request or the end of its body.
const answerTime = 90 * time.Second

// errTooLarge says that a body is longer than allowed.
var errTooLarge = errors.New("body too large")

// body is a request's body that must arrive in time and within a limit. Between bodies the connection has no read deadline: a deadline left
// standing would cancel the context of a handler that works longer than its body took to arrive, since net/http goes on reading to notice
// that the client is gone.
type body struct {
	rc    *http.ResponseController
	from  io.ReadCloser
	left  int64 // bytes that may still come
	total time.Duration
	each  time.Duration // if set, each read has this long, and total only bounds their sum
	until time.Time
	ended bool
}

func newBody(w http.ResponseWriter, from io.ReadCloser, limit int64, total, each time.Duration) *body {
	return &body{rc: http.NewResponseController(w), from: from, left: limit, total: total, each: each}
}

// Read gives errTooLarge when more comes than allowed, and a timeout when it comes too slowly.
func (b *body) Read(p []byte) (int, error) {
	if b.ended {
		return 0, io.EOF
	}
	b.hurry()
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1] // one more than allowed tells that there is more
	}
	n, err := b.from.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, errTooLarge
	}
	if errors.Is(err, io.EOF) {
		b.ended = true
		_ = b.rc.SetReadDeadline(time.Time{})
		_ = b.rc.SetWriteDeadline(time.Now().Add(answerTime)) // it counts from the headers, and an upload may take longer
	}
	return n, err
}

// hurry sets the deadline for the next read. Errors are those of writers without a connection, as in tests.
func (b *body) hurry() {
	now := time.Now() // the connection's clock, not the gateway's
	fresh := b.until.IsZero()
	if fresh {
		b.until = now.Add(b.total)
	}
	switch {
	case b.each > 0 && now.Add(b.each).Before(b.until):
		_ = b.rc.SetReadDeadline(now.Add(b.each))
	case b.each > 0 || fresh:
		_ = b.rc.SetReadDeadline(b.until)
	}
}

func (b *body) Close() error { return b.from.Close() }

// late reports whether a body did not come in time. The end of a context looks the same, but is ours.
func late(err error) bool {
	var n net.Error
	return errors.As(err, &n) && n.Timeout() && !errors.Is(err, context.DeadlineExceeded)
}

// slowWriter lets a download take as long as it likes while the client goes on reading.
type slowWriter struct {
	http.ResponseWriter
	rc *http.ResponseController
}

const stalled = 30 * time.Second // a client that reads nothing for so long is gone

func newSlowWriter(w http.ResponseWriter) slowWriter {
	s := slowWriter{w, http.NewResponseController(w)}
	_ = s.rc.SetReadDeadline(time.Time{})
	return s
}

func (s slowWriter) Write(p []byte) (int, error) {
	_ = s.rc.SetWriteDeadline(time.Now().Add(stalled))
	return s.ResponseWriter.Write(p)
}
