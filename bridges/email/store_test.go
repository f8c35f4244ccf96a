package email

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"causeway/adapters/gormstore"
	"causeway/adapters/gormstore/freshstore"
	"causeway/bridges/bridgetest"
	"causeway/core"
	"causeway/core/inbound"
)

// storing is a host that puts what it gets into a real store.
type storing struct {
	*bridgetest.Host
	in *inbound.Acceptor
	ch core.Channel
}

func (s *storing) Emit(ctx context.Context, events ...core.Event) error {
	return s.in.Accept(ctx, s.ch, events)
}

// TestStored: mails become one conversation in order, once, even when all UIDs change; what a machine wrote is kept and asks nobody.
func TestStored(t *testing.T) {
	freshstore.Each(t, nil, func(t *testing.T, st *gormstore.Store, _ *freshstore.Queue) {
		ws, err := st.EnsureWorkspace(t.Context(), "main")
		if err != nil {
			t.Fatal(err)
		}
		ch := testChannel()
		ch.ID, ch.Workspace, ch.State, ch.Created = core.NewID[core.ChannelID](), ws, core.ChannelActive, time.Now()
		if err := st.In(ws).SaveChannel(t.Context(), ch); err != nil {
			t.Fatal(err)
		}
		p := newPost(t)
		h := &storing{Host: newHost(t), in: inbound.New(st, time.Now, slog.New(slog.DiscardHandler)), ch: ch}
		l := openLink(t, h, goodSettings(p.addr, "127.0.0.1:1", keyStart, startAll))
		deliver := func(from int) {
			for i := from; i < 30; i++ {
				p.put("INBOX", aMail(fmt.Sprintf("m%d@x", i), "Ana <ana@x.example>", "Re: Hi", fmt.Sprintf("number %d", i), "In-Reply-To: <m0@x>"))
			}
		}
		deliver(0)
		p.put("INBOX", aMail("auto@x", "Ana <ana@x.example>", "Away", "away", "Auto-Submitted: auto-replied"))
		p.put("INBOX", aMail("nobody@x", "undisclosed", "Hi", "hi"))
		running(t, l)
		waitFor(t, "the messages", func() bool { return len(stored(t, st.In(ws))) == 31 })
		p.stop()
		p.must(p.user.Delete("INBOX"))
		p.must(p.user.Create("INBOX", nil))
		deliver(10)
		p.put("INBOX", aMail("new@x", "Ana <ana@x.example>", "Re: Hi", "new", "In-Reply-To: <m3@x>"))
		p.start()
		waitFor(t, "the new message", func() bool { return len(stored(t, st.In(ws))) >= 32 })
		all := stored(t, st.In(ws))
		if len(all) != 32 {
			t.Errorf("%d messages", len(all))
		}
		for i, m := range all {
			if i < 30 && m.Content.Text != fmt.Sprintf("number %d", i) || (i == 30) != (m.Content.Automatic != "") {
				t.Errorf("%d: got %q, automatic %q", i, m.Content.Text, m.Content.Automatic)
			}
		}
		if q := all[31].Content.Quote; q == nil || q.Message != all[3].ID {
			t.Errorf("the last one answers %+v, want %s", q, all[3].ID)
		}
		if dead, err := st.In(ws).DeadLetters(t.Context(), core.Page{Limit: 10}); err != nil || len(dead) != 1 {
			t.Errorf("dead letters: %+v, %v", dead, err)
		}
	})
}

// stored returns the messages of the only conversation, oldest first.
func stored(t *testing.T, repo core.Repo) []core.Message {
	t.Helper()
	contacts, err := repo.Contacts(t.Context(), core.Page{})
	if err != nil || len(contacts) != 1 {
		return nil
	}
	conversations, err := repo.ConversationsOf(t.Context(), contacts[0].ID)
	if err != nil || len(conversations) != 1 {
		t.Fatalf("%d conversations, %v", len(conversations), err)
	}
	all, err := repo.Messages(t.Context(), conversations[0].ID, core.Page{Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) > 1 && all[0].Seq > all[1].Seq {
		for i, j := 0, len(all)-1; i < j; i, j = i+1, j-1 {
			all[i], all[j] = all[j], all[i]
		}
	}
	return all
}
