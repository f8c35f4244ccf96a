package main

import (
	"context"
	"errors"
	"time"

	"causeway/adapters/gormstore"
	"causeway/core"
	"causeway/core/forward"
	"causeway/core/inbound"
	"causeway/core/outbound"

	"github.com/prometheus/client_golang/prometheus"
)

// meters are the metrics of what the gateway is for: messages that come in, mails that go to agents, their answers on the way to the provider.
type meters struct {
	events   *prometheus.CounterVec
	accept   prometheus.Histogram
	together prometheus.Histogram
	commit   prometheus.Histogram
	mails    *prometheus.CounterVec
	mailed   prometheus.Histogram
	door     *prometheus.CounterVec
	judged   *prometheus.CounterVec
	sends    *prometheus.CounterVec
	sending  *prometheus.HistogramVec
	answered *prometheus.HistogramVec
	receipts *prometheus.CounterVec
	refusals *prometheus.CounterVec
	home     core.WorkspaceID // whose channels go by their names
}

// channel is what a channel is called in all metrics. Names are unique in a workspace only.
func (m *meters) channel(ch core.Channel) string {
	if ch.Workspace == m.home {
		return ch.Name
	}
	return string(ch.ID)
}

func newMeters() *meters {
	quick := []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	times := func(name, help string) prometheus.HistogramOpts {
		return prometheus.HistogramOpts{Name: name, Help: help, Buckets: quick}
	}
	return &meters{
		events: counter("causeway_events_total", "Events handed over for storing, by channel, kind and outcome. One that comes again counts again.", "channel", "kind", "outcome"),
		accept: prometheus.NewHistogram(times("causeway_accept_seconds", "From when events were handed over until they were committed.")),
		together: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "causeway_accept_batch_events", Help: "How many events were stored in one go.",
			Buckets: []float64{1, 2, 4, 8, 16, 32, 64, 128, 256}}),
		commit:   prometheus.NewHistogram(times("causeway_accept_batch_seconds", "How long storing them took.")),
		mails:    counter("causeway_mails_total", "Mails to agents, by kind and what the relay said.", "kind", "outcome"),
		door:     counter("causeway_mails_in_total", "Mails that came in, by what their server was answered.", "outcome"),
		judged:   counter("causeway_agent_mails_total", "Agents' mails that were worked on, by what became of them.", "state"),
		mailed:   prometheus.NewHistogram(times("causeway_mail_seconds", "From when a message was accepted until the relay had its mail.")),
		sends:    counter("causeway_sends_total", "Calls of a provider to send, by channel and outcome.", "channel", "outcome"),
		sending:  prometheus.NewHistogramVec(times("causeway_send_seconds", "How long the provider took to answer them."), []string{"channel"}),
		answered: prometheus.NewHistogramVec(times("causeway_answer_seconds", "From when an answer was mailed or asked for until the provider had taken it, at the first try, by who wrote it."), []string{"author"}),
		receipts: counter("causeway_receipts_total", "Receipts from providers, by channel and status.", "channel", "status"),
		refusals: counter("causeway_refusals_total", "What the send gate refused, by reason.", "reason"),
	}
}

func (m *meters) all() []prometheus.Collector {
	return []prometheus.Collector{m.events, m.accept, m.together, m.commit, m.mails, m.mailed, m.door, m.judged, m.sends, m.sending, m.answered, m.receipts, m.refusals}
}

// Describe implements prometheus.Collector.
func (m *meters) Describe(c chan<- *prometheus.Desc) {
	for _, one := range m.all() {
		one.Describe(c)
	}
}

// Collect implements prometheus.Collector.
func (m *meters) Collect(c chan<- prometheus.Metric) {
	for _, one := range m.all() {
		one.Collect(c)
	}
}

func (m *meters) stored(events int, took time.Duration) {
	m.together.Observe(float64(events))
	m.commit.Observe(took.Seconds())
}

func (m *meters) sent(s outbound.Sending) {
	m.sends.WithLabelValues(m.channel(s.Channel), s.Outcome).Inc()
	m.sending.WithLabelValues(m.channel(s.Channel)).Observe(s.Took.Seconds())
	if s.First && s.Outcome == "sent" {
		m.answered.WithLabelValues(string(s.Author)).Observe(s.After.Seconds())
	}
}

func (m *meters) refused(code core.Code) { m.refusals.WithLabelValues(string(code)).Inc() }

func (m *meters) mail(kind core.NoticeKind, after time.Duration, err error) {
	outcome := "sent"
	var refusal *forward.RelayError
	switch {
	case err == nil && kind == core.NoticeMessage:
		m.mailed.Observe(after.Seconds())
	case errors.As(err, &refusal) && !refusal.Temporary:
		outcome = "refused"
	case err != nil:
		outcome = "later"
	}
	m.mails.WithLabelValues(string(kind), outcome).Inc()
}

// came counts a mail for a recipient, by the answer to its server.
func (m *meters) came(err error) {
	outcome := "taken"
	var refusal *core.Problem
	switch {
	case errors.As(err, &refusal) && refusal.Code != core.CodeUnavailable:
		outcome = "refused"
	case err != nil:
		outcome = "later"
	}
	m.door.WithLabelValues(outcome).Inc()
}

func (m *meters) judge(state core.MailState) { m.judged.WithLabelValues(string(state)).Inc() }

// accepted counts what was handed over for storing.
func (m *meters) accepted(ch core.Channel, events []core.Event, took time.Duration, err error) {
	m.accept.Observe(took.Seconds())
	outcome := "stored"
	if err != nil {
		outcome = "turned-away"
	}
	name := m.channel(ch)
	for i := range events {
		e := &events[i]
		m.events.WithLabelValues(name, string(e.Kind), outcome).Inc()
		if e.Receipt != nil && err == nil {
			m.receipts.WithLabelValues(name, string(e.Receipt.Status)).Inc()
		}
	}
}

// inbox is the acceptor with what it proves and how long it takes.
type inbox struct {
	*inbound.Acceptor
	store  core.Store
	meters *meters
	life   *life
}

// Accept stores events.
func (i inbox) Accept(ctx context.Context, ch core.Channel, events []core.Event) error {
	return i.AcceptUnder(ctx, core.Lease{}, ch, events)
}

// AcceptUnder stores events of a session.
func (i inbox) AcceptUnder(ctx context.Context, lease core.Lease, ch core.Channel, events []core.Event) error {
	began := time.Now()
	err := i.Acceptor.AcceptUnder(ctx, lease, ch, events)
	i.meters.accepted(ch, events, time.Since(began), err)
	if err == nil {
		i.life.came(ch, events)
	}
	return err
}

// Replay applies a dead letter again: an event by the acceptor, a mail by having it judged anew.
func (i inbox) Replay(ctx context.Context, ws core.WorkspaceID, id string) error {
	d, err := i.store.In(ws).DeadLetter(ctx, id)
	if err == nil && d.Kind == core.DeadMail {
		return forward.Readmit(ctx, i.store, ws, id)
	}
	return i.Acceptor.Replay(ctx, ws, id)
}

// channelMeters tell how each channel is when somebody looks.
type channelMeters struct {
	all    func(ctx context.Context) ([]core.Channel, error)
	proven func(ch core.ChannelID) core.Proof
	called func(ch core.Channel) string
}

var (
	healthDesc = prometheus.NewDesc("causeway_channel_health", "1 for how a channel is: good, warning, bad or unknown.", []string{"channel", "bridge", "level"}, nil)
	stateDesc  = prometheus.NewDesc("causeway_channel_state", "1 for whether a channel may send: active, paused or parked.", []string{"channel", "bridge", "state"}, nil)
	provenDesc = prometheus.NewDesc("causeway_channel_proven_timestamp_seconds",
		"When a message last came in, went out and was delivered: that the channel works from end to end.", []string{"channel", "bridge", "what"}, nil)
)

// Describe implements prometheus.Collector.
func (m *channelMeters) Describe(c chan<- *prometheus.Desc) {
	c <- healthDesc
	c <- stateDesc
	c <- provenDesc
}

// Collect implements prometheus.Collector.
func (m *channelMeters) Collect(c chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	all, err := m.all(ctx)
	if err != nil {
		c <- prometheus.NewInvalidMetric(healthDesc, err)
		return
	}
	for _, ch := range all {
		level := ch.Health.Level
		if level == core.HealthUnknown {
			level = "unknown"
		}
		name := m.called(ch)
		c <- prometheus.MustNewConstMetric(healthDesc, prometheus.GaugeValue, 1, name, ch.Kind, string(level))
		c <- prometheus.MustNewConstMetric(stateDesc, prometheus.GaugeValue, 1, name, ch.Kind, string(ch.State))
		p := m.proven(ch.ID)
		for _, x := range []struct {
			what string
			at   time.Time
		}{{"in", p.In}, {"out", p.Out}, {"delivered", p.Delivered}} {
			if !x.at.IsZero() {
				c <- prometheus.MustNewConstMetric(provenDesc, prometheus.GaugeValue, float64(x.at.UnixMilli())/1000, name, ch.Kind, x.what)
			}
		}
	}
}

// leftMeters tell what was set aside, when somebody looks.
type leftMeters struct {
	count func(ctx context.Context) (gormstore.Left, error)
}

var (
	lettersDesc = prometheus.NewDesc("causeway_dead_letters", "What could not be applied and waits for a person, by kind; see causeway replay.", []string{"kind"}, nil)
	parkedDesc  = prometheus.NewDesc("causeway_events_parked", "Events that wait for the message they are about.", nil, nil)
)

// Describe implements prometheus.Collector.
func (m leftMeters) Describe(c chan<- *prometheus.Desc) {
	c <- lettersDesc
	c <- parkedDesc
}

// Collect implements prometheus.Collector.
func (m leftMeters) Collect(c chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	left, err := m.count(ctx)
	if err != nil {
		c <- prometheus.NewInvalidMetric(lettersDesc, err)
		return
	}
	for _, kind := range []string{"event", "webhook", core.DeadMail} {
		c <- prometheus.MustNewConstMetric(lettersDesc, prometheus.GaugeValue, float64(left.Letters[kind]), kind)
	}
	c <- prometheus.MustNewConstMetric(parkedDesc, prometheus.GaugeValue, float64(left.Parked))
}
