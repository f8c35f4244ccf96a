package gormstore

import (
	"context"
	"sync/atomic"
)

// filling keeps PostgreSQL's statistics true while a new store fills. Its own upkeep looks but once a minute, and until then the plans, those of
// foreign keys above all, are the ones made for empty tables: each row then costs a walk through its workspace.
type filling struct {
	rows atomic.Int64 // messages that bulks of this process have stored
	next atomic.Int64 // at how many the statistics are made next
}

const (
	firstLook = 100
	nextLook  = 10      // times as many
	lastLook  = 100_000 // what comes after is left to PostgreSQL
)

// filled notes messages as stored, outside a transaction.
func (s *Store) filled(ctx context.Context, messages int64) {
	if s.postgres == nil || messages == 0 {
		return
	}
	now, next := s.filling.rows.Add(messages), max(s.filling.next.Load(), firstLook)
	if now < next || next > lastLook || !s.filling.next.CompareAndSwap(s.filling.next.Load(), next*nextLook) {
		return
	}
	var known float64
	err := s.postgres.QueryRow(ctx, "SELECT reltuples FROM pg_class WHERE oid = 'messages'::regclass").Scan(&known)
	if err == nil && known < float64(next) {
		_, err = s.postgres.Exec(ctx, "ANALYZE contacts, identities, conversations, conversation_events, messages, parts, seen_events, reply_windows, channel_log")
	}
	if err != nil {
		s.log.DebugContext(ctx, "statistics not made", "err", err)
	}
}
