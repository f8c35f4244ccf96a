package main

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"causeway/adapters/ginapi"
	"causeway/core"

	"github.com/spf13/cobra"
)

func channelCommand() *cobra.Command {
	c := &cobra.Command{Use: "channel", Short: "Look at channels, check, pause, resume and remove them", GroupID: "admin"}
	c.AddCommand(
		&cobra.Command{Use: "list", Short: "List the channels and how they are", Args: cobra.NoArgs, RunE: listChannels},
		&cobra.Command{Use: "show NAME", Short: "Show a channel, its webhook URL and verify token", Args: cobra.ExactArgs(1), RunE: onChannel(showChannel)},
		&cobra.Command{Use: "check NAME", Short: "Ask the provider whether everything is as it must be", Args: cobra.ExactArgs(1), RunE: onChannel(checkChannel)},
		&cobra.Command{Use: "subscribe NAME", Short: "Register our webhook at the provider", Args: cobra.ExactArgs(1), RunE: onChannel(subscribeChannel)},
		addCommand(),
		connectCommand(),
		&cobra.Command{Use: "pause NAME", Short: "Stop sending; messages wait", Args: cobra.ExactArgs(1), RunE: onChannel(pauseChannel)},
		&cobra.Command{Use: "resume NAME", Short: "Send again, in order", Args: cobra.ExactArgs(1), RunE: onChannel(resumeChannel)},
		removeCommand(),
		pairCommand(),
		&cobra.Command{Use: "take-back NAME", Short: "Connect a paired channel again whose place another program has taken", Args: cobra.ExactArgs(1), RunE: onChannel(takeBackChannel),
			Long: "Connect a paired channel again whose place another program has taken. WhatsApp serves who came last: stop the other program first, or the two take turns.\nIt is done by the gateway that runs."},
		&cobra.Command{Use: "logs NAME", Short: "Show the last exchanges with the provider", Args: cobra.ExactArgs(1), RunE: onChannel(logChannel)})
	return c
}

// addCommand says how a channel is set up to those who look for it here.
func addCommand() *cobra.Command {
	return &cobra.Command{Use: "add", Hidden: true, DisableFlagParsing: true, RunE: func(*cobra.Command, []string) error {
		return core.Problemf(core.CodeInvalid, "Channels are set up by a file.").Remedied("Copy an entry of config/channels.example.yaml into business.yaml, and run: causeway apply -f business.yaml --dry-run")
	}}
}

// onChannel runs a command on the channel that its argument names.
func onChannel(f func(cmd *cobra.Command, b *base, ch core.Channel) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		return withBase(cmd, func(b *base) error {
			ch, err := b.channel(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return f(cmd, b, ch)
		})
	}
}

// channel finds a channel by name, and names those there are if it is not there.
func (b *base) channel(ctx context.Context, name string) (core.Channel, error) {
	all, err := b.repo().Channels(ctx)
	if err != nil {
		return core.Channel{}, err
	}
	var names []string
	for _, ch := range all {
		if ch.Name == name {
			return ch, nil
		}
		names = append(names, ch.Name)
	}
	elsewhere, err := b.store.AllChannels(ctx)
	if err != nil {
		return core.Channel{}, err
	}
	remedy := "Set one up with: causeway apply -f business.yaml"
	switch {
	case slices.ContainsFunc(elsewhere, func(ch core.Channel) bool { return ch.Name == name }):
		remedy = "Another workspace has one: set CAUSEWAY_WORKSPACE to the name that its file gives as workspace."
	case len(names) > 0:
		remedy = "There are: " + strings.Join(names, ", ") + "."
	}
	return core.Channel{}, core.Problemf(core.CodeNotFound, "There is no channel %q in the workspace %s.", name, b.cfg.Workspace).Remedied("%s", remedy)
}

func listChannels(cmd *cobra.Command, _ []string) error {
	return withBase(cmd, func(b *base) error {
		all, err := b.repo().Channels(cmd.Context())
		if err != nil {
			return err
		}
		t := newTable(cmd.OutOrStdout(), "NAME", "KIND", "ACCOUNT", "STATE", "LAST IN", "IMPORTS", "WHAT TO DO")
		for _, ch := range all {
			seen := "never"
			if !ch.SeenIn.IsZero() {
				seen = core.Span(b.now().Sub(ch.SeenIn)) + " ago"
			}
			imports, err := core.Imports(cmd.Context(), b.repo(), ch.ID)
			if err != nil {
				return err
			}
			var came []string
			todo := ch.Health.Remedy
			for _, i := range imports {
				came = append(came, string(i.What)+": "+i.String())
				if todo == "" {
					todo = i.Remedy
				}
			}
			t.row(ch.Name, ch.Kind, ch.Account, string(ch.State), seen, strings.Join(came, ", "), todo)
		}
		return t.flush()
	})
}

func showChannel(cmd *cobra.Command, b *base, ch core.Channel) error {
	lines, err := b.described(cmd.Context(), ch)
	if err != nil {
		return err
	}
	width := 0
	for _, l := range lines {
		width = max(width, len(l.name))
	}
	for _, l := range lines {
		fmt.Fprintf(cmd.OutOrStdout(), "%-*s  %s\n", width, l.name, l.value)
	}
	return nil
}

// described is what an admin wants to know of a channel.
func (b *base) described(ctx context.Context, ch core.Channel) ([]entered, error) {
	lines := []entered{{"name", ch.Name}, {"kind", ch.Kind}, {"account", ch.Account}, {"state", string(ch.State)}}
	if ch.Health.Reason != "" {
		lines = append(lines, entered{"health", strings.TrimSpace(ch.Health.Reason + " " + ch.Health.Remedy)})
	}
	if ch.Health.Code != "" {
		lines = append(lines, entered{"health code", ch.Health.Code})
	}
	if ch.Number != "" {
		lines = append(lines, entered{"number", "+" + ch.Number})
	}
	if ch.Twin != "" {
		if other, err := b.repo().Channel(ctx, ch.Twin); err == nil {
			lines = append(lines, entered{"other side", other.Name + ", on the same number"})
		}
	}
	for _, key := range slices.Sorted(maps.Keys(ch.Settings)) {
		lines = append(lines, entered{key, ch.Settings[key]})
	}
	sealed, err := b.repo().Secrets(ctx, ownerOf(ch))
	if err != nil {
		return nil, err
	}
	for _, s := range sealed {
		lines = append(lines, entered{s.Name, fmt.Sprintf("•••• %s, set %s", s.Hint, s.Set.Format("2 Jan 2006"))})
	}
	imports, err := core.Imports(ctx, b.repo(), ch.ID)
	if err != nil {
		return nil, err
	}
	for _, i := range imports {
		lines = append(lines, entered{string(i.What), strings.TrimSpace(strings.Join([]string{importLine(i), i.Reason, i.Remedy}, " "))})
	}
	return append(lines, b.entrance(ctx, ch)...), nil
}

// importLine says how an import stands, since when, and under which name the provider knows it.
func importLine(i core.Import) string {
	s := i.String() + ","
	if !i.Changed.IsZero() {
		s += " since " + i.Changed.Local().Format("2 Jan 2006 15:04") + ","
	}
	if i.Request != "" {
		s += " request " + i.Request + ","
	}
	return strings.TrimSuffix(s, ",") + "."
}

// entered is a line about a channel, or what an admin takes to another place.
type entered struct{ name, value string }

// entrance says what an admin must enter elsewhere so that a channel's messages come in: at the provider or, for a chat, into the site's pages.
func (b *base) entrance(ctx context.Context, ch core.Channel) []entered {
	_, _, link, err := b.links.Link(ctx, ch.ID)
	_, called := link.(core.WebhookLink)
	if _, served := link.(core.ServeLink); served {
		return []entered{{"for your pages", fmt.Sprintf(`<script src="%sbridge.js" data-key="%s" async></script>`, ginapi.ChatURL(b.public()), ch.ID)}}
	}
	if _, paired := link.(core.PairingLink); paired {
		return []entered{{"receives", "as a device linked to the phone: causeway channel pair " + ch.Name}}
	}
	if err == nil && !called {
		return []entered{{"receives", "by asking; nothing is to be registered"}}
	}
	all := []entered{{"webhook URL", b.webhookURL(ch.ID)}}
	if token := b.toldToken(ctx, ch); token != "" {
		all = append(all, entered{"verify token", token})
	}
	if h, ok := link.(core.HandLink); ok && h.ByHand() != "" {
		all = append(all, entered{"by hand", h.ByHand()})
	}
	return all
}

// toldToken is the verify token that the provider is told with the address, "" if it is told none.
func (b *base) toldToken(ctx context.Context, ch core.Channel) string {
	bridge, err := b.links.Bridge(ch.Kind)
	if err != nil || !slices.ContainsFunc(bridge.Info().Settings, func(s core.Setting) bool { return s.Told }) {
		return ""
	}
	token, err := b.verifyToken(ctx, ch)
	if err != nil {
		b.log.ErrorContext(ctx, "verify token cannot be opened", "channel", ch.Name, "err", err)
		return "cannot be opened; see causeway doctor"
	}
	return token
}

func checkChannel(cmd *cobra.Command, b *base, ch core.Channel) error {
	findings, err := b.links.Check(cmd.Context(), b.workspace, ch.ID)
	if err != nil {
		return err
	}
	return printFindings(cmd.OutOrStdout(), findings)
}

func subscribeChannel(cmd *cobra.Command, b *base, ch core.Channel) error {
	if err := b.subscribe(cmd.Context(), ch); err != nil {
		return err
	}
	_, _, link, err := b.links.Link(cmd.Context(), ch.ID)
	if err != nil {
		return err
	}
	if h, ok := link.(core.HandLink); ok && h.ByHand() != "" {
		fmt.Fprintf(cmd.OutOrStdout(), "the account is subscribed; its webhook is %s\n%s\ncauseway channel show %s has the token\n", b.webhookURL(ch.ID), h.ByHand(), ch.Name)
		return nil
	}
	fmt.Fprintf(cmd.OutOrStdout(), "the provider now calls %s\n", b.webhookURL(ch.ID))
	return nil
}

// subscribe registers our webhook at a channel's provider.
func (b *base) subscribe(ctx context.Context, ch core.Channel) error {
	_, info, link, err := b.links.Link(ctx, ch.ID)
	if err != nil {
		return err
	}
	setup, ok := link.(core.SetupLink)
	switch {
	case !ok && !b.called(ctx, ch):
		return core.Problemf(core.CodeUnsupported, "A channel of the kind %s has no webhook.", info.Kind).Remedied("How it receives stands in: causeway channel show %s", ch.Argument())
	case !ok:
		return core.Problemf(core.CodeUnsupported, "%s webhooks are registered by hand.", info.Title).Remedied("See: causeway channel show %s", ch.Argument())
	}
	if err := setup.Subscribe(ctx, b.webhookURL(ch.ID)); err != nil {
		return err
	}
	return b.links.AskImport(ctx, ch)
}

func pauseChannel(cmd *cobra.Command, b *base, ch core.Channel) error {
	if err := b.outbox.Pause(cmd.Context(), b.workspace, ch.ID); err != nil {
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%s is paused: messages wait, nothing is lost\n", ch.Name)
	return nil
}

func resumeChannel(cmd *cobra.Command, b *base, ch core.Channel) error {
	if err := b.outbox.Resume(cmd.Context(), b.workspace, ch.ID); err != nil {
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%s sends again\n", ch.Name)
	if ch.Health.Level == core.HealthBad {
		fmt.Fprintf(cmd.OutOrStdout(), "if what it said still holds, it says so again: causeway channel show %s\n", ch.Argument())
	}
	return nil
}

func logChannel(cmd *cobra.Command, b *base, ch core.Channel) error {
	entries, err := b.repo().ChannelLog(cmd.Context(), ch.ID, core.Page{Limit: 50})
	if err != nil {
		return err
	}
	t := newTable(cmd.OutOrStdout(), "TIME", "", "CALL", "ANSWER", "NOTE")
	for i := len(entries) - 1; i >= 0; i-- {
		e := entries[i]
		arrow, answer := "→", "none"
		if e.Inward {
			arrow = "←"
		}
		if e.Status != 0 {
			answer = fmt.Sprintf("%d %s", e.Status, http.StatusText(e.Status))
		}
		t.row(e.At.Format("02 Jan 15:04:05"), arrow, e.Method+" "+e.URL, answer, e.Note)
	}
	return t.flush()
}
