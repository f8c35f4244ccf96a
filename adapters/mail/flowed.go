package mail

import "strings"

// unflow undoes RFC 3676 format=flowed: soft-wrapped lines are joined within one quote depth, stuffed blanks go, "-- " stays a line of its
// own. With delSp the blank that marks a soft break is not part of the text.
func unflow(text string, delSp bool) string {
	var out strings.Builder
	out.Grow(len(text))
	lastDepth, joined := 0, false
	for i, line := range strings.Split(text, "\n") {
		rest := strings.TrimLeft(line, ">")
		depth := len(line) - len(rest)
		rest = strings.TrimPrefix(rest, " ")
		if i > 0 && (!joined || depth != lastDepth || rest == "-- ") {
			out.WriteByte('\n')
			joined = false
		}
		if depth > 0 && !joined {
			out.WriteString(strings.Repeat(">", depth) + " ")
		}
		soft := strings.HasSuffix(rest, " ") && rest != "-- "
		if soft && delSp {
			rest = rest[:len(rest)-1]
		}
		out.WriteString(rest)
		lastDepth, joined = depth, soft
	}
	return out.String()
}
