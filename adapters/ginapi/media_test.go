package ginapi

import (
	"bytes"
	"cmp"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"causeway/core"

	"pgregory.net/rapid"
)

// file adds a file to a workspace.
func (h *house) file(ws core.WorkspaceID, f core.File, content string) core.File {
	f.Media.ID, f.Blob = f.ID, "media/"+string(f.ID)
	f.State = cmp.Or(f.State, core.FileHere)
	h.blobs.files[f.Blob] = []byte(content)
	r := h.store.room(ws)
	r.files = append(r.files, f)
	return f
}

func (h *house) link(ws core.WorkspaceID, id core.MediaID, expires time.Time) string {
	return SignMedia(h.public, h.server.MediaKey, ws, id, expires)
}

func TestSignedLink(t *testing.T) {
	h := open(t)
	h.file("a", core.File{ID: "m1", Media: core.Media{MIME: "image/jpeg", Name: "Öl \"x\".jpg"}}, "picture")
	h.file("a", core.File{ID: "m2", State: core.FilePending}, "")
	h.file("a", core.File{ID: "m3", State: core.FileMissing}, "")
	h.file("a", core.File{ID: "gone"}, "")
	delete(h.blobs.files, "media/gone")
	good := h.link("a", "m1", noon.Add(time.Hour))
	otherKey := SignMedia(h.public, bytes.Repeat([]byte("z"), 32), "a", "m1", noon.Add(time.Hour))
	tests := []struct {
		name, url string
		status    int
		body      string
	}{
		{"a good link", good, 200, "picture"},
		{"an expired link", h.link("a", "m1", noon.Add(-time.Second)), 410, "This link has expired. Ask for the file in the conversation it came from.\n"},
		{"a link that expires now", h.link("a", "m1", noon), 410, "This link has expired. Ask for the file in the conversation it came from.\n"},
		{"another key's link", otherKey, 404, ""},
		{"a prolonged link", strings.Replace(h.link("a", "m1", noon.Add(-time.Hour)), "exp=17", "exp=97", 1), 404, ""},
		{"another file", strings.Replace(good, "/m1?", "/m2?", 1), 404, ""},
		{"another workspace", strings.Replace(good, "ws=a", "ws=b", 1), 404, ""},
		{"no signature", h.public + "/media/m1", 404, ""},
		{"an expired forged link", strings.Replace(h.link("a", "m1", noon.Add(-time.Hour)), "sig=", "sig=x", 1), 404, ""},
		{"a link signed for another workspace's file", h.link("b", "m1", noon.Add(time.Hour)), 404, "There is no such file.\n"},
		{"a file still at the provider", h.link("a", "m2", noon.Add(time.Hour)), 409, "The file has not come from the provider yet. Try again in a minute.\n"},
		{"a file given up", h.link("a", "m3", noon.Add(time.Hour)), 404, "The provider does not have this file any more.\n"},
		{"a file lost from the store", h.link("a", "gone", noon.Add(time.Hour)), 500, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			resp, body := h.call("GET", tt.url, "")
			if resp.StatusCode != tt.status || (body != tt.body && tt.status != 500) {
				t.Errorf("got %d %q, want %d %q", resp.StatusCode, body, tt.status, tt.body)
			}
		})
	}
}

func TestSignedLinkServesADownload(t *testing.T) {
	h := open(t)
	h.file("a", core.File{ID: "m1", Media: core.Media{MIME: "text/html", Name: "../Öl \"x\"\r\n.html"}}, "<script>alert(1)</script>")
	resp, body := h.call("GET", h.link("a", "m1", noon.Add(time.Hour)), "")
	if body != "<script>alert(1)</script>" {
		t.Errorf("got %q", body)
	}
	for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox; default-src 'none'",
		"Content-Type": "text/html", "Cache-Control": "private, no-store", "Referrer-Policy": "no-referrer"} {
		if got := resp.Header.Get(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	kind, params, err := mime.ParseMediaType(resp.Header.Get("Content-Disposition"))
	if err != nil || kind != "attachment" || params["filename"] != `Öl "x".html` {
		t.Errorf("disposition %q: %q %v %v", resp.Header.Get("Content-Disposition"), kind, params, err)
	}
	if resp, body := h.call("HEAD", h.link("a", "m1", noon.Add(time.Hour)), ""); resp.StatusCode != 200 || body != "" {
		t.Errorf("HEAD: got %d %q", resp.StatusCode, body)
	}
	if resp, _ := h.call("POST", h.link("a", "m1", noon.Add(time.Hour)), ""); resp.StatusCode != 405 {
		t.Errorf("POST: got %d", resp.StatusCode)
	}
}

func TestServeFileKnowsRangesOfWhatCanSeek(t *testing.T) {
	w := newRecorder()
	r, _ := http.NewRequestWithContext(t.Context(), "GET", "/", nil)
	r.Header.Set("Range", "bytes=2-4")
	serveFile(w, r, core.File{Media: core.Media{MIME: "no type"}}, strings.NewReader("0123456789"))
	if w.Code != 206 || w.Body.String() != "234" || w.Header().Get("Content-Type") != "application/octet-stream" {
		t.Errorf("got %d %q %q", w.Code, w.Body, w.Header().Get("Content-Type"))
	}
}

// Whatever is changed in a signed link, it is refused.
func TestSignedLinkCannotBeChanged(t *testing.T) {
	key := bytes.Repeat([]byte("k"), 32)
	ids := rapid.StringMatching(`[a-z0-9-]{1,12}`)
	rapid.Check(t, func(t *rapid.T) {
		ws, id, other := ids.Draw(t, "ws"), ids.Draw(t, "id"), ids.Draw(t, "other")
		exp, exp2 := rapid.Int64Range(0, 1<<40).Draw(t, "exp"), rapid.Int64Range(0, 1<<40).Draw(t, "exp2")
		query := func(ws, id string, exp int64) url.Values {
			u, err := url.Parse(SignMedia("https://x", key, core.WorkspaceID(ws), core.MediaID(id), time.Unix(exp, 0)))
			if err != nil {
				t.Fatal(err)
			}
			return u.Query()
		}
		signature := query(ws, id, exp).Get("sig")
		if other != id && signature == query(ws, other, exp).Get("sig") || other != ws && signature == query(other, id, exp).Get("sig") ||
			exp != exp2 && signature == query(ws, id, exp2).Get("sig") {
			t.Fatal("two links share a signature")
		}
	})
}

func TestFileName(t *testing.T) {
	for in, want := range map[string]string{"a.jpg": "a.jpg", "../../etc/passwd": "passwd", `C:\x\y.doc`: "y.doc", "a\u202egpj.exe": "agpj.exe", " . ": "",
		"a\x00b": "ab", strings.Repeat("ö", 150): strings.Repeat("ö", 100), "..": ""} {
		if got := core.FileName(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}
