package whatsapptest

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	wa "go.mau.fi/whatsmeow/binary"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/util/keys"
)

// patience is how long a test waits for what must come. It is long because it is spent only where a test fails.
const patience = 30 * time.Second

// Server is a WhatsApp on the loopback.
type Server struct {
	t      testing.TB
	web    *http.Server
	at     net.Listener
	static *keys.KeyPair
	chain  []byte // vouches for static

	mu      sync.Mutex
	changed chan struct{} // closed and made anew whenever anything below, or of a person, changes
	people  map[string]*person
	phones  []*Phone
	groups  map[types.JID]*Group
	media   map[string][]byte
	expired map[string][]byte // media that is no longer given out
	lines   map[*line]struct{}
	serving sync.WaitGroup
	serial  int
	asked   int
	faults  faults
}

// Option changes a server.
type Option func(*setup)

type setup struct{ address string }

// At has the server listen on an address of the loopback, such as "127.0.0.1:40123". The default is a free port.
func At(address string) Option { return func(s *setup) { s.address = address } }

// New starts a server that lives as long as the test, and has the process trust it.
func New(t testing.TB, options ...Option) *Server {
	t.Helper()
	o := setup{address: "127.0.0.1:0"}
	for _, change := range options {
		change(&o)
	}
	s := &Server{t: t, static: keys.NewKeyPair(), changed: make(chan struct{}), people: map[string]*person{}, groups: map[types.JID]*Group{},
		media: map[string][]byte{}, expired: map[string][]byte{}, lines: map[*line]struct{}{}}
	if err := Trust(s.Root()); err != nil {
		t.Fatal(err)
	}
	var err error
	if s.chain, err = certify(s.static); err != nil {
		t.Fatal(err)
	}
	if s.at, err = net.Listen("tcp", o.address); err != nil {
		t.Fatal(err)
	}
	s.web = &http.Server{Handler: http.HandlerFunc(s.serve), ReadHeaderTimeout: patience}
	s.serving.Go(func() { _ = s.web.Serve(s.at) })
	t.Cleanup(s.close)
	return s
}

func (s *Server) close() {
	_ = s.web.Close()
	s.hangUp()
	s.serving.Wait()
}

// Root is the public key that a client must trust to speak with this server.
func (s *Server) Root() []byte { return root().Pub[:] }

// Address is where the server listens, host and port.
func (s *Server) Address() string { return s.at.Addr().String() }

// Client reaches this server whatever host is asked for, for the socket and for media.
func (s *Server) Client() *http.Client {
	c := through(s.Address())
	s.t.Cleanup(c.CloseIdleConnections)
	return c
}

// through is a client that reaches one address whatever host is asked for, without TLS even where it is asked for.
func through(address string) *http.Client {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", address)
	}
	return &http.Client{Transport: &http.Transport{DialContext: dial, DialTLSContext: dial}}
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	switch {
	case s.isDown():
		panic(http.ErrAbortHandler) // the connection breaks
	case r.URL.Path == "/ws/chat":
		s.chat(w, r)
	case r.URL.Path == "/" && s.published() != 0:
		_, _ = fmt.Fprintf(w, `<script>{"server_revision":1,"client_revision":%d,"tier":"push"}</script>`, s.published())
	default:
		s.serveMedia(w, r)
	}
}

// chat speaks with one client until either side hangs up.
func (s *Server) chat(w http.ResponseWriter, r *http.Request) {
	ws, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	ws.SetReadLimit(1 << 24)
	ctx, cancel := context.WithCancel(context.WithoutCancel(r.Context())) // which ends when the connection is taken over
	l := &line{server: s, cancel: cancel, ctx: ctx, asked: map[string]chan wa.Node{}}
	s.serving.Add(1)
	defer s.serving.Done()
	defer func() { _ = ws.CloseNow() }()
	defer s.forget(l)
	if !s.remember(l) {
		return
	}
	if l.wire, err = accept(ctx, ws, s.static, s.chain); err != nil {
		return
	}
	if err = l.open(); err != nil {
		return
	}
	for {
		n, err := l.receive(ctx)
		if err != nil {
			return
		}
		l.handle(n)
	}
}

// line is a client's connection.
type line struct {
	*wire
	server *Server
	ctx    context.Context
	cancel context.CancelFunc

	// under the server's lock
	device  *linked                 // nil before the login
	pairing *pairing                // nil after it
	asked   map[string]chan wa.Node // what the client was asked, by the id of the question
}

func (s *Server) remember(l *line) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.faults.down {
		return false
	}
	s.lines[l] = struct{}{}
	return true
}

func (s *Server) forget(l *line) {
	l.cancel()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.lines, l)
	if l.device != nil && l.device.line == l {
		l.device.line = nil
	}
	s.touch()
}

// hangUp breaks every connection.
func (s *Server) hangUp() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for l := range s.lines {
		l.cancel()
	}
}

// touch wakes whoever waits for a change. The lock must be held.
func (s *Server) touch() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// change does something under the lock and wakes whoever waits.
func (s *Server) change(do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	do()
	s.touch()
}

// await returns what there is once it is there, and fails the test if it does not come. What is asked runs under the lock.
func await[T any](s *Server, what string, there func() (T, bool)) T {
	s.t.Helper()
	late := time.After(patience)
	for {
		s.mu.Lock()
		v, ok := there()
		changed := s.changed
		s.mu.Unlock()
		if ok {
			return v
		}
		select {
		case <-changed:
		case <-late:
			s.t.Fatalf("waited %s in vain for %s", patience, what)
		}
	}
}

// nextID is an identifier that was not given before.
func (s *Server) nextID() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.serial++
	return strconv.Itoa(s.serial)
}

// messageID looks like those of an Android phone.
func (s *Server) messageID() string {
	n, _ := strconv.Atoi(s.nextID())
	return fmt.Sprintf("3EB0C0FFEE%022X", n)
}

// ask puts a question to the client and returns its answer.
func (l *line) ask(n wa.Node) (wa.Node, error) {
	answer, id := make(chan wa.Node, 1), l.server.nextID()
	l.server.change(func() { l.asked[id] = answer })
	n.Attrs["id"] = id
	if err := l.send(l.ctx, n); err != nil {
		return wa.Node{}, err
	}
	select {
	case a := <-answer:
		return a, nil
	case <-l.ctx.Done():
		return wa.Node{}, fmt.Errorf("the client hung up instead of answering: %w", l.ctx.Err())
	case <-time.After(patience):
		return wa.Node{}, fmt.Errorf("the client did not answer a question within %s", patience)
	}
}

// say sends what the client need not answer. A connection that breaks shows in its reader.
func (l *line) say(n wa.Node) { _ = l.send(l.ctx, n) }

// handle does what a client's stanza asks for.
func (l *line) handle(n *wa.Node) {
	switch n.Tag {
	case "iq":
		l.query(n)
	case "message":
		l.take(n)
	case "receipt":
		l.receipted(n)
	case "ack":
		l.acknowledged(n)
	case "presence":
		l.present(n)
	case "chatstate":
		l.typing(n)
	}
}

// text reads an attribute; absent is empty.
func text(n *wa.Node, name string) string {
	switch v := n.Attrs[name].(type) {
	case nil:
		return ""
	case string:
		return v
	default:
		return fmt.Sprint(v)
	}
}

func jid(n *wa.Node, name string) types.JID {
	j, _ := n.Attrs[name].(types.JID)
	return j
}

// content is what a child holds; absent is nil.
func content(n *wa.Node, path ...string) []byte {
	child := n.GetChildByTag(path...)
	switch v := child.Content.(type) {
	case []byte:
		return slices.Clone(v)
	case string:
		return []byte(v)
	}
	return nil
}

func now() int64 { return time.Now().Unix() }
