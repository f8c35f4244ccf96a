package whatsappcloud

import (
	"encoding/base64"
	"strings"
)

// maxWamid bounds what is decoded; real ids have about 60 characters.
const maxWamid = 512

// stanza returns WhatsApp's own message id inside a wamid, or "" if it is not of the known form. Both transports of WhatsApp share that id.
// The form is not documented: base64 of Thrift-compact bytes holding the other side's number or user id, a kind, whether the business sent
// it, and the id. Whatever deviates from it is left alone.
func stanza(wamid string) string {
	encoded, ok := strings.CutPrefix(wamid, "wamid.")
	if !ok || len(encoded) > maxWamid {
		return ""
	}
	raw, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(encoded, "="))
	if err != nil {
		return ""
	}
	b := thrift(raw)
	if !b.next(0x1c) {
		return ""
	}
	remote := b.text()
	if remote == "" || !b.next(0x15) || !b.skip() || !b.next(0x00) || !b.next(0x11) && !b.next(0x12) {
		return ""
	}
	id := b.text()
	if len(id) < 4 || !b.next(0x00) || len(b) != 0 {
		return ""
	}
	return id
}

// thrift is what is left to read.
type thrift []byte

// next takes the byte if it comes next.
func (t *thrift) next(want byte) bool {
	if len(*t) == 0 || (*t)[0] != want {
		return false
	}
	*t = (*t)[1:]
	return true
}

// skip takes a one-byte number.
func (t *thrift) skip() bool {
	if len(*t) == 0 || (*t)[0] >= 0x80 {
		return false
	}
	*t = (*t)[1:]
	return true
}

// text takes a field of text: its type, its length, its bytes, which must be plain letters, digits, dots or the like.
func (t *thrift) text() string {
	if !t.next(0x18) || len(*t) == 0 {
		return ""
	}
	n := int((*t)[0])
	if n == 0 || n >= 0x80 || n >= len(*t) {
		return ""
	}
	s := string((*t)[1 : 1+n])
	*t = (*t)[1+n:]
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c > '~' {
			return ""
		}
	}
	return s
}
