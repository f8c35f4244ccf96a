package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"causeway/bridges/simulator"
	"causeway/core"

	"github.com/spf13/cobra"
)

func benchAssignCommand() *cobra.Command {
	c := &cobra.Command{Use: "assign", Short: "Measure how long a new conversation waits for its agent", Args: cobra.NoArgs, RunE: benchAssign,
		Long: "Start a gateway whose WhatsApp platform is simulated, with twenty agents who have room. Each customer writes once, at a steady rate. Printed is the time\n" +
			"from when the gateway took the message until the conversation had an agent."}
	databaseFlag(c)
	c.Flags().Int("conversations", 2000, "how many customers write")
	c.Flags().Float64("rate", 100, "conversations a second")
	return c
}

// assignAgents is how many agents there are.
const assignAgents = 20

// assignBusiness has a team that assigns by itself.
func assignBusiness() string {
	var agents, names strings.Builder
	for i := range assignAgents {
		fmt.Fprintf(&agents, "  - {name: Agent %d, addresses: [agent%d@example.com]}\n", i, i)
		fmt.Fprintf(&names, "Agent %d, ", i)
	}
	return "agents:\n" + agents.String() + "teams:\n  - {name: team, members: [" + strings.TrimSuffix(names.String(), ", ") + "], assign: {pick: fewest-open}}\n" +
		"assignment: {team: team}\nchannels:\n"
}

func benchAssign(cmd *cobra.Command, _ []string) error {
	t := newTable(cmd.OutOrStdout(), "DATABASE", "CONVERSATIONS", "P50 ms", "P99 ms", "MAX ms", "FEWEST", "MOST")
	return onServers(cmd, t, func(server string) error {
		return onTestbed(cmd.Context(), server, func(b testbed) error { return benchAssignOn(cmd, b, t) })
	})
}

func benchAssignOn(cmd *cobra.Command, b testbed, t table) (err error) {
	number := simulator.DefaultAccount()
	w, err := newWorld(cmd.Context(), worldOptions{Dir: b.dir, Database: b.database, Sim: simulator.Options{Businesses: []simulator.Account{number}},
		Business: assignBusiness() + rushChannel("busy", number, 1000)})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	n, _ := cmd.Flags().GetInt("conversations")
	rate, _ := cmd.Flags().GetFloat64("rate")
	began := time.Now()
	for i := range n {
		if !paced(cmd.Context(), began, int64(i), rate) {
			return cmd.Context().Err()
		}
		w.sim.Businesses()[0].Customer(fmt.Sprint(491510000000+i), fmt.Sprint("Customer ", i)).Say("Hello")
	}
	took, held, err := w.assigned(cmd.Context(), n)
	if err != nil {
		return err
	}
	t.row(b.kind(), fmt.Sprint(len(took)), millis(quantile(took, 0.5)), millis(quantile(took, 0.99)), millis(quantile(took, 1)), fmt.Sprint(slices.Min(held)), fmt.Sprint(slices.Max(held)))
	return nil
}

// assigned waits until all have an agent, and returns how long that took, sorted, and how many each agent has.
func (w *world) assigned(ctx context.Context, n int) (took []time.Duration, held []int, err error) {
	ctx, cancel := context.WithTimeout(ctx, stepTime)
	defer cancel()
	repo := w.gateway.repo()
	for {
		duties, err := repo.Duties(ctx)
		if err != nil {
			return nil, nil, err
		}
		held, sum := []int{}, 0
		for _, d := range duties {
			held, sum = append(held, d.Open), sum+d.Open
		}
		if sum >= n {
			took, err := waits(ctx, repo)
			return took, held, err
		}
		if !until(ctx, time.Now().Add(100*time.Millisecond)) {
			return nil, nil, fmt.Errorf("%d of %d conversations have an agent: %w", sum, n, ctx.Err())
		}
	}
}

// waits are the times from message to agent, sorted.
func waits(ctx context.Context, repo core.Repo) (all []time.Duration, err error) {
	for page := (core.Page{Limit: 200}); ; {
		list, err := repo.Conversations(ctx, core.ConversationFilter{}, page)
		if err != nil {
			return nil, err
		}
		for _, c := range list {
			first, err := repo.Messages(ctx, c.ID, core.Page{Limit: 1})
			if err != nil {
				return nil, err
			}
			p, err := repo.Place(ctx, c.ID)
			if err != nil {
				return nil, err
			}
			all = append(all, p.Assigned.Sub(first[0].Created))
		}
		if len(list) < page.Limit {
			slices.Sort(all)
			return all, nil
		}
		page.Before = list[len(list)-1].LastAt.Format(time.RFC3339Nano)
	}
}
