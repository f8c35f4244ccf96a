package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"causeway/bridges/simulator/mailroom"
	"causeway/core"

	"github.com/spf13/cobra"
)

// TestMailRacesThePhone: an agent's mailed answer that comes after somebody answered on the phone is held, and one word sends it.
func TestMailRacesThePhone(t *testing.T) {
	w := liveIn(t, worldOptions{Sim: sharing()})
	w.grace.Say("is the red one left?")
	asked := w.mailTo(w.lena, "is the red one left?")
	w.sim.Business().Phone().Type(w.grace, "Yes, I keep it for you")
	w.mailTo(w.lena, "Yes, I keep it for you")
	w.answer(asked, "Sorry, sold")
	held := w.mailTo(w.lena, "was not sent")
	if !strings.Contains(held.Text, "Yes, I keep it for you") || !strings.Contains(held.Text, "Sorry, sold") {
		t.Errorf("the question says:\n%s", held.Text)
	}
	w.settle()
	for _, m := range w.grace.Received() {
		if m.Text == "Sorry, sold" {
			t.Error("the customer was told two things")
		}
	}
	w.answer(held, "send")
	w.phoneShows(w.grace, "Sorry, sold")
	conv := w.conversations()[0]
	if !conv.Waiting.IsZero() {
		t.Error("the customer still waits")
	}
}

// TestTwoTransports: the API and a linked device bring one message, and the one answer is seen by both.
func TestTwoTransports(t *testing.T) {
	w := liveIn(t, worldOptions{Sim: sharing()})
	api, device := w.twins()
	w.links.Refresh(t.Context())
	w.eventually("the API's side knows", func() bool {
		ch, _, _, err := w.links.Link(t.Context(), api.ID)
		return err == nil && ch.Twin == device.ID
	})
	lines, err := w.described(t.Context(), w.channelNow(api.ID))
	w.must(err)
	if !slices.Contains(lines, entered{"other side", "phone, on the same number"}) || !slices.Contains(lines, entered{"number", "+" + device.Number}) {
		t.Errorf("the channel is shown as %q", lines)
	}
	w.grace.Say("seen twice")
	w.mailTo(w.lena, "seen twice")
	w.settle()
	first := w.messages(w.conversations()[0].ID)[0]
	stanza := first.Parts[0].Stanza
	if stanza == "" {
		t.Skip("the simulator's ids have no stanza inside")
	}
	e := core.Event{Kind: core.EventMessage, ID: stanza, At: first.At, Origin: core.OriginCustomer, Peer: core.Peer{Name: "Grace", Identities: []core.IdentityKey{
		{Scheme: core.SchemeLID, Value: "99123"}, {Scheme: core.SchemePhone, Value: w.grace.Phone()}}},
		Message: &core.MessageBody{Provider: "99123@lid/in/" + stanza, Stanza: stanza, Content: core.Content{Kind: core.KindText, Text: "seen twice"}}}
	w.must(w.acceptor.Accept(t.Context(), device, []core.Event{e}))
	w.settle()
	if all := w.conversations(); len(all) != 1 || len(w.messages(all[0].ID)) != 1 {
		t.Fatalf("conversations %+v", all)
	}
	entries, err := w.repo().Ledger(t.Context(), api.Number, stanza)
	w.must(err)
	if len(entries) != 1 || entries[0].API.Seen.IsZero() || entries[0].Phone.Seen.IsZero() {
		t.Errorf("the ledger: %+v", entries)
	}
	list, err := core.Reconcile(t.Context(), w.repo(), "today", first.At.Add(-time.Second), first.At.Add(time.Second), 9)
	w.must(err)
	if len(list) != 1 || list[0].Count.Both != 1 || list[0].Missed() != 0 {
		t.Errorf("reconciled: %+v", list)
	}
}

func (w *testWorld) channelNow(id core.ChannelID) core.Channel {
	w.Helper()
	ch, err := w.repo().Channel(w.Context(), id)
	w.must(err)
	return ch
}

// answer has Lena answer a mail.
func (w *testWorld) answer(m mailroom.Mail, text string) {
	w.Helper()
	_, err := w.lena.Reply(w.within(), m, text, mailroom.ReplyOptions{})
	w.must(err)
}

// twins gives the world's channel a linked device on the same number, as far as the ledger is concerned.
func (w *testWorld) twins() (api, device core.Channel) {
	w.Helper()
	api = w.theChannel()
	device = core.Channel{ID: core.NewID[core.ChannelID](), Workspace: w.workspace, Kind: "whatsapp-device", Name: "phone", Account: "4915155512345",
		Settings: map[string]string{"phone": "+49 151 55512345"}, State: core.ChannelActive, Created: w.now()}
	w.must(w.repo().SaveChannel(w.Context(), device))
	w.eventually("the platform told the number", func() bool { api = w.channelNow(api.ID); return api.Number != "" })
	_, err := w.repo().SetNumber(w.Context(), device.ID, api.Number, true)
	w.must(err)
	return w.channelNow(api.ID), w.channelNow(device.ID)
}

// brought has a channel bring a customer's message.
func (w *testWorld) brought(ch core.Channel, stanza, text string, at time.Time, who ...core.IdentityKey) {
	w.Helper()
	provider := "wamid." + stanza
	if ch.Phone {
		provider = "1@lid/in/" + stanza
	}
	w.must(w.acceptor.Accept(w.Context(), ch, []core.Event{{Kind: core.EventMessage, ID: provider, At: at, Origin: core.OriginCustomer, Peer: core.Peer{Identities: who},
		Message: &core.MessageBody{Provider: provider, Stanza: stanza, Content: core.Content{Kind: core.KindText, Text: text}}}}))
}

// says runs a command's work and returns what it prints.
func (w *testWorld) says(cmd *cobra.Command, do func(cmd *cobra.Command) error, flags ...string) string {
	w.Helper()
	var out strings.Builder
	cmd.SetContext(w.Context())
	cmd.SetOut(&out)
	w.must(cmd.ParseFlags(flags))
	w.must(do(cmd))
	return out.String()
}

// TestReconciled: the command counts what the sides of a number saw and names the gaps, and the admins are mailed of those once.
func TestReconciled(t *testing.T) {
	w := liveIn(t, worldOptions{Sim: sharing(), Flags: map[string]string{"alert_to": "admin@example.com"}})
	empty := w.says(reconcileCommand(), w.reportReconcile)
	if !strings.Contains(empty, "no number is served by two channels") {
		t.Errorf("without a shared number it says %q", empty)
	}
	api, device := w.twins()
	day, err := dayOf("", w.now().Add(-latecomers), w.cfg.Location())
	w.must(err)
	at := day.Add(12 * time.Hour)
	grace, group := core.IdentityKey{Scheme: core.SchemePhone, Value: "447700900199"}, core.IdentityKey{Scheme: core.SchemeGroup, Value: "120363041234567890"}
	w.brought(api, "3A01", "by both", at, grace)
	w.brought(device, "3A01", "by both", at, grace)
	w.brought(api, "3A02", "by the API", at.Add(time.Minute), grace)
	w.brought(device, "3A03", "by the phone", at.Add(2*time.Minute), grace)
	w.brought(device, "3A04", "in a group", at.Add(3*time.Minute), group)
	date := "--day=" + day.Format(time.DateOnly)
	text := w.says(reconcileCommand(), w.reportReconcile, date)
	for _, want := range []string{"+" + api.Number, "3A02, seen by the api alone", "3A03, seen by the phone alone", day.Format(time.DateOnly)} {
		if !strings.Contains(text, want) {
			t.Errorf("the report lacks %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, "3A04") || strings.Contains(text, "3A01") {
		t.Errorf("it names what is no gap:\n%s", text)
	}
	var list []core.Reconciliation
	w.must(json.Unmarshal([]byte(w.says(reconcileCommand(), w.reportReconcile, "--json", date)), &list))
	if len(list) != 1 || list[0].Count != (core.LedgerCount{Both: 1, API: 1, Phone: 2}) || list[0].Missed() != 2 || len(list[0].Gaps) != 3 {
		t.Errorf("as JSON: %+v", list)
	}
	w.room.Refuse(mailroom.Refusal{Step: mailroom.AtRcpt, Code: 451, Text: "later", Times: 1, To: "admin@example.com"})
	w.reconcileDaily(t.Context())
	w.reconcileDaily(t.Context())
	admin := w.room.Mailbox("admin@example.com")
	mail := w.mailTo(admin, "were seen by one side alone")
	for _, want := range []string{"3A02", "3A03", "both saw 1 messages", "causeway report reconcile --day " + day.Format(time.DateOnly)} {
		if !strings.Contains(mail.Text, want) {
			t.Errorf("the mail lacks %q:\n%s", want, mail.Text)
		}
	}
	n := 0
	for _, m := range admin.Received() {
		if strings.Contains(m.Subject, "seen by one side alone") {
			n++
		}
	}
	if n != 1 || strings.Contains(mail.Text, "3A04") {
		t.Errorf("%d mails, the last says:\n%s", n, mail.Text)
	}
	cmd := reconcileCommand()
	cmd.SetContext(t.Context())
	w.must(cmd.ParseFlags([]string{"--day=1.3.2026"}))
	if err := w.reportReconcile(cmd); core.CodeOf(err) != core.CodeInvalid {
		t.Errorf("a day written otherwise: %v", err)
	}
}

// TestDuplicatesMerged: the command says which contacts are one person, merges them but for those with different accounts, and a merge is undone by
// its id.
func TestDuplicatesMerged(t *testing.T) {
	onBoth(t, func(t *testing.T, database string) {
		w := liveIn(t, worldOptions{Database: database})
		api := w.theChannel()
		phone := func(n string) core.IdentityKey { return core.IdentityKey{Scheme: core.SchemePhone, Value: n} }
		lid := func(n string) core.IdentityKey { return core.IdentityKey{Scheme: core.SchemeLID, Value: n} }
		duplicates := func() *cobra.Command {
			cmd, _, err := contactCommand().Find([]string{"merge-duplicates"})
			w.must(err)
			return cmd
		}
		if s := w.says(duplicates(), w.mergeDuplicates); !strings.Contains(s, "no duplicates") {
			t.Errorf("of nobody it says %q", s)
		}
		w.brought(api, "3B01", "with the ninth digit", w.now(), lid("11"), phone("5511987654321"))
		w.brought(api, "3B02", "another person", w.now(), lid("12"), phone("5521987654321"))
		w.apart(phone("551187654321"))            // as an import or an older version wrote it
		w.apart(phone("552187654321"), lid("13")) // whom another account says to be somebody else
		merged := func() (n int) {
			all, err := w.repo().Contacts(t.Context(), core.Page{Limit: 100})
			w.must(err)
			for _, c := range all {
				if c.MergedInto != "" {
					n++
				}
			}
			return n
		}
		before := merged()
		dry := w.says(duplicates(), w.mergeDuplicates, "--dry-run")
		if !strings.Contains(dry, "would be merged") || !strings.Contains(dry, "551187654321") || !strings.Contains(dry, "left alone") || merged() != before {
			t.Errorf("what would be merged:\n%s", dry)
		}
		done := w.says(duplicates(), w.mergeDuplicates)
		_, id, found := strings.Cut(done, "merged, as ")
		if !found || merged() != before+1 {
			t.Fatalf("merged %d:\n%s", merged()-before, done)
		}
		id = strings.Fields(id)[0]
		undo := func(cmd *cobra.Command) error { return w.undoMerge(cmd, id) }
		if s := w.says(&cobra.Command{}, undo); !strings.Contains(s, "two contacts again") || merged() != before {
			t.Errorf("undone: %s", s)
		}
		if s := w.says(duplicates(), w.mergeDuplicates); !strings.Contains(s, "somebody has undone") || merged() != before {
			t.Errorf("after undoing: %s", s)
		}
		shown := w.says(&cobra.Command{}, func(cmd *cobra.Command) error { return w.showContact(cmd, "+55 11 98765-4321") })
		for _, part := range []string{"11", "5511987654321", api.Name + " (" + api.Kind + ")", "message/wamid.3B01", id, "two ways of writing"} {
			if !strings.Contains(shown, part) {
				t.Errorf("the contact is shown without %q:\n%s", part, shown)
			}
		}
		if s := w.says(&cobra.Command{}, func(cmd *cobra.Command) error { return w.showContact(cmd, "11") }); s != shown {
			t.Errorf("by the LID it is another:\n%s", s)
		}
		if err := undo(func() *cobra.Command { c := &cobra.Command{}; c.SetContext(t.Context()); return c }()); core.CodeOf(err) != core.CodeConflict {
			t.Errorf("undone twice: %v", err)
		}
		id = "nothing"
		if err := undo(func() *cobra.Command { c := &cobra.Command{}; c.SetContext(t.Context()); return c }()); core.CodeOf(err) != core.CodeNotFound {
			t.Errorf("undone what is not: %v", err)
		}
	})
}

// apart adds a contact with identities, without a look at who else has the like.
func (w *testWorld) apart(keys ...core.IdentityKey) {
	w.Helper()
	w.must(w.store.Tx(w.Context(), func(tx core.Tx) error {
		c := core.Contact{ID: core.NewID[core.ContactID](), Workspace: w.workspace, Created: w.now()}
		for n, k := range keys {
			i := core.Identity{ID: core.NewID[core.IdentityID](), Contact: c.ID, Key: k, Source: "import", Seen: w.now()}
			var err error
			if n == 0 {
				_, err = tx.In(w.workspace).AddPerson(w.Context(), c, i)
			} else {
				_, err = tx.In(w.workspace).AddIdentity(w.Context(), i)
			}
			if err != nil {
				return err
			}
		}
		return nil
	}))
}

// TestChannelsThatNobodyCalls: a business may have channels without a webhook beside those with one.
func TestChannelsThatNobodyCalls(t *testing.T) {
	more := "channels:\n  - name: phone\n    kind: whatsapp-device\n    settings:\n      phone: \"+49 151 55512345\"\n"
	w := liveIn(t, worldOptions{Business: strings.Replace(demoBusiness, "channels:\n", more, 1)})
	w.grace.Say("hello")
	w.mailTo(w.lena, "hello")
}

// omarsPhone is the demo's business, whose phone is Omar's.
var omarsPhone = strings.Replace(demoBusiness, "    settings:", "    phone: {owner: Omar Farouk}\n    settings:", 1)

// TestPhoneTakesOver: what is typed on the phone, a picture too, ends the question that the bot waits with, stops the clock, gives the conversation to the
// phone's owner, and is in the agents' thread as what it is; so is what becomes of it there.
func TestPhoneTakesOver(t *testing.T) {
	for name, types := range map[string]func(w *testWorld) string{
		"a text": func(w *testWorld) string { return w.sim.Business().Phone().Type(w.grace, "I'll see to it") },
		"a picture": func(w *testWorld) string {
			return w.sim.Business().Phone().SendImage(w.grace, []byte("a picture"), "image/jpeg", "I'll see to it")
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := liveIn(t, worldOptions{Sim: sharing(), Business: omarsPhone})
			w.putWorkflow("name: inbound\non: {event: opened, by: contact}\nsteps:\n  - name: topic\n    ask: {text: \"What is it about?\"}\n  - send: {text: \"Noted.\"}\n")
			w.grace.Say("hello")
			w.phoneShows(w.grace, "What is it about?")
			w.mailTo(w.lena, "hello")
			id := types(w)
			m := w.mailTo(w.lena, "I'll see to it")
			if !strings.Contains(m.Text, "phone") {
				t.Errorf("the mail does not say that it was typed on the phone:\n%s", m.Text)
			}
			omar, err := w.repo().AgentByName(t.Context(), "Omar Farouk")
			w.must(err)
			w.eventually("it is the owner's, and nobody waits", func() bool {
				c := w.conversations()[0]
				return c.Agent == omar.ID && c.Waiting.IsZero()
			})
			w.eventually("the bot's question is over", func() bool {
				runs, err := w.repo().Runs(t.Context(), core.RunFilter{}, core.Page{})
				w.must(err)
				return len(runs) == 1 && runs[0].State == core.RunEnded
			})
			w.grace.Say("thank you")
			w.mailTo(w.lena, "thank you")
			if has(lines(w.grace), "Noted.") > 0 {
				t.Error("the bot went on")
			}
			w.sim.Business().Phone().Edit(w.grace, id, "I'll see to it today")
			w.mailTo(w.lena, "I'll see to it today")
			w.sim.Business().Phone().Revoke(w.grace, id)
			w.eventually("it is deleted", func() bool {
				p, err := w.repo().PartByProvider(t.Context(), w.theChannel().ID, id)
				w.must(err)
				m, err := w.repo().Message(t.Context(), p.Message)
				w.must(err)
				return !m.Revoked.IsZero()
			})
			w.mailTo(w.lena, "eleted")
		})
	}
}
