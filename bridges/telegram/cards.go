package telegram

import (
	"cmp"
	"strings"

	"causeway/core"
)

// composePlace sends a place; Telegram wants both a name and an address for more than a point.
func composePlace(p core.Location) request {
	r := request{method: "sendLocation", p: params{"latitude": p.Latitude, "longitude": p.Longitude}}
	if p.Name != "" || p.Address != "" {
		r.method = "sendVenue"
		r.p["title"], r.p["address"] = cmp.Or(p.Name, p.Address), cmp.Or(p.Address, p.Name)
	}
	return r
}

// composeCards sends one card with a number as a contact. Telegram knows no others: several cards, or one without a number, become text.
func composeCards(all []core.Card) (request, error) {
	c := all[0]
	if len(all) > 1 || len(c.Phones) == 0 {
		r := request{method: "sendMessage", p: params{}}
		return r, r.text("text", written(all), textLimit)
	}
	first, last := c.FirstName, c.LastName
	if first == "" {
		first, last = c.Name, ""
	}
	if first == "" {
		first = c.Phones[0].Value
	}
	r := request{method: "sendContact", p: params{"phone_number": c.Phones[0].Value, "first_name": first}}
	if last != "" {
		r.p["last_name"] = last
	}
	if c.VCard != "" && len(c.VCard) <= 2048 {
		r.p["vcard"] = c.VCard
	}
	return r, nil
}

// written writes cards as text.
func written(all []core.Card) string {
	var cards []string
	for _, c := range all {
		lines := []string{c.Name, c.Title, c.Company}
		for _, list := range [][]core.Labeled{c.Phones, c.Emails, c.URLs, c.Addresses} {
			for _, v := range list {
				lines = append(lines, v.Value)
			}
		}
		var some []string
		for _, l := range lines {
			if strings.TrimSpace(l) != "" {
				some = append(some, l)
			}
		}
		cards = append(cards, strings.Join(some, "\n"))
	}
	return strings.Join(cards, "\n\n")
}
