package convert

import (
	"bytes"
	"image"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"causeway/core"
)

const clip = "testsrc=size=640x480:rate=10:duration=2"

// codecs lists how the streams of a film are coded, with their sizes.
func codecs(t *testing.T, file []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "film.mp4")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	said, err := exec.CommandContext(t.Context(), "ffprobe", "-v", "error", "-show_entries", "stream=codec_name,width,height", "-of", "compact=p=0:nk=1", path).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(strings.Fields(string(said)), " ")
}

func TestFilms(t *testing.T) {
	f := installed(t)
	sound := []string{"-f", "lavfi", "-i", "sine=duration=2", "-shortest"}
	avi := sample(t, f, clip, append(sound, "-c:v", "mpeg4", "-c:a", "libmp3lame", "-f", "avi")...)
	webm := sample(t, f, "testsrc=size=641x481:rate=5:duration=1", "-c:v", "libvpx", "-f", "webm")
	mov := sample(t, f, clip, append(sound, "-c:v", "libx264", "-c:a", "aac", "-f", "mov")...)
	gif := sample(t, f, "testsrc=size=120x90:rate=5:duration=1", "-f", "gif")
	large := sample(t, f, "nullsrc=size=640x480:rate=10:duration=2,geq=random(1)*255:128:128", "-c:v", "libx264", "-crf", "10", "-f", "mp4")
	for _, c := range []struct {
		name, from string
		file       []byte
		most       int64
		want       string
	}{
		{"AVI", "video/x-msvideo", avi, 16 << 20, "h264|640|480 aac"},
		{"WebM of odd sides, without sound", "video/webm", webm, 16 << 20, "h264|640|480"},
		{"of an iPhone", "video/quicktime", mov, 16 << 20, "h264|640|480 aac"},
		{"GIF", "image/gif", gif, 16 << 20, "h264|120|90"},
		{"too large", "video/mp4", large, 700 << 10, "h264|426|320"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := converted(t, f, c.file, core.Conversion{From: c.from, To: film, Most: c.most, As: core.KindVideo})
			if int64(len(got)) > c.most {
				t.Errorf("%d bytes, at most %d", len(got), c.most)
			}
			if said := codecs(t, got); said != c.want && (c.name != "too large" || !strings.HasPrefix(said, "h264|")) {
				t.Errorf("got %q, want %q", said, c.want)
			}
			if in := core.CodingOf(film, bytes.NewReader(got)); in.Codec != core.CodecH264 {
				t.Errorf("read as %+v", in)
			}
		})
	}
	t.Run("too large in any way", func(t *testing.T) {
		_, err := f.Convert(t.Context(), bytes.NewReader(large), core.Conversion{From: film, To: film, Most: 2000})
		if core.CodeOf(err) != core.CodeUnsupported || !strings.Contains(err.Error(), "larger") {
			t.Errorf("got %v", err)
		}
	})
}

// TestFirstPicture: of a picture that moves the first one is taken.
func TestFirstPicture(t *testing.T) {
	f := installed(t)
	moving := "color=c=red:size=64x48:rate=2:duration=0.5[a];color=c=blue:size=64x48:rate=2:duration=1[b];[a][b]concat"
	for name, c := range map[string]struct {
		from string
		file []byte
	}{
		"GIF":           {"image/gif", sample(t, f, moving, "-f", "gif")},
		"WebP":          {"image/webp", sample(t, f, moving, "-c:v", "libwebp_anim", "-lossless", "1", "-f", "webp")},
		"WebP, lossy":   {"image/webp", sample(t, f, moving, "-c:v", "libwebp_anim", "-lossless", "0", "-f", "webp")},
		"a still WebP":  {"image/webp", sample(t, f, "color=c=red:size=64x48", "-frames:v", "1", "-c:v", "libwebp", "-f", "webp")},
		"through, WebP": {"image/webp", sample(t, f, "color=c=red@0.9:size=64x48:rate=2:duration=1,format=yuva420p", "-c:v", "libwebp_anim", "-f", "webp")},
	} {
		t.Run(name, func(t *testing.T) {
			got := converted(t, f, c.file, core.Conversion{From: c.from, To: "image/jpeg", Most: 5 << 20, As: core.KindImage})
			p, kind, err := image.Decode(bytes.NewReader(got))
			if err != nil || kind != "jpeg" || p.Bounds().Dx() != 64 || p.Bounds().Dy() != 48 {
				t.Fatalf("%s %v, %v", kind, p, err)
			}
			if r, _, b, _ := p.At(30, 20).RGBA(); r < 0xb000 || b > 0x5000 {
				t.Errorf("red %x, blue %x", r, b)
			}
		})
	}
}

// FuzzWebP: whatever a stranger's picture holds, it is taken apart without harm.
func FuzzWebP(f *testing.F) {
	f.Add([]byte("RIFF\x20\x00\x00\x00WEBPANMF\x14\x00\x00\x00aaaaaabbbcccddddVP8 "))
	f.Fuzz(func(t *testing.T, raw []byte) {
		path := filepath.Join(t.TempDir(), "in")
		if err := os.WriteFile(path, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := stillWebP(path); err != nil {
			t.Error(err)
		}
	})
}
