package forward

import (
	"strings"

	"causeway/core"
)

// vcard writes a card as RFC 2426 has it, which every address book reads; one that the provider gave is taken as it is.
func vcard(c core.Card) string {
	if strings.HasPrefix(strings.ToUpper(strings.TrimSpace(c.VCard)), "BEGIN:VCARD") {
		return c.VCard
	}
	var b strings.Builder
	line := func(name, value string) {
		if value != "" {
			b.WriteString(name + ":" + value + "\r\n")
		}
	}
	line("BEGIN", "VCARD")
	line("VERSION", "3.0")
	line("FN", vtext(cardName(c)))
	b.WriteString("N:" + vtext(c.LastName) + ";" + vtext(c.FirstName) + ";;;\r\n")
	line("ORG", vtext(c.Company))
	line("TITLE", vtext(c.Title))
	line("BDAY", vtext(c.Birthday))
	for _, p := range c.Phones {
		line("TEL"+vtype(p.Label), vtext(p.Value))
	}
	for _, e := range c.Emails {
		line("EMAIL"+vtype(e.Label), vtext(e.Value))
	}
	for _, u := range c.URLs {
		line("URL", vtext(u.Value))
	}
	for _, a := range c.Addresses {
		line("ADR"+vtype(a.Label), ";;"+vtext(a.Value)+";;;;")
	}
	line("END", "VCARD")
	return b.String()
}

func cardName(c core.Card) string {
	for _, name := range []string{c.Name, strings.TrimSpace(c.FirstName + " " + c.LastName), c.Company} {
		if name != "" {
			return name
		}
	}
	if len(c.Phones) > 0 {
		return c.Phones[0].Value
	}
	return "?"
}

func vtext(s string) string {
	return strings.NewReplacer("\\", "\\\\", "\r\n", "\\n", "\n", "\\n", "\r", "", ",", "\\,", ";", "\\;").Replace(s)
}

// vtype writes a label as a type where it is a plain word.
func vtype(label string) string {
	label = strings.ToUpper(label)
	if label == "" || strings.Trim(label, "ABCDEFGHIJKLMNOPQRSTUVWXYZ-") != "" {
		return ""
	}
	return ";TYPE=" + label
}
