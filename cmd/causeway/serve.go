package main

import (
	"errors"
	"fmt"
	"io"
	"time"

	"causeway/core"

	"github.com/spf13/cobra"
)

func serveCommand() *cobra.Command {
	return &cobra.Command{Use: "serve", Short: "Run the gateway", GroupID: "run", Args: cobra.NoArgs, RunE: serve,
		Long: "Run the gateway: take webhooks and agents' mails, send messages and mails. It stops on Ctrl+C, on SIGTERM,\n" +
			"and when its terminal is closed, after what is under way has ended."}
}

func serve(cmd *cobra.Command, _ []string) error {
	cfg, err := loadConfig(cmd)
	if err != nil {
		return err
	}
	log := newLog(cfg, cmd.ErrOrStderr())
	for _, f := range cfg.Check() {
		log.Warn("check the configuration", "setting", f.Subject, "finding", f.Detail, "remedy", f.Remedy)
	}
	b, err := openBase(cmd.Context(), cfg, log, time.Now)
	if err != nil {
		return err
	}
	return errors.Join(b.serve(cmd), b.close())
}

// serve opens the ports and runs the gateway on them until the command is told to stop.
func (b *base) serve(cmd *cobra.Command) error {
	p, err := listen(b.cfg)
	if err != nil {
		return err
	}
	g, err := newGateway(b, p)
	if err != nil {
		return err
	}
	if err := g.greet(cmd); err != nil {
		p.close()
		return err
	}
	return g.run(cmd.Context())
}

// greet says where everything is.
func (g *gateway) greet(cmd *cobra.Command) error {
	out := cmd.OutOrStdout()
	fmt.Fprintf(out, "Causeway %s\n", version())
	fmt.Fprintf(out, "  webhooks and API  http://%s  (public: %s)\n", g.ports.http.Addr(), g.public())
	fmt.Fprintf(out, "  health, metrics   http://%s/readyz, /metrics\n", g.ports.private.Addr())
	if g.ports.smtp != nil {
		fmt.Fprintf(out, "  agents' mail      smtp://%s for %s\n", g.ports.smtp.Addr(), g.cfg.MailDomain)
	}
	all, err := g.store.AllChannels(cmd.Context())
	if err != nil {
		return err
	}
	if len(all) == 0 {
		fmt.Fprintln(out, "  no channel yet; set one up with: causeway apply -f business.yaml")
	}
	return g.printChannels(cmd, out, all)
}

// printChannels writes for each channel what its provider must be told.
func (b *base) printChannels(cmd *cobra.Command, out io.Writer, all []core.Channel) error {
	for _, ch := range all {
		fmt.Fprintf(out, "  channel %s (%s)\n", ch.Name, ch.Kind)
		for _, l := range b.entrance(cmd.Context(), ch) {
			fmt.Fprintf(out, "    %-15s %s\n", l.name, l.value)
		}
	}
	return nil
}
