package whatsapptest_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/store/sqlstore"
	"go.mau.fi/whatsmeow/types/events"
	waLog "go.mau.fi/whatsmeow/util/log"
	"go.uber.org/goleak"
	_ "modernc.org/sqlite"

	"causeway/bridges/whatsappdevice/whatsapptest"
)

// TestMain finds what is left running, but for two habits of whatsmeow: it waits a minute for more history, and a reader that was hung up on while it
// held a frame waits for ever.
func TestMain(m *testing.M) {
	if reach, err := whatsapptest.FromEnvironment(); err != nil {
		panic(err)
	} else if reach != nil {
		if err := child(reach); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("go.mau.fi/whatsmeow.(*Client).handleHistorySyncNotificationLoop"),
		goleak.IgnoreTopFunction("go.mau.fi/whatsmeow/socket.(*FrameSocket).frameComplete"))
}

// patience is how long a test waits for what must come.
const patience = 30 * time.Second

// gateway is a plain whatsmeow client with a store that outlives it.
type gateway struct {
	*whatsmeow.Client
	t      *testing.T
	srv    *whatsapptest.Server
	stores *sqlstore.Container
	events chan any
	fails  chan struct{} // one entry for each message that the handler fails at
	stop   context.CancelFunc
}

func newGateway(t *testing.T, srv *whatsapptest.Server) *gateway {
	t.Helper()
	stores, db, err := openStores(t.Context(), filepath.Join(t.TempDir(), "device.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	g := &gateway{t: t, srv: srv, stores: stores, fails: make(chan struct{}, 100)}
	g.start()
	t.Cleanup(g.halt)
	return g
}

// start makes a client of what is stored, without connecting it.
func (g *gateway) start() {
	g.t.Helper()
	device, err := g.stores.GetFirstDevice(g.t.Context())
	if err != nil {
		g.t.Fatal(err)
	}
	g.Client = whatsmeow.NewClient(device, waLog.Noop)
	reach := g.srv.Client()
	g.SetPreLoginHTTPClient(reach)
	g.SetWebsocketHTTPClient(reach)
	g.SetMediaHTTPClient(reach)
	g.EnableDecryptedEventBuffer, g.SynchronousAck, g.UseRetryMessageStore = true, true, true
	g.BackgroundEventCtx, g.stop = context.WithCancel(context.Background())
	out := make(chan any, 1000)
	g.events = out
	g.AddEventHandlerWithSuccessStatus(func(e any) bool {
		if _, ok := e.(*events.Message); ok {
			select {
			case <-g.fails:
				return false
			default:
			}
		}
		out <- e
		return true
	})
}

// halt ends the client as the end of its process does.
func (g *gateway) halt() {
	g.Disconnect()
	g.stop()
}

// restart ends the client and starts another one on the same store.
func (g *gateway) restart() {
	g.t.Helper()
	g.halt()
	g.start()
	g.connect()
}

func (g *gateway) connect() {
	g.t.Helper()
	if err := g.Connect(); err != nil {
		g.t.Fatal(err)
	}
}

// pair links the gateway to a phone and waits until it is logged in.
func (g *gateway) pair(p *whatsapptest.Phone) {
	g.t.Helper()
	g.connect()
	if err := p.Scan(next[*events.QR](g).Codes[0]); err != nil {
		g.t.Fatal(err)
	}
	next[*events.Connected](g)
	p.Online()
}

// message is the next message with something in it: the keys of a group come as one without.
func (g *gateway) message() *events.Message {
	g.t.Helper()
	for {
		m := next[*events.Message](g)
		if (m.Message.GetSenderKeyDistributionMessage() == nil || m.Message.GetConversation() != "") && (m.Message.GetProtocolMessage() == nil || m.Info.Category != "peer") {
			return m
		}
	}
}

// next is the next event of a kind; others are passed over.
func next[T any](g *gateway) T {
	g.t.Helper()
	late := time.After(patience)
	for {
		select {
		case e := <-g.events:
			if v, ok := e.(T); ok {
				return v
			}
		case <-late:
			var none T
			g.t.Fatalf("waited %s in vain for a %T", patience, none)
		}
	}
}
