package ginapi

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// clockedWriter records the deadlines that are set on a connection.
type clockedWriter struct {
	http.ResponseWriter
	read, write []time.Time
}

func (c *clockedWriter) SetReadDeadline(t time.Time) error {
	c.read = append(c.read, t)
	return nil
}

func (c *clockedWriter) SetWriteDeadline(t time.Time) error {
	c.write = append(c.write, t)
	return nil
}

// drip gives one byte a read, each a second later.
type drip struct{ left int }

func (d *drip) Read(p []byte) (int, error) {
	if d.left == 0 {
		return 0, io.EOF
	}
	<-time.After(time.Second) // of a bubble: instant
	d.left--
	return copy(p, "x"), nil
}

func TestBodyDeadlines(t *testing.T) {
	for name, tt := range map[string]struct {
		total, each time.Duration
		want        []time.Duration // of the reads, after the start
	}{
		"one for all":               {10 * time.Second, 0, []time.Duration{10 * time.Second}},
		"one each":                  {10 * time.Second, 2 * time.Second, []time.Duration{2 * time.Second, 3 * time.Second, 4 * time.Second, 5 * time.Second}},
		"one each within the total": {4 * time.Second, 2 * time.Second, []time.Duration{2 * time.Second, 3 * time.Second, 4 * time.Second, 4 * time.Second}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, start := &clockedWriter{ResponseWriter: httptest.NewRecorder()}, time.Now()
				b := newBody(w, io.NopCloser(&drip{3}), 100, tt.total, tt.each)
				if _, err := io.ReadAll(b); err != nil {
					t.Fatal(err)
				}
				if len(w.read) != len(tt.want)+1 || !w.read[len(w.read)-1].IsZero() {
					t.Fatalf("read deadlines %v, want %v and then none", w.read, tt.want)
				}
				for i, d := range tt.want {
					if got := w.read[i].Sub(start); got != d {
						t.Errorf("read %d: deadline after %v, want %v", i, got, d)
					}
				}
				if got := w.write[len(w.write)-1].Sub(start); got != 3*time.Second+answerTime {
					t.Errorf("the answer has until %v", got)
				}
			})
		})
	}
}

func TestBodyLimit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size, limit, step := rapid.IntRange(0, 300).Draw(t, "size"), rapid.IntRange(0, 300).Draw(t, "limit"), rapid.IntRange(1, 50).Draw(t, "step")
		b := newBody(httptest.NewRecorder(), io.NopCloser(strings.NewReader(strings.Repeat("x", size))), int64(limit), time.Second, 0)
		got, err := io.ReadAll(struct{ io.Reader }{io.MultiReader(chunked{b, step})})
		switch {
		case size > limit && !errors.Is(err, errTooLarge):
			t.Fatalf("%d bytes passed a limit of %d: %v", size, limit, err)
		case size <= limit && (err != nil || len(got) != size):
			t.Fatalf("%d of %d bytes within a limit of %d: %v", len(got), size, limit, err)
		}
	})
}

// chunked reads in small steps.
type chunked struct {
	r    io.Reader
	step int
}

func (c chunked) Read(p []byte) (int, error) { return c.r.Read(p[:min(len(p), c.step)]) }

func TestHoldsNUL(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.SampledFrom([]rune{0, '\\', 'u', '0', '"', 'x', 'ö'})).Draw(t, "text")
		data, err := json.Marshal(map[string]string{"text": text})
		if err != nil {
			t.Fatal(err)
		}
		if got, want := holdsNUL(data), strings.ContainsRune(text, 0); got != want {
			t.Fatalf("%s: got %v, want %v", data, got, want)
		}
	})
}
