package forward

import (
	"context"
	"encoding/hex"
	"errors"

	"causeway/core"
)

// Report mails admins a text about a channel. The same text mailed again has the same Message-ID.
func (f *Forwarder) Report(ctx context.Context, ch core.Channel, subject, text string, to []string) error {
	var failed error
	for _, address := range to {
		id := f.signer.sum(f.Key, []byte("report"), []byte(ch.ID), []byte(subject), []byte(text), []byte(address))
		p := page{Lang: "en", Dir: "ltr", Peek: subject}
		p.add(blockText, text)
		l := Letter{From: Address{f.ourName(), f.From.Address}, To: Address{Address: address}, Subject: subject, Date: f.Now(),
			MessageID: hex.EncodeToString(id[:16]) + "@" + f.Domain, Text: text, Headers: f.headers(ch, ch.Name)}
		if html, err := p.html(f.layout); err == nil {
			l.HTML = html
		}
		failed = errors.Join(failed, f.send(ctx, l))
	}
	return failed
}
