package forward

import (
	"context"
	"errors"
	"fmt"
	"time"

	"causeway/core"
)

const (
	sendTimeout = 5 * time.Minute
	// giveUpAfter is for a mailbox that is full or refuses for now, and for a relay that refuses our sender address; for a relay that is not there we wait without end.
	giveUpAfter  = 48 * time.Hour
	mostAttempts = 15 // to write a mail
	plainAttempt = 4  // from this try on, files become links: one of them may be why it fails
)

// errOvertaken says that a newer worker has the lane.
var errOvertaken = errors.New("a newer worker mails this conversation")

func lane(id core.ConversationID) string { return "notify/" + string(id) }

// Notify is the worker of JobNotify: it makes notices of what is new in a conversation and mails those that wait, in their order.
func (f *Forwarder) Notify(ctx context.Context, w core.Work) error {
	id := core.ConversationID(w.Key)
	repo := f.Store.In(w.Workspace)
	if mine, err := repo.TakeLane(ctx, lane(id), w.Token); err != nil || !mine {
		return err // a newer worker has the lane
	}
	for {
		done, wait, err := f.turn(ctx, w)
		if done || err != nil {
			return err
		}
		if wait > 0 {
			return core.Later{After: wait}
		}
		err = f.drain(ctx, w, id)
		if errors.Is(err, errOvertaken) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// drain mails what waits, each agent's in their order: a mailbox that cannot be written to now holds up nobody else's. When only such are left, it
// returns the time to wait for the first of them.
func (f *Forwarder) drain(ctx context.Context, w core.Work, id core.ConversationID) error {
	var (
		held   []core.AgentID
		sooner time.Duration
	)
	for {
		if w.Ending() {
			return core.ErrStopping
		}
		n, err := f.Store.In(w.Workspace).NextNotice(ctx, id, held...)
		switch {
		case errors.Is(err, core.ErrNotFound) && len(held) == 0:
			return nil
		case errors.Is(err, core.ErrNotFound):
			return core.Later{After: sooner}
		case err != nil:
			return fmt.Errorf("next notice: %w", err)
		}
		var later core.Later
		if err := f.deliver(ctx, w, n); errors.As(err, &later) {
			if len(held) == 0 || later.After < sooner {
				sooner = later.After
			}
			held = append(held, n.Agent)
		} else if err != nil {
			return err
		}
	}
}

// turn makes notices of what is new, and ends the job if none waits: under the conversation's lock, so that nothing comes in between. Where none
// waits but an album is not whole yet, it returns the time to wait for it.
func (f *Forwarder) turn(ctx context.Context, w core.Work) (done bool, wait time.Duration, err error) {
	err = f.Store.Tx(ctx, func(tx core.Tx) error {
		done, wait = false, 0
		repo := tx.In(w.Workspace)
		conv, err := repo.Lock(ctx, core.ConversationID(w.Key))
		if err != nil {
			return fmt.Errorf("lock conversation: %w", err)
		}
		if gone, err := erased(ctx, repo, conv); err != nil {
			return err
		} else if gone {
			done = true
			return w.Finish(ctx, tx)
		}
		settles, err := f.plan(ctx, repo, conv)
		if err != nil {
			return err
		}
		_, err = repo.NextNotice(ctx, conv.ID)
		if !errors.Is(err, core.ErrNotFound) {
			return err
		}
		if settles > 0 {
			wait = settles
			return nil
		}
		done = true
		return w.Finish(ctx, tx)
	})
	return done && err == nil, wait, err
}

// deliver mails one notice. core.Later holds the conversation's mails until this one may go.
func (f *Forwarder) deliver(ctx context.Context, w core.Work, n core.Notice) error {
	a, err := f.Store.In(w.Workspace).Agent(ctx, n.Agent)
	if err != nil && !errors.Is(err, core.ErrNotFound) {
		return fmt.Errorf("agent of notice: %w", err)
	}
	if err != nil || a.Disabled || a.Address() == "" {
		return f.drop(ctx, w, n, "The agent no longer gets mail.")
	}
	m, err := f.about(ctx, w, n)
	if err != nil {
		return err
	}
	switch {
	case m.ID != "":
		ctx = core.WithTrace(ctx, m.Trace())
	case n.Mail != "": // which became no message
		ctx = core.WithTrace(ctx, n.Mail.Trace())
	}
	wait, err := f.await(ctx, w, n, m)
	if err != nil {
		return err
	}
	if wait > 0 {
		return core.Later{After: wait}
	}
	l, err := f.letter(ctx, w.Workspace, n, a, n.Attempts < plainAttempt)
	if err != nil {
		return f.unwritten(ctx, w, n, err)
	}
	if trace := core.TraceIn(ctx); trace != "" {
		l.Headers = append(l.Headers, [2]string{core.TraceHeader, trace})
	}
	n.MessageID, n.Body, n.Attempts = l.MessageID, l.Text, n.Attempts+1
	if err := f.claim(ctx, w, n); err != nil {
		return err
	}
	err = f.send(ctx, l)
	f.tell(ctx, n, m, err)
	return f.settle(ctx, w, n, err, len(l.Files) > 0)
}

// about returns the message that a notice is about; one without an id: it is about none, or about one that is gone.
func (f *Forwarder) about(ctx context.Context, w core.Work, n core.Notice) (core.Message, error) {
	if n.Message == "" {
		return core.Message{}, nil
	}
	m, err := f.Store.In(w.Workspace).Message(ctx, n.Message)
	if err != nil {
		return core.Message{}, ignoreMissing(err)
	}
	return m, nil
}

// tell says what the relay made of a mail.
func (f *Forwarder) tell(ctx context.Context, n core.Notice, m core.Message, err error) {
	waited := f.Now().Sub(n.Created)
	if n.Kind == core.NoticeMessage && m.ID != "" {
		waited = f.Now().Sub(m.Created)
	}
	if f.Mailed != nil {
		f.Mailed(n.Kind, waited, err)
	}
	if err == nil {
		f.Log.InfoContext(ctx, "mail handed to the relay", "conversation", n.Conversation, "agent", n.Agent, "kind", n.Kind, "after", waited)
	}
}

func (f *Forwarder) send(ctx context.Context, l Letter) error {
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	return f.Relay.Send(ctx, l)
}

// claim stores the Message-ID before anything leaves, if this worker still has the lane.
func (f *Forwarder) claim(ctx context.Context, w core.Work, n core.Notice) error {
	return f.Store.Tx(ctx, func(tx core.Tx) error {
		repo := tx.In(w.Workspace)
		mine, err := repo.TakeLane(ctx, lane(n.Conversation), w.Token)
		if err != nil {
			return fmt.Errorf("take lane: %w", err)
		}
		if !mine {
			return errOvertaken
		}
		return repo.SetNotice(ctx, n)
	})
}

// settle records what became of a mail.
func (f *Forwarder) settle(ctx context.Context, w core.Work, n core.Notice, err error, files bool) error {
	// What the relay did is recorded even when the work is being stopped.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	if err == nil {
		n.State, n.Sent, n.Error = core.NoticeSent, f.Now(), ""
		return f.set(ctx, w, n)
	}
	n.Error = err.Error()
	var refusal *RelayError
	ofLetter := errors.As(err, &refusal) && refusal.Refused == RefusedLetter
	switch {
	case ofLetter && !refusal.Temporary && files && n.Attempts <= plainAttempt: // perhaps for its files
		n.Attempts = plainAttempt + 1
		return f.set(ctx, w, n)
	case ofLetter && f.hopeless(n, err):
		return f.withhold(ctx, w, n)
	case f.hopeless(n, err):
		return errors.Join(f.drop(ctx, w, n, n.Error), f.unreached(ctx, w.Workspace, n.Agent, n.Error))
	}
	if err := f.set(ctx, w, n); err != nil {
		return err
	}
	f.Log.WarnContext(ctx, "mail not taken, to be tried again", "conversation", n.Conversation, "agent", n.Agent, "attempt", n.Attempts, "err", err)
	return core.Later{After: f.spread(backoff(n.Attempts))}
}

// hopeless reports whether trying again cannot help.
func (f *Forwarder) hopeless(n core.Notice, err error) bool {
	var refusal *RelayError
	refused := errors.As(err, &refusal) && (refusal.Code >= 450 && refusal.Code < 453 || refusal.Refused == RefusedUs && refusal.Code >= 500)
	return forGood(err) || refused && f.Now().Sub(n.Created) > giveUpAfter
}

// forGood reports whether an error of the relay's does not pass: the server refused the letter, or it cannot be written.
func forGood(err error) bool {
	var refusal *RelayError
	if errors.As(err, &refusal) {
		return !refusal.Temporary
	}
	return core.CodeOf(err) != "" && core.CodeOf(err) != core.CodeUnavailable
}

// backoff grows from two seconds to ten minutes.
func backoff(attempt int) time.Duration {
	return min(10*time.Minute, 2*time.Second<<min(max(0, attempt-1), 10))
}

// spread adds up to a fifth: the mails that a relay did not take are not to come again all at one time.
func (f *Forwarder) spread(wait time.Duration) time.Duration {
	return wait + time.Duration(f.Chance()*float64(wait/5))
}

func (f *Forwarder) set(ctx context.Context, w core.Work, n core.Notice) error {
	if err := f.Store.In(w.Workspace).SetNotice(ctx, n); err != nil {
		return fmt.Errorf("record mail: %w", err)
	}
	return nil
}

// unwritten decides about a notice whose mail could not be written. What it is about may be gone; and one that can never be written must not
// hold up the others for good.
func (f *Forwarder) unwritten(ctx context.Context, w core.Work, n core.Notice, err error) error {
	switch {
	case errors.Is(err, core.ErrUnavailable) || ctx.Err() != nil:
		return fmt.Errorf("write mail: %w", err)
	case errors.Is(err, core.ErrNotFound) || n.Attempts >= mostAttempts:
		return f.drop(ctx, w, n, err.Error())
	}
	n.Attempts, n.Error = n.Attempts+1, err.Error()
	if err := f.set(ctx, w, n); err != nil {
		return err
	}
	f.Log.ErrorContext(ctx, "mail not written, to be tried again", "conversation", n.Conversation, "agent", n.Agent, "attempt", n.Attempts, "err", err)
	return core.Later{After: f.spread(backoff(n.Attempts))}
}

// drop gives a notice up, and says so where an admin looks.
func (f *Forwarder) drop(ctx context.Context, w core.Work, n core.Notice, reason string) error {
	n.State, n.Error = core.NoticeDropped, reason
	f.Log.ErrorContext(ctx, "mail to an agent given up", "conversation", n.Conversation, "agent", n.Agent, "kind", n.Kind, "reason", reason)
	return f.Store.Tx(ctx, func(tx core.Tx) error {
		repo := tx.In(w.Workspace)
		if err := repo.SetNotice(ctx, n); err != nil {
			return fmt.Errorf("record mail: %w", err)
		}
		return f.log(ctx, repo, n.Conversation, false, "mail to agent "+string(n.Agent)+" given up: "+reason)
	})
}

// unreached notes that an agent's mailbox does not take mail, and has it be told where that is news: what customers write reaches nobody there.
func (f *Forwarder) unreached(ctx context.Context, ws core.WorkspaceID, id core.AgentID, why string) error {
	a, err := f.Store.In(ws).Agent(ctx, id)
	if err != nil {
		return ignoreMissing(err)
	}
	return f.Store.Tx(ctx, func(tx core.Tx) error {
		news, err := core.NoteUnreached(ctx, tx.In(ws), a, why, f.Now())
		if err != nil || !news || f.Unreached == nil {
			return err
		}
		return tx.Enqueue(ctx, f.Unreached(ws, a, why)...)
	})
}

// log writes a line into the log of a conversation's channel.
func (f *Forwarder) log(ctx context.Context, repo core.Repo, id core.ConversationID, inward bool, note string) error {
	conv, err := repo.Conversation(ctx, id)
	if err != nil {
		return fmt.Errorf("conversation of mail: %w", err)
	}
	return repo.AppendLog(ctx, core.LogEntry{ID: core.NewID[string](), Channel: conv.Channel, At: f.Now(), Inward: inward, Method: "MAIL",
		URL: fmt.Sprintf("conversation #%d", conv.Number), Note: note})
}

// await tells how long to wait for the files that the mail is to bring: zero when they are here, given up, or overdue.
func (f *Forwarder) await(ctx context.Context, w core.Work, n core.Notice, m core.Message) (time.Duration, error) {
	waited := f.Now().Sub(n.Created)
	if n.Kind != core.NoticeMessage && n.Kind != core.NoticeChange || m.ID == "" || waited < 0 || waited >= f.FileWait {
		return 0, nil
	}
	repo := f.Store.In(w.Workspace)
	all, err := f.brings(ctx, repo, n, m)
	if err != nil {
		return 0, err
	}
	for _, m := range all {
		if m.Content.Media == nil || m.Content.Media.ID == "" {
			continue
		}
		file, err := repo.File(ctx, m.Content.Media.ID)
		if err != nil && !errors.Is(err, core.ErrNotFound) {
			return 0, fmt.Errorf("file of message: %w", err)
		}
		if err == nil && file.State == core.FilePending {
			return min(max(time.Second, waited/4), 15*time.Second), nil
		}
	}
	return 0, nil
}

func ignoreMissing(err error) error {
	if errors.Is(err, core.ErrNotFound) {
		return nil
	}
	return err
}

// erased reports whether a conversation is one of a contact who was erased: nobody is told anything of it.
func erased(ctx context.Context, repo core.Repo, conv core.Conversation) (bool, error) {
	if conv.State == core.ConversationOpen {
		return false, nil
	}
	c, err := repo.Contact(ctx, conv.Contact)
	if err != nil {
		return false, fmt.Errorf("contact of conversation: %w", err)
	}
	return !c.Erased.IsZero(), nil
}
