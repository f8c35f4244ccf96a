package ginapi

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"unicode/utf8"

	"causeway/core"

	"github.com/prometheus/client_golang/prometheus"
	"pgregory.net/rapid"
)

func TestHookIsLoggedWithoutSecrets(t *testing.T) {
	h := open(t)
	h.channel("a", "c1", "acc1", "s1")
	h.post("c1", "s1", `[{"id":"e1","raw":{"access_token":"planted","text":"hello"}}]`)
	h.call("GET", h.public+"/hooks/c1?hub.mode=subscribe&hub.verify_token=s1&hub.challenge=42", "")
	h.call("POST", h.public+"/hooks/c1?token=planted", "forged body", "X-Sign", "forged")
	h.call("POST", h.public+"/hooks/nobody", "x")
	if err := h.server.Shutdown(t.Context()); err != nil { // it writes the log to its end
		t.Fatal(err)
	}
	log := h.store.room("a").log
	if len(log) != 3 {
		t.Fatalf("%d entries, want 3: %+v", len(log), log)
	}
	for i, want := range []core.LogEntry{
		{Method: "POST", URL: "https://gateway.example.org/hooks/c1", Status: 200, Request: `[{"id":"e1","raw":{"access_token":"[secret]","text":"hello"}}]`,
			Note: "trace " + core.TraceOf("c1", "", "e1")},
		{Method: "GET", URL: "https://gateway.example.org/hooks/c1?hub.mode=subscribe&hub.verify_token=[secret]&hub.challenge=42", Status: 200, Response: "42"},
		{Method: "POST", URL: "https://gateway.example.org/hooks/c1?token=[secret]", Status: 401, Note: "signature, token or challenge refused"},
	} {
		got := log[i]
		if got.Took < 0 || got.ID == "" || got.At.IsZero() || !got.Inward || got.Channel != "c1" {
			t.Errorf("entry %d: %+v", i, got)
		}
		if got.Method != want.Method || got.URL != want.URL || got.Status != want.Status || got.Request != want.Request || got.Response != want.Response || got.Note != want.Note {
			t.Errorf("entry %d:\n got %+v\nwant %+v", i, got, want)
		}
	}
}

// count reads a counter.
func count(t *testing.T, c prometheus.Counter) float64 {
	t.Helper()
	r := prometheus.NewRegistry()
	r.MustRegister(c)
	all, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	return all[0].GetMetric()[0].GetCounter().GetValue()
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func TestJournalDropsRatherThanWaits(t *testing.T) {
	dropped := prometheus.NewCounter(prometheus.CounterOpts{Name: "dropped"})
	j := newJournal(nil, quiet(), dropped)
	for range journalWaits + 7 {
		j.add(call{})
	}
	if got := count(t, dropped); got != 7 {
		t.Errorf("%v dropped, want 7", got)
	}
}

func TestJournalLimitsStrangers(t *testing.T) {
	j := newJournal(nil, quiet(), prometheus.NewCounter(prometheus.CounterOpts{Name: "dropped"}))
	for range 1000 {
		j.stranger(call{request: headOf([]byte("x"))})
	}
	if got := len(j.calls); got > 25 {
		t.Errorf("%d calls of strangers kept", got)
	}
	if c, _ := (<-j.calls).(call); c.request.whole != 0 {
		t.Error("a stranger's body is kept")
	}
}

func TestJournalSurvivesItsWriter(t *testing.T) {
	for name, write := range map[string]func(context.Context, []Exchange) error{
		"an error": func(context.Context, []Exchange) error { return errors.New("disk full") },
		"a panic":  func(context.Context, []Exchange) error { panic("no disk") },
	} {
		t.Run(name, func(t *testing.T) {
			dropped := prometheus.NewCounter(prometheus.CounterOpts{Name: "dropped"})
			j := newJournal(write, quiet(), dropped)
			end := make(chan struct{})
			j.add(call{})
			close(end)
			j.run(t.Context(), end)
			if got := count(t, dropped); got != 1 {
				t.Errorf("%v dropped, want 1", got)
			}
		})
	}
}

func TestJournalKeepsTheNeighboursOfWhatCannotBeWritten(t *testing.T) {
	dropped := prometheus.NewCounter(prometheus.CounterOpts{Name: "dropped"})
	kept := 0
	j := newJournal(func(_ context.Context, all []Exchange) error {
		for _, e := range all {
			if e.Channel == "deleted" {
				return errors.New("no such channel")
			}
		}
		kept += len(all)
		return nil
	}, quiet(), dropped)
	for _, ch := range []core.ChannelID{"c1", "deleted", "c2"} {
		j.add(call{channel: ch})
	}
	end := make(chan struct{})
	close(end)
	j.run(t.Context(), end)
	if got := count(t, dropped); kept != 2 || got != 1 {
		t.Errorf("%d kept, %v dropped", kept, got)
	}
}

func TestJournalWritesInBatches(t *testing.T) {
	var sizes []int
	j := newJournal(func(_ context.Context, all []Exchange) error {
		sizes = append(sizes, len(all))
		return nil
	}, quiet(), prometheus.NewCounter(prometheus.CounterOpts{Name: "dropped"}))
	for range 600 {
		j.add(call{})
	}
	end := make(chan struct{})
	close(end)
	j.run(t.Context(), end)
	if fmt.Sprint(sizes) != "[256 256 88]" {
		t.Errorf("batches of %v", sizes)
	}
}

func TestExcerpt(t *testing.T) {
	tests := map[string]struct{ in, want string }{
		"nothing":            {"", ""},
		"text":               {"hello", "hello"},
		"a secret in JSON":   {`{"verify_token" : "ab\"cd", "x":1}`, `{"verify_token" : "[secret]", "x":1}`},
		"a secret in a form": {"a=1&AuthToken=xyz&b=2", "a=1&AuthToken=[secret]&b=2"},
		"binary":             {"\x00\x01", "(2 bytes, not text)"},
		"no UTF-8":           {"ab\xffcdefgh", "(9 bytes, not text)"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := excerpt(headOf([]byte(tt.in))); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestRedactAddress(t *testing.T) {
	for in, want := range map[string]string{
		"/hooks/c1?token=abc&text=hello": "/hooks/c1?token=[secret]&text=hello",
		"/hooks/c1?text=hello&key=abc":   "/hooks/c1?text=hello&key=[secret]",
		"/hooks/c1?api-key=abc;x=1":      "/hooks/c1?api-key=[secret];x=1",
		"/hooks/c1?x_auth=abc":           "/hooks/c1?x_auth=[secret]",
		"/hooks/c1?keyword=stop&author=": "/hooks/c1?keyword=stop&author=",
	} {
		if got := redact(in); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
}

func TestExcerptIsShortText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		body := []byte(strings.Repeat(rapid.String().Draw(t, "text"), rapid.IntRange(1, 2000).Draw(t, "times")))
		got := excerpt(headOf(body))
		if !utf8.ValidString(got) || strings.ContainsRune(got, 0) || len(got) > excerptSize+64+len(hidden)*excerptSize/4 {
			t.Fatalf("excerpt of %d bytes has %d", len(body), len(got))
		}
	})
}

func FuzzExcerpt(f *testing.F) {
	f.Add([]byte(`{"token":"abc"}`))
	f.Add([]byte("a=1&secret=\xff"))
	f.Fuzz(func(t *testing.T, body []byte) {
		if got := excerpt(headOf(body)); !utf8.ValidString(got) || strings.ContainsRune(got, 0) {
			t.Errorf("excerpt is no text: %q", got)
		}
	})
}
