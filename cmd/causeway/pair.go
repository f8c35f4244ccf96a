package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"causeway/adapters/ginapi"
	"causeway/core"
	"causeway/core/session"

	"github.com/spf13/cobra"
	"rsc.io/qr"
)

const (
	lookAtPairing = 300 * time.Millisecond
	settleFor     = 30 * time.Second // for the paired device to come up, where no gateway runs
	partWithin    = 15 * time.Second
	signedLinks   = "media links" // what the key is derived for that signs links to files and pages
)

func pairCommand() *cobra.Command {
	c := &cobra.Command{Use: "pair NAME", Short: "Join a channel to the account of a phone", Args: cobra.ExactArgs(1), RunE: onChannel(pairChannel),
		Long: "Join a channel to the account of a phone. A QR code is shown until a phone has scanned it: on the phone, open WhatsApp, Settings, Linked devices, Link a device.\n" +
			"It may be used while causeway serve runs, and again whenever the phone has unlinked the device: contacts, conversations and history stay."}
	c.Flags().String("code", "", "show 8 characters to be typed on the phone of this number, instead of a QR code to be scanned")
	c.Flags().String("png", "", "write the QR code to this file as well, each time it changes")
	c.Flags().Bool("link", false, "only print a link to a page of the gateway's on which a person pairs in a browser; it is good for an hour")
	c.MarkFlagsMutuallyExclusive("link", "code")
	c.MarkFlagsMutuallyExclusive("link", "png")
	return c
}

// screen is where a pairing is shown.
type screen struct {
	out   io.Writer
	lines <-chan string // what the person types; closed at the end of the input
	png   string
	tty   bool
}

func pairChannel(cmd *cobra.Command, b *base, ch core.Channel) error {
	if link, _ := cmd.Flags().GetBool("link"); link {
		return b.linkPairing(cmd, ch)
	}
	number, _ := cmd.Flags().GetString("code")
	file, _ := cmd.Flags().GetString("png")
	s := &screen{out: cmd.OutOrStdout(), lines: typed(cmd.InOrStdin()), png: file, tty: terminal(cmd.OutOrStdout())}
	if file != "" {
		defer func() { _ = os.Remove(file) }() // there may be none yet
	}
	ctx := cmd.Context()
	p, err := b.links.Pair(ctx, b.workspace, ch.ID, core.PairingWish{Phone: number})
	if err != nil {
		return err
	}
	defer b.giveUp(ctx, ch) // where it is not over
	// A gateway that runs has the session, and pairs. Where none does, this process has it as long as it takes.
	runner := session.NewRunner(b.links).Only(ch.ID)
	runner.Start(ctx)
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), partWithin) // the lease must be given back
		defer cancel()
		_ = runner.Stop(ctx)
	}()
	if err := s.follow(ctx, b, ch, p); err != nil {
		return err
	}
	return s.settled(ctx, b, ch)
}

// linkPairing prints a link to the page on which a person pairs the channel.
func (b *base) linkPairing(cmd *cobra.Command, ch core.Channel) error {
	_, info, link, err := b.links.Link(cmd.Context(), ch.ID)
	if err != nil {
		return err
	}
	if _, ok := link.(core.PairingLink); !ok {
		return core.Problemf(core.CodeUnsupported, "A channel of the kind %s is not paired with a phone.", info.Kind).
			Remedied("Its credentials stand in its settings. See: causeway channel show %s", ch.Name)
	}
	until := b.now().Add(ginapi.PairLinkFor)
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s\n\nOpen it in a browser while causeway serve runs, with the phone at hand. Whoever has it can link the phone of this channel's number, until %s.\n",
		ginapi.PairURL(b.public(), b.vault.Derive(signedLinks), ch.Workspace, ch.ID, until), until.Local().Format("2 Jan 2006 15:04"))
	return err
}

func takeBackChannel(cmd *cobra.Command, b *base, ch core.Channel) error {
	if err := b.links.TakeBack(cmd.Context(), b.workspace, ch.ID); err != nil {
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "channel %s: the gateway that runs connects it again within seconds; see causeway channel show %s\n", ch.Name, ch.Name)
	return nil
}

// giveUp stops a pairing that the person left.
func (b *base) giveUp(ctx context.Context, ch core.Channel) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), partWithin)
	defer cancel()
	if err := b.links.StopPairing(ctx, b.workspace, ch.ID); err != nil {
		b.log.WarnContext(ctx, "pairing not stopped", "channel", ch.ID, "err", err)
	}
}

// typed hands over the lines of the input.
func typed(in io.Reader) <-chan string {
	lines := make(chan string)
	go func() { // it ends with the input, or the process
		defer close(lines)
		r := bufio.NewReaderSize(in, 1<<16)
		for {
			line, err := r.ReadString('\n')
			if line = strings.TrimSpace(line); line != "" {
				lines <- line
			}
			if err != nil {
				return
			}
		}
	}()
	return lines
}

// follow shows each step of the pairing until it is over.
func (s *screen) follow(ctx context.Context, b *base, ch core.Channel, p core.Pairing) error {
	shown := -1
	for {
		now, err := b.links.Pairing(ctx, b.workspace, ch.ID)
		switch {
		case err != nil:
			return err
		case now.ID != p.ID:
			return core.Problemf(core.CodeConflict, "Another pairing of this channel has begun, and this one is over.").Remedied("Go on with that one.")
		case now.Step.State == core.PairingFailed:
			return core.Problemf(core.CodeConflict, "%s", now.Step.Reason).Remedied("%s", now.Step.Remedy)
		case now.Step.State == core.PairingDone:
			fmt.Fprintf(s.out, "\nPaired with %s. Contacts, conversations and history stay as they are.\n", account(now.Step.Account))
			return nil
		}
		if now.Seq != shown {
			shown = now.Seq
			answer, err := s.show(ctx, now.Step)
			if err == nil && answer != nil {
				err = b.links.AnswerPairing(ctx, b.workspace, ch.ID, p.ID, *answer)
			}
			if err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(lookAtPairing):
		}
	}
}

func account(p core.Paired) string {
	if p.Name == "" {
		return p.Number
	}
	return p.Number + " (" + p.Name + ")"
}

// show tells a step, and returns the person's answer if it wants one.
func (s *screen) show(ctx context.Context, step core.PairingStep) (*core.PairingAnswer, error) {
	switch step.State {
	case core.PairingPreparing:
		fmt.Fprintln(s.out, "Connecting to WhatsApp …")
	case core.PairingQR:
		return nil, s.showQR(step)
	case core.PairingCode:
		fmt.Fprintf(s.out, "\nOn the phone: WhatsApp, Settings, Linked devices, Link a device, Link with phone number instead. Type, before %s:\n\n    %s\n\n", timeOfDay(step.Until), step.Code)
	case core.PairingFinishing:
		fmt.Fprintln(s.out, "The phone has agreed …")
	case core.PairingPasskey:
		return s.askPasskey(ctx, step)
	case core.PairingConfirm:
		return s.askSame(ctx, step)
	case core.PairingWaiting, core.PairingDone, core.PairingFailed:
	}
	return nil, nil
}

func timeOfDay(t time.Time) string { return t.Local().Format("15:04:05") }

func (s *screen) showQR(step core.PairingStep) error {
	code, err := qr.Encode(step.Code, qr.L)
	if err != nil {
		return fmt.Errorf("draw the code: %w", err)
	}
	if s.png != "" {
		if err := os.WriteFile(s.png, code.PNG(), 0o600); err != nil {
			return core.Problemf(core.CodeInvalid, "The picture cannot be written to %s.", s.png).Remedied("Name a file in a folder that you may write to.")
		}
	}
	if s.tty {
		fmt.Fprint(s.out, "\x1b[2J\x1b[H") // one code at a time, at the top
	}
	drawQR(s.out, code, s.tty)
	fmt.Fprintf(s.out, "On the phone: WhatsApp, Settings, Linked devices, Link a device. Scan this code before %s; then another follows.\n", timeOfDay(step.Until))
	return nil
}

const quietZone = 4 // modules around a code

// drawQR draws dark on light, two modules a character. Without colours the light ones are drawn, for terminals are dark; black reports what is outside
// the code as light.
func drawQR(w io.Writer, code *qr.Code, colours bool) {
	for y := -quietZone; y < code.Size+quietZone; y += 2 {
		var line strings.Builder
		for x := -quietZone; x < code.Size+quietZone; x++ {
			line.WriteString(half(code.Black(x, y), code.Black(x, y+1)))
		}
		if colours {
			fmt.Fprintf(w, "\x1b[38;5;231;48;5;16m%s\x1b[0m\n", line.String())
		} else {
			fmt.Fprintln(w, line.String())
		}
	}
}

// half is the character for two modules, one above the other, in which what is light is drawn.
func half(darkAbove, darkBelow bool) string {
	switch {
	case darkAbove && darkBelow:
		return " "
	case darkAbove:
		return "▄"
	case darkBelow:
		return "▀"
	}
	return "█"
}

// terminal reports whether a person looks at it.
func terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok || os.Getenv("TERM") == "dumb" {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// askPasskey has the person ask their browser, at WhatsApp's own site: a passkey answers nowhere else.
func (s *screen) askPasskey(ctx context.Context, step core.PairingStep) (*core.PairingAnswer, error) {
	var request bytes.Buffer
	if err := json.Compact(&request, step.Request); err != nil {
		return nil, fmt.Errorf("request for a passkey: %w", err)
	}
	fmt.Fprintf(s.out, `
WhatsApp wants a passkey before it links a device to this account. Only a browser at %[1]s can ask for it. Until %[2]s:

 1. On a computer that has the passkey, or has Bluetooth and the phone beside it, open %[1]s in Chrome, Edge or Safari. Do not log in there.
 2. Open the developer tools (F12, or Option-Command-I), go to the console, paste this line and press Enter. Chrome may want "allow pasting" typed first.

navigator.credentials.get({publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(%[3]s)}).then(c => console.log(JSON.stringify(c.toJSON())))

 3. Do what the browser asks for: finger, face or PIN.
 4. Copy the line that begins with {"id" or {"authenticatorAttachment", paste it here and press Enter:

`, step.Origin, timeOfDay(step.Until), request.String())
	for {
		line, err := s.read(ctx)
		if err != nil {
			return nil, err
		}
		if line = strings.Trim(line, "'`"); strings.HasPrefix(line, "{") && json.Valid([]byte(line)) {
			return &core.PairingAnswer{Passkey: json.RawMessage(line)}, nil
		}
		fmt.Fprintln(s.out, "This is not the whole line: it begins with { and ends with }. Paste it again:")
	}
}

func (s *screen) askSame(ctx context.Context, step core.PairingStep) (*core.PairingAnswer, error) {
	fmt.Fprintf(s.out, "\nDoes the phone show the code %s? Type yes or no: ", step.Code)
	line, err := s.read(ctx)
	return &core.PairingAnswer{Agreed: strings.EqualFold(line, "yes") || strings.EqualFold(line, "y")}, err
}

func (s *screen) read(ctx context.Context) (string, error) {
	select {
	case line, ok := <-s.lines:
		if !ok {
			return "", core.Problemf(core.CodeInvalid, "The input ended before the answer came.").Remedied("Run it in a terminal, or give the answer on the standard input.")
		}
		return line, nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// settled waits until the device is up. The phone expects it to log in at once, and this process does that where no gateway runs.
func (s *screen) settled(ctx context.Context, b *base, ch core.Channel) error {
	ctx, cancel := context.WithTimeout(ctx, settleFor)
	defer cancel()
	for {
		now, err := b.repo().Channel(ctx, ch.ID)
		if err == nil && now.Health.Level == core.HealthGood {
			fmt.Fprintln(s.out, "The linked device is connected. Messages come in while causeway serve runs.")
			return nil
		}
		select {
		case <-ctx.Done():
			fmt.Fprintf(s.out, "The linked device is not connected yet. See: causeway channel show %s\n", ch.Name)
			return nil
		case <-time.After(lookAtPairing):
		}
	}
}
