package webchat

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"causeway/adapters/gormstore"
	"causeway/adapters/gormstore/freshstore"
	"causeway/core"
	"causeway/core/inbound"
	"causeway/core/session"
)

// open is a vault without a lock: what is sealed here is no secret.
type openVault struct{}

func (openVault) Seal(v core.Secret, _ string) ([]byte, error) { return []byte(v.Reveal()), nil }
func (openVault) Open(box []byte, _ string) (core.Secret, error) {
	return core.NewSecret(string(box)), nil
}

// noted is a store's host that may fail to save.
type noted struct {
	core.Host
	fail func(key string) error
}

func (n *noted) Save(ctx context.Context, key string, value []byte) error {
	if n.fail != nil {
		if err := n.fail(key); err != nil {
			return err
		}
	}
	return n.Host.Save(ctx, key, value)
}

func (n *noted) SaveUntil(ctx context.Context, key string, value []byte, until time.Time) error {
	if n.fail != nil {
		if err := n.fail(key); err != nil {
			return err
		}
	}
	return n.Host.SaveUntil(ctx, key, value, until)
}

func (n *noted) Update(ctx context.Context, key string, change func([]byte) ([]byte, error)) error {
	if n.fail != nil {
		if err := n.fail(key); err != nil {
			return err
		}
	}
	return n.Host.Update(ctx, key, change)
}

// faulty is the bridge with such hosts.
type faulty struct {
	Bridge
	host *noted
}

func (f *faulty) Open(ch core.Channel, s core.Settings, h core.Host) (core.Link, error) {
	f.host = &noted{Host: h}
	return f.Bridge.Open(ch, s, f.host)
}

// inHouses runs f on each database, with the host and the inbox that the gateway has.
func inHouses(t *testing.T, f func(r *rig, repo core.Repo, host *noted)) {
	t.Helper()
	freshstore.Each(t, nil, func(t *testing.T, s *gormstore.Store, _ *freshstore.Queue) {
		ws, err := s.EnsureWorkspace(t.Context(), "main")
		if err != nil {
			t.Fatal(err)
		}
		now := func() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }
		log := slog.New(slog.DiscardHandler)
		in, bridge, repo := inbound.New(s, now, log), &faulty{}, s.In(ws)
		m := session.New(session.Options{Store: s, Vault: openVault{}, Bridges: []core.Bridge{bridge}, Now: now, Log: log, Accept: in.AcceptUnder, MaxMedia: 1 << 20,
			HTTP: func(core.Channel, []core.Secret) *http.Client { return http.DefaultClient }})
		given := goodSettings()
		ch := core.Channel{ID: core.NewID[core.ChannelID](), Workspace: ws, Kind: Kind, Name: "chat", Account: "shop", Settings: given.Values, State: core.ChannelActive, Created: now()}
		if err := repo.SaveChannel(t.Context(), ch); err != nil {
			t.Fatal(err)
		}
		for name, secret := range given.Secrets {
			if err := repo.PutSecret(t.Context(), core.SealedSecret{Workspace: ws, Owner: session.Owner(ch.ID), Name: name, Box: []byte(secret.Reveal()), Set: now()}); err != nil {
				t.Fatal(err)
			}
		}
		_, _, l, err := m.Link(t.Context(), ch.ID)
		if err != nil {
			t.Fatal(err)
		}
		server := httptest.NewServer(l.(core.ServeLink))
		t.Cleanup(server.Close)
		t.Cleanup(func() { _ = m.Close() })
		f(&rig{T: t, link: l.(*link), base: server.URL + "/v1"}, repo, bridge.host)
	})
}

func told(t *testing.T, repo core.Repo) []core.Message {
	t.Helper()
	contacts, err := repo.Contacts(t.Context(), core.Page{})
	if err != nil || len(contacts) != 1 {
		t.Fatalf("%d contacts, %v", len(contacts), err)
	}
	convs, err := repo.ConversationsOf(t.Context(), contacts[0].ID)
	if err != nil || len(convs) != 1 {
		t.Fatalf("%d conversations, %v", len(convs), err)
	}
	all, err := repo.Messages(t.Context(), convs[0].ID, core.Page{Limit: 200})
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(all)
	return all
}

// TestStored: what a browser says again after a fault between the commit and the answer is one message, in the store and in what it sees.
func TestStored(t *testing.T) {
	inHouses(t, func(r *rig, repo core.Repo, host *noted) {
		token := r.session(`{"fields":{"name":"Ana","email":"ana@home.test"}}`)
		host.fail = func(key string) error {
			if strings.HasPrefix(key, "chat/in/") {
				return errors.New("the disk is full")
			}
			return nil
		}
		if resp, _ := r.ask("POST", "/messages", `{"text":"hi"}`, keyed(token, "id-000001")...); resp.StatusCode != 500 {
			t.Fatalf("got %d", resp.StatusCode)
		}
		host.fail = nil
		var all sync.WaitGroup
		for range 4 { // several tabs, all with the same waiting message
			all.Go(func() { r.ask("POST", "/messages", `{"text":"hi"}`, keyed(token, "id-000001")...) })
		}
		all.Wait()
		r.write(token, "id-000002", "still there?")
		var texts []string
		for _, m := range told(t, repo) {
			texts = append(texts, string(m.Content.Kind)+" "+m.Content.Text)
		}
		if want := []string{"form ", "text hi", "text still there?"}; !slices.Equal(texts, want) {
			t.Errorf("stored are %q, want %q", texts, want)
		}
		if got := r.texts(token, ""); !slices.Equal(got, []string{"hi", "still there?"}) {
			t.Errorf("the browser sees %q", got)
		}
	})
}

// TestLogOfManyNodes: whatever several nodes write into a visitor's log at the same time is all there, once, in one order.
func TestLogOfManyNodes(t *testing.T) {
	inHouses(t, func(r *rig, _ core.Repo, host *noted) {
		const nodes, each = 4, 10
		var all sync.WaitGroup
		for n := range nodes { // each has a link of its own, which knows nothing of the others
			l, err := Bridge{}.Open(r.link.channel, goodSettings(), host)
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			all.Go(func() {
				for i := range each {
					for _, id := range []string{fmt.Sprintf("own-%d-%d", n, i), fmt.Sprintf("shared-%d", i)} {
						if _, err := l.(*link).enter(t.Context(), logIn, "v-1", entry{Say: sayMessage, ID: id, Text: id}); err != nil {
							t.Error(err)
						}
					}
					if err := l.(*link).mark(t.Context(), "v-1", marking{Delivered: int64(n*each + i), Read: int64(i)}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		log, err := r.link.load(t.Context(), logIn, "v-1")
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for i, e := range log.Entries {
			if seen[e.ID] || e.N != int64(i+1) {
				t.Errorf("entry %d is %d, %s", i, e.N, e.ID)
			}
			seen[e.ID] = true
		}
		if want := nodes*each + each; len(seen) != want || log.Last != int64(want) {
			t.Errorf("%d entries, the last is %d, want %d", len(seen), log.Last, want)
		}
		if m, err := r.link.marks(t.Context(), "v-1"); err != nil || m != (marking{Delivered: nodes*each - 1, Read: each - 1}) {
			t.Errorf("got %+v, %v", m, err)
		}
	})
}

// TestReadStored: a visitor's marks reach the message that was sent to them.
func TestReadStored(t *testing.T) {
	inHouses(t, func(r *rig, repo core.Repo, _ *noted) {
		token := r.session(`{}`)
		r.write(token, "id-000001", "hi")
		first := told(t, repo)[0]
		out := core.Message{ID: core.NewID[core.MessageID](), Workspace: first.Workspace, Conversation: first.Conversation, Contact: first.Contact, Channel: first.Channel, Identity: first.Identity,
			Direction: core.Out, Author: core.Author{Kind: core.AuthorAgent}, Seq: first.Seq + 1, Content: core.Content{Kind: core.KindText, Text: "hello"}, Status: core.StatusSent, At: first.At, Created: first.At}
		part := core.Part{ID: core.NewID[core.PartID](), Message: out.ID, Conversation: out.Conversation, Channel: out.Channel, Seq: out.Seq, Content: out.Content, Status: core.StatusSent, Sent: first.At, Updated: first.At}
		sent, err := r.link.Send(t.Context(), r.outgoing(r.visitorAt(token, first.At), string(part.ID), "hello"))
		if err != nil {
			t.Fatal(err)
		}
		part.Provider = sent.Provider
		out.Parts = []core.Part{part}
		if _, err := repo.AddMessage(t.Context(), out); err != nil {
			t.Fatal(err)
		}
		r.want(204, "POST", "/read", `{"delivered":1,"read":1}`, bearer(token)...)
		if all := told(t, repo); len(all) != 2 || all[1].Status != core.StatusRead {
			t.Errorf("got %+v", all)
		}
	})
}

func (r *rig) visitorAt(token string, now time.Time) string {
	r.Helper()
	v, err := r.link.conf.open(token, now)
	if err != nil {
		r.Fatal(err)
	}
	return v.ID
}

// TestFileStored: the gateway can fetch what a visitor sent.
func TestFileStored(t *testing.T) {
	inHouses(t, func(r *rig, repo core.Repo, _ *noted) {
		token := r.session(`{}`)
		data := bytes.Repeat([]byte{0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n', 0}, 1000)
		r.upload(token, "id-000001", "a.png", "image/png", string(data))
		m := told(t, repo)[0]
		d, err := r.link.Fetch(t.Context(), *m.Content.Media)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(d.Body); err != nil || !bytes.Equal(got, data) {
			t.Errorf("got %d bytes, %v", len(got), err)
		}
	})
}

// TestRemembers: whatever is kept of a visitor is named, so that it can be erased.
func TestRemembers(t *testing.T) {
	inHouses(t, func(r *rig, repo core.Repo, host *noted) {
		var mu sync.Mutex
		kept := map[string]bool{}
		host.fail = func(key string) error {
			mu.Lock()
			defer mu.Unlock()
			kept[key] = true
			return nil
		}
		token := r.session(`{}`)
		r.want(201, "POST", "/messages", `{"text":"hi","page":"https://shop.example/a"}`, append(bearer(token), "Idempotency-Key", "id-000001")...)
		r.upload(token, "id-000002", "a.png", "image/png", "\x89PNG\r\n\x1a\n")
		if _, err := r.link.Send(t.Context(), r.outgoing(r.visitorAt(token, told(t, repo)[0].At), "part-1", "hello")); err != nil {
			t.Fatal(err)
		}
		r.want(204, "POST", "/read", `{"delivered":1,"read":1}`, bearer(token)...)
		known, err := repo.IdentitiesOf(t.Context(), told(t, repo)[0].Contact)
		if err != nil || len(known) != 1 {
			t.Fatalf("known are %v, %v", known, err)
		}
		named := Bridge{}.Remembers(known[0].Key)
		for _, m := range told(t, repo) {
			if m.Content.Media != nil {
				named = append(named, Bridge{}.RemembersFile(*m.Content.Media)...)
			}
		}
		mu.Lock()
		defer mu.Unlock()
		if len(kept) < 4 {
			t.Errorf("kept were only %v", kept)
		}
		for key := range kept {
			if !slices.Contains(named, key) {
				t.Errorf("%s is kept and not named", key)
			}
		}
	})
}
