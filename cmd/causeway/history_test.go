package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"causeway/bridges/whatsappdevice/whatsapptest"
	"causeway/core"

	"go.mau.fi/whatsmeow/proto/waE2E"
	"google.golang.org/protobuf/proto"
)

// BenchmarkHistory imports 20,000 messages of 400 chats and reports the most memory that the gateway's process had, beside what it had before.
func BenchmarkHistory(b *testing.B) {
	const chats, each = 400, 50
	past := time.Now().Add(-60 * 24 * time.Hour).Truncate(time.Second)
	what := func(chat, i int) string {
		return fmt.Sprintf("message %d of chat %d, as long as those that people write mostly are: a line, or two", i, chat)
	}
	b.Run("webhooks", func(b *testing.B) {
		for b.Loop() {
			r, err := newRig(b.Context(), rigOptions{Program: build(b), Dir: b.TempDir()})
			must(b, err)
			before, began := peak(r.child.Process), time.Now()
			for _, body := range historyBodies(r, chats, each, past, what) {
				must(b, r.hands(b.Context(), body))
			}
			reportImport(b, r, before, began, chats*each)
			must(b, r.close())
		}
	})
	b.Run("device", func(b *testing.B) {
		for b.Loop() {
			var before int64
			var began time.Time
			l := newLinkedRig(b, func(l *linkedRig) {
				for chat := range chats {
					with := l.server.Contact(fmt.Sprintf("+49151%08d", chat), whatsapptest.Named(fmt.Sprint("Customer ", chat)))
					for i := range each {
						l.phone.Remember(with, i%2 == 1, past.Add(time.Duration(i)*time.Minute), &waE2E.Message{Conversation: proto.String(what(chat, i))})
					}
				}
				before, began = peak(l.child.Process), time.Now()
			})
			l.until("all is imported", func() bool { return l.imported() == chats*each })
			reportImport(b, l.rig, before, began, chats*each)
		}
	})
}

// storedOnce fails unless so many messages are there, all of them of the past and each with words of its own, and nobody was told of any.
func (r *rig) storedOnce(t *testing.T, want int) {
	t.Helper()
	var all, words int
	must(t, r.store.SQLite().QueryRowContext(t.Context(), "SELECT count(*), count(DISTINCT content) FROM messages").Scan(&all, &words))
	if n := r.imported(); n != want || all != want || words != want {
		t.Errorf("%d messages, %d of them of the past, %d with words of their own; want %d", all, n, words, want)
	}
	if n := len(r.room.Mailbox("lena@example.com").Received()); n > 0 {
		t.Errorf("Lena was mailed %d times", n)
	}
}

// TestHistoryKilled: the process dies with a part of a large history stored, again and again. The platform comes again with all of it, and each message is
// there once.
func TestHistoryKilled(t *testing.T) {
	const chats, each = 40, 60
	r, err := newRig(t.Context(), rigOptions{Program: build(t), Dir: t.TempDir()})
	must(t, err)
	t.Cleanup(func() { must(t, r.close()) })
	bodies := historyBodies(r, chats, each, time.Now().Add(-60*24*time.Hour).Truncate(time.Second), func(chat, i int) string { return fmt.Sprintf("line %d of chat %d", i, chat) })
	for kills := range 4 {
		over, before := make(chan error, 1), r.imported()
		go func() { over <- r.hands(t.Context(), bodies[0]) }()
		eventually(t, "more of it is stored", func() bool { return r.imported() > before || before == chats*each })
		must(t, r.kill())
		if err := <-over; err == nil && kills == 0 && r.imported() < chats*each {
			t.Errorf("it was answered with %d messages stored", r.imported())
		}
		must(t, r.start(t.Context()))
		must(t, r.awaitReady(t.Context()))
	}
	must(t, r.hands(t.Context(), bodies[0]))
	if quiet, err := r.settle(t.Context(), stepTime, unfinished); err != nil || !quiet {
		t.Fatalf("it does not come to rest: %v", err)
	}
	r.storedOnce(t, chats*each)
}

// TestLinkedDeviceHistoryKilled: the process dies while it imports what the phone has handed over, which the phone does once. The next one goes on.
func TestLinkedDeviceHistoryKilled(t *testing.T) {
	const chats, each = 20, 50 // as many of a chat as a phone hands over by itself
	past := time.Now().Add(-60 * 24 * time.Hour).Truncate(time.Second)
	l := newLinkedRig(t, func(l *linkedRig) {
		for chat := range chats {
			with := l.server.Contact(fmt.Sprintf("+49151%08d", chat), whatsapptest.Named(fmt.Sprint("Customer ", chat)))
			for i := range each {
				l.phone.Remember(with, i%2 == 1, past.Add(time.Duration(i)*time.Minute), &waE2E.Message{Conversation: proto.String(fmt.Sprintf("line %d of chat %d", i, chat))})
			}
		}
	})
	for range 3 {
		before := l.imported()
		l.until("more of it is stored", func() bool { return l.imported() > before || before == chats*each })
		l.revive()
	}
	l.until("all of it is stored", func() bool { return l.imported() == chats*each })
	l.storedOnce(t, chats*each)
}

// reportImport reports what an import took, once all of it is stored.
func reportImport(b *testing.B, r *rig, before int64, began time.Time, messages int) {
	b.Helper()
	if n := r.imported(); n != messages {
		b.Fatalf("%d messages are stored, want %d; the log ends with: %s", n, messages, r.logTail())
	}
	b.ReportMetric(time.Since(began).Seconds(), "s")
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(before)/(1<<20), "MB-before")
	b.ReportMetric(float64(peak(r.child.Process))/(1<<20), "MB-peak")
}

// imported counts the messages that are stored.
func (r *rig) imported() (n int) {
	if err := r.store.SQLite().QueryRow("SELECT count(*) FROM messages WHERE historic").Scan(&n); err != nil {
		return -1
	}
	return n
}

// mostOfWebhook is how long a webhook of Meta's is at most.
const mostOfWebhook = 3 << 20

// historyBodies are the webhooks that hand a history over, as long as Meta makes them.
func historyBodies(r *rig, chats, each int, past time.Time, what func(chat, i int) string) [][]byte {
	a := r.sim.Business().Account()
	own := core.PhoneDigits(a.DisplayNumber)
	var bodies [][]byte
	var threads []string
	size := 0
	flush := func() {
		bodies = append(bodies, fmt.Appendf(nil, `{"object":"whatsapp_business_account","entry":[{"id":%q,"changes":[{"field":"history","value":{"messaging_product":"whatsapp",
			"metadata":{"display_phone_number":%q,"phone_number_id":%q},"history":[{"metadata":{"phase":1,"chunk_order":%d,"progress":50},"threads":[%s]}]}}]}]}`,
			a.WABA, own, a.PhoneNumberID, len(bodies)+1, strings.Join(threads, ",")))
		threads, size = nil, 0
	}
	for chat := range chats {
		who := fmt.Sprintf("49151%08d", chat)
		var messages []string
		for i := range each {
			from, to := who, ""
			if i%2 == 1 {
				from, to = own, fmt.Sprintf(`"to":%q,`, who)
			}
			messages = append(messages, fmt.Sprintf(`{"from":%q,%s"id":"wamid.past-%d-%d","timestamp":"%d","type":"text","text":{"body":%q},"history_context":{"status":"READ"}}`,
				from, to, chat, i, past.Add(time.Duration(i)*time.Minute).Unix(), what(chat, i)))
		}
		thread := fmt.Sprintf(`{"id":%q,"messages":[%s]}`, who, strings.Join(messages, ","))
		if size+len(thread) > mostOfWebhook-1000 {
			flush()
		}
		threads, size = append(threads, thread), size+len(thread)+1
	}
	flush()
	return bodies
}

// hands calls the gateway as the platform does: again while it says that it cannot now.
func (r *rig) hands(ctx context.Context, body []byte) error {
	for {
		q, err := http.NewRequestWithContext(ctx, http.MethodPost, r.webhookURL(r.channel.ID), bytes.NewReader(body))
		if err != nil {
			return err
		}
		q.Header.Set("X-Hub-Signature-256", r.sim.Business().Sign(body))
		a, err := http.DefaultClient.Do(q)
		if err != nil {
			return err
		}
		_ = a.Body.Close()
		switch a.StatusCode {
		case http.StatusOK:
			return nil
		case http.StatusServiceUnavailable:
		default:
			return fmt.Errorf("the gateway answered %s", a.Status)
		}
	}
}
