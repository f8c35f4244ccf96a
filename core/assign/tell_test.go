package assign_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"causeway/core"
)

// told lists what was said since the last call.
func (o *office) told() string {
	all := strings.Join(o.said, "\n")
	o.said = nil
	return all
}

// A contact hears who looks after them; in a surge their place, then better ones only; nothing once a person has answered.
func TestTold(t *testing.T) {
	liteOffice(t, func(o *office) {
		o.hire("ann")
		o.team("sales", core.Strategy{Pick: core.PickFewest, Most: 1}, "ann")
		o.settings(core.DeskSettings{Team: "sales", Tell: core.DeskMessages{Assigned: true, Surge: true, Every: 10 * time.Minute}})
		var ids []core.ConversationID
		come := func() {
			o.Helper()
			ids = append(ids, o.arrive())
			o.happens(core.Happening{Conversation: ids[len(ids)-1], Kind: core.HappenedOpened, By: core.Author{Kind: core.AuthorContact}})
		}
		come()
		equal(o.world, "the first", o.told(), "Ann will look after you.")
		come()
		come()
		come()
		all := o.told()
		for _, place := range []string{"number 1 in", "number 2 in", "number 3 in"} {
			equal(o.world, place, strings.Count(all, place), 1)
		}
		equal(o.world, "an apology, no time", strings.Contains(all, "sorry") && !strings.Contains(all, "expect"), true)
		o.pass(11 * time.Minute)
		equal(o.world, "no better place", o.told(), "")
		o.close(ids[0])
		equal(o.world, "the next", o.told(), "Ann will look after you.")
		o.answers("ann", ids[2]) // out of the queue
		equal(o.world, "who answered needs no introduction", o.told(), "")
		o.pass(11 * time.Minute)
		equal(o.world, "a better place", o.told(), "You are now number 1 in the queue.")
		o.pass(time.Hour)
		equal(o.world, "never the same again", o.told(), "")
	})
}

// While automation has not followed what brought a contact into the queue, which may be a greeting, their place is not told; but not for ever.
func TestToldAfterGreeting(t *testing.T) {
	liteOffice(t, func(o *office) {
		o.hire("ann")
		o.team("sales", core.Strategy{Pick: core.PickFewest, Most: 1}, "ann")
		o.settings(core.DeskSettings{Team: "sales", Tell: core.DeskMessages{Surge: true}})
		equal(o.world, "the first", o.toTeam(o.arrive()), "ann")
		tell := func(id core.ConversationID) time.Duration {
			o.Helper()
			later := core.Later{}
			err := o.Tell(o.Context(), core.Work{Job: core.Job{Kind: core.JobTell, Workspace: o.ws, Key: string(id)}})
			if err != nil && !errors.As(err, &later) {
				o.Error(err)
			}
			return later.After
		}
		for _, passes := range []time.Duration{time.Second, time.Minute} {
			id := o.arrive()
			o.toTeam(id)
			o.must(o.repo.AddHappening(o.Context(), core.Happening{ID: core.NewID[string](), Conversation: id, Kind: core.HappenedMessage, At: o.clock}))
			equal(o.world, "look again", tell(id), time.Second)
			equal(o.world, "nothing yet", o.told(), "")
			o.clock = o.clock.Add(passes)
			if passes < time.Minute {
				o.settle()
				o.pass(time.Second)
			} else {
				tell(id)
			}
			equal(o.world, "then", strings.Contains(o.told(), "in the queue"), true)
		}
	})
}

// Outside of the hours nobody is told of a queue: that is the away message's.
func TestToldInsideTheHours(t *testing.T) {
	liteOffice(t, func(o *office) {
		var h core.Hours
		for d := range h.Week {
			h.Week[d] = []core.Shift{{From: 15 * 60, To: 17 * 60}} // it is noon
		}
		o.must(core.SaveReception(o.Context(), o.repo, core.Reception{Hours: h, Language: "ru"}))
		o.hire("ann")
		o.team("sales", core.Strategy{Pick: core.PickFewest, Most: 1}, "ann")
		o.settings(core.DeskSettings{Team: "sales", Tell: core.DeskMessages{Surge: true}})
		first, second := o.arrive(), o.arrive()
		for _, id := range []core.ConversationID{first, second} {
			o.happens(core.Happening{Conversation: id, Kind: core.HappenedOpened, By: core.Author{Kind: core.AuthorContact}})
		}
		equal(o.world, "closed", o.told(), "")
		o.pass(3*time.Hour + time.Minute)
		equal(o.world, "the shift gets it", o.conv(first).Agent, "ann")
		o.pass(time.Minute)
		equal(o.world, "open, in the business's language", strings.Contains(o.told(), "Ваш номер в очереди — 1"), true)
	})
}

func TestPresence(t *testing.T) {
	weekdays := core.Hours{Zone: "Africa/Cairo"}
	for d := range weekdays.Week {
		weekdays.Week[d] = []core.Shift{{From: 9 * 60, To: 17 * 60}}
	}
	for _, c := range []struct {
		name     string
		hours    core.Hours
		settings core.DeskSettings
		do       func(o *office)
		want     []bool // at 12:00 UTC on a Sunday, and after each hour
	}{
		{name: "without shifts", want: []bool{true, true}},
		{name: "on shift until three", hours: weekdays, want: []bool{true, true, true, false}},
		{name: "offline until tomorrow's shift", hours: weekdays, do: func(o *office) { o.is("ann", core.PresenceOffline) },
			want: []bool{false, false, false, false, false, false, false, false, false, false, false, false, false, false, false, false, false, false, false, true}},
		{name: "online ends with the shift", hours: weekdays, do: func(o *office) { o.is("ann", core.PresenceOnline) }, want: []bool{true, true, true, false}},
		{name: "busy for an hour", do: func(o *office) {
			_, err := o.Say(o.Context(), o.ws, "ann", core.PresenceBusy, o.clock.Add(time.Hour))
			o.must(err)
		}, want: []bool{false, true}},
		{name: "on shift, no answer yet", settings: core.DeskSettings{Answered: time.Hour}, want: []bool{false}},
		{name: "answered lately", settings: core.DeskSettings{Answered: 90 * time.Minute}, do: func(o *office) { o.answers("ann", o.arrive()) }, want: []bool{true, true, false}},
		{name: "away until a time", do: func(o *office) {
			for range 2 {
				o.must(o.Away(o.Context(), o.ws, "ann", o.clock.Add(time.Hour), core.Job{Kind: core.JobAdmin, Workspace: o.ws, Key: core.NewID[string]()}))
			}
			equal(o.world, "news to the admins", o.jobsOf(core.JobAdmin), 1)
		}, want: []bool{false, true}},
		{name: "away until they write", do: func(o *office) {
			o.must(o.Away(o.Context(), o.ws, "ann", time.Time{}))
			o.clock = o.clock.Add(time.Minute)
			o.answers("ann", o.arrive())
		}, want: []bool{true}},
		{name: "who said online is not away", do: func(o *office) {
			o.is("ann", core.PresenceOnline)
			o.must(o.Away(o.Context(), o.ws, "ann", time.Time{}, core.Job{Kind: core.JobAdmin, Workspace: o.ws, Key: "away"}))
			equal(o.world, "news to the admins", o.jobsOf(core.JobAdmin), 0)
		}, want: []bool{true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			liteOffice(t, func(o *office) {
				o.agent(core.Agent{ID: "ann", Hours: c.hours})
				o.settings(c.settings)
				if c.do != nil {
					c.do(o)
				}
				for i, want := range c.want {
					all, _, err := o.Standings(o.Context(), o.ws)
					o.must(err)
					if all[0].Name != "Ann" || all[0].Available != want {
						t.Errorf("after %d hours: %+v", i, all[0])
					}
					o.clock = o.clock.Add(time.Hour)
				}
			})
		})
	}
	liteOffice(t, func(o *office) {
		var round core.Hours
		for d := range round.Week {
			round.Week[d] = []core.Shift{{To: 24 * 60}}
		}
		o.agent(core.Agent{ID: "ann", Hours: round})
		d, err := o.Say(o.Context(), o.ws, "ann", core.PresenceOffline, time.Time{})
		o.must(err)
		equal(o.world, "offline, as no shift begins, until they say something else", d.Until.IsZero(), true)
		d, err = o.Say(o.Context(), o.ws, "ann", core.PresenceOnline, time.Time{})
		o.must(err)
		equal(o.world, "online, as no shift ends", d.Until.Sub(o.clock), 12*time.Hour)
		_, err = o.Say(o.Context(), o.ws, "ann", core.PresenceUnsaid, time.Time{})
		o.must(err)
	})
	liteOffice(t, func(o *office) {
		o.hire("ann")
		_, err := o.Say(o.Context(), o.ws, "ann", "asleep", time.Time{})
		isProblem(o.world, "no presence", err, core.CodeInvalid, "online, busy or offline")
		_, err = o.Say(o.Context(), o.ws, "ann", core.PresenceBusy, o.clock)
		isProblem(o.world, "over", err, core.CodeInvalid, "still to come")
		_, err = o.Say(o.Context(), o.ws, "who", core.PresenceBusy, time.Time{})
		isProblem(o.world, "nobody", err, core.CodeNotFound, "agent")
	})
}

// jobsOf is how many jobs of a kind there are.
func (o *office) jobsOf(kind core.JobKind) (n int) {
	jobs, err := o.queue.Jobs(o.Context())
	o.must(err)
	for _, j := range jobs {
		if j.Kind == kind {
			n++
		}
	}
	return n
}
