package inbound_test

import (
	"testing"

	"causeway/core"
)

// offers stores a message with choices that went out as parts of a kind.
func (w *world) offers(kind core.ContentKind, provider string) {
	w.Helper()
	conv := w.only()
	c := core.Content{Kind: core.KindChoices, Text: "What?", Choices: &core.Choices{Options: []core.Option{{Title: "Tea"}, {ID: "c", Title: "Coffee"}}}}
	seq, err := w.repo.NextSeq(w.Context(), conv.ID, w.clock)
	w.must(err)
	m := core.Message{ID: core.NewID[core.MessageID](), Workspace: w.ws, Conversation: conv.ID, Contact: conv.Contact, Channel: w.ch.ID, Direction: core.Out,
		Author: core.Author{Kind: core.AuthorWorkflow}, Seq: seq, Content: c, Status: core.StatusSent, At: w.clock, Created: w.clock}
	part := core.Part{ID: core.NewID[core.PartID](), Message: m.ID, Conversation: conv.ID, Channel: w.ch.ID, Seq: seq, Content: core.Content{Kind: kind}, Provider: provider,
		Status: core.StatusSent}
	m.Parts = []core.Part{part}
	won, err := w.repo.AddMessage(w.Context(), m)
	w.must(err)
	equal(w, "added", won, true)
}

func TestPick(t *testing.T) {
	each(t, func(w *world) {
		w.accept(w.said(id(1), "1"))
		equal(w, "nothing was offered", w.message(id(1)).Content.Kind, core.KindText)
		w.offers(core.KindText, id(2))
		w.accept(w.said(id(3), "hm"), w.said(id(4), "٢."), w.said(id(5), "3"))
		got := w.message(id(4)).Content
		if got.Kind != core.KindChoice || got.Choice == nil || got.Choice.ID != "c" || got.Text != "٢." {
			w.Errorf("a number: %+v", got)
		}
		equal(w, "a number that was not offered", w.message(id(5)).Content.Kind, core.KindText)
		w.offers(core.KindChoices, id(6))
		w.accept(w.said(id(7), "1"))
		equal(w, "the channel had buttons", w.message(id(7)).Content.Kind, core.KindText)
		w.offers(core.KindText, id(8))
		w.accept(w.echo(id(9), "Or juice?"), w.said(id(10), "1"))
		equal(w, "something was said since", w.message(id(10)).Content.Kind, core.KindText)
	})
}
