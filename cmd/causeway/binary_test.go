package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"causeway/bridges/simulator"
)

// The program as an admin uses it: apply, serve, check, doctor, rotate, stop, and what it says when something is wrong.

var binary struct{ path string }

func TestMain(m *testing.M) {
	gatewayProcess()
	dir, err := os.MkdirTemp("", "causeway-test-")
	if err != nil {
		panic(err)
	}
	binary.path = filepath.Join(dir, "causeway")
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// build makes the program once.
func build(t testing.TB) string {
	t.Helper()
	if _, err := os.Stat(binary.path); err == nil {
		return binary.path
	}
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-tags", "nomsgpack", "-o", binary.path, ".").CombinedOutput(); err != nil { //nolint:gosec // ourselves
		t.Fatalf("build: %v\n%s", err, out)
	}
	return binary.path
}

// shell runs the program in a folder of its own.
type shell struct {
	*testing.T
	dir string
	env []string
}

func newShell(t *testing.T, env ...string) shell {
	t.Helper()
	s := shell{T: t, dir: t.TempDir()}
	s.env = append([]string{"HOME=" + s.dir, "PATH=" + os.Getenv("PATH"), "CAUSEWAY_DATA_DIR=" + filepath.Join(s.dir, "data")}, env...)
	return s
}

func (s shell) command(ctx context.Context, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, build(s.T), args...) //nolint:gosec // a test's own command
	c.Dir, c.Env = s.dir, s.env
	return c
}

// run returns what the program prints and its exit code.
func (s shell) run(args ...string) (out string, code int) {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), stepTime)
	defer cancel()
	raw, err := s.command(ctx, args...).CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		s.Fatalf("causeway %v: %v", args, err)
	}
	if exit != nil {
		code = exit.ExitCode()
	}
	return string(raw), code
}

func (s shell) file(name, text string) {
	s.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600); err != nil {
		s.Fatal(err)
	}
}

// platform serves a simulated WhatsApp platform.
func platform(t *testing.T) (*simulator.Simulator, string) {
	t.Helper()
	sim := simulator.New(simulator.Options{})
	s := http.Server{Handler: sim.Graph(), ReadHeaderTimeout: time.Second}
	l, err := bind("platform", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = s.Serve(l) }()
	t.Cleanup(func() { sim.Close(); _ = s.Close() })
	return sim, l.Addr().String()
}

func TestAdminsDay(t *testing.T) {
	sim, at := platform(t)
	a := sim.Business().Account()
	s := newShell(t, "CAUSEWAY_ALLOW_PRIVATE="+at, "CAUSEWAY_HTTP_LISTEN=127.0.0.1:0", "CAUSEWAY_PRIVATE_LISTEN=127.0.0.1:0",
		"CAUSEWAY_SECRET_TOKEN="+a.Token, "CAUSEWAY_SECRET_APP="+a.AppSecret)
	s.file("business.yaml", `channels:
  - name: shop
    kind: whatsapp-cloud
    settings:
      phone_number_id: "`+a.PhoneNumberID+`"
      business_account_id: "`+a.WABA+`"
      access_token: {env: CAUSEWAY_SECRET_TOKEN}
      app_secret: {env: CAUSEWAY_SECRET_APP}
      api_base: http://`+at+`
agents:
  - {name: Amina, addresses: [amina@example.com], language: ar}
  - {name: Ben, addresses: [ben@example.com]}
teams:
  - {name: sales, members: [Amina, Ben]}
forwards:
  - {name: shop to sales, channel: shop, to: [Amina], assigned: true}
`)
	for _, step := range []struct {
		args []string
		code int
		says []string
	}{
		{[]string{"apply", "-f", "business.yaml", "--dry-run"}, 0, []string{"shop", "Amina", "nothing was done"}},
		{[]string{"channel", "show", "shop"}, 1, []string{`There is no channel "shop"`, "causeway apply"}},
		{[]string{"apply", "-f", "business.yaml"}, 0, []string{"changes made", "webhook URL", "/hooks/", "verify token"}},
		{[]string{"apply", "-f", "business.yaml"}, 0, []string{"nothing to change"}},
		{[]string{"channel", "list"}, 0, []string{"shop", "active", a.PhoneNumberID}},
		{[]string{"channel", "show", "shop"}, 0, []string{"webhook URL", "••••"}},
		{[]string{"channel", "check", "shop"}, 1, []string{"access token", "fix:", "channel subscribe shop"}}, // no webhook is registered yet
		{[]string{"template", "sync", "shop"}, 0, []string{"templates of shop"}},
		{[]string{"template", "list", "shop"}, 0, []string{"we_are_back", "hello_world"}},
		{[]string{"key", "rotate"}, 0, []string{"3 secrets sealed"}},
		{[]string{"channel", "pause", "shop"}, 0, []string{"paused"}},
		{[]string{"channel", "resume", "shop"}, 0, []string{"sends again"}},
		{[]string{"doctor"}, 1, []string{"relay", "public address", "database", "never called this channel's webhook", "fix:"}},
		{[]string{"status"}, 1, []string{"causeway ", "No gateway answers", "relay", "database", "CHANNEL", "PROVEN IN", "shop", "whatsapp-cloud", "never called this channel's webhook", "problem"}},
		{[]string{"status", "--json"}, 1, []string{`"name":"shop","kind":"whatsapp-cloud","state":"active"`, `"group":"channel shop"`, `"events_parked":0`}},
		{[]string{"apikey", "add", "robot", "--scope", "read"}, 0, []string{"cw_"}},
		{[]string{"apikey", "list"}, 0, []string{"robot", "read", "in use"}},
		{[]string{"migrate", "--status"}, 0, []string{"done"}},
		{[]string{"replay"}, 0, []string{"no dead letters"}},
		{[]string{"replay", "77"}, 1, []string{"There is no dead letter 77", "causeway replay"}},
		{[]string{"jobs"}, 0, []string{"wake", "waiting"}}, // of the channel resumed above
		{[]string{"jobs", "dead"}, 0, []string{"no job was given up"}},
		{[]string{"jobs", "unknown"}, 0, []string{"the outcome of every message is known"}},
		{[]string{"jobs", "undelivered"}, 0, []string{"no message was given up"}},
		{[]string{"jobs", "drop", "77"}, 1, []string{"No job 77 was given up", "causeway jobs dead"}},
		{[]string{"jobs", "retry", "77", "78"}, 1, []string{"No job 77, 78 was given up"}}, // the second was tried too
		{[]string{"config"}, 0, []string{"data_dir", "environment CAUSEWAY_DATA_DIR"}},
		{[]string{"send", "#7", "hello", "--dry-run"}, 1, []string{"There is no conversation #7"}},
		{[]string{"send", "seven", "hello"}, 1, []string{`There is no conversation "seven"`, "#12"}},
		{[]string{"channel", "enter"}, 2, []string{`unknown command "enter"`, "causeway channel --help"}},
		{[]string{"channel", "add", "messenger", "--name", "page"}, 2, []string{"set up by a file", "causeway apply"}},
		{[]string{"channel"}, 0, []string{"subscribe", "pair"}},
		{[]string{"version"}, 0, []string{"causeway "}},
	} {
		out, code := s.run(step.args...)
		if code != step.code {
			t.Errorf("causeway %v ended with %d, want %d:\n%s", step.args, code, step.code, out)
		}
		for _, text := range step.says {
			if !strings.Contains(out, text) {
				t.Errorf("causeway %v does not say %q:\n%s", step.args, text, out)
			}
		}
		for _, secret := range []string{a.Token, a.AppSecret} {
			if strings.Contains(out, secret) {
				t.Errorf("causeway %v shows a secret", step.args)
			}
		}
	}
}

func TestWrongUse(t *testing.T) {
	s := newShell(t)
	s.file("typo.yaml", "channels:\n  - name: shop\n    kind: whatsapp-cloud\n    setings: {}\n")
	s.file("secret.yaml", "channels:\n  - name: shop\n    kind: whatsapp-cloud\n    settings:\n      phone_number_id: \"123456789\"\n      access_token: EAAG-planted-in-clear\n      app_secret: {env: NOT_SET_ANYWHERE}\n")
	s.file("definition.yaml", "channels:\n  - name: sms\n    kind: sms-http\n    settings:\n      sender: \"+46700000000\"\n      definition: '{\"extends\": \"kannel\", \"hookz\": []}'\n      webhook_secret: {file: word}\n")
	s.file("word", "a-long-random-word-of-mine\n")
	s.file("broken.yaml", "channels:\n  - name: [shop\n")
	s.file("wrong.yaml", "agents:\n  - name: Ben\n    addresses: ben@example.com\n")
	s.file("flow.yaml", "agents:\n  - {name: Ben, addresses: [ben@example.com]}\nworkflows:\n  - name: w\n    on: {event: opened}\n    steps:\n      - assign: {agent: Boris}\n")
	s.file("causeway.yaml", "data_dirr: /tmp\n")
	for _, c := range []struct {
		args []string
		says []string
	}{
		{[]string{"apply", "-f", "missing.yaml"}, []string{"missing.yaml", "no such file"}},
		{[]string{"apply", "-f", "typo.yaml"}, []string{"typo.yaml:4", "setings", "settings"}},
		{[]string{"apply", "-f", "secret.yaml"}, []string{"secret.yaml:6", "access_token", "secret.yaml:7", "NOT_SET_ANYWHERE"}},
		{[]string{"apply", "-f", "definition.yaml", "--dry-run"}, []string{"definition.yaml:2", `The channel "sms"`, "hookz"}},
		{[]string{"apply", "-f", "broken.yaml"}, []string{"broken.yaml"}},
		{[]string{"apply", "-f", "wrong.yaml"}, []string{"wrong.yaml:3", "list"}},
		{[]string{"apply", "-f", "./flow.yaml"}, []string{"./flow.yaml:7", `There is no agent "Boris".`}},
		{[]string{"apply"}, []string{"required flag"}},
		{[]string{"serve", "--config", "causeway.yaml"}, []string{"causeway.yaml:1", "data_dirr", "data_dir"}},
		{[]string{"serve", "--config", "nowhere.yaml"}, []string{"nowhere.yaml"}},
		{[]string{"sevre"}, []string{"unknown command"}},
		{[]string{"report", "--since", "may"}, []string{"unknown flag: --since", "causeway report --help"}},
		{[]string{"doctor", "-x"}, []string{"'x'", "causeway doctor --help"}},
		{[]string{"bench", "--what", "gateway,flor"}, []string{`"flor"`, "bare, insert, each, group"}},
		{[]string{"bench", "--lasting", "long"}, []string{`"long"`, "causeway bench --help"}},
		{[]string{"channel", "show"}, []string{"accepts 1 arg", "causeway channel show NAME", "causeway channel show --help"}},
		{[]string{"apikey", "add", "x", "--scope", "everything"}, []string{`no scope "everything"`, "read, send, manage"}},
	} {
		out, code := s.run(c.args...)
		if code != exitUsage {
			t.Errorf("causeway %v ended with %d:\n%s", c.args, code, out)
		}
		for _, text := range c.says {
			if !strings.Contains(out, text) {
				t.Errorf("causeway %v does not say %q:\n%s", c.args, text, out)
			}
		}
		if strings.Contains(out, "EAAG-planted-in-clear") {
			t.Errorf("causeway %v shows a secret", c.args)
		}
	}
}

// What was measured before something failed is not thrown away.
func TestBenchThatFailsTellsWhatItHas(t *testing.T) {
	out, code := newShell(t).run("bench", "--what", "bare", "--lasting", "100ms", "--connections", "2", "--database", "sqlite", "--database", "postgres://127.0.0.1:1/none")
	if code != exitTrouble || !strings.Contains(out, `[{"database":"sqlite","what":"bare"`) || !strings.Contains(out, "measure bare") {
		t.Errorf("it ended with %d:\n%s", code, out)
	}
}

// serve answers until it is told to stop, or its terminal is closed, and then ends well.
func TestServeAndStop(t *testing.T) {
	for name, how := range map[string]syscall.Signal{"SIGTERM": syscall.SIGTERM, "SIGHUP": syscall.SIGHUP} {
		t.Run(name, func(t *testing.T) { serveAndStop(t, how) })
	}
}

func serveAndStop(t *testing.T, how syscall.Signal) {
	t.Helper()
	heard := make(chan os.Signal, 1)
	signal.Notify(heard, how) // what the tests were started to ignore, by nohup, the gateway would ignore as well
	defer signal.Stop(heard)
	ctx, cancel := context.WithTimeout(t.Context(), stepTime)
	defer cancel()
	s := newShell(t, "CAUSEWAY_HTTP_LISTEN=127.0.0.1:0", "CAUSEWAY_PRIVATE_LISTEN=127.0.0.1:0")
	c := s.command(ctx, "serve")
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.Stderr = io.Discard
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	health := ""
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if _, rest, ok := strings.Cut(lines.Text(), "health, metrics   "); ok {
			health, _, _ = strings.Cut(rest, ",")
			break
		}
	}
	ready := false
	for !ready && until(ctx, time.Now().Add(20*time.Millisecond)) {
		ready = answers(ctx, health)
	}
	if !ready {
		t.Errorf("%q never became ready", health)
	}
	if err := c.Process.Signal(how); err != nil {
		t.Fatal(err)
	}
	if err := c.Wait(); err != nil {
		t.Errorf("it ended with %v", err)
	}
}

// answers reports whether an address answers 200.
func answers(ctx context.Context, address string) bool {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return false
	}
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		return false
	}
	_ = a.Body.Close()
	return a.StatusCode == http.StatusOK
}
