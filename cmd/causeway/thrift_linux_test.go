package main

import (
	"os"
	"reflect"
	"strconv"
	"strings"
	"testing"
)

const someMaps = `00400000-01ee3000 r-xp 00000000 fe:00 10002499                           /opt/causeway
Size:              27532 kB
Anonymous:             0 kB
Swap:                  0 kB
VmFlags: rd ex mr mw me
01ee3000-03d3c000 r--p 01ae3000 fe:00 10002499                           /opt/causeway
Anonymous:             4 kB
Swap:                  0 kB
03d3c000-03f8f000 rw-p 0393c000 fe:00 10002499                           /opt/causeway
Anonymous:             0 kB
03f8f000-05fea000 rw-p 00000000 00:00 0
Anonymous:            60 kB
7fad13a10000-7fad13c10000 r--p 00000000 fe:00 7                          /opt/causeway.db
Anonymous:             0 kB
7fad13c20000-7fad13f00000 r--p 00000000 fe:00 8                          /opt/causeway
Anonymous:             0 kB
Swap:                  8 kB
`

// TestPristine: only what is from the file, cannot be written and never was changed is forgotten.
func TestPristine(t *testing.T) {
	if got, want := pristine(someMaps, "/opt/causeway"), []stretch{{0x400000, 0x1ee3000}}; !reflect.DeepEqual(got, want) {
		t.Errorf("%x, want %x", got, want)
	}
}

// TestForgetProgram: pages of this program's file leave its memory, and it goes on working.
func TestForgetProgram(t *testing.T) {
	before := ofFiles(t)
	forgetProgram()
	if after := ofFiles(t); after > before*3/4 {
		t.Errorf("%d KB of files before, %d KB after", before, after)
	}
}

// ofFiles is how much of files this process has in its memory, in KB.
func ofFiles(t *testing.T) int {
	t.Helper()
	raw, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(raw), "RssFile:")
	if !found {
		t.Skip("this system does not tell")
	}
	kb, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		t.Fatal(err)
	}
	return kb
}
