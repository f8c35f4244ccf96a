package webchat

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"testing"

	"causeway/core"
)

// TestUploads: what browsers send of phones' and people's files is what it is, whatever container it is in and in whatever script it is named.
func TestUploads(t *testing.T) {
	r := newRig(t, with(keyUpload, "1"))
	token := r.session(`{}`)
	const m4a, heic = "\x00\x00\x00\x1cftypM4A \x00\x00\x00\x00M4A mp42isom", "\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"
	for i, c := range []struct {
		name, says, content, mime string
		kind                      core.ContentKind
	}{
		{"مذكرة صوتية.m4a", "audio/x-m4a", m4a, "audio/x-m4a", core.KindAudio},
		{"clip.mp4", "video/mp4", "\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00isommp42", "video/mp4", core.KindVideo},
		{"note.weba", "audio/webm;codecs=opus", "\x1aE\xdf\xa3\x9fB\x86\x81\x01", "audio/webm", core.KindAudio},
		{"note.webm", "", "\x1aE\xdf\xa3\x9fB\x86\x81\x01", "video/webm", core.KindVideo},
		{"голос.ogg", "audio/ogg", "OggS\x00\x02", "audio/ogg", core.KindAudio},
		{"IMG_0001.HEIC", "image/heic", heic, "image/heic", core.KindImage},
		{"تقرير النهائي.pdf", "application/pdf", "%PDF-1.7\n", "application/pdf", core.KindDocument},
		{"ملف.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "PK\x03\x04rest", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", core.KindDocument},
		{"picture.svg", "image/svg+xml", `<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>`, "text/xml", core.KindDocument},
		{"picture.jpg", "image/jpeg", "<html><body>", "text/html", core.KindDocument},
		{"liar.png", "image/svg+xml", "words", "text/plain", core.KindDocument},
		{"..", "text/plain", "words", "text/plain", core.KindDocument},
	} {
		before := len(r.host.Events())
		if resp, body := r.upload(token, "id-"+strconv.Itoa(i), c.name, c.says, c.content); resp.StatusCode != 201 {
			t.Errorf("%s: %d %s", c.name, resp.StatusCode, body)
			continue
		}
		name := c.name
		if name == ".." {
			name = "file"
		}
		e := r.host.Events()[before]
		if m := e.Message.Content.Media; m.Name != name || m.MIME != c.mime || e.Message.Content.Kind != c.kind || int(m.Size) != len(c.content) {
			t.Errorf("%s: got %s %+v", c.name, e.Message.Content.Kind, m)
		}
	}
	lines := r.want(200, "GET", "/messages", "", bearer(token)...)["messages"].([]any)
	first := lines[0].(map[string]any)["file"].(map[string]any)
	resp, body := r.ask("GET", "/"+first["url"].(string), "")
	if how := resp.Header.Get("Content-Disposition"); body != m4a || !strings.Contains(how, "filename*=utf-8''%D9%85%D8%B0%D9%83%D8%B1%D8%A9%20") {
		t.Errorf("got %q, %d bytes", how, len(body))
	}
}

// TestAttributesAreRead: numbers that a page says of its user are written as people write them, and what it cannot say is left out.
func TestAttributesAreRead(t *testing.T) {
	r := newRig(t, goodSettings())
	token := r.session(`{}`)
	r.want(201, "POST", "/messages", `{"text":"hi","attributes":{"customer":12345678,"total":1299.5,"vip":true,"big":9007199254740991,"cart":["a"],"none":null,"المدينة":"القاهرة"}}`, keyed(token, "id-000001")...)
	events := r.host.Events()
	if len(events) != 2 || events[0].Message.Content.Form == nil {
		t.Fatalf("got %+v", events)
	}
	got := events[0].Message.Content.Form.Fields
	for name, want := range map[string]string{"customer": "12345678", "total": "1299.5", "vip": "true", "big": "9007199254740991", "المدينة": "القاهرة"} {
		if got[name] != want {
			t.Errorf("%s: got %v, want %s", name, got[name], want)
		}
	}
	if len(got) != 5 {
		t.Errorf("got %v", got)
	}
}

// TestFileInParts: browsers that play a film or a voice note ask for parts of it, and some play nothing else.
func TestFileInParts(t *testing.T) {
	r := newRig(t, with(keyUpload, "1"))
	token := r.session(`{}`)
	film := "\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00isommp42 and the film"
	r.upload(token, "id-000001", "clip.mp4", "video/mp4", film)
	line := r.want(200, "GET", "/messages", "", bearer(token)...)["messages"].([]any)[0].(map[string]any)
	at := "/" + line["file"].(map[string]any)["url"].(string)
	for ranges, want := range map[string]struct {
		status int
		body   string
	}{"bytes=0-1": {206, film[:2]}, "bytes=4-11": {206, film[4:12]}, "bytes=-8": {206, film[len(film)-8:]}, "": {200, film}, "bytes=900-": {416, ""}} {
		resp, body := r.ask("GET", at, "", "Range", ranges)
		if resp.StatusCode != want.status || want.body != "" && body != want.body || want.status != 416 && resp.Header.Get("Content-Type") != "video/mp4" || !strings.Contains(resp.Header.Get("Content-Security-Policy"), "sandbox") {
			t.Errorf("%q: got %d %q %v", ranges, resp.StatusCode, body, resp.Header)
		}
	}
	if resp, body := r.ask("HEAD", at, ""); resp.StatusCode != 200 || body != "" || resp.ContentLength != int64(len(film)) {
		t.Errorf("HEAD: got %d, %d bytes", resp.StatusCode, resp.ContentLength)
	}
}

// TestPastedText: what no database takes is left out of what a visitor pastes, and the rest is sent.
func TestPastedText(t *testing.T) {
	r := newRig(t, goodSettings())
	token := r.session(`{}`)
	r.want(201, "POST", "/messages", `{"text":"سعر\u0000 10 \ud83d\ude00\ud83d"}`, keyed(token, "id-000001")...)
	if got := r.host.Events()[0].Message.Content.Text; got != "سعر 10 😀\uFFFD" {
		t.Errorf("got %q", got)
	}
	r.want(400, "POST", "/messages", `{"text":" \u0000 "}`, keyed(token, "id-000002")...)
}

// TestFormBeforeFile: who has not told what must be told leaves no file here.
func TestFormBeforeFile(t *testing.T) {
	r := newRig(t, with(keyUpload, "1", keyAsk, "email*"))
	token := r.session(`{}`)
	if resp, body := r.upload(token, "id-000001", "a.txt", "text/plain", "words"); resp.StatusCode != 403 || !strings.Contains(body, "form") {
		t.Errorf("got %d %s", resp.StatusCode, body)
	}
	sum := sha256.Sum256([]byte(r.visitor(token) + "\nid-000001"))
	if kept, err := r.host.Load(t.Context(), fileKey(hex.EncodeToString(sum[:16]))); err != nil || len(kept) > 0 {
		t.Errorf("kept %q, %v", kept, err)
	}
}
