package core

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestPhoneVariants(t *testing.T) {
	for _, c := range []struct {
		name, number string
		more         []string
	}{
		{"brazil, mobile with the ninth digit", "5511987654321", []string{"551187654321"}},
		{"brazil, mobile without it", "551187654321", []string{"5511987654321"}},
		{"brazil, land line", "551132654321", nil},
		{"brazil, land line of four digits and a nine in front", "5511932654321", nil},
		{"brazil, land line of another state", "554133334444", nil},
		{"brazil, area code alone", "5511", nil},
		{"mexico", "525512345678", []string{"5215512345678"}},
		{"mexico with the 1", "5215512345678", []string{"525512345678"}},
		{"mexico, a national number that begins with 1", "521512345678", nil},
		{"argentina, a number of the shape of a land line", "541123456789", nil},
		{"argentina with the 9", "5491123456789", []string{"541123456789"}},
		{"britain", "447700900123", nil},
		{"germany", "491511234567", nil},
		{"the north american plan", "15551234567", nil},
		{"nothing", "", nil},
		{"no number at all", "55x", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, want := PhoneVariants(c.number), append([]string{c.number}, c.more...); !slices.Equal(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
}

// The given number comes first and none twice, and whoever is found by one way of writing is found by the other, but for Argentina's land lines.
func TestPhoneVariantsAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.SampledFrom([]string{"55", "52", "521", "44", "1", ""}).Draw(t, "country") + rapid.StringMatching(`[0-9]{0,12}`).Draw(t, "number")
		all := PhoneVariants(n)
		if all[0] != n || len(slices.Compact(slices.Sorted(slices.Values(all)))) != len(all) {
			t.Fatalf("variants of %s: %v", n, all)
		}
		for _, v := range all {
			if !slices.Contains(PhoneVariants(v), n) {
				t.Fatalf("%s leads to %s, which does not lead back: %v", n, v, PhoneVariants(v))
			}
		}
	})
}
