package outbound_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"causeway/core"
)

// parts are the texts of the pieces in which messages go out.
func parts(made ...core.Message) []string {
	var all []string
	for _, m := range made {
		for _, p := range m.Parts {
			all = append(all, p.Content.Text)
		}
	}
	return all
}

// TestNames: where the channel is to show who answers, the person's name stands before their words, once in what they send at once, and counts.
func TestNames(t *testing.T) {
	agent := func(name string) core.Author { return core.Author{Kind: core.AuthorAgent, Name: name} }
	picture := func(caption string) core.Content {
		return core.Content{Kind: core.KindImage, Media: &core.Media{ID: "m", MIME: "image/png", Size: 10}, Text: caption}
	}
	choices := core.Content{Kind: core.KindChoices, Text: "Which?", Choices: &core.Choices{Options: []core.Option{{ID: "a", Title: "A"}, {ID: "b", Title: "B"}}}}
	x := strings.Repeat("x", 20)
	for _, c := range []struct {
		name    string
		author  core.Author
		marks   bool
		give    []core.Content
		want    []string
		silence bool // the channel is not to show names
	}{
		{name: "in plain text", author: agent("Lena"), give: []core.Content{text("Hi")}, want: []string{"Lena:\nHi"}},
		{name: "in bold", author: agent("Lena"), marks: true, give: []core.Content{text("Hi *you*")}, want: []string{"*Lena*\nHi *you*"}},
		{name: "of several words and signs", author: agent(" Lena\n*M_* "), marks: true, give: []core.Content{text("Hi")}, want: []string{"*Lena M*\nHi"}},
		{name: "in Arabic", author: agent("أمينة"), marks: true, give: []core.Content{text("مرحبا")}, want: []string{"*أمينة*\nمرحبا"}},
		{name: "once in a text that is cut", author: agent("Lena"), give: []core.Content{text(x + " " + x)}, want: []string{"Lena:\n" + x, x}},
		{name: "counted", author: agent("Lena"), give: []core.Content{text(x + "xxx xxx")}, want: []string{"Lena:\n" + x + "xxx", "xxx"}},
		{name: "once in what is sent at once", author: agent("Lena"), give: []core.Content{picture(""), text("Hi"), text("there")}, want: []string{"", "Lena:\nHi", "there"}},
		{name: "in a caption", author: agent("Lena"), give: []core.Content{picture("see")}, want: []string{"Lena:\nsee"}},
		{name: "with a caption that has no room for it", author: agent("Lena"), give: []core.Content{picture("seeing it")}, want: []string{"", "Lena:\nseeing it"}},
		{name: "above choices", author: agent("Lena"), give: []core.Content{choices}, want: []string{"Lena:\nWhich?\n\n1. A\n2. B"}},
		{name: "not of automation", author: core.Author{Kind: core.AuthorWorkflow, Name: "hello"}, give: []core.Content{text("Hi")}, want: []string{"Hi"}},
		{name: "not of programs", author: core.Author{Kind: core.AuthorAPI, Name: "crm"}, give: []core.Content{text("Hi")}, want: []string{"Hi"}},
		{name: "of nobody", author: agent(" "), give: []core.Content{text("Hi")}, want: []string{"Hi"}},
		{name: "off", author: agent("Lena"), give: []core.Content{text("Hi")}, want: []string{"Hi"}, silence: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			lite(t, func(w *world) {
				w.link.can.TextLimit, w.link.can.CaptionLimit, w.link.can.Unit = 30, 12, core.UnitRunes
				w.link.can.Names, w.link.can.Marks = !c.silence, c.marks
				w.link.can.Media = map[core.ContentKind]core.MediaRule{core.KindImage: {Caption: true}}
				r := w.request(c.give...)
				r.Author = c.author
				made, _, err := w.out.Compose(w.Context(), w.ws, r)
				w.must(err)
				if got := parts(made...); !slices.Equal(got, c.want) {
					w.Errorf("got %q, want %q", got, c.want)
				}
				for i, m := range made {
					equal(w, "kept as it was written", m.Content.Text, c.give[i].Text)
				}
				_, pieces, err := w.out.Decide(w.Context(), w.ws, r)
				w.must(err)
				equal(w, "pieces foretold", len(pieces), len(c.want))
				equal(w, "foretold", pieces[len(pieces)-1].Text, c.want[len(c.want)-1])
			})
		})
	}
}

// TestNamesAmended: an answer that is changed keeps the name of who wrote it, whoever changes it, as often as it is.
func TestNamesAmended(t *testing.T) {
	each(t, func(w *world) {
		w.link.can.Actions = append(w.link.can.Actions, core.ActionEdit)
		w.link.can.Names = true
		sent := w.writes("at five")[0]
		w.delivered()
		equal(w, "sent", w.link.sent[0].Content.Text, "Lena:\nat five")
		w.link.acts = nil
		for i, words := range []string{"at six", "at seven"} {
			w.pass(time.Minute)
			w.must(w.amend(w.asked(sent.ID, core.Amendment{Action: core.ActionEdit, Text: words, By: core.Author{Kind: core.AuthorAgent, Name: "Omar"}})))
			equal(w, "asked of the provider", w.link.acts[i].Content.Text, "Lena:\n"+words)
			equal(w, "kept", w.message(sent.ID).Content.Text, words)
		}
	})
}
