package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"causeway/core"

	"github.com/spf13/cobra"
)

func benchCommand() *cobra.Command {
	c := &cobra.Command{Use: "bench", Short: "Measure how many webhooks a second this machine takes, beside the floors", GroupID: "admin", Args: cobra.NoArgs, RunE: bench,
		Long: "Start the gateway as a process of its own on an empty store, put signed webhooks on it over loopback, and print a table and a line of JSON.\n" +
			"The floors are measured in the same run on the same database: gin and the signature check alone (bare), the same with one commit a request\n" +
			"(insert), with shared commits (each), and on PostgreSQL also with one statement a commit (group). Memory is the most that it held; of an idle gateway, what it holds after half a minute."}
	databaseFlag(c)
	c.Flags().Duration("lasting", 5*time.Second, "how long each load lasts")
	c.Flags().Int("connections", 32, "connections at once")
	c.Flags().Int("contacts", 10_000, "how many customers write")
	c.Flags().Float64("steady", 300, "webhooks a second in the steady load")
	c.Flags().StringSlice("what", benched(), "what to measure")
	c.Flags().Duration("distance", 0, "how far away PostgreSQL is, there and back, as it is on another machine")
	c.Flags().String("profiles", "", "write the gateway's processor and allocation profiles (go tool pprof) into this folder")
	c.AddCommand(benchDeliverCommand(), benchMailCommand(), benchLargeCommand(), benchAssignCommand())
	return c
}

// benched is all that can be measured, in the order of the table.
func benched() []string {
	return []string{"bare", "insert", "each", "group", "gateway", "steady", "idle"}
}

// measure is a line of the table.
type measure struct {
	Database string  `json:"database"`
	What     string  `json:"what"`
	Outcome  outcome `json:"outcome"`
	CPU      float64 `json:"cpu_seconds_per_1000"` // of the server process
	Memory   int64   `json:"peak_memory_bytes"`
	Idle     int64   `json:"idle_memory_bytes,omitempty"`
	ToEach   float64 `json:"of_floor_each,omitempty"` // the rate as a ratio to these floors' of the same run
	ToGroup  float64 `json:"of_floor_group,omitempty"`
}

func bench(cmd *cobra.Command, _ []string) error {
	databases, _ := cmd.Flags().GetStringSlice("database")
	whats, _ := cmd.Flags().GetStringSlice("what")
	for _, what := range whats {
		if !slices.Contains(benched(), what) {
			return core.Problemf(core.CodeInvalid, "There is nothing called %q to measure.", what).Remedied("Choose of %s.", strings.Join(benched(), ", "))
		}
	}
	all := []measure{}
	var failed error
	for _, d := range databases {
		made, err := benchOn(cmd, d)
		all = append(all, made...)
		if failed = err; err != nil {
			break
		}
	}
	raw, err := json.Marshal(all) // what was measured is told whatever came after it
	fmt.Fprintln(cmd.OutOrStdout(), string(raw))
	return errors.Join(failed, err)
}

// benchOn measures floors and gateway on one database, each on an empty one of its own.
func benchOn(cmd *cobra.Command, server string) ([]measure, error) {
	out := cmd.OutOrStdout()
	t := newTable(out, "DATABASE", "WHAT", "A SECOND", "P50 ms", "P99 ms", "CPU s/1000", "MEMORY MB", "OF EACH", "OF GROUP")
	var all []measure
	floors := map[string]float64{}
	whats, _ := cmd.Flags().GetStringSlice("what")
	away, _ := cmd.Flags().GetDuration("distance")
	address, err := distant(cmd.Context(), server, away)
	if err == nil && address != server {
		server, err = address, tellDistance(cmd.Context(), out, address)
	}
	if err != nil {
		return nil, err
	}
	for _, what := range whats {
		m, err := benchOne(cmd, server, what)
		switch {
		case cmd.Context().Err() != nil: // and the process that was measured with us
			return all, errors.Join(cmd.Context().Err(), t.flush())
		case err != nil:
			return all, errors.Join(fmt.Errorf("measure %s: %w", what, err), t.flush())
		}
		floors[what] = m.Outcome.perSecond()
		if what == "gateway" {
			m.ToEach, m.ToGroup = ratio(floors[what], floors["each"]), ratio(floors[what], floors["group"])
		}
		all = append(all, m)
		if what == "idle" {
			t.row(m.Database, what, "–", "–", "–", "–", megabytes(m.Idle), "–", "–")
			continue
		}
		t.row(m.Database, what, fmt.Sprintf("%.0f", m.Outcome.perSecond()), millis(m.Outcome.P50), millis(m.Outcome.P99), fmt.Sprintf("%.3f", m.CPU),
			megabytes(m.Memory), twoDigits(m.ToEach), twoDigits(m.ToGroup))
		if m.Outcome.Refused > 0 {
			t.row("", "", fmt.Sprintf("(%d refused)", m.Outcome.Refused))
		}
	}
	return all, t.flush()
}

// ratio is zero where there is nothing to compare with.
func ratio(rate, floor float64) float64 {
	if floor == 0 {
		return 0
	}
	return rate / floor
}

func twoDigits(ratio float64) string {
	if ratio == 0 {
		return "–"
	}
	return fmt.Sprintf("%.2f", ratio)
}

func millis(d time.Duration) string { return fmt.Sprintf("%.2f", d.Seconds()*1000) }

func megabytes(n int64) string { return fmt.Sprintf("%.0f", float64(n)/1e6) }

func benchOne(cmd *cobra.Command, server, what string) (m measure, err error) {
	err = onTestbed(cmd.Context(), server, func(b testbed) error {
		m = measure{Database: b.kind(), What: what}
		s := &subject{testbed: b}
		err := s.startFor(cmd.Context(), what)
		switch {
		case err != nil:
		case what == "idle":
			until(cmd.Context(), time.Now().Add(30*time.Second))
			m.Memory, m.Idle = peak(s.process.Process), resident(s.process.Process)
		default:
			err = benchLoaded(cmd, s, &m)
		}
		return errors.Join(err, s.stop())
	})
	return m, err
}

// startFor starts the gateway or a floor.
func (s *subject) startFor(ctx context.Context, what string) error {
	switch what {
	case "gateway", "steady", "idle":
		return s.gateway(ctx)
	}
	s.path = "/hooks/floor"
	return s.start(ctx, nil, "bench-floor", what, "--database", s.database, "--secret", benchSecret)
}

// benchLoaded puts webhooks on what was started.
func benchLoaded(cmd *cobra.Command, s *subject, m *measure) error {
	l := load{at: s.at, host: s.at, path: s.path, secret: []byte(benchSecret), account: benchAccount, waba: benchWABA, prefix: "B"}
	l.lasting, _ = cmd.Flags().GetDuration("lasting")
	l.connections, _ = cmd.Flags().GetInt("connections")
	l.contacts, _ = cmd.Flags().GetInt("contacts")
	if m.What == "steady" {
		l.rate, _ = cmd.Flags().GetFloat64("steady")
	}
	warm := l
	warm.lasting, warm.prefix = l.lasting/5, "W"
	if _, err := warm.run(cmd.Context()); err != nil {
		return err
	}
	profiled := func() error { return nil }
	if folder, _ := cmd.Flags().GetString("profiles"); folder != "" && s.private != "" {
		profiled = s.profiles(cmd.Context(), filepath.Join(folder, m.Database+"-"+m.What), l.lasting)
	}
	before := s.cpu()
	var err error
	m.Outcome, err = l.run(cmd.Context())
	err = errors.Join(err, profiled())
	m.CPU = (s.cpu() - before) / float64(max(1, m.Outcome.Answered)) * 1000
	m.Memory = peak(s.process.Process)
	return err
}
