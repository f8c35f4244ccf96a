package outbound

import (
	"strings"
	"testing"
	"time"

	"causeway/core"
)

func can() core.Capabilities {
	return core.Capabilities{TextLimit: 4096, CaptionLimit: 1024, Unit: core.UnitRunes, Buttons: 3, ListRows: 10,
		Kinds: []core.ContentKind{core.KindChoices},
		Media: map[core.ContentKind]core.MediaRule{
			core.KindImage: {MIME: []string{"image/png"}, Bytes: 5 << 20, Caption: true}, core.KindAudio: {Bytes: 16 << 20}, core.KindDocument: {Caption: true}}}
}

func TestCut(t *testing.T) {
	image := &core.Media{ID: "m", MIME: "image/png", Size: 10}
	options := func(n int) *core.Choices {
		return &core.Choices{Options: make([]core.Option, n)}
	}
	quote := &core.Quote{Provider: "wamid.1"}
	tests := []struct {
		name string
		in   core.Content
		want []core.ContentKind
	}{
		{"short text", core.Content{Kind: core.KindText, Text: "hi"}, []core.ContentKind{core.KindText}},
		{"two parts of text", core.Content{Kind: core.KindText, Text: strings.Repeat("word ", 1000)}, []core.ContentKind{core.KindText, core.KindText}},
		{"picture with caption", core.Content{Kind: core.KindImage, Media: image, Text: "see"}, []core.ContentKind{core.KindImage}},
		{"picture with a caption that is too long", core.Content{Kind: core.KindImage, Media: image, Text: strings.Repeat("x", 1025)},
			[]core.ContentKind{core.KindImage, core.KindText}},
		{"audio has no caption", core.Content{Kind: core.KindAudio, Media: &core.Media{MIME: "audio/mpeg"}, Text: "listen"},
			[]core.ContentKind{core.KindAudio, core.KindText}},
		{"buttons carry a picture", core.Content{Kind: core.KindChoices, Media: image, Choices: options(3)}, []core.ContentKind{core.KindChoices}},
		{"a list does not", core.Content{Kind: core.KindChoices, Media: image, Choices: options(4)}, []core.ContentKind{core.KindImage, core.KindChoices}},
		{"buttons do not carry audio", core.Content{Kind: core.KindChoices, Media: &core.Media{MIME: "audio/mpeg"}, Choices: options(2)},
			[]core.ContentKind{core.KindAudio, core.KindChoices}},
		{"buttons do not carry a picture below which the text is too long", core.Content{Kind: core.KindChoices, Media: image, Text: strings.Repeat("word ", 210), Choices: options(3)},
			[]core.ContentKind{core.KindImage, core.KindChoices}},
		{"more than a list shows", core.Content{Kind: core.KindChoices, Text: "What?", Choices: options(11)}, []core.ContentKind{core.KindText}},
		{"more than a list shows, with a picture", core.Content{Kind: core.KindChoices, Media: image, Text: "What?", Choices: options(11)},
			[]core.ContentKind{core.KindImage, core.KindText}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.in.Quote, tt.in.Subject = quote, "Your order"
			parts := Cut(tt.in, can())
			var kinds []core.ContentKind
			for i, p := range parts {
				kinds = append(kinds, p.Kind)
				if (p.Quote != nil) != (i == 0) {
					t.Errorf("part %d: quote %v", i, p.Quote)
				}
				if p.Subject != "Your order" {
					t.Errorf("part %d: subject %q", i, p.Subject)
				}
			}
			if len(kinds) != len(tt.want) {
				t.Fatalf("got %v, want %v", kinds, tt.want)
			}
			for i := range kinds {
				if kinds[i] != tt.want[i] {
					t.Fatalf("got %v, want %v", kinds, tt.want)
				}
			}
		})
	}
}

func TestBackoffGrowsAndStops(t *testing.T) {
	before := time.Duration(0)
	for attempt := 1; attempt < 40; attempt++ {
		d := backoff(attempt)
		if d < before || d > 10*time.Minute || d < time.Second {
			t.Fatalf("attempt %d waits %s after %s", attempt, d, before)
		}
		before = d
	}
}

// TestCutWithoutCaptions: where a picture has no room for words, choices cannot stand below it in one message.
func TestCutWithoutCaptions(t *testing.T) {
	bare := can()
	bare.Media = map[core.ContentKind]core.MediaRule{core.KindImage: {}}
	parts := Cut(core.Content{Kind: core.KindChoices, Text: "Which?", Media: &core.Media{MIME: "image/png"}, Choices: &core.Choices{Options: make([]core.Option, 2)}}, bare)
	if len(parts) != 2 || parts[0].Kind != core.KindImage || parts[1].Kind != core.KindChoices || parts[1].Media != nil {
		t.Errorf("got %+v", parts)
	}
}

// TestCutLongChoices: a text that is too long to stand with its choices goes before them, and they below its end, where they would fit as numbered lines, too.
func TestCutLongChoices(t *testing.T) {
	small := can()
	small.TextLimit, small.Unit = 1000, core.UnitBytes
	text := strings.TrimSpace(strings.Repeat("слово ", 150))
	offer := core.Content{Kind: core.KindChoices, Text: text, Choices: &core.Choices{Header: "Заказ", Footer: "Магазин", Options: []core.Option{{ID: "a", Title: "Да"}, {ID: "b", Title: "Нет"}}}}
	parts := Cut(offer, small)
	if len(parts) != 2 || parts[0].Kind != core.KindText || parts[1].Kind != core.KindChoices || len(parts[1].Choices.Options) != 2 {
		t.Fatalf("got %+v", parts)
	}
	for _, p := range parts {
		whole := p.Text
		if p.Choices != nil {
			whole = core.Numbered(p)
		}
		if len(whole) > small.TextLimit {
			t.Errorf("%d bytes", len(whole))
		}
	}
	if got := parts[0].Text + " " + parts[1].Text; got != "Заказ\n\n"+text || parts[1].Choices.Header != "" || parts[1].Choices.Footer == "" || offer.Choices.Header == "" {
		t.Errorf("got %q, %+v", got, parts[1].Choices)
	}
	if parts := Cut(core.Content{Kind: core.KindChoices, Text: "Да?", Choices: offer.Choices}, small); len(parts) != 1 || parts[0].Choices != offer.Choices {
		t.Errorf("got %+v", parts)
	}
}

// A channel that shows nothing to pick from gets the choices as a text, and the gate knows; a form it refuses.
func TestCutChoicesForSMS(t *testing.T) {
	sms := core.Capabilities{TextLimit: 2, Unit: core.UnitSegments}
	offer := core.Content{Kind: core.KindChoices, Text: "What?", Choices: &core.Choices{Options: []core.Option{{Title: "Tea"}, {Title: "Coffee"}}}}
	if parts := Cut(offer, sms); len(parts) != 1 || parts[0].Kind != core.KindText || parts[0].Text != "What?\n\n1. Tea\n2. Coffee" {
		t.Errorf("got %+v", parts)
	}
	if why := sms.Refuses(offer); why != "" {
		t.Errorf("refused: %s", why)
	}
	offer.Choices.Style = core.ChoicesForm
	if sms.Refuses(offer) == "" {
		t.Error("a form is not refused")
	}
}

// Marks go out where the channel shows them, and are taken out where it does not; the part says so.
func TestCutMarks(t *testing.T) {
	said := core.Content{Kind: core.KindText, Text: "*Hello* 2*3*4"}
	if parts := Cut(said, can()); parts[0].Text != "Hello 2*3*4" || !parts[0].Plain {
		t.Errorf("a channel without marks: %+v", parts)
	}
	shows := can()
	shows.Marks = true
	if parts := Cut(said, shows); parts[0].Text != said.Text || parts[0].Plain {
		t.Errorf("a channel with marks: %+v", parts)
	}
	image := core.Content{Kind: core.KindImage, Text: "_see_", Media: &core.Media{MIME: "image/png"}}
	if parts := Cut(image, can()); parts[0].Text != "see" || !parts[0].Plain {
		t.Errorf("a caption: %+v", parts)
	}
}
