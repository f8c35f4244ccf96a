package whatsappdevice

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"causeway/bridges/whatsappdevice/whatsapptest"
	"causeway/core"

	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
	"google.golang.org/protobuf/proto"
)

// TestGroups: a group is a conversation whose messages name who wrote them; answers reach all in it. Switched off, it is left alone.
func TestGroups(t *testing.T) {
	r := newRig(t, keyGroups, on)
	bela := r.server.Contact("+36301234567", whatsapptest.Named("Béla"))
	g := r.server.Group("Our street", r.phone, r.ana, bela)
	r.ana.Text("hello all", whatsapptest.In(g))
	e := r.message("hello all")
	equal(t, "group", e.Peer.Identities[0], core.IdentityKey{Scheme: core.SchemeGroup, Value: g.JID().User})
	equal(t, "name and author", e.Peer.Name+", "+e.Author, "Our street, Ana")
	bela.Text("hello Ana", whatsapptest.In(g))
	equal(t, "author", r.message("hello Ana").Author, "Béla")
	r.wait("nothing else is stored", func() bool { return true })
	sent, err := r.link.Send(t.Context(), core.Outgoing{Key: "part-1", To: e.Peer.Identities, Content: words("hello from the shop")})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "Ana got", r.ana.Got().Text(), "hello from the shop")
	equal(t, "Béla got", bela.Got().Text(), "hello from the shop")
	equal(t, "provider's id", sent.Provider, g.JID().String()+"/out/"+sent.Stanza)
	if _, err := r.link.Act(t.Context(), core.Act{Action: core.ActionReaction, Key: "act-1", Target: e.Message.Provider, Emoji: "👍"}); err != nil {
		t.Fatal(err)
	}
	equal(t, "reaction to", r.ana.Got().Content.GetReactionMessage().GetKey().GetID(), e.Message.Stanza)
	for _, e := range r.host.Events() {
		if e.Kind == core.EventMessage && e.Message.Content.Text == "" {
			t.Errorf("a message without words: %+v", e)
		}
	}
}

func TestGroupsOff(t *testing.T) {
	r := newRig(t)
	g := r.server.Group("Our street", r.phone, r.ana)
	r.ana.Text("hello all", whatsapptest.In(g))
	r.ana.Text("hello you")
	r.message("hello you")
	equal(t, "messages of the group", r.count("hello all"), 0)
}

// TestHistory: what the phone shares of older conversations comes with its own times, marked as history, and not again with the next process.
func TestHistory(t *testing.T) {
	r := paired(t)
	old := time.Now().Add(-40 * 24 * time.Hour).Truncate(time.Second).UTC()
	r.phone.Remember(r.ana, false, old, whatsapptest.Words("last month"))
	r.phone.Remember(r.ana, true, old.Add(time.Minute), whatsapptest.Words("answered then"))
	r.run()
	r.wait("the session is up", r.up)
	r.phone.Online()
	in, out := r.message("last month"), r.message("answered then")
	if !in.Historic || !in.At.Equal(old) || in.Origin != core.OriginCustomer || in.Peer.Identities[0].Value != r.ana.LID().User {
		t.Errorf("got %+v", in)
	}
	if !out.Historic || out.Origin != core.OriginDevice || out.Message.Provider == in.Message.Provider {
		t.Errorf("got %+v", out)
	}
	r.phone.Settled()
	r.restart()
	r.ana.Text("today")
	equal(t, "history of today", r.message("today").Historic, false)
	equal(t, "imported", r.count("last month"), 1)
}

// TestBrokenHistory: a piece of the history that cannot be read, or whose reading meets a defect, holds up no other, and ends no program.
func TestBrokenHistory(t *testing.T) {
	r := paired(t)
	var junk core.Change
	for _, name := range []string{"0", "z"} {
		raw, err := proto.Marshal(&waE2E.HistorySyncNotification{InitialHistBootstrapInlinePayload: []byte(name)})
		if err != nil {
			t.Fatal(err)
		}
		junk = core.KeepUntil(spaceHistory, name, raw, time.Now().Add(time.Hour))
		if err := r.host.Safe().Apply(t.Context(), junk); err != nil {
			t.Fatal(err)
		}
	}
	h := &unread{stubborn{Host: r.host}}
	h.panics.Store(true)
	r.link.host = h
	r.phone.Remember(r.ana, false, time.Now().Add(-40*24*time.Hour), whatsapptest.Words("last month"))
	r.run()
	r.wait("it was tried", func() bool { return h.failed.Load() > 0 })
	h.panics.Store(false)
	s, err := r.link.session()
	if err != nil {
		t.Fatal(err)
	}
	r.wait("the rest of the history is imported", func() bool {
		select {
		case s.news <- struct{}{}: // as if there was more
		default:
		}
		return r.count("last month") > 0
	})
	r.message("last month")
}

// unread is a gateway with a defect that shows with imported messages only.
type unread struct{ stubborn }

func (u *unread) Emit(ctx context.Context, all ...core.Event) error {
	if all[0].Historic {
		return u.stubborn.Emit(ctx, all...)
	}
	return u.Host.Emit(ctx, all...)
}

// TestGroupsLeft: a group of which WhatsApp tells nothing is not asked for with each message of it.
func TestGroupsLeft(t *testing.T) {
	r := newRig(t, keyGroups, on)
	s, err := r.link.session()
	if err != nil {
		t.Fatal(err)
	}
	left := types.NewJID("120363000000000099", types.GroupServer)
	for range 3 {
		equal(t, "subject", s.subject(t.Context(), left), "")
	}
	equal(t, "questions", strings.Count(r.host.Logged(), "subject of a group not found out"), 1)
	r.host.SetNow(r.host.Now().Add(subjectAgain))
	equal(t, "subject", s.subject(t.Context(), left), "")
	equal(t, "questions an hour later", strings.Count(r.host.Logged(), "subject of a group not found out"), 2)
}

// TestPairedAnew: a phone that was paired anew was seen just then, whenever it was seen before.
func TestPairedAnew(t *testing.T) {
	r := paired(t)
	long := r.host.Now().Add(-20 * 24 * time.Hour)
	device, err := r.link.device(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	spent := `{"device":"` + device.ID.ToNonAD().String() + `","since":"` + long.Format(time.RFC3339) + `"}`
	if err := errors.Join(r.host.Save(t.Context(), seenValue, []byte(long.Format(time.RFC3339))), r.host.Save(t.Context(), budgetValue, []byte(spent))); err != nil {
		t.Fatal(err)
	}
	s := newSession(t.Context(), t.Context(), r.link, device)
	if err := s.begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	if a := phoneOffline(s.seen, r.host.Now()); a != nil {
		t.Errorf("right after it was paired: %+v", a.health)
	}
}

// TestNames: the phone's address book names people before they name themselves.
func TestNames(t *testing.T) {
	r := newRig(t)
	r.phone.Online()
	r.phone.Names(r.ana, "Ana from the bakery")
	r.wait("the name is known", func() bool {
		s, err := r.link.session()
		if err != nil {
			return false
		}
		hidden, _ := s.names(t.Context(), r.ana.LID())
		number, _ := s.names(t.Context(), r.ana.PN())
		return hidden+number != ""
	})
	r.ana.Text("hi")
	equal(t, "name", r.message("hi").Peer.Name, "Ana from the bakery")
}

// TestHiddenNumber: who shows no number is a customer like any other.
func TestHiddenNumber(t *testing.T) {
	r := newRig(t)
	cy := r.server.Contact("+442071234567", whatsapptest.Named("Cy"), whatsapptest.Hidden())
	cy.Text("who am I?")
	e := r.message("who am I?")
	if len(e.Peer.Identities) != 1 || e.Peer.Identities[0].Scheme != core.SchemeLID {
		t.Errorf("got %+v", e.Peer)
	}
	if _, err := r.link.Send(t.Context(), core.Outgoing{Key: "part-1", To: e.Peer.Identities, Content: words("Cy")}); err != nil {
		t.Fatal(err)
	}
	equal(t, "answer", cy.Got().Text(), "Cy")
}

// TestNumberChanged: a person behind a known hidden address who has another number now is told as such, once.
func TestNumberChanged(t *testing.T) {
	r := newRig(t)
	s, err := r.link.session()
	if err != nil {
		t.Fatal(err)
	}
	info := func(number string) types.MessageInfo {
		return types.MessageInfo{Timestamp: time.Now(), MessageSource: types.MessageSource{Sender: types.NewJID("77", types.HiddenUserServer), SenderAlt: types.NewJID(number, types.DefaultUserServer)}}
	}
	for _, number := range []string{"491", "491", "492", "492"} {
		equal(t, "stored", s.metNumber(info(number)), true)
	}
	all := slices.DeleteFunc(r.host.Events(), func(e core.Event) bool { return e.Kind != core.EventIdentity })
	if len(all) != 1 || !slices.Contains(all[0].Identity.Old, core.IdentityKey{Scheme: core.SchemePhone, Value: "491"}) || !slices.Contains(all[0].Identity.New, core.IdentityKey{Scheme: core.SchemePhone, Value: "492"}) {
		t.Errorf("got %+v", all)
	}
}

// TestPolls: a poll shows as text, and a vote as what was chosen.
func TestPolls(t *testing.T) {
	r := newRig(t)
	r.ana.Poll("Which colour?", "Red", "Blue")
	e := r.event("a poll", func(e core.Event) bool { return e.Kind == core.EventMessage })
	equal(t, "poll", e.Message.Content.Text, "Poll: *Which colour?*\n- Red\n- Blue")
}

// TestReadOnPhone: what the owner reads on the phone is told of.
func TestReadOnPhone(t *testing.T) {
	r := newRig(t)
	m := r.ana.Text("hi")
	in := r.message("hi")
	r.phone.Reads(m)
	e := r.event("it was read", func(e core.Event) bool { return e.Kind == core.EventReceipt && e.Origin == core.OriginDevice })
	equal(t, "what was read", e.Receipt.Provider, in.Message.Provider)
}
