package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"causeway/adapters/gormstore"
	"causeway/adapters/gormstore/freshstore"
	"causeway/bridges/simulator"
	"causeway/core"
)

// fleet is several nodes on one database behind balancers. The rig's own process is none of them: it has the addresses of the balancers.
type fleet struct {
	*rig
	nodes []*rig
}

// newFleet starts n nodes, which may call a further private address.
func newFleet(t *testing.T, n int, o rigOptions, private string) *fleet {
	t.Helper()
	f := &fleet{rig: &rig{world: &world{clock: &clock{}}, program: o.Program, logAt: filepath.Join(o.Dir, "gateway.log")}}
	must(t, f.openOutside(worldOptions{Sim: o.Sim}))
	t.Cleanup(func() {
		for _, x := range f.nodes {
			if x.child != nil {
				_ = x.kill()
			}
		}
		if err := f.close(); err != nil {
			t.Error(err)
		}
	})
	must(t, f.openStore(t.Context(), worldOptions{Dir: o.Dir, Database: o.Database, Business: o.Business}))
	var err error
	f.log, err = os.OpenFile(f.logAt, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	must(t, err)
	ports, err := quietPorts(3 * n)
	must(t, err)
	for i := range n {
		x := *f.rig
		own := ports[3*i : 3*i+3]
		x.env = append(slices.Clone(f.env), "CAUSEWAY_ALLOW_PRIVATE="+last(f.env, "CAUSEWAY_ALLOW_PRIVATE")+","+private,
			"CAUSEWAY_HTTP_LISTEN="+own[0], "CAUSEWAY_PRIVATE_LISTEN="+own[1], "CAUSEWAY_SMTP_LISTEN="+own[2])
		x.health = "http://" + own[1] + "/readyz"
		f.nodes = append(f.nodes, &x)
	}
	for _, port := range []string{"CAUSEWAY_HTTP_LISTEN", "CAUSEWAY_SMTP_LISTEN"} {
		var behind []string
		for _, x := range f.nodes {
			behind = append(behind, last(x.env, port))
		}
		balance(t, last(f.env, port), behind)
	}
	for _, x := range f.nodes {
		must(t, x.start(t.Context()))
	}
	for _, x := range f.nodes {
		must(t, x.awaitReady(t.Context()))
	}
	must(t, f.subscribe(t.Context(), f.channel))
	return f
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// last returns the value of a variable that may be set more than once.
func last(env []string, name string) string {
	value := ""
	for _, e := range env {
		if v, ok := strings.CutPrefix(e, name+"="); ok {
			value = v
		}
	}
	return value
}

// balance hands each connection to the next address that takes one.
func balance(t *testing.T, address string, behind []string) {
	t.Helper()
	l, err := net.Listen("tcp", address)
	must(t, err)
	t.Cleanup(func() { _ = l.Close() })
	var next atomic.Int64
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go hand(c, behind, int(next.Add(1)))
		}
	}()
}

func hand(c net.Conn, behind []string, first int) {
	defer func() { _ = c.Close() }()
	for i := range behind {
		to, err := net.Dial("tcp", behind[(first+i)%len(behind)])
		if err != nil {
			continue
		}
		go func() { _, _ = io.Copy(to, c); _ = to.Close() }()
		_, _ = io.Copy(c, to)
		return
	}
}

// bots is a stand-in for Telegram's Bot API with one bot, who is told something each quarter of a second until it is quiet.
type bots struct {
	*httptest.Server
	mu      sync.Mutex
	said    int // updates so far
	next    int // the first that is not confirmed
	asking  int // calls at once
	most    int
	asked   time.Time // the last call's beginning or end
	longest time.Duration
}

const botToken = "987654321:AAHtestingtestingtestingtestingtest"

func newBots(t *testing.T) *bots {
	t.Helper()
	b := &bots{next: 1, asked: time.Now()}
	b.Server = httptest.NewServer(http.HandlerFunc(b.answer))
	t.Cleanup(b.Close)
	return b
}

func (b *bots) answer(w http.ResponseWriter, r *http.Request) {
	var result any = true
	switch filepath.Base(r.URL.Path) {
	case "getMe":
		result = map[string]any{"id": 987654321, "is_bot": true, "first_name": "Shop", "username": "shop_bot"}
	case "getUpdates":
		var ask struct{ Offset int }
		_ = json.NewDecoder(r.Body).Decode(&ask)
		result = b.updates(r.Context(), ask.Offset)
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"ok": true, "result": result})
}

// updates confirms what comes before the offset, waits a moment for something new, and returns it.
func (b *bots) updates(ctx context.Context, offset int) []any {
	b.mu.Lock()
	b.next = max(b.next, offset)
	b.asking++
	b.most = max(b.most, b.asking)
	b.longest = max(b.longest, time.Since(b.asked))
	b.mu.Unlock()
	until(ctx, time.Now().Add(250*time.Millisecond))
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asking--
	b.asked = time.Now()
	var all []any
	for id := b.next; id <= b.said; id++ {
		all = append(all, map[string]any{"update_id": id, "message": map[string]any{"message_id": id, "date": time.Now().Unix(), "text": fmt.Sprintf("telegram %d", id),
			"chat": map[string]any{"id": 5550001, "type": "private", "first_name": "Tea"}, "from": map[string]any{"id": 5550001, "is_bot": false, "first_name": "Tea"}}})
	}
	return all
}

// talk has the customer write until ctx is done.
func (b *bots) talk(ctx context.Context) {
	for until(ctx, time.Now().Add(250*time.Millisecond)) {
		b.mu.Lock()
		b.said++
		b.mu.Unlock()
	}
}

// await waits until so holds.
func (b *bots) await(t *testing.T, what string, so func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	if !again(ctx, func() bool { b.mu.Lock(); defer b.mu.Unlock(); return so() }) {
		t.Fatalf("waited in vain for %s", what)
	}
}

// withBot is the demo's business and a Telegram channel that is polled.
func withBot(t *testing.T, api string) string {
	t.Helper()
	token := filepath.Join(t.TempDir(), "token")
	must(t, os.WriteFile(token, []byte(botToken), 0o600))
	return strings.Replace(strings.Replace(unheld(demoBusiness), "\nagents:", `
  - name: the bot
    kind: telegram
    settings:
      bot_id: "987654321"
      bot_token: {file: `+token+`}
      receive: polling
      api_base: `+api+`

agents:`, 1), "- name: everything to both\n", "- name: everything to both\n    channel: shop\n", 1)
}

// TestNodesKilledInTurn: three nodes behind a balancer, each killed under load and started again. Nothing that was acknowledged is missing, doubled or
// out of order, and the one session was always run by one of them.
func TestNodesKilledInTurn(t *testing.T) {
	long(t)
	b := newBots(t)
	f := newFleet(t, 3, rigOptions{Program: build(t), Dir: t.TempDir(), Database: freshstore.Postgres(t), Business: withBot(t, b.URL),
		Sim: simulator.Options{Receipts: simulator.Receipts{AutoRead: true}, Retry: patience()}}, b.Listener.Addr().String())
	f.channel = f.channelNamed(t, "shop")
	s := &storm{rig: f.rig, ledger: newLedger(), seed: uint64(time.Now().UnixNano()), floods: 2, pace: 2 * time.Second}
	var err error
	s.key, err = f.apiKey(t.Context())
	must(t, err)
	must(t, s.greet(t.Context(), 6))
	load, stop := context.WithCancel(t.Context())
	defer stop()
	s.rage(load)
	s.all.Go(func() { b.talk(load) })
	for _, x := range f.nodes {
		until(load, time.Now().Add(1500*time.Millisecond))
		b.await(t, "one node to run the session", func() bool { return b.next > 1 && time.Since(b.asked) < time.Second })
		must(t, x.kill())
		until(load, time.Now().Add(time.Second)) // two nodes carry the load
		must(t, x.start(t.Context()))
		must(t, x.awaitReady(t.Context()))
	}
	until(load, time.Now().Add(time.Second))
	stop()
	s.all.Wait()
	f.auditFleet(t, s)
	f.auditBot(t, b)
}

func (f *fleet) channelNamed(t *testing.T, name string) core.Channel {
	t.Helper()
	ch, err := f.repo().ChannelByName(t.Context(), name)
	must(t, err)
	return ch
}

// auditFleet waits for rest, stops the nodes and compares the ledger with what is there.
func (f *fleet) auditFleet(t *testing.T, s *storm) {
	t.Helper()
	f.sim.ClearFaults()
	var o crashOutcome
	must(t, s.revive(t.Context(), &o))
	if done, err := f.settle(t.Context(), longestWork, pressing); err != nil || !done {
		t.Fatalf("it does not come to rest: %v, %v", err, s.unsettled(t.Context()))
	}
	quiet, err := f.settle(t.Context(), time.Second, unfinished)
	must(t, err)
	a, err := newAudit(t.Context(), s, quiet)
	must(t, err)
	must(t, a.check(t.Context()))
	o.kills, o.quiet, o.answers, o.lines, o.troubles = len(f.nodes), quiet, a.answers, a.lines, a.troubles
	var out strings.Builder
	o.print(&out, "three nodes", s.seed)
	if t.Log(out.String()); o.bad() {
		t.Error("see the ledger")
	}
}

// auditBot waits until the session has caught up, and looks whether each update is stored once, in order, and whether two nodes ever polled at once.
func (f *fleet) auditBot(t *testing.T, b *bots) {
	t.Helper()
	b.await(t, "the session to be taken over", func() bool { return b.next > b.said })
	for _, x := range f.nodes {
		must(t, x.terminate())
	}
	ch := f.channelNamed(t, "the bot")
	all, err := f.repo().Conversations(t.Context(), core.ConversationFilter{Channel: ch.ID}, core.Page{})
	if err != nil || len(all) != 1 {
		t.Fatalf("%d conversations, %v", len(all), err)
	}
	page, err := f.repo().Messages(t.Context(), all[0].ID, core.Page{Limit: 200})
	must(t, err)
	slices.SortFunc(page, func(x, y core.Message) int { return cmp.Compare(x.Seq, y.Seq) })
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(page) != b.said {
		t.Errorf("%d of %d updates are stored", len(page), b.said)
	}
	for i, m := range page {
		if want := fmt.Sprintf("telegram %d", i+1); m.Content.Text != want {
			t.Errorf("message %d is %q, not %q", i+1, m.Content.Text, want)
		}
	}
	if b.most > 1 {
		t.Errorf("%d nodes polled at once", b.most)
	}
	t.Logf("%d updates; the longest time without a poll was %v", b.said, b.longest.Round(time.Millisecond))
}

// TestNodeRefusesNewerSchema in one sentence, with what to do, and changes nothing.
func TestNodeRefusesNewerSchema(t *testing.T) {
	onBoth(t, func(t *testing.T, database string) {
		store, err := gormstore.Open(t.Context(), database, gormstore.Options{})
		must(t, err)
		defer func() { _ = store.Close() }()
		_, err = store.Migrate(t.Context())
		must(t, err)
		if db := store.SQLite(); db != nil {
			_, err = db.ExecContext(t.Context(), "INSERT INTO causeway_schema (version_id, is_applied) VALUES (9000, 1)")
		} else {
			_, err = store.Postgres().Exec(t.Context(), "INSERT INTO causeway_schema (version_id, is_applied) VALUES (9000, true)")
		}
		must(t, err)
		s := newShell(t, "CAUSEWAY_DATABASE_URL="+database, "CAUSEWAY_HTTP_LISTEN=127.0.0.1:0", "CAUSEWAY_PRIVATE_LISTEN=127.0.0.1:0")
		for _, command := range []string{"serve", "migrate"} {
			out, code := s.run(command)
			if code == 0 || !strings.Contains(out, "The database is of a newer Causeway (schema 9000; this one knows ") || !strings.Contains(out, "Run the newer program") {
				t.Errorf("causeway %s ended with %d: %s", command, code, out)
			}
		}
	})
}
