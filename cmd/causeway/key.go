package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

func keyCommand() *cobra.Command {
	c := &cobra.Command{Use: "key", Short: "Look after the master key that seals the secrets", GroupID: "admin"}
	c.AddCommand(
		&cobra.Command{Use: "rotate", Short: "Make a new master key and seal every secret with it", Args: cobra.NoArgs, RunE: rotateKey,
			Long: "Make a new master key and seal every secret with it. It may run while causeway serve does, may be interrupted and is then gone on with by calling it again. Reply addresses and links to files stay valid."},
		&cobra.Command{Use: "path", Short: "Say where the master key is", Args: cobra.NoArgs, RunE: keyPath})
	return c
}

func rotateKey(cmd *cobra.Command, _ []string) error {
	return withBase(cmd, func(b *base) error {
		n, err := b.vault.Rotate(cmd.Context(), b.store)
		if err != nil {
			return err
		}
		fmt.Fprintf(cmd.OutOrStdout(), "%s sealed with a new master key; back up %s anew\n", count(n, "secret"), b.vault.Path())
		return nil
	})
}

func keyPath(cmd *cobra.Command, _ []string) error {
	cfg, err := loadConfig(cmd)
	if err != nil {
		return err
	}
	fmt.Fprintln(cmd.OutOrStdout(), cfg.MasterKeyFile)
	return nil
}
