package mail

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"causeway/core"
	"causeway/core/forward"
)

// arrival is a mail that a test's receiver got.
type arrival struct {
	env forward.Envelope
	raw []byte
}

// inbox is what a test's receiver delivers to.
type inbox struct {
	mu    sync.Mutex
	mails []arrival
	fail  func(env forward.Envelope) error
}

func (b *inbox) deliver(_ context.Context, env forward.Envelope, raw []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fail != nil {
		if err := b.fail(env); err != nil {
			return err
		}
	}
	b.mails = append(b.mails, arrival{env, raw})
	return nil
}

func (b *inbox) got() []arrival {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]arrival(nil), b.mails...)
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// serve runs a receiver on loopback until the test ends and returns its address.
func serve(t testing.TB, opts ReceiverOptions) (string, *inbox) {
	t.Helper()
	box := &inbox{}
	opts.Domain, opts.Log = "bridge.example", quiet()
	if opts.Accept == nil {
		opts.Accept = func(context.Context, forward.Envelope) error { return nil }
	}
	if opts.Deliver == nil {
		opts.Deliver = box.deliver
	}
	r, err := NewReceiver(opts)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.Serve(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	return l.Addr().String(), box
}

// certificate makes a server certificate for 127.0.0.1 and the roots that trust it.
func certificate(t testing.TB) (server, client *tls.Config) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, _ := x509.ParseCertificate(der)
	roots := x509.NewCertPool()
	roots.AddCert(cert)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, &tls.Config{RootCAs: roots}
}

// dkimPair makes a key and its DNS record.
func dkimPair(t testing.TB, kind string) (DKIM, string) {
	t.Helper()
	var key crypto.Signer
	var record string
	if kind == "rsa" {
		k, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			t.Fatal(err)
		}
		pub, _ := x509.MarshalPKIXPublicKey(k.Public())
		key, record = k, "v=DKIM1; k=rsa; p="+base64.StdEncoding.EncodeToString(pub)
	} else {
		pub, k, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		key, record = k, "v=DKIM1; k=ed25519; p="+base64.StdEncoding.EncodeToString(pub)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	_ = pem.Encode(&b, &pem.Block{Type: "PRIVATE KEY", Bytes: der})
	return DKIM{Domain: "bridge.example", Selector: kind, Key: core.NewSecret(b.String())}, record
}

// zone is a DNS of TXT records alone.
type zone map[string]string

func (z zone) LookupTXT(_ context.Context, name string) ([]string, error) {
	if v, ok := z[name]; ok {
		return []string{v}, nil
	}
	return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}
func (z zone) LookupMX(_ context.Context, name string) ([]*net.MX, error) {
	return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}
func (z zone) LookupIPAddr(_ context.Context, name string) ([]net.IPAddr, error) {
	return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}
func (z zone) LookupAddr(_ context.Context, name string) ([]string, error) {
	return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}

var loopbackAddr = netip.MustParseAddr("127.0.0.1")
