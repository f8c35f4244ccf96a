package outbound

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"causeway/core"
)

const (
	sendTimeout   = 60 * time.Second
	recordTimeout = 30 * time.Second // for writing down what the provider did, even when the work is being stopped
	reconcileFor  = 90 * time.Second // how long an unknown outcome holds up the conversation
	reconcileLook = 2 * time.Second
	longestTurn   = 2 * time.Second // of waiting for the channel's rate with a worker
	elsewhere     = time.Second     // until a part is looked at again that only the channel's session can send
)

// Deliver is the worker of JobDeliver: it sends what waits in a conversation, in order, until nothing is left that can go now.
func (o *Outbox) Deliver(ctx context.Context, w core.Work) error {
	repo := o.Store.In(w.Workspace)
	id := core.ConversationID(w.Key)
	if mine, err := repo.TakeLane(ctx, lane(id), w.Token); err != nil || !mine {
		return err // a newer worker has the lane
	}
	var answered *route
	defer func() {
		if answered != nil {
			o.markRead(ctx, w, *answered)
		}
	}()
	for {
		if w.Ending() {
			return core.ErrStopping
		}
		p, err := nextPart(ctx, repo, id)
		if err != nil {
			return err
		}
		s := step{stop: true}
		if p.ID != "" {
			s, err = o.deliverPart(ctx, w, p)
		}
		answered = cmp.Or(s.answered, answered)
		switch {
		case err != nil:
			return err
		case s.over:
			return nil
		case s.wait > 0:
			return core.Later{After: s.wait, Elsewhere: s.away}
		case s.stop:
			if done, err := o.finish(ctx, w, p.ID); done || err != nil {
				return err
			}
		}
	}
}

// nextPart returns the part to work on; one without an id: there is none.
func nextPart(ctx context.Context, repo core.Repo, id core.ConversationID) (core.Part, error) {
	p, err := repo.NextPart(ctx, id)
	if errors.Is(err, core.ErrNotFound) {
		return core.Part{}, nil
	}
	if err != nil {
		return p, fmt.Errorf("next part: %w", err)
	}
	return p, nil
}

// step is what to do after a part. The zero step goes on with the next.
type step struct {
	wait time.Duration // look again after it
	away bool          // by another node, if there is one
	stop bool          // nothing can go until somebody mends the channel, or writes
	over bool          // nothing is left to this worker: it has ended the job, or a newer one has the lane

	answered *route // to whom a person's words went, where the contact can be shown that theirs were read; nil: none went
}

func lane(id core.ConversationID) string { return "deliver/" + string(id) }

// finishBehind ends the job in the transaction that records its last send, unless more waits. A job that another worker has by now takes nothing back of
// what is recorded.
func finishBehind(ctx context.Context, tx core.Tx, w core.Work) (done bool, err error) {
	p, err := nextPart(ctx, tx.In(w.Workspace), core.ConversationID(w.Key))
	if err != nil || p.ID != "" {
		return false, err
	}
	return w.Finish(ctx, tx) == nil, nil
}

// finish ends the job unless something else than the part it stopped at has come up meanwhile.
func (o *Outbox) finish(ctx context.Context, w core.Work, at core.PartID) (done bool, err error) {
	err = o.Store.Tx(ctx, func(tx core.Tx) error {
		done = false
		repo := tx.In(w.Workspace)
		if _, err := repo.Lock(ctx, core.ConversationID(w.Key)); err != nil {
			return fmt.Errorf("lock conversation: %w", err)
		}
		p, err := nextPart(ctx, repo, core.ConversationID(w.Key))
		if err != nil {
			return err
		}
		if p.ID != at {
			return nil
		}
		if at != "" {
			ch, err := repo.Channel(ctx, p.Channel)
			if err != nil {
				return fmt.Errorf("channel of part: %w", err)
			}
			if ch.State == core.ChannelActive {
				return nil // it was mended while we stopped
			}
		}
		done = true
		return w.Finish(ctx, tx)
	})
	return done && err == nil, err
}

// deliverPart handles one part.
func (o *Outbox) deliverPart(ctx context.Context, w core.Work, p core.Part) (step, error) {
	now := o.Now()
	switch {
	case p.Status == core.StatusSending: // a worker died between the claim and the result
		return o.settle(ctx, w, p, nil, core.AsSendError(errors.New("the sender stopped before it knew the answer")))
	case p.Status == core.StatusUnknown && now.Before(p.NotBefore):
		return step{wait: min(reconcileLook, p.NotBefore.Sub(now))}, nil
	case p.Status == core.StatusUnknown:
		return step{}, o.abandon(ctx, w, p)
	case now.Before(p.NotBefore):
		return step{wait: p.NotBefore.Sub(now)}, nil
	}
	v, err := o.open(ctx, p.Channel)
	var broken *core.Problem
	switch {
	case core.CodeOf(err) == core.CodeChannelRemoved && errors.As(err, &broken):
		return o.settle(ctx, w, p, nil, rejected(*broken, core.EffectFail))
	case errors.As(err, &broken): // its settings or secrets need a person, like a token that has expired
		return o.settle(ctx, w, p, nil, rejected(*broken, core.EffectPark))
	case err != nil:
		return step{}, fmt.Errorf("open channel: %w", err)
	}
	return o.inTurn(ctx, w, v, p)
}

// inTurn sends a part when it is its channel's turn.
func (o *Outbox) inTurn(ctx context.Context, w core.Work, v via, p core.Part) (step, error) {
	slow, err := o.slowUntil(ctx, o.Store.In(w.Workspace), p.Channel)
	if err != nil {
		return step{}, err
	}
	if wait := slow.Sub(o.Now()); wait > 0 {
		return step{wait: o.queueUp(v, p.Conversation, wait)}, nil
	}
	if !o.takeSeat(v.id) {
		return step{wait: o.queueUp(v, p.Conversation, shortest)}, nil
	}
	defer o.leaveSeat(v.id)
	if wait, err := o.awaitTurn(ctx, w, v); wait > 0 || err != nil {
		return step{wait: wait}, err
	}
	return o.sendBy(ctx, w, v, p)
}

// sendBy finds the way that a part goes, unless somebody was quicker, and sends it.
func (o *Outbox) sendBy(ctx context.Context, w core.Work, v via, p core.Part) (step, error) {
	repo := o.Store.In(w.Workspace)
	m, err := repo.Message(ctx, p.Message)
	if err != nil {
		return step{}, fmt.Errorf("message of part: %w", err)
	}
	conv, err := repo.Conversation(ctx, p.Conversation)
	if err != nil {
		return step{}, fmt.Errorf("conversation of part: %w", err)
	}
	var second *core.Problem
	if err := o.overtakenInQueue(ctx, repo, conv, m, p); errors.As(err, &second) {
		return o.settle(ctx, w, p, nil, rejected(*second, core.EffectFail))
	} else if err != nil {
		return step{}, err
	}
	conv.State = core.ConversationOpen // who closes a conversation does not take back what was said in it before
	rt, err := o.route(ctx, repo, conv, v, sender{m.Identity, m.Created})
	if err != nil {
		return step{}, err
	}
	return o.passGate(ctx, w, rt, m, p)
}

// rejected is a problem as what became of a part: it did not go out.
func rejected(p core.Problem, effect core.Effect) *core.SendError {
	return &core.SendError{Code: string(p.Code), Outcome: core.Rejected, Effect: effect, Reason: p.Detail, Remedy: p.Remedy}
}

// passGate asks the gate, and sends a part that it lets through as the channel takes it.
func (o *Outbox) passGate(ctx context.Context, w core.Work, rt route, m core.Message, p core.Part) (step, error) {
	repo := o.Store.In(w.Workspace)
	d, t, err := o.decide(ctx, repo, rt, m.Author, p.Content)
	switch {
	case err != nil:
		return step{}, err
	case d.Verdict == core.VerdictPark:
		return step{stop: true}, o.park(ctx, w, p)
	case !d.Allowed():
		o.refused(d)
		return o.settle(ctx, w, p, nil, rejected(core.Problem{Code: d.Code, Detail: d.Reason, Remedy: d.Remedy}, core.EffectFail))
	}
	if bound, ok := rt.link.(core.BoundLink); ok && !bound.Here() {
		return step{wait: elsewhere, away: true}, nil // for the node that has the session, or for this one when it has
	}
	content, err := o.fit(ctx, repo, rt, p.Content)
	if bad := (*core.Problem)(nil); errors.As(err, &bad) && bad.Code != core.CodeUnavailable {
		return o.settle(ctx, w, p, nil, rejected(*bad, core.EffectFail))
	}
	if err != nil {
		return step{}, err
	}
	return o.sendTogether(ctx, w, rt, piece{m, p, content, t, d})
}

// sendTogether sends a piece, with those that go in one call with it.
func (o *Outbox) sendTogether(ctx context.Context, w core.Work, rt route, first piece) (step, error) {
	all, err := o.together(ctx, o.Store.In(w.Workspace), rt, first)
	if err != nil {
		return step{}, err
	}
	all, s, err := o.claim(ctx, w, all)
	if err != nil || len(all) == 0 {
		return s, err
	}
	return o.send(core.WithTrace(ctx, first.message.Trace()), w, rt, all)
}

// piece is a part that may be sent, with what the gate said of it.
type piece struct {
	message  core.Message
	part     core.Part
	content  core.Content // as the channel takes it
	template *core.Template
	decision core.Decision
}

// outgoing is what the bridge gets.
func (x piece) outgoing(ctx context.Context, repo core.Repo, rt route) core.Outgoing {
	out := core.Outgoing{Key: x.part.ID, To: rt.to, Content: x.content, Template: x.template, Human: x.decision.Verdict == core.VerdictSendHuman,
		Attempt: x.part.Attempts, Language: rt.contact.Language}
	if x.message.Author.Human() {
		out.Author = x.message.Author.Name
	}
	if q := out.Content.Quote; q != nil && q.Message != "" && (q.Provider == "" || rt.channel.Twin != "") {
		out.Content.Quote = quoted(ctx, repo, rt.channel, *q)
	}
	return out
}

// claim marks pieces as being sent, if this worker still has the lane, up to the first whose part no longer waits.
func (o *Outbox) claim(ctx context.Context, w core.Work, all []piece) (claimed []piece, s step, err error) {
	err = o.Store.Tx(ctx, func(tx core.Tx) error {
		claimed, s = nil, step{}
		repo := tx.In(w.Workspace)
		if _, err := repo.Lock(ctx, core.ConversationID(w.Key)); err != nil {
			return fmt.Errorf("lock conversation: %w", err)
		}
		mine, err := repo.TakeLane(ctx, lane(core.ConversationID(w.Key)), w.Token)
		if err != nil || !mine {
			s.over = !mine
			return err
		}
		for _, x := range all {
			p, err := repo.Part(ctx, x.part.ID)
			if err != nil {
				return fmt.Errorf("part to send: %w", err)
			}
			if p.Status != core.StatusQueued && p.Status != core.StatusParked {
				return nil
			}
			p.Status, p.Attempts, p.NotBefore, p.Updated = core.StatusSending, p.Attempts+1, time.Time{}, o.Now()
			if err := repo.SetPart(ctx, p); err != nil {
				return fmt.Errorf("claim part: %w", err)
			}
			x.part = p
			claimed = append(claimed, x)
		}
		return nil
	})
	return claimed, s, err
}

// send hands pieces to the bridge, in one call, and records what came of each.
func (o *Outbox) send(ctx context.Context, w core.Work, rt route, all []piece) (step, error) {
	began := o.Now()
	limited, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	sent, err := o.hand(limited, w, rt, all)
	took := o.Now().Sub(began)
	var next step
	for i, x := range all {
		r := result{piece: x, err: err, began: began, took: took, together: len(all), last: i == len(all)-1}
		if err == nil {
			r.sent = sent[i]
		}
		s, err := o.recordResult(ctx, w, rt, r)
		if err != nil {
			return step{}, err
		}
		next = step{wait: max(next.wait, s.wait), away: next.away || s.away, stop: next.stop || s.stop, over: s.over}
	}
	if err == nil && all[0].message.Author.Human() && rt.capabilities.Can(core.ActionRead) {
		next.answered = &rt
	}
	return next, nil
}

// result is what came of a call of the bridge for one of the pieces in it.
type result struct {
	piece
	sent     core.Sent // the bridge's answer, if there is no error
	err      error
	began    time.Time
	took     time.Duration
	together int  // how many pieces were in the call
	last     bool // it is the last of them
}

// attempt is the record of the call.
func (r result) attempt() *core.Attempt {
	a := &core.Attempt{Part: r.part.ID, Number: r.part.Attempts, At: r.began, Took: r.took, Result: "sent"}
	if r.err != nil {
		a.Result = r.err.Error()
	}
	return a
}

// recordResult tells of a result and records it.
func (o *Outbox) recordResult(ctx context.Context, w core.Work, rt route, r result) (step, error) {
	o.tell(ctx, rt.channel, r)
	if r.err == nil {
		return o.succeed(ctx, w, rt, r)
	}
	e := o.unlessOutdated(ctx, rt, core.AsSendError(r.err))
	s, err := o.settle(ctx, w, r.part, r.attempt(), blameOf(e, r.together))
	return s, cmp.Or(err, o.resumeIfOutdated(ctx, w, rt, e))
}

// quoted resolves a quote of one of our messages to the id that the provider of the channel has for it.
func quoted(ctx context.Context, repo core.Repo, ch core.Channel, q core.Quote) *core.Quote {
	m, err := repo.Message(ctx, q.Message)
	if err != nil || len(m.Parts) == 0 {
		return nil // better without the quote than not at all
	}
	if q.Provider, err = core.IDOn(ctx, repo, ch, m.Parts[0]); err != nil || q.Provider == "" {
		return nil
	}
	return &q
}

// Due is the worker of JobDue: it has a conversation delivered when the time of one of its messages has come.
func (o *Outbox) Due(ctx context.Context, w core.Work) error {
	return o.Store.Tx(ctx, func(tx core.Tx) error {
		repo := tx.In(w.Workspace)
		m, err := repo.Message(ctx, core.MessageID(w.Key))
		if err != nil {
			return fmt.Errorf("message that is due: %w", err)
		}
		if _, err := repo.Lock(ctx, m.Conversation); err != nil {
			return fmt.Errorf("lock conversation: %w", err)
		}
		if err := tx.Enqueue(ctx, core.Job{Kind: core.JobDeliver, Workspace: w.Workspace, Key: string(m.Conversation)}); err != nil {
			return err
		}
		return w.Finish(ctx, tx)
	})
}
