package outbound_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"causeway/core"
	"causeway/core/outbound"
)

// sides is a number with two sides: the world's channel is that of the API, the other that of the phone.
type sides struct {
	*world
	device core.Channel
	phone  *link // of the device
}

func newSides(w *world, later core.After) *sides {
	w.Helper()
	const number = "4930123456"
	s := &sides{world: w, phone: &link{can: capabilities()}}
	s.phone.can.Kinds, s.phone.can.Window.After = nil, later
	s.device = core.Channel{ID: core.NewID[core.ChannelID](), Workspace: w.ws, Kind: "whatsapp-device", Name: "phone", Account: number, State: core.ChannelActive, Created: noon}
	w.must(w.repo.SaveChannel(w.Context(), s.device))
	_, err := w.repo.SetNumber(w.Context(), w.ch.ID, number, false)
	w.must(err)
	s.device, err = w.repo.SetNumber(w.Context(), s.device.ID, number, true)
	w.must(err)
	w.ch = w.channel()
	w.out = outbound.New(outbound.Options{Store: w.store, Links: s, Now: w.now, Log: slog.New(slog.DiscardHandler), Arrived: w.in.Arrived, Answered: w.in.Answered})
	return s
}

// Link implements outbound.Links.
func (s *sides) Link(ctx context.Context, id core.ChannelID) (core.Channel, core.Info, core.Link, error) {
	if id == s.device.ID {
		return s.device, core.Info{Kind: "whatsapp-device", Title: "WhatsApp", Scheme: core.SchemePhone}, s.phone, nil
	}
	return s.world.Link(ctx, id)
}

// tells has the phone's side bring a message, and has the agent look at its conversation from then on.
func (s *sides) tells(id, words string, keys ...core.IdentityKey) {
	s.Helper()
	s.must(s.in.Accept(s.Context(), s.device, []core.Event{{Kind: core.EventMessage, ID: id, At: s.now(), Origin: core.OriginCustomer,
		Peer: core.Peer{Name: "Mona", Identities: keys}, Message: &core.MessageBody{Provider: "1@lid/in/" + id, Stanza: id, Content: text(words)}}}))
	p, err := s.repo.PartByProvider(s.Context(), s.device.ID, "1@lid/in/"+id)
	s.must(err)
	s.conv, err = s.repo.Conversation(s.Context(), p.Conversation)
	s.must(err)
}

// TestSides: an answer leaves by the API while its window is open, and by the device where only that can carry it, or the admin lets it.
func TestSides(t *testing.T) {
	lid := core.IdentityKey{Scheme: core.SchemeLID, Value: "991"}
	group := core.IdentityKey{Scheme: core.SchemeGroup, Value: "120363041234567890"}
	const ofAPI = "Send an approved template instead, answer from the phone itself, or wait until the customer writes again."
	const ofDevice = "Send an approved template by the number's other channel, or answer from the phone itself. An admin may let the linked device answer later, at the risk of a ban."
	person, robot := core.AuthorAgent, core.AuthorAPI
	template := core.Content{Kind: core.KindTemplate, Template: &core.TemplateUse{Name: "hello", Language: "en"}}
	for name, c := range map[string]struct {
		later    core.After
		prepare  func(s *sides)
		by       core.AuthorKind
		content  core.Content
		byDevice bool
		refused  string // what the remedy says; empty: it goes
	}{
		"in the window": {later: core.AfterAnything, by: person, content: text("hi")},
		"in the window, seen by both": {later: core.AfterAnything, by: person, content: text("hi"),
			prepare: func(s *sides) { s.says("wamid.2", "again", grace); s.tells("3A02", "again, too", lid, grace) }},
		"by the device alone": {later: core.AfterNothing, by: person, content: text("hi"), byDevice: true,
			prepare: func(s *sides) { s.tells("3A02", "I am new", lid) }},
		"by the device alone, after a day": {later: core.AfterNothing, by: person, content: text("hi"), refused: ofDevice,
			prepare: func(s *sides) { s.tells("3A02", "I am new", lid); s.pass(25 * time.Hour) }},
		"in a group": {later: core.AfterNothing, by: person, content: text("hi"), byDevice: true,
			prepare: func(s *sides) { s.tells("3A02", "hello all", group); s.pass(30 * 24 * time.Hour) }},
		"after a day": {later: core.AfterNothing, by: person, content: text("hi"), refused: ofAPI,
			prepare: func(s *sides) { s.pass(25 * time.Hour) }},
		"after a day, let": {later: core.AfterAnything, by: person, content: text("hi"), byDevice: true,
			prepare: func(s *sides) { s.pass(25 * time.Hour) }},
		"after a day, a program": {later: core.AfterAnything, by: robot, content: text("hi"), refused: ofAPI,
			prepare: func(s *sides) { s.pass(25 * time.Hour) }},
		"after a day, a template": {later: core.AfterAnything, by: person, content: template,
			prepare: func(s *sides) { s.pass(25 * time.Hour) }},
	} {
		t.Run(name, func(t *testing.T) {
			lite(t, func(w *world) {
				s := newSides(w, c.later)
				w.must(w.repo.PutTemplates(w.Context(), w.ch.ID, []core.Template{{Channel: w.ch.ID, Name: "hello", Language: "en", Status: core.TemplateApproved}}))
				if c.prepare != nil {
					c.prepare(s)
				}
				made, d, err := w.out.Compose(w.Context(), w.ws, outbound.Request{Conversation: w.conv.ID, Contents: []core.Content{c.content},
					Author: core.Author{Kind: c.by, Agent: w.agent.ID, Name: "Lena"}})
				if c.refused != "" {
					if err == nil || d.Remedy != c.refused {
						t.Fatalf("got %v, remedy %q, want a refusal that says %q", err, d.Remedy, c.refused)
					}
					return
				}
				w.must(err)
				w.must(w.deliver())
				w.status("sent", made[0].ID, core.StatusSent)
				equal(w, "by the device", len(s.phone.sent) == 1, c.byDevice)
				equal(w, "by the API", len(w.link.sent) == 1, !c.byDevice)
			})
		})
	}
}
