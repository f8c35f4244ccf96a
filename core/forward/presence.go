package forward

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"causeway/core"
)

// presences are the commands by which agents say whether they are there: "#busy until 14:00", alone or above anything else, or as the subject.
var presences = map[string]core.Presence{
	"online": core.PresenceOnline, "available": core.PresenceOnline, "متصل": core.PresenceOnline, "متاح": core.PresenceOnline, "онлайн": core.PresenceOnline,
	"busy": core.PresenceBusy, "مشغول": core.PresenceBusy, "مشغولة": core.PresenceBusy, "занят": core.PresenceBusy, "занята": core.PresenceBusy,
	"offline": core.PresenceOffline, "غائب": core.PresenceOffline, "غائبة": core.PresenceOffline, "офлайн": core.PresenceOffline, "оффлайн": core.PresenceOffline,
	"auto": core.PresenceUnsaid, "تلقائي": core.PresenceUnsaid, "авто": core.PresenceUnsaid,
}

// presence does a mail's command of presence, if it has one. Nothing of such a mail goes to the customer.
func (f *Forwarder) presence(ctx context.Context, w *writer, m core.Mail, in Incoming, text string) (*outcome, error) {
	if f.Say == nil {
		return nil, nil
	}
	first, _, _ := strings.Cut(strings.TrimSpace(straight(text)), "\n")
	word, args := commandWord(strings.TrimSpace(first))
	p, known := presences[word]
	if !known {
		word, args = commandWord(strings.TrimSpace(straight(in.Subject)))
		p, known = presences[word]
	}
	if !known {
		return nil, nil
	}
	until, ok := untilOf(args, m.Received, w.home())
	if !ok {
		return &outcome{state: core.MailRefused, reason: "a command with a time that cannot be read", notice: w.question(m, "presence-until", "word", clean(args, 40))}, nil
	}
	d, err := f.Say(ctx, w.conv.Workspace, w.agent.ID, p, until)
	if problem := (*core.Problem)(nil); errors.As(err, &problem) {
		return &outcome{state: core.MailRefused, reason: problem.Detail, notice: w.remark(core.NoticeQuestion, m, w.because(problem.Detail, problem.Remedy))}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("say whether an agent is there: %w", err)
	}
	return &outcome{state: core.MailIgnored, reason: "presence: " + word, notice: w.said(m, d)}, nil
}

// said confirms what holds now.
func (w *writer) said(m core.Mail, d core.Duty) *core.Notice {
	name := "presence-" + string(d.Presence)
	if d.Presence == core.PresenceUnsaid {
		name = "presence-auto"
	}
	text := w.say(name)
	if !d.Until.IsZero() {
		t := w.tongue
		t.zone = w.home()
		text += " " + t.say("presence-ends", "time", t.when(d.Until))
	}
	return w.remark(core.NoticeAlert, m, text, w.say("presence-nothing"))
}

// home is the time zone that an agent lives in, as far as we know.
func (w *writer) home() *time.Location {
	if w.agent.Hours.Zone != "" {
		return w.agent.Hours.Location()
	}
	if w.zone != nil {
		return w.zone
	}
	return time.UTC
}

var (
	clockTime = regexp.MustCompile(`\b([01]?\d|2[0-3])[:.]([0-5]\d)\b`)
	isoDay    = regexp.MustCompile(`\b(\d{4})-(\d{1,2})-(\d{1,2})\b`)
	dotDay    = regexp.MustCompile(`\b(\d{1,2})[./](\d{1,2})[./](\d{4})\b`)
	lasting   = regexp.MustCompile(`(?i)^(?:for |на |لمدة )?\s*(\d{1,3})\s*(m|min|h|d|мин|ч|д|د|س|ي)\pL*\.?$`)
)

// untilOf reads "until 14:00", "until 2026-03-05", "2h". No words: the zero time. False: it cannot be read.
func untilOf(args string, now time.Time, zone *time.Location) (time.Time, bool) {
	args = strings.Trim(westernDigits(strings.TrimSpace(args)), ".!,;: ")
	if args == "" {
		return time.Time{}, true
	}
	if found := lasting.FindStringSubmatch(args); found != nil {
		n, _ := strconv.Atoi(found[1])
		unit := map[string]time.Duration{"m": time.Minute, "м": time.Minute, "د": time.Minute, "h": time.Hour, "ч": time.Hour, "س": time.Hour}[string([]rune(strings.ToLower(found[2]))[0])]
		if unit == 0 {
			unit = 24 * time.Hour
		}
		return now.Add(time.Duration(n) * unit), n > 0
	}
	local := now.In(zone)
	days := datesIn(args, local)
	clock := clockTime.FindStringSubmatch(dotDay.ReplaceAllString(args, ""))
	switch {
	case len(days) == 1 && clock == nil:
		return days[0], true
	case len(days) > 1 || clock == nil:
		return time.Time{}, false
	}
	day := local
	if len(days) == 1 {
		day = days[0]
	}
	hour, _ := strconv.Atoi(clock[1])
	minute, _ := strconv.Atoi(clock[2])
	at := time.Date(day.Year(), day.Month(), day.Day(), hour, minute, 0, 0, zone)
	if len(days) == 0 && !at.After(now) {
		at = at.AddDate(0, 0, 1)
	}
	return at, true
}

// westernDigits writes Arabic digits as Western ones.
func westernDigits(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= '٠' && r <= '٩':
			return r - '٠' + '0'
		case r >= '۰' && r <= '۹':
			return r - '۰' + '0'
		}
		return r
	}, s)
}

// months are the beginnings of their names.
var months = [...][]string{
	{"jan", "янв", "يناير", "كانون الثاني"}, {"feb", "фев", "فبراير", "شباط"}, {"mar", "мар", "مارس", "آذار"}, {"apr", "апр", "أبريل", "إبريل", "ابريل", "نيسان"},
	{"may", "мая", "май", "مايو", "أيار"}, {"jun", "июн", "يونيو", "حزيران"}, {"jul", "июл", "يوليو", "تموز"}, {"aug", "авг", "أغسطس", "اغسطس", "آب"},
	{"sep", "сен", "سبتمبر", "أيلول"}, {"oct", "окт", "أكتوبر", "اكتوبر", "تشرين الأول"}, {"nov", "ноя", "نوفمبر", "تشرين الثاني"}, {"dec", "дек", "ديسمبر", "كانون الأول"},
}

var (
	dayMonth = regexp.MustCompile(`(?i)\b(\d{1,2})(?:st|nd|rd|th|\.)?\s+(?:of\s+)?(\pL{3,})\.?(?:,?\s+(\d{4}))?`)
	monthDay = regexp.MustCompile(`(?i)(\pL{3,})\.?\s+(\d{1,2})(?:st|nd|rd|th)?\b(?:,?\s+(\d{4}))?`)
)

// datesIn are the days that a text names, from today on, each at its beginning. A day without a year is the next such.
func datesIn(text string, now time.Time) []time.Time {
	var all []time.Time
	today := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, now.Location())
	add := func(year, month, day string) {
		y, _ := strconv.Atoi(year)
		m, _ := strconv.Atoi(month)
		d, _ := strconv.Atoi(day)
		bare := y == 0
		if bare {
			y = now.Year()
		}
		at := time.Date(y, time.Month(m), d, 0, 0, 0, 0, now.Location())
		if bare && at.Before(today) {
			at = at.AddDate(1, 0, 0)
		}
		if at.Day() == d && m >= 1 && !at.Before(today) && !slices.ContainsFunc(all, at.Equal) {
			all = append(all, at)
		}
	}
	text = westernDigits(text)
	for _, f := range isoDay.FindAllStringSubmatch(text, -1) {
		add(f[1], f[2], f[3])
	}
	for _, f := range dotDay.FindAllStringSubmatch(text, -1) {
		add(f[3], f[2], f[1])
	}
	for _, f := range dayMonth.FindAllStringSubmatch(text, -1) {
		add(f[3], monthOf(f[2]), f[1])
	}
	for _, f := range monthDay.FindAllStringSubmatch(text, -1) {
		add(f[3], monthOf(f[1]), f[2])
	}
	return all
}

func monthOf(name string) string {
	name = strings.ToLower(name)
	for i, beginnings := range months {
		if slices.ContainsFunc(beginnings, func(b string) bool { return strings.HasPrefix(name, b) }) {
			return strconv.Itoa(i + 1)
		}
	}
	return ""
}

const (
	longestAbsence = 90 * 24 * time.Hour
	absenceText    = 4000 // bytes of an out-of-office reply that are read for a date
)

// outOfOffice takes notice of an agent's out-of-office reply, if it is proven to be theirs as any mail must be: they get no new conversations until the
// day it names, or until they write again. One that is not proven is an automatic mail like others, and nobody is told of it: it cannot be helped.
func (f *Forwarder) outOfOffice(ctx context.Context, w *writer, m core.Mail, in Incoming, raw []byte) (*outcome, error) {
	if f.Away == nil || !absence(m, in) || in.FromFields != 1 || len(in.From) != 1 || !slices.Contains(w.agent.Addresses, strings.ToLower(in.From[0].Address)) {
		return nil, nil
	}
	proof, err := f.prove(ctx, m, strings.ToLower(in.From[0].Address), raw)
	if err != nil {
		return nil, err
	}
	if !proof.Aligned {
		return &outcome{state: core.MailIgnored, reason: "out of office, but the sender is not proven: " + proof.Detail}, nil
	}
	until := absentUntil(in.Subject+"\n"+in.Text, f.Now(), w.home())
	if err := f.Away(ctx, w.conv.Workspace, w.agent, until); err != nil {
		return nil, fmt.Errorf("note that an agent is away: %w", err)
	}
	reason := "out of office"
	if !until.IsZero() {
		reason += " until " + until.Format(time.DateOnly)
	}
	return &outcome{state: core.MailIgnored, reason: reason}, nil
}

// absence reports whether a mail is an out-of-office reply, rather than another automatic mail.
func absence(m core.Mail, in Incoming) bool {
	if in.Type == "multipart/report" || strings.HasPrefix(in.Type, "message/") || in.Type == "text/calendar" || len(in.Header[markHeader]) > 0 {
		return false
	}
	return automaticAnswer(in.Header) || (m.From == "" || m.From == "<>") && absentSubject(in.Subject)
}

// automaticAnswer reports whether a header is that of an answer which a program gave in somebody's name.
func automaticAnswer(header map[string][]string) bool {
	for name, values := range header {
		for _, value := range values {
			word := strings.ToLower(core.FieldWord(value))
			switch strings.ToLower(name) {
			case "auto-submitted":
				if word == "auto-replied" {
					return true
				}
			case "x-autoreply", "x-autorespond", "x-auto-reply", "x-mail-autoreply", "x-autoreply-from", "x-out-of-office", "x-vacation":
				if word != "no" && word != "false" && word != "0" {
					return true
				}
			case "precedence":
				if word == "auto_reply" || word == "auto-reply" {
					return true
				}
			}
		}
	}
	return false
}

var comesBack = regexp.MustCompile(`(?i)(back|return|вернусь|буду|выйду|أعود|سأعود|العودة)\P{N}{0,40}$`)

// absentUntil is when an absence ends: at the beginning of the day on which somebody is back, or at the end of the last one that is named. The zero
// time: it does not say.
func absentUntil(text string, now time.Time, zone *time.Location) time.Time {
	text = text[:min(len(text), absenceText)]
	local := now.In(zone)
	var last time.Time
	for _, d := range datesIn(text, local) {
		if d.After(last) && d.Sub(now) < longestAbsence {
			last = d
		}
	}
	if last.IsZero() {
		return last
	}
	if !returning(westernDigits(text), last, local) {
		last = last.AddDate(0, 0, 1)
	}
	if !last.After(now) {
		return time.Time{}
	}
	return last
}

// returning reports whether the words right before a day say that somebody is back on it.
func returning(text string, day, now time.Time) bool {
	words := strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '!' || r == ';' })
	for _, line := range words {
		for i, r := range line {
			if !unicode.IsNumber(r) && !unicode.IsLetter(r) {
				continue
			}
			if found := datesIn(line[i:], now); len(found) > 0 && slices.ContainsFunc(found, day.Equal) && comesBack.MatchString(line[:i]) {
				return true
			}
		}
	}
	return false
}
