package session_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"causeway/core"
	"causeway/core/session"
)

// renewing is a bridge whose token can be renewed.
type renewing struct {
	opened  []string // with these tokens
	asked   int
	during  func() // what happens while the provider is asked
	renewal core.Renewal
	err     error
}

type renewable struct {
	link
	of *renewing
}

func (r *renewing) Info() core.Info { return core.Info{Kind: "renewing", Title: "Renewing"} }

func (r *renewing) Open(_ core.Channel, s core.Settings, _ core.Host) (core.Link, error) {
	r.opened = append(r.opened, s.Secret("token").Reveal())
	return &renewable{of: r}, nil
}

func (*renewable) Close() error { return nil }

func (l *renewable) Renew(context.Context) (core.Renewal, error) {
	l.of.asked++
	if l.of.during != nil {
		l.of.during()
	}
	return l.of.renewal, l.of.err
}

// renewer is a world whose channel is of the bridge.
func (w *world) renewer(r *renewing) *renewing {
	w.Helper()
	w.ch.ID, w.ch.Kind, w.ch.Name = core.NewID[core.ChannelID](), "renewing", "another"
	w.must(w.repo.SaveChannel(w.Context(), w.ch))
	w.seal("token", "one")
	w.options.Bridges = append(w.options.Bridges, r)
	w.restart()
	return r
}

// token is what the next process opens the channel with.
func (w *world) token(r *renewing) string {
	w.Helper()
	w.restart()
	_, _, _, err := w.m.Link(w.Context(), w.ch.ID)
	w.must(err)
	return r.opened[len(r.opened)-1]
}

func TestRenew(t *testing.T) {
	each(t, func(w *world) {
		r := w.renewer(&renewing{})
		r.renewal = core.Renewal{Secrets: map[string]core.Secret{"token": core.NewSecret("a renewed token")}, Next: w.clock.Add(7 * 24 * time.Hour)}
		w.m.Renew(w.Context())
		equal(w, "token", w.token(r), "a renewed token")
		sealed, err := w.repo.Secrets(w.Context(), session.Owner(w.ch.ID))
		w.must(err)
		equal(w, "hint", sealed[0].Hint, "oken")
		equal(w, "kept as given", w.opened(core.GivenName("token")), "one")
		for _, step := range []struct {
			after time.Duration
			asked int
		}{{0, 1}, {7*24*time.Hour - time.Second, 1}, {time.Second, 2}} {
			w.clock = w.clock.Add(step.after)
			w.m.Renew(w.Context())
			equal(w, "asked", r.asked, step.asked)
		}
	})
}

func TestRenewFails(t *testing.T) {
	lite(t, func(w *world) {
		r := w.renewer(&renewing{err: errors.New("not yet")})
		w.m.Renew(w.Context())
		equal(w, "token", w.token(r), "one")
		w.clock = w.clock.Add(24*time.Hour - time.Second)
		w.m.Renew(w.Context())
		equal(w, "asked within a day", r.asked, 1)
		w.clock = w.clock.Add(time.Second)
		r.err, r.renewal = nil, core.Renewal{Secrets: map[string]core.Secret{"token": core.NewSecret("a renewed token")}}
		w.m.Renew(w.Context())
		equal(w, "token after a day", w.token(r), "a renewed token")
	})
}

// opened opens a sealed secret of the channel.
func (w *world) opened(name string) string {
	w.Helper()
	sealed, err := w.repo.Secrets(w.Context(), session.Owner(w.ch.ID))
	w.must(err)
	for _, s := range sealed {
		if s.Name == name {
			value, err := box{}.Open(s.Box, s.Context())
			w.must(err)
			return value.Reveal()
		}
	}
	return "none"
}

// TestRenewKeepsWhatWasGiven: however often a secret is renewed, what the admin gave is known, until they give another.
func TestRenewKeepsWhatWasGiven(t *testing.T) {
	lite(t, func(w *world) {
		r := w.renewer(&renewing{})
		for _, step := range []struct{ given, renewed, want string }{{"", "second", "one"}, {"", "third", "one"}, {"new", "fourth", "new"}, {"", "fifth", "new"}} {
			if step.given != "" {
				w.seal("token", step.given)
			}
			r.renewal = core.Renewal{Secrets: map[string]core.Secret{"token": core.NewSecret(step.renewed)}}
			w.clock = w.clock.Add(24 * time.Hour)
			w.m.Renew(w.Context())
			equal(w, "token", w.opened("token"), step.renewed)
			equal(w, "given", w.opened(core.GivenName("token")), step.want)
		}
	})
}

// TestRenewMeetsAdmin: a token that was put there while the provider was asked for another stays.
func TestRenewMeetsAdmin(t *testing.T) {
	lite(t, func(w *world) {
		r := w.renewer(&renewing{})
		r.renewal = core.Renewal{Secrets: map[string]core.Secret{"token": core.NewSecret("a renewed token")}}
		r.during = func() { w.seal("token", "the admin's") }
		w.m.Renew(w.Context())
		equal(w, "token", w.token(r), "the admin's")
	})
}

func TestNothingToRenew(t *testing.T) {
	lite(t, func(w *world) {
		r := w.renewer(&renewing{})
		w.m.Renew(w.Context())
		w.m.Renew(w.Context())
		equal(w, "asked", r.asked, 2)
		equal(w, "token", w.token(r), "one")
	})
}

// TestCredentialEnds: where a credential is not renewed, the admins are told before it ends and when it has ended, once each, and when another is there.
func TestCredentialEnds(t *testing.T) {
	each(t, func(w *world) {
		r := w.renewer(&renewing{})
		ends := w.clock.Add(30 * 24 * time.Hour)
		for _, step := range []struct {
			name    string
			after   time.Duration
			expires time.Time
			level   core.HealthLevel
			state   core.ChannelState
			jobs    string
		}{
			{"far", 0, ends, core.HealthUnknown, core.ChannelActive, ""},
			{"soon", 17 * 24 * time.Hour, ends, core.HealthWarning, core.ChannelActive, "alert"},
			{"sooner", 24 * time.Hour, ends, core.HealthWarning, core.ChannelActive, ""},
			{"ended", 13 * 24 * time.Hour, ends, core.HealthBad, core.ChannelParked, "alert"},
			{"another, without end", 24 * time.Hour, time.Time{}, core.HealthGood, core.ChannelActive, "alert wake"},
			{"still", 24 * time.Hour, time.Time{}, core.HealthGood, core.ChannelActive, ""},
		} {
			w.clock = w.clock.Add(step.after)
			r.renewal = core.Renewal{Expires: step.expires, Next: w.clock.Add(24 * time.Hour), Remedy: "Put a new one there."}
			w.m.Renew(w.Context())
			ch := w.state()
			equal(w, step.name+": level", ch.Health.Level, step.level)
			equal(w, step.name+": state", ch.State, step.state)
			equal(w, step.name+": jobs", w.jobs(), step.jobs)
			if ch.Health.Level != core.HealthGood && ch.Health.Level != core.HealthUnknown {
				equal(w, step.name+": remedy", ch.Health.Remedy, "Put a new one there.")
			}
		}
	})
}

// TestEndIsLessThanTrouble: what stopped a channel is not overwritten by the news that its credential ends, and other health stays when it does not.
func TestEndIsLessThanTrouble(t *testing.T) {
	lite(t, func(w *world) {
		r := w.renewer(&renewing{})
		blocked := core.Health{Level: core.HealthBad, Code: "368", Reason: "Blocked.", Since: w.clock}
		w.must(w.repo.SetChannelState(w.Context(), w.ch.ID, core.ChannelParked, blocked))
		for _, ends := range []time.Time{w.clock, w.clock.Add(time.Hour), {}} {
			r.renewal = core.Renewal{Expires: ends, Next: w.clock.Add(24 * time.Hour)}
			w.m.Renew(w.Context())
			equal(w, "code", w.state().Health.Code, "368")
			equal(w, "state", w.state().State, core.ChannelParked)
			w.clock = w.clock.Add(24 * time.Hour)
		}
	})
}

// TestRenewAfterChange: whoever gives another credential need not wait for the next day.
func TestRenewAfterChange(t *testing.T) {
	lite(t, func(w *world) {
		r := w.renewer(&renewing{})
		r.renewal = core.Renewal{Next: w.clock.Add(24 * time.Hour)}
		w.m.Renew(w.Context())
		w.m.Renew(w.Context())
		equal(w, "asked", r.asked, 1)
		w.seal("token", "another")
		w.restart()
		w.m.Renew(w.Context())
		equal(w, "asked after the change", r.asked, 2)
	})
}
