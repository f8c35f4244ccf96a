package forward_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"causeway/core"
	"causeway/core/forward"
	"causeway/core/outbound"
)

// asked is a house in which Grace has asked something, and Lena, Omar and Olga know.
func asked(t *testing.T) *house {
	t.Helper()
	h := newHouse(t)
	h.forwardTo("Lena", "Omar", "Olga")
	h.says(text("Is the blue bicycle still there?"))
	h.settle()
	return h
}

// address is where an agent answers.
func (h *house) address(name string) string { return h.last(name).ReplyTo.Address }

func quoted(l forward.Letter) string {
	return "\n\nOn Mon, Mar 2, 2026 at 12:30 PM " + l.From.Name + " <" + l.From.Address + "> wrote:\n\n> " + strings.ReplaceAll(strings.TrimSpace(l.Text), "\n", "\n> ") + "\n"
}

// state is what became of the mail that a job was made for.
func (h *house) state(id core.MailID) core.Mail {
	h.Helper()
	m, err := h.repo.Mail(h.Context(), id)
	h.must(err)
	return m
}

// judged hands a mail in, lets everything happen, and returns what became of it.
func (h *house) judged(a answer) core.Mail {
	h.Helper()
	h.must(h.door(a))
	h.queue.mu.Lock()
	i := slices.IndexFunc(h.queue.jobs, func(j core.Job) bool { return j.Kind == core.JobReply })
	if i < 0 {
		h.Fatal("no job for the mail")
	}
	j := h.queue.jobs[i]
	h.queue.mu.Unlock()
	id := h.nextMail(j)
	h.settle()
	return h.state(id)
}

// nextMail is the mail that a job would take first.
func (h *house) nextMail(j core.Job) core.MailID {
	h.Helper()
	m, err := h.repo.NextMail(h.Context(), core.ConversationID(j.Key))
	h.must(err)
	return m.ID
}

func TestReplyReachesTheCustomer(t *testing.T) {
	h := asked(t)
	m := h.judged(answer{to: strings.ToUpper(h.address("Lena")), text: "It is.\n\nCome on Saturday?" + quoted(h.last("Lena"))})
	h.wantPhone("It is.\n\nCome on Saturday?")
	h.wantMails("Lena", 1)
	if m.State != core.MailSent || m.Message == "" {
		t.Errorf("%+v", m)
	}
	sent, err := h.repo.Message(t.Context(), m.Message)
	h.must(err)
	if sent.Author.Kind != core.AuthorAgent || sent.Author.Agent != h.agents["Lena"].ID || sent.Key != "mail/"+string(m.ID) {
		t.Errorf("%+v", sent)
	}
}

func TestFirstWhoAnswersTakesTheConversation(t *testing.T) {
	h := asked(t)
	h.reply(answer{to: h.address("Lena"), text: "Yes"})
	h.reply(answer{from: "omar@example.com", to: h.address("Omar"), text: "Me too"})
	if c := h.conversation(); c.Agent != h.agents["Lena"].ID {
		t.Errorf("it is %q's", c.Agent)
	}
	history, err := h.repo.ConversationEvents(t.Context(), h.conversation().ID)
	h.must(err)
	n := 0
	for _, e := range history {
		if e.Kind == core.ConversationEventAssigned {
			n++
		}
	}
	if n != 1 {
		t.Errorf("%d times assigned", n)
	}
	h.wantPhone("Yes", "Me too")
}

func TestSameMailAgain(t *testing.T) {
	h := asked(t)
	raw := h.raw(answer{to: h.address("Lena"), text: "only once"})
	for i := range 3 {
		env := forward.Envelope{From: "lena@example.com", To: h.address("Lena"), Remote: netip.MustParseAddr("192.0.2.1")}
		trace := fmt.Sprintf("Received: from x (x [192.0.2.%d])\r\n\tby us; %d\r\n", i, i)
		h.must(h.f.Receive(t.Context(), env, append([]byte(trace), raw...)))
		h.settle()
	}
	h.wantPhone("only once")
}

// The process ends after the message is composed and before the mail is marked.
func TestCrashAfterComposing(t *testing.T) {
	h := asked(t)
	compose, boom := h.options.Compose, errors.New("boom")
	h.options.Compose = func(ctx context.Context, ws core.WorkspaceID, d forward.Draft) ([]core.Message, core.Decision, error) {
		if _, _, err := compose(ctx, ws, d); err != nil {
			return nil, core.Decision{}, err
		}
		return nil, core.Decision{}, boom
	}
	h.open()
	h.must(h.door(answer{to: h.address("Lena"), text: "once", files: []forward.IncomingFile{{Name: "a.pdf", MIME: "application/pdf", Data: []byte("%PDF-1.4")}}}))
	jobs := h.queue.take(core.JobReply)
	id := h.nextMail(jobs[0])
	if err := h.work(jobs[0], h.f.Reply); !errors.Is(err, boom) {
		t.Fatalf("answered %v", err)
	}
	h.says(text("meanwhile")) // another mail goes out, which changes what may be quoted
	h.settle()
	h.options.Compose = compose
	h.open()
	h.must(h.work(jobs[0], h.f.Reply))
	h.must(h.work(jobs[0], h.f.Reply))
	h.settle()
	h.wantPhone("once", "document a.pdf")
	if m := h.state(id); m.State != core.MailSent || m.Message == "" {
		t.Errorf("%+v", m)
	}
}

// A mail whose text is lost (a store of files that was not restored with the database) is given up like one that cannot be judged: its author hears of it,
// and those behind it go on.
func TestMailWithoutItsText(t *testing.T) {
	h := asked(t)
	h.must(h.door(answer{to: h.address("Lena"), text: "It is."}))
	h.must(h.door(answer{to: h.address("Omar"), from: "omar@example.com", text: "I have it here."}))
	j := h.queue.take(core.JobReply)[0]
	first := h.state(h.nextMail(j))
	h.must(h.blobs.Delete(t.Context(), first.Blob))
	work := core.Work{Job: j, Attempt: 1, Finish: func(context.Context, core.Tx) error { return nil }}
	if err := h.f.Reply(t.Context(), work); err == nil {
		t.Error("given up at once")
	}
	work.Attempt = 8
	h.must(h.f.Reply(t.Context(), work))
	h.settle()
	if m := h.state(first.ID); m.State != core.MailRefused {
		t.Errorf("the mail is %s", m.State)
	}
	h.wantMails("Lena", 2)
	h.wantPhone("I have it here.")
}

func TestDoor(t *testing.T) {
	h := asked(t)
	own := h.address("Lena")
	_, otherDomain, _ := strings.Cut(own, "@")
	for _, c := range []struct {
		name, to string
		prepare  func(h *house)
		code     core.Code
		says     string
	}{
		{"no token", "someone@" + domain, nil, core.CodeNotFound, "reply button"},
		{"forged token", own[:20] + flip(own[20]) + own[21:], nil, core.CodeNotFound, "reply button"},
		{"half a token", own[:30] + "@" + otherDomain, nil, core.CodeNotFound, "reply button"},
		{"empty", "", nil, core.CodeNotFound, "reply button"},
		{"expired", own, func(h *house) { h.clock = noon.AddDate(0, 0, 92) }, core.CodeForbidden, "expired"},
		{"revoked", own, func(h *house) {
			a := h.agents["Lena"]
			a.Epoch++
			h.must(h.repo.SaveAgent(h.Context(), a))
		}, core.CodeForbidden, "revoked"},
		{"disabled", own, func(h *house) {
			a := h.agents["Lena"]
			a.Disabled = true
			h.must(h.repo.SaveAgent(h.Context(), a))
		}, core.CodeForbidden, "revoked"},
		{"store away", own, func(h *house) { _ = h.store.Close() }, core.CodeUnavailable, "later"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := h
			if c.prepare != nil {
				h = asked(t)
				c.to = h.address("Lena")
				c.prepare(h)
			}
			env := forward.Envelope{From: "lena@example.com", To: c.to}
			err := h.f.Accepts(t.Context(), env)
			if core.CodeOf(err) != c.code || !strings.Contains(err.Error(), c.says) {
				t.Errorf("answered %q %v", core.CodeOf(err), err)
			}
			received := h.f.Receive(t.Context(), env, h.raw(answer{to: c.to, text: "x"}))
			if received == nil {
				t.Error("received all the same")
			}
			if c.code == core.CodeUnavailable && core.CodeOf(received) != "" {
				t.Errorf("refused for good though it is temporary: %v", received)
			}
			if jobs := h.queue.take(core.JobReply); len(jobs) != 0 {
				t.Errorf("%d jobs", len(jobs))
			}
		})
	}
}

func flip(c byte) string {
	if c == 'a' {
		return "b"
	}
	return "a"
}

// Mail programs that do not heed Reply-To answer to the sender; what they answer tells the conversation.
func TestAnswerToTheSender(t *testing.T) {
	h := asked(t)
	id := h.last("Lena").MessageID
	_, domain, _ := strings.Cut(h.address("Lena"), "@")
	for i, to := range []string{noReply, "r@" + domain, "R@" + strings.ToUpper(domain)} { // the others lost what stood behind the "+"
		m := h.judged(answer{to: to, id: fmt.Sprint("bare.", i), text: "To " + to, headers: []string{"In-Reply-To: <" + id + ">"}})
		if m.State != core.MailSent || m.To != h.address("Lena") {
			t.Errorf("%s: %+v", to, m)
		}
	}
	h.wantPhone("To "+noReply, "To r@"+domain, "To R@"+strings.ToUpper(domain))
	if err := h.door(answer{to: noReply, text: "To nobody"}); core.CodeOf(err) != core.CodeNotFound {
		t.Errorf("without a reference: %v", err)
	}
	forged := strings.Replace(id, ".", ".a", 1)
	if err := h.door(answer{to: noReply, text: "To nobody", headers: []string{"References: <" + forged + ">"}}); core.CodeOf(err) != core.CodeNotFound {
		t.Errorf("with a forged reference: %v", err)
	}
}

func TestIdentity(t *testing.T) {
	for _, c := range []struct {
		name    string
		from    string
		headers []string
		proven  bool
		allow   bool
		state   core.MailState
		told    string // who gets a mail
		says    string
	}{
		{"the agent", "Lena <lena@example.com>", nil, true, false, core.MailSent, "", ""},
		{"another address of theirs", "LENA@alias.example", nil, true, false, core.MailSent, "", ""},
		{"not proven", "lena@example.com", nil, false, false, core.MailQuarantined, "Lena", "could not be proven"},
		{"not proven, allowed", "lena@example.com", nil, false, true, core.MailSent, "", ""},
		{"a stranger", "mallory@evil.test", nil, true, false, core.MailQuarantined, "Lena", "mallory@evil.test"},
		{"a stranger, check off", "mallory@evil.test", nil, false, true, core.MailQuarantined, "Lena", "mallory@evil.test"},
		{"display name", `"lena@example.com" <mallory@evil.test>`, nil, true, false, core.MailQuarantined, "Lena", "mallory@evil.test"},
		{"two addresses", "lena@example.com, mallory@evil.test", nil, true, false, core.MailQuarantined, "Lena", "could not be proven"},
		{"two fields", "lena@example.com", []string{"From: mallory@evil.test"}, true, false, core.MailQuarantined, "Lena", "could not be proven"},
		{"a colleague", "omar@example.com", nil, true, false, core.MailRefused, "Omar", "أُرسلت إلى زميل"},
		{"somebody as a colleague", "omar@example.com", nil, false, false, core.MailQuarantined, "Lena", "omar@example.com"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := asked(t)
			h.proof, h.options.AllowUnproven = forward.Proof{Aligned: c.proven, Detail: "dkim: no"}, c.allow
			h.open()
			m := h.judged(answer{from: c.from, to: h.address("Lena"), text: "Send the goods to me.", headers: c.headers})
			if m.State != c.state {
				t.Errorf("the mail is %s: %s", m.State, m.Reason)
			}
			for _, name := range []string{"Lena", "Omar", "Olga"} {
				n := 1
				if name == c.told {
					n++
					if l := h.last(name); !strings.Contains(l.Text, c.says) {
						t.Errorf("%s is told:\n%s", name, l.Text)
					}
				}
				h.wantMails(name, n)
			}
			if len(h.relay.letters) > 4 {
				t.Errorf("%d mails", len(h.relay.letters))
			}
			if c.state == core.MailSent {
				h.wantPhone("Send the goods to me.")
				return
			}
			h.wantPhone()
			if c.told == "Lena" && strings.Contains(h.last("Lena").Text, "Send the goods") {
				t.Error("the warning carries what the stranger wrote")
			}
			kept, err := h.repo.DeadLetters(t.Context(), core.Page{})
			h.must(err)
			if (c.state == core.MailQuarantined) != (len(kept) == 1) {
				t.Errorf("%d mails are kept for a person", len(kept))
			}
		})
	}
}

// What an agent wrote before, and our mails repeat, they may write again: to say it once more, or because it was given back to them.
func TestSameWordsAgain(t *testing.T) {
	const words = "Yes, it is still here, and you can come on Saturday from ten in the morning until four."
	for _, name := range []string{"Lena", "Omar", "Olga"} {
		from := strings.ToLower(name) + "@example.com"
		t.Run(name+" says it twice", func(t *testing.T) {
			h := asked(t)
			h.reply(answer{from: from, to: h.address(name), text: words + quoted(h.last(name))})
			h.says(text("Pardon?"))
			h.settle()
			h.reply(answer{from: from, to: h.address(name), text: words + quoted(h.last(name))})
			h.wantPhone(words, words)
		})
		t.Run(name+" was too late", func(t *testing.T) {
			h := asked(t)
			h.clock = h.clock.Add(25 * time.Hour)
			h.reply(answer{from: from, to: h.address(name), text: words + quoted(h.last(name))})
			h.wantPhone()
			h.says(text("Hello?"))
			h.settle()
			h.reply(answer{from: from, to: h.address(name), text: words + quoted(h.last(name))})
			h.wantPhone(words)
		})
		t.Run(name+" was asked", func(t *testing.T) {
			h := asked(t)
			if m := h.judged(answer{from: from, to: h.address(name), text: words + "\n\n----- Weiteres -----\n\nAnd more."}); m.State != core.MailRefused {
				t.Fatalf("the mail is %s", m.State)
			}
			h.reply(answer{from: from, to: h.address(name), text: words})
			h.wantPhone(words)
		})
	}
	t.Run("a long text", func(t *testing.T) {
		h := asked(t)
		var long []string
		for i := range 40 {
			long = append(long, fmt.Sprintf("Number %d has a frame of steel, and its price is %d with the lock.", i, 90+i*7))
		}
		said := strings.Join(long, "\n")
		h.clock = h.clock.Add(25 * time.Hour)
		h.reply(answer{to: h.address("Lena"), text: said + quoted(h.last("Lena"))})
		given := h.address("Lena")
		h.says(text("Hello?"))
		h.settle()
		h.reply(answer{to: given, text: said})
		h.wantPhone(said)
	})
	t.Run("our own words", func(t *testing.T) {
		h := asked(t)
		h.reply(answer{to: h.address("Lena"), text: words + quoted(h.last("Lena"))})
		h.says(text("Please tell me once more what it costs with the basket and the second lock."))
		h.settle()
		if m := h.judged(answer{to: h.address("Lena"), text: words + "\n\nPlease tell me once more what it costs with the basket and the second lock. Your answer to this mail goes to Grace Miller on WhatsApp."}); m.State != core.MailRefused {
			t.Errorf("the mail is %s", m.State)
		}
	})
}

// Where the agents' own addresses are of the domain of the reply addresses, so are the ids that their mail programs give.
func TestAgentsOfTheReplyDomain(t *testing.T) {
	h := asked(t)
	lena := h.agents["Lena"]
	lena.Addresses = append(lena.Addresses, "lena@"+domain)
	h.must(h.repo.SaveAgent(t.Context(), lena))
	m := h.judged(answer{from: "Lena <lena@" + domain + ">", id: "7f3c@" + domain, to: h.address("Lena"), text: "It is."})
	if m.State != core.MailSent {
		t.Errorf("the mail is %s: %s", m.State, m.Reason)
	}
	h.wantPhone("It is.")
	if m := h.judged(answer{from: "Causeway <" + noReply + ">", id: "7f3d@" + domain, to: h.address("Lena"), text: "It is."}); m.State != core.MailIgnored {
		t.Errorf("our own mail is %s: %s", m.State, m.Reason)
	}
}

// Whether it is a colleague who answered to another's address is not guessed while it cannot be found out.
func TestColleagueIsProvenLater(t *testing.T) {
	h := asked(t)
	h.proof = forward.Proof{Temporary: true, Detail: "dkim: no answer"}
	h.must(h.door(answer{from: "omar@example.com", to: h.address("Lena"), text: "It is."}))
	j := h.queue.take(core.JobReply)[0]
	if err := h.work(j, h.f.Reply); err == nil {
		t.Error("judged without a proof")
	}
	h.proof = forward.Proof{Aligned: true}
	h.must(h.work(j, h.f.Reply))
	h.settle()
	h.wantMails("Lena", 1)
	h.wantMails("Omar", 2)
}

func TestManyStrangersOneWarning(t *testing.T) {
	h := asked(t)
	for i := range 5 {
		h.reply(answer{from: fmt.Sprintf("mallory%d@evil.test", i), to: h.address("Lena"), text: "x"})
	}
	h.wantMails("Lena", 2)
}

func TestAutomaticMailEndsHere(t *testing.T) {
	null := ""
	for name, a := range map[string]answer{
		"auto-replied":   {headers: []string{"Auto-Submitted: auto-replied (vacation)"}},
		"with parameter": {headers: []string{"Auto-Submitted: auto-replied; owner-email=\"a@b\""}},
		"with comment":   {headers: []string{"Auto-Submitted: (robot) auto-generated"}},
		"lower case":     {headers: []string{"auto-submitted: Auto-Notified"}},
		"precedence":     {headers: []string{"Precedence: bulk"}},
		"precedence 2":   {headers: []string{"Precedence: auto_reply"}},
		"x-precedence":   {headers: []string{"X-Precedence: auto_reply"}},
		"message class":  {headers: []string{"X-POST-MessageClass: 9; Autoresponder"}},
		"list":           {headers: []string{"List-Id: <a.example>"}},
		"unsubscribe":    {headers: []string{"List-Unsubscribe: <mailto:x@example.com>"}},
		"x-autoreply":    {headers: []string{"X-Autoreply: yes"}},
		"ticket system":  {headers: []string{"X-ServiceNow-Generated: true"}},
		"x-autorespond":  {headers: []string{"X-Autorespond: "}},
		"x-mail":         {headers: []string{"X-Mail-Autoreply: 1"}},
		"x-from":         {headers: []string{"X-AutoReply-From: lena@example.com"}},
		"machine":        {headers: []string{"X-FC-MachineGenerated: true"}},
		"loop":           {headers: []string{"X-Loop: lena@example.com"}},
		"ours":           {headers: []string{"X-Causeway-Instance: 1234"}},
		"our id":         {id: "123.abc@Reply.Example"},
		"null sender":    {sender: &null},
		"circles":        {headers: slices.Repeat([]string{"Received: from a by b"}, 60)},
		"report":         {headers: []string{"Content-Type: multipart/report; boundary=x"}},
	} {
		t.Run(name, func(t *testing.T) {
			h := asked(t)
			a.to, a.text = h.address("Lena"), "I am out of office."
			if m := h.judged(a); m.State != core.MailIgnored || m.Reason == "" {
				t.Errorf("the mail is %s: %q", m.State, m.Reason)
			}
			h.wantPhone()
			h.wantMails("Lena", 1)
		})
	}
	t.Run("through a service", func(t *testing.T) {
		h := asked(t)
		h.reply(answer{to: h.address("Lena"), text: "by hand", headers: []string{"In-Reply-To: <1@reply.example>", "List-Unsubscribe: <mailto:x@example.com>"}})
		h.wantPhone("by hand")
	})
	t.Run("not automatic", func(t *testing.T) {
		h := asked(t)
		h.reply(answer{to: h.address("Lena"), text: "by hand", headers: []string{"Auto-Submitted: no", "X-Auto-Response-Suppress: All", "X-Autoreply: no", "Precedence: first-class"}})
		h.wantPhone("by hand")
	})
}

func TestBounce(t *testing.T) {
	report := func(h *house, action, id string) string {
		return "multipart report\n\n--b\nContent-Type: message/delivery-status\n\nAction: " + action + "\nStatus: 5.2.2\nDiagnostic-Code: smtp; 550 mailbox full\n\n" +
			"--b\nContent-Type: text/rfc822-headers\n\nMessage-ID: <" + id + ">\n"
	}
	null := ""
	for _, c := range []struct {
		name, action string
		ours         bool
		sent         int // notices still counted as sent
		told         string
	}{{"failed", "failed", true, 0, "Lena: 5.2.2; smtp; 550 mailbox full"}, {"delayed", "delayed", true, 1, ""}, {"of a mail that the relay gave another id", "failed", false, 1, "Lena: 5.2.2; smtp; 550 mailbox full"}} {
		t.Run(c.name, func(t *testing.T) {
			h := asked(t)
			told := h.hearUnreached()
			l := h.last("Lena")
			id := l.MessageID
			if !c.ours {
				id = "other@example.com"
			}
			m := h.judged(answer{from: "MAILER-DAEMON@example.com", sender: &null, to: l.Envelope, text: report(h, c.action, id)})
			if m.State != core.MailIgnored {
				t.Errorf("the mail is %s", m.State)
			}
			sent, err := h.repo.NoticesTo(t.Context(), h.conversation().ID, h.agents["Lena"].ID, 9)
			h.must(err)
			if len(sent) != c.sent {
				t.Errorf("%d notices sent, want %d", len(sent), c.sent)
			}
			logged, err := h.repo.ChannelLog(t.Context(), h.channel.ID, core.Page{})
			h.must(err)
			if got := strings.Contains(h.jsonOf(logged), "mailbox full"); got != (c.sent == 0) {
				t.Errorf("the channel log: %s", h.jsonOf(logged))
			}
			h.wantMails("Lena", 1)
			if got := strings.Join(*told, "\n"); got != c.told {
				t.Errorf("told %q, want %q", got, c.told)
			}
		})
	}
	for name, a := range map[string]answer{
		"a program answers in the name of another address": {from: "helpdesk@example.com", headers: []string{"Auto-Submitted: auto-replied"}, text: "We have got your mail."},
		"the mail was read": {headers: []string{"Content-Type: multipart/report; report-type=disposition-notification; boundary=b"},
			text: "--b\nContent-Type: message/disposition-notification\n\nOriginal-Message-ID: <ID>\nDisposition: manual-action/MDN-sent-manually; displayed\n"},
		"an answer that names our mail in its header alone": {from: "helpdesk@example.com", text: "We have got your mail."},
	} {
		t.Run(name, func(t *testing.T) {
			h := asked(t)
			told := h.hearUnreached()
			l := h.last("Lena")
			a.sender, a.to, a.text = &null, l.Envelope, strings.ReplaceAll(a.text, "ID", l.MessageID)
			a.headers = append(a.headers, "In-Reply-To: <"+l.MessageID+">")
			h.judged(a)
			sent, err := h.repo.NoticesTo(t.Context(), h.conversation().ID, h.agents["Lena"].ID, 9)
			h.must(err)
			if len(sent) != 1 || len(*told) != 0 {
				t.Errorf("taken for a bounce: %d sent, told %q", len(sent), *told)
			}
		})
	}
	t.Run("a person writes to the return path", func(t *testing.T) {
		h := asked(t)
		if m := h.judged(answer{to: h.last("Lena").Envelope, text: "hello"}); m.State != core.MailIgnored {
			t.Errorf("the mail is %s", m.State)
		}
		h.wantPhone()
	})
}

func (h *house) templates() {
	h.Helper()
	body := func(s string, examples map[string]string) []core.Component {
		return []core.Component{{Type: "body", Text: s, Examples: examples}}
	}
	h.must(h.repo.PutTemplates(h.Context(), h.channel.ID, []core.Template{
		{Channel: h.channel.ID, Name: "followup", Language: "en_US", Category: "utility", Status: core.TemplateApproved,
			Components: body("Hello {{1}}, about {{2}}: please write back.", map[string]string{"1": "Anna", "2": "the order"})},
		{Channel: h.channel.ID, Name: "hello", Language: "en_US", Category: "marketing", Status: core.TemplateApproved, Components: body("Hello!", nil)},
		{Channel: h.channel.ID, Name: "waiting", Language: "en_US", Status: core.TemplatePending, Components: body("no", nil)},
		{Channel: h.channel.ID, Name: "code", Language: "en_US", Category: "authentication", Status: core.TemplateApproved, Components: body("no", nil)},
		{Channel: h.channel.ID, Name: "picture", Language: "en_US", Status: core.TemplateApproved, Components: []core.Component{{Type: "header", Format: "image"}}},
	}))
}

func TestRefusedThenTemplate(t *testing.T) {
	h := asked(t)
	h.templates()
	for name, from := range map[string]string{"Lena": "lena@example.com", "Omar": "omar@example.com", "Olga": "olga@example.com"} {
		h.clock = noon.Add(24*time.Hour + time.Second)
		m := h.judged(answer{from: from, id: "late-" + from, to: h.address(name), text: "Shall I keep it for you?" + quoted(h.last(name))})
		if m.State != core.MailRefused {
			t.Errorf("the mail is %s", m.State)
		}
		if l := h.last(name); l.InReplyTo != "late-"+from || l.From.Name != "Causeway" {
			t.Errorf("the refusal answers %q, from %q", l.InReplyTo, l.From.Name)
		} else if !slices.Contains(l.Headers, [2]string{core.TraceHeader, m.ID.Trace()}) {
			t.Errorf("the refusal does not say the trace of the mail %s: %v", m.ID.Trace(), l.Headers)
		}
	}
	golden(t, "refused", h.all()...)
	h.wantPhone()
	h.reply(answer{to: h.address("Lena"), text: "#template 1 | Grace | the blue bicycle" + quoted(h.last("Lena"))})
	h.wantPhone("template Hello Grace, about the blue bicycle: please write back.")
	h.wantMails("Lena", 2)
}

func TestCommands(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       string // on the phone
		says       string // in the mail that comes back
	}{
		{"spaces instead of the first bar", "#template 1 Grace | it", "template Hello Grace, about it: please write back.", ""},
		{"capitals", "#Template 1|Grace|it", "template Hello Grace, about it: please write back.", ""},
		{"by name", "#template followup | Grace | it", "template Hello Grace, about it: please write back.", ""},
		{"without words", "#template 2", "template Hello!", ""},
		{"in Arabic", "#قالب ١ | منى | الدراجة", "template Hello منى, about الدراجة: please write back.", ""},
		{"broken line", "#template 1 | Grace Miller of the Green Street | the blue bicycle that\nyou looked at", "template Hello Grace Miller of the Green Street, about the blue bicycle that you looked at: please write back.", ""},
		{"no such number", "#template 7", "", "no template number 7"},
		{"no number", "#template", "", "no template number"},
		{"words for one that takes none", "#template 2 | Grace", "", "takes no words"},
		{"a word missing", "#template 1 | Grace", "", "body.1, body.2"},
		{"too many words", "#template 2 | Grace", "", "#template"},
		{"an empty word", "#template 1 | | it", "", "body.1, body.2"},
		{"text behind", "#template 2\n\nAnd see you soon", "", "must stand alone"},
		{"typo", "#tempalte 2", "", "written wrong"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := asked(t)
			h.templates()
			h.clock = noon.Add(25 * time.Hour)
			h.reply(answer{to: h.address("Lena"), text: "late"})
			h.reply(answer{to: h.address("Lena"), text: c.text})
			if c.want != "" {
				h.wantPhone(c.want)
				h.wantMails("Lena", 2)
				return
			}
			h.wantPhone()
			h.wantMails("Lena", 3)
			if l := h.last("Lena"); !strings.Contains(l.Text, c.says) || !strings.Contains(l.Text, "#template 1 | Anna | the order") || !strings.Contains(l.Text, strings.SplitN(c.text, "\n", 2)[0]) {
				t.Errorf("the mail says:\n%s", l.Text)
			}
		})
	}
	t.Run("no command", func(t *testing.T) {
		h := asked(t)
		h.reply(answer{to: h.address("Lena"), text: "#1 priority is your bicycle"})
		h.wantPhone("#1 priority is your bicycle")
	})
}

func TestFailedMessageComesBack(t *testing.T) {
	h := asked(t)
	h.link.fail = &core.SendError{Code: "131026", Outcome: core.Rejected, Effect: core.EffectFail, Reason: "The number cannot be reached.", Remedy: "Call them."}
	h.reply(answer{to: h.address("Lena"), text: "your bicycle is ready"})
	l := h.last("Lena")
	for _, want := range []string{"Grace Miller did not get your message", "The number cannot be reached. Call them. (131026)", "your bicycle is ready"} {
		if !strings.Contains(l.Text, want) {
			t.Errorf("it does not say %q:\n%s", want, l.Text)
		}
	}
	h.wantMails("Lena", 2)
}

// What a provider's code means is said in the agent's language.
func TestFailureInTheAgentsLanguage(t *testing.T) {
	for name, want := range map[string]string{
		"Olga": "У WhatsApp сейчас неполадки. Спросите клиента, прежде чем отправлять снова. (131000)",
		"Omar": "لدى WhatsApp عطل الآن. اسأل العميل قبل أن ترسلها مرة أخرى. (131000)",
	} {
		h := asked(t)
		h.link.fail = &core.SendError{Code: "131000", Outcome: core.Rejected, Effect: core.EffectFail, Reason: "WhatsApp has trouble at the moment.",
			Remedy: "Ask the customer before sending it again."}
		h.reply(answer{from: strings.ToLower(name) + "@example.com", to: h.address(name), text: "your bicycle is ready"})
		if l := h.last(name); !strings.Contains(l.Text, want) {
			t.Errorf("%s reads:\n%s", name, l.Text)
		}
	}
}

func TestFailedInTheQueueOffersTemplates(t *testing.T) {
	h := asked(t)
	h.templates()
	h.must(h.door(answer{to: h.address("Lena"), text: "an answer that waits"}))
	h.must(h.work(h.queue.take(core.JobReply)[0], h.f.Reply))
	h.clock = noon.Add(25 * time.Hour)
	h.settle()
	h.wantPhone()
	if l := h.last("Lena"); !strings.Contains(l.Text, "an answer that waits") || !strings.Contains(l.Text, "#template 1 | Anna | the order") || !strings.Contains(l.Text, "24 h") {
		t.Errorf("%s", l.Text)
	}
}

func TestPartOfALongMessage(t *testing.T) {
	h := asked(t)
	h.link.can.TextLimit = 40
	long := "The first sentence is this one here. The second follows after it at once."
	h.must(h.door(answer{to: h.address("Lena"), text: long}))
	h.must(h.work(h.queue.take(core.JobReply)[0], h.f.Reply))
	h.link.fail = &core.SendError{Code: "1", Outcome: core.Rejected, Effect: core.EffectFail, Reason: "No."}
	h.settle()
	if n := len(h.relay.to(h.agents["Lena"])); n != 3 {
		t.Fatalf("%d mails", n)
	}
	if l := h.last("Lena"); !strings.Contains(l.Text, "did not get part 2 of 2") || !strings.Contains(l.Text, "The second follows") || strings.Contains(l.Text, "The first sentence") {
		t.Errorf("%s", l.Text)
	}
}

func TestNothingToSend(t *testing.T) {
	for name, body := range map[string]string{"empty": "", "only a quote": "QUOTE"} {
		t.Run(name, func(t *testing.T) {
			h := asked(t)
			if body == "QUOTE" {
				body = quoted(h.last("Lena"))
			}
			if m := h.judged(answer{to: h.address("Lena"), text: body}); m.State != core.MailRefused {
				t.Errorf("the mail is %s", m.State)
			}
			h.wantPhone()
			if l := h.last("Lena"); !strings.Contains(l.Text, "Your mail was not sent") {
				t.Errorf("%s", l.Text)
			}
		})
	}
}

func TestFiles(t *testing.T) {
	pdf := forward.IncomingFile{Name: "offer.pdf", MIME: "application/pdf", Data: []byte("%PDF-1.4 test")}
	t.Run("document", func(t *testing.T) {
		h := asked(t)
		h.reply(answer{to: h.address("Lena"), text: "Here is our offer.", files: []forward.IncomingFile{pdf}})
		h.wantPhone("Here is our offer.", "document offer.pdf")
		f := h.file(h.link.sent[1].Content.Media.ID)
		r, err := h.blobs.Open(t.Context(), f.Blob)
		if got := strings.TrimSpace(read(t, r, err)); got != string(pdf.Data) || f.State != core.FileHere {
			t.Errorf("the file holds %q, %s", got, f.State)
		}
	})
	t.Run("file alone", func(t *testing.T) {
		h := asked(t)
		h.reply(answer{to: h.address("Lena"), text: quoted(h.last("Lena")), files: []forward.IncomingFile{pdf}})
		h.wantPhone("document offer.pdf")
	})
	t.Run("type unknown to the mail program", func(t *testing.T) {
		h := asked(t)
		f := pdf
		f.MIME = "application/octet-stream"
		h.reply(answer{to: h.address("Lena"), text: "x", files: []forward.IncomingFile{f}})
		h.wantPhone("x", "document offer.pdf")
	})
	t.Run("not carried", func(t *testing.T) {
		h := asked(t)
		f := forward.IncomingFile{Name: "setup.exe", MIME: "application/x-msdownload", Data: []byte("MZ")}
		h.reply(answer{to: h.address("Lena"), text: "Here", files: []forward.IncomingFile{pdf, f}})
		h.wantPhone()
		if l := h.last("Lena"); !strings.Contains(l.Text, "cannot carry the file setup.exe (application/x-msdownload") || !strings.Contains(l.Text, "> Here") {
			t.Errorf("%s", l.Text)
		}
	})
	t.Run("not carried, but there are links", func(t *testing.T) {
		h := asked(t)
		h.outbox = outbound.New(outbound.Options{Store: h.store, Links: h, Now: h.now, Log: slog.New(slog.DiscardHandler),
			FileLink: func(core.WorkspaceID, core.MediaID, time.Time) string { return "https://bridge.example/media/1" }})
		h.options.LinksFiles = true
		h.open()
		f := forward.IncomingFile{Name: "setup.exe", MIME: "application/x-msdownload", Data: []byte("MZ")}
		h.reply(answer{to: h.address("Lena"), text: "Here", files: []forward.IncomingFile{pdf, f}})
		h.wantPhone("Here", "document offer.pdf", "setup.exe (2 bytes)\nhttps://bridge.example/media/1")
	})
	t.Run("winmail.dat", func(t *testing.T) {
		h := asked(t)
		h.reply(answer{to: h.address("Lena"), text: "Here", files: []forward.IncomingFile{{Name: "winmail.dat", MIME: "application/ms-tnef", Data: []byte{1}}}})
		h.wantPhone()
		if l := h.last("Lena"); !strings.Contains(l.Text, "winmail.dat") {
			t.Errorf("%s", l.Text)
		}
	})
	t.Run("signed mail", func(t *testing.T) {
		h := asked(t)
		h.reply(answer{to: h.address("Lena"), text: "Here", files: []forward.IncomingFile{{Name: "smime.p7s", MIME: "application/pkcs7-signature", Data: []byte{1}}}})
		h.wantPhone("Here")
	})
}

func TestInlinePictures(t *testing.T) {
	picture := func(id, data string) forward.IncomingFile {
		return forward.IncomingFile{Name: id + ".png", MIME: "image/png", ContentID: id + "@x", Data: []byte(data)}
	}
	for _, c := range []struct {
		name, html string
		want       []string
	}{
		{"in the text", `<p>look here</p><p><img src="cid:own@x"></p>`, []string{"look here", "image own.png"}},
		{"in the quote", `<p>look here</p><div class="gmail_quote"><blockquote>old <img src="cid:own@x"></blockquote></div>`, []string{"look here"}},
		{"in the signature", `<p>look here</p><div class="gmail_signature">Lena <img src="cid:own@x"></div>`, []string{"look here"}},
		{"under Outlook's line", `<p>look here</p><div id="divRplyFwdMsg">From: x</div><p><img src="cid:own@x"></p>`, []string{"look here"}},
		{"under headers in another language", `<p>look here</p><p><b>发件人:</b> Mona &lt;mona@shop.example&gt;<br><b>发送时间:</b> 2026年11月21日 10:42<br><b>收件人:</b> Lena &lt;lena@example.com&gt;<br><b>主题:</b> Order</p><p><img src="cid:own@x"></p>`, []string{"look here"}},
		{"under an introduction", `<div>look here</div><div><br></div><div>On 21 Nov 2026, 10:42, Mona &lt;mona@shop.example&gt; wrote:</div><div><br></div><div>old</div><div><img src="cid:own@x"></div>`, []string{"look here"}},
		{"in an unmarked signature", `<p>look here</p><p>Lena</p><p>Shop Ltd</p><p>+49 30 1234567</p><p><img src="cid:own@x"></p>`, []string{"look here"}},
		{"above a signature", `<p>look here</p><p><img src="cid:own@x"></p><p>Lena</p><p>Shop Ltd</p><p>+49 30 1234567</p>`, []string{"look here", "image own.png"}},
		{"below the quote", `<blockquote type="cite">old</blockquote><p>look here <img src="cid:own@x"></p>`, []string{"look here", "image own.png"}},
		{"in indented text", `<blockquote style="margin:0 0 0 40px;border:none">look here <img src="cid:own@x"></blockquote>`, []string{"look here", "image own.png"}},
		{"nowhere", `<p>look here</p>`, []string{"look here"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := asked(t)
			page := "<html><body>" + c.html + "</body></html>"
			h.reply(answer{to: h.address("Lena"), text: "look here", html: page, files: []forward.IncomingFile{picture("own", "png")}})
			got := h.phone()
			if c.name == "nowhere" { // an attachment then, for all the mail says
				if len(got) == 0 || got[0] != "look here" {
					t.Errorf("got %q", got)
				}
				return
			}
			h.wantPhone(c.want...)
		})
	}
	t.Run("a logo is learned", func(t *testing.T) {
		h := asked(t)
		for i := range 3 {
			said := fmt.Sprint("answer ", i)
			h.reply(answer{to: h.address("Lena"), text: said, html: "<p>" + said + `</p><p><img src="cid:logo@x"></p>`, files: []forward.IncomingFile{picture("logo", "the logo")}})
		}
		h.wantPhone("answer 0", "image logo.png", "answer 1", "answer 2")
	})
}

// An emoji that an agent put on our mail comes as a mail of its own, which says so in words. They are not for the customer.
func TestReactionOfMailProgram(t *testing.T) {
	h := asked(t)
	m := h.judged(answer{to: h.address("Lena"), text: "👍 Lena reacted via Gmail", files: []forward.IncomingFile{{MIME: "text/vnd.google.email-reaction+json", Data: []byte(`{"emoji":"👍","version":1}`)}}})
	if m.State != core.MailRefused {
		t.Errorf("the mail is %s (%s)", m.State, m.Reason)
	}
	h.wantPhone()
	if got := h.last("Lena").Text; !strings.Contains(got, "To send an emoji, answer with it") {
		t.Errorf("told %q", got)
	}
}

// What is the mail itself, packed up, is no file for the customer; what only proves it is none either.
func TestSealedMail(t *testing.T) {
	for _, file := range []forward.IncomingFile{{Name: "smime.p7m", MIME: "application/pkcs7-mime", Data: []byte("x")}, {Name: "smime.p7m", MIME: "application/octet-stream", Data: []byte("x")},
		{Name: "version.asc", MIME: "application/pgp-encrypted", Data: []byte("Version: 1")}} {
		h := asked(t)
		if m := h.judged(answer{to: h.address("Lena"), text: " ", files: []forward.IncomingFile{file}}); m.State != core.MailRefused {
			t.Errorf("%s: the mail is %s (%s)", file.MIME, m.State, m.Reason)
		}
		h.wantPhone()
		if got := h.last("Lena").Text; !strings.Contains(got, "Your mail is encrypted, or signed") {
			t.Errorf("%s: told %q", file.MIME, got)
		}
	}
	h := asked(t)
	h.reply(answer{to: h.address("Lena"), text: "Tomorrow.", files: []forward.IncomingFile{{Name: "smime.p7s", MIME: "application/octet-stream", Data: []byte("x")}}})
	h.wantPhone("Tomorrow.")
}

func TestBrake(t *testing.T) {
	h := asked(t)
	h.options.PerHour = 5
	h.open()
	for i := range 9 {
		h.reply(answer{to: h.address("Lena"), text: fmt.Sprint("answer ", i)})
	}
	if n := len(h.phone()); n != 5 {
		t.Errorf("%d messages", n)
	}
	h.wantMails("Lena", 2)
	h.clock = h.clock.Add(61 * time.Minute)
	h.reply(answer{to: h.address("Lena"), text: "later"})
	if n := len(h.phone()); n != 6 {
		t.Errorf("%d messages an hour later", n)
	}
}

func TestUnreadableMail(t *testing.T) {
	h := asked(t)
	env := forward.Envelope{From: "lena@example.com", To: h.address("Lena"), Remote: netip.MustParseAddr("192.0.2.1")}
	h.must(h.f.Receive(t.Context(), env, []byte("\r\n\r\nno header at all")))
	h.settle()
	h.wantPhone()
	h.wantMails("Lena", 1) // nobody knows whose mail it was
	kept, err := h.repo.DeadLetters(t.Context(), core.Page{})
	h.must(err)
	if len(kept) != 1 || kept[0].Kind != "mail" {
		t.Errorf("kept: %s", h.jsonOf(kept))
	}
}

// What fails again and again on our side ends with a word to the agent, not in silence.
func TestGivenUp(t *testing.T) {
	h := asked(t)
	h.options.Compose = func(context.Context, core.WorkspaceID, forward.Draft) ([]core.Message, core.Decision, error) {
		return nil, core.Decision{}, errors.New("broken")
	}
	h.open()
	h.must(h.door(answer{to: h.address("Lena"), text: "x"}))
	j := h.queue.take(core.JobReply)[0]
	for attempt := 1; attempt < 8; attempt++ {
		if err := h.f.Reply(t.Context(), core.Work{Job: j, Attempt: attempt}); err == nil {
			t.Fatalf("attempt %d went well", attempt)
		}
	}
	finish := func(context.Context, core.Tx) error { return nil }
	h.must(h.f.Reply(t.Context(), core.Work{Job: j, Attempt: 8, Finish: finish}))
	h.settle()
	if l := h.last("Lena"); !strings.Contains(l.Text, "Something went wrong on our side") {
		t.Errorf("%s", l.Text)
	}
}

func TestParkedChannelTellsNobody(t *testing.T) {
	h := asked(t)
	h.must(h.repo.SetChannelState(t.Context(), h.channel.ID, core.ChannelParked, core.Health{Level: core.HealthBad}))
	if m := h.judged(answer{to: h.address("Lena"), text: "waits"}); m.State != core.MailSent {
		t.Errorf("the mail is %s", m.State)
	}
	h.wantPhone()
	h.wantMails("Lena", 1)
	h.must(h.outbox.Resume(t.Context(), h.ws, h.channel.ID))
	h.settle()
	h.wantPhone("waits")
}

func TestClosedConversation(t *testing.T) {
	h := asked(t)
	c := h.conversation()
	c.State, c.Closed = core.ConversationClosed, h.clock
	h.must(h.repo.SetConversation(t.Context(), c))
	if m := h.judged(answer{to: h.address("Lena"), text: "too late"}); m.State != core.MailRefused {
		t.Errorf("the mail is %s", m.State)
	}
	if l := h.last("Lena"); !strings.Contains(l.Text, "closed") || !strings.Contains(l.Text, "too late") {
		t.Errorf("%s", l.Text)
	}
}

// A domain that cannot be asked now is asked again; nobody is accused meanwhile.
func TestSenderIsAskedAgain(t *testing.T) {
	h := asked(t)
	h.proof = forward.Proof{Temporary: true, Detail: "dkim: timeout"}
	h.must(h.door(answer{to: h.address("Lena"), text: "patience"}))
	j := h.queue.take(core.JobReply)[0]
	id := h.nextMail(j)
	if err := h.work(j, h.f.Reply); err == nil || h.state(id).State != core.MailNew {
		t.Errorf("answered %v, the mail is %s", err, h.state(id).State)
	}
	h.proof = forward.Proof{Aligned: true}
	h.must(h.work(j, h.f.Reply))
	h.settle()
	h.wantPhone("patience")
	h.wantMails("Lena", 1)
}

// Mail servers under way may change a mail that takes two ways; its Message-ID stays.
func TestSameMailByTwoWays(t *testing.T) {
	h := asked(t)
	h.reply(answer{id: "one@example.com", to: h.address("Lena"), text: "only once"})
	m := h.judged(answer{id: "one@example.com", to: h.address("Lena"), text: "only once", headers: []string{"X-Scanned: yes"}})
	if m.State != core.MailIgnored {
		t.Errorf("the second is %s", m.State)
	}
	h.wantPhone("only once")
	h.wantMails("Lena", 1)
}

func TestReplyToAllReachesOnce(t *testing.T) {
	h := asked(t)
	l := h.last("Lena")
	raw := h.raw(answer{to: l.ReplyTo.Address + ">, <" + noReply, text: "to all of you", headers: []string{"In-Reply-To: <" + l.MessageID + ">"}})
	for _, to := range []string{l.ReplyTo.Address, noReply} {
		h.must(h.f.Receive(t.Context(), forward.Envelope{From: "lena@example.com", To: to}, raw))
	}
	h.settle()
	h.wantPhone("to all of you")
}

// An agent's mail that is lost cannot be given back; its author is told all the same, and nobody is held up.
func TestLostMail(t *testing.T) {
	h := asked(t)
	bad := core.Notice{ID: core.NewID[core.NoticeID](), Conversation: h.conversation().ID, Agent: h.agents["Lena"].ID, Kind: core.NoticeRefused, Key: "bad", Mail: core.MailID(core.NewID[core.MailID]()),
		Text: "x", State: core.NoticeWaiting, Created: h.clock}
	_, err := h.repo.AddMail(t.Context(), core.Mail{ID: bad.Mail, Key: "k", Conversation: bad.Conversation, Agent: bad.Agent, Blob: "mail/lost", State: core.MailRefused, Received: h.clock})
	h.must(err)
	_, err = h.repo.AddNotice(t.Context(), bad)
	h.must(err)
	h.says(text("and more"))
	h.settle()
	if l := h.last("Lena"); !strings.Contains(l.Text, "and more") {
		t.Errorf("%s", l.Text)
	}
	h.wantMails("Lena", 3)
}

// An address that nobody can write to is dropped, with a word in the channel's log; what is behind it goes on.
func TestImpossibleAddress(t *testing.T) {
	h := newHouse(t)
	a := h.agents["Omar"]
	a.Addresses = []string{"omar at example"}
	h.must(h.repo.SaveAgent(t.Context(), a))
	h.forwardTo("Omar", "Lena")
	h.says(text("hello"))
	h.settle()
	h.wantMails("Lena", 1)
	logged, err := h.repo.ChannelLog(t.Context(), h.channel.ID, core.Page{})
	h.must(err)
	if !strings.Contains(h.jsonOf(logged), "given up") {
		t.Errorf("the channel log: %s", h.jsonOf(logged))
	}
}

// Two answers reach the customer in the order in which they were mailed, though the first fails at first.
func TestAnswersStayInOrder(t *testing.T) {
	h := asked(t)
	compose, failed := h.options.Compose, false
	h.options.Compose = func(ctx context.Context, ws core.WorkspaceID, d forward.Draft) ([]core.Message, core.Decision, error) {
		if !failed {
			failed = true
			return nil, core.Decision{}, errors.New("not now")
		}
		return compose(ctx, ws, d)
	}
	h.open()
	to := h.address("Lena")
	h.must(h.door(answer{to: to, text: "the first answer"}))
	h.must(h.door(answer{to: to, text: "the second answer"}))
	jobs := h.queue.take(core.JobReply)
	if len(jobs) != 1 {
		t.Fatalf("%d jobs for one conversation", len(jobs))
	}
	if err := h.work(jobs[0], h.f.Reply); err == nil {
		t.Fatal("it went well")
	}
	h.must(h.door(answer{to: to, text: "the third answer"}))
	h.must(h.work(jobs[0], h.f.Reply))
	h.settle()
	h.wantPhone("the first answer", "the second answer", "the third answer")
}

// TestReadmit: a person vouches for a mail that was set aside. What the proof would have shown is taken for shown, nothing else.
func TestReadmit(t *testing.T) {
	for _, c := range []struct {
		name, from string
		state      core.MailState
	}{
		{"the agent, not proven", "lena@example.com", core.MailSent},
		{"a stranger", "mallory@evil.test", core.MailQuarantined},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := asked(t)
			h.proof = forward.Proof{Detail: "dkim: no"}
			h.open()
			m := h.judged(answer{from: c.from, to: h.address("Lena"), text: "It comes on Monday."})
			for range 2 { // again, as by two people at once
				err := forward.Readmit(t.Context(), h.store, h.ws, string(m.ID))
				if err != nil && !errors.Is(err, core.ErrNotFound) {
					t.Fatal(err)
				}
			}
			h.settle()
			if got, err := h.repo.Mail(t.Context(), m.ID); err != nil || got.State != c.state {
				t.Errorf("it is %s (%s), %v", got.State, got.Reason, err)
			}
			kept, err := h.repo.DeadLetters(t.Context(), core.Page{})
			h.must(err)
			if (c.state == core.MailSent) != (len(kept) == 0) {
				t.Errorf("%d are kept for a person", len(kept))
			}
			if c.state == core.MailSent {
				h.wantPhone("It comes on Monday.")
			} else {
				h.wantPhone()
			}
		})
	}
}

func TestReadmitWhatCannotBeJudged(t *testing.T) {
	h := asked(t)
	if err := forward.Readmit(t.Context(), h.store, h.ws, "none"); core.CodeOf(err) != core.CodeConflict {
		t.Errorf("got %v", err)
	}
}
