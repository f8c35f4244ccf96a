package core

import "testing"

func TestWebAddress(t *testing.T) {
	for text, want := range map[string]struct{ address, base bool }{
		"https://api.example/v1":    {true, true},
		"http://127.0.0.1:8081":     {true, true},
		"https://api.example/?a=b":  {true, false},
		"https://api.example/#part": {true, false},
		"https://u:p@api.example":   {false, false},
		"ftp://api.example":         {false, false},
		"//api.example":             {false, false},
		"https:///v1":               {false, false},
		"api.example":               {false, false},
		"":                          {false, false},
		"https://exa mple":          {false, false},
	} {
		if a, b := WebAddress(text), WebBase(text); a != want.address || b != want.base {
			t.Errorf("%q: got %v %v, want %+v", text, a, b, want)
		}
	}
}
