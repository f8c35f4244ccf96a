package riverqueue

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A database that is away is said once by all queues together, and again when some time has passed.
func TestRiverDoesNotRepeatItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b bytes.Buffer
		log := quiet(slog.New(slog.NewTextHandler(&b, nil)))
		for range 2 {
			for _, queue := range []string{"deliver", "notify", "reply"} {
				log.With("queue", queue).Error("producer: Error fetching jobs")
			}
			log.Warn("something else")
			log.Info("not worth a line")
			<-time.After(sayAgain)
		}
		if n := strings.Count(b.String(), "\n"); n != 4 || strings.Count(b.String(), "fetching jobs") != 2 {
			t.Errorf("%d lines:\n%s", n, b.String())
		}
	})
}
