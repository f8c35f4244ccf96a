// Package broadcast sends one message to many contacts: to those of a segment, over the first channel that may, each once, slowly, and only to who
// agreed. Every message passes the send gate as automation does. What is sent stands apart from what people talk about: it opens no conversation.
//
// A broadcast is a row, its recipients are rows, and one job goes on with it: it can be paused, resumed, and survives restarts.
package broadcast

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"causeway/core"
)

// Outbox composes messages, and says beforehand what it would.
type Outbox interface {
	core.Composer
	Decide(ctx context.Context, ws core.WorkspaceID, r core.Request) (core.Decision, []core.Content, error)
}

// Caster carries broadcasts out.
type Caster struct {
	Store  core.Store
	Outbox Outbox
	Now    core.Clock
}

const (
	perMinute = 60  // unless it is set
	batch     = 200 // contacts looked at at once
)

// Plan is what a broadcast would do.
type Plan struct {
	Contacts int                    `json:"contacts"` // in the segment
	Send     int                    `json:"send"`
	Channels map[core.ChannelID]int `json:"channels"`           // of those sent
	Category string                 `json:"category,omitempty"` // of the template, by which the provider charges
	LeftOut  map[string]int         `json:"left_out"`           // by why
	Minutes  int                    `json:"minutes"`            // that it takes
}

// Check says what is wrong with a broadcast, whomever it is for.
func (c *Caster) Check(ctx context.Context, ws core.WorkspaceID, b core.Broadcast) error {
	switch {
	case strings.TrimSpace(b.Name) == "":
		return core.Problemf(core.CodeInvalid, "The broadcast has no name.").Remedied("Give it one by which you find it again.")
	case len(b.Channels) == 0:
		return core.Problemf(core.CodeInvalid, "The broadcast names no channel.").Remedied("Name one or several, the preferred one first.")
	case (b.Template == nil) == (len(b.Texts) == 0):
		return core.Problemf(core.CodeInvalid, "The broadcast says nothing, or two things.").Remedied("Give it texts or a template.")
	case b.Template == nil && textIn(b, b.Language) == "":
		return core.Problemf(core.CodeInvalid, "The broadcast has no text in %q, its language for contacts of whom none is known.", b.Language).Remedied("Add one.")
	case b.PerMinute < 0:
		return core.Problemf(core.CodeInvalid, "A broadcast cannot send %d a minute.", b.PerMinute).Remedied("Leave it out for %d.", perMinute)
	}
	category, err := c.category(ctx, ws, b)
	if err != nil {
		return err
	}
	if b.OptIn == "" && category != "utility" && category != "authentication" {
		return core.Problemf(core.CodeInvalid, "Nobody in this broadcast is known to have agreed to it.").
			Remedied(`Name the tag of those who did as opt_in, or write opt_in: "*" if all of them did.`)
	}
	return nil
}

// category is that of the template; empty for a text.
func (c *Caster) category(ctx context.Context, ws core.WorkspaceID, b core.Broadcast) (string, error) {
	if b.Template == nil {
		return "", nil
	}
	for _, ch := range b.Channels {
		t, err := c.Store.In(ws).Template(ctx, ch, b.Template.Name, b.Template.Language)
		if err == nil {
			return strings.ToLower(t.Category), nil
		}
		if !errors.Is(err, core.ErrNotFound) {
			return "", fmt.Errorf("template of broadcast: %w", err)
		}
	}
	return "", core.Problemf(core.CodeTemplate, "No channel of the broadcast has the template %s in %s.", b.Template.Name, b.Template.Language).
		Remedied("See causeway template list.")
}

// DryRun says what a broadcast would do, without doing it.
func (c *Caster) DryRun(ctx context.Context, ws core.WorkspaceID, b core.Broadcast) (Plan, error) {
	p := Plan{Channels: map[core.ChannelID]int{}, LeftOut: map[string]int{}}
	if err := c.Check(ctx, ws, b); err != nil {
		return p, err
	}
	var err error
	if p.Category, err = c.category(ctx, ws, b); err != nil {
		return p, err
	}
	err = c.segment(ctx, ws, b, func(all []core.Contact) error {
		for _, who := range all {
			p.Contacts++
			r, out, err := c.pick(ctx, ws, b, who)
			switch {
			case err != nil:
				return err
			case out != nil:
				p.LeftOut[out.Detail]++
			default:
				p.Send++
				p.Channels[r.Channel]++
			}
		}
		return nil
	})
	p.Minutes = (p.Send + pace(b) - 1) / pace(b)
	return p, err
}

func pace(b core.Broadcast) int {
	if b.PerMinute > 0 {
		return b.PerMinute
	}
	return perMinute
}

// segment visits the contacts of a broadcast.
func (c *Caster) segment(ctx context.Context, ws core.WorkspaceID, b core.Broadcast, visit func([]core.Contact) error) error {
	for after := core.ContactID(""); ; {
		all, err := c.Store.In(ws).InSegment(ctx, b.To, after, batch)
		if err != nil {
			return fmt.Errorf("contacts of broadcast: %w", err)
		}
		if len(all) == 0 {
			return nil
		}
		if err := visit(all); err != nil {
			return err
		}
		after = all[len(all)-1].ID
	}
}

// pick finds how a contact is written to, or why not.
func (c *Caster) pick(ctx context.Context, ws core.WorkspaceID, b core.Broadcast, who core.Contact) (core.Request, *core.Problem, error) {
	repo := c.Store.In(ws)
	if b.OptIn != "" && b.OptIn != "*" {
		tags, err := repo.ContactTags(ctx, who.ID)
		if err != nil {
			return core.Request{}, nil, fmt.Errorf("tags of contact: %w", err)
		}
		if !slices.Contains(tags, b.OptIn) {
			return core.Request{}, core.Problemf(core.CodeOptedOut, "has not agreed (no tag %s)", b.OptIn), nil
		}
	}
	content, why, err := c.content(ctx, repo, b, who)
	if why != nil || err != nil {
		return core.Request{}, why, err
	}
	for _, ch := range b.Channels {
		r := core.Request{Contact: who.ID, Channel: ch, Apart: true, Author: core.Broadcaster(), Contents: []core.Content{content}, Key: keyOf(b, who.ID)}
		d, _, err := c.Outbox.Decide(ctx, ws, r)
		problem := (*core.Problem)(nil)
		switch {
		case errors.As(err, &problem):
		case err != nil:
			return r, nil, fmt.Errorf("ask the gate: %w", err)
		case d.Allowed() || d.Verdict == core.VerdictPark:
			return r, nil, nil
		default:
			problem = &core.Problem{Code: d.Code, Detail: d.Reason}
		}
		if why == nil {
			why = problem
		}
	}
	return core.Request{}, why, nil
}

// keyOf is what a contact gets of a broadcast once.
func keyOf(b core.Broadcast, who core.ContactID) string {
	return "broadcast/" + b.ID + "/" + string(who)
}

// content is the message as a contact gets it, or why they cannot.
func (c *Caster) content(ctx context.Context, repo core.Repo, b core.Broadcast, who core.Contact) (core.Content, *core.Problem, error) {
	fields, err := repo.Fields(ctx, who.ID)
	if err != nil {
		return core.Content{}, nil, fmt.Errorf("fields of contact: %w", err)
	}
	fields = maps.Clone(fields)
	if fields == nil {
		fields = map[string]string{}
	}
	fields["name"] = who.Name
	if b.Template == nil {
		text, why := filled(cmp.Or(textIn(b, who.Language), textIn(b, b.Language)), fields)
		return core.Content{Kind: core.KindText, Text: text}, why, nil
	}
	use := *b.Template
	use.Values = map[string]string{}
	for key, value := range b.Template.Values {
		var why *core.Problem
		if use.Values[key], why = filled(value, fields); why != nil {
			return core.Content{}, why, nil
		}
	}
	return core.Content{Kind: core.KindTemplate, Template: &use}, nil, nil
}

// textIn is the text in a language, whatever the region; empty: there is none.
func textIn(b core.Broadcast, language string) string {
	for code, text := range b.Texts {
		if core.Language(code) == core.Language(language) {
			return text
		}
	}
	return ""
}

// filled fills in what a text leaves open. What is not known of the contact would stand there in braces.
func filled(text string, fields map[string]string) (string, *core.Problem) {
	for _, name := range core.Gaps(text) {
		if _, known := fields[name]; !known {
			return "", core.Problemf(core.CodeInvalid, "has no %s, which the text names", name)
		}
	}
	var values []string
	for name, value := range fields {
		values = append(values, name, value)
	}
	return core.Fill(text, values...), nil
}

// Start begins a broadcast, at its time. One with an ID keeps it: core.ErrDuplicate if it is there already.
func (c *Caster) Start(ctx context.Context, ws core.WorkspaceID, b core.Broadcast) (core.Broadcast, error) {
	if err := c.Check(ctx, ws, b); err != nil {
		return b, err
	}
	if b.ID == "" {
		b.ID = core.NewID[string]()
	}
	b.State, b.Created = core.BroadcastGoing, c.Now()
	return b, c.Store.Tx(ctx, func(tx core.Tx) error {
		if err := tx.In(ws).AddBroadcast(ctx, b); err != nil {
			return fmt.Errorf("add broadcast: %w", err)
		}
		return tx.Enqueue(ctx, core.Job{Kind: core.JobBroadcast, Workspace: ws, Key: b.ID, At: b.At})
	})
}

// Pause stops a broadcast; what was composed already is sent.
func (c *Caster) Pause(ctx context.Context, ws core.WorkspaceID, id string) error {
	return c.turn(ctx, ws, id, core.BroadcastGoing, core.BroadcastPaused, "It is not going on.")
}

// Resume goes on with a broadcast.
func (c *Caster) Resume(ctx context.Context, ws core.WorkspaceID, id string) error {
	return c.turn(ctx, ws, id, core.BroadcastPaused, core.BroadcastGoing, "It is not paused.")
}

// Cancel ends a broadcast for good; what was composed already is sent, and those who wait get nothing.
func (c *Caster) Cancel(ctx context.Context, ws core.WorkspaceID, id string) error {
	err := c.turn(ctx, ws, id, core.BroadcastPaused, core.BroadcastCancelled, "")
	if core.CodeOf(err) != core.CodeConflict {
		return err
	}
	return c.turn(ctx, ws, id, core.BroadcastGoing, core.BroadcastCancelled, "It has ended.")
}

// Hold pauses every broadcast that goes on, and returns how many, for a store that comes from a backup: those who wait in it may have got the message
// since.
func (c *Caster) Hold(ctx context.Context, ws core.WorkspaceID) (held int, err error) {
	for p := (core.Page{}); ; {
		all, err := c.Store.In(ws).Broadcasts(ctx, p)
		if err != nil || len(all) == 0 {
			return held, err
		}
		for _, b := range all {
			won, err := c.Store.In(ws).SetBroadcastState(ctx, b.ID, core.BroadcastGoing, core.BroadcastPaused)
			if err != nil {
				return held, fmt.Errorf("hold broadcast: %w", err)
			}
			if won {
				held++
			}
		}
		p.Before = all[len(all)-1].ID
	}
}

func (c *Caster) turn(ctx context.Context, ws core.WorkspaceID, id string, from, to core.BroadcastState, not string) error {
	return c.Store.Tx(ctx, func(tx core.Tx) error {
		b, err := tx.In(ws).Broadcast(ctx, id)
		if errors.Is(err, core.ErrNotFound) {
			return core.NotFound("broadcast")
		}
		if err != nil {
			return fmt.Errorf("broadcast: %w", err)
		}
		won, err := tx.In(ws).SetBroadcastState(ctx, id, from, to)
		if err != nil {
			return fmt.Errorf("change broadcast: %w", err)
		}
		if !won {
			return core.Problemf(core.CodeConflict, "The broadcast %q is %s. %s", b.Name, b.State, not)
		}
		if to != core.BroadcastGoing {
			return nil
		}
		return tx.Enqueue(ctx, core.Job{Kind: core.JobBroadcast, Workspace: ws, Key: id, At: b.At})
	})
}

// Work is the worker of core.JobBroadcast: it sends as many as a few seconds allow, and comes again.
func (c *Caster) Work(ctx context.Context, w core.Work) error {
	const each = 5 * time.Second
	repo := c.Store.In(w.Workspace)
	b, err := repo.Broadcast(ctx, w.Key)
	if err != nil && !errors.Is(err, core.ErrNotFound) {
		return fmt.Errorf("broadcast: %w", err)
	}
	if err != nil || b.State != core.BroadcastGoing {
		return c.finish(ctx, w)
	}
	if err := c.gather(ctx, w, b); err != nil {
		return err
	}
	share := max(1, pace(b)*int(each/time.Second)/60)
	all, err := repo.Recipients(ctx, b.ID, core.RecipientWaiting, "", share)
	if err != nil {
		return fmt.Errorf("recipients: %w", err)
	}
	for _, r := range all {
		if err := c.send(ctx, w.Workspace, b, r); err != nil {
			return err
		}
	}
	if len(all) == 0 {
		if _, err := repo.SetBroadcastState(ctx, b.ID, core.BroadcastGoing, core.BroadcastDone); err != nil {
			return fmt.Errorf("end broadcast: %w", err)
		}
		return c.finish(ctx, w)
	}
	return core.Later{After: time.Minute * time.Duration(len(all)) / time.Duration(pace(b))}
}

// finish ends the job, unless the broadcast was resumed meanwhile: who resumes it from now on waits, and finds the job ended.
func (c *Caster) finish(ctx context.Context, w core.Work) error {
	return c.Store.Tx(ctx, func(tx core.Tx) error {
		b, err := tx.In(w.Workspace).LockBroadcast(ctx, w.Key)
		switch {
		case err != nil && !errors.Is(err, core.ErrNotFound):
			return fmt.Errorf("lock broadcast: %w", err)
		case b.State == core.BroadcastGoing:
			return core.Later{}
		}
		return w.Finish(ctx, tx)
	})
}

const gathered = "broadcast-gathered"

// gather makes rows of the recipients, once: who comes into the segment later gets nothing.
func (c *Caster) gather(ctx context.Context, w core.Work, b core.Broadcast) error {
	repo := c.Store.In(w.Workspace)
	done, err := repo.Value(ctx, gathered, b.ID)
	if err != nil || done != nil {
		return err
	}
	err = c.segment(ctx, w.Workspace, b, func(all []core.Contact) error {
		if w.Ending() {
			return core.ErrStopping
		}
		ids := make([]core.ContactID, len(all))
		for i, who := range all {
			ids[i] = who.ID
		}
		return repo.AddRecipients(ctx, b.ID, ids)
	})
	if err != nil {
		return fmt.Errorf("gather recipients: %w", err)
	}
	return repo.SetValue(ctx, gathered, b.ID, []byte("done"))
}

// send writes to a recipient, or notes why not. After a crash the key of the request finds what was made.
func (c *Caster) send(ctx context.Context, ws core.WorkspaceID, b core.Broadcast, to core.Recipient) error {
	repo := c.Store.In(ws)
	to.At = c.Now()
	who, err := core.CurrentContact(ctx, repo, to.Contact)
	if err != nil {
		return fmt.Errorf("recipient: %w", err)
	}
	if who.ID != to.Contact { // merged since: what was made for them before, nobody gets again
		before, err := repo.MessageByKey(ctx, keyOf(b, to.Contact))
		if err == nil {
			to.State, to.Message = core.RecipientSent, before.ID
			return repo.SetRecipient(ctx, b.ID, to)
		}
		if !errors.Is(err, core.ErrNotFound) {
			return fmt.Errorf("what a merged recipient got: %w", err)
		}
	}
	to.Message, err = c.write(ctx, ws, b, who)
	to.State = core.RecipientSent
	if problem := (*core.Problem)(nil); errors.As(err, &problem) {
		to.State, to.Code, to.Reason = core.RecipientLeftOut, problem.Code, problem.Detail
	} else if err != nil {
		return err
	}
	return repo.SetRecipient(ctx, b.ID, to)
}

// write composes what a contact gets. A problem says why it is nothing.
func (c *Caster) write(ctx context.Context, ws core.WorkspaceID, b core.Broadcast, who core.Contact) (core.MessageID, error) {
	r, out, err := c.pick(ctx, ws, b, who)
	if err != nil {
		return "", err
	}
	if out != nil {
		return "", out
	}
	made, _, err := c.Outbox.Compose(ctx, ws, r)
	if err != nil {
		return "", fmt.Errorf("compose: %w", err)
	}
	return made[0].ID, nil
}
