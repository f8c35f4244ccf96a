package cut

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// colons end the introduction of a quote and the name of a header: also Armenian and Khmer. Full-width ones are made plain by plainer.
const colons = ":։៖︓﹕"

func hasColon(s string) bool {
	s = strings.TrimRight(s, " *_")
	last, _ := utf8.DecodeLastRuneInString(s)
	return s != "" && strings.ContainsRune(colons, last)
}

// traits are the things in a text that introductions and headers of quotes are made of.
type traits struct {
	digits  int
	words   int
	address bool // someone@somewhere
	date    bool // a year and one more number, or three numbers joined like 21.11.26
	clock   bool // 10:42
}

// number is a run of digits in a text.
type number struct {
	at, length, value int
}

func traitsOf(s string) traits {
	t := traits{words: len(strings.Fields(s)), address: hasAddress(s)}
	nums := numbers(s)
	year := false
	for i, n := range nums {
		t.digits += n.length
		year = year || n.length == 4 && n.value >= 1300 && n.value < 2700 // the calendars in use differ by up to a thousand years
		t.clock = t.clock || i > 0 && isClock(s, nums[i-1], n)
		t.date = t.date || i > 1 && isDate(s, nums[i-2], nums[i-1], n)
	}
	t.date = t.date || year && len(nums) > 1
	return t
}

// numbers finds the first numbers of s; introductions have no more than that.
func numbers(s string) []number {
	var out []number
	for i := 0; i < len(s) && len(out) < 24; i++ {
		if s[i] < '0' || s[i] > '9' {
			continue
		}
		n := number{at: i}
		for ; i < len(s) && s[i] >= '0' && s[i] <= '9'; i++ {
			n.length++
			n.value = min(n.value*10+int(s[i]-'0'), 1<<20)
		}
		out = append(out, n)
	}
	return out
}

func isClock(s string, a, b number) bool {
	if a.length > 2 || b.length != 2 || a.value > 24 || b.value > 59 {
		return false
	}
	switch strings.TrimSpace(s[a.at+a.length : b.at]) {
	case ":", "h", "時", "时", "點", "点", "시":
		return true
	case ".": // 10.42, but not within 21.11.2026
		return !strings.HasSuffix(s[:a.at], ".") && !strings.HasPrefix(s[b.at+b.length:], ".")
	}
	return false
}

func isDate(s string, a, b, c number) bool {
	first, second := strings.TrimSpace(s[a.at+a.length:b.at]), strings.TrimSpace(s[b.at+b.length:c.at])
	joined := first == second && (first == "." || first == "/" || first == "-")
	long := max(a.length, b.length, c.length)
	return joined && b.length <= 2 && (long <= 2 || long == 4 && min(a.length, c.length) <= 2)
}

// hasAddress says whether s holds a mail address.
func hasAddress(s string) bool {
	for i := strings.IndexByte(s, '@'); i >= 0; {
		before, _ := utf8.DecodeLastRuneInString(s[:i])
		after, _ := utf8.DecodeRuneInString(s[i+1:])
		if i > 0 && isAtom(before) && isAtom(after) {
			return true
		}
		n := strings.IndexByte(s[i+1:], '@')
		if n < 0 {
			return false
		}
		i += n + 1
	}
	return false
}

func isAtom(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("_-+.'\"", r)
}

// isMarker says whether a line is our own marker (see Marker).
func isMarker(s string) bool {
	s = strings.Trim(s, " *_")
	return strings.HasPrefix(s, "##-") && strings.HasSuffix(s, "-##") && len(s) > 8
}

const rules = "-_=*~—–―━─"

// isRule says whether a line is made of nothing but two or more dashes, underscores or the like (one is enough of the long dash).
func isRule(s string) bool {
	s = strings.ReplaceAll(s, " ", "")
	n := 0
	for _, r := range s {
		if !strings.ContainsRune(rules, r) {
			return false
		}
		n++
	}
	return n > 1 || s == "—"
}

// banner takes apart a line like "-----Original Message-----": words between two runs of dashes. The second run may be followed by more,
// as where a client wrote all headers on one line.
func banner(s string) (words, rest string, ok bool) {
	s = strings.Trim(s, "* ")
	inner := strings.TrimLeft(s, arms)
	if n := utf8.RuneCountInString(s[:len(s)-len(inner)]); n < 2 || n > 30 || inner == "" {
		return "", "", false
	}
	words = strings.TrimRight(inner, arms)
	if len(words) == len(inner) || !isArm(inner[len(words):]) {
		at := 0
		for at < len(inner) && !isArm(inner[at:]) {
			_, n := utf8.DecodeRuneInString(inner[at:])
			at += n
		}
		words, rest = inner[:at], strings.Trim(strings.TrimLeft(inner[at:], arms), " *_")
		if rest == "" {
			return "", "", false
		}
	}
	words = strings.TrimSpace(words)
	return words, rest, words != "" && len(words) < 300
}

// arms are what such runs are made of.
const arms = "-_=—–━─"

// isArm says whether s starts with at least two dashes of any kind.
func isArm(s string) bool {
	first, n := utf8.DecodeRuneInString(s)
	second, _ := utf8.DecodeRuneInString(s[n:])
	return n > 0 && strings.ContainsRune(arms, first) && first == second
}

// label takes a line like "From: Mona" or "*From:* Mona" apart. A label is at most four words without digits.
func label(s string) (name, value string, ok bool) {
	s = strings.TrimLeft(s, "*_ |")
	at := strings.IndexAny(s, colons)
	if at <= 0 || at > 80 {
		return "", "", false
	}
	name = strings.Trim(s[:at], " *_")
	_, size := utf8.DecodeRuneInString(s[at:])
	value = strings.TrimLeft(s[at+size:], " *_\t")
	first, _ := utf8.DecodeRuneInString(name)
	if name == "" || strings.HasPrefix(value, "//") || utf8.RuneCountInString(name) > 30 || len(strings.Fields(name)) > 4 || !unicode.IsLetter(first) {
		return "", "", false
	}
	return name, value, !strings.ContainsAny(name, "0123456789@<>,;.!?/\"")
}
