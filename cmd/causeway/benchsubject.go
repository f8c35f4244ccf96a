package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// subject is the process that is measured.
type subject struct {
	testbed
	at, path string // of the webhook
	private  string // the listener that tells of health and profiles
	process  *exec.Cmd
}

const (
	benchAccount = "100200300400500"
	benchWABA    = "500400300200100"
	benchSecret  = "secret-of-the-benchmark"
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

// command runs this program on the subject's settings and returns what it prints.
func (s *subject) command(ctx context.Context, args ...string) (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	c := exec.CommandContext(ctx, self, args...) //nolint:gosec // ourselves
	c.Env = append(clean(os.Environ()), s.env()...)
	out, err := c.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w", args[0], err)
	}
	return string(out), nil
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
