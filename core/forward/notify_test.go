package forward_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"causeway/adapters/mail"
	"causeway/core"
	"causeway/core/forward"
)

func TestEachMessageIsMailedOnce(t *testing.T) {
	h := newHouse(t)
	h.forwardTo("Lena")
	h.forwardTo("Lena", "Omar") // two rules, one mail
	for i := range 3 {
		h.says(text(fmt.Sprint("message ", i)))
	}
	h.settle()
	h.must(h.work(core.Job{Kind: core.JobNotify, Workspace: h.ws, Key: string(h.conversation().ID)}, h.f.Notify))
	h.wantMails("Lena", 3)
	h.wantMails("Omar", 3)
	h.wantMails("Olga", 0)
	for i, l := range h.relay.to(h.agents["Lena"]) {
		if !strings.Contains(l.Text, fmt.Sprint("message ", i)) {
			t.Errorf("mail %d is out of order:\n%s", i, l.Text)
		}
	}
}

func TestRecipients(t *testing.T) {
	type rule struct {
		to            []string
		assigned      bool
		channel, team bool // narrowed to ours
		other         bool // narrowed to another channel
	}
	for _, c := range []struct {
		name     string
		rules    []rule
		team     []string // of the conversation; nil: none
		agent    string   // assigned
		disabled string
		want     []string
	}{
		{"no rule", nil, nil, "", "", nil},
		{"to", []rule{{to: []string{"Lena", "Omar"}}}, nil, "", "", []string{"Lena", "Omar"}},
		{"another channel", []rule{{to: []string{"Lena"}, other: true}}, nil, "", "", nil},
		{"this channel", []rule{{to: []string{"Lena"}, channel: true}}, nil, "", "", []string{"Lena"}},
		{"team without one", []rule{{to: []string{"Lena"}, team: true}}, nil, "", "", nil},
		{"team", []rule{{to: []string{"Lena"}, team: true}}, []string{"Omar"}, "", "", []string{"Lena"}},
		{"assigned", []rule{{assigned: true}}, []string{"Omar", "Olga"}, "Lena", "", []string{"Lena"}},
		{"nobody assigned", []rule{{assigned: true}}, []string{"Omar", "Olga"}, "", "", []string{"Omar", "Olga"}},
		{"assigned and to", []rule{{assigned: true, to: []string{"Lena"}}}, nil, "Lena", "", []string{"Lena"}},
		{"disabled", []rule{{to: []string{"Lena", "Omar"}}}, nil, "", "Lena", []string{"Omar"}},
		{"assigned is disabled", []rule{{assigned: true}}, []string{"Omar"}, "Lena", "Lena", []string{"Omar"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHouse(t)
			h.says(text("opens the conversation"))
			h.settle()
			conv := h.conversation()
			team := core.Team{ID: core.NewID[core.TeamID](), Workspace: h.ws, Name: "sales"}
			for _, n := range c.team {
				team.Members = append(team.Members, h.agents[n].ID)
			}
			h.must(h.repo.SaveTeam(t.Context(), team))
			if c.team != nil {
				conv.Team = team.ID
			}
			conv.Agent = h.agents[c.agent].ID
			h.must(h.repo.SetConversation(t.Context(), conv))
			other := core.Channel{ID: core.NewID[core.ChannelID](), Workspace: h.ws, Kind: "whatsapp-cloud", Name: "other", Account: "2", State: core.ChannelActive, Created: noon}
			h.must(h.repo.SaveChannel(t.Context(), other))
			for i, r := range c.rules {
				f := core.Forward{ID: fmt.Sprint("rule", i), Workspace: h.ws, Name: fmt.Sprint("rule", i), Assigned: r.assigned}
				for _, n := range r.to {
					f.To = append(f.To, h.agents[n].ID)
				}
				if r.channel {
					f.Channel = h.channel.ID
				}
				if r.other {
					f.Channel = other.ID
				}
				if r.team {
					f.Team = team.ID
				}
				h.must(h.repo.SaveForward(t.Context(), f))
			}
			if c.disabled != "" {
				a := h.agents[c.disabled]
				a.Disabled = true
				h.must(h.repo.SaveAgent(t.Context(), a))
			}
			h.says(text("now"))
			h.settle()
			var got []string
			for _, l := range h.relay.letters {
				got = append(got, l.To.Name)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("mailed %v, want %v", got, c.want)
			}
		})
	}
}

func TestHistoryNotifiesNobody(t *testing.T) {
	h := newHouse(t)
	h.forwardTo("Lena")
	old := h.event(core.EventMessage, core.Event{Historic: true, Message: &core.MessageBody{Provider: "wamid.old", Content: text("long ago")}})
	h.accept(old)
	h.says(text("today"))
	h.settle()
	h.wantMails("Lena", 1)
	h.accept(h.event(core.EventEdit, core.Event{Edit: &core.EditBody{Target: "wamid.old", Content: text("changed")}}))
	h.settle()
	h.wantMails("Lena", 1)
}

func TestThreading(t *testing.T) {
	h := newHouse(t)
	h.forwardTo("Lena")
	for i := range 13 {
		h.says(text(fmt.Sprint("message ", i)))
		h.settle()
		h.clock = h.clock.Add(time.Minute)
	}
	all := h.relay.to(h.agents["Lena"])
	contact, err := h.repo.Contact(t.Context(), h.conversation().Contact)
	h.must(err)
	contact.Name = "Somebody Else"
	h.must(h.repo.SetContact(t.Context(), contact))
	h.says(text("after the change of name"))
	h.settle()
	all = append(all, h.last("Lena"))
	ids := map[string]bool{}
	for i, l := range all {
		if ids[l.MessageID] {
			t.Errorf("Message-ID %s twice", l.MessageID)
		}
		ids[l.MessageID] = true
		if l.Subject != all[0].Subject || l.ThreadTopic != l.Subject || l.References[0] != all[0].References[0] || l.ThreadIndex[:28] != all[0].ThreadIndex[:28] {
			t.Errorf("mail %d is of another thread: %q %q %v", i, l.Subject, l.ThreadIndex, l.References)
		}
		if len(l.ThreadIndex) != 36 { // 27 bytes
			t.Errorf("Thread-Index %q", l.ThreadIndex)
		}
		if i > 0 && (l.InReplyTo != all[i-1].MessageID || !slices.Contains(l.References, all[i-1].MessageID)) {
			t.Errorf("mail %d does not answer the one before: %q", i, l.InReplyTo)
		}
		if len(l.References) > 11 {
			t.Errorf("mail %d has %d references", i, len(l.References))
		}
	}
	if from := all[len(all)-1].From; from.Name != "Somebody Else (WhatsApp)" || from.Address != noReply {
		t.Errorf("from %v", from)
	}
}

func TestHeadersKeepMachinesQuiet(t *testing.T) {
	h := newHouse(t)
	h.forwardTo("Lena")
	h.says(text("hello"))
	h.settle()
	l := h.last("Lena")
	want := map[string]string{"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All", "List-Id": "shop (WhatsApp) <" + string(h.channel.ID) + "." + domain + ">"}
	for _, field := range l.Headers {
		if w, ok := want[field[0]]; ok && w != field[1] {
			t.Errorf("%s: %s", field[0], field[1])
		}
		delete(want, field[0])
		if field[0] == "Precedence" {
			t.Error("Precedence is set")
		}
	}
	if len(want) > 0 {
		t.Errorf("missing: %v", want)
	}
	if !strings.HasPrefix(l.Envelope, "b+") || !strings.HasPrefix(l.ReplyTo.Address, "r+") {
		t.Errorf("envelope %q, reply to %q", l.Envelope, l.ReplyTo.Address)
	}
}

// A mail whose file is still at the provider waits, and what comes after waits with it.
func TestFileIsAwaited(t *testing.T) {
	h := newHouse(t)
	h.forwardTo("Lena")
	picture := core.Content{Kind: core.KindImage, Media: &core.Media{Provider: "m1", MIME: "image/png", Name: "bike.png"}}
	h.says(picture)
	h.says(text("and a word"))
	job := core.Job{Kind: core.JobNotify, Workspace: h.ws, Key: string(h.conversation().ID)}
	h.queue.take(core.JobNotify)
	var later core.Later
	h.queue.token++
	if err := h.f.Notify(t.Context(), core.Work{Job: job, Token: h.queue.token}); !errors.As(err, &later) || later.After <= 0 {
		t.Fatalf("answered %v", err)
	}
	h.wantMails("Lena", 0)
	h.fetched("png data")
	h.must(h.work(job, h.f.Notify))
	h.wantMails("Lena", 2)
	if got := string(h.relay.files["bike.png"]); got != "png data" {
		t.Errorf("the file holds %q", got)
	}
	for i, word := range []string{"bike.png", "and a word"} {
		if l := h.relay.letters[i]; !strings.Contains(l.Text, word) {
			t.Errorf("mail %d is out of order:\n%s", i, l.Text)
		}
	}
}

func TestFileThatDoesNotCome(t *testing.T) {
	t.Run("in time", func(t *testing.T) {
		h := newHouse(t)
		h.forwardTo("Lena")
		h.says(core.Content{Kind: core.KindImage, Text: "look", Media: &core.Media{Provider: "m1", MIME: "image/png", Name: "bike.png"}})
		h.settle()
		l := h.last("Lena")
		if waited := h.clock.Sub(noon); waited < 3*time.Minute || waited > 5*time.Minute {
			t.Errorf("waited %s", waited)
		}
		if !strings.Contains(l.Text, "bike.png has not arrived") || !strings.Contains(l.Text, "https://bridge.example/media/") || !strings.Contains(l.Text, "look") {
			t.Errorf("%s", l.Text)
		}
	})
	t.Run("ever", func(t *testing.T) {
		h := newHouse(t)
		h.forwardTo("Lena")
		h.says(core.Content{Kind: core.KindImage, Media: &core.Media{Provider: "m1", MIME: "image/png", Name: "bike.png"}})
		for _, j := range h.queue.take(core.JobFetch) {
			f := h.file(core.MediaID(j.Key))
			f.State, f.Error = core.FileMissing, "gone"
			h.must(h.repo.SetFile(t.Context(), f))
		}
		h.settle()
		if l := h.last("Lena"); !strings.Contains(l.Text, "bike.png could not be fetched") {
			t.Errorf("%s", l.Text)
		}
	})
}

func TestRelayIsWaitedFor(t *testing.T) {
	h := newHouse(t)
	h.forwardTo("Lena")
	tries := 0
	h.relay.fail = func(forward.Letter) error {
		if tries++; tries < 30 {
			return &forward.RelayError{Text: "connection refused", Temporary: true}
		}
		return nil
	}
	h.says(text("first"))
	h.says(text("second"))
	h.settle()
	h.wantMails("Lena", 2)
	if !strings.Contains(h.relay.letters[0].Text, "first") || !strings.Contains(h.relay.letters[1].Text, "second") {
		t.Error("out of order")
	}
	if waited := h.clock.Sub(noon); waited < time.Hour {
		t.Errorf("30 tries in %s", waited)
	}
}

// Mails that a relay did not take at one time do not come again all at one time.
func TestRelayIsNotStormed(t *testing.T) {
	for chance, want := range map[float64]time.Duration{0: 2 * time.Second, 0.5: 2200 * time.Millisecond, 1: 2400 * time.Millisecond} {
		h := newHouse(t)
		h.forwardTo("Lena")
		h.options.Chance = func() float64 { return chance }
		h.open()
		h.relay.fail = func(forward.Letter) error { return &forward.RelayError{Code: 421, Text: "too busy", Temporary: true} }
		h.says(text("hello"))
		h.queue.token++
		var later core.Later
		err := h.f.Notify(t.Context(), core.Work{Job: core.Job{Kind: core.JobNotify, Workspace: h.ws, Key: string(h.conversation().ID)}, Token: h.queue.token})
		if !errors.As(err, &later) || later.After != want {
			t.Errorf("by the chance %v: got %v, want to be called after %v", chance, err, want)
		}
	}
}

func TestRefusedForGood(t *testing.T) {
	h := newHouse(t)
	h.forwardTo("Lena", "Omar")
	h.relay.fail = func(l forward.Letter) error {
		if l.To.Name == "Lena" {
			return &forward.RelayError{Code: 550, Text: "no such user"}
		}
		return nil
	}
	told := h.hearUnreached()
	want := func(n int) {
		t.Helper()
		h.says(text("hello"))
		h.settle()
		if len(*told) != n || !strings.Contains((*told)[n-1], "Lena: ") || !strings.Contains((*told)[n-1], "no such user") {
			t.Errorf("told %q, want %d", *told, n)
		}
	}
	want(1)
	h.wantMails("Lena", 0)
	h.wantMails("Omar", 1)
	want(1) // once a day
	if u, lately, err := core.UnreachedLately(t.Context(), h.repo, h.agents["Lena"], h.clock); err != nil || !lately || u.Address != "lena@example.com" {
		t.Errorf("the doctor sees %+v, %v, %v", u, lately, err)
	}
	h.clock = h.clock.Add(24 * time.Hour)
	want(2)
	moved := h.agents["Lena"]
	moved.Addresses = []string{"lena.new@example.com"}
	if _, lately, err := core.UnreachedLately(t.Context(), h.repo, moved, h.clock); err != nil || lately {
		t.Errorf("another address, %v, %v", lately, err)
	}
	entries, err := h.repo.ChannelLog(t.Context(), h.channel.ID, core.Page{})
	h.must(err)
	if !slices.ContainsFunc(entries, func(e core.LogEntry) bool { return strings.Contains(e.Note, "no such user") }) {
		t.Errorf("the channel log does not say why: %s", h.jsonOf(entries))
	}
}

func TestTooLargeForTheRelayBecomesALink(t *testing.T) {
	h := newHouse(t)
	h.forwardTo("Lena")
	h.relay.fail = func(l forward.Letter) error {
		if len(l.Files) > 0 {
			return &forward.RelayError{Code: 552, Refused: forward.RefusedLetter, Text: "too large"}
		}
		return nil
	}
	h.says(core.Content{Kind: core.KindImage, Media: &core.Media{Provider: "m1", MIME: "image/png", Name: "bike.png"}})
	h.fetched("png data")
	h.settle()
	if l := h.last("Lena"); len(l.Files) != 0 || !strings.Contains(l.Text, "https://bridge.example/media/") {
		t.Errorf("%s", l.Text)
	}
}

// A contact's card goes without its file where the relay may have refused the mail for that; what it refuses all the same is given up, and not tried
// without a pause.
func TestCardThatTheRelayRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		refuses func(forward.Letter) bool
		tries   int
		mails   int
	}{
		"for its file": {func(l forward.Letter) bool { return len(l.Files) > 0 }, 2, 1},
		"for its text": {func(forward.Letter) bool { return true }, 3, 0}, // the last tells the agent
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			h.forwardTo("Lena")
			tries := 0
			h.relay.fail = func(l forward.Letter) error {
				if tries++; tries > 9 {
					t.Fatal("the relay is stormed")
				}
				if c.refuses(l) {
					return &forward.RelayError{Code: 554, Refused: forward.RefusedLetter, Text: "not wanted"}
				}
				return nil
			}
			h.says(core.Content{Kind: core.KindContacts, Contacts: []core.Card{{Name: "Ana Lima", Phones: []core.Labeled{{Value: "+351 910 000 000"}}}}})
			h.settle()
			h.wantMails("Lena", c.mails)
			if tries != c.tries {
				t.Errorf("%d tries, want %d", tries, c.tries)
			}
			if c.mails > 0 && (!strings.Contains(h.last("Lena").Text, "+351 910 000 000") || strings.Contains(h.last("Lena").Text, "attached")) {
				t.Errorf("%s", h.last("Lena").Text)
			}
		})
	}
}

// Whatever fails between two steps, each mail is there once, in order; what may have been taken is repeated under the same Message-ID.
func TestCrashes(t *testing.T) {
	boom := errors.New("the power is out")
	for at := range 8 {
		t.Run(fmt.Sprint(at), func(t *testing.T) {
			h := newHouse(t)
			h.forwardTo("Lena", "Omar")
			for i := range 3 {
				h.says(text(fmt.Sprint("message ", i)))
			}
			calls := 0
			h.relay.fail = func(forward.Letter) error { // the process ends before the relay has it
				if calls++; calls == at+1 && at%2 == 0 {
					panic(boom)
				}
				return nil
			}
			h.relay.after = func(forward.Letter) error { // or right after
				if calls == at+1 && at%2 == 1 {
					panic(boom)
				}
				return nil
			}
			job := core.Job{Kind: core.JobNotify, Workspace: h.ws, Key: string(h.conversation().ID)}
			h.queue.take(core.JobNotify)
			for range 2 {
				crashed := func() (crashed bool) {
					defer func() { crashed = recover() != nil }()
					h.must(h.work(job, h.f.Notify))
					return false
				}()
				if !crashed {
					break
				}
			}
			for _, name := range []string{"Lena", "Omar"} {
				var ids, order []string
				for _, l := range h.relay.to(h.agents[name]) {
					if slices.Contains(ids, l.MessageID) {
						continue // shown once by mail programs
					}
					ids = append(ids, l.MessageID)
					for i := range 3 {
						if head, _, _ := strings.Cut(l.Text, "Earlier"); strings.Contains(head, fmt.Sprint("message ", i)) {
							order = append(order, fmt.Sprint(i))
						}
					}
				}
				if len(ids) != 3 || (name == "Lena" && strings.Join(order, "") != "012") {
					t.Errorf("%s got %d mails in the order %v", name, len(ids), order)
				}
			}
		})
	}
}

// A worker that was thought dead and wakes up sends nothing: a newer one has the lane.
func TestOvertakenWorkerSendsNothing(t *testing.T) {
	h := newHouse(t)
	h.forwardTo("Lena")
	h.says(text("hello"))
	job := core.Job{Kind: core.JobNotify, Workspace: h.ws, Key: string(h.conversation().ID)}
	_, err := h.repo.TakeLane(t.Context(), "notify/"+job.Key, 100)
	h.must(err)
	h.must(h.f.Notify(t.Context(), core.Work{Job: job, Token: 7, Finish: func(context.Context, core.Tx) error { t.Error("finished"); return nil }}))
	h.wantMails("Lena", 0)
}

func TestHostileNames(t *testing.T) {
	h := newHouse(t)
	h.forwardTo("Lena")
	peer := core.Peer{Name: "Eve\r\nBcc: all@example.com\u202e\u2066 {channel} <script>", Identities: []core.IdentityKey{{Scheme: core.SchemePhone, Value: "1"}}}
	h.accept(h.event(core.EventMessage, core.Event{Peer: peer, Message: &core.MessageBody{Provider: "w1", Content: core.Content{Kind: core.KindLocation,
		Location: &core.Location{Name: "<img src=x onerror=alert(1)>", URL: "javascript:alert(1)"}}}}))
	h.settle()
	l := h.last("Lena")
	if strings.ContainsAny(l.Subject+l.From.Name, "\r\n\u202e\u2066") {
		t.Errorf("%q %q", l.Subject, l.From.Name)
	}
	for _, bad := range []string{"<script", "<img", "javascript:"} {
		if strings.Contains(l.HTML, bad) {
			t.Errorf("the HTML holds %s", bad)
		}
	}
}

// TestNameIsNoCommand: a subject that is a command is one, and not every mail program puts a word before it in an answer.
func TestNameIsNoCommand(t *testing.T) {
	for _, name := range []string{"#close", "#busy 14:00", "\u061c# #tag vip", "#"} {
		h := newHouse(t)
		h.forwardTo("Lena")
		h.accept(h.event(core.EventMessage, core.Event{Peer: core.Peer{Name: name, Identities: []core.IdentityKey{{Scheme: core.SchemePhone, Value: "1"}}},
			Message: &core.MessageBody{Provider: "w1", Content: text("hi")}}))
		h.settle()
		if l := h.last("Lena"); !strings.HasSuffix(l.Subject, "(WhatsApp) #1") || strings.HasPrefix(l.Subject, "#") || strings.HasPrefix(l.Subject, "\u061c") {
			t.Errorf("%q: subject %q", name, l.Subject)
		}
	}
}

func TestNamelessContact(t *testing.T) {
	h := newHouse(t)
	h.forwardTo("Lena")
	h.accept(h.event(core.EventMessage, core.Event{Peer: core.Peer{Identities: []core.IdentityKey{{Scheme: core.SchemePhone, Value: "447700900999"}}},
		Message: &core.MessageBody{Provider: "w1", Content: text("hi")}}))
	h.settle()
	if l := h.last("Lena"); l.Subject != "+447700900999 (WhatsApp) #1" {
		t.Errorf("subject %q", l.Subject)
	}
}

func TestAlert(t *testing.T) {
	h := newHouse(t)
	ch := h.channel
	ch.State, ch.Health = core.ChannelParked, core.Health{Level: core.HealthBad, Code: "190", Reason: "The access token has expired.", Remedy: "Set a new one with causeway apply.", Since: noon}
	h.must(h.f.Alert(t.Context(), ch, []string{"admin@example.com", "boss@example.com"}))
	h.must(h.f.Alert(t.Context(), ch, []string{"admin@example.com"}))
	all := h.relay.letters
	if len(all) != 3 || all[0].MessageID != all[2].MessageID || all[0].MessageID == all[1].MessageID {
		t.Fatalf("%d letters", len(all))
	}
	const want = "The channel shop (WhatsApp) cannot send. The access token has expired. Set a new one with causeway apply.\n"
	if all[0].Text != want || all[0].To.Address != "admin@example.com" {
		t.Errorf("%q", all[0].Text)
	}
	ch.State, ch.Health = core.ChannelActive, core.Health{Level: core.HealthGood, Since: noon.Add(time.Hour)}
	h.must(h.f.Alert(t.Context(), ch, []string{"admin@example.com"}))
	if got := h.relay.letters[3]; got.Text != "The channel shop (WhatsApp) works again.\n" || got.Subject != all[0].Subject {
		t.Errorf("%q", got.Text)
	}
	h.relay.fail = func(forward.Letter) error { return &forward.RelayError{Temporary: true} }
	if err := h.f.Alert(t.Context(), ch, []string{"admin@example.com"}); err == nil {
		t.Error("no error though the relay is away")
	}
	h.relay.fail = func(forward.Letter) error { return &forward.RelayError{Code: 550} }
	h.must(h.f.Alert(t.Context(), ch, []string{"admin@example.com"}))
}

var _ forward.Relay = (*mail.Relay)(nil)

// A rule for one side of a number holds for what the other side brought.
func TestForwardOfANumbersOtherSide(t *testing.T) {
	h := newHouse(t)
	other := core.Channel{ID: core.NewID[core.ChannelID](), Workspace: h.ws, Kind: "whatsapp-device", Name: "phone", Account: "2", State: core.ChannelActive, Created: noon}
	h.must(h.repo.SaveChannel(t.Context(), other))
	h.must(h.repo.SaveForward(t.Context(), core.Forward{ID: "rule", Workspace: h.ws, Name: "rule", Channel: other.ID, To: []core.AgentID{h.agents["Lena"].ID}}))
	h.says(text("to nobody"))
	h.settle()
	h.wantMails("Lena", 0)
	for id, phone := range map[core.ChannelID]bool{h.channel.ID: false, other.ID: true} {
		_, err := h.repo.SetNumber(t.Context(), id, "4930123456", phone)
		h.must(err)
	}
	h.says(text("to the number"))
	h.settle()
	h.wantMails("Lena", 1)
}
