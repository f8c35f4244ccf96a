package mail

import (
	"encoding/base64"
	"strings"
	"unicode/utf16"
)

// decodeUTF7 reads RFC 2152, which old Exchange servers still write. What is not well formed stays as it is.
func decodeUTF7(b []byte) string {
	var out strings.Builder
	out.Grow(len(b))
	for i := 0; i < len(b); i++ {
		if b[i] != '+' {
			out.WriteByte(b[i])
			continue
		}
		end := i + 1
		for end < len(b) && base64Value[b[end]] < 64 {
			end++
		}
		out.WriteString(utf7Run(b[i+1:end], end < len(b) && b[end] == '-'))
		i = end - 1
		if end < len(b) && b[end] == '-' {
			i = end
		}
	}
	return strings.ToValidUTF8(out.String(), "\uFFFD")
}

// utf7Run decodes what stands between + and its end.
func utf7Run(run []byte, closed bool) string {
	if len(run) == 0 {
		return "+"
	}
	raw, err := base64.RawStdEncoding.DecodeString(string(run))
	if err != nil && len(raw) == 0 {
		if closed {
			return "+" + string(run) + "-"
		}
		return "+" + string(run)
	}
	units := make([]uint16, 0, len(raw)/2)
	for j := 0; j+1 < len(raw); j += 2 {
		units = append(units, uint16(raw[j])<<8|uint16(raw[j+1]))
	}
	return string(utf16.Decode(units))
}
