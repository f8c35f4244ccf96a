package main

import (
	"time"

	"causeway/core/retain"

	"github.com/prometheus/client_golang/prometheus"
)

// repeatedFor is longer than any provider repeats an event.
const repeatedFor = 8

// days is so many days.
func days(n int) time.Duration { return time.Duration(n) * 24 * time.Hour }

// policy is for how long the configuration says to keep things.
func (b *base) policy() retain.Policy {
	r := b.cfg.Retain
	if r.EventDays > 0 {
		r.EventDays = max(r.EventDays, repeatedFor)
	}
	return retain.Policy{Events: days(r.EventDays), Log: days(r.LogDays), Bodies: days(r.BodyDays), Letters: days(r.DeadDays), Mails: days(r.MailDays)}
}

// newKeeper makes what forgets in the background.
func newKeeper(b *base, registry prometheus.Registerer) *retain.Keeper {
	expired := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "causeway_expired_total",
		Help: "What was forgotten because it had been kept for as long as the configuration says, by kind."}, []string{"kind"})
	registry.MustRegister(expired)
	for _, kind := range []retain.Kind{retain.Events, retain.Log, retain.Bodies, retain.Letters, retain.Mails, retain.Notices, retain.Values, retain.Records, retain.Erased, retain.Files} {
		expired.WithLabelValues(string(kind)) // so that it shows as zero
	}
	return retain.New(retain.Options{Store: b.store, Blobs: b.blobs, Policy: b.policy(), Now: b.now, Log: b.log,
		Expired: func(kind retain.Kind, n int) { expired.WithLabelValues(string(kind)).Add(float64(n)) }})
}
