package core

import (
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
