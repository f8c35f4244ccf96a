package sms

import (
	"fmt"
	"strconv"
	"strings"

	"causeway/core"
)

// PlainKinds are the kinds of content that Plain can put in words.
func PlainKinds() []core.ContentKind {
	return []core.ContentKind{core.KindLocation, core.KindContacts}
}

// Plain writes content as a text message can carry it: a place as a link to a map, contacts as lines. It is "" for what cannot be put in words.
func Plain(c core.Content) string {
	switch {
	case c.Kind == core.KindLocation && c.Location != nil:
		return place(*c.Location)
	case c.Kind == core.KindContacts:
		return cards(c.Contacts)
	case c.Kind == core.KindText || c.Kind.HasMedia():
		return c.Text
	}
	return ""
}

// Place reads a place on earth, as a provider writes its degrees; false for what is none.
func Place(latitude, longitude string) (core.Location, bool) {
	lat, errLat := strconv.ParseFloat(strings.TrimSpace(latitude), 64)
	long, errLong := strconv.ParseFloat(strings.TrimSpace(longitude), 64)
	there := errLat == nil && errLong == nil && lat >= -90 && lat <= 90 && long >= -180 && long <= 180 // no comparison holds for what is no number
	return core.Location{Latitude: lat, Longitude: long}, there
}

func place(p core.Location) string {
	link := p.URL
	if link == "" {
		link = fmt.Sprintf("https://maps.google.com/?q=%s,%s", degrees(p.Latitude), degrees(p.Longitude))
	}
	return strings.Join(filled(p.Name, p.Address, link), "\n")
}

func degrees(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

func cards(all []core.Card) string {
	var lines []string
	for _, c := range all {
		line := filled(c.Name, c.Company)
		for _, v := range append(append([]core.Labeled{}, c.Phones...), c.Emails...) {
			line = append(line, filled(v.Value)...)
		}
		lines = append(lines, strings.Join(line, ", "))
	}
	return strings.Join(lines, "\n")
}

func filled(all ...string) []string {
	var out []string
	for _, s := range all {
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}
