package whatsapptest_test

import (
	"testing"

	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"
	"google.golang.org/protobuf/proto"

	"causeway/bridges/whatsappdevice/whatsapptest"
)

func said(words string) *waE2E.Message { return &waE2E.Message{Conversation: proto.String(words)} }

// send sends a text and returns its ID.
func (g *gateway) send(to types.JID, m *waE2E.Message) string {
	g.t.Helper()
	sent, err := g.SendMessage(g.t.Context(), to, m)
	if err != nil {
		g.t.Fatal(err)
	}
	return sent.ID
}

func TestConversation(t *testing.T) {
	srv := whatsapptest.New(t)
	phone, ana := srv.Phone("+49 151 1234567", whatsapptest.Business("Shop")), srv.Contact("+65 9123 4567", whatsapptest.Named("Ana"))
	g := newGateway(t, srv)
	g.pair(phone)
	if phone.Linked() != 1 || g.Store.GetJID().User != phone.PN().User || g.Store.BusinessName != "Shop" {
		t.Errorf("%d devices are linked; the gateway is %s of %q", phone.Linked(), g.Store.GetJID(), g.Store.BusinessName)
	}

	first := ana.Text("is it open?")
	got := g.message()
	if got.Message.GetConversation() != "is it open?" || got.Info.ID != first.ID || got.Info.Chat != ana.LID() || got.Info.SenderAlt.User != ana.PN().User ||
		got.Info.PushName != "Ana" || got.Info.IsFromMe {
		t.Errorf("received %+v", got.Info)
	}
	ana.SeesDelivered(first)
	phone.Settled()

	id := g.send(ana.LID(), said("yes, until six"))
	answer := ana.Got()
	if answer.ID != id || answer.Text() != "yes, until six" {
		t.Errorf("Ana got %q as %s, want %s", answer.Text(), answer.ID, id)
	}
	if own := phone.Got(); own.ID != id || own.Text() != "yes, until six" || own.Chat != ana.LID() {
		t.Errorf("the phone's copy is %q of %s to %s", own.Text(), own.ID, own.Chat)
	}
	ana.Receives(answer)
	if r := next[*events.Receipt](g); r.Type != types.ReceiptTypeDelivered || r.MessageIDs[0] != id {
		t.Errorf("a receipt %q of %v", r.Type, r.MessageIDs)
	}
	ana.Reads(answer)
	if r := next[*events.Receipt](g); r.Type != types.ReceiptTypeRead {
		t.Errorf("a receipt %q", r.Type)
	}
	ana.Text("thanks", whatsapptest.Quoting(first))
	if got := g.message(); got.Message.GetExtendedTextMessage().GetContextInfo().GetStanzaID() != first.ID {
		t.Errorf("the answer quotes %v", got.Message)
	}
	phone.Settled()
}
