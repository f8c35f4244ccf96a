package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"causeway/core"
	"causeway/core/assign"
	"causeway/core/workflow"

	"github.com/spf13/cobra"
)

// replayed is a past conversation, and what workflows would have done in it.
type replayed struct {
	core.Conversation
	*workflow.Rehearsal
	past assign.Past
}

// tryOnHistory plays past conversations to workflows, and what these ask for to the desk.
func (b *base) tryOnHistory(cmd *cobra.Command, files []string, span time.Duration) error {
	known, err := workflow.Names(cmd.Context(), b.repo())
	if err != nil {
		return err
	}
	defs, err := readWorkflows(files, known)
	if err != nil {
		return err
	}
	all, err := b.replayAll(cmd.Context(), defs, b.now().Add(-span))
	if err != nil {
		return err
	}
	past := make([]assign.Past, len(all))
	for i, r := range all {
		past[i] = r.past
	}
	fates, shares, err := assign.Rehearse(cmd.Context(), b.repo(), past, b.now())
	if err != nil {
		return err
	}
	names, err := b.agentNames(cmd.Context())
	if err != nil {
		return err
	}
	return printReplay(cmd.OutOrStdout(), all, fates, shares, names)
}

// replayAll plays the conversations that began since a time, newest first.
func (b *base) replayAll(ctx context.Context, defs []workflow.Definition, since time.Time) ([]replayed, error) {
	var all []replayed
	to, err := b.byName(ctx)
	if err != nil {
		return nil, err
	}
	p := core.Page{Limit: 100}
	for {
		page, err := b.repo().Conversations(ctx, core.ConversationFilter{}, p)
		if err != nil {
			return nil, err
		}
		for _, c := range page {
			p.Before = c.LastAt.Format(time.RFC3339Nano)
			if c.Opened.Before(since) {
				continue
			}
			r, err := b.replayTo(ctx, defs, c, to)
			if err != nil {
				return nil, fmt.Errorf("conversation #%d: %w", c.Number, err)
			}
			all = append(all, r)
		}
		if len(page) < p.Limit || page[len(page)-1].LastAt.Before(since) {
			return all, nil
		}
	}
}

// replayTo plays one past conversation.
func (b *base) replayTo(ctx context.Context, defs []workflow.Definition, c core.Conversation, to roster) (replayed, error) {
	played := replayed{Conversation: c, past: assign.Past{Conversation: c}}
	r, err := b.rehearsal(ctx, defs, c)
	if err != nil {
		return played, err
	}
	played.Rehearsal = r
	said, err := b.allOf(ctx, c.ID)
	if err != nil {
		return played, err
	}
	for _, m := range said {
		if err := played.goOn(ctx, m); err != nil {
			return played, err
		}
	}
	err = played.finish(ctx)
	played.past.Asks = to.asks(r, c)
	if closed := r.Talk.Closed; c.State == core.ConversationOpen || !closed.IsZero() && closed.Before(c.Closed) {
		played.past.Conversation.Closed = closed
	}
	return played, err
}

// goOn plays what was said next.
func (r *replayed) goOn(ctx context.Context, m core.Message) error {
	if err := r.Pass(ctx, m.At); err != nil {
		return err
	}
	switch {
	case m.Historic || m.Content.Automatic != "":
	case m.Direction == core.In:
		return r.Hear(ctx, m.Content)
	case m.Author.Human() && r.Talk.ID != "":
		if r.past.By == "" {
			r.past.Answered, r.past.By = m.At, m.Author.Agent
		}
		return r.Answer(ctx, m.Content.Text)
	}
	return nil
}

// finish closes the conversation when it was closed, unless a workflow did that before; one that goes on is looked at for a week more.
func (r *replayed) finish(ctx context.Context) error {
	if r.State != core.ConversationClosed || r.Talk.State != core.ConversationOpen {
		return r.Pass(ctx, r.Now.Add(7*24*time.Hour))
	}
	if err := r.Pass(ctx, r.Conversation.Closed); err != nil {
		return err
	}
	return r.Close(ctx)
}

// rehearsal is a stage with the contact of a past conversation as they are today.
func (b *base) rehearsal(ctx context.Context, defs []workflow.Definition, c core.Conversation) (*workflow.Rehearsal, error) {
	r, err := workflow.NewRehearsal(defs, c.Opened)
	if err != nil {
		return nil, err
	}
	repo := b.repo()
	reads := []func() error{
		func() (err error) { r.Contact, err = repo.Contact(ctx, c.Contact); return },
		func() (err error) { r.Fields, err = repo.Fields(ctx, c.Contact); return },
		func() (err error) { r.Tags, err = repo.ContactTags(ctx, c.Contact); return },
		func() error {
			reception, err := core.LoadReception(ctx, repo)
			r.Hours, r.Language = reception.Hours, reception.Language
			return err
		},
		func() error {
			all, err := repo.ConversationsOf(ctx, c.Contact)
			r.Before = len(slices.DeleteFunc(all, func(o core.Conversation) bool { return !o.Opened.Before(c.Opened) }))
			return err
		},
	}
	for _, read := range reads {
		if err := read(); err != nil {
			return nil, err
		}
	}
	if ch, err := repo.Channel(ctx, c.Channel); err == nil {
		r.Channel = ch
	}
	return r, nil
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

// roster finds agents and teams by the names that rehearsals know them by.
type roster struct {
	agents map[string]core.AgentID
	teams  map[string]core.TeamID
}

func (b *base) byName(ctx context.Context) (roster, error) {
	to := roster{map[string]core.AgentID{}, map[string]core.TeamID{}}
	agents, err := b.repo().Agents(ctx)
	if err != nil {
		return to, err
	}
	for _, a := range agents {
		to.agents[a.Name] = a.ID
	}
	teams, err := b.repo().Teams(ctx)
	for _, t := range teams {
		to.teams[t.Name] = t.ID
	}
	return to, err
}

// asks are what the workflows asked for. Where they asked for nobody, the default of the business does once they have ended.
func (to roster) asks(r *workflow.Rehearsal, c core.Conversation) []assign.Ask {
	var all []assign.Ask
	for _, a := range r.Asked {
		want := a.Assignment
		want.Agent, want.Team = to.agents[string(want.Agent)], to.teams[string(want.Team)]
		all = append(all, assign.Ask{At: a.At, Priority: a.Priority, Assignment: want})
	}
	if len(all) > 0 {
		return all
	}
	at := c.Opened
	for _, x := range r.Runs {
		if x.State != core.RunEnded {
			return nil
		}
		if x.Changed.After(at) {
			at = x.Changed
		}
	}
	return []assign.Ask{{At: at}}
}

// agentNames are the agents' names by id.
func (b *base) agentNames(ctx context.Context) (map[core.AgentID]string, error) {
	agents, err := b.repo().Agents(ctx)
	names := map[core.AgentID]string{}
	for _, a := range agents {
		names[a.ID] = a.Name
	}
	return names, err
}

func printReplay(out io.Writer, all []replayed, fates []assign.Fate, shares []assign.Share, names map[core.AgentID]string) error {
	t := newTable(out, "CONVERSATION", "OPENED", "MESSAGES SENT", "FOR", "WOULD GO TO", "AFTER", "RUNS")
	said, texts, first, to := 0, map[string]int{}, map[string]string{}, map[string]int{}
	for i, r := range all {
		for n, m := range r.Said {
			at := r.SaidAt[n]
			if texts[at]++; first[at] == "" {
				first[at], _, _ = strings.Cut(m.Content.Text, "\n")
			}
		}
		said += len(r.Said)
		wanted := ""
		if len(r.Assigned) > 0 {
			wanted = r.Assigned[len(r.Assigned)-1]
			to[wanted]++
		}
		who, waited := destiny(fates[i], names)
		t.row(fmt.Sprintf("#%d", r.Number), r.Opened.Local().Format("2006-01-02 15:04"), strconv.Itoa(len(r.Said)), wanted, who, waited, ends(r.Runs))
	}
	if err := t.flush(); err != nil {
		return err
	}
	fmt.Fprintf(out, "\n%s, %s; nothing was sent\n", count(len(all), "conversation"), count(said, "message"))
	for _, k := range byNumber(to) {
		fmt.Fprintf(out, "asked for %dx: %s\n", to[k], k)
	}
	for _, k := range byNumber(texts) {
		fmt.Fprintf(out, "said %dx by %s: %s\n", texts[k], k, brief(first[k], longestComment))
	}
	return printShares(out, fates, shares)
}

// destiny says who would have got a conversation, and how long after they were asked for.
func destiny(f assign.Fate, names map[core.AgentID]string) (who, waited string) {
	switch {
	case f.Agent != "":
		return names[f.Agent], core.Span(f.Given.Sub(f.Asked))
	case f.Asked.IsZero():
		return "–", ""
	}
	return "nobody", ""
}

// ends says how the runs of a conversation ended.
func ends(runs []core.Run) string {
	var all []string
	for _, x := range runs {
		all = append(all, strings.TrimSpace(x.Workflow+": "+string(x.State)+" "+x.Reason))
	}
	return strings.Join(all, "; ")
}

// printShares says what each agent would have had.
func printShares(out io.Writer, fates []assign.Fate, shares []assign.Share) error {
	if len(fates) == 0 {
		return nil
	}
	var waits []time.Duration
	for _, f := range fates {
		if f.Agent != "" {
			waits = append(waits, f.Given.Sub(f.Asked))
		}
	}
	fmt.Fprintln(out)
	t := newTable(out, "AGENT", "CONVERSATIONS", "MOST AT ONCE")
	for _, s := range shares {
		t.row(s.Agent, strconv.Itoa(s.Got), strconv.Itoa(s.Most))
	}
	t.row("nobody", strconv.Itoa(len(fates)-len(waits)), "")
	if err := t.flush(); err != nil || len(waits) == 0 {
		return err
	}
	slices.Sort(waits)
	fmt.Fprintf(out, "half of them would have been given after %s or sooner, all after %s\n", core.Span(waits[(len(waits)-1)/2]), core.Span(waits[len(waits)-1]))
	return nil
}
