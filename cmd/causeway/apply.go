package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"time"

	"causeway/config/business"
	"causeway/config/remark"
	"causeway/core"
	"causeway/core/webhook"

	"github.com/spf13/cobra"
)

func applyCommand() *cobra.Command {
	c := &cobra.Command{Use: "apply -f business.yaml", Short: "Set up channels, agents, teams and forwards from one file", GroupID: "admin", Args: cobra.NoArgs, RunE: apply,
		Long: "Set up a business from one file. The plan is printed first; applying twice changes nothing. An example is in config/business.example.yaml."}
	c.Flags().StringP("file", "f", "", "the business file (YAML)")
	c.Flags().Bool("dry-run", false, "only print the plan")
	_ = c.MarkFlagRequired("file")
	return c
}

func apply(cmd *cobra.Command, _ []string) error {
	path, _ := cmd.Flags().GetString("file")
	raw, err := os.ReadFile(path)
	if err != nil {
		var where *fs.PathError
		if errors.As(err, &where) {
			err = where.Err
		}
		return problemf("file", "The business file %s cannot be read: %v.", path, err).Remedied("Check its name; an example is in config/business.example.yaml.")
	}
	return withBase(cmd, func(b *base) error {
		dry, _ := cmd.Flags().GetBool("dry-run")
		plan, err := b.plan(cmd, path, raw)
		if err != nil {
			return err
		}
		out := cmd.OutOrStdout()
		for _, line := range plan.Lines() {
			fmt.Fprintln(out, line)
		}
		switch {
		case plan.Changes() == 0: // the plan says so
		case dry:
			fmt.Fprintf(out, "%s to make; nothing was done\n", count(plan.Changes(), "change"))
			return nil
		default:
			if err := plan.Apply(cmd.Context(), b.now()); err != nil {
				return err
			}
			fmt.Fprintf(out, "%s made\n", count(plan.Changes(), "change"))
		}
		all, err := b.store.In(plan.Workspace()).Channels(cmd.Context())
		if err != nil {
			return err
		}
		return b.printChannels(cmd, out, all)
	})
}

// checkWebhooks says what is wrong with the webhooks of a business file.
func (b *base) checkWebhooks(ctx context.Context, f business.File) error {
	var wrong remark.List
	caller := b.caller()
	for _, w := range f.Webhooks {
		for _, err := range []error{caller.Check(ctx, w.Webhook), webhook.CheckSecret(w.Secret)} {
			var p *core.Problem
			if errors.As(err, &p) {
				wrong.Add(fmt.Sprintf("%s:%d", f.Name, w.Where()), "webhooks", p.Remedy, "%s", p.Detail)
			}
		}
	}
	return wrong.Err(f.Name)
}

// checkChannels says which channels could not be opened as the file has them.
func (b *base) checkChannels(f business.File) error {
	var wrong remark.List
	for _, c := range f.Channels {
		if c.Kept {
			continue
		}
		bridge, err := b.links.Bridge(c.Kind)
		if err == nil {
			err = tryOut(bridge, c)
		}
		var p *core.Problem
		if errors.As(err, &p) {
			wrong.Add(c.Where(), "channels", p.Remedy, "The channel %q: %s", c.Name, p.Detail)
		}
	}
	return wrong.Err(f.Name)
}

// tryOut opens a channel and closes it again; no call is made for that. A verify token that the file leaves out will have been made up by then.
func tryOut(bridge core.Bridge, c business.Channel) error {
	secrets := map[string]core.Secret{"verify_token": core.NewSecret(core.NewToken(20))}
	maps.Copy(secrets, c.Secrets)
	ch := core.Channel{ID: core.NewID[core.ChannelID](), Kind: c.Kind, Name: c.Name, Account: c.Account, Settings: c.Values, State: core.ChannelActive}
	link, err := bridge.Open(ch, core.Settings{Values: c.Values, Secrets: secrets}, noHost{})
	if err != nil {
		return err
	}
	return link.Close()
}

// noHost is the host of links that are only tried out: there is nothing behind it.
type noHost struct{ core.Host }

func (noHost) HTTP() *http.Client { return &http.Client{} }
func (noHost) Log() *slog.Logger  { return slog.New(slog.DiscardHandler) }
func (noHost) Now() time.Time     { return time.Now() }

// plan compares a business file with the store.
func (b *base) plan(cmd *cobra.Command, path string, raw []byte) (*business.Plan, error) {
	f, err := business.Parse(path, raw, infos(), os.LookupEnv, os.ReadFile)
	if err != nil {
		return nil, err
	}
	if f.Workspace == "" {
		f.Workspace = b.cfg.Workspace
	}
	if err := b.readWorkflows(cmd.Context(), &f); err != nil {
		return nil, err
	}
	if err := b.checkWebhooks(cmd.Context(), f); err != nil {
		return nil, err
	}
	if err := b.checkChannels(f); err != nil {
		return nil, err
	}
	return business.NewPlan(cmd.Context(), b.store, b.vault, f)
}
