package core

import (
	"fmt"
	"io"
	"log/slog"
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

const hidden = "[secret]"

func (s Secret) String() string               { return hidden }
func (s Secret) GoString() string             { return hidden }
func (s Secret) Format(f fmt.State, _ rune)   { _, _ = io.WriteString(f, hidden) }
func (s Secret) LogValue() slog.Value         { return slog.StringValue(hidden) }
func (s Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// GivenName is the name under which a secret is kept as the admin gave it, once the provider has renewed it: giving the same again changes nothing.
func GivenName(name string) string { return name + ".given" }
