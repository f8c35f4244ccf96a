package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"causeway/core"
	"causeway/core/workflow"

	"github.com/spf13/cobra"
)

func workflowTestCommand() *cobra.Command {
	c := &cobra.Command{Use: "test FILE…", Short: "Try workflows on scripted or on past conversations; nothing is sent", Args: cobra.MinimumNArgs(1), RunE: testWorkflows,
		Long: "Try workflows in memory: nothing is sent, stored or called.\n\n" +
			"Each FILE holds cases: scripted conversations, and what is expected (see docs/workflows.md). With --history each FILE holds workflows, which are tried\n" +
			"on the conversations of that time: what would have been said, and to whom each would have gone. Requests to other systems fail then."}
	c.Flags().Duration("history", 0, "try them on the conversations of this time, such as 720h")
	return c
}

func testWorkflows(cmd *cobra.Command, args []string) error {
	if d, _ := cmd.Flags().GetDuration("history"); d > 0 {
		return withBase(cmd, func(b *base) error { return b.tryOnHistory(cmd, args, d) })
	}
	failed, played := 0, 0
	for _, path := range args {
		n, bad, err := tryCases(cmd, path)
		if played, failed = played+n, failed+bad; err != nil {
			return err
		}
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%s, %d failed\n", count(played, "case"), failed)
	if failed > 0 {
		return core.Problemf(core.CodeInvalid, "%s did not go as it says.", count(failed, "case")).Remedied("Change the workflow, or what the case expects.")
	}
	return nil
}

// tryCases plays the cases of a file.
func tryCases(cmd *cobra.Command, path string) (played, failed int, err error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return 0, 0, problemf("file", "The file of cases %s cannot be read: %v.", path, errors.Unwrap(err)).Remedied("Check its name.")
	}
	cases, err := workflow.ReadCases(path, raw)
	if err != nil {
		return 0, 0, err
	}
	files := make([]string, len(cases.Workflows))
	for i, f := range cases.Workflows {
		if files[i] = f; !filepath.IsAbs(f) {
			files[i] = filepath.Join(filepath.Dir(path), f)
		}
	}
	defs, err := readWorkflows(files, workflow.Known{})
	if err != nil {
		return 0, 0, err
	}
	for _, c := range cases.Cases {
		wrong, err := c.Try(cmd.Context(), defs)
		if err != nil {
			return played, failed, err
		}
		played++
		if len(wrong) == 0 {
			fmt.Fprintf(cmd.OutOrStdout(), "ok    %s\n", c.Name)
			continue
		}
		failed++
		fmt.Fprintf(cmd.OutOrStdout(), "FAIL  %s\n      %s\n", c.Name, strings.Join(wrong, "\n      "))
	}
	return played, failed, nil
}

// tally is what workflows would have done in past conversations.
type tally struct {
	talks, said int
	texts, to   map[string]int
}

// tryOnHistory plays past conversations to workflows.
func (b *base) tryOnHistory(cmd *cobra.Command, files []string, span time.Duration) error {
	known, err := workflow.Names(cmd.Context(), b.repo())
	if err != nil {
		return err
	}
	defs, err := readWorkflows(files, known)
	if err != nil {
		return err
	}
	sum := tally{texts: map[string]int{}, to: map[string]int{}}
	t := newTable(cmd.OutOrStdout(), "CONVERSATION", "OPENED", "MESSAGES SENT", "TO", "RUNS")
	p := core.Page{Limit: 100}
	for since := b.now().Add(-span); ; {
		page, err := b.repo().Conversations(cmd.Context(), core.ConversationFilter{}, p)
		if err != nil {
			return err
		}
		for _, c := range page {
			p.Before = c.LastAt.Format(time.RFC3339Nano)
			if c.Opened.Before(since) {
				continue
			}
			r, err := b.replayTo(cmd.Context(), defs, c)
			if err != nil {
				return fmt.Errorf("conversation #%d: %w", c.Number, err)
			}
			sum.row(t, c, r)
		}
		if len(page) < p.Limit || page[len(page)-1].LastAt.Before(since) {
			break
		}
	}
	if err := t.flush(); err != nil {
		return err
	}
	sum.print(cmd)
	return nil
}

func (s *tally) row(t table, c core.Conversation, r *workflow.Rehearsal) {
	s.talks++
	s.said += len(r.Said)
	for _, m := range r.Said {
		text, _, _ := strings.Cut(m.Content.Text, "\n")
		s.texts[text]++
	}
	to := ""
	if len(r.Assigned) > 0 {
		to = r.Assigned[len(r.Assigned)-1]
		s.to[to]++
	}
	var runs []string
	for _, x := range r.Runs {
		runs = append(runs, strings.TrimSpace(x.Workflow+": "+string(x.State)+" "+x.Reason))
	}
	t.row(fmt.Sprintf("#%d", c.Number), c.Opened.Local().Format("2006-01-02 15:04"), strconv.Itoa(len(r.Said)), to, strings.Join(runs, "; "))
}

func (s *tally) print(cmd *cobra.Command) {
	out := cmd.OutOrStdout()
	fmt.Fprintf(out, "\n%s, %s; nothing was sent\n", count(s.talks, "conversation"), count(s.said, "message"))
	for _, part := range []struct {
		title string
		all   map[string]int
	}{{"assigned to", s.to}, {"said", s.texts}} {
		for _, k := range slices.SortedFunc(maps.Keys(part.all), func(a, b string) int { return part.all[b] - part.all[a] }) {
			fmt.Fprintf(out, "%s %dx: %s\n", part.title, part.all[k], k)
		}
	}
}

// replayTo plays one past conversation.
func (b *base) replayTo(ctx context.Context, defs []workflow.Definition, c core.Conversation) (*workflow.Rehearsal, error) {
	r, err := workflow.NewRehearsal(defs, c.Opened)
	if err != nil {
		return nil, err
	}
	repo := b.repo()
	if r.Contact, err = repo.Contact(ctx, c.Contact); err != nil {
		return nil, err
	}
	if r.Fields, err = repo.Fields(ctx, c.Contact); err != nil {
		return nil, err
	}
	if r.Tags, err = repo.ContactTags(ctx, c.Contact); err != nil {
		return nil, err
	}
	if ch, err := repo.Channel(ctx, c.Channel); err == nil {
		r.Channel = ch
	}
	reception, err := core.LoadReception(ctx, repo)
	if err != nil {
		return nil, err
	}
	r.Hours = reception.Hours
	said, err := b.allOf(ctx, c.ID)
	if err != nil {
		return nil, err
	}
	for _, m := range said {
		if err := r.Pass(ctx, m.At); err != nil {
			return nil, err
		}
		switch {
		case m.Historic || m.Content.Automatic != "":
		case m.Direction == core.In:
			err = r.Hear(ctx, m.Content)
		case m.Author.Human() && r.Talk.ID != "":
			err = r.Answer(ctx, m.Content.Text)
		}
		if err != nil {
			return nil, err
		}
	}
	return r, r.Pass(ctx, r.Now.Add(7*24*time.Hour))
}

// allOf lists all messages of a conversation, oldest first.
func (b *base) allOf(ctx context.Context, id core.ConversationID) ([]core.Message, error) {
	var all []core.Message
	p := core.Page{Limit: 200}
	for {
		page, err := b.repo().Messages(ctx, id, p)
		if err != nil {
			return nil, err
		}
		all = append(all, page...)
		if len(page) < p.Limit {
			slices.Reverse(all)
			return all, nil
		}
		p.Before = strconv.FormatInt(page[len(page)-1].Seq, 10)
	}
}
