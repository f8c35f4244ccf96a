package core

import "testing"

func TestBytes(t *testing.T) {
	for n, want := range map[int64]string{0: "0 bytes", 1023: "1023 bytes", 1 << 10: "1 KB", 5 << 20: "5 MB", 1536 << 10: "1.5 MB", 3 << 30: "3 GB",
		1536 << 20: "1.5 GB", 72 << 30: "72 GB"} {
		if got := Bytes(n); got != want {
			t.Errorf("Bytes(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestMediaType(t *testing.T) {
	for declared, want := range map[string]string{"image/jpeg": "image/jpeg", "IMAGE/JPG": "image/jpeg", "image/pjpeg": "image/jpeg", "audio/x-m4a": "audio/mp4", "audio/mp3": "audio/mpeg",
		"audio/ogg; codecs=opus": "audio/ogg", "audio/opus": "audio/ogg", "application/ogg": "audio/ogg", "application/x-pdf": "application/pdf", "text/plain; charset=utf-8": "text/plain",
		"application/vnd.ms-excel": "application/vnd.ms-excel", "": "", "garbage": "", ";;": ""} {
		if got := MediaType(declared); got != want {
			t.Errorf("MediaType(%q) = %q, want %q", declared, got, want)
		}
	}
}
