package core

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

func shipped(t *testing.T) *Phrases {
	t.Helper()
	p, err := NewPhrases(nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Every language says everything, with the same words to fill in, in every form that its numbers have.
func TestPhrasesAreComplete(t *testing.T) {
	p := shipped(t)
	word := regexp.MustCompile(`\{\w+\}`)
	if err := p.Check(); err != nil {
		t.Error(err)
	}
	for _, code := range p.Languages() {
		for name, english := range p.languages["en"] {
			f := p.languages[code][name]
			if f == nil {
				t.Errorf("%s lacks %q", code, name)
				continue
			}
			want := strings.ReplaceAll(strings.Join(sortedWords(word, english), " "), "{day_on}", "{day}")
			if got := strings.ReplaceAll(strings.Join(sortedWords(word, f), " "), "{day_on}", "{day}"); got != want {
				t.Errorf("%s: %q has the words %s, want %s", code, name, got, want)
			}
			if english["other"] != "" {
				everyForm(t, code, name, f)
			}
		}
	}
}

func sortedWords(word *regexp.Regexp, f forms) []string {
	seen := map[string]bool{}
	for _, text := range f {
		for _, w := range word.FindAllString(text, -1) {
			seen[w] = true
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

func everyForm(t *testing.T, code, name string, f forms) {
	t.Helper()
	names := map[plural.Form]string{plural.Zero: "zero", plural.One: "one", plural.Two: "two", plural.Few: "few", plural.Many: "many", plural.Other: "other"}
	for n := range 200 {
		if form := names[plural.Cardinal.MatchPlural(language.Make(code), n, 0, 0, 0, 0)]; f[form] == "" {
			t.Errorf("%s: %q has no form %q, for %d", code, name, form, n)
			return
		}
	}
}

func TestPhrasesCount(t *testing.T) {
	p := shipped(t)
	for _, c := range []struct {
		code string
		n    int
		want string
	}{{"en", 1, "1 minute"}, {"en", 5, "5 minutes"}, {"ru", 1, "1 минуту"}, {"ru", 3, "3 минуты"}, {"ru", 11, "11 минут"}, {"ru", 21, "21 минуту"}, {"ar", 2, "دقيقتين"},
		{"ar", 5, "5 دقائق"}, {"ar", 11, "11 دقيقة"}, {"xx", 2, "2 minutes"}} {
		if got := p.Count(c.code, "minutes", c.n); got != c.want {
			t.Errorf("%s, %d: %q, want %q", c.code, c.n, got, c.want)
		}
	}
}

func TestPhrasesLanguage(t *testing.T) {
	p := shipped(t)
	for _, c := range []struct{ theirs, wrote, spare, want string }{
		{"ru-RU", "hello", "ar", "ru"}, {"fr", "bonjour", "ru", "ru"}, {"", "مرحبا، order 12", "", "ar"}, {"", "Здравствуйте", "", "ru"},
		{"", "👍 12", "ar", "ar"}, {"", "hello", "", "en"}, {"pt_BR", "Привет", "en", "ru"},
		{"tr-TR", "merhaba", "en", "tr"}, {"", "merhaba", "tr", "tr"}, {"de", "hallo", "en", "en"},
	} {
		if got := p.Language(c.theirs, c.wrote, c.spare, map[string]string{"tr": "Merhaba!", "de": ""}); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
}

func TestGaps(t *testing.T) {
	for text, want := range map[string]string{"": "", "Hello {name}, {first_name}!": "name first_name", "{имя} {x.y-1}": "имя x.y-1", "{ name } {} {20 %} {{name}}": "name"} {
		if got := strings.Join(Gaps(text), " "); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestWrote(t *testing.T) {
	said := func(d Direction, text string) Message {
		return Message{Direction: d, Content: Content{Kind: KindText, Text: text}}
	}
	for want, all := range map[string][]Message{"": nil, "مرحبا": {said(In, "★★★"), said(Out, "hello"), said(In, "2"), said(In, "مرحبا"), said(In, "hi")}} {
		if got := Wrote(all); got != want {
			t.Errorf("wrote %q, want %q", got, want)
		}
	}
}

func TestPhrasesWhen(t *testing.T) {
	p := shipped(t)
	riyadh, _ := time.LoadLocation("Asia/Riyadh")
	now := time.Date(2026, 11, 21, 22, 30, 0, 0, time.UTC) // Sunday, half past one, in Riyadh
	for _, c := range []struct {
		code string
		at   time.Time
		want string
	}{
		{"en", time.Date(2026, 11, 22, 9, 0, 0, 0, riyadh), "today at 09:00"},
		{"en", time.Date(2026, 11, 23, 9, 0, 0, 0, riyadh), "tomorrow at 09:00"},
		{"ru", time.Date(2026, 11, 25, 9, 0, 0, 0, riyadh), "в среду в 09:00"},
		{"ru", time.Date(2026, 12, 2, 9, 0, 0, 0, riyadh), "2 декабря (среда) в 09:00"},
		{"ar", time.Date(2026, 11, 25, 9, 0, 0, 0, riyadh), "يوم الأربعاء الساعة 09:00"},
		{"en", time.Date(2026, 12, 2, 9, 0, 0, 0, riyadh), "on Wednesday, 2 December at 09:00"},
		{"fr", time.Date(2026, 11, 23, 9, 0, 0, 0, riyadh), "2026-11-23 09:00"}, // there is no fr.json
	} {
		if got := p.When(c.code, now, c.at); got != c.want {
			t.Errorf("%s: %q, want %q", c.code, got, c.want)
		}
	}
}

func TestPhrasesWeekly(t *testing.T) {
	p, h := shipped(t), office("Asia/Riyadh")
	for code, want := range map[string]string{"en": "Sunday–Thursday 09:00–13:00, 14:00–18:00, Friday 22:00–06:00", "ru": "воскресенье–четверг 09:00–13:00, 14:00–18:00, пятница 22:00–06:00"} {
		if got := p.Weekly(code, h); got != want {
			t.Errorf("%s: %q, want %q", code, got, want)
		}
	}
	h = Hours{}
	for d := range h.Week {
		h.Week[d] = []Shift{{540, 600}}
	}
	if got := p.Weekly("en", h); got != "Sunday–Saturday 09:00–10:00" || p.Weekly("en", Hours{}) != "" {
		t.Errorf("every day: %q", got)
	}
}

func TestMorePhrases(t *testing.T) {
	file := func(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }
	p, err := NewPhrases(fstest.MapFS{"en.json": file(`{"greeting": "Hey {name} {greeting}!"}`), "fr.json": file(`{"minutes": {"one": "{n} minute", "other": "{n} minutes"}}`)})
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Say("en", "greeting", "name", "{greeting}", "greeting", "x"); got != "Hey {greeting} x!" {
		t.Errorf("what a value brings is filled in: %q", got)
	}
	if got := fmt.Sprint(p.Count("fr", "minutes", 0), p.Say("fr", "today_at", "time", "9:00")); got != "0 minutetoday at 9:00" {
		t.Errorf("got %q", got)
	}
	for name, bad := range map[string]string{"en.json": `{"a": 1}`, "fr.json": `{"greting": "Salut"}`, "not a language.json": `{"greeting": ""}`, "de.json": `[]`} {
		if _, err := NewPhrases(fstest.MapFS{name: file(bad)}); err == nil {
			t.Errorf("%s is taken: %s", name, bad)
		}
	}
}
