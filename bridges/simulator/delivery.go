package simulator

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"time"
)

// Webhook is one body on its way to the app, with every attempt to hand it over.
type Webhook struct {
	ID       int
	Field    string
	Body     []byte
	Attempts []Attempt
	Done     bool // answered 2xx
	GivenUp  bool // dropped, without a callback, or tried often enough

	biz   *Business
	about *ChatMessage // the customer's message in it, for its ticks
	wait  time.Duration
}

// Attempt is one POST of a webhook. Status is zero if there was no answer.
type Attempt struct {
	At     time.Time
	Status int
	Err    string
}

// lane keeps webhooks about one person in order. Retries leave it, so a refused one does not stop the rest.
type lane struct{ queue []*Webhook }

// post puts a change on its way. Callers hold mu.
func (s *Simulator) post(b *Business, key string, value obj, field string, about ...*ChatMessage) {
	s.postAt(b, key, value, field, s.Now(), about...)
}

// postAt is post with the time that the webhook names.
func (s *Simulator) postAt(b *Business, key string, value obj, field string, at time.Time, about ...*ChatMessage) {
	s.serial++
	w := &Webhook{ID: s.serial, Field: field, biz: b, Body: b.envelopeAt([]obj{{"field": field, "value": value}}, at)}
	for _, m := range about {
		w.about = m
	}
	s.hooks = append(s.hooks, w)
	s.touch()
	switch {
	case !b.callbacks || b.acc.CallbackURL == "" || s.take(FaultDrop) != nil:
		w.GivenUp = true
		return
	case s.take(FaultReorder) != nil && s.held == nil:
		s.pending++
		s.held = w
		return
	}
	s.pending++
	if f := s.take(FaultDelay); f != nil {
		w.wait = f.Delay
		s.spawn(func() { s.deliver(w) })
		return
	}
	s.enqueue(b.acc.PhoneNumberID+"/"+key, w)
	if s.take(FaultDuplicate) != nil {
		s.again(b, key, w)
	}
	if late := s.held; late != nil {
		s.held = nil
		s.enqueue(b.acc.PhoneNumberID+"/"+key, late)
	}
}

func (s *Simulator) again(b *Business, key string, w *Webhook) {
	s.serial++
	twin := &Webhook{ID: s.serial, Field: w.Field, biz: b, Body: w.Body}
	s.hooks = append(s.hooks, twin)
	s.pending++
	s.enqueue(b.acc.PhoneNumberID+"/"+key, twin)
}

func (s *Simulator) enqueue(key string, w *Webhook) {
	if l := s.lanes[key]; l != nil {
		l.queue = append(l.queue, w)
		return
	}
	l := &lane{queue: []*Webhook{w}}
	if s.spawn(func() { s.drain(key, l) }) {
		s.lanes[key] = l
	}
}

func (s *Simulator) drain(key string, l *lane) {
	for {
		s.mu.Lock()
		if len(l.queue) == 0 || s.ctx.Err() != nil {
			delete(s.lanes, key)
			s.mu.Unlock()
			return
		}
		w := l.queue[0]
		l.queue = l.queue[1:]
		s.mu.Unlock()
		if !s.attempt(w) {
			s.retryLater(w)
		}
	}
}

// deliver is a whole delivery outside of a lane.
func (s *Simulator) deliver(w *Webhook) {
	if s.pause(w.wait) && !s.attempt(w) {
		s.retry(w)
	}
}

func (s *Simulator) retryLater(w *Webhook) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.spawn(func() { s.retry(w) })
}

func (s *Simulator) retry(w *Webhook) {
	for _, d := range s.opts.Retry {
		if !s.pause(d) {
			return
		}
		if s.attempt(w) {
			return
		}
	}
	s.settle(w, func() { w.GivenUp = true })
}

// attempt posts once and says whether the app took it.
func (s *Simulator) attempt(w *Webhook) bool {
	s.mu.Lock()
	url, secret := w.biz.acc.CallbackURL, w.biz.acc.AppSecret
	if w.about != nil {
		raise(w.about, Sent)
		s.touch()
	}
	s.mu.Unlock()
	status, err := s.postBody(s.ctx, url, w.Body, sign(secret, w.Body))
	a := Attempt{At: s.Now(), Status: status}
	if err != nil {
		a.Err = err.Error()
	}
	ok := err == nil && status/100 == 2
	if !ok {
		s.opts.Log.Debug("webhook refused", "webhook", w.ID, "field", w.Field, "status", status, "err", err)
	}
	s.mu.Lock()
	w.Attempts = append(w.Attempts, a)
	s.mu.Unlock()
	if ok {
		s.settle(w, func() { w.Done = true })
	}
	return ok
}

// settle ends a delivery, well or badly.
func (s *Simulator) settle(w *Webhook, f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
	s.pending--
	if w.Done && w.about != nil {
		raise(w.about, Delivered)
	}
	s.touch()
}

// postBody sends a webhook. The answer's body is read to its end, as connections are reused.
func (s *Simulator) postBody(ctx context.Context, url string, body []byte, signature string) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, s.opts.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "facebookexternalua")
	if signature != "" {
		req.Header.Set("X-Hub-Signature-256", signature)
	}
	res, err := s.client.Do(req)
	if err != nil {
		return 0, err
	}
	defer func() { _ = res.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 1<<20))
	return res.StatusCode, nil
}

// PostRaw posts any body to the callback, signed with the app secret, once, and returns the answer's status.
func (b *Business) PostRaw(ctx context.Context, body []byte) (int, error) {
	return b.PostSigned(ctx, body, b.Sign(body))
}

// PostSigned is PostRaw with a signature of one's own; empty leaves the header out.
func (b *Business) PostSigned(ctx context.Context, body []byte, signature string) (int, error) {
	return b.sim.postBody(ctx, b.Account().CallbackURL, body, signature)
}

// raise lifts a tick and never lowers it.
func raise(m *ChatMessage, to Tick) bool {
	if to.rank() <= m.Tick.rank() {
		return false
	}
	m.Tick = to
	return true
}
