package whatsappdevice

import (
	"testing"
	"time"

	"causeway/core"

	"go.mau.fi/whatsmeow/proto/waSyncAction"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"
	"google.golang.org/protobuf/proto"
)

// TestEntries: what the phone's address book calls somebody is handed on when it changes, for their number and their LID, and not when all of it comes.
func TestEntries(t *testing.T) {
	r := newRig(t)
	s, err := r.link.session()
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	pn := types.NewJID("5511988887777", types.DefaultUserServer)
	change := func(a *waSyncAction.ContactAction, full bool) bool {
		return s.handle(&events.Contact{JID: pn, Timestamp: at, Action: a, FromFullSync: full})
	}
	if !change(&waSyncAction.ContactAction{FullName: proto.String("All of it")}, true) {
		t.Error("the address book is not taken")
	}
	if !change(&waSyncAction.ContactAction{FirstName: proto.String("Ana"), FullName: proto.String("Ana \x00Souza"), LidJID: proto.String("9001@lid")}, false) {
		t.Error("a change is not taken")
	}
	e := r.event("the entry", func(e core.Event) bool { return e.Kind == core.EventEntry })
	want := []core.IdentityKey{{Scheme: core.SchemeLID, Value: "9001"}, {Scheme: core.SchemePhone, Value: "5511988887777"}}
	if e.Entry.Name != "Ana Souza" || !e.Entry.Known || len(e.Peer.Identities) != 2 || e.Peer.Identities[0] != want[0] || e.Peer.Identities[1] != want[1] || !e.At.Equal(at) {
		t.Errorf("got %+v of %+v at %s", e.Entry, e.Peer, e.At)
	}
	group := &events.Contact{JID: types.NewJID("120363", types.NewsletterServer), Timestamp: at, Action: &waSyncAction.ContactAction{FullName: proto.String("News")}}
	if all := s.reader.entry(t.Context(), group); len(all) != 0 {
		t.Errorf("an entry about nobody: %+v", all)
	}
}
