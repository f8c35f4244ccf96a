package core

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

func TestHide(t *testing.T) {
	all := []Secret{NewSecret(`p/4 "w&d`), NewSecret("abc"), {}}
	text := `as it is p/4 "w&d, in a query p%2F4+%22w%26d, in a path p%2F4%20%22w&d, in JSON "p/4 \"w\u0026d"; abc`
	if got, want := Hide(text, all...), `as it is [secret], in a query [secret], in a path [secret], in JSON "[secret]"; abc`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := Hide(`{"key":"abcd\""}`, NewSecret(`abcd"`)), `{"key":"[secret]"}`; got != want { // one that ends with a quotation mark
		t.Errorf("got %s, want %s", got, want)
	}
	if err := HideIn(fmt.Errorf(`dial p/4 "w&d: %w`, io.EOF), all...); errors.Is(err, io.EOF) || strings.Contains(err.Error(), "w&d") {
		t.Errorf("got %v", err)
	}
	if err := HideIn(fmt.Errorf("dial: %w", io.EOF), all...); !errors.Is(err, io.EOF) {
		t.Errorf("got %v, which has lost its cause", err)
	}
}

func TestSecretNeverShows(t *testing.T) {
	type holder struct{ inner Secret }
	s := NewSecret("EAAG-planted")
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
		for _, value := range []any{s, &s, holder{s}, &holder{s}, []Secret{s}} {
			out := fmt.Sprintf(format, value)
			for _, planted := range []string{"EAAG", "planted", "45414147"} {
				if strings.Contains(out, planted) {
					t.Errorf("%s of %T shows %q", format, value, out)
				}
			}
		}
	}
}

func TestSecretSame(t *testing.T) {
	for _, tt := range []struct {
		secret Secret
		given  string
		want   bool
	}{
		{NewSecret("open sesame"), "open sesame", true},
		{NewSecret("open sesame"), "open sesam", false},
		{NewSecret("open sesame"), "", false},
		{NewSecret(""), "", false}, // who has set none lets nobody in
		{Secret{}, "", false},
	} {
		if got := tt.secret.Same(tt.given); got != tt.want {
			t.Errorf("%q for %q: got %t, want %t", tt.given, tt.secret.Reveal(), got, tt.want)
		}
	}
}
