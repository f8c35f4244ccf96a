// Package doctor finds out what is wrong with an installation and how to mend it: the machine, the database, the keys, mail, the public address, and
// every channel. It changes nothing.
//
// What it looks at comes in as functions, so that it is the same for the command line and for tests. Each look has its own time limit, and
// one that panics becomes a finding: a doctor that dies of the disease helps nobody.
package doctor

import (
	"context"
	"fmt"
	"time"

	"causeway/core"
)

// limit bounds each look.
const limit = 20 * time.Second

// Inputs are what the doctor looks at. A nil function or interface is left out, if nothing is said to the contrary.
type Inputs struct {
	Store core.Store
	Vault core.Vault
	Blobs core.Blobs
	Now   core.Clock // default time.Now

	DataDir   string // whose disk is looked at
	PublicURL string
	Settings  []core.Finding // what the configuration's own check found

	// Relay logs in to the mail server. Nil means that none is configured; the configuration's check says so.
	Relay func(ctx context.Context) core.Finding
	// Converter looks at what converts files.
	Converter func(ctx context.Context) core.Finding
	// Probe calls an address of ours from outside as far as it can, and says what is wrong with the answer.
	Probe func(ctx context.Context, url string) error
	// Skew is how far this machine's clock is ahead of the world's.
	Skew func(ctx context.Context) (time.Duration, error)
	// Disk tells the free and the whole space, in bytes.
	Disk func(path string) (free, total uint64, err error)
	// Migrations tells how many are applied and how many wait.
	Migrations func(ctx context.Context) (applied, pending int, err error)
	// Check asks a channel's link.
	Check func(ctx context.Context, ch core.Channel) ([]core.Finding, error)
	// Waits counts what waits for a person.
	Waits func(ctx context.Context) ([]Waiting, error)
	// Webhook reports whether a channel receives by webhook; default all do.
	Webhook func(ctx context.Context, ch core.Channel) bool
}

// Group is what was found about one thing.
type Group struct {
	Title    string // "machine", "database", …, "channel shop"
	Findings []core.Finding
}

// Run looks at everything.
func Run(ctx context.Context, in Inputs) []Group {
	d := doctor{in}
	if d.in.Now == nil {
		d.in.Now = time.Now
	}
	var all []Group
	add := func(title string, looks ...look) {
		g := Group{Title: title}
		for _, l := range looks {
			g.Findings = append(g.Findings, d.examine(ctx, l)...)
		}
		if len(g.Findings) > 0 {
			all = append(all, g)
		}
	}
	add("settings", look{"settings", d.settings})
	add("machine", look{"disk", d.disk}, look{"clock", d.clock}, look{"files", d.files}, look{"ffmpeg", d.converter})
	add("database", look{"database", d.database}, look{"migrations", d.migrations}, look{"secrets", d.secrets}, look{"set aside", d.waits})
	add("mail", look{"mail relay", d.relay}, look{"agents", d.agents})
	add("public address", look{"public address", d.public})
	return append(all, d.channels(ctx)...)
}

type doctor struct{ in Inputs }

// look is one thing looked at.
type look struct {
	subject string
	at      func(ctx context.Context) []core.Finding
}

// examine runs one look, with a limit, and survives it. What ignores the limit is left behind: its goroutine ends when the look does.
func (d doctor) examine(ctx context.Context, l look) []core.Finding {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	done := make(chan []core.Finding, 1)
	go func() {
		defer func() {
			if p := recover(); p != nil {
				done <- bad(l.subject, "Report this with the version of Causeway.", "The check itself failed: %v.", p)
			}
		}()
		done <- l.at(ctx)
	}()
	select {
	case found := <-done:
		return found
	case <-ctx.Done():
		select { // it may have ended in the same moment
		case found := <-done:
			return found
		default:
			return bad(l.subject, "Try again; if it stays so, look at the network and the load of this machine.", "The check did not end in time.")
		}
	}
}

func good(subject, detail string, args ...any) []core.Finding {
	return []core.Finding{{Subject: subject, Level: core.HealthGood, Detail: fmt.Sprintf(detail, args...)}}
}

func warn(subject, remedy, detail string, args ...any) []core.Finding {
	return []core.Finding{{Subject: subject, Level: core.HealthWarning, Remedy: remedy, Detail: fmt.Sprintf(detail, args...)}}
}

func bad(subject, remedy, detail string, args ...any) []core.Finding {
	return []core.Finding{{Subject: subject, Level: core.HealthBad, Remedy: remedy, Detail: fmt.Sprintf(detail, args...)}}
}
