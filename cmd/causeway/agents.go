package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"time"

	"causeway/core"
	"causeway/core/assign"

	"github.com/spf13/cobra"
)

func agentsCommand() *cobra.Command {
	c := &cobra.Command{Use: "agents", Short: "Show who is there, how many conversations they have, and how many wait", GroupID: "admin", Args: cobra.NoArgs, RunE: listAgents}
	set := &cobra.Command{Use: "set NAME online|busy|offline|auto", Short: "Say whether an agent is there; auto: their shift tells", Args: cobra.ExactArgs(2), RunE: setAgent}
	set.Flags().Var(new(span), "for", "how long, as 2h or 3d; without it online holds until the shift ends, busy and offline until the next one begins")
	c.AddCommand(set)
	return c
}

func listAgents(cmd *cobra.Command, _ []string) error {
	return withBase(cmd, func(b *base) error { return b.showAgents(cmd) })
}

func (b *base) showAgents(cmd *cobra.Command) error {
	all, queues, err := b.balancer.Standings(cmd.Context(), b.workspace)
	if err != nil {
		return err
	}
	if len(all) == 0 {
		fmt.Fprintln(cmd.OutOrStdout(), "there are no agents")
		return nil
	}
	if err := printAgents(cmd.OutOrStdout(), all); err != nil {
		return err
	}
	return b.printQueues(cmd, queues)
}

func printAgents(out io.Writer, all []assign.Standing) error {
	t := newTable(out, "NAME", "PRESENCE", "UNTIL", "AVAILABLE", "OPEN", "MOST", "LAST ANSWER")
	for _, a := range all {
		presence, until, most, available := string(a.Duty.Presence), "", "any", "no"
		if presence != "" {
			until = day(a.Duty.Until)
		} else {
			presence = "by shift"
		}
		if a.Disabled {
			presence = "disabled"
		}
		if a.Most > 0 {
			most = strconv.Itoa(a.Most)
		}
		if a.Available {
			available = "yes"
		}
		t.row(a.Name, presence, until, available, strconv.Itoa(a.Duty.Open), most, day(a.Duty.Answered))
	}
	return t.flush()
}

// day writes a time of this machine's zone; nothing for the zero time.
func day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Local().Format("2006-01-02 15:04")
}

func (b *base) printQueues(cmd *cobra.Command, queues map[core.TeamID]int) error {
	if len(queues) == 0 {
		fmt.Fprintln(cmd.OutOrStdout(), "nobody waits")
		return nil
	}
	fmt.Fprintln(cmd.OutOrStdout())
	t := newTable(cmd.OutOrStdout(), "QUEUE", "WAITING", "LONGEST")
	for _, id := range slices.Sorted(maps.Keys(queues)) {
		name := "all agents"
		if team, err := b.repo().Team(cmd.Context(), id); err == nil {
			name = team.Name
		}
		head, err := b.repo().Places(cmd.Context(), id, nil, 1)
		if err != nil {
			return err
		}
		longest := ""
		if len(head) > 0 {
			longest = b.now().Sub(head[0].Queued).Round(time.Second).String()
		}
		t.row(name, strconv.Itoa(queues[id]), longest)
	}
	return t.flush()
}

func setAgent(cmd *cobra.Command, args []string) error {
	presence := core.Presence(args[1])
	if presence == "auto" {
		presence = core.PresenceUnsaid
	}
	return withBase(cmd, func(b *base) error {
		a, err := b.repo().AgentByName(cmd.Context(), args[0])
		if err != nil {
			return core.Problemf(core.CodeNotFound, "There is no agent %q.", args[0]).Remedied("See: causeway agents")
		}
		until := time.Time{}
		if d := time.Duration(*cmd.Flag("for").Value.(*span)); d > 0 {
			until = b.now().Add(d)
		}
		if _, err := b.balancer.Say(cmd.Context(), b.workspace, a.ID, presence, until); err != nil {
			return err
		}
		return b.showAgents(cmd)
	})
}
