package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"causeway/core"
)

// runningTime bounds the question whether a gateway runs.
const runningTime = 5 * time.Second

// running finds out whether a gateway runs on this machine and is ready for work, by its private listener.
func running(ctx context.Context, listen string) core.Finding {
	const subject = "gateway"
	ctx, cancel := context.WithTimeout(ctx, runningTime)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://gateway/readyz", nil)
	if err != nil {
		return core.Bad(subject, "", "It cannot be asked: %s.", err)
	}
	var d net.Dialer
	line := &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return d.DialContext(ctx, network, listen)
	}}
	defer line.CloseIdleConnections()
	a, err := line.RoundTrip(r)
	if err != nil {
		return core.Bad(subject, "Start it (causeway serve), or look into its log. If it runs, give this command its settings.",
			"No gateway answers on this machine, at %s.", listen)
	}
	defer func() { _ = a.Body.Close() }()
	if a.StatusCode == http.StatusOK {
		return core.Good(subject, "A gateway runs on this machine.")
	}
	var answer struct{ Checks map[string]bool }
	_ = json.NewDecoder(io.LimitReader(a.Body, 1<<16)).Decode(&answer)
	return core.Bad(subject, "Its log says why.", "A gateway runs on this machine, but is not ready%s.", amiss(answer.Checks))
}

// amiss names the checks that failed.
func amiss(checks map[string]bool) string {
	var all []string
	for name, well := range checks {
		if !well {
			all = append(all, name)
		}
	}
	if len(all) == 0 {
		return ""
	}
	slices.Sort(all)
	return fmt.Sprintf(" (%s)", strings.Join(all, ", "))
}
