package core_test

import (
	"strings"
	"testing"

	"causeway/core"
)

// carrier takes what WhatsApp takes, but no documents.
func carrier() core.Capabilities {
	return core.Capabilities{Media: map[core.ContentKind]core.MediaRule{
		core.KindImage: {MIME: []string{"image/jpeg", "image/png"}, Bytes: 5 << 20}, core.KindVoice: {MIME: []string{"audio/ogg"}, Bytes: 16 << 20},
		core.KindAudio: {MIME: []string{"audio/mp4", "audio/mpeg"}, Bytes: 16 << 20}, core.KindVideo: {MIME: []string{"video/mp4"}, Bytes: 16 << 20}}}
}

func TestConversion(t *testing.T) {
	tests := []struct {
		name string
		kind core.ContentKind
		mime string
		size int64
		want string // "" for none
	}{
		{"a picture that is taken", core.KindImage, "image/jpeg", 1 << 20, ""},
		{"of HEIC", core.KindImage, "image/heic", 1 << 20, "image/jpeg"},
		{"of WebP", core.KindImage, "image/webp", 1 << 20, "image/jpeg"},
		{"too large", core.KindImage, "image/png", 6 << 20, "image/jpeg"},
		{"that moves", core.KindImage, "image/gif", 1 << 20, "video/mp4"},
		{"drawn", core.KindImage, "image/svg+xml", 1 << 20, ""},
		{"a voice note that is taken", core.KindVoice, "audio/ogg", 1 << 20, ""},
		{"of an iPhone", core.KindVoice, "audio/mp4", 1 << 20, "audio/ogg"},
		{"other sound", core.KindAudio, "audio/wav", 1 << 20, "audio/mpeg"},
		{"sound that is none", core.KindAudio, "video/mp4", 1 << 20, ""},
		{"a film", core.KindVideo, "video/x-msvideo", 1 << 20, "video/mp4"},
		{"a film that is taken", core.KindVideo, "video/mp4", 1 << 20, ""},
		{"a long film", core.KindVideo, "video/mp4", 17 << 20, "video/mp4"},
		{"a document", core.KindDocument, "application/pdf", 1 << 20, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := carrier().Conversion(core.Content{Kind: tt.kind, Media: &core.Media{MIME: tt.mime, Size: tt.size}})
			if got.To != tt.want || ok != (tt.want != "") {
				t.Fatalf("got %+v, %v, want %q", got, ok, tt.want)
			}
			if ok && (got.Voice != (tt.kind == core.KindVoice) || got.Most == 0 || got.From != tt.mime) {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestGateOfWhatIsConverted(t *testing.T) {
	q := whatsapp()
	q.Capabilities.Media = carrier().Media
	q.Content = core.Content{Kind: core.KindImage, Media: &core.Media{ID: "m", MIME: "image/heic", Size: 9}}
	d := core.Decide(q, noon)
	if d.Code != core.CodeUnsupported || !strings.Contains(d.Remedy, "image/jpeg of at most 5 MB") || !strings.Contains(d.Remedy, "ffmpeg") {
		t.Errorf("without a converter: %+v", d)
	}
	q.Converts = true
	if d := core.Decide(q, noon); !d.Allowed() {
		t.Errorf("with one: %+v", d)
	}
	q.Content.Media.MIME = "image/svg+xml"
	if d := core.Decide(q, noon); d.Allowed() || strings.Contains(d.Remedy, "ffmpeg") {
		t.Errorf("what no converter changes: %+v", d)
	}
}

func TestRenamed(t *testing.T) {
	for name, want := range map[string]string{"IMG_1.HEIC": "IMG_1.jpg", "": "", "voice": "voice.jpg", "a.b.webp": "a.b.jpg"} {
		if got := core.Renamed(name, "image/jpeg"); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
}
