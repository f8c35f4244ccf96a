package webhook_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"causeway/adapters/gormstore"
	"causeway/adapters/gormstore/freshstore"
	"causeway/core"
	"causeway/core/webhook"
)

var secret = core.NewSecret("a secret that nobody guesses")

// post is a conversation, and the other end of a webhook.
type post struct {
	*testing.T
	store  *gormstore.Store
	queue  *freshstore.Queue
	ws     core.WorkspaceID
	repo   core.Repo
	caller *webhook.Caller
	conv   core.Conversation
	clock  time.Time
	url    string
	answer int      // status
	got    []string // events, with what they are about
	ids    []string
}

func each(t *testing.T, f func(p *post)) {
	t.Helper()
	freshstore.Each(t, nil, func(t *testing.T, s *gormstore.Store, q *freshstore.Queue) {
		p := &post{T: t, store: s, queue: q, clock: time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC), answer: 200}
		var err error
		p.ws, err = s.EnsureWorkspace(t.Context(), "main")
		p.must(err)
		p.repo = s.In(p.ws)
		server := httptest.NewServer(http.HandlerFunc(p.hear))
		t.Cleanup(server.Close)
		p.url = server.URL
		p.caller = &webhook.Caller{Store: s, Now: func() time.Time { return p.clock }, Log: slog.New(slog.DiscardHandler),
			Client: func([]core.Secret) *http.Client { return &http.Client{Transport: server.Client().Transport} },
			Secret: func(context.Context, core.WorkspaceID, string) (core.Secret, error) { return secret, nil }}
		p.must(p.repo.SaveChannel(t.Context(), core.Channel{ID: "shop", Workspace: p.ws, Kind: "x", Name: "shop", Account: "1", Created: p.clock}))
		p.must(p.repo.AddContact(t.Context(), core.Contact{ID: "grace", Workspace: p.ws, Name: "Grace", Language: "en", Created: p.clock}))
		p.conv = core.Conversation{ID: core.NewID[core.ConversationID](), Workspace: p.ws, Contact: "grace", Channel: "shop", State: core.ConversationOpen, Opened: p.clock, LastAt: p.clock}
		_, err = p.repo.AddConversation(t.Context(), &p.conv)
		p.must(err)
		f(p)
	})
}

func (p *post) must(err error) {
	p.Helper()
	if err != nil {
		p.Fatal(err)
	}
}

// hear takes what the webhook is sent, if it is signed as it should be.
func (p *post) hear(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	at, signature, _ := strings.Cut(strings.TrimPrefix(r.Header.Get("Causeway-Signature"), "t="), ",v1=")
	if err != nil || signature != webhook.Sign(secret, at, body) || at != fmt.Sprint(p.clock.Unix()) {
		p.Errorf("a bad signature %q: %v", r.Header.Get("Causeway-Signature"), err)
	}
	var l struct {
		ID, Event, Tag string
		Conversation   struct{ Number int64 }
		Contact        struct{ Name string }
		Message        *struct{ Content core.Content }
		Order          *struct {
			State string
			Items []core.OrderItem
		}
		Field *struct{ Name, Value string }
	}
	if err := json.Unmarshal(body, &l); err != nil || l.Conversation.Number != p.conv.Number || l.Contact.Name != "Grace" || l.ID != r.Header.Get("Causeway-Delivery") {
		p.Errorf("%v: %s", err, body)
	}
	if p.answer != 200 {
		w.Header().Set("Location", p.url+"/elsewhere")
		w.WriteHeader(p.answer)
		return
	}
	said := l.Event + " " + l.Tag
	if l.Message != nil {
		said += l.Message.Content.Text
	}
	if l.Order != nil {
		said += l.Order.State + " " + l.Order.Items[0].Product
	}
	if l.Field != nil {
		said += l.Field.Name + "=" + l.Field.Value
	}
	p.got, p.ids = append(p.got, strings.TrimSpace(said)), append(p.ids, l.ID)
}

func (p *post) hook(name string, events ...string) {
	p.Helper()
	p.must(core.PutWebhook(p.Context(), p.repo, core.Webhook{Name: name, URL: p.url, Events: events}))
}

func (p *post) happens(h core.Happening) core.Happening {
	p.Helper()
	p.clock = p.clock.Add(time.Second)
	h.ID, h.Conversation, h.At = core.NewID[string](), p.conv.ID, p.clock
	p.must(p.caller.Follow(p.Context(), p.ws, h, &p.conv))
	return h
}

// work does the job of a webhook once.
func (p *post) work(name string) (finished bool, err error) {
	err = p.caller.Work(p.Context(), core.Work{Job: core.WebhookJob(p.ws, name, p.conv.ID), Attempt: 1, Finish: func(context.Context, core.Tx) error { finished = true; return nil }})
	return finished, err
}

func (p *post) told(name string, want ...string) {
	p.Helper()
	if finished, err := p.work(name); !finished || err != nil {
		p.Errorf("the job ended %v: %v", finished, err)
	}
	if !slices.Equal(p.got, want) {
		p.Errorf("told %q, want %q", p.got, want)
	}
	p.got = nil
}

func (p *post) message(text string) core.MessageID {
	p.Helper()
	m := core.Message{ID: core.NewID[core.MessageID](), Workspace: p.ws, Conversation: p.conv.ID, Contact: "grace", Channel: "shop", Direction: core.In, Author: core.Author{Kind: core.AuthorContact},
		Content: core.Content{Kind: core.KindText, Text: text}, Status: core.StatusReceived, At: p.clock, Created: p.clock}
	var err error
	m.Seq, err = p.repo.NextSeq(p.Context(), p.conv.ID, p.clock)
	p.must(err)
	_, err = p.repo.AddMessage(p.Context(), m)
	p.must(err)
	return m.ID
}

func TestTold(t *testing.T) {
	each(t, func(p *post) {
		p.hook("crm", "*")
		p.hook("erp", "order.created")
		p.must(p.repo.AddPurchase(t.Context(), core.Purchase{ID: "o1", Conversation: p.conv.ID, Contact: "grace", State: "new", Items: []core.OrderItem{{Product: "tea"}}, Created: p.clock, Changed: p.clock}))
		_, err := p.repo.SetField(t.Context(), "grace", "city", "Giza")
		p.must(err)
		p.happens(core.Happening{Kind: core.HappenedOpened})
		p.happens(core.Happening{Kind: core.HappenedMessage, Message: p.message("Two of them, please")})
		p.happens(core.Happening{Kind: core.HappenedMessage, Message: "gone"})
		p.happens(core.Happening{Kind: core.HappenedTimer, Name: "x"})
		p.happens(core.Happening{Kind: core.HappenedTagged, Name: "vip"})
		p.happens(core.Happening{Kind: core.HappenedField, Name: "city"})
		p.happens(core.Happening{Kind: core.HappenedOrdered, Name: "o1"})
		p.happens(core.Happening{Kind: core.HappenedAssigned})
		p.happens(core.Happening{Kind: core.HappenedClosed})
		p.told("crm", "conversation.opened", "message.received Two of them, please", "conversation.tagged vip", "contact.field city=Giza", "order.created new tea",
			"conversation.assigned", "conversation.closed")
		p.told("erp", "order.created new tea")
		p.told("erp") // nothing twice
	})
}

// What is not taken holds up what came after it, and goes first once it is taken.
func TestOrderIsKept(t *testing.T) {
	each(t, func(p *post) {
		p.hook("crm", "conversation.*")
		p.happens(core.Happening{Kind: core.HappenedOpened})
		for _, status := range []int{500, 404, 302} {
			p.answer = status
			if finished, err := p.work("crm"); finished || err == nil || !strings.Contains(err.Error(), fmt.Sprint(status)) {
				t.Errorf("%d ended %v: %v", status, finished, err)
			}
		}
		p.happens(core.Happening{Kind: core.HappenedClosed})
		if _, err := p.work("crm"); err == nil {
			t.Error("taken")
		}
		p.answer = 200
		p.told("crm", "conversation.opened", "conversation.closed")
	})
}

// A happening that is followed again, as after a crash, is the same letter.
func TestFollowedAgain(t *testing.T) {
	each(t, func(p *post) {
		p.hook("crm", "*")
		h := p.happens(core.Happening{Kind: core.HappenedOpened})
		p.must(p.caller.Follow(t.Context(), p.ws, h, &p.conv))
		p.told("crm", "conversation.opened")
		if p.ids[0] != h.ID {
			t.Errorf("its id is %s, not %s", p.ids[0], h.ID)
		}
	})
}

// What waits for a webhook that was taken out is forgotten; secrets that do not open keep it.
func TestTakenOut(t *testing.T) {
	each(t, func(p *post) {
		p.hook("crm", "*")
		p.happens(core.Happening{Kind: core.HappenedOpened})
		open := p.caller.Secret
		p.caller.Secret = func(context.Context, core.WorkspaceID, string) (core.Secret, error) {
			return core.Secret{}, errors.New("sealed with another key")
		}
		if _, err := p.work("crm"); err == nil {
			t.Error("sent without its secret")
		}
		p.caller.Secret = open
		there, err := core.RemoveWebhook(t.Context(), p.repo, "crm")
		if p.must(err); !there {
			t.Error("it was not there")
		}
		p.happens(core.Happening{Kind: core.HappenedClosed})
		p.told("crm")
	})
}

func TestCheck(t *testing.T) {
	for _, c := range []struct {
		hook core.Webhook
		want string
	}{
		{core.Webhook{Name: "crm", URL: "https://x.example/a?b=c", Events: []string{"order.*", "conversation.closed"}}, ""},
		{core.Webhook{Name: "crm", URL: "https://x.example", Events: []string{"*"}}, ""},
		{core.Webhook{Name: "a/b", URL: "https://x.example", Events: []string{"*"}}, "cannot be the name"},
		{core.Webhook{URL: "https://x.example", Events: []string{"*"}}, "cannot be the name"},
		{core.Webhook{Name: "crm", URL: "file:///etc/passwd", Events: []string{"*"}}, "no address that can be called"},
		{core.Webhook{Name: "crm", URL: "https://u:p@x.example", Events: []string{"*"}}, "no address that can be called"},
		{core.Webhook{Name: "crm", URL: "https://x.example"}, "wants to know nothing"},
		{core.Webhook{Name: "crm", URL: "https://x.example", Events: []string{"order"}}, `no event "order"`},
		{core.Webhook{Name: "crm", URL: "https://x.example", Events: []string{"ord*"}}, `no event "ord*"`},
	} {
		if err := webhook.Check(c.hook); (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %q", c.hook, err, c.want)
		}
	}
	if webhook.CheckSecret(core.NewSecret("short")) == nil || webhook.CheckSecret(secret) != nil {
		t.Error("the secret")
	}
}

// The example of docs/webhooks.md.
func TestSign(t *testing.T) {
	if got := webhook.Sign(core.NewSecret("0123456789abcdef"), "1790000000", []byte(`{"id":"x"}`)); got != "eb92e5bb725bf04c4046a698e7cb7f9d3c839b6227c7553d2def8c6381a49a53" {
		t.Errorf("got %s", got)
	}
}
