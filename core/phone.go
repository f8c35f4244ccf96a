package core

import "strings"

// PhoneVariants returns the ways in which providers and people are known to write the same number (digits only), the given one first.
// It serves to find a contact; what a provider sent is stored as it came. Brazil's mobile numbers appear with and without the ninth digit,
// Mexico's with and without the 1, Argentina's without the 9 too. A land line never becomes a mobile number, and in Argentina a number without the 9
// looks like one.
func PhoneVariants(digits string) []string {
	all := []string{digits}
	switch {
	case strings.HasPrefix(digits, "55") && len(digits) == 13 && digits[4] == '9' && mobileInBrazil(digits[5]):
		all = append(all, digits[:4]+digits[5:])
	case strings.HasPrefix(digits, "55") && len(digits) == 12 && mobileInBrazil(digits[4]):
		all = append(all, digits[:4]+"9"+digits[4:])
	case strings.HasPrefix(digits, "521") && len(digits) == 13 && digits[3] != '1':
		all = append(all, "52"+digits[3:])
	case strings.HasPrefix(digits, "52") && len(digits) == 12 && digits[2] != '1':
		all = append(all, "521"+digits[2:])
	case strings.HasPrefix(digits, "549") && len(digits) == 13:
		all = append(all, "54"+digits[3:])
	}
	return all
}

// OtherWritings returns the phone numbers among keys as they may be written otherwise.
func OtherWritings(keys []IdentityKey) []IdentityKey {
	var all []IdentityKey
	for _, k := range keys {
		if k.Scheme != SchemePhone {
			continue
		}
		for _, v := range PhoneVariants(k.Value)[1:] {
			all = append(all, IdentityKey{Scheme: k.Scheme, Scope: k.Scope, Value: v})
		}
	}
	return all
}

// Digits returns the decimal digits of a text, as numbers are compared.
func Digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}

// mobileInBrazil tells a mobile number by its first digit behind the area code and, if there, the ninth digit: land lines start with 2 to 5.
func mobileInBrazil(first byte) bool { return first >= '6' && first <= '9' }
