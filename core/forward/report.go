package forward

import (
	"context"
	"encoding/hex"

	"causeway/core"
)

// Report mails an admin a text about a channel. What is mailed again under the same subject has the same Message-ID. An error says that it should be
// tried again; what the relay refuses for good is only logged.
func (f *Forwarder) Report(ctx context.Context, ch core.Channel, subject, text, to string) error {
	id := f.signer.sum(f.Key, []byte("report"), []byte(ch.ID), []byte(subject), []byte(to))
	p := page{Lang: "en", Dir: "ltr", Peek: subject}
	p.add(blockText, text)
	l := Letter{From: Address{f.ourName(), f.From.Address}, To: Address{Address: to}, Subject: subject, Date: f.Now(),
		MessageID: hex.EncodeToString(id[:16]) + "@" + f.Domain, Text: text, Headers: f.headers(ch, ch.Name)}
	if html, err := p.html(f.layout); err == nil {
		l.HTML = html
	}
	return f.mailAdmin(ctx, l)
}
