package whatsappdevice

import (
	"context"
	"fmt"
	"time"

	"causeway/core"

	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types/events"
)

const (
	seenValue     = "phone-seen"
	timelockValue = "timelock"
	seenGrain     = time.Hour      // how exactly it is kept when the phone was seen
	pingAfter     = 36 * time.Hour // without a sign of the phone it is asked for one
	pingEach      = 12 * time.Hour
	foreverLocked = 7 * 24 * time.Hour // a lock without an end is asked about again
)

// phoneSeen notes a sign of life of the phone.
func (s *session) phoneSeen(at time.Time) {
	s.mu.Lock()
	fresh := at.Sub(s.seen) >= seenGrain
	if at.After(s.seen) {
		s.seen = at
	}
	s.mu.Unlock()
	if !fresh {
		return
	}
	s.link.ward.heal(s.ctx, ofPhone)
	if err := s.link.host.Save(s.ctx, seenValue, []byte(at.UTC().Format(time.RFC3339))); err != nil && s.ctx.Err() == nil {
		s.link.host.Log().InfoContext(s.ctx, "sign of the phone not kept", "err", err)
	}
}

// loadSeen loads when the phone was seen last: at the latest when it was paired, or paired anew.
func (s *session) loadSeen(ctx context.Context) error {
	raw, err := s.link.host.Load(ctx, seenValue)
	if err != nil {
		return fmt.Errorf("load last sign of the phone: %w", err)
	}
	whose, err := s.link.devices().account(ctx)
	if err != nil {
		return fmt.Errorf("load when the phone was paired: %w", err)
	}
	at, _ := time.Parse(time.RFC3339, string(raw)) // else the zero time
	s.seen = core.Latest(core.Latest(at, whose.Paired), s.link.budget.since())
	return nil
}

// lookAfterPhone warns of a phone that is offline for long, and asks it for a sign before that: nobody may have written on it.
func (s *session) lookAfterPhone(ctx context.Context) {
	now := s.link.host.Now()
	s.mu.Lock()
	seen, ask := s.seen, now.Sub(s.seen) >= pingAfter && now.Sub(s.pinged) >= pingEach && s.caughtUp
	if ask {
		s.pinged = now
	}
	s.mu.Unlock()
	if a := phoneOffline(seen, now); a != nil {
		s.link.ward.ail(ctx, ofPhone, *a)
	}
	if ask {
		s.spawn(func() { s.ping(ctx) })
	}
}

// ping asks the phone for keys that it has given already. It answers when it is online.
func (s *session) ping(ctx context.Context) {
	ask := &waE2E.Message{ProtocolMessage: &waE2E.ProtocolMessage{Type: waE2E.ProtocolMessage_APP_STATE_SYNC_KEY_REQUEST.Enum(), AppStateSyncKeyRequest: &waE2E.AppStateSyncKeyRequest{}}}
	if _, err := s.client.SendPeerMessage(ctx, ask); err != nil && ctx.Err() == nil {
		s.link.host.Log().InfoContext(ctx, "phone not asked for a sign", "err", err)
	}
}

// timelock takes WhatsApp's word on whether first messages are allowed.
func (s *session) timelock(e *events.NotifyAccountReachoutTimelock) {
	if !e.IsActive {
		s.link.ward.heal(s.ctx, ofTimelock)
		s.keepTimelock(time.Time{})
		return
	}
	until := e.TimeEnforcementEnds.Time
	s.link.ward.ail(s.ctx, ofTimelock, timelocked(until))
	if until.IsZero() {
		until = s.link.host.Now().Add(foreverLocked)
	}
	s.keepTimelock(until)
}

func (s *session) keepTimelock(until time.Time) {
	if err := s.link.host.Save(s.ctx, timelockValue, []byte(until.UTC().Format(time.RFC3339))); err != nil {
		s.link.host.Log().InfoContext(s.ctx, "timelock not kept", "err", err)
	}
}

func (s *session) loadTimelock(ctx context.Context) error {
	raw, err := s.link.host.Load(ctx, timelockValue)
	if err != nil {
		return fmt.Errorf("load timelock: %w", err)
	}
	if until, err := time.Parse(time.RFC3339, string(raw)); err == nil && s.link.host.Now().Before(until) {
		s.link.ward.ail(ctx, ofTimelock, timelocked(until))
	}
	return nil
}

// refusedToStrangers notes that WhatsApp did not let a message to somebody through.
func (s *session) refusedToStrangers(ctx context.Context, e *core.SendError) {
	s.link.ward.ail(ctx, ofRefused, ailment{until: s.link.host.Now().Add(aDay), health: warning(e.Code, e.Reason, e.Remedy)})
}
