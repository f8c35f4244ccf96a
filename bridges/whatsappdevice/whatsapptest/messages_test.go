package whatsapptest_test

import (
	"bytes"
	"strings"
	"testing"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"
	"google.golang.org/protobuf/proto"

	"causeway/bridges/whatsappdevice/whatsapptest"
)

// paired is a server with a phone, a contact and a gateway linked to the phone.
func paired(t *testing.T, options ...whatsapptest.ContactOption) (*whatsapptest.Server, *whatsapptest.Phone, *whatsapptest.Contact, *gateway) {
	t.Helper()
	srv := whatsapptest.New(t)
	phone, ana := srv.Phone("+491511234567"), srv.Contact("+6591234567", append(options, whatsapptest.Named("Ana"))...)
	g := newGateway(t, srv)
	g.pair(phone)
	return srv, phone, ana, g
}

func TestFirstContact(t *testing.T) {
	_, _, ana, g := paired(t)
	id := g.send(ana.PN(), said("hello"))
	if got := ana.Got(); got.ID != id {
		t.Errorf("Ana got %s, want %s", got.ID, id)
	}
	if _, err := g.SendMessage(t.Context(), types.NewJID("4915100000000", types.DefaultUserServer), said("hello?")); err == nil || !strings.Contains(err.Error(), "no LID found") {
		t.Errorf("to a number without WhatsApp: %v", err)
	}
	found, err := g.IsOnWhatsApp(t.Context(), []string{ana.Number(), "+4915100000000"})
	if err != nil || len(found) != 2 || !found[0].IsIn || found[0].JID != ana.LID() || found[1].IsIn {
		t.Errorf("who is on WhatsApp: %+v %v", found, err)
	}
}

func TestEcho(t *testing.T) {
	_, phone, ana, g := paired(t)
	sent := phone.Says(ana, "typed on the phone")
	got := g.message()
	if got.Info.ID != sent.ID || !got.Info.IsFromMe || got.Info.Chat != ana.LID() || got.Info.RecipientAlt != ana.PN() || got.Message.GetConversation() != "typed on the phone" {
		t.Errorf("the echo is %+v %v", got.Info, got.Message)
	}
	question := ana.Text("hello?")
	g.message()
	phone.Reads(question)
	if r := next[*events.Receipt](g); r.Type != types.ReceiptTypeReadSelf || r.MessageIDs[0] != question.ID || r.Chat != ana.LID() {
		t.Errorf("a receipt %q of %v in %s", r.Type, r.MessageIDs, r.Chat)
	}
	if err := g.MarkRead(t.Context(), []string{question.ID}, question.At, ana.LID(), ana.LID()); err != nil {
		t.Fatal(err)
	}
	ana.SeesRead(question)
}

// file downloads a message's media.
func (g *gateway) file(m *waE2E.Message) ([]byte, error) {
	var media whatsmeow.DownloadableMessage = m.GetImageMessage()
	switch {
	case m.GetAudioMessage() != nil:
		media = m.GetAudioMessage()
	case m.GetVideoMessage() != nil:
		media = m.GetVideoMessage()
	case m.GetDocumentMessage() != nil:
		media = m.GetDocumentMessage()
	}
	return g.Download(g.t.Context(), media)
}

func TestMedia(t *testing.T) {
	srv, _, ana, g := paired(t)
	file := bytes.Repeat([]byte("media "), 1000)
	for name, send := range map[string]func() whatsapptest.Message{
		"image":    func() whatsapptest.Message { return ana.Image(file, "look") },
		"voice":    func() whatsapptest.Message { return ana.Audio(file, true) },
		"video":    func() whatsapptest.Message { return ana.Video(file, "") },
		"document": func() whatsapptest.Message { return ana.Document(file, "order.pdf", "application/pdf") },
		"once":     func() whatsapptest.Message { return ana.Image(file, "look", whatsapptest.ViewOnce()) },
	} {
		send()
		got := g.message()
		if down, err := g.file(got.Message); err != nil || !bytes.Equal(down, file) {
			t.Errorf("%s: %d bytes, %v", name, len(down), err)
		}
	}
	up, err := g.Upload(t.Context(), file, whatsmeow.MediaImage)
	if err != nil {
		t.Fatal(err)
	}
	g.send(ana.LID(), &waE2E.Message{ImageMessage: &waE2E.ImageMessage{URL: &up.URL, DirectPath: &up.DirectPath, MediaKey: up.MediaKey, FileEncSHA256: up.FileEncSHA256,
		FileSHA256: up.FileSHA256, FileLength: &up.FileLength, Mimetype: proto.String("image/jpeg"), Caption: proto.String("here")}})
	if got := ana.Got(); got.Text() != "here" || !bytes.Equal(got.File(), file) {
		t.Errorf("Ana got %q", got.Text())
	}

	photo := ana.Image(file, "")
	got := g.message()
	srv.Expire(photo)
	if _, err := g.file(got.Message); err == nil {
		t.Fatal("what had expired could be had")
	}
	if err := g.SendMediaRetryReceipt(t.Context(), &got.Info, got.Message.GetImageMessage().GetMediaKey()); err != nil {
		t.Fatal(err)
	}
	retry, err := whatsmeow.DecryptMediaRetryNotification(next[*events.MediaRetry](g), got.Message.GetImageMessage().GetMediaKey())
	if err != nil {
		t.Fatal(err)
	}
	got.Message.ImageMessage.DirectPath = retry.DirectPath
	if down, err := g.file(got.Message); err != nil || !bytes.Equal(down, file) {
		t.Errorf("what the phone stored anew: %d bytes, %v", len(down), err)
	}
	srv.Forget(photo)
	if err := g.SendMediaRetryReceipt(t.Context(), &got.Info, got.Message.GetImageMessage().GetMediaKey()); err != nil {
		t.Fatal(err)
	}
	if _, err := whatsmeow.DecryptMediaRetryNotification(next[*events.MediaRetry](g), got.Message.GetImageMessage().GetMediaKey()); err == nil {
		t.Error("the phone stored what it does not have")
	}
	srv.MediaGone(404)
	ana.Image(file, "")
	if _, err := g.file(g.message().Message); err == nil {
		t.Error("media were had that are gone")
	}
}

func TestChanges(t *testing.T) {
	_, phone, ana, g := paired(t)
	first := ana.Text("is it opne?")
	g.message()
	ana.Edit(first, "is it open?")
	if got := g.message(); !got.IsEdit || got.Message.GetProtocolMessage().GetKey().GetID() != first.ID ||
		got.Message.GetProtocolMessage().GetEditedMessage().GetConversation() != "is it open?" {
		t.Errorf("the edit is %v", got.Message)
	}
	ana.React(first, "🙏")
	if got := g.message().Message.GetReactionMessage(); got.GetText() != "🙏" || got.GetKey().GetID() != first.ID {
		t.Errorf("the reaction is %v", got)
	}
	ana.Revoke(first)
	if got := g.message(); got.Info.Edit != types.EditAttributeSenderRevoke || got.Message.GetProtocolMessage().GetType() != waE2E.ProtocolMessage_REVOKE {
		t.Errorf("the revocation is %+v %v", got.Info, got.Message)
	}
	phone.Reacts(ana, first, "👍")
	if got := g.message(); !got.Info.IsFromMe || got.Message.GetReactionMessage().GetText() != "👍" {
		t.Errorf("the owner's reaction is %v", got.Message)
	}
	own := phone.Says(ana, "yse")
	g.message()
	phone.Edits(ana, own, "yes")
	if got := g.message(); !got.IsEdit || !got.Info.IsFromMe {
		t.Errorf("the owner's edit is %v", got.Message)
	}
	phone.Revokes(ana, own)
	if got := g.message(); got.Message.GetProtocolMessage().GetKey().GetID() != own.ID {
		t.Errorf("the owner's revocation is %v", got.Message)
	}

	id := g.send(ana.LID(), said("we are opne"))
	sent := ana.Got()
	g.send(ana.LID(), g.BuildEdit(ana.LID(), id, said("we are open")))
	if got := ana.Got(); got.Edit != "1" || got.Text() != "we are open" {
		t.Errorf("Ana sees the change %q %q", got.Edit, got.Text())
	}
	g.send(ana.LID(), g.BuildReaction(ana.LID(), ana.LID(), first.ID, "❤️"))
	if got := ana.Got(); got.Text() != "❤️" {
		t.Errorf("Ana sees the reaction %q", got.Text())
	}
	g.send(ana.LID(), g.BuildRevoke(ana.LID(), types.EmptyJID, id))
	if got := ana.Got(); got.Edit != "7" || got.Content.GetProtocolMessage().GetKey().GetID() != id {
		t.Errorf("Ana sees %q taken back", got.Edit)
	}
	ana.ReactTo(sent, "👍")
	if got := g.message().Message.GetReactionMessage(); got.GetKey().GetID() != id {
		t.Errorf("the reaction is to %v", got.GetKey())
	}
}

func TestOtherContents(t *testing.T) {
	_, phone, ana, g := paired(t)
	ana.Location(1.28, 103.86, "Marina Bay")
	if got := g.message().Message.GetLocationMessage(); got.GetName() != "Marina Bay" || got.GetDegreesLatitude() != 1.28 {
		t.Errorf("the place is %v", got)
	}
	ana.Card("Ben", "+4915100000001")
	if got := g.message().Message.GetContactMessage(); got.GetDisplayName() != "Ben" || !strings.Contains(got.GetVcard(), "waid=4915100000001") {
		t.Errorf("the card is %v", got)
	}
	ana.Poll("when?", "today", "tomorrow")
	if got := g.message(); got.Info.Type != "poll" || len(got.Message.GetPollCreationMessage().GetOptions()) != 2 {
		t.Errorf("the poll is %v", got.Message)
	}
	ana.Send(whatsapptest.Words(""), whatsapptest.Unavailable("view_once"))
	if got := next[*events.UndecryptableMessage](g); !got.IsUnavailable || got.UnavailableType != events.UnavailableTypeViewOnce {
		t.Errorf("what is on the phone alone: %+v", got)
	}
	ana.Types()
	if got := next[*events.ChatPresence](g); got.State != types.ChatPresenceComposing || got.Chat != ana.LID() {
		t.Errorf("Ana's typing: %+v", got)
	}
	if err := g.SendChatPresence(t.Context(), ana.LID(), types.ChatPresenceComposing, types.ChatPresenceMediaText); err != nil {
		t.Fatal(err)
	}
	ana.SeesTyping()
	phone.Settled()
}

func TestAddresses(t *testing.T) {
	t.Run("hidden", func(t *testing.T) {
		_, _, ana, g := paired(t, whatsapptest.Hidden())
		ana.Text("who am I?")
		if got := g.message(); got.Info.Chat != ana.LID() || !got.Info.SenderAlt.IsEmpty() {
			t.Errorf("from %s, also %s", got.Info.Sender, got.Info.SenderAlt)
		}
		g.send(ana.LID(), said("someone"))
		ana.Got()
	})
	t.Run("by phone", func(t *testing.T) {
		_, _, ana, g := paired(t, whatsapptest.ByPhone())
		ana.Text("hello")
		if got := g.message(); got.Info.Chat != ana.PN() || got.Info.SenderAlt != ana.LID() {
			t.Errorf("from %s, also %s", got.Info.Sender, got.Info.SenderAlt)
		}
		g.send(ana.PN(), said("hello"))
		ana.Got()
	})
}

func TestGroups(t *testing.T) {
	srv, phone, ana, g := paired(t)
	ben := srv.Contact("+4915100000001", whatsapptest.Named("Ben"))
	group := srv.Group("Support", phone, ana, ben)
	group.Announce()
	if got := next[*events.JoinedGroup](g); got.Name != "Support" || len(got.Participants) != 3 {
		t.Errorf("the group is %+v", got.GroupInfo)
	}
	for i, who := range []*whatsapptest.Contact{ana, ben, ana} {
		sent := who.Text("hello all", whatsapptest.In(group))
		got := g.message()
		if got.Info.ID != sent.ID || !got.Info.IsGroup || got.Info.Chat != group.JID() || got.Info.Sender.User != who.LID().User || got.Message.GetConversation() != "hello all" {
			t.Errorf("message %d is %+v", i, got.Info)
		}
	}
	phone.SendIn(group, whatsapptest.Words("the owner"))
	if got := g.message(); !got.Info.IsFromMe || got.Info.Chat != group.JID() || got.Message.GetConversation() != "the owner" {
		t.Errorf("the owner's is %+v", got.Info)
	}
	for _, words := range []string{"hello", "again"} {
		g.send(group.JID(), said(words))
		for _, who := range []*whatsapptest.Contact{ana, ben} {
			if got := who.Got(); got.Text() != words || got.Chat != group.JID() {
				t.Errorf("%s got %q in %s", who.Number(), got.Text(), got.Chat)
			}
		}
	}
	ben.DropSession()
	g.send(group.JID(), said("once more"))
	if got := ben.Got(); got.Text() != "once more" || got.Retry != 1 {
		t.Errorf("Ben got %q after %d times", got.Text(), got.Retry)
	}
	ana.Got()
	ana.Garble(1)
	garbled := ana.Text("hard to read", whatsapptest.In(group))
	if got := g.message(); got.Info.ID != garbled.ID || got.Message.GetConversation() != "hard to read" {
		t.Errorf("the repeated message is %+v", got.Info)
	}
	group.Rename("Sales")
	if got := next[*events.GroupInfo](g); got.Name == nil || got.Name.Name != "Sales" {
		t.Errorf("the change is %+v", got)
	}
	group.Remove(ben)
	if got := next[*events.GroupInfo](g); len(got.Leave) != 1 || got.Leave[0] != ben.LID() {
		t.Errorf("the change is %+v", got)
	}
	group.Add(ben)
	if got := next[*events.GroupInfo](g); len(got.Join) != 1 {
		t.Errorf("the change is %+v", got)
	}
	all, err := g.GetJoinedGroups(t.Context())
	if err != nil || len(all) != 1 || all[0].Name != "Sales" {
		t.Errorf("the groups are %v %v", all, err)
	}
	phone.Settled()
}
