package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"causeway/adapters/gormstore/freshstore"
	"causeway/bridges/simulator"
	"causeway/core"

	"github.com/jackc/pgx/v5"
)

// The tests that no peer passed. Those in which the gateway ends start it as a process of its own.

// storms runs a plan in a test, which fails if anything is wrong.
func storms(t *testing.T, database string, p crashPlan) crashOutcome {
	t.Helper()
	p.program, p.say, p.seed = build(t), io.Discard, or(p.seed, uint64(time.Now().UnixNano()))
	o, err := p.run(t.Context(), t.TempDir(), database)
	if err != nil {
		t.Fatalf("seed %d: %v", p.seed, err)
	}
	var b strings.Builder
	o.print(&b, "ledger", p.seed)
	if o.bad() {
		t.Error(b.String())
	}
	t.Log(b.String())
	return o
}

func or[T comparable](x, y T) T {
	var zero T
	if x == zero {
		return y
	}
	return x
}

func long(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("it takes long")
	}
}

// The whole of it, with more kills, is make crash.
func TestKilledUnderLoad(t *testing.T) {
	long(t)
	onBoth(t, func(t *testing.T, database string) {
		storms(t, database, crashPlan{kills: 3, customers: 6, floods: 2, settle: time.Second})
	})
}

func TestStoppedUnderLoad(t *testing.T) {
	long(t)
	onBoth(t, func(t *testing.T, database string) {
		o := storms(t, database, crashPlan{kills: 4, customers: 8, floods: 4, term: true, settle: 30 * time.Second})
		if !o.quiet {
			t.Error("it did not come to rest")
		}
		for _, l := range o.lines {
			if l.unknown > 0 {
				t.Errorf("%s: %d outcomes are unknown, though it was told to stop", l.what, l.unknown)
			}
		}
	})
}

func TestSameMessageAThousandTimes(t *testing.T) {
	long(t)
	onBoth(t, func(t *testing.T, database string) {
		w := liveIn(t, worldOptions{Database: database})
		same := w.hook("SAME", "15551230001", "a thousand times the same")
		for range 1000 {
			w.post(same)
		}
		w.settle()
		if n := w.stored("15551230001"); n != 1 {
			t.Errorf("%d messages of one", n)
		}
		w.mailTo(w.lena, "a thousand times the same")
		if n := len(w.lena.Received()); n != 1 {
			t.Errorf("Lena has %d mails", n)
		}
	})
}

func TestPairsAtOnce(t *testing.T) {
	long(t)
	onBoth(t, func(t *testing.T, database string) {
		w := liveIn(t, worldOptions{Database: database, Business: oneNumber})
		const lanes, pairs = 10, 100
		var all sync.WaitGroup
		for lane := range lanes {
			all.Go(func() {
				for i := range pairs {
					body := w.hook(fmt.Sprintf("PAIR%d-%d", lane, i), fmt.Sprintf("1555124%04d", lane), fmt.Sprintf("pair %d", i))
					var both sync.WaitGroup
					for range 2 {
						both.Go(func() { w.post(body) })
					}
					both.Wait()
				}
			})
		}
		all.Wait()
		for lane := range lanes {
			if n := w.stored(fmt.Sprintf("1555124%04d", lane)); n != pairs {
				t.Errorf("%d messages of %d", n, pairs)
			}
		}
	})
}

// stored counts the messages of the contact with a phone number.
func (w *testWorld) stored(phone string) int {
	w.Helper()
	ids, err := w.repo().Identities(w.Context(), []core.IdentityKey{{Scheme: core.SchemePhone, Value: phone}})
	w.must(err)
	n := 0
	for _, id := range ids {
		conversations, err := w.repo().ConversationsOf(w.Context(), id.Contact)
		w.must(err)
		if len(conversations) != 1 {
			w.Errorf("%s has %d conversations", phone, len(conversations))
		}
		for _, c := range conversations {
			n += len(w.messages(c.ID))
		}
	}
	return n
}

func TestFirstTwoMessagesOfManyContactsAtOnce(t *testing.T) {
	long(t)
	onBoth(t, func(t *testing.T, database string) {
		w := liveIn(t, worldOptions{Database: database, Business: oneNumber})
		const contacts = 200
		var all sync.WaitGroup
		for i := range contacts {
			for j := range 2 {
				body := w.hook(fmt.Sprintf("FIRST%d-%d", i, j), fmt.Sprintf("1555126%04d", i), fmt.Sprintf("message %d of contact %d", j, i))
				all.Go(func() { w.postUntilTaken(body) })
			}
			if i%8 == 7 { // sixteen connections at once
				all.Wait()
			}
		}
		all.Wait()
		for i := range contacts {
			if n := w.stored(fmt.Sprintf("1555126%04d", i)); n != 2 {
				t.Errorf("contact %d has %d messages", i, n)
			}
		}
	})
}

// postUntilTaken repeats a webhook as the platform does.
func (w *testWorld) postUntilTaken(body []byte) {
	w.Helper()
	if !again(w.within(), func() bool {
		status, err := w.sim.Business().PostRaw(w.Context(), body)
		return err == nil && status == http.StatusOK
	}) {
		w.Error("a webhook was never taken")
	}
}

// Two megabytes in one body: one long text, and a batch of many messages.
func TestTwoMegabytes(t *testing.T) {
	long(t) // for the race detector: the platform waits ten seconds
	onBoth(t, func(t *testing.T, database string) {
		w := liveIn(t, worldOptions{Database: database, Business: oneNumber})
		text := strings.Repeat("all of it counts. ", 2_000_000/18)
		w.post(w.hook("HUGE", "15551270001", text))
		c := w.conversations()
		if len(c) != 1 {
			t.Fatalf("%d conversations", len(c))
		}
		if got := w.messages(c[0].ID); len(got) != 1 || got[0].Content.Text != text {
			t.Errorf("%d messages; the first has %d bytes instead of %d", len(got), len(got[0].Content.Text), len(text))
		}
		b := w.sim.Business()
		var values []map[string]any
		const messages = 1000 // as many as the platform ever puts into one
		for i := range messages {
			values = append(values, map[string]any{"messaging_product": "whatsapp", "metadata": map[string]any{"phone_number_id": b.Account().PhoneNumberID},
				"contacts": []any{map[string]any{"profile": map[string]any{"name": "Batch"}, "wa_id": "15551270002"}},
				"messages": []any{map[string]any{"from": "15551270002", "id": fmt.Sprintf("wamid.BATCH%d", i), "timestamp": fmt.Sprint(w.now().Unix()), "type": "text",
					"text": map[string]any{"body": fmt.Sprintf("%d %s", i, strings.Repeat("x", 1900))}}}})
		}
		body := b.Envelope("messages", values...)
		if len(body) < 2_000_000 {
			t.Fatalf("the body has %d bytes only", len(body))
		}
		w.post(body)
		id, err := w.repo().PartByProvider(t.Context(), w.theChannel().ID, fmt.Sprintf("wamid.BATCH%d", messages-1))
		w.must(err)
		last, err := w.repo().Message(t.Context(), id.Message)
		w.must(err)
		if last.Seq != messages {
			t.Errorf("the last one is the %dth of %d", last.Seq, messages)
		}
	})
}

// oneNumber is a business that mails nothing.
const oneNumber = `channels:
  - name: shop
    kind: whatsapp-cloud
    settings:
      phone_number_id: {env: PHONE_NUMBER_ID}
      business_account_id: {env: WABA}
      access_token: {env: TOKEN}
      app_secret: {env: APP_SECRET}
      api_base: {env: GRAPH}
`

const twoNumbers = `channels:
  - name: shop
    kind: whatsapp-cloud
    settings:
      phone_number_id: {env: PHONE_NUMBER_ID}
      business_account_id: {env: WABA}
      access_token: {env: TOKEN}
      app_secret: {env: APP_SECRET}
      api_base: {env: GRAPH}
  - name: workshop
    kind: whatsapp-cloud
    settings:
      phone_number_id: "200300400500600"
      business_account_id: {env: WABA}
      access_token: {env: TOKEN}
      app_secret: {env: APP_SECRET}
      api_base: {env: GRAPH}
agents:
  - {name: Lena Brandt, addresses: [lena@example.com]}
  - {name: Omar Farouk, addresses: [omar@example.com]}
forwards:
  - {name: the shop's, channel: shop, to: [Lena Brandt]}
  - {name: the workshop's, channel: workshop, to: [Omar Farouk]}
`

func TestOneWebhookForTwoNumbers(t *testing.T) {
	onBoth(t, func(t *testing.T, database string) {
		first := simulator.DefaultAccount()
		second := first
		second.PhoneNumberID, second.DisplayNumber = "200300400500600", "+1 555-078-3882"
		w := liveIn(t, worldOptions{Database: database, Business: twoNumbers,
			Sim: simulator.Options{Businesses: []simulator.Account{first, second}}})
		value := func(number, from, id, text string) map[string]any {
			return map[string]any{"messaging_product": "whatsapp", "metadata": map[string]any{"phone_number_id": number},
				"contacts": []any{map[string]any{"profile": map[string]any{"name": "Customer"}, "wa_id": from}},
				"messages": []any{map[string]any{"from": from, "id": id, "timestamp": fmt.Sprint(w.now().Unix()), "type": "text", "text": map[string]any{"body": text}}}}
		}
		w.post(w.sim.Business().Envelope("messages", value(first.PhoneNumberID, "15551280001", "wamid.ONE", "for the shop"),
			value(second.PhoneNumberID, "15551280002", "wamid.TWO", "for the workshop")))
		w.mailTo(w.lena, "for the shop")
		w.mailTo(w.omar, "for the workshop")
		w.settle()
		for name, text := range map[string]string{"shop": "for the shop", "workshop": "for the workshop"} {
			ch, err := w.repo().ChannelByName(t.Context(), name)
			w.must(err)
			all, err := w.repo().Conversations(t.Context(), core.ConversationFilter{Channel: ch.ID}, core.Page{})
			w.must(err)
			if len(all) != 1 {
				t.Fatalf("%s has %d conversations", name, len(all))
			}
			if got := w.messages(all[0].ID); len(got) != 1 || got[0].Content.Text != text || got[0].Channel != ch.ID {
				t.Errorf("%s has %+v", name, got)
			}
		}
		if a, b := len(w.lena.Received()), len(w.omar.Received()); a != 1 || b != 1 {
			t.Errorf("Lena has %d mails, Omar %d", a, b)
		}
	})
}

func TestStatusesOutOfOrder(t *testing.T) {
	onBoth(t, func(t *testing.T, database string) {
		w := liveIn(t, worldOptions{Database: database, Sim: simulator.Options{Receipts: simulator.Receipts{Never: true}}})
		w.grace.Say("hello")
		w.mailTo(w.lena, "hello")
		r := w.robot("read", "send")
		id := string(w.conversations()[0].ID)
		r.expect(http.StatusCreated, http.MethodPost, "/conversations/"+id+"/messages", `{"contents":[{"kind":"text","text":"an answer"}]}`)
		sent := w.phoneShows(w.grace, "an answer")
		w.settle()
		b := w.sim.Business()
		status := func(name string) []byte {
			return b.Envelope("messages", map[string]any{"messaging_product": "whatsapp", "metadata": map[string]any{"phone_number_id": b.Account().PhoneNumberID},
				"statuses": []any{map[string]any{"id": sent.ID, "status": name, "timestamp": fmt.Sprint(w.now().Unix()), "recipient_id": w.grace.Phone()}}})
		}
		for _, step := range []struct {
			says string
			want core.Status
		}{{"delivered", core.StatusDelivered}, {"sent", core.StatusDelivered}, {"read", core.StatusRead}, {"delivered", core.StatusRead}, {"sent", core.StatusRead}} {
			w.post(status(step.says))
			m, err := w.message(t.Context(), sent.ID)
			w.must(err)
			if m.Status != step.want {
				t.Errorf("after %q it is %q instead of %q", step.says, m.Status, step.want)
			}
		}
	})
}

// away keeps everybody from a database: nobody is let in, and who is there is thrown out. It returns since when nobody was there, and until when.
func away(ctx context.Context, database string, lasting time.Duration) (from, to time.Time, err error) {
	u, err := url.Parse(database)
	if err != nil {
		return from, to, err
	}
	name := strings.TrimPrefix(u.Path, "/")
	u.Path = "/postgres"
	c, err := pgx.Connect(ctx, u.String())
	if err != nil {
		return from, to, err
	}
	defer func() { _ = c.Close(context.WithoutCancel(ctx)) }()
	if _, err := c.Exec(ctx, "ALTER DATABASE "+name+" ALLOW_CONNECTIONS false"); err != nil {
		return from, to, err
	}
	const thrownOut = "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = $1" // and gone
	_, err = c.Exec(ctx, thrownOut, name)
	from = time.Now()
	for end := from.Add(lasting); time.Now().Before(end) && err == nil && until(ctx, time.Now().Add(100*time.Millisecond)); {
		_, err = c.Exec(ctx, thrownOut, name) // who came in just before the door was shut
	}
	to = time.Now()
	_, back := c.Exec(context.WithoutCancel(ctx), "ALTER DATABASE "+name+" ALLOW_CONNECTIONS true")
	return from, to, errors.Join(err, back)
}

// While the database is away webhooks are answered 503, so that the platform repeats them, and afterwards nothing is missing.
func TestDatabaseAway(t *testing.T) {
	long(t)
	database := freshstore.Postgres(t)
	r, err := newRig(t.Context(), rigOptions{Program: build(t), Dir: t.TempDir(), Database: database, Sim: simulator.Options{Receipts: simulator.Receipts{AutoRead: true}}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := r.close(); err != nil {
			t.Error(err)
		}
	}()
	s := &storm{rig: r, ledger: newLedger(), seed: 1, floods: 4, pace: 2 * time.Second}
	for _, step := range []func() error{func() (err error) { s.key, err = r.apiKey(t.Context()); return err }, func() error { return s.greet(t.Context(), 8) }} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	load, stop := context.WithCancel(t.Context())
	s.rage(load)
	for _, lasting := range []time.Duration{3 * time.Second, 7 * time.Second} {
		until(load, time.Now().Add(2*time.Second))
		from, to, err := away(t.Context(), database, lasting)
		if err != nil {
			t.Error(err)
		}
		answered := map[int]int{}
		for _, h := range s.sim.Webhooks() {
			for _, a := range h.Attempts {
				if a.At.After(from.Add(time.Second)) && a.At.Before(to) { // an answer on its way arrives meanwhile
					answered[a.Status]++
				}
			}
		}
		t.Logf("while it was away for %s webhooks were answered %v", lasting, answered)
		if answered[http.StatusServiceUnavailable] == 0 || len(answered) != 1 {
			t.Errorf("while it was away webhooks were answered %v instead of 503", answered)
		}
	}
	until(load, time.Now().Add(2*time.Second))
	stop()
	s.all.Wait()
	var o crashOutcome
	if err := (crashPlan{settle: 2 * time.Minute}).reckon(t.Context(), s, &o); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	o.print(&b, "ledger", 1)
	if t.Log(b.String()); o.bad() {
		t.Error("see the ledger")
	}
}
