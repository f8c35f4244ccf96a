package workflow

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"causeway/core"
)

// Rehearsal carries workflows out on one contact, in memory and with a clock that is moved: nothing is sent, stored or called.
type Rehearsal struct {
	Now   time.Time
	Hours core.Hours
	// Language is the business's, for contacts of whom none is known.
	Language string
	// Answers of other systems, by the beginning of the address: a JSON text, or a status such as 404. What is not named fails.
	Answers map[string]string
	// Contact, Fields, Tags and Talk are the contact and the conversation as they are now.
	Contact core.Contact
	Fields  map[string]string
	Tags    []string
	Talk    core.Conversation
	Channel core.Channel
	Before  int // conversations that the contact had before
	// Said, SaidAt, Assigned, Asked, Notes, Mails and Orders are what automation did, in order.
	Said     []core.Message
	SaidAt   []string // workflow and step, of each that was said
	Assigned []string // in words
	Asked    []Asked
	Notes    []string
	Mails    []string
	Orders   []core.Purchase
	Runs     []core.Run

	engine     *Engine
	step       string // that is taken
	handling   core.Handling
	all        []core.Workflow
	messages   []core.Message
	values     map[string][]byte
	happenings []core.Happening
	timers     []core.Job
	talks      int
}

// Asked is somebody asked for by a workflow. Agents and teams are named by their names.
type Asked struct {
	At         time.Time
	Priority   int
	Assignment core.Assignment
}

// NewRehearsal prepares one. The time, the contact and the channel may be changed before the first thing happens.
func NewRehearsal(defs []Definition, at time.Time) (*Rehearsal, error) {
	r := &Rehearsal{Now: at, Contact: core.Contact{ID: "contact"}, Fields: map[string]string{}, Channel: core.Channel{ID: "channel", Name: "channel"}, values: map[string][]byte{}}
	for _, d := range defs {
		raw, err := Encode(d)
		if err != nil {
			return nil, fmt.Errorf("write workflow: %w", err)
		}
		r.all = append(r.all, core.Workflow{Name: d.Name, Version: 1, Definition: raw})
	}
	phrases, err := core.NewPhrases(nil)
	if err != nil {
		return nil, err
	}
	r.values[core.AutomationOwner+"/"+revisionValue] = []byte("1")
	r.engine = New(Options{Store: house{s: stage{r: r}}, Composer: stage{r: r}, Desk: stage{r: r}, Assigner: stage{r: r}, Now: func() time.Time { return r.Now }, Log: slog.New(slog.DiscardHandler),
		Reception: func(context.Context, core.WorkspaceID) (core.Reception, error) {
			return core.Reception{Hours: r.Hours, Language: r.Language}, nil
		},
		Phrases: phrases,
		Call:    func(core.WorkspaceID, []core.Secret) *http.Client { return &http.Client{Transport: script{r}} },
		Secret: func(context.Context, core.WorkspaceID, string) (core.Secret, error) {
			return core.NewSecret("secret"), nil
		},
		Seen: func(x core.Run, step string) { r.step = x.Workflow + ", " + step }})
	return r, nil
}

// Hear lets the contact write.
func (r *Rehearsal) Hear(ctx context.Context, c core.Content) error {
	by := core.Author{Kind: core.AuthorContact, Name: r.Contact.Name}
	if r.Talk.ID == "" || r.Talk.State == core.ConversationClosed {
		r.talks++
		r.Talk = core.Conversation{ID: talk(r.talks), Contact: r.Contact.ID, Number: int64(r.talks), State: core.ConversationOpen, Channel: r.Channel.ID, Opened: r.Now,
			Referral: c.Referral, Waiting: r.Now}
		r.handling = core.Handling{Conversation: r.Talk.ID}
		r.happen(core.Happening{Kind: core.HappenedOpened, By: by})
	}
	m := r.write(core.In, by, c, "")
	r.happen(core.Happening{Kind: core.HappenedMessage, By: by, Message: m.ID})
	return r.settle(ctx)
}

// talk is the id of the contact's first conversation, the second and so on.
func talk(n int) core.ConversationID { return core.ConversationID(fmt.Sprintf("conversation %d", n)) }

// Answer lets a person of the business write.
func (r *Rehearsal) Answer(ctx context.Context, text string) error {
	by := core.Author{Kind: core.AuthorAgent}
	m := r.write(core.Out, by, core.Content{Kind: core.KindText, Text: text}, "")
	r.Talk.Waiting = time.Time{}
	r.happen(core.Happening{Kind: core.HappenedAnswered, By: by, Message: m.ID})
	return r.settle(ctx)
}

// Close lets a person close the conversation.
func (r *Rehearsal) Close(ctx context.Context) error {
	if _, err := (stage{r: r}).Close(ctx, "", r.Talk.ID, core.Author{Kind: core.AuthorAgent}); err != nil {
		return err
	}
	return r.settle(ctx)
}

// Pass lets time pass, with all that it brings.
func (r *Rehearsal) Pass(ctx context.Context, until time.Time) error {
	for {
		slices.SortStableFunc(r.timers, func(a, b core.Job) int { return a.At.Compare(b.At) })
		if len(r.timers) == 0 || r.timers[0].At.After(until) {
			r.Now = core.Latest(r.Now, until)
			return nil
		}
		next := r.timers[0]
		r.timers = r.timers[1:]
		r.Now = core.Latest(r.Now, next.At)
		err := r.engine.Timer(ctx, core.Work{Job: next, Attempt: 1, Finish: func(context.Context, core.Tx) error { return nil }})
		if err == nil {
			err = r.settle(ctx)
		}
		if err != nil {
			return err
		}
	}
}

func (r *Rehearsal) happen(h core.Happening) {
	h.ID, h.Conversation, h.At = core.NewID[string](), r.Talk.ID, r.Now
	r.happenings = append(r.happenings, h)
}

// settle lets the workflows follow all that happened.
func (r *Rehearsal) settle(ctx context.Context) error {
	for len(r.happenings) > 0 {
		h := r.happenings[0]
		r.happenings = r.happenings[1:]
		talk := r.Talk
		if err := r.engine.Follow(ctx, "", h, &talk); err != nil {
			return err
		}
	}
	return nil
}

func (r *Rehearsal) write(d core.Direction, by core.Author, c core.Content, key string) core.Message {
	m := core.Message{ID: core.NewID[core.MessageID](), Conversation: r.Talk.ID, Contact: r.Contact.ID, Channel: r.Channel.ID, Direction: d, Author: by, Content: c,
		Seq: int64(len(r.messages) + 1), At: r.Now, Key: key}
	r.messages = append(r.messages, m)
	return m
}

// script answers requests.
type script struct{ r *Rehearsal }

func (s script) RoundTrip(q *http.Request) (*http.Response, error) {
	for start, text := range s.r.Answers {
		if !strings.HasPrefix(q.URL.String(), start) {
			continue
		}
		status := http.StatusOK
		if n, err := fmt.Sscanf(text, "%d", &status); n == 1 && err == nil && len(text) == 3 {
			text = ""
		}
		return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(text)), Request: q}, nil
	}
	return nil, errors.New("no answer is written for it")
}
