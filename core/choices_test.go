package core

import "testing"

func TestNumbered(t *testing.T) {
	drinks := []Option{{Title: "Tea", Description: "hot"}, {ID: "c", Title: "Coffee"}, {Title: "قهوة"}}
	for _, c := range []struct {
		name string
		give Content
		want string
	}{
		{"options", Content{Text: "What?", Choices: &Choices{Options: drinks}}, "What?\n\n1. Tea – hot\n2. Coffee\n3. قهوة"},
		{"header and footer", Content{Text: "What?", Choices: &Choices{Header: "Drinks", Footer: "Free", Options: drinks[1:2]}}, "Drinks\n\nWhat?\n\n1. Coffee\n\nFree"},
		{"a link", Content{Text: "Look", Choices: &Choices{Style: ChoicesLink, Options: []Option{{Title: "Shop", URL: "https://example.com"}}}}, "Look\n\nShop: https://example.com"},
		{"no link", Content{Text: "Look", Choices: &Choices{Style: ChoicesLink, Options: []Option{{Title: "Shop"}}}}, "Look"},
		{"a place", Content{Text: "Where are you?", Choices: &Choices{Style: ChoicesLocation}}, "Where are you?"},
	} {
		if got := Numbered(c.give); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestPick(t *testing.T) {
	c := Choices{Options: []Option{{Title: "Tea", Description: "hot"}, {ID: "c", Title: "Coffee"}, {Title: "Вода"}}}
	for answer, want := range map[string]string{"1": "0", " 2. ": "c", "2)": "c", "٣": "2", "3": "2", "coffee": "", "0": "", "4": "", "-1": "", "2 please": "", "": "", "12": ""} {
		if got, ok := c.Pick(answer); got.ID != want || ok != (want != "") {
			t.Errorf("%q: got %+v, %v; want %q", answer, got, ok, want)
		}
	}
	c.Style = ChoicesLink
	if got, ok := c.Pick("1"); ok {
		t.Errorf("of a link: %+v", got)
	}
}
