package convert

import (
	"bytes"
	"context"
	"errors"
	"image"
	_ "image/jpeg"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"causeway/core"
)

// installed is the ffmpeg of this machine, with a folder for temporary files that must be empty in the end.
func installed(t *testing.T) *FFmpeg {
	t.Helper()
	f, err := Find("")
	if err != nil {
		t.Skip(err)
	}
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	t.Cleanup(func() {
		if left, _ := os.ReadDir(dir); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	})
	return f
}

// sample has ffmpeg make a file, of a sound or a picture of its own.
func sample(t *testing.T, f *FFmpeg, source string, args ...string) []byte {
	t.Helper()
	out := filepath.Join(t.TempDir(), "sample")
	args = append(append([]string{"-loglevel", "error", "-f", "lavfi", "-i", source}, args...), "file:"+out)
	if said, err := exec.CommandContext(t.Context(), f.path, args...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	return read(t, out)
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func converted(t *testing.T, f *FFmpeg, file []byte, c core.Conversion) []byte {
	t.Helper()
	r, err := f.Convert(t.Context(), bytes.NewReader(file), c)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(r)
	if err := errors.Join(err, r.Close()); err != nil {
		t.Fatal(err)
	}
	return b
}

const tone = "sine=frequency=440:duration=1"

func TestVoice(t *testing.T) {
	f := installed(t)
	ogg := sample(t, f, tone, "-c:a", "libopus", "-f", "ogg")
	m4a := sample(t, f, tone, "-ac", "2", "-c:a", "aac", "-f", "mp4")
	mp3 := sample(t, f, tone, "-c:a", "libmp3lame", "-f", "mp3")
	wav := sample(t, f, tone, "-f", "wav")
	tests := []struct {
		name, from, to string
		file           []byte
		starts         int // where the mark of the format is
		mark           string
	}{
		{"ogg to mp3", "audio/ogg", "audio/mpeg", ogg, 0, "\xff\xfb"},
		{"ogg to m4a", "audio/ogg", "audio/mp4", ogg, 4, "ftyp"},
		{"ogg to aac", "audio/ogg", "audio/aac", ogg, 0, "\xff\xf1"},
		{"m4a to ogg", "audio/mp4", "audio/ogg", m4a, 0, "OggS"},
		{"mp3 to ogg", "audio/mpeg", "audio/ogg", mp3, 0, "OggS"},
		{"wav to mp3", "audio/wav", "audio/mpeg", wav, 0, "\xff\xfb"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := converted(t, f, tt.file, core.Conversion{From: tt.from, To: tt.to, Voice: true})
			got = bytes.TrimPrefix(got, id3(got))
			if !bytes.HasPrefix(got[tt.starts:], []byte(tt.mark)) {
				t.Fatalf("starts with %q", got[:16])
			}
			if tt.to != "audio/ogg" {
				return
			}
			head := got[bytes.Index(got, []byte("OpusHead")):]
			if channels := head[9]; channels != 1 {
				t.Errorf("%d channels", channels)
			}
		})
	}
}

// TestNoRoomToConvert: that the disk is full is no fault of the file, which is converted when there is room again.
func TestNoRoomToConvert(t *testing.T) {
	f := installed(t)
	wav := sample(t, f, "sine=frequency=440:duration=5", "-f", "wav")
	dir := t.TempDir()
	if out, err := exec.CommandContext(t.Context(), "mount", "-t", "tmpfs", "-o", "size=1m", "none", dir).CombinedOutput(); err != nil { //nolint:gosec // the test's own folder
		t.Skipf("a small disk cannot be mounted here: %v %s", err, out)
	}
	t.Cleanup(func() { _ = exec.Command("umount", "-l", dir).Run() }) //nolint:gosec,noctx // the test's own folder; its context is over
	t.Setenv("TMPDIR", dir)
	voice := core.Conversion{From: "audio/wav", To: "audio/ogg", Voice: true}
	for name, left := range map[string]int{"no room for the file": len(wav) - 20<<10, "no room for what is made of it": len(wav) + 9<<10, "no room at all": 0} {
		ballast := filepath.Join(dir, "ballast")
		if err := os.WriteFile(ballast, make([]byte, 1<<20-left), 0o600); err != nil {
			t.Fatal(err)
		}
		var bad *core.Problem
		if _, err := f.Convert(t.Context(), bytes.NewReader(wav), voice); !errors.Is(err, core.ErrUnavailable) || errors.As(err, &bad) {
			t.Errorf("%s: %v", name, err)
		}
		if err := os.Remove(ballast); err != nil {
			t.Fatal(err)
		}
		if there, _ := os.ReadDir(dir); len(there) > 0 {
			t.Errorf("%s: it leaves %v", name, there)
		}
	}
	if got := converted(t, f, wav, voice); !bytes.HasPrefix(got, []byte("OggS")) {
		t.Errorf("with room again it starts with %q", got[:16])
	}
}

// id3 is the tag before an MP3, if there is one.
func id3(b []byte) []byte {
	if !bytes.HasPrefix(b, []byte("ID3")) {
		return nil
	}
	return b[:10+int(b[6])<<21+int(b[7])<<14+int(b[8])<<7+int(b[9])]
}

func TestPictures(t *testing.T) {
	f := installed(t)
	webp := sample(t, f, "testsrc=size=320x240", "-frames:v", "1", "-c:v", "libwebp", "-f", "webp")
	noise := sample(t, f, "nullsrc=size=1800x1200,geq=random(1)*255:128:128", "-frames:v", "1", "-q:v", "1", "-f", "mjpeg")
	clear := sample(t, f, "color=c=black@0.0:size=64x64,format=rgba", "-frames:v", "1", "-c:v", "png", "-f", "image2pipe")
	tests := []struct {
		name, from string
		file       []byte
		most       int64
		width      int
	}{
		{"webp", "image/webp", webp, 5 << 20, 320},
		{"a phone's, held upright", "image/jpeg", upright(sample(t, f, "testsrc=size=320x240", "-frames:v", "1", "-f", "mjpeg")), 5 << 20, 240},
		{"a large one is scaled", "image/jpeg", noise, 500 << 10, 1024},
		{"what lets through is white", "image/png", clear, 5 << 20, 64},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := converted(t, f, tt.file, core.Conversion{From: tt.from, To: "image/jpeg", Most: tt.most})
			if int64(len(got)) > tt.most {
				t.Errorf("%d bytes, at most %d", len(got), tt.most)
			}
			p, kind, err := image.Decode(bytes.NewReader(got))
			if err != nil || kind != "jpeg" || p.Bounds().Dx() != tt.width {
				t.Fatalf("%s %v, %v", kind, p, err)
			}
			if r, _, _, _ := p.At(5, 5).RGBA(); tt.from == "image/png" && r < 0xf000 {
				t.Errorf("red %x", r)
			}
		})
	}
}

// upright says in a JPEG's EXIF that it is to be turned by a quarter.
func upright(jpeg []byte) []byte {
	const orientation = "Exif\x00\x00II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00\x06\x00\x00\x00\x00\x00\x00\x00"
	segment := append([]byte{0xff, 0xe1, 0, byte(len(orientation) + 2)}, orientation...)
	return slices.Concat(jpeg[:2], segment, jpeg[2:])
}

func TestHEIC(t *testing.T) {
	f := installed(t)
	maker, err := exec.LookPath("heif-enc")
	if err != nil || f.heif == "" {
		t.Skip("libheif's examples are not installed")
	}
	dir := t.TempDir()
	png, heic := filepath.Join(dir, "a.png"), filepath.Join(dir, "a.heic")
	if err := os.WriteFile(png, sample(t, f, "testsrc=size=1280x960", "-frames:v", "1", "-c:v", "png", "-f", "image2pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	if said, err := exec.CommandContext(t.Context(), maker, png, "-o", heic).CombinedOutput(); err != nil {
		t.Skipf("no HEIC can be made here: %v: %s", err, said)
	}
	got := converted(t, f, read(t, heic), core.Conversion{From: "image/heic", To: "image/jpeg", Most: 5 << 20})
	if p, kind, err := image.DecodeConfig(bytes.NewReader(got)); err != nil || kind != "jpeg" || p.Width != 1280 {
		t.Fatalf("%s %v, %v", kind, p, err)
	}
}

func TestHostile(t *testing.T) {
	f := installed(t)
	secret := filepath.Join(t.TempDir(), "secret.mp3")
	if err := os.WriteFile(secret, sample(t, f, tone, "-f", "mp3"), 0o600); err != nil {
		t.Fatal(err)
	}
	playlist := "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile://" + secret + "\n#EXT-X-ENDLIST\n"
	for name, file := range map[string]string{"playlist": playlist, "list of files": "ffconcat version 1.0\nfile '" + secret + "'\n", "nothing": "",
		"text": "this is no sound", "drawing": `<svg xmlns="http://www.w3.org/2000/svg"><image href="file://` + secret + `"/></svg>`} {
		for _, to := range []string{"audio/mpeg", "image/jpeg"} {
			t.Run(name+" to "+to, func(t *testing.T) {
				_, err := f.Convert(t.Context(), strings.NewReader(file), core.Conversion{From: "audio/ogg", To: to})
				if core.CodeOf(err) != core.CodeUnsupported {
					t.Fatalf("got %v", err)
				}
			})
		}
	}
	t.Run("too large for what is wanted", func(t *testing.T) {
		_, err := f.Convert(t.Context(), bytes.NewReader(sample(t, f, tone, "-f", "wav")), core.Conversion{From: "audio/wav", To: "audio/mpeg", Most: 100})
		if core.CodeOf(err) != core.CodeUnsupported || !strings.Contains(err.Error(), "100 bytes") {
			t.Fatalf("got %v", err)
		}
	})
	t.Run("stopped", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := f.Convert(ctx, strings.NewReader("x"), core.Conversion{From: "audio/wav", To: "audio/mpeg"}); !errors.Is(err, context.Canceled) {
			t.Fatalf("got %v", err)
		}
	})
}

func TestCheck(t *testing.T) {
	for name, path := range map[string]string{"not there": filepath.Join(t.TempDir(), "ffmpeg"), "another program": "/bin/echo"} {
		t.Run(name, func(t *testing.T) {
			found := Check(t.Context(), path)
			if found.Level != core.HealthWarning || !strings.Contains(found.Remedy, "setting ffmpeg") {
				t.Fatalf("got %+v", found)
			}
		})
	}
	t.Run("installed", func(t *testing.T) {
		f := installed(t)
		if found := Check(t.Context(), ""); !strings.Contains(found.Detail, f.path) {
			t.Fatalf("got %+v", found)
		}
	})
}
