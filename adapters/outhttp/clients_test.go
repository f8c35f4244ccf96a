package outhttp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"causeway/core"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve starts a server on the address and returns its host:port.
func serve(t *testing.T, ip string, h http.HandlerFunc) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", ip+":0")
	if err != nil {
		t.Skipf("cannot listen on %s here: %v", ip, err)
	}
	s := httptest.NewUnstartedServer(h)
	s.Listener.Close()
	s.Listener = l
	s.Start()
	t.Cleanup(s.Close)
	return l.Addr().String()
}

func client(t *testing.T, o Options, secrets ...core.Secret) *http.Client {
	t.Helper()
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c.For(core.Channel{ID: "ch"}, secrets)
}

func get(c *http.Client, address string) (string, error) {
	resp, err := c.Get(address)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return string(b), err
}

func port(address string) string { _, p, _ := net.SplitHostPort(address); return p }

func hello(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.UserAgent()) }

func TestAllowList(t *testing.T) {
	at := serve(t, "127.0.0.1", hello)
	loop := func(context.Context, string) ([]netip.Addr, error) {
		return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
	}
	cases := []struct {
		name  string
		allow []string
		url   string
		ok    bool
	}{
		{"nothing allowed", nil, at, false},
		{"host and port", []string{at}, at, true},
		{"another port", []string{"127.0.0.1:1"}, at, false},
		{"network", []string{"127.0.0.0/8"}, at, true},
		{"another network", []string{"10.0.0.0/8"}, at, false},
		{"name and port", []string{"Stand-In:" + port(at)}, "stand-in:" + port(at), true},
		{"name that leads to loopback", nil, "evil.example:" + port(at), false},
		{"another name", []string{"stand-in:" + port(at)}, "evil.example:" + port(at), false},
		{"mapped into IPv6", nil, "[::ffff:127.0.0.1]:" + port(at), false},
		{"unspecified", nil, "0.0.0.0:" + port(at), false},
		{"decimal", nil, "2130706433:" + port(at), false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			text, err := get(client(t, Options{Version: "1.2", Allow: c.allow, Lookup: loop}), "http://"+c.url)
			if c.ok {
				if err != nil || text != "Causeway/1.2" {
					t.Errorf("got %q, %v", text, err)
				}
				return
			}
			var p *core.Problem
			if !errors.As(err, &p) || p.Code != core.CodeForbidden || !strings.Contains(p.Remedy, "allow_private") {
				t.Errorf("got %q, %v; want it refused with the remedy", text, err)
			}
		})
	}
}

func TestAllowListIsChecked(t *testing.T) {
	for _, a := range []string{"", "localhost", ":80", "host:", "10.0.0.0/99", "http://x"} {
		if _, err := New(Options{Allow: []string{a}}); core.CodeOf(err) != core.CodeInvalid {
			t.Errorf("%q: got %v, want a problem", a, err)
		}
	}
}

func TestPublic(t *testing.T) {
	cases := map[string]bool{
		"8.8.8.8": true, "157.240.1.1": true, "2a03:2880:f003::1": true, "::ffff:8.8.8.8": true, "64:ff9b::808:808": true,
		"127.0.0.1": false, "127.9.9.9": false, "10.1.2.3": false, "172.16.0.1": false, "172.31.255.255": false, "192.168.1.1": false, "169.254.169.254": false,
		"0.0.0.0": false, "0.1.2.3": false, "100.64.0.1": false, "224.0.0.1": false, "239.1.1.1": false, "255.255.255.255": false, "250.1.1.1": false,
		"198.18.0.1": false, "192.0.2.1": false, "::": false, "::1": false, "fe80::1": false, "fe80::1%eth0": false, "fc00::1": false, "fd12::1": false,
		"ff02::1": false, "::ffff:127.0.0.1": false, "::ffff:10.0.0.1": false, "::ffff:169.254.169.254": false, "64:ff9b::7f00:1": false,
		"64:ff9b::a9fe:a9fe": false, "64:ff9b:1::1": false, "2002:7f00:1::": false, "2001:db8::1": false, "2001::1": false, "::127.0.0.1": false, "fec0::1": false,
	}
	for a, want := range cases {
		if got := public(netip.MustParseAddr(a)); got != want {
			t.Errorf("public(%s) = %v, want %v", a, got, want)
		}
	}
	if public(netip.Addr{}) {
		t.Error("no address counts as public")
	}
}

// TestRebinding lets 127.0.0.2 stand for a public address: the name leads there when it is looked up first and to 127.0.0.1 then.
func TestRebinding(t *testing.T) {
	good := serve(t, "127.0.0.2", func(w http.ResponseWriter, r *http.Request) { w.Header().Set("Connection", "close"); hello(w, r) })
	lookups := 0
	c := client(t, Options{Allow: []string{"127.0.0.2/32"}, Lookup: func(context.Context, string) ([]netip.Addr, error) {
		lookups++
		return []netip.Addr{netip.MustParseAddr(map[bool]string{true: "127.0.0.2", false: "::ffff:127.0.0.1"}[lookups == 1])}, nil
	}})
	if _, err := get(c, "http://rebind.example:"+port(good)); err != nil {
		t.Fatal(err)
	}
	if text, err := get(c, "http://rebind.example:"+port(good)); core.CodeOf(err) != core.CodeForbidden {
		t.Errorf("got %q, %v; want it refused", text, err)
	}
	if lookups != 2 {
		t.Errorf("%d lookups; the address looked at must be the address dialed", lookups)
	}
}

func TestMixedAnswerOfTheResolver(t *testing.T) {
	at := serve(t, "127.0.0.2", hello)
	c := client(t, Options{Allow: []string{"127.0.0.2/32"}, Lookup: func(context.Context, string) ([]netip.Addr, error) {
		return []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("127.0.0.2")}, nil
	}})
	if text, err := get(c, "http://mixed.example:"+port(at)); err != nil || text == "" {
		t.Errorf("got %q, %v; want the one allowed address used", text, err)
	}
}

func TestDeadAddressFirst(t *testing.T) {
	at := serve(t, "127.0.0.2", hello) // nobody listens on that port of 127.0.0.3
	c := client(t, Options{Allow: []string{"127.0.0.0/8"}, Lookup: func(context.Context, string) ([]netip.Addr, error) {
		return []netip.Addr{netip.MustParseAddr("127.0.0.3"), netip.MustParseAddr("127.0.0.2")}, nil
	}})
	if text, err := get(c, "http://two.example:"+port(at)); err != nil || text == "" {
		t.Errorf("got %q, %v; want the second address tried", text, err)
	}
}

func TestUnknownName(t *testing.T) {
	c := client(t, Options{Lookup: func(_ context.Context, host string) ([]netip.Addr, error) {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}})
	_, err := get(c, "https://nowhere.example/")
	var dns *net.DNSError
	if !errors.As(err, &dns) || !dns.IsNotFound {
		t.Errorf("got %v, want the resolver's error", err)
	}
}

func TestRedirects(t *testing.T) {
	var seen http.Header
	end := serve(t, "127.0.0.2", func(w http.ResponseWriter, r *http.Request) { seen = r.Header.Clone(); fmt.Fprint(w, "end") })
	closed := serve(t, "127.0.0.1", hello)
	start := serve(t, "127.0.0.3", func(w http.ResponseWriter, r *http.Request) {
		switch path, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/"); path {
		case "loop":
			http.Redirect(w, r, "/loop/", http.StatusFound)
		case "hop":
			http.Redirect(w, r, "/"+rest, http.StatusFound)
		case "other":
			http.Redirect(w, r, "http://"+end+"/", http.StatusTemporaryRedirect)
		case "inside":
			http.Redirect(w, r, "http://"+closed+"/", http.StatusFound)
		case "file":
			http.Redirect(w, r, "file:///etc/passwd", http.StatusFound)
		default:
			seen = r.Header.Clone()
			fmt.Fprint(w, "here")
		}
	})
	c := client(t, Options{Allow: []string{end, start}}, core.NewSecret("s3cr3t-value"))
	call := func(method, path, content string) (string, error) {
		seen = nil
		var body io.Reader
		if content != "" {
			body = strings.NewReader(content)
		}
		r, _ := http.NewRequestWithContext(t.Context(), method, "http://"+start+path+"?access_token=s3cr3t-value", body)
		r.Header.Set("Authorization", "Bearer s3cr3t-value")
		r.Header.Set("X-Custom", "is s3cr3t-value")
		r.Header.Set("X-Harmless", "yes")
		resp, err := c.Do(r)
		if err != nil {
			return "", err
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		return string(b), err
	}
	t.Run("three hops on the same host keep the credentials", func(t *testing.T) {
		text, err := call("GET", "/hop/hop/hop/x", "")
		if err != nil || text != "here" || seen.Get("Authorization") == "" || seen.Get("Referer") != "" {
			t.Errorf("got %q, %v, %v", text, err, seen)
		}
	})
	t.Run("another host gets no credentials", func(t *testing.T) {
		text, err := call("GET", "/hop/other", "")
		if err != nil || text != "end" || strings.Contains(fmt.Sprint(seen), "s3cr3t") || seen.Get("X-Harmless") != "yes" {
			t.Errorf("got %q, %v, %v", text, err, seen)
		}
	})
	for name, a := range map[string][3]string{
		"four hops": {"GET", "/hop/hop/hop/hop/x", ""}, "a loop": {"GET", "/loop", ""}, "loopback": {"GET", "/inside", ""}, "a file": {"GET", "/file", ""},
		"a body to another host": {"POST", "/other", "text"},
	} {
		t.Run(name+" is refused", func(t *testing.T) {
			if text, err := call(a[0], a[1], a[2]); core.CodeOf(err) != core.CodeForbidden || seen != nil {
				t.Errorf("got %q, %v", text, err)
			}
		})
	}
}

func TestDowngradeIsRefused(t *testing.T) {
	c, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	to := &http.Request{Method: "GET", URL: &url.URL{Scheme: "http", Host: "a.example"}, Header: http.Header{}}
	from := &http.Request{URL: &url.URL{Scheme: "https", Host: "a.example"}}
	if err := c.follow(nil)(to, []*http.Request{from}); core.CodeOf(err) != core.CodeForbidden {
		t.Errorf("got %v", err)
	}
}

func TestHugeBody(t *testing.T) {
	for name, announced := range map[string]bool{"announced": true, "not announced": false} {
		t.Run(name, func(t *testing.T) {
			at := serve(t, "127.0.0.1", func(w http.ResponseWriter, _ *http.Request) {
				if announced {
					w.Header().Set("Content-Length", "2000")
				}
				for range 20 {
					fmt.Fprint(w, strings.Repeat("x", 100))
					w.(http.Flusher).Flush()
				}
			})
			text, err := get(client(t, Options{Allow: []string{at}, MaxBody: 1000}), "http://"+at)
			if core.CodeOf(err) != core.CodeTooLarge || len(text) > 1000 {
				t.Errorf("got %d bytes, %v; want it too large", len(text), err)
			}
			if text, err := get(client(t, Options{Allow: []string{at}, MaxBody: 2000}), "http://"+at); err != nil || len(text) != 2000 {
				t.Errorf("at the limit: got %d bytes, %v", len(text), err)
			}
		})
	}
}

func TestSlow(t *testing.T) {
	cases := []struct {
		name string
		opts Options
		head bool // the answer begins
		want error
	}{
		{"no answer", Options{Answer: 50 * time.Millisecond}, false, nil},
		{"a body that stops", Options{Stall: 50 * time.Millisecond}, true, errStalled},
		{"a body that never ends", Options{Whole: 100 * time.Millisecond}, true, errTooLong},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			release := make(chan struct{})
			at := serve(t, "127.0.0.1", func(w http.ResponseWriter, r *http.Request) {
				if c.head {
					fmt.Fprint(w, "begin")
					w.(http.Flusher).Flush()
				}
				select {
				case <-release:
				case <-r.Context().Done():
				}
			})
			defer close(release)
			c.opts.Allow = []string{at}
			text, err := get(client(t, c.opts), "http://"+at)
			if err == nil || c.want != nil && !errors.Is(err, c.want) {
				t.Errorf("got %q, %v; want %v", text, err, c.want)
			}
		})
	}
}

func TestCancelledByTheCaller(t *testing.T) {
	at := serve(t, "127.0.0.1", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r, _ := http.NewRequestWithContext(ctx, "GET", "http://"+at, nil)
	resp, err := client(t, Options{Allow: []string{at}}).Do(r)
	if err == nil {
		resp.Body.Close()
	}
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// TestRefuses: what would never be called is known before.
func TestRefuses(t *testing.T) {
	c, err := New(Options{Allow: []string{"10.1.0.0/16", "crm.internal:8080"}, Lookup: func(_ context.Context, host string) ([]netip.Addr, error) {
		at := map[string][]string{"crm.internal": {"192.168.1.1"}, "crm.example": {"192.0.32.8", "127.0.0.1"}, "own.example": {"127.0.0.1", "::1"}}[host]
		if at == nil {
			return nil, errors.New("no such host")
		}
		var all []netip.Addr
		for _, a := range at {
			all = append(all, netip.MustParseAddr(a))
		}
		return all, nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for address, want := range map[string]bool{"https://crm.example/": false, "https://own.example/x": true, "http://10.1.2.3/": false, "http://10.2.2.3/": true, "http://[::1]:80/": true,
		"http://crm.internal:8080/": false, "http://crm.internal/": true, "https://nowhere.example": false} {
		if err := c.Refuses(t.Context(), address); (err != nil) != want || want && !strings.Contains(err.Error(), "allow_private") {
			t.Errorf("%s: %v", address, err)
		}
	}
}
