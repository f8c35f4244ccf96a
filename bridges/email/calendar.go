package email

import (
	"strings"
	"time"
)

// invitation says in a line what a calendar file is about, "" if it says nothing.
func invitation(ics string) string {
	ics = strings.NewReplacer("\r\n ", "", "\r\n\t", "", "\n ", "", "\n\t", "").Replace(ics[:min(len(ics), 64<<10)])
	var what, when, until, where, method string
	event := false
	for line := range strings.SplitSeq(ics, "\n") {
		name, v, _ := strings.Cut(strings.TrimRight(line, "\r"), ":")
		name, params, _ := strings.Cut(name, ";")
		switch name = strings.ToUpper(name); {
		case name == "METHOD":
			method = strings.ToUpper(v)
		case name == "BEGIN" && strings.EqualFold(v, "VEVENT"):
			event = true
		case name == "END" && strings.EqualFold(v, "VEVENT"):
			event = false
		case !event:
		case name == "SUMMARY" && what == "":
			what = unescape(v)
		case name == "LOCATION" && where == "":
			where = unescape(v)
		case name == "DTSTART" && when == "":
			when = moment(v, params)
		case name == "DTEND" && until == "":
			until = moment(v, params)
		}
	}
	if what == "" && when == "" {
		return ""
	}
	return sentence(method, what, when, until, where)
}

func sentence(method, what, when, until, where string) string {
	word := map[string]string{"CANCEL": "Cancelled", "REPLY": "Answer to the invitation", "PUBLISH": "Appointment"}[method]
	if word == "" {
		word = "Invitation"
	}
	s := word + ": " + what
	if when != "" {
		s += ", " + when
	}
	if until != "" && until != when {
		s += " – " + until
	}
	if where != "" {
		s += ", " + where
	}
	return "(" + clip(oneLine(s), 500) + ")"
}

func unescape(s string) string {
	return strings.TrimSpace(strings.NewReplacer(`\,`, ",", `\;`, ";", `\n`, " ", `\N`, " ", `\\`, `\`).Replace(s))
}

// moment writes a date for people; a time zone stands behind it as the file names it.
func moment(v, params string) string {
	v = strings.TrimSpace(v)
	zone := ""
	if strings.HasSuffix(v, "Z") {
		zone, v = " UTC", strings.TrimSuffix(v, "Z")
	}
	for p := range strings.SplitSeq(params, ";") {
		if name, z, ok := strings.Cut(p, "="); ok && strings.EqualFold(name, "TZID") {
			zone = " " + strings.Trim(z, `"`)
		}
	}
	if t, err := time.Parse("20060102T150405", v); err == nil {
		return t.Format("2006-01-02 15:04") + zone
	}
	if t, err := time.Parse("20060102", v); err == nil {
		return t.Format("2006-01-02")
	}
	return ""
}
