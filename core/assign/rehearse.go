package assign

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"causeway/core"
)

// Past is a conversation that was, and who would have been asked for in it.
type Past struct {
	Conversation core.Conversation // Closed is when it leaves its agent; zero: it has not
	Asks         []Ask             // in order
	Answered     time.Time         // when an agent answered first, who takes what is nobody's; zero: none did
	By           core.AgentID
}

// Ask is an assignment at a time.
type Ask struct {
	At         time.Time
	Priority   int
	Assignment core.Assignment
}

// Fate is what would have become of a conversation.
type Fate struct {
	Agent core.AgentID // empty: nobody had it when it was closed, or until now
	Asked time.Time
	Given time.Time
}

// Share is what an agent would have had.
type Share struct {
	Agent string
	Got   int
	Most  int // at the same time
}

// Rehearse plays past conversations to the desk as it is set up now, in memory: who would have got which, by strategies, caps, skills, languages and
// shifts, until a time. What people said of being there, and what they left untouched, is not played. Fates are in the order of what was given.
func Rehearse(ctx context.Context, repo core.Repo, all []Past, until time.Time) ([]Fate, []Share, error) {
	r := &rehearsal{all: all, fates: make([]Fate, len(all)), places: make([]core.Place, len(all)), most: map[core.AgentID]int{}, got: map[core.AgentID]int{}}
	s, err := attendance(ctx, repo, time.Time{})
	if err != nil {
		return nil, nil, err
	}
	for id, a := range s.agents {
		a.Duty = core.Duty{Agent: id}
		s.agents[id] = a
	}
	s.settings.Answered = 0
	r.session = &session{repo: before{repo, r}, staff: s}
	for _, m := range r.moments() {
		r.pass(m.at)
		if err := r.meet(ctx, m); err != nil {
			return nil, nil, fmt.Errorf("rehearse conversation #%d: %w", all[m.past].Conversation.Number, err)
		}
		r.handOut()
	}
	r.pass(until)
	return r.fates, r.shares(), nil
}

// rehearsal is the desk amid conversations that were.
type rehearsal struct {
	*session
	all    []Past
	fates  []Fate
	places []core.Place // of those that wait
	got    map[core.AgentID]int
	most   map[core.AgentID]int
}

// moment is something that happened to a past conversation: it was asked for, answered, or closed.
type moment struct {
	at   time.Time
	past int
	ask  *Ask
	by   core.AgentID
}

func (r *rehearsal) moments() []moment {
	var all []moment
	for i, p := range r.all {
		for n := range p.Asks {
			all = append(all, moment{at: p.Asks[n].At, past: i, ask: &p.Asks[n]})
		}
		if p.By != "" {
			all = append(all, moment{at: p.Answered, past: i, by: p.By})
		}
		if !p.Conversation.Closed.IsZero() {
			all = append(all, moment{at: p.Conversation.Closed, past: i})
		}
	}
	slices.SortStableFunc(all, func(a, b moment) int { return a.at.Compare(b.at) })
	return all
}

// meet lets something happen.
func (r *rehearsal) meet(ctx context.Context, m moment) error {
	switch fate := &r.fates[m.past]; {
	case m.ask != nil:
		return r.asked(ctx, m.past, *m.ask)
	case m.by != "" && fate.Agent == "":
		if to, known := r.agents[m.by]; known {
			fate.Asked = cmp.Or(fate.Asked, r.now)
			r.hand(m.past, to)
		}
	case m.by == "":
		r.release(m.past)
		r.places[m.past].Queued = time.Time{}
	}
	return nil
}

func (r *rehearsal) asked(ctx context.Context, i int, ask Ask) error {
	fate, a, c := &r.fates[i], ask.Assignment, r.all[i].Conversation
	p := &r.places[i]
	if closed := c.Closed; !closed.IsZero() && !closed.After(r.now) {
		return nil
	}
	if fate.Agent != "" && (a.Agent == "" && (a.Team == "" || a.Team == p.Team) || a.Agent == fate.Agent) {
		return nil
	}
	r.release(i)
	fate.Agent, fate.Asked, fate.Given = "", cmp.Or(fate.Asked, r.now), time.Time{}
	p.Conversation, p.Priority, p.Team = c.ID, ask.Priority, cmp.Or(a.Team, r.settings.Team)
	if to, known := r.agents[a.Agent]; known {
		r.hand(i, to)
		return nil
	}
	c.Agent, c.Team = "", p.Team
	var err error
	if p.Wants, err = r.wants(ctx, c, p.Team, a); err == nil && (r.strategy(p.Team).Pick != core.PickNobody || p.Wants.Agent != "") {
		p.Queued = r.now
	}
	return err
}

// pass lets the time go by until a moment, with the shifts that begin and the waits that end meanwhile.
func (r *rehearsal) pass(until time.Time) {
	for {
		var wake time.Time
		for _, p := range r.places {
			if !p.Queued.IsZero() {
				wake = sooner(sooner(wake, r.now, r.wakes(p.Team)), r.now, p.Wants.Until)
			}
		}
		if wake.IsZero() || !wake.Before(until) {
			break
		}
		r.now = wake
		r.handOut()
	}
	r.now = core.Latest(r.now, until)
}

// handOut gives what waits to whoever has room: higher priority first, then who waits longest.
func (r *rehearsal) handOut() {
	var waiting []int
	for i, p := range r.places {
		if !p.Queued.IsZero() {
			waiting = append(waiting, i)
		}
	}
	slices.SortStableFunc(waiting, func(a, b int) int {
		x, y := r.places[a], r.places[b]
		return cmp.Or(cmp.Compare(y.Priority, x.Priority), x.Queued.Compare(y.Queued))
	})
	for _, i := range waiting {
		if to, ok := r.pick(r.places[i], true); ok {
			r.hand(i, to)
		}
	}
}

func (r *rehearsal) hand(i int, to candidate) {
	d := to.Duty
	d.Given = r.now
	r.gave(to, d)
	r.board.give(r.places[i].Team, to.ID, r.available(r.places[i].Team))
	r.places[i].Queued = time.Time{}
	r.fates[i].Agent, r.fates[i].Given = to.ID, r.now
	r.got[to.ID]++
	r.most[to.ID] = max(r.most[to.ID], r.agents[to.ID].Duty.Open)
}

// release gives an agent room again.
func (r *rehearsal) release(i int) {
	if a, has := r.agents[r.fates[i].Agent]; has {
		a.Duty.Open--
		r.agents[a.ID] = a
	}
}

// shares are those of all who answer customers, by name.
func (r *rehearsal) shares() []Share {
	var all []Share
	for id, a := range r.agents {
		if !a.Disabled || r.got[id] > 0 {
			all = append(all, Share{a.Name, r.got[id], r.most[id]})
		}
	}
	slices.SortFunc(all, func(a, b Share) int { return cmp.Compare(a.Agent, b.Agent) })
	return all
}

// before is the store as a rehearsal has it: conversations have the agents who would have got them, and those to come are not there.
type before struct {
	core.Repo
	r *rehearsal
}

func (b before) ConversationsOf(ctx context.Context, contact core.ContactID) ([]core.Conversation, error) {
	all, err := b.Repo.ConversationsOf(ctx, contact)
	all = slices.DeleteFunc(all, func(c core.Conversation) bool { return c.Opened.After(b.r.now) })
	for i := range all {
		if n := slices.IndexFunc(b.r.all, func(p Past) bool { return p.Conversation.ID == all[i].ID }); n >= 0 {
			all[i].Agent = b.r.fates[n].Agent
		}
	}
	return all, err
}
