package ginapi

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	hidden      = "[secret]"
	excerptSize = 8 << 10 // bytes of a body that the channel log keeps
)

// hiddenKeys are the keys whose values are hidden in an address and in JSON. Providers put verify tokens, and some their secrets, there.
const hiddenKeys = `(?:hub\.)?verify_?token|[a-z_-]*token|[a-z_-]*secret|[a-z_-]*password|passwd|pass|api_?key|authorization|signature|sig|hmac|jwt`

// queryKeys are hidden in an address only, where a channel's settings may have its secret stand under them: in a body they mean something harmless.
const queryKeys = hiddenKeys + `|[a-z_-]*key|[a-z_-]*auth`

// Compiled once; never changed.
var (
	inQuery = regexp.MustCompile(`(?i)([?&;](?:` + queryKeys + `)=)[^&;\s]+`)
	inJSON  = regexp.MustCompile(`(?i)("(?:` + hiddenKeys + `)"\s*:\s*")(?:[^"\\]|\\.)*`)
	inForm  = regexp.MustCompile(`(?i)((?:^|&)(?:` + hiddenKeys + `)=)[^&\s]+`)
)

// redact takes secrets out of an address.
func redact(url string) string {
	return inQuery.ReplaceAllString(clean(url), "${1}"+hidden)
}

// head is the beginning of a body, and how long the body was.
type head struct {
	start []byte
	whole int
}

// headOf does not hold on to a long body: many of them wait for the channel log.
func headOf(body []byte) head {
	if len(body) <= excerptSize {
		return head{body, len(body)}
	}
	return head{bytes.Clone(body[:excerptSize]), len(body)}
}

// excerpt is the head of a body without secrets, as text that a database takes.
func excerpt(h head) string {
	body, whole := h.start, h.whole
	if whole == 0 {
		return ""
	}
	if binary(body) {
		return fmt.Sprintf("(%d bytes, not text)", whole)
	}
	text := clean(string(body))
	if suspicious(text) {
		text = inJSON.ReplaceAllString(text, "${1}"+hidden)
		text = inForm.ReplaceAllString(text, "${1}"+hidden)
	}
	if whole > excerptSize {
		text += fmt.Sprintf(" … (%d bytes in all)", whole)
	}
	return text
}

// stems are what every one of hiddenKeys holds at least one of.
var stems = []string{"token", "secret", "pass", "key", "authorization", "sig", "hmac", "jwt"}

// suspicious reports whether a text may hold a hidden key: most hold none, and need not be searched for where.
func suspicious(text string) bool {
	text = strings.ToLower(text)
	return slices.ContainsFunc(stems, func(s string) bool { return strings.Contains(text, s) })
}

func binary(body []byte) bool {
	cut := body
	for len(cut) > 0 && len(body)-len(cut) < utf8.UTFMax && !utf8.Valid(cut) {
		cut = cut[:len(cut)-1] // the cut may have torn a character
	}
	return bytes.IndexByte(body, 0) >= 0 || !utf8.Valid(cut)
}

func clean(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}
