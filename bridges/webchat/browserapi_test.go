package webchat

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"causeway/core"
)

// TestBrowserCalls: what a page may call does what it says, and a call or event that is none is said to be none.
func TestBrowserCalls(t *testing.T) {
	s := newShop(t, keyGreeting, "Hello")
	p := s.open(browser(t), "")
	eval[any](p, `(window.heard=[],window.warned=[],console.warn=(...a)=>warned.push(a.join(' ')),['ready','agent','closed','message'].forEach(n=>Bridge('on',n,v=>heard.push(n+':'+(v?.text??v)))),0)`)
	eval[any](p, `(Bridge('attributes',{plan:'gold'}),Bridge('attributes',{cart:2}),Bridge('page','/bikes?x=1#y','Bikes'),Bridge('ask','Is it blue?'),0)`)
	who := s.someone(2)
	form, said := s.host.Events()[0].Message.Content.Form, s.host.Events()[1].Message.Content
	if form == nil || form.Fields["plan"] != "gold" || form.Fields["cart"] != "2" || said.Referral == nil || said.Referral.URL != s.site+"/bikes" || said.Referral.Headline != "Bikes" {
		t.Errorf("got %+v, %+v", form, said)
	}
	eval[any](p, `(Bridge('page'),history.pushState(0,'','/?cart'),Bridge('ask','And red?'),0)`) // a page without reloads
	s.someone(3)
	if r := s.host.Events()[2].Message.Content.Referral; r == nil || r.URL != s.site+"/" {
		t.Errorf("the page it went on to: %+v", r)
	}

	key := core.IdentityKey{Scheme: Scheme, Scope: "shop", Value: who}
	s.host.Stand(key, core.Standing{State: core.ConversationOpen, Agent: "Lena"})
	s.send(who, "part-1", "Yes")
	p.until(`one('header').textContent.includes('You are talking with Lena.')`)
	s.host.Stand(key, core.Standing{State: core.ConversationClosed})
	s.link.Hear("news " + seat(who))
	p.until(`one('.s').textContent.includes('was closed')&&!one('header').textContent.includes('Lena')`)
	s.host.Stand(key, core.Standing{State: core.ConversationOpen})
	s.link.Hear("news " + seat(who))
	p.until(`!one('.s').textContent`)
	p.until(`['ready:undefined','agent:Lena','closed:undefined','message:Yes'].every(h=>heard.filter(g=>g===h).length===1)`)

	eval[any](p, `(Bridge('locale','de'),0)`)
	p.until(`one('textarea').placeholder==='Nachricht schreiben'&&one('.p').parentNode.host.lang==='de'`)
	p.until(`all('li.in small').every(n=>n.textContent==='Gesendet')`)
	p.shows("> Is it blue?", "> And red?", "< Yes")
	eval[any](p, `(Bridge('config',{locale:'ar',theme:'dark',position:'start',launcher:'off'}),0)`)
	p.until(`one('.p').dir==='rtl'&&one('.p').className==='p dark start'&&one('.l').hidden`)
	eval[any](p, `(Bridge('theme','light'),0)`)
	p.until(`one('.p').className==='p light start'`)
	eval[any](p, `(Bridge('dance'),Bridge('toString'),Bridge('on','dance',()=>{}),0)`)
	p.until(`warned.join()==='Bridge: there is no call "dance",Bridge: there is no call "toString",Bridge: there is no event "dance"'`)
	p.clean()
}

// TestBrowserColour: the page's own style counts more than the setting.
func TestBrowserColour(t *testing.T) {
	s := newShop(t, keyColor, "#2a9d8f")
	p := s.open(browser(t), "")
	p.click()
	p.until(`getComputedStyle(one('header')).backgroundColor==='rgb(42, 157, 143)'`)
	eval[any](p, `(()=>{const x=new CSSStyleSheet();x.replaceSync('bridge-chat{--bridge-color:#102030}');document.adoptedStyleSheets=[x];return 0})()`)
	p.until(`getComputedStyle(one('header')).backgroundColor==='rgb(16, 32, 48)'&&getComputedStyle(one('.l')).backgroundColor==='rgb(16, 32, 48)'`)
	p.clean()
}

// TestBrowserGoesOn: outside hours the other ways come first, an address is asked for without being in the way, and each way brings a code.
func TestBrowserGoesOn(t *testing.T) {
	s := newShop(t, keyHours, "Mon-Fri 09:00-17:00", keyWhatsApp, "966501234567", keyEmail, "hi@shop.test")
	p := s.open(browser(t), "")
	p.click()
	p.until(`root().activeElement===one('textarea')&&!one('form.f').hidden&&one('.k').compareDocumentPosition(one('.m'))===Node.DOCUMENT_POSITION_FOLLOWING`)
	eval[any](p, `one('input[name=email]').value='nonsense',0`)
	p.say("Anybody there?")
	p.until(`one('textarea').value==='Anybody there?'&&one('input[name=email]').validity.typeMismatch`) // nothing is lost by a typing error
	eval[any](p, `(one('input[name=email]').value='ana@home.test',one('form.t').requestSubmit(),0)`)
	s.someone(2)
	if form := s.host.Events()[0].Message.Content.Form; form == nil || form.Fields["email"] != "ana@home.test" {
		t.Errorf("got %+v", form)
	}
	p.until(`one('form.f').hidden`)
	eval[any](p, `(all('.k button')[0].click(),0)`)
	p.until(`!one('.q').hidden&&one('.q a').href.startsWith('https://wa.me/966501234567?text=')&&root().activeElement===one('.q a')&&!!one('.q svg path').getAttribute('d')`)
	events := s.host.Events()
	if e := events[len(events)-1]; e.Kind != core.EventContinue || !strings.Contains(eval[string](p, `one('.q a').href`), "%23"+e.Continue.Code) {
		t.Errorf("got %+v", e)
	}
	p.audit(axeCore(t), "the way to go on")
	eval[any](p, `(all('.k button')[1].click(),0)`)
	p.until(`one('.q a').href.startsWith('mailto:hi@shop.test?subject=')&&!one('.q svg')&&!one('.q a').target`)
	s.fail(networkDown)
	eval[any](p, `(all('.k button')[0].click(),0)`)
	p.until(`one('.q a').href==='https://wa.me/966501234567'`) // without a code, and never a dead end
	p.clean()
}

// TestBrowserFrame: the chat is a page too, in a frame of the site or by itself, where the app's user is proven by what follows the "#".
func TestBrowserFrame(t *testing.T) {
	s := newShop(t)
	p := &tab{s, browser(t)}
	token := signJWT(plantedIdentity, map[string]any{"sub": "42", "name": "Bo", "exp": s.host.Now().Unix() + 600})
	if err := chromedp.Do(p.ctx, chromedp.Navigate(s.base+"/w/frame?key=chan-1&locale=de#token="+token)); err != nil {
		t.Fatal(err)
	}
	p.until(`!!root()?.querySelector('.p')&&!one('.p').hidden&&one('.l').hidden&&!location.hash&&one('.p').getBoundingClientRect().width===innerWidth`)
	p.say("Guten Tag")
	if who := s.someone(1); who != "u-42" {
		t.Errorf("got %q", who)
	}
	eval[any](p, `one('textarea').focus(),0`)
	if err := chromedp.Do(p.ctx, chromedp.KeyEvent("\u001b")); err != nil {
		t.Fatal(err)
	}
	p.shows("> Guten Tag")
	if eval[bool](p, `one('.p').hidden`) {
		t.Error("the page closed itself")
	}

	framed := func(origin string) bool {
		site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			_, _ = w.Write([]byte(`<!doctype html><script>window.blocked=0;window.wrong=[]</script><iframe src="` + s.base + `/w/frame?key=chan-1" onload="window.loaded=1"></iframe>`))
		}))
		defer site.Close()
		if origin == "" {
			origin = site.URL
		}
		opened, err := Bridge{}.Open(testChannel(), with(keyOrigins, origin), s.host)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = opened.Close() }()
		s.link = opened.(*link)
		before, p := s.loaders.Load(), &tab{s, browser(t)} // one that has nothing in its cache
		if err := chromedp.Do(p.ctx, chromedp.Navigate(site.URL)); err != nil {
			t.Fatal(err)
		}
		p.until(`window.loaded===1`) // a page's scripts come before that
		return s.loaders.Load() > before
	}
	if !framed("") {
		t.Error("the site may not frame the chat")
	}
	if framed("https://www.shop.test") {
		t.Error("any site may frame the chat")
	}
}

// TestBrowserHeldStream: where a proxy holds streams back, answers come by asking.
func TestBrowserHeldStream(t *testing.T) {
	s := newShop(t)
	s.network.Store(networkHold)
	p := s.open(browser(t), "?hasty=1")
	p.click()
	p.say("one")
	who := s.someone(1)
	s.send(who, "part-1", "answer one")
	p.shows("> one", "< answer one")
	s.send(who, "part-2", "answer two")
	p.shows("> one", "< answer one", "< answer two")
	p.until(`!one('.s').textContent`)
	p.clean()
}
