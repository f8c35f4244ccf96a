package whatsappdevice

import (
	"cmp"
	"strings"

	"causeway/core"

	"go.mau.fi/whatsmeow/proto/waE2E"
)

// cardOf reads a shared contact.
func cardOf(c *waE2E.ContactMessage) core.Card {
	card := core.Card{Name: plain(c.GetDisplayName()), VCard: plain(c.GetVcard())}
	for _, line := range unfold(card.VCard) {
		name, value, ok := strings.Cut(line, ":")
		if !ok || strings.TrimSpace(value) == "" {
			continue
		}
		put(&card, strings.Split(name, ";"), strings.TrimSpace(value))
	}
	return card
}

// unfold joins the lines of a vCard that go on over several.
func unfold(s string) []string {
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(s)
	s = strings.NewReplacer("\n ", "", "\n\t", "").Replace(s)
	return strings.Split(s, "\n")
}

// put adds one field of a vCard, its name and parameters given, to a card.
func put(card *core.Card, name []string, value string) {
	_, bare, grouped := strings.Cut(name[0], ".")
	if !grouped {
		bare = name[0]
	}
	value = unescape(value)
	labeled := core.Labeled{Label: label(name[1:]), Value: value}
	switch strings.ToUpper(bare) {
	case "FN":
		card.Name = cmp.Or(card.Name, value)
	case "N":
		parts := append(strings.Split(value, ";"), "", "")
		card.LastName, card.FirstName = strings.TrimSpace(parts[0]), strings.TrimSpace(parts[1])
	case "ORG":
		card.Company = strings.Trim(strings.ReplaceAll(value, ";", ", "), ", ")
	case "TITLE":
		card.Title = value
	case "BDAY":
		card.Birthday = value
	case "TEL":
		card.Phones = append(card.Phones, labeled)
	case "EMAIL":
		card.Emails = append(card.Emails, labeled)
	case "URL":
		card.URLs = append(card.URLs, labeled)
	case "ADR":
		labeled.Value = address(value)
		card.Addresses = append(card.Addresses, labeled)
	}
}

func address(value string) string {
	var all []string
	for _, s := range strings.Split(value, ";") {
		if s = strings.TrimSpace(s); s != "" {
			all = append(all, s)
		}
	}
	return strings.Join(all, ", ")
}

// label is the type of a field, without those that say nothing to people.
func label(parameters []string) string {
	for _, p := range parameters {
		key, value, named := strings.Cut(p, "=")
		if !named {
			key, value = "TYPE", p
		}
		if strings.EqualFold(key, "TYPE") && !strings.EqualFold(value, "VOICE") && !strings.EqualFold(value, "INTERNET") && !strings.EqualFold(value, "PREF") {
			return value
		}
	}
	return ""
}

func unescape(s string) string {
	return strings.NewReplacer(`\n`, "\n", `\N`, "\n", `\,`, ",", `\;`, ";", `\\`, `\`).Replace(s)
}

// vcard writes a card as a vCard; one that came as such stays as it is.
func vcard(c core.Card) string {
	if c.VCard != "" {
		return c.VCard
	}
	var b strings.Builder
	line := func(name string, value string) {
		if value != "" {
			b.WriteString(name + ":" + value + "\n")
		}
	}
	b.WriteString("BEGIN:VCARD\nVERSION:3.0\n")
	line("N", escape(c.LastName)+";"+escape(cmp.Or(c.FirstName, c.Name))+";;;")
	line("FN", escape(c.Name))
	line("ORG", escape(c.Company))
	line("TITLE", escape(c.Title))
	line("BDAY", escape(c.Birthday))
	for _, p := range c.Phones {
		line("TEL"+typed(p.Label)+waid(p.Value), escape(p.Value))
	}
	for _, e := range c.Emails {
		line("EMAIL"+typed(e.Label), escape(e.Value))
	}
	for _, u := range c.URLs {
		line("URL"+typed(u.Label), escape(u.Value))
	}
	for _, a := range c.Addresses {
		line("ADR"+typed(a.Label), ";;"+escape(a.Value)+";;;;")
	}
	b.WriteString("END:VCARD")
	return b.String()
}

func typed(label string) string {
	if label == "" {
		return ""
	}
	return ";type=" + strings.Map(func(r rune) rune {
		if r == ';' || r == ':' || r == ',' || r < ' ' {
			return -1
		}
		return r
	}, label)
}

// waid lets the apps offer a chat with the number.
func waid(number string) string {
	if !strings.HasPrefix(number, "+") {
		return ""
	}
	return ";waid=" + core.Digits(number)
}

func escape(s string) string {
	return strings.NewReplacer(`\`, `\\`, "\r\n", `\n`, "\n", `\n`, "\r", `\n`, ",", `\,`, ";", `\;`).Replace(s)
}
