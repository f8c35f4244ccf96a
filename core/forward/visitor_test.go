package forward_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"causeway/core"
	"causeway/core/forward"
	"causeway/core/outbound"
)

const anas = "ana@customer.example"

// newChat is a house with a web chat, and an answer that its visitor has not read.
func newChat(t *testing.T, address string) *house {
	t.Helper()
	h := newHouse(t)
	h.link.can.Window = core.Window{Free: 48 * time.Hour, After: core.AfterNothing}
	h.options.FollowAfter, h.options.Emit = 2*time.Minute, func(ctx context.Context, ch core.Channel, events ...core.Event) error {
		return h.acceptor.Accept(ctx, ch, events)
	}
	h.options.Follows = func(ch core.Channel) bool { return ch.Name == "shop" }
	h.open()
	if address != "" {
		h.says(core.Content{Kind: core.KindForm, Form: &core.Form{Name: "chat", Fields: map[string]any{"email": address}}})
	}
	h.says(text("Is the blue bicycle still there?"))
	h.writes("Yes, it is.")
	return h
}

// writes has a program answer, and the link take it.
func (h *house) writes(s string) {
	h.Helper()
	_, _, err := h.outbox.Compose(h.Context(), h.ws, outbound.Request{Conversation: h.conversation().ID, Author: core.Author{Kind: core.AuthorAPI}, Contents: []core.Content{text(s)}})
	h.must(err)
	h.settle()
}

// follow runs the job, letting time pass, and returns what the visitor was mailed so far.
func (h *house) follow() []forward.Letter {
	h.Helper()
	h.must(h.work(core.Job{Kind: core.JobFollow, Workspace: h.ws, Key: string(h.conversation().ID)}, h.f.Follow))
	return h.relay.letters
}

// reads has the visitor read the newest message.
func (h *house) reads() {
	h.Helper()
	all, err := h.repo.Messages(h.Context(), h.conversation().ID, core.Page{Limit: 1})
	h.must(err)
	m, err := h.repo.Message(h.Context(), all[0].ID)
	h.must(err)
	h.accept(h.event(core.EventReceipt, core.Event{Receipt: &core.ReceiptBody{Provider: m.Parts[0].Provider, Status: core.StatusRead}}))
}

func TestFollow(t *testing.T) {
	for name, c := range map[string]struct {
		address string
		then    func(h *house)
		want    int
	}{
		"left":       {anas, func(*house) {}, 1},
		"no address": {"", func(*house) {}, 0},
		"told when closed": {"", func(h *house) {
			h.says(core.Content{Kind: core.KindForm, Form: &core.Form{Name: "chat", Fields: map[string]any{"email": anas}}})
			h.says(text("Are you closed?"))
			h.writes("Yes, it is.")
		}, 1},
		"read meanwhile":    {anas, (*house).reads, 0},
		"wrote meanwhile":   {anas, func(h *house) { h.says(text("Hello?")) }, 0},
		"another channel":   {anas, func(h *house) { h.options.Follows = func(core.Channel) bool { return false }; h.open() }, 0},
		"two days too late": {anas, func(h *house) { h.clock = h.clock.Add(48 * time.Hour) }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			h := newChat(t, c.address)
			c.then(h)
			before := h.clock
			if got := h.follow(); len(got) != c.want {
				t.Fatalf("%d mails, want %d", len(got), c.want)
			}
			if c.want == 0 {
				return
			}
			l := h.relay.letters[0]
			if l.To.Address != anas || l.From.Name != h.channel.Name || !strings.Contains(l.Text, "Yes, it is.") || l.Date.Before(before.Add(2*time.Minute)) {
				t.Errorf("got %+v", l)
			}
			if got := h.follow(); len(got) != c.want {
				t.Errorf("%d mails after another look", len(got))
			}
		})
	}
}

// TestFollowAgain: the next answer is a mail of its own, not at once, and without what was mailed before.
func TestFollowAgain(t *testing.T) {
	h := newChat(t, anas)
	h.follow()
	h.writes("It costs 90.")
	got := h.follow()
	if len(got) != 2 || strings.Contains(got[1].Text, "Yes, it is.") || !strings.Contains(got[1].Text, "It costs 90.") || got[1].MessageID == got[0].MessageID ||
		got[1].Date.Sub(got[0].Date) < 10*time.Minute || got[1].InReplyTo != got[0].InReplyTo {
		t.Errorf("got %+v", got)
	}
}

// TestFollowAfterACrash: a mail of which we do not know whether it went goes again under the same id, and says the same.
func TestFollowAfterACrash(t *testing.T) {
	h := newChat(t, anas)
	h.clock = h.clock.Add(3 * time.Minute)
	h.relay.after = func(forward.Letter) error { return errors.New("the connection broke") }
	job := core.Job{Kind: core.JobFollow, Workspace: h.ws, Key: string(h.conversation().ID)}
	if err := h.work(job, h.f.Follow); err == nil {
		t.Fatal("the relay's error is lost")
	}
	h.relay.after = nil
	h.writes("It costs 90.")
	got := h.follow()
	if len(got) != 3 || got[0].MessageID != got[1].MessageID || got[0].Text != got[1].Text || !strings.Contains(got[2].Text, "It costs 90.") {
		t.Errorf("got %+v", got)
	}
}

// TestFollowIsNotStuck: a mail that did not go, and need not any more, keeps none of the later ones back.
func TestFollowIsNotStuck(t *testing.T) {
	for name, then := range map[string]func(h *house){"read meanwhile": (*house).reads, "wrote meanwhile": func(h *house) { h.says(text("Hello?")) }} {
		t.Run(name, func(t *testing.T) {
			h := newChat(t, anas)
			h.clock = h.clock.Add(3 * time.Minute)
			h.relay.fail = func(forward.Letter) error { return &forward.RelayError{Code: 451, Text: "busy", Temporary: true} }
			if err := h.work(core.Job{Kind: core.JobFollow, Workspace: h.ws, Key: string(h.conversation().ID)}, h.f.Follow); err == nil {
				t.Fatal("the relay's error is lost")
			}
			h.relay.fail = nil
			then(h)
			if got := h.follow(); len(got) != 0 {
				t.Errorf("%d mails of what they know", len(got))
			}
			h.writes("It costs 90.")
			if got := h.follow(); len(got) != 1 || !strings.Contains(got[0].Text, "It costs 90.") || strings.Contains(got[0].Text, "Yes, it is.") {
				t.Errorf("got %+v", got)
			}
		})
	}
}

// TestFollowWhoCannotBeMailed: what no letter can be addressed to is given up, and not tried for days.
func TestFollowWhoCannotBeMailed(t *testing.T) {
	for _, address := range []string{"ana", "кот@почта.example"} {
		if got := newChat(t, address).follow(); len(got) != 0 {
			t.Errorf("%s: %d mails", address, len(got))
		}
	}
}

// TestVisitorAnswers: an answer comes from where the mail went, once, without what a machine wrote; then it is said in the chat.
func TestVisitorAnswers(t *testing.T) {
	h := newChat(t, anas)
	to := h.follow()[0].ReplyTo.Address
	mail := func(from, more string) []byte {
		return []byte("From: Ana <" + from + ">\r\nTo: " + to + "\r\nSubject: Re: chat\r\nMessage-ID: <1@customer.example>\r\n" + more + "\r\nI come at four.\r\n")
	}
	take := func(from, more string) error {
		env := forward.Envelope{From: from, To: to}
		return errors.Join(h.f.Accepts(t.Context(), env), h.f.Receive(t.Context(), env, mail(from, more)))
	}
	if err := take("thief@customer.example", ""); core.CodeOf(err) != core.CodeForbidden {
		t.Errorf("somebody else: %v", err)
	}
	h.must(take(anas, "Auto-Submitted: auto-replied\r\n"))
	h.must(take("Ana@Customer.example", ""))
	h.must(take("Ana@Customer.example", ""))
	all, err := h.repo.Messages(t.Context(), h.conversation().ID, core.Page{})
	h.must(err)
	if len(all) != 4 || all[0].Content.Text != "I come at four." || all[0].Direction != core.In {
		t.Errorf("got %d messages, the last %+v", len(all), all[0])
	}
	h.clock = h.clock.Add(100 * 24 * time.Hour)
	if err := take(anas, ""); core.CodeOf(err) != core.CodeForbidden {
		t.Errorf("expired: %v", err)
	}
}

// TestVisitorsFiles: an answer with files brings them to the agents, with the words and in one mail; and what an agent attaches, the visitor is mailed.
func TestVisitorsFiles(t *testing.T) {
	h := newChat(t, anas)
	h.forwardTo("Lena")
	h.options.AttachLimit = 1 << 20
	h.open()
	sent := h.picture("a", 1)
	_, _, err := h.outbox.Compose(t.Context(), h.ws, outbound.Request{Conversation: h.conversation().ID, Author: core.Author{Kind: core.AuthorAPI}, Contents: []core.Content{sent}})
	h.must(err)
	h.settle()
	got := h.follow()
	if l := got[len(got)-1]; len(l.Files) != 1 || l.Files[0].Name != "a-1.jpg" {
		t.Fatalf("the visitor is mailed %+v", l.Files)
	}
	to := got[len(got)-1].ReplyTo.Address
	const parts = "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nMine looks like this.\r\n--b\r\n" +
		"Content-Type: image/png; name=mine.png\r\nContent-Disposition: attachment; filename=mine.png\r\n\r\nPNG\r\n--b\r\n" +
		"Content-Type: application/pdf\r\nContent-Disposition: attachment; filename=\"../bill.pdf\"\r\n\r\nPDF\r\n--b--\r\n"
	mail := []byte("From: Ana <" + anas + ">\r\nTo: " + to + "\r\nSubject: Re: chat\r\nMessage-ID: <2@customer.example>\r\n" + parts)
	for range 2 {
		h.must(h.f.Receive(t.Context(), forward.Envelope{From: anas, To: to}, mail))
	}
	h.settle()
	l := h.last("Lena")
	if !strings.Contains(l.Text, "Mine looks like this.") || len(l.Files) != 2 || l.Files[0].Name != "mine.png" || l.Files[1].Name != "bill.pdf" || string(h.relay.files["mine.png"]) != "PNG" {
		t.Errorf("Lena got %+v\n%s", l.Files, l.Text)
	}
	n := 0
	for _, l := range h.relay.to(h.agents["Lena"]) {
		if len(l.Files) > 0 {
			n++
		}
	}
	if n != 1 {
		t.Errorf("%d mails with files", n)
	}
}

// TestFilesKeepTheirNames: whatever they are called, and however long; one without a name is called by its kind.
func TestFilesKeepTheirNames(t *testing.T) {
	for _, c := range []struct{ name, want string }{
		{"", "image.png"},
		{"../../bill.png", "bill.png"},
		{strings.Repeat("long ", 30) + ".png", strings.Repeat("long ", 30) + ".png"},
		{strings.Repeat("صورة ", 30) + ".png", ".png"},
		{"gnp.\u202eexe.png", "gnp.exe.png"},
	} {
		t.Run(c.want, func(t *testing.T) {
			file := forward.IncomingFile{Name: c.name, MIME: "image/png", Data: []byte("PNG")}
			check := func(who, got string) {
				t.Helper()
				if cut := c.want == ".png" && len(got) > 100 && strings.HasSuffix(got, ".png"); got != c.want && !cut {
					t.Errorf("%s got %q", who, got)
				}
			}
			h := newChat(t, anas)
			h.forwardTo("Lena")
			h.options.AttachLimit = 1 << 20
			h.open()
			to := h.follow()[0].ReplyTo.Address
			mail := strings.Replace(string(h.raw(answer{from: "Ana <" + anas + ">", to: to, text: "Mine looks like this.", files: []forward.IncomingFile{file}})), ` filename=""`, "", 1)
			h.must(h.f.Receive(t.Context(), forward.Envelope{From: anas, To: to}, []byte(mail)))
			h.settle()
			check("Lena", h.last("Lena").Files[0].Name)
			h.link.sent = nil
			h.reply(answer{to: h.address("Lena"), text: "Nice!", files: []forward.IncomingFile{file}})
			check("Ana", h.link.sent[1].Content.Media.Name)
		})
	}
}

// TestFormBefore: the mail about what a visitor wrote says what they filled in before it.
func TestFormBefore(t *testing.T) {
	h := newHouse(t)
	h.forwardTo("Lena")
	h.says(core.Content{Kind: core.KindForm, Form: &core.Form{Name: "chat", Fields: map[string]any{"email": anas, "name": "Ana"}}})
	h.says(text("Is the blue bicycle still there?"))
	h.settle()
	if mail := h.last("Lena").Text; !strings.Contains(mail, "> [Filled in a form: chat] email: "+anas+", name: Ana") {
		t.Errorf("got\n%s", mail)
	}
}
