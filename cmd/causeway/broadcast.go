package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"causeway/config/business"
	"causeway/core"
	"causeway/core/broadcast"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
)

func broadcastCommand() *cobra.Command {
	c := &cobra.Command{Use: "broadcast", Short: "Send one message to many contacts who agreed to it", GroupID: "admin",
		Long: "Send one message to many contacts: over several channels, slowly, only to who agreed, as far as each channel's rules allow.\nThe form of the file is in docs/broadcasts.md. The gateway sends; this command only asks it to."}
	c.AddCommand(
		&cobra.Command{Use: "plan FILE", Short: "Say how many would get it, and why others would not; send nothing", Args: cobra.ExactArgs(1), RunE: planBroadcast},
		&cobra.Command{Use: "start FILE", Short: "Begin a broadcast, at its time", Args: cobra.ExactArgs(1), RunE: startBroadcast},
		&cobra.Command{Use: "list", Short: "List broadcasts, newest first", Args: cobra.NoArgs, RunE: listBroadcasts},
		&cobra.Command{Use: "show ID", Short: "Say what became of each recipient", Args: cobra.ExactArgs(1), RunE: showBroadcast},
		&cobra.Command{Use: "watch ID", Short: "Show how far a broadcast is, until it is done", Args: cobra.ExactArgs(1), RunE: watchBroadcast},
		&cobra.Command{Use: "pause ID", Short: "Stop a broadcast for now", Args: cobra.ExactArgs(1), RunE: turnBroadcast((*broadcast.Caster).Pause, "paused")},
		&cobra.Command{Use: "resume ID", Short: "Go on with a broadcast", Args: cobra.ExactArgs(1), RunE: turnBroadcast((*broadcast.Caster).Resume, "goes on")},
		&cobra.Command{Use: "cancel ID", Short: "End a broadcast for good; those who wait get nothing", Args: cobra.ExactArgs(1), RunE: turnBroadcast((*broadcast.Caster).Cancel, "cancelled")})
	return c
}

// caster carries broadcasts out.
func (b *base) caster() *broadcast.Caster {
	return &broadcast.Caster{Store: b.store, Outbox: b.outbox, Now: b.now}
}

// readBroadcast reads a file, with its channels looked up.
func (b *base) readBroadcast(ctx context.Context, path string) (core.Broadcast, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		var where *fs.PathError
		if errors.As(err, &where) {
			err = where.Err
		}
		return core.Broadcast{}, problemf("file", "The broadcast %s cannot be read: %v.", path, err).Remedied("Check its name; an example is in docs/broadcasts.md.")
	}
	file, err := business.ParseBroadcast(filepath.ToSlash(path), raw)
	if err != nil {
		return file.Broadcast, err
	}
	cast := file.Broadcast
	cast.Language = cmp.Or(cast.Language, "en")
	for _, name := range file.Channels {
		ch, err := b.store.In(b.workspace).ChannelByName(ctx, name)
		if errors.Is(err, core.ErrNotFound) {
			return cast, core.Problemf(core.CodeNotFound, "There is no channel %q.", name).Remedied("See causeway channel list.")
		}
		if err != nil {
			return cast, err
		}
		cast.Channels = append(cast.Channels, ch.ID)
	}
	return cast, nil
}

func planBroadcast(cmd *cobra.Command, args []string) error {
	return withBase(cmd, func(b *base) error {
		cast, err := b.readBroadcast(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		p, err := b.caster().DryRun(cmd.Context(), b.workspace, cast)
		if err != nil {
			return err
		}
		return b.printPlan(cmd.Context(), cmd.OutOrStdout(), p)
	})
}

func (b *base) printPlan(ctx context.Context, w io.Writer, p broadcast.Plan) error {
	fmt.Fprintf(w, "%s in the segment; %d would get it, in about %s\n", count(p.Contacts, "contact"), p.Send, core.Span(time.Duration(p.Minutes)*time.Minute))
	if p.Category != "" {
		fmt.Fprintf(w, "the template is of the category %s, by which the provider charges\n", p.Category)
	}
	for _, id := range slices.Sorted(maps.Keys(p.Channels)) {
		ch, err := b.store.In(b.workspace).Channel(ctx, id)
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "  %5d by %s\n", p.Channels[id], ch.Name)
	}
	for _, why := range slices.Sorted(maps.Keys(p.LeftOut)) {
		fmt.Fprintf(w, "  %5d left out: %s\n", p.LeftOut[why], why)
	}
	fmt.Fprintln(w, "nothing was sent")
	return nil
}

func startBroadcast(cmd *cobra.Command, args []string) error {
	return withBase(cmd, func(b *base) error {
		cast, err := b.readBroadcast(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		if cast, err = b.caster().Start(cmd.Context(), b.workspace, cast); err != nil {
			return err
		}
		fmt.Fprintf(cmd.OutOrStdout(), "%s begins %s; see causeway broadcast watch %s\n", cast.ID, begins(cast, b.now()), cast.ID)
		return nil
	})
}

func begins(c core.Broadcast, now time.Time) string {
	if c.At.After(now) {
		return "at " + c.At.Local().Format("2006-01-02 15:04")
	}
	return "now"
}

// standing is where a broadcast is; one whose time has not come yet is not going.
func standing(c core.Broadcast, now time.Time) string {
	if c.State == core.BroadcastGoing && c.At.After(now) {
		return "begins " + begins(c, now)
	}
	return string(c.State)
}

func listBroadcasts(cmd *cobra.Command, _ []string) error {
	return withBase(cmd, func(b *base) error {
		all, err := b.store.In(b.workspace).Broadcasts(cmd.Context(), core.Page{})
		if err != nil {
			return err
		}
		if len(all) == 0 {
			fmt.Fprintln(cmd.OutOrStdout(), "there is no broadcast")
			return nil
		}
		t := newTable(cmd.OutOrStdout(), "ID", "NAME", "STATE", "SENT", "LEFT OUT", "WAIT", "MADE")
		for _, c := range all {
			n, _, err := b.store.In(b.workspace).CountRecipients(cmd.Context(), c.ID)
			if err != nil {
				return err
			}
			t.row(c.ID, c.Name, standing(c, b.now()), strconv.Itoa(n[core.RecipientSent]), strconv.Itoa(n[core.RecipientLeftOut]), strconv.Itoa(n[core.RecipientWaiting]),
				c.Created.Local().Format("2006-01-02 15:04"))
		}
		return t.flush()
	})
}

// found words a broadcast that is not there.
func found(err error) error {
	if errors.Is(err, core.ErrNotFound) {
		return core.NotFound("broadcast")
	}
	return err
}

func showBroadcast(cmd *cobra.Command, args []string) error {
	return withBase(cmd, func(b *base) error {
		repo := b.store.In(b.workspace)
		if _, err := repo.Broadcast(cmd.Context(), args[0]); err != nil {
			return found(err)
		}
		t := newTable(cmd.OutOrStdout(), "CONTACT", "NAME", "STATE", "MESSAGE", "WHY")
		for after := core.ContactID(""); ; {
			const page = 200
			all, err := repo.Recipients(cmd.Context(), args[0], "", after, page)
			if err != nil {
				return err
			}
			if len(all) == 0 {
				return t.flush()
			}
			for _, r := range all {
				who, err := repo.Contact(cmd.Context(), r.Contact)
				if err != nil {
					return err
				}
				state, err := fate(cmd.Context(), repo, r)
				if err != nil {
					return err
				}
				t.row(string(r.Contact), who.Name, string(r.State), state, r.Reason)
			}
			after = all[len(all)-1].Contact
		}
	})
}

// fate is what became of a recipient's message.
func fate(ctx context.Context, repo core.Repo, r core.Recipient) (string, error) {
	if r.Message == "" {
		return "", nil
	}
	m, err := repo.Message(ctx, r.Message)
	if errors.Is(err, core.ErrNotFound) {
		return "no longer kept", nil
	}
	return string(m.Status), err
}

// watchBroadcast looks every second, or where no person looks on, every ten.
func watchBroadcast(cmd *cobra.Command, args []string) error {
	return withBase(cmd, func(b *base) error {
		p := &progress{out: cmd.OutOrStdout(), drawn: terminal(cmd.OutOrStdout())}
		each := 10 * time.Second
		if p.drawn {
			each = time.Second
		}
		repo := b.store.In(b.workspace)
		for looked := false; ; looked = true {
			c, err := repo.Broadcast(cmd.Context(), args[0])
			if err != nil {
				return found(err)
			}
			if c.At.After(b.now()) && !looked {
				fmt.Fprintf(p.out, "%s %s\n", c.Name, standing(c, b.now()))
			}
			n, _, err := repo.CountRecipients(cmd.Context(), c.ID)
			if err != nil {
				return err
			}
			if c.State != core.BroadcastGoing {
				return p.over(c, n)
			}
			if err := p.show(c, n); err != nil {
				return err
			}
			select {
			case <-cmd.Context().Done():
				return cmd.Context().Err()
			case <-time.After(each):
			}
		}
	})
}

// progress shows how far a broadcast is: by a bar that is drawn, or by lines.
type progress struct {
	out   io.Writer
	drawn bool
	bar   *progressbar.ProgressBar
}

func (p *progress) show(c core.Broadcast, n map[core.RecipientState]int) error {
	done := n[core.RecipientSent] + n[core.RecipientLeftOut]
	all := done + n[core.RecipientWaiting]
	switch {
	case all == 0:
		return nil
	case !p.drawn:
		fmt.Fprintf(p.out, "%s: %d of %d\n", c.Name, done, all)
		return nil
	case p.bar == nil:
		p.bar = progressbar.NewOptions(all, progressbar.OptionSetWriter(p.out), progressbar.OptionSetDescription(c.Name), progressbar.OptionShowCount(), progressbar.OptionSetPredictTime(true))
	}
	if err := p.bar.Set(done); err != nil {
		return fmt.Errorf("draw the bar: %w", err)
	}
	return nil
}

// over says what became of it.
func (p *progress) over(c core.Broadcast, n map[core.RecipientState]int) error {
	if p.bar != nil {
		if err := p.show(c, n); err != nil {
			return err
		}
		fmt.Fprintln(p.out)
	}
	fmt.Fprintf(p.out, "%s is %s: %d sent, %d left out\n", c.Name, c.State, n[core.RecipientSent], n[core.RecipientLeftOut])
	return nil
}

func turnBroadcast(turn func(*broadcast.Caster, context.Context, core.WorkspaceID, string) error, said string) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		return withBase(cmd, func(b *base) error {
			if err := turn(b.caster(), cmd.Context(), b.workspace, args[0]); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s %s\n", args[0], said)
			return nil
		})
	}
}
