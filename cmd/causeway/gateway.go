package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"causeway/adapters/ginapi"
	"causeway/adapters/mail"
	"causeway/bridges/webchat"
	"causeway/config"
	"causeway/core"
	"causeway/core/forward"
	"causeway/core/proof"
	"causeway/core/retain"
	"causeway/core/session"

	"github.com/prometheus/client_golang/prometheus"
)

const (
	refreshEach = 5 * time.Second  // how long a change made by another process may take to be seen
	sweepEach   = time.Minute      // for events that wait for their message
	syncEach    = 12 * time.Hour   // for templates, whose changes mostly come by webhook
	renewEach   = time.Hour        // for credentials that end; most looks find none due
	importEach  = 15 * time.Minute // for what a provider hands over once; there are 24 hours to ask for it
)

// gateway is a base that runs: its listeners, its workers and what it does from time to time.
type gateway struct {
	*base
	api      *ginapi.Server
	relay    *mail.Relay        // nil: no mail leaves
	mail     *forward.Forwarder // nil: there is no mail domain, or no relay
	receiver *mail.Receiver     // nil with mail
	sessions *session.Runner
	keeper   *retain.Keeper
	prober   *proof.Prober
	ports    ports
}

// ports are the open listeners. SMTP is nil where no mail is taken.
type ports struct{ http, private, smtp net.Listener }

// listen opens all of them or none.
func listen(cfg config.Config) (p ports, err error) {
	defer func() {
		if err != nil {
			p.close()
		}
	}()
	if p.http, err = bind("http_listen", cfg.HTTPListen); err != nil {
		return p, err
	}
	if p.private, err = bind("private_listen", cfg.PrivateListen); err != nil {
		return p, err
	}
	if mailing(cfg) {
		p.smtp, err = bind("smtp_listen", cfg.SMTPListen)
	}
	return p, err
}

func bind(key, address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, problemf(key, "%s %s cannot be used: %v.", key, address, errors.Unwrap(err)).Remedied("Stop what uses it, or set %s to another address.", key)
	}
	return l, nil
}

func (p ports) close() {
	for _, l := range []net.Listener{p.http, p.private, p.smtp} {
		if l != nil {
			_ = l.Close()
		}
	}
}

// mailing reports whether the configuration says how mail goes and comes.
func mailing(cfg config.Config) bool { return cfg.MailDomain != "" && !cfg.RelayURL.Empty() }

// newGateway builds everything that runs. It starts nothing, but takes the listeners over.
func newGateway(b *base, p ports) (*gateway, error) {
	g := &gateway{base: b, ports: p, sessions: session.NewRunner(b.links)}
	for _, build := range []func() error{g.buildMail, g.buildAPI} {
		if err := build(); err != nil {
			p.close()
			return nil, err
		}
	}
	g.work()
	return g, nil
}

func (g *gateway) buildAPI() (err error) {
	registry := prometheus.NewRegistry()
	registry.MustRegister(g.jobs, g.meters, &channelMeters{all: g.store.AllChannels, proven: g.life.last, called: g.meters.channel}, leftMeters{g.store.Left})
	g.keeper, g.prober = newKeeper(g.base, registry), newProber(g.base)
	connect, err := g.connectPage()
	if err != nil {
		return err
	}
	g.api, err = ginapi.New(ginapi.Options{Store: g.store, Blobs: g.blobs, Links: g.links, Inbox: g.inbox(), Outbox: g.outbox, Desk: g.desk, Carer: g.carer, Eraser: g.eraser, Remover: g.remover,
		Staff: g.balancer, Caster: g.caster(), Connect: connect, Scripts: webchat.Scripts(), Proven: g.life.last, Seal: g.vault.Seal, Info: g.info, CheckWebhook: g.caller().Check,
		Now: g.now, Log: g.log, PublicURL: g.public(), MediaKey: g.vault.Derive(signedLinks), Version: version(), Registry: registry,
		Probes: []ginapi.Probe{{Name: "files", Check: g.blobs.Ping}}, UploadBytes: g.cfg.MaxMedia(), Grace: g.cfg.StopAfter})
	if err == nil {
		g.journal.Store(g.api)
	}
	return err
}

func (g *gateway) info(kind string) (core.Info, error) {
	b, err := g.links.Bridge(kind)
	if err != nil {
		return core.Info{}, err
	}
	return b.Info(), nil
}

// buildMail joins the mailboxes, if the configuration says how.
func (g *gateway) buildMail() (err error) {
	if !mailing(g.cfg) {
		return nil
	}
	if g.relay, err = newRelay(g.cfg); err != nil {
		return err
	}
	g.closers = append(g.closers, g.relay)
	if g.mail, err = newForwarder(g); err != nil {
		return err
	}
	g.alert, g.templates = g.alertAdmins, g.tellAdminsOfTemplates
	g.receiver, err = newReceiver(g.base, g.mail)
	return err
}

func newRelay(cfg config.Config) (*mail.Relay, error) {
	o := mail.RelayOptions{Hello: cfg.MailDomain}
	if cfg.DKIM.KeyFile != "" {
		key, err := readSecretFile("dkim.key_file", cfg.DKIM.KeyFile)
		if err != nil {
			return nil, err
		}
		o.DKIM = []mail.DKIM{{Domain: cfg.DKIM.Domain, Selector: cfg.DKIM.Selector, Key: key}}
	}
	return mail.NewRelay(cfg.RelayURL, o)
}

func newReceiver(b *base, f *forward.Forwarder) (*mail.Receiver, error) {
	accept := func(ctx context.Context, env forward.Envelope) error {
		err := f.Accepts(ctx, env)
		if err != nil {
			b.meters.came(err)
		}
		return err
	}
	deliver := func(ctx context.Context, env forward.Envelope, raw []byte) error {
		err := f.Receive(ctx, env, raw)
		b.meters.came(err)
		return err
	}
	o := mail.ReceiverOptions{Domain: b.cfg.MailDomain, MaxSize: b.cfg.SMTPMax(), Accept: accept, Deliver: deliver, Log: b.log, Clock: b.now,
		Limits: mail.Limits{Unlimited: b.cfg.TrustedRelays}}
	if t := b.cfg.SMTPTLS; t.CertFile != "" {
		pair, err := tls.LoadX509KeyPair(t.CertFile, t.KeyFile)
		if err != nil {
			return nil, problemf("smtp_tls", "The certificate for smtp_listen cannot be used: %v.", err).Remedied("Check cert_file and key_file: both are PEM, and belong together.")
		}
		o.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	}
	return mail.NewReceiver(o)
}

// onlyRelays takes an agent's mail only from one's own mail servers.
type onlyRelays struct {
	forward.Authenticator
	relays []netip.Prefix
}

func (a onlyRelays) Authenticate(ctx context.Context, env forward.Envelope, from string, raw []byte) forward.Proof {
	if !slices.ContainsFunc(a.relays, func(p netip.Prefix) bool { return p.Contains(env.Remote.Unmap()) }) {
		return forward.Proof{Detail: "not handed over by a trusted relay"}
	}
	return a.Authenticator.Authenticate(ctx, env, from, raw)
}

func newAuthenticator(cfg config.Config) forward.Authenticator {
	a := mail.NewAuthenticator(mail.AuthenticatorOptions{TrustedRelays: cfg.TrustedRelays})
	if cfg.SenderCheck == "trusted-relay-only" {
		return onlyRelays{a, cfg.TrustedRelays}
	}
	return a
}

// work sets who does which job.
func (g *gateway) work() {
	many := g.cfg.Workers
	g.queue.Handle(core.JobDeliver, many, g.outbox.Deliver)
	g.queue.Handle(core.JobDue, 2, g.outbox.Due)
	g.queue.Handle(core.JobWake, 1, g.outbox.Wake)
	g.queue.Handle(core.JobRead, 2, g.outbox.Read)
	g.queue.Handle(core.JobReact, 2, g.outbox.Reacted)
	g.queue.Handle(core.JobGaps, 1, g.mailGaps)
	g.queue.Handle(core.JobAmend, 1, g.outbox.Amended)
	g.queue.Handle(core.JobTyping, 2, g.outbox.Typing)
	g.queue.Handle(core.JobConfirm, 2, g.outbox.Confirm)
	g.queue.Handle(core.JobFetch, 4, g.links.Fetch)
	g.queue.Handle(core.JobProfile, 2, g.links.Profile)
	g.queue.Handle(core.JobTemplates, 1, g.links.Templates)
	g.queue.Handle(core.JobAlert, 1, g.links.Alarm)
	g.queue.Handle(core.JobAsk, 1, g.links.Ask)
	g.queue.Handle(core.JobImport, 1, g.links.Imports)
	g.queue.Handle(core.JobCare, 2, g.carer.Work)
	g.queue.Handle(core.JobBroadcast, 2, g.caster().Work)
	g.queue.Handle(core.JobWorkflow, max(2, many/2), g.driver().Work)
	g.queue.Handle(core.JobWebhook, 4, g.caller().Work)
	g.queue.Handle(core.JobTimer, 2, g.engine.Timer)
	g.queue.Handle(core.JobSchedule, 1, g.engine.Schedule)
	g.queue.Handle(core.JobAssign, 2, g.balancer.HandOut)
	g.queue.Handle(core.JobTouch, 1, g.balancer.Untouched)
	g.queue.Handle(core.JobTell, 2, g.balancer.Tell)
	g.queue.Handle(core.JobErase, 1, g.eraser.Work)
	g.queue.Handle(core.JobRemove, 1, g.remover.Work)
	g.queue.Handle(core.JobEraseAgain, 1, g.eraser.WorkAgain)
	if g.mail != nil {
		g.queue.Handle(core.JobNotify, max(2, many/3), g.mail.Notify)
		g.queue.Handle(core.JobAdmin, 1, g.mail.Admin)
		g.queue.Handle(core.JobReply, max(2, many/4), g.mail.Reply)
		g.queue.Handle(core.JobFollow, 2, g.mail.Follow)
	}
}

// run works until ctx is done, then stops in order: no new work comes in, what is under way ends, what cannot is handed back.
func (g *gateway) run(ctx context.Context) error {
	inner, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	if wire := g.store.Wire(inner, g.log, g.links.Hear); wire != nil {
		g.wire.Store(wire)
		defer func() { _ = wire.Close() }()
	}
	if err := g.queue.Start(inner); err != nil {
		g.ports.close()
		return err
	}
	g.sessions.Start(inner)
	failed := make(chan error, 2)
	var doors, rounds sync.WaitGroup
	doors.Go(func() { g.serveDoor(failed, func() error { return g.api.Serve(inner, g.ports.http, g.ports.private) }) })
	if g.receiver != nil {
		doors.Go(func() { g.serveDoor(failed, func() error { return g.receiver.Serve(inner, g.ports.smtp) }) })
	}
	rounds.Go(func() { goRounds(inner, g.rounds()) })
	rounds.Go(func() { g.keeper.Run(inner) })
	rounds.Go(func() { g.prober.Run(inner) })
	rounds.Go(func() { g.life.run(inner) })
	rounds.Go(func() { thrift(inner, g.garbage()) })
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	err = errors.Join(err, g.stop(context.WithoutCancel(ctx)))
	cancel()
	doors.Wait()
	rounds.Wait()
	return err
}

// garbage is how much there may be at work, in percent of what is in use.
func (g *gateway) garbage() int {
	if g.store.SQLite() != nil {
		return garbageOnSQLite
	}
	return garbageAtWork
}

func (g *gateway) serveDoor(failed chan<- error, serve func() error) {
	if err := serve(); err != nil {
		failed <- err
	}
}

func (g *gateway) stop(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, g.cfg.StopAfter)
	defer cancel()
	g.journal.Store(nil) // what comes now is written at once
	ends := []func() error{
		func() error { return hung("sessions", "begin anew at the next start", g.sessions.Stop(ctx)) },
		func() error { return hung("jobs", "are taken up at the next start", g.queue.Stop(ctx)) },
		func() error {
			return hung("requests being answered", "were cut off: who sent them sends them again", g.api.Shutdown(ctx))
		},
	}
	if g.receiver != nil {
		ends = append(ends, func() error {
			return hung("mails being received", "were cut off: their servers send them again", g.receiver.Shutdown(ctx))
		})
	}
	return together(ends)
}

// together does all at once, so that one that takes its time does not use up that of the others.
func together(all []func() error) error {
	errs := make([]error, len(all))
	var wait sync.WaitGroup
	for i, f := range all {
		wait.Go(func() { errs[i] = f() })
	}
	wait.Wait()
	return errors.Join(errs...)
}

// hung says what did not end in time, and what becomes of it: it is not lost.
func hung(what, then string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s did not end in time and %s: %w", what, then, err)
}

// round is what has to be done from time to time.
type round struct {
	each    time.Duration
	atStart bool // and not only after the first interval
	do      func(ctx context.Context)
}

// rounds are the gateway's.
func (g *gateway) rounds() []round {
	return []round{
		{each: refreshEach, do: g.links.Refresh},
		{each: clockEach, do: watchClock(g.log)},
		{each: sweepEach, do: g.sweep},
		{each: sweepEach, do: g.planSchedules},
		{each: syncEach, atStart: true, do: g.syncTemplates},
		{each: renewEach, atStart: true, do: g.links.Renew},
		{each: renewEach, do: g.reconcileDaily},
		{each: importEach, atStart: true, do: g.links.AskImports},
	}
}

// goRounds goes all rounds until ctx is done. None waits for another: some ask providers, and may take their time.
func goRounds(ctx context.Context, all []round) {
	var running sync.WaitGroup
	for _, r := range all {
		running.Go(func() { r.run(ctx) })
	}
	running.Wait()
}

func (r round) run(ctx context.Context) {
	if r.atStart {
		r.do(ctx)
	}
	core.Every(ctx, r.each, func() { r.do(ctx) })
}

func (g *gateway) sweep(ctx context.Context) {
	all, err := g.store.Workspaces(ctx)
	for _, ws := range all {
		n, failed := g.acceptor.Sweep(ctx, ws)
		if err = errors.Join(err, failed); n > 0 {
			g.log.WarnContext(ctx, "events waited in vain for their message; see causeway replay", "workspace", ws, "events", n)
		}
	}
	if err != nil {
		g.log.WarnContext(ctx, "waiting events not swept", "err", err)
	}
}

// syncTemplates asks for the templates of every channel that has some.
func (g *gateway) syncTemplates(ctx context.Context) {
	all, err := g.store.AllChannels(ctx)
	var jobs []core.Job
	for _, ch := range all {
		if _, _, link, err := g.links.Link(ctx, ch.ID); err == nil {
			if _, ok := link.(core.TemplateLink); ok {
				jobs = append(jobs, core.Job{Kind: core.JobTemplates, Workspace: ch.Workspace, Key: string(ch.ID)})
			}
		}
	}
	if err == nil && len(jobs) > 0 {
		err = g.store.Tx(ctx, func(tx core.Tx) error { return tx.Enqueue(ctx, jobs...) })
	}
	if err != nil {
		g.log.WarnContext(ctx, "template sync not asked for", "err", err)
	}
}
