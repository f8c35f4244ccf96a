package inbound_test

import (
	"log/slog"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"testing"
	"time"

	"causeway/adapters/gormstore"
	"causeway/adapters/gormstore/freshstore"
	"causeway/adapters/riverqueue"
	"causeway/core"
	"causeway/core/inbound"
)

const benchCustomers = 2000

// BenchmarkAccept measures messages from customers who are known, with River's jobs: each in a transaction of its own, and as many together as 32
// connections bring while the batch before is committed. On a busy machine the low decile tells more than the mean: a tenth of the batches were
// taken in this quickly.
func BenchmarkAccept(b *testing.B) {
	for _, together := range []int{1, 25} {
		name := "/" + strconv.Itoa(together)
		b.Run("sqlite"+name, func(b *testing.B) { benchAccept(b, "sqlite:"+filepath.Join(b.TempDir(), "x.db"), together) })
		b.Run("postgres"+name, func(b *testing.B) { benchAccept(b, freshstore.Migrated(b), together) })
	}
}

func benchAccept(b *testing.B, address string, together int) {
	accept := benchAcceptor(b, address)
	n := 0
	batch := func() time.Duration {
		events := make([]core.Event, together)
		for i := range events {
			n++
			events[i] = benchMessage(n)
		}
		began := time.Now()
		if err := accept(events); err != nil {
			b.Fatal(err)
		}
		return time.Since(began)
	}
	for n < benchCustomers {
		batch()
	}
	var took []time.Duration
	before := allocations()
	for b.Loop() {
		took = append(took, batch())
	}
	messages := float64(len(took) * together)
	b.ReportMetric(float64(allocations()-before)/messages, "allocs/message")
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/10].Microseconds())/float64(together), "low-us/message")
}

// allocations counts what this process has allocated.
func allocations() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Mallocs
}

func benchAcceptor(b *testing.B, address string) func([]core.Event) error {
	b.Helper()
	must := func(err error) {
		b.Helper()
		if err != nil {
			b.Fatal(err)
		}
	}
	s, err := gormstore.Open(b.Context(), address, gormstore.Options{})
	must(err)
	b.Cleanup(func() { _ = s.Close() })
	_, err = s.Migrate(b.Context())
	must(err)
	q, err := riverqueue.Open(b.Context(), s, riverqueue.Options{})
	must(err)
	s.UseQueue(q)
	ws, err := s.EnsureWorkspace(b.Context(), "main")
	must(err)
	ch := core.Channel{ID: core.NewID[core.ChannelID](), Workspace: ws, Kind: "whatsapp-cloud", Name: "shop", Account: "100", State: core.ChannelActive, Created: time.Now()}
	must(s.In(ws).SaveChannel(b.Context(), ch))
	in := inbound.New(s, time.Now, slog.New(slog.DiscardHandler))
	return func(events []core.Event) error { return in.Accept(b.Context(), ch, events) }
}

// benchMessage is the nth message. Who writes one after the other are not neighbours in any index.
func benchMessage(n int) core.Event {
	id, who := "wamid.B"+strconv.Itoa(n), strconv.Itoa(4_915_000_000_000+n*7919%benchCustomers)
	return core.Event{Kind: core.EventMessage, ID: id, At: time.Now(), Origin: core.OriginCustomer, Account: "100",
		Peer:    core.Peer{Name: "Customer " + who, Identities: []core.IdentityKey{phone(who)}},
		Message: &core.MessageBody{Provider: id, Content: core.Content{Kind: core.KindText, Text: "message number " + strconv.Itoa(n)}}}
}
