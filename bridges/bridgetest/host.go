package bridgetest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"causeway/core"
)

// Host is a double of the gateway. The zero value is not usable; make one with NewHost. It may be used from many goroutines.
type Host struct {
	mu     sync.Mutex
	events []core.Event
	tried  int
	health []core.Health
	values map[string][]byte
	files  map[core.MediaID][]byte
	told   []string
	stands map[core.IdentityKey]core.Standing
	typing []core.IdentityKey
	safe   *Safe
	now    time.Time
	log    lockedBuffer
	client *http.Client

	// EmitError, if set, is what Emit returns instead of storing.
	EmitError error
}

var _ core.Host = (*Host)(nil)

// NewHost makes a Host whose client reaches loopback addresses only.
func NewHost(t testing.TB) *Host {
	h := &Host{values: map[string][]byte{}, files: map[core.MediaID][]byte{}, stands: map[core.IdentityKey]core.Standing{}, safe: &Safe{}, now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = nil
	h.client = &http.Client{Transport: localOnly{transport}, Timeout: 10 * time.Second}
	t.Cleanup(transport.CloseIdleConnections)
	return h
}

// localOnly lets no test leave the machine.
type localOnly struct{ next http.RoundTripper }

func (l localOnly) RoundTrip(r *http.Request) (*http.Response, error) {
	switch r.URL.Hostname() {
	case "127.0.0.1", "localhost", "::1":
		return l.next.RoundTrip(r)
	}
	if r.Body != nil {
		r.Body.Close()
	}
	return nil, fmt.Errorf("a test must not call %s", r.URL.Hostname())
}

// Emit implements core.Host.
func (h *Host) Emit(_ context.Context, events ...core.Event) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.tried++
	if h.EmitError != nil {
		return h.EmitError
	}
	h.events = append(h.events, events...)
	return nil
}

// Tried returns how often Emit was called, whatever it answered.
func (h *Host) Tried() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.tried
}

// Events returns what was emitted so far.
func (h *Host) Events() []core.Event {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]core.Event(nil), h.events...)
}

// Health implements core.Host.
func (h *Host) Health(_ context.Context, health core.Health) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.health = append(h.health, health)
}

// Healths returns what was reported so far.
func (h *Host) Healths() []core.Health {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]core.Health(nil), h.health...)
}

// Load implements core.Host.
func (h *Host) Load(_ context.Context, key string) ([]byte, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return bytes.Clone(h.values[key]), nil
}

// Save implements core.Host.
func (h *Host) Save(_ context.Context, key string, value []byte) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.values[key] = bytes.Clone(value)
	return nil
}

// SaveUntil implements core.Host. The value is not forgotten while a test runs.
func (h *Host) SaveUntil(ctx context.Context, key string, value []byte, _ time.Time) error {
	return h.Save(ctx, key, value)
}

// Update implements core.Host.
func (h *Host) Update(ctx context.Context, key string, change func(old []byte) ([]byte, error)) error {
	for {
		old, _ := h.Load(ctx, key)
		value, err := change(bytes.Clone(old))
		if err != nil || value == nil {
			return err
		}
		if h.swap(key, old, value) {
			return nil
		}
	}
}

func (h *Host) swap(key string, old, value []byte) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if now, there := h.values[key]; there != (old != nil) || !bytes.Equal(now, old) {
		return false
	}
	h.values[key] = bytes.Clone(value)
	return true
}

// Tell implements core.Host. The words are kept for Told.
func (h *Host) Tell(word string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.told = append(h.told, word)
}

// Told returns what the link told other nodes, and forgets it.
func (h *Host) Told() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	told := h.told
	h.told = nil
	return told
}

// Typing implements core.Host.
func (h *Host) Typing(_ context.Context, k core.IdentityKey) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.typing = append(h.typing, k)
	return nil
}

// Typed returns who was reported to be writing, and forgets it.
func (h *Host) Typed() []core.IdentityKey {
	h.mu.Lock()
	defer h.mu.Unlock()
	typed := h.typing
	h.typing = nil
	return typed
}

// Stand sets how things stand with a person.
func (h *Host) Stand(k core.IdentityKey, s core.Standing) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.stands[k] = s
}

// Standing implements core.Host.
func (h *Host) Standing(_ context.Context, k core.IdentityKey) (core.Standing, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.stands[k], nil
}

// PutFile makes a file that Open serves.
func (h *Host) PutFile(id core.MediaID, data []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.files[id] = data
}

// Open implements core.Host.
func (h *Host) Open(_ context.Context, id core.MediaID) (io.ReadCloser, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	data, ok := h.files[id]
	if !ok {
		return nil, core.NotFound("file")
	}
	return io.NopCloser(bytes.NewReader(data)), nil
}

// HTTP implements core.Host.
func (h *Host) HTTP() *http.Client { return h.client }

// Dial implements core.Host. It reaches loopback addresses, refuses others, and knows no names.
func (h *Host) Dial(ctx context.Context, address string) (net.Conn, error) {
	host, _, _ := net.SplitHostPort(address)
	ip := net.ParseIP(host)
	switch {
	case host == "localhost" || ip.IsLoopback():
		return (&net.Dialer{}).DialContext(ctx, "tcp", address)
	case ip == nil:
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	default:
		return nil, core.Problemf(core.CodeForbidden, "The address %s is not on the public internet.", address).Remedied("Allow it.")
	}
}

// Log implements core.Host. What is logged, debug lines included, is in Logged.
func (h *Host) Log() *slog.Logger {
	return slog.New(slog.NewTextHandler(&h.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// Logged returns everything logged so far.
func (h *Host) Logged() string { return h.log.String() }

// Now implements core.Host.
func (h *Host) Now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

// SetNow moves the clock.
func (h *Host) SetNow(at time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = at
}

// lockedBuffer is a buffer for many goroutines.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// Leaks returns the names of the secrets that occur in any of the values, however these are printed.
func Leaks(settings core.Settings, values ...any) []string {
	var all strings.Builder
	for _, v := range values {
		fmt.Fprintf(&all, "%v %+v %#v %s\n", v, v, v, jsonOf(v))
		if err, ok := v.(error); ok && err != nil {
			all.WriteString(err.Error() + "\n")
		}
	}
	var names []string
	for name, s := range settings.Secrets {
		if v := s.Reveal(); v != "" && strings.Contains(all.String(), v) {
			names = append(names, name)
		}
	}
	return names
}
