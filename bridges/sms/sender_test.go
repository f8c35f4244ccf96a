package sms_test

import (
	"encoding/json"
	"os"
	"testing"

	"causeway/bridges/sms"
	"causeway/core"

	"pgregory.net/rapid"
)

func TestSender(t *testing.T) {
	for _, tt := range []struct {
		address, region string
		international   bool
		scheme          core.Scheme
		value           string
	}{
		{"+14155550100", "", false, core.SchemePhone, "14155550100"},
		{"(415) 555-0100", "US", false, core.SchemePhone, "14155550100"},
		{"2349067554729", "US", false, core.SchemePhone, "2349067554729"},
		{"254791541111", "BR", false, core.SchemePhone, "254791541111"},
		{"2065551234", "US", false, core.SchemePhone, "12065551234"},
		{"385916242494", "", true, core.SchemePhone, "385916242494"},
		{"00385916242494", "", true, core.SchemePhone, "385916242494"},
		{"whatsapp:+14155238886", "", false, core.SchemePhone, "14155238886"},
		{"+5215512345678", "MX", false, core.SchemePhone, "5215512345678"},
		{"+999123456789", "", false, core.SchemePhone, "999123456789"},
		{"2020", "US", false, sms.SchemeSender, "2020"},
		{"24453", "NG", true, sms.SchemeSender, "24453"},
		{"MTN", "", false, sms.SchemeSender, "MTN"},
		{"anonymous", "US", false, sms.SchemeSender, "anonymous"},
		{"3COM", "US", false, sms.SchemeSender, "3COM"},
		{"a\x00b\xff", "US", false, sms.SchemeSender, "ab"},
	} {
		got, ok := sms.Numbering{Region: tt.region, International: tt.international, Scope: "acct"}.Sender(tt.address)
		want := core.IdentityKey{Scheme: tt.scheme, Value: tt.value}
		if tt.scheme == sms.SchemeSender {
			want.Scope = "acct"
		}
		if !ok || got != want {
			t.Errorf("%q in %q: got %+v %v, want %+v", tt.address, tt.region, got, ok, want)
		}
	}
	if k, ok := (sms.Numbering{}).Sender("  "); ok {
		t.Errorf("nobody is %+v", k)
	}
}

// asComes are vectors whose numbers no plan allows; they are kept as they came, which is not always what a lenient parser makes of them.
var asComes = map[string]string{
	"2020":  "a short code means something only in its country: no prefix is put before it",
	"12345": "as above",
}

// TestPhoneVectors: a number that is possible becomes what libphonenumber makes of it, and nobody who has an address is refused.
func TestPhoneVectors(t *testing.T) {
	raw, err := os.ReadFile("../../../shared/fixtures/channels/sms/phone_vectors.json")
	if err != nil {
		t.Skip("the shared fixtures are not beside this checkout")
	}
	var file struct {
		Lib struct {
			Vectors []struct{ Input, Region, E164 string }
		} `json:"libphonenumber"`
		Matching struct {
			Vectors []struct{ Incoming, Expect string }
		} `json:"whatsapp_contact_matching"`
	}
	if err := json.Unmarshal(raw, &file); err != nil || len(file.Lib.Vectors) == 0 {
		t.Fatal(err)
	}
	for _, v := range file.Lib.Vectors {
		k, ok := sms.Numbering{Region: v.Region}.Sender(v.Input)
		switch {
		case ok != (v.Input != ""):
			t.Errorf("%q: refused", v.Input)
		case asComes[v.Input] != "":
			if k.Scheme != sms.SchemeSender || k.Value != v.Input {
				t.Errorf("%q: got %+v", v.Input, k)
			}
		case v.E164 != "" && (k.Scheme != core.SchemePhone || "+"+k.Value != v.E164):
			t.Errorf("%q in %q: got %+v, want %s", v.Input, v.Region, k, v.E164)
		}
	}
}

// TestSenderNeverRefuses: whatever has a character in it is somebody, and always the same.
func TestSenderNeverRefuses(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		address, region := rapid.String().Draw(t, "address"), rapid.SampledFrom([]string{"", "US", "DE", "BR", "NG", "XX"}).Draw(t, "region")
		n := sms.Numbering{Region: region}
		k, ok := n.Sender("+" + address)
		again, _ := n.Sender("+" + address)
		if !ok || k.Value == "" || k != again {
			t.Fatalf("%q: got %+v %v", address, k, ok)
		}
		if k.Scheme == core.SchemePhone && core.Digits(k.Value) != k.Value {
			t.Fatalf("%q is no number", k.Value)
		}
	})
}

func TestAddress(t *testing.T) {
	phone, code, name := core.IdentityKey{Scheme: core.SchemePhone, Value: "14155550100"}, core.IdentityKey{Scheme: sms.SchemeSender, Value: "24453"}, core.IdentityKey{Scheme: sms.SchemeSender, Value: "MTN"}
	for want, to := range map[string][]core.IdentityKey{"+14155550100": {name, phone}, "24453": {code, phone}, "": {name, {Scheme: core.SchemeEmail, Value: "a@b.c"}}} {
		if got, ok := sms.Address(to); got != want || ok != (want != "") {
			t.Errorf("%v: got %q", to, got)
		}
	}
}

func TestNational(t *testing.T) {
	for number, want := range map[string]string{"12065551234": "2065551234", "4915112345678": "15112345678", "999": "999"} {
		if got := sms.National(number); got != want {
			t.Errorf("%s: got %s", number, got)
		}
	}
}
