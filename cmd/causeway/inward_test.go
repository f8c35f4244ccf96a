package main

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"causeway/core"
)

func (w *testWorld) hook(id, from, text string) []byte {
	a := w.sim.Business().Account()
	return webhookBody(a.PhoneNumberID, a.WABA, id, from, text, w.now().Unix())
}

// post calls the webhook as the platform does, again when it is told to come later, and fails unless it is answered 200 in the end.
func (w *testWorld) post(body []byte) {
	w.Helper()
	var status int
	var err error
	again(w.within(), func() bool {
		status, err = w.sim.Business().PostRaw(w.Context(), body)
		return err != nil || status != http.StatusServiceUnavailable
	})
	if err != nil || status != http.StatusOK {
		w.Errorf("webhook answered %d, %v", status, err)
	}
}

func TestSameWebhookFiftyTimesAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, database string) {
		w := liveIn(t, worldOptions{Database: database})
		body := w.hook("SAME", "15551230001", "only once please")
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() { w.post(body) })
		}
		all.Wait()
		w.mailTo(w.lena, "only once please")
		w.mailTo(w.omar, "only once please")
		w.settle()
		contacts, err := w.repo().Contacts(t.Context(), core.Page{})
		w.must(err)
		conversations := w.conversations()
		if len(contacts) != 1 || len(conversations) != 1 {
			t.Fatalf("%d contacts, %d conversations", len(contacts), len(conversations))
		}
		if n := len(w.messages(conversations[0].ID)); n != 1 {
			t.Errorf("%d messages", n)
		}
		if a, b := len(w.lena.Received()), len(w.omar.Received()); a != 1 || b != 1 {
			t.Errorf("Lena has %d mails, Omar %d", a, b)
		}
	})
}

func TestFirstTwoMessagesOfAContactAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, database string) {
		w := liveIn(t, worldOptions{Database: database})
		var all sync.WaitGroup
		for i := range 40 {
			all.Go(func() {
				w.post(w.hook(fmt.Sprintf("P%d", i), fmt.Sprintf("1555200%04d", i/2), fmt.Sprintf("message %d", i)))
			})
		}
		all.Wait()
		conversations := w.conversations()
		if len(conversations) != 20 {
			t.Fatalf("%d conversations for 20 contacts", len(conversations))
		}
		for _, c := range conversations {
			if n := len(w.messages(c.ID)); n != 2 {
				t.Errorf("conversation #%d has %d messages", c.Number, n)
			}
		}
	})
}

func TestAlbumOfTen(t *testing.T) {
	onBoth(t, func(t *testing.T, database string) {
		w := liveIn(t, worldOptions{Database: database})
		for i := range 10 {
			w.grace.SendImage(fmt.Sprintf("%d.png", i), stockPicture(i), "image/png", "")
		}
		w.must(w.sim.AwaitQuiet(w.within()))
		w.eventually("ten mails", func() bool { return len(w.lena.Received()) == 10 })
		w.settle()
		conversations := w.conversations()
		if len(conversations) != 1 {
			t.Fatalf("%d conversations", len(conversations))
		}
		messages := w.messages(conversations[0].ID)
		if len(messages) != 10 {
			t.Fatalf("%d messages", len(messages))
		}
		got := map[string]bool{}
		for _, m := range w.lena.Received() {
			for _, f := range m.Files {
				got[string(f.Data)] = true
			}
		}
		for i := range 10 {
			if !got[string(stockPicture(i))] {
				t.Errorf("picture %d is in no mail", i)
			}
		}
	})
}

func TestStrangeWebhooks(t *testing.T) {
	w := liveIn(t, worldOptions{})
	url := w.webhookURL(w.theChannel().ID)
	b := w.sim.Business()
	sign := func(body []byte) string { return b.Sign(body) }
	good := w.hook("S1", "15553330001", "hello")
	for name, c := range map[string]struct {
		url, signature string
		body           []byte
		want           int
	}{
		"unsigned":            {url, "", good, http.StatusUnauthorized},
		"signed by another":   {url, "sha256=" + strings.Repeat("0", 64), good, http.StatusUnauthorized},
		"signature of noise":  {url, "nonsense", good, http.StatusUnauthorized},
		"unknown channel":     {w.public() + "/hooks/nobody", sign(good), good, http.StatusNotFound},
		"huge":                {url, "", bytes.Repeat([]byte("x"), 6<<20), http.StatusRequestEntityTooLarge},
		"malformed":           {url, sign([]byte(`{"object":`)), []byte(`{"object":`), http.StatusOK},
		"no object":           {url, sign([]byte(`"hello"`)), []byte(`"hello"`), http.StatusOK},
		"unknown kind":        {url, sign(unknownField), unknownField, http.StatusOK},
		"of a foreign number": {url, sign(foreign), foreign, http.StatusOK},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, c.url, bytes.NewReader(c.body))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", "application/json")
			if c.signature != "" {
				r.Header.Set("X-Hub-Signature-256", c.signature)
			}
			a, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer a.Body.Close()
			if a.StatusCode != c.want {
				t.Errorf("answered %d, want %d", a.StatusCode, c.want)
			}
		})
	}
	w.settle()
	kept := w.kept()
	for _, text := range []string{`{"object":`, `"hello"`, "something_new", "not for us"} {
		if !strings.Contains(kept, text) {
			t.Errorf("%s is neither among the dead letters nor in the channel log", text)
		}
	}
	if n := len(w.conversations()); n != 0 {
		t.Errorf("%d conversations came of it", n)
	}
	w.post(good) // the door is still open
	w.mailTo(w.lena, "hello")
}

// kept is everything that came in and became no message.
func (w *testWorld) kept() string {
	w.Helper()
	var all strings.Builder
	dead, err := w.repo().DeadLetters(w.Context(), core.Page{Limit: 200})
	w.must(err)
	for _, d := range dead {
		fmt.Fprintf(&all, "%s %s %s\n", d.Kind, d.Event, d.Raw)
	}
	logged, err := w.repo().ChannelLog(w.Context(), w.theChannel().ID, core.Page{Limit: 200})
	w.must(err)
	for _, e := range logged {
		if e.Method == "EVENT" {
			all.WriteString(e.Request + "\n")
		}
	}
	return all.String()
}

var (
	unknownField = []byte(`{"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{"field":"something_new","value":{"what":"ever"}}]}]}`)
	foreign      = webhookBody("999999999999999", "888888888888888", "F1", "15553330009", "not for us", 1_790_000_000)
)
