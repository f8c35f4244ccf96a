package workflow

import (
	"context"
	"net/mail"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"causeway/core"

	"github.com/nyaruka/phonenumbers"
)

// answered takes what the contact wrote as the answer to the question that waits.
func (t *turn) answered(ctx context.Context) error {
	s := t.p.Steps[t.at().Step]
	t.run.Heard, t.mem.Message, t.set = t.h.ID, t.msg.ID, false
	got, ok := t.read(*s.Ask, t.msg.Content)
	t.run.State, t.run.Until = core.RunGoing, time.Time{}
	if !ok {
		return t.unfit(ctx, *s.Ask)
	}
	name := s.Ask.As
	if name == "" {
		name = s.Name
	}
	if t.mem.Answers == nil {
		t.mem.Answers = map[string]string{}
	}
	t.mem.Answers[name], t.mem.Ask = got.value, nil
	if got.to != "" {
		t.goTo(got.to)
	} else {
		t.onward()
	}
	var do func(context.Context, core.Tx, core.Repo) error
	if s.Ask.Field != "" {
		do = func(ctx context.Context, tx core.Tx, repo core.Repo) error {
			return t.setField(ctx, tx, repo, s.Ask.Field, got.value)
		}
	}
	if err := t.save(ctx, do); err != nil {
		return err
	}
	return t.drive(ctx)
}

// unfit asks again, or gives up.
func (t *turn) unfit(ctx context.Context, a Ask) error {
	retries := usualRetries
	if a.Retries != nil {
		retries = *a.Retries
	}
	t.mem.Ask.Tries++
	if t.mem.Ask.Tries > retries {
		if a.Invalid == "" {
			return t.end(ctx, "The contact gave no answer that fits.", "")
		}
		t.mem.Ask = nil
		t.goTo(a.Invalid)
	}
	if err := t.save(ctx, nil); err != nil {
		return err
	}
	return t.drive(ctx)
}

// reading is what an answer means.
type reading struct {
	value string
	to    string // where an option leads
}

// read understands an answer. False: it does not fit.
func (t *turn) read(a Ask, c core.Content) (reading, bool) {
	text := strings.TrimSpace(c.Text)
	if c.Choice != nil && text == "" {
		text = c.Choice.Title
	}
	if a.Kind == askChoice {
		return pick(a, c, text)
	}
	value, ok := "", false
	switch a.Kind {
	case askNumber:
		var f float64
		f, ok = readNumber(text)
		ok = ok && within(a, f)
		value = strconv.FormatFloat(f, 'f', -1, 64)
	case askEmail:
		value, ok = readEmail(text)
	case askPhone:
		value, ok = readPhone(text)
	case askDate:
		value, ok = readDate(text, t.Now())
	default:
		value = text
		shape := t.p.shapes[a.Pattern]
		ok = text != "" && within(a, float64(utf8.RuneCountInString(text))) && (shape == nil || shape.MatchString(digits(text)))
	}
	return reading{value: value}, ok
}

func within(a Ask, f float64) bool {
	return (a.Min == nil || f >= *a.Min) && (a.Max == nil || f <= *a.Max)
}

// pick finds the option that is meant: what was tapped, its number, its title in any language, or its id.
func pick(a Ask, c core.Content, text string) (reading, bool) {
	offered := core.Choices{}
	for _, o := range a.Options {
		offered.Options = append(offered.Options, core.Option{ID: o.key()})
	}
	id := text
	if c.Choice != nil {
		id = c.Choice.ID
	} else if chosen, ok := offered.Pick(text); ok {
		id = chosen.ID
	}
	for _, o := range a.Options {
		if fold(o.key()) == fold(id) {
			return reading{o.key(), o.To}, true
		}
		for _, title := range o.Title {
			if f := fold(title); f == fold(id) || f == fold(text) {
				return reading{o.key(), o.To}, true
			}
		}
	}
	return reading{}, false
}

var notNumeric = regexp.MustCompile(`[\s\x{00a0}\x{202f}'’٬]`)

// readNumber reads 1,234.5, 1.234,5, 1234.5 and 12,5, in the digits of any script.
func readNumber(s string) (float64, bool) {
	s = notNumeric.ReplaceAllString(strings.ReplaceAll(digits(s), "٫", "."), "")
	comma, dot := strings.LastIndex(s, ","), strings.LastIndex(s, ".")
	switch {
	case comma >= 0 && dot >= 0 && comma > dot, comma >= 0 && dot < 0 && strings.Count(s, ",") == 1 && len(s)-comma != 4:
		s = strings.ReplaceAll(strings.ReplaceAll(s, ".", ""), ",", ".")
	default:
		s = strings.ReplaceAll(s, ",", "")
	}
	f, err := strconv.ParseFloat(s, 64)
	return f, err == nil && f-f == 0 // neither infinite nor no number
}

func readEmail(s string) (string, bool) {
	s = strings.Trim(strings.ToLower(s), " .,;<>")
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s || !strings.Contains(s[strings.LastIndex(s, "@"):], ".") || len(s) > 254 {
		return "", false
	}
	return s, true
}

// readPhone reads a number with its country code, and writes it as +44….
func readPhone(s string) (string, bool) {
	s = digits(s)
	if after, ok := strings.CutPrefix(strings.TrimSpace(s), "00"); ok {
		s = "+" + after
	}
	if !strings.Contains(s, "+") {
		s = "+" + strings.TrimSpace(s)
	}
	n, err := phonenumbers.Parse(s, "")
	if err != nil || !phonenumbers.IsPossibleNumber(n) {
		return "", false
	}
	return phonenumbers.Format(n, phonenumbers.E164), true
}

// dayWords are words for dates, folded, and in how many days they are.
func dayWords() map[string]int {
	return map[string]int{"today": 0, "tomorrow": 1, "اليوم": 0, "غدا": 1, "сегодня": 0, "завтра": 1}
}

var datePart = regexp.MustCompile(`^(\d{1,4})[./\- ](\d{1,2})[./\- ](\d{1,4})\.?$`)

// readDate reads 2026-12-24, 24.12.2026 and 24/12/26, the day before the month, and words for today and tomorrow; it writes 2026-12-24.
func readDate(s string, now time.Time) (string, bool) {
	if n, ok := dayWords()[fold(s)]; ok {
		return now.AddDate(0, 0, n).Format(time.DateOnly), true
	}
	m := datePart.FindStringSubmatch(strings.TrimSpace(digits(s)))
	if m == nil {
		return "", false
	}
	year, month, day := m[1], m[2], m[3]
	if len(year) < 3 {
		year, day = day, year
	}
	if len(year) == 2 {
		year = "20" + year
	}
	at, err := time.Parse("2006-1-2", year+"-"+strings.TrimLeft(month, "0")+"-"+strings.TrimLeft(day, "0"))
	return at.Format(time.DateOnly), err == nil
}
