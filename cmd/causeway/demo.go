package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"

	"github.com/spf13/cobra"
)

func demoCommand() *cobra.Command {
	c := &cobra.Command{Use: "demo", Short: "Try it: a gateway with a simulated WhatsApp and mailboxes", GroupID: "run", Args: cobra.NoArgs, RunE: demo,
		Long: "Start the gateway with one business already set up, and simulate WhatsApp, the mail relay and the agents' mailboxes around it. Nothing leaves this\n" +
			"machine; everything is gone when it ends. With --script a whole conversation is played and each step checked. Of the environment, the demo\n" +
			"heeds CAUSEWAY_ALLOW_PRIVATE alone: what a workflow or webhook may call on your own network."}
	c.Flags().Bool("script", false, "play a conversation, check each step, and end")
	c.Flags().String("listen", "127.0.0.1:8321", "address of the pages; a free port is taken if this one is in use")
	c.Flags().BoolP("verbose", "v", false, "show what the gateway logs")
	return c
}

func demo(cmd *cobra.Command, _ []string) error {
	dir, remove, err := tempDir()
	if err != nil {
		return err
	}
	defer remove()
	script, _ := cmd.Flags().GetBool("script")
	o := demoOptions(dir)
	if !script {
		o.Stage = stageAddress(cmd)
	}
	if verbose, _ := cmd.Flags().GetBool("verbose"); verbose {
		o.Log, o.Level = cmd.ErrOrStderr(), "debug"
	}
	w, err := newWorld(cmd.Context(), o)
	if err != nil {
		return err
	}
	if script {
		return errors.Join(w.play(cmd.Context(), cmd.OutOrStdout()), w.close())
	}
	return errors.Join(w.show(cmd), w.close())
}

// demoOptions leave all settings to the demo but what may be called: a workflow or webhook that one tries may ask a system of one's own.
func demoOptions(dir string) worldOptions {
	return worldOptions{Dir: dir, Log: io.Discard, Allow: os.Getenv("CAUSEWAY_ALLOW_PRIVATE")}
}

// stageAddress is the wanted address of the pages, or a free port beside it.
func stageAddress(cmd *cobra.Command) string {
	wanted, _ := cmd.Flags().GetString("listen")
	l, err := net.Listen("tcp", wanted)
	if err != nil {
		host, _, _ := net.SplitHostPort(wanted)
		return net.JoinHostPort(host, "0")
	}
	_ = l.Close()
	return wanted
}

// show lets a person play until they end it.
func (w *world) show(cmd *cobra.Command) error {
	fmt.Fprintf(cmd.OutOrStdout(), `Causeway's demo runs. Open these two pages side by side:

  the customer's phone    %[1]s/phone
  the agents' mailboxes   %[1]s/mailbox

  1. Write a message on the phone: it arrives as a mail.
  2. Answer that mail: the answer arrives on the phone, and gets its ticks.
  3. Write on the owner's phone, below the customer's: the agents are told, and the table shows what the gateway has stored.
  4. Jump 25 hours ahead on either page and answer again: the mail that comes back says why not, and which templates one can send.

The gateway itself answers at %[2]s (API: /api/openapi.json), mail for it goes to smtp://%[3]s.
Nothing leaves this machine, and everything is gone at the end. Stop with Ctrl+C.
`, w.stage, w.public(), w.ports.smtp.Addr())
	select {
	case <-cmd.Context().Done():
		fmt.Fprintln(cmd.OutOrStdout(), "\nstopping")
		return nil
	case err := <-w.ended: // the gateway died: say so, and let close find the same
		w.ended <- err
		return err
	}
}
