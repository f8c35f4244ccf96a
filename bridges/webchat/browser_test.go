package webchat

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"causeway/bridges/bridgetest"
	"causeway/core"

	"github.com/chromedp/chromedp"
)

// browser starts a Chromium, or skips where there is none.
func browser(t *testing.T) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium-headless-shell")
	if err != nil {
		if os.Getenv("CAUSEWAY_REQUIRE_PEERS") != "" {
			t.Fatal("chromium-headless-shell is not installed, and CAUSEWAY_REQUIRE_PEERS is set")
		}
		t.Skip("chromium-headless-shell is not installed")
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.DisableGPU, chromedp.ExecPath(path), chromedp.WindowSize(1000, 800),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true))
	alloc, stop := chromedp.NewExecAllocator(context.Background(), opts...)
	ctx, done := chromedp.NewContext(alloc)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start the browser: %v", err)
	}
	t.Cleanup(func() { _ = chromedp.Cancel(ctx); done(); stop() })
	return ctx
}

// How the network is.
const (
	networkGood    = iota
	networkDown    // nothing arrives
	networkSwallow // what is asked arrives, the answer does not
	networkHold    // streams are held back, as by a proxy that waits for their end
)

// shop is a site with the widget, its gateway behind a network that fails on demand.
type shop struct {
	*rig
	site    string
	network atomic.Int32
	asked   atomic.Int32 // requests to the gateway
	loaders atomic.Int32 // and of them, those for the loader
	server  *httptest.Server
}

// policy is a strict one: no styles, nothing inline, no sinks of HTML, and connections to the gateway only.
func policy(gateway string) string {
	return "default-src 'none'; script-src 'self' " + gateway + "; connect-src " + gateway + "; img-src " + gateway + " data:; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'"
}

// pageScript notes what the policy forbids and what goes wrong.
const pageScript = `window.wrong=[];addEventListener('securitypolicyviolation',e=>wrong.push(e.violatedDirective+' '+e.blockedURI+' '+e.sample));addEventListener('error',e=>wrong.push(e.message));addEventListener('unhandledrejection',e=>wrong.push('rejected: '+e.reason))`

func newShop(t *testing.T, settings ...string) *shop {
	t.Helper()
	s := &shop{}
	site := httptest.NewServer(http.HandlerFunc(s.page))
	t.Cleanup(site.Close)
	s.site = site.URL
	h := bridgetest.NewHost(t)
	opened, err := Bridge{}.Open(testChannel(), with(append([]string{keyOrigins, s.site}, settings...)...), h)
	if err != nil {
		t.Fatal(err)
	}
	s.rig = &rig{T: t, host: h, link: opened.(*link)}
	s.server = httptest.NewServer(http.HandlerFunc(s.gateway))
	t.Cleanup(s.server.Close)
	t.Cleanup(func() { _ = opened.Close() })
	s.base = s.server.URL
	return s
}

func (s *shop) page(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/page.js" {
		w.Header().Set("Content-Type", "text/javascript")
		_, _ = w.Write([]byte(pageScript))
		if r.URL.Query().Has("hasty") { // twenty times as quick
			_, _ = w.Write([]byte(`;{const wait=setTimeout;window.setTimeout=(f,ms)=>wait(f,ms/20)}`))
		}
		return
	}
	if r.URL.Path != "/" {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Security-Policy", policy(s.base))
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	locale, position := cmp.Or(r.URL.Query().Get("locale"), "en"), cmp.Or(r.URL.Query().Get("position"), "end")
	_, _ = fmt.Fprintf(w, `<!doctype html><html lang="en"><title>Shop</title><link rel="icon" href="data:,"><script src="/page.js?%s"></script>
<script src="%s/w/bridge.js" data-key="chan-1" data-locale="%s" data-theme="%s" data-position="%s" async></script><main><h1>Shop</h1></main>`, r.URL.RawQuery, s.base, locale, cmp.Or(r.URL.Query().Get("theme"), "auto"), position)
}

func (s *shop) gateway(w http.ResponseWriter, r *http.Request) {
	s.asked.Add(1)
	if strings.HasSuffix(r.URL.Path, "/bridge.js") {
		s.loaders.Add(1)
	}
	inner := Scripts()
	if r.URL.Query().Get("key") == "chan-1" {
		inner = s.link
	}
	inner = http.StripPrefix("/w", inner)
	switch s.network.Load() {
	case networkDown:
		panic(http.ErrAbortHandler)
	case networkSwallow:
		if r.Method == http.MethodPost {
			inner.ServeHTTP(httptest.NewRecorder(), r)
		}
		panic(http.ErrAbortHandler)
	}
	if s.network.Load() == networkHold && strings.HasSuffix(r.URL.Path, "/events") {
		<-r.Context().Done()
		return
	}
	inner.ServeHTTP(w, r)
}

// fail sets the network and cuts what is connected.
func (s *shop) fail(how int32) {
	s.network.Store(how)
	s.server.CloseClientConnections()
}

// tab is one open page.
type tab struct {
	*shop
	ctx context.Context
}

func (s *shop) open(ctx context.Context, query string) *tab {
	s.Helper()
	p := &tab{s, ctx}
	if err := chromedp.Do(ctx, chromedp.Navigate(s.site+"/"+query)); err != nil {
		s.Fatal(err)
	}
	p.until(`!!root()?.querySelector('.l')`)
	return p
}

// eval evaluates an expression of the page. root() is the widget's.
func eval[T any](p *tab, js string) T {
	p.Helper()
	v, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](`(()=>{const root=()=>document.querySelector('bridge-chat')?.shadowRoot,one=s=>root().querySelector(s),all=s=>[...root().querySelectorAll(s)];return `+js+`})()`))
	if err != nil {
		p.Fatalf("%s: %v", js, err)
	}
	return v
}

// until waits for an expression to be true.
func (p *tab) until(js string) {
	p.Helper()
	deadline := time.Now().Add(15 * time.Second)
	for !eval[bool](p, js) {
		if time.Now().After(deadline) {
			p.Fatalf("never true: %s\nthe page shows %q, errors %q", js, eval[string](p, `root()?.textContent||''`), eval[[]string](p, `wrong`))
		}
		rest()
	}
}

// click opens the chat by its button and waits for it.
func (p *tab) click() {
	p.Helper()
	eval[any](p, `one('.l').click(),0`)
	p.until(`!!one('.p')&&!one('.p').hidden`)
}

// say types a line and sends it with the keyboard.
func (p *tab) say(text string) {
	p.Helper()
	eval[any](p, `one('textarea').focus(),0`)
	if err := chromedp.Do(p.ctx, chromedp.KeyEvent(text), chromedp.KeyEvent("\r")); err != nil {
		p.Fatal(err)
	}
}

// bubbles are the messages shown, "> " before the visitor's.
func (p *tab) bubbles() string {
	p.Helper()
	return eval[string](p, `all('li.in,li.out').map(l=>(l.className.includes('in')?'> ':'< ')+[...l.firstChild.childNodes].slice(1).map(n=>n.textContent).join('')).join('|')`)
}

// shows waits until exactly these messages are shown, in this order.
func (p *tab) shows(want ...string) {
	p.Helper()
	all := strings.Join(want, "|")
	deadline := time.Now().Add(15 * time.Second)
	for got := ""; got != all; rest() {
		if got = p.bubbles(); got != all && time.Now().After(deadline) {
			p.Fatalf("got %q, want %q; errors %q", got, all, eval[[]string](p, `wrong`))
		}
	}
}

// clean fails for everything that the page's policy forbade, and for errors.
func (p *tab) clean() {
	p.Helper()
	if wrong := eval[[]string](p, `wrong`); len(wrong) > 0 {
		p.Errorf("the page saw %q", wrong)
	}
}

// stored lists the texts that the gateway has, in order.
func (s *shop) stored() []string {
	var all []string
	for _, e := range s.host.Events() {
		if e.Kind == core.EventMessage {
			all = append(all, e.Message.Content.Text)
		}
	}
	return all
}

// someone waits until the gateway knows n visitor's messages, and returns who wrote them.
func (s *shop) someone(n int) string {
	s.Helper()
	for deadline := time.Now().Add(15 * time.Second); len(s.stored()) < n; rest() {
		if time.Now().After(deadline) {
			s.Fatalf("stored are %q, want %d", s.stored(), n)
		}
	}
	return s.host.Events()[0].Peer.Identities[0].Value
}

func TestBrowserFirstMessageReloadAnswer(t *testing.T) {
	s := newShop(t, keyGreeting, "How can we help?", keyAnswer, "We answer within an hour.", keyHours, "Mon-Fri 09:00-17:00")
	p := s.open(browser(t), "")
	if n := s.asked.Load(); n != 1 {
		t.Errorf("%d requests before the visitor did anything, want the loader alone", n)
	}
	p.click()
	p.until(`root().activeElement===one('textarea')`)
	p.until(`one('header').textContent.includes('Closed now. We are back Monday')`) // the host's clock stands on a Sunday
	p.say("Do you ship to Jeddah?")
	who := s.someone(1)
	p.shows("> Do you ship to Jeddah?")
	s.send(who, "part-1", "Yes: https://www.shop.test/ship.")
	p.shows("> Do you ship to Jeddah?", "< Yes: https://www.shop.test/ship.")
	if got := eval[string](p, `one('li.out a').href`); got != "https://www.shop.test/ship" {
		t.Errorf("the link leads to %q", got)
	}
	s.receipts("delivered part-1", "read part-1")
	p.clean()

	p = s.open(p.ctx, "") // a reload: known from before
	s.send(who, "part-2", "Anything else?")
	p.until(`one('.l b').textContent==='1'&&!one('.l b').hidden`)
	p.click()
	p.shows("> Do you ship to Jeddah?", "< Yes: https://www.shop.test/ship.", "< Anything else?")
	p.until(`one('.l b').hidden`)
	s.receipts("delivered part-1", "read part-1", "delivered part-2", "read part-2")
	p.clean()
	if got := s.stored(); len(got) != 1 {
		t.Errorf("stored: %q", got)
	}
}

// TestBrowserMarksAndNames: marked words look marked, after a change and a reload too, and the visitor sees who answers, unless that is off.
func TestBrowserMarksAndNames(t *testing.T) {
	for _, names := range []string{yes, no} {
		t.Run(names, func(t *testing.T) {
			s := newShop(t, keyNames, names)
			p := s.open(browser(t), "")
			p.click()
			p.say("Hello")
			who := s.someone(1)
			out := s.outgoing(who, "part-1", "It is *_very_ ready*: <b> `x` \ue001 *https://www.shop.test/a*")
			out.Author = "Lena"
			if _, err := s.link.Send(t.Context(), out); err != nil {
				t.Fatal(err)
			}
			p.until(`one('li.out b i')?.textContent==='very'&&one('li.out b').textContent==='very ready'&&one('li.out code').textContent==='x'`)
			if got := eval[string](p, `one('li.out b a').href`); got != "https://www.shop.test/a" {
				t.Errorf("the link leads to %q", got)
			}
			if got := eval[bool](p, `one('li.out small').textContent.startsWith('Lena · ')`); got != (names == yes) {
				t.Errorf("the name is shown: %v", got)
			}
			edit := core.Act{Action: core.ActionEdit, To: out.To, Target: "part-1", Content: core.Content{Kind: core.KindText, Text: "No, ~ready~"}}
			if _, err := s.link.Act(t.Context(), edit); err != nil {
				t.Fatal(err)
			}
			p.until(`one('li.out s')?.textContent==='ready'&&!one('li.out b')`)
			p.clean()
			p = s.open(p.ctx, "")
			p.click()
			p.until(`one('li.out s')?.textContent==='ready'`)
			p.clean()
		})
	}
}

// receipts waits for exactly these, in any order.
func (s *shop) receipts(want ...string) {
	s.Helper()
	have := map[string]int{}
	for deadline := time.Now().Add(15 * time.Second); ; rest() {
		clear(have)
		for _, e := range s.host.Events() {
			if e.Kind == core.EventReceipt {
				have[string(e.Receipt.Status)+" "+e.Receipt.Provider]++
			}
		}
		missing := len(have) != len(want)
		for _, w := range want {
			missing = missing || have[w] != 1
		}
		if !missing {
			return
		}
		if time.Now().After(deadline) {
			s.Fatalf("receipts %v, want %q", have, want)
		}
	}
}

// TestBrowserNetwork: what both sides write while nothing arrives, or only the answers do not, arrives once and in order.
func TestBrowserNetwork(t *testing.T) {
	s := newShop(t)
	p := s.open(browser(t), "")
	p.click()
	p.say("one")
	who := s.someone(1)
	p.shows("> one")

	s.fail(networkDown)
	p.say("two")
	p.say("three")
	s.send(who, "part-1", "answer one")
	p.until(`one('.s').textContent.includes('No connection')`)
	if got := s.stored(); len(got) != 1 {
		t.Fatalf("the network is down, and stored are %q", got)
	}
	s.fail(networkGood)
	s.someone(3)
	s.send(who, "part-2", "answer two")
	p.until(`all('li').length>=5`)

	s.fail(networkSwallow)
	p.say("four")
	s.someone(4)
	s.send(who, "part-3", "answer three")
	s.fail(networkGood)
	p.until(`all('li.out').length===3`)
	p.until(`all('li.in small').every(n=>n.textContent==='Sent')`)
	if got := strings.Join(s.stored(), " "); got != "one two three four" {
		t.Errorf("stored: %q", got)
	}
	fresh := s.open(p.ctx, "") // what the gateway kept is what the page showed
	fresh.click()
	fresh.until(`all('li').length===7`)
	for _, text := range []string{"> one", "> two", "> three", "> four", "< answer one", "< answer two", "< answer three"} {
		if n := strings.Count("|"+fresh.bubbles()+"|", "|"+text+"|"); n != 1 {
			t.Errorf("%q is there %d times: %q", text, n, fresh.bubbles())
		}
	}
	p.clean()
}

// TestBrowserUnsentSurvivesReload: what could not be sent is sent by the next page.
func TestBrowserUnsentSurvivesReload(t *testing.T) {
	s := newShop(t)
	p := s.open(browser(t), "")
	p.click()
	p.say("one")
	s.someone(1)
	s.fail(networkSwallow)
	p.say("two")
	s.someone(2)
	s.fail(networkDown)
	p.say("three")
	p.until(`JSON.parse(Object.values(localStorage)[0]).queue.length===2`)
	s.fail(networkGood)
	p = s.open(p.ctx, "")
	s.someone(3)
	p.click()
	p.shows("> one", "> two", "> three")
	if got := strings.Join(s.stored(), " "); got != "one two three" {
		t.Errorf("stored: %q", got)
	}
	p.clean()
}

// TestBrowserTabs: several tabs show the same, by one stream.
func TestBrowserTabs(t *testing.T) {
	s := newShop(t)
	ctx := browser(t)
	first := s.open(ctx, "")
	first.click()
	first.say("one")
	who := s.someone(1)
	var tabs []*tab
	for range 3 {
		other, done := chromedp.NewContext(ctx)
		defer done()
		p := s.open(other, "")
		p.click()
		p.shows("> one")
		tabs = append(tabs, p)
	}
	tabs[0].say("two")
	s.someone(2)
	s.send(who, "part-1", "answer")
	for _, p := range append(tabs, first) {
		p.shows("> one", "> two", "< answer")
		p.clean()
	}
	s.link.hub.mu.Lock()
	streams := s.link.hub.count
	s.link.hub.mu.Unlock()
	if streams != 1 {
		t.Errorf("%d streams for four tabs", streams)
	}
}

func TestBrowserFormAndRightToLeft(t *testing.T) {
	s := newShop(t, keyAsk, "name, email*", keyWhatsApp, "966501234567", keyTitle, "متجر")
	p := s.open(browser(t), "?locale=ar-SA")
	p.click()
	p.until(`!one('form.f').hidden&&one('form.t').hidden&&root().activeElement.name==='name'`)
	if got := eval[string](p, `getComputedStyle(one('.p')).direction+' '+one('.p').parentNode.host.lang`); got != "rtl ar" {
		t.Errorf("got %q", got)
	}
	eval[any](p, `one('input[name=name]').value='Ana',one('input[name=email]').value='ana@home.test',one('form.f').requestSubmit(),0`)
	p.until(`one('form.f').hidden&&!one('form.t').hidden`)
	p.until(`getComputedStyle(one("form.t .go svg")).transform.startsWith("matrix(-1")&&one("h2").getBoundingClientRect().right-one("h2 bdi").getBoundingClientRect().right<2`) // the arrow points where one writes to
	p.say("مرحبا")
	s.someone(2)
	p.shows("> مرحبا")
	if form := s.host.Events()[0].Message.Content.Form; form == nil || form.Fields["email"] != "ana@home.test" {
		t.Errorf("got %+v", form)
	}
	// The visitor's own bubbles lie at the end of the line: left, where one reads from the right.
	if !eval[bool](p, `one('li.in').getBoundingClientRect().left-one('ol').getBoundingClientRect().left<60`) {
		t.Error("the visitor's own message is not at the end side")
	}
	eval[any](p, `one('textarea').focus(),0`)
	if err := chromedp.Do(p.ctx, chromedp.KeyEvent("\u001b")); err != nil {
		t.Fatal(err)
	}
	p.until(`one('.p').hidden&&root().activeElement===one('.l')`) // Escape closes and gives the focus back
	p.clean()
}

func TestBrowserAttachment(t *testing.T) {
	s := newShop(t)
	p := s.open(browser(t), "")
	p.click()
	p.until(`!!one('input[type=file]')`)
	// A pixel, given as a person's choice of a file.
	eval[any](p, `(()=>{const d=new DataTransfer();d.items.add(new File([Uint8Array.from(atob('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7'),c=>c.charCodeAt(0))],'pixel.gif',{type:'image/gif'}));const i=one('input[type=file]');i.files=d.files;i.dispatchEvent(new Event('change'));return 0})()`)
	who := s.someone(1)
	if m := s.host.Events()[0].Message.Content; m.Kind != core.KindImage || m.Media.Name != "pixel.gif" || m.Media.MIME != "image/gif" {
		t.Errorf("got %+v", m)
	}
	p.until(`one('li.in img')?.naturalWidth===1`)
	s.host.PutFile("media-1", []byte("%PDF-1.7"))
	out := s.outgoing(who, "part-1", "The offer")
	out.Content = core.Content{Kind: core.KindDocument, Text: "The offer", Media: &core.Media{ID: "media-1", MIME: "application/pdf", Name: "offer.pdf", Size: 8}}
	if _, err := s.link.Send(t.Context(), out); err != nil {
		t.Fatal(err)
	}
	p.until(`one('li.out a')?.textContent==='offer.pdf'`)
	choices := s.outgoing(who, "part-2", "Take it?")
	choices.Content = core.Content{Kind: core.KindChoices, Text: "Take it?", Choices: &core.Choices{Options: []core.Option{{ID: "y", Title: "Yes"}, {ID: "n", Title: "No"}}}}
	if _, err := s.link.Send(t.Context(), choices); err != nil {
		t.Fatal(err)
	}
	p.until(`all('.o button').length===2`)
	eval[any](p, `all('.o button')[0].click(),0`)
	s.someone(2)
	events := s.host.Events()
	if c := events[len(events)-1].Message; c == nil || c.Content.Choice == nil || c.Content.Choice.ID != "y" {
		found := false
		for _, e := range events {
			found = found || e.Message != nil && e.Message.Content.Choice != nil && e.Message.Content.Choice.ID == "y"
		}
		if !found {
			t.Errorf("no choice among %+v", events)
		}
	}
	if _, err := s.link.Act(t.Context(), core.Act{Action: core.ActionTyping, To: out.To}); err != nil {
		t.Fatal(err)
	}
	p.until(`one('.s').textContent==='Writing…'`)
	p.clean()
}

func TestBrowserIdentity(t *testing.T) {
	s := newShop(t, keyRequire, yes)
	p := s.open(browser(t), "")
	p.click()
	p.until(`one('.s').textContent.includes('sign in')&&one('form.t').hidden`)
	token := signJWT(plantedIdentity, map[string]any{"sub": "42", "name": "Bo", "exp": s.host.Now().Add(time.Hour).Unix()})
	quoted, _ := json.Marshal(token)
	eval[any](p, `Bridge('identify',{token:`+string(quoted)+`}),0`)
	p.until(`!one('form.t').hidden&&!one('.s').textContent`)
	p.say("it is me")
	if who := s.someone(1); who != "u-42" {
		t.Errorf("got %q", who)
	}
	if eval[bool](p, `location.href.includes('ey')||performance.getEntriesByType('resource').some(e=>e.name.includes('eyJ'))`) {
		t.Error("a token is in an address")
	}
	p.clean()
}

// TestBrowserAxe has axe-core look at the widget: light and dark, from left to right and from right to left.
func TestBrowserAxe(t *testing.T) {
	axe := axeCore(t)
	ctx := browser(t)
	for _, query := range []string{"", "?theme=dark", "?locale=ar&theme=light", "?locale=ar&theme=dark"} {
		t.Run(query, func(t *testing.T) {
			s := newShop(t, keyAsk, "name, email*, phone", keyGreeting, "How can we help?", keyAnswer, "We answer within an hour.", keyWhatsApp, "966501234567", keyEmail, "a@shop.test", keyColor, "#2a9d8f",
				keyHours, "Mon-Fri 09:00-17:00")
			p := s.open(ctx, query)
			p.audit(axe, "the button")
			p.click()
			p.until(`!one('form.f').hidden`)
			p.audit(axe, "the form")
			eval[any](p, `one('input[name=email]').value='ana@home.test',one('form.f').requestSubmit(),0`)
			p.until(`one('form.f').hidden`)
			p.say("see https://www.shop.test/a")
			who := s.someone(2)
			s.send(who, "part-1", "and https://www.shop.test/b")
			p.until(`all('li').length===3`)
			p.audit(axe, "the talk")
			s.offer(who)
			p.until(`all('.o button').length===2`)
			s.fail(networkDown)
			p.say("still there?")
			p.until(`!!one('.s').textContent`)
			p.audit(axe, "files, choices and no connection")
		})
	}
}

// offer sends a visitor a file, marked words and choices.
func (s *shop) offer(who string) {
	s.Helper()
	s.host.PutFile("media-1", []byte("%PDF-1.7"))
	for key, c := range map[string]core.Content{
		"file":    {Kind: core.KindDocument, Text: "The *offer*", Media: &core.Media{ID: "media-1", MIME: "application/pdf", Name: "offer.pdf", Size: 8}},
		"choices": {Kind: core.KindChoices, Text: "Take it?", Choices: &core.Choices{Options: []core.Option{{ID: "y", Title: "Yes"}, {ID: "n", Title: "No"}}}},
	} {
		out := s.outgoing(who, key, "")
		out.Author, out.Content = "Lena", c
		if _, err := s.link.Send(s.Context(), out); err != nil {
			s.Fatal(err)
		}
	}
}

// audit fails for all that axe-core finds in what is shown of the widget.
func (p *tab) audit(axe, what string) {
	p.Helper()
	p.until(`!one('.p')||one('.p').getAnimations().every(a=>a.playState==='finished')`)
	if _, err := chromedp.Run(p.ctx, chromedp.Evaluate[any](axe+`;0`)); err != nil {
		p.Fatal(err)
	}
	found, err := chromedp.Run(p.ctx, chromedp.Evaluate[string](`axe.run('bridge-chat',{runOnly:{type:'tag',values:['wcag2a','wcag2aa','wcag21a','wcag21aa','wcag22aa']}}).then(r=>JSON.stringify(r.violations.map(v=>[v.id,v.impact,v.nodes.map(n=>n.html+' '+n.failureSummary)]))+' '+(r.passes.length>3))`, chromedp.EvalAwaitPromise))
	if err != nil || found != "[] true" {
		p.Errorf("%s: %s %v", what, found, err)
	}
}

// TestBrowserTyping: the business hears that a visitor writes once they have written before, and not with every key.
func TestBrowserTyping(t *testing.T) {
	s := newShop(t)
	p := s.open(browser(t), "")
	p.click()
	p.say("Hello")
	who := s.someone(1)
	p.until(`one('li.in small').textContent==='Sent'`)
	if typed := s.host.Typed(); len(typed) > 0 {
		t.Errorf("somebody who was not there before is writing: %v", typed)
	}
	if err := chromedp.Do(p.ctx, chromedp.KeyEvent("And one more")); err != nil {
		t.Fatal(err)
	}
	var typed []core.IdentityKey
	for deadline := time.Now().Add(15 * time.Second); len(typed) == 0; rest() {
		if typed = s.host.Typed(); time.Now().After(deadline) {
			t.Fatal("nobody was told")
		}
	}
	if len(typed) != 1 || typed[0].Value != who {
		t.Errorf("got %v", typed)
	}
	p.clean()
}

// TestBrowserProofOfWork: the visitor sees nothing of it but that the chat begins.
func TestBrowserProofOfWork(t *testing.T) {
	s := newShop(t, keyWork, "12")
	p := s.open(browser(t), "")
	p.click()
	p.say("Hello")
	s.someone(1)
	p.shows("> Hello")
	p.clean()
	p = s.open(p.ctx, "") // known by now
	p.click()
	p.shows("> Hello")
	p.clean()
}
