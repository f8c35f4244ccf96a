package telegram

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"causeway/core"
)

const (
	keyCursor   = "updates"
	keySick     = "polling-failed" // is there while the channel's health tells of failures
	pollFor     = 45 * time.Second // how long Telegram holds a call without news
	pollMost    = 100              // updates in a call
	albumWait   = 700 * time.Millisecond
	albumLooks  = 3
	cursorFresh = 6 * 24 * time.Hour // Telegram counts anew after a week without updates
	longestWait = time.Minute
	patience    = 3 // failures in a row before the channel's health tells of them
)

// cursor is where to go on. It is saved after the commit of what comes before it.
type cursor struct {
	Next int64     `json:"next"`
	At   time.Time `json:"at"`
}

// session is one run of polling.
type session struct {
	polled
	ready  bool // the webhook is away and the cursor is loaded
	next   int64
	failed int  // in a row
	sick   bool // the channel's health tells of it
	told   bool // it did before a restart
}

// Run implements core.SessionLink. It ends when ctx does, or with a *core.SendError when Telegram does not know the token. All else is waited out.
func (l polled) Run(ctx context.Context) error {
	s := session{polled: l}
	for ctx.Err() == nil {
		wait, over := s.judge(ctx, s.turn(ctx))
		if over != nil {
			return over
		}
		if wait > 0 {
			_ = l.sleep(ctx, wait) // an end of ctx ends the loop
		}
	}
	return ctx.Err()
}

// turn asks once and takes in what comes.
func (s *session) turn(ctx context.Context) error {
	if err := s.prepare(ctx); err != nil {
		return err
	}
	batch, err := s.fetch(ctx, pollFor)
	if err != nil || len(batch) == 0 {
		return err
	}
	if batch, err = s.whole(ctx, batch); err != nil {
		return err
	}
	return s.take(ctx, batch)
}

// prepare takes a webhook away, without which Telegram refuses polling, and keeps what waits there. A cursor that is too old is of no use.
func (s *session) prepare(ctx context.Context) error {
	if s.ready {
		return nil
	}
	if err := s.api.call(ctx, "deleteWebhook", params{"drop_pending_updates": false}, nil); err != nil {
		return err
	}
	raw, err := s.host.Load(ctx, keyCursor)
	if err != nil {
		return fmt.Errorf("read cursor: %w", err)
	}
	var c cursor
	if json.Unmarshal(raw, &c) == nil && s.host.Now().Sub(c.At) < cursorFresh {
		s.next = c.Next
	}
	told, err := s.host.Load(ctx, keySick)
	if err != nil {
		return fmt.Errorf("read what was told of failures: %w", err)
	}
	s.told = len(told) > 0
	s.ready = true
	return nil
}

// fetch asks for updates from the cursor on. The cursor confirms what comes before it: Telegram forgets that.
func (s *session) fetch(ctx context.Context, hold time.Duration) ([]update, error) {
	p := params{"timeout": int(hold / time.Second), "limit": pollMost, "allowed_updates": wanted}
	if s.next > 0 {
		p["offset"] = s.next
	}
	var raw []json.RawMessage
	if err := s.api.call(core.Polling(ctx), "getUpdates", p, &raw); err != nil {
		return nil, err
	}
	batch := make([]update, 0, len(raw))
	for _, r := range raw {
		batch = append(batch, s.open(r))
	}
	return batch, nil
}

// whole waits for the rest of an album that a batch ends with, so that its pictures are stored together.
func (s *session) whole(ctx context.Context, batch []update) ([]update, error) {
	for range albumLooks {
		if len(batch) >= pollMost || batch[len(batch)-1].album() == "" {
			break
		}
		if err := s.sleep(ctx, albumWait); err != nil {
			return nil, err
		}
		more, err := s.fetch(ctx, 0)
		if err != nil {
			return nil, err
		}
		if len(more) <= len(batch) {
			break
		}
		batch = more
	}
	return batch, nil
}

// album names the album that an update's message belongs to, "" if none.
func (u update) album() string {
	for _, raw := range u.pieces {
		var m struct {
			Group text `json:"media_group_id"`
		}
		if json.Unmarshal(raw, &m) == nil && m.Group != "" {
			return string(m.Group)
		}
	}
	return ""
}

// take stores a batch, then the cursor, then answers the buttons that were pressed.
func (s *session) take(ctx context.Context, batch []update) error {
	var events []core.Event
	next := s.next
	for _, u := range batch {
		if err := s.remember(ctx, u); err != nil {
			return err
		}
		events = append(events, u.events()...)
		next = max(next, u.id+1)
	}
	if err := s.host.Emit(ctx, events...); err != nil {
		return fmt.Errorf("store updates: %w", err)
	}
	raw, err := json.Marshal(cursor{Next: next, At: s.host.Now()})
	if err == nil {
		err = s.host.Save(ctx, keyCursor, raw)
	}
	if err != nil {
		return fmt.Errorf("save cursor: %w", err)
	}
	s.next = next
	s.release(ctx, batch)
	return nil
}

// release ends the waiting that Telegram shows on a pressed button. It is a courtesy: failure is logged, not repeated.
func (s *session) release(ctx context.Context, batch []update) {
	for _, u := range batch {
		id := u.pressed()
		if id == "" {
			continue
		}
		if err := s.api.call(ctx, "answerCallbackQuery", params{"callback_query_id": id}, nil); err != nil {
			s.host.Log().DebugContext(ctx, "button press not answered", "err", err)
		}
	}
}

// judge says how long to wait after a turn, and whether the session is over.
func (s *session) judge(ctx context.Context, err error) (wait time.Duration, over error) {
	if ctx.Err() != nil {
		return 0, ctx.Err()
	}
	if err == nil {
		s.well(ctx)
		return 0, nil
	}
	var r *refusal
	s.failed++
	wait = min(longestWait, time.Second<<min(s.failed-1, 6))
	if !errors.As(err, &r) {
		s.ail(ctx, err, core.HealthWarning)
		return wait, nil
	}
	switch r.Code {
	case 401, 404:
		return 0, failed(err) // who runs the session tells of it
	case 409:
		s.ail(ctx, err, core.HealthBad)
		wait = max(wait, 5*time.Second)
	default:
		s.ail(ctx, err, core.HealthWarning)
	}
	return max(wait, r.Retry), nil
}

// ail tells the channel's health once patience is over. What broke on our own side is told elsewhere.
func (s *session) ail(ctx context.Context, err error, level core.HealthLevel) {
	s.host.Log().WarnContext(ctx, "polling failed", "err", err, "failures", s.failed)
	var r *refusal
	var f *failure
	if s.failed < patience || s.sick || !errors.As(err, &r) && !errors.As(err, &f) {
		return
	}
	s.sick = true
	e := core.AsSendError(failed(err))
	h := core.Health{Level: level, Code: e.Code, Reason: e.Reason, Remedy: e.Remedy, Since: s.host.Now()}
	if e.Outcome == core.Unknown {
		h.Reason, h.Remedy = "Telegram does not answer, or not in a way that can be read.", "Check the API base and the network if this lasts."
	}
	if says(err, "webhook is active") {
		h.Reason, h.Remedy = "Another program registered a webhook for this bot; Telegram then refuses polling.", "Stop that program and restart the channel, or make a bot of its own for it."
	}
	s.note(ctx, []byte{1})
	s.host.Health(ctx, h)
}

// note keeps whether the health tells of failures, for the next run: who takes it back may be another process.
func (s *session) note(ctx context.Context, sick []byte) {
	if err := s.host.Save(ctx, keySick, sick); err != nil {
		s.host.Log().WarnContext(ctx, "health of polling not kept", "err", err)
	}
}

// well takes back what ail told, in this run or in the one before.
func (s *session) well(ctx context.Context) {
	if s.sick || s.told {
		s.note(ctx, []byte{})
		s.host.Health(ctx, core.Health{Level: core.HealthGood, Code: "polling", Reason: "Telegram answers again.", Since: s.host.Now()})
	}
	s.failed, s.sick, s.told = 0, false, false
}
