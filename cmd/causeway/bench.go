package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"causeway/core"

	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"
)

func benchCommand() *cobra.Command {
	c := &cobra.Command{Use: "bench", Short: "Measure how many webhooks a second this machine takes, beside the floors", GroupID: "admin", Args: cobra.NoArgs, RunE: bench,
		Long: "Start the gateway as a process of its own on an empty store, put signed webhooks on it over loopback, and print a table and a line of JSON.\n" +
			"The floors are measured in the same run on the same database: gin and the signature check alone (bare), the same with one commit a request\n" +
			"(insert), and with shared commits (group). Memory is the most that it held; of an idle gateway, what it holds after half a minute."}
	c.Flags().StringSlice("database", []string{"sqlite"}, "sqlite, or postgres://… of a server on which databases may be made and dropped; may be repeated")
	c.Flags().Duration("lasting", 5*time.Second, "how long each load lasts")
	c.Flags().Int("connections", 32, "connections at once")
	c.Flags().Int("contacts", 10_000, "how many customers write")
	c.Flags().Float64("steady", 300, "webhooks a second in the steady load")
	c.Flags().StringSlice("what", benched(), "what to measure")
	c.Flags().String("profiles", "", "write the gateway's processor and allocation profiles (go tool pprof) into this folder")
	c.AddCommand(benchDeliverCommand(), benchMailCommand(), benchLargeCommand(), benchAssignCommand())
	return c
}

// benched is all that can be measured, in the order of the table.
func benched() []string { return []string{"bare", "insert", "group", "gateway", "steady", "idle"} }

// measure is a line of the table.
type measure struct {
	Database string  `json:"database"`
	What     string  `json:"what"`
	Outcome  outcome `json:"outcome"`
	CPU      float64 `json:"cpu_seconds_per_1000"` // of the server process
	Memory   int64   `json:"peak_memory_bytes"`
	Idle     int64   `json:"idle_memory_bytes,omitempty"`
	ToFloor  float64 `json:"of_floor_group,omitempty"`
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
	t := newTable(out, "DATABASE", "WHAT", "A SECOND", "P50 ms", "P99 ms", "CPU s/1000", "MEMORY MB", "OF GROUP")
	var all []measure
	floorRate := 0.0
	whats, _ := cmd.Flags().GetStringSlice("what")
	for _, what := range whats {
		m, err := benchOne(cmd, server, what)
		switch {
		case cmd.Context().Err() != nil: // and the process that was measured with us
			return all, errors.Join(cmd.Context().Err(), t.flush())
		case err != nil:
			return all, errors.Join(fmt.Errorf("measure %s: %w", what, err), t.flush())
		}
		if what == "group" {
			floorRate = m.Outcome.perSecond()
		}
		ratio := "–"
		if what == "gateway" && floorRate > 0 {
			m.ToFloor = m.Outcome.perSecond() / floorRate
			ratio = fmt.Sprintf("%.2f", m.ToFloor)
		}
		all = append(all, m)
		if what == "idle" {
			t.row(m.Database, what, "–", "–", "–", "–", megabytes(m.Idle), "–")
			continue
		}
		t.row(m.Database, what, fmt.Sprintf("%.0f", m.Outcome.perSecond()), millis(m.Outcome.P50), millis(m.Outcome.P99), fmt.Sprintf("%.3f", m.CPU),
			megabytes(m.Memory), ratio)
		if m.Outcome.Refused > 0 {
			t.row("", "", fmt.Sprintf("(%d refused)", m.Outcome.Refused))
		}
	}
	return all, t.flush()
}

func millis(d time.Duration) string { return fmt.Sprintf("%.2f", d.Seconds()*1000) }

func megabytes(n int64) string { return fmt.Sprintf("%.0f", float64(n)/1e6) }

const benchSecret = "secret-of-the-benchmark"

func benchOne(cmd *cobra.Command, server, what string) (m measure, err error) {
	dir, remove, err := tempDir()
	if err != nil {
		return m, err
	}
	defer remove()
	database, drop, err := benchDatabase(cmd.Context(), server, dir)
	if err != nil {
		return m, err
	}
	defer drop()
	s := &subject{dir: dir, database: database}
	m = measure{Database: strings.SplitN(database, ":", 2)[0], What: what}
	if err := s.startFor(cmd.Context(), what); err != nil {
		return m, errors.Join(err, s.stop())
	}
	if what == "idle" {
		until(cmd.Context(), time.Now().Add(30*time.Second))
		m.Memory, m.Idle = peak(s.process.Process), resident(s.process.Process)
	} else {
		err = benchLoaded(cmd, s, &m)
	}
	return m, errors.Join(err, s.stop())
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

// benchDatabase names an empty database and how to remove it.
func benchDatabase(ctx context.Context, server, dir string) (string, func(), error) {
	if server == "sqlite" {
		return "sqlite:" + filepath.Join(dir, "bench.db"), func() {}, nil
	}
	c, err := pgx.Connect(ctx, server)
	if err != nil {
		return "", nil, err
	}
	defer func() { _ = c.Close(context.WithoutCancel(ctx)) }()
	name := "causeway_bench_" + core.NewToken(5)
	if _, err := c.Exec(ctx, "CREATE DATABASE "+name); err != nil {
		return "", nil, err
	}
	u, err := url.Parse(server)
	if err != nil {
		return "", nil, err
	}
	u.Path = "/" + name
	return u.String(), func() {
		ctx := context.WithoutCancel(ctx)
		if c, err := pgx.Connect(ctx, server); err == nil {
			_, _ = c.Exec(ctx, "DROP DATABASE "+name+" WITH (FORCE)")
			_ = c.Close(ctx)
		}
	}, nil
}

// subject is the process that is measured.
type subject struct {
	dir, database string
	at, path      string
	private       string // the listener that tells of health and profiles
	process       *exec.Cmd
}

const (
	benchAccount = "100200300400500"
	benchWABA    = "500400300200100"
)

const benchBusiness = `channels:
  - name: bench
    kind: whatsapp-cloud
    settings:
      phone_number_id: "` + benchAccount + `"
      business_account_id: "` + benchWABA + `"
      access_token: {env: CAUSEWAY_SECRET_BENCH_TOKEN}
      app_secret: {env: CAUSEWAY_SECRET_BENCH_SECRET}
      api_base: http://127.0.0.1:9
agents:
  - {name: Agent, addresses: [agent@example.com]}
forwards:
  - {name: all, to: [Agent]}
`

// gateway sets up a business with one channel and starts the gateway on it. Mail is not configured: what is measured is acceptance, with the jobs
// that forward the messages committed, but not worked on.
func (s *subject) gateway(ctx context.Context) error {
	if err := s.setUp(ctx); err != nil {
		return err
	}
	return s.start(ctx, s.env(), "serve")
}

func (s *subject) env() []string {
	return []string{"CAUSEWAY_DATA_DIR=" + filepath.Join(s.dir, "data"), "CAUSEWAY_DATABASE_URL=" + s.database, "CAUSEWAY_HTTP_LISTEN=127.0.0.1:0",
		"CAUSEWAY_PRIVATE_LISTEN=127.0.0.1:0", "CAUSEWAY_LOG_LEVEL=error", "CAUSEWAY_SECRET_BENCH_TOKEN=token-of-the-benchmark", "CAUSEWAY_SECRET_BENCH_SECRET=" + benchSecret}
}

// setUp makes the database and applies the business file.
func (s *subject) setUp(ctx context.Context) error {
	file := filepath.Join(s.dir, "business.yaml")
	if err := os.WriteFile(file, []byte(benchBusiness), 0o600); err != nil {
		return err
	}
	_, err := s.command(ctx, "apply", "-f", file)
	return err
}

// clean leaves settings of our own out of an environment.
func clean(environ []string) []string {
	var kept []string
	for _, e := range environ {
		if !strings.HasPrefix(e, "CAUSEWAY_") {
			kept = append(kept, e)
		}
	}
	return kept
}

// start runs this program and waits until it says where it listens.
func (s *subject) start(ctx context.Context, env []string, args ...string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	s.process = exec.CommandContext(ctx, self, args...) //nolint:gosec // ourselves
	s.process.Env, s.process.Stderr = append(clean(os.Environ()), env...), os.Stderr
	out, err := s.process.StdoutPipe()
	if err != nil {
		return err
	}
	if err := s.process.Start(); err != nil {
		return err
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if _, rest, ok := strings.Cut(lines.Text(), "webhooks and API  http://"); ok {
			s.at, _, _ = strings.Cut(rest, " ")
		}
		if _, rest, ok := strings.Cut(lines.Text(), "health, metrics   http://"); ok {
			s.private, _, _ = strings.Cut(rest, "/")
		}
		if _, hook, ok := strings.Cut(lines.Text(), "webhook URL"); ok {
			if u, err := url.Parse(strings.TrimSpace(hook)); err == nil {
				s.path = u.Path
			}
		}
		if s.at != "" && (s.path != "" || args[0] == "bench-floor") {
			break
		}
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	return s.awaitPort(ctx)
}

// awaitPort waits until the process takes connections.
func (s *subject) awaitPort(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	var d net.Dialer
	for {
		c, err := d.DialContext(ctx, "tcp", s.at)
		if err == nil {
			return c.Close()
		}
		if !until(ctx, time.Now().Add(10*time.Millisecond)) {
			return err
		}
	}
}

func (s *subject) stop() error {
	if s.process == nil || s.process.Process == nil {
		return nil
	}
	_ = s.process.Process.Signal(syscall.SIGTERM)
	return s.process.Wait()
}

// cpu is the processor time that the process has used, in seconds, where the system tells (Linux).
func (s *subject) cpu() float64 {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.process.Process.Pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(raw), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.ParseFloat(fields[11], 64)
	system, _ := strconv.ParseFloat(fields[12], 64)
	return (user + system) / 100 // clock ticks
}

// peak is the most memory that a process has had, in bytes, and resident what it has now. Zero: the system does not tell (Linux does).
func peak(p *os.Process) int64 { return memory(p, "VmHWM:") }

func resident(p *os.Process) int64 { return memory(p, "VmRSS:") }

func memory(p *os.Process, what string) int64 {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.Pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(raw), what)
	kb, _ := strconv.ParseInt(strings.Fields(rest + " 0")[0], 10, 64)
	return kb << 10
}
