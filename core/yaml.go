package core

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"
)

// yamlParser are what the parser of YAML says, as against its scanner: it counts lines from zero.
var yamlParser = regexp.MustCompile(`^line (\d+): (did not find expected (?:<document start>|node content|'-' indicator|key|',' or '\]'|',' or '\}')$)`)

// YAMLFault says what is wrong with a text that is not YAML, and on which line.
func YAMLFault(err error) string {
	s := strings.TrimPrefix(err.Error(), "yaml: ")
	if m := yamlParser.FindStringSubmatch(s); m != nil {
		n, _ := strconv.Atoi(m[1])
		return "line " + strconv.Itoa(n+1) + ": " + m[2]
	}
	return s
}

// SecondYAML is the line on which a second document begins in a YAML text: readers take the first, and pass over all that stands behind it. Zero: there
// is none.
func SecondYAML(raw []byte) int {
	begun, second := false, 0
	for i, line := range bytes.Split(raw, []byte("\n")) {
		line = bytes.TrimRight(line, " \t\r")
		switch {
		case string(line) == "---" || bytes.HasPrefix(line, []byte("--- ")):
			if begun && second == 0 {
				second = i + 1
			}
			begun = begun || len(line) > len("---")
		case len(line) == 0 || line[0] == '#':
		case second > 0:
			return second
		default:
			begun = true
		}
	}
	return 0
}
