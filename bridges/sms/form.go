package sms

import (
	"bytes"
	"net/url"
	"strings"
)

// MostFields is how many fields a form may have. Providers send some dozens; a body of nothing but names, which anybody can send, would take thirty
// times its size in memory, and where the signature is over fields, before it is known who sent it.
const MostFields = 2000

// TooManyFields reports whether a form has more fields than any provider sends.
func TooManyFields(body []byte) bool { return bytes.Count(body, []byte("&")) >= MostFields }

// Form reads the fields of a form, of which there are not too many, without refusing any: what cannot be decoded stays as it is.
func Form(body string) map[string][]string {
	fields := map[string][]string{}
	for pair := range strings.SplitSeq(body, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name = decoded(name)
		fields[name] = append(fields[name], decoded(value))
	}
	return fields
}

func decoded(s string) string {
	if v, err := url.QueryUnescape(s); err == nil {
		return v
	}
	return strings.ReplaceAll(s, "+", " ")
}
