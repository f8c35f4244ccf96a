package storetest

import (
	"encoding/json"
	"errors"
	"time"

	"causeway/core"
)

// fillAutomation adds what automation keeps of the things.
func (x things) fillAutomation(w *world) {
	ctx, r := w.Context(), w.repo
	won := func(won bool, err error) {
		w.Helper()
		w.must(err)
		if !won {
			w.Fatal("fill: lost")
		}
	}
	w.must(r.ChangeRecords(ctx, x.ch, []core.Change{core.Keep("s", "k", []byte("v"))}))
	w.must(r.AddHappening(ctx, core.Happening{ID: "h1", Conversation: x.conv, Kind: core.HappenedMessage, At: noon}))
	w.must(r.SetHandling(ctx, core.Handling{Conversation: x.conv, Priority: 1, Tags: []string{"vip"}}))
	w.must(r.SetPlace(ctx, core.Place{Conversation: x.conv, Queued: noon}))
	w.must(r.SetDuty(ctx, core.Duty{Agent: x.agent.ID, Presence: core.PresenceBusy, Since: noon}))
	w.must(w.store.Tx(ctx, func(tx core.Tx) error { return tx.In(w.ws).SetDesk(ctx, []byte("of the first")) }))
	won(r.SetField(ctx, x.contact, "city", "Cairo"))
	won(r.SetContactTag(ctx, x.contact, "vip", true))
	_, err := r.PutWorkflow(ctx, core.Workflow{Name: "welcome", Definition: json.RawMessage("{}"), Created: noon})
	w.must(err)
	won(r.AddRun(ctx, core.Run{ID: "r1", Workflow: "welcome", Version: 1, Conversation: x.conv, Contact: x.contact, State: core.RunWaiting, Cause: "c1", Memory: json.RawMessage("{}"), Began: noon, Changed: noon}))
	w.must(r.AddPurchase(ctx, core.Purchase{ID: "o1", Conversation: x.conv, Contact: x.contact, State: "new", Created: noon, Changed: noon}))
	won(r.AddSurvey(ctx, core.SurveyAnswer{Conversation: x.conv, Contact: x.contact, Asked: noon}))
	w.must(r.AddBroadcast(ctx, core.Broadcast{ID: "b1", Name: "sale", State: core.BroadcastGoing, Created: noon}))
	w.must(r.AddRecipients(ctx, "b1", []core.ContactID{x.contact}))
	w.must(r.AddErasure(ctx, core.Erasure{ID: "er1", Contact: x.contact, Search: core.EraseSearch{People: []core.ContactID{x.contact}}, Asked: noon}))
	w.must(r.RememberErased(ctx, []string{"mark"}, noon))
	w.must(r.KeepSuppressions(ctx, []core.Suppression{{Mark: "mark", At: noon}}))
}

// readAutomation gathers what a workspace has of it.
func (x things) readAutomation(w *world, r core.Repo) []any {
	ctx := w.Context()
	var all []any
	keep := func(v any, err error) {
		w.Helper()
		w.must(err)
		all = append(all, v)
	}
	for _, read := range []func() (any, error){
		func() (any, error) { return r.RecordsFrom(ctx, x.ch, "s", "") }, func() (any, error) { return r.Happenings(ctx, x.conv) },
		func() (any, error) { return r.Handling(ctx, x.conv) }, func() (any, error) { return r.Place(ctx, x.conv) }, func() (any, error) { return r.Duties(ctx) },
		func() (any, error) { return r.Desk(ctx) }, func() (any, error) { return r.Fields(ctx, x.contact) }, func() (any, error) { return r.ContactTags(ctx, x.contact) },
		func() (any, error) { return r.Workflows(ctx) }, func() (any, error) { return r.Run(ctx, "r1") }, func() (any, error) { return r.Purchase(ctx, "o1") },
		func() (any, error) { return r.Survey(ctx, x.contact) }, func() (any, error) { return r.Broadcast(ctx, "b1") },
		func() (any, error) { return r.Recipients(ctx, "b1", "", "", 9) }, func() (any, error) { return r.Erasure(ctx, "er1") },
		func() (any, error) { return r.WereErased(ctx, []string{"mark"}) }, func() (any, error) { return r.Suppressions(ctx, []string{"mark"}) },
	} {
		keep(read())
	}
	return all
}

// seesNoAutomation reads what automation keeps of another workspace.
func (c *counted) seesNoAutomation(x things) {
	ctx, r := c.Context(), c.repo
	from, to := noon.Add(-time.Hour), noon.Add(time.Hour)
	nothingFrom(c, "Records", func() ([]core.SealedRecord, error) { return r.Records(ctx, x.ch, "s", []string{"k"}) })
	nothingFrom(c, "RecordsFrom", func() ([]core.SealedRecord, error) { return r.RecordsFrom(ctx, x.ch, "s", "") })
	nothingFrom(c, "Happenings", func() ([]core.Happening, error) { return r.Happenings(ctx, x.conv) })
	nothingFrom(c, "ContactTags", func() ([]string, error) { return r.ContactTags(ctx, x.contact) })
	nothingFrom(c, "Desk", func() ([]byte, error) { return r.Desk(ctx) })
	nothingFrom(c, "Duties", func() ([]core.Duty, error) {
		all, err := r.Duties(ctx)
		for i := len(all) - 1; i >= 0; i-- {
			if all[i].Agent == c.agent.ID { // their own, of whom nothing was said
				all = append(all[:i], all[i+1:]...)
			}
		}
		return all, err
	})
	nothingFrom(c, "Places", func() ([]core.Place, error) { return r.Places(ctx, "", nil, 9) })
	nothingFrom(c, "Workflows", func() ([]core.Workflow, error) { return r.Workflows(ctx) })
	nothingFrom(c, "RunsIn", func() ([]core.Run, error) { return r.RunsIn(ctx, x.conv, "") })
	nothingFrom(c, "Runs", func() ([]core.Run, error) { return r.Runs(ctx, core.RunFilter{}, core.Page{}) })
	nothingFrom(c, "Purchases", func() ([]core.Purchase, error) { return r.Purchases(ctx, "", core.Page{}) })
	nothingFrom(c, "Surveys", func() ([]core.SurveyAnswer, error) { return r.Surveys(ctx, from, to) })
	nothingFrom(c, "ConversationsOpened", func() ([]core.Conversation, error) { return r.ConversationsOpened(ctx, from, to) })
	nothingFrom(c, "RunFacts", func() ([]core.Run, error) { return r.RunFacts(ctx, from, to) })
	nothingFrom(c, "Broadcasts", func() ([]core.Broadcast, error) { return r.Broadcasts(ctx, core.Page{}) })
	nothingFrom(c, "Recipients", func() ([]core.Recipient, error) { return r.Recipients(ctx, "b1", "", "", 9) })
	unseenFrom(c, "Workflow", func() (core.Workflow, error) { return r.Workflow(ctx, "welcome", 1) })
	unseenFrom(c, "Run", func() (core.Run, error) { return r.Run(ctx, "r1") })
	unseenFrom(c, "Purchase", func() (core.Purchase, error) { return r.Purchase(ctx, "o1") })
	unseenFrom(c, "Survey", func() (core.SurveyAnswer, error) { return r.Survey(ctx, x.contact) })
	unseenFrom(c, "Broadcast", func() (core.Broadcast, error) { return r.Broadcast(ctx, "b1") })
	unseenFrom(c, "LockBroadcast", func() (core.Broadcast, error) { return r.LockBroadcast(ctx, "b1") })
	nothingFrom(c, "Erasures", func() ([]core.Erasure, error) { return r.Erasures(ctx, core.Page{}) })
	nothingFrom(c, "MergedInto", func() ([]core.ContactID, error) { return r.MergedInto(ctx, x.contact) })
	nothingFrom(c, "WereErased", func() ([]string, error) { return r.WereErased(ctx, []string{"mark"}) })
	nothingFrom(c, "Suppressions", func() ([]core.Suppression, error) { return r.Suppressions(ctx, []string{"mark"}) })
	unseenFrom(c, "Erasure", func() (core.Erasure, error) { return r.Erasure(ctx, "er1") })
	unseenFrom(c, "ErasureOf", func() (core.Erasure, error) { return r.ErasureOf(ctx, x.contact) })
	unseenFrom(c, "HoldErasure", func() (core.Erasure, error) { return r.HoldErasure(ctx, "er1") })
	c.countsNoAutomation(x, from, to)
}

// countsNoAutomation is for what answers in other forms than lists.
func (c *counted) countsNoAutomation(x things, from, to time.Time) {
	ctx, r := c.Context(), c.repo
	h, err := r.Handling(ctx, x.conv)
	c.none("Handling", h.Priority != 0 || len(h.Tags) > 0, err)
	p, err := r.Place(ctx, x.conv)
	c.none("Place", !p.Queued.IsZero(), err)
	c.must(c.store.Tx(ctx, func(tx core.Tx) error {
		conversations, places, err := tx.In(c.ws).LockPlaces(ctx, x.conv)
		c.none("LockPlaces", len(conversations) > 0 || !places[x.conv].Queued.IsZero(), err)
		return nil
	}))
	n, err := r.Position(ctx, core.Place{Queued: to})
	c.none("Position", n != 1, err)
	queues, err := r.Queues(ctx)
	c.none("Queues", len(queues) > 0, err)
	fields, err := r.Fields(ctx, x.contact)
	c.none("Fields", len(fields) > 0, err)
	n, err = r.RunsSince(ctx, x.conv, from)
	c.none("RunsSince", n > 0, err)
	facts := 0
	c.none("MessageFacts", facts > 0, r.MessageFacts(ctx, from, to, func(core.MessageFact) { facts++ }))
	c.none("EventFacts", facts > 0, r.EventFacts(ctx, from, to, func(core.EventFact) { facts++ }))
	if facts > 0 {
		c.Errorf("%d facts of another workspace", facts)
	}
	states, _, err := r.CountRecipients(ctx, "b1")
	c.none("CountRecipients", len(states) > 0, err)
	segment, err := r.InSegment(ctx, core.Segment{Tags: []string{"vip"}}, "", 9)
	c.none("InSegment", len(segment) > 0, err)
	census, err := r.Census(ctx, []core.ContactID{x.contact})
	c.none("Census", census[core.CountMessages]+census[core.CountConversations] > 0, err)
}

// tried is for changes that may say that the thing is not there, or do nothing.
func (c *counted) tried(method string, err error) {
	c.Helper()
	c.called[method] = true
	if err != nil && !errors.Is(err, core.ErrNotFound) {
		c.Errorf("%s from another workspace: %v", method, err)
	}
}

// spoilsNoAutomation changes it.
func (c *counted) spoilsNoAutomation(x things) {
	ctx, r := c.Context(), c.repo
	done := func(_ bool, err error) error { return err }
	c.tried("ChangeRecords", r.ChangeRecords(ctx, x.ch, []core.Change{core.Keep("s", "k", []byte("stolen"))}))
	c.tried("DropHappening", r.DropHappening(ctx, x.conv, "h1"))
	c.tried("DropHappenings", r.DropHappenings(ctx))
	c.tried("SetHandling", r.SetHandling(ctx, core.Handling{Conversation: x.conv, Priority: 2}))
	c.tried("SetPlace", r.SetPlace(ctx, core.Place{Conversation: x.conv}))
	c.tried("SetDuty", r.SetDuty(ctx, core.Duty{Agent: x.agent.ID, Presence: core.PresenceOffline}))
	c.tried("Answers", r.Answers(ctx, x.agent.ID, noon))
	c.tried("SetDesk", c.store.Tx(ctx, func(tx core.Tx) error {
		_, err := tx.In(c.ws).LockDesk(ctx)
		c.tried("LockDesk", err)
		return tx.In(c.ws).SetDesk(ctx, []byte("of the second"))
	}))
	c.tried("SetField", done(r.SetField(ctx, x.contact, "city", "Giza")))
	c.tried("SetContactTag", done(r.SetContactTag(ctx, x.contact, "vip", false)))
	c.tried("RemoveWorkflow", r.RemoveWorkflow(ctx, "welcome"))
	c.tried("SetRun", done(r.SetRun(ctx, core.Run{ID: "r1", State: core.RunEnded}, 0)))
	c.tried("SetPurchase", r.SetPurchase(ctx, core.Purchase{ID: "o1", State: "stolen"}))
	c.tried("SetSurvey", r.SetSurvey(ctx, core.SurveyAnswer{Conversation: x.conv, Score: 1}))
	c.tried("SetBroadcastState", done(r.SetBroadcastState(ctx, "b1", core.BroadcastGoing, core.BroadcastPaused)))
	c.tried("DropValue", r.DropValue(ctx, "o", "n"))
	c.tried("DropSecret", r.DropSecret(ctx, "o", "n"))
	c.tried("SetRecipient", r.SetRecipient(ctx, "b1", core.Recipient{Contact: x.contact, State: core.RecipientSent}))
	c.tried("AddRun", done(r.AddRun(ctx, core.Run{ID: "r2", Workflow: "welcome", Version: 1, Conversation: x.conv, Contact: x.contact, State: core.RunWaiting, Cause: "c2", Memory: json.RawMessage("{}"), Began: noon, Changed: noon})))
	c.tried("AddPurchase", r.AddPurchase(ctx, core.Purchase{ID: "o2", Conversation: x.conv, Contact: x.contact, Created: noon, Changed: noon}))
	c.tried("AddSurvey", done(r.AddSurvey(ctx, core.SurveyAnswer{Conversation: x.conv, Contact: x.contact, Asked: noon})))
	c.tried("AddRecipients", r.AddRecipients(ctx, "b1", []core.ContactID{x.contact}))
	c.tried("SetErasure", r.SetErasure(ctx, core.Erasure{ID: "er1", Place: "stolen"}))
	c.tried("ForgetEvent", r.ForgetEvent(ctx, x.ch, core.EventReceipt, "e1"))
	c.erases(x)
}

// erases goes through an erasure with what is another workspace's.
func (c *counted) erases(x things) {
	people := []core.ContactID{x.contact}
	c.tried("Sever", c.repo.Sever(c.Context(), people, noon))
	s := core.EraseSearch{People: people, Addresses: []core.IdentityKey{x.identity.Key}, Names: []string{"Ana"}, Values: []core.ValueName{{Owner: "o", Name: "n"}}}
	c.called["ToErase"], c.called["Erase"] = true, true
	if counts, blobs, gone := c.erased(s); len(counts)+len(blobs)+len(gone) > 0 {
		c.Errorf("erased of another workspace: %v %v %v", counts, blobs, gone)
	}
	for _, step := range core.EraseSteps() {
		b := core.EraseBatch{Messages: []core.MessageID{x.message.ID}, Files: []core.MediaID{x.file}, In: x.conv, Rows: [][]string{{string(x.conv), "e1", string(x.ch)}}}
		switch step {
		case core.EraseMails, core.EraseLetters, core.EraseParked:
			b.Rows = [][]string{{"mail1"}, {x.dead}}
		case core.EraseGroups, core.EraseLog, core.EraseValues:
			b.Rows = [][]string{{string(x.message.ID), "/"}, {string(x.ch), "log1"}, {"o", "n"}}
		case core.EraseConversations:
			b.Rows = [][]string{{string(x.conv), "e1"}}
		case core.EraseJobs:
			b.Rows = nil
		default: // the rows fit
		}
		_, err := c.repo.Erase(c.Context(), step, s, b, noon, noon)
		c.tried("Erase", err)
	}
}
