package forward_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"causeway/core"
	"causeway/core/forward"
	"causeway/core/outbound"
)

// converter says of a file what it was made.
type converter struct{ fail error }

func (converter) Reads(string) bool { return true }

func (c converter) Convert(_ context.Context, _ io.Reader, change core.Conversion) (io.ReadCloser, error) {
	return io.NopCloser(strings.NewReader("as " + change.To)), c.fail
}

func (h *house) converting(c core.Converter) {
	h.Helper()
	h.options.Converter = c
	h.open()
	h.outbox.Converter, h.outbox.Blobs = c, h.blobs
}

func TestVoiceNoteIsMailedAsMP3(t *testing.T) {
	for name, fail := range map[string]error{"voice.mp3": nil, "voice.ogg": core.Unconvertible(core.Conversion{}, "it is broken")} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			h.forwardTo("Lena", "Olga")
			h.converting(converter{fail})
			h.says(core.Content{Kind: core.KindVoice, Media: &core.Media{Provider: "m1", MIME: "audio/ogg"}})
			h.fetched("ogg")
			h.settle()
			want := map[string]string{"voice.mp3": "as audio/mpeg", "voice.ogg": "ogg"}[name]
			for _, agent := range []string{"Lena", "Olga"} {
				if l := h.last(agent); len(l.Files) != 1 || l.Files[0].Name != name || l.Files[0].Size != int64(len(want)) {
					t.Fatalf("%s got %+v", agent, l.Files)
				}
			}
			if got := string(h.relay.files[name]); got != want {
				t.Errorf("the file holds %q", got)
			}
		})
	}
}

func TestPictureThatTheChannelDoesNotTake(t *testing.T) {
	heic := forward.IncomingFile{Name: "IMG_1.HEIC", MIME: "image/heic", Data: []byte("heic")}
	t.Run("converted", func(t *testing.T) {
		h := asked(t)
		h.converting(converter{})
		h.reply(answer{to: h.address("Lena"), text: "See", files: []forward.IncomingFile{heic}})
		h.wantPhone("See", "image IMG_1.jpg")
	})
	t.Run("without a converter", func(t *testing.T) {
		h := asked(t)
		h.reply(answer{to: h.address("Lena"), text: "See", files: []forward.IncomingFile{heic}})
		h.wantPhone()
		if l := h.last("Lena"); !strings.Contains(l.Text, "Send it as image/jpeg of at most 5 MB") || !strings.Contains(l.Text, "ffmpeg") {
			t.Errorf("%s", l.Text)
		}
	})
}

// TestFilesThatGoInAnotherForm: their author is told, once a day for files of a kind.
func TestFilesThatGoInAnotherForm(t *testing.T) {
	file := func(name, mime string, size int) forward.IncomingFile {
		return forward.IncomingFile{Name: name, MIME: mime, Data: bytes.Repeat([]byte("x"), size)}
	}
	for _, c := range []struct {
		name string
		file forward.IncomingFile
		want string // empty: nothing is told
	}{
		{"as it is", file("offer.pdf", "application/pdf", 3), ""},
		{"as a link", file("plan.dwg", "image/vnd.dwg", 3), "plan.dwg goes to Grace Miller as a link, because WhatsApp"},
		{"as a document", file("roof.png", "image/png", 3000), "roof.png goes to Grace Miller as a document"},
		{"converted", file("IMG_1.HEIC", "image/heic", 3), "IMG_1.HEIC goes to Grace Miller converted (image/jpeg)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := asked(t)
			h.link.can.Media[core.KindImage] = core.MediaRule{MIME: []string{"image/jpeg", "image/png"}, Bytes: 2000, Caption: true}
			h.outbox = outbound.New(outbound.Options{Store: h.store, Links: h, Now: h.now, Log: slog.New(slog.DiscardHandler),
				FileLink: func(core.WorkspaceID, core.MediaID, time.Time) string { return "https://bridge.example/media/1" }})
			h.options.LinksFiles = true
			if c.name == "converted" {
				h.converting(converter{})
			}
			h.open()
			before := h.mailed("Lena")
			for i, want := range []int{1, 1, 2} {
				if i == 2 {
					h.clock = h.clock.Add(14*time.Hour + 31*time.Minute)
				}
				h.reply(answer{to: h.address("Lena"), text: fmt.Sprint("Here ", i), files: []forward.IncomingFile{c.file}})
				if c.want == "" {
					want = 0
				}
				if got := h.mailed("Lena") - before; got != want {
					t.Fatalf("after answer %d Lena was told %d times, want %d: %s", i+1, got, want, h.last("Lena").Text)
				}
			}
			if l := h.last("Lena"); c.want != "" && !strings.Contains(l.Text, c.want) {
				t.Errorf("%s", l.Text)
			}
		})
	}
}

// mailed is how many mails an agent got.
func (h *house) mailed(agent string) int { return len(h.relay.to(h.agents[agent])) }
