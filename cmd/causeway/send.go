package main

import (
	"errors"
	"fmt"

	"causeway/core"
	"causeway/core/outbound"

	"github.com/spf13/cobra"
)

func sendCommand() *cobra.Command {
	c := &cobra.Command{Use: "send CONVERSATION TEXT", Short: "Send a text, or with --dry-run say whether it could be sent", GroupID: "admin",
		Args: cobra.ExactArgs(2), RunE: send,
		Long: "Send a text in a conversation (its id, or its number as #12). With --dry-run nothing is sent: it says why one can, or cannot, and what can be done instead."}
	c.Flags().Bool("dry-run", false, "only say what would happen")
	return c
}

func send(cmd *cobra.Command, args []string) error {
	dry, _ := cmd.Flags().GetBool("dry-run")
	return withBase(cmd, func(b *base) error {
		id, err := b.conversation(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		r := outbound.Request{Conversation: id, Author: core.Author{Kind: core.AuthorAPI, Name: "command line"},
			Contents: []core.Content{{Kind: core.KindText, Text: args[1]}}}
		if dry {
			return b.explain(cmd, r)
		}
		made, _, err := b.outbox.Compose(cmd.Context(), b.workspace, r)
		if err != nil {
			return err
		}
		fmt.Fprintf(cmd.OutOrStdout(), "queued as %s; causeway serve delivers it\n", made[0].ID)
		return nil
	})
}

func (b *base) explain(cmd *cobra.Command, r outbound.Request) error {
	d, pieces, err := b.outbox.Decide(cmd.Context(), b.workspace, r)
	var p *core.Problem
	if err != nil && !errors.As(err, &p) {
		return err
	}
	out := cmd.OutOrStdout()
	switch {
	case d.Allowed() && !d.Until.IsZero():
		fmt.Fprintf(out, "yes, in %s, until %s\n", count(len(pieces), "part"), d.Until.Local().Format("2 Jan 15:04"))
	case d.Allowed():
		fmt.Fprintf(out, "yes, in %s\n", count(len(pieces), "part"))
	default:
		fmt.Fprintf(out, "no (%s): %s\n%s\n", d.Verdict, d.Reason, d.Remedy)
		return errTrouble
	}
	return nil
}
