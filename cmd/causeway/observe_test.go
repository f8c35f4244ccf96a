package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"causeway/bridges/simulator"
	"causeway/bridges/simulator/mailroom"
	"causeway/core"
	"causeway/core/outbound"

	"github.com/prometheus/client_golang/prometheus"
)

// aChat has Grace write and Lena answer by mail, and returns the mail to Lena.
func (w *testWorld) aChat(said, answer string) (id string, trace string) {
	w.Helper()
	id = w.grace.Say(said)
	m := w.mailTo(w.lena, said)
	trace = m.Header.Get(core.TraceHeader)
	_, err := w.lena.Reply(w.within(), m, answer, mailroom.ReplyOptions{})
	w.must(err)
	w.phoneShows(w.grace, answer)
	w.settle()
	return id, trace
}

// shownMetrics are the names that /metrics shows.
func (w *testWorld) shownMetrics() (names []string, text string) {
	w.Helper()
	a, err := http.Get("http://" + w.ports.private.Addr().String() + "/metrics")
	w.must(err)
	defer a.Body.Close()
	raw, err := io.ReadAll(a.Body)
	w.must(err)
	if a.StatusCode != http.StatusOK {
		w.Fatalf("/metrics: %d %s", a.StatusCode, raw)
	}
	for _, m := range regexp.MustCompile(`(?m)^(causeway_\w+)`).FindAllStringSubmatch(string(raw), -1) {
		names = append(names, m[1])
	}
	return names, string(raw)
}

// Every metric on the dashboard is one that a gateway shows which has been at work.
func TestDashboardShowsRealMetrics(t *testing.T) {
	w := liveIn(t, worldOptions{Sim: simulator.Options{Receipts: simulator.Receipts{AutoRead: true}}})
	w.aChat("is there a dashboard?", "there is")
	w.refuseOne()
	proven, _ := first(w.robot("read").expect(http.StatusOK, "GET", "/channels", ""), "items")["proven"].(map[string]any)
	if proven["in"] == nil || proven["out"] == nil || proven["delivered"] == nil {
		t.Errorf("the API says that the channel proved %v", proven)
	}
	w.must(w.store.Tx(t.Context(), func(tx core.Tx) error { // one that waits, so that there is something to count
		return tx.Enqueue(t.Context(), core.Job{Kind: core.JobTemplates, Workspace: w.workspace, Key: "later", At: w.now().Add(time.Hour)})
	}))
	w.must(w.repo().AddDeadLetter(t.Context(), core.DeadLetter{ID: "d", Kind: core.DeadMail, At: w.now()}))
	names, text := w.shownMetrics()
	raw, err := os.ReadFile("../../docs/grafana.json")
	w.must(err)
	var board struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	w.must(json.Unmarshal(raw, &board))
	asked := map[string]bool{}
	for _, p := range board.Panels {
		for _, q := range p.Targets {
			for _, name := range regexp.MustCompile(`causeway_\w+`).FindAllString(q.Expr, -1) {
				if asked[name] = true; !slices.Contains(names, name) {
					t.Errorf("the panel %q asks for %s, which is not shown", p.Title, name)
				}
				for _, label := range labelsBy(q.Expr) {
					if label != "le" && !regexp.MustCompile(name+`{[^}]*\b`+label+`="`).MatchString(text) {
						t.Errorf("the panel %q asks for %s by %s, which it does not have", p.Title, name, label)
					}
				}
			}
		}
	}
	for _, name := range names {
		base := regexp.MustCompile(`_(bucket|sum|count)$`).ReplaceAllString(name, "")
		if !asked[name] && !asked[base+"_bucket"] && !asked[base+"_count"] {
			t.Errorf("no panel shows %s", name)
		}
	}
	for _, want := range []string{`causeway_sends_total{channel="shop",outcome="sent"} 1`, `causeway_receipts_total{channel="shop",status="delivered"} 1`,
		`causeway_mails_total{kind="message",outcome="sent"}`, `causeway_channel_health{bridge="whatsapp-cloud",channel="shop",level=`,
		`causeway_mails_in_total{outcome="taken"} 1`, `causeway_agent_mails_total{state="sent"} 1`,
		`causeway_dead_letters{kind="mail"} 1`, `causeway_dead_letters{kind="event"} 0`, `causeway_events_parked 0`,
		`causeway_answer_seconds_count{author="agent"} 1`, `causeway_channel_proven_timestamp_seconds{bridge="whatsapp-cloud",channel="shop",what="delivered"}`} {
		if !strings.Contains(text, want) {
			t.Errorf("/metrics does not show %s", want)
		}
	}
}

// Channels of two workspaces may have one name: what happens in one is not counted for the other, and all metrics call it the same.
func TestMetricsOfTwoWorkspaces(t *testing.T) {
	w := liveIn(t, worldOptions{})
	ws, err := w.store.EnsureWorkspace(t.Context(), "second")
	w.must(err)
	other := core.Channel{ID: "other-shop", Workspace: ws, Kind: "whatsapp-cloud", Name: "shop", Account: "77", State: core.ChannelActive, Created: w.now()}
	w.must(w.store.In(ws).SaveChannel(t.Context(), other))
	w.must(w.inbox().Accept(t.Context(), other, []core.Event{{ID: "e", Kind: core.EventReceipt, Account: "77", At: w.now(),
		Receipt: &core.ReceiptBody{Provider: "m", Status: core.StatusRead}}}))
	_, text := w.shownMetrics()
	for _, want := range []string{`causeway_events_total{channel="other-shop",kind="receipt",outcome="stored"} 1`, `causeway_receipts_total{channel="other-shop",status="read"} 1`,
		`causeway_channel_state{bridge="whatsapp-cloud",channel="other-shop",state="active"} 1`, `causeway_channel_state{bridge="whatsapp-cloud",channel="shop",state="active"} 1`} {
		if !strings.Contains(text, want) {
			t.Errorf("/metrics does not show %s", want)
		}
	}
}

// labelsBy are those by which an expression sums up.
func labelsBy(expression string) (all []string) {
	for _, m := range regexp.MustCompile(`by \(([^)]*)\)`).FindAllStringSubmatch(expression, -1) {
		all = append(all, strings.Split(m[1], ", ")...)
	}
	return all
}

// What a mail's server is answered counts as such, and only our own trouble as one for which it comes again.
func TestMailsThatComeInAreCounted(t *testing.T) {
	m := newMeters()
	for _, err := range []error{nil, nil, core.Problemf(core.CodeForbidden, "No."), fmt.Errorf("mail not taken: %w", core.ErrUnavailable),
		core.Problemf(core.CodeUnavailable, "Not now."), errors.New("broken")} {
		m.came(err)
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(m.door)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, x := range families[0].GetMetric() {
		got[x.GetLabel()[0].GetValue()] = x.GetCounter().GetValue()
	}
	if want := map[string]float64{"taken": 2, "refused": 1, "later": 3}; !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// The dashboard's lines of a time say which share of all it bounds, and no two of a panel are called the same.
func TestDashboardNamesItsLines(t *testing.T) {
	raw, err := os.ReadFile("../../docs/grafana.json")
	if err != nil {
		t.Fatal(err)
	}
	var board struct {
		Panels []struct {
			Type, Title string
			Options     struct{ TextMode string }
			Targets     []struct{ Expr, LegendFormat string }
		}
	}
	if err := json.Unmarshal(raw, &board); err != nil {
		t.Fatal(err)
	}
	for _, p := range board.Panels {
		if p.Type == "stat" && !strings.Contains(p.Options.TextMode, "name") { // of a single line Grafana shows the value alone: 1 for a bad channel as for a good one
			t.Errorf("the panel %q does not show which channel it speaks of, nor how that is", p.Title)
		}
		named := map[string]bool{}
		for _, q := range p.Targets {
			if named[q.LegendFormat] {
				t.Errorf("the panel %q has two lines %q", p.Title, q.LegendFormat)
			}
			named[q.LegendFormat] = true
			share := regexp.MustCompile(`histogram_quantile\(0\.(\d+),`).FindStringSubmatch(q.Expr)
			if share == nil {
				continue
			}
			if want := "p" + (share[1] + "0")[:2]; !strings.HasSuffix(q.LegendFormat, want) {
				t.Errorf("the panel %q calls a line %q that is %s", p.Title, q.LegendFormat, want)
			}
		}
	}
}

// refuseOne has the gate refuse a message: its contact wrote on no channel that can send this.
func (w *testWorld) refuseOne() {
	w.Helper()
	w.clock.jump(48 * 3600 * 1e9)
	defer w.clock.jump(0)
	c := w.conversations()[0]
	_, _, err := w.outbox.Compose(w.Context(), w.workspace, outbound.Request{Conversation: c.ID, Author: core.Author{Kind: core.AuthorAPI}, Contents: []core.Content{{Kind: core.KindText, Text: "too late"}}})
	if core.CodeOf(err) != core.CodeWindowClosed {
		w.Fatalf("the gate says %v", err)
	}
}

// One word finds a message on its whole way: the webhook's answer, the log, the mail; and its answer from the mail to the provider.
func TestTrace(t *testing.T) {
	w := liveIn(t, worldOptions{})
	id, trace := w.aChat("follow me", "where to?")
	if want := core.TraceOf(string(w.theChannel().ID), id); trace != want {
		t.Errorf("the mail says %q, want %q", trace, want)
	}
	p, err := w.repo().PartByProvider(t.Context(), w.theChannel().ID, id)
	w.must(err)
	m, err := w.repo().Message(t.Context(), p.Message)
	w.must(err)
	if m.Trace() != trace {
		t.Errorf("the message says %q, want %q", m.Trace(), trace)
	}
	notes := func(trace string, inward bool) bool {
		all, err := w.repo().ChannelLog(t.Context(), w.theChannel().ID, core.Page{Limit: 200})
		w.must(err)
		return slices.ContainsFunc(all, func(e core.LogEntry) bool { return e.Inward == inward && strings.Contains(e.Note, trace) })
	}
	w.eventually("the webhook in the channel log", func() bool { return notes(trace, true) })
	if !regexp.MustCompile(`mail handed to the relay.*trace=` + trace).MatchString(w.log.String()) {
		t.Error("the log does not say that the mail left")
	}
	answer := regexp.MustCompile(`agent's mail".*state=sent.*trace=(\w+)`).FindStringSubmatch(w.log.String())
	if answer == nil {
		t.Fatal("the log does not say what became of the agent's mail")
	}
	if !regexp.MustCompile(`message handed to the provider.*outcome=sent.*trace=` + answer[1]).MatchString(w.log.String()) {
		t.Error("the log does not say that the answer left")
	}
	w.eventually("the provider's call in the channel log", func() bool { return notes(answer[1], false) })
}

func TestProofsOutliveTheProcess(t *testing.T) {
	dir := t.TempDir()
	w := liveIn(t, worldOptions{Dir: dir, Sim: simulator.Options{Receipts: simulator.Receipts{AutoRead: true}}})
	w.aChat("are you alive?", "we are")
	ch := w.theChannel()
	seen := w.life.last(ch.ID)
	if seen.In.IsZero() || seen.Out.IsZero() || seen.Delivered.IsZero() {
		t.Fatalf("seen is %+v", seen)
	}
	w.must(w.life.exchange(t.Context()))
	again := newLife(w.base)
	w.must(again.exchange(t.Context()))
	if got := again.last(ch.ID); !got.In.Equal(seen.In) || !got.Out.Equal(seen.Out) || !got.Delivered.Equal(seen.Delivered) {
		t.Errorf("known after a restart: %+v, want %+v", got, seen)
	}
}

// What could not be written down, because the database was away or another node wrote at the same time, is written at the next look.
func TestProofsAreWrittenAgain(t *testing.T) {
	w := liveIn(t, worldOptions{})
	ch, ctx := w.theChannel(), t.Context()
	came := core.Proof{In: time.Now()}
	l := newLife(w.base)
	l.note(ch.ID, came)
	away, end := context.WithCancel(ctx)
	end()
	if err := l.exchange(away); err == nil {
		t.Fatal("it was written all the same")
	}
	knows := func(when string) {
		t.Helper()
		other := newLife(w.base)
		w.must(other.exchange(ctx))
		if got := other.last(ch.ID); !got.In.Equal(came.In) {
			t.Errorf("%s another node knows %+v, want %+v", when, got, came)
		}
	}
	w.must(l.exchange(ctx))
	knows("after a look that failed")
	w.must(w.repo().SetValue(ctx, lifeOwner, string(ch.ID), []byte("{}")))
	w.must(l.exchange(ctx))
	knows("after another's look")
}

// A gateway that stops writes down what was proven since the last look.
func TestProofsAreWrittenAtTheEnd(t *testing.T) {
	w := liveIn(t, worldOptions{})
	ch, came := w.theChannel(), core.Proof{In: time.Now()}
	l := newLife(w.base)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); l.run(ctx) }()
	l.note(ch.ID, came)
	stop()
	<-ended
	next := newLife(w.base)
	w.must(next.exchange(t.Context()))
	if got := next.last(ch.ID); !got.In.Equal(came.In) {
		t.Errorf("the next process knows %+v, want %+v", got, came)
	}
}
