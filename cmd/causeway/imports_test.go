package main_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The rule of who may import whom. Tests are free: they join what they need.

const module = "causeway/"

// pure are the libraries without I/O that the domain itself may use.
var pure = []string{"github.com/google/uuid", "github.com/rivo/uniseg", "github.com/nyaruka/phonenumbers", "golang.org/x/text/language", "golang.org/x/text/feature/plural"}

// technology stays out of the domain and out of bridges: it has its adapter.
var technology = []string{"gorm.io", "database/sql", "github.com/jackc", "modernc.org", "github.com/pressly", "github.com/riverqueue", "github.com/gin-gonic", "github.com/danielgtaylor",
	"github.com/emersion/go-smtp", "github.com/tink-crypto", "github.com/knadh", "github.com/spf13", "github.com/prometheus", "charm.land"}

// vague names say nothing about what is inside.
var vague = []string{"utils", "util", "common", "helpers", "helper", "models", "types", "misc", "shared"}

// breach says what is wrong with pkg importing what, or "".
func breach(pkg, what string) string {
	from, to := strings.TrimPrefix(pkg, module), strings.TrimPrefix(what, module)
	ours := to != what
	room, wing := split(from)
	toRoom, toWing := split(to)
	allowed := false
	switch room {
	case "cmd":
		return ""
	case "core":
		allowed = !ours && !in(what, technology) && (wing != "" || standard(what) || in(what, pure)) ||
			ours && wing != "" && (to == "core" || toRoom == "core" && toWing == wing)
	case "bridges":
		allowed = !ours && !in(what, technology) || to == "core" || to == "bridges/meta" && wing != "simulator" || ours && toRoom == "bridges" && toWing == wing ||
			wing == "simulator" && in(what, counterparts) || wing == "email" && in(what, protocols) || from == "bridges/meta/metatest" && to == "bridges/bridgetest"
	case "adapters":
		allowed = !ours || toRoom == "core" || toRoom == "config" || toRoom == "adapters" && toWing == wing
	case "config":
		allowed = !ours || to == "core" || toRoom == "config"
	default:
		return pkg + " is in no room of the house: cmd, bridges, core, adapters, config"
	}
	if allowed {
		return ""
	}
	return pkg + " must not import " + what
}

// protocols are the technologies that the e-mail bridge speaks with the business's own servers.
var protocols = []string{"github.com/emersion/go-smtp"}

// counterparts are the technologies that the simulator speaks, because it is what we speak them with.
var counterparts = []string{"github.com/emersion/go-smtp"}

// split returns the top folder and the one below it.
func split(path string) (room, wing string) {
	room, rest, _ := strings.Cut(path, "/")
	wing, _, _ = strings.Cut(rest, "/")
	return room, wing
}

func standard(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return !strings.Contains(first, ".")
}

func in(path string, roots []string) bool {
	return slices.ContainsFunc(roots, func(r string) bool { return path == r || strings.HasPrefix(path, r+"/") })
}

func TestImports(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), "go", "list", "-e", "-tags", "nomsgpack", "-json=ImportPath,Imports,Name", "./...")
	cmd.Dir, cmd.Stderr = "../..", os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	seen := 0
	for d := json.NewDecoder(strings.NewReader(string(out))); ; seen++ {
		var p struct {
			ImportPath, Name string
			Imports          []string
		}
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if slices.Contains(vague, p.Name) {
			t.Errorf("%s: the name %q says nothing; call it by what it is about", p.ImportPath, p.Name)
		}
		for _, what := range p.Imports {
			if b := breach(p.ImportPath, what); b != "" {
				t.Error(b)
			}
		}
	}
	if seen < 5 {
		t.Errorf("only %d packages were looked at", seen)
	}
}

// testOnly are the packages that no program may contain, and forged what only they may touch: with it a program would believe in another WhatsApp.
const (
	testOnly = module + "bridges/whatsappdevice/whatsapptest"
	forged   = "WACertPubKey"
)

// TestTestOnly keeps the fake WhatsApp, whose root the process trusts, out of every program.
func TestTestOnly(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-tags", "nomsgpack", "./cmd/...")
	cmd.Dir, cmd.Stderr = "../..", os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	packages := strings.Fields(string(out))
	if !slices.Contains(packages, module+"core") {
		t.Fatalf("the program does not even contain the domain: %d packages", len(packages))
	}
	if slices.Contains(packages, testOnly) {
		t.Errorf("the program contains %s", testOnly)
	}
	for _, dir := range foreign(t) {
		sources, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil || len(sources) == 0 {
			t.Fatalf("%s: %d sources, %v", dir, len(sources), err)
		}
		for _, path := range sources {
			raw, err := os.ReadFile(path)
			if err != nil || bytes.Contains(raw, []byte(forged)) {
				t.Errorf("%s mentions %s, which only whatsmeow's own package may: %v", path, forged, err)
			}
		}
	}
	home, mentioned := filepath.FromSlash("../../"+strings.TrimPrefix(testOnly, module)), 0
	err = filepath.WalkDir("../..", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		raw, err := os.ReadFile(path)
		switch {
		case err != nil || !bytes.Contains(raw, []byte(forged)):
		case filepath.Dir(path) == home:
			mentioned++
		default:
			t.Errorf("%s mentions %s, which only %s may", path, forged, testOnly)
		}
		return err
	})
	if err != nil || mentioned == 0 {
		t.Errorf("%d files of %s mention %s: %v", mentioned, testOnly, forged, err)
	}
}

// foreign are the folders of what others have written of the program, but for the standard library and the package that the root is in.
func foreign(t *testing.T) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-tags", "nomsgpack", "-f", `{{if not .Standard}}{{.ImportPath}} {{.Dir}}{{end}}`, "./cmd/...")
	cmd.Dir, cmd.Stderr = "../..", os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var dirs []string
	for line := range strings.Lines(string(out)) {
		path, dir, _ := strings.Cut(strings.TrimSpace(line), " ")
		if path != "" && !strings.HasPrefix(path, module) && path != "go.mau.fi/whatsmeow" {
			dirs = append(dirs, dir)
		}
	}
	if len(dirs) < 100 {
		t.Fatalf("only %d foreign packages", len(dirs))
	}
	return dirs
}

func TestBreach(t *testing.T) {
	for _, planted := range [][2]string{
		{"causeway/core", "causeway/core/inbound"}, {"causeway/core", "causeway/config"}, {"causeway/core", "gorm.io/gorm"}, {"causeway/core", "database/sql"},
		{"causeway/core", "github.com/yuin/goldmark"}, {"causeway/core/inbound", "causeway/core/outbound"}, {"causeway/core/forward/cut", "causeway/core/inbound"},
		{"causeway/core/forward", "causeway/adapters/mail"}, {"causeway/core/forward", "github.com/emersion/go-smtp"}, {"causeway/core/session", "causeway/bridges/telegram"},
		{"causeway/bridges/telegram", "causeway/bridges/messenger"}, {"causeway/bridges/telegram", "causeway/adapters/outhttp"}, {"causeway/bridges/telegram", "causeway/config"},
		{"causeway/bridges/telegram", "gorm.io/gorm"}, {"causeway/bridges/telegram", "github.com/gin-gonic/gin"}, {"causeway/bridges/telegram", "causeway/core/inbound"},
		{"causeway/bridges/telegram", "github.com/emersion/go-smtp"}, {"causeway/bridges/email", "causeway/adapters/mail"},
		{"causeway/bridges/simulator", "causeway/bridges/whatsappcloud"}, {"causeway/bridges/simulator/stage", "causeway/bridges/meta"}, {"causeway/bridges/whatsappcloud", "causeway/bridges/simulator"},
		{"causeway/bridges/messenger", "causeway/bridges/meta/metatest"}, {"causeway/bridges/meta", "causeway/bridges/bridgetest"},
		{"causeway/adapters/vault", "causeway/adapters/gormstore"}, {"causeway/adapters/vault", "causeway/bridges/sms"}, {"causeway/adapters/vault", "causeway/cmd/causeway"},
		{"causeway/config", "causeway/adapters/vault"}, {"causeway/config/business", "causeway/core/session"}, {"causeway/internal/x", "fmt"}, {"causeway/corex", "fmt"},
	} {
		if breach(planted[0], planted[1]) == "" {
			t.Errorf("%s importing %s went through", planted[0], planted[1])
		}
	}
	for _, right := range [][2]string{
		{"causeway/core", "net/http"}, {"causeway/core", "github.com/google/uuid"}, {"causeway/core/forward", "causeway/core"}, {"causeway/core/forward", "causeway/core/forward/cut"},
		{"causeway/core/forward", "golang.org/x/net/html"}, {"causeway/bridges/messenger", "causeway/bridges/meta"}, {"causeway/bridges/telegram", "causeway/core"},
		{"causeway/bridges/meta/metatest", "causeway/bridges/bridgetest"}, {"causeway/bridges/meta/metatest", "causeway/bridges/meta"},
		{"causeway/bridges/simulator/stage", "causeway/bridges/simulator"}, {"causeway/bridges/simulator/mailroom", "github.com/emersion/go-smtp"},
		{"causeway/bridges/email", "github.com/emersion/go-smtp"}, {"causeway/bridges/email", "causeway/bridges/email/mailbox"},
		{"causeway/adapters/mail", "causeway/core/forward"}, {"causeway/adapters/gormstore", "gorm.io/gorm"}, {"causeway/adapters/blob", "causeway/adapters/blob/blobtest"},
		{"causeway/config", "causeway/core"}, {"causeway/config/business", "causeway/config/remark"}, {"causeway/cmd/causeway", "causeway/adapters/vault"},
	} {
		if b := breach(right[0], right[1]); b != "" {
			t.Error(b)
		}
	}
}
