package main

import (
	"bytes"
	"debug/elf"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"

	"causeway/bridges/whatsappdevice/whatsapptest"

	"go.mau.fi/whatsmeow"
)

// whatsAppsRoot is WhatsApp's own, before any test has this process trust another.
var whatsAppsRoot = whatsmeow.WACertPubKey

// TestProgramTrustsWhatsAppAlone: the built program holds WhatsApp's root once and knows nothing of the stand-in whose root a test trusts. What tells a
// test's process of that root tells the program nothing: sent to the stand-in by its channel's setting, it breaks off at the certificate.
func TestProgramTrustsWhatsAppAlone(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the program is read as an ELF file")
	}
	raw, err := os.ReadFile(build(t))
	must(t, err)
	for what, want := range map[string]bool{"causeway/bridges/whatsappdevice.": true, "whatsapptest": false, "CAUSEWAY_TEST_WHATSAPP": false} {
		if bytes.Contains(raw, []byte(what)) != want {
			t.Errorf("%q in the program: %v, want %v", what, !want, want)
		}
	}
	if n := bytes.Count(raw, whatsAppsRoot[:]); n != 1 {
		t.Errorf("WhatsApp's root is there %d times", n)
	}
	if got := variable(t, bytes.NewReader(raw), "go.mau.fi/whatsmeow.WACertPubKey"); !bytes.Equal(got, whatsAppsRoot[:]) {
		t.Errorf("the program trusts %x", got)
	}

	fake := whatsapptest.New(t)
	fake.Phone(shopNumber)
	s := newShell(t, fake.Environ(), "CAUSEWAY_ALLOW_PRIVATE="+fake.Address())
	s.file("business.yaml", fmt.Sprintf("channels:\n  - name: phone\n    kind: whatsapp-device\n    settings:\n      phone: %q\n      server: %q\n", shopNumber, fake.Address()))
	if out, code := s.run("apply", "-f", "business.yaml"); code != 0 {
		t.Fatalf("%d, %s", code, out)
	}
	if out, code := s.run("channel", "pair", "phone"); code == 0 || strings.Contains(out, "Scan this code") || !strings.Contains(out, "cannot be reached") {
		t.Errorf("it began to pair with a stand-in, %d:\n%s", code, out)
	}
}

// variable is what a variable of a program begins with.
func variable(t *testing.T, program *bytes.Reader, name string) []byte {
	t.Helper()
	f, err := elf.NewFile(program)
	must(t, err)
	symbols, err := f.Symbols()
	must(t, err)
	for _, s := range symbols {
		if s.Name != name {
			continue
		}
		section := f.Sections[s.Section]
		value := make([]byte, s.Size)
		_, err := section.ReadAt(value, int64(s.Value-section.Addr)) //nolint:gosec // an offset in a file
		must(t, err)
		return value
	}
	t.Fatalf("the program has no %s", name)
	return nil
}
