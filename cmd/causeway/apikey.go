package main

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"causeway/core"

	"github.com/spf13/cobra"
)

var scopes = []string{"read", "send", "manage"}

func apiKeyCommand() *cobra.Command {
	c := &cobra.Command{Use: "apikey", Short: "Make and revoke keys for the HTTP API", GroupID: "admin"}
	add := &cobra.Command{Use: "add NAME", Short: "Make a key and show it, once", Args: cobra.ExactArgs(1), RunE: addKey}
	add.Flags().StringSlice("scope", scopes, "what it may do: "+strings.Join(scopes, ", "))
	c.AddCommand(add,
		&cobra.Command{Use: "list", Short: "List the keys", Args: cobra.NoArgs, RunE: listKeys},
		&cobra.Command{Use: "revoke NAME", Short: "Revoke a key", Args: cobra.ExactArgs(1), RunE: revokeKey})
	return c
}

func addKey(cmd *cobra.Command, args []string) error {
	wanted, _ := cmd.Flags().GetStringSlice("scope")
	for _, s := range wanted {
		if !slices.Contains(scopes, s) {
			return core.Problemf(core.CodeInvalid, "There is no scope %q.", s).Remedied("Choose among %s.", strings.Join(scopes, ", "))
		}
	}
	return withBase(cmd, func(b *base) error {
		token := "cw_" + core.NewToken(20)
		hash := sha256.Sum256([]byte(token))
		k := core.APIKey{ID: core.NewID[string](), Workspace: b.workspace, Name: args[0], Hash: hash[:], Scopes: wanted, Created: b.now()}
		if err := b.repo().SaveKey(cmd.Context(), k); err != nil {
			return err
		}
		fmt.Fprintln(cmd.OutOrStdout(), token)
		fmt.Fprintln(cmd.ErrOrStderr(), "This key is shown only now. Use it as: Authorization: Bearer "+token[:6]+"…")
		return nil
	})
}

func listKeys(cmd *cobra.Command, _ []string) error {
	return withBase(cmd, func(b *base) error {
		keys, err := b.repo().Keys(cmd.Context())
		if err != nil {
			return err
		}
		t := newTable(cmd.OutOrStdout(), "NAME", "SCOPES", "MADE", "STATE")
		for _, k := range keys {
			state := "in use"
			if !k.Revoked.IsZero() {
				state = "revoked " + k.Revoked.Format("2006-01-02")
			}
			t.row(k.Name, strings.Join(k.Scopes, ","), k.Created.Format("2006-01-02"), state)
		}
		return t.flush()
	})
}

func revokeKey(cmd *cobra.Command, args []string) error {
	return withBase(cmd, func(b *base) error {
		keys, err := b.repo().Keys(cmd.Context())
		if err != nil {
			return err
		}
		found := false
		for _, k := range keys {
			if k.Name == args[0] && k.Revoked.IsZero() {
				found = true
				k.Revoked = b.now()
				if err := b.repo().SaveKey(cmd.Context(), k); err != nil {
					return err
				}
			}
		}
		if !found {
			return core.Problemf(core.CodeNotFound, "No key in use is named %q.", args[0]).Remedied("See: causeway apikey list")
		}
		fmt.Fprintf(cmd.OutOrStdout(), "revoked %s\n", args[0])
		return nil
	})
}
