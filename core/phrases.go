package core

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

//go:embed phrases
var shippedPhrases embed.FS

// Phrases are the sentences that Causeway says to contacts by itself, by language. Each is a text with {words} to fill in, or several by how many
// something is: "one", "few", "other" and so on, as CLDR has them.
type Phrases struct {
	languages map[string]map[string]forms
}

// forms are a sentence by plural category; "" is one that counts nothing.
type forms map[string]string

func (f *forms) UnmarshalJSON(raw []byte) error {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		*f = forms{"": text}
		return nil
	}
	var many map[string]string
	err := json.Unmarshal(raw, &many)
	*f = many
	return err
}

// NewPhrases reads those that are shipped and, over them, those of the files LANGUAGE.json in more: changed sentences, or other languages. Nil: none.
func NewPhrases(more fs.FS) (*Phrases, error) {
	shipped, err := fs.Sub(shippedPhrases, "phrases")
	if err != nil {
		return nil, err
	}
	p := &Phrases{languages: map[string]map[string]forms{}}
	if err := p.read(shipped); err != nil {
		return nil, err
	}
	if more == nil {
		return p, nil
	}
	return p, p.read(more)
}

func (p *Phrases) read(files fs.FS) error {
	names, err := fs.Glob(files, "*.json")
	if err != nil {
		return err
	}
	for _, name := range names {
		raw, err := fs.ReadFile(files, name)
		if err != nil {
			return fmt.Errorf("sentences: %w", err)
		}
		var all map[string]forms
		if err := json.Unmarshal(raw, &all); err != nil {
			return Problemf(CodeInvalid, "The file of sentences %s cannot be read: %v.", name, err).Remedied(`Write it like {"greeting": "Hello!"}.`)
		}
		if err := p.add(strings.ToLower(strings.TrimSuffix(path.Base(name), ".json")), all); err != nil {
			return err
		}
	}
	return nil
}

// add takes in sentences of a language. One that we do not know, or that lacks a word to fill in, would never be said as it is meant.
func (p *Phrases) add(code string, all map[string]forms) error {
	if _, err := language.Parse(code); err != nil {
		return Problemf(CodeInvalid, "%s.json is not named after a language.", code).Remedied("Name it like fr.json or pt.json.")
	}
	if p.languages[code] == nil {
		p.languages[code] = map[string]forms{}
	}
	for name, f := range all {
		if known := p.languages["en"]; known != nil && code != "en" && known[name] == nil && !strings.HasSuffix(name, "_on") {
			return Problemf(CodeInvalid, "%s.json has the sentence %q, which is never said.", code, name).Remedied("Take it out, or name it like one of those that are shipped.")
		}
		p.languages[code][name] = f
	}
	return nil
}

// Language returns the language to write to somebody in: theirs, if we speak it; else that of what they wrote, by its letters; else the spare one. A
// business speaks those in which it has texts of its own, too.
func (p *Phrases) Language(theirs, wrote, spare string, own map[string]string) string {
	for _, code := range []string{Language(theirs), ScriptLanguage(wrote), Language(spare)} {
		if p.languages[code] != nil || own[code] != "" {
			return code
		}
	}
	return "en"
}

// Wrote is what a contact wrote last, of messages with the newest first, for Language. Numbers and stars, by which options are picked, are of no language.
func Wrote(recent []Message) string {
	i := slices.IndexFunc(recent, func(m Message) bool {
		return m.Direction == In && strings.ContainsFunc(m.Content.Text, unicode.IsLetter)
	})
	if i < 0 {
		return ""
	}
	return recent[i].Content.Text
}

// Languages lists those that are known.
func (p *Phrases) Languages() []string { return slices.Sorted(maps.Keys(p.languages)) }

// Say returns a sentence with values in place of its {words}: Say("en", "away", "when", "tomorrow"). A language that lacks it says it in English.
func (p *Phrases) Say(code, name string, values ...string) string {
	return Fill(p.form(code, name, ""), values...)
}

// Count returns the form of a sentence for so many, with {n}.
func (p *Phrases) Count(code, name string, n int, values ...string) string {
	tag, err := language.Parse(code)
	if err != nil {
		tag = language.English
	}
	category := map[plural.Form]string{plural.Zero: "zero", plural.One: "one", plural.Two: "two", plural.Few: "few", plural.Many: "many"}
	form := category[plural.Cardinal.MatchPlural(tag, n, 0, 0, 0, 0)]
	return Fill(p.form(code, name, form), append([]string{"n", strconv.Itoa(n)}, values...)...)
}

func (p *Phrases) form(code, name, category string) string {
	for _, language := range []string{code, "en"} {
		f := p.languages[language][name]
		for _, c := range []string{category, "other", ""} {
			if f[c] != "" {
				return f[c]
			}
		}
	}
	return ""
}

// Fill puts values in place of the {words} of a text, once: what a value brings is text.
func Fill(text string, values ...string) string {
	pairs := make([]string, 0, len(values))
	for i := 0; i+1 < len(values); i += 2 {
		pairs = append(pairs, "{"+values[i]+"}", values[i+1])
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

var gap = regexp.MustCompile(`\{([\pL_][\pL\pN_.-]*)\}`)

// Gaps names the {words} of a text that are to be filled in.
func Gaps(text string) []string {
	var all []string
	for _, m := range gap.FindAllStringSubmatch(text, -1) {
		all = append(all, m[1])
	}
	return all
}

// When says a time that is still to come, as people do: "tomorrow at 09:00", in the zone of at; in a language without texts as 2026-11-23 09:00.
func (p *Phrases) When(code string, now, at time.Time) string {
	now = now.In(at.Location())
	day := days()[at.Weekday()]
	values := []string{"time", at.Format("15:04"), "day", p.Say(code, day), "day_on", p.Say(code, day+"_on"), "n", strconv.Itoa(at.Day()),
		"month", p.Say(code, "month_"+strconv.Itoa(int(at.Month())))}
	name := "date_at"
	switch ahead := dayNumber(at) - dayNumber(now); {
	case ahead == 0:
		name = "today_at"
	case ahead == 1:
		name = "tomorrow_at"
	case ahead < 7:
		name = "weekday_at"
	}
	if p.languages[code][name] == nil {
		return at.Format("2006-01-02 15:04") // a language that we have no texts of: neither is English of use
	}
	return p.Say(code, name, values...)
}

func dayNumber(t time.Time) int {
	return int(time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC).Unix() / (24 * 60 * 60))
}

// Weekly says hours as people do: "Sunday–Thursday 09:00–17:00, Friday 10:00–12:00". Empty: always, or never.
func (p *Phrases) Weekly(code string, h Hours) string {
	var all []string
	for _, d := range weekOrder(h) {
		name := p.Say(code, days()[d.first])
		if d.last != d.first {
			name = p.Say(code, "hours_span", "from", name, "to", p.Say(code, days()[d.last]))
		}
		var times []string
		for _, s := range h.Week[d.first] {
			from, to, _ := strings.Cut(s.String(), "-")
			times = append(times, p.Say(code, "hours_span", "from", from, "to", to))
		}
		all = append(all, p.Say(code, "hours_day", "days", name, "times", strings.Join(times, p.Say(code, "comma"))))
	}
	return strings.Join(all, p.Say(code, "comma"))
}

type dayRun struct{ first, last time.Weekday }

// weekOrder gathers days in a row with the same hours, from the first day after a closed one.
func weekOrder(h Hours) []dayRun {
	start := 0
	for d := range 7 {
		if len(h.Week[d]) > 0 && len(h.Week[(d+6)%7]) == 0 {
			start = d
			break
		}
	}
	var runs []dayRun
	for i := range 7 {
		d := time.Weekday((start + i) % 7)
		switch n := len(runs); {
		case len(h.Week[d]) == 0:
		case n > 0 && (runs[n-1].last+1)%7 == d && slices.Equal(h.Week[runs[n-1].first], h.Week[d]):
			runs[n-1].last = d
		default:
			runs = append(runs, dayRun{d, d})
		}
	}
	return runs
}

// Check says which sentences a language lacks words of, or forms of; nil: none.
func (p *Phrases) Check() error {
	var errs []error
	for _, code := range p.Languages() {
		for name, f := range p.languages[code] {
			if f[""] == "" && f["other"] == "" {
				errs = append(errs, Problemf(CodeInvalid, "%s.json says nothing for %q.", code, name).Remedied(`Give it a text, or the form "other".`))
			}
		}
	}
	return errors.Join(errs...)
}
