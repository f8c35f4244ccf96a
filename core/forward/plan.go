package forward

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"causeway/core"

	"github.com/google/uuid"
)

// eventOverlap is how far back history is looked at again: its lines get their ids before they are committed, so that a younger one can
// be seen first. Which were seen is kept: mailed of them are those who were to be mailed then, not whoever has the conversation now.
const eventOverlap = 10 * time.Minute

// seen is how far a conversation has been turned into notices.
type seen struct {
	Seq   int64    `json:"seq"`
	Event string   `json:"event"`           // the id of the youngest line of history
	Lines []string `json:"lines,omitempty"` // the ids of those that eventOverlap has looked at again
	Said  repeats  `json:"said,omitempty"`
}

func (s seen) equal(o seen) bool {
	return s.Seq == o.Seq && s.Event == o.Event && slices.Equal(s.Lines, o.Lines) && slices.Equal(s.Said, o.Said)
}

// plan makes notices of what is new in a conversation. It runs under the conversation's lock. More is to be planned after the wait, if there is one.
func (f *Forwarder) plan(ctx context.Context, repo core.Repo, conv core.Conversation) (wait time.Duration, err error) {
	raw, err := repo.Value(ctx, owner(conv.ID), "seen")
	if err != nil {
		return 0, fmt.Errorf("what was mailed so far: %w", err)
	}
	var before seen
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &before); err != nil {
			return 0, fmt.Errorf("what was mailed so far: %w", err)
		}
	}
	r := &recipients{repo: repo, conv: conv}
	after := before
	after.Said = slices.Clone(before.Said)
	if wait, err = f.planMessages(ctx, r, &after); err != nil {
		return 0, err
	}
	if wait == 0 { // else something could be said about a message that is not mailed yet
		if after.Event, after.Lines, err = f.planEvents(ctx, r, before); err != nil {
			return 0, err
		}
	}
	if after.equal(before) {
		return wait, nil
	}
	now, err := json.Marshal(after)
	if err != nil {
		return 0, fmt.Errorf("what was mailed so far: %w", err)
	}
	return wait, repo.SetValue(ctx, owner(conv.ID), "seen", now)
}

// planMessages makes notices of new messages, up to an album that may not be whole yet, and notes how far it came.
func (f *Forwarder) planMessages(ctx context.Context, r *recipients, s *seen) (wait time.Duration, err error) {
	if r.conv.Seq <= s.Seq {
		return 0, nil
	}
	fresh, err := newer(ctx, r.repo, r.conv.ID, s.Seq, int(r.conv.Seq-s.Seq))
	if err != nil {
		return 0, fmt.Errorf("new messages: %w", err)
	}
	albums := gather(fresh)
	for _, m := range fresh {
		told, err := tells(ctx, r, m)
		if err != nil {
			return 0, err
		}
		whole := albums[albumOf(m)]
		if wait := f.settling(whole); told && wait > 0 {
			return wait, nil
		}
		s.Seq = max(s.Seq, m.Seq)
		again := s.Said.hear(m)
		if !told || len(whole) > 0 && whole[0].ID != m.ID { // the mail of the first brings it
			continue
		}
		if err := f.planUnlessSame(ctx, r, m, len(whole), again); err != nil {
			return 0, err
		}
	}
	return 0, nil
}

// planUnlessSame makes notices of a message that has come so often in a row. Of what comes again and again, agents are told once that it does.
func (f *Forwarder) planUnlessSame(ctx context.Context, r *recipients, m core.Message, album, again int) error {
	switch {
	case again <= sameMailed || album > 1: // of several together, others may be new
		return f.planMessage(ctx, r, m, album)
	case again == sameMailed+1:
		return f.noteRepeats(ctx, r.repo, m)
	}
	return nil
}

// mailed reports whether a message is one that agents are mailed: the contact's, and the phone's.
func mailed(m core.Message) bool {
	return !m.Historic && (m.Direction == core.In || m.Author.Kind == core.AuthorPhone)
}

// tells reports whether agents are mailed a message of a conversation. The answer to a survey is a line in the history, and no message to them.
func tells(ctx context.Context, r *recipients, m core.Message) (bool, error) {
	if !mailed(m) || m.Direction != core.In || core.SurveyScore(m.Content) == 0 {
		return mailed(m), nil
	}
	s, err := r.repo.Survey(ctx, m.Contact)
	if errors.Is(err, core.ErrNotFound) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("survey that a message may answer: %w", err)
	}
	return s.Conversation != r.conv.ID || !s.Answered.Equal(m.Created) && (s.Score > 0 || r.conv.State == core.ConversationOpen), nil
}

func (f *Forwarder) planMessage(ctx context.Context, r *recipients, m core.Message, album int) error {
	to, err := r.of(ctx, m.Channel)
	if err != nil {
		return err
	}
	if len(to) == 0 {
		f.Log.WarnContext(ctx, "nobody is mailed this message: no forward fits", "conversation", r.conv.ID, "channel", m.Channel)
	}
	for _, a := range to {
		n := core.Notice{Kind: core.NoticeMessage, Key: "message/" + string(m.ID) + "/" + string(a.ID), Agent: a.ID, Message: m.ID, Album: album}
		if err := f.note(ctx, r.repo, r.conv.ID, n); err != nil {
			return err
		}
	}
	return nil
}

// newer returns the messages after a sequence number, in their order; about how many is guessed, to read no more of a long conversation than that.
func newer(ctx context.Context, repo core.Repo, id core.ConversationID, after int64, guess int) ([]core.Message, error) {
	var all []core.Message
	for page := (core.Page{Limit: min(guess+1, 50)}); ; { // the one before them shows that they are all
		list, err := repo.Messages(ctx, id, page)
		if err != nil {
			return nil, err
		}
		for _, m := range list {
			if m.Seq <= after {
				slices.Reverse(all)
				return all, nil
			}
			all = append(all, m)
		}
		if len(list) < page.Limit {
			slices.Reverse(all)
			return all, nil
		}
		page.Before = strconv.FormatInt(list[len(list)-1].Seq, 10)
	}
}

// planEvents makes notices of new lines of history. It returns the youngest line, and those that will be looked at again.
func (f *Forwarder) planEvents(ctx context.Context, r *recipients, before seen) (after string, lines []string, err error) {
	history, err := r.repo.ConversationEvents(ctx, r.conv.ID)
	if err != nil {
		return "", nil, fmt.Errorf("history of conversation: %w", err)
	}
	after = before.Event
	from := idTime(after).Add(-eventOverlap)
	for _, e := range history {
		if idTime(e.ID).Before(from) {
			continue
		}
		after, lines = max(after, e.ID), append(lines, e.ID)
		if slices.Contains(before.Lines, e.ID) {
			continue
		}
		if err := f.planEvent(ctx, r, e); err != nil {
			return "", nil, err
		}
	}
	from = idTime(after).Add(-eventOverlap)
	return after, slices.DeleteFunc(lines, func(id string) bool { return idTime(id).Before(from) }), nil
}

func (f *Forwarder) planEvent(ctx context.Context, r *recipients, e core.ConversationEvent) error {
	if e.Kind == core.ConversationEventAssigned {
		return f.planAssigned(ctx, r, e)
	}
	if tells, err := telling(ctx, r.repo, e); err != nil || !tells {
		return err
	}
	to, err := r.of(ctx, r.conv.Channel)
	if err != nil {
		return err
	}
	return f.planChange(ctx, r, e, to)
}

// planChange tells agents of a line of history.
func (f *Forwarder) planChange(ctx context.Context, r *recipients, e core.ConversationEvent, to []core.Agent) error {
	for _, a := range to {
		n := core.Notice{Kind: core.NoticeChange, Key: eventKey(e, a.ID), Agent: a.ID, Message: e.Message, Text: e.Text}
		if err := f.note(ctx, r.repo, r.conv.ID, n); err != nil {
			return err
		}
	}
	return nil
}

// planAssigned mails what waits to who has the conversation now. Where nothing does they are told that they have it, with what was said: they could not
// write to the contact otherwise.
func (f *Forwarder) planAssigned(ctx context.Context, r *recipients, e core.ConversationEvent) error {
	waits, err := f.planWaiting(ctx, r)
	if err != nil || waits || r.conv.State == core.ConversationClosed || e.By.Kind == core.AuthorPhone { // who holds the phone took it there
		return err
	}
	to, err := r.of(ctx, r.conv.Channel)
	if err != nil {
		return err
	}
	return f.planChange(ctx, r, e, slices.DeleteFunc(to, func(a core.Agent) bool {
		return a.ID == e.By.Agent || string(r.conv.Agent) != e.Data["agent"] || string(r.conv.Team) != e.Data["team"] || !r.has(a.ID, e.By)
	}))
}

// planWaiting mails what the contact wrote and nobody answered to those who are to be mailed since the conversation was assigned. Who was mailed it
// before has its notice already. Something waits, or not.
func (f *Forwarder) planWaiting(ctx context.Context, r *recipients) (waits bool, err error) {
	const few = 20
	list, err := r.repo.Messages(ctx, r.conv.ID, core.Page{Limit: few})
	if err != nil {
		return false, fmt.Errorf("what waits for an answer: %w", err)
	}
	if i := slices.IndexFunc(list, func(m core.Message) bool { return m.Direction == core.Out && m.Author.Human() }); i >= 0 {
		list = list[:i]
	}
	slices.Reverse(list)
	albums := gather(list)
	var heard repeats
	for _, m := range list {
		told, err := tells(ctx, r, m)
		if err != nil {
			return false, err
		}
		if !told || m.Direction == core.Out {
			continue
		}
		waits = true
		whole := albums[albumOf(m)]
		if heard.hear(m) > sameMailed && len(whole) < 2 {
			continue
		}
		if len(whole) > 0 && whole[0].ID != m.ID {
			continue // the mail of the first brings it
		}
		if err := f.planMessage(ctx, r, m, len(whole)); err != nil {
			return false, err
		}
	}
	return waits, nil
}

func eventKey(e core.ConversationEvent, a core.AgentID) string {
	return "event/" + e.ID + "/" + string(a)
}

// telling reports whether agents are told of a line of history: what the contact or the phone did, to a message that is not an old one.
func telling(ctx context.Context, repo core.Repo, e core.ConversationEvent) (bool, error) {
	if (e.Kind != core.ConversationEventNotice && e.Kind != core.ConversationEventNumberChanged) || e.By.Kind == core.AuthorAgent {
		return false, nil
	}
	if e.Message == "" {
		return true, nil
	}
	m, err := repo.Message(ctx, e.Message)
	if errors.Is(err, core.ErrNotFound) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("message of event: %w", err)
	}
	return !m.Historic, nil
}

// idTime is when a time-ordered id was made.
func idTime(id string) time.Time {
	u, err := uuid.Parse(id)
	if err != nil || u.Version() != 7 {
		return time.Time{}
	}
	return time.Unix(u.Time().UnixTime())
}

// note adds a notice if its cause is new.
func (f *Forwarder) note(ctx context.Context, repo core.Repo, conv core.ConversationID, n core.Notice) error {
	n.ID, n.Conversation, n.State, n.Created = core.NewID[core.NoticeID](), conv, core.NoticeWaiting, f.Now()
	if _, err := repo.AddNotice(ctx, n); err != nil {
		return fmt.Errorf("add notice: %w", err)
	}
	return nil
}

// recipients finds who is mailed. What it reads is read once.
type recipients struct {
	repo     core.Repo
	conv     core.Conversation
	read     bool
	agents   map[core.AgentID]core.Agent
	forwards []core.Forward
	members  []core.AgentID // of the conversation's team
}

// of returns the agents to mail about something on a channel, each mailbox once, in the order of the rules.
func (r *recipients) of(ctx context.Context, ch core.ChannelID) ([]core.Agent, error) {
	if err := r.load(ctx); err != nil {
		return nil, err
	}
	twin, err := r.twin(ctx, ch)
	if err != nil {
		return nil, err
	}
	var to []core.Agent
	mailboxes := map[string]bool{}
	for _, rule := range r.forwards {
		if (rule.Channel != "" && rule.Channel != ch && rule.Channel != twin) || (rule.Team != "" && rule.Team != r.conv.Team) {
			continue
		}
		for _, id := range slices.Concat(rule.To, r.assigned(rule)) {
			a, known := r.agents[id]
			if !known || mailboxes[a.Address()] {
				continue
			}
			mailboxes[a.Address()] = true
			to = append(to, a)
		}
	}
	return to, nil
}

// twin is the other side of a channel's number: a rule for one side is one for the number, whichever side brought a message first. It is not asked for
// where no rule names another channel.
func (r *recipients) twin(ctx context.Context, ch core.ChannelID) (core.ChannelID, error) {
	if !slices.ContainsFunc(r.forwards, func(f core.Forward) bool { return f.Channel != "" && f.Channel != ch }) {
		return ch, nil
	}
	c, err := r.repo.Channel(ctx, ch)
	if errors.Is(err, core.ErrNotFound) || err == nil && c.Twin == "" {
		return ch, nil
	}
	if err != nil {
		return ch, fmt.Errorf("channel of message: %w", err)
	}
	return c.Twin, nil
}

// assigned returns whom a rule adds by assignment. An agent who cannot be mailed leaves the conversation to its team.
func (r *recipients) assigned(rule core.Forward) []core.AgentID {
	if !rule.Assigned {
		return nil
	}
	if _, there := r.agents[r.conv.Agent]; there {
		return []core.AgentID{r.conv.Agent}
	}
	return r.members
}

// has reports whether the conversation is an agent's now; one that a person gave to a team alone is all its members'.
func (r *recipients) has(id core.AgentID, by core.Author) bool {
	if r.conv.Agent != "" {
		return r.conv.Agent == id
	}
	return by.Human() && slices.Contains(r.members, id)
}

func (r *recipients) load(ctx context.Context) error {
	if r.read {
		return nil
	}
	agents, err := r.repo.Agents(ctx)
	if err != nil {
		return fmt.Errorf("agents: %w", err)
	}
	r.agents = map[core.AgentID]core.Agent{}
	for _, a := range agents {
		if !a.Disabled && a.Address() != "" {
			r.agents[a.ID] = a
		}
	}
	if r.forwards, err = r.repo.Forwards(ctx); err != nil {
		return fmt.Errorf("forwards: %w", err)
	}
	if r.conv.Team != "" {
		team, err := r.repo.Team(ctx, r.conv.Team)
		if err != nil && !errors.Is(err, core.ErrNotFound) {
			return fmt.Errorf("team of conversation: %w", err)
		}
		r.members = team.Members
	}
	r.read = true
	return nil
}
