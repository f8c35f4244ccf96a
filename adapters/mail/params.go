package mail

import (
	"sort"
	"strconv"
	"strings"
)

// parameters are a Content-Type's or a Content-Disposition's, names in lower case, values decoded.
type parameters map[string]string

// parseParams reads "type; name=value; …" as mail programs write it, not as RFC 2045 wants it: values without quotes may hold blanks and
// raw bytes, the first of a repeated name counts, RFC 2231 pieces are joined, RFC 2047 words decoded.
func parseParams(value string) (string, parameters) {
	head, rest, _ := strings.Cut(value, ";")
	params := parameters{}
	pieces := map[string][]piece{}
	for rest != "" {
		var name, val string
		name, val, rest = nextParam(rest)
		if name == "" {
			continue
		}
		if base, p, ok := splitPiece(name, val); ok {
			pieces[base] = append(pieces[base], p)
		} else if _, seen := params[name]; !seen {
			params[name] = decodeWords(val)
		}
	}
	for base, list := range pieces {
		params[base] = joinPieces(list)
	}
	head, _, _ = strings.Cut(head, "(")
	return strings.ToLower(strings.Trim(head, " \t\"'")), params
}

// nextParam cuts one parameter off. A quoted value ends at its quote or, where that is missing, at the end.
func nextParam(s string) (name, value, rest string) {
	eq := strings.IndexAny(s, "=;")
	if eq < 0 {
		return "", "", ""
	}
	name = strings.ToLower(strings.Trim(s[:eq], " \t\r\n\""))
	if s[eq] == ';' {
		return "", "", s[eq+1:]
	}
	s = strings.TrimLeft(s[eq+1:], " \t")
	if !strings.HasPrefix(s, `"`) {
		value, rest, _ = strings.Cut(s, ";")
		return name, strings.TrimSpace(value), rest
	}
	var out strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s) && (s[i+1] == '"' || s[i+1] == '\\'):
			i++
			out.WriteByte(s[i])
		case s[i] == '"':
			_, rest, _ = strings.Cut(s[i+1:], ";")
			return name, out.String(), rest
		default:
			out.WriteByte(s[i])
		}
	}
	return name, out.String(), ""
}

// piece is one RFC 2231 continuation.
type piece struct {
	index   int
	encoded bool
	value   string
}

func splitPiece(name, value string) (string, piece, bool) {
	base, tail, ok := strings.Cut(name, "*")
	if !ok {
		return "", piece{}, false
	}
	digits, encoded := strings.CutSuffix(tail, "*")
	if tail == "" {
		return base, piece{0, true, value}, true
	}
	n, err := strconv.Atoi(digits)
	if err != nil || n < 0 {
		return "", piece{}, false
	}
	return base, piece{n, encoded, value}, true
}

func joinPieces(list []piece) string {
	sort.SliceStable(list, func(i, j int) bool { return list[i].index < list[j].index })
	label, coded := "", false
	var raw []byte
	for i, p := range list {
		if !p.encoded {
			raw = append(raw, p.value...)
			continue
		}
		coded = true
		if i == 0 {
			if parts := strings.SplitN(p.value, "'", 3); len(parts) == 3 {
				label, p.value = parts[0], parts[2]
			}
		}
		raw = append(raw, unpercent(p.value)...)
	}
	if !coded {
		return decodeWords(string(raw))
	}
	return printable(decodeText(raw, label))
}

func unpercent(s string) []byte {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) && hexValue(s[i+1]) < 16 && hexValue(s[i+2]) < 16 {
			out = append(out, hexValue(s[i+1])<<4|hexValue(s[i+2]))
			i += 2
			continue
		}
		out = append(out, s[i])
	}
	return out
}
