package forward_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"causeway/adapters/blob"
	"causeway/adapters/gormstore"
	"causeway/adapters/mail"
	"causeway/core"
	"causeway/core/forward"
	"causeway/core/inbound"
	"causeway/core/outbound"
)

const (
	domain  = "reply.example"
	noReply = "notify@reply.example"
)

var noon = time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC)

// house is a real store with a channel, agents and a Forwarder; only the relay, the link and the queue are stand-ins.
type house struct {
	*testing.T
	store    *gormstore.Store
	ws       core.WorkspaceID
	repo     core.Repo
	blobs    core.Blobs
	queue    *queue
	relay    *relay
	link     *link
	acceptor *inbound.Acceptor
	outbox   *outbound.Outbox
	f        *forward.Forwarder
	options  forward.Options
	channel  core.Channel
	agents   map[string]core.Agent
	clock    time.Time
	proof    forward.Proof
	events   int
	log      *strings.Builder
}

// queue records jobs and gives out fencing tokens.
type queue struct {
	mu    sync.Mutex
	jobs  []core.Job
	token int64
}

func (q *queue) EnqueueTx(_ context.Context, _ any, jobs []core.Job) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.jobs = append(q.jobs, jobs...)
	return nil
}

func (q *queue) take(kind core.JobKind) []core.Job {
	q.mu.Lock()
	defer q.mu.Unlock()
	var taken []core.Job
	q.jobs = slices.DeleteFunc(q.jobs, func(j core.Job) bool {
		if j.Kind == kind && !slices.ContainsFunc(taken, func(t core.Job) bool { return t.Key == j.Key }) {
			taken = append(taken, j)
		}
		return j.Kind == kind
	})
	return taken
}

// relay records letters as they would be on the wire.
type relay struct {
	mu      sync.Mutex
	letters []forward.Letter
	files   map[string][]byte // of all letters, by name
	fail    func(l forward.Letter) error
	after   func(l forward.Letter) error // fails after the letter was taken
}

func (r *relay) Send(ctx context.Context, l forward.Letter) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fail != nil {
		if err := r.fail(l); err != nil {
			return err
		}
	}
	var wire bytes.Buffer
	if err := mail.Write(ctx, &wire, l); err != nil {
		return err
	}
	read, err := mail.Parse(wire.Bytes())
	if err != nil {
		return err
	}
	for _, f := range read.Files {
		r.files[f.Name] = f.Data
	}
	r.letters = append(r.letters, l)
	if r.after != nil {
		return r.after(l)
	}
	return nil
}

// to returns what an agent was mailed.
func (r *relay) to(a core.Agent) []forward.Letter {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(r.letters), func(l forward.Letter) bool { return l.To.Address != a.Address() })
}

// link is a channel like WhatsApp's.
type link struct {
	can  core.Capabilities
	sent []core.Outgoing
	fail error
}

func (l *link) Capabilities() core.Capabilities { return l.can }
func (l *link) Send(_ context.Context, out core.Outgoing) (core.Sent, error) {
	if l.fail != nil {
		return core.Sent{}, l.fail
	}
	l.sent = append(l.sent, out)
	return core.Sent{Provider: "wamid.out" + fmt.Sprint(len(l.sent)), At: noon}, nil
}
func (l *link) Check(context.Context) []core.Finding { return nil }
func (l *link) Close() error                         { return nil }

func (h *house) Link(ctx context.Context, id core.ChannelID) (core.Channel, core.Info, core.Link, error) {
	ch, err := h.store.ChannelByID(ctx, id)
	return ch, info, h.link, err
}

var info = core.Info{Kind: "whatsapp-cloud", Title: "WhatsApp", Scheme: core.SchemePhone}

func (h *house) Authenticate(context.Context, forward.Envelope, string, []byte) forward.Proof {
	return h.proof
}

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{T: t, queue: &queue{}, relay: &relay{files: map[string][]byte{}}, clock: noon, proof: forward.Proof{Aligned: true, Method: "dkim"},
		agents: map[string]core.Agent{}, log: &strings.Builder{}}
	h.link = &link{can: core.Capabilities{TextLimit: 4096, CaptionLimit: 1024, Unit: core.UnitRunes, Kinds: []core.ContentKind{core.KindTemplate},
		Media: map[core.ContentKind]core.MediaRule{core.KindImage: {MIME: []string{"image/jpeg", "image/png"}, Bytes: 5 << 20, Caption: true},
			core.KindDocument: {MIME: []string{"application/pdf", "text/plain", "image/jpeg", "image/png"}, Bytes: 1 << 20, Caption: true}},
		Window: core.Window{Free: 24 * time.Hour, After: core.AfterTemplates}}}
	var err error
	path := filepath.Join(t.TempDir(), "test.db")
	h.must(os.WriteFile(path, migrated(t), 0o600))
	h.store, err = gormstore.Open(t.Context(), "sqlite:"+path, gormstore.Options{})
	h.must(err)
	t.Cleanup(func() { _ = h.store.Close() })
	h.store.UseQueue(h.queue)
	h.blobs, err = blob.Open(t.TempDir())
	h.must(err)
	h.ws, err = h.store.EnsureWorkspace(t.Context(), "main")
	h.must(err)
	h.repo = h.store.In(h.ws)
	h.people()
	h.join()
	return h
}

var empty struct {
	once sync.Once
	file []byte
}

// migrated is an empty database as a file, made once: that takes longer than most of the tests.
func migrated(t *testing.T) []byte {
	t.Helper()
	empty.once.Do(func() {
		path := filepath.Join(t.TempDir(), "empty.db")
		s, err := gormstore.Open(t.Context(), "sqlite:"+path, gormstore.Options{})
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.Migrate(t.Context())
		if err = errors.Join(err, s.Close()); err != nil { // closing puts everything into the one file
			t.Fatal(err)
		}
		if empty.file, err = os.ReadFile(path); err != nil { //nolint:gosec // the test's own
			t.Fatal(err)
		}
	})
	return empty.file
}

func (h *house) people() {
	h.channel = core.Channel{ID: core.NewID[core.ChannelID](), Workspace: h.ws, Kind: "whatsapp-cloud", Name: "shop", Account: "1", State: core.ChannelActive, Created: noon}
	h.must(h.repo.SaveChannel(h.Context(), h.channel))
	for _, p := range []struct{ name, language string }{{"Lena", "en"}, {"Omar", "ar"}, {"Olga", "ru"}} {
		a := core.Agent{ID: core.NewID[core.AgentID](), Workspace: h.ws, Name: p.name, Addresses: []string{strings.ToLower(p.name) + "@example.com", strings.ToLower(p.name) + "@alias.example"},
			Language: p.language, Created: noon}
		h.must(h.repo.SaveAgent(h.Context(), a))
		h.agents[p.name] = a
	}
}

// forwardTo makes a rule that mails to these agents always.
func (h *house) forwardTo(names ...string) {
	h.Helper()
	rule := core.Forward{ID: core.NewID[string](), Workspace: h.ws, Name: strings.Join(names, "+")}
	for _, n := range names {
		rule.To = append(rule.To, h.agents[n].ID)
	}
	h.must(h.repo.SaveForward(h.Context(), rule))
}

func (h *house) now() time.Time { return h.clock }

func (h *house) join() {
	h.Helper()
	log := slog.New(slog.NewTextHandler(h.log, nil))
	h.acceptor = inbound.New(h.store, h.now, log)
	h.outbox = outbound.New(outbound.Options{Store: h.store, Links: h, Now: h.now, Log: log})
	h.options = forward.Options{Store: h.store, Blobs: h.blobs, Now: h.now, Log: log, Relay: h.relay, Parser: mail.Parse, Authenticator: h,
		Compose: func(ctx context.Context, ws core.WorkspaceID, d forward.Draft) ([]core.Message, core.Decision, error) {
			return h.outbox.Compose(ctx, ws, outbound.Request{Conversation: d.Conversation, Author: d.Author, Contents: d.Contents, Key: d.Key, Seen: d.Seen})
		},
		Decide: func(ctx context.Context, ws core.WorkspaceID, d forward.Draft) (core.Decision, error) {
			decision, _, err := h.outbox.Decide(ctx, ws, outbound.Request{Conversation: d.Conversation, Author: d.Author, Contents: d.Contents})
			return decision, err
		},
		Info:         func(string) (core.Info, error) { return info, nil },
		Capabilities: func(context.Context, core.ChannelID) (core.Capabilities, error) { return h.link.can, nil },
		Domain:       domain, From: forward.Address{Name: "Causeway", Address: noReply}, Key: []byte("0123456789abcdef0123456789abcdef"),
		AttachLimit: 100, Location: time.FixedZone("AST", 3*3600),
		MediaLink: func(_ core.WorkspaceID, id core.MediaID, expires time.Time) string {
			return "https://bridge.example/media/" + string(id) + "?exp=" + expires.UTC().Format("2006-01-02")
		}}
	h.open()
}

// open makes a Forwarder of the options as they are now.
func (h *house) open() {
	h.Helper()
	var err error
	h.f, err = forward.New(h.options)
	h.must(err)
}

func (h *house) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

var grace = core.Peer{Name: "Grace Miller", Identities: []core.IdentityKey{{Scheme: core.SchemePhone, Value: "447700900123"}}}

// event gives an event a fresh id and the present time.
func (h *house) event(kind core.EventKind, e core.Event) core.Event {
	h.events++
	e.Kind, e.ID, e.At = kind, fmt.Sprint("event", h.events), h.clock
	if e.Origin == "" {
		e.Origin = core.OriginCustomer
	}
	if len(e.Peer.Identities) == 0 {
		e.Peer = grace
	}
	return e
}

// accept applies events as a webhook would.
func (h *house) accept(events ...core.Event) {
	h.Helper()
	h.must(h.acceptor.Accept(h.Context(), h.channel, events))
}

// says has the contact write, and returns the provider's id of the message.
func (h *house) says(c core.Content) string {
	h.Helper()
	e := h.event(core.EventMessage, core.Event{Message: &core.MessageBody{Content: c}})
	e.Message.Provider = "wamid." + e.ID
	h.accept(e)
	return e.Message.Provider
}

func text(s string) core.Content { return core.Content{Kind: core.KindText, Text: s} }

// conversation returns the only one.
func (h *house) conversation() core.Conversation {
	h.Helper()
	all, err := h.repo.Conversations(h.Context(), core.ConversationFilter{}, core.Page{})
	h.must(err)
	if len(all) != 1 {
		h.Fatalf("%d conversations, want one", len(all))
	}
	return all[0]
}

// work runs a job until it is done, letting time pass while it says "later". It returns the error that is none of these.
func (h *house) work(j core.Job, f core.Worker) error {
	h.Helper()
	for range 2000 {
		h.queue.token++
		finished := false
		err := f(h.Context(), core.Work{Job: j, Attempt: 1, Token: h.queue.token, Finish: func(context.Context, core.Tx) error { finished = true; return nil }})
		var later core.Later
		if errors.As(err, &later) {
			h.clock = h.clock.Add(later.After)
			continue
		}
		if err == nil && (j.Kind == core.JobNotify || j.Kind == core.JobReply) && !finished {
			h.Error("the worker ended without Finish")
		}
		return err
	}
	h.Fatal("the job does not end")
	return nil
}

// settle runs all jobs of mail and delivery until none is left.
func (h *house) settle() {
	h.Helper()
	for range 20 {
		done := 0
		for kind, worker := range map[core.JobKind]core.Worker{core.JobReply: h.f.Reply, core.JobNotify: h.f.Notify, core.JobDeliver: h.outbox.Deliver, core.JobWake: h.outbox.Wake} {
			for _, j := range h.queue.take(kind) {
				done++
				h.must(h.work(j, worker))
			}
		}
		if done == 0 {
			return
		}
	}
	h.Fatal("jobs without end")
}

// last is the newest mail to an agent.
func (h *house) last(name string) forward.Letter {
	h.Helper()
	all := h.relay.to(h.agents[name])
	if len(all) == 0 {
		h.Fatalf("%s got no mail\n%s", name, h.log)
	}
	return all[len(all)-1]
}

// answer is a mail as an agent's mail program writes it.
type answer struct {
	from    string // default lena@example.com
	sender  *string
	to      string
	text    string
	html    string
	subject string // default "Re: hello"
	headers []string
	files   []forward.IncomingFile
	id      string
}

func (h *house) raw(a answer) []byte {
	h.events++
	if a.from == "" {
		a.from = "Lena <lena@example.com>"
	}
	if a.subject == "" {
		a.subject = "Re: hello"
	}
	if a.id == "" {
		a.id = fmt.Sprintf("own%d@example.com", h.events)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "From: %s\r\nTo: <%s>\r\nSubject: %s\r\nMessage-ID: <%s>\r\nDate: %s\r\nMIME-Version: 1.0\r\n", a.from, a.to, a.subject, a.id, h.clock.Format(time.RFC1123Z))
	for _, x := range a.headers {
		b.WriteString(x + "\r\n")
	}
	plain := "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + strings.ReplaceAll(a.text, "\n", "\r\n") + "\r\n"
	rich := "Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + a.html + "\r\n"
	switch {
	case a.html == "" && len(a.files) == 0:
		b.WriteString(plain)
	default:
		b.WriteString("Content-Type: multipart/mixed; boundary=mix\r\n\r\n--mix\r\n")
		if a.html == "" {
			b.WriteString(plain)
		} else {
			b.WriteString("Content-Type: multipart/alternative; boundary=alt\r\n\r\n--alt\r\n" + plain + "--alt\r\n" + rich + "--alt--\r\n")
		}
		for _, f := range a.files {
			b.WriteString("--mix\r\nContent-Type: " + f.MIME + "\r\nContent-Transfer-Encoding: 8bit\r\n")
			if f.ContentID != "" {
				b.WriteString("Content-ID: <" + f.ContentID + ">\r\nContent-Disposition: inline; filename=\"" + f.Name + "\"\r\n")
			} else {
				b.WriteString("Content-Disposition: attachment; filename=\"" + f.Name + "\"\r\n")
			}
			b.WriteString("\r\n" + string(f.Data) + "\r\n")
		}
		b.WriteString("--mix--\r\n")
	}
	return []byte(b.String())
}

// door hands a mail to the SMTP door.
func (h *house) door(a answer) error {
	h.Helper()
	env := forward.Envelope{From: "lena@example.com", To: a.to, Remote: netip.MustParseAddr("192.0.2.1")}
	if a.sender != nil {
		env.From = *a.sender
	}
	if err := h.f.Accepts(h.Context(), env); err != nil {
		return err
	}
	return h.f.Receive(h.Context(), env, h.raw(a))
}

// reply answers and lets everything happen.
func (h *house) reply(a answer) {
	h.Helper()
	h.must(h.door(a))
	h.settle()
}

// phone is what the customer got.
func (h *house) phone() []string {
	var all []string
	for _, out := range h.link.sent {
		switch {
		case out.Content.Template != nil:
			all = append(all, "template "+out.Template.Preview(out.Content.Template))
		case out.Content.Media != nil:
			all = append(all, string(out.Content.Kind)+" "+out.Content.Media.Name)
		default:
			all = append(all, out.Content.Text)
		}
	}
	return all
}

func (h *house) wantPhone(want ...string) {
	h.Helper()
	if got := h.phone(); !slices.Equal(got, want) {
		h.Errorf("the customer got %q, want %q\n%s", got, want, h.log)
	}
}

// wantMails checks how many mails an agent has.
func (h *house) wantMails(name string, n int) {
	h.Helper()
	if got := h.relay.to(h.agents[name]); len(got) != n {
		h.Errorf("%s has %d mails, want %d", name, len(got), n)
		for _, l := range got {
			h.Logf("%s", l.Text)
		}
	}
}

func (h *house) file(id core.MediaID) core.File {
	h.Helper()
	f, err := h.repo.File(h.Context(), id)
	h.must(err)
	return f
}

// fetched brings all files that are still at the provider.
func (h *house) fetched(data string) {
	h.Helper()
	for _, j := range h.queue.take(core.JobFetch) {
		f := h.file(core.MediaID(j.Key))
		f.State, f.Blob, f.Media.Size = core.FileHere, "media/"+j.Key, int64(len(data))
		_, err := h.blobs.Put(h.Context(), f.Blob, strings.NewReader(data))
		h.must(err)
		h.must(h.repo.SetFile(h.Context(), f))
	}
}

func (h *house) jsonOf(v any) string {
	raw, err := json.Marshal(v)
	h.must(err)
	return string(raw)
}

func read(t *testing.T, r io.ReadCloser, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	all, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(all)
}

// hearUnreached returns what will be told of agents who cannot be mailed.
func (h *house) hearUnreached() *[]string {
	var told []string
	h.f.Unreached = func(ws core.WorkspaceID, a core.Agent, why string) []core.Job {
		told = append(told, a.Name+": "+why)
		return core.AdminJobs(ws, []string{"admin@example.com"}, "unreached", a.Name+" cannot be mailed", why)
	}
	return &told
}
