package config

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"causeway/core"
)

// load reads a file with this content, if it is not empty.
func load(t *testing.T, yaml string, environ []string, flags map[string]string) (Config, error) {
	t.Helper()
	o := Options{Environ: append([]string{"XDG_DATA_HOME=/data"}, environ...), Flags: flags}
	if yaml != "" {
		o.File = filepath.Join(t.TempDir(), "causeway.yaml")
		if err := os.WriteFile(o.File, []byte(yaml), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return Load(o)
}

func TestDefaults(t *testing.T) {
	c, err := load(t, "", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if c.DataDir != "/data/causeway" || c.DatabaseURL.Reveal() != "sqlite:/data/causeway/causeway.db" || c.MasterKeyFile != "/data/causeway/master.key" {
		t.Errorf("places: %q, %q, %q", c.DataDir, c.DatabaseURL.Reveal(), c.MasterKeyFile)
	}
	if c.HTTPListen != "127.0.0.1:8080" || c.SMTPListen != "127.0.0.1:2525" || c.PrivateListen != "127.0.0.1:9090" {
		t.Errorf("addresses: %q, %q, %q", c.HTTPListen, c.SMTPListen, c.PrivateListen)
	}
	if c.NotifyAddress != "" || c.DKIM.Domain != "" || c.ReplyFor() != 90*24*time.Hour || c.AttachLimit() != 18<<20 || c.Level() != slog.LevelInfo || c.StopAfter != 25*time.Second {
		t.Errorf("got %+v", c)
	}
}

func TestLayers(t *testing.T) {
	yaml := "data_dir: /file\nmail_domain: reply.example.org\nlog_level: debug\nreply_days: 7\ntrusted_relays: [10.0.0.0/8, 192.0.2.7]\ndkim:\n  selector: s1\n"
	c, err := load(t, yaml, []string{"CAUSEWAY_LOG_LEVEL=warn", "CAUSEWAY_REPLY_DAYS=8", "CAUSEWAY_DKIM_KEY_FILE=/k", "CAUSEWAY_ALLOW_PRIVATE=127.0.0.1:1, 10.0.0.0/8",
		"CAUSEWAY_TEST_POSTGRES=x", "CAUSEWAY_SECRET_TOKEN=x", "CAUSEWAY_REQUIRE_PEERS=1", "OTHER=x",
		"CAUSEWAY_SERVICE_HOST=10.0.0.1", "CAUSEWAY_SERVICE_PORT=80", "CAUSEWAY_SERVICE_PORT_HTTP=80", "CAUSEWAY_PORT=tcp://10.0.0.1:80", "CAUSEWAY_SMTP_PORT_25_TCP_ADDR=10.0.0.1"}, map[string]string{"reply_days": "9"})
	if err != nil {
		t.Fatal(err)
	}
	if c.DataDir != "/file" || c.DatabaseURL.Reveal() != "sqlite:/file/causeway.db" || c.LogLevel != "warn" || c.ReplyDays != 9 || c.NotifyAddress != "notify@reply.example.org" {
		t.Errorf("got %+v", c)
	}
	if c.DKIM != (DKIM{"reply.example.org", "s1", "/k"}) || fmt.Sprint(c.TrustedRelays) != "[10.0.0.0/8 192.0.2.7/32]" || fmt.Sprint(c.AllowPrivate) != "[127.0.0.1:1 10.0.0.0/8]" {
		t.Errorf("got %+v", c)
	}
	from := map[string]string{}
	for _, s := range c.Show() {
		from[s.Key] = s.From
	}
	for key, want := range map[string]string{"data_dir": "file causeway.yaml, line 1", "log_level": "environment CAUSEWAY_LOG_LEVEL", "reply_days": "flag --reply-days",
		"http_listen": "default", "dkim.selector": "file causeway.yaml, line 7"} {
		if from[key] != want {
			t.Errorf("%s came from %q, want %q", key, from[key], want)
		}
	}
}

// TestNever: where zero means never, it can be written.
func TestNever(t *testing.T) {
	c, err := load(t, "follow_after: 0s", nil, nil)
	if err != nil || c.FollowAfter != 0 {
		t.Errorf("got %s, %v", c.FollowAfter, err)
	}
}

func TestRefused(t *testing.T) {
	cases := []struct{ name, yaml, env, want string }{
		{"unknown key", "http_lisen: x", "", `causeway.yaml:1: There is no key "http_lisen". Did you mean "http_listen"?`},
		{"unknown nested key", "a: 1\ndkim:\n  selektor: x", "", `causeway.yaml:3: There is no key "selektor". Did you mean "selector"?`},
		{"unknown variable", "", "CAUSEWAY_DATADIR=/x", `CAUSEWAY_DATADIR: There is no setting for the variable CAUSEWAY_DATADIR. Did you mean "CAUSEWAY_DATA_DIR"?`},
		{"underscore for a dot", "", "CAUSEWAY_DKIM_SELEKTOR=x", `Did you mean "CAUSEWAY_DKIM_SELECTOR"?`},
		{"a port that is not from Kubernetes", "", "CAUSEWAY_PORT=8080", "There is no setting for the variable CAUSEWAY_PORT."},
		{"file of what is no secret", "", "CAUSEWAY_DATA_DIR_FILE=/x", "CAUSEWAY_DATA_DIR_FILE: There is no setting"},
		{"key twice", "data_dir: a\ndata_dir: b", "", `causeway.yaml:2: The key "data_dir" is there twice.`},
		{"list for a text", "data_dir: [a]", "", "causeway.yaml:1: data_dir must be a text."},
		{"text for a list", "trusted_relays: 10.0.0.0/8", "", "causeway.yaml:1: trusted_relays must be a list. Write it like"},
		{"text for a number", "\nreply_days: many", "", `causeway.yaml:2: reply_days must be a whole number, not "many". Write it like reply_days: 90.`},
		{"number too large", "reply_days: 99999", "", "reply_days must be from 1 to 3650, not 99999."},
		{"number too small", "", "CAUSEWAY_WORKERS=0", "CAUSEWAY_WORKERS: workers must be from 1 to 1024, not 0."},
		{"no time span", "stop_after: 5", "", "stop_after must be a time span"},
		{"no time to stop", "stop_after: 0s", "", "stop_after must be a time span"},
		{"a time before", "follow_after: -1m", "", "follow_after must be a time span"},
		{"group as a text", "dkim: yes", "", "causeway.yaml:1: Here must be keys with values."},
		{"a list as the whole", "- a", "", "causeway.yaml:1: Here must be keys with values."},
		{"not YAML", "a: b: c", "", "causeway.yaml: This is not YAML:"},
		{"second document", "log_level: info\n---\nhttp_listen: :1\n", "", "causeway.yaml:2: A second document begins here, which nobody would read."},
		{"tab", "dkim:\n\tselector: x", "", "causeway.yaml: This is not YAML: line 2"},
		{"unknown choice", "log_format: xml", "", `causeway.yaml:1: log_format cannot be "xml". Write one of: text, json.`},
		{"no port", "http_listen: localhost", "", `http_listen is "localhost", which is not an address with a port. Write it like 127.0.0.1:8080`},
		{"port too large", "http_listen: :99999", "", "not an address with a port"},
		{"no URL", "public_url: bridge.example.com", "", "Write it like https://bridge.example.com."},
		{"no domain", "mail_domain: https://x", "", "which is not a domain name"},
		{"no address", "notify_address: notify", "", "which is not a mail address"},
		{"no network", "trusted_relays: [mail]", "", `"mail" in trusted_relays is neither an address nor a network.`},
		{"no private place", "allow_private: [localhost]", "", `"localhost" in allow_private is neither host:port nor a network.`},
		{"a long name", "workspace: " + strings.Repeat("x", 101), "", "Use letters, digits, - and _."},
		{"no zone", "time_zone: Mars/Olympus", "", "there is no such time zone"},
		{"empty", "http_listen: ''", "", "http_listen is empty. Give it a value, or leave it out for 127.0.0.1:8080."},
		{"no database", "database_url: mysql://u:planted@h/x", "", "database_url does not begin with sqlite:"},
		{"no place for files", "files_url: /srv/files", "", "files_url does not begin with folder:"},
		{"no relay", "relay_url: mail.example.org", "", "relay_url does not begin with smtp://"},
		{"missing secret file", "relay_url_file: /none/at/all", "", "causeway.yaml:1: The file /none/at/all cannot be read"},
		{"secret and its file", "relay_url: smtp://a\nrelay_url_file: /x", "", "Both relay_url and relay_url_file are set."},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := load(t, c.yaml, []string{c.env}, nil)
			if err == nil || !strings.Contains(err.Error(), c.want) || core.CodeOf(err) != core.CodeInvalid {
				t.Fatalf("got %v\nwant %s", err, c.want)
			}
			if strings.Contains(err.Error(), "planted") {
				t.Error("the password stands in the error")
			}
		})
	}
}

func TestEverythingWrongIsSaidAtOnce(t *testing.T) {
	_, err := load(t, "reply_days: x\ncolour: red\n", []string{"CAUSEWAY_NOPE=1"}, map[string]string{"nope": "1"})
	if err == nil || !strings.HasPrefix(err.Error(), "the configuration has 4 problems:\n") {
		t.Errorf("got %v", err)
	}
}

func TestMissingFile(t *testing.T) {
	_, err := Load(Options{File: filepath.Join(t.TempDir(), "none.yaml"), Environ: []string{}})
	if err == nil || !strings.Contains(err.Error(), "leave out --config") {
		t.Errorf("got %v", err)
	}
}

func TestFileNamedByTheEnvironment(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.yaml")
	if err := os.WriteFile(path, []byte("# nothing but a comment\nlog_level:\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(Options{Environ: []string{"CAUSEWAY_CONFIG=" + path}}); err != nil {
		t.Error(err)
	}
}

func TestSecretFromAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "relay")
	if err := os.WriteFile(path, []byte("smtp://u:planted@mail.example.org:587\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, env := range map[string][2]string{"variable": {"", "CAUSEWAY_RELAY_URL_FILE=" + path}, "key": {"relay_url_file: " + path, ""}} {
		t.Run(name, func(t *testing.T) {
			c, err := load(t, env[0], []string{env[1]}, nil)
			if err != nil || c.RelayURL.Reveal() != "smtp://u:planted@mail.example.org:587" {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestPasswordsDoNotPrint(t *testing.T) {
	c, err := load(t, "database_url: postgres://u:planted@db/x?password=planted\n", []string{"CAUSEWAY_RELAY_URL=smtp://u:planted@mail.example.org:587"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	text, _ := json.Marshal(struct {
		C Config
		S []Shown
	}{c, c.Show()})
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d"} {
		text = fmt.Appendf(text, verb, c)
		text = fmt.Appendf(text, verb, struct{ c Config }{c})
		text = fmt.Appendf(text, verb, c.Show())
	}
	if strings.Contains(string(text), "planted") {
		t.Errorf("a password shows in %s", text)
	}
	if !strings.Contains(string(text), "smtp://u:[secret]@mail.example.org:587") {
		t.Error("the relay is not shown in its redacted form")
	}
}

func TestRedact(t *testing.T) {
	for in, want := range map[string]string{"": "", "smtp://h:25": "smtp://h:25", "smtp://u@h": "smtp://u@h", "smtp://u:p@h": "smtp://u:[secret]@h",
		"smtp://u:p%2Fq@h/?x=y": "smtp://u:[secret]@h/", "sqlite:/a/b.db?_pragma=x": "sqlite:/a/b.db", "smtp://u:p/q@h": "[secret]", "s3://k:p%2Fq@h/bucket/a?region=x": "s3://k:[secret]@h/bucket/a", "folder:/a/b": "folder:/a/b", "smtp:u:p": "[secret]"} {
		if got := Redact(core.NewSecret(in)); got != want {
			t.Errorf("Redact(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestCheck(t *testing.T) {
	whole := "mail_domain: reply.example.org\nrelay_url: smtp://mail.example.org:587\n"
	cases := []struct{ name, yaml, subject string }{
		{"nothing set", "log_level: info", "mail_domain"},
		{"no relay", "mail_domain: a.example.org", "relay_url"},
		{"sample relay", "mail_domain: a.example.org\nrelay_url: smtp://user:password@mail.example.com:587", "relay_url"},
		{"half a certificate", whole + "smtp_tls: {cert_file: x}", "smtp_tls"},
		{"half a DKIM key", whole + "dkim: {selector: x}", "dkim"},
		{"relays only, and none", whole + "sender_check: trusted-relay-only", "sender_check"},
		{"public metrics", whole + "private_listen: :9090", "private_listen"},
		{"everybody is a relay", whole + "trusted_relays: [0.0.0.0/0]", "trusted_relays"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := load(t, c.yaml, nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			found := false
			for _, f := range got.Check() {
				found = found || f.Subject == c.subject
				if f.Remedy == "" || f.Detail == "" || f.Level == "" {
					t.Errorf("incomplete: %+v", f)
				}
			}
			if !found {
				t.Errorf("got %+v, want one about %s", got.Check(), c.subject)
			}
		})
	}
	if c, err := load(t, whole, nil, nil); err != nil || len(c.Check()) > 0 {
		t.Errorf("a whole configuration: %v, %+v", err, c.Check())
	}
}

func TestPasswordInAnOpenFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.yaml")
	if err := os.WriteFile(path, []byte("mail_domain: a.example.org\nrelay_url: smtp://u:p@mail.example.org\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	c, err := Load(Options{File: path, Environ: []string{}})
	if err != nil || len(c.Check()) != 1 || !strings.Contains(c.Check()[0].Remedy, "chmod 640") {
		t.Errorf("got %v, %+v", err, c.Check())
	}
}

func TestReference(t *testing.T) {
	table := Reference()
	for _, k := range keys() {
		if k.help == "" {
			t.Errorf("%s has no help", k.name)
		}
		if !strings.Contains(table, "| `"+k.name+"` | `"+k.env()+"` |") {
			t.Errorf("%s is not in the table", k.name)
		}
	}
	for _, line := range strings.Split(strings.TrimSpace(table), "\n") {
		if strings.Count(strings.ReplaceAll(line, `\|`, ""), "|") != 5 {
			t.Errorf("a line of the table is broken: %s", line)
		}
	}
}

// TestCommentsNameTheDefaults keeps the doc comments true to the tags.
func TestCommentsNameTheDefaults(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "config.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	ast.Inspect(file, func(node ast.Node) bool {
		f, ok := node.(*ast.Field)
		if !ok || f.Tag == nil {
			return true
		}
		n++
		raw, _ := strconv.Unquote(f.Tag.Value)
		standard := reflect.StructTag(raw).Get("default")
		text := strings.Join(strings.Fields(f.Doc.Text()), " ")
		if !strings.HasPrefix(text, f.Names[0].Name+" ") || !strings.Contains(text, "default") || !strings.Contains(text, strings.TrimSuffix(standard, "/causeway")) {
			t.Errorf("%s: the comment %q does not name the default %q", f.Names[0], text, standard)
		}
		return true
	})
	if n < len(keys()) {
		t.Errorf("%d fields looked at, %d keys", n, len(keys()))
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"data_dir: x", "dkim: {selector: a}", "- a", "a: &x [*x]", "? {a: b}\n: c", "trusted_relays:\n- 1", "\x00"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		all, wrong := parse("f.yaml", raw)
		for name := range all {
			if _, _, ok := find(name); !ok {
				t.Errorf("unknown key %q went through", name)
			}
		}
		for _, w := range wrong {
			if w.Place == "" || w.Detail == "" {
				t.Errorf("incomplete: %+v", w)
			}
		}
	})
}

// A value of which others are made is reported once if it is wrong.
func TestWrongOnce(t *testing.T) {
	_, err := load(t, "mail_domain: https://x", nil, nil)
	if err == nil || strings.Contains(err.Error(), "notify_address") || strings.Contains(err.Error(), "dkim.domain") {
		t.Errorf("got %v", err)
	}
}
