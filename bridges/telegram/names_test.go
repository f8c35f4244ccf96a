package telegram

import (
	"strings"
	"testing"

	"causeway/core"
)

func TestNames(t *testing.T) {
	text := core.Content{Kind: core.KindText, Text: "It is ready."}
	picture := core.Content{Kind: core.KindImage, Media: &core.Media{ID: "m"}}
	tests := []struct {
		name   string
		c      conf
		author string
		give   core.Content
		want   string
	}{
		{"shown", conf{names: true}, "Lena", text, "*Lena*\nIt is ready."},
		{"of several words and signs", conf{names: true}, " Lena\n*M* ", text, "*Lena M*\nIt is ready."},
		{"off", conf{}, "Lena", text, "It is ready."},
		{"nobody's", conf{names: true}, "", text, "It is ready."},
		{"without words", conf{names: true}, "Lena", picture, ""},
		{"without room", conf{names: true}, "Lena", core.Content{Kind: core.KindText, Text: strings.Repeat("x", textLimit)}, strings.Repeat("x", textLimit)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.c.signed(core.Outgoing{Content: tt.give, Author: tt.author}).Text; got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
