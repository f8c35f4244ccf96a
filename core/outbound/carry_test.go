package outbound_test

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"causeway/core"
	"causeway/core/outbound"
)

// A file that the channel does not take under its kind goes as a document, else as a link; without either it is refused.
func TestFileThatTheChannelDoesNotTake(t *testing.T) {
	const word = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
	pdfs := map[core.ContentKind]core.MediaRule{core.KindImage: {MIME: []string{"image/jpeg"}, Bytes: 100}, core.KindDocument: {MIME: []string{"application/pdf"}, Bytes: 100}}
	any := map[core.ContentKind]core.MediaRule{core.KindImage: {MIME: []string{"image/jpeg"}, Bytes: 3}, core.KindDocument: {Bytes: 100}}
	media := func(mime, name string) *core.Media { return &core.Media{ID: "f", MIME: mime, Name: name, Size: 4} }
	choices := core.Content{Kind: core.KindChoices, Text: "Take it?", Media: media(word, "a.docx"), Choices: &core.Choices{Options: []core.Option{{Title: "Yes"}}}}
	for _, c := range []struct {
		name    string
		carries map[core.ContentKind]core.MediaRule
		content core.Content
		want    string // what the contact gets
		wants   core.ContentKind
	}{
		{"taken", pdfs, core.Content{Kind: core.KindDocument, Media: media("application/pdf", "a.pdf")}, "", core.KindDocument},
		{"of another type", pdfs, core.Content{Kind: core.KindDocument, Media: media(word, "a.docx")}, "a.docx (4 bytes)\nhttps://files/f?12:00", core.KindText},
		{"with words", pdfs, core.Content{Kind: core.KindDocument, Text: "Our offer", Media: media(word, "a.docx")}, "Our offer\n\na.docx (4 bytes)\nhttps://files/f?12:00", core.KindText},
		{"without a name", pdfs, core.Content{Kind: core.KindVideo, Media: media("video/mp4", "")}, "https://files/f?12:00", core.KindText},
		{"at the author's", pdfs, core.Content{Kind: core.KindDocument, Media: &core.Media{URL: "https://shop/a.docx", MIME: word}}, "https://shop/a.docx", core.KindText},
		{"no files at all", nil, core.Content{Kind: core.KindVoice, Media: media("audio/ogg", "a.ogg")}, "a.ogg (4 bytes)\nhttps://files/f?12:00", core.KindText},
		{"too large for a picture", any, core.Content{Kind: core.KindImage, Media: media("image/jpeg", "a.jpg")}, "", core.KindDocument},
		{"above choices", pdfs, choices, "Take it?\n\na.docx (4 bytes)\nhttps://files/f?12:00", core.KindChoices},
	} {
		t.Run(c.name, func(t *testing.T) {
			lite(t, func(w *world) {
				w.link.can.TextLimit, w.link.can.Media, w.link.can.Kinds, w.link.can.Buttons = 200, c.carries, []core.ContentKind{core.KindChoices}, 3
				w.out = outbound.New(outbound.Options{Store: w.store, Links: w, Now: w.now, Log: slog.New(slog.DiscardHandler),
					FileLink: func(_ core.WorkspaceID, id core.MediaID, from time.Time) string {
						return "https://files/" + string(id) + "?" + from.Format("15:04")
					}})
				made, _, err := w.out.Compose(w.Context(), w.ws, w.request(c.content))
				w.must(err)
				equal(w, "what the author said", made[0].Content.Kind, c.content.Kind)
				equal(w, "parts", len(made[0].Parts), 1)
				w.delivered()
				equal(w, "sent", len(w.link.sent), 1)
				equal(w, "kind", w.link.sent[0].Content.Kind, c.wants)
				equal(w, "text", w.link.sent[0].Content.Text, c.want)
				_, pieces, err := w.out.Decide(w.Context(), w.ws, w.request(c.content))
				w.must(err)
				equal(w, "foretold", len(pieces) == 1 && pieces[0].Kind == c.wants, true)
			})
		})
	}
	lite(t, func(w *world) {
		w.link.can.Media = pdfs
		_, _, err := w.out.Compose(w.Context(), w.ws, w.request(core.Content{Kind: core.KindDocument, Media: media(word, "a.docx")}))
		isProblem(w, "no links", err, core.CodeUnsupported, "as a link")
		w.out = outbound.New(outbound.Options{Store: w.store, Links: w, Now: w.now, Log: slog.New(slog.DiscardHandler),
			FileLink: func(core.WorkspaceID, core.MediaID, time.Time) string {
				return "https://files/" + strings.Repeat("f", w.link.can.TextLimit)
			}})
		_, _, err = w.out.Compose(w.Context(), w.ws, w.request(core.Content{Kind: core.KindDocument, Media: media(word, "a.docx")}))
		isProblem(w, "a link that would be cut", err, core.CodeUnsupported, "as a link")
	})
}

// The words of a message whose file went as a link cannot be changed as those below a file.
func TestFileThatWentAsLinkIsNotAmended(t *testing.T) {
	lite(t, func(w *world) {
		w.link.can.TextLimit, w.link.can.Media = 200, map[core.ContentKind]core.MediaRule{core.KindDocument: {MIME: []string{"application/pdf"}, Caption: true, Amend: true}}
		w.link.can.Actions = []core.Action{core.ActionEdit}
		w.out = outbound.New(outbound.Options{Store: w.store, Links: w, Now: w.now, Log: slog.New(slog.DiscardHandler),
			FileLink: func(core.WorkspaceID, core.MediaID, time.Time) string { return "https://files/f" }})
		made, _, err := w.out.Compose(w.Context(), w.ws, w.request(core.Content{Kind: core.KindDocument, Text: "Our offer", Media: &core.Media{ID: "f", MIME: "text/rtf", Size: 1}}))
		w.must(err)
		w.delivered()
		err = w.out.Amend(w.Context(), w.ws, made[0].ID, core.Amendment{Action: core.ActionEdit, By: core.Author{Kind: core.AuthorAgent, Agent: w.agent.ID}, Text: "Their offer"})
		if err == nil || !strings.Contains(err.Error(), "can be changed here") {
			w.Errorf("got %v", err)
		}
	})
}
