package gormstore

import (
	"context"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"causeway/core"

	"gorm.io/gorm"
)

// TestPlans: what is asked at every message finds its rows by an index that leaves few, not by looking through a workspace.
func TestPlans(t *testing.T) {
	s, err := Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "causeway.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	repo := s.In("ws").(repo)
	key := func(v string) core.IdentityKey {
		return core.IdentityKey{Scheme: core.SchemePhone, Scope: "s", Value: v}
	}
	for _, c := range []struct {
		name, want string
		read       func(ctx context.Context) error
	}{
		{"Identities", "scheme=? AND scope=? AND value=?", func(ctx context.Context) error {
			_, err := repo.Identities(ctx, []core.IdentityKey{key("1"), key("2"), {Scheme: "lid", Value: "3"}})
			return err
		}},
		{"IdentitiesOf", "identities_contact", func(ctx context.Context) error { _, err := repo.IdentitiesOf(ctx, "c"); return err }},
		{"PartByProvider", "parts_provider", func(ctx context.Context) error { _, err := repo.PartByProvider(ctx, "ch", "p"); return err }},
		{"PartsAfter", "parts_next", func(ctx context.Context) error {
			_, err := repo.PartsAfter(ctx, core.Part{Conversation: "c", Seq: 1}, 10)
			return err
		}},
		{"NextPart", "parts_next", func(ctx context.Context) error { _, err := repo.NextPart(ctx, "c"); return err }},
		{"PartsIn", "parts_status", func(ctx context.Context) error { _, err := repo.PartsIn(ctx, "ch", core.StatusParked, 10); return err }},
		{"GivenUp", "parts_failed", func(ctx context.Context) error { _, err := repo.GivenUp(ctx, "ch", 10); return err }},
		{"LastSender", "messages_seq", func(ctx context.Context) error { _, _, err := repo.LastSender(ctx, "c", "ch"); return err }},
		{"Messages", "messages_seq", func(ctx context.Context) error { _, err := repo.Messages(ctx, "c", core.Page{Before: "9"}); return err }},
		{"ImportedMessages", "messages_imported", func(ctx context.Context) error {
			_, err := repo.ImportedMessages(ctx, "c", core.Bookmark{Imported: time.Now(), Behind: 7}, 9)
			return err
		}},
		{"MessageByKey", "messages_key", func(ctx context.Context) error { _, err := repo.MessageByKey(ctx, "k"); return err }},
		{"OpenConversation", "conversations_one_open", func(ctx context.Context) error { _, err := repo.OpenConversation(ctx, "c"); return err }},
		{"AllOpen", "conversations_inbox (workspace=? AND state=?)", func(ctx context.Context) error { _, err := repo.AllOpen(ctx); return err }},
		{"ConversationsOf", "conversations_contact", func(ctx context.Context) error { _, err := repo.ConversationsOf(ctx, "c"); return err }},
		{"Conversations", "conversations_inbox (workspace=? AND state=? AND last_at<?)", func(ctx context.Context) error {
			_, err := repo.Conversations(ctx, core.ConversationFilter{State: core.ConversationOpen}, core.Page{Before: time.Now().Format(time.RFC3339Nano)})
			return err
		}},
		{"Conversations of an agent", "conversations_agent (workspace=? AND agent=? AND state=?", func(ctx context.Context) error {
			_, err := repo.Conversations(ctx, core.ConversationFilter{Agent: "a", State: core.ConversationOpen}, core.Page{})
			return err
		}},
		{"Conversations of a team", "conversations_team (workspace=? AND team=? AND state=?", func(ctx context.Context) error {
			_, err := repo.Conversations(ctx, core.ConversationFilter{Team: "a"}, core.Page{})
			return err
		}},
		{"Conversations of a contact", "conversations_contact", func(ctx context.Context) error {
			_, err := repo.Conversations(ctx, core.ConversationFilter{Contact: "a"}, core.Page{})
			return err
		}},
		{"conversation by number", "conversations_number", func(ctx context.Context) error {
			_, err := repo.Conversations(ctx, core.ConversationFilter{Number: 7}, core.Page{})
			return err
		}},
		{"WorkspaceOf", "conversations_id", func(ctx context.Context) error { _, err := s.WorkspaceOf(ctx, "c"); return err }},
		{"ChannelByAccount", "channels_account", func(ctx context.Context) error { _, err := s.ChannelByAccount(ctx, "k", "a"); return err }},
		{"KeyByHash", "api_keys_hash", func(ctx context.Context) error { _, err := s.KeyByHash(ctx, []byte("h")); return err }},
		{"AgentByAddress", "agent_addresses", func(ctx context.Context) error { _, err := repo.AgentByAddress(ctx, "a@x"); return err }},
		{"NextNotice", "notices_next", func(ctx context.Context) error { _, err := repo.NextNotice(ctx, "c"); return err }},
		{"NextMail", "mails_new", func(ctx context.Context) error { _, err := repo.NextMail(ctx, "c"); return err }},
		{"NoticesTo", "notices_agent", func(ctx context.Context) error { _, err := repo.NoticesTo(ctx, "c", "a", 5); return err }},
		{"Window", "identity=? AND channel=?", func(ctx context.Context) error { _, err := repo.Window(ctx, "ch", "c"); return err }},
		{"TakeParked", "parked_events_target", func(ctx context.Context) error { _, err := repo.TakeParked(ctx, "ch", "m"); return err }},
		{"TakeOverdue", "parked_events_until", func(ctx context.Context) error { _, err := repo.TakeOverdue(ctx, time.Now(), 5); return err }},
		{"Enliven", "ledger_part (workspace=? AND part=?)", func(ctx context.Context) error { return repo.enlivenLedger(ctx, "m", "c") }},
		{"Duties", "conversations_agent (workspace=? AND agent=? AND state=?)", func(ctx context.Context) error { _, err := repo.Duties(ctx); return err }},
		{"Places", "handlings_queue (workspace=? AND queue=?)", func(ctx context.Context) error { _, err := repo.Places(ctx, "t", nil, 10); return err }},
		{"Places after one", "handlings_queue (workspace=? AND queue=? AND priority<?)", func(ctx context.Context) error {
			_, err := repo.Places(ctx, "t", &core.Place{Conversation: "c", Priority: 1, Queued: time.Now()}, 10)
			return err
		}},
		{"Position", "handlings_queue (workspace=? AND queue=? AND priority>?)", func(ctx context.Context) error {
			_, err := repo.Position(ctx, core.Place{Conversation: "c", Team: "t", Queued: time.Now()})
			return err
		}},
		{"Queues", "handlings_queue (workspace=?)", func(ctx context.Context) error { _, err := repo.Queues(ctx); return err }},
		{"Place", "workspace=? AND conversation=?", func(ctx context.Context) error { _, err := repo.Place(ctx, "c"); return err }},
		{"DeadLetters", "workspace=? AND id<?", func(ctx context.Context) error { _, err := repo.DeadLetters(ctx, core.Page{Before: "x"}); return err }},
		{"ChannelLog", "workspace=? AND channel=? AND id<?", func(ctx context.Context) error {
			_, err := repo.ChannelLog(ctx, "ch", core.Page{Before: "x"})
			return err
		}},
		{"Contacts", "workspace=? AND id<?", func(ctx context.Context) error { _, err := repo.Contacts(ctx, core.Page{Before: "x"}); return err }},
	} {
		t.Run(c.name, func(t *testing.T) {
			plan := planOf(t, s, c.read)
			if !strings.Contains(plan, c.want) || scans.MatchString(plan) || strings.Contains(plan, "TEMP B-TREE FOR ORDER") && !sorts[c.name] {
				t.Errorf("want %s:\n%s", c.want, plan)
			}
		})
	}
}

// sorts are the questions whose few rows are put in order afterwards.
var sorts = map[string]bool{"Conversations of a contact": true, "Window": true, "conversation by number": true}

// scans are looks through a whole table; a list of values is none.
var scans = regexp.MustCompile(`SCAN [a-z]`)

type question struct {
	sql  string
	args []any
}

// planOf collects the plans of the statements that read makes.
func planOf(t *testing.T, s *Store, read func(ctx context.Context) error) string {
	t.Helper()
	var mu sync.Mutex
	var asked []question
	note := func(db *gorm.DB) {
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, question{db.Statement.SQL.String(), slices.Clone(db.Statement.Vars)})
	}
	for _, db := range []*gorm.DB{s.reader, s.writer} {
		_ = db.Callback().Query().After("gorm:query").Register("plans", note)
		_ = db.Callback().Row().After("gorm:row").Register("plans", note)
		_ = db.Callback().Raw().After("gorm:raw").Register("plans", note)
		defer func() {
			_ = db.Callback().Query().Remove("plans")
			_ = db.Callback().Row().Remove("plans")
			_ = db.Callback().Raw().Remove("plans")
		}()
	}
	_ = read(t.Context()) // there is nothing to be found
	var plan strings.Builder
	for _, a := range asked {
		explain(t, s, &plan, a)
	}
	return plan.String()
}

func explain(t *testing.T, s *Store, plan *strings.Builder, a question) {
	t.Helper()
	rows, err := s.lite.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+a.sql, plain(a.args)...)
	if err != nil {
		t.Fatalf("%s: %v", a.sql, err)
	}
	defer rows.Close()
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(plan, detail)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
}
