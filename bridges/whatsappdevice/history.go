package whatsappdevice

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"causeway/core"

	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/proto/waHistorySync"
	"go.mau.fi/whatsmeow/types"
	"google.golang.org/protobuf/proto"
)

const (
	spaceHistory   = "history"           // of the safe: what the phone offered and is not imported yet
	historyFor     = 14 * 24 * time.Hour // an offer is good
	historyAtOnce  = 100                 // events
	historyAgain   = time.Minute         // after a failure, longer each time
	historyLongest = time.Hour
)

// offer keeps what the phone offers of older conversations, under the same key however often it is kept. It holds a key, so it lies in the safe.
func offer(n *waE2E.HistorySyncNotification, now time.Time) (core.Change, error) {
	raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(n)
	sum := sha256.Sum256(raw)
	return core.KeepUntil(spaceHistory, hex.EncodeToString(sum[:16]), raw, now.Add(historyFor)), err
}

// offered is what a decrypted message, still padded, offers of older conversations; nil: nothing.
func offered(padded []byte) *waE2E.HistorySyncNotification {
	if len(padded) == 0 || int(padded[len(padded)-1]) > len(padded) {
		return nil
	}
	var m waE2E.Message
	if proto.Unmarshal(padded[:len(padded)-int(padded[len(padded)-1])], &m) != nil {
		return nil
	}
	if within := m.GetDeviceSentMessage().GetMessage(); within != nil {
		return within.GetProtocolMessage().GetHistorySyncNotification()
	}
	return m.GetProtocolMessage().GetHistorySyncNotification()
}

// keepHistory has what the phone offers of older conversations imported in the background.
func (s *session) keepHistory(n *waE2E.HistorySyncNotification) bool {
	keep, err := offer(n, s.link.host.Now())
	if err == nil {
		err = s.link.host.Safe().Apply(s.ctx, keep)
	}
	if err != nil {
		return s.failed(fmt.Errorf("keep history offered: %w", err))
	}
	select {
	case s.news <- struct{}{}:
	default:
	}
	return true
}

// importHistory imports what the phone has offered, until the session is over.
func (s *session) importHistory(ctx context.Context) {
	for failed := 0; ctx.Err() == nil; {
		err := s.importOffered(ctx)
		if err == nil {
			failed = 0
			select {
			case <-ctx.Done():
			case <-s.news:
			}
			continue
		}
		failed++
		if ctx.Err() == nil {
			s.link.host.Log().WarnContext(ctx, "history not imported yet", "err", err)
		}
		select {
		case <-ctx.Done():
		case <-s.news:
		case <-time.After(min(historyLongest, historyAgain*time.Duration(failed))):
		}
	}
}

// importOffered imports what was offered. What cannot be had or read holds up nothing else; it is tried again until its offer is over.
func (s *session) importOffered(ctx context.Context) error {
	all, err := s.link.host.Safe().List(ctx, spaceHistory, "")
	if err != nil {
		return fmt.Errorf("list history offered: %w", err)
	}
	var failed error
	for _, r := range all {
		var err error
		if panicked := guarded(func() { err = s.importOne(ctx, r) }); panicked != nil {
			err = panicked
		}
		if err == nil {
			err = s.link.host.Safe().Apply(ctx, core.Forget(spaceHistory, r.Key))
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		failed = errors.Join(failed, err)
	}
	return failed
}

// importOne downloads and stores one offer. What WhatsApp has no more, and what cannot be read, is left.
func (s *session) importOne(ctx context.Context, r core.Record) error {
	var n waE2E.HistorySyncNotification
	if err := proto.Unmarshal(r.Value, &n); err != nil {
		return nil //nolint:nilerr // nobody can read it, ever
	}
	// The mappings of numbers and the names in it are stored before it is read here: conversations need them.
	h, err := s.client.DownloadHistorySync(ctx, &n, true)
	switch {
	case missing(err):
		s.link.host.Log().WarnContext(ctx, "WhatsApp has a piece of the history no more", "err", err)
		return nil
	case err != nil:
		return fmt.Errorf("download history: %w", err)
	case !s.link.conf.history:
		return nil
	}
	return s.importConversations(ctx, h)
}

// importConversations stores what a phone hands over, a conversation at a time, each the oldest first. A piece may hold tens of thousands of messages: of
// those that are done nothing is kept in memory.
func (s *session) importConversations(ctx context.Context, h *waHistorySync.HistorySync) error {
	for i, c := range h.GetConversations() {
		if err := s.tell(ctx, s.historic(ctx, c)); err != nil {
			return err
		}
		h.Conversations[i] = nil
	}
	return nil
}

// tell stores imported events, a few at a time.
func (s *session) tell(ctx context.Context, all []core.Event) error {
	for some := range slices.Chunk(all, historyAtOnce) {
		if err := s.link.host.Emit(ctx, some...); err != nil {
			return errors.Join(fmt.Errorf("store history: %w", err), ctx.Err())
		}
	}
	return nil
}

// historic makes events of a conversation, the oldest first.
func (s *session) historic(ctx context.Context, c *waHistorySync.Conversation) []core.Event {
	chat, err := types.ParseJID(c.GetID())
	if err != nil {
		return nil
	}
	if chat.Server == types.GroupServer && c.GetName() != "" {
		s.renamed(chat, c.GetName())
	}
	all := s.conversation(ctx, chat, c)
	slices.SortStableFunc(all, func(a, b core.Event) int { return a.At.Compare(b.At) })
	return all
}

func (s *session) conversation(ctx context.Context, chat types.JID, c *waHistorySync.Conversation) []core.Event {
	other := s.otherAddress(chat, c)
	var all []core.Event
	for _, m := range c.GetMessages() {
		web := m.GetMessage()
		if web.GetMessage() == nil || web.GetMessageTimestamp() == 0 {
			continue // a line about the conversation, or a message that is gone
		}
		e, err := s.client.ParseWebMessage(chat, web)
		if err != nil {
			continue
		}
		e.UnwrapRaw()
		if e.Info.IsFromMe {
			e.Info.RecipientAlt = other
		} else if chat.Server != types.GroupServer {
			e.Info.SenderAlt = other
		}
		for _, made := range s.reader.message(ctx, e) {
			made.Historic = true
			if made.Peer.Name == "" && chat.Server != types.GroupServer {
				made.Peer.Name = plain(cmp.Or(c.GetName(), c.GetDisplayName()))
			}
			all = append(all, made)
		}
	}
	return all
}

// otherAddress is the number behind a hidden address, or the other way round, if the phone tells.
func (s *session) otherAddress(chat types.JID, c *waHistorySync.Conversation) types.JID {
	told := c.GetLidJID()
	if chat.Server == types.HiddenUserServer {
		told = c.GetPnJID()
	}
	j, err := types.ParseJID(told)
	if err != nil {
		return types.JID{}
	}
	return j
}
