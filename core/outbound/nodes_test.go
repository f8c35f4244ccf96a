package outbound_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"causeway/adapters/gormstore"
	"causeway/adapters/gormstore/freshstore"
	"causeway/adapters/riverqueue"
	"causeway/core"
	"causeway/core/inbound"
	"causeway/core/outbound"
)

// node is a gateway's sending side: its own connections, its own queue, the real one.
type node struct {
	*testing.T
	store *gormstore.Store
	queue *riverqueue.Queue
	out   *outbound.Outbox
	in    *inbound.Acceptor
}

func newNode(t *testing.T, address string, links outbound.Links, workers int) *node {
	t.Helper()
	n := &node{T: t}
	log := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelError}))
	var err error
	if n.store, err = gormstore.Open(t.Context(), address, gormstore.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = n.store.Close() })
	if _, err := n.store.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n.queue, err = riverqueue.Open(t.Context(), n.store, riverqueue.Options{Log: log}); err != nil {
		t.Fatal(err)
	}
	n.store.UseQueue(n.queue)
	n.in = inbound.New(n.store, time.Now, log)
	n.out = outbound.New(outbound.Options{Store: n.store, Links: links, Now: time.Now, Log: log, Workers: workers, Arrived: n.in.Arrived, Answered: n.in.Answered})
	n.queue.Handle(core.JobDeliver, workers, n.out.Deliver)
	return n
}

func (n *node) start() {
	n.Helper()
	if err := n.queue.Start(n.Context()); err != nil {
		n.Fatal(err)
	}
}

func (n *node) stop() {
	n.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(n.Context()), time.Minute)
	defer cancel()
	if err := n.queue.Stop(ctx); err != nil {
		n.Errorf("stop: %v", err)
	}
}

// platform is a provider that all nodes send to. It keeps what each customer got, and now and then has the gateway wait.
type platform struct {
	ch   core.Channel
	can  core.Capabilities
	mu   sync.Mutex
	dice *rand.Rand
	got  map[string][]string
	busy map[string]bool // a send to this customer is under way
	both []string        // customers to whom two were under way
}

func (p *platform) Link(context.Context, core.ChannelID) (core.Channel, core.Info, core.Link, error) {
	return p.ch, core.Info{Kind: p.ch.Kind, Title: "WhatsApp", Scheme: core.SchemePhone}, p, nil
}

func (p *platform) Capabilities() core.Capabilities    { return p.can }
func (*platform) Check(context.Context) []core.Finding { return nil }
func (*platform) Close() error                         { return nil }

func (p *platform) Send(_ context.Context, out core.Outgoing) (core.Sent, error) {
	to := out.To[0].Value
	p.mu.Lock()
	if p.busy[to] {
		p.both = append(p.both, to)
	}
	p.busy[to] = true
	fate, pause := p.dice.IntN(60), time.Duration(p.dice.IntN(3000))*time.Microsecond
	p.mu.Unlock()
	<-time.After(pause)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.busy[to] = false
	if fate == 0 {
		return core.Sent{}, &core.SendError{Code: "131056", Outcome: core.Rejected, Effect: core.EffectSlowPeer, Retry: 10 * time.Millisecond, Reason: "slower"}
	}
	p.got[to] = append(p.got[to], out.Content.Text)
	return core.Sent{Provider: "out." + string(out.Key)}, nil
}

func (p *platform) count() (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, texts := range p.got {
		n += len(texts)
	}
	return n
}

// TestOrderAcrossNodes: whatever node takes a message, and whatever node sends it, while one of them is stopped and started, every customer gets
// all messages, once, in the order in which they were taken.
func TestOrderAcrossNodes(t *testing.T) {
	freshstore.Both(t, func(t *testing.T, address string) {
		const customers, messages = 30, 8
		p := &platform{can: capabilities(), dice: rand.New(rand.NewPCG(1, 2)), got: map[string][]string{}, busy: map[string]bool{}} //nolint:gosec // dice
		nodes := []*node{newNode(t, address, p, 6)}
		if nodes[0].store.Postgres() != nil { // on SQLite one process works
			nodes = append(nodes, newNode(t, address, p, 6))
		}
		talks := enroll(t, nodes[0], p, customers)
		for _, n := range nodes {
			n.start()
			defer n.stop()
		}
		var writing sync.WaitGroup
		for i, id := range talks {
			writing.Go(func() {
				for m := range messages {
					from := nodes[(i+m)%len(nodes)]
					_, _, err := from.out.Compose(t.Context(), p.ch.Workspace, outbound.Request{Conversation: id, Author: core.Author{Kind: core.AuthorAPI}, Contents: []core.Content{text(strconv.Itoa(m))}})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		last := nodes[len(nodes)-1]
		last.stop()
		last.start()
		writing.Wait()
		for deadline := time.Now().Add(2 * time.Minute); p.count() < customers*messages; <-time.After(5 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%d of %d messages were sent", p.count(), customers*messages)
			}
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		for to, texts := range p.got {
			if want := []string{"0", "1", "2", "3", "4", "5", "6", "7"}; !slices.Equal(texts, want) {
				t.Errorf("customer %s got %v", to, texts)
			}
		}
		if len(p.both) > 0 {
			t.Errorf("two messages at once to %v", p.both)
		}
	})
}

// enroll makes the channel and has customers write. It returns their conversations.
func enroll(t *testing.T, n *node, p *platform, customers int) []core.ConversationID {
	t.Helper()
	ws, err := n.store.EnsureWorkspace(t.Context(), "main")
	if err != nil {
		t.Fatal(err)
	}
	repo := n.store.In(ws)
	p.ch = core.Channel{ID: core.NewID[core.ChannelID](), Workspace: ws, Kind: "whatsapp-cloud", Name: "shop", Account: "100", State: core.ChannelActive, Created: time.Now()}
	if err := repo.SaveChannel(t.Context(), p.ch); err != nil {
		t.Fatal(err)
	}
	var events []core.Event
	for i := range customers {
		id := fmt.Sprint("in.", i)
		events = append(events, core.Event{Kind: core.EventMessage, ID: id, At: time.Now(), Origin: core.OriginCustomer, Message: &core.MessageBody{Provider: id, Content: text("Hello")},
			Peer: core.Peer{Name: id, Identities: []core.IdentityKey{{Scheme: core.SchemePhone, Value: fmt.Sprint(1000 + i)}}}})
	}
	if err := n.in.Accept(t.Context(), p.ch, events); err != nil {
		t.Fatal(err)
	}
	all, err := repo.Conversations(t.Context(), core.ConversationFilter{}, core.Page{Limit: 200})
	if err != nil || len(all) != customers {
		t.Fatalf("%d conversations, %v", len(all), err)
	}
	ids := make([]core.ConversationID, len(all))
	for i, c := range all {
		ids[i] = c.ID
	}
	return ids
}
