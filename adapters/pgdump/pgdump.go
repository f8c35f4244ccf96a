// Package pgdump copies a PostgreSQL database with PostgreSQL's own programs, which know how to do so while others write.
//
// What can fail: the programs are not installed, or are older than the server. Both are said in words that tell what to do. Passwords reach the
// programs by their environment, for other users of the machine can see a program's arguments.
package pgdump

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"

	"causeway/core"
)

// Dump writes a consistent copy of the database into a new file.
func Dump(ctx context.Context, address, file string) error {
	return run(ctx, address, "pg_dump", "--format=custom", "--no-owner", "--no-privileges", "--file="+file)
}

// Restore fills an empty database from such a file: with all of it, or with nothing.
func Restore(ctx context.Context, address, file string) error {
	return run(ctx, address, "pg_restore", "--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges", file)
}

// Installed says whether Dump and Restore can work here, as a Problem if they cannot.
func Installed() error {
	for _, program := range []string{"pg_dump", "pg_restore"} {
		if _, err := exec.LookPath(program); err != nil {
			return core.Problemf(core.CodeUnavailable, "The program %s is not installed on this machine.", program).
				Remedied("Install PostgreSQL's client programs, of the server's version or newer (package postgresql-client).")
		}
	}
	return nil
}

func run(ctx context.Context, address, program string, args ...string) error {
	if err := Installed(); err != nil {
		return err
	}
	database, password, err := shown(address)
	if err != nil {
		return err
	}
	var said bytes.Buffer
	c := exec.CommandContext(ctx, program, append([]string{"--dbname=" + database}, args...)...) //nolint:gosec // two programs, named above
	c.Env, c.Stderr = os.Environ(), &said
	if password != "" {
		c.Env = append(c.Env, "PGPASSWORD="+password)
	}
	if err := c.Run(); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		p := core.Problemf(core.CodeUnavailable, "%s did not work: %s.", program, strings.TrimRight(lastLine(said.String(), err), ". \n")).
			Remedied("Check that the database can be reached, and that %s is of the server's version or newer.", program)
		p.Err = fmt.Errorf("%w: %s", err, said.String())
		return p
	}
	return nil
}

func lastLine(said string, err error) string {
	lines := strings.Split(strings.TrimSpace(said), "\n")
	if last := lines[len(lines)-1]; last != "" {
		return last
	}
	return err.Error()
}

// libpq are the parameters of a URL that PostgreSQL's programs know; it may hold others, which are the driver's.
var libpq = []string{"host", "port", "user", "dbname", "sslmode", "sslcert", "sslkey", "sslrootcert", "sslsni", "passfile", "service", "connect_timeout",
	"channel_binding", "gssencmode", "krbsrvname", "target_session_attrs"}

// shown splits the password off a URL and leaves out what the programs do not know.
func shown(address string) (database, password string, err error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return "", "", errors.New("the database URL is not one of PostgreSQL") // without err, which may show the password
	}
	if u.User != nil {
		password, _ = u.User.Password()
		u.User = url.User(u.User.Username())
	}
	q := u.Query()
	if p := q.Get("password"); p != "" {
		password = p
	}
	for name := range q {
		if !slices.Contains(libpq, name) {
			q.Del(name)
		}
	}
	u.RawQuery = q.Encode()
	return u.String(), password, nil
}
