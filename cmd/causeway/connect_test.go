package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"causeway/bridges/simulator"
	"causeway/bridges/whatsappcloud/signup"
	"causeway/core"

	"github.com/chromedp/chromedp"
)

// bakery is a business on the simulated platform that no channel stands for yet.
func bakery() simulator.Account {
	return simulator.Account{PhoneNumberID: "205540352242988", WABA: "202290129340377", AppID: "777000111222333", AppSecret: "the-bakery's-app-secret-1f", Token: "EAAbakeryToken0123456789",
		DisplayNumber: "+49 30 1234567", VerifiedName: "Bakery", Coexists: true}
}

// signupWorld is a world in which the bakery may be connected.
func signupWorld(t *testing.T, o worldOptions) (*testWorld, *simulator.Business) {
	t.Helper()
	var business *simulator.Business
	o.Sim.Businesses = []simulator.Account{simulator.DefaultAccount(), bakery()}
	served := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { business.SDK().ServeHTTP(w, r) }))
	t.Cleanup(served.Close)
	o.SDK = served.URL + "/sdk.js"
	o.Before = func(sim *simulator.Simulator) {
		business = sim.Businesses()[1]
		business.Phone().Onboard()
	}
	return liveIn(t, o), business
}

func (w *testWorld) invited(change func(*signup.Ticket)) string {
	w.Helper()
	t := signup.Ticket{Channel: "bakery", App: bakery().AppID, Config: "55512345", Base: w.graph, Version: "v25.0", Secret: core.NewSecret(bakery().AppSecret)}
	if change != nil {
		change(&t)
	}
	token, err := w.makeTicket(w.Context(), t)
	w.must(err)
	return token
}

// tell posts to the page as its script does, and returns the status and the answer.
func (w *testWorld) tell(what string, body any, change func(*http.Request)) (int, map[string]any) {
	w.Helper()
	raw, err := json.Marshal(body)
	w.must(err)
	r, err := http.NewRequestWithContext(w.Context(), http.MethodPost, w.public()+signup.Path+"/"+what, bytes.NewReader(raw))
	w.must(err)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if change != nil {
		change(r)
	}
	answer, err := http.DefaultClient.Do(r)
	w.must(err)
	defer answer.Body.Close()
	var said map[string]any
	_ = json.NewDecoder(answer.Body).Decode(&said)
	return answer.StatusCode, said
}

const finishedInApp = "FINISH_WHATSAPP_BUSINESS_APP_ONBOARDING"

// TestConnectInBrowser: the owner of a number connects it on the page, in a real browser; the channel receives, and its contacts and history come.
func TestConnectInBrowser(t *testing.T) {
	ctx := aBrowser(t)
	w, bakery := signupWorld(t, worldOptions{})
	say := func(expression string) string {
		got, err := chromedp.Run(ctx, chromedp.Evaluate[string](`String(`+expression+`)`))
		if err != nil {
			return err.Error()
		}
		return got
	}
	w.must(chromedp.Do(ctx, chromedp.Navigate(w.public()+signup.Path+"?lang=ar#"+w.invited(nil))))
	w.eventually("the page is ready", func() bool { return say(`document.body.dataset.state`) == "ready" })
	if title, direction, address := say(`document.title`), say(`document.documentElement.dir`), say(`location.href`); !strings.Contains(title, "واتساب") || direction != "rtl" || strings.Contains(address, "#") {
		t.Errorf("title %q, direction %q, address %q", title, direction, address)
	}
	say(`document.getElementById('go').focus()`)
	w.must(chromedp.Do(ctx, chromedp.KeyEvent("\r")))
	w.eventually("the page says how it went: "+say(`document.querySelector('main').textContent`), func() bool {
		return !slices.Contains([]string{"ready", "window", "working"}, say(`document.body.dataset.state`))
	})
	asked, state := say(`JSON.stringify(window.asked)`), say(`document.body.dataset.state+' '+document.getElementById('detail').textContent`)
	for _, want := range []string{`"config_id":"55512345"`, `"app":"777000111222333"`, `"featureType":"whatsapp_business_app_onboarding"`, `"version":"v4"`, `"response_type":"code"`} {
		if !strings.Contains(asked, want) {
			t.Errorf("Meta's window was asked for %s, want %s in it", asked, want)
		}
	}
	if state != "done +49 30 1234567" {
		t.Errorf("the page says %q", state)
	}
	w.connected(bakery)
	w.must(chromedp.Do(ctx, chromedp.Navigate(w.public()+signup.Path+"?lang=ar#"+w.invited(nil))))
	w.eventually("another link, opened where the page is, begins anew", func() bool { return say(`document.body.dataset.state`) == "ready" })
}

// connected looks whether the bakery's channel works.
func (w *testWorld) connected(business *simulator.Business) {
	w.Helper()
	ch, err := w.repo().ChannelByName(w.Context(), "bakery")
	w.must(err)
	if ch.Account != bakery().PhoneNumberID || ch.Settings["business_account_id"] != bakery().WABA || ch.State != core.ChannelActive {
		w.Errorf("the channel is %+v", ch)
	}
	token, err := w.secret(w.Context(), ch.Workspace, ownerOf(ch), "access_token")
	w.must(err)
	if token.Reveal() != bakery().Token {
		w.Error("the token is not the exchanged one")
	}
	w.eventually("contacts and history are asked for", func() bool { return len(business.Phone().Asked()) == 2 })
	business.Customer("491511234567", "Ida").Say("do you have bread?")
	w.eventually("the message came", func() bool {
		found, err := w.repo().Conversations(w.Context(), core.ConversationFilter{Channel: ch.ID}, core.Page{})
		w.must(err)
		return len(found) == 1
	})
}

func TestConnectOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, database string) {
		w, business := signupWorld(t, worldOptions{Database: database})
		ticket := w.invited(nil)
		asked := map[string]string{"ticket": ticket, "code": business.SignupCode(), "event": finishedInApp, "waba_id": bakery().WABA}
		if status, said := w.tell("finish", asked, nil); status != http.StatusOK || said["shared"] != true {
			t.Fatalf("%d, %v", status, said)
		}
		w.connected(business)
		if n := w.ticketSecrets(); n != 0 {
			t.Errorf("%d secrets of used links are kept", n)
		}
		w.apply(w.cfg.Workspace, "channels:\n  - name: bakery\n    kind: whatsapp-cloud\n    phone: {owner: Lena Brandt}\n", nil) // what the page has set stays
		w.connected(business)
		if ch, err := w.repo().ChannelByName(t.Context(), "bakery"); err != nil || ch.PhoneOwner() != "Lena Brandt" {
			t.Errorf("the phone is %q's, %v", ch.PhoneOwner(), err)
		}
		asked["code"] = business.SignupCode()
		for _, what := range []string{"begin", "finish"} {
			if status, said := w.tell(what, asked, nil); status != http.StatusForbidden || said["word"] != "ticket" {
				t.Errorf("%s again: %d, %v", what, status, said)
			}
		}
		if strings.Contains(w.log.String(), bakery().AppSecret) || strings.Contains(w.log.String(), bakery().Token) || strings.Contains(w.log.String(), ticket) {
			t.Error("the log has a secret")
		}
	})
}

// ticketSecrets counts the sealed secrets of links.
func (w *testWorld) ticketSecrets() (n int) {
	w.Helper()
	all, err := w.store.SealedSecrets(w.Context())
	w.must(err)
	for _, s := range all {
		if strings.HasPrefix(s.Owner, ticketOwners) {
			n++
		}
	}
	return n
}

// TestConnectForgets: the secret of a link that nobody used is forgotten when its day is over and another link is made.
func TestConnectForgets(t *testing.T) {
	w, _ := signupWorld(t, worldOptions{})
	w.invited(nil)
	w.clock.jump(23 * time.Hour)
	w.invited(nil)
	if n := w.ticketSecrets(); n != 2 {
		t.Errorf("two links are good, and %d have a secret", n)
	}
	w.clock.jump(2 * time.Hour)
	w.invited(nil)
	if n := w.ticketSecrets(); n != 2 {
		t.Errorf("two links are good, and %d have a secret", n)
	}
}

// TestConnectDuringOutage: a database that is away is not taken for a secret that nobody gave.
func TestConnectDuringOutage(t *testing.T) {
	w, _ := signupWorld(t, worldOptions{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := w.makeTicket(ctx, signup.Ticket{Channel: "bakery", App: "1", Config: "2"})
	if err == nil || strings.Contains(err.Error(), "secret is not known") {
		t.Errorf("got %v", err)
	}
	_, err = w.makeTicket(t.Context(), signup.Ticket{Channel: "bakery", App: "1", Config: "2"})
	if core.CodeOf(err) != core.CodeInvalid || !strings.Contains(err.Error(), "secret is not known") {
		t.Errorf("got %v", err)
	}
}

func TestConnectRefused(t *testing.T) {
	w, business := signupWorld(t, worldOptions{})
	good := func() map[string]string {
		return map[string]string{"ticket": w.invited(nil), "code": business.SignupCode(), "event": finishedInApp, "waba_id": bakery().WABA}
	}
	for _, c := range []struct {
		name   string
		change func(m map[string]string)
		header func(*http.Request)
		status int
		word   any
	}{
		{"no ticket", func(m map[string]string) { m["ticket"] = "" }, nil, http.StatusForbidden, "ticket"},
		{"a made-up ticket", func(m map[string]string) { m["ticket"] = string(w.workspace) + "." + core.NewToken(32) }, nil, http.StatusForbidden, "ticket"},
		{"from another site", nil, func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }, http.StatusForbidden, nil},
		{"as a form", nil, func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }, http.StatusUnsupportedMediaType, nil},
		{"without a code", func(m map[string]string) { m["code"] = "" }, nil, http.StatusBadGateway, "answer"},
		{"without an account", func(m map[string]string) { m["waba_id"] = "../me" }, nil, http.StatusBadGateway, "answer"},
		{"a code of another", func(m map[string]string) { m["code"] = "AQ" }, nil, http.StatusBadGateway, "exchange"},
		{"another secret", func(m map[string]string) {
			m["ticket"] = w.invited(func(t *signup.Ticket) { t.Secret = core.NewSecret("another-app-secret") })
		}, nil, http.StatusBadGateway, "exchange"},
		{"another account", func(m map[string]string) { m["waba_id"] = simulator.DefaultAccount().WABA }, nil, http.StatusBadGateway, "number"},
		{"a number that is not there", func(m map[string]string) { m["phone_number_id"] = "999999999" }, nil, http.StatusBadGateway, "app"},
		{"another channel's name", func(m map[string]string) {
			m["ticket"] = w.invited(func(t *signup.Ticket) { t.Channel = w.theChannel().Name })
		}, nil, http.StatusBadGateway, "failed"},
	} {
		body := good()
		if c.change != nil {
			c.change(body)
		}
		if status, said := w.tell("finish", body, c.header); status != c.status || said["word"] != c.word {
			t.Errorf("%s: %d, %v", c.name, status, said)
		}
	}
	late := w.invited(nil)
	w.clock.jump(25 * time.Hour)
	if status, said := w.tell("begin", map[string]string{"ticket": late}, nil); status != http.StatusForbidden || said["word"] != "ticket" {
		t.Errorf("a day later: %d, %v", status, said)
	}
	if all, err := w.repo().Channels(w.Context()); err != nil || len(all) != 1 {
		t.Errorf("%d channels, %v", len(all), err)
	}
}

// TestConnectPage: the page lets in nobody's script but Meta's and is in three languages.
func TestConnectPage(t *testing.T) {
	w := liveIn(t, worldOptions{})
	for lang, want := range map[string]string{"": "Connect your", "ar": `dir="rtl"`, "ru-RU,ru;q=0.9": "Подключите", "xx": "Connect your"} {
		r, err := http.NewRequestWithContext(w.Context(), http.MethodGet, w.public()+signup.Path, nil)
		w.must(err)
		r.Header.Set("Accept-Language", lang)
		answer, err := http.DefaultClient.Do(r)
		w.must(err)
		body, err := io.ReadAll(answer.Body)
		w.must(err)
		w.must(answer.Body.Close())
		policy := answer.Header.Get("Content-Security-Policy")
		if !strings.Contains(string(body), want) || !strings.Contains(policy, "script-src 'self' https://connect.facebook.net;") || strings.Contains(policy, "unsafe") {
			t.Errorf("%q: policy %q, page\n%s", lang, policy, body)
		}
	}
}

// TestConnectAgain: a number that was disconnected goes on as soon as it is connected again, though Meta sends no word of it; and when the phone has a new
// number, that one takes its place in the channel. A number that still works is not pushed out.
func TestConnectAgain(t *testing.T) {
	w, business := signupWorld(t, worldOptions{})
	connect := func(b *simulator.Business, want int) {
		t.Helper()
		a := b.Account()
		asked := map[string]string{"ticket": w.invited(nil), "code": b.SignupCode(), "event": finishedInApp, "waba_id": a.WABA, "phone_number_id": a.PhoneNumberID}
		if status, said := w.tell("finish", asked, nil); status != want {
			t.Fatalf("connecting %s: %d, %v", a.DisplayNumber, status, said)
		}
		w.clock.jump(2 * time.Second) // Meta's times are whole seconds
	}
	now := func() core.Channel {
		ch, err := w.repo().ChannelByName(t.Context(), "bakery")
		w.must(err)
		return ch
	}
	connect(business, http.StatusOK)
	business.Phone().Disconnect("PRIMARY_INACTIVITY", "SYSTEM")
	w.eventually("it stops", func() bool { return now().State == core.ChannelParked })
	business.Phone().Onboard()
	connect(business, http.StatusOK)
	w.eventually("it goes on", func() bool { return now().State == core.ChannelActive })

	moved := bakery()
	moved.PhoneNumberID, moved.DisplayNumber, moved.WABA = "205540352242999", "+49 30 7654321", "202290129340399"
	other := w.sim.AddBusiness(moved)
	other.Phone().Onboard()
	connect(other, http.StatusBadGateway)
	if now().Account != bakery().PhoneNumberID {
		t.Fatal("a number that works was pushed out")
	}
	business.Phone().Disconnect("CHANGE_NUMBER", "USER")
	w.eventually("it stops again", func() bool { return now().State == core.ChannelParked })
	connect(other, http.StatusOK)
	w.eventually("the new number goes on", func() bool { return now().State == core.ChannelActive && now().Account == moved.PhoneNumberID })
}

// TestConnectLateNews: what is told of the imports of a number only after it was connected anew, and is of the time before it was disconnected, does not
// count as news of the imports that are asked for now.
func TestConnectLateNews(t *testing.T) {
	w, business := signupWorld(t, worldOptions{})
	connect := func() core.Channel {
		asked := map[string]string{"ticket": w.invited(nil), "code": business.SignupCode(), "event": finishedInApp, "waba_id": bakery().WABA}
		if status, said := w.tell("finish", asked, nil); status != http.StatusOK {
			t.Fatalf("%d, %v", status, said)
		}
		ch, err := w.repo().ChannelByName(t.Context(), "bakery")
		w.must(err)
		return ch
	}
	ch, over := connect(), w.now().Add(time.Hour) // after all that the number has told of the first time
	w.must(core.KeepImport(t.Context(), w.repo(), ch.ID, core.Import{What: core.ImportHistory, State: core.ImportRefused, Round: 1, Over: over}))
	connect()
	w.must(w.acceptor.Accept(t.Context(), ch, []core.Event{{Kind: core.EventAccount, ID: "late", At: over.Add(-time.Minute), Origin: core.OriginProvider,
		Change: &core.AccountBody{Name: "history", Import: &core.Import{What: core.ImportHistory, State: core.ImportDone, Percent: 100}}}}))
	i, err := core.ReadImport(t.Context(), w.repo(), ch.ID, core.ImportHistory)
	w.must(err)
	if i.State == core.ImportDone || i.Round != 2 || !i.Over.Equal(over) {
		t.Errorf("the import is %s, round %d, over at %s", i, i.Round, i.Over)
	}
}

// TestConnectNamesOfOthers: a link for a channel of another kind is refused when it is asked for, and not when the owner has done all the work.
func TestConnectNamesOfOthers(t *testing.T) {
	w, _ := signupWorld(t, worldOptions{})
	w.must(w.repo().SaveChannel(t.Context(), core.Channel{ID: core.NewID[core.ChannelID](), Workspace: w.workspace, Kind: "webchat", Name: "bakery", State: core.ChannelActive, Created: w.now()}))
	_, err := w.makeTicket(t.Context(), signup.Ticket{Channel: "bakery", App: "1", Config: "2", Secret: core.NewSecret("x")})
	if core.CodeOf(err) != core.CodeInvalid || !strings.Contains(err.Error(), "name of its own") {
		t.Errorf("got %v", err)
	}
}
