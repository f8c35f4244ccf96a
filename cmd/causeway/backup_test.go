package main

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"causeway/adapters/gormstore/freshstore"
	"causeway/bridges/simulator"
	"causeway/config"
	"causeway/core"
)

// salvage is a storm on a gateway that is backed up meanwhile, and then lives on from the backup on another store.
type salvage struct {
	*testing.T
	*storm
	backup string
}

func TestRestoredFromABackupUnderLoad(t *testing.T) {
	long(t)
	onBoth(t, func(t *testing.T, database string) {
		if strings.HasPrefix(database, "postgres") {
			if _, err := exec.LookPath("pg_dump"); err != nil {
				lacking(t, "there is no pg_dump: %v", err)
			}
		}
		s := newSalvage(t, database)
		load, stop := context.WithCancel(t.Context())
		defer stop()
		s.talkAll(load)
		s.eventually("the load to be under way", func() bool { return len(s.ledger.acknowledged(kindAPI, kindMail)) >= 10 })
		s.must(s.outbox.Pause(t.Context(), s.workspace, s.channel.ID))
		s.eventually("messages that wait", func() bool { return len(s.waiting()) >= 3 })
		before, held := s.acknowledgedSoFar(), s.waiting()
		if said := s.run("backup", s.backup); !strings.Contains(said, "the master key is not in it: keep a copy of "+s.dir("master.key")) {
			t.Errorf("the backup said: %s", said)
		}
		s.must(s.outbox.Resume(t.Context(), s.workspace, s.channel.ID))
		s.eventually("what waited on the phones", func() bool { return s.onPhones(held) == len(held) })
		stop()
		s.all.Wait()
		s.must(s.terminate())
		s.moveOver()
		s.goesOn(before, held)
	})
}

// A restore into PostgreSQL that fails after the data are there says that no gateway may run on them.
func TestRestoreThatIsNotFinishedSaysSo(t *testing.T) {
	database := freshstore.Postgres(t)
	if _, err := exec.LookPath("pg_dump"); err != nil {
		lacking(t, "there is no pg_dump: %v", err)
	}
	a := newShell(t, "CAUSEWAY_DATABASE_URL="+database, "CAUSEWAY_SECRET_BENCH_TOKEN=token-of-the-benchmark", "CAUSEWAY_SECRET_BENCH_SECRET="+benchSecret)
	a.file("business.yaml", benchBusiness)
	for _, args := range [][]string{{"apply", "-f", "business.yaml"}, {"backup", "copy"}} {
		if out, code := a.run(args...); code != 0 {
			t.Fatalf("causeway %v: %s", args, out)
		}
	}
	b := newShell(t)
	if out, code := b.run("jobs"); code != 0 { // which makes another master key
		t.Fatalf("causeway jobs: %s", out)
	}
	b.env = append(b.env, "CAUSEWAY_DATABASE_URL="+freshstore.Postgres(t))
	out, code := b.run("restore", filepath.Join(a.dir, "copy"))
	if code != exitTrouble || !strings.Contains(out, "does not open the secrets") || !strings.Contains(out, "Start no gateway on this database") {
		t.Errorf("it ended with %d: %s", code, out)
	}
}

// talkAll puts the load on, on a platform that does nothing wrong: what is unknown then comes from the backup.
func (s *salvage) talkAll(ctx context.Context) {
	for i, c := range s.customers {
		for j, party := range []func(context.Context, *rand.Rand, *regular){s.talk, s.answerByMail, s.sendByAPI} {
			s.all.Go(func() { party(ctx, s.chance(10+3*i+j), c) })
		}
	}
	s.all.Go(func() { s.flood(ctx, s.chance(100_000), 0) })
}

func newSalvage(t *testing.T, database string) *salvage {
	t.Helper()
	r, err := newRig(context.WithoutCancel(t.Context()), rigOptions{Program: build(t), Dir: t.TempDir(), Database: database, Sim: simulator.Options{Receipts: simulator.Receipts{AutoRead: true}}})
	if err != nil {
		t.Fatal(err)
	}
	s := &salvage{T: t, backup: filepath.Join(t.TempDir(), "backups", "today"),
		storm: &storm{rig: r, ledger: newLedger(), seed: uint64(time.Now().UnixNano()), pace: time.Second}}
	t.Cleanup(func() {
		if err := r.close(); err != nil {
			t.Errorf("stop: %v", err)
		}
		if t.Failed() {
			t.Logf("seed %d; the gateway's log:\n%s", s.seed, r.logTail())
		}
	})
	s.key, err = r.apiKey(t.Context())
	s.must(err)
	s.must(s.greet(t.Context(), 3))
	return s
}

func (s *salvage) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// eventually waits for something that comes by itself, however slow the machine is.
func (s *salvage) eventually(what string, f func() bool) {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), stepTime)
	defer cancel()
	if !again(ctx, f) {
		s.Fatalf("waited in vain for %s", what)
	}
}

// waiting lists the tokens of what waits to be sent.
func (s *salvage) waiting() []string {
	var tokens []string
	for _, status := range []core.Status{core.StatusQueued, core.StatusParked} {
		all, err := s.repo().PartsIn(s.Context(), s.channel.ID, status, 200)
		s.must(err)
		for _, p := range all {
			tokens = append(tokens, tokenForm.FindAllString(p.Content.Text, -1)...)
		}
	}
	return tokens
}

// acknowledgedSoFar lists all that the gateway said to have taken.
func (s *salvage) acknowledgedSoFar() []string {
	for _, h := range s.sim.Webhooks() {
		if h.Done {
			for _, token := range tokenForm.FindAllString(string(h.Body), -1) {
				s.ledger.acknowledge(token)
			}
		}
	}
	return s.ledger.acknowledged(kindSaid, kindPicture, kindPhone, kindFlood, kindAPI)
}

// onPhones counts which of the tokens are on a phone.
func (s *salvage) onPhones(tokens []string) (n int) {
	shown := s.shown()
	for _, token := range tokens {
		if shown[token] > 0 {
			n++
		}
	}
	return n
}

// shown counts how often each token of the business's is on a phone.
func (s *salvage) shown() map[string]int {
	n := map[string]int{}
	for _, c := range s.customers {
		for _, m := range c.Received() {
			if theirs(m) {
				for _, token := range tokenForm.FindAllString(m.Text, -1) {
					n[token]++
				}
			}
		}
	}
	return n
}

func (s *salvage) command(args ...string) *exec.Cmd {
	c := exec.CommandContext(s.Context(), s.program, args...) //nolint:gosec // ourselves
	c.Env = s.env
	return c
}

// run runs the program beside the gateway.
func (s *salvage) run(args ...string) string {
	s.Helper()
	out, err := s.command(args...).CombinedOutput()
	if err != nil {
		s.Fatalf("causeway %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// dir is a path in the data folder of now.
func (s *salvage) dir(name string) string {
	return filepath.Join(strings.TrimPrefix(envOf(s.env, "CAUSEWAY_DATA_DIR"), "CAUSEWAY_DATA_DIR="), name)
}

// moveOver restores the backup into a new folder and an empty database, and starts the gateway there.
func (s *salvage) moveOver() {
	s.Helper()
	key, err := os.ReadFile(s.dir("master.key"))
	s.must(err)
	dir := s.TempDir()
	database := "sqlite:" + filepath.Join(dir, "causeway.db")
	if s.store.Postgres() != nil {
		database = freshstore.Postgres(s.T)
	}
	s.env = append(s.env, "CAUSEWAY_DATA_DIR="+dir, "CAUSEWAY_DATABASE_URL="+database) // of two the later counts
	if out, err := s.command("restore", s.backup).CombinedOutput(); err == nil || !strings.Contains(string(out), "There is no master key file") {
		s.Errorf("without the key: %v, %s", err, out)
	}
	s.must(os.WriteFile(filepath.Join(dir, "master.key"), key, 0o600))
	said := s.run("restore", s.backup)
	if !strings.Contains(said, "waited to be sent and may have gone out since") {
		s.Errorf("the restore said: %s", said)
	}
	if out, err := s.command("restore", s.backup).CombinedOutput(); err == nil || !strings.Contains(string(out), "is there already") {
		s.Errorf("a second time: %v, %s", err, out)
	}
	s.must(s.gateway.close())
	s.gateway = nil
	left, err := filepath.Glob(filepath.Join(dir, "causeway.db.*"))
	if err != nil || len(left) > 0 {
		s.Errorf("the restore left %v, %v", left, err)
	}
	cfg, err := config.Load(config.Options{Environ: s.env})
	s.must(err)
	b, err := openBase(s.Context(), cfg, slog.New(slog.DiscardHandler), s.clock.now)
	s.must(err)
	s.gateway = &gateway{base: b}
	s.must(s.start(context.WithoutCancel(s.Context())))
	s.must(s.awaitReady(s.Context()))
}

// goesOn looks whether all that was acknowledged is there, that nothing is on a phone twice, and that messages go both ways again.
func (s *salvage) goesOn(before, held []string) {
	s.Helper()
	if done, err := s.settle(s.Context(), longestWork, unfinished); err != nil || !done {
		s.Fatalf("it does not come to rest: %v", err)
	}
	a, err := newAudit(s.Context(), s.storm, true)
	s.must(err)
	for _, token := range before {
		if n := len(a.stored[token]); n != 1 {
			s.Errorf("%s was acknowledged before the backup began, and is %d times in what was restored", token, n)
		}
	}
	for _, token := range held {
		for _, m := range a.stored[token] {
			late := m.Status == core.StatusSent || m.Status == core.StatusDelivered || m.Status == core.StatusRead // by a receipt that came after the restore
			if unknown := m.Status == core.StatusUnknown && m.Error != nil && m.Error.Code == "restored"; !unknown && !late {
				s.Errorf("%s waited in the backup and is %s now: %v", token, m.Status, m.Error)
			}
		}
	}
	s.must(s.outbox.Resume(s.Context(), s.workspace, s.channel.ID)) // as it was when the backup was made
	c := s.customers[0]
	id := c.Say("and now?")
	_, err = s.room.Mailbox(stormAgent).Await(s.Context(), contains("and now?"))
	s.must(err)
	s.eventually("the tick", func() bool { m, _ := c.Message(id); return m.Tick == simulator.Delivered || m.Tick == simulator.Read })
	token := s.ledger.begin(kindMail, c.lane)
	s.must(s.handOver(c.first.ReplyTo[0].Address, letterOf(token, c.first, false)))
	s.eventually("the answer on the phone", func() bool { return s.shown()[token] == 1 })
	for token, n := range s.shown() {
		if n > 1 {
			s.Errorf("%s is %d times on a phone", token, n)
		}
	}
	for _, key := range s.sim.ShownTwice() {
		s.Errorf("the part %s was sent more than once", key)
	}
}
