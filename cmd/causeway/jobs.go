package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"causeway/core"
	"causeway/core/outbound"

	"github.com/spf13/cobra"
)

func jobsCommand() *cobra.Command {
	c := &cobra.Command{Use: "jobs", Short: "Count the jobs, and look at those that were given up", GroupID: "admin", Args: cobra.NoArgs, RunE: countJobs}
	c.AddCommand(
		&cobra.Command{Use: "dead", Short: "List the jobs that were given up, newest first", Args: cobra.NoArgs, RunE: deadJobs},
		&cobra.Command{Use: "unknown", Short: "List the messages of which nobody knows whether they arrived, oldest first", Args: cobra.NoArgs, RunE: unknownSends},
		&cobra.Command{Use: "undelivered", Short: "List the messages that were given up though what stood in their way passes, newest first", Args: cobra.NoArgs, RunE: undelivered},
		&cobra.Command{Use: "settle MESSAGE sent|failed|again", Short: "Say whether such a message arrived, forget it, or have it sent once more", Args: cobra.ExactArgs(2),
			RunE: settleSend},
		&cobra.Command{Use: "retry ID…", Short: "Start given-up jobs again", Args: cobra.MinimumNArgs(1), RunE: onJobs("starts again", (*base).retryJob)},
		&cobra.Command{Use: "drop ID…", Short: "Forget given-up jobs", Args: cobra.MinimumNArgs(1), RunE: onJobs("is forgotten", (*base).dropJob)})
	return c
}

func countJobs(cmd *cobra.Command, _ []string) error {
	return withBase(cmd, func(b *base) error {
		all, err := b.queue.Counts(cmd.Context())
		if err != nil {
			return err
		}
		if len(all) == 0 {
			fmt.Fprintln(cmd.OutOrStdout(), "no job waits")
			return nil
		}
		t := newTable(cmd.OutOrStdout(), "KIND", "STATE", "JOBS")
		for _, c := range all {
			t.row(string(c.Kind), string(c.State), strconv.Itoa(c.Jobs))
		}
		return t.flush()
	})
}

func deadJobs(cmd *cobra.Command, _ []string) error {
	return withBase(cmd, func(b *base) error {
		all, err := b.queue.Dead(cmd.Context())
		if err != nil {
			return err
		}
		if len(all) == 0 {
			fmt.Fprintln(cmd.OutOrStdout(), "no job was given up")
			return nil
		}
		t := newTable(cmd.OutOrStdout(), "ID", "KIND", "ABOUT", "TRIED", "GIVEN UP", "WHY")
		for _, j := range all {
			why, _, _ := strings.Cut(j.Error, "\n")
			t.row(strconv.FormatInt(j.ID, 10), string(j.Kind), j.Key, strconv.Itoa(j.Attempts), minute(j.Died), why)
		}
		return t.flush()
	})
}

// mostListed is how many messages of a channel are listed.
const mostListed = 200

func unknownSends(cmd *cobra.Command, _ []string) error {
	return withBase(cmd, func(b *base) error { return b.listUnknown(cmd) })
}

func (b *base) listUnknown(cmd *cobra.Command) error {
	return b.listSends(cmd, []string{"SENT", "STATE", "WHY"}, "the outcome of every message is known",
		func(ch core.Channel) ([]core.Part, error) {
			return b.store.In(ch.Workspace).PartsIn(cmd.Context(), ch.ID, core.StatusUnknown, mostListed)
		},
		func(p core.Part) []string {
			state := "a person decides"
			if !p.NotBefore.IsZero() {
				state = "waits for news"
			}
			return []string{minute(p.Updated), state, reason(p)}
		})
}

func undelivered(cmd *cobra.Command, _ []string) error {
	return withBase(cmd, func(b *base) error { return b.listUndelivered(cmd) })
}

func (b *base) listUndelivered(cmd *cobra.Command) error {
	return b.listSends(cmd, []string{"TRIED", "GIVEN UP", "WHY"}, "no message was given up",
		func(ch core.Channel) ([]core.Part, error) {
			return b.store.In(ch.Workspace).GivenUp(cmd.Context(), ch.ID, mostListed)
		},
		func(p core.Part) []string { return []string{strconv.Itoa(p.Attempts), minute(p.Updated), reason(p)} })
}

// listSends lists parts of the channels of all workspaces, each with what is told of it, or says that there are none.
func (b *base) listSends(cmd *cobra.Command, columns []string, none string, of func(core.Channel) ([]core.Part, error), told func(core.Part) []string) error {
	names, err := b.workspaces(cmd.Context())
	if err != nil {
		return err
	}
	channels, err := b.store.AllChannels(cmd.Context())
	if err != nil {
		return err
	}
	t, found := newTable(cmd.OutOrStdout(), append([]string{"WORKSPACE", "CONVERSATION", "CHANNEL", "MESSAGE", "BY"}, columns...)...), 0
	for _, ch := range channels {
		parts, err := of(ch)
		if err != nil {
			return err
		}
		for _, p := range parts {
			row, err := b.sendRow(cmd.Context(), ch, p)
			if err != nil {
				return err
			}
			t.row(slices.Concat([]string{names[ch.Workspace]}, row, told(p))...)
		}
		found += len(parts)
	}
	if found == 0 {
		fmt.Fprintln(cmd.OutOrStdout(), none)
		return nil
	}
	return t.flush()
}

// sendRow is where a part belongs.
func (b *base) sendRow(ctx context.Context, ch core.Channel, p core.Part) ([]string, error) {
	m, err := b.store.In(ch.Workspace).Message(ctx, p.Message)
	if err != nil {
		return nil, err
	}
	conv, err := b.store.In(ch.Workspace).Conversation(ctx, p.Conversation)
	if err != nil {
		return nil, err
	}
	return []string{fmt.Sprintf("#%d", conv.Number), ch.Name, string(m.ID), string(m.Author.Kind)}, nil
}

func minute(t time.Time) string { return t.Local().Format("2006-01-02 15:04") }

func reason(p core.Part) string {
	if p.Error == nil {
		return ""
	}
	return p.Error.Reason
}

// workspaces are the names of all.
func (b *base) workspaces(ctx context.Context) (map[core.WorkspaceID]string, error) {
	all, err := b.store.Workspaces(ctx)
	names := make(map[core.WorkspaceID]string, len(all))
	for name, id := range all {
		names[id] = name
	}
	return names, err
}

func settleSend(cmd *cobra.Command, args []string) error {
	return withBase(cmd, func(b *base) error {
		if err := b.settleSend(cmd.Context(), core.MessageID(args[0]), outbound.Verdict(args[1])); err != nil {
			return err
		}
		fmt.Fprintf(cmd.OutOrStdout(), "message %s is settled: %s\n", args[0], args[1])
		return nil
	})
}

// settleSend rules on a message of whichever workspace has it.
func (b *base) settleSend(ctx context.Context, id core.MessageID, v outbound.Verdict) error {
	all, err := b.store.Workspaces(ctx)
	if err != nil {
		return err
	}
	for _, ws := range all {
		if err := b.outbox.Rule(ctx, ws, id, v); !errors.Is(err, core.ErrNotFound) {
			return err
		}
	}
	return core.Problemf(core.CodeNotFound, "There is no message %s.", id).Remedied("See: causeway jobs unknown, and causeway jobs undelivered")
}

func (b *base) retryJob(cmd *cobra.Command, id int64) error { return b.queue.Retry(cmd.Context(), id) }
func (b *base) dropJob(cmd *cobra.Command, id int64) error  { return b.queue.Drop(cmd.Context(), id) }

// onJobs does the same with each job that is named. One that cannot be dealt with does not keep the others.
func onJobs(done string, f func(b *base, cmd *cobra.Command, id int64) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		ids := make([]int64, len(args))
		for i, arg := range args {
			var err error
			if ids[i], err = strconv.ParseInt(arg, 10, 64); err != nil {
				return core.Problemf(core.CodeInvalid, "%q is not the number of a job.", arg).Remedied("See: causeway jobs dead")
			}
		}
		return withBase(cmd, func(b *base) error {
			var missing []string
			for i, id := range ids {
				switch err := f(b, cmd, id); {
				case errors.Is(err, core.ErrNotFound):
					missing = append(missing, args[i])
				case err != nil:
					return fmt.Errorf("job %d: %w", id, err)
				default:
					fmt.Fprintf(cmd.OutOrStdout(), "job %d %s\n", id, done)
				}
			}
			if len(missing) > 0 {
				return core.Problemf(core.CodeNotFound, "No job %s was given up.", strings.Join(missing, ", ")).Remedied("See: causeway jobs dead")
			}
			return nil
		})
	}
}
