package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"causeway/core"
	"causeway/core/webhook"

	"github.com/spf13/cobra"
)

func webhookCommand() *cobra.Command {
	c := &cobra.Command{Use: "webhook", Short: "Tell other systems of yours what happens", GroupID: "admin",
		Long: "Tell other systems of yours what happens: conversations, messages, orders. docs/webhooks.md has the events and the form."}
	add := &cobra.Command{Use: "add NAME URL", Short: "Add an address that is told, or change the one of that name", Args: cobra.ExactArgs(2), RunE: addWebhook,
		Long: "Add an address that is told what happens, or change the one of that name. A new one gets a secret that is shown once, unless --env names a variable with it."}
	add.Flags().StringSlice("event", nil, "what it is told, as order.* or conversation.closed; several with commas")
	add.Flags().String("env", "", "take the secret that signs what is sent from this variable")
	c.AddCommand(&cobra.Command{Use: "list", Short: "List the addresses that are told", Args: cobra.NoArgs, RunE: listWebhooks}, add,
		&cobra.Command{Use: "test NAME", Short: "Send a signed letter of the event \"test\", and say what is answered", Args: cobra.ExactArgs(1), RunE: testWebhook},
		&cobra.Command{Use: "remove NAME", Short: "Tell an address nothing more; what waits for it is forgotten", Args: cobra.ExactArgs(1), RunE: removeWebhook})
	return c
}

func listWebhooks(cmd *cobra.Command, _ []string) error {
	return withBase(cmd, func(b *base) error {
		all, err := core.LoadWebhooks(cmd.Context(), b.repo())
		if err != nil {
			return err
		}
		if len(all) == 0 {
			fmt.Fprintln(cmd.OutOrStdout(), "no webhooks; add one with: causeway webhook add NAME URL --event conversation.closed")
			return nil
		}
		t := newTable(cmd.OutOrStdout(), "NAME", "URL", "EVENTS")
		for _, h := range all {
			t.row(h.Name, h.URL, strings.Join(h.Events, ", "))
		}
		return t.flush()
	})
}

func addWebhook(cmd *cobra.Command, args []string) error {
	events, _ := cmd.Flags().GetStringSlice("event")
	h := core.Webhook{Name: args[0], URL: args[1], Events: events}
	secret := core.Secret{}
	if name := cmd.Flag("env").Value.String(); name != "" {
		secret = core.NewSecret(strings.TrimSpace(os.Getenv(name)))
		if err := webhook.CheckSecret(secret); err != nil {
			return err
		}
	}
	return withBase(cmd, func(b *base) error {
		old, made, err := b.putWebhook(cmd, h, secret)
		if err != nil {
			return err
		}
		if old {
			fmt.Fprintf(cmd.OutOrStdout(), "%s is changed\n", h.Name)
		} else {
			fmt.Fprintf(cmd.OutOrStdout(), "%s is told from now on; try it: causeway webhook test %s\n", h.Name, h.Name)
		}
		if !made.Empty() {
			fmt.Fprintf(cmd.OutOrStdout(), "its secret, which is shown only now: %s\n", made.Reveal())
		}
		return nil
	})
}

// putWebhook stores a webhook. Without a secret it keeps that of the one it replaces, or gets a new one, which is returned.
func (b *base) putWebhook(cmd *cobra.Command, h core.Webhook, secret core.Secret) (old bool, made core.Secret, err error) {
	ctx := cmd.Context()
	all, err := core.LoadWebhooks(ctx, b.repo())
	if err != nil {
		return false, made, err
	}
	if i := slices.IndexFunc(all, func(o core.Webhook) bool { return o.Name == h.Name }); i >= 0 {
		if old = true; len(h.Events) == 0 {
			h.Events = all[i].Events
		}
	} else if secret.Empty() {
		made = core.NewSecret(core.NewToken(32))
		secret = made
	}
	if err := b.caller().Check(ctx, h); err != nil {
		return old, core.Secret{}, err
	}
	return old, made, b.store.Tx(ctx, func(tx core.Tx) error {
		repo := tx.In(b.workspace)
		if _, err := repo.LockDesk(ctx); err != nil { // so that no change made at the same time is lost
			return err
		}
		if !secret.Empty() {
			s := core.SealedSecret{Workspace: b.workspace, Owner: core.WebhookSecrets, Name: h.Name, Set: b.now()}
			var err error
			if s.Box, err = b.vault.Seal(secret, s.Context()); err != nil {
				return err
			}
			if err := repo.PutSecret(ctx, s); err != nil {
				return err
			}
		}
		return core.PutWebhook(ctx, repo, h)
	})
}

func testWebhook(cmd *cobra.Command, args []string) error {
	return withBase(cmd, func(b *base) error {
		began := b.now()
		err := b.caller().Test(cmd.Context(), b.workspace, args[0])
		switch {
		case errors.Is(err, core.ErrNotFound):
			return noWebhook(args[0])
		case core.CodeOf(err) == "" && err != nil:
			return core.Problemf(core.CodeUnavailable, "The letter was not taken: %v.", err).Remedied("Look what that system says of it; it has to answer 2xx within 10 seconds.")
		case err != nil:
			return err
		}
		fmt.Fprintf(cmd.OutOrStdout(), "%s took the letter, after %d ms\n", args[0], b.now().Sub(began).Milliseconds())
		return nil
	})
}

func noWebhook(name string) error {
	return core.Problemf(core.CodeNotFound, "There is no webhook %q.", name).Remedied("See: causeway webhook list")
}

func removeWebhook(cmd *cobra.Command, args []string) error {
	return withBase(cmd, func(b *base) error {
		err := b.store.Tx(cmd.Context(), func(tx core.Tx) error {
			repo := tx.In(b.workspace)
			if _, err := repo.LockDesk(cmd.Context()); err != nil {
				return err
			}
			there, err := core.RemoveWebhook(cmd.Context(), repo, args[0])
			if err == nil && !there {
				return noWebhook(args[0])
			}
			return err
		})
		if err == nil {
			fmt.Fprintf(cmd.OutOrStdout(), "%s is told nothing more\n", args[0])
		}
		return err
	})
}
