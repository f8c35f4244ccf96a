package mailroom

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// SendRaw hands a finished mail to the gateway over SMTP. A refusal is an error that wraps *smtp.SMTPError.
func (r *Room) SendRaw(ctx context.Context, from string, to []string, raw []byte) error {
	r.mu.Lock()
	addr := r.gateway
	r.mu.Unlock()
	if addr == "" {
		return errors.New("the mailroom does not know the gateway's SMTP address")
	}
	c, stop, err := r.dial(ctx, addr)
	if err != nil {
		return fmt.Errorf("reach the gateway at %s: %w", addr, err)
	}
	defer stop()
	if err := c.SendMail(from, to, bytes.NewReader(raw)); err != nil {
		return fmt.Errorf("hand the mail to the gateway: %w", err)
	}
	return c.Quit()
}

// dial connects and logs in; stop closes, also when ctx ends.
func (r *Room) dial(ctx context.Context, addr string) (*smtp.Client, func(), error) {
	conn, err := (&net.Dialer{Timeout: 10 * time.Second}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, nil, err
	}
	free := context.AfterFunc(ctx, func() { _ = conn.Close() })
	stop := func() { free(); _ = conn.Close() }
	c := smtp.NewClient(conn)
	if r.opts.GatewayTLS != nil {
		if c, err = smtp.NewClientStartTLS(conn, r.opts.GatewayTLS); err != nil {
			stop()
			return nil, nil, err
		}
	}
	if err := c.Hello("mail.example.com"); err != nil {
		stop()
		return nil, nil, err
	}
	if r.opts.GatewayUser != "" {
		if err := c.Auth(sasl.NewPlainClient("", r.opts.GatewayUser, r.opts.GatewayPassword)); err != nil {
			stop()
			return nil, nil, err
		}
	}
	return c, stop, nil
}

// newMessageID makes an id in the sender's domain, without brackets.
func newMessageID(address string) string {
	_, domain, _ := strings.Cut(address, "@")
	return strings.ToLower(rand.Text()) + "@" + domain
}
