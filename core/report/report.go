// Package report counts: how much came in and when, how fast it was answered and closed, by whom, and how content contacts were. What each figure
// means is in docs/reports.md.
//
// A report is about the conversations opened in a time; what happened in them counts whenever it did. Answers by mail, through the API and on the
// business's phone are all answers.
package report

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"causeway/core"
)

// Report is the figures of a time.
type Report struct {
	From       time.Time `json:"from"`
	To         time.Time `json:"to"`
	Zone       string    `json:"zone"`
	All        Line      `json:"all"`
	Channels   []Line    `json:"channels"`
	Agents     []Line    `json:"agents"`
	Teams      []Line    `json:"teams"`
	Hours      Week      `json:"hours"` // conversations that contacts opened, by weekday from Sunday and by hour
	Workflows  []Funnel  `json:"workflows"`
	Answers    Answers   `json:"answers"`
	Surge      Surge     `json:"surge"`
	Queues     []Backlog `json:"queues"`     // as they are now; those in which nobody waits are left out
	Unanswered int       `json:"unanswered"` // opened by contacts, and no person has answered
	Comments   []Comment `json:"comments"`   // on surveys, the newest first
}

// Line is the figures of everything, a channel, an agent or a team.
type Line struct {
	Name        string       `json:"name"`
	Opened      int          `json:"opened"` // conversations; those of an agent or team are the ones that they have
	Closed      int          `json:"closed"` // of these
	In          int          `json:"in"`     // messages of contacts
	Out         int          `json:"out"`    // messages of the business, automation included
	FirstAnswer Spread       `json:"first_answer"`
	Resolution  Spread       `json:"resolution"`
	PickUp      Spread       `json:"pick_up"`
	Abandoned   int          `json:"abandoned"` // opened by contacts, and closed without having had an agent or a person's answer
	Content     Satisfaction `json:"satisfaction"`
	Hours       *Week        `json:"hours,omitempty"` // of a channel: as those of the report
}

// Week counts by weekday from Sunday and by hour.
type Week [7][24]int

func (w *Week) count(at time.Time) { w[at.Weekday()][at.Hour()]++ }

// Backlog is what waits for an agent now, whenever it was opened.
type Backlog struct {
	Name    string  `json:"name"` // of the team; empty: the queue of all agents
	Waiting int     `json:"waiting"`
	Longest float64 `json:"longest_s"`
	Mean    float64 `json:"mean_s"` // that those who wait have waited so far
}

// Answers counts the messages of the business by whom they are.
type Answers struct {
	Agents    int `json:"agents"` // by mail or API
	Phone     int `json:"phone"`
	Programs  int `json:"programs"`
	Automatic int `json:"automatic"`
}

// Surge is how often contacts were told that all are busy.
type Surge struct {
	Conversations int `json:"conversations"`
}

// Satisfaction is what contacts answered in surveys.
type Satisfaction struct {
	Asked    int     `json:"asked"`
	Answered int     `json:"answered"`
	Average  float64 `json:"average"` // of the scores from 1 to 5; zero: no answer
	Scores   [5]int  `json:"scores"`  // how many gave 1, 2, 3, 4, 5
}

// Comment is what a contact wrote to the stars that they gave.
type Comment struct {
	At           time.Time           `json:"at"` // when they gave the stars
	Score        int                 `json:"score"`
	Text         string              `json:"text"`
	Conversation core.ConversationID `json:"conversation"`
	Number       int64               `json:"number"` // of the conversation
	Channel      string              `json:"channel"`
	Agent        string              `json:"agent"` // who had it when it was asked about; empty: nobody
	Team         string              `json:"team"`
}

// Spread is how times spread, in seconds. Zero N: there are none, and the others mean nothing.
type Spread struct {
	N      int     `json:"n"`
	Median float64 `json:"median_s"`
	P90    float64 `json:"p90_s"`
	Mean   float64 `json:"mean_s"`
}

// Funnel is how far a workflow's runs came.
type Funnel struct {
	Name  string         `json:"name"`
	Began int            `json:"began"`
	Ended map[string]int `json:"ended"` // by why
	Steps map[string]int `json:"steps"` // where runs are that have not ended
}

// dialogue is a conversation as reports see it.
type dialogue struct {
	core.Conversation
	live     bool      // it was opened: not imported
	contacts bool      // by the contact
	first    time.Time // when the contact first wrote
	answered time.Time // when a person first answered after that
	assigned time.Time // when it first got an agent
	closed   time.Time // when it was last closed, if it still is
	in, out  int
	surge    bool
	survey   *core.SurveyAnswer
}

// Make counts. The zone is that of the hours in the report; nil is UTC. Now is when the queues are looked at.
func Make(ctx context.Context, repo core.Repo, from, to time.Time, zone *time.Location, now time.Time) (Report, error) {
	if zone == nil {
		zone = time.UTC
	}
	r := Report{From: from.In(zone), To: to.In(zone), Zone: zone.String(), Channels: []Line{}, Agents: []Line{}, Teams: []Line{}, Workflows: []Funnel{}, Queues: []Backlog{}, Comments: []Comment{}}
	all, err := read(ctx, repo, from, to, now, &r)
	if err != nil {
		return r, err
	}
	if err := r.lines(ctx, repo, all); err != nil {
		return r, err
	}
	for _, d := range all {
		if d.contacts {
			r.Hours.count(d.Opened.In(zone))
			if d.answered.IsZero() {
				r.Unanswered++
			}
		}
		if d.surge {
			r.Surge.Conversations++
		}
	}
	if r.Queues, err = queues(ctx, repo, now); err != nil {
		return r, err
	}
	r.Workflows, err = funnels(ctx, repo, from, to)
	return r, err
}

// queues looks at what waits, the longest queue first.
func queues(ctx context.Context, repo core.Repo, now time.Time) ([]Backlog, error) {
	counts, err := repo.Queues(ctx)
	if err != nil {
		return nil, fmt.Errorf("queues of the report: %w", err)
	}
	all := []Backlog{}
	for team := range counts {
		q := Backlog{}
		if team != "" {
			t, err := repo.Team(ctx, team)
			if err != nil {
				return nil, fmt.Errorf("team of a queue: %w", err)
			}
			q.Name = t.Name
		}
		if err := q.look(ctx, repo, team, now); err != nil {
			return nil, err
		}
		if q.Waiting > 0 {
			all = append(all, q)
		}
	}
	slices.SortFunc(all, func(a, b Backlog) int { return cmp.Or(b.Waiting-a.Waiting, cmp.Compare(a.Name, b.Name)) })
	return all, nil
}

// look counts a queue.
func (q *Backlog) look(ctx context.Context, repo core.Repo, team core.TeamID, now time.Time) error {
	const page = 500
	sum := 0.0
	for after := (*core.Place)(nil); ; {
		some, err := repo.Places(ctx, team, after, page)
		if err != nil {
			return fmt.Errorf("queue of the report: %w", err)
		}
		for _, p := range some {
			waited := max(now.Sub(p.Queued).Seconds(), 0)
			q.Waiting, q.Longest, sum = q.Waiting+1, max(q.Longest, waited), sum+waited
		}
		if len(some) < page {
			break
		}
		after = &some[len(some)-1]
	}
	if q.Waiting > 0 {
		q.Mean = sum / float64(q.Waiting)
	}
	return nil
}

// read gathers the dialogues of a time, without those that were imported.
func read(ctx context.Context, repo core.Repo, from, to, now time.Time, r *Report) ([]*dialogue, error) {
	convs, err := repo.ConversationsOpened(ctx, from, to)
	if err != nil {
		return nil, fmt.Errorf("conversations of the report: %w", err)
	}
	byID := make(map[core.ConversationID]*dialogue, len(convs))
	for _, c := range convs {
		byID[c.ID] = &dialogue{Conversation: c}
	}
	if err := repo.EventFacts(ctx, from, to, func(f core.EventFact) { byID[f.Conversation].event(f) }); err != nil {
		return nil, fmt.Errorf("history of the report: %w", err)
	}
	if err := repo.MessageFacts(ctx, from, to, func(f core.MessageFact) { byID[f.Conversation].message(f, &r.Answers) }); err != nil {
		return nil, fmt.Errorf("messages of the report: %w", err)
	}
	surveys, err := repo.Surveys(ctx, from, now.AddDate(1, 0, 0)) // whenever they were asked
	if err != nil {
		return nil, fmt.Errorf("surveys of the report: %w", err)
	}
	for _, s := range surveys {
		if d := byID[s.Conversation]; d != nil {
			d.survey = &s
		}
	}
	var all []*dialogue
	for _, c := range convs {
		if d := byID[c.ID]; d.live {
			all = append(all, d)
		}
	}
	return all, nil
}

func (d *dialogue) event(f core.EventFact) {
	if d == nil {
		return
	}
	switch f.Kind {
	case core.ConversationEventOpened:
		d.live, d.contacts = true, f.By.Kind == core.AuthorContact
	case core.ConversationEventAssigned:
		if d.assigned.IsZero() && f.Agent != "" {
			d.assigned = f.At
		}
	case core.ConversationEventClosed:
		d.closed = f.At
	case core.ConversationEventReopened:
		d.closed = time.Time{}
	default:
	}
}

func (d *dialogue) message(f core.MessageFact, a *Answers) {
	switch {
	case d == nil || !d.live:
		return
	case f.Direction == core.In:
		d.in++
		if d.first.IsZero() {
			d.first = f.At
		}
		return
	}
	d.out++
	switch f.Author.Kind {
	case core.AuthorAgent:
		a.Agents++
	case core.AuthorPhone:
		a.Phone++
	case core.AuthorAPI:
		a.Programs++
	default:
		a.Automatic++
	}
	d.surge = d.surge || f.Author.Kind == core.AuthorWorkflow && f.Author.Name == core.SurgeName
	if f.Author.Human() && d.answered.IsZero() && !d.first.IsZero() {
		d.answered = f.At
	}
}

// tally adds up a Line.
type tally struct {
	Line
	first, resolution, pickUp []float64
	sum                       int
}

func (t *tally) add(d *dialogue) {
	t.Opened++
	t.In += d.in
	t.Out += d.out
	if !d.closed.IsZero() && d.State == core.ConversationClosed {
		t.Closed++
		t.resolution = append(t.resolution, d.closed.Sub(d.Opened).Seconds())
		if d.contacts && d.assigned.IsZero() && d.answered.IsZero() {
			t.Abandoned++
		}
	}
	if !d.answered.IsZero() {
		t.first = append(t.first, d.answered.Sub(d.first).Seconds())
	}
	if !d.assigned.IsZero() {
		t.pickUp = append(t.pickUp, d.assigned.Sub(d.Opened).Seconds())
	}
	if d.survey == nil {
		return
	}
	t.Content.Asked++
	if s := d.survey.Score; s >= 1 && s <= 5 {
		t.Content.Answered++
		t.Content.Scores[s-1]++
		t.sum += s
	}
}

// opens counts when a channel's conversations begin.
func (t *tally) opens(d *dialogue, zone *time.Location) {
	if t.Hours == nil {
		t.Hours = &Week{}
	}
	if d.contacts {
		t.Hours.count(d.Opened.In(zone))
	}
}

func (t *tally) line(name string) Line {
	l := t.Line
	l.Name, l.FirstAnswer, l.Resolution, l.PickUp = name, spread(t.first), spread(t.resolution), spread(t.pickUp)
	if l.Content.Answered > 0 {
		l.Content.Average = float64(t.sum) / float64(l.Content.Answered)
	}
	return l
}

// spread describes times; the median of an even number is between the two in the middle, p90 is the smallest that nine in ten do not exceed.
func spread(all []float64) Spread {
	n := len(all)
	if n == 0 {
		return Spread{}
	}
	slices.Sort(all)
	sum := 0.0
	for _, v := range all {
		sum += v
	}
	return Spread{N: n, Median: (all[(n-1)/2] + all[n/2]) / 2, P90: all[(n*9+9)/10-1], Mean: sum / float64(n)}
}

// lines adds up everything, and each channel, agent and team.
func (r *Report) lines(ctx context.Context, repo core.Repo, all []*dialogue) error {
	names, err := namesOf(ctx, repo)
	if err != nil {
		return err
	}
	var whole tally
	channels, agents, teams := map[string]*tally{}, map[string]*tally{}, map[string]*tally{}
	put := func(into map[string]*tally, id string, d *dialogue) {
		if id == "" {
			return
		}
		if into[id] == nil {
			into[id] = &tally{}
		}
		into[id].add(d)
	}
	for _, d := range all {
		whole.add(d)
		put(channels, string(d.Channel), d)
		if t := channels[string(d.Channel)]; t != nil {
			t.opens(d, r.From.Location())
		}
		put(agents, string(d.Agent), d)
		put(teams, string(d.Team), d)
	}
	r.All = whole.line("all")
	r.Channels, r.Agents, r.Teams = linesOf(channels, names), linesOf(agents, names), linesOf(teams, names)
	r.Comments = comments(all, names)
	return nil
}

// comments are what contacts wrote on surveys, the newest first.
func comments(all []*dialogue, names map[string]string) []Comment {
	list := []Comment{}
	for _, d := range all {
		if s := d.survey; s != nil && s.Comment != "" {
			list = append(list, Comment{At: s.Answered, Score: s.Score, Text: s.Comment, Conversation: d.ID, Number: d.Number, Channel: nameOf(names, string(s.Channel)),
				Agent: nameOf(names, string(s.Agent)), Team: nameOf(names, string(s.Team))})
		}
	}
	slices.SortStableFunc(list, func(a, b Comment) int { return b.At.Compare(a.At) })
	return list
}

// nameOf is what people call a thing; what is gone is called by its id.
func nameOf(names map[string]string, id string) string {
	if name := names[id]; name != "" {
		return name
	}
	return id
}

func linesOf(tallies map[string]*tally, names map[string]string) []Line {
	lines := make([]Line, 0, len(tallies))
	for id, t := range tallies {
		lines = append(lines, t.line(nameOf(names, id)))
	}
	slices.SortFunc(lines, func(a, b Line) int { return cmp.Or(b.Opened-a.Opened, cmp.Compare(a.Name, b.Name)) })
	return lines
}

// namesOf are what people call channels, agents and teams, by id.
func namesOf(ctx context.Context, repo core.Repo) (map[string]string, error) {
	names := map[string]string{}
	channels, err := core.EveryChannel(ctx, repo)
	if err != nil {
		return nil, fmt.Errorf("channels: %w", err)
	}
	for _, c := range channels {
		names[string(c.ID)] = c.Name
	}
	agents, err := repo.Agents(ctx)
	if err != nil {
		return nil, fmt.Errorf("agents: %w", err)
	}
	for _, a := range agents {
		names[string(a.ID)] = a.Name
	}
	teams, err := repo.Teams(ctx)
	if err != nil {
		return nil, fmt.Errorf("teams: %w", err)
	}
	for _, t := range teams {
		names[string(t.ID)] = t.Name
	}
	return names, nil
}

// funnels counts the runs of workflows that began in a time.
func funnels(ctx context.Context, repo core.Repo, from, to time.Time) ([]Funnel, error) {
	runs, err := repo.RunFacts(ctx, from, to)
	if err != nil {
		return nil, fmt.Errorf("runs of the report: %w", err)
	}
	all := []Funnel{}
	for _, run := range runs {
		i := slices.IndexFunc(all, func(f Funnel) bool { return f.Name == run.Workflow })
		if i < 0 {
			i = len(all)
			all = append(all, Funnel{Name: run.Workflow, Ended: map[string]int{}, Steps: map[string]int{}})
		}
		all[i].Began++
		if run.State == core.RunEnded {
			all[i].Ended[cmp.Or(run.Reason, "done")]++
		} else {
			all[i].Steps[run.Step]++
		}
	}
	slices.SortFunc(all, func(a, b Funnel) int { return b.Began - a.Began })
	return all, nil
}
