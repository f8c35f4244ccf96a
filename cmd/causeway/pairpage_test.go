package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"causeway/bridges/whatsappdevice"
	"causeway/bridges/whatsappdevice/whatsapptest"
	"causeway/core"

	"github.com/chromedp/chromedp"
	watypes "go.mau.fi/whatsmeow/types"
)

// pairTab is a browser that shows a channel's pairing page.
type pairTab struct {
	*testWorld
	ctx      context.Context
	whatsapp *whatsapptest.Server
	phone    *whatsapptest.Phone
}

// phoneWorld is a gateway with a channel for a phone, beside a WhatsApp.
func phoneWorld(t *testing.T, ctx context.Context, options ...whatsapptest.PhoneOption) *pairTab {
	t.Helper()
	whatsapp := whatsapptest.New(t)
	w := liveIn(t, worldOptions{Flags: map[string]string{"allow_private": whatsapp.Address()}, Business: "channels: []"})
	w.apply(w.cfg.Workspace, fmt.Sprintf("channels:\n  - name: phone\n    kind: %s\n    settings:\n      phone: %q\n      server: %q\n", whatsappdevice.Kind, shopNumber, whatsapp.Address()), nil)
	return &pairTab{testWorld: w, ctx: ctx, whatsapp: whatsapp, phone: whatsapp.Phone(shopNumber, append(options, whatsapptest.Business("Blumen Weber"))...)}
}

// open shows the page by the link that the command prints.
func (p *pairTab) open(query string) {
	p.Helper()
	c := pairCommand()
	var out bytes.Buffer
	c.SetOut(&out)
	c.SetContext(p.Context())
	p.must(p.linkPairing(c, p.theChannel()))
	link, _, _ := strings.Cut(out.String(), "\n")
	p.must(chromedp.Do(p.ctx, chromedp.Navigate(link+query)))
	p.state("start")
	p.say(`(window.broken=[],addEventListener('securitypolicyviolation',e=>broken.push(e.violatedDirective)),addEventListener('error',e=>broken.push(e.message)),0)`)
}

// say evaluates an expression of the page.
func (p *pairTab) say(expression string) string {
	got, err := chromedp.Run(p.ctx, chromedp.Evaluate[string](`String(`+expression+`)`))
	if err != nil {
		return err.Error()
	}
	return got
}

// state waits until the page shows a step.
func (p *pairTab) state(want string) {
	p.Helper()
	p.eventually("the page shows "+want, func() bool { return p.say(`document.body.dataset.state`) == want })
}

// press does as the keyboard does: an element takes the focus, and Enter is hit.
func (p *pairTab) press(id string) {
	p.Helper()
	p.say(`document.getElementById('` + id + `').focus()`)
	if focus := p.say(`document.activeElement.id`); focus != id {
		p.Errorf("%s cannot be reached: the focus is at %q", id, focus)
	}
	p.must(chromedp.Do(p.ctx, chromedp.KeyEvent("\r")))
}

// audit fails for all that axe-core finds.
func (p *pairTab) audit(what string) {
	p.Helper()
	axe, err := os.ReadFile("../../bridges/webchat/testdata/axe-core@4.14.1/axe.min.js")
	p.must(err)
	_, err = chromedp.Run(p.ctx, chromedp.Evaluate[any](string(axe)+`;0`))
	p.must(err)
	found, err := chromedp.Run(p.ctx, chromedp.Evaluate[string](`axe.run(document,{runOnly:{type:'tag',values:['wcag2a','wcag2aa','wcag21a','wcag21aa','wcag22aa','best-practice']}}).then(r=>
		JSON.stringify(r.violations.map(v=>[v.id,v.impact,v.nodes.map(n=>n.html+' '+n.failureSummary)]))+' '+(r.passes.length>3))`, chromedp.EvalAwaitPromise))
	if err != nil || found != "[] true" {
		p.Errorf("%s: %s %v", what, found, err)
	}
}

// clean fails for what the policy forbade or the script did wrong.
func (p *pairTab) clean() {
	p.Helper()
	if broken := p.say(`JSON.stringify(broken)`); broken != "[]" {
		p.Errorf("the page did what it must not: %s", broken)
	}
}

// scan has a phone scan the code that the page shows.
func (p *pairTab) scan(phone *whatsapptest.Phone) error {
	p.Helper()
	now, err := p.links.Pairing(p.Context(), p.workspace, p.theChannel().ID)
	p.must(err)
	if now.Step.State != core.PairingQR {
		p.Fatalf("no code is shown, but %+v", now.Step)
	}
	return phone.Scan(now.Step.Code)
}

// TestPairInBrowser: a person links the phone on the page, from right to left and by keyboard, and the picture is the code.
func TestPairInBrowser(t *testing.T) {
	p := phoneWorld(t, aBrowser(t))
	p.open("?lang=ar")
	if title, direction := p.say(`document.title`), p.say(`getComputedStyle(document.body).direction`); title != "ربط واتساب" || direction != "rtl" {
		t.Errorf("title %q, direction %q", title, direction)
	}
	p.audit("the beginning")
	p.press("scan")
	p.state("qr")
	p.audit("a QR code")
	if focus, left := p.say(`document.activeElement.id`), p.say(`document.querySelector('#qr .left').textContent`); focus != "qr-title" || !regexp.MustCompile(`رمز جديد بعد \d+`).MatchString(left) {
		t.Errorf("the focus is at %q, and it says %q", focus, left)
	}
	if size := p.say(`document.querySelector('#modules').getBoundingClientRect().height>150 && document.querySelector('#modules path').getAttribute('d').length>500`); size != "true" {
		t.Error("no code is drawn")
	}
	p.must(p.scan(p.phone))
	p.state("done")
	p.audit("the end")
	if said := p.say(`document.getElementById('state').textContent`); !strings.Contains(said, "+4930123456") || !strings.Contains(said, "Blumen Weber") {
		t.Errorf("it says %q", said)
	}
	p.eventually("the device is connected", func() bool { return p.theChannel().Health.Code == "connected" })
	p.clean()
	p.must(chromedp.Do(p.ctx, chromedp.Reload()))
	p.state("done") // and may be linked anew
	if p.say(`document.getElementById('start').hidden`) != "false" {
		t.Error("later the page offers nothing")
	}
}

// TestPairInBrowserWrong: each failure says why, in the reader's language, and the page begins again; a code is typed in the end.
func TestPairInBrowserWrong(t *testing.T) {
	p := phoneWorld(t, aBrowser(t))
	p.open("?lang=ru")
	p.press("scan")
	p.state("qr")
	if err := p.scan(p.whatsapp.Phone("+49 30 999999")); err == nil {
		t.Error("another phone was linked")
	}
	p.state("failed")
	p.audit("a failure")
	said, remedy, english := p.say(`document.getElementById('state').textContent`), p.say(`document.getElementById('remedy').textContent`), p.say(`document.getElementById('english').textContent`)
	if !strings.Contains(said, "другой номер") || !strings.Contains(remedy, "телефон") || !strings.Contains(english, "+4930123456") {
		t.Errorf("it says %q, %q, %q", said, remedy, english)
	}
	p.press("scan")
	p.state("qr")
	p.must(p.links.StopPairing(t.Context(), p.workspace, p.theChannel().ID))
	p.eventually("the page says that it was stopped", func() bool {
		return strings.Contains(p.say(`document.getElementById('state').textContent`), "остановлена")
	})
	p.say(`document.getElementById('without').open=true`)
	p.say(`document.getElementById('phone').value='` + shopNumber + `'`)
	p.press("type")
	p.state("code")
	p.audit("a code to type")
	p.must(p.phone.EnterCode(p.say(`document.getElementById('typed').value`)))
	p.state("done")
	p.clean()
	p.clock.jump(2 * time.Hour)
	defer p.clock.jump(0)
	p.must(chromedp.Do(p.ctx, chromedp.Reload()))
	p.state("link")
	p.audit("a link that is over")
}

// TestPairInBrowserPasskey: the line to run at WhatsApp's site is shown, what is no answer is refused at once, and the answer is handed over.
func TestPairInBrowserPasskey(t *testing.T) {
	p := phoneWorld(t, aBrowser(t), whatsapptest.NeedsPasskey())
	p.open("?lang=en")
	p.press("scan")
	p.state("qr")
	p.must(p.scan(p.phone))
	p.state("passkey")
	p.audit("a passkey")
	request := regexp.MustCompile(`parseRequestOptionsFromJSON\((\{.*\})\)\}`).FindStringSubmatch(p.say(`document.getElementById('line').value`))
	var asked watypes.WebAuthnPublicKey
	if request == nil {
		t.Fatalf("the line is %q", p.say(`document.getElementById('line').value`))
	}
	p.must(json.Unmarshal([]byte(request[1]), &asked))
	if origin := p.say(`document.getElementById('origin').href`); origin != "https://web.whatsapp.com/" {
		t.Errorf("to be asked at %q", origin)
	}
	p.say(`document.getElementById('pasted').value='{"id":"half'`)
	p.press("hand")
	if said := p.say(`document.getElementById('pasted-wrong').textContent`); !strings.Contains(said, "Paste it again") {
		t.Errorf("of half a line it says %q", said)
	}
	p.audit("half a line")
	answer, err := json.Marshal(p.phone.Authenticate(&asked))
	p.must(err)
	quoted, err := json.Marshal("'" + string(answer) + "'")
	p.must(err)
	p.say(`document.getElementById('pasted').value=` + string(quoted))
	p.press("hand")
	p.state("done")
	p.clean()
}
