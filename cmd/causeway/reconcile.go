package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"causeway/core"

	"github.com/spf13/cobra"
)

// mostGaps is how many gaps of a number and a day are named.
const mostGaps = 500

func reconcileCommand() *cobra.Command {
	r := &cobra.Command{Use: "reconcile", Short: "Compare what the phone and the API have seen of numbers that both serve", Args: cobra.NoArgs,
		Long: "For each number that a WhatsApp Cloud channel and a linked device serve together: how many messages of a day were seen by both, and which by one side alone.\nWithout --day it is yesterday.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withBase(cmd, func(b *base) error { return b.reportReconcile(cmd) })
		}}
	r.Flags().String("day", "", "the day, like 2026-03-01, in the zone of the configuration")
	r.Flags().Bool("json", false, "print JSON")
	return r
}

// dayOf reads a day; empty is the one before now.
func dayOf(s string, now time.Time, zone *time.Location) (time.Time, error) {
	if s == "" {
		now = now.In(zone)
		return time.Date(now.Year(), now.Month(), now.Day()-1, 0, 0, 0, 0, zone), nil
	}
	day, err := time.ParseInLocation(time.DateOnly, s, zone)
	if err != nil {
		return day, core.Problemf(core.CodeInvalid, "%q is not a day.", s).Remedied("Write it like 2026-03-01.")
	}
	return day, nil
}

// reconcile compares a day of all workspaces.
func (b *base) reconcile(ctx context.Context, day time.Time) (map[core.WorkspaceID][]core.Reconciliation, error) {
	all, err := b.store.Workspaces(ctx)
	if err != nil {
		return nil, err
	}
	found := map[core.WorkspaceID][]core.Reconciliation{}
	for _, ws := range all {
		if found[ws], err = core.Reconcile(ctx, b.store.In(ws), day.Format(time.DateOnly), day, day.AddDate(0, 0, 1), mostGaps); err != nil {
			return nil, err
		}
	}
	return found, nil
}

func (b *base) reportReconcile(cmd *cobra.Command) error {
	given, _ := cmd.Flags().GetString("day")
	day, err := dayOf(given, b.now(), b.cfg.Location())
	if err != nil {
		return err
	}
	all, err := b.reconcile(cmd.Context(), day)
	if err != nil {
		return err
	}
	list := []core.Reconciliation{}
	for _, rs := range all {
		list = append(list, rs...)
	}
	if asJSON, _ := cmd.Flags().GetBool("json"); asJSON {
		return json.NewEncoder(cmd.OutOrStdout()).Encode(list)
	}
	if len(list) == 0 {
		fmt.Fprintln(cmd.OutOrStdout(), "no number is served by two channels")
		return nil
	}
	t := newTable(cmd.OutOrStdout(), "NUMBER", "DAY", "BOTH", "API ALONE", "PHONE ALONE", "GAPS")
	for _, r := range list {
		t.row("+"+r.Number, r.Day, strconv.Itoa(r.Count.Both), strconv.Itoa(r.Count.API), strconv.Itoa(r.Count.Phone), strconv.Itoa(r.Missed()))
	}
	if err := t.flush(); err != nil {
		return err
	}
	for _, r := range list {
		fmt.Fprint(cmd.OutOrStdout(), gapLines(r, b.cfg.Location()))
	}
	return nil
}

// gapLines names the gaps of a number, a line each.
func gapLines(r core.Reconciliation, zone *time.Location) string {
	var s strings.Builder
	for _, g := range r.Gaps {
		if !g.Expected {
			fmt.Fprintf(&s, "+%s %s %s %s, seen by the %s alone: message %s. %s\n", r.Number, g.At.In(zone).Format("2006-01-02 15:04:05"), g.Direction, g.Stanza, g.SeenBy, g.Message, g.Why)
		}
	}
	return s.String()
}

// latecomers is how long after a day its messages may still come in, before the sides are compared: webhooks and phones are late at times.
const latecomers = time.Hour

// reconcileDaily has the admins mailed of yesterday's gaps, once for each number, by whichever node comes first.
func (g *gateway) reconcileDaily(ctx context.Context) {
	if g.mail == nil || len(g.cfg.AlertTo) == 0 {
		return
	}
	day, err := dayOf("", g.now().Add(-latecomers), g.cfg.Location())
	var all map[core.WorkspaceID][]core.Reconciliation
	if err == nil {
		all, err = g.reconcile(ctx, day)
	}
	for ws, list := range all {
		for _, r := range list {
			if err == nil && r.Missed() > 0 {
				err = g.askGaps(ctx, ws, r)
			}
		}
	}
	if err != nil {
		g.log.WarnContext(ctx, "shared numbers not reconciled", "err", err)
	}
}

// askGaps has each admin be mailed of a number's gaps, unless they were asked for before: the claim and the jobs are one.
func (g *gateway) askGaps(ctx context.Context, ws core.WorkspaceID, r core.Reconciliation) error {
	return g.store.Tx(ctx, func(tx core.Tx) error {
		repo := tx.In(ws)
		ch, err := repo.ChannelByName(ctx, r.API)
		if err != nil {
			return err
		}
		fresh, err := repo.ClaimEvent(ctx, ch.ID, core.EventOther, "reconcile/"+r.Day)
		if err != nil || !fresh {
			return err
		}
		var jobs []core.Job
		for _, address := range g.cfg.AlertTo {
			jobs = append(jobs, core.GapsJob(ws, ch.ID, r.Day, address))
		}
		return tx.Enqueue(ctx, jobs...)
	})
}

// mailGaps is the worker of JobGaps. What has come in meanwhile is no gap any more.
func (g *gateway) mailGaps(ctx context.Context, w core.Work) error {
	id, date, address := w.Gaps()
	day, err := dayOf(date, g.now(), g.cfg.Location())
	if err != nil || g.mail == nil {
		return err
	}
	repo := g.store.In(w.Workspace)
	ch, err := repo.Channel(ctx, id)
	if err != nil {
		return fmt.Errorf("channel with gaps: %w", err)
	}
	list, err := core.Reconcile(ctx, repo, date, day, day.AddDate(0, 0, 1), mostGaps)
	if err != nil {
		return err
	}
	for _, r := range list {
		if r.API != ch.Name || r.Missed() == 0 {
			continue
		}
		text := fmt.Sprintf("On %s the phone and the API both saw %d messages of +%s (channels %s and %s). %d were seen by one side alone:\n\n%s\nSee: causeway report reconcile --day %s\n",
			r.Day, r.Count.Both, r.Number, r.API, r.Phone, r.Missed(), gapLines(r, g.cfg.Location()), r.Day)
		return g.mail.Report(ctx, ch, "Messages seen by one side alone: +"+r.Number+", "+r.Day, text, address)
	}
	return nil
}
