package gormstore

import (
	"io/fs"
	"regexp"
	"strings"
	"testing"
)

// marker begins the comment by which a step says why it may do what the version before does not survive.
const marker = "-- contract:"

// unsafe is what breaks, or misleads, the version before while it still runs.
var unsafe = []struct {
	what string
	form *regexp.Regexp
}{
	{"drops something", regexp.MustCompile(`\bDROP\s+(TABLE|COLUMN|VIEW|SEQUENCE|CONSTRAINT|DEFAULT|TYPE)\b`)},
	{"drops a column", regexp.MustCompile(`^ALTER\s+TABLE\b.*\bDROP\b`)},
	{"renames", regexp.MustCompile(`\bRENAME\b`)},
	{"forbids NULL", regexp.MustCompile(`\bSET\s+NOT\s+NULL\b`)},
	{"changes a type", regexp.MustCompile(`\bALTER\s+COLUMN\s+\S+\s+(SET\s+DATA\s+)?TYPE\b`)},
	{"adds a constraint", regexp.MustCompile(`^ALTER\s+TABLE\b.*\bADD\s+(CONSTRAINT|CHECK|UNIQUE|FOREIGN|PRIMARY)\b`)},
	{"changes rows", regexp.MustCompile(`^(UPDATE|DELETE|TRUNCATE)\b`)},
}

var (
	added   = regexp.MustCompile(`^ALTER\s+TABLE\b.*\bADD\s+.*\bNOT\s+NULL\b`)
	created = regexp.MustCompile(`^CREATE\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?(\w+)`)
	indexed = regexp.MustCompile(`^CREATE\s+UNIQUE\s+INDEX\s+.*\bON\s+(\w+)`)
	comment = regexp.MustCompile(`--[^\n]*`)
	quoted  = regexp.MustCompile(`'[^']*'`)
	space   = regexp.MustCompile(`\s+`)
)

// breaks says what a step does that the version before does not survive, and does not explain.
func breaks(step string) []string {
	up, _, _ := strings.Cut(step, "-- +goose Down")
	var all []string
	fresh := map[string]bool{}
	for _, statement := range split(up) {
		sql := strings.ToUpper(strings.TrimSpace(space.ReplaceAllString(quoted.ReplaceAllString(comment.ReplaceAllString(statement, ""), "''"), " ")))
		if m := created.FindStringSubmatch(sql); m != nil {
			fresh[m[1]] = true
		}
		if why := broken(sql, fresh); why != "" && !strings.Contains(statement, marker) {
			all = append(all, why+": "+sql)
		}
	}
	return all
}

// split cuts a step into its statements. A semicolon in a comment ends none.
func split(step string) []string {
	blank := comment.ReplaceAllStringFunc(step, func(c string) string { return strings.ReplaceAll(c, ";", ",") })
	return strings.Split(blank, ";")
}

func broken(sql string, fresh map[string]bool) string {
	for _, u := range unsafe {
		if u.form.MatchString(sql) {
			return u.what
		}
	}
	if added.MatchString(sql) && !strings.Contains(sql, "DEFAULT") {
		return "adds a column that the version before does not fill"
	}
	if m := indexed.FindStringSubmatch(sql); m != nil && !fresh[m[1]] {
		return "makes unique what the version before may write twice"
	}
	return ""
}

// TestMigrationsExpand: the version before goes on working while a newer one migrates the database under it.
func TestMigrationsExpand(t *testing.T) {
	n := 0
	err := fs.WalkDir(migrations, "migrations", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		n++
		text, err := fs.ReadFile(migrations, path)
		for _, why := range breaks(string(text)) {
			t.Errorf("%s %s\nexpand now and contract a version later, or say by %q why this is safe", path, why, marker)
		}
		return err
	})
	if err != nil || n < 10 {
		t.Errorf("%d steps seen, %v", n, err)
	}
}

func TestWhatBreaks(t *testing.T) {
	for step, bad := range map[string]bool{
		"ALTER TABLE a ADD COLUMN b text;":                                            false,
		"ALTER TABLE a ADD COLUMN b text NOT NULL DEFAULT '';":                        false,
		"ALTER TABLE a ADD COLUMN b text\n  NOT NULL;":                                true,
		"alter table a add b text not null":                                           true,
		"ALTER TABLE a ADD b text NOT NULL CHECK (b <> 'DEFAULT');":                   true,
		"CREATE TABLE a (b text NOT NULL);":                                           false,
		"CREATE TABLE a (b text);\nCREATE UNIQUE INDEX c ON a (b);":                   false,
		"CREATE UNIQUE INDEX c ON a (b);":                                             true,
		"CREATE INDEX c ON a (b); DROP INDEX d;":                                      false,
		"DROP TABLE a;":                                                               true,
		"ALTER TABLE a DROP b;":                                                       true,
		"ALTER TABLE a RENAME TO b;":                                                  true,
		"ALTER TABLE a ALTER COLUMN b SET NOT NULL;":                                  true,
		"ALTER TABLE a ALTER COLUMN b TYPE bigint;":                                   true,
		"ALTER TABLE a ADD CONSTRAINT c CHECK (b > 0);":                               true,
		"UPDATE a SET b = 0;":                                                         true,
		"-- we DROP TABLE nothing; ever\nCREATE TABLE a (b text DEFAULT 'RENAME');":   false,
		"-- contract: no version since 1.2 reads b\nALTER TABLE a DROP b;":            false,
		"-- contract: no version reads b\nALTER TABLE a DROP b; ALTER TABLE a DROP c": true,
		"CREATE TABLE a (b text);\n-- +goose Down\nDROP TABLE a;":                     false,
	} {
		if got := breaks(step); (len(got) > 0) != bad {
			t.Errorf("%q: %q", step, got)
		}
	}
}
