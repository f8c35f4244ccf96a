package ginapi

import (
	"context"
	"sync"
	"time"

	"causeway/core"
)

// sayAgain is how often it is logged, while it lasts, that webhooks are not taken.
const sayAgain = time.Minute

// outage counts the webhooks that are not taken for a reason that passes, such as a database that is away: every one of them comes again, and a line
// for each would fill the log with one sentence.
type outage struct {
	mu     sync.Mutex
	missed int       // since one was taken last
	said   time.Time // when it was last logged
	untold bool      // it was logged, and not yet that it is over
}

// miss counts one, and reports whether it is to be logged, with how many it was by then.
func (o *outage) miss(now time.Time) (missed int, say bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.missed++
	if now.Sub(o.said) < sayAgain {
		return o.missed, false
	}
	o.said, o.untold = now, true
	return o.missed, true
}

// end notes that one was taken, and reports whether it is to be logged that it is over, with how many there were.
func (o *outage) end() (missed int, say bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	missed, say = o.missed, o.untold
	o.missed, o.untold = 0, false
	return missed, say
}

// missed logs that a call was not taken for a reason that passes.
func (s *Server) missed(ctx context.Context, id core.ChannelID, doing string, err error) {
	if n, say := s.outage.miss(s.Now()); say {
		s.Log.WarnContext(ctx, "webhooks not taken now, the providers are asked to come again", "channel", id, "doing", doing, "missed", n, "err", err)
	}
}

// taken logs that calls are taken again.
func (s *Server) taken(ctx context.Context) {
	if n, say := s.outage.end(); say {
		s.Log.InfoContext(ctx, "webhooks taken again", "missed", n)
	}
}
