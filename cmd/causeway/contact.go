package main

import (
	"errors"
	"fmt"

	"causeway/core"

	"github.com/spf13/cobra"
)

func contactCommand() *cobra.Command {
	c := &cobra.Command{Use: "contact", Short: "Look after contacts", GroupID: "admin"}
	m := &cobra.Command{Use: "merge-duplicates", Short: "Merge contacts that are one person by what the gateway knows; --dry-run only says which", Args: cobra.NoArgs,
		Long: "Contacts are one person if their phone numbers are two ways of writing one number, or if the phone and the API brought one message of theirs under two names.\n" +
			"Those with different WhatsApp accounts are left alone. A merge can be undone: causeway contact undo-merge.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withBase(cmd, func(b *base) error { return b.mergeDuplicates(cmd) })
		}}
	m.Flags().Bool("dry-run", false, "only say what would be merged")
	u := &cobra.Command{Use: "undo-merge ID", Short: "Make two contacts of one again, by the id that the merge was shown with", Args: cobra.ExactArgs(1),
		Long: "The contact that was merged gets back its addresses and its conversations of that time. What came in since stays where it is.",
		RunE: func(cmd *cobra.Command, args []string) error {
			return withBase(cmd, func(b *base) error { return b.undoMerge(cmd, args[0]) })
		}}
	c.AddCommand(m, u)
	return c
}

func (b *base) undoMerge(cmd *cobra.Command, id string) error {
	m, err := b.repo().Merge(cmd.Context(), id)
	if errors.Is(err, core.ErrNotFound) {
		return core.Problemf(core.CodeNotFound, "There is no merge %s.", id).Remedied("Take the id from what merge-duplicates printed, or from the merges of the contact in the API.")
	}
	if err != nil {
		return err
	}
	if err := b.desk.Unmerge(cmd.Context(), b.workspace, id); err != nil {
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%s and %s are two contacts again\n", m.Into, m.From)
	return nil
}

func (b *base) mergeDuplicates(cmd *cobra.Command) error {
	dry, _ := cmd.Flags().GetBool("dry-run")
	all, err := core.Duplicates(cmd.Context(), b.repo())
	if err != nil {
		return err
	}
	if len(all) == 0 {
		fmt.Fprintln(cmd.OutOrStdout(), "no duplicates")
		return nil
	}
	t := newTable(cmd.OutOrStdout(), "INTO", "FROM", "WHY", "DONE")
	for _, d := range all {
		done := "would be merged"
		if d.Doubt != "" {
			done = "left alone: " + d.Doubt
		} else if !dry {
			m, failed := b.desk.Merge(cmd.Context(), b.workspace, d.Into.ID, d.From.ID, "duplicate: "+d.Why)
			done = "merged, as " + m.ID
			if failed != nil {
				done, err = "not merged", errors.Join(err, failed)
			}
		}
		t.row(string(d.Into.ID)+" "+d.Into.Name, string(d.From.ID)+" "+d.From.Name, d.Why, done)
	}
	return errors.Join(err, t.flush())
}
