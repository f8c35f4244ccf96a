package mail

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
)

// guessed is how much of a text is looked at to guess its charset.
const guessed = 4 << 10

// candidates are the charsets that mails come in without saying so. Of those that read a text equally well the first is taken. Where bytes above ASCII are
// few among its letters, the language is a Western one.
func candidates(b []byte) []encoding.Encoding {
	all := []encoding.Encoding{charmap.Windows1252, charmap.Windows1254}
	ascii, high := 0, 0
	for _, c := range b {
		switch {
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
			ascii++
		case c >= utf8.RuneSelf:
			high++
		}
	}
	if ascii == 0 || high >= 4 && high > ascii {
		all = append(all, charmap.Windows1251, charmap.KOI8U, charmap.ISO8859_5, charmap.CodePage866, charmap.Windows1256, charmap.ISO8859_6, charmap.Windows1255, charmap.Windows1253)
	}
	if ascii == 0 || high >= 4 {
		all = append(all, japanese.EUCJP, japanese.ShiftJIS, simplifiedchinese.GB18030, traditionalchinese.Big5, korean.EUCKR)
	}
	return all
}

// guessCharset finds the charset in which bytes read most like a text, and how much: 1 at most.
func guessCharset(b []byte) (best encoding.Encoding, most float64) {
	b = sample(b)
	best, most = charmap.Windows1252, -1
	for _, c := range candidates(b) {
		text, err := c.NewDecoder().Bytes(b)
		if err != nil {
			continue
		}
		if s := sense(string(text)); s > most {
			best, most = c, s
		}
	}
	return best, most
}

// sample is the beginning of a text, up to a space.
func sample(b []byte) []byte {
	if len(b) <= guessed {
		return b
	}
	b = b[:guessed]
	if at := bytes.LastIndexAny(b, " \n"); at > 0 {
		b = b[:at]
	}
	return b
}

// What is written most: letters of alphabets, and the commonest signs of scripts that have thousands.
const (
	oftenLetters = "оеаинтсрвліїєў" + "اليمنوتربةأى" + "יוהלאמרתבש" + "αοιετνσυρςάίόέή" + "ığşİŞ"
	oftenSigns   = "的一是不了在人有我他这個个们們中来來上大为為和国國地到以说說时時要就出会會可也你对對生能而子那得于於着著下自之年过過发發后後作里裡您好请請谢謝没沒吗嗎这這送点點号號月日星期" +
		"이다는을의에고하가지로기니습세요안녕해합은를시어서도한" + "円本様金土曜時分前後" + "、。，！？：；「」"
)

// sense says how much a text reads like one in any language, of what is not ASCII in it: 1 at most, 0 and less for none.
func sense(text string) float64 {
	sum, n := 0.0, 0
	before := ' '
	icelandic := strings.ContainsAny(text, "áéíóúæ")
	for i, r := range text {
		if r >= utf8.RuneSelf {
			after, _ := utf8.DecodeRuneInString(text[i+utf8.RuneLen(r):])
			if r == utf8.RuneError {
				return -1
			}
			n++
			sum += senseOf(r, before, after, icelandic)
		}
		before = r
	}
	if n == 0 {
		return 0
	}
	return sum / float64(n)
}

// senseOf says how likely a sign is between its neighbours.
func senseOf(r, before, after rune, icelandic bool) float64 {
	latin := func(r rune) bool { return r < utf8.RuneSelf && unicode.IsLetter(r) }
	switch {
	case icelandic && strings.ContainsRune("ığşİŞĞ", r):
		return 0
	case unicode.IsUpper(r) && unicode.IsLower(before), unicode.In(r, unicode.Cyrillic, unicode.Arabic, unicode.Hebrew, unicode.Greek) && (latin(before) || latin(after)):
		return -1
	case strings.ContainsRune(oftenLetters, r), unicode.In(r, unicode.Hiragana), strings.ContainsRune(oftenSigns, r):
		return 1
	case r >= 0xFF61 && r <= 0xFF9F, unicode.IsControl(r), unicode.Is(unicode.Co, r): // half of the width, or of no use
		return -1
	case unicode.In(r, unicode.Han):
		return 0.2
	case unicode.In(r, unicode.Katakana, unicode.Hangul):
		return 0.4
	case unicode.In(r, unicode.Latin) && unicode.IsLetter(r):
		if latin(before) || latin(after) {
			return 0.6
		}
		return -0.5
	case unicode.IsLetter(r):
		return 0.5
	case unicode.IsPunct(r), unicode.IsMark(r), r == '№', r == '€':
		return 0.2
	case unicode.IsSpace(r), unicode.Is(unicode.Cf, r):
		return 0
	}
	return -0.5
}
