package whatsappdevice

import (
	"io"
	"testing"

	"causeway/bridges/whatsappdevice/whatsapptest"
	"causeway/core"
)

// TestConversation: a customer writes, is answered, and says that they got it and read it; what the owner types on the phone appears as such.
func TestConversation(t *testing.T) {
	r := newRig(t)
	r.ana.Text("Do you have it in blue?")
	in := r.message("Do you have it in blue?")
	if in.Origin != core.OriginCustomer || in.Peer.Name != "Ana" || len(in.Peer.Identities) != 2 {
		t.Errorf("got %+v", in)
	}
	equal(t, "first address", in.Peer.Identities[0], core.IdentityKey{Scheme: core.SchemeLID, Value: r.ana.LID().User})
	equal(t, "second address", in.Peer.Identities[1], core.IdentityKey{Scheme: core.SchemePhone, Value: r.ana.PN().User})

	answer := words("We do.")
	answer.Quote = &core.Quote{Provider: in.Message.Provider}
	sent, err := r.send("part-1", answer)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "stanza", sent.Stanza, stanzaOf("part-1"))
	got := r.ana.Got()
	equal(t, "what Ana got", got.Text(), "We do.")
	equal(t, "its id", got.ID, sent.Stanza)
	equal(t, "answers to", got.Answered(), in.Message.Stanza)
	r.ana.Receives(got)
	r.ana.Reads(got)
	for _, status := range []core.Status{core.StatusDelivered, core.StatusRead} {
		e := r.event("a receipt "+string(status), func(e core.Event) bool { return e.Kind == core.EventReceipt && e.Receipt.Status == status })
		if e.Key != "part-1" || e.Receipt.Provider != sent.Provider {
			t.Errorf("receipt: %+v of %+v", e, e.Receipt)
		}
	}
	r.phone.Says(r.ana, "I'll put it aside.")
	echo := r.message("I'll put it aside.")
	if echo.Origin != core.OriginDevice || echo.Peer.Identities[0] != in.Peer.Identities[0] {
		t.Errorf("echo: %+v", echo)
	}
	r.phone.Settled()
	equal(t, "health", r.health("connected").Level, core.HealthGood)
}

func TestFiles(t *testing.T) {
	r := newRig(t)
	r.ana.Image([]byte("a picture"), "look")
	e := r.message("look")
	equal(t, "file", r.fetched(*e.Message.Content.Media), "a picture")

	r.ana.Audio([]byte("a voice"), true)
	e = r.event("a voice note", func(e core.Event) bool {
		return e.Kind == core.EventMessage && e.Message.Content.Kind == core.KindVoice
	})
	equal(t, "voice", r.fetched(*e.Message.Content.Media), "a voice")
	equal(t, "type", e.Message.Content.Media.MIME, "audio/ogg")

	r.host.PutFile("m", []byte("our file"))
	for kind, mime := range map[core.ContentKind]string{core.KindImage: "image/jpeg", core.KindVideo: "video/mp4", core.KindVoice: "audio/ogg", core.KindDocument: "application/pdf", core.KindSticker: "image/webp"} {
		c := core.Content{Kind: kind, Media: &core.Media{ID: "m", MIME: mime, Name: "a.pdf", Size: 8}}
		if kind != core.KindVoice && kind != core.KindSticker {
			c.Text = "as asked"
		}
		if _, err := r.send("part-"+core.PartID(kind), c); err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		got := r.ana.Got()
		equal(t, "file of "+string(kind), string(got.File()), "our file")
		equal(t, "caption of "+string(kind), got.Text(), c.Text)
	}
}

// fetched brings a file.
func (r *rig) fetched(m core.Media) string {
	r.Helper()
	d, err := r.link.Fetch(r.Context(), m)
	if err != nil {
		r.Fatal(err)
	}
	defer d.Body.Close()
	raw, err := io.ReadAll(d.Body)
	if err != nil || int64(len(raw)) != d.Size {
		r.Errorf("%d bytes of %d: %v", len(raw), d.Size, err)
	}
	return string(raw)
}

// TestChanges: reactions, edits and deletions, both ways.
func TestChanges(t *testing.T) {
	r := newRig(t)
	first := r.ana.Text("helo")
	in := r.message("helo")
	act := func(a core.Act) {
		t.Helper()
		if _, err := r.link.Act(t.Context(), a); err != nil {
			t.Fatalf("%s: %v", a.Action, err)
		}
	}
	act(core.Act{Action: core.ActionTyping, Target: in.Message.Provider})
	r.ana.SeesTyping()
	r.ana.SeesRead(first)
	act(core.Act{Action: core.ActionReaction, Key: "act-1", Target: in.Message.Provider, Emoji: "👍"})
	got := r.ana.Got().Content.GetReactionMessage()
	equal(t, "reaction", got.GetText()+" "+got.GetKey().GetID(), "👍 "+in.Message.Stanza)

	r.ana.Edit(first, "hello")
	e := r.event("an edit", func(e core.Event) bool { return e.Kind == core.EventEdit })
	equal(t, "edited", e.Edit.Target+" "+e.Edit.Content.Text, in.Message.Provider+" hello")
	r.ana.React(first, "😀")
	e = r.event("a reaction", func(e core.Event) bool { return e.Kind == core.EventReaction })
	equal(t, "reacted to", e.Reaction.Target+" "+e.Reaction.Emoji, in.Message.Provider+" 😀")
	r.ana.Revoke(first)
	e = r.event("a deletion", func(e core.Event) bool { return e.Kind == core.EventRevoke })
	equal(t, "deleted", e.Revoke.Target, in.Message.Provider)

	sent, err := r.send("part-1", words("helo"))
	if err != nil {
		t.Fatal(err)
	}
	mine := r.ana.Got()
	act(core.Act{Action: core.ActionEdit, Key: "act-2", Target: sent.Provider, Content: words("hello")})
	equal(t, "our edit", r.ana.Got().Edit, "1")
	r.ana.ReactTo(mine, "❤️")
	e = r.event("a reaction to ours", func(e core.Event) bool { return e.Kind == core.EventReaction && e.Reaction.Emoji == "❤️" })
	equal(t, "reacted to ours", e.Reaction.Target, sent.Provider)
	act(core.Act{Action: core.ActionRevoke, Key: "act-3", Target: sent.Provider})
	equal(t, "our deletion", r.ana.Got().Edit, "7")
}

// TestCaptionChanges: new words below a picture come in without a picture, and go out so.
func TestCaptionChanges(t *testing.T) {
	r := newRig(t)
	first := r.ana.Image([]byte("a picture"), "this won")
	in := r.message("this won")
	r.ana.Edit(first, "this one")
	e := r.event("an edit", func(e core.Event) bool { return e.Kind == core.EventEdit })
	c := e.Edit.Content
	equal(t, "edited", e.Edit.Target+" "+string(c.Kind)+" "+c.Text, in.Message.Provider+" image this one")
	if c.Media == nil || c.Media.Provider != "" || c.Media.URL != "" {
		t.Errorf("its file: %+v", c.Media)
	}
	for kind, caption := range map[core.ContentKind]func(whatsapptest.Received) string{
		core.KindImage: func(got whatsapptest.Received) string {
			return got.Content.GetEditedMessage().GetMessage().GetProtocolMessage().GetEditedMessage().GetImageMessage().GetCaption()
		},
		core.KindVideo: func(got whatsapptest.Received) string {
			return got.Content.GetEditedMessage().GetMessage().GetProtocolMessage().GetEditedMessage().GetVideoMessage().GetCaption()
		},
		core.KindDocument: func(got whatsapptest.Received) string {
			return got.Content.GetEditedMessage().GetMessage().GetProtocolMessage().GetEditedMessage().GetDocumentWithCaptionMessage().GetMessage().GetDocumentMessage().GetCaption()
		},
	} {
		to := ref{chat: r.ana.LID(), ours: true, id: "3EB0" + string(kind)}
		_, err := r.link.Act(t.Context(), core.Act{Action: core.ActionEdit, Key: core.PartID("act-" + string(kind)), Target: to.String(), Content: core.Content{Kind: kind, Text: "that one", Media: &core.Media{ID: "m"}}})
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "our edit of a "+string(kind), caption(r.ana.Got()), "that one")
	}
}
