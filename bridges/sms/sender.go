package sms

import (
	"strings"

	"github.com/nyaruka/phonenumbers"

	"causeway/core"
)

// SchemeSender names those who are no telephone number in the world's plan: short codes and names. They mean something only to one account of
// a provider, which is their scope.
const SchemeSender core.Scheme = "sms-sender"

// Numbering is how a provider writes numbers.
type Numbering struct {
	Region        string // ISO 3166 code of the country whose numbers come without their prefix; may be empty
	International bool   // every number starts with the country's prefix, though perhaps without "+"
	Scope         string // of short codes and names
}

const shortCode = 6 // digits at most, beside the few of seven and eight that no plan knows

// Sender returns who an address names. It is false only for an empty one.
func (n Numbering) Sender(address string) (core.IdentityKey, bool) {
	s := strings.ToValidUTF8(strings.TrimSpace(strings.ReplaceAll(address, "\x00", "")), "")
	for _, prefix := range []string{"tel:", "sms:", "whatsapp:"} {
		if len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix) {
			s = strings.TrimSpace(s[len(prefix):])
		}
	}
	digits := core.Digits(s)
	switch {
	case s == "":
		return core.IdentityKey{}, false
	case digits == "" || strings.Trim(s, "+0123456789 ()-./\u00a0") != "" || strings.LastIndex(s, "+") > 0:
		return core.IdentityKey{Scheme: SchemeSender, Scope: n.Scope, Value: s}, true
	case s[0] != '+' && len(digits) <= shortCode:
		return core.IdentityKey{Scheme: SchemeSender, Scope: n.Scope, Value: digits}, true
	}
	if e164 := n.normal(s, digits); e164 != "" {
		return core.IdentityKey{Scheme: core.SchemePhone, Value: e164}, true
	}
	if s[0] != '+' && len(digits) <= shortCode+2 {
		return core.IdentityKey{Scheme: SchemeSender, Scope: n.Scope, Value: digits}, true
	}
	return core.IdentityKey{Scheme: core.SchemePhone, Value: digits}, true
}

// normal returns a number's digits with the country's prefix, "" if no plan knows a number of that length.
func (n Numbering) normal(s, digits string) string {
	world := "+" + strings.TrimPrefix(digits, "00")
	if s[0] == '+' || n.International {
		return parsed(world, "ZZ", phonenumbers.IsPossibleNumber)
	}
	for _, good := range []func(*phonenumbers.PhoneNumber) bool{phonenumbers.IsValidNumber, phonenumbers.IsPossibleNumber} {
		if n.Region != "" {
			if v := parsed(s, n.Region, good); v != "" {
				return v
			}
		}
		if v := parsed(world, "ZZ", good); v != "" {
			return v
		}
	}
	return ""
}

func parsed(s, region string, good func(*phonenumbers.PhoneNumber) bool) string {
	num, err := phonenumbers.Parse(s, region)
	if err != nil || !good(num) {
		return ""
	}
	return strings.TrimPrefix(phonenumbers.Format(num, phonenumbers.E164), "+")
}

// Region reports whether a code is one of a country with telephone numbers.
func Region(code string) bool { return phonenumbers.GetCountryCodeForRegion(code) != 0 }

// National returns the digits of a number as they are dialed within its country, without the trunk prefix: all of them if no plan knows it.
func National(digits string) string {
	num, err := phonenumbers.Parse("+"+digits, "ZZ")
	if err != nil {
		return digits
	}
	return phonenumbers.GetNationalSignificantNumber(num)
}

// Address returns where to send: a number with "+", or a short code. It is false when nobody of them can be written to: names cannot.
func Address(to []core.IdentityKey) (string, bool) {
	for _, k := range to {
		switch {
		case k.Scheme == core.SchemePhone && k.Value != "" && core.Digits(k.Value) == k.Value:
			return "+" + k.Value, true
		case k.Scheme == SchemeSender && k.Value != "" && core.Digits(k.Value) == k.Value:
			return k.Value, true
		}
	}
	return "", false
}
