package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"causeway/core"

	"github.com/spf13/cobra"
)

func contactCommand() *cobra.Command {
	c := &cobra.Command{Use: "contact", Short: "Look after contacts", GroupID: "admin"}
	m := &cobra.Command{Use: "merge-duplicates", Short: "Merge contacts that are one person by what the gateway knows; --dry-run only says which", Args: cobra.NoArgs,
		Long: "Contacts are one person if their phone numbers are two ways of writing one number, or if the phone and the API brought one message of theirs under two names.\n" +
			"Those with different WhatsApp accounts are left alone. A merge can be undone: causeway contact undo-merge.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withBase(cmd, func(b *base) error { return b.mergeDuplicates(cmd) })
		}}
	m.Flags().Bool("dry-run", false, "only say what would be merged")
	u := &cobra.Command{Use: "undo-merge ID", Short: "Make two contacts of one again, by the id that the merge was shown with", Args: cobra.ExactArgs(1),
		Long: "The contact that was merged gets back its addresses and its conversations of that time. What came in since stays where it is.",
		RunE: func(cmd *cobra.Command, args []string) error {
			return withBase(cmd, func(b *base) error { return b.undoMerge(cmd, args[0]) })
		}}
	s := &cobra.Command{Use: "show CONTACT", Short: "Show what a contact is known by, who said so, and which merges made them", Args: cobra.ExactArgs(1),
		Long: "CONTACT is an id, a phone number, or any other address that the contact is known by, such as a WhatsApp user id.",
		RunE: func(cmd *cobra.Command, args []string) error {
			return withBase(cmd, func(b *base) error { return b.showContact(cmd, args[0]) })
		}}
	c.AddCommand(s, contactSetCommand(), m, u, contactEraseCommand(), contactErasedCommand())
	return c
}

func contactSetCommand() *cobra.Command {
	c := &cobra.Command{Use: "set CONTACT", Short: "Set fields of a contact, and tag them", Args: cobra.ExactArgs(1),
		Long: "What is not named stays. Workflows, segments of broadcasts and the assignment to a dedicated agent go by fields and tags.\n" +
			"CONTACT is an id, a phone number, or any other address that the contact is known by, such as a WhatsApp user id.",
		RunE: func(cmd *cobra.Command, args []string) error {
			return withBase(cmd, func(b *base) error { return b.setContact(cmd, args[0]) })
		}}
	c.Flags().StringToString("field", nil, "name=value; an empty value removes the field")
	c.Flags().StringSlice("tag", nil, "tags to add")
	c.Flags().StringSlice("untag", nil, "tags to remove")
	return c
}

func (b *base) setContact(cmd *cobra.Command, name string) error {
	c, err := b.contactNamed(cmd.Context(), name)
	if err != nil {
		return err
	}
	var k core.Knowledge
	k.Fields, _ = cmd.Flags().GetStringToString("field")
	k.Tags, _ = cmd.Flags().GetStringSlice("tag")
	k.Untag, _ = cmd.Flags().GetStringSlice("untag")
	if len(k.Fields)+len(k.Tags)+len(k.Untag) == 0 {
		return core.Problemf(core.CodeInvalid, "There is nothing to set.").Remedied("Write --field owner=Lena, --tag vip or --untag vip.")
	}
	if err := b.carer.Know(cmd.Context(), b.workspace, c.ID, k, core.Author{Kind: core.AuthorAPI, Name: "causeway contact set"}); err != nil {
		return err
	}
	return b.printKnowledge(cmd, c)
}

// printKnowledge shows the fields and tags of a contact, where there are any.
func (b *base) printKnowledge(cmd *cobra.Command, c core.Contact) error {
	fields, err := b.repo().Fields(cmd.Context(), c.ID)
	if err != nil {
		return err
	}
	tags, err := b.repo().ContactTags(cmd.Context(), c.ID)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		fmt.Fprintf(cmd.OutOrStdout(), "%s: %s\n", brief(name, longestComment), brief(fields[name], longestComment))
	}
	if len(tags) > 0 {
		fmt.Fprintf(cmd.OutOrStdout(), "tags: %s\n", brief(strings.Join(tags, ", "), 5*longestComment))
	}
	return nil
}

// contactSchemes are those by which a contact is looked for.
var contactSchemes = []core.Scheme{core.SchemeLID, core.SchemeBSUID, core.SchemeUsername, core.SchemeEmail, core.SchemeGroup}

// contactNamed finds a contact by its id, or by what it is known by. One that is part of another is that other.
func (b *base) contactNamed(ctx context.Context, name string) (core.Contact, error) {
	id := core.ContactID(name)
	keys := []core.IdentityKey{{Scheme: core.SchemePhone, Value: core.PhoneDigits(name)}}
	for _, s := range contactSchemes {
		keys = append(keys, core.IdentityKey{Scheme: s, Value: strings.TrimPrefix(name, "@")})
	}
	keys = append(keys, core.OtherWritings(keys)...) // last, for who is known by just this counts first
	known, err := b.repo().Identities(ctx, keys)
	if err != nil {
		return core.Contact{}, err
	}
	if len(known) > 0 {
		id = known[0].Contact
	}
	c, err := b.repo().Contact(ctx, id)
	for err == nil && c.MergedInto != "" {
		c, err = b.repo().Contact(ctx, c.MergedInto)
	}
	if errors.Is(err, core.ErrNotFound) {
		err = core.Problemf(core.CodeNotFound, "No contact is known by %q.", name).Remedied("Give an id, a phone number with its country code, or a user id as the provider writes it.")
	}
	return c, err
}

func (b *base) showContact(cmd *cobra.Command, name string) error {
	c, err := b.contactNamed(cmd.Context(), name)
	if err != nil {
		return err
	}
	known, err := b.repo().IdentitiesOf(cmd.Context(), c.ID)
	if err != nil {
		return err
	}
	merges, err := b.repo().MergesOf(cmd.Context(), c.ID)
	if err != nil {
		return err
	}
	names, err := b.channelNames(cmd.Context())
	if err != nil {
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%s %s\n", c.ID, brief(c.Name, longestComment))
	if err := b.printKnowledge(cmd, c); err != nil {
		return err
	}
	fmt.Fprintln(cmd.OutOrStdout())
	t := newTable(cmd.OutOrStdout(), "KNOWN BY", "AS", "SAID BY", "EVENT", "SINCE")
	for _, i := range known {
		t.row(string(i.Key.Scheme), i.Key.Value, saidBy(i, names), i.Event, i.Seen.In(b.cfg.Location()).Format(time.DateTime))
	}
	if err := t.flush(); err != nil || len(merges) == 0 {
		return err
	}
	fmt.Fprintln(cmd.OutOrStdout())
	t = newTable(cmd.OutOrStdout(), "MERGE", "FROM", "INTO", "WHY", "AT", "UNDONE")
	for _, m := range merges {
		undone := ""
		if !m.Undone.IsZero() {
			undone = m.Undone.In(b.cfg.Location()).Format(time.DateTime)
		}
		t.row(m.ID, string(m.From), string(m.Into), m.Reason, m.At.In(b.cfg.Location()).Format(time.DateTime), undone)
	}
	return t.flush()
}

// channelNames are the names of the workspace's channels.
func (b *base) channelNames(ctx context.Context) (map[core.ChannelID]string, error) {
	all, err := core.EveryChannel(ctx, b.repo())
	if err != nil {
		return nil, err
	}
	names := map[core.ChannelID]string{}
	for _, ch := range all {
		names[ch.ID] = ch.Name
	}
	return names, nil
}

// saidBy is the channel that an identity was learned from, if one is known, and in what way.
func saidBy(i core.Identity, names map[core.ChannelID]string) string {
	if name := names[i.Channel]; name != "" {
		return name + " (" + i.Source + ")"
	}
	return i.Source
}

func (b *base) undoMerge(cmd *cobra.Command, id string) error {
	m, err := b.repo().Merge(cmd.Context(), id)
	if errors.Is(err, core.ErrNotFound) {
		return core.Problemf(core.CodeNotFound, "There is no merge %s.", id).Remedied("Take the id from causeway contact show, or from what merge-duplicates printed.")
	}
	if err != nil {
		return err
	}
	if err := b.desk.Unmerge(cmd.Context(), b.workspace, id); err != nil {
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%s and %s are two contacts again\n", m.Into, m.From)
	return nil
}

func (b *base) mergeDuplicates(cmd *cobra.Command) error {
	dry, _ := cmd.Flags().GetBool("dry-run")
	all, err := core.Duplicates(cmd.Context(), b.repo())
	if err != nil {
		return err
	}
	if len(all) == 0 {
		fmt.Fprintln(cmd.OutOrStdout(), "no duplicates")
		return nil
	}
	t := newTable(cmd.OutOrStdout(), "INTO", "FROM", "WHY", "DONE")
	for _, d := range all {
		done := "would be merged"
		if d.Doubt != "" {
			done = "left alone: " + d.Doubt
		} else if !dry {
			m, failed := b.desk.Merge(cmd.Context(), b.workspace, d.Into.ID, d.From.ID, "duplicate: "+d.Why)
			done = "merged, as " + m.ID
			if failed != nil {
				done, err = "not merged", errors.Join(err, failed)
			}
		}
		t.row(string(d.Into.ID)+" "+d.Into.Name, string(d.From.ID)+" "+d.From.Name, d.Why, done)
	}
	return errors.Join(err, t.flush())
}
