package main

import (
	"slices"
	"testing"

	"causeway/core"
)

// TestEveryChannelNames: whichever channel customers write on, an admin may have them see who answers.
func TestEveryChannelNames(t *testing.T) {
	for _, b := range bridges() {
		if info := b.Info(); !slices.ContainsFunc(info.Settings, func(s core.Setting) bool { return s.Key == core.AuthorNamesSetting().Key }) {
			t.Errorf("%s has no such setting", info.Kind)
		}
	}
}
