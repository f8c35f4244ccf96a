package care

import (
	"strings"
	"unicode"

	"causeway/core"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// fits reports whether a rule is about a message.
func fits(r core.Rule, m core.Message) bool {
	if r.Channel != "" && r.Channel != m.Channel || r.Ad && !m.Content.Referral.Brought() {
		return false
	}
	if len(r.Words) == 0 {
		return true
	}
	text := fold(m.Content.Text)
	if m.Content.Choice != nil {
		text += fold(m.Content.Choice.Title)
	}
	for _, word := range r.Words {
		if w := fold(word); strings.TrimSpace(w) != "" && strings.Contains(text, w) {
			return true
		}
	}
	return false
}

// fold writes the words of a text alike, whatever their case, accents, Arabic vowels and punctuation, with a space around each.
func fold(s string) string {
	s = norm.NFKD.String(cases.Fold().String(s))
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Mn, r) || r == 'ـ':
			return -1
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			return letter(r)
		}
		return ' '
	}, s)
	return " " + strings.Join(strings.Fields(s), " ") + " "
}

// letter gives letters one form that people write in several.
func letter(r rune) rune {
	switch r {
	case 'أ', 'إ', 'آ', 'ٱ':
		return 'ا'
	case 'ى':
		return 'ي'
	case 'ة':
		return 'ه'
	case 'ё':
		return 'е'
	}
	return r
}
