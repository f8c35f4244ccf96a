package forward_test

import (
	"context"
	"io"
	"strings"
	"testing"

	"causeway/core"
	"causeway/core/forward"
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
