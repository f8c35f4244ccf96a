package inbound_test

import (
	"log/slog"
	"path/filepath"
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

const (
	benchTogether  = 25 // messages in a batch: about what 32 connections bring while the batch before is committed
	benchCustomers = 2000
)

// BenchmarkAccept measures batches of messages from customers who are known, with River's jobs. On a busy machine the low decile tells more than the
// mean: a tenth of the batches were taken in this quickly.
func BenchmarkAccept(b *testing.B) {
	b.Run("sqlite", func(b *testing.B) { benchAccept(b, "sqlite:"+filepath.Join(b.TempDir(), "x.db")) })
	b.Run("postgres", func(b *testing.B) { benchAccept(b, freshstore.Migrated(b)) })
}

func benchAccept(b *testing.B, address string) {
	accept := benchAcceptor(b, address)
	n := 0
	batch := func() time.Duration {
		events := make([]core.Event, benchTogether)
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
	b.ReportAllocs()
	for b.Loop() {
		took = append(took, batch())
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/10].Microseconds())/benchTogether, "low-us/message")
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
