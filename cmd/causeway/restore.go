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
	"time"

	"causeway/adapters/blob"
	"causeway/adapters/gormstore"
	"causeway/adapters/pgdump"
	"causeway/adapters/vault"
	"causeway/config"
	"causeway/core"

	"github.com/spf13/cobra"
)

func restoreCommand() *cobra.Command {
	c := &cobra.Command{Use: "restore BACKUP", Short: "Put a backup into an empty data folder or database", GroupID: "admin", Args: cobra.ExactArgs(1), RunE: restore,
		Long: "Put a backup into an empty data folder, or an empty PostgreSQL database. Nothing is overwritten.\n\n" +
			"After the backup was made the gateway went on, and may have sent what waited at that moment. So that no customer gets anything twice, what waited\n" +
			"to be sent is not sent: it shows as unknown, and its agent is told to look. Agents' mails that no message was made of yet go back to their authors.\n" +
			"Everything else goes on: mails to agents (one that left already may come again, under the same Message-ID), files to be fetched, receipts.\n" +
			"With --moved the gateway was stopped before the backup was made and has not run since: then all of it is sent."}
	c.Flags().Bool("moved", false, "the gateway has not run since before the backup was made: send what waits")
	return c
}

// restoring puts one backup into place.
type restoring struct {
	cfg   config.Config
	from  string
	m     manifest
	out   io.Writer
	moved bool
	parts int // held
	mails int // given back
	runs  int // of workflows, ended
	casts int // broadcasts, paused
}

func restore(cmd *cobra.Command, args []string) error {
	cfg, err := loadConfig(cmd)
	if err != nil {
		return err
	}
	r := &restoring{cfg: cfg, from: args[0], out: cmd.OutOrStdout()}
	r.moved, _ = cmd.Flags().GetBool("moved")
	if err := r.read(); err != nil {
		return err
	}
	if err := makeDataDir(cfg.DataDir); err != nil {
		return err
	}
	if err := r.masterKey(); err != nil {
		return err
	}
	log := quietLog(cfg, cmd.ErrOrStderr())
	put := r.lite
	if r.m.Database == "postgres" {
		put = r.server
	}
	err = put(cmd.Context(), func(cfg config.Config) error {
		b, err := openBase(cmd.Context(), cfg, log, time.Now)
		if err != nil {
			return err
		}
		return errors.Join(r.finish(cmd.Context(), b), b.close())
	})
	if err != nil {
		return err
	}
	r.report()
	return nil
}

// read looks what the backup is, and whether it fits the configuration.
func (r *restoring) read() error {
	text, err := os.ReadFile(filepath.Join(r.from, backupManifest))
	if err == nil {
		err = json.Unmarshal(text, &r.m)
	}
	if err != nil || r.m.Format == 0 {
		return problemf("", "%s is not a backup, or one that was not finished.", r.from).Remedied("Name the folder that causeway backup made; it holds a file %s.", backupManifest)
	}
	kind := "postgres"
	if _, ok := liteFile(r.cfg); ok {
		kind = "sqlite"
	}
	switch {
	case r.m.Format > backupFormat:
		return core.Problemf(core.CodeConflict, "The backup is of a newer Causeway (%s).", r.m.Program).Remedied("Restore it with that version or a later one.")
	case r.m.Database == "":
		return problemf("", "There is no database in the backup, only files.").Remedied("Restore the database with PostgreSQL's own programs, and copy the folder %s into the data folder.", backupFiles)
	case r.m.Database != kind:
		return problemf("database_url", "The backup is of a %s database, and the configuration names %s.", r.m.Database, config.Redact(r.cfg.DatabaseURL)).
			Remedied("Set database_url (CAUSEWAY_DATABASE_URL) to an empty database of the same kind.")
	}
	return nil
}

// masterKey puts the key into its place if the backup has it, and fails where there is none to open the secrets with.
func (r *restoring) masterKey() error {
	_, err := os.Stat(r.cfg.MasterKeyFile)
	if r.m.Key && errors.Is(err, fs.ErrNotExist) {
		raw, err := os.ReadFile(filepath.Join(r.from, backupKey))
		if err != nil {
			return fmt.Errorf("read the backup's master key: %w", err)
		}
		if err := os.MkdirAll(filepath.Dir(r.cfg.MasterKeyFile), 0o700); err != nil {
			return fmt.Errorf("make folder of the master key: %w", err)
		}
		return writeDurably(r.cfg.MasterKeyFile, raw)
	}
	if r.m.Secrets == 0 {
		return nil
	}
	_, err = vault.Open(r.cfg.MasterKeyFile)
	return err
}

// lite copies the file under another name, has everything done to it, and gives it its name last: no gateway starts on half a restore.
func (r *restoring) lite(ctx context.Context, finish func(config.Config) error) (err error) {
	path, _ := liteFile(r.cfg)
	if path, err = filepath.Abs(path); err != nil {
		return err
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return occupied(path)
	}
	part, whole := path+".restoring", path+".restored"
	defer func() { err = errors.Join(err, discard(part, whole)) }()
	if err := discard(part, whole); err != nil { // of a restore that was killed
		return err
	}
	if err := copyDatabase(filepath.Join(r.from, backupLite), part); err != nil {
		return err
	}
	cfg := r.cfg
	cfg.DatabaseURL = core.NewSecret("sqlite:" + part)
	if err := finish(cfg); err != nil {
		return err
	}
	// What was done may still be in the write-ahead log beside the file, and must not be left behind.
	s, err := gormstore.Open(ctx, "sqlite:"+part, gormstore.Options{})
	if err != nil {
		return err
	}
	if err := errors.Join(s.Snapshot(ctx, whole), s.Close()); err != nil {
		return err
	}
	if err := os.Rename(whole, path); err != nil {
		return fmt.Errorf("put the database into its place: %w", err)
	}
	return syncFolder(filepath.Dir(path))
}

// discard removes databases with what lies beside them.
func discard(paths ...string) error {
	for _, path := range paths {
		for _, more := range []string{"", "-wal", "-shm", "-journal", ".lock"} {
			if err := os.Remove(path + more); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("remove what is left of a restore: %w", err)
			}
		}
	}
	return nil
}

// copyDatabase copies the file of a backup, which nobody writes to.
func copyDatabase(from, to string) error {
	r, err := os.Open(from)
	if err != nil {
		return fmt.Errorf("read the backup's database: %w", err)
	}
	defer r.Close()
	w, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("write the database: %w", err)
	}
	_, err = io.Copy(w, r)
	return errors.Join(err, w.Close())
}

// server fills an empty database. What fails after that leaves it unfit for use, and says so.
func (r *restoring) server(ctx context.Context, finish func(config.Config) error) error {
	s, err := gormstore.Open(ctx, r.cfg.DatabaseURL.Reveal(), gormstore.Options{})
	if err != nil {
		return err
	}
	m, err := s.MigrationStatus(ctx)
	if err := errors.Join(err, s.Close()); err != nil {
		return err
	}
	if m.Current > 0 {
		return occupied(config.Redact(r.cfg.DatabaseURL))
	}
	if err := pgdump.Restore(ctx, r.cfg.DatabaseURL.Reveal(), filepath.Join(r.from, backupDump)); err != nil {
		return err
	}
	if err := finish(r.cfg); err != nil {
		p := core.Problemf(core.CodeConflict, "The restore was not finished: %s", sentence(err)).
			Remedied("Start no gateway on this database, for it would send again what waited in the backup: drop it, mend what is said here, and restore into an empty one.")
		p.Err = err
		return p
	}
	return nil
}

func occupied(what string) error {
	return problemf("", "%s is there already, and would be lost.", what).Remedied("Choose an empty data folder with --data-dir, or an empty database.")
}

// finish does what the database needs before a gateway may run on it.
func (r *restoring) finish(ctx context.Context, b *base) error {
	if err := b.opens(ctx); err != nil {
		return err
	}
	from, err := blob.Open(filepath.Join(r.from, backupFiles))
	if err != nil {
		return err
	}
	if err := errors.Join(copyFiles(ctx, from, b.blobs, map[string]bool{}), from.Close()); err != nil {
		return err
	}
	if r.moved {
		return nil
	}
	return r.hold(ctx, b)
}

// opens proves that the master key is the one with which the secrets were sealed.
func (b *base) opens(ctx context.Context) error {
	sealed, err := b.store.SealedSecrets(ctx)
	if err != nil || len(sealed) == 0 {
		return err
	}
	if _, err := b.vault.Open(sealed[0].Box, sealed[0].Context()); err != nil {
		return core.Problemf(core.CodeForbidden, "The master key %s does not open the secrets of the backup.", b.cfg.MasterKeyFile).
			Remedied("Put the key there that was in use when the backup was made: a key rotation since has made another.")
	}
	return nil
}

// hold keeps what may have been sent since from being sent again, in every workspace.
func (r *restoring) hold(ctx context.Context, b *base) error {
	g := &gateway{base: b}
	if err := g.buildMail(); err != nil {
		return err
	}
	all, err := b.store.Workspaces(ctx)
	if err != nil {
		return err
	}
	for _, ws := range all {
		n, err := b.outbox.Hold(ctx, ws)
		if r.parts += n; err != nil {
			return err
		}
		n, err = b.engine.Hold(ctx, ws)
		if r.runs += n; err != nil {
			return err
		}
		n, err = b.caster().Hold(ctx, ws)
		if r.casts += n; err != nil {
			return err
		}
		if g.mail != nil {
			n, err = g.mail.Hold(ctx, ws)
			if r.mails += n; err != nil {
				return err
			}
			continue
		}
		waiting, err := b.store.In(ws).MailsIn(ctx, core.MailNew, 1)
		if err != nil {
			return err
		}
		if len(waiting) > 0 {
			return problemf("mail_domain", "The backup holds agents' mails that must be given back, and the configuration does not say how mail leaves.").
				Remedied("Set mail_domain and relay_url as they were.")
		}
	}
	return nil
}

func (r *restoring) report() {
	fmt.Fprintf(r.out, "restored the backup of %s\n", r.m.Began.Local().Format("2006-01-02 15:04"))
	if r.parts > 0 {
		fmt.Fprintf(r.out, "%s waited to be sent and may have gone out since: shown as unknown, and not sent by itself\n", count(r.parts, "message"))
	}
	if r.mails > 0 {
		fmt.Fprintf(r.out, "%s of agents not worked on by then: given back to their authors\n", count(r.mails, "mail"))
	}
	if r.runs > 0 {
		fmt.Fprintf(r.out, "%s of workflows were under way: ended, for they may have gone on since\n", count(r.runs, "run"))
	}
	if r.casts > 0 {
		fmt.Fprintf(r.out, "%s went on: paused, for those who wait in it may have got it since; see causeway broadcast list\n", count(r.casts, "broadcast"))
	}
	fmt.Fprintln(r.out, "start the gateway with: causeway serve")
}
