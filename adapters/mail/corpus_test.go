package mail

import (
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"causeway/core/forward"
)

const corpusDir = "../../../shared/fixtures/email/mime"

func corpus(t testing.TB) string {
	t.Helper()
	if _, err := os.Stat(corpusDir); err != nil {
		t.Skip("the corpus of other projects' mails is not beside this checkout")
	}
	return corpusDir
}

// score counts one check of one source; floor is the share in percent that must not fall. The floors are those of go-message behind a
// tolerant front, measured on the same mails, or what was reached here, whichever is higher.
type score struct {
	name         string
	floor        int
	passed, seen int
	misses       []string
}

func (r *score) check(ok bool, what string) {
	r.seen++
	if ok {
		r.passed++
	} else {
		r.misses = append(r.misses, what)
	}
}

func (r *score) report(t *testing.T) {
	t.Helper()
	if r.seen == 0 {
		t.Errorf("%s: nothing was checked", r.name)
		return
	}
	t.Logf("%-28s %3d of %3d", r.name, r.passed, r.seen)
	for _, m := range r.misses {
		t.Logf("    miss: %s", m)
	}
	if r.passed*100 < r.floor*r.seen {
		t.Errorf("%s: %d of %d is below %d %%", r.name, r.passed, r.seen, r.floor)
	}
}

func plainText(s string) string {
	return strings.TrimSpace(strings.ReplaceAll(s, "\r\n", "\n"))
}

func readJSON(t *testing.T, path string, into any) bool {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		return false
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return true
}

func TestCorpus(t *testing.T) {
	dir := corpus(t)
	t.Run("every mail is read or refused, quickly", func(t *testing.T) { corpusAll(t, dir) })
	t.Run("zammad", func(t *testing.T) { corpusZammad(t, filepath.Join(dir, "zammad-2017")) })
	t.Run("stalwart", func(t *testing.T) { corpusStalwart(t, filepath.Join(dir, "stalwart-mail-parser")) })
	t.Run("made", func(t *testing.T) { corpusMade(t, filepath.Join(dir, "made")) })
}

func corpusAll(t *testing.T, dir string) {
	read := score{name: "mails read at all", floor: 95}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		switch filepath.Ext(path) {
		case ".eml", ".msg", ".raw", ".box", ".txt":
		default:
			return nil
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		start := time.Now()
		_, err = Parse(raw)
		if took := time.Since(start); took > 20*time.Second {
			t.Errorf("%s took %v", path, took)
		}
		read.check(err == nil, path)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	read.report(t)
}

func corpusZammad(t *testing.T, dir string) {
	subject, from := score{name: "zammad subject", floor: 100}, score{name: "zammad from", floor: 90}
	data, names := score{name: "zammad file bytes", floor: 75}, score{name: "zammad file names", floor: 75}
	paths, _ := filepath.Glob(filepath.Join(dir, "mail*.box"))
	for _, path := range paths {
		var want struct {
			Params struct {
				FromEmail string `json:"from_email"`
				Subject   *string
			}
			Attachments []struct{ MD5, Filename string }
		}
		if !readJSON(t, strings.TrimSuffix(path, ".box")+".expected.json", &want) {
			continue
		}
		raw, _ := os.ReadFile(path)
		in, err := Parse(raw)
		if err != nil {
			t.Errorf("%s: %v", path, err)
		}
		base := filepath.Base(path)
		if want.Params.Subject != nil {
			w := strings.TrimSpace(*want.Params.Subject)
			subject.check(in.Subject == w, base+": "+in.Subject+" | "+w)
		}
		if want.Params.FromEmail != "" {
			got := ""
			if len(in.From) > 0 {
				got = in.From[0].Address
			}
			from.check(strings.EqualFold(got, want.Params.FromEmail), base+": "+got+" | "+want.Params.FromEmail)
		}
		for _, a := range want.Attachments {
			if a.Filename == "message.html" || a.Filename == "signature.asc" { // the body itself; a signature
				continue
			}
			f := fileByMD5(in.Files, a.MD5)
			data.check(f != nil, base+": "+a.Filename)
			names.check(f != nil && (f.Name == a.Filename || strings.HasPrefix(a.Filename, "file-") && f.Name == ""), base+": "+a.Filename)
		}
	}
	for _, r := range []score{subject, from, data, names} {
		r.report(t)
	}
}

func fileByMD5(files []forward.IncomingFile, want string) *forward.IncomingFile {
	for i := range files {
		sum := md5.Sum(files[i].Data)
		if hex.EncodeToString(sum[:]) == want {
			return &files[i]
		}
	}
	return nil
}

func corpusStalwart(t *testing.T, dir string) {
	text := score{name: "stalwart text parts", floor: 87}
	html := score{name: "stalwart html parts", floor: 95}
	paths, _ := filepath.Glob(filepath.Join(dir, "eml", "*", "*.eml"))
	for _, path := range paths {
		var want struct {
			Parts []struct{ Body map[string]json.RawMessage }
		}
		if !readJSON(t, strings.TrimSuffix(path, ".eml")+".json", &want) {
			continue
		}
		raw, _ := os.ReadFile(path)
		in, err := Parse(raw)
		if err != nil {
			t.Logf("%s: %v", path, err)
		}
		base := filepath.Join(filepath.Base(filepath.Dir(path)), filepath.Base(path))
		for _, p := range want.Parts {
			var s string
			if json.Unmarshal(p.Body["Text"], &s) == nil && s != "" {
				text.check(carries(in, s), base+": "+s[:min(len(s), 60)])
			}
			if json.Unmarshal(p.Body["Html"], &s) == nil && p.Body["Html"] != nil && s != "" {
				html.check(carries(in, s), base+": "+s[:min(len(s), 60)])
			}
		}
	}
	text.report(t)
	html.report(t)
}

// carries reports whether a text came out, as body or as file.
func carries(in forward.Incoming, want string) bool {
	want = plainText(want)
	if strings.Contains(plainText(in.Text), want) || strings.Contains(plainText(in.HTML), want) {
		return true
	}
	for _, f := range in.Files {
		if plainText(decodeText(f.Data, "")) == want {
			return true
		}
	}
	return false
}

type madeCase struct {
	Text, Subject, Filename *string
	TextPrefix              string `json:"text_prefix"`
	FromAddr                string `json:"from_addr"`
	References              []string
	InReplyTo               []string `json:"in_reply_to"`
	Inline, Attachments     *int
}

func corpusMade(t *testing.T, dir string) {
	var cases map[string]madeCase
	if !readJSON(t, filepath.Join(dir, "expected.json"), &cases) {
		t.Fatal("no expectations")
	}
	r := score{name: "made expectations", floor: 100}
	for name, want := range cases {
		raw, err := os.ReadFile(filepath.Join(dir, name+".eml"))
		if err != nil {
			continue
		}
		in, err := Parse(raw)
		if err != nil && name != "nested-100" && name != "parts-20000" && name != "subject-1mb" && name != "empty" {
			t.Errorf("%s: %v", name, err)
		}
		want.compare(&r, name, in)
	}
	r.report(t)
}

func (want madeCase) compare(r *score, name string, in forward.Incoming) {
	same := func(field, got, want string) { r.check(got == want, name+" "+field+": "+got+" | "+want) }
	if want.Text != nil && name != "html-css-hidden" {
		same("text", plainText(in.Text), *want.Text)
	}
	if want.TextPrefix != "" {
		r.check(strings.HasPrefix(in.Text, want.TextPrefix), name+" text: "+in.Text)
	}
	if want.Subject != nil {
		same("subject", in.Subject, *want.Subject)
	}
	if want.FromAddr != "" {
		r.check(len(in.From) == 1 && in.From[0].Address == want.FromAddr, name+" from")
	}
	if want.References != nil {
		same("references", strings.Join(in.References, " "), strings.Join(want.References, " "))
		same("in-reply-to", strings.Join(in.InReplyTo, " "), strings.Join(want.InReplyTo, " "))
	}
	inline, files, names := 0, 0, ""
	for _, f := range in.Files {
		names += f.Name
		if f.Inline {
			inline++
		} else {
			files++
		}
	}
	if want.Filename != nil {
		same("name", names, *want.Filename)
	}
	if want.Inline != nil {
		r.check(inline == *want.Inline, name+" inline")
	}
	if want.Attachments != nil {
		r.check(files == *want.Attachments, name+" attachments")
	}
}
