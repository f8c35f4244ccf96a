package meta

import (
	"strings"
	"testing"
)

// TestLegible: of what is not known, people see what they can read, and not what is for programs.
func TestLegible(t *testing.T) {
	for raw, want := range map[string]string{
		`{"title":"Card","name":"Bo","phone":"+1650","id":"77","profile_url":"https://x.example"}`:       "name: Bo\nphone: +1650",
		`{"order":{"id":"5","products":[{"title":"Lamp","name":"Lamp","quantity":2},{"name":"تلفاز"}]}}`: "name: Lamp\nquantity: 2\ntitle: Lamp\nname: تلفاز",
		`{"when":1767225601,"note":"a\u0000b","open":true,"none":null}`:                                  "note: ab\nwhen: 1767225601",
		`["x",{"text":" hi "}]`: "text: hi", `"x"`: "", `{"text":"` + strings.Repeat("x", 300) + `"}`: "", `{`: "", `{"image_urls":["https://a.example"],"type":"x"}`: "",
		strings.Repeat(`{"a":`, 20) + `"deep"` + strings.Repeat("}", 20): "",
	} {
		if got := legible([]byte(raw)); got != want {
			t.Errorf("%.60s: got %q, want %q", raw, got, want)
		}
	}
	if got := legible([]byte(`{"text":["` + strings.Repeat(`y","`, 50) + `"]}`)); strings.Count(got, "\n") != mostWords-1 {
		t.Errorf("got %d lines", strings.Count(got, "\n")+1)
	}
}
