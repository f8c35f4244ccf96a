package main

import (
	"errors"
	"fmt"
	"time"

	"causeway/adapters/gormstore"

	"github.com/spf13/cobra"
)

func migrateCommand() *cobra.Command {
	c := &cobra.Command{Use: "migrate", Short: "Bring the database up to date, or say what that would do", GroupID: "admin", Args: cobra.NoArgs, RunE: migrate,
		Long: "Bring the database up to date. Every command does so by itself; this one is for doing it beforehand, and with --status for looking."}
	c.Flags().Bool("status", false, "only say which steps are done")
	return c
}

func migrate(cmd *cobra.Command, _ []string) error {
	if status, _ := cmd.Flags().GetBool("status"); !status {
		return withBase(cmd, func(b *base) error {
			m, err := b.store.MigrationStatus(cmd.Context())
			if err == nil {
				fmt.Fprintf(cmd.OutOrStdout(), "the database is at version %d\n", m.Current)
			}
			return err
		})
	}
	cfg, err := loadConfig(cmd)
	if err != nil {
		return err
	}
	if err := makeDataDir(cfg.DataDir); err != nil {
		return err
	}
	store, err := gormstore.Open(cmd.Context(), cfg.DatabaseURL.Reveal(), gormstore.Options{Now: time.Now})
	if err != nil {
		return err
	}
	m, err := store.MigrationStatus(cmd.Context())
	if err := errors.Join(err, store.Close()); err != nil {
		return err
	}
	t := newTable(cmd.OutOrStdout(), "VERSION", "STEP", "STATE")
	for _, s := range m.Steps {
		state := "waits"
		if s.Applied {
			state = "done"
		}
		t.row(fmt.Sprint(s.Version), s.Name, state)
	}
	return t.flush()
}
