package whatsappdevice

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"time"

	"causeway/core"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"
	"google.golang.org/protobuf/proto"
)

const (
	emitTries   = 4 // of one event, before the connection is made anew for it
	emitWait    = 100 * time.Millisecond
	panicsUntil = 3 // a message that nobody can handle is kept as a dead letter
)

// handle takes what WhatsApp sends. False: nothing of it may be acknowledged. whatsmeow acknowledges what made its handler panic, so that this must not.
func (s *session) handle(evt any) (stored bool) {
	defer func() {
		if r := recover(); r != nil {
			s.link.host.Log().ErrorContext(s.ctx, "handler panicked", "event", fmt.Sprintf("%T", evt), "panic", r, "stack", string(debug.Stack()))
			stored = s.gaveUp(evt, r)
		}
	}()
	if s.ctx.Err() != nil {
		return false
	}
	if end, over := ended(evt, s.link.host.Now()); over {
		s.finish(end)
		return true
	}
	switch e := evt.(type) {
	case *events.Message:
		return s.message(e)
	case *events.UndecryptableMessage:
		return s.store(s.reader.waiting(s.ctx, e))
	case *events.Receipt:
		return s.receipt(e)
	case *events.CallOffer, *events.CallTerminate:
		return s.call(e)
	case *events.Contact:
		return s.entry(e)
	default:
		s.signal(evt)
		return true
	}
}

// gaveUp counts panics over one thing. In the end it is kept as a dead letter, so that it does not hold up everything behind it for ever. Where even that
// panics, nothing is acknowledged.
func (s *session) gaveUp(evt any, why any) (kept bool) {
	defer func() {
		if r := recover(); r != nil {
			s.link.host.Log().ErrorContext(s.ctx, "dead letter not kept", "panic", r, "stack", string(debug.Stack()))
			kept = s.failed(fmt.Errorf("panic: %v", r))
		}
	}()
	m, ok := evt.(*events.Message)
	if !ok {
		return true // a receipt or the like: nobody waits for it
	}
	id := m.Info.Chat.String() + "/" + m.Info.ID
	s.mu.Lock()
	s.panicked[id]++
	n := s.panicked[id]
	s.mu.Unlock()
	if n < panicsUntil {
		s.reset()
		return false
	}
	return s.store([]core.Event{{Kind: core.EventMessage, ID: "panic/" + id, At: m.Info.Timestamp.UTC(), Origin: core.OriginCustomer,
		Raw: rawOf(m.RawMessage), Fault: fmt.Sprintf("the message could not be read: %v", why)}})
}

// signal takes what is no message.
func (s *session) signal(evt any) {
	switch e := evt.(type) {
	case *events.Connected:
		s.connected()
	case *events.OfflineSyncCompleted:
		s.catchUp()
	case *events.Disconnected:
		s.lost()
	case *events.KeepAliveTimeout:
		if e.ErrorCount >= missedPings {
			s.link.ward.ail(s.ctx, ofSession, ailment{health: disconnected()})
		}
	case *events.KeepAliveRestored:
		s.link.ward.up(s.ctx)
	case *events.StreamError:
		s.link.host.Log().InfoContext(s.ctx, "WhatsApp broke the connection", "code", e.Code)
	case *events.NotifyAccountReachoutTimelock:
		s.timelock(e)
	case *events.MediaRetry:
		s.fileAnswered(e)
	case *events.AppStateSyncComplete, *events.AppState:
		s.phoneSeen(s.link.host.Now())
	case *events.GroupInfo:
		if e.Name != nil {
			s.renamed(e.JID, e.Name.Name)
		}
	case *events.JoinedGroup:
		s.renamed(e.JID, e.Name)
	}
}

// message stores a message, or what it steers.
func (s *session) message(m *events.Message) bool {
	if m.Info.IsFromMe && m.Info.Sender.Device == 0 {
		s.phoneSeen(m.Info.Timestamp)
	}
	if n := m.Message.GetProtocolMessage().GetHistorySyncNotification(); n != nil && m.Info.IsFromMe {
		return s.keepHistory(n)
	}
	if !s.metNumber(m.Info) {
		return false
	}
	all := s.reader.message(s.ctx, m)
	if p := pollOf(m.Message); p != nil && len(all) > 0 {
		if err := s.keepPoll(s.ctx, all[0].ID, p); err != nil {
			return s.failed(err)
		}
	}
	return s.store(all)
}

func (s *session) receipt(r *events.Receipt) bool {
	if r.IsFromMe && r.Sender.Device == 0 {
		s.phoneSeen(r.Timestamp)
	}
	if r.Type == types.ReceiptTypeRetry && !r.IsFromMe {
		s.askedAgain()
	}
	return s.store(s.reader.receipt(s.ctx, r, s.partOf))
}

const (
	retriesFor  = time.Hour
	manyRetries = 10 // in that time, before somebody is told
)

// askedAgain counts that a customer's phone could not read a message of ours and asked for it again. That happens; when it happens often, the keys of
// this device are in disorder.
func (s *session) askedAgain() {
	now := s.link.host.Now()
	s.mu.Lock()
	s.retries = append(slices.DeleteFunc(s.retries, func(at time.Time) bool { return now.Sub(at) > retriesFor }), now)
	n := len(s.retries)
	s.mu.Unlock()
	if n >= manyRetries {
		s.link.ward.ail(s.ctx, ofRetries, ailment{until: now.Add(retriesFor), health: warning("retries",
			"Many messages could not be read on the customers' phones at first, and were sent again.", "If this lasts, pair the phone anew: causeway channel pair NAME.")})
	}
}

// store hands events to the gateway, and tries that again for a moment. What cannot be stored then is not acknowledged and comes again.
func (s *session) store(all []core.Event) bool {
	if len(all) == 0 {
		return true
	}
	var err error
	for try := range emitTries {
		if try > 0 && core.Wait(s.ctx, emitWait<<(2*try)) != nil {
			return false
		}
		if err = s.link.host.Emit(s.ctx, all...); err == nil {
			s.wellAgain()
			return true
		}
		if s.ctx.Err() != nil || errors.Is(err, core.ErrLeaseLost) {
			break
		}
	}
	return s.failed(err)
}

// wellAgain notes that something could be stored: the next time that it cannot, the connection is made anew soon.
func (s *session) wellAgain() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.resets = 0
}

// failed has what was not stored come again.
func (s *session) failed(err error) bool {
	if errors.Is(err, core.ErrLeaseLost) {
		s.finish(ending{err: err})
		return false
	}
	if s.ctx.Err() == nil {
		s.link.host.Log().WarnContext(s.ctx, "not stored; WhatsApp is asked for it again", "err", err)
		s.reset()
	}
	return false
}

// metNumber tells the gateway when a person whose hidden address is known has another number now.
func (s *session) metNumber(i types.MessageInfo) bool {
	lid, number := user(i.Sender), user(i.SenderAlt)
	if i.IsFromMe || lid.Server != types.HiddenUserServer || number.Server != types.DefaultUserServer {
		return true
	}
	s.mu.Lock()
	known := s.numbers[lid]
	s.mu.Unlock()
	if known == number.User {
		return true
	}
	key := "number/" + lid.User
	raw, err := s.link.host.Load(s.ctx, key)
	if err != nil {
		return s.failed(err)
	}
	if before := string(raw); before != "" && before != number.User && !s.store([]core.Event{changedNumber(lid, before, number.User, i.Timestamp)}) {
		return false
	}
	if string(raw) != number.User {
		if err := s.link.host.Save(s.ctx, key, []byte(number.User)); err != nil {
			return s.failed(err)
		}
	}
	s.mu.Lock()
	s.numbers[lid] = number.User
	s.mu.Unlock()
	return true
}

func changedNumber(lid types.JID, before, now string, at time.Time) core.Event {
	phone := func(s string) core.IdentityKey { return core.IdentityKey{Scheme: core.SchemePhone, Value: s} }
	hidden := core.IdentityKey{Scheme: core.SchemeLID, Value: lid.User}
	return core.Event{Kind: core.EventIdentity, ID: "number/" + lid.User + "/" + now, At: at.UTC(), Origin: core.OriginCustomer,
		Peer:     core.Peer{Identities: []core.IdentityKey{hidden, phone(before)}},
		Identity: &core.IdentityBody{Old: []core.IdentityKey{hidden, phone(before)}, New: []core.IdentityKey{hidden, phone(now)}, Note: "WhatsApp: the number changed from +" + before + " to +" + now + "."}}
}

// The following is what the reader asks of the session, which implements its book.

var _ book = (*session)(nil)

func (s *session) us(j types.JID) bool {
	return j.User != "" && (j.User == s.own.User && j.Server == types.DefaultUserServer || j.User == s.ownLID.User && j.Server == types.HiddenUserServer)
}

func (s *session) hidden(ctx context.Context, number types.JID) types.JID {
	lid, err := s.client.Store.LIDs.GetLIDForPN(ctx, number)
	if err != nil {
		s.link.host.Log().InfoContext(ctx, "LID of a number not looked up", "err", err)
	}
	return user(lid)
}

func (s *session) number(ctx context.Context, hidden types.JID) types.JID {
	pn, err := s.client.Store.LIDs.GetPNForLID(ctx, hidden)
	if err != nil {
		s.link.host.Log().InfoContext(ctx, "number of a LID not looked up", "err", err)
	}
	return user(pn)
}

func (s *session) names(ctx context.Context, j types.JID) (listed, own string) {
	c, err := s.client.Store.Contacts.GetContact(ctx, j)
	if err != nil || !c.Found {
		return "", ""
	}
	return c.FullName, cmp.Or(c.BusinessName, c.PushName)
}

func (s *session) vote(ctx context.Context, e *events.Message) *waE2E.PollVoteMessage {
	v, err := s.client.DecryptPollVote(ctx, e)
	return opened(s, v, err)
}

func (s *session) attendance(ctx context.Context, e *events.Message) *waE2E.EventResponseMessage {
	sealed, a := e.Message.GetEncEventResponseMessage(), &waE2E.EventResponseMessage{}
	raw, err := s.client.DangerousInternals().DecryptMsgSecret(ctx, e, whatsmeow.EncSecretEventResponse, sealed, sealed.GetEventCreationMessageKey()) //nolint:staticcheck // whatsmeow opens these for nobody else
	if err == nil {
		err = proto.Unmarshal(raw, a)
	}
	return opened(s, a, err)
}

func (s *session) reaction(ctx context.Context, e *events.Message) *waE2E.ReactionMessage {
	v, err := s.client.DecryptReaction(ctx, e)
	return opened(s, v, err)
}

func (s *session) edited(ctx context.Context, e *events.Message) *waE2E.Message {
	v, err := s.client.DecryptSecretEncryptedMessage(ctx, e)
	return opened(s, v, err)
}

// opened is what could be decrypted, or nil.
func opened[T any](s *session, v *T, err error) *T {
	if err != nil {
		s.link.host.Log().InfoContext(s.ctx, "not decrypted", "what", fmt.Sprintf("%T", v), "err", err)
		return nil
	}
	return v
}
