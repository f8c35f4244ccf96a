package core

import (
	"path"
	"strings"
	"unicode"
)

// longestName bounds the name of a file, in bytes.
const longestName = 200

// FileName is what a file may be called of what somebody calls it: without folders, control and direction characters, and with its ending where it is
// cut. It may be empty.
func FileName(name string) string {
	name = strings.ToValidUTF8(name, "")
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	name = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, name)
	name = strings.Trim(name, " .")
	if ending := path.Ext(name); len(name) > longestName && len(ending) <= 20 {
		return strings.ToValidUTF8(name[:longestName-len(ending)], "") + ending
	}
	return strings.ToValidUTF8(name[:min(len(name), longestName)], "")
}
