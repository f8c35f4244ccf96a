package riverqueue

import (
	"context"
	"fmt"
	"time"
)

// Moved is called when the clock of Options.Now was set forward: what waits for its time waits so much less, and what is due by now starts at once.
// Only the clocks of a demo and of tests do so.
func (q *Queue) Moved(ctx context.Context, by time.Duration) error {
	if _, err := q.base.exec(ctx, q.sql.sooner, by.Milliseconds()); err != nil {
		return fmt.Errorf("move jobs forward: %w", err)
	}
	q.ringAll()
	return nil
}
