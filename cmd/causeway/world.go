package main

import (
	"cmp"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"causeway/bridges/simulator"
	"causeway/bridges/simulator/mailroom"
	"causeway/bridges/simulator/stage"
	"causeway/config"
	"causeway/config/business"
	"causeway/core"
)

// world is a gateway with everything around it simulated: the WhatsApp platform with its phones, the mail relay and the mailboxes. The gateway is
// the real one; it reaches the rest over the loopback network only. The demo and the tests of the whole program live in it.
type world struct {
	*gateway
	clock *clock
	sim   *simulator.Simulator
	room  *mailroom.Room
	graph string // address of the platform
	stage string // address of the pages
	calls *http.Server
	pages *http.Server
	ended chan error
	stop  context.CancelFunc
	books atomic.Pointer[base] // for the pages, which are served before it is there
}

// worldOptions change a world. The zero value will do but for Dir.
type worldOptions struct {
	Dir      string // for the database, the key and the files
	Database string // default SQLite in Dir
	Stage    string // where to serve the pages; default a free port
	Business string // a business file; default the demo's
	Log      io.Writer
	Level    string
	Sim      simulator.Options
	SDK      string                     // where Meta's script is
	Before   func(*simulator.Simulator) // what happened before the gateway was there
	Allow    string                     // what may be called beside the simulated providers, as allow_private has it
	Flags    map[string]string          // further settings
}

// clock is the real time, moved.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

// jump moves the time forth; zero goes back to the real time.
func (c *clock) jump(d time.Duration) {
	if d == 0 {
		c.ahead.Store(0)
		return
	}
	c.ahead.Add(int64(d))
}

// jump moves the time of everything, and starts what would have started until then. Zero goes back to the real time: what was done stays done.
func (w *world) jump(d time.Duration) {
	w.clock.jump(d)
	b := w.books.Load()
	if b == nil || d == 0 {
		return
	}
	if err := b.queue.Moved(context.Background(), d); err != nil { // the page that asks has nobody to tell
		b.log.Error("jobs not moved with the time", "err", err)
	}
}

//go:embed demo.yaml
var demoBusiness string

// replyDomain is the world's mail domain. Nobody looks it up: the mail room knows where the gateway is.
const replyDomain = "reply.causeway.test"

// newWorld starts a world and returns when messages can go through it. Close it at the end.
func newWorld(ctx context.Context, o worldOptions) (_ *world, err error) {
	w := &world{clock: &clock{}, ended: make(chan error, 1)}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.close())
		}
	}()
	if o.Log == nil {
		o.Log = io.Discard
	}
	if err := w.openOutside(o); err != nil {
		return nil, err
	}
	if err := w.openGateway(ctx, o); err != nil {
		return nil, err
	}
	return w, w.connect(ctx)
}

// openOutside starts everything that is not the gateway.
func (w *world) openOutside(o worldOptions) (err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	w.graph = "http://" + l.Addr().String()
	o.Sim.Now, o.Sim.PublicURL = w.clock.now, w.graph
	w.sim = simulator.New(o.Sim)
	if o.Before != nil {
		o.Before(w.sim)
	}
	w.calls = serveOn(l, w.sim.Graph())
	if w.room, err = mailroom.Open(mailroom.Options{Now: w.clock.now}); err != nil {
		return err
	}
	if o.Stage == "" {
		o.Stage = "127.0.0.1:0"
	}
	l, err = net.Listen("tcp", o.Stage)
	if err != nil {
		return fmt.Errorf("serve the pages: %w", err)
	}
	w.stage = "http://" + l.Addr().String()
	w.pages = serveOn(l, stage.New(stage.Options{Simulator: w.sim, Mailroom: w.room, Now: w.clock.now, Jump: w.jump, Recorded: w.recorded}))
	return nil
}

func serveOn(l net.Listener, h http.Handler) *http.Server {
	s := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = s.Serve(l) }() // ends by Close
	return s
}

// recorded is what the gateway has stored of the chat with a customer, oldest first. The platform may have told it their phone number, their user id, or
// both.
func (w *world) recorded(ctx context.Context, c *simulator.Customer) ([]stage.Record, error) {
	b := w.books.Load()
	if b == nil {
		return nil, nil
	}
	known, err := b.repo().Identities(ctx, []core.IdentityKey{{Scheme: core.SchemePhone, Value: c.Phone()}, {Scheme: core.SchemeBSUID, Value: c.BSUID()}})
	if err != nil {
		return nil, err
	}
	var all []stage.Record
	shown := map[core.ContactID]bool{}
	for _, i := range known {
		if shown[i.Contact] {
			continue
		}
		shown[i.Contact] = true
		more, err := recordedOf(ctx, b.repo(), i.Contact)
		if err != nil {
			return nil, err
		}
		all = append(all, more...)
	}
	return all, nil
}

// recordedOf is what is stored of the conversations with a contact.
func recordedOf(ctx context.Context, repo core.Repo, id core.ContactID) ([]stage.Record, error) {
	conversations, err := repo.ConversationsOf(ctx, id)
	if err != nil {
		return nil, err
	}
	var all []stage.Record
	for _, c := range slices.Backward(conversations) {
		messages, _, err := core.Timeline(ctx, repo, c.ID, core.Bookmark{}, 200)
		if err != nil {
			return nil, err
		}
		for _, m := range slices.Backward(messages) {
			all = append(all, recordOf(c, m))
		}
	}
	return all, nil
}

func recordOf(c core.Conversation, m core.Message) stage.Record {
	r := stage.Record{Number: c.Number, By: cmp.Or(m.Author.Name, string(m.Author.Kind)), Text: cmp.Or(m.Content.Text, string(m.Content.Kind)), Status: string(m.Status),
		Edited: !m.Edited.IsZero(), Deleted: !m.Revoked.IsZero()}
	if len(m.Parts) > 0 {
		r.Told = m.Parts[0].Provider
	}
	return r
}

// openGateway sets the business up and starts the gateway on free ports.
func (w *world) openGateway(ctx context.Context, o worldOptions) error {
	cfg, err := w.config(o)
	if err != nil {
		return err
	}
	p, err := listen(cfg)
	if err != nil {
		return err
	}
	cfg.PublicURL = "http://" + p.http.Addr().String()
	b, err := openBase(ctx, cfg, logAt(cfg, o.Log, cfg.Level()), w.clock.now)
	if err != nil {
		p.close()
		return err
	}
	b.sdk = o.SDK
	if err := w.setUp(ctx, b, o); err != nil {
		p.close()
		return errors.Join(err, b.close())
	}
	g, err := newGateway(b, p)
	if err != nil {
		return errors.Join(err, b.close())
	}
	w.gateway = g
	w.books.Store(b)
	ctx, w.stop = context.WithCancel(context.WithoutCancel(ctx))
	go func() { w.ended <- errors.Join(g.run(ctx), g.close()) }()
	return nil
}

func (w *world) config(o worldOptions) (config.Config, error) {
	flags := map[string]string{"data_dir": o.Dir, "http_listen": "127.0.0.1:0", "private_listen": "127.0.0.1:0", "smtp_listen": "127.0.0.1:0",
		"mail_domain": replyDomain, "relay_url": "smtp://" + w.room.Addr(), "allow_private": strings.TrimPrefix(w.graph, "http://"), "log_level": "warn"}
	if o.Allow != "" {
		flags["allow_private"] += "," + o.Allow
	}
	if o.Database != "" {
		flags["database_url"] = o.Database
	}
	if o.Level != "" {
		flags["log_level"] = o.Level
	}
	for k, v := range o.Flags {
		flags[k] = v
	}
	cfg, err := config.Load(config.Options{Environ: []string{"HOME=" + o.Dir}, Flags: flags})
	if cfg.TrustedRelays == nil { // the mail room stands for the company's own server
		cfg.TrustedRelays = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	}
	return cfg, err
}

// setUp applies the business file, with the simulated platform's credentials as its secrets.
func (w *world) setUp(ctx context.Context, b *base, o worldOptions) error {
	text := o.Business
	if text == "" {
		text = demoBusiness
	}
	a := w.sim.Business().Account()
	secrets := map[string]string{"PHONE_NUMBER_ID": a.PhoneNumberID, "WABA": a.WABA, "TOKEN": a.Token, "APP_SECRET": a.AppSecret, "GRAPH": w.graph}
	lookup := func(name string) (string, bool) { v, ok := secrets[name]; return v, ok }
	f, err := business.Parse("demo.yaml", []byte(text), infos(), lookup, os.ReadFile)
	if err != nil {
		return err
	}
	f.Workspace = b.cfg.Workspace
	if err := b.readWorkflows(ctx, &f); err != nil {
		return err
	}
	plan, err := business.NewPlan(ctx, b.store, b.vault, f)
	if err != nil {
		return err
	}
	return plan.Apply(ctx, b.now())
}

// connect has the platform call the gateway, and the mail room hand agents' answers to it.
func (w *world) connect(ctx context.Context) error {
	w.room.SetGateway(w.ports.smtp.Addr().String())
	all, err := w.store.AllChannels(ctx)
	if err != nil {
		return err
	}
	for _, ch := range all {
		if err := w.subscribe(ctx, ch); err != nil && core.CodeOf(err) != core.CodeUnsupported { // a channel may have nothing that calls
			return err
		}
		if _, err := w.links.SyncTemplates(ctx, ch.Workspace, ch.ID); err != nil && core.CodeOf(err) != core.CodeUnsupported {
			return err
		}
	}
	return nil
}

// close ends the outside first, so that nothing comes in any more, then the gateway.
func (w *world) close() error {
	var all error
	if w.sim != nil {
		w.sim.Close()
	}
	if w.stop != nil {
		w.stop()
		all = <-w.ended
	}
	for _, s := range []*http.Server{w.calls, w.pages} {
		if s != nil {
			all = errors.Join(all, s.Close())
		}
	}
	if w.room != nil {
		all = errors.Join(all, w.room.Close())
	}
	return all
}

// tempDir makes the folder of a world that ends with the program.
func tempDir() (string, func(), error) {
	dir, err := os.MkdirTemp("", "causeway-demo-")
	if err != nil {
		return "", nil, fmt.Errorf("make a folder for the demo: %w", err)
	}
	return filepath.Clean(dir), func() { _ = os.RemoveAll(dir) }, nil
}
