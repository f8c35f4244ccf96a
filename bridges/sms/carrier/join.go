package carrier

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"causeway/bridges/sms"
	"causeway/core"
)

// joiner puts long messages together that a provider hands on in parts. Each part is kept before it is acknowledged. What has not come after a
// while is not waited for: what is there goes on as it is.
type joiner struct {
	host core.Host

	mu      sync.Mutex
	waiting map[string]*heap
	closed  bool
	timers  sync.WaitGroup
}

// heap is what has come of one message.
type heap struct {
	first core.Event
	parts map[int]string
	total int
	since time.Time
	timer *time.Timer
}

// patience is how long a part may be behind the first.
const patience = time.Minute

// mostParts is more than any phone sends.
const mostParts = 64

func newJoiner(host core.Host) *joiner { return &joiner{host: host, waiting: map[string]*heap{}} }

// kept is a part in the store.
type kept struct {
	ID   string    `json:"id"`
	Text string    `json:"text"`
	At   time.Time `json:"at"`
}

// join takes a part. It returns the whole message once all parts are there; a message that comes in one piece is whole at once.
func (j *joiner) join(ctx context.Context, how *join, s scope, e core.Event, said string) (core.Event, bool, error) {
	total, _ := strconv.Atoi(s.get(how.Total))
	part, _ := strconv.Atoi(s.get(how.Part))
	ref := s.get(how.Ref)
	if total < 2 || total > mostParts || part < 1 || part > total || ref == "" {
		return withText(e, e.ID, said), true, nil
	}
	name := strings.Join([]string{"part", e.Peer.Identities[0].Value, sms.ShortID(ref), strconv.Itoa(total)}, "/")
	if err := j.keep(ctx, name, part, kept{e.ID, said, j.host.Now()}); err != nil {
		return e, false, err
	}
	parts, id, err := j.load(ctx, name, total)
	if err != nil {
		return e, false, err
	}
	if len(parts) < total {
		j.wait(name, e, parts, total) //nolint:contextcheck // what waits outlives the call
		return e, false, nil
	}
	j.done(name)
	return withText(e, id, texts(parts, total)), true, nil
}

// withText makes the message of a text. Its id is that of its first part, whichever came last.
func withText(e core.Event, id, said string) core.Event {
	e.ID = id
	e.Message = &core.MessageBody{Provider: id, Content: core.Content{Kind: core.KindText, Text: said}}
	return e
}

func texts(parts map[int]string, total int) string {
	var b strings.Builder
	for i := 1; i <= total; i++ {
		b.WriteString(parts[i])
	}
	return b.String()
}

func (j *joiner) keep(ctx context.Context, name string, part int, k kept) error {
	raw, err := json.Marshal(k)
	if err != nil {
		return fmt.Errorf("encode part: %w", err)
	}
	if err := j.host.SaveUntil(ctx, name+"/"+strconv.Itoa(part), raw, j.host.Now().Add(24*time.Hour)); err != nil {
		return fmt.Errorf("keep part: %w", err)
	}
	return nil
}

// load returns the parts that have come lately, and the id of the earliest in order. Phones number their messages anew after a while.
func (j *joiner) load(ctx context.Context, name string, total int) (map[int]string, string, error) {
	parts, id := map[int]string{}, ""
	for i := 1; i <= total; i++ {
		raw, err := j.host.Load(ctx, name+"/"+strconv.Itoa(i))
		if err != nil {
			return nil, "", fmt.Errorf("load part: %w", err)
		}
		var k kept
		if json.Unmarshal(raw, &k) != nil || j.host.Now().Sub(k.At).Abs() > time.Hour {
			continue
		}
		if parts[i] = k.Text; id == "" {
			id = k.ID
		}
	}
	return parts, id, nil
}

// wait remembers a message that is not whole, and hands it on as it is when its time is over.
func (j *joiner) wait(name string, e core.Event, parts map[int]string, total int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if h, there := j.waiting[name]; there {
		h.parts = parts
		return
	}
	h := &heap{first: e, parts: parts, total: total, since: j.host.Now()}
	j.waiting[name] = h
	if j.closed {
		return
	}
	j.timers.Add(1)
	h.timer = time.AfterFunc(patience, func() {
		defer j.timers.Done()
		j.late(name)
	})
}

// late hands on what is there of a message.
func (j *joiner) late(name string) {
	j.mu.Lock()
	h, there := j.waiting[name]
	delete(j.waiting, name)
	closed := j.closed
	j.mu.Unlock()
	if !there || closed {
		return
	}
	// No request is behind it any more: it has its own time.
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := j.host.Emit(ctx, h.part()); err != nil {
		j.host.Log().WarnContext(ctx, "parts of a message not handed on", "err", err)
	}
}

// part is the message as far as it has come. Its id is its own: should the rest come after all, the whole is another message.
func (h *heap) part() core.Event {
	return withText(h.first, h.first.ID+"/part", texts(h.parts, h.total))
}

// stale returns the messages whose time was over without anybody noticing.
func (j *joiner) stale() []core.Event {
	j.mu.Lock()
	defer j.mu.Unlock()
	var events []core.Event
	for name, h := range j.waiting {
		if j.host.Now().Sub(h.since) > 2*patience {
			j.forget(name, h)
			events = append(events, h.part())
		}
	}
	return events
}

func (j *joiner) done(name string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if h, there := j.waiting[name]; there {
		j.forget(name, h)
	}
}

// forget ends the waiting for a message, the lock held.
func (j *joiner) forget(name string, h *heap) {
	delete(j.waiting, name)
	if h.timer != nil && h.timer.Stop() {
		j.timers.Done()
	}
}

// close stops all waiting. The parts are in the store; they are whole when the rest comes.
func (j *joiner) close() {
	j.mu.Lock()
	j.closed = true
	for name, h := range j.waiting {
		j.forget(name, h)
	}
	j.mu.Unlock()
	j.timers.Wait()
}
