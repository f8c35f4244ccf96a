package mail

import (
	"bytes"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/emersion/go-message/charset"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
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
	case statefulCharset(label):
		if s, ok := decodeAs(b, label); ok {
			return s
		}
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
	if label != "" && label != "us-ascii" && label != "utf-8" {
		if s, ok := decodeAs(b, label); ok {
			return s
		}
	}
	s, _ := guessCharset(b).NewDecoder().Bytes(b)
	return string(s)
}

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
	return strings.ToValidUTF8(string(b), "\uFFFD"), bad <= good
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

// guessCharset tells Cyrillic and Arabic from Western text by the share and the place of bytes above ASCII. Western is the default, since
// there such bytes are few between ASCII letters.
func guessCharset(b []byte) encoding.Encoding {
	var ascii, high, upper, lower, alefLam int
	for _, c := range b {
		switch {
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
			ascii++
		case c >= 0xC0:
			high++
			if c >= 0xE0 {
				upper++
			} else {
				lower++
			}
			if c == 0xC7 || c == 0xE1 {
				alefLam++
			}
		}
	}
	switch {
	case high < 4 || high <= ascii:
		return charmap.Windows1252
	case upper*4 >= high*3 && alefLam*6 < high:
		return charmap.Windows1251
	case lower*100 >= high*85:
		return charmap.KOI8R
	case alefLam*12 >= high: // in a few words they may be rare
		return charmap.Windows1256
	}
	return charmap.Windows1252
}

func isASCII[T string | []byte](s T) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
