package pgdump

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"causeway/core"
)

// programs puts stand-ins of PostgreSQL's programs where they are looked for. They write down what they are given, and then do what is said.
func programs(t *testing.T, then string) (given func() string) {
	t.Helper()
	dir := t.TempDir()
	script := "#!/bin/sh\n{ for a in \"$@\"; do echo \"argument $a\"; done; echo \"password $PGPASSWORD\"; } > " + filepath.Join(dir, "given") + "\n" + then + "\n"
	for _, name := range []string{"pg_dump", "pg_restore"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o700); err != nil { //nolint:gosec // it is run
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", dir+":/bin:/usr/bin")
	return func() string {
		raw, err := os.ReadFile(filepath.Join(dir, "given"))
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
}

// TestPassword: no user of the machine sees the password among a program's arguments, wherever in the URL it stands.
func TestPassword(t *testing.T) {
	for name, address := range map[string]string{
		"of the user":    "postgres://causeway:planted@db.example:5432/bridge?sslmode=require&pool_max_conns=40",
		"as a parameter": "postgresql://causeway@db.example:5432/bridge?sslmode=require&password=planted&pool_max_conns=40",
	} {
		t.Run(name, func(t *testing.T) {
			given := programs(t, "exit 0")
			if err := Dump(t.Context(), address, "/backup/dump"); err != nil {
				t.Fatal(err)
			}
			arguments, password, _ := strings.Cut(given(), "password ")
			if strings.Contains(arguments, "planted") || strings.TrimSpace(password) != "planted" {
				t.Errorf("the arguments are\n%s", arguments)
			}
			if !strings.Contains(arguments, "://causeway@db.example:5432/bridge?sslmode=require\n") || !strings.Contains(arguments, "--file=/backup/dump") {
				t.Errorf("the arguments are\n%s", arguments)
			}
		})
	}
}

func TestTrouble(t *testing.T) {
	programs(t, "echo 'pg_restore: connecting' >&2; echo 'pg_restore: error: server version mismatch.' >&2; exit 1")
	err := Restore(t.Context(), "postgres://causeway:planted@db.example/bridge", "/backup/dump")
	var p *core.Problem
	if !errors.As(err, &p) || p.Detail != "pg_restore did not work: pg_restore: error: server version mismatch." || !strings.Contains(p.Remedy, "server's version") {
		t.Errorf("got %v", err)
	}
	if err := Dump(t.Context(), "postgres://u:planted@h%zz/x", "/backup/dump"); err == nil || strings.Contains(err.Error(), "planted") {
		t.Errorf("got %v", err)
	}
	t.Setenv("PATH", t.TempDir())
	if err := Installed(); core.CodeOf(err) != core.CodeUnavailable || !errors.As(err, &p) || !strings.Contains(p.Remedy, "postgresql-client") {
		t.Errorf("got %v", err)
	}
}
