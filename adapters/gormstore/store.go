package gormstore

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"causeway/core"

	"github.com/jackc/pgx/v5/pgxpool"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/logger"
)

// Options are what a Store can be given. The zero value will do.
type Options struct {
	Log *slog.Logger // what is done again or migrated; nil: nothing is logged
	Now core.Clock   // for rows that nobody gives a time; nil: time.Now
}

// Enqueuer adds jobs in a running transaction, tx, which is a Transaction. One that has a method Committed([]core.Job) too is told of them when they
// have become visible; it must not block.
type Enqueuer interface {
	EnqueueTx(ctx context.Context, tx any, jobs []core.Job) error
}

// Transaction is a running transaction as an Enqueuer sees it.
type Transaction interface {
	// Exec runs a statement and returns how many rows it changed.
	Exec(ctx context.Context, statement string, args ...any) (int64, error)
	// AtEnd runs a statement right before the commit, for many rows of arguments: on SQLite once for each, whose columns are ?1, ?2 and so on; on
	// PostgreSQL once for all, with an array for each column: $1, $2 and so on. Types has a letter for each column: t text, i whole number. On SQLite
	// a row is left out with which the query unless, if it is not empty, finds something.
	AtEnd(statement, unless, types string, rows [][]any)
}

// Store is core.Store. Open makes it; Migrate must have run before anything else is called.
type Store struct {
	engine         engine
	writer, reader *gorm.DB
	queue          Enqueuer
	log            *slog.Logger
	now            core.Clock
	path           string        // of the file, SQLite only
	lite           *sql.DB       // SQLite only
	postgres       *pgxpool.Pool // PostgreSQL only
	filling        filling
	fresh          fresh
	refusal        refusal
	spelt          spelt
}

var _ core.Store = (*Store)(nil)

// Open connects to "sqlite:PATH" or "postgres://…". It changes nothing in the database; a file that is missing is made.
func Open(ctx context.Context, address string, o Options) (*Store, error) {
	scheme, rest, _ := strings.Cut(address, ":")
	var (
		s   *Store
		err error
	)
	switch {
	case scheme == "sqlite" && rest != "":
		s, err = openSQLite(ctx, strings.TrimPrefix(rest, "//"))
	case scheme == "postgres", scheme == "postgresql":
		s, err = openPostgres(ctx, address)
	default:
		p := core.Problemf(core.CodeInvalid, "The database URL must start with sqlite: or postgres://.").
			Remedied("Set CAUSEWAY_DATABASE_URL to sqlite:/path/to/causeway.db or postgres://user:password@host:5432/database.")
		p.Field = "database.url"
		return nil, p
	}
	if err != nil {
		return nil, err
	}
	s.log, s.now = o.Log, o.Now
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.now == nil {
		s.now = time.Now
	}
	return s, nil
}

// poolSized reports whether the URL says how many connections there may be.
func poolSized(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Query().Has("pool_max_conns")
}

// settings are gorm's on both databases. pgx caches statements already, so gorm must not; transactions are started by Tx alone; errors are
// returned, not logged.
func settings() *gorm.Config {
	return &gorm.Config{SkipDefaultTransaction: true, PrepareStmt: false, TranslateError: true, DisableAutomaticPing: true, Logger: logger.Discard}
}

// UseQueue sets what Tx.Enqueue adds jobs to. It is called once, before the first transaction.
func (s *Store) UseQueue(q Enqueuer) { s.queue = q }

// SQLite returns the pool of the one connection that writes, for the queue; nil on PostgreSQL.
func (s *Store) SQLite() *sql.DB { return s.lite }

// Postgres returns the pool, for the queue; nil on SQLite.
func (s *Store) Postgres() *pgxpool.Pool { return s.postgres }

// Path returns the database file; empty on PostgreSQL.
func (s *Store) Path() string { return s.path }

// Ping asks the database whether it is there and, if it refused a write, whether it takes them again.
func (s *Store) Ping(ctx context.Context) error {
	if err := s.engine.ping(ctx); err != nil || !s.refusal.is.Load() {
		return fail(err)
	}
	return s.writes(ctx)
}

// Close ends all connections. Transactions must be over.
func (s *Store) Close() error { return s.engine.close() }

// In returns the reads and single writes of one workspace.
func (s *Store) In(ws core.WorkspaceID) core.Repo { return repo{s: s, ws: string(ws)} }

// EnsureWorkspace returns the workspace of that name, made if it is missing.
func (s *Store) EnsureWorkspace(ctx context.Context, name string) (core.WorkspaceID, error) {
	row := workspaceRow{ID: core.NewID[string](), Name: name, Created: at(s.now())}
	var there workspaceRow
	err := s.writer.WithContext(ctx).Clauses(clause.OnConflict{DoNothing: true}).Create(&row).Error
	if err == nil {
		err = s.writer.WithContext(ctx).Where("name = ?", name).Take(&there).Error
	}
	return core.WorkspaceID(there.ID), fail(err)
}

type workspaceRow struct {
	ID, Name   string
	LastNumber int64
	Created    stamp
}

func (workspaceRow) TableName() string { return "workspaces" }

// Workspaces lists the workspaces by name.
func (s *Store) Workspaces(ctx context.Context) (map[string]core.WorkspaceID, error) {
	var rows []workspaceRow
	err := s.reader.WithContext(ctx).Find(&rows).Error
	byName := make(map[string]core.WorkspaceID, len(rows))
	for _, r := range rows {
		byName[r.Name] = core.WorkspaceID(r.ID)
	}
	return byName, fail(err)
}

// ChannelByID finds a channel of any workspace.
func (s *Store) ChannelByID(ctx context.Context, id core.ChannelID) (core.Channel, error) {
	return take[channelRow](present(s.reader.WithContext(ctx)).Where("id = ?", id))
}

// ChannelByAccount finds the channel of any workspace that stands for a provider's account.
func (s *Store) ChannelByAccount(ctx context.Context, kind, account string) (core.Channel, error) {
	if account == "" {
		return core.Channel{}, core.ErrNotFound
	}
	return take[channelRow](present(s.reader.WithContext(ctx)).Where("kind = ? AND account = ? AND account <> ''", kind, account))
}

// Automated lists the workspaces that have automation.
func (s *Store) Automated(ctx context.Context) ([]core.WorkspaceID, error) {
	var ids []core.WorkspaceID
	err := s.reader.WithContext(ctx).Table("small_values").Distinct("workspace").Where("owner = ?", core.AutomationOwner).Pluck("workspace", &ids).Error
	return ids, fail(err)
}

// AllChannels lists the channels of all workspaces.
func (s *Store) AllChannels(ctx context.Context) ([]core.Channel, error) {
	return list[channelRow](present(s.reader.WithContext(ctx)).Order("workspace, name"))
}

// WorkspaceOf finds the workspace of a conversation.
func (s *Store) WorkspaceOf(ctx context.Context, id core.ConversationID) (core.WorkspaceID, error) {
	c, err := take[conversationRow](s.reader.WithContext(ctx).Where("id = ?", id))
	return c.Workspace, err
}

// KeyByHash finds the API key with this SHA-256, revoked or not.
func (s *Store) KeyByHash(ctx context.Context, hash []byte) (core.APIKey, error) {
	return take[keyRow](s.reader.WithContext(ctx).Where("hash = ?", hash))
}

// SealedSecrets lists every sealed value.
func (s *Store) SealedSecrets(ctx context.Context) ([]core.SealedSecret, error) {
	return list[secretRow](s.reader.WithContext(ctx).Order("workspace, owner, name"))
}

// errNoQueue is what a program gets that never joined store and queue.
var errNoQueue = errors.New("the store has no queue to enqueue to")
