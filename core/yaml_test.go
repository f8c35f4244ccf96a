package core

import "testing"

func TestSecondYAML(t *testing.T) {
	for text, want := range map[string]int{
		"":                                  0,
		"a: 1\n":                            0,
		"---\na: 1\n":                       0,
		"# ours\n\n---\na: 1\n---\n# end\n": 0,
		"a: 1\n---\nb: 2\n":                 2,
		"a: 1\r\n---\r\n\r\nb: 2\r\n":       2,
		"--- {a: 1}\n--- \nb: 2\n":          2,
		"a: |\n  ---\n  text\n":             0,
		"a: 1 --- 2\n----\n":                0,
		"a: 1\n---\n\n---\n# c\nb: 2\n":     2,
		"a: [one,\n--, two]\n":              0,
	} {
		if got := SecondYAML([]byte(text)); got != want {
			t.Errorf("%q: line %d, want %d", text, got, want)
		}
	}
}
