package main

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"causeway/bridges/simulator"
	"causeway/bridges/simulator/mailroom"
	"causeway/core"

	"github.com/chromedp/chromedp"
)

// sharing is a platform whose number is also used in the Business app.
func sharing() simulator.Options {
	a := simulator.DefaultAccount()
	a.Coexists = true
	return simulator.Options{Businesses: []simulator.Account{a}}
}

func (w *testWorld) imported(what core.ImportKind) core.Import {
	w.Helper()
	i, err := core.ReadImport(w.Context(), w.repo(), w.theChannel().ID, what)
	w.must(err)
	return i
}

// TestImportsGoOutByThemselves: as soon as the webhook is registered, contacts and history are asked for, once; what comes starts nothing.
func TestImportsGoOutByThemselves(t *testing.T) {
	onBoth(t, func(t *testing.T, database string) {
		w := liveIn(t, worldOptions{Database: database, Sim: sharing(), Before: func(sim *simulator.Simulator) {
			phone, grace := sim.Business().Phone(), sim.Customer("447700900123", "Grace Miller")
			phone.Onboard()
			phone.Name("447700900123", "Grace from the market")
			phone.Remember(grace, simulator.Past{Mine: true, Text: "do you rent bicycles?", Ago: 100 * 24 * time.Hour}, simulator.Past{Text: "we do", Ago: 100*24*time.Hour - time.Minute},
				simulator.Past{Mine: true, Picture: []byte("a picture"), Text: "like this", Ago: 2 * 24 * time.Hour}, simulator.Past{Mine: true, Picture: []byte("old"), Ago: 30 * 24 * time.Hour})
		}})
		w.eventually("the history is here", func() bool {
			return w.imported(core.ImportHistory).State == core.ImportDone && w.imported(core.ImportContacts).State == core.ImportDone
		})
		asked := w.sim.Business().Phone().Asked()
		for what, kind := range map[core.ImportKind]string{core.ImportHistory: "history", core.ImportContacts: "smb_app_state_sync"} {
			if i := w.imported(what); i.Request != asked[kind] || i.Request == "" {
				t.Errorf("%s: request %q, want %q", what, i.Request, asked[kind])
			}
		}
		w.settle()
		all := w.conversations()
		if len(all) != 1 || all[0].State != core.ConversationClosed {
			t.Fatalf("conversations: %+v", all)
		}
		w.eventually("the picture is here", func() bool { return kindsIn(w.messages(all[0].ID)) == "image text text unsupported" })
		c, err := w.repo().Contact(w.Context(), all[0].Contact)
		w.must(err)
		if c.Name != "Grace from the market" {
			t.Errorf("the contact is called %q", c.Name)
		}
		window, err := w.repo().Window(w.Context(), w.theChannel().ID, c.ID)
		w.must(err)
		if !window.Last.IsZero() {
			t.Errorf("the history opened a window: %v", window)
		}
		if n := len(w.lena.Received()); n > 0 {
			t.Errorf("%d mails about the history", n)
		}
		w.must(w.links.AskImport(w.Context(), w.theChannel()))
		w.settle()
		if again := w.sim.Business().Phone().Asked(); !maps.Equal(again, asked) || w.imported(core.ImportHistory).State != core.ImportDone {
			t.Errorf("asked again: %v, %v", again, w.imported(core.ImportHistory))
		}
	})
}

func kindsIn(all []core.Message) string {
	var kinds []string
	for _, m := range all {
		kinds = append(kinds, string(m.Content.Kind))
	}
	slices.Sort(kinds)
	return strings.Join(kinds, " ")
}

// TestPhoneLeavesAndReturns: while the number is off the platform nothing is sent, and then everything is, in order.
func TestPhoneLeavesAndReturns(t *testing.T) {
	w := liveIn(t, worldOptions{Sim: sharing()})
	w.grace.Say("hello")
	first := w.mailTo(w.lena, "hello")
	w.sim.Business().Phone().Offboard()
	w.eventually("it is parked", func() bool { return w.theChannel().State == core.ChannelParked })
	_, err := w.lena.Reply(w.within(), first, "one moment", mailroom.ReplyOptions{})
	w.must(err)
	w.eventually("it waits", func() bool {
		parts, err := w.repo().PartsIn(w.Context(), w.theChannel().ID, core.StatusQueued, 10)
		w.must(err)
		more, err := w.repo().PartsIn(w.Context(), w.theChannel().ID, core.StatusParked, 10)
		w.must(err)
		return len(parts)+len(more) == 1
	})
	if got := lines(w.grace); len(got) > 0 {
		t.Fatalf("sent while away: %v", got)
	}
	w.sim.Business().Phone().Reconnect()
	w.phoneShows(w.grace, "one moment")
}

// TestNewsOfTheAccountReachesAllNumbers: a business account is disabled, which Meta tells to one address, and both of its numbers stop.
func TestNewsOfTheAccountReachesAllNumbers(t *testing.T) {
	onBoth(t, func(t *testing.T, database string) {
		w := liveIn(t, worldOptions{Database: database})
		first, account := w.theChannel(), w.sim.Business().Account()
		second := core.Channel{ID: core.NewID[core.ChannelID](), Workspace: w.workspace, Kind: first.Kind, Name: "second", Account: "205540352242988", State: core.ChannelActive, Created: w.now(),
			Settings: map[string]string{"phone_number_id": "205540352242988", "business_account_id": account.WABA, "api_base": w.graph}}
		w.must(w.repo().SaveChannel(w.Context(), second))
		for name, value := range map[string]string{"access_token": account.Token, "app_secret": account.AppSecret, "verify_token": "a-verify-token-of-its-own"} {
			w.must(w.seal(w.Context(), w.repo(), w.workspace, ownerOf(second), name, core.NewSecret(value)))
		}
		w.links.Refresh(w.Context())
		tell := func(value map[string]any) {
			status, err := w.sim.Business().PostRaw(w.Context(), w.sim.Business().Envelope("account_update", value))
			if err != nil || status != http.StatusOK {
				t.Fatal(status, err)
			}
		}
		for range 2 { // Meta repeats itself
			tell(map[string]any{"event": "DISABLED_UPDATE", "ban_info": map[string]any{"waba_ban_state": "DISABLE", "waba_ban_date": "March 15, 2026"}})
		}
		for _, id := range []core.ChannelID{first.ID, second.ID} {
			if h := w.channelNow(id).Health; h.Level != core.HealthBad || h.Code != "DISABLED_UPDATE" || h.Remedy == "" {
				t.Errorf("%s: %+v", id, h)
			}
		}
		tell(map[string]any{"event": "PARTNER_REMOVED", "phone_number": "15550783881", "disconnection_info": map[string]any{"reason": "PRIMARY_INACTIVITY"}})
		if h := w.channelNow(second.ID).Health; h.Code != "DISABLED_UPDATE" {
			t.Errorf("the other number's news became the second's: %+v", h)
		}
	})
}

// second gives the first channel's account another number, which has its phone too, with a channel of its own.
func (w *testWorld) second() (*simulator.Business, core.Channel) {
	w.Helper()
	first, account := w.theChannel(), w.sim.Business().Account()
	account.PhoneNumberID, account.DisplayNumber = "205540352242988", "15550783899"
	b := w.sim.AddBusiness(account)
	ch := core.Channel{ID: core.NewID[core.ChannelID](), Workspace: w.workspace, Kind: first.Kind, Name: "second", Account: account.PhoneNumberID, State: core.ChannelActive, Created: w.now(),
		Settings: map[string]string{"phone_number_id": account.PhoneNumberID, "business_account_id": account.WABA, "api_base": w.graph}}
	w.must(w.repo().SaveChannel(w.Context(), ch))
	for name, value := range map[string]string{"access_token": account.Token, "app_secret": account.AppSecret, "verify_token": "a-verify-token-of-its-own"} {
		w.must(w.seal(w.Context(), w.repo(), w.workspace, ownerOf(ch), name, core.NewSecret(value)))
	}
	w.links.Refresh(w.Context())
	for _, id := range []core.ChannelID{first.ID, ch.ID} {
		_, _, link, err := w.links.Link(w.Context(), id)
		w.must(err)
		link.Check(w.Context()) // as at each start: it finds out that the number is used in the app
	}
	return b, ch
}

// TestOneOfSeveralNumbersLeaves: of two numbers in the app one leaves and comes back, and Meta names the account alone, to the address of the other. Only
// the one that left stops, and goes on.
func TestOneOfSeveralNumbersLeaves(t *testing.T) {
	onBoth(t, func(t *testing.T, database string) {
		w := liveIn(t, worldOptions{Database: database, Sim: sharing()})
		stays := w.theChannel()
		b, leaves := w.second()
		b.SetCallback(w.sim.Business().Account().CallbackURL, "") // one address for the account
		b.Phone().Offboard()
		w.eventually("it is parked", func() bool { return w.channelNow(leaves.ID).State == core.ChannelParked })
		if ch := w.channelNow(stays.ID); ch.State != core.ChannelActive || ch.Health.Level == core.HealthBad {
			t.Errorf("the other: %s, %+v", ch.State, ch.Health)
		}
		b.Phone().Reconnect()
		w.eventually("it goes on", func() bool { return w.channelNow(leaves.ID).State == core.ChannelActive })
		b.Phone().Disconnect("PRIMARY_INACTIVITY", "SYSTEM")
		w.eventually("it stops", func() bool { return w.channelNow(leaves.ID).Health.Code == "PARTNER_REMOVED" })
		if h := w.channelNow(leaves.ID).Health; h.Level != core.HealthBad || !strings.Contains(h.Remedy, "13 days") {
			t.Errorf("it says %+v", h)
		}
		if ch := w.channelNow(stays.ID); ch.State != core.ChannelActive || ch.Health.Level == core.HealthBad {
			t.Errorf("the other: %s, %+v", ch.State, ch.Health)
		}
	})
}

// TestLargeHistory: one webhook with thousands of messages is taken, in transactions of bounded size. A provider that is told to come again, because it
// took long, goes on where it was.
func TestLargeHistory(t *testing.T) {
	const chats, each = 30, 150
	onBoth(t, func(t *testing.T, database string) {
		w := liveIn(t, worldOptions{Database: database, Sim: sharing()})
		largest := 0
		stored := w.acceptor.Stored
		w.acceptor.Stored = func(n int, took time.Duration) { largest = max(largest, n); stored(n, took) }
		var threads []map[string]any
		for c := range chats {
			var messages []map[string]any
			who := fmt.Sprintf("4477%08d", c)
			for i := range each {
				messages = append(messages, map[string]any{"from": who, "id": fmt.Sprintf("wamid.%d.%d", c, i), "timestamp": fmt.Sprint(1739230955 + i), "type": "text",
					"text": map[string]any{"body": fmt.Sprintf("line %d of a long talk about bicycles, their bells and their baskets", i)}, "history_context": map[string]any{"status": "READ"}})
			}
			threads = append(threads, map[string]any{"id": who, "messages": messages})
		}
		b := w.sim.Business()
		body := b.Envelope("history", map[string]any{"messaging_product": "whatsapp", "metadata": map[string]any{"display_phone_number": "15550783881", "phone_number_id": b.Account().PhoneNumberID},
			"history": []map[string]any{{"metadata": map[string]any{"phase": 1, "chunk_order": 1, "progress": 100}, "threads": threads}}})
		began, tries := time.Now(), 0
		for status := 0; status != http.StatusOK; tries++ {
			var err error
			if status, err = b.PostRaw(w.Context(), body); err != nil || status != http.StatusOK && status != http.StatusServiceUnavailable || tries > 20 {
				t.Fatalf("status %d, %v", status, err)
			}
		}
		t.Logf("%d messages in %d kB took %v, %d calls, at most %d in a transaction", chats*each, len(body)>>10, time.Since(began).Round(time.Millisecond), tries, largest)
		if largest > 600 {
			t.Errorf("a transaction had %d events", largest)
		}
		page, err := w.repo().Conversations(w.Context(), core.ConversationFilter{}, core.Page{Limit: 200})
		w.must(err)
		if len(page) != chats {
			t.Errorf("%d conversations, want %d", len(page), chats)
		}
		n := 0
		for _, conv := range page {
			n += int(conv.Seq)
		}
		if n != chats*each || w.imported(core.ImportHistory).State != core.ImportDone {
			t.Errorf("%d messages, want %d; the import is %s", n, chats*each, w.imported(core.ImportHistory))
		}
	})
}

// TestRecordsOfTheHidden: the demo's record of a chat is there also of customers of whom the platform tells no phone number, first or ever.
func TestRecordsOfTheHidden(t *testing.T) {
	w := liveIn(t, worldOptions{Sim: sharing()})
	w.grace.SetUsername("grace.m")
	w.grace.HidePhone(true)
	w.grace.Say("who am I?")
	says := func(what string, want ...string) {
		t.Helper()
		w.eventually(what, func() bool {
			all, err := w.recorded(w.Context(), w.grace)
			w.must(err)
			var got []string
			for _, r := range all {
				got = append(got, r.Text)
			}
			return slices.Equal(got, want)
		})
	}
	says("her chat is known by her user id", "who am I?")
	w.grace.HidePhone(false)
	w.grace.Say("it is me")
	says("and by both", "who am I?", "it is me")
}

// TestOwnersPhone: what is typed on the demo's owner's phone is mailed to the agents, and stands in the gateway's record beside it, once.
func TestOwnersPhone(t *testing.T) {
	ctx := aBrowser(t)
	w := liveIn(t, worldOptions{Sim: sharing()})
	w.grace.Say("Is the blue one left?")
	w.mailTo(w.lena, "Is the blue one left?")
	shows := func(expression string) {
		t.Helper()
		w.eventually("the page shows "+expression, func() bool {
			ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("!!("+expression+")"))
			return err == nil && ok
		})
	}
	w.must(chromedp.Do(ctx, chromedp.Navigate(w.stage+"/phone")))
	shows(`document.querySelectorAll('#records tbody tr').length===1`)
	shows(`(document.querySelector('#ownertext').value='Yes, 140.',document.querySelector('#type').requestSubmit(),1)`)
	w.mailTo(w.lena, "Yes, 140.")
	const row = `document.querySelectorAll('#records tbody tr').length===2&&document.querySelectorAll('#records tbody tr')[1].textContent`
	shows(row + `.includes('Yes, 140.')`)
	got := w.grace.Received()
	w.sim.Business().Phone().Edit(w.grace, got[len(got)-1].ID, "Yes, 150.")
	shows(row + `.includes('Yes, 150. (edited)')`)
}
