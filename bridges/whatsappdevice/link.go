package whatsappdevice

import (
	"context"
	"net"
	"net/http"
	"time"

	"causeway/core"
)

// client is how whatsmeow calls WhatsApp: over the host's guarded dialer, without its log, for sockets and encrypted files are nothing to read in it.
// With a stand-in all calls go there, without TLS: the Noise handshake still proves who answers, and files are encrypted by themselves.
func client(h core.Host, standIn string) *http.Client {
	t := &http.Transport{DialContext: func(ctx context.Context, _, address string) (net.Conn, error) {
		if standIn != "" {
			address = standIn
		}
		return h.Dial(ctx, address)
	}, ForceAttemptHTTP2: false, TLSHandshakeTimeout: 10 * time.Second, IdleConnTimeout: time.Minute}
	if standIn != "" {
		t.DialTLSContext = t.DialContext
	}
	return &http.Client{Transport: t}
}
