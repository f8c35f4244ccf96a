package workflow

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"causeway/core"
)

const (
	mostStarts  = 30 // of runs in a conversation, in an hour
	sameTexts   = 4  // so often the same long text in sameWithin is a machine's
	sameWithin  = 10 * time.Minute
	sameLetters = 12
)

// follow first takes on what a crash interrupted, then lets the waiting runs react, then starts what the happening triggers.
func (f *following) follow(ctx context.Context) error {
	for _, t := range f.runs {
		if err := t.drive(ctx); err != nil {
			return err
		}
	}
	taken := slices.ContainsFunc(f.runs, func(t *turn) bool { return t.run.Heard == f.h.ID && !f.began(t) })
	if f.h.Kind == core.HappenedMessage {
		if heed, err := f.read(ctx); err != nil || !heed {
			return err
		}
	}
	starts, interrupts, err := f.starts(ctx)
	if err != nil {
		return err
	}
	for _, t := range f.runs {
		took, err := t.hear(ctx, interrupts)
		if taken = taken || took; err != nil {
			return err
		}
	}
	return f.start(ctx, starts, taken)
}

// read gets the message that was written, and reports whether it is heeded: not where it is gone, or a machine's. What talks to a machine ends.
func (f *following) read(ctx context.Context) (heed bool, err error) {
	f.msg, err = f.repo.Message(ctx, f.h.Message)
	switch {
	case errors.Is(err, core.ErrNotFound):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("message that was written: %w", err)
	case f.msg.Content.Automatic != "":
		return false, nil
	}
	machine, err := f.machine(ctx)
	if err != nil || !machine {
		return err == nil, err
	}
	return false, f.silence(ctx)
}

// began reports whether the happening began the run.
func (f *following) began(t *turn) bool { return strings.HasPrefix(t.run.Cause, f.h.ID+"/") }

// machine reports whether the contact seems to be one: it says the same again and again, to what we say by ourselves.
func (f *following) machine(ctx context.Context) (bool, error) {
	text := fold(f.msg.Content.Text)
	if utf8.RuneCountInString(text) < sameLetters || f.msg.Content.Choice != nil {
		return false, nil
	}
	recent, err := f.repo.Messages(ctx, f.conv.ID, core.Page{Limit: 20})
	if err != nil {
		return false, fmt.Errorf("recent messages: %w", err)
	}
	said, ours := 0, 0
	for _, m := range recent {
		switch {
		case f.msg.At.Sub(m.At) > sameWithin || m.Seq > f.msg.Seq:
		case m.Direction == core.In && fold(m.Content.Text) == text:
			said++
		case m.Author.Kind == core.AuthorWorkflow:
			ours++
		}
	}
	return said >= sameTexts && ours >= sameTexts-1, nil
}

// silence ends what talks to a machine.
func (f *following) silence(ctx context.Context) error {
	for _, t := range f.runs {
		if t.run.State == core.RunEnded {
			continue
		}
		if err := t.end(ctx, "The contact says the same again and again, as a machine would.", "Look who it is, and answer yourself if it is a person."); err != nil {
			return err
		}
	}
	return nil
}

// starting is a workflow that the happening starts.
type starting struct {
	p       *program
	trigger Trigger
}

// starts finds the workflows that the happening starts, and whether one of them interrupts the others. Where a keyword fits, those for any message
// stay out.
func (f *following) starts(ctx context.Context) (all []starting, interrupts bool, err error) {
	closed := f.h.Kind == core.HappenedClosed
	if f.conv.State == core.ConversationClosed && !closed || closed && f.h.By.Kind == core.AuthorSystem { // a merge closed it: they go on in another
		return nil, false, nil
	}
	var probe *turn // for the scope
	for _, p := range f.all {
		if p.Disabled || f.h.By.Kind == core.AuthorWorkflow && f.h.By.Name == p.Name {
			continue
		}
		for i, trigger := range p.On {
			if !f.fits(p, i, trigger) {
				continue
			}
			if probe == nil {
				probe = &turn{following: f, mem: memory{Event: f.event(), Message: f.h.Message}}
			}
			ok, err := probe.triggered(ctx, p, i, trigger)
			if err != nil {
				return nil, false, err
			}
			if ok && p.Once {
				had, err := f.had(ctx, p.Name)
				if err != nil {
					return nil, false, err
				}
				ok = !had
			}
			if ok {
				all = append(all, starting{p, trigger})
				break
			}
		}
	}
	if slices.ContainsFunc(all, func(s starting) bool { return s.trigger.Event == onKeyword }) {
		all = slices.DeleteFunc(all, func(s starting) bool { return s.trigger.Event == onMessage })
	}
	return all, slices.ContainsFunc(all, func(s starting) bool { return s.trigger.Interrupt }), nil
}

// had reports whether the contact has been in a workflow before, in any of their conversations.
func (f *following) had(ctx context.Context, name string) (bool, error) {
	all, err := f.repo.ConversationsOf(ctx, f.conv.Contact)
	if err != nil {
		return false, fmt.Errorf("conversations of contact: %w", err)
	}
	for _, c := range all {
		runs, err := f.repo.Runs(ctx, core.RunFilter{Workflow: name, Conversation: c.ID}, core.Page{Limit: 1})
		if err != nil {
			return false, fmt.Errorf("runs of contact: %w", err)
		}
		if len(runs) > 0 {
			return true, nil
		}
	}
	return false, nil
}

// event is what happened, as expressions see it.
func (f *following) event() eventScope {
	return eventScope{Kind: string(f.h.Kind), By: source(f.h.By), Name: f.h.Name}
}

// Who does something, in the words of triggers.
const (
	byContact  = "contact"
	byUser     = "user"
	byWorkflow = "workflow"
	byAPI      = "api"
)

// source is who did something.
func source(by core.Author) string {
	switch by.Kind {
	case core.AuthorContact:
		return byContact
	case core.AuthorWorkflow, core.AuthorSystem, core.AuthorProbe:
		return byWorkflow
	case core.AuthorAPI:
		return byAPI
	case core.AuthorAgent, core.AuthorPhone:
	}
	return byUser
}

// fits reports whether a trigger is about what happened, but for its condition and channel.
func (f *following) fits(p *program, i int, t Trigger) bool {
	kinds := map[string]core.HappeningKind{onOpened: core.HappenedOpened, onMessage: core.HappenedMessage, onKeyword: core.HappenedMessage, onReferral: core.HappenedMessage,
		onClosed: core.HappenedClosed, onTag: core.HappenedTagged, onUntag: core.HappenedUntagged, onField: core.HappenedField, onSchedule: core.HappenedSchedule}
	if kinds[t.Event] != f.h.Kind || len(t.By) > 0 && !slices.Contains(t.By, source(f.h.By)) || len(t.Names) > 0 && !slices.Contains(t.Names, f.h.Name) {
		return false
	}
	switch t.Event {
	case onKeyword:
		return keyword(t, f.msg.Content)
	case onReferral:
		return f.msg.Content.Referral.Brought()
	case onSchedule:
		return f.h.Name == scheduleName(p.Name, p.version, i)
	}
	return true
}

// keyword reports whether a message has one of the trigger's words. What was picked counts by its title and by what it stands for.
func keyword(t Trigger, c core.Content) bool {
	said := []string{fold(c.Text)}
	if c.Choice != nil {
		said = append(said, fold(c.Choice.Title), fold(c.Choice.ID))
	}
	for _, w := range t.Words {
		w = fold(w)
		for _, s := range said {
			switch {
			case s == "":
			case s == w, t.Match == matchContains && strings.Contains(" "+s+" ", w), t.Match == matchStarts && strings.HasPrefix(s, w):
				return true
			}
		}
	}
	return false
}

// triggered looks at the trigger's channel and condition.
func (t *turn) triggered(ctx context.Context, p *program, i int, trigger Trigger) (bool, error) {
	if len(trigger.Channels) == 0 && p.starts[i] == nil {
		return true, nil
	}
	s, err := t.scope(ctx)
	if err != nil {
		return false, err
	}
	if len(trigger.Channels) > 0 && !slices.Contains(trigger.Channels, s.Channel.Name) {
		return false, nil
	}
	ok, err := holds(p.starts[i], s)
	if err != nil { // such as a number out of a list that is too short: it does not hold
		t.Log.WarnContext(ctx, "condition of a trigger fails", "workflow", p.Name, "err", err)
		return false, nil
	}
	return ok, nil
}

// start starts workflows, and carries them out as far as they come.
func (f *following) start(ctx context.Context, starts []starting, taken bool) error {
	starts = f.heeded(starts, taken)
	if len(starts) == 0 {
		return nil
	}
	if many, err := f.tooMany(ctx, len(starts)); many || err != nil {
		return err
	}
	begun, err := f.beginAll(ctx, starts)
	if err != nil {
		return err
	}
	for _, t := range begun {
		f.runs = append(f.runs, t)
		if err := t.drive(ctx); err != nil {
			return err
		}
	}
	return nil
}

// heeded are those that may start: while a question of an earlier happening waits for its answer, a message starts only what interrupts it.
func (f *following) heeded(starts []starting, taken bool) []starting {
	asks := slices.ContainsFunc(f.runs, func(t *turn) bool { return t.run.State == core.RunWaiting && t.mem.Ask != nil && !f.began(t) })
	if f.h.Kind != core.HappenedMessage || !taken && !asks {
		return starts
	}
	return slices.DeleteFunc(starts, func(s starting) bool { return !s.trigger.Interrupt })
}

// tooMany reports whether so many more runs in the conversation are too many for an hour.
func (f *following) tooMany(ctx context.Context, more int) (bool, error) {
	n, err := f.repo.RunsSince(ctx, f.conv.ID, f.Now().Add(-time.Hour))
	if err != nil {
		return false, fmt.Errorf("count runs: %w", err)
	}
	if n+more <= mostStarts {
		return false, nil
	}
	f.Log.WarnContext(ctx, "too many runs in a conversation, nothing more starts for an hour", "conversation", f.conv.ID, "runs", n)
	return true, nil
}

// beginAll stores new runs in one transaction: a crash leaves all of them begun, or none.
func (f *following) beginAll(ctx context.Context, starts []starting) (begun []*turn, err error) {
	err = f.Store.Tx(ctx, func(tx core.Tx) error {
		begun = nil
		for _, s := range starts {
			t, err := f.begin(ctx, tx.In(f.ws), s)
			if err != nil {
				return err
			}
			if t != nil {
				begun = append(begun, t)
			}
		}
		return nil
	})
	return begun, err
}

// begin stores a new run; nil: it began before.
func (f *following) begin(ctx context.Context, repo core.Repo, s starting) (*turn, error) {
	t := &turn{following: f, p: s.p, mem: memory{Places: []spot{{s.p.Name, s.p.version, 0}}, Event: f.event(), Message: f.h.Message}}
	t.run = core.Run{ID: core.NewID[string](), Workflow: s.p.Name, Version: s.p.version, Conversation: f.conv.ID, Contact: f.conv.Contact, State: core.RunGoing,
		Step: label(s.p.Definition, 0), Cause: f.h.ID + "/" + s.p.Name, Heard: f.h.ID, Began: f.Now(), Changed: f.Now()}
	raw, err := json.Marshal(t.mem)
	if err != nil {
		return nil, fmt.Errorf("keep memory of run: %w", err)
	}
	t.run.Memory = raw
	won, err := repo.AddRun(ctx, t.run)
	if err != nil {
		return nil, fmt.Errorf("start %q: %w", s.p.Name, err)
	}
	if !won {
		return nil, nil
	}
	return t, nil
}

// hear lets a waiting run react to the happening, and reports whether it took it as its own.
func (t *turn) hear(ctx context.Context, interrupted bool) (took bool, err error) {
	if t.run.State != core.RunWaiting || t.run.Heard == t.h.ID {
		return false, nil
	}
	switch t.h.Kind {
	case core.HappenedClosed:
		return false, t.end(ctx, "The conversation was closed.", "")
	case core.HappenedAnswered:
		return false, t.person(ctx)
	case core.HappenedTimer:
		if t.h.Name != fmt.Sprintf("%s/%d", t.run.ID, t.run.Turn) {
			return false, nil
		}
		return true, t.timeUp(ctx)
	case core.HappenedMessage:
		if t.mem.Asleep || t.mem.Ask == nil || t.msg.Seq <= t.mem.Ask.Seq || t.msg.Direction != core.In {
			return false, nil
		}
		if interrupted {
			return false, t.end(ctx, "The contact began something else.", "")
		}
		return true, t.answered(ctx)
	case core.HappenedOpened, core.HappenedReopened, core.HappenedAssigned, core.HappenedTagged, core.HappenedUntagged, core.HappenedField, core.HappenedSchedule, core.HappenedSent, core.HappenedOrdered,
		core.HappenedOrderChanged:
	}
	return false, nil
}

// person reacts to a person's answer.
func (t *turn) person(ctx context.Context) error {
	t.run.Heard = t.h.ID
	head, err := t.head(ctx)
	if err != nil {
		return err
	}
	switch head.Human {
	case humanIgnored:
		return t.save(ctx, nil)
	case humanPauses:
		if !t.mem.Asleep && t.mem.Ask == nil {
			t.mem.Late = t.run.Until
		}
		t.mem.Asleep = true
		resume := usualResume
		if d := head.spans[head.ResumeAfter]; d > 0 {
			resume = d
		}
		t.run.Until = t.Now().Add(resume)
		return t.save(ctx, nil)
	}
	return t.end(ctx, "A person answered.", "")
}

// head is the program that the run began with: its settings count.
func (t *turn) head(ctx context.Context) (*program, error) {
	first := t.mem.Places[0]
	if len(t.mem.Places) == 1 {
		return t.p, nil
	}
	return t.program(ctx, t.ws, first.Workflow, first.Version)
}

// timeUp goes on after a wait, or where nobody answered. After a person has been silent for long enough, the step they interrupted is taken up again.
func (t *turn) timeUp(ctx context.Context) error {
	t.run.Heard = t.h.ID
	s := t.p.Steps[t.at().Step]
	switch {
	case t.mem.Asleep && t.mem.Late.After(t.Now()):
		t.mem.Asleep, t.run.Until = false, t.mem.Late
		return t.save(ctx, nil)
	case t.mem.Asleep && t.mem.Ask != nil:
		t.mem.Asleep, t.mem.Ask, t.run.State = false, nil, core.RunGoing
	case t.mem.Ask != nil && s.Ask.OnTimeout == "":
		return t.end(ctx, "The contact did not answer.", "")
	case t.mem.Ask != nil:
		t.mem.Ask = nil
		t.goTo(s.Ask.OnTimeout)
	default:
		t.mem.Asleep, t.mem.Late = false, time.Time{}
		t.onward()
	}
	t.run.Until, t.mem.Steps = time.Time{}, 0
	if err := t.save(ctx, nil); err != nil {
		return err
	}
	return t.drive(ctx)
}
