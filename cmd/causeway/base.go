package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"causeway/adapters/blob"
	"causeway/adapters/convert"
	"causeway/adapters/ginapi"
	"causeway/adapters/gormstore"
	"causeway/adapters/outhttp"
	"causeway/adapters/riverqueue"
	"causeway/adapters/vault"
	"causeway/config"
	"causeway/core"
	"causeway/core/assign"
	"causeway/core/care"
	"causeway/core/erase"
	"causeway/core/inbound"
	"causeway/core/outbound"
	"causeway/core/remove"
	"causeway/core/retain"
	"causeway/core/session"
	"causeway/core/workflow"

	"github.com/spf13/cobra"
)

// base is what every command works with: the settings, the store with its queue, and the domain on top of them. It runs nothing by itself.
type base struct {
	cfg       config.Config
	log       *slog.Logger
	now       core.Clock
	store     *gormstore.Store
	queue     *riverqueue.Queue
	jobs      *jobMeters
	meters    *meters
	life      *life
	carer     *care.Carer
	eraser    *erase.Eraser
	remover   *remove.Remover
	phrases   *core.Phrases
	vault     *vault.Vault
	blobs     files
	clients   *outhttp.Clients
	workspace core.WorkspaceID
	converter core.Converter // nil: files go as they are
	links     *session.Manager
	acceptor  *inbound.Acceptor
	outbox    *outbound.Outbox
	desk      assign.Desk
	balancer  *assign.Balancer
	engine    *workflow.Engine
	alert     func(ctx context.Context, ch core.Channel) error                     // mails the admins; nil: nobody is told
	templates func(ctx context.Context, ch core.Channel, sentences []string) error // likewise, of templates
	journal   atomic.Pointer[ginapi.Server]                                        // takes the channel log while one runs; else it is written at once
	sdk       string                                                               // Meta's script on the page that connects numbers; empty: Meta's own
	wire      atomic.Pointer[gormstore.Wire]                                       // to other nodes, while a gateway runs on PostgreSQL
	closers   []io.Closer                                                          // in the order in which they were opened
}

// loadConfig reads the configuration as the command's flags say.
func loadConfig(cmd *cobra.Command) (config.Config, error) {
	o := config.Options{Flags: map[string]string{}}
	o.File, _ = cmd.Flags().GetString("config")
	if f := cmd.Flags().Lookup("data-dir"); f != nil && f.Changed {
		o.Flags["data_dir"] = f.Value.String()
	}
	return config.Load(o)
}

// newLog writes to the error stream, so that what a command prints stays clean.
func newLog(cfg config.Config, w io.Writer) *slog.Logger {
	return logAt(cfg, w, cfg.Level())
}

// quietLog is for commands that print what they do: it logs what is wrong, and more only when told to debug.
func quietLog(cfg config.Config, w io.Writer) *slog.Logger {
	if cfg.Level() == slog.LevelDebug {
		return newLog(cfg, w)
	}
	return logAt(cfg, w, max(cfg.Level(), slog.LevelWarn))
}

func logAt(cfg config.Config, w io.Writer, level slog.Level) *slog.Logger {
	o := &slog.HandlerOptions{Level: level}
	if cfg.LogFormat == "json" {
		return slog.New(traced{slog.NewJSONHandler(w, o)})
	}
	return slog.New(traced{slog.NewTextHandler(w, o)})
}

// withBase runs a command on an installation. It brings the database up to date first, for a command must not fail for that.
func withBase(cmd *cobra.Command, f func(b *base) error) error {
	cfg, err := loadConfig(cmd)
	if err != nil {
		return err
	}
	b, err := openBase(cmd.Context(), cfg, quietLog(cfg, cmd.ErrOrStderr()), time.Now)
	if err != nil {
		return err
	}
	return errors.Join(f(b), b.close())
}

// openBase opens everything, making folder, database and master key where they are missing.
func openBase(ctx context.Context, cfg config.Config, log *slog.Logger, now core.Clock) (_ *base, err error) {
	b := &base{cfg: cfg, log: log, now: now, jobs: newJobMeters(), meters: newMeters()}
	defer func() {
		if err != nil {
			_ = b.close()
		}
	}()
	if err := b.openData(ctx); err != nil {
		return nil, err
	}
	if err := b.openVault(ctx); err != nil {
		return nil, err
	}
	b.clients, err = outhttp.New(outhttp.Options{Version: version(), Allow: cfg.AllowPrivate, MaxBody: cfg.MaxMedia() + 1<<20, Record: b.record, Now: now})
	if err != nil {
		return nil, err
	}
	b.closers = append(b.closers, b.clients)
	if b.phrases, err = openPhrases(cfg.TextsDir); err != nil {
		return nil, err
	}
	b.join()
	return b, nil
}

// openPhrases reads what is said to contacts by itself.
func openPhrases(dir string) (*core.Phrases, error) {
	if dir == "" {
		return core.NewPhrases(nil)
	}
	if _, err := os.Stat(dir); err != nil {
		return nil, problemf("texts_dir", "The folder of sentences %s cannot be read: %v.", dir, errors.Unwrap(err)).Remedied("Make it, or leave texts_dir out.")
	}
	return core.NewPhrases(os.DirFS(dir))
}

// openData opens the database, migrated, with its queue, and the folder of files.
func (b *base) openData(ctx context.Context) (err error) {
	if err := makeDataDir(b.cfg.DataDir); err != nil {
		return err
	}
	if b.store, err = gormstore.Open(ctx, b.cfg.DatabaseURL.Reveal(), gormstore.Options{Log: b.log, Now: b.now}); err != nil {
		return err
	}
	b.closers = append(b.closers, b.store)
	if _, err := b.store.Migrate(ctx); err != nil {
		return err
	}
	if b.queue, err = riverqueue.Open(ctx, b.store, riverqueue.Options{Log: b.log, Now: b.now, Ended: b.jobs.end, KeepDead: days(b.cfg.Retain.DeadDays)}); err != nil {
		return err
	}
	b.jobs.count = b.queue.Counts
	b.store.UseQueue(b.queue)
	if b.blobs, err = openFiles(b.cfg); err != nil {
		return err
	}
	b.closers = append(b.closers, b.blobs)
	b.workspace, err = b.store.EnsureWorkspace(ctx, b.cfg.Workspace)
	return err
}

// files is where media and mails are kept.
type files interface {
	core.Blobs
	retain.Blobs
	io.Closer
}

func openFiles(cfg config.Config) (files, error) {
	if folder, ok := strings.CutPrefix(cfg.FilesURL.Reveal(), "folder:"); ok {
		return blob.Open(folder)
	}
	return blob.OpenBucket(cfg.FilesURL.Reveal())
}

func makeDataDir(path string) error {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return core.Problemf(core.CodeInvalid, "The data folder %s cannot be made: %v.", path, errors.Unwrap(err)).
			Remedied("Choose another with --data-dir or CAUSEWAY_DATA_DIR, or give this user the right to write there.")
	}
	return nil
}

// openVault opens the master key. It is made only while nothing is sealed: with a new one, what is sealed would be lost unnoticed.
func (b *base) openVault(ctx context.Context) error {
	sealed, err := b.store.SealedSecrets(ctx)
	if err != nil {
		return err
	}
	if len(sealed) > 0 {
		b.vault, err = vault.Open(b.cfg.MasterKeyFile)
		return err
	}
	made := false
	if b.vault, made, err = vault.OpenOrCreate(b.cfg.MasterKeyFile); made {
		b.log.WarnContext(ctx, "master key made: back it up, apart from the database", "file", b.cfg.MasterKeyFile)
	}
	return err
}

// join connects the verbs of the domain, which do not know each other.
func (b *base) join() {
	b.life = newLife(b)
	b.acceptor = inbound.New(b.store, b.now, b.log)
	b.acceptor.Stored, b.meters.home = b.meters.stored, b.workspace
	b.links = session.New(session.Options{Store: b.store, Vault: b.vault, Blobs: b.blobs, Bridges: bridges(), Now: b.now, Log: b.log,
		HTTP: b.clients.For, Dial: b.clients.Dial, Accept: b.inbox().AcceptUnder, MaxMedia: b.cfg.MaxMedia(),
		Alert: b.tell, TemplateNews: b.tellOfTemplates, Changed: b.mended, Tell: b.shout})
	b.closers = append(b.closers, b.links)
	if f, err := convert.Find(b.cfg.FFmpeg); err == nil {
		b.converter = f
	} else if b.cfg.FFmpeg != "" {
		b.log.Warn("no ffmpeg where the settings say", "err", err)
	}
	b.outbox = outbound.New(outbound.Options{Store: b.store, Links: b.links, Now: b.now, Log: b.log, Converter: b.converter, Blobs: b.blobs, FileLink: b.fileLinks(),
		Workers: b.cfg.Workers, Nodes: b.queue.Nodes, Sent: b.sent, Refused: b.meters.refused,
		Arrived: b.arrived, Answered: b.acceptor.Answered, Anew: b.links.Anew, Outdated: b.links.Outdated})
	b.desk = assign.Desk{Store: b.store, Now: b.now}
	b.balancer = &assign.Balancer{Desk: b.desk, Log: b.log, Composer: b.outbox, Phrases: b.phrases}
	b.carer = &care.Carer{Store: b.store, Compose: b.outbox, Desk: b.desk, Phrases: b.phrases, Now: b.now, Log: b.log}
	b.engine = b.newEngine()
	b.eraser, b.acceptor.Mark = b.newEraser(), b.marker()
	b.remover = b.newRemover()
}

// fileLinks makes the links by which contacts fetch what a channel does not take; nil where the world has no way to us.
func (b *base) fileLinks() func(ws core.WorkspaceID, id core.MediaID, from time.Time) string {
	if b.cfg.PublicURL == "" {
		return nil
	}
	key := b.vault.Derive(signedLinks)
	return func(ws core.WorkspaceID, id core.MediaID, from time.Time) string {
		return ginapi.SignMedia(b.public(), key, ws, id, from.Add(b.cfg.MediaLinkFor()))
	}
}

// inbox is where all events go through.
func (b *base) inbox() inbox { return inbox{b.acceptor, b.store, b.meters, b.life} }

// sent notes a call of a provider.
func (b *base) sent(s outbound.Sending) {
	b.meters.sent(s)
	if s.Outcome == "sent" {
		b.life.note(s.Channel.ID, core.Proof{Out: b.now()})
	}
}

// shout tells other nodes.
func (b *base) shout(line string) {
	if w := b.wire.Load(); w != nil {
		w.Tell(line)
	}
}

// tell mails the admins about a channel.
func (b *base) tell(ctx context.Context, ch core.Channel) error {
	if b.alert == nil {
		return nil
	}
	return b.alert(ctx, ch)
}

// tellOfTemplates mails the admins what a provider has changed in a channel's templates.
func (b *base) tellOfTemplates(ctx context.Context, ch core.Channel, sentences []string) error {
	b.log.WarnContext(ctx, "templates changed at the provider", "channel", ch.ID, "news", sentences)
	if b.templates == nil {
		return nil
	}
	return b.templates(ctx, ch, sentences)
}

// mended lets a channel that waited for new credentials send again, in order, once it has them.
func (b *base) mended(ctx context.Context, ch core.Channel) error {
	// The link is not open yet, so the job finds out whether there is anything to import.
	err := b.store.Tx(ctx, func(tx core.Tx) error {
		return tx.Enqueue(ctx, core.ImportJob(ch.Workspace, ch.ID))
	})
	if err != nil {
		return err
	}
	if ch.State != core.ChannelParked {
		return nil
	}
	if err := b.outbox.Resume(ctx, ch.Workspace, ch.ID); err != nil {
		return err
	}
	b.log.InfoContext(ctx, "channel resumed with its new settings", "channel", ch.ID, "name", ch.Name)
	return nil
}

// record writes an exchange with a provider into the channel log.
func (b *base) record(ctx context.Context, ws core.WorkspaceID, e core.LogEntry) {
	if e.Channel == "" {
		return // of a channel that is still to be
	}
	if s := b.journal.Load(); s != nil {
		s.Record(ws, e)
		return
	}
	if err := b.store.In(ws).AppendLog(ctx, e); err != nil {
		b.log.WarnContext(ctx, "channel log not written", "err", err)
	}
}

func (b *base) close() error {
	var all error
	for i := len(b.closers) - 1; i >= 0; i-- {
		all = errors.Join(all, b.closers[i].Close())
	}
	return all
}

// repo is the data of the workspace that commands work in.
func (b *base) repo() core.Repo { return b.store.In(b.workspace) }

func ownerOf(ch core.Channel) string { return session.Owner(ch.ID) }

// public is how the world reaches us; without a public address, how this machine does.
func (b *base) public() string {
	if b.cfg.PublicURL != "" {
		return b.cfg.PublicURL
	}
	return "http://" + b.cfg.HTTPListen
}

func (b *base) webhookURL(id core.ChannelID) string { return ginapi.WebhookURL(b.public(), id) }

// verifyToken opens a channel's verify token, which is no credential of ours but a word to be entered at the provider. It is empty if there is none.
func (b *base) verifyToken(ctx context.Context, ch core.Channel) (string, error) {
	sealed, err := b.store.In(ch.Workspace).Secrets(ctx, ownerOf(ch))
	if err != nil {
		return "", err
	}
	for _, s := range sealed {
		if s.Name == "verify_token" {
			value, err := b.vault.Open(s.Box, s.Context())
			return value.Reveal(), err
		}
	}
	return "", nil
}

// conversation finds one by its id, or by the number that people use, as #12 or 12.
func (b *base) conversation(ctx context.Context, name string) (core.ConversationID, error) {
	number, err := strconv.ParseInt(strings.TrimPrefix(name, "#"), 10, 64)
	if err != nil {
		c, err := b.repo().Conversation(ctx, core.ConversationID(name))
		if errors.Is(err, core.ErrNotFound) {
			err = core.Problemf(core.CodeNotFound, "There is no conversation %q.", name).Remedied("Give its id, or the number that stands in the subject of its mails, as #12.")
		}
		return c.ID, err
	}
	found, err := b.repo().Conversations(ctx, core.ConversationFilter{Number: number}, core.Page{Limit: 1})
	if err == nil && len(found) == 0 {
		err = core.Problemf(core.CodeNotFound, "There is no conversation #%d.", number).Remedied("Its number stands in the subject of its mails.")
	}
	if err != nil {
		return "", err
	}
	return found[0].ID, nil
}

// httpOnce is a client for the program's own questions, such as the doctor's.
func httpOnce() *http.Client { return &http.Client{Timeout: 10 * time.Second} }

// problemf is a wrong setting.
func problemf(field, format string, args ...any) *core.Problem {
	p := core.Problemf(core.CodeInvalid, format, args...)
	p.Field = field
	return p
}

// readSecretFile reads a file with a secret in it.
func readSecretFile(field, path string) (core.Secret, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return core.Secret{}, problemf(field, "%s cannot be read: %v.", path, errors.Unwrap(err)).Remedied("Check its name, owner and mode.")
	}
	return core.NewSecret(string(raw)), nil
}
