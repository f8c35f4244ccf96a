package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strconv"

	"causeway/core"
	"causeway/core/remove"
	"causeway/core/session"
	"causeway/core/workflow"

	"github.com/spf13/cobra"
)

// newRemover makes what gives up channels.
func (b *base) newRemover() *remove.Remover {
	return remove.New(remove.Options{Store: b.store, Owners: session.Owners, Now: b.now, Log: b.log,
		Leave: func(ctx context.Context, ch core.Channel) error { return b.links.Leave(ctx, ch, b.webhookURL(ch.ID)) },
		Workflows: func(ctx context.Context, repo core.Repo, ch core.Channel) (uses []string, err error) {
			names, err := workflow.Naming(ctx, repo, ch.Name)
			for _, name := range names {
				uses = append(uses, "the workflow "+strconv.Quote(name))
			}
			return uses, err
		}})
}

func removeCommand() *cobra.Command {
	c := &cobra.Command{Use: "remove NAME", Short: "Give up a channel; it shows what goes, and asks", Args: cobra.ExactArgs(1), RunE: onChannel(removeChannel),
		Long: "Give up a channel: nothing is sent or received by it any more, its webhook is taken away at the provider or its device unlinked, and its credentials\n" +
			"are deleted. Its conversations can still be read. Whoever sets up the same account again goes on with its history."}
	c.Flags().Bool("yes", false, "do not ask")
	c.Flags().Bool("dry-run", false, "show what goes, and do nothing")
	return c
}

func removeChannel(cmd *cobra.Command, b *base, ch core.Channel) error {
	ctx, out := cmd.Context(), cmd.OutOrStdout()
	p, err := b.remover.Plan(ctx, b.workspace, ch.ID)
	if err != nil {
		return err
	}
	tellRemoval(out, p)
	if err := p.Used(); err != nil {
		return err
	}
	if dry, _ := cmd.Flags().GetBool("dry-run"); dry {
		fmt.Fprintln(out, "nothing was done")
		return nil
	}
	if yes, _ := cmd.Flags().GetBool("yes"); !yes && !agreed(cmd, "Remove it? Type yes: ") {
		fmt.Fprintln(out, "nothing was done")
		return nil
	}
	done, err := b.remover.Remove(ctx, b.workspace, ch.ID, operator("causeway channel remove"))
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s is removed\n", ch.Name)
	if done.Left != nil {
		fmt.Fprintf(out, "left to you: %s\n", done.Left.Error())
	}
	return nil
}

// tellRemoval says what goes with a channel, and what stays.
func tellRemoval(out io.Writer, p remove.Plan) {
	fmt.Fprintf(out, "%s (%s %s)\n", p.Channel.Name, p.Channel.Kind, cmp.Or(p.Channel.Account, "without an account"))
	fmt.Fprintln(out, "This goes: its credentials, its webhook at the provider or its place among the phone's linked devices, its templates.")
	fmt.Fprintf(out, "This fails, and its authors are told: %s.\n", upTo(p.Waiting, "message that waits to be sent", "messages that wait to be sent"))
	fmt.Fprintf(out, "This stays, and cannot be answered on it any more: %s, and all that are closed.\n", upTo(p.Open, "open conversation", "open conversations"))
	fmt.Fprintln(out, "A business file that still names the channel sets it up again, with its history: take it out there.")
}

// upTo writes a number that was counted no further than remove.Most.
func upTo(n int, one, many string) string {
	switch {
	case n == 1:
		return "1 " + one
	case n >= remove.Most:
		return fmt.Sprintf("%d %s or more", n, many)
	}
	return fmt.Sprintf("%d %s", n, many)
}
