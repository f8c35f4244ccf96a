package sms

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"unicode"
)

// longestID is how much of a carrier's id is kept as it is.
const longestID = 200

// ShortID makes an id of the carrier's one that can be a key: what is very long, or cannot be written, is replaced by its hash.
func ShortID(id string) string {
	if id = strings.ToValidUTF8(strings.ReplaceAll(id, "\x00", ""), "\uFFFD"); len(id) <= longestID && !strings.ContainsFunc(id, unicode.IsControl) {
		return id
	}
	h := sha256.Sum256([]byte(id))
	return hex.EncodeToString(h[:])
}
