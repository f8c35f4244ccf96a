package main

import (
	"context"
	"time"

	"causeway/adapters/riverqueue"

	"github.com/prometheus/client_golang/prometheus"
)

// jobMeters are the metrics of the queue.
type jobMeters struct {
	ended  *prometheus.CounterVec
	waited *prometheus.HistogramVec
	took   *prometheus.HistogramVec
	counts *prometheus.Desc
	count  func(ctx context.Context) ([]riverqueue.Count, error)
}

func newJobMeters() *jobMeters {
	buckets := []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60}
	return &jobMeters{
		ended: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "causeway_jobs_ended_total", Help: "Starts of jobs that ended, by kind and outcome."}, []string{"kind", "outcome"}),
		waited: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "causeway_job_wait_seconds", Help: "From when a job was due until it started.", Buckets: buckets},
			[]string{"kind"}),
		took:   prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "causeway_job_seconds", Help: "How long a job worked.", Buckets: buckets}, []string{"kind"}),
		counts: prometheus.NewDesc("causeway_jobs", "Jobs that are not done, by kind and state.", []string{"kind", "state"}, nil),
	}
}

// end counts the end of a start.
func (m *jobMeters) end(e riverqueue.Ended) {
	m.ended.WithLabelValues(string(e.Kind), string(e.Outcome)).Inc()
	m.waited.WithLabelValues(string(e.Kind)).Observe(e.Waited.Seconds())
	m.took.WithLabelValues(string(e.Kind)).Observe(e.Took.Seconds())
}

// Describe implements prometheus.Collector.
func (m *jobMeters) Describe(c chan<- *prometheus.Desc) {
	m.ended.Describe(c)
	m.waited.Describe(c)
	m.took.Describe(c)
	c <- m.counts
}

// Collect implements prometheus.Collector. The jobs are counted when somebody looks.
func (m *jobMeters) Collect(c chan<- prometheus.Metric) {
	m.ended.Collect(c)
	m.waited.Collect(c)
	m.took.Collect(c)
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	all, err := m.count(ctx)
	if err != nil {
		c <- prometheus.NewInvalidMetric(m.counts, err)
		return
	}
	for _, n := range all {
		c <- prometheus.MustNewConstMetric(m.counts, prometheus.GaugeValue, float64(n.Jobs), string(n.Kind), string(n.State))
	}
}
