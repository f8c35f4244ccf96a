package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"

	"causeway/adapters/gormstore"
	"causeway/core"

	"github.com/spf13/cobra"
)

func benchLargeCommand() *cobra.Command {
	c := &cobra.Command{Use: "large", Short: "Measure start, acceptance and reading on a small and on a large store", Args: cobra.NoArgs, RunE: benchLarge,
		Long: "Fill a store with a hundredth of the messages and a tenth of the customers, and another with all of them. On each, printed are how long the gateway takes to be\n" +
			"ready, how many webhooks a second it accepts while a tenth of the customers write, and then while all do, and how long a page of the inbox and an opened\n" +
			"conversation take by the API."}
	c.Flags().StringSlice("database", []string{"sqlite"}, "sqlite, or postgres://… of a server on which databases may be made and dropped; may be repeated")
	c.Flags().Duration("lasting", 10*time.Second, "how long each load lasts")
	c.Flags().Int("connections", 32, "connections at once")
	c.Flags().Int("messages", 1_000_000, "messages in the large store")
	c.Flags().Int("contacts", 100_000, "customers in the large store")
	return c
}

func benchLarge(cmd *cobra.Command, _ []string) error {
	databases, _ := cmd.Flags().GetStringSlice("database")
	messages, _ := cmd.Flags().GetInt("messages")
	contacts, _ := cmd.Flags().GetInt("contacts")
	t := newTable(cmd.OutOrStdout(), "DATABASE", "MESSAGES", "READY ms", "A SECOND", "P50 / P99 ms", "ALL WRITE: A SECOND", "P50 / P99 ms", "MEMORY MB", "INBOX P50 / P99 ms", "CONVERSATION P50 / P99 ms")
	var all error
	for _, d := range databases {
		writing := max(1, contacts/10)
		all = errors.Join(all, benchLargeOn(cmd, d, messages/100, writing, writing, t), benchLargeOn(cmd, d, messages, contacts, writing, t))
	}
	return errors.Join(all, t.flush())
}

// benchLargeOn fills a store and puts two loads on it: by some of the customers, who stand anywhere between the others, and by all.
func benchLargeOn(cmd *cobra.Command, server string, messages, contacts, writing int, t table) (err error) {
	ctx := cmd.Context()
	dir, remove, err := tempDir()
	if err != nil {
		return err
	}
	defer remove()
	database, drop, err := benchDatabase(ctx, server, dir)
	if err != nil {
		return err
	}
	defer drop()
	s := &subject{dir: dir, database: database}
	if err := s.setUp(ctx); err != nil {
		return err
	}
	if err := stock(ctx, database, messages, contacts); err != nil {
		return fmt.Errorf("stock the store: %w", err)
	}
	key, err := s.command(ctx, "apikey", "add", "bench")
	if err != nil {
		return err
	}
	began := time.Now()
	if err := s.start(ctx, s.env(), "serve"); err != nil {
		return errors.Join(err, s.stop())
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	ready := time.Since(began)
	inbox, opened, err := s.read(ctx, strings.TrimSpace(key))
	if err != nil {
		return err
	}
	l := load{at: s.at, host: s.at, path: s.path, secret: []byte(benchSecret), account: benchAccount, waba: benchWABA, prefix: "S", contacts: writing, apart: contacts / writing}
	l.lasting, _ = cmd.Flags().GetDuration("lasting")
	l.connections, _ = cmd.Flags().GetInt("connections")
	some, err := l.run(ctx)
	if err != nil {
		return err
	}
	l.prefix, l.contacts, l.apart = "L", contacts, 1
	everyone, err := l.run(ctx)
	kind, _, _ := strings.Cut(database, ":")
	t.row(kind, strconv.Itoa(messages), millis(ready), fmt.Sprintf("%.0f", some.perSecond()), spread(some.P50, some.P99), fmt.Sprintf("%.0f", everyone.perSecond()), spread(everyone.P50, everyone.P99),
		megabytes(peak(s.process.Process)), spread(quantile(inbox, 0.5), quantile(inbox, 0.99)), spread(quantile(opened, 0.5), quantile(opened, 0.99)))
	return err
}

func spread(p50, p99 time.Duration) string { return millis(p50) + " / " + millis(p99) }

// command runs this program on the subject's settings and returns what it prints.
func (s *subject) command(ctx context.Context, args ...string) (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	c := exec.CommandContext(ctx, self, args...) //nolint:gosec // ourselves
	c.Env = append(clean(os.Environ()), s.env()...)
	out, err := c.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w", args[0], err)
	}
	return string(out), nil
}

// stockAtOnce is how many contacts, with their messages, are stored in one transaction.
const stockAtOnce = 200

// stock stores contacts with an open conversation each, and messages in them.
func stock(ctx context.Context, database string, messages, contacts int) error {
	store, err := gormstore.Open(ctx, database, gormstore.Options{})
	if err != nil {
		return err
	}
	defer func() { _ = store.Close() }()
	channels, err := store.AllChannels(ctx)
	if err != nil {
		return err
	}
	each := max(1, messages/contacts)
	for from := 0; from < contacts; from += stockAtOnce {
		var rows core.Rows
		for i := from; i < min(from+stockAtOnce, contacts); i++ {
			addPerson(&rows, channels[0], i, each)
		}
		err := store.Tx(ctx, func(tx core.Tx) error {
			won, err := tx.Write(ctx, rows)
			if err == nil && !won {
				err = core.ErrDuplicate
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// addPerson adds a customer who has written some messages, the last of them not long ago.
func addPerson(rows *core.Rows, ch core.Channel, i, messages int) {
	at := time.Now().Add(-time.Hour)
	phone := strconv.Itoa(4_915_000_000_000 + i)
	c := core.Contact{ID: core.NewID[core.ContactID](), Workspace: ch.Workspace, Name: "Customer " + phone, Created: at}
	who := core.Identity{ID: core.NewID[core.IdentityID](), Contact: c.ID, Key: core.IdentityKey{Scheme: core.SchemePhone, Value: phone}, Source: ch.Kind, Seen: at}
	conv := core.Conversation{ID: core.NewID[core.ConversationID](), Workspace: ch.Workspace, Contact: c.ID, State: core.ConversationOpen, Channel: ch.ID, Opened: at, LastAt: at,
		Waiting: at, Seq: int64(messages)}
	rows.Contacts = append(rows.Contacts, c)
	rows.Identities = append(rows.Identities, core.Owned[core.Identity]{Workspace: ch.Workspace, Value: who})
	rows.Conversations = append(rows.Conversations, conv)
	rows.Windows = append(rows.Windows, core.Owned[core.Touch]{Workspace: ch.Workspace, Value: core.Touch{Channel: ch.ID, Identity: who.ID, At: at}})
	for n := range messages {
		m := core.Message{ID: core.NewID[core.MessageID](), Workspace: ch.Workspace, Conversation: conv.ID, Contact: c.ID, Channel: ch.ID, Identity: who.ID, Direction: core.In,
			Author: core.Author{Kind: core.AuthorContact}, Seq: int64(n + 1), Content: core.Content{Kind: core.KindText, Text: "an earlier message, number " + strconv.Itoa(n)},
			Status: core.StatusReceived, At: at, Created: at}
		m.Parts = []core.Part{{ID: core.NewID[core.PartID](), Message: m.ID, Conversation: conv.ID, Channel: ch.ID, Seq: m.Seq, Content: m.Content,
			Provider: "wamid.F" + phone + "." + strconv.Itoa(n), Status: core.StatusReceived, Sent: at, Updated: at}}
		rows.Messages = append(rows.Messages, m)
	}
}

// read times pages of the inbox, from the first again after the last, and conversations opened from them.
func (s *subject) read(ctx context.Context, key string) (inbox, opened []time.Duration, err error) {
	const first = "/api/v1/conversations?limit=50"
	for next := first; len(opened) < 100; {
		began := time.Now()
		raw, err := s.get(ctx, key, next)
		if err != nil {
			return nil, nil, err
		}
		inbox = append(inbox, time.Since(began))
		id := within(raw, `"id":"`, `"`)
		if id == "" {
			if next == first {
				return nil, nil, errors.New("the inbox is empty")
			}
			next = first
			continue
		}
		began = time.Now()
		if _, err := s.get(ctx, key, "/api/v1/conversations/"+id+"/messages?limit=50"); err != nil {
			return nil, nil, err
		}
		opened = append(opened, time.Since(began))
		next = first
		if cursor := within(raw, `"next_cursor":"`, `"`); cursor != "" {
			next += "&cursor=" + cursor
		}
	}
	slices.Sort(inbox)
	slices.Sort(opened)
	return inbox, opened, nil
}

func within(text, before, after string) string {
	_, rest, _ := strings.Cut(text, before)
	found, _, _ := strings.Cut(rest, after)
	return found
}

func (s *subject) get(ctx context.Context, key, path string) (string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.at+path, nil)
	if err != nil {
		return "", err
	}
	r.Header.Set("Authorization", "Bearer "+key)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	defer func() { _ = answer.Body.Close() }()
	raw, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s answered %s: %s", path, answer.Status, raw)
	}
	return string(raw), err
}
