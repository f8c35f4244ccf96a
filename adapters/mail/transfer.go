package mail

import (
	"bytes"
	"strings"
)

// base64Value maps a byte to its six bits, 64 for padding, 255 for anything else.
var base64Value = func() (t [256]byte) {
	for i := range t {
		t[i] = 255
	}
	for i, c := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/" {
		t[c] = byte(i)
	}
	t['='] = 64
	return t
}()

// decodeTransfer undoes a Content-Transfer-Encoding. An unknown one, or one with comments around it, is read as the bytes that are there.
func decodeTransfer(b []byte, encoding string) []byte {
	encoding, _, _ = strings.Cut(strings.TrimSpace(encoding), "(")
	encoding, _, _ = strings.Cut(strings.TrimSpace(encoding), ";")
	switch strings.ToLower(strings.Trim(encoding, " \t\"")) {
	case "base64":
		return decodeBase64(b)
	case "quoted-printable":
		return decodeQuoted(b)
	case "x-uuencode", "uuencode", "x-uue":
		return decodeUU(b)
	}
	return b
}

// decodeBase64 skips whatever is not base64 and goes on after padding, since some senders join encoded pieces.
func decodeBase64(b []byte) []byte {
	out := make([]byte, 0, len(b)/4*3+3)
	var acc uint32
	var n int
	for _, c := range b {
		v := base64Value[c]
		switch {
		case v < 64:
			acc = acc<<6 | uint32(v)
			if n++; n == 4 {
				out = append(out, byte(acc>>16), byte(acc>>8), byte(acc))
				acc, n = 0, 0
			}
		case v == 64:
			out = appendRest(out, acc, n)
			acc, n = 0, 0
		}
	}
	return appendRest(out, acc, n)
}

func appendRest(out []byte, acc uint32, n int) []byte {
	switch n {
	case 2:
		return append(out, byte(acc>>4))
	case 3:
		return append(out, byte(acc>>10), byte(acc>>2))
	}
	return out
}

// decodeQuoted leaves an equals sign alone that starts no escape.
func decodeQuoted(b []byte) []byte {
	if bytes.IndexByte(b, '=') < 0 {
		return b
	}
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		if b[i] != '=' {
			out = append(out, b[i])
			continue
		}
		if i+2 < len(b) && hexValue(b[i+1]) < 16 && hexValue(b[i+2]) < 16 {
			out = append(out, hexValue(b[i+1])<<4|hexValue(b[i+2]))
			i += 2
			continue
		}
		if skip, soft := softBreak(b[i+1:]); soft {
			i += skip
			continue
		}
		out = append(out, '=')
	}
	return out
}

// softBreak reports how much to skip after an equals sign that ends a line. The blanks it looks through are few, so that a line of
// equals signs and blanks stays cheap.
func softBreak(b []byte) (int, bool) {
	for i, c := range b[:min(len(b), 78)] {
		switch c {
		case ' ', '\t', '\r':
		case '\n':
			return i + 1, true
		default:
			return 0, false
		}
	}
	return len(b), len(b) < 78
}

func hexValue(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10
	}
	return 255
}

// decodeUU reads between begin and end; without begin it gives the bytes as they are.
func decodeUU(b []byte) []byte {
	start := bytes.Index(b, []byte("begin "))
	if start < 0 {
		return b
	}
	var out []byte
	for i, line := range bytes.Split(b[start:], []byte("\n")) {
		line = bytes.TrimRight(line, "\r")
		if i == 0 {
			continue
		}
		if bytes.Equal(line, []byte("end")) {
			break
		}
		out = append(out, uuLine(line)...)
	}
	return out
}

func uuLine(line []byte) []byte {
	if len(line) == 0 {
		return nil
	}
	want := int(line[0]-32) & 63
	var out []byte
	for q := line[1:]; len(q) > 0 && len(out) < want; q = q[min(4, len(q)):] {
		var v [4]byte
		for i := range min(4, len(q)) {
			v[i] = (q[i] - 32) & 63
		}
		out = append(out, v[0]<<2|v[1]>>4, v[1]<<4|v[2]>>2, v[2]<<6|v[3])
	}
	return out[:min(want, len(out))]
}
