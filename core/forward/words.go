package forward

import (
	_ "embed"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"causeway/core"
)

//go:embed words.json
var wordsFile []byte

// phrases are the sentences of one language, by name. {words} in braces are replaced.
type phrases map[string]string

// catalogue reads the sentences of all languages.
func catalogue() (map[string]phrases, error) {
	var all map[string]phrases
	err := json.Unmarshal(wordsFile, &all)
	return all, err
}

// tongue is the language in which a mail is written.
type tongue struct {
	code  string
	words phrases
	spare phrases // English, for what a language lacks
	zone  *time.Location
}

// tongue returns an agent's language, English where we do not speak it.
func (f *Forwarder) tongue(language string) tongue {
	code := core.Language(language)
	if f.words[code] == nil {
		code = "en"
	}
	return tongue{code: code, words: f.words[code], spare: f.words["en"], zone: f.Location}
}

// dir is the direction in which the language is written.
func (t tongue) dir() string {
	if d := direction(t.words["mark"]); d != "" {
		return d
	}
	return "ltr"
}

func (t tongue) has(name string) bool { return t.spare[name] != "" }

// say returns a sentence with values in place of its {words}: say("wrote", "name", "Mona"). Values written in the other direction are
// isolated, so that they do not turn around what stands beside them.
func (t tongue) say(name string, values ...string) string {
	s := t.words[name]
	if s == "" {
		s = t.spare[name]
	}
	pairs := make([]string, 0, len(values))
	for i := 0; i+1 < len(values); i += 2 {
		pairs = append(pairs, "{"+values[i]+"}", t.isolate(values[i+1]))
	}
	return strings.NewReplacer(pairs...).Replace(s) // in one go: a value may hold braces itself
}

func (t tongue) isolate(value string) string {
	if value != "" && (t.dir() == "rtl" || direction(value) == "rtl") {
		return "\u2068" + value + "\u2069"
	}
	return value
}

// span writes a duration of hours or days.
func (t tongue) span(d time.Duration) string {
	if d >= 72*time.Hour {
		return t.say("days", "n", strconv.Itoa(int(d/(24*time.Hour))))
	}
	return t.say("hours", "n", strconv.Itoa(int(d/time.Hour)))
}

// when writes a time for people, with the zone.
func (t tongue) when(at time.Time) string {
	at = at.In(t.zone)
	days := strings.Fields(t.say("weekdays"))
	return days[int(at.Weekday())%len(days)] + " " + at.Format("2006-01-02 15:04 MST")
}
