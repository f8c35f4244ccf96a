// Causeway joins the channels a business is reached on to the mailboxes of its people.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"causeway/core"

	"github.com/spf13/cobra"
)

// Exit codes: 0 done, 1 trouble found, 2 wrong use, 130 interrupted.
const (
	exitTrouble     = 1
	exitUsage       = 2
	exitInterrupted = 130
)

func main() { os.Exit(run(os.Args[1:])) }

func run(args []string) int {
	stops := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // as nohup has it; else a terminal that is closed would kill us in the middle of everything
		stops = append(stops, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(context.Background(), stops...)
	defer stop()
	root := command()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errTrouble): // what is wrong was printed already
		return exitTrouble
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		return exitInterrupted
	}
	fmt.Fprintln(os.Stderr, "causeway: "+sentence(err))
	if usage(err) {
		return exitUsage
	}
	return exitTrouble
}

// errTrouble ends a command that has said what is wrong.
var errTrouble = errors.New("trouble found")

// sentence writes an error for people: what happened, and the remedy if there is one.
func sentence(err error) string {
	var p *core.Problem
	if errors.As(err, &p) {
		return p.Error()
	}
	return err.Error()
}

func usage(err error) bool {
	if bad := (badFlag{}); errors.As(err, &bad) {
		return true
	}
	s := err.Error()
	return strings.HasPrefix(s, "unknown command") || strings.HasPrefix(s, "accepts ") || strings.HasPrefix(s, "requires ") ||
		strings.HasPrefix(s, "required flag") || core.CodeOf(err) == core.CodeInvalid
}

// badFlag is a flag that a command does not have, a value that a flag does not take, or too much or too little behind a command.
type badFlag struct {
	error
	command string
}

func (b badFlag) Error() string { return b.error.Error() + "; see: " + b.command + " --help" }

// Unwrap shows cobra a wish for help.
func (b badFlag) Unwrap() error { return b.error }

func command() *cobra.Command {
	root := &cobra.Command{Use: "causeway", Short: "Answer WhatsApp from your mailbox", SilenceUsage: true, SilenceErrors: true,
		Long: "Causeway joins the channels a business is reached on to the mailboxes of its people.\nStart with: causeway demo"}
	root.PersistentFlags().StringP("config", "c", "", "file with the configuration (YAML); CAUSEWAY_* variables and flags go before it")
	root.PersistentFlags().String("data-dir", "", "where the database, the key and the files are kept")
	root.AddGroup(&cobra.Group{ID: "run", Title: "Run:"}, &cobra.Group{ID: "admin", Title: "Set up and look after:"})
	root.AddCommand(
		serveCommand(), demoCommand(), versionCommand(),
		applyCommand(), channelCommand(), templateCommand(), workflowCommand(), agentsCommand(), contactCommand(), webhookCommand(), apiKeyCommand(),
		sendCommand(), broadcastCommand(), reportCommand(),
		statusCommand(), doctorCommand(), jobsCommand(), replayCommand(), configCommand(), keyCommand(), migrateCommand(), backupCommand(), restoreCommand(),
		benchCommand(), floorCommand(), crashCommand(), docsCommand(),
	)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return badFlag{err, cmd.CommandPath()} })
	strict(root)
	return root
}

// strict has commands that only lead to others refuse what leads nowhere, which cobra answers with the help and as a success, and all say how they are
// written that get too much or too little.
func strict(c *cobra.Command) {
	for _, sub := range c.Commands() {
		strict(sub)
	}
	if takes := c.Args; takes != nil {
		c.Args = func(cmd *cobra.Command, args []string) error {
			if err := takes(cmd, args); err != nil {
				return badFlag{fmt.Errorf("%w: write it like %s", err, cmd.UseLine()), cmd.CommandPath()}
			}
			return nil
		}
	}
	if c.Runnable() || !c.HasSubCommands() || !c.HasParent() {
		return
	}
	c.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return cmd.Help()
		}
		return fmt.Errorf("unknown command %q for %q; see: %s --help", args[0], cmd.CommandPath(), cmd.CommandPath())
	}
}
