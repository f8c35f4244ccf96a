package ginapi

import (
	"errors"
	"fmt"
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"
)

// meters are what the HTTP face counts.
type meters struct {
	hooks    *prometheus.CounterVec // by bridge and outcome
	hookTime *prometheus.HistogramVec
	busy     prometheus.Gauge
	api      *prometheus.HistogramVec
	dropped  prometheus.Counter
}

// Outcomes of a webhook call.
const (
	outcomeAccepted    = "accepted"
	outcomeEmpty       = "no-events" // a challenge, a status we do not keep
	outcomeMalformed   = "malformed"
	outcomeRefused     = "unauthenticated"
	outcomeUnknown     = "unknown-channel"
	outcomeTooLarge    = "too-large"
	outcomeLate        = "late-body"
	outcomeBusy        = "busy"
	outcomeUnavailable = "unavailable"
	outcomeFailed      = "failed"
)

func newMeters(r prometheus.Registerer) (*meters, error) {
	quick := []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}
	m := &meters{
		hooks: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "causeway_webhooks_total",
			Help: "Webhook calls by the bridge of their channel and what became of them."}, []string{"bridge", "outcome"}),
		hookTime: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "causeway_webhook_seconds", Buckets: quick,
			Help: "Time from a webhook's first byte to its answer."}, []string{"bridge"}),
		busy: prometheus.NewGauge(prometheus.GaugeOpts{Name: "causeway_webhooks_running", Help: "Webhook calls being worked on."}),
		api: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "causeway_api_seconds", Buckets: quick,
			Help: "Time of API requests by method, route and class of status."}, []string{"method", "route", "status"}),
		dropped: prometheus.NewCounter(prometheus.CounterOpts{Name: "causeway_channel_log_dropped_total",
			Help: "Entries of the channel log that were not written because too many came."}),
	}
	return m, errors.Join(r.Register(m.hooks), r.Register(m.hookTime), r.Register(m.busy), r.Register(m.api), r.Register(m.dropped))
}

// uncounted logs which metrics could not be told.
type uncounted struct{ log *slog.Logger }

// Println implements promhttp.Logger.
func (u uncounted) Println(v ...any) { u.log.Warn("metrics left out", "err", fmt.Sprint(v...)) }
