package main

import (
	"strings"
	"testing"
	"time"

	"causeway/bridges/simulator/mailroom"
	"causeway/core"
	"causeway/core/report"
)

// deskBusiness is the demo's with a team that assigns by itself, to one conversation each.
var deskBusiness = strings.NewReplacer("    members: [Lena Brandt, Omar Farouk]\n",
	"    members: [Lena Brandt, Omar Farouk]\n    assign: {pick: round-robin, most: 1}\n", "  - name: everything to both\n    to: [Lena Brandt, Omar Farouk]\n",
	"  - name: to who has it\n    assigned: true\n").Replace(demoBusiness) + "assignment: {team: sales, tell: {assigned: true, surge: true}}\n"

// The whole chain: an agent says by mail that they are busy, customers are assigned to who is left, the next ones hear their place in the queue, and
// whoever is free again gets the one who waits longest.
func TestAssignmentFromDoorToDoor(t *testing.T) {
	w := liveIn(t, worldOptions{Business: deskBusiness})
	lena, omar := w.agentID("Lena Brandt"), w.agentID("Omar Farouk")
	w.grace.Say("is the blue bicycle there?")
	w.phoneShows(w.grace, "Lena Brandt will look after you.")
	who, name := w.lena, "Lena Brandt"
	if w.holds()[lena] != 1 {
		t.Fatalf("they hold %v", w.holds())
	}
	w.mailTo(who, "is the blue bicycle there?")
	other := map[string]string{"Lena Brandt": "Omar Farouk", "Omar Farouk": "Lena Brandt"}[name]
	if _, err := w.balancer.Say(t.Context(), w.workspace, w.agentID(other), core.PresenceOffline, w.now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	w.mona.Say("هل الدراجة متاحة؟")
	w.phoneShows(w.mona, "نعتذر منك: جميع زملائنا مشغولون الآن. رقمك في قائمة الانتظار هو 1، وسنكتب إليك هنا.")
	if n := w.holds(); n[lena]+n[omar] != 1 {
		t.Fatalf("they hold %v", n)
	}
	if _, err := w.desk.Close(t.Context(), w.workspace, w.only(t), core.Author{Kind: core.AuthorAPI}); err != nil {
		t.Fatal(err)
	}
	w.phoneShows(w.mona, "سيتابع معك Lena Brandt.")
	w.mailTo(who, "هل الدراجة متاحة؟")
	r, err := report.Make(t.Context(), w.repo(), w.now().Add(-time.Hour), w.now().Add(time.Hour), time.UTC, w.now())
	if err != nil || r.Surge.Conversations != 1 {
		t.Errorf("the report counts %d conversations that were told of a queue, %v", r.Surge.Conversations, err)
	}
}

// Mail is presence: who answers a customer counts as there, a command or an out-of-office reply says otherwise, and the queue follows at once.
func TestPresenceByMail(t *testing.T) {
	w := liveIn(t, worldOptions{Business: strings.Replace(demoBusiness, "    members: [Lena Brandt, Omar Farouk]\n",
		"    members: [Lena Brandt, Omar Farouk]\n    assign: {pick: fewest-open}\n", 1) + "assignment: {team: sales, answered: 1h, tell: {assigned: true, surge: true}}\n",
		Flags: map[string]string{"alert_to": "boss@example.com"}})
	const queued = "We are sorry: all of us are busy just now. You are number 1 in the queue, and we will write to you here."
	answer := func(who *mailroom.Mailbox, to, text string) {
		t.Helper()
		_, err := who.Reply(w.within(), w.mailTo(who, to), text, mailroom.ReplyOptions{})
		w.must(err)
	}
	w.grace.Say("is the blue bicycle there?")
	w.phoneShows(w.grace, queued) // nobody has answered anybody yet
	answer(w.lena, "is the blue bicycle there?", "It is.")
	w.phoneShows(w.grace, "It is.")
	w.mona.Say("هل الدراجة متاحة؟")
	w.phoneShows(w.mona, "سيتابع معك Lena Brandt.") // who has answered by mail is there
	answer(w.lena, "هل الدراجة متاحة؟", "#busy 2h")
	w.mailTo(w.lena, "You are busy: you get no new conversations.")
	paul := w.sim.Customer("447700900777", "Paul")
	paul.Say("do you repair wheels?")
	w.phoneShows(paul, queued)
	answer(w.omar, "is the blue bicycle there?", "And it is cheap.") // of a conversation that Lena has
	w.phoneShows(paul, "Omar Farouk will look after you.")
	_, err := w.omar.AutoReply(w.within(), w.mailTo(w.omar, "do you repair wheels?"), "I am out of the office until further notice.")
	w.must(err)
	w.mailTo(w.room.Mailbox("boss@example.com"), "Omar Farouk has an out-of-office reply and gets no new conversations")
	zoe := w.sim.Customer("447700900778", "Zoe")
	zoe.Say("and saddles?")
	w.phoneShows(zoe, queued)
	answer(w.lena, "and saddles?", "#online")
	w.phoneShows(zoe, "Lena Brandt will look after you.")
	if n := has(append(lines(w.mona), lines(zoe)...), "#"); n > 0 {
		t.Errorf("%d commands reached customers", n)
	}
}

func (w *testWorld) agentID(name string) core.AgentID {
	w.Helper()
	a, err := w.repo().AgentByName(w.Context(), name)
	if err != nil {
		w.Fatal(err)
	}
	return a.ID
}

// holds counts the open conversations of each agent.
func (w *testWorld) holds() map[core.AgentID]int {
	w.Helper()
	all, err := w.repo().Duties(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	n := map[core.AgentID]int{}
	for _, d := range all {
		n[d.Agent] = d.Open
	}
	return n
}

// only is the one open conversation that has an agent.
func (w *testWorld) only(t *testing.T) core.ConversationID {
	t.Helper()
	all, err := w.repo().Conversations(t.Context(), core.ConversationFilter{State: core.ConversationOpen}, core.Page{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range all {
		if c.Agent != "" {
			return c.ID
		}
	}
	t.Fatal("nobody has one")
	return ""
}
