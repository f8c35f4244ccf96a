package core

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"strings"
)

// Secret holds a credential that must not be printed. Every way of formatting, logging or encoding it shows "[secret]"; only Reveal gives
// the value, and it is called where the credential is used. The zero value is an empty secret.
type Secret struct{ value *string }

// NewSecret wraps a value.
func NewSecret(value string) Secret { return Secret{&value} }

// Reveal returns the value, empty for the zero Secret.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// Empty reports whether there is nothing to reveal.
func (s Secret) Empty() bool { return s.Reveal() == "" }

// Same compares a value that somebody gave with the secret, in a time that tells nothing about it. An empty secret is the same as nothing.
func (s Secret) Same(given string) bool {
	a, b := sha256.Sum256([]byte(given)), sha256.Sum256([]byte(s.Reveal()))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1 && !s.Empty()
}

const hidden = "[secret]"

func (s Secret) String() string               { return hidden }
func (s Secret) GoString() string             { return hidden }
func (s Secret) Format(f fmt.State, _ rune)   { _, _ = io.WriteString(f, hidden) }
func (s Secret) LogValue() slog.Value         { return slog.StringValue(hidden) }
func (s Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// shortestHidden is the length of a secret that Hide finds: a shorter one would shred the text, and hides nothing.
const shortestHidden = 4

// Hide takes secrets out of a text, in every form in which a request may carry them.
func Hide(text string, secrets ...Secret) string {
	for _, s := range secrets {
		v := s.Reveal()
		if len(v) < shortestHidden {
			continue
		}
		quoted, _ := json.Marshal(v) // a string never fails
		for _, form := range []string{v, url.QueryEscape(v), url.PathEscape(v), string(quoted[1 : len(quoted)-1])} {
			text = strings.ReplaceAll(text, form, hidden)
		}
	}
	return text
}

// HideIn takes secrets out of an error's text. An error without any stays whole, so that errors.Is and As see its cause.
func HideIn(err error, secrets ...Secret) error {
	if text := Hide(err.Error(), secrets...); text != err.Error() {
		return errors.New(text)
	}
	return err
}

// GivenName is the name under which a secret is kept as the admin gave it, once the provider has renewed it: giving the same again changes nothing.
func GivenName(name string) string { return name + ".given" }
