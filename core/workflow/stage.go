package workflow

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"causeway/core"
)

// house is the store of a rehearsal.
type house struct {
	core.Store // what the engine does not use
	s          stage
}

func (h house) In(core.WorkspaceID) core.Repo { return h.s }

func (h house) Tx(_ context.Context, f func(tx core.Tx) error) error { return f(act{s: h.s}) }

// act is a transaction of a rehearsal: it always holds.
type act struct {
	core.Tx // what the engine does not use
	s       stage
}

func (a act) In(core.WorkspaceID) core.Repo { return a.s }

func (a act) Enqueue(_ context.Context, jobs ...core.Job) error {
	for _, j := range jobs {
		if j.Kind == core.JobTimer {
			a.s.r.timers = append(a.s.r.timers, j)
		}
	}
	return nil
}

// stage is the repository of a rehearsal, and whatever else the engine works with.
type stage struct {
	core.Repo // what the engine does not use
	r         *Rehearsal
}

func (s stage) Compose(_ context.Context, _ core.WorkspaceID, q core.Request) ([]core.Message, core.Decision, error) {
	var made []core.Message
	for _, c := range q.Contents {
		made = append(made, s.r.write(core.Out, q.Author, c, q.Key))
	}
	s.r.Said = append(s.r.Said, made...)
	for range made {
		s.r.SaidAt = append(s.r.SaidAt, s.r.step)
	}
	return made, core.Decision{Verdict: core.VerdictSend}, nil
}

func (s stage) Assign(_ context.Context, _ core.WorkspaceID, a core.Assignment) (core.Conversation, error) {
	words := []string{string(a.Agent), string(a.Team)}
	if a.Previous {
		words = append(words, "previous")
	}
	if a.Dedicated != "" && s.r.Fields[a.Dedicated] != "" {
		words = append(words, s.r.Fields[a.Dedicated])
	}
	s.r.Assigned = append(s.r.Assigned, strings.Join(strings.Fields(strings.Join(words, " ")), " "))
	s.r.Asked = append(s.r.Asked, Asked{s.r.Now, s.r.handling.Priority, a})
	s.r.Talk.Agent, s.r.Talk.Team = a.Agent, a.Team
	return s.r.Talk, nil
}

func (s stage) Close(_ context.Context, _ core.WorkspaceID, _ core.ConversationID, by core.Author) (core.Conversation, error) {
	if s.r.Talk.State == core.ConversationOpen {
		s.r.Talk.State, s.r.Talk.Closed = core.ConversationClosed, s.r.Now
		s.r.happen(core.Happening{Kind: core.HappenedClosed, By: by})
	}
	return s.r.Talk, nil
}

func (s stage) AddHappening(_ context.Context, h core.Happening) error {
	s.r.happenings = append(s.r.happenings, h)
	return nil
}

func (s stage) Value(_ context.Context, owner, name string) ([]byte, error) {
	return s.r.values[owner+"/"+name], nil
}

func (s stage) SetValueUntil(_ context.Context, owner, name string, value []byte, _ time.Time) error {
	s.r.values[owner+"/"+name] = value
	return nil
}

func (s stage) Workflows(context.Context) ([]core.Workflow, error) { return s.r.all, nil }

func (s stage) Workflow(_ context.Context, name string, _ int) (core.Workflow, error) {
	return one(s.r.all, func(w core.Workflow) bool { return w.Name == name })
}

// one finds the thing that fits.
func one[T any](all []T, fits func(T) bool) (T, error) {
	if i := slices.IndexFunc(all, fits); i >= 0 {
		return all[i], nil
	}
	var zero T
	return zero, core.ErrNotFound
}

func (s stage) AddRun(_ context.Context, n core.Run) (bool, error) {
	s.r.Runs = append(s.r.Runs, n)
	return true, nil
}

func (s stage) Run(_ context.Context, id string) (core.Run, error) {
	return one(s.r.Runs, func(x core.Run) bool { return x.ID == id })
}

func (s stage) RunsIn(_ context.Context, id core.ConversationID, _ string) ([]core.Run, error) {
	var all []core.Run
	for _, x := range s.r.Runs {
		if x.Conversation == id && x.State != core.RunEnded {
			all = append(all, x)
		}
	}
	return all, nil
}

func (s stage) Runs(_ context.Context, f core.RunFilter, _ core.Page) ([]core.Run, error) {
	return slices.DeleteFunc(slices.Clone(s.r.Runs), func(x core.Run) bool { return x.Workflow != f.Workflow || x.Conversation != f.Conversation }), nil
}

func (s stage) RunsSince(_ context.Context, id core.ConversationID, since time.Time) (int, error) {
	n := 0
	for _, x := range s.r.Runs {
		if x.Conversation == id && !x.Began.Before(since) {
			n++
		}
	}
	return n, nil
}

func (s stage) SetRun(_ context.Context, n core.Run, was int) (bool, error) {
	i := slices.IndexFunc(s.r.Runs, func(x core.Run) bool { return x.ID == n.ID && x.Turn == was })
	if i < 0 {
		return false, nil
	}
	n.Memory = append(json.RawMessage{}, n.Memory...)
	s.r.Runs[i] = n
	return true, nil
}

func (s stage) Message(_ context.Context, id core.MessageID) (core.Message, error) {
	return one(s.r.messages, func(m core.Message) bool { return m.ID == id })
}

func (s stage) MessageByKey(_ context.Context, key string) (core.Message, error) {
	return one(s.r.messages, func(m core.Message) bool { return m.Key == key })
}

func (s stage) Messages(_ context.Context, id core.ConversationID, p core.Page) ([]core.Message, error) {
	var all []core.Message
	for _, m := range slices.Backward(s.r.messages) {
		if m.Conversation == id && len(all) < p.Limit {
			all = append(all, m)
		}
	}
	return all, nil
}

func (s stage) Conversation(context.Context, core.ConversationID) (core.Conversation, error) {
	return s.r.Talk, nil
}

func (s stage) Lock(context.Context, core.ConversationID) (core.Conversation, error) {
	return s.r.Talk, nil
}

func (s stage) ConversationsOf(context.Context, core.ContactID) ([]core.Conversation, error) {
	all := make([]core.Conversation, s.r.Before, s.r.Before+s.r.talks)
	for i := range s.r.talks {
		all = append(all, core.Conversation{ID: talk(i + 1)})
	}
	return all, nil
}

func (s stage) Handling(context.Context, core.ConversationID) (core.Handling, error) {
	return s.r.handling, nil
}

func (s stage) SetHandling(_ context.Context, h core.Handling) error {
	s.r.handling = h
	return nil
}

func (s stage) Contact(context.Context, core.ContactID) (core.Contact, error) {
	return s.r.Contact, nil
}

func (s stage) SetContact(_ context.Context, c core.Contact) error {
	s.r.Contact = c
	return nil
}

func (s stage) IdentitiesOf(context.Context, core.ContactID) ([]core.Identity, error) {
	return []core.Identity{{Key: core.IdentityKey{Scheme: core.SchemePhone, Value: s.r.Fields["phone"]}}}, nil
}

func (s stage) Fields(context.Context, core.ContactID) (map[string]string, error) {
	return s.r.Fields, nil
}

func (s stage) SetField(_ context.Context, _ core.ContactID, name, value string) (bool, error) {
	changed := s.r.Fields[name] != value
	s.r.Fields[name] = value
	return changed, nil
}

func (s stage) ContactTags(context.Context, core.ContactID) ([]string, error) {
	return slices.Clone(s.r.Tags), nil
}

func (s stage) SetContactTag(_ context.Context, _ core.ContactID, tag string, on bool) (bool, error) {
	had := slices.Contains(s.r.Tags, tag)
	s.r.Tags = slices.DeleteFunc(s.r.Tags, func(t string) bool { return t == tag })
	if on {
		s.r.Tags = append(s.r.Tags, tag)
	}
	return had != on, nil
}

// Agents and teams of every name are there, under their names.

func (s stage) Agent(_ context.Context, id core.AgentID) (core.Agent, error) {
	return core.Agent{ID: id, Name: string(id)}, nil
}

func (s stage) AgentByName(_ context.Context, name string) (core.Agent, error) {
	return core.Agent{ID: core.AgentID(name), Name: name}, nil
}

func (s stage) Team(_ context.Context, id core.TeamID) (core.Team, error) {
	return core.Team{ID: id, Name: string(id)}, nil
}

func (s stage) TeamByName(_ context.Context, name string) (core.Team, error) {
	return core.Team{ID: core.TeamID(name), Name: name}, nil
}

func (s stage) Channel(context.Context, core.ChannelID) (core.Channel, error) {
	return s.r.Channel, nil
}

func (s stage) ChannelByName(context.Context, string) (core.Channel, error) { return s.r.Channel, nil }

func (s stage) Templates(context.Context, core.ChannelID) ([]core.Template, error) { return nil, nil }

func (s stage) AddConversationEvent(_ context.Context, e core.ConversationEvent) error {
	s.r.Notes = append(s.r.Notes, e.Text)
	return nil
}

func (s stage) AddNotice(_ context.Context, n core.Notice) (bool, error) {
	s.r.Mails = append(s.r.Mails, string(n.Agent)+": "+n.Text)
	return true, nil
}

func (s stage) AddPurchase(_ context.Context, p core.Purchase) error {
	s.r.Orders = append(s.r.Orders, p)
	return nil
}
