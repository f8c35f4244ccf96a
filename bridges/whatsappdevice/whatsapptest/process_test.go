package whatsapptest_test

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/store/sqlstore"
	"go.mau.fi/whatsmeow/types/events"
	waLog "go.mau.fi/whatsmeow/util/log"

	"causeway/bridges/whatsappdevice/whatsapptest"
)

// storeVariable tells a child where its device lies, hangVariable that it must not come to an end with a message.
const (
	storeVariable = "WHATSAPPTEST_STORE"
	hangVariable  = "WHATSAPPTEST_HANG"
)

// child is a process that knows of the server only what stands in its environment: it says what it shows and what it gets.
func child(reach *http.Client) error {
	ctx := context.Background()
	stores, db, err := openStores(ctx, os.Getenv(storeVariable))
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	device, err := stores.GetFirstDevice(ctx)
	if err != nil {
		return err
	}
	c := whatsmeow.NewClient(device, waLog.Noop)
	c.SetPreLoginHTTPClient(reach)
	c.SetWebsocketHTTPClient(reach)
	c.SynchronousAck, c.EnableDecryptedEventBuffer = true, true
	c.AddEventHandlerWithSuccessStatus(func(e any) bool {
		switch e := e.(type) {
		case *events.QR:
			fmt.Println("code", e.Codes[0])
		case *events.Message:
			if words := e.Message.GetConversation(); words != "" {
				fmt.Println("message", words)
				if os.Getenv(hangVariable) != "" {
					select {}
				}
			}
		}
		return true
	})
	if err := c.Connect(); err != nil {
		return err
	}
	_, err = bufio.NewReader(os.Stdin).ReadString('\n') // until it is told to end, or the test is gone
	c.Disconnect()
	return err
}

func openStores(ctx context.Context, path string) (*sqlstore.Container, *sql.DB, error) {
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=foreign_keys(1)&_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_txlock=immediate")
	if err != nil {
		return nil, nil, err
	}
	stores := sqlstore.NewWithDB(db, "sqlite", waLog.Noop)
	return stores, db, stores.Upgrade(ctx)
}

// process starts a child and returns what reads the rest of a line that begins with a word, and what kills it.
func process(t *testing.T, srv *whatsapptest.Server, store, hang string) (says func(word string) string, kill func()) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0]) //nolint:gosec // ourselves
	cmd.Env, cmd.Stderr = append(os.Environ(), srv.Environ(), storeVariable+"="+store, hangVariable+"="+hang), os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	says = func(word string) string {
		t.Helper()
		for lines.Scan() {
			if rest, ok := strings.CutPrefix(lines.Text(), word+" "); ok {
				return rest
			}
		}
		t.Fatalf("the process ended without a word of %q: %v", word, lines.Err())
		return ""
	}
	kill = func() { _, _ = cmd.Process.Kill(), in.Close(); _ = cmd.Wait() }
	t.Cleanup(kill)
	return says, kill
}

func TestOtherProcess(t *testing.T) {
	srv := whatsapptest.New(t)
	phone, ana := srv.Phone("+491511234567"), srv.Contact("+6591234567")
	store := filepath.Join(t.TempDir(), "device.db")
	says, kill := process(t, srv, store, "yes")
	if err := phone.Scan(says("code")); err != nil {
		t.Fatal(err)
	}
	phone.Online()
	ana.Text("before the crash")
	if got := says("message"); got != "before the crash" {
		t.Errorf("the process got %q", got)
	}
	kill()
	phone.Offline()
	ana.Text("while it was away")
	says, _ = process(t, srv, store, "")
	for _, words := range []string{"before the crash", "while it was away"} {
		if got := says("message"); got != words {
			t.Errorf("after the crash the process got %q, want %q", got, words)
		}
	}
	phone.Settled()
}
