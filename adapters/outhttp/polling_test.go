package outhttp

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"testing"

	"causeway/core"
)

// Of calls that ask for news the log keeps what is news, and everything that goes wrong; of other calls, each.
func TestPollingIsLoggedOnceForNothing(t *testing.T) {
	answers := []string{"[]", "[]", "[1]", "[]", "!", "!", "[]", "[]"}
	n := 0
	at := serve(t, "127.0.0.1", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if answers[n] == "!" {
			w.WriteHeader(http.StatusBadGateway)
		}
		fmt.Fprint(w, answers[n])
		n++
	})
	for name, c := range map[string]struct {
		mark func(context.Context) context.Context
		want string
	}{
		"polling": {core.Polling, "[] [1] [] ! ! [] "},
		"other":   {func(ctx context.Context) context.Context { return ctx }, "[] [] [1] [] ! ! [] [] "},
	} {
		t.Run(name, func(t *testing.T) {
			var l log
			n = 0
			c2 := client(t, Options{Allow: []string{at}, Record: l.add})
			for range answers {
				r, _ := http.NewRequestWithContext(c.mark(t.Context()), http.MethodGet, "http://"+at+"/updates", nil)
				resp, err := c2.Do(r)
				if err != nil {
					t.Fatal(err)
				}
				_, _ = io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
			}
			got := ""
			for _, e := range l.all {
				got += e.Response + " "
			}
			if got != c.want {
				t.Errorf("logged %q, want %q", got, c.want)
			}
		})
	}
}
