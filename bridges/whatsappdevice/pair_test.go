package whatsappdevice

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"

	"causeway/bridges/bridgetest"
	"causeway/bridges/whatsappdevice/whatsapptest"
	"causeway/core"

	"go.mau.fi/whatsmeow/types"
)

const shopNumber = "+49 30 123456"

// person is who pairs: what they do at each step.
type pairer struct {
	t      *testing.T
	does   func(core.PairingStep)
	answer func(core.PairingStep) core.PairingAnswer
	mu     sync.Mutex
	steps  []core.PairingStep
}

func (p *pairer) Show(_ context.Context, s core.PairingStep) error {
	p.mu.Lock()
	p.steps = append(p.steps, s)
	p.mu.Unlock()
	if p.does != nil {
		go p.does(s)
	}
	return nil
}

func (p *pairer) Answer(context.Context) (core.PairingAnswer, error) {
	p.mu.Lock()
	last := p.steps[len(p.steps)-1]
	p.mu.Unlock()
	return p.answer(last), nil
}

// saw lists the states that were shown.
func (p *pairer) saw() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []string
	for _, s := range p.steps {
		all = append(all, string(s.State))
	}
	return strings.Join(all, " ")
}

// shop is a channel beside a WhatsApp with the owner's phone.
type shop struct {
	*testing.T
	whatsapp *whatsapptest.Server
	phone    *whatsapptest.Phone
	host     *bridgetest.Host
	link     *link
}

func newShop(t *testing.T, options ...whatsapptest.PhoneOption) *shop {
	w := whatsapptest.New(t)
	s := &shop{T: t, whatsapp: w, phone: w.Phone(shopNumber, append(options, whatsapptest.Business("Blumen Weber"))...), host: bridgetest.NewHost(t)}
	s.open()
	return s
}

// open opens the channel anew, as a gateway that starts does.
func (s *shop) open() {
	s.link = openLink(s.T, s.host, keyServer, s.whatsapp.Address(), keyPhone, shopNumber)
}

// scanning has a phone scan the first code.
func scanning(phone *whatsapptest.Phone) func(core.PairingStep) {
	var once sync.Once
	return func(s core.PairingStep) {
		if s.State == core.PairingQR {
			once.Do(func() { _ = phone.Scan(s.Code) })
		}
	}
}

// pairs joins the phone by QR code.
func (s *shop) pairs() core.Paired {
	s.Helper()
	who, err := s.link.Pair(s.Context(), core.PairingWish{}, &pairer{t: s.T, does: scanning(s.phone)})
	if err != nil {
		s.Fatal(err)
	}
	return who
}

func (s *shop) device() string {
	s.Helper()
	d, err := s.link.device(s.Context())
	if err != nil {
		s.Fatal(err)
	}
	return d.GetJID().String()
}

func TestPairByQR(t *testing.T) {
	s := newShop(t)
	p := &pairer{t: t, does: scanning(s.phone)}
	who, err := s.link.Pair(t.Context(), core.PairingWish{}, p)
	if err != nil || who != (core.Paired{Number: "+4930123456", Name: "Blumen Weber"}) {
		t.Fatalf("paired %+v, %v", who, err)
	}
	equal(t, "steps", p.saw(), "preparing qr")
	equal(t, "device", s.device(), "4930123456:1@s.whatsapp.net")
	s.open()
	equal(t, "device after a restart", s.device(), "4930123456:1@s.whatsapp.net")
	whose, err := s.link.devices().account(t.Context())
	if err != nil || whose.PN != "4930123456" || whose.LID != s.phone.LID().User || whose.Name != "Blumen Weber" || whose.Paired.IsZero() {
		t.Errorf("account %+v, %v", whose, err)
	}
	if leaked := strings.Contains(s.host.Logged(), p.steps[1].Code[60:90]); leaked {
		t.Error("the log shows the code")
	}
}

func TestWrongPhone(t *testing.T) {
	s := newShop(t)
	stranger := s.whatsapp.Phone("+49 30 999999")
	_, err := s.link.Pair(t.Context(), core.PairingWish{}, &pairer{t: t, does: scanning(stranger)})
	var p *core.Problem
	if !errors.As(err, &p) || !strings.Contains(p.Detail, "+4930999999") || !strings.Contains(p.Detail, "+4930123456") || p.Remedy == "" {
		t.Errorf("got %v, want a sentence with both numbers", err)
	}
	if d, err := s.link.device(t.Context()); d != nil || err != nil || stranger.Linked() != 0 {
		t.Errorf("linked: %v, %v, %d", d.GetJID(), err, stranger.Linked())
	}
	_, err = s.link.Pair(t.Context(), core.PairingWish{Phone: "+49 30 999999"}, &pairer{t: t})
	if !errors.As(err, &p) || !strings.Contains(p.Detail, "+4930999999") {
		t.Errorf("by code: %v", err)
	}
}

// TestPairAgain: the new device takes the place of the old one. What is known of people stays, what belonged to the old keys goes, and a pairing that
// fails changes nothing.
func TestPairAgain(t *testing.T) {
	s := newShop(t)
	s.pairs()
	before, err := s.link.device(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ana, lid := types.NewJID("4915112345678", types.DefaultUserServer), types.NewJID("777", types.HiddenUserServer)
	_, _, err = before.Contacts.PutPushName(t.Context(), ana, "Ana")
	if err := errors.Join(err, before.LIDs.PutLIDMapping(t.Context(), lid, ana), before.Sessions.PutSession(t.Context(), "777_1:0", []byte("old"))); err != nil {
		t.Fatal(err)
	}
	s.whatsapp.Down()
	if _, err := s.link.Pair(t.Context(), core.PairingWish{}, &pairer{t: t}); core.CodeOf(err) != core.CodeUnavailable {
		t.Errorf("while WhatsApp is away: %v", err)
	}
	s.whatsapp.Up()
	equal(t, "device after a failure", s.device(), "4930123456:1@s.whatsapp.net")
	s.pairs()
	equal(t, "device", s.device(), "4930123456:2@s.whatsapp.net")
	now, err := s.link.device(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	who, err1 := now.Contacts.GetContact(t.Context(), ana)
	pn, err2 := now.LIDs.GetPNForLID(t.Context(), lid)
	session, err3 := now.Sessions.GetSession(t.Context(), "777_1:0")
	if err := errors.Join(err1, err2, err3); err != nil || who.PushName != "Ana" || pn != ana || session != nil {
		t.Errorf("contact %+v, number %v, session %q, %v", who, pn, session, err)
	}
	old, err := s.host.Safe().List(t.Context(), spaceSession+"1", "")
	if err != nil || len(old) > 0 {
		t.Errorf("of the old keys %v are left, %v", old, err)
	}
}

// TestPairingCutShort: wherever a crash falls, what is left is no device or one that can be used, and pairing again works.
// TestLeave: who gives up the channel is no linked device of the phone any more, and may say so twice.
func TestLeave(t *testing.T) {
	s := newShop(t)
	s.pairs()
	for range 2 {
		if err := s.link.Leave(t.Context(), "", nil); err != nil {
			t.Fatal(err)
		}
		equal(t, "devices on the phone", s.phone.Linked(), 0)
		equal(t, "device", s.device(), "")
	}
	s = newShop(t)
	s.pairs()
	s.phone.UnlinksUnseen()
	if err := s.link.Leave(t.Context(), "", nil); err != nil {
		t.Errorf("of a phone that has unlinked it: %v", err)
	}
}

func TestPairingCutShort(t *testing.T) {
	for writes, linked := range []bool{false, false, true, true, true} {
		s := newShop(t)
		safe := &bridgetest.Safe{}
		s.host.UseSafe(safe)
		safe.CutAfter(writes) // what was there is forgotten; the device, its number, its account's key are kept; it takes its place
		if _, err := s.link.Pair(t.Context(), core.PairingWish{}, &pairer{t: t, does: scanning(s.phone)}); err == nil {
			t.Fatalf("after %d writes it was not cut short", writes)
		}
		s.host.UseSafe(safe.Clone())
		s.open()
		if d, err := s.link.device(t.Context()); err != nil || (d != nil) != linked || linked && d.ID == nil {
			t.Errorf("after %d writes: device %v, %v", writes, d.GetJID(), err)
		}
		s.pairs()
	}
}

func TestPairByCode(t *testing.T) {
	s := newShop(t)
	p := &pairer{t: t}
	entered := make(chan error, 1)
	p.does = func(step core.PairingStep) {
		if step.State == core.PairingCode {
			entered <- s.phone.EnterCode(step.Code)
		}
	}
	who, err := s.link.Pair(t.Context(), core.PairingWish{Phone: shopNumber}, p)
	if err != nil || who.Number != "+4930123456" {
		t.Fatalf("paired %+v, %v; entered: %v", who, err, <-entered)
	}
	equal(t, "steps", p.saw(), "preparing code")
	equal(t, "code", len(p.steps[1].Code), len("ABCD-EFGH"))
	equal(t, "device", s.device(), "4930123456:1@s.whatsapp.net")
}

func TestPairWithPasskey(t *testing.T) {
	s := newShop(t, whatsapptest.NeedsPasskey())
	p := &pairer{t: t, does: scanning(s.phone)}
	p.answer = func(step core.PairingStep) core.PairingAnswer {
		if step.State == core.PairingConfirm {
			return core.PairingAnswer{Agreed: step.Code == s.phone.PasskeyCode()}
		}
		var request types.WebAuthnPublicKey
		if err := json.Unmarshal(step.Request, &request); err != nil || step.Origin != "https://web.whatsapp.com" {
			t.Errorf("asked %s at %s: %v", step.Request, step.Origin, err)
		}
		raw, err := json.Marshal(s.phone.Authenticate(&request))
		if err != nil {
			t.Error(err)
		}
		return core.PairingAnswer{Passkey: raw}
	}
	who, err := s.link.Pair(t.Context(), core.PairingWish{}, p)
	if err != nil || who.Number != "+4930123456" {
		t.Fatalf("paired %+v, %v after %s", who, err, p.saw())
	}
	if !strings.HasPrefix(p.saw(), "preparing qr passkey") {
		t.Errorf("steps %s", p.saw())
	}
	equal(t, "device", s.device(), "4930123456:1@s.whatsapp.net")
}

func TestPasskeyThatIsNone(t *testing.T) {
	for _, pasted := range []string{`"nonsense"`, `{}`, `{"id":"x"}`} {
		s := newShop(t, whatsapptest.NeedsPasskey())
		p := &pairer{t: t, does: scanning(s.phone), answer: func(core.PairingStep) core.PairingAnswer { return core.PairingAnswer{Passkey: []byte(pasted)} }}
		if _, err := s.link.Pair(t.Context(), core.PairingWish{}, p); core.CodeOf(err) != core.CodeInvalid {
			t.Errorf("%s: %v", pasted, err)
		}
	}
}

func TestPairingIsStopped(t *testing.T) {
	s := newShop(t)
	ctx, cancel := context.WithCancel(t.Context())
	p := &pairer{t: t, does: func(step core.PairingStep) {
		if step.State == core.PairingQR {
			cancel()
		}
	}}
	if _, err := s.link.Pair(ctx, core.PairingWish{}, p); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestSameNumber(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"4930123456", "4930123456", true}, {"4930123456", "4930123457", false}, {"5511987654321", "551187654321", true}, {"5511887654321", "551187654321", false},
		{"5215512345678", "525512345678", true}, {"5491123456789", "541123456789", true}, {"5491123456789", "541123456780", false}, {"", "1", false},
	} {
		if got := sameNumber(c.a, c.b); got != c.want || sameNumber(c.b, c.a) != got {
			t.Errorf("%s and %s: %v", c.a, c.b, got)
		}
	}
}
