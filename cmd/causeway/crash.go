package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"causeway/bridges/simulator"

	"github.com/spf13/cobra"
)

func crashCommand() *cobra.Command {
	c := &cobra.Command{Use: "crash", Short: "Kill the gateway under load, again and again, and prove that nothing is lost or doubled", GroupID: "admin",
		Args: cobra.NoArgs, RunE: crash,
		Long: "Start the gateway as a process of its own between a simulated WhatsApp and simulated mailboxes, put customers, agents' mails and programs on it,\n" +
			"kill it (kill -9) at random instants, and start it again each time. At the end everything that was acknowledged is looked for in the store,\n" +
			"on the phones and in the mailboxes. The command fails if anything is lost, shown twice, or out of order.\n\n" +
			"A message that was being handed over when the gateway died has an unknown outcome. If it went out, the platform's receipt says so. If not, it is\n" +
			"never sent again by itself: it stays visible as unknown, and holds up what is behind it for 90 seconds. A run that does not wait for so long\n" +
			"(--settle) counts those as held."}
	c.Flags().StringArray("database", []string{"sqlite"}, "sqlite, or postgres://… of a server on which databases may be made and dropped; may be repeated")
	c.Flags().Int("kills", 200, "how often to kill it on each database")
	c.Flags().Uint64("seed", 0, "of chance; 0: another one each time")
	c.Flags().Int("customers", 24, "customers in conversations")
	c.Flags().Int("floods", 4, "further connections that post webhooks")
	c.Flags().Bool("term", false, "stop it by SIGTERM instead")
	c.Flags().Duration("settle", 2*time.Minute, "how long to wait for news of unknown outcomes, after everything else has come to rest")
	c.Flags().Bool("keep", false, "keep the database and the log")
	return c
}

// crashPlan is what a run is to do.
type crashPlan struct {
	program           string
	kills             int
	seed              uint64
	customers, floods int
	term              bool
	settle            time.Duration
	say               io.Writer // what is going on
}

// crashOutcome is what a run found.
type crashOutcome struct {
	kills, early int             // early: before it was ready
	starts       []time.Duration // from start to ready
	revived      int             // jobs that were given up after so many kills that they looked guilty
	quiet        bool
	answers      map[int]int // to webhooks, by status; 0: none
	lines        []auditLine
	troubles     []string
}

func (o crashOutcome) bad() bool {
	return len(o.troubles) > 0 || slices.ContainsFunc(o.lines, auditLine.bad)
}

func crash(cmd *cobra.Command, _ []string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	p := crashPlan{program: self, say: cmd.ErrOrStderr()}
	f := cmd.Flags()
	databases, _ := f.GetStringArray("database")
	p.kills, _ = f.GetInt("kills")
	p.seed, _ = f.GetUint64("seed")
	p.customers, _ = f.GetInt("customers")
	p.floods, _ = f.GetInt("floods")
	p.term, _ = f.GetBool("term")
	p.settle, _ = f.GetDuration("settle")
	keep, _ := f.GetBool("keep")
	if p.seed == 0 {
		p.seed = uint64(time.Now().UnixNano()) //nolint:gosec // not negative
	}
	bad := false
	for _, d := range databases {
		o, err := crashOn(cmd.Context(), p, d, keep)
		if err != nil {
			return fmt.Errorf("seed %d: %w", p.seed, err)
		}
		o.print(cmd.OutOrStdout(), strings.SplitN(d, ":", 2)[0], p.seed)
		bad = bad || o.bad()
	}
	if bad {
		return errTrouble
	}
	return nil
}

// crashOn runs the plan on an empty database.
func crashOn(ctx context.Context, p crashPlan, server string, keep bool) (crashOutcome, error) {
	b, remove, err := newTestbed(ctx, server)
	if err != nil {
		return crashOutcome{}, err
	}
	fmt.Fprintf(p.say, "seed %d, folder %s\n", p.seed, b.dir)
	o, err := p.run(ctx, b.dir, b.database)
	if keep || err != nil || o.bad() {
		fmt.Fprintf(p.say, "kept for you: %s and %s\n", filepath.Join(b.dir, "gateway.log"), strings.SplitN(b.database, "?", 2)[0])
		return o, err
	}
	remove()
	return o, nil
}

// run does it all, in a folder and on a database of its own.
func (p crashPlan) run(ctx context.Context, dir, database string) (o crashOutcome, err error) {
	r, err := newRig(ctx, rigOptions{Program: p.program, Dir: dir, Database: database, Sim: simulator.Options{Receipts: simulator.Receipts{AutoRead: true}}})
	if err != nil {
		return o, err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	s := &storm{rig: r, ledger: newLedger(), seed: p.seed, floods: p.floods, pace: p.pace()}
	if s.key, err = r.apiKey(ctx); err != nil {
		return o, err
	}
	if err := s.greet(ctx, p.customers); err != nil {
		return o, err
	}
	load, stop := context.WithCancel(ctx)
	defer stop()
	s.rage(load)
	err = p.strike(ctx, s, &o)
	stop()
	s.all.Wait()
	if err != nil {
		return o, err
	}
	return o, p.reckon(ctx, s, &o)
}

// pace is how long an agent waits between two answers at most: the gateway refuses more than sixty an hour in a conversation.
func (p crashPlan) pace() time.Duration {
	return max(2500*time.Millisecond, time.Duration(p.kills)*longestLife/20)
}

// apiKey has the program make one, as an admin does.
func (r *rig) apiKey(ctx context.Context) (string, error) {
	c := exec.CommandContext(ctx, r.program, "apikey", "add", "crash") //nolint:gosec // ourselves
	c.Env = r.env
	out, err := c.Output()
	return strings.TrimSpace(string(out)), err
}

// longestLife is how long the process lives at most once it is ready.
const longestLife = 1200 * time.Millisecond

// strike kills the process at random instants, and leaves it running at the end. One time in five it does not let it become ready.
func (p crashPlan) strike(ctx context.Context, s *storm, o *crashOutcome) error {
	chance := s.chance(0)
	for o.kills < p.kills {
		early := chance.IntN(5) == 0 && !p.term // who is told to stop has said that it is there
		wait := time.Duration(chance.Int64N(int64(longestLife)))
		if early {
			wait /= 6
		} else if err := s.ready(ctx, o); err != nil {
			return err
		}
		if !until(ctx, time.Now().Add(wait)) {
			return ctx.Err()
		}
		if err := p.end(s); err != nil {
			return err
		}
		o.kills++
		if early {
			o.early++
		}
		if o.kills%25 == 0 {
			fmt.Fprintf(p.say, "%d of %d kills\n", o.kills, p.kills)
		}
		if err := s.start(ctx); err != nil {
			return err
		}
	}
	if err := s.ready(ctx, o); err != nil {
		return err
	}
	until(ctx, time.Now().Add(time.Second)) // of load without a kill
	return ctx.Err()
}

func (s *storm) ready(ctx context.Context, o *crashOutcome) error {
	err := s.awaitReady(ctx)
	if o.kills > 0 { // the first start is over already
		o.starts = append(o.starts, time.Since(s.started))
	}
	return err
}

func (p crashPlan) end(s *storm) error {
	if p.term {
		return s.terminate()
	}
	return s.kill()
}

// reckon waits for rest, stops the process and audits.
func (p crashPlan) reckon(ctx context.Context, s *storm, o *crashOutcome) error {
	s.sim.ClearFaults()
	if err := s.revive(ctx, o); err != nil {
		return err
	}
	if done, err := s.rig.settle(ctx, longestWork, pressing); err != nil || !done {
		return errors.Join(err, s.unsettled(ctx))
	}
	var err error
	if o.quiet, err = s.rig.settle(ctx, p.settle, unfinished); err != nil {
		return err
	}
	if err := s.terminate(); err != nil {
		return err
	}
	a, err := newAudit(ctx, s, o.quiet)
	if err != nil {
		return err
	}
	err = a.check(ctx)
	o.answers, o.lines, o.troubles = a.answers, a.lines, a.troubles
	return err
}

// revive starts the jobs again that were given up because the process died each time they ran: that was not their fault, as an admin would know.
func (s *storm) revive(ctx context.Context, o *crashOutcome) error {
	dead, err := s.queue.Dead(ctx)
	if err != nil {
		return err
	}
	for _, j := range dead {
		if j.Crashes == 0 {
			continue
		}
		o.revived++
		if err := s.queue.Retry(ctx, j.ID); err != nil {
			return err
		}
	}
	return nil
}

// longestWork is how long the work that is left may take on a slow machine.
const longestWork = 10 * time.Minute

// unsettled says what did not come to an end.
func (s *storm) unsettled(ctx context.Context) error {
	all, err := s.queue.Counts(ctx)
	return errors.Join(fmt.Errorf("after %s there is work left: %v; the log is %s", longestWork, all, s.logAt), err)
}

// mostTroubles is how many of them are printed.
const mostTroubles = 30

// print writes the ledger.
func (o crashOutcome) print(out io.Writer, database string, seed uint64) {
	slices.Sort(o.starts)
	fmt.Fprintf(out, "\n%s: %s, %d of them before it was ready; start to ready %s (median), %s (longest); seed %d\n", database, count(o.kills, "kill"), o.early,
		quantile(o.starts, 0.5).Round(time.Millisecond), quantile(o.starts, 1).Round(time.Millisecond), seed)
	t := newTable(out, "WHAT", "ACKNOWLEDGED", "THERE", "UNKNOWN", "HELD", "LOST", "TWICE", "OUT OF ORDER", "SAME AGAIN", "OTHER")
	for _, l := range o.lines {
		cells := []string{l.what}
		for _, n := range []int{l.acknowledged, l.there, l.unknown, l.held, l.lost, l.twice, l.disorder, l.repeated, l.deadOrBad} {
			cells = append(cells, strconv.Itoa(n))
		}
		t.row(cells...)
	}
	_ = t.flush()
	fmt.Fprint(out, "webhooks answered:")
	for _, status := range slices.Sorted(maps.Keys(o.answers)) {
		name := strconv.Itoa(status)
		if status == 0 {
			name = "not at all"
		}
		fmt.Fprintf(out, "  %s %d times", name, o.answers[status])
	}
	fmt.Fprintln(out)
	if o.revived > 0 {
		fmt.Fprintf(out, "%s that had been given up, as the process died each time, started again by hand\n", count(o.revived, "job"))
	}
	if !o.quiet {
		fmt.Fprintln(out, "some outcomes were still being cleared up at the end: see HELD and UNKNOWN")
	}
	for i, line := range o.troubles {
		if i == mostTroubles {
			fmt.Fprintf(out, "… and %d more\n", len(o.troubles)-i)
			break
		}
		fmt.Fprintln(out, "✗", line)
	}
	if !o.bad() {
		fmt.Fprintln(out, "nothing lost, nothing twice, everything in order")
	}
}
