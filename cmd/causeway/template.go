package main

import (
	"fmt"
	"strings"

	"causeway/core"

	"github.com/spf13/cobra"
)

func templateCommand() *cobra.Command {
	c := &cobra.Command{Use: "template", Short: "Look at message templates and sync them", GroupID: "admin"}
	c.AddCommand(
		&cobra.Command{Use: "list CHANNEL", Short: "List a channel's templates as last synced", Args: cobra.ExactArgs(1), RunE: onChannel(listTemplates)},
		&cobra.Command{Use: "sync CHANNEL", Short: "Ask the provider for the templates", Args: cobra.ExactArgs(1), RunE: onChannel(syncTemplates)})
	return c
}

func listTemplates(cmd *cobra.Command, b *base, ch core.Channel) error {
	all, err := b.repo().Templates(cmd.Context(), ch.ID)
	if err != nil {
		return err
	}
	t := newTable(cmd.OutOrStdout(), "NAME", "LANGUAGE", "CATEGORY", "STATE", "FILL IN", "TEXT")
	for _, tpl := range all {
		text, _, _ := strings.Cut(tpl.Preview(nil), "\n")
		t.row(tpl.Name, tpl.Language, tpl.Category, string(tpl.Status), strings.Join(tpl.Parameters(), " "), text)
	}
	return t.flush()
}

func syncTemplates(cmd *cobra.Command, b *base, ch core.Channel) error {
	all, err := b.links.SyncTemplates(cmd.Context(), b.workspace, ch.ID)
	if err != nil {
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%s of %s\n", count(len(all), "template"), ch.Name)
	return nil
}
