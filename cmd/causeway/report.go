package main

import (
	"cmp"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"causeway/core"
	"causeway/core/report"

	"github.com/spf13/cobra"
)

func reportCommand() *cobra.Command {
	c := &cobra.Command{Use: "report", Short: "Count conversations, answers and satisfaction", GroupID: "admin", Args: cobra.NoArgs, RunE: makeReport,
		Long: "Count the conversations opened in a time: how many, how fast they were answered and closed, by whom, and how content contacts were.\nWhat each figure means is in docs/reports.md."}
	c.Flags().String("from", "", "first day, like 2026-11-01; 30 days ago if left out")
	c.Flags().String("to", "", "last day, like 2026-11-30; today if left out")
	c.Flags().String("format", "text", "text, csv or json")
	c.Flags().String("table", "lines", "of csv: lines (everything, channels, agents, teams), hours, queues, workflows, comments or figures (the rest)")
	c.AddCommand(reconcileCommand())
	return c
}

func makeReport(cmd *cobra.Command, _ []string) error {
	write, err := reportFormat(cmd.Flag("format").Value.String(), cmd.Flag("table").Value.String())
	if err != nil {
		return err
	}
	return withBase(cmd, func(b *base) error {
		repo := b.store.In(b.workspace)
		reception, err := core.LoadReception(cmd.Context(), repo)
		if err != nil {
			return err
		}
		zone := reception.Hours.Location()
		from, to, err := reportDays(cmd.Flag("from").Value.String(), cmd.Flag("to").Value.String(), b.now().In(zone))
		if err != nil {
			return err
		}
		r, err := report.Make(cmd.Context(), repo, from, to, zone, b.now())
		if err != nil {
			return err
		}
		return write(cmd.OutOrStdout(), r)
	})
}

func reportFormat(name, table string) (func(io.Writer, report.Report) error, error) {
	switch name {
	case "text":
		return printReport, nil
	case "csv":
		rows := map[string]func(report.Report) [][]string{"lines": lineRows, "hours": hourRows, "queues": queueRows, "workflows": workflowRows, "comments": commentRows, "figures": figureRows}
		if rows[table] == nil {
			return nil, core.Problemf(core.CodeInvalid, "There is no table %q.", table).Remedied("Use one of: lines, hours, queues, workflows, comments, figures.")
		}
		return func(w io.Writer, r report.Report) error { return csv.NewWriter(w).WriteAll(rows[table](r)) }, nil
	case "json":
		return func(w io.Writer, r report.Report) error {
			e := json.NewEncoder(w)
			e.SetIndent("", "  ")
			return e.Encode(r)
		}, nil
	}
	return nil, core.Problemf(core.CodeInvalid, "There is no format %q.", name).Remedied("Use text, csv or json.")
}

// reportDays are the start of the first day and the end of the last, in the zone of now.
func reportDays(first, last string, now time.Time) (from, to time.Time, err error) {
	const days = 30
	today := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, now.Location())
	if from, err = reportDay(first, today.AddDate(0, 0, -days)); err != nil {
		return from, to, err
	}
	if to, err = reportDay(last, today); err != nil {
		return from, to, err
	}
	to = to.AddDate(0, 0, 1)
	if !from.Before(to) {
		return from, to, core.Problemf(core.CodeInvalid, "The report would end before it begins.").Remedied("Give --from a day before that of --to.")
	}
	return from, to, nil
}

func reportDay(text string, spare time.Time) (time.Time, error) {
	if text == "" {
		return spare, nil
	}
	t, err := time.ParseInLocation(time.DateOnly, text, spare.Location())
	if err != nil {
		return t, core.Problemf(core.CodeInvalid, "%q is not a day.", text).Remedied("Write it like 2026-11-30.")
	}
	return t, nil
}

// printReport is for people.
func printReport(w io.Writer, r report.Report) error {
	fmt.Fprintf(w, "%s to %s (%s)\n\n", r.From.Format(time.DateOnly), r.To.Add(-time.Second).Format(time.DateOnly), r.Zone)
	for _, part := range []struct {
		title string
		lines []report.Line
	}{{"EVERYTHING", []report.Line{r.All}}, {"CHANNEL", r.Channels}, {"AGENT", r.Agents}, {"TEAM", r.Teams}} {
		if len(part.lines) == 0 {
			continue
		}
		t := newTable(w, part.title, "OPENED", "CLOSED", "IN", "OUT", "FIRST ANSWER", "90% BY", "CLOSED AFTER", "STARS")
		for _, l := range part.lines {
			t.row(l.Name, strconv.Itoa(l.Opened), strconv.Itoa(l.Closed), strconv.Itoa(l.In), strconv.Itoa(l.Out), took(l.FirstAnswer.N, l.FirstAnswer.Median),
				took(l.FirstAnswer.N, l.FirstAnswer.P90), took(l.Resolution.N, l.Resolution.Median), stars(l.Content))
		}
		if err := t.flush(); err != nil {
			return err
		}
		fmt.Fprintln(w)
	}
	if err := printHours(w, r.Hours); err != nil {
		return err
	}
	a := r.Answers
	for _, q := range r.Queues {
		fmt.Fprintf(w, "queue of %s, now: %s, the longest for %s, %s on average\n", cmp.Or(q.Name, "all agents"), count(q.Waiting, "conversation"), took(q.Waiting, q.Longest), took(q.Waiting, q.Mean))
	}
	if r.All.PickUp.N > 0 {
		fmt.Fprintf(w, "%s got an agent, after %s on average\n", count(r.All.PickUp.N, "conversation"), took(r.All.PickUp.N, r.All.PickUp.Mean))
	}
	if r.All.Abandoned > 0 {
		fmt.Fprintf(w, "%s given up before anybody had them\n", count(r.All.Abandoned, "conversation"))
	}
	fmt.Fprintf(w, "answers: %d by agents, %d on the phone, %d by programs, %d automatic; %s without an answer, %d told of a queue\n", a.Agents, a.Phone, a.Programs, a.Automatic,
		count(r.Unanswered, "conversation"), r.Surge.Conversations)
	for _, f := range r.Workflows {
		fmt.Fprintf(w, "workflow %s: began %s%s%s\n", f.Name, count(f.Began, "time"), tallied("; ended: ", f.Ended), tallied("; wait at: ", f.Steps))
	}
	return printComments(w, r)
}

// Of comments, people are shown so many, and so much of each; a table has all.
const mostComments, longestComment = 20, 100

// printComments shows what contacts wrote of their satisfaction; nothing where none did.
func printComments(w io.Writer, r report.Report) error {
	if len(r.Comments) == 0 {
		return nil
	}
	fmt.Fprintln(w)
	t := newTable(w, "COMMENT OF", "STARS", "CONVERSATION", "AGENT", "TEXT")
	for _, c := range r.Comments[:min(len(r.Comments), mostComments)] {
		t.row(c.At.In(r.From.Location()).Format(time.DateOnly), strconv.Itoa(c.Score), "#"+strconv.FormatInt(c.Number, 10), cmp.Or(c.Agent, c.Team, "–"), brief(c.Text, longestComment))
	}
	if err := t.flush(); err != nil {
		return err
	}
	if more := len(r.Comments) - mostComments; more > 0 {
		fmt.Fprintf(w, "and %s more: --format csv --table comments\n", count(more, "comment"))
	}
	return nil
}

// printHours shows when contacts open conversations; nothing where none did.
func printHours(w io.Writer, all report.Week) error {
	if all == (report.Week{}) {
		return nil
	}
	head := []string{"OPENED AT"}
	for hour := range 24 {
		head = append(head, fmt.Sprintf("%02d", hour))
	}
	t := newTable(w, head...)
	for day, hours := range all {
		row := []string{time.Weekday(day).String()}
		for _, n := range hours {
			row = append(row, strings.Replace(strconv.Itoa(n), "0", "·", 1-min(n, 1)))
		}
		t.row(row...)
	}
	if err := t.flush(); err != nil {
		return err
	}
	fmt.Fprintln(w)
	return nil
}

// tallied lists how many of each there are, the most first; nothing for none.
func tallied(title string, all map[string]int) string {
	if len(all) == 0 {
		return ""
	}
	var parts []string
	for _, k := range byNumber(all) {
		parts = append(parts, fmt.Sprintf("%dx %s", all[k], k))
	}
	return title + strings.Join(parts, ", ")
}

// byNumber are the keys of what was counted, the most first, and by name where they are as many.
func byNumber(all map[string]int) []string {
	return slices.SortedFunc(maps.Keys(all), func(a, b string) int { return cmp.Or(all[b]-all[a], strings.Compare(a, b)) })
}

// took is a time of so many, for people.
func took(n int, seconds float64) string {
	if n == 0 {
		return "–"
	}
	return core.Span(time.Duration(seconds * float64(time.Second)).Round(time.Second))
}

func stars(s report.Satisfaction) string {
	if s.Answered == 0 {
		return "–"
	}
	return fmt.Sprintf("%.1f (%d of %d)", s.Average, s.Answered, s.Asked)
}

// The tables are for spreadsheets. Times are in seconds, empty where there are none.

// lineRows has a line for everything, each channel, agent and team.
func lineRows(r report.Report) [][]string {
	rows := [][]string{{"kind", "name", "opened", "closed", "in", "out", "first_answer_n", "first_answer_median_s", "first_answer_p90_s", "first_answer_mean_s",
		"resolution_n", "resolution_median_s", "resolution_p90_s", "pick_up_n", "pick_up_median_s", "survey_asked", "survey_answered", "survey_average", "abandoned"}}
	for _, part := range []struct {
		kind  string
		lines []report.Line
	}{{"all", []report.Line{r.All}}, {"channel", r.Channels}, {"agent", r.Agents}, {"team", r.Teams}} {
		for _, l := range part.lines {
			rows = append(rows, []string{part.kind, harmless(l.Name), strconv.Itoa(l.Opened), strconv.Itoa(l.Closed), strconv.Itoa(l.In), strconv.Itoa(l.Out),
				strconv.Itoa(l.FirstAnswer.N), figure(l.FirstAnswer.N, l.FirstAnswer.Median), figure(l.FirstAnswer.N, l.FirstAnswer.P90), figure(l.FirstAnswer.N, l.FirstAnswer.Mean),
				strconv.Itoa(l.Resolution.N), figure(l.Resolution.N, l.Resolution.Median), figure(l.Resolution.N, l.Resolution.P90), strconv.Itoa(l.PickUp.N),
				figure(l.PickUp.N, l.PickUp.Median), strconv.Itoa(l.Content.Asked), strconv.Itoa(l.Content.Answered), figure(l.Content.Answered, l.Content.Average), strconv.Itoa(l.Abandoned)})
		}
	}
	return rows
}

// hourRows has a line for each hour of the week: of all channels together, then of each.
func hourRows(r report.Report) [][]string {
	rows := [][]string{{"channel", "weekday", "hour", "opened"}}
	add := func(channel string, w report.Week) {
		for day, hours := range w {
			for hour, n := range hours {
				rows = append(rows, []string{channel, time.Weekday(day).String(), strconv.Itoa(hour), strconv.Itoa(n)})
			}
		}
	}
	add("all", r.Hours)
	for _, l := range r.Channels {
		if l.Hours != nil {
			add(harmless(l.Name), *l.Hours)
		}
	}
	return rows
}

// queueRows has a line for each queue in which somebody waits now.
func queueRows(r report.Report) [][]string {
	rows := [][]string{{"queue", "waiting", "longest_s", "mean_s"}}
	for _, q := range r.Queues {
		rows = append(rows, []string{harmless(cmp.Or(q.Name, "all agents")), strconv.Itoa(q.Waiting), figure(q.Waiting, q.Longest), figure(q.Waiting, q.Mean)})
	}
	return rows
}

// workflowRows has a line for each way in which runs of a workflow ended, and for each step at which they wait.
func workflowRows(r report.Report) [][]string {
	rows := [][]string{{"workflow", "began", "state", "why_or_where", "runs"}}
	for _, f := range r.Workflows {
		for _, part := range []struct {
			state string
			all   map[string]int
		}{{"ended", f.Ended}, {"waits", f.Steps}} {
			for _, k := range byNumber(part.all) {
				rows = append(rows, []string{harmless(f.Name), strconv.Itoa(f.Began), part.state, harmless(k), strconv.Itoa(part.all[k])})
			}
		}
	}
	return rows
}

// commentRows has a line for each comment on a survey, the newest first.
func commentRows(r report.Report) [][]string {
	rows := [][]string{{"at", "stars", "conversation", "number", "channel", "agent", "team", "comment"}}
	for _, c := range r.Comments {
		rows = append(rows, []string{c.At.In(r.From.Location()).Format(time.RFC3339), strconv.Itoa(c.Score), string(c.Conversation), strconv.FormatInt(c.Number, 10), harmless(c.Channel), harmless(c.Agent), harmless(c.Team),
			harmless(c.Text)})
	}
	return rows
}

// figureRows has a line for each figure that stands alone.
func figureRows(r report.Report) [][]string {
	rows := [][]string{{"figure", "value"}}
	add := func(name string, n int) { rows = append(rows, []string{name, strconv.Itoa(n)}) }
	add("answers_agents", r.Answers.Agents)
	add("answers_phone", r.Answers.Phone)
	add("answers_programs", r.Answers.Programs)
	add("answers_automatic", r.Answers.Automatic)
	add("unanswered", r.Unanswered)
	add("told_of_a_queue", r.Surge.Conversations)
	for i, n := range r.All.Content.Scores {
		add("stars_"+strconv.Itoa(i+1), n)
	}
	return rows
}

// figure is a number of so many, empty where there are none.
func figure(n int, v float64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}

// harmless keeps a spreadsheet from taking a text for a formula.
func harmless(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		return "'" + text
	}
	return text
}
