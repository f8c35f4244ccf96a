package core

import (
	"strings"
	"testing"
)

func TestNearest(t *testing.T) {
	known := []string{"http_listen", "smtp_listen", "public_url", "data_dir", "dkim.key_file"}
	cases := map[string]string{
		"http_lisen": "http_listen", "httplisten": "http_listen", "HTTP-Listen": "http_listen", "smpt_listen": "smtp_listen", "publicurl": "public_url",
		"datadir": "data_dir", "dkim_keyfile": "dkim.key_file", "colour": "", "": "", "x": "", strings.Repeat("long", 100): "",
	}
	for word, want := range cases {
		if got := Nearest(word, known); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", word, got, want)
		}
	}
}

func TestDidYouMean(t *testing.T) {
	if got := DidYouMean("chanel", []string{"channel", "team"}); got != `Did you mean "channel"?` {
		t.Errorf("got %q", got)
	}
	if got := DidYouMean("zzz", []string{"channel", "team", "channel"}); got != "Known are: channel, team." {
		t.Errorf("got %q", got)
	}
}
