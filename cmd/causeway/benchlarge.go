package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
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
	databaseFlag(c)
	c.Flags().Duration("lasting", 10*time.Second, "how long each load lasts")
	c.Flags().Int("connections", 32, "connections at once")
	c.Flags().Int("messages", 1_000_000, "messages in the large store")
	c.Flags().Int("contacts", 100_000, "customers in the large store")
	return c
}

func benchLarge(cmd *cobra.Command, _ []string) error {
	messages, _ := cmd.Flags().GetInt("messages")
	contacts, _ := cmd.Flags().GetInt("contacts")
	t := newTable(cmd.OutOrStdout(), "DATABASE", "MESSAGES", "READY ms", "A SECOND", "P50 / P99 ms", "ALL WRITE: A SECOND", "P50 / P99 ms", "MEMORY MB", "INBOX P50 / P99 ms", "CONVERSATION P50 / P99 ms")
	writing := max(1, contacts/10)
	return onServers(cmd, t, func(server string) (all error) {
		for _, size := range []storeSize{{messages / 100, writing, writing}, {messages, contacts, writing}} {
			all = errors.Join(all, onTestbed(cmd.Context(), server, func(b testbed) error { return benchLargeOn(cmd, b, size, t) }))
		}
		return all
	})
}

// storeSize is what a store is filled with, and how many of its customers write in the first load.
type storeSize struct{ messages, contacts, writing int }

// benchLargeOn fills a store and puts two loads on it: by some of the customers, who stand anywhere between the others, and by all.
func benchLargeOn(cmd *cobra.Command, b testbed, size storeSize, t table) (err error) {
	ctx := cmd.Context()
	s := &subject{testbed: b}
	key, err := s.fill(ctx, size)
	if err != nil {
		return err
	}
	began := time.Now()
	err = s.start(ctx, s.env(), "serve")
	defer func() { err = errors.Join(err, s.stop()) }()
	if err != nil {
		return err
	}
	ready := time.Since(began)
	inbox, opened, err := s.read(ctx, key)
	if err != nil {
		return err
	}
	some, everyone, err := s.loads(cmd, size)
	if err != nil {
		return err
	}
	t.row(b.kind(), strconv.Itoa(size.messages), millis(ready), fmt.Sprintf("%.0f", some.perSecond()), spread(some.P50, some.P99),
		fmt.Sprintf("%.0f", everyone.perSecond()), spread(everyone.P50, everyone.P99), megabytes(peak(s.process.Process)),
		spread(quantile(inbox, 0.5), quantile(inbox, 0.99)), spread(quantile(opened, 0.5), quantile(opened, 0.99)))
	return nil
}

// fill sets a business up, stocks its store, and returns an API key.
func (s *subject) fill(ctx context.Context, size storeSize) (string, error) {
	if err := s.setUp(ctx); err != nil {
		return "", err
	}
	if err := stock(ctx, s.database, size.messages, size.contacts); err != nil {
		return "", fmt.Errorf("stock the store: %w", err)
	}
	key, err := s.command(ctx, "apikey", "add", "bench")
	return strings.TrimSpace(key), err
}

// loads puts the load of some of the customers on the gateway, then that of all.
func (s *subject) loads(cmd *cobra.Command, size storeSize) (some, everyone outcome, err error) {
	l := load{at: s.at, host: s.at, path: s.path, secret: []byte(benchSecret), account: benchAccount, waba: benchWABA, prefix: "S",
		contacts: size.writing, apart: size.contacts / size.writing}
	l.lasting, _ = cmd.Flags().GetDuration("lasting")
	l.connections, _ = cmd.Flags().GetInt("connections")
	if some, err = l.run(cmd.Context()); err != nil {
		return some, everyone, err
	}
	l.prefix, l.contacts, l.apart = "L", size.contacts, 1
	everyone, err = l.run(cmd.Context())
	return some, everyone, err
}

func spread(p50, p99 time.Duration) string { return millis(p50) + " / " + millis(p99) }

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
		err := store.Tx(ctx, func(tx core.Tx) error { return tx.Write(ctx, rows) })
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
