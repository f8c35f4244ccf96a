package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"causeway/adapters/convert"
	"causeway/core"
	"causeway/core/doctor"

	"github.com/spf13/cobra"
)

func doctorCommand() *cobra.Command {
	return &cobra.Command{Use: "doctor", Short: "Say what is wrong with this installation, and how to mend it", GroupID: "admin", Args: cobra.NoArgs, RunE: runDoctor}
}

func runDoctor(cmd *cobra.Command, _ []string) error {
	b, err := openPatient(cmd)
	if err != nil {
		return err
	}
	return errors.Join(b.report(cmd), b.close())
}

// openPatient opens the installation that a command looks at. One that does not open is told of as the doctor tells what is wrong.
func openPatient(cmd *cobra.Command) (*base, error) {
	cfg, err := loadConfig(cmd)
	if err != nil {
		return nil, err
	}
	b, err := openBase(cmd.Context(), cfg, quietLog(cfg, cmd.ErrOrStderr()), time.Now)
	if err != nil {
		return nil, sick(cmd, err)
	}
	return b, nil
}

// report prints what the doctor finds.
func (b *base) report(cmd *cobra.Command) error {
	var all []core.Finding
	for _, g := range doctor.Run(cmd.Context(), b.examination()) {
		fmt.Fprintf(cmd.OutOrStdout(), "%s\n", g.Title)
		all = append(all, g.Findings...)
		printLines(cmd.OutOrStdout(), g.Findings)
	}
	return printSum(cmd.OutOrStdout(), all)
}

// sick is what the doctor says where the installation cannot even be opened.
func sick(cmd *cobra.Command, err error) error {
	return printFindings(cmd.OutOrStdout(), []core.Finding{broken("start", err)})
}

// broken is the finding that an error is.
func broken(subject string, err error) core.Finding {
	f := core.Finding{Subject: subject, Level: core.HealthBad, Detail: err.Error()}
	if p := (*core.Problem)(nil); errors.As(err, &p) {
		f.Detail, f.Remedy = p.Detail, p.Remedy
	}
	return f
}

// examination is what the doctor looks at.
func (b *base) examination() doctor.Inputs {
	in := doctor.Inputs{Store: b.store, Vault: b.vault, Blobs: b.blobs, Now: b.now, DataDir: b.cfg.DataDir, PublicURL: b.cfg.PublicURL, Settings: b.cfg.Check(),
		Converter: func(ctx context.Context) core.Finding { return convert.Check(ctx, b.cfg.FFmpeg) },
		Probe:     probe, Skew: skew, Disk: disk, Migrations: b.migrations,
		Waits: b.waits, Check: b.links.Examine, Webhook: b.called}
	if !b.cfg.RelayURL.Empty() {
		in.Relay = b.checkRelay
	}
	return in
}

// waits counts what waits for a person.
func (b *base) waits(ctx context.Context) ([]doctor.Waiting, error) {
	dead, err := b.queue.Dead(ctx)
	if err != nil {
		return nil, err
	}
	left, err := b.store.Left(ctx)
	if err != nil {
		return nil, err
	}
	unknown, lost, err := b.stuck(ctx)
	mails, events := left.Letters[core.DeadMail], 0
	for kind, n := range left.Letters {
		if kind != core.DeadMail {
			events += n
		}
	}
	return []doctor.Waiting{{What: "jobs were given up", Command: "causeway jobs dead", N: len(dead)},
		{What: "mails to reply addresses of agents were set aside", Command: "causeway replay", N: mails},
		{What: "calls and events of providers could not be applied", Command: "causeway replay", N: events},
		{What: "messages may have arrived or not", Command: "causeway jobs unknown", N: unknown},
		{What: "messages were given up", Command: "causeway jobs undelivered", N: lost}}, err
}

// stuck counts the messages of which a person has to say what became of them, and those that were given up.
func (b *base) stuck(ctx context.Context) (unknown, lost int, err error) {
	channels, err := b.store.AllChannels(ctx)
	if err != nil {
		return 0, 0, err
	}
	for _, ch := range channels {
		repo := b.store.In(ch.Workspace)
		hanging, err := repo.PartsIn(ctx, ch.ID, core.StatusUnknown, mostListed)
		if err != nil {
			return 0, 0, err
		}
		for _, p := range hanging {
			if p.NotBefore.IsZero() {
				unknown++
			}
		}
		gone, err := repo.GivenUp(ctx, ch.ID, mostListed)
		if err != nil {
			return 0, 0, err
		}
		lost += len(gone)
	}
	return unknown, lost, nil
}

// called reports whether a channel receives because its provider calls us, as far as that can be told.
func (b *base) called(ctx context.Context, ch core.Channel) bool {
	_, _, link, err := b.links.Link(ctx, ch.ID)
	_, hook := link.(core.WebhookLink)
	_, served := link.(core.ServeLink)
	return err != nil || hook && !served
}

func (b *base) checkRelay(ctx context.Context) core.Finding {
	r, err := newRelay(b.cfg)
	if err != nil {
		return broken("relay", err)
	}
	defer func() { _ = r.Close() }()
	return r.Check(ctx)
}

func (b *base) migrations(ctx context.Context) (applied, pending int, err error) {
	m, err := b.store.MigrationStatus(ctx)
	for _, s := range m.Steps {
		if s.Applied {
			applied++
		} else {
			pending++
		}
	}
	return applied, pending, err
}

// probe calls the public address and expects our own answer: a problem document for a path that is not there.
func probe(ctx context.Context, public string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, public+"/api/openapi.json", nil)
	if err != nil {
		return err
	}
	a, err := httpOnce().Do(r)
	if err != nil {
		return err
	}
	defer a.Body.Close()
	if a.StatusCode != http.StatusOK {
		return fmt.Errorf("it answers %s, so that something else than Causeway is there", a.Status)
	}
	return nil
}

// skew asks a well-known server for the time. It is right to about a second.
func skew(ctx context.Context) (time.Duration, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodHead, "https://graph.facebook.com/", nil)
	if err != nil {
		return 0, err
	}
	a, err := httpOnce().Do(r)
	if err != nil {
		return 0, errors.New("graph.facebook.com was not reached")
	}
	defer a.Body.Close()
	there, err := http.ParseTime(a.Header.Get("Date"))
	if err != nil {
		return 0, errors.New("graph.facebook.com told no time")
	}
	return time.Since(there.Add(500 * time.Millisecond)), nil
}
