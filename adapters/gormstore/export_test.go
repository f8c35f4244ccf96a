package gormstore

import "context"

// MigrateTo brings the schema to a version, up or down.
func (s *Store) MigrateTo(ctx context.Context, version int64) error {
	p, err := s.provider()
	if err != nil {
		return err
	}
	if _, err := p.DownTo(ctx, version); err != nil {
		return err
	}
	_, err = p.UpTo(ctx, version)
	return err
}

// Exec runs a statement as it is, for rows of versions that the code no longer writes.
func (s *Store) Exec(ctx context.Context, statement string, args ...any) error {
	return s.writer.WithContext(ctx).Exec(statement, args...).Error
}
