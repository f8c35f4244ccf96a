package gormstore

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"
)

func liteForTest(t *testing.T) *sql.DB {
	t.Helper()
	db := liteDB(filepath.Join(t.TempDir(), "x.db"), 1, "")
	t.Cleanup(func() { _ = db.Close() })
	if _, err := db.Exec("CREATE TABLE n (v INTEGER); INSERT INTO n VALUES (1), (2), (3)"); err != nil {
		t.Fatal(err)
	}
	return db
}

// TestStatementWithinItself: a statement whose rows are still being read is run once more.
func TestStatementWithinItself(t *testing.T) {
	db := liteForTest(t)
	tx, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	const text = "SELECT v FROM n WHERE v >= ?1 ORDER BY v"
	pairs := 0
	outer, err := tx.Query(text, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = outer.Close() }()
	for outer.Next() {
		var a int
		if err := outer.Scan(&a); err != nil {
			t.Fatal(err)
		}
		pairs += count(t, tx, text, a)
	}
	if err := outer.Err(); err != nil || pairs != 6 {
		t.Errorf("%d pairs, %v; want 6", pairs, err)
	}
}

// TestStatementsAreBounded: however many texts are asked, few are kept.
func TestStatementsAreBounded(t *testing.T) {
	db := liteForTest(t)
	for i := range 2 * mostStatements {
		var n int
		if err := db.QueryRow(fmt.Sprintf("SELECT count(*) FROM n WHERE v <> %d", -i-1)).Scan(&n); err != nil || n != 3 {
			t.Fatalf("%d rows, %v", n, err)
		}
	}
	c, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	_ = c.Raw(func(c any) error {
		if n := len(c.(*reusing).known); n > mostStatements {
			t.Errorf("%d statements are kept", n)
		}
		return nil
	})
}

// TestStatementAfterTheTableChanged: a kept statement sees what became of the table.
func TestStatementAfterTheTableChanged(t *testing.T) {
	db := liteForTest(t)
	read := func() (n int) {
		t.Helper()
		rows, err := db.Query("SELECT * FROM n")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = rows.Close() }()
		columns, err := rows.Columns()
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			n += len(columns)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := read(); n != 3 {
		t.Errorf("%d values, want 3", n)
	}
	if _, err := db.Exec("ALTER TABLE n ADD COLUMN w INTEGER"); err != nil {
		t.Fatal(err)
	}
	if n := read(); n != 6 {
		t.Errorf("%d values, want 6", n)
	}
}

func TestReusable(t *testing.T) {
	for text, want := range map[string]bool{
		"SELECT 1": true, "select 1;": true, "-- name: X :many\nWITH a AS (SELECT 1) SELECT * FROM a": true, "INSERT INTO n\nVALUES (1)": true, "UPDATE n SET v = 1": true,
		"SELECT 1; SELECT 2": false, "PRAGMA foreign_keys": false, "BEGIN": false, "CREATE TABLE x (y)": false, "": false,
	} {
		if got := reusable(text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

// count counts the rows of a query.
func count(t *testing.T, tx *sql.Tx, text string, arg int) (n int) {
	t.Helper()
	rows, err := tx.Query(text, arg)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		n++
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return n
}
