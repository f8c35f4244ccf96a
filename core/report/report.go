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
