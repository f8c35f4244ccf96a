package outbound

import (
	"time"

	"causeway/core"
)

const (
	longestLine = 30 * time.Second      // that a conversation waits before it asks again
	shortest    = 50 * time.Millisecond // that it waits when others hold all the seats
	quickGap    = 5 * time.Millisecond  // between conversations where the channel has no rate
)

// line is who waits to send by a channel without holding a worker. Each conversation is told when to come again, one after the other at the
// channel's rate, so that a thousand of them do not come all at once. Coming in vain costs nobody their turn.
type line struct {
	seats  int       // workers that the channel holds
	last   time.Time // when the last in line is to come
	front  time.Time // when the last of those is to come again who came in vain
	comers map[core.ConversationID]time.Time
}

// wait says how long a conversation is to wait, at least for a while; longestLine after that it asks again.
func (l *line) wait(id core.ConversationID, now time.Time, least, gap time.Duration) time.Duration {
	if now.After(l.last) { // nobody waits whose time has not come
		clear(l.comers)
	}
	at, known := l.comers[id]
	switch {
	case !known:
		l.last = core.Latest(l.last, now.Add(least-gap)).Add(gap)
		at = l.last
	case !at.After(now):
		l.front = core.Latest(l.front, now.Add(least-gap)).Add(gap)
		at = l.front
	}
	l.comers[id] = at
	return min(at.Sub(now), least+longestLine)
}

// line returns the channel's line. Callers hold mu.
func (o *Outbox) line(id core.ChannelID) *line {
	l := o.lines[id]
	if l == nil {
		l = &line{comers: map[core.ConversationID]time.Time{}}
		o.lines[id] = l
	}
	return l
}

// takeSeat takes one of the seats that a channel may have of all workers, so that others can send while it is busy or its provider hangs. It is
// false if all are taken.
func (o *Outbox) takeSeat(id core.ChannelID) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	l := o.line(id)
	if o.Workers > 0 && l.seats >= max(1, o.Workers*3/4) {
		return false
	}
	l.seats++
	return true
}

func (o *Outbox) leaveSeat(id core.ChannelID) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.line(id).seats--
}

// queueUp puts a conversation into the channel's line and says when it is to come again.
func (o *Outbox) queueUp(v via, id core.ConversationID, least time.Duration) time.Duration {
	gap := quickGap
	if rate := o.pace(v); rate > 0 {
		gap = time.Duration(float64(time.Second) / rate)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.line(v.id).wait(id, o.Now(), least, gap)
}

// served takes a conversation out of the line.
func (o *Outbox) served(ch core.ChannelID, id core.ConversationID) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.line(ch).comers, id)
}
