package gormstore

import (
	"context"
	"time"

	"causeway/core"
)

// The database's clock, in microseconds since 1970.
const (
	postgresClock = "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
	sqliteClock   = "CAST(unixepoch('subsec') * 1000000 AS INTEGER)"
)

func (s *Store) clock() string {
	if s.postgres != nil {
		return postgresClock
	}
	return sqliteClock
}

// TakeLeases takes what is free. It looks first, so that a node which waits for another's leases locks none of them.
func (s *Store) TakeLeases(ctx context.Context, holder string, names []string, lasting time.Duration) ([]core.Lease, error) {
	if len(names) == 0 {
		return nil, nil
	}
	var others []string
	err := s.reader.WithContext(ctx).Raw("SELECT name FROM leases WHERE name IN ? AND holder <> ? AND until > "+s.clock(), names, holder).Scan(&others).Error
	if err != nil {
		return nil, fail(err)
	}
	had := make(map[string]bool, len(others))
	for _, name := range others {
		had[name] = true
	}
	var taken []core.Lease
	for _, name := range names {
		if had[name] {
			continue
		}
		if taken, err = s.take(ctx, taken, holder, name, lasting); err != nil {
			return taken, err
		}
	}
	return taken, nil
}

// take adds a lease to those taken, unless somebody else was quicker. It inserts and, if the lease is there, updates: an upsert looks for conflicts of
// one key only, and of many who are the first at the same moment PostgreSQL would refuse some for the other.
func (s *Store) take(ctx context.Context, taken []core.Lease, holder, name string, lasting time.Duration) ([]core.Lease, error) {
	var row []core.Lease
	db := s.writer.WithContext(ctx)
	err := db.Raw("INSERT INTO leases (name, holder, fence, until) VALUES (?, ?, 1, "+s.clock()+" + ?) ON CONFLICT DO NOTHING RETURNING name, holder, fence",
		name, holder, lasting.Microseconds()).Scan(&row).Error
	if err == nil && len(row) == 0 {
		err = db.Raw("UPDATE leases SET holder = ?, fence = fence + 1, until = "+s.clock()+" + ? WHERE name = ? AND (until <= "+s.clock()+
			" OR holder = ?) RETURNING name, holder, fence", holder, lasting.Microseconds(), name, holder).Scan(&row).Error
	}
	return append(taken, row...), fail(err)
}

// RenewLeases prolongs leases. On PostgreSQL it does not wait for transactions that hold them.
func (s *Store) RenewLeases(ctx context.Context, leases []core.Lease, lasting time.Duration) ([]core.Lease, error) {
	if len(leases) == 0 {
		return nil, nil
	}
	names, fences := make([]string, len(leases)), make(map[core.Lease]bool, len(leases))
	for i, l := range leases {
		names[i], fences[l] = l.Name, true
	}
	var rows []core.Lease
	err := s.writer.WithContext(ctx).Raw("UPDATE leases SET until = "+s.clock()+" + ? WHERE name IN ? AND holder = ? AND until > "+s.clock()+
		" RETURNING name, holder, fence", lasting.Microseconds(), names, leases[0].Holder).Scan(&rows).Error
	var kept []core.Lease
	for _, l := range rows {
		if fences[l] {
			kept = append(kept, l)
		}
	}
	return kept, fail(err)
}

// DropLease ends a lease's time.
func (s *Store) DropLease(ctx context.Context, l core.Lease) error {
	return fail(s.writer.WithContext(ctx).Exec("UPDATE leases SET until = 0 WHERE name = ? AND holder = ? AND fence = ?", l.Name, l.Holder, l.Fence).Error)
}

// Holds looks at the lease and, on PostgreSQL, locks its key: who takes it over waits. On SQLite there is one transaction at a time.
func (t *transaction) Holds(ctx context.Context, l core.Lease) error {
	if l == (core.Lease{}) {
		return nil
	}
	look := "SELECT fence FROM leases WHERE name = ? AND holder = ? AND fence = ? AND until > " + t.s.clock()
	if t.s.postgres != nil {
		look += " FOR KEY SHARE"
	}
	var fences []int64
	if err := t.db.WithContext(ctx).Raw(look, l.Name, l.Holder, l.Fence).Scan(&fences).Error; err != nil {
		return fail(err)
	}
	if len(fences) == 0 {
		return core.ErrLeaseLost
	}
	return nil
}
