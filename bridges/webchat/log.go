package webchat

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"causeway/core"
)

// The two logs of a visitor.
const (
	logIn  = "in"  // what the visitor wrote
	logOut = "out" // what was sent to them
)

// What an entry says. A stream tells each as an event of this name.
const (
	sayMessage = "msg"
	sayEdit    = "edit"
	sayRevoke  = "revoke"
	sayRead    = "read" // the business has read the visitor's message Target, and all before it
)

// The newest entries of a log are kept, so many and so much.
const (
	mostEntries = 300
	mostBytes   = 256 << 10
)

// entry is one line of a log. A browser applies entries in the order of their numbers.
type entry struct {
	N       int64    `json:"n"` // from 1
	Say     string   `json:"k"`
	ID      string   `json:"id,omitempty"`   // of the message: the browser's for "in", the part's for "out"
	Target  string   `json:"to,omitempty"`   // the message that it changes
	At      int64    `json:"at"`             // milliseconds since 1970
	Text    string   `json:"text,omitempty"` // without marks
	Rich    string   `json:"rich,omitempty"` // the same with the signs of richMarks, if it has any
	By      string   `json:"by,omitempty"`   // the name of the person who wrote it, where it is shown
	File    *file    `json:"file,omitempty"`
	Options []option `json:"options,omitempty"`
}

// file is what an entry carries. ID begins with "m-" for one of the gateway's, "v-" for what a visitor sent.
type file struct {
	ID   string `json:"id"`
	Name string `json:"name,omitempty"`
	MIME string `json:"mime,omitempty"`
	Size int64  `json:"size,omitempty"`
	URL  string `json:"url,omitempty"` // only in what a browser gets
}

// option is a button.
type option struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	URL   string `json:"url,omitempty"`
}

// journal is a log as it is kept.
type journal struct {
	Last    int64   `json:"last"` // number of the newest entry
	Entries []entry `json:"entries"`
}

// shelf is the key of a visitor's value of a sort: their id may be of any form and length.
func shelf(sort, id string) string {
	sum := sha256.Sum256([]byte(id))
	return "chat/" + sort + "/" + hex.EncodeToString(sum[:16])
}

// Remembers implements core.RememberingBridge.
func (Bridge) Remembers(k core.IdentityKey) []string {
	if k.Scheme != Scheme {
		return nil
	}
	var all []string
	for _, sort := range []string{logIn, logOut, "told", "mark"} {
		all = append(all, shelf(sort, k.Value))
	}
	return all
}

// RemembersFile implements core.RememberingBridge.
func (Bridge) RemembersFile(m core.Media) []string {
	if m.Provider == "" {
		return nil
	}
	return []string{fileKey(m.Provider)}
}

// load reads a visitor's log; one that is not there is empty.
func (l *link) load(ctx context.Context, sort, id string) (journal, error) {
	var j journal
	err := l.recall(ctx, sort, id, &j)
	return j, err
}

func (l *link) recall(ctx context.Context, sort, id string, into any) error {
	raw, err := l.host.Load(ctx, shelf(sort, id))
	if err != nil {
		return fmt.Errorf("read %s of visitor: %w", sort, err)
	}
	return unpack(raw, sort, into)
}

func unpack(raw []byte, sort string, into any) error {
	if len(raw) == 0 {
		return nil
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return fmt.Errorf("%s of visitor is unreadable: %w", sort, err)
	}
	return nil
}

// enter adds a message to a visitor's log and wakes their streams, unless it is there already: what comes more than once, here or on other nodes, is
// there once. It returns the entry as it stands there.
func (l *link) enter(ctx context.Context, sort, id string, e entry) (entry, error) {
	err := l.edit(ctx, sort, id, func(j *journal) (bool, error) {
		if old := j.find(e.ID); old != nil {
			e = *old
			return false, nil
		}
		e = j.add(e)
		return true, nil
	})
	return e, err
}

// edit changes a visitor's log, which others may change at the same time, and wakes their streams. change reports whether there is anything to save;
// it may be called more than once.
func (l *link) edit(ctx context.Context, sort, id string, change func(j *journal) (bool, error)) error {
	changed := false
	err := l.host.Update(ctx, shelf(sort, id), func(raw []byte) ([]byte, error) {
		var j journal
		err := unpack(raw, sort, &j)
		if err == nil {
			changed, err = change(&j)
		}
		if err != nil || !changed {
			return nil, err
		}
		return json.Marshal(j)
	})
	if err != nil {
		return fmt.Errorf("write %s of visitor: %w", sort, err)
	}
	if changed {
		l.stir(id, hubNews)
	}
	return nil
}

// add appends an entry, giving it its number and a time not before the last one's, and lets go of the oldest where there are too many.
func (j *journal) add(e entry) entry {
	j.Last++
	e.N = j.Last
	if n := len(j.Entries); n > 0 {
		e.At = max(e.At, j.Entries[n-1].At)
	}
	j.Entries = append(j.Entries, e)
	size := 0
	for i := len(j.Entries) - 1; i >= 0; i-- {
		if size += j.Entries[i].weight(); i < len(j.Entries)-1 && (size > mostBytes || len(j.Entries)-i > mostEntries) {
			j.Entries = slices.Clone(j.Entries[i+1:])
			break
		}
	}
	return e
}

// weight is about what an entry takes.
func (e entry) weight() int {
	n := 120 + len(e.Text) + len(e.Rich) + len(e.By) + len(e.ID) + len(e.Target)
	if e.File != nil {
		n += 120 + len(e.File.Name)
	}
	for _, o := range e.Options {
		n += 40 + len(o.ID) + len(o.Title) + len(o.URL)
	}
	return n
}

// find returns the message of an id, nil if it is not there.
func (j *journal) find(id string) *entry {
	for i := range j.Entries {
		if e := &j.Entries[i]; e.Say == sayMessage && e.ID == id {
			return e
		}
	}
	return nil
}

// after returns the entries with higher numbers.
func (j journal) after(n int64) []entry {
	at, _ := slices.BinarySearchFunc(j.Entries, n+1, func(e entry, n int64) int { return int(e.N - n) })
	return j.Entries[at:]
}

// What streams are told, here and on other nodes: the word is one of these and the visitor's place in the hub.
const (
	hubNews   = "news"
	hubTyping = "typing"
)

// stir tells a visitor's streams, wherever they are.
func (l *link) stir(id, what string) {
	l.hub.stir(seat(id), what)
	l.host.Tell(what + " " + seat(id))
}

// Hear implements core.HearLink.
func (l *link) Hear(word string) {
	what, at, _ := strings.Cut(word, " ")
	l.hub.stir(at, what)
}

// seat is a visitor's place in the hub: their id may be of any form and length.
func seat(id string) string {
	_, at, _ := strings.Cut(shelf("hub", id), "chat/hub/")
	return at
}

// hub tells the streams of this process that there is something to read.
type hub struct {
	mu      sync.Mutex
	streams map[string]map[*stream]bool // by the visitor's seat
	count   int
}

// stream is one browser's connection. Wake and typing hold at most one word each: what they mean is read elsewhere.
type stream struct {
	wake   chan struct{}
	typing chan struct{}
}

const (
	mostStreams = 10_000 // of a channel, in this process
	mostTabs    = 12     // of a visitor
)

func newHub() *hub { return &hub{streams: map[string]map[*stream]bool{}} }

// join adds a stream of a visitor, or returns nil where there are too many.
func (h *hub) join(id string) *stream {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.count >= mostStreams || len(h.streams[id]) >= mostTabs {
		return nil
	}
	if h.streams[id] == nil {
		h.streams[id] = map[*stream]bool{}
	}
	s := &stream{wake: make(chan struct{}, 1), typing: make(chan struct{}, 1)}
	h.streams[id][s] = true
	h.count++
	return s
}

func (h *hub) leave(id string, s *stream) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.streams[id], s)
	if len(h.streams[id]) == 0 {
		delete(h.streams, id)
	}
	h.count--
}

// stir has a visitor's streams look for what is new, or show that an answer is being written.
func (h *hub) stir(at, what string) {
	switch what {
	case hubNews:
		h.each(at, func(s *stream) chan struct{} { return s.wake })
	case hubTyping:
		h.each(at, func(s *stream) chan struct{} { return s.typing })
	}
}

func (h *hub) each(id string, which func(*stream) chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for s := range h.streams[id] {
		select {
		case which(s) <- struct{}{}:
		default:
		}
	}
}

// limiter lets each key do something so often.
type limiter struct {
	mu      sync.Mutex
	rate    float64 // a second
	burst   float64
	buckets map[string]bucket
}

type bucket struct {
	left float64
	at   time.Time
}

const (
	visitsPerMinute = 120
	visitsAtOnce    = 240
	crowdPerSecond  = 50
	crowdAtOnce     = 1000
	talkPerSecond   = 1
	talkAtOnce      = 30
	typedPerSecond  = 1.0 / 3
	notedPerSecond  = 50
	mostBuckets     = 50_000
)

func newLimiter(rate, burst float64) *limiter {
	return &limiter{rate: rate, burst: burst, buckets: map[string]bucket{}}
}

// allow takes one turn of a key and reports whether there was one.
func (l *limiter) allow(key string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	b, there := l.buckets[key]
	if !there {
		l.sweep(now)
		b = bucket{left: l.burst, at: now}
	}
	b.left, b.at = min(l.burst, b.left+max(0, now.Sub(b.at).Seconds())*l.rate), now
	ok := b.left >= 1
	if ok {
		b.left--
	}
	l.buckets[key] = b
	return ok
}

// sweep forgets, where there are many, those who have all their turns again, and everybody where that are few.
func (l *limiter) sweep(now time.Time) {
	if len(l.buckets) < mostBuckets {
		return
	}
	for k, b := range l.buckets {
		if b.left+now.Sub(b.at).Seconds()*l.rate >= l.burst {
			delete(l.buckets, k)
		}
	}
	if len(l.buckets) >= mostBuckets/2 {
		clear(l.buckets)
	}
}
