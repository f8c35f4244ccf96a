package core

import "testing"

func TestLooseText(t *testing.T) {
	for raw, want := range map[string]string{
		`"hi"`: "hi", `""`: "", `"a\u0000b\n"`: "ab\n", `"नमस्ते"`: "नमस्ते", `12`: "12", `1.50`: "1.50", `true`: "true", `null`: "", `{"a":1}`: "", `["a"]`: "", ``: "",
	} {
		if got, err := LooseText([]byte(raw)); got != want || err != nil {
			t.Errorf("%s: got %q %v, want %q", raw, got, err, want)
		}
	}
	if got, err := LooseText([]byte(`"broken`)); err == nil {
		t.Errorf("got %q of what is no JSON", got)
	}
}
