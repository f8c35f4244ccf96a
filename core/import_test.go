package core_test

import (
	"testing"
	"time"

	"causeway/core"
)

// TestImportThatDoesNotCome: what was granted and does not come, or no longer, is told after a day, with what to do.
func TestImportThatDoesNotCome(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, s := range []core.ImportState{core.ImportRequested, core.ImportReceiving, core.ImportDone} {
		i := core.Import{What: core.ImportHistory, State: s, Changed: at}
		for after, warns := range map[time.Duration]bool{time.Hour: false, 25 * time.Hour: s != core.ImportDone} {
			f := i.Finding(at.Add(after))
			if (f.Level == core.HealthWarning) != warns || (f.Remedy != "") != warns {
				t.Errorf("%s after %s: %+v", s, after, f)
			}
		}
	}
}
