package meta

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Of what is not known, so much is shown, so deep is looked.
const (
	mostWords   = 20  // lines
	longestWord = 200 // bytes of a line
	deepest     = 8
)

// legible gathers what people can read of a value that is not known, a name and its text on a line. Ids, addresses and kinds are for programs.
func legible(raw json.RawMessage) string {
	var v any
	if json.Unmarshal(raw, &v) != nil {
		return ""
	}
	if all, ok := v.(map[string]any); ok {
		delete(all, "title") // which is shown already
	}
	lines := gather(nil, "", v, deepest)
	return strings.ReplaceAll(strings.Join(lines[:min(len(lines), mostWords)], "\n"), "\x00", "") // no database takes that
}

func gather(lines []string, name string, v any, depth int) []string {
	switch v := v.(type) {
	case string:
		if v = strings.TrimSpace(v); v != "" && len(v) <= longestWord && name != "" {
			return append(lines, name+": "+v)
		}
	case float64:
		if name != "" {
			return append(lines, name+": "+strconv.FormatFloat(v, 'f', -1, 64))
		}
	case []any:
		for _, x := range v {
			if depth > 0 {
				lines = gather(lines, name, x, depth-1)
			}
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			if depth > 0 && !technical(name) {
				lines = gather(lines, name, v[name], depth-1)
			}
		}
	}
	return lines
}

// technical reports whether a member is for programs.
func technical(name string) bool {
	for _, word := range []string{"id", "url", "uri", "type", "token"} {
		if name == word || strings.HasSuffix(name, "_"+word) || strings.HasSuffix(name, "_"+word+"s") {
			return true
		}
	}
	return false
}
