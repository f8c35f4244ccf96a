package main

import (
	"github.com/spf13/cobra"
)

func configCommand() *cobra.Command {
	return &cobra.Command{Use: "config", Short: "Show every setting, its value and where it came from", GroupID: "admin", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := loadConfig(cmd)
			if err != nil {
				return err
			}
			t := newTable(cmd.OutOrStdout(), "SETTING", "VALUE", "FROM")
			for _, s := range cfg.Show() {
				t.row(s.Key, s.Value, s.From)
			}
			return t.flush()
		}}
}
