package core_test

import (
	"strings"
	"testing"

	"causeway/core"
)

func TestFileName(t *testing.T) {
	for given, want := range map[string]string{
		"a.pdf": "a.pdf", "Счёт №1.pdf": "Счёт №1.pdf", "../../etc/passwd": "passwd", `..\..\win.ini`: "win.ini", "/etc/passwd": "passwd", `C:\a\b.txt`: "b.txt", "a/../../b.txt": "b.txt",
		"..": "", ".": "", "a/": "", "": "", " .hidden ": "hidden", "a\x00b\n.txt": "ab.txt", "\u202egnp.exe": "gnp.exe", "\xffa.txt": "a.txt",
		strings.Repeat("ж", 150) + ".pdf": strings.Repeat("ж", 98) + ".pdf", strings.Repeat("a", 300): strings.Repeat("a", 200),
	} {
		got := core.FileName(given)
		if got != want || len(got) > 200 {
			t.Errorf("%q: got %q, want %q", given, got, want)
		}
	}
}
