package whatsappdevice

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"causeway/core"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"
)

const (
	lookEach    = time.Minute     // at what changes by time alone
	silentFor   = 2 * time.Minute // a connection may be away before anybody is told
	catchUpFor  = time.Minute     // of what was missed, before the session counts as up even if the server says nothing
	hideAfter   = 5 * time.Second
	hideAgain   = time.Minute
	missedPings = 3               // of the keepalive, before anybody is told
	partWithin  = time.Second     // from a connection that is being made, before it is cut
	resetWait   = 2 * time.Second // before a connection is made anew because of what could not be stored
)

// session is the linked device while it is connected.
type session struct {
	link   *link
	client *whatsmeow.Client
	ctx    context.Context //nolint:containedctx // whatsmeow's events come without one; it is the session's
	reader reader
	own    types.JID // copies: whatsmeow deletes its own while it tells that the device was unlinked
	ownLID types.JID
	over   chan ending
	work   sync.WaitGroup

	mu       sync.Mutex
	files    map[types.MessageID]chan *events.MediaRetry
	numbers  map[types.JID]string // phone numbers that LIDs are known to have
	panicked map[string]int       // by what was handled
	caughtUp bool                 // what was missed has come in
	resets   int                  // in a row
	again    bool                 // the connection is about to be made anew
	silence  *time.Timer          // until a lost connection is told
	seen     time.Time            // the phone, last
	pinged   time.Time            // it was asked for a sign
	groups   map[types.JID]subject
	news     chan struct{} // history waits to be imported
	retries  []time.Time   // when customers' phones asked for a message again, lately
}

// Run implements core.SessionLink.
func (l *link) Run(ctx context.Context) error {
	l.ward.begin()
	for ctx.Err() == nil {
		device, err := l.device(ctx)
		if err != nil {
			return err
		}
		if device == nil || device.ID == nil {
			return l.stay(ctx, l.lastEnding(ctx))
		}
		l.freshen(ctx)
		end := l.serve(ctx, device)
		if ctx.Err() != nil {
			break
		}
		if end.err != nil {
			return end.err
		}
		if end.gone {
			l.keepEnding(ctx, end.health)
			if err := l.forget(ctx); err != nil {
				return err
			}
		}
		l.ward.ail(ctx, ofSession, ailment{health: end.health})
		if err := l.wait(ctx, end); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// forget removes a device that is no longer linked. whatsmeow does so by itself, but not where the connection has ended before it could.
func (l *link) forget(ctx context.Context) error {
	device, err := l.device(ctx)
	if err != nil || device == nil || device.ID == nil {
		return err
	}
	return device.Delete(ctx)
}

// stay tells why nothing can be done before a person acts, and waits for the end of the session: pairing ends it, and so does a changed setting.
func (l *link) stay(ctx context.Context, h core.Health) error {
	l.ward.ail(ctx, ofSession, ailment{health: h})
	<-ctx.Done()
	return ctx.Err()
}

// wait waits until a session that is over may begin again.
func (l *link) wait(ctx context.Context, end ending) error {
	if end.again.IsZero() {
		return l.stay(ctx, end.health)
	}
	return core.Wait(ctx, end.again.Sub(l.host.Now()))
}

// endingValue keeps why the device is no longer linked: after a restart nobody else could say.
const endingValue = "ending"

func (l *link) keepEnding(ctx context.Context, h core.Health) {
	raw, err := json.Marshal(h)
	if err == nil {
		err = l.host.Save(ctx, endingValue, raw)
	}
	if err != nil {
		l.host.Log().WarnContext(ctx, "reason of being unlinked not kept", "err", err)
	}
}

func (l *link) lastEnding(ctx context.Context) core.Health {
	raw, err := l.host.Load(ctx, endingValue)
	var h core.Health
	if err != nil || json.Unmarshal(raw, &h) != nil || h.Level == core.HealthUnknown {
		return unpaired()
	}
	return h
}

// Joined implements core.PairingLink.
func (l *link) Joined(ctx context.Context) error {
	device, err := l.device(ctx)
	if err != nil {
		return err
	}
	if device == nil || device.ID == nil {
		h := l.lastEnding(ctx)
		return core.Problemf(core.CodeConflict, "%s", h.Reason).Remedied("%s", h.Remedy)
	}
	return nil
}

// serve runs the device until its session is over.
func (l *link) serve(ctx context.Context, device *store.Device) ending {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	// The connection has a context of its own: whatsmeow races with itself where a connection that is open ends by its context.
	wire, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	s := newSession(ctx, wire, l, device)
	if err := s.begin(ctx); err != nil {
		return ending{err: err}
	}
	s.spawn(func() { s.importHistory(ctx) })
	l.live.Store(s)
	defer s.end(cancel, cut)
	dialled := context.AfterFunc(ctx, cut)
	err := s.client.ConnectContext(wire)
	dialled()
	if err != nil {
		return ending{err: &core.SendError{Code: "connect", Outcome: core.Rejected, Effect: core.EffectRetry,
			Reason: "The linked device cannot connect to WhatsApp.", Remedy: "See the gateway's network; Causeway goes on trying.", Detail: err.Error()}}
	}
	return s.watch(ctx)
}

func newSession(ctx, wire context.Context, l *link, device *store.Device) *session {
	s := &session{link: l, ctx: ctx, own: device.ID.ToNonAD(), ownLID: device.LID.ToNonAD(), over: make(chan ending, 1), news: make(chan struct{}, 1),
		files: map[types.MessageID]chan *events.MediaRetry{}, numbers: map[types.JID]string{}, panicked: map[string]int{}, groups: map[types.JID]subject{}}
	s.reader = reader{book: s, groups: l.conf.groups}
	s.client = whatsmeow.NewClient(device, log{l.host.Log()})
	s.client.SetPreLoginHTTPClient(l.http)
	s.client.SetWebsocketHTTPClient(l.http)
	s.client.SetMediaHTTPClient(l.http)
	s.client.BackgroundEventCtx = wire
	s.client.SynchronousAck = true
	s.client.EnableDecryptedEventBuffer = true
	s.client.UseRetryMessageStore = true
	s.client.AutomaticMessageRerequestFromPhone = true
	s.client.ManualHistorySyncDownload = true
	s.client.InitialAutoReconnect = true
	s.client.SendReportingTokens = true
	s.client.SetForceActiveDeliveryReceipts(false) // the phone goes on ringing
	s.client.AddEventHandlerWithSuccessStatus(s.handle)
	if r, ok := device.EventBuffer.(*records); ok {
		r.untaken = func(err error) { s.failed(err) }
		r.phone = []string{s.own.SignalAddress().String(), s.ownLID.SignalAddress().String()}
	}
	return s
}

// begin loads what is remembered of the device.
func (s *session) begin(ctx context.Context) error {
	if err := s.link.budget.begin(ctx, s.own.String()); err != nil {
		return err
	}
	if err := s.loadSeen(ctx); err != nil {
		return err
	}
	if err := s.tellNumber(ctx); err != nil {
		return err
	}
	return s.loadTimelock(ctx)
}

// spawn runs something that ends with the session. A panic ends that alone, not the program.
func (s *session) spawn(f func()) {
	s.work.Go(func() {
		if err := guarded(f); err != nil {
			s.link.host.Log().ErrorContext(s.ctx, "part of the session panicked", "err", err)
		}
	})
}

// guarded runs f. A panic is its error.
func guarded(f func()) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	f()
	return nil
}

// end closes the connection and waits for what the session began.
func (s *session) end(cancel, cut context.CancelFunc) {
	s.link.live.CompareAndSwap(s, nil)
	cancel()
	patience := time.AfterFunc(partWithin, cut) // a connection that is just being made holds it up
	s.client.RemoveEventHandlers()
	s.client.Disconnect()
	patience.Stop()
	cut()
	s.mu.Lock()
	if s.silence != nil {
		s.silence.Stop()
	}
	s.mu.Unlock()
	s.work.Wait()
}

// watch waits for the end of the session and looks at what changes by time alone.
func (s *session) watch(ctx context.Context) ending {
	tick := time.NewTicker(lookEach)
	defer tick.Stop()
	for {
		s.lookAfterPhone(ctx)
		select {
		case <-ctx.Done():
			return ending{err: ctx.Err()}
		case end := <-s.over:
			return end
		case <-tick.C:
			s.link.ward.look(ctx)
		}
	}
}

// finish ends the session for good, once.
func (s *session) finish(e ending) {
	select {
	case s.over <- e:
	default:
	}
}

// session returns what runs on this link, or why nothing can be sent now.
func (l *link) session() (*session, error) {
	s := l.live.Load()
	if s == nil {
		return nil, &core.SendError{Code: "elsewhere", Outcome: core.Rejected, Effect: core.EffectRetry, Retry: time.Second,
			Reason: "The linked device is not connected here at the moment.", Remedy: "Nothing needs to be done; it is tried again."}
	}
	return s, nil
}

// Here reports whether the channel's session runs on this node.
func (l *link) Here() bool { return l.live.Load() != nil }

// ready returns the session once it is connected and has caught up with what was missed.
func (l *link) ready() (*session, error) {
	s, err := l.session()
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	caughtUp := s.caughtUp
	s.mu.Unlock()
	if !caughtUp || !s.client.IsLoggedIn() {
		return nil, notConnected()
	}
	return s, nil
}

func notConnected() *core.SendError {
	return &core.SendError{Code: "disconnected", Outcome: core.Rejected, Effect: core.EffectRetry, Retry: time.Second,
		Reason: "The linked device has no connection to WhatsApp at the moment.", Remedy: "Nothing needs to be done; it is tried again."}
}

// connected is called each time that WhatsApp has let the device in.
func (s *session) connected() {
	s.mu.Lock()
	if s.silence != nil {
		s.silence.Stop()
		s.silence = nil
	}
	s.mu.Unlock()
	s.link.ward.up(s.ctx)
	s.after(hideAfter, s.hide)
	s.after(catchUpFor, s.catchUp)
}

// hide shows the device as away, so that the phone goes on ringing. WhatsApp wants the account's own name with that, which the phone tells soon after
// pairing.
func (s *session) hide() {
	s.mu.Lock() // whoever has just stored that name has had this lock since
	ctx := s.ctx
	s.mu.Unlock()
	err := s.client.SendPresence(ctx, types.PresenceUnavailable)
	switch {
	case errors.Is(err, whatsmeow.ErrNoPushName):
		s.after(hideAgain, s.hide)
	case err != nil && ctx.Err() == nil:
		s.link.host.Log().InfoContext(ctx, "presence not sent", "err", err)
	}
}

// catchUp notes that what was missed has come in.
func (s *session) catchUp() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.caughtUp = true
}

// after does something later, unless the session is over by then.
func (s *session) after(d time.Duration, do func()) {
	s.spawn(func() {
		if core.Wait(s.ctx, d) == nil {
			do()
		}
	})
}

// lost tells of a connection that does not come back soon.
func (s *session) lost() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.caughtUp = false
	if s.silence == nil {
		s.silence = time.AfterFunc(silentFor, func() { s.link.ward.ail(s.ctx, ofSession, ailment{health: disconnected()}) })
	}
}

// reset makes the connection anew a little later, so that WhatsApp hands out again what was not acknowledged.
func (s *session) reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.again {
		return
	}
	s.again = true
	s.resets++
	s.after(resetWait*time.Duration(min(s.resets, 15)), func() {
		s.mu.Lock()
		s.again = false
		s.mu.Unlock()
		s.client.ResetConnection()
	})
}
