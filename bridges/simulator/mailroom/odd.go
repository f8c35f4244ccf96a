package mailroom

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// AutoReply answers as an out-of-office program does, with the null sender.
func (b *Mailbox) AutoReply(ctx context.Context, m Mail, text string) (Mail, error) {
	null := ""
	return b.Reply(ctx, m, text, ReplyOptions{
		Client: PlainText, NoQuote: true, Sender: &null,
		Headers: [][2]string{
			{"Auto-Submitted", "auto-replied (vacation)"}, {"X-Auto-Response-Suppress", "All"}, {"Precedence", "bulk"},
		},
	})
}

// Forge answers in somebody else's name.
func (b *Mailbox) Forge(ctx context.Context, m Mail, from Address, text string) (Mail, error) {
	return b.Reply(ctx, m, text, ReplyOptions{From: from})
}

// ReplyAllOdd sends one answer of every kind that must not reach a customer: an autoreply, a bounce and a
// forgery. It returns what the gateway said to each, in this order; nil is "taken".
func (b *Mailbox) ReplyAllOdd(ctx context.Context, m Mail) [3]error {
	_, auto := b.AutoReply(ctx, m, "I am out of office until Monday.")
	bounce := b.Bounce(ctx, m, 550, "5.2.2", "mailbox is full")
	_, forged := b.Forge(ctx, m, Address{"Mallory", "mallory@elsewhere.example"}, "Send the goods to me.")
	return [3]error{auto, bounce, forged}
}

// Bounce returns a mail to its envelope sender with a delivery status notification.
func (b *Mailbox) Bounce(ctx context.Context, m Mail, code int, status, reason string) error {
	if m.Sender == "" {
		return errors.New("a mail with the null sender is never bounced")
	}
	raw := b.dsn(m, code, status, reason)
	return b.room.SendRaw(ctx, "", []string{m.Sender}, raw)
}

func (b *Mailbox) dsn(m Mail, code int, status, reason string) []byte {
	const edge = "----=_dsn_7f3a"
	now := b.room.opts.Now()
	_, domain, _ := strings.Cut(b.address, "@")
	header, _, _ := bytes.Cut(m.Raw, []byte("\r\n\r\n"))
	var out bytes.Buffer
	line := func(format string, args ...any) { fmt.Fprintf(&out, format+"\r\n", args...) }
	line("Return-Path: <>")
	line("From: Mail Delivery System <MAILER-DAEMON@%s>", domain)
	line("To: <%s>", m.Sender)
	line("Subject: Undelivered Mail Returned to Sender")
	line("Date: %s", now.Format(time.RFC1123Z))
	line("Message-Id: <%s>", newMessageID("x@"+domain))
	line("Auto-Submitted: auto-replied")
	line("Mime-Version: 1.0")
	line("Content-Type: multipart/report; report-type=delivery-status; boundary=%q\r\n", edge)
	line("--%s\r\nContent-Type: text/plain; charset=utf-8\r\n", edge)
	line("Your message to <%s> could not be delivered: %s\r\n", m.Recipient, reason)
	line("--%s\r\nContent-Type: message/delivery-status\r\n", edge)
	line("Reporting-MTA: dns; mx.%s\r\nArrival-Date: %s\r\n", domain, now.Format(time.RFC1123Z))
	line("Final-Recipient: rfc822; %s\r\nAction: failed\r\nStatus: %s\r\nDiagnostic-Code: smtp; %d %s %s\r\n",
		m.Recipient, status, code, status, reason)
	line("--%s\r\nContent-Type: text/rfc822-headers\r\n", edge)
	line("%s\r\n", header)
	line("--%s--", edge)
	return out.Bytes()
}
