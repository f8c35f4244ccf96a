package main

import (
	"bufio"
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"os/user"
	"slices"
	"strings"
	"time"

	"causeway/core"
	"causeway/core/erase"
	"causeway/core/session"

	"github.com/spf13/cobra"
)

// newEraser makes what erases contacts.
func (b *base) newEraser() *erase.Eraser {
	return erase.New(erase.Options{Store: b.store, Blobs: b.blobs, Bridges: bridges(), Owner: session.Owner, Mark: b.marker(), Repeats: b.repeats(), Scrub: b.store.Scrub,
		Now: b.now, Log: b.log})
}

// marker hashes by which what was erased is known again. Without the master key nobody can say what a hash was made of, though numbers are few.
func (b *base) marker() func(text string) string {
	key := b.vault.Derive("erasure")
	return func(text string) string {
		h := hmac.New(sha256.New, key)
		_, _ = io.WriteString(h, text)
		return hex.EncodeToString(h.Sum(nil))
	}
}

// repeats is how long an event that comes again is known.
func (b *base) repeats() time.Duration { return days(max(b.cfg.Retain.EventDays, repeatedFor)) }

func contactEraseCommand() *cobra.Command {
	c := &cobra.Command{Use: "erase CONTACT", Short: "Erase everything about a contact, for good; it shows what, and asks", Args: cobra.ExactArgs(1),
		Long: "Erase a contact: their name and addresses, what they said and what was said to them, files, agents' mails as they were received, notes, orders, and where\n" +
			"else they are mentioned. What reports count stays, without a word of it. What was begun and not ended goes on when the command is given again.\n" +
			"CONTACT is an id, a phone number, or any other address that the contact is known by, such as a WhatsApp user id.",
		RunE: func(cmd *cobra.Command, args []string) error {
			return withBase(cmd, func(b *base) error { return b.eraseContact(cmd, args[0]) })
		}}
	c.Flags().Bool("yes", false, "do not ask")
	c.Flags().String("by", "", "who asked for it, for the proof; else the user who gives the command")
	c.Flags().Bool("compact", false, "then write the database file anew, so that nothing is left in its free places; nobody else can write meanwhile")
	return c
}

func contactErasedCommand() *cobra.Command {
	return &cobra.Command{Use: "erased", Short: "List the proofs of the contacts that were erased", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withBase(cmd, func(b *base) error { return b.listErasures(cmd) })
		}}
}

func (b *base) eraseContact(cmd *cobra.Command, name string) error {
	ctx := cmd.Context()
	c, err := b.contactNamed(ctx, name)
	if err != nil {
		return err
	}
	p, err := b.eraser.Plan(ctx, b.workspace, c.ID)
	if err != nil {
		return err
	}
	if !p.Erased {
		if err := b.tellPlan(cmd, p); err != nil {
			return err
		}
		if yes, _ := cmd.Flags().GetBool("yes"); !yes && !agreed(cmd, "Erase all of it? Type yes: ") {
			fmt.Fprintln(cmd.OutOrStdout(), "nothing was erased")
			return nil
		}
	}
	by, _ := cmd.Flags().GetString("by")
	e, err := b.eraser.Begin(ctx, b.workspace, c.ID, core.Author{Kind: core.AuthorAPI, Name: cmp.Or(by, operator("causeway contact erase"))})
	if err != nil {
		return err
	}
	if e, err = b.eraser.Finish(ctx, b.workspace, e.ID); err != nil {
		return err
	}
	if compact, _ := cmd.Flags().GetBool("compact"); compact {
		if err := b.store.Compact(ctx); err != nil {
			return err
		}
	}
	fmt.Fprintf(cmd.OutOrStdout(), "erased: %s\nproof: %s\n", counted(e.Counts, core.CountNotices, core.CountMailboxes), e.ID)
	b.tellLeft(cmd, e.Counts)
	return nil
}

// operator is who gives a command.
func operator(command string) string {
	if u, err := user.Current(); err == nil && u.Username != "" {
		return command + ", by " + u.Username
	}
	return command
}

// agreed asks a question, and reports whether the answer is yes.
func agreed(cmd *cobra.Command, question string) bool {
	fmt.Fprint(cmd.OutOrStdout(), question)
	line, err := bufio.NewReader(cmd.InOrStdin()).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return false
	}
	return strings.EqualFold(strings.TrimSpace(line), "yes")
}

// tellPlan says what goes.
func (b *base) tellPlan(cmd *cobra.Command, p erase.Plan) error {
	known, err := b.repo().IdentitiesOf(cmd.Context(), p.Contact.ID)
	if err != nil {
		return err
	}
	var addresses []string
	for _, i := range known {
		addresses = append(addresses, fmt.Sprintf("%s (%s)", brief(i.Key.Value, longestComment), i.Key.Scheme))
	}
	out := cmd.OutOrStdout()
	fmt.Fprintf(out, "%s, known by %s\n", cmp.Or(brief(p.Contact.Name, longestComment), "a contact without a name"), cmp.Or(strings.Join(addresses, ", "), "no address"))
	fmt.Fprintf(out, "This goes for good: %s; name, addresses, fields, tags, notes, orders and what workflows know of them; what waits to be sent;\n"+
		"what they said in groups; what the channel log, dead letters and events that were set aside say of them.\n", counted(p.Counts, core.CountNotices, core.CountMailboxes))
	fmt.Fprintln(out, "This stays: what reports count, without names and words; a keyed hash of an address that wants no messages.")
	b.tellLeft(cmd, p.Counts)
	return nil
}

// tellLeft says what cannot be erased from here.
func (b *base) tellLeft(cmd *cobra.Command, counts map[string]int) {
	out := cmd.OutOrStdout()
	fmt.Fprintln(out, "This cannot be erased from here, and is yours to see to:")
	fmt.Fprintf(out, "- %s about the contact in %s\n", count(counts[core.CountNotices], "mail"), mailboxes(counts[core.CountMailboxes]))
	fmt.Fprintln(out, "- backups that were made before, and the database server's own log and copies")
	fmt.Fprintln(out, "- what the channels' providers, the contact's own device and a linked phone keep")
	fmt.Fprintln(out, "- what was handed to other systems by webhooks, and what was exported")
}

func mailboxes(n int) string {
	if n == 1 {
		return "1 agent's mailbox"
	}
	return fmt.Sprintf("%d agents' mailboxes", n)
}

// counted writes counts in a line, but for some.
func counted(counts map[string]int, without ...string) string {
	var all []string
	for _, what := range slices.Sorted(maps.Keys(counts)) {
		if counts[what] > 0 && !slices.Contains(without, what) {
			all = append(all, fmt.Sprintf("%s %d", what, counts[what]))
		}
	}
	return cmp.Or(strings.Join(all, ", "), "nothing")
}

func (b *base) listErasures(cmd *cobra.Command) error {
	t := newTable(cmd.OutOrStdout(), "PROOF", "CONTACT", "ASKED", "BY", "DONE", "ERASED", "ADDRESSES")
	for p := (core.Page{Limit: 200}); ; {
		all, err := b.repo().Erasures(cmd.Context(), p)
		if err != nil {
			return err
		}
		for _, e := range all {
			done := "going on"
			if !e.Done.IsZero() {
				done = e.Done.In(b.cfg.Location()).Format(time.DateTime)
			}
			t.row(e.ID, string(e.Contact), e.Asked.In(b.cfg.Location()).Format(time.DateTime), e.By.Name, done, counted(e.Counts), strings.Join(e.Marks, " "))
			p.Before = e.ID
		}
		if len(all) < p.Limit {
			return t.flush()
		}
	}
}
