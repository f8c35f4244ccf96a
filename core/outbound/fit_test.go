package outbound_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"

	"causeway/adapters/blob"
	"causeway/core"
	"causeway/core/outbound"
)

// converter says of a file what it was made, and counts how often it is asked.
type converter struct {
	asked int
	fail  error
}

func (*converter) Reads(mime string) bool { return mime != "image/heic" }

func (c *converter) Convert(_ context.Context, file io.Reader, change core.Conversion) (io.ReadCloser, error) {
	c.asked++
	raw, err := io.ReadAll(file)
	return io.NopCloser(strings.NewReader(change.To + " of " + string(raw))), errors.Join(err, c.fail)
}

// converting gives the outbox a converter, and the channel voice notes of one type.
func (w *world) converting(c core.Converter) core.Blobs {
	w.Helper()
	blobs, err := blob.Open(w.TempDir())
	w.must(err)
	w.Cleanup(func() { _ = blobs.Close() })
	w.link.can.Media = map[core.ContentKind]core.MediaRule{core.KindVoice: {MIME: []string{"audio/ogg"}, Bytes: 100}, core.KindImage: {MIME: []string{"image/jpeg"}, Bytes: 100}}
	w.out = outbound.New(outbound.Options{Store: w.store, Links: w, Now: w.now, Log: slog.New(slog.DiscardHandler), Converter: c, Blobs: blobs})
	return blobs
}

// keeps stores a file and returns a content that carries it.
func (w *world) keeps(blobs core.Blobs, kind core.ContentKind, mime, name string) core.Content {
	w.Helper()
	m := core.Media{ID: core.NewID[core.MediaID](), MIME: mime, Name: name, Size: 4}
	_, err := blobs.Put(w.Context(), "media/"+string(m.ID), strings.NewReader("data"))
	w.must(err)
	w.must(w.repo.AddFile(w.Context(), core.File{ID: m.ID, Media: m, State: core.FileHere, Blob: "media/" + string(m.ID), Created: noon}))
	return core.Content{Kind: kind, Media: &m}
}

func TestFileIsConverted(t *testing.T) {
	each(t, func(w *world) {
		by := &converter{}
		blobs := w.converting(by)
		note := w.keeps(blobs, core.KindVoice, "audio/mp4", "note.m4a")
		made, _, err := w.out.Compose(w.Context(), w.ws, w.request(note))
		w.must(err)
		w.link.plays(fails(&core.SendError{Code: "busy", Outcome: core.Rejected, Effect: core.EffectRetry}), ok)
		w.delivered()
		w.status("converted", made[0].ID, core.StatusSent)
		equal(w, "conversions of two tries", by.asked, 1)
		sent := w.link.sent[1].Content.Media
		equal(w, "type", sent.MIME, "audio/ogg")
		equal(w, "name", sent.Name, "note.ogg")
		f, err := w.repo.File(w.Context(), sent.ID)
		w.must(err)
		r, err := blobs.Open(w.Context(), f.Blob)
		w.must(err)
		raw, err := io.ReadAll(r)
		w.must(errors.Join(err, r.Close()))
		equal(w, "file", string(raw), "audio/ogg of data")
		equal(w, "size", sent.Size, int64(len(raw)))
		equal(w, "what the author said", w.message(made[0].ID).Content.Media.MIME, "audio/mp4")
	})
}

func TestFileThatCannotBeConverted(t *testing.T) {
	lite(t, func(w *world) {
		by := &converter{fail: core.Unconvertible(core.Conversion{From: "audio/mp4", To: "audio/ogg"}, "it is broken")}
		blobs := w.converting(by)
		made, _, err := w.out.Compose(w.Context(), w.ws, w.request(w.keeps(blobs, core.KindVoice, "audio/mp4", "note.m4a"), text("and a word")))
		w.must(err)
		w.delivered()
		m := w.status("broken file", made[0].ID, core.StatusFailed)
		if m.Error == nil || !strings.Contains(m.Error.Reason, "it is broken") || !strings.Contains(m.Error.Remedy, "audio/ogg") {
			t.Errorf("got %+v", m.Error)
		}
		w.status("what comes after it", made[1].ID, core.StatusSent)
		_, _, err = w.out.Compose(w.Context(), w.ws, w.request(w.keeps(blobs, core.KindImage, "image/heic", "a.heic")))
		isProblem(w, "what the converter does not read", err, core.CodeUnsupported, "ffmpeg")
		w.converting(nil)
		_, _, err = w.out.Compose(w.Context(), w.ws, w.request(w.keeps(blobs, core.KindVoice, "audio/mp4", "note.m4a")))
		isProblem(w, "no converter", err, core.CodeUnsupported, "Send it as audio/ogg")
	})
}

// TestFileIsLookedInto: the type that the channel takes is not enough; what cannot be made a film goes as a file to save.
func TestFileIsLookedInto(t *testing.T) {
	const (
		opus   = "OggS\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x13OpusHead\x01\x01"
		vorbis = "OggS\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x13\x01vorbis\x00\x00\x00\x00\x02"
	)
	broken := core.Unconvertible(core.Conversion{From: "image/gif", To: "video/mp4"}, "it is broken")
	for _, c := range []struct {
		name, mime, file string
		kind             core.ContentKind
		by               *converter // nil: there is none
		want             string     // kind, type and whether it moves; else why it failed
	}{
		{"a voice note as it should be", "audio/ogg", opus, core.KindVoice, &converter{}, "voice audio/ogg false 0"},
		{"Vorbis", "audio/ogg", vorbis, core.KindVoice, &converter{}, "voice audio/ogg false 1"},
		{"Vorbis, and nothing to change it", "audio/ogg", vorbis, core.KindVoice, nil, "not coded as Opus"},
		{"a moving picture", "image/gif", "GIF89a", core.KindImage, &converter{}, "video video/mp4 true 1"},
		{"a broken moving picture", "image/gif", "GIF89a", core.KindImage, &converter{fail: broken}, "document image/gif false 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			lite(t, func(w *world) {
				var by core.Converter
				if c.by != nil {
					by = c.by
				}
				blobs := w.converting(by)
				w.link.can.Media[core.KindVideo] = core.MediaRule{MIME: []string{"video/mp4"}, Bytes: 100}
				w.link.can.Media[core.KindDocument] = core.MediaRule{Bytes: 1000}
				content := w.keeps(blobs, c.kind, c.mime, "file")
				_, err := blobs.Put(w.Context(), "media/"+string(content.Media.ID), strings.NewReader(c.file))
				w.must(err)
				made, _, err := w.out.Compose(w.Context(), w.ws, w.request(content))
				w.must(err)
				w.delivered()
				m := w.message(made[0].ID)
				if m.Status == core.StatusFailed {
					if c.by != nil || !strings.Contains(m.Error.Reason, c.want) {
						w.Errorf("failed: %+v", m.Error)
					}
					return
				}
				sent := w.link.sent[0].Content
				asked := 0
				if c.by != nil {
					asked = c.by.asked
				}
				equal(w, "sent", fmt.Sprint(sent.Kind, " ", sent.Media.MIME, " ", sent.Media.Animated, " ", asked), c.want)
			})
		})
	}
}
