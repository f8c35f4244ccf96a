package core

import (
	"strings"
	"unicode"
)

// Language is a language without its region, in lower case: "pt" of "pt-BR" and of "pt_br".
func Language(code string) string {
	code, _, _ = strings.Cut(strings.ToLower(strings.ReplaceAll(code, "_", "-")), "-")
	return code
}

// Understood is the first language that a reader of a page understands and we speak, "en" if there is none. What they ask for goes before what an
// Accept-Language header says.
func Understood(asked, accepted string, spoken func(code string) bool) string {
	for _, one := range append([]string{asked}, strings.Split(accepted, ",")...) {
		code, _, _ := strings.Cut(strings.TrimSpace(one), ";")
		if code = Language(code); spoken(code) {
			return code
		}
	}
	return "en"
}

// WritingDirection is how a language of ours is written, in the words of HTML: "rtl" or "ltr".
func WritingDirection(language string) string {
	if language == "ar" {
		return "rtl"
	}
	return "ltr"
}

// ScriptLanguage guesses a language by the letters of a text, where these tell one of ours; else "".
func ScriptLanguage(text string) string {
	var arabic, cyrillic, others int
	for _, r := range text {
		switch {
		case unicode.Is(unicode.Arabic, r):
			arabic++
		case unicode.Is(unicode.Cyrillic, r):
			cyrillic++
		case unicode.IsLetter(r):
			others++
		}
	}
	switch {
	case arabic > cyrillic && arabic*2 >= others: // names of products are Latin everywhere
		return "ar"
	case cyrillic > arabic && cyrillic*2 >= others:
		return "ru"
	}
	return ""
}
