package outbound

import (
	"context"
	"fmt"
	"slices"
	"time"

	"causeway/core"
)

const (
	giveUpAfter = 24 * time.Hour // of temporary errors, from the first try
	fewestTries = 10             // before giving up: a message may have waited for its channel for days
)

// record runs f with the conversation locked: a receipt may come while the send's own answer is on its way. It does so even when the work is being
// stopped, for what the provider did is done. The attempt, nil for none, is kept with it.
func (o *Outbox) record(ctx context.Context, w core.Work, a *core.Attempt, f func(ctx context.Context, tx core.Tx, repo core.Repo) error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTimeout)
	defer cancel()
	return o.Store.Tx(ctx, func(tx core.Tx) error {
		repo := tx.In(w.Workspace)
		if _, err := repo.Lock(ctx, core.ConversationID(w.Key)); err != nil {
			return fmt.Errorf("lock conversation: %w", err)
		}
		if a != nil {
			if err := repo.AddAttempt(ctx, *a); err != nil {
				return fmt.Errorf("record attempt: %w", err)
			}
		}
		return f(ctx, tx, repo)
	})
}

// changePart changes a part, and its message's status with it.
func (o *Outbox) changePart(ctx context.Context, repo core.Repo, id core.PartID, change func(p *core.Part) error) error {
	p, err := repo.Part(ctx, id)
	if err != nil {
		return fmt.Errorf("part: %w", err)
	}
	if err := change(&p); err != nil {
		return err
	}
	p.Updated = o.Now()
	if err := repo.SetPart(ctx, p); err != nil {
		return fmt.Errorf("set part: %w", err)
	}
	all, err := repo.PartsOf(ctx, p.Message)
	if err != nil {
		return fmt.Errorf("parts of message: %w", err)
	}
	status, failure := core.Worst(all)
	if err := repo.SetMessageStatus(ctx, p.Message, status, failure); err != nil {
		return fmt.Errorf("set message status: %w", err)
	}
	return nil
}

// succeed records the provider's answer, then applies the events that came before it. With the last of what is sent at once it ends the job, if nothing
// waits behind.
func (o *Outbox) succeed(ctx context.Context, w core.Work, rt route, r result) (s step, err error) {
	err = o.record(ctx, w, r.attempt(), func(ctx context.Context, tx core.Tx, repo core.Repo) error {
		s = step{}
		if err := o.markSent(ctx, repo, r); err != nil {
			return err
		}
		if len(r.sent.Learned) > 0 {
			told := core.Told{Source: rt.channel.Kind, Channel: rt.channel.ID, Event: "send/" + r.sent.Provider, At: o.Now()}
			if _, err := core.JoinIdentities(ctx, repo, tx.Enqueue, rt.contact.ID, r.sent.Learned, told); err != nil {
				return err
			}
		}
		if rt.channel.Health.Level == core.HealthUnknown {
			if err := core.NoteSent(ctx, repo, rt.channel.ID, o.Now()); err != nil {
				return err
			}
		}
		if o.Arrived != nil && r.sent.Provider != "" {
			if err := o.Arrived(ctx, tx, rt.channel, r.sent.Provider); err != nil {
				return err
			}
		}
		if !r.last {
			return nil
		}
		over, err := finishBehind(ctx, tx, w)
		s.over = over
		return err
	})
	return s, err
}

// markSent notes that the provider has taken a part. A receipt may have been quicker.
func (o *Outbox) markSent(ctx context.Context, repo core.Repo, r result) error {
	return o.changePart(ctx, repo, r.part.ID, func(p *core.Part) error {
		if err := core.Adopt(ctx, repo, p, r.sent.Provider, r.sent.Stanza); err != nil {
			return err
		}
		p.Status, p.NotBefore = p.Status.Raise(core.StatusSent), time.Time{}
		if p.Status != core.StatusFailed {
			p.Error = nil
		}
		if p.Sent.IsZero() {
			p.Sent = o.Now()
		}
		return nil
	})
}

// settle records what went wrong and says how the lane goes on.
func (o *Outbox) settle(ctx context.Context, w core.Work, part core.Part, a *core.Attempt, e *core.SendError) (next step, err error) {
	again := e.Outcome == core.Unknown && o.idempotent(ctx, part.Channel)
	err = o.record(ctx, w, a, func(ctx context.Context, tx core.Tx, repo core.Repo) error {
		next = step{}
		err := o.changePart(ctx, repo, part.ID, func(p *core.Part) error {
			if p.Status != core.StatusSending && p.Status != core.StatusQueued && p.Status != core.StatusParked {
				return nil // a receipt was quicker and knows better
			}
			p.Error = e
			switch {
			case again:
				next, err = o.retry(ctx, tx, repo, p, e)
			case e.Outcome == core.Unknown && p.Status == core.StatusSending:
				p.Status, p.NotBefore = core.StatusUnknown, o.Now().Add(reconcileFor)
				next = step{wait: reconcileLook}
			default:
				next, err = o.applyEffect(ctx, tx, repo, p, e)
			}
			return err
		})
		if err == nil && part.Status == core.StatusSending {
			err = o.announceAnswer(ctx, tx, repo, part.ID)
		}
		return err
	})
	return next, err
}

// idempotent reports whether a repeated send does no harm. A channel that cannot be opened does not say, so it might.
func (o *Outbox) idempotent(ctx context.Context, id core.ChannelID) bool {
	_, _, link, err := o.Links.Link(ctx, id)
	return err == nil && link.Capabilities().Idempotent
}

// applyEffect applies the effect of a rejected send.
func (o *Outbox) applyEffect(ctx context.Context, tx core.Tx, repo core.Repo, p *core.Part, e *core.SendError) (step, error) {
	switch e.Effect {
	case core.EffectRetry, core.EffectSlowPeer, core.EffectSlow:
		return o.retry(ctx, tx, repo, p, e)
	case core.EffectAlone:
		p.Status, p.NotBefore = core.StatusQueued, time.Time{}
		return step{}, nil
	case core.EffectPark:
		p.Status = core.StatusParked
		return step{stop: true}, o.parkChannel(ctx, tx, repo, p.Channel, e)
	default:
		return step{}, o.fail(ctx, tx, repo, p, e)
	}
}

// parkChannel stops a channel until a person mends it, and has the admins told, once.
func (o *Outbox) parkChannel(ctx context.Context, tx core.Tx, repo core.Repo, id core.ChannelID, e *core.SendError) error {
	ch, err := repo.Channel(ctx, id)
	if err != nil {
		return fmt.Errorf("channel to park: %w", err)
	}
	if ch.State != core.ChannelActive {
		return nil
	}
	h := core.Health{Level: core.HealthBad, Code: e.Code, Reason: e.Reason, Remedy: ch.Named(e.Remedy), Since: o.Now()}
	if err := repo.SetChannelState(ctx, ch.ID, core.ChannelParked, h); err != nil {
		return fmt.Errorf("park channel: %w", err)
	}
	return tx.Enqueue(ctx, core.Job{Kind: core.JobAlert, Workspace: ch.Workspace, Key: string(ch.ID)})
}

// retry puts a part back into the queue, or fails it when it has been tried for too long.
func (o *Outbox) retry(ctx context.Context, tx core.Tx, repo core.Repo, p *core.Part, e *core.SendError) (step, error) {
	if p.Attempts >= fewestTries {
		tries, err := tries(ctx, repo, *p)
		if err != nil {
			return step{}, err
		}
		if len(tries) > 0 && o.Now().Sub(tries[0].At) > giveUpAfter {
			return step{}, o.fail(ctx, tx, repo, p, e)
		}
	}
	wait := o.spread(max(e.Retry, backoff(p.Attempts)))
	p.Status, p.NotBefore = core.StatusQueued, o.Now().Add(wait)
	if e.Effect != core.EffectSlow {
		return step{wait: wait}, nil
	}
	return step{wait: wait}, o.slowDown(ctx, repo, p.Channel, p.NotBefore)
}

// tries are the attempts at a part, those left out that were before a person had it sent once more.
func tries(ctx context.Context, repo core.Repo, p core.Part) ([]core.Attempt, error) {
	all, err := repo.Attempts(ctx, p.ID)
	if err != nil {
		return nil, fmt.Errorf("attempts of part: %w", err)
	}
	history, err := repo.ConversationEvents(ctx, p.Conversation)
	if err != nil {
		return nil, fmt.Errorf("verdicts on message: %w", err)
	}
	for _, e := range history {
		if e.Message == p.Message && (e.Code == core.LineSettledAgain || e.Code == core.LineGivenUpAgain) {
			all = slices.DeleteFunc(all, func(a core.Attempt) bool { return a.At.Before(e.At) })
		}
	}
	return all, nil
}

// backoff grows from a second to ten minutes.
func backoff(attempt int) time.Duration {
	return min(10*time.Minute, time.Second<<min(max(0, attempt-1), 10))
}

// spread adds up to a fifth, two minutes at most: what a provider refused at one time is not to come again all at one time.
func (o *Outbox) spread(wait time.Duration) time.Duration {
	return wait + time.Duration(o.Chance()*float64(min(wait/5, 2*time.Minute)))
}

// fail ends a part and tells its author.
func (o *Outbox) fail(ctx context.Context, tx core.Tx, repo core.Repo, p *core.Part, e *core.SendError) error {
	m, err := repo.Message(ctx, p.Message)
	if err != nil {
		return fmt.Errorf("message of failed part: %w", err)
	}
	// A part being sent was last changed when it was claimed: that is when the provider got it.
	if err := core.Learn(ctx, repo, m, e, p.Updated); err != nil {
		return err
	}
	p.Status, p.Error, p.NotBefore = core.StatusFailed, e, time.Time{}
	if e.Effect == core.EffectResync {
		if err := tx.Enqueue(ctx, core.Job{Kind: core.JobTemplates, Workspace: m.Workspace, Key: string(p.Channel)}); err != nil {
			return err
		}
	}
	return o.notify(ctx, tx, repo, m, *p)
}

// abandon gives up waiting for news of an unknown outcome: a person decides, the conversation goes on. If no agent wrote the message, all who follow
// the conversation are told by its history.
func (o *Outbox) abandon(ctx context.Context, w core.Work, part core.Part) error {
	return o.record(ctx, w, nil, func(ctx context.Context, tx core.Tx, repo core.Repo) error {
		if err := o.endWait(ctx, tx, repo, part.ID); err != nil {
			return err
		}
		return o.changePart(ctx, repo, part.ID, func(p *core.Part) error {
			if p.Status != core.StatusUnknown {
				return nil
			}
			m, err := repo.Message(ctx, p.Message)
			if err != nil {
				return fmt.Errorf("message of unknown part: %w", err)
			}
			switch {
			case m.Author.Kind == core.AuthorProbe: // no customer of anybody's
				return nil
			case m.Author.Kind != core.AuthorAgent || m.Author.Agent == "":
				return o.noteUnknown(ctx, tx, repo, m)
			}
			return o.notify(ctx, tx, repo, m, *p)
		})
	})
}

// endWait ends the wait for news of a part. What the other side of a shared number has shown may be that news.
func (o *Outbox) endWait(ctx context.Context, tx core.Tx, repo core.Repo, id core.PartID) error {
	p, err := repo.Part(ctx, id)
	if err != nil {
		return fmt.Errorf("unknown part: %w", err)
	}
	if p.Status != core.StatusUnknown {
		return nil
	}
	p.NotBefore = time.Time{}
	if err := repo.SetPart(ctx, p); err != nil {
		return fmt.Errorf("end wait for news: %w", err)
	}
	return o.announceAnswer(ctx, tx, repo, id)
}

// announceAnswer tells who waits for what becomes of a part, if its channel shares a number.
func (o *Outbox) announceAnswer(ctx context.Context, tx core.Tx, repo core.Repo, id core.PartID) error {
	if o.Answered == nil {
		return nil
	}
	p, err := repo.Part(ctx, id)
	if err != nil {
		return fmt.Errorf("part that was tried: %w", err)
	}
	ch, err := repo.Channel(ctx, p.Channel)
	if err != nil {
		return fmt.Errorf("channel of part: %w", err)
	}
	if ch.Twin == "" {
		return nil
	}
	return o.Answered(ctx, tx, ch, p)
}

// noteUnknown writes into a conversation's history that nobody knows whether a message arrived.
func (o *Outbox) noteUnknown(ctx context.Context, tx core.Tx, repo core.Repo, m core.Message) error {
	err := repo.AddConversationEvent(ctx, core.ConversationEvent{ID: core.NewID[string](), Conversation: m.Conversation, Kind: core.ConversationEventNotice, Code: core.LineUnknown,
		By: core.Author{Kind: core.AuthorSystem}, Message: m.ID, At: o.Now(),
		Text: "It is not known whether a message sent by a program arrived. Look at the phone, or ask, before it is sent again."})
	if err != nil {
		return fmt.Errorf("note outcome as unknown: %w", err)
	}
	return tx.Enqueue(ctx, core.Job{Kind: core.JobNotify, Workspace: m.Workspace, Key: string(m.Conversation)})
}

func (o *Outbox) notify(ctx context.Context, tx core.Tx, repo core.Repo, m core.Message, p core.Part) error {
	told, err := core.TellFailure(ctx, repo, m, p, o.Now())
	if err != nil || !told {
		return err
	}
	return tx.Enqueue(ctx, core.Job{Kind: core.JobNotify, Workspace: m.Workspace, Key: string(m.Conversation)})
}

// park marks a part as waiting for the channel, so that Wake finds its conversation.
func (o *Outbox) park(ctx context.Context, w core.Work, part core.Part) error {
	return o.record(ctx, w, nil, func(ctx context.Context, _ core.Tx, repo core.Repo) error {
		return o.changePart(ctx, repo, part.ID, func(p *core.Part) error {
			if p.Status == core.StatusQueued {
				p.Status = core.StatusParked
			}
			return nil
		})
	})
}
