package whatsapptest_test

import (
	"errors"
	"strings"
	"testing"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"

	"causeway/bridges/whatsappdevice/whatsapptest"
)

func TestPairByCode(t *testing.T) {
	srv := whatsapptest.New(t)
	phone := srv.Phone("+491511234567")
	g := newGateway(t, srv)
	g.connect()
	next[*events.QR](g)
	if err := phone.EnterCode("ABCD-EFGH"); err == nil {
		t.Error("a code was accepted before any device asked for one")
	}
	code, err := g.PairPhone(t.Context(), phone.Number(), true, whatsmeow.PairClientChrome, "Chrome (Linux)")
	if err != nil {
		t.Fatal(err)
	}
	if err := srv.Phone("+491519999999").EnterCode(code); err == nil {
		t.Error("another phone could use the code")
	}
	if err := phone.EnterCode(code); err != nil {
		t.Fatal(err)
	}
	next[*events.Connected](g)
	if phone.Linked() != 1 {
		t.Errorf("%d devices are linked", phone.Linked())
	}
}

func TestPairByWrongCode(t *testing.T) {
	srv := whatsapptest.New(t)
	phone := srv.Phone("+491511234567")
	g := newGateway(t, srv)
	g.connect()
	next[*events.QR](g)
	code, err := g.PairPhone(t.Context(), phone.Number(), true, whatsmeow.PairClientChrome, "Chrome (Linux)")
	if err != nil {
		t.Fatal(err)
	}
	wrong := "1111-1111"
	if err := phone.EnterCode(wrong); err == nil || !strings.Contains(err.Error(), "not the code") {
		t.Errorf("the code %s instead of %s: %v", wrong, code, err)
	}
	if phone.Linked() != 0 {
		t.Error("a device was linked by a wrong code")
	}
}

func TestPairWithPasskey(t *testing.T) {
	srv := whatsapptest.New(t)
	phone := srv.Phone("+491511234567", whatsapptest.NeedsPasskey())
	g := newGateway(t, srv)
	g.connect()
	if err := phone.Scan(next[*events.QR](g).Codes[0]); err != nil {
		t.Fatal(err)
	}
	request := next[*events.PairPasskeyRequest](g)
	if request.PublicKey.RelyingPartID != "whatsapp.com" || phone.Linked() != 0 {
		t.Errorf("asked %+v, %d devices are linked", request.PublicKey, phone.Linked())
	}
	forged := phone.Authenticate(request.PublicKey)
	forged.Response.Signature = make([]byte, 64)
	if err := g.SendPasskeyResponse(t.Context(), forged); err == nil {
		t.Error("a passkey without a signature went through")
	}
	if err := g.SendPasskeyResponse(t.Context(), phone.Authenticate(request.PublicKey)); err != nil {
		t.Fatal(err)
	}
	confirm := next[*events.PairPasskeyConfirmation](g)
	if shown := phone.PasskeyCode(); confirm.Code != shown || !confirm.SkipHandoffUX {
		t.Errorf("the device shows %s, the phone %s", confirm.Code, shown)
	}
	if err := g.SendPasskeyConfirmation(t.Context()); err != nil {
		t.Fatal(err)
	}
	next[*events.Connected](g)
	phone.Paired()
}

func TestPairRefused(t *testing.T) {
	srv := whatsapptest.New(t)
	phone := srv.Phone("+491511234567")
	g := newGateway(t, srv)
	g.PrePairCallback = func(types.JID, string, string) bool { return false }
	g.connect()
	codes := next[*events.QR](g).Codes
	if err := phone.Scan(codes[0]); err == nil {
		t.Error("a device was linked that did not want to be")
	}
	if e := next[*events.PairError](g); !errors.Is(e.Error, whatsmeow.ErrPairRejectedLocally) || phone.Linked() != 0 {
		t.Errorf("%d devices are linked: %v", phone.Linked(), e.Error)
	}
	for _, code := range []string{"", "https://wa.me/settings/linked_devices#a,b", strings.Replace(codes[1], "2@", "3@", 1)} {
		if err := phone.Scan(code); err == nil {
			t.Errorf("the code %q was scanned", code)
		}
	}
}

func TestCoexistence(t *testing.T) {
	srv := whatsapptest.New(t)
	phone, ana := srv.Phone("+491511234567", whatsapptest.Coexists()), srv.Contact("+6591234567")
	g := newGateway(t, srv)
	g.pair(phone)
	id := g.send(ana.LID(), said("from the gateway"))
	for name, got := range map[string]whatsapptest.Received{"Ana": ana.Got(), "the phone": phone.Got(), "the Cloud API": phone.CloudGot()} {
		if got.ID != id || got.Text() != "from the gateway" {
			t.Errorf("%s got %q as %s", name, got.Text(), got.ID)
		}
	}
	sent := phone.CloudSays(ana, "from the Cloud API")
	if got := g.message(); got.Info.ID != sent.ID || !got.Info.IsFromMe || got.Info.Chat != ana.LID() || got.Message.GetConversation() != "from the Cloud API" {
		t.Errorf("the echo is %+v", got.Info)
	}
	phone.Settled()
}
