package mail

import (
	"crypto/sha256"
	"encoding/hex"
	netmail "net/mail"
	"strings"
	"time"

	"causeway/core"
	"causeway/core/forward"
)

// Parse reads a raw mail and is the forward.Parser. It takes a mail as mail programs take it, not as the standards want it: broken header
// lines are skipped, missing boundaries assumed, unknown encodings read as they stand. Files share no memory with raw unless their transfer
// encoding is the identity; raw must not be changed while the result is used.
//
// The Text of a mail that mixes HTML parts with plain ones that are no alternative to them (a signature added by a mailing list) is left
// empty and its HTML holds both, so that neither is taken for the whole. A detached signature (S/MIME, PGP) is not among the files, but Signed; what a signature packs up is read like what it
// stands beside.
func Parse(raw []byte) (forward.Incoming, error) {
	raw = front(raw)
	root, err := split(raw)
	if err != nil {
		return forward.Incoming{}, err
	}
	if len(root.header) == 0 {
		return forward.Incoming{}, core.Problemf(core.CodeInvalid, "This is not a mail: it has no header.")
	}
	in := envelope(root.header)
	in.Type = root.media
	b := bodies{raw: raw}
	b.walk(root, place{first: true})
	in.Text, in.HTML, in.Files = b.finish()
	in.Signed = b.signed
	if in.MessageID == "" {
		in.MessageID = hashID(root.header, raw[root.start:])
	}
	return in, nil
}

var _ forward.Parser = Parse

// envelope fills everything that comes from the header.
func envelope(h fields) forward.Incoming {
	in := forward.Incoming{
		Subject:    decodeWords(h.get("Subject")),
		Date:       parseDate(h.get("Date")),
		InReplyTo:  messageIDs(h.all("In-Reply-To")),
		References: messageIDs(h.all("References")),
		Header:     decodedHeader(h),
	}
	for _, value := range h.all("From") {
		in.FromFields++
		in.From = append(in.From, parseAddresses(value)...)
	}
	for _, name := range []string{"To", "Cc", "Delivered-To", "X-Original-To", "Envelope-To"} {
		for _, value := range h.all(name) {
			for _, a := range parseAddresses(value) {
				in.Recipients = append(in.Recipients, a.Address)
			}
		}
	}
	if ids := messageIDs(h.all("Message-Id")); len(ids) > 0 {
		in.MessageID = printable(ids[0])
	} else {
		in.MessageID = strings.Trim(printable(h.get("Message-Id")), "<> ")
	}
	return in
}

// parseDate returns the zero time for what cannot be read.
func parseDate(value string) time.Time {
	value = strings.TrimSpace(value)
	if t, err := netmail.ParseDate(value); err == nil {
		return t
	}
	if i := strings.IndexByte(value, '('); i > 0 {
		value = strings.TrimSpace(value[:i])
	}
	for _, layout := range []string{
		"Mon, 2 Jan 2006 15:04:05 MST-0700", "Mon, 2 Jan 2006 15:04:05 GMT-07:00", "Mon, 2 Jan 2006 15:04:05 -07:00", "2 Jan 2006 15:04:05 -07:00",
		"Mon, 2 Jan 2006 15:04:05", "2 Jan 2006 15:04:05", "Mon Jan 2 15:04:05 2006", "Mon Jan 2 15:04:05 MST 2006", time.RFC3339, "2006-01-02 15:04:05",
	} {
		if t, err := time.Parse(layout, value); err == nil {
			return t
		}
	}
	return time.Time{}
}

// hashID names a mail that brings no Message-ID. The same mail gets the same id when it comes again.
func hashID(h fields, body []byte) string {
	sum := sha256.New()
	for _, name := range []string{"Date", "From", "Subject"} {
		sum.Write([]byte(h.get(name) + "\n"))
	}
	sum.Write(body)
	return hex.EncodeToString(sum.Sum(nil)[:16]) + "@no-message-id.invalid"
}
