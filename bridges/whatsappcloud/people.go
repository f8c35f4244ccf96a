package whatsappcloud

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"causeway/bridges/meta"
	"causeway/core"
)

var (
	aPhone = regexp.MustCompile(`^\d{3,20}$`)
	aUser  = regexp.MustCompile(`^[A-Z]{2}\.[A-Za-z0-9]{1,128}$`)
)

// identity returns what a value names, by its form: a phone number in digits, kept as it came but for a "+", or a business-scoped user id.
// False: it is neither. A phone number is never rejected for not being valid by some numbering plan.
func identity(t meta.Text) (core.IdentityKey, bool) {
	s := strings.TrimPrefix(strings.TrimSpace(string(t)), "+")
	switch {
	case s == "":
	case aPhone.MatchString(s):
		return core.IdentityKey{Scheme: core.SchemePhone, Value: s}, true
	case aUser.MatchString(s):
		return core.IdentityKey{Scheme: core.SchemeBSUID, Value: s}, true
	}
	return core.IdentityKey{}, false
}

// identities gathers those among the values that are some, in order, each once.
func identities(values ...meta.Text) []core.IdentityKey {
	var keys []core.IdentityKey
	for _, v := range values {
		if k, ok := identity(v); ok && !slices.Contains(keys, k) {
			keys = append(keys, k)
		}
	}
	return keys
}

// peer is the person on the other side of a message: the sender, or the receiver of an echo.
func peer(m message, contacts []contact, echo bool) core.Peer {
	address, user := m.From, cmp.Or(m.FromUser, m.FromBSUID)
	if echo {
		address, user = m.To, m.ToUser
		if _, there := match(contacts, identities(m.To, m.ToUser)); !there && m.From != m.To {
			if _, there := match(contacts, identities(m.From, m.FromUser)); there {
				address, user = m.From, m.FromUser // some samples name the customer as who wrote the echo
			}
		}
	}
	own := identities(address, user)
	c, found := match(contacts, own)
	if !found && address == "" && user == "" && !echo && len(contacts) == 1 {
		c, found = contacts[0], true // whoever is described is the only one who can have written
	}
	if !found && len(contacts) == 1 && contacts[0].Phone == "" && contacts[0].User == "" {
		c, found = contacts[0], true // a name, and nothing that says it is another's
	}
	if !found {
		return core.Peer{Identities: own}
	}
	p := core.Peer{Name: strings.TrimSpace(string(c.Profile.Name)), Identities: identities(address, user, c.Phone, c.User)}
	if len(p.Identities) == 0 {
		return core.Peer{}
	}
	if name := strings.TrimPrefix(strings.TrimSpace(string(c.Profile.Username)), "@"); name != "" {
		p.Identities = append(p.Identities, core.IdentityKey{Scheme: core.SchemeUsername, Value: name})
	}
	return p
}

// inVCard finds the number by which WhatsApp knows whom a card is of.
var inVCard = regexp.MustCompile(`(?i)[;:]waid=(\d{7,15})\b`)

// handedOver returns the number that a customer handed over when they were asked for their own, which WhatsApp says of the message. It tells who they are where
// WhatsApp names no number. One without a country code could be anybody's.
func handedOver(all []card) []core.IdentityKey {
	if len(all) != 1 || len(all[0].Phones) > 1 {
		return nil
	}
	var found []meta.Text
	for _, p := range all[0].Phones {
		found = append(found, p.WA)
		if strings.HasPrefix(strings.TrimSpace(string(p.Phone)), "+") {
			found = append(found, meta.Text(core.PhoneDigits(string(p.Phone))))
		}
	}
	if in := inVCard.FindAllStringSubmatch(string(all[0].VCard), -1); len(in) == 1 {
		found = append(found, meta.Text(in[0][1]))
	}
	keys := identities(found...)
	return keys[:min(1, len(keys))]
}

// match finds the contact that is known by one of the identities.
func match(contacts []contact, keys []core.IdentityKey) (contact, bool) {
	for _, c := range contacts {
		for _, k := range identities(c.Phone, c.User) {
			if slices.Contains(keys, k) {
				return c, true
			}
		}
	}
	return contact{}, false
}
