package core_test

import (
	"testing"

	"causeway/core"
)

func TestNamed(t *testing.T) {
	for name, want := range map[string]string{
		"shop":         "Pair it: causeway channel pair shop. The NAMES stay.",
		"my shop":      "Pair it: causeway channel pair 'my shop'. The NAMES stay.",
		"Lena's; ls":   `Pair it: causeway channel pair 'Lena'\''s; ls'. The NAMES stay.`,
		"$1":           "Pair it: causeway channel pair '$1'. The NAMES stay.",
		"متجر":         "Pair it: causeway channel pair متجر. The NAMES stay.",
		"shop-2_a.b/c": "Pair it: causeway channel pair shop-2_a.b/c. The NAMES stay.",
	} {
		if got := (core.Channel{Name: name}).Named("Pair it: causeway channel pair NAME. The NAMES stay."); got != want {
			t.Errorf("of %q: got %q, want %q", name, got, want)
		}
	}
}
