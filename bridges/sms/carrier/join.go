package carrier

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
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
	said  string
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
	ID    string    `json:"id"`
	Text  string    `json:"text"`
	At    time.Time `json:"at"`
	Since time.Time `json:"since,omitzero"` // the first of a message whose number an earlier one had: what came before is that one's
}

// partOf is which part of which message a piece is.
type partOf struct {
	ref         string
	part, total int
}

// of reads it; false for a message that comes in one piece.
func (how *join) of(s scope) (partOf, bool) {
	if how == nil {
		return partOf{}, false
	}
	p, there := headed(s.get(how.UDH))
	if !there {
		p.ref = s.get(how.Ref)
		p.total, _ = strconv.Atoi(s.get(how.Total))
		p.part, _ = strconv.Atoi(s.get(how.Part))
	}
	return p, p.total >= 2 && p.total <= mostParts && p.part >= 1 && p.part <= p.total && p.ref != ""
}

// headed reads a user data header (3GPP TS 23.040, 9.2.3.24), with its length before it or without: of its elements, the one that numbers parts.
func headed(text string) (partOf, bool) {
	raw, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil || len(raw) == 0 {
		return partOf{}, false
	}
	if int(raw[0]) == len(raw)-1 {
		raw = raw[1:]
	}
	for len(raw) >= 2 && len(raw) >= 2+int(raw[1]) {
		kind, value := raw[0], raw[2:2+int(raw[1])]
		if kind == 0x00 && len(value) == 3 || kind == 0x08 && len(value) == 4 {
			n := len(value)
			return partOf{hex.EncodeToString(value[:n-2]), int(value[n-1]), int(value[n-2])}, true
		}
		raw = raw[2+len(value):]
	}
	return partOf{}, false
}

// join takes a part. It returns the whole message once all parts are there.
func (j *joiner) join(ctx context.Context, p partOf, e core.Event, said string) (core.Event, bool, error) {
	name := strings.Join([]string{"part", e.Peer.Identities[0].Value, sms.ShortID(p.ref), strconv.Itoa(p.total)}, "/")
	parts, err := j.load(ctx, name, p.total)
	if err != nil {
		return e, false, err
	}
	k := kept{ID: e.ID, Text: said, At: j.host.Now()}
	if old, there := parts[p.part]; there {
		if k.Since = old.Since; old.ID != k.ID {
			k.Since = k.At
		}
	}
	if err := j.keep(ctx, name, p.part, k); err != nil {
		return e, false, err
	}
	// Other parts may have come at the same time.
	if parts, err = j.load(ctx, name, p.total); err != nil {
		return e, false, err
	}
	if len(parts) < p.total {
		j.wait(name, e, texts(parts, p.total)) //nolint:contextcheck // what waits outlives the call
		return e, false, nil
	}
	j.done(name)
	return withText(e, parts[1].ID, texts(parts, p.total)), true, nil
}

// withText makes the message of a text. Its id is that of its first part, whichever came last.
func withText(e core.Event, id, said string) core.Event {
	e.ID = id
	e.Message = &core.MessageBody{Provider: id, Content: core.Content{Kind: core.KindText, Text: said}}
	return e
}

func texts(parts map[int]kept, total int) string {
	var b strings.Builder
	for i := 1; i <= total; i++ {
		b.WriteString(parts[i].Text)
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

// load returns the parts that have come lately of the newest message of that number. Phones count their messages in one byte.
func (j *joiner) load(ctx context.Context, name string, total int) (map[int]kept, error) {
	parts := map[int]kept{}
	var since time.Time
	for i := 1; i <= total; i++ {
		raw, err := j.host.Load(ctx, name+"/"+strconv.Itoa(i))
		if err != nil {
			return nil, fmt.Errorf("load part: %w", err)
		}
		var k kept
		if json.Unmarshal(raw, &k) != nil || j.host.Now().Sub(k.At).Abs() > time.Hour {
			continue
		}
		if parts[i] = k; k.Since.After(since) {
			since = k.Since
		}
	}
	maps.DeleteFunc(parts, func(_ int, k kept) bool { return k.At.Before(since) })
	return parts, nil
}

// wait remembers a message that is not whole, and hands it on as it is when its time is over.
func (j *joiner) wait(name string, e core.Event, said string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if h, there := j.waiting[name]; there {
		h.said = said
		return
	}
	h := &heap{first: e, said: said, since: j.host.Now()}
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
	return withText(h.first, h.first.ID+"/part", h.said)
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
