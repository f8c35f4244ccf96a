package assign

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"causeway/core"
)

// introduce tells a contact who looks after them, once for each agent: while they wait, and nobody of the business has written yet.
func (b *Balancer) introduce(ctx context.Context, ws core.WorkspaceID, h core.Happening, c core.Conversation) error {
	if b.Composer == nil || c.Agent == "" || c.State == core.ConversationClosed || c.Waiting.IsZero() || h.By.Kind != core.AuthorWorkflow {
		return nil
	}
	repo := b.Store.In(ws)
	settings, err := core.LoadDesk(ctx, repo)
	if err != nil || !settings.Tell.Assigned {
		return err
	}
	p, err := repo.Place(ctx, c.ID)
	if err != nil {
		return fmt.Errorf("place at the desk: %w", err)
	}
	handling, err := repo.Handling(ctx, c.ID)
	if err != nil || !handling.Answered.IsZero() || len(p.Wants.Passed) > 0 {
		return err
	}
	s, err := b.remembering(ctx, repo)
	if err != nil {
		return err
	}
	agent, known := s.agents[c.Agent]
	if !known {
		return nil
	}
	code, err := b.language(ctx, repo, c)
	if err != nil {
		return err
	}
	text := b.Phrases.Say(code, "assigned", "name", agent.Name)
	if n := s.board.expected(p.Team, samples(settings)); n > 0 {
		text += " " + b.Phrases.Say(code, "assigned_time", "name", agent.Name, "time", b.span(code, n))
	}
	return b.say(ctx, ws, c, automation, "assigned/"+string(c.ID)+"/"+strconv.FormatInt(c.Opened.Unix(), 10)+"/"+string(c.Agent), text)
}

// remembering is the desk for reading.
func (b *Balancer) remembering(ctx context.Context, repo core.Repo) (*session, error) {
	raw, err := repo.Desk(ctx)
	if err != nil {
		return nil, fmt.Errorf("what the desk remembers: %w", err)
	}
	s := &session{Balancer: b, repo: repo}
	if s.board, err = remembered(raw); err != nil {
		return nil, err
	}
	s.staff, err = attendance(ctx, repo, b.Now())
	return s, err
}

func samples(s core.DeskSettings) int { return cmp.Or(s.Tell.Samples, 8) }

// Tell is the worker of core.JobTell: it tells a contact that all are busy, what place in the queue they have, and how long that takes, where the
// measured times say. Later it tells of a better place only.
func (b *Balancer) Tell(ctx context.Context, w core.Work) error {
	next, err := b.tell(ctx, w.Workspace, core.ConversationID(w.Key))
	switch {
	case err != nil:
		return err
	case next > 0:
		return core.Later{After: next}
	}
	return nil // a call that is lost here finds the conversation out of its queue
}

// tell returns after how long to look again; zero: not at all.
func (b *Balancer) tell(ctx context.Context, ws core.WorkspaceID, id core.ConversationID) (time.Duration, error) {
	repo := b.Store.In(ws)
	c, p, ok, err := waiting(ctx, repo, id)
	if err != nil || !ok || b.Composer == nil {
		return 0, err
	}
	s, err := b.remembering(ctx, repo)
	if err != nil {
		return 0, err
	}
	set := s.settings.Tell
	if !set.Surge {
		return 0, nil
	}
	if left := p.Wants.Told.Add(set.Every).Sub(s.now); p.Wants.Position > 0 && (set.Every <= 0 || left > 0) {
		return max(left, 0), nil
	}
	if settles, err := s.settles(ctx, p); settles || err != nil {
		return time.Second, err
	}
	if h := s.hours(p.Team); !h.Open(s.now) { // then it is no news that nobody is there
		opens, _ := h.Next(s.now)
		return max(opens.Sub(s.now), 0), nil
	}
	if len(s.free(p.Team, p.Wants)) > 0 { // its turn comes right now, or it waits for somebody of its own choice
		return soon, nil
	}
	position, err := s.repo.Position(ctx, p)
	if err != nil {
		return 0, fmt.Errorf("position in the queue: %w", err)
	}
	if told := p.Wants.Position; told > 0 && position > better(told) {
		return s.lookAgain(p.Team, position-better(told)), nil
	}
	return s.lookAgain(p.Team, position-better(position)), b.surge(ctx, ws, s, c, p, position)
}

// whileSettling is for how long one in a queue may wait until automation is done with what brought them there.
const whileSettling = 30 * time.Second

// settles reports whether automation is still at work on what brought a conversation into its queue: a greeting goes before the place.
func (s *session) settles(ctx context.Context, p core.Place) (bool, error) {
	if p.Wants.Position > 0 || s.now.Sub(p.Queued) >= whileSettling {
		return false, nil
	}
	all, err := s.repo.Happenings(ctx, p.Conversation)
	if err != nil {
		return false, fmt.Errorf("what automation has to follow: %w", err)
	}
	return len(all) > 0, nil
}

// better is the place in a queue that is worth telling to who was told another: it is half as far to the front. Who waits long in a long queue hears of
// it some times, not every few minutes.
func better(told int) int { return told - max(1, told/2) }

// mostPatience bounds how long nobody looks whether there is a better place.
const mostPatience = 4 * time.Hour

// lookAgain is when so many of a queue may be gone, as if ten were each time where nobody can say; zero: contacts are told their place but once.
func (s *session) lookAgain(team core.TeamID, gone int) time.Duration {
	every := s.settings.Tell.Every
	if every <= 0 {
		return 0
	}
	each := cmp.Or(s.board.each(team, len(s.available(team)), s.now, samples(s.settings)), every.Seconds()/10)
	return max(every, min(time.Duration(float64(gone)*each*float64(time.Second)), mostPatience))
}

// soon is when to look again at what is about to change.
const soon = 10 * time.Second

// surge tells a place in the queue, and the time it takes where that is known and no worse than what was told before.
func (b *Balancer) surge(ctx context.Context, ws core.WorkspaceID, s *session, c core.Conversation, p core.Place, position int) error {
	minutes := s.board.estimate(p.Team, position, len(s.available(p.Team)), s.now, samples(s.settings))
	if p.Wants.Wait > 0 && minutes >= p.Wants.Wait {
		minutes = 0
	}
	code, err := b.language(ctx, s.repo, c)
	if err != nil {
		return err
	}
	name := "surge"
	if p.Wants.Position > 0 {
		name = "surge_better"
	}
	text := b.Phrases.Say(code, name, "n", strconv.Itoa(position))
	if minutes > 0 {
		text += " " + b.Phrases.Say(code, "surge_time", "time", b.span(code, minutes))
	}
	key := fmt.Sprintf("surge/%s/%d/%d", c.ID, p.Queued.UnixMicro(), p.Wants.Position)
	if err := b.say(ctx, ws, c, core.Author{Kind: core.AuthorWorkflow, Name: core.SurgeName}, key, text); err != nil {
		return err
	}
	return b.Store.Tx(ctx, func(tx core.Tx) error {
		repo := tx.In(ws)
		if _, err := repo.LockDesk(ctx); err != nil { // places are changed by who has it
			return fmt.Errorf("take the desk: %w", err)
		}
		p, err := repo.Place(ctx, c.ID)
		if err != nil || p.Queued.IsZero() {
			return err
		}
		p.Wants.Position, p.Wants.Told = position, s.now
		if minutes > 0 {
			p.Wants.Wait = minutes
		}
		return repo.SetPlace(ctx, p)
	})
}

// waiting is a conversation whose contact waits in a queue for a first answer.
func waiting(ctx context.Context, repo core.Repo, id core.ConversationID) (c core.Conversation, p core.Place, ok bool, err error) {
	if c, err = repo.Conversation(ctx, id); err != nil {
		return c, p, false, ignoring(err)
	}
	if p, err = repo.Place(ctx, id); err != nil {
		return c, p, false, fmt.Errorf("place at the desk: %w", err)
	}
	h, err := repo.Handling(ctx, id)
	ok = c.State == core.ConversationOpen && c.Agent == "" && !c.Waiting.IsZero() && !p.Queued.IsZero() && h.Answered.IsZero()
	return c, p, ok, err
}

// language is the one to write to a contact in.
func (b *Balancer) language(ctx context.Context, repo core.Repo, c core.Conversation) (string, error) {
	who, err := repo.Contact(ctx, c.Contact)
	if err != nil {
		return "", fmt.Errorf("contact to write to: %w", err)
	}
	reception, err := core.LoadReception(ctx, repo)
	if err != nil {
		return "", err
	}
	const few = 10
	messages, err := repo.Messages(ctx, c.ID, core.Page{Limit: few})
	if err != nil {
		return "", fmt.Errorf("what the contact wrote: %w", err)
	}
	return b.Phrases.Language(who.Language, core.Wrote(messages), reception.Language, nil), nil
}

// span says a number of minutes.
func (b *Balancer) span(code string, minutes int) string {
	if minutes%60 == 0 {
		return b.Phrases.Count(code, "hours", minutes/60)
	}
	return b.Phrases.Count(code, "minutes", minutes)
}

// say sends a message once. What the gate refuses is not said: the contact is not the one to be told.
func (b *Balancer) say(ctx context.Context, ws core.WorkspaceID, c core.Conversation, by core.Author, key, text string) error {
	_, d, err := b.Composer.Compose(ctx, ws, core.Request{Conversation: c.ID, Author: by, Key: key,
		Contents: []core.Content{{Kind: core.KindText, Text: strings.TrimSpace(text)}}})
	if p := (*core.Problem)(nil); errors.As(err, &p) && p.Code != core.CodeUnavailable {
		b.Log.InfoContext(ctx, "not said", "key", key, "conversation", c.ID, "why", p.Detail, "code", d.Code)
		return nil
	}
	return err
}
