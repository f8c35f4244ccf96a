package outbound

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"causeway/core"

	"golang.org/x/time/rate"
)

// Links opens channels.
type Links interface {
	Link(ctx context.Context, id core.ChannelID) (core.Channel, core.Info, core.Link, error)
}

// Options are what an Outbox needs. All fields are required but Workers, Nodes, Chance, Sent, Refused, Arrived, Answered, Anew, Outdated, FileLink,
// and Converter with Blobs.
type Options struct {
	Store core.Store
	Links Links
	Now   core.Clock
	Log   *slog.Logger
	// Converter changes files that a channel does not take as they are; nil: they are refused. Blobs is where files are.
	Converter core.Converter
	Blobs     core.Blobs
	// FileLink returns a link by which a contact can fetch a file, from a time on for as long as links work: so goes what a channel takes in no other way.
	// Nil: it is refused.
	FileLink func(ws core.WorkspaceID, id core.MediaID, from time.Time) string
	// Workers is how many deliver at the same time; one channel may hold three in four of them. Zero: as many as it likes.
	Workers int
	// Nodes is how many of us send at the same time: each takes its share of a channel's rate, but where only the node with the channel's session sends.
	// Nil: one.
	Nodes func() int
	// Chance is a number from 0 to 1, by which what is tried again is spread in time. Nil: a random one.
	Chance func() float64
	// Sent is told of every call of a bridge, with the time since its message was asked for; Refused of every no of the gate. Nil: nobody is.
	Sent    func(s Sending)
	Refused func(code core.Code)
	// Arrived is called in the transaction that learns a part's provider id, for events that came before it.
	Arrived func(ctx context.Context, tx core.Tx, ch core.Channel, provider string) error
	// Answered is called in the transaction that ends a try of a part on one side of a shared number without an id, or the wait for news of it: what the
	// other side showed meanwhile waits for that. Nil: nobody is.
	Answered func(ctx context.Context, tx core.Tx, ch core.Channel, p core.Part) error
	// Anew is called in the transaction that lets a channel send again that could not: its session is to begin anew. Nil: nobody is.
	Anew func(ctx context.Context, repo core.Repo, id core.ChannelID) error
	// Outdated reports whether a channel has other settings or credentials by now than those that a link was opened with. Nil: it never has.
	Outdated func(ctx context.Context, id core.ChannelID, link core.Link) bool
}

// Outbox composes and delivers messages.
type Outbox struct {
	Options
	mu     sync.Mutex
	limits map[core.ChannelID]*rate.Limiter
	slow   map[core.ChannelID]slow
	lines  map[core.ChannelID]*line
}

// New makes an Outbox.
func New(o Options) *Outbox {
	if o.Chance == nil {
		o.Chance = rand.Float64
	}
	return &Outbox{Options: o, limits: map[core.ChannelID]*rate.Limiter{}, slow: map[core.ChannelID]slow{}, lines: map[core.ChannelID]*line{}}
}

// Request asks for messages to be sent; see core.Request.
type Request = core.Request

var _ core.Composer = (*Outbox)(nil)

// Compose stores messages to be sent. When the gate does not allow all of them, none is stored, and the decision says why, also as an error.
func (o *Outbox) Compose(ctx context.Context, ws core.WorkspaceID, r Request) ([]core.Message, core.Decision, error) {
	if err := checkAll(r); err != nil {
		return nil, core.Decision{}, err
	}
	v, err := o.via(ctx, o.Store.In(ws), r)
	if err != nil {
		return nil, core.Decision{}, err
	}
	var (
		made     []core.Message
		decision core.Decision
	)
	err = o.Store.Tx(ctx, func(tx core.Tx) error {
		var err error
		made, decision, err = o.compose(ctx, tx, ws, v, r)
		return err
	})
	switch {
	case errors.Is(err, core.ErrDuplicate): // at the same time in another conversation
		return nil, decision, usedKey()
	case err != nil:
		return nil, decision, err
	}
	return made, decision, nil
}

// checkAll refuses what no channel could send.
func checkAll(r Request) error {
	if len(r.Contents) == 0 {
		return core.Problemf(core.CodeInvalid, "The message is empty.").Remedied("Give it a text, a file or a template.")
	}
	for _, c := range r.Contents {
		if err := check(c); err != nil {
			return err
		}
	}
	return nil
}

// compose does the work of Compose. What the key made before is looked for once the conversation is locked, for the same request may have been under
// way; and before that where a conversation may yet be opened.
func (o *Outbox) compose(ctx context.Context, tx core.Tx, ws core.WorkspaceID, v via, r Request) ([]core.Message, core.Decision, error) {
	repo := tx.In(ws)
	repeated := core.Decision{Verdict: core.VerdictSend}
	if r.Conversation == "" {
		if made, err := o.madeBefore(ctx, repo, r); made != nil || err != nil {
			return made, repeated, err
		}
	}
	conv, err := o.place(ctx, tx, repo, v, r)
	if err != nil {
		return nil, core.Decision{}, err
	}
	if made, err := o.madeBefore(ctx, repo, r); made != nil || err != nil {
		return made, repeated, err
	}
	if r.Seen > 0 {
		if err := o.overtaken(ctx, repo, conv, r.Seen); err != nil {
			return nil, core.Decision{}, err
		}
	}
	if r.Author.Kind == core.AuthorWorkflow {
		if err := refuseQuiet(ctx, repo, conv.ID); err != nil {
			return nil, core.Decision{}, err
		}
	}
	rt, err := o.route(ctx, repo, conv, v, sender{})
	if err != nil {
		return nil, core.Decision{}, err
	}
	words := o.said(rt, r)
	decision, human, err := o.allow(ctx, repo, rt, r.Author, words)
	if err != nil {
		return nil, decision, err
	}
	made, err := o.store(ctx, repo, rt, r, words, human)
	if err != nil {
		return nil, decision, err
	}
	return made, decision, o.afterCompose(ctx, tx, rt, r, made)
}

// refuseQuiet refuses what automation would answer to somebody whose last mail forbids it.
func refuseQuiet(ctx context.Context, repo core.Repo, id core.ConversationID) error {
	m, _, err := newest(ctx, repo, id)
	if err != nil || !m.Content.Quiet {
		return err
	}
	return core.Problemf(core.CodeForbidden, "The contact's mail forbids automatic answers (X-Auto-Response-Suppress).").Remedied("Answer it yourself.")
}

// allow asks the gate about contents as the contact gets them. It returns the decision on the last one, and which need the window's extension for people; the error is
// the first refusal.
func (o *Outbox) allow(ctx context.Context, repo core.Repo, rt route, by core.Author, words []core.Content) (d core.Decision, human []bool, err error) {
	for _, c := range words {
		if d, _, err = o.decide(ctx, repo, rt, by, c); err != nil {
			return d, nil, err
		}
		if problem := d.Problem(); problem != nil {
			o.refused(d)
			return d, nil, problem
		}
		human = append(human, d.Verdict == core.VerdictSendHuman)
	}
	return d, human, nil
}

// madeBefore returns the messages that the same key made before, nil if there are none.
func (o *Outbox) madeBefore(ctx context.Context, repo core.Repo, r Request) ([]core.Message, error) {
	if r.Key == "" {
		return nil, nil
	}
	var made []core.Message
	for i := range len(r.Contents) + 1 { // one more tells that there were more
		m, err := repo.MessageByKey(ctx, keyAt(r.Key, i))
		if errors.Is(err, core.ErrNotFound) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("look up idempotency key: %w", err)
		}
		if i == len(r.Contents) || !madeBy(r, m, r.Contents[i]) {
			return nil, usedKey()
		}
		made = append(made, m)
	}
	if made != nil && len(made) < len(r.Contents) {
		return nil, usedKey()
	}
	return made, nil
}

// madeBy reports whether the request could have made the message.
func madeBy(r Request, m core.Message, c core.Content) bool {
	there := m.Conversation == r.Conversation || r.Conversation == "" && m.Contact == r.Contact
	return there && same(m.Content, c)
}

func usedKey() error {
	return core.Problemf(core.CodeConflict, "This idempotency key was used for another message.").Remedied("Use a new key for a new message.")
}

func same(a, b core.Content) bool {
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	return string(x) == string(y)
}

func keyAt(key string, i int) string {
	if key == "" || i == 0 {
		return key
	}
	return fmt.Sprintf("%s/%d", key, i)
}

// store inserts the messages, with parts of the words that the contact gets.
func (o *Outbox) store(ctx context.Context, repo core.Repo, rt route, r Request, words []core.Content, human []bool) ([]core.Message, error) {
	var made []core.Message
	for i, c := range r.Contents {
		m := core.Message{ID: core.NewID[core.MessageID](), Workspace: rt.conversation.Workspace, Conversation: rt.conversation.ID, Contact: rt.contact.ID,
			Channel: rt.channel.ID, Identity: rt.identity, Direction: core.Out, Author: r.Author, Content: c, Status: core.StatusQueued,
			At: o.Now(), Created: o.Now(), Key: keyAt(r.Key, i), Human: human[i]}
		if err := o.addParts(ctx, repo, Cut(words[i], rt.capabilities), r, &m); err != nil {
			return nil, err
		}
		won, err := repo.AddMessage(ctx, m)
		if err == nil && !won {
			err = core.ErrDuplicate
		}
		if err != nil {
			return nil, fmt.Errorf("add message: %w", err)
		}
		made = append(made, m)
	}
	return made, nil
}

// addParts gives a message its parts.
func (o *Outbox) addParts(ctx context.Context, repo core.Repo, pieces []core.Content, r Request, m *core.Message) error {
	for _, piece := range pieces {
		seq, err := repo.NextSeq(ctx, m.Conversation, m.At)
		if err != nil {
			return fmt.Errorf("take sequence: %w", err)
		}
		if m.Seq == 0 {
			m.Seq = seq
		}
		m.Parts = append(m.Parts, core.Part{ID: core.NewID[core.PartID](), Message: m.ID, Conversation: m.Conversation, Channel: m.Channel,
			Seq: seq, Content: piece, Status: core.StatusQueued, NotBefore: r.NotBefore, Updated: m.At})
	}
	return nil
}

// happened lets automation follow, where there is any.
func (o *Outbox) happened(ctx context.Context, tx core.Tx, ws core.WorkspaceID, h core.Happening) error {
	if automated, err := core.Automated(ctx, tx.In(ws)); err != nil || !automated {
		return err
	}
	h.ID, h.At = core.NewID[string](), o.Now()
	return core.Happen(ctx, tx, ws, h)
}

// tellWebhooks lets webhooks follow, which want to know of every message: of a person's answer the first is told anyway.
func (o *Outbox) tellWebhooks(ctx context.Context, tx core.Tx, ws core.WorkspaceID, by core.Author, made []core.Message) error {
	if told, err := core.HasWebhooks(ctx, tx.In(ws)); err != nil || !told {
		return err
	}
	for i, m := range made {
		if i == 0 && by.Human() {
			continue
		}
		if err := o.happened(ctx, tx, ws, core.Happening{Conversation: m.Conversation, Kind: core.HappenedSent, Message: m.ID, By: by}); err != nil {
			return err
		}
	}
	return nil
}

// afterCompose notes a person's answer and asks for delivery.
func (o *Outbox) afterCompose(ctx context.Context, tx core.Tx, rt route, r Request, made []core.Message) error {
	ws, conv := rt.conversation.Workspace, rt.conversation
	job := core.Job{Kind: core.JobDeliver, Workspace: ws, Key: string(conv.ID)}
	if r.NotBefore.After(o.Now()) {
		job = core.Job{Kind: core.JobDue, Workspace: ws, Key: string(made[0].ID), At: r.NotBefore}
	}
	if err := o.tellWebhooks(ctx, tx, ws, r.Author, made); err != nil {
		return err
	}
	if r.Author.Human() {
		if err := o.answered(ctx, tx, conv, made[0]); err != nil {
			return err
		}
	}
	return tx.Enqueue(ctx, job)
}

// answered notes that a person of the business answered: nobody waits for that any more, and a conversation that was nobody's is theirs.
func (o *Outbox) answered(ctx context.Context, tx core.Tx, conv core.Conversation, m core.Message) error {
	repo, by := tx.In(conv.Workspace), m.Author
	took := by.Agent != "" && conv.Agent == "" && conv.State == core.ConversationOpen
	if took {
		conv.Agent = by.Agent
	}
	if took || !conv.Waiting.IsZero() {
		conv.Waiting = time.Time{}
		if err := repo.SetConversation(ctx, conv); err != nil {
			return fmt.Errorf("note that the contact is answered: %w", err)
		}
	}
	h := core.Happening{Conversation: conv.ID, Kind: core.HappenedAnswered, Message: m.ID, By: by}
	if err := o.happened(ctx, tx, conv.Workspace, h); err != nil || !took {
		return err
	}
	e := core.ConversationEvent{ID: core.NewID[string](), Conversation: conv.ID, Kind: core.ConversationEventAssigned, By: by, Text: by.Name,
		Data: map[string]string{"agent": string(by.Agent), "team": string(conv.Team)}, At: o.Now()}
	if err := repo.AddConversationEvent(ctx, e); err != nil {
		return fmt.Errorf("note who took the conversation: %w", err)
	}
	return o.happened(ctx, tx, conv.Workspace, core.Happening{Conversation: conv.ID, Kind: core.HappenedAssigned, By: by})
}

// Decide answers what Compose would decide, without storing anything, with the parts it would be cut into. A refusal is an answer, not an error.
func (o *Outbox) Decide(ctx context.Context, ws core.WorkspaceID, r Request) (core.Decision, []core.Content, error) {
	if err := checkAll(r); err != nil {
		return core.Decision{}, nil, err
	}
	repo := o.Store.In(ws)
	v, err := o.via(ctx, repo, r)
	if core.CodeOf(err) == core.CodeChannelRemoved {
		p := core.RemovedChannel()
		return core.Decision{Verdict: core.VerdictRefuse, Code: p.Code, Reason: p.Detail, Remedy: p.Remedy}, nil, nil
	}
	if err != nil {
		return core.Decision{}, nil, err
	}
	conv, err := o.conversationOf(ctx, repo, v, r)
	if err != nil {
		return core.Decision{}, nil, err
	}
	rt, err := o.route(ctx, repo, conv, v, sender{})
	if err != nil {
		return core.Decision{}, nil, err
	}
	words := o.said(rt, r)
	decision, _, err := o.allow(ctx, repo, rt, r.Author, words)
	if err != nil && decision.Problem() == nil {
		return decision, nil, err
	}
	var pieces []core.Content
	for _, c := range words {
		pieces = append(pieces, Cut(c, rt.capabilities)...)
	}
	if decision.Problem() != nil {
		pieces = nil
	}
	return decision, pieces, nil
}
