package remark

import (
	"testing"

	"causeway/core"
)

func TestErr(t *testing.T) {
	var l List
	if l.Err("x.yaml") != nil {
		t.Error("nothing is wrong, yet there is an error")
	}
	l.Add("x.yaml:3", "kind", "Write it as a word.", "The kind is %d.", 4)
	if got := l.Err("x.yaml").Error(); got != "x.yaml:3: The kind is 4. Write it as a word." {
		t.Errorf("got %q", got)
	}
	l.Add("x.yaml:9", "", "", "Second.")
	err := l.Err("x.yaml")
	if got := err.Error(); got != "x.yaml has 2 problems:\n  x.yaml:3: The kind is 4. Write it as a word.\n  x.yaml:9: Second." {
		t.Errorf("got %q", got)
	}
	if core.CodeOf(err) != core.CodeInvalid {
		t.Errorf("code %q", core.CodeOf(err))
	}
}
