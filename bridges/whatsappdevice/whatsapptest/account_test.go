package whatsapptest_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"go.mau.fi/whatsmeow/appstate"
	"go.mau.fi/whatsmeow/proto/waHistorySync"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"

	"causeway/bridges/whatsappdevice/whatsapptest"
)

func TestHistory(t *testing.T) {
	srv := whatsapptest.New(t)
	phone, ana := srv.Phone("+491511234567"), srv.Contact("+6591234567", whatsapptest.Named("Ana"))
	day := time.Now().Add(-100 * time.Hour)
	for i := range 60 {
		phone.Remember(ana, i%2 == 1, day.Add(time.Duration(i)*time.Hour), whatsapptest.Words(fmt.Sprintf("message %d", i)))
	}
	g := newGateway(t, srv)
	g.pair(phone)
	first := next[*events.HistorySync](g)
	if chats := first.Data.GetConversations(); first.Data.GetSyncType() != waHistorySync.HistorySync_INITIAL_BOOTSTRAP || len(chats) != 1 ||
		chats[0].GetMessages()[0].GetMessage().GetMessage().GetConversation() != "message 59" || first.Data.GetPhoneNumberToLidMappings()[0].GetLidJID() != ana.LID().String() {
		t.Errorf("first came %v", first.Data)
	}
	if names := next[*events.HistorySync](g).Data.GetPushnames(); len(names) != 1 || names[0].GetPushname() != "Ana" {
		t.Errorf("the names are %v", names)
	}
	more := next[*events.HistorySync](g).Data.GetConversations()[0]
	oldest := more.GetMessages()[len(more.GetMessages())-1].GetMessage()
	if len(more.GetMessages()) != 49 || oldest.GetMessage().GetConversation() != "message 10" {
		t.Errorf("then came %d, the oldest %v", len(more.GetMessages()), oldest)
	}
	photo := phone.Remember(ana, false, day.Add(-time.Hour), srv.Picture([]byte("a picture"), ""))
	srv.Expire(photo)
	info := &types.MessageInfo{MessageSource: types.MessageSource{Chat: ana.LID()}, ID: photo.ID}
	if err := g.SendMediaRetryReceipt(t.Context(), info, photo.Content.GetImageMessage().GetMediaKey()); err != nil {
		t.Fatal(err)
	}
	if got := next[*events.MediaRetry](g); got.Error != nil {
		t.Errorf("of an old picture the phone said %+v", got.Error)
	}
	known := &types.MessageInfo{MessageSource: types.MessageSource{Chat: ana.LID()}, ID: oldest.GetKey().GetID(), Timestamp: time.Unix(int64(oldest.GetMessageTimestamp()), 0)}
	if _, err := g.SendPeerMessage(t.Context(), g.BuildHistorySyncRequest(known, 4)); err != nil {
		t.Fatal(err)
	}
	asked := next[*events.HistorySync](g).Data
	if ms := asked.GetConversations()[0].GetMessages(); asked.GetSyncType() != waHistorySync.HistorySync_ON_DEMAND || len(ms) != 4 ||
		ms[3].GetMessage().GetMessage().GetConversation() != "message 6" {
		t.Errorf("when asked came %v", asked)
	}
	phone.Settled()
}

func TestAppState(t *testing.T) {
	_, phone, ana, g := paired(t)
	for range appstate.AllPatchNames {
		next[*events.AppStateSyncComplete](g)
	}
	if g.Store.PushName != "Owner" {
		t.Errorf("the gateway calls itself %q", g.Store.PushName)
	}
	phone.Names(ana, "Ana Tan")
	if got := next[*events.Contact](g); got.JID != ana.PN() || got.Action.GetFullName() != "Ana Tan" {
		t.Errorf("the contact is %+v", got)
	}
	phone.Names(ana, "Ana Lim")
	if got := next[*events.Contact](g); got.Action.GetFullName() != "Ana Lim" {
		t.Errorf("the contact is %+v", got)
	}
	phone.Archives(ana, true)
	if got := next[*events.Archive](g); got.JID != ana.LID() || !got.Action.GetArchived() {
		t.Errorf("the archive is %+v", got)
	}
	if err := g.SendAppState(t.Context(), appstate.BuildMute(ana.LID(), true, time.Hour)); err != nil {
		t.Fatal(err)
	}
	if got := next[*events.Mute](g); !got.Action.GetMuted() {
		t.Errorf("the gateway's own change is %+v", got)
	}
	phone.Changes(appstate.BuildPin(ana.LID(), true))
	next[*events.Pin](g)
	phone.Settled()
}

func TestTrust(t *testing.T) {
	srv := whatsapptest.New(t)
	if err := whatsapptest.Trust(srv.Root()); err != nil {
		t.Errorf("trusted twice: %v", err)
	}
	for _, key := range [][]byte{nil, make([]byte, 32)} {
		if err := whatsapptest.Trust(key); err == nil {
			t.Errorf("the root % x was trusted too", key)
		}
	}
	for _, told := range []string{"zz@127.0.0.1:1", "00@127.0.0.1:1", strings.Repeat("00", 32) + "@127.0.0.1:1"} {
		name, _, _ := strings.Cut(srv.Environ(), "=")
		t.Setenv(name, told)
		if _, err := whatsapptest.FromEnvironment(); err == nil {
			t.Errorf("the environment %q was taken", told)
		}
	}
}
