package mail

import (
	"bytes"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/emersion/go-message/charset"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
)

// decodeText turns bytes of a declared charset into UTF-8. It never fails: labels lie, so valid UTF-8 wins over a declared single-byte
// charset, and bytes without a usable label are guessed. A mark of the byte order is no text.
func decodeText(b []byte, declared string) string {
	return strings.TrimPrefix(decoded(b, declared), "\uFEFF")
}

func decoded(b []byte, declared string) string {
	label := normalCharset(declared)
	switch {
	case label == "utf-7":
		return decodeUTF7(b)
	case statefulCharset(label) && (isASCII(b) || !strings.HasPrefix(label, "iso-2022-")): // which are of seven bits
		if s, ok := decodeAs(b, label); ok {
			return s
		}
	case bytes.Contains(b, []byte("\x1b$B")) && isASCII(b): // nobody else writes that
		s, _ := decodeAs(b, "iso-2022-jp")
		return s
	case isASCII(b):
		return string(b)
	case multiByteCharset(label):
		if s, ok := decodeAs(b, label); ok && !strings.ContainsRune(s, utf8.RuneError) {
			return s
		}
	}
	if utf8.Valid(b) {
		return string(b)
	}
	if s, ok := decodeUTF8Mostly(b, label); ok {
		return s
	}
	guess, best := guessCharset(b)
	if label != "" && label != "us-ascii" && label != "utf-8" {
		if s, ok := decodeAs(b, label); ok && (best < sensible || sense(s) > best-amiss) {
			return s
		}
	}
	s, _ := guess.NewDecoder().Bytes(b)
	return string(s)
}

// A label is taken for wrong where another charset makes sense of the bytes, and much more than its own.
const sensible, amiss = 0.5, 0.2

// decodeUTF8Mostly keeps text that says it is UTF-8 and nearly is: cut inside a character, or with a few stray bytes.
func decodeUTF8Mostly(b []byte, label string) (string, bool) {
	if label != "utf-8" {
		return "", false
	}
	var good, bad int
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			bad++
		case n > 1:
			good++
		}
		i += n
	}
	return strings.ToValidUTF8(string(b), "\uFFFD"), bad*3 <= good
}

func normalCharset(label string) string {
	label = strings.ToLower(strings.Trim(label, " \t\"'"))
	label, _, _ = strings.Cut(strings.TrimPrefix(label, "x-"), " ") // a forgotten semicolon
	switch label {
	case "utf8", "unicode-1-1-utf-8", "utf-8n":
		return "utf-8"
	case "ascii", "ansi_x3.4-1968", "us", "7bit", "8bit", "unknown", "unknown-8bit", "default":
		return "us-ascii"
	case "unicode-1-1-utf-7", "unicode-2-0-utf-7":
		return "utf-7"
	case "ks_c_5601-1987", "cp949", "uhc", "korean":
		return "euc-kr"
	case "cp932", "ms932", "windows-31j", "sjis":
		return "shift_jis"
	case "gb2312", "gbk", "cp936", "gb_2312-80":
		return "gb18030"
	case "koi8-r": // which Ukrainian mails say, too
		return "koi8-u"
	case "cp-850", "ibm850":
		return "cp850"
	}
	if n, ok := strings.CutPrefix(label, "cp125"); ok {
		return "windows-125" + n
	}
	return label
}

// statefulCharset reports charsets whose bytes look like ASCII or are not a superset of it.
func statefulCharset(label string) bool {
	return strings.HasPrefix(label, "iso-2022-") || strings.HasPrefix(label, "utf-16") || strings.HasPrefix(label, "utf-32") || label == "hz-gb-2312"
}

func multiByteCharset(label string) bool {
	switch label {
	case "gb18030", "big5", "big5-hkscs", "shift_jis", "euc-jp", "euc-kr":
		return true
	}
	return false
}

// decodeAs decodes by the web's table first, which knows what labels mean in practice, then by IANA's.
func decodeAs(b []byte, label string) (string, bool) {
	if enc, err := htmlindex.Get(label); err == nil && enc != encoding.Replacement {
		s, err := enc.NewDecoder().Bytes(b)
		return string(s), err == nil
	}
	r, err := charset.Reader(label, bytes.NewReader(b))
	if err != nil {
		return "", false
	}
	s, err := io.ReadAll(r)
	return string(s), err == nil
}

func isASCII[T string | []byte](s T) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
