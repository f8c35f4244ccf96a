package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"causeway/adapters/blob"
	"causeway/adapters/gormstore"
	"causeway/adapters/pgdump"
	"causeway/config"
	"causeway/core"

	"github.com/spf13/cobra"
)

func backupCommand() *cobra.Command {
	c := &cobra.Command{Use: "backup DEST", Short: "Copy database and files into a new folder, while the gateway runs", GroupID: "admin", Args: cobra.ExactArgs(1), RunE: backup,
		Long: "Copy the database, as it is at one moment, and the files into a new folder, while the gateway runs. The folder gets its name when it is whole.\n" +
			"The master key is left out: who has it and the backup has every token and password. Keep a copy of it apart. PostgreSQL is copied by pg_dump.\n" +
			"causeway restore puts a backup into place."}
	c.Flags().Bool("with-key", false, "put the master key into the backup too")
	c.Flags().Bool("no-database", false, "copy the files only: the database is copied otherwise, before this command is run")
	return c
}

// manifest says what a backup is. It is written last.
type manifest struct {
	Format   int       `json:"causeway_backup"`
	Program  string    `json:"program"`
	Began    time.Time `json:"began"` // what was acknowledged before is in it
	Ended    time.Time `json:"ended"`
	Database string    `json:"database,omitempty"` // "sqlite" or "postgres"; empty: it is copied otherwise
	Schema   int64     `json:"schema,omitempty"`
	Files    int       `json:"files"`
	Secrets  int       `json:"secrets"` // sealed with the master key
	Key      bool      `json:"master_key"`
}

// What is in the folder of a backup.
const (
	backupFormat   = 1
	backupManifest = "backup.json"
	backupFiles    = "files"
	backupKey      = "master.key"
	backupLite     = "causeway.db"   // an SQLite database
	backupDump     = "database.dump" // pg_dump's own format
)

func backup(cmd *cobra.Command, args []string) error {
	cfg, err := loadConfig(cmd)
	if err != nil {
		return err
	}
	dest, err := filepath.Abs(args[0])
	if err != nil {
		return err
	}
	if err := vacant(dest); err != nil {
		return err
	}
	store, err := openPresent(cmd.Context(), cfg)
	if err != nil {
		return err
	}
	b := &copying{cfg: cfg, store: store, m: manifest{Format: backupFormat, Program: version(), Began: time.Now().UTC()}, copied: map[string]bool{}}
	b.key, _ = cmd.Flags().GetBool("with-key")
	b.bare, _ = cmd.Flags().GetBool("no-database")
	if err := errors.Join(b.into(cmd.Context(), dest), store.Close()); err != nil {
		return err
	}
	b.report(cmd.OutOrStdout(), dest)
	return nil
}

// vacant refuses a destination that exists, but for an empty folder.
func vacant(dest string) error {
	found, err := os.ReadDir(dest)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(found) == 0 {
		return nil
	}
	return problemf("", "%s exists already.", dest).Remedied("Name a new folder, such as one with the day in its name.")
}

// openPresent opens a database that is there, and changes nothing in it: an older program may be running on it.
func openPresent(ctx context.Context, cfg config.Config) (*gormstore.Store, error) {
	none := problemf("database_url", "There is no database of Causeway at %s.", config.Redact(cfg.DatabaseURL)).
		Remedied("Name the folder of the running gateway with --data-dir, or its database in CAUSEWAY_DATABASE_URL.")
	if path, ok := liteFile(cfg); ok {
		if _, err := os.Stat(path); err != nil {
			return nil, none
		}
	}
	store, err := gormstore.Open(ctx, cfg.DatabaseURL.Reveal(), gormstore.Options{})
	if err != nil {
		return nil, err
	}
	m, err := store.MigrationStatus(ctx)
	if err == nil && m.Current == 0 {
		err = none
	}
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	return store, nil
}

// liteFile returns the file of an SQLite database.
func liteFile(cfg config.Config) (path string, ok bool) {
	path, ok = strings.CutPrefix(cfg.DatabaseURL.Reveal(), "sqlite:")
	return strings.TrimPrefix(path, "//"), ok
}

// copying makes one backup.
type copying struct {
	cfg       config.Config
	store     *gormstore.Store
	key, bare bool
	m         manifest
	copied    map[string]bool // files
}

// into makes the backup beside its place and then gives it its name, so that an interrupted one is never taken for whole.
func (b *copying) into(ctx context.Context, dest string) (err error) {
	if err := os.MkdirAll(filepath.Dir(dest), 0o700); err != nil {
		return fmt.Errorf("make folder for the backup: %w", err)
	}
	part, err := os.MkdirTemp(filepath.Dir(dest), filepath.Base(dest)+".part-*")
	if err != nil {
		return fmt.Errorf("make folder for the backup: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(part))
		}
	}()
	if err := b.all(ctx, part); err != nil {
		return err
	}
	if err := os.Remove(dest); err != nil && !errors.Is(err, fs.ErrNotExist) { // an empty folder
		return fmt.Errorf("put the backup into its place: %w", err)
	}
	if err := os.Rename(part, dest); err != nil {
		return fmt.Errorf("put the backup into its place: %w", err)
	}
	return syncFolder(filepath.Dir(dest))
}

// all copies the files before the database and once more after it: those that the gateway removes meanwhile are in the first look, those that come
// meanwhile in the second. So each file that the database knows is there.
func (b *copying) all(ctx context.Context, dir string) error {
	from, err := openFiles(b.cfg)
	if err != nil {
		return err
	}
	to, err := blob.Open(filepath.Join(dir, backupFiles))
	if err != nil {
		return errors.Join(err, from.Close())
	}
	for _, step := range []func() error{
		func() error { return copyFiles(ctx, from, to, b.copied) },
		func() error { return b.database(ctx, dir) },
		func() error { return copyFiles(ctx, from, to, b.copied) },
		func() error { return b.masterKey(dir) },
	} {
		if err == nil {
			err = step()
		}
	}
	if err := errors.Join(err, from.Close(), to.Close()); err != nil {
		return err
	}
	b.m.Files, b.m.Ended = len(b.copied), time.Now().UTC()
	text, err := json.MarshalIndent(b.m, "", "  ")
	if err != nil {
		return err
	}
	return errors.Join(writeDurably(filepath.Join(dir, backupManifest), append(text, '\n')), syncFolder(dir))
}

func (b *copying) database(ctx context.Context, dir string) error {
	sealed, err := b.store.SealedSecrets(ctx)
	if err != nil {
		return err
	}
	b.m.Secrets = len(sealed)
	s, err := b.store.MigrationStatus(ctx)
	if err != nil || b.bare {
		return err
	}
	b.m.Schema = s.Current
	if b.store.Postgres() == nil {
		b.m.Database = "sqlite"
		return b.store.Snapshot(ctx, filepath.Join(dir, backupLite))
	}
	b.m.Database = "postgres"
	if err := pgdump.Installed(); err != nil {
		var p *core.Problem
		if errors.As(err, &p) {
			p.Remedy += " Or make the copy elsewhere (pg_dump --format=custom --file=" + backupDump + " …), and then copy the files with: causeway backup --no-database DEST"
		}
		return err
	}
	file := filepath.Join(dir, backupDump)
	if err := pgdump.Dump(ctx, b.cfg.DatabaseURL.Reveal(), file); err != nil {
		return err
	}
	return syncFile(file)
}

func (b *copying) masterKey(dir string) error {
	if !b.key {
		return nil
	}
	raw, err := os.ReadFile(b.cfg.MasterKeyFile)
	if err != nil {
		return fmt.Errorf("read the master key: %w", err)
	}
	b.m.Key = true
	return writeDurably(filepath.Join(dir, backupKey), raw)
}

// report says what was made, and what is not in it.
func (b *copying) report(out io.Writer, dest string) {
	what := map[string]string{"sqlite": "the database", "postgres": "the database (by pg_dump)", "": "no database"}[b.m.Database]
	fmt.Fprintf(out, "backup made in %s: %s, %s\n", dest, what, count(b.m.Files, "file"))
	switch {
	case b.m.Key:
		fmt.Fprintln(out, "the master key is in it: whoever reads this folder can open every token and password")
	case b.m.Secrets > 0:
		fmt.Fprintf(out, "the master key is not in it: keep a copy of %s apart from it; without it nobody can open the %s in it\n", b.cfg.MasterKeyFile, count(b.m.Secrets, "secret"))
	}
	fmt.Fprintln(out, "to restore it: causeway restore "+dest)
}

// copyFiles copies the files that are not copied yet. One that goes meanwhile is not needed any more.
func copyFiles(ctx context.Context, from, to core.Blobs, copied map[string]bool) error {
	all, err := from.List(ctx, "")
	if err != nil {
		return err
	}
	for _, name := range all {
		if copied[name] {
			continue
		}
		err := copyFile(ctx, from, to, name)
		if errors.Is(err, core.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		copied[name] = true
	}
	return nil
}

func copyFile(ctx context.Context, from, to core.Blobs, name string) error {
	r, err := from.Open(ctx, name)
	if err != nil {
		return err
	}
	_, err = to.Put(ctx, name, r)
	return errors.Join(err, r.Close())
}

// writeDurably writes a file that only its owner may read.
func writeDurably(path string, text []byte) error {
	if err := os.WriteFile(path, text, 0o600); err != nil { //nolint:gosec // the admin says where
		return fmt.Errorf("write %s: %w", path, err)
	}
	return syncFile(path)
}

func syncFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("make %s durable: %w", path, err)
	}
	return errors.Join(f.Sync(), f.Close())
}
