package main

import (
	"errors"
	"fmt"

	"causeway/core"

	"github.com/spf13/cobra"
)

func replayCommand() *cobra.Command {
	return &cobra.Command{Use: "replay [ID]", Short: "List what could not be applied, or apply one again",
		Long: "Without an ID, lists what could not be applied: events, webhooks and agents' mails that were set aside.\n" +
			"With one, applies it again. Of a mail whose sender could not be proven you vouch by that for its From line;\n" +
			"whether that is the agent to whom the reply address was given, and whether it may go out, is decided as ever.",
		GroupID: "admin", Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withBase(cmd, func(b *base) error {
				if len(args) == 1 {
					return b.replay(cmd, args[0])
				}
				return b.deadLetters(cmd)
			})
		}}
}

func (b *base) deadLetters(cmd *cobra.Command) error {
	all, err := b.repo().DeadLetters(cmd.Context(), core.Page{Limit: 200})
	if err != nil {
		return err
	}
	if len(all) == 0 {
		fmt.Fprintln(cmd.OutOrStdout(), "no dead letters")
		return nil
	}
	t := newTable(cmd.OutOrStdout(), "ID", "KIND", "SINCE", "WHY")
	for _, d := range all {
		t.row(d.ID, d.Kind, d.At.Format("2006-01-02 15:04"), d.Reason)
	}
	return t.flush()
}

func (b *base) replay(cmd *cobra.Command, id string) error {
	_, err := b.repo().DeadLetter(cmd.Context(), id)
	if errors.Is(err, core.ErrNotFound) {
		return core.Problemf(core.CodeNotFound, "There is no dead letter %s.", id).Remedied("See: causeway replay")
	}
	if err == nil {
		err = b.inbox().Replay(cmd.Context(), b.workspace, id)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "applied %s\n", id)
	return nil
}
