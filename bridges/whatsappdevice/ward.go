package whatsappdevice

import (
	"context"
	"sync"
	"time"

	"causeway/core"
)

// concern is what an ailment is about: of each there is one at a time.
type concern string

const (
	ofSession  concern = "session"  // pairing and connection
	ofTimelock concern = "timelock" // no first messages for a while
	ofRefused  concern = "refused"  // WhatsApp refused a message to somebody
	ofPhone    concern = "phone"    // long offline
	ofBudget   concern = "budget"
	ofRetries  concern = "retries" // customers cannot read what is sent
)

// ailment is what is wrong, and until when that counts; a zero time: until it is healed.
type ailment struct {
	health core.Health
	until  time.Time
}

// ward keeps what ails a channel and tells the gravest of it. It says nothing before the first ailment or the first word that all is well.
type ward struct {
	host core.Host
	mu   sync.Mutex
	ails map[concern]ailment
	well bool // the session is up
	told core.Health
}

func newWard(h core.Host) *ward { return &ward{host: h, ails: map[concern]ailment{}} }

// begin forgets what was told: the session begins anew, perhaps because a person let the channel send again, and says how it is once more.
func (w *ward) begin() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.told, w.well = core.Health{}, false
	delete(w.ails, ofSession)
}

// ail notes an ailment.
func (w *ward) ail(ctx context.Context, s concern, a ailment) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ails[s] = a
	if s == ofSession {
		w.well = false
	}
	w.tell(ctx)
}

// heal takes an ailment back.
func (w *ward) heal(ctx context.Context, s concern) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.ails, s)
	w.tell(ctx)
}

// up says that the session is connected.
func (w *ward) up(ctx context.Context) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.well = true
	delete(w.ails, ofSession)
	w.tell(ctx)
}

// look tells what has changed by time alone.
func (w *ward) look(ctx context.Context) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tell(ctx)
}

// tell reports the gravest ailment if that is news.
func (w *ward) tell(ctx context.Context) {
	h := w.gravest()
	if h.Level == core.HealthUnknown || h.Same(w.told) {
		return
	}
	w.told = h
	w.host.Health(ctx, h)
}

func (w *ward) gravest() core.Health {
	now := w.host.Now()
	var worst core.Health
	for _, s := range []concern{ofSession, ofRetries, ofPhone, ofTimelock, ofRefused, ofBudget} {
		a, ails := w.ails[s]
		switch {
		case !ails:
		case !a.until.IsZero() && !now.Before(a.until):
			delete(w.ails, s)
		case worst.Level == core.HealthUnknown, worst.Level == core.HealthWarning && a.health.Level == core.HealthBad:
			worst = a.health
		}
	}
	if worst.Level == core.HealthUnknown && w.well {
		return core.Health{Level: core.HealthGood, Code: "connected", Reason: "The linked device is connected."}
	}
	return worst
}
