package whatsappdevice

import (
	"bytes"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"causeway/core"
)

// page is a page of an Ogg file.
func page(granule uint64, packets ...[]byte) []byte {
	head := make([]byte, pageHead)
	copy(head, "OggS")
	binary.LittleEndian.PutUint64(head[6:], granule)
	var lacing, body []byte
	for _, p := range packets {
		for n := len(p); ; n -= 255 {
			lacing = append(lacing, byte(min(n, 255)))
			if n < 255 {
				break
			}
		}
		body = append(body, p...)
	}
	head[pageHead-1] = byte(len(lacing))
	return append(append(head, lacing...), body...)
}

// note is a voice note of some seconds, silent in its first half.
func note(seconds int) []byte {
	opus := append([]byte("OpusHead\x01\x01"), 0x38, 0x01, 0x80, 0xbb, 0, 0, 0, 0, 0) // skips 312 samples
	all := append(page(0, opus), page(0, []byte("OpusTags"))...)
	for n := range seconds * 50 {
		size := 3
		if n >= seconds*25 {
			size = 300
		}
		all = append(all, page(uint64((n+1)*960+312), make([]byte, size))...)
	}
	return all
}

func TestMeasure(t *testing.T) {
	whole := note(7)
	got, ok := measure(bytes.NewReader(whole))
	if !ok || got.seconds != 7 || len(got.waveform) != bars || got.waveform[0] > 5 || got.waveform[bars-1] != tallest {
		t.Errorf("a note of 7 s: %+v, %v", got, ok)
	}
	if short, ok := measure(bytes.NewReader(append(note(0), page(312+480, []byte{1})...))); !ok || short.seconds != 1 || len(short.waveform) != bars {
		t.Errorf("one packet: %+v, %v", short, ok)
	}
	for name, raw := range map[string][]byte{"nothing": nil, "no Ogg": []byte("ID3 and so on, long enough for a head"), "cut off": whole[:len(whole)-5], "heads only": note(0),
		"another codec": page(0, []byte("\x01vorbis and more")), "no sound": append(note(0), page(100, []byte{1})...)} {
		if got, ok := measure(bytes.NewReader(raw)); ok {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func FuzzMeasure(f *testing.F) {
	f.Add(note(1))
	f.Add([]byte("OggS"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if got, ok := measure(bytes.NewReader(raw)); ok && len(got.waveform) != bars {
			t.Errorf("%d bars", len(got.waveform))
		}
	})
}

// TestMeasureOfFFmpeg: what ffmpeg makes is understood.
func TestMeasureOfFFmpeg(t *testing.T) {
	program, err := exec.LookPath("ffmpeg")
	if err != nil {
		t.Skip("ffmpeg is not installed")
	}
	file := filepath.Join(t.TempDir(), "note.ogg")
	cmd := exec.CommandContext(t.Context(), program, "-loglevel", "error", "-f", "lavfi", "-i", "sine=frequency=440:duration=3", "-c:a", "libopus", "-b:a", "24k", file) //nolint:gosec // a test's own
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Skipf("ffmpeg cannot make Opus: %v %s", err, out)
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got, ok := measure(bytes.NewReader(raw)); !ok || got.seconds != 3 {
		t.Errorf("3 s of sound: %+v, %v", got, ok)
	}
}

// TestVoiceLength: a voice note that is sent says how long it is.
func TestVoiceLength(t *testing.T) {
	r := newRig(t)
	r.host.PutFile("v", note(7))
	if _, err := r.send("voice", core.Content{Kind: core.KindVoice, Media: &core.Media{ID: "v", MIME: "audio/ogg", Size: 1}}); err != nil {
		t.Fatal(err)
	}
	got := r.ana.Got().Content.GetAudioMessage()
	if got.GetSeconds() != 7 || len(got.GetWaveform()) != bars || !got.GetPTT() {
		t.Errorf("got %d s, %d bars", got.GetSeconds(), len(got.GetWaveform()))
	}
}
