package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"causeway/adapters/riverqueue"
	"causeway/bridges/simulator"
	"causeway/core"
)

// rig is the program as a process of its own, amid a platform and a mail room that outlive it. The embedded world's gateway does not run: it only
// looks into the store beside the process.
type rig struct {
	*world
	program string
	env     []string
	log     *os.File // what all the processes log
	logAt   string
	channel core.Channel
	child   *exec.Cmd
	exited  chan error
	started time.Time
	health  string
}

// rigOptions change a rig. The zero value will do but for Program and Dir.
type rigOptions struct {
	Program  string
	Dir      string
	Database string // default SQLite in Dir
	Business string // default the demo's
	Sim      simulator.Options
}

// readyTime is how long a start may take.
const readyTime = 30 * time.Second

// newRig sets everything up and starts the program for the first time.
func newRig(ctx context.Context, o rigOptions) (_ *rig, err error) {
	r := &rig{world: &world{clock: &clock{}}, program: o.Program, logAt: filepath.Join(o.Dir, "gateway.log")}
	defer func() {
		if err != nil {
			err = errors.Join(err, r.close())
		}
	}()
	if o.Sim.Retry == nil {
		o.Sim.Retry = patience()
	}
	if o.Business == "" {
		o.Business = unheld(demoBusiness)
	}
	w := worldOptions{Dir: o.Dir, Database: o.Database, Business: o.Business, Sim: o.Sim}
	if err := r.openOutside(w); err != nil {
		return nil, err
	}
	if err := r.openStore(ctx, w); err != nil {
		return nil, err
	}
	if r.log, err = os.OpenFile(r.logAt, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600); err != nil {
		return nil, err
	}
	if err := r.start(ctx); err != nil {
		return nil, err
	}
	if err := r.awaitReady(ctx); err != nil {
		return nil, err
	}
	return r, r.subscribe(ctx, r.channel)
}

// patience is how the platform repeats: soon, and for longer than any test keeps the program down.
func patience() []time.Duration {
	waits := []time.Duration{50 * time.Millisecond, 100 * time.Millisecond, 200 * time.Millisecond, 400 * time.Millisecond}
	for range 1000 {
		waits = append(waits, time.Second)
	}
	return waits
}

// openStore applies the business file, and says to the process by its environment what the world's own gateway gets as flags.
func (r *rig) openStore(ctx context.Context, o worldOptions) error {
	ports, err := quietPorts(3)
	if err != nil {
		return err
	}
	o.Flags = map[string]string{"http_listen": ports[0], "private_listen": ports[1], "smtp_listen": ports[2], "public_url": "http://" + ports[0]}
	cfg, err := r.config(o)
	if err != nil {
		return err
	}
	r.health = "http://" + ports[1] + "/readyz"
	r.room.SetGateway(ports[2])
	r.env = []string{"HOME=" + o.Dir, "PATH=" + os.Getenv("PATH"), "CAUSEWAY_DATA_DIR=" + o.Dir, "CAUSEWAY_DATABASE_URL=" + cfg.DatabaseURL.Reveal(),
		"CAUSEWAY_HTTP_LISTEN=" + ports[0], "CAUSEWAY_PRIVATE_LISTEN=" + ports[1], "CAUSEWAY_SMTP_LISTEN=" + ports[2], "CAUSEWAY_PUBLIC_URL=" + cfg.PublicURL,
		"CAUSEWAY_MAIL_DOMAIN=" + cfg.MailDomain, "CAUSEWAY_RELAY_URL=" + cfg.RelayURL.Reveal(), "CAUSEWAY_ALLOW_PRIVATE=" + strings.Join(cfg.AllowPrivate, ","),
		"CAUSEWAY_TRUSTED_RELAYS=127.0.0.0/8", "CAUSEWAY_LOG_LEVEL=warn"}
	b, err := openBase(ctx, cfg, slog.New(slog.DiscardHandler), r.clock.now)
	if err != nil {
		return err
	}
	r.gateway = &gateway{base: b}
	if err := r.setUp(ctx, b, o); err != nil {
		return err
	}
	all, err := b.repo().Channels(ctx)
	if err == nil && len(all) > 0 {
		r.channel = all[0]
	}
	return err
}

// quietPorts finds free addresses outside of the range from which the system takes those of outgoing connections: one of them could take the
// program's port while it is down.
func quietPorts(n int) ([]string, error) {
	var all []string
	for range 1000 {
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(15_000+rand.IntN(15_000))) //nolint:gosec // any will do
		l, err := net.Listen("tcp", address)
		if err != nil {
			continue
		}
		_ = l.Close()
		if all = append(all, address); len(all) == n {
			return all, nil
		}
	}
	return nil, errors.New("no free ports found on 127.0.0.1")
}

// start starts the process and waits for nothing. It does not end with ctx: whoever ends it wants to know whether it did so by itself.
func (r *rig) start(ctx context.Context) error {
	c := exec.CommandContext(context.WithoutCancel(ctx), r.program, "serve") //nolint:gosec // ourselves
	c.Env, c.Stderr = r.env, r.log
	if err := c.Start(); err != nil {
		return fmt.Errorf("start the gateway: %w", err)
	}
	exited := make(chan error, 1)
	go func() { exited <- c.Wait() }()
	r.child, r.exited, r.started = c, exited, time.Now()
	return nil
}

// awaitReady waits until the process says that it is ready. It fails when the process ends before.
func (r *rig) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTime)
	defer cancel()
	for !wellAt(ctx, r.health) {
		select {
		case err := <-r.exited:
			r.exited <- err
			return fmt.Errorf("the gateway ended by itself: %w; its log ends with: %s", err, r.logTail())
		case <-time.After(5 * time.Millisecond):
		}
		if ctx.Err() != nil {
			return fmt.Errorf("the gateway is not ready after %s; its log ends with: %s", readyTime, r.logTail())
		}
	}
	return nil
}

// wellAt reports whether an address answers 200.
func wellAt(ctx context.Context, address string) bool {
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return false
	}
	a, err := http.DefaultClient.Do(q)
	if err != nil {
		return false
	}
	_ = a.Body.Close()
	return a.StatusCode == http.StatusOK
}

func (r *rig) logTail() string {
	raw, _ := os.ReadFile(r.logAt)
	return string(raw[max(0, len(raw)-3000):])
}

// kill ends the process as a power cut would, but for what the system has in its caches.
func (r *rig) kill() error {
	if err := r.child.Process.Kill(); err != nil {
		return fmt.Errorf("kill the gateway: %w; its log ends with: %s", err, r.logTail())
	}
	err := <-r.exited
	r.child = nil
	if err == nil { // the kill itself is an error of the process
		return errors.New("the gateway had ended by itself before it was killed")
	}
	return nil
}

// terminate ends the process as an admin would. It must end well.
func (r *rig) terminate() error {
	if err := r.child.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("stop the gateway: %w; its log ends with: %s", err, r.logTail())
	}
	select {
	case err := <-r.exited:
		r.child = nil
		if err != nil {
			return fmt.Errorf("the gateway stopped badly: %w; its log ends with: %s", err, r.logTail())
		}
		return nil
	case <-time.After(2 * readyTime):
		return errors.Join(errors.New("the gateway did not stop on SIGTERM"), r.kill())
	}
}

// settle waits until nothing is under way any more, for so long at most; but for the jobs that do not count. It reports whether that came true.
func (r *rig) settle(ctx context.Context, most time.Duration, counts func(riverqueue.Count) bool) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	for still := 0; still < 3; still++ { // jobs make webhooks, webhooks make jobs
		if err := r.sim.AwaitQuiet(ctx); err != nil {
			return false, unlessLate(err)
		}
		all, err := r.queue.Counts(ctx)
		if err != nil {
			return false, unlessLate(err)
		}
		if slices.ContainsFunc(all, counts) {
			still = -1
		}
		if !until(ctx, time.Now().Add(100*time.Millisecond)) {
			return false, nil
		}
	}
	return true, nil
}

// unfinished are the jobs that somebody will start, or works on.
func unfinished(c riverqueue.Count) bool { return c.State != riverqueue.StateDead }

// pressing are those that do not wait for news of an unknown outcome.
func pressing(c riverqueue.Count) bool {
	return unfinished(c) && (c.Kind != core.JobDeliver || c.State != riverqueue.StateLater)
}

func unlessLate(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return nil
	}
	return err
}

// close ends everything.
func (r *rig) close() error {
	var all error
	if r.child != nil {
		all = r.kill()
	}
	all = errors.Join(all, r.world.close())
	if r.gateway != nil {
		all = errors.Join(all, r.gateway.close())
	}
	if r.log != nil {
		all = errors.Join(all, r.log.Close())
	}
	return all
}

// conversationOf finds the conversation of a message by the platform's id.
func (r *rig) conversationOf(ctx context.Context, wamid string) (core.ConversationID, error) {
	p, err := r.repo().PartByProvider(ctx, r.channel.ID, wamid)
	return p.Conversation, err
}

// unheld is a business whose phone answers all the time beside its agents: everything that they answer is to arrive, and none of it is held for their
// word.
func unheld(business string) string {
	return strings.Replace(business, "    settings:", "    phone: {answered_twice: send}\n    settings:", 1)
}
