package storetest

import (
	"errors"
	"reflect"
	"slices"
	"time"

	"causeway/core"
)

// isolation fills a workspace and then calls every method of a Repo of another one with the first one's ids: reading finds nothing, changing
// changes nothing. A method added to core.Repo fails here until it is called.
func isolation(w *world) {
	two := worldIn(w.T, w.store, "second")
	full := fill(w)
	before := full.read(w, w.repo)
	intruder := &counted{world: two, called: map[string]bool{}}
	intruder.reads(full)
	intruder.changes(full)
	if after := full.read(w, w.repo); !reflect.DeepEqual(before, after) {
		w.Errorf("the second workspace changed the first:\n got %s\nwant %s", show(after), show(before))
	}
	repo := reflect.TypeFor[core.Repo]()
	for i := range repo.NumMethod() {
		if name := repo.Method(i).Name; !intruder.called[name] && !slices.Contains(additions, name) {
			w.Errorf("nobody tried %s from another workspace", name)
		}
	}
}

// additions only make new things, of the workspace they are called in; what these may refer to is tested by noReference.
var additions = []string{"SaveChannel", "PutSecret", "SetValue", "SetValueUntil", "SaveAgent", "SaveTeam", "SaveForward", "SaveKey", "AddContact", "AddConversation", "AddNotice",
	"AddMail", "AddFile", "AddDeadLetter", "AddMerge", "AddIdentity", "AddMessage", "AppendLog", "ParkEvent", "ClaimEvent", "TakeLane",
	"AddConversationEvent", "AddAttempt", "TouchWindow", "CloseWindow", "AddPerson", "AddToLedger", "AddHappening", "PutWorkflow", "AddBroadcast", "AddSecret", "AddErasure", "RememberErased", "KeepSuppressions"}

// things are the ids of one of everything.
type things struct {
	ch       core.ChannelID
	agent    core.Agent
	team     core.Team
	forward  string
	key      core.APIKey
	contact  core.ContactID
	identity core.Identity
	conv     core.ConversationID
	message  core.Message
	file     core.MediaID
	dead     string
	merge    string
	notice   core.NoticeID
	mail     core.MailID
}

func fill(w *world) things {
	ctx := w.Context()
	conv := w.talk()
	x := things{ch: w.ch.ID, agent: w.agent, team: core.Team{ID: "t1", Workspace: w.ws, Name: "Sales"}, forward: "f1", contact: conv.Contact, conv: conv.ID,
		key: core.APIKey{ID: "k1", Workspace: w.ws, Hash: []byte("hash of the first")}, file: "file1", dead: "dead1", merge: "merge1", notice: "n1", mail: "mail1"}
	x.identity = w.identity(conv.Contact, "491701")
	x.message = w.message(conv, "hello", "wamid.1")
	x.message.Key = "idem-1"
	w.add(x.message)
	w.must(w.repo.SaveTeam(ctx, x.team))
	w.must(w.repo.SaveForward(ctx, core.Forward{ID: x.forward, Name: "all"}))
	w.must(w.repo.SaveKey(ctx, x.key))
	w.must(w.repo.PutSecret(ctx, core.SealedSecret{Owner: "o", Name: "n", Box: []byte("b")}))
	w.must(w.repo.SetValue(ctx, "o", "n", []byte("v")))
	w.must(w.repo.SetValue(ctx, core.AutomationOwner, "n", []byte("v")))
	w.must(w.repo.PutTemplates(ctx, x.ch, []core.Template{{Channel: x.ch, Name: "hi", Language: "en", ProviderID: "p1"}}))
	w.must(w.repo.AppendLog(ctx, core.LogEntry{ID: "log1", Channel: x.ch}))
	w.must(w.repo.TouchWindow(ctx, x.ch, x.identity.ID, noon))
	_, err := w.repo.SetWish(ctx, core.Wish{Channel: x.ch, Identity: x.identity.ID, Marketing: true, Stop: true, At: noon})
	w.must(err)
	w.must(w.repo.AddConversationEvent(ctx, core.ConversationEvent{ID: "e1", Conversation: x.conv, Kind: core.ConversationEventOpened}))
	w.must(w.repo.AddFile(ctx, core.File{ID: x.file, Channel: x.ch, State: core.FilePending}))
	w.entry(x.message, core.Out, "S1")
	w.must(w.repo.ParkEvent(ctx, x.ch, "wamid.later", core.Event{ID: "e1"}, noon))
	w.must(w.repo.AddDeadLetter(ctx, core.DeadLetter{ID: x.dead, Kind: "webhook"}))
	w.must(w.repo.AddMerge(ctx, core.Merge{ID: x.merge, Into: x.contact, From: w.contact("other").ID, At: noon}))
	w.must(w.repo.PutReaction(ctx, x.message.ID, core.Reaction{Emoji: "👍", At: noon}))
	w.must(w.repo.AddAttempt(ctx, core.Attempt{Part: x.message.Parts[0].ID, Number: 1}))
	w.must(w.repo.EditMessage(ctx, x.message.ID, core.Content{Kind: core.KindText, Text: "hello!"}, noon))
	for _, f := range []func() (bool, error){
		func() (bool, error) {
			return w.repo.AddNotice(ctx, core.Notice{ID: x.notice, Conversation: x.conv, Agent: w.agent.ID, Key: "k", State: core.NoticeWaiting})
		},
		func() (bool, error) { return w.repo.AddMail(ctx, core.Mail{ID: x.mail, Key: "k", State: core.MailNew}) },
		func() (bool, error) { return w.repo.TakeLane(ctx, "lane", 1000) },
	} {
		if won, err := f(); err != nil || !won {
			w.Fatalf("fill: won %v, %v", won, err)
		}
	}
	x.fillAutomation(w)
	return x
}

// read gathers what a workspace has of the things.
func (x things) read(w *world, r core.Repo) []any {
	ctx := w.Context()
	var all []any
	keep := func(v any, err error) {
		w.Helper()
		w.must(err)
		all = append(all, v)
	}
	ch, err := r.Channel(ctx, x.ch)
	keep(ch, err)
	templates, err := r.Templates(ctx, x.ch)
	keep(templates, err)
	agents, err := r.Agents(ctx)
	keep(agents, err)
	forwards, err := r.Forwards(ctx)
	keep(forwards, err)
	contact, err := r.Contact(ctx, x.contact)
	keep(contact, err)
	ids, err := r.IdentitiesOf(ctx, x.contact)
	keep(ids, err)
	conv, err := r.Conversation(ctx, x.conv)
	keep(conv, err)
	m, err := r.Message(ctx, x.message.ID)
	keep(m, err)
	versions, err := r.Versions(ctx, x.message.ID)
	keep(versions, err)
	f, err := r.File(ctx, x.file)
	keep(f, err)
	d, err := r.DeadLetter(ctx, x.dead)
	keep(d, err)
	merge, err := r.Merge(ctx, x.merge)
	keep(merge, err)
	n, err := r.NextNotice(ctx, x.conv)
	keep(n, err)
	mail, err := r.Mail(ctx, x.mail)
	keep(mail, err)
	window, err := r.Window(ctx, x.ch, x.contact)
	keep(window, err)
	wishes, err := r.Wishes(ctx, x.ch, x.contact)
	keep(wishes, err)
	reach, err := r.Reach(ctx, x.ch, x.contact)
	keep(reach, err)
	return append(all, x.readAutomation(w, r)...)
}

// counted is the second workspace, noting what it tried.
type counted struct {
	*world
	called map[string]bool
}

func (c *counted) none(method string, found bool, err error) {
	c.Helper()
	c.called[method] = true
	if found || err != nil && !errors.Is(err, core.ErrNotFound) {
		c.Errorf("%s from another workspace: found %v, %v", method, found, err)
	}
}

func none[T any](c *counted, method string, all []T, err error) {
	c.Helper()
	c.none(method, len(all) > 0, err)
}

func unseen[T any](c *counted, method string, _ T, err error) {
	c.Helper()
	c.none(method, err == nil, err)
}

func (c *counted) reads(x things) {
	ctx, r := c.Context(), c.repo
	unseenFrom(c, "Channel", func() (core.Channel, error) { return r.Channel(ctx, x.ch) })
	if removed, err := r.RemovedChannels(ctx); err != nil || len(removed) != 0 {
		c.Errorf("RemovedChannels: %+v, %v", removed, err)
	}
	c.called["ChannelByName"], c.called["Channels"], c.called["RemovedChannels"], c.called["AgentByName"], c.called["Agents"] = true, true, true, true, true
	if got, err := r.Channels(ctx); err != nil || len(got) != 1 || got[0].ID != c.ch.ID {
		c.Errorf("Channels: %v, %v", got, err)
	}
	if got, err := r.ChannelByName(ctx, "shop"); err != nil || got.ID != c.ch.ID {
		c.Errorf("ChannelByName: %v, %v", got, err)
	}
	if got, err := r.Agents(ctx); err != nil || len(got) != 1 || got[0].ID != c.agent.ID {
		c.Errorf("Agents: %v, %v", got, err)
	}
	if got, err := r.AgentByName(ctx, "Ana"); err != nil || got.ID != c.agent.ID {
		c.Errorf("AgentByName: %v, %v", got, err)
	}
	unseenFrom(c, "Agent", func() (core.Agent, error) { return r.Agent(ctx, x.agent.ID) })
	unseenFrom(c, "AgentByAddress", func() (core.Agent, error) { return r.AgentByAddress(ctx, x.agent.Address()) })
	unseenFrom(c, "Team", func() (core.Team, error) { return r.Team(ctx, x.team.ID) })
	unseenFrom(c, "TeamByName", func() (core.Team, error) { return r.TeamByName(ctx, x.team.Name) })
	unseenFrom(c, "Reach", func() (core.Reach, error) { return r.Reach(ctx, x.ch, x.contact) })
	unseenFrom(c, "Contact", func() (core.Contact, error) { return r.Contact(ctx, x.contact) })
	unseenFrom(c, "Merge", func() (core.Merge, error) { return r.Merge(ctx, x.merge) })
	unseenFrom(c, "OpenConversation", func() (core.Conversation, error) { return r.OpenConversation(ctx, x.contact) })
	unseenFrom(c, "Conversation", func() (core.Conversation, error) { return r.Conversation(ctx, x.conv) })
	unseenFrom(c, "Lock", func() (core.Conversation, error) { return r.Lock(ctx, x.conv) })
	unseenFrom(c, "Message", func() (core.Message, error) { return r.Message(ctx, x.message.ID) })
	unseenFrom(c, "MessageByKey", func() (core.Message, error) { return r.MessageByKey(ctx, x.message.Key) })
	unseenFrom(c, "Part", func() (core.Part, error) { return r.Part(ctx, x.message.Parts[0].ID) })
	unseenFrom(c, "PartByProvider", func() (core.Part, error) { return r.PartByProvider(ctx, x.ch, "wamid.1") })
	unseenFrom(c, "ClaimProvider", func() (core.Part, error) { return r.ClaimProvider(ctx, x.ch, "wamid.1") })
	unseenFrom(c, "NextPart", func() (core.Part, error) { return r.NextPart(ctx, x.conv) })
	unseenFrom(c, "File", func() (core.File, error) { return r.File(ctx, x.file) })
	unseenFrom(c, "DeadLetter", func() (core.DeadLetter, error) { return r.DeadLetter(ctx, x.dead) })
	unseenFrom(c, "NextNotice", func() (core.Notice, error) { return r.NextNotice(ctx, x.conv) })
	unseenFrom(c, "NextMail", func() (core.Mail, error) { return r.NextMail(ctx, x.conv) })
	unseenFrom(c, "Mail", func() (core.Mail, error) { return r.Mail(ctx, x.mail) })
	unseenFrom(c, "Wish", func() (core.Wish, error) { return r.Wish(ctx, x.ch, x.identity.ID, true) })
	unseenFrom(c, "Template", func() (core.Template, error) { return r.Template(ctx, x.ch, "hi", "en") })
	c.lists(x)
	c.seesNoAutomation(x)
}

func unseenFrom[T any](c *counted, method string, read func() (T, error)) {
	c.Helper()
	v, err := read()
	unseen(c, method, v, err)
}

func nothingFrom[T any](c *counted, method string, read func() ([]T, error)) {
	c.Helper()
	v, err := read()
	none(c, method, v, err)
}

func (c *counted) lists(x things) {
	ctx, r := c.Context(), c.repo
	nothingFrom(c, "Secrets", func() ([]core.SealedSecret, error) { return r.Secrets(ctx, "o") })
	nothingFrom(c, "Value", func() ([]byte, error) { return r.Value(ctx, "o", "n") })
	nothingFrom(c, "Automation", func() ([]string, error) { return r.Automation(ctx) })
	nothingFrom(c, "FirstValue", func() ([]byte, error) { _, v, err := r.FirstValue(ctx, "o"); return v, err })
	nothingFrom(c, "Templates", func() ([]core.Template, error) { return r.Templates(ctx, x.ch) })
	nothingFrom(c, "ChannelLog", func() ([]core.LogEntry, error) { return r.ChannelLog(ctx, x.ch, core.Page{}) })
	nothingFrom(c, "Teams", func() ([]core.Team, error) { return r.Teams(ctx) })
	nothingFrom(c, "Forwards", func() ([]core.Forward, error) { return r.Forwards(ctx) })
	nothingFrom(c, "Keys", func() ([]core.APIKey, error) { return r.Keys(ctx) })
	nothingFrom(c, "Identities", func() ([]core.Identity, error) { return r.Identities(ctx, []core.IdentityKey{x.identity.Key}) })
	nothingFrom(c, "IdentitiesOf", func() ([]core.Identity, error) { return r.IdentitiesOf(ctx, x.contact) })
	nothingFrom(c, "Contacts", func() ([]core.Contact, error) { return r.Contacts(ctx, core.Page{}) })
	nothingFrom(c, "MergesOf", func() ([]core.Merge, error) { return r.MergesOf(ctx, x.contact) })
	nothingFrom(c, "ConversationsOf", func() ([]core.Conversation, error) { return r.ConversationsOf(ctx, x.contact) })
	nothingFrom(c, "Conversations", func() ([]core.Conversation, error) {
		return r.Conversations(ctx, core.ConversationFilter{Contact: x.contact}, core.Page{})
	})
	nothingFrom(c, "AllOpen", func() ([]core.ConversationID, error) { return r.AllOpen(ctx) })
	nothingFrom(c, "ConversationEvents", func() ([]core.ConversationEvent, error) { return r.ConversationEvents(ctx, x.conv) })
	nothingFrom(c, "Messages", func() ([]core.Message, error) { return r.Messages(ctx, x.conv, core.Page{}) })
	nothingFrom(c, "LastSender", func() ([]core.IdentityID, error) {
		id, _, err := r.LastSender(ctx, x.conv, x.ch)
		if id == "" {
			return nil, err
		}
		return []core.IdentityID{id}, err
	})
	nothingFrom(c, "ImportedMessages", func() ([]core.Message, error) { return r.ImportedMessages(ctx, x.conv, core.Bookmark{}, 9) })
	nothingFrom(c, "Versions", func() ([]core.Content, error) { return r.Versions(ctx, x.message.ID) })
	nothingFrom(c, "PartsOf", func() ([]core.Part, error) { return r.PartsOf(ctx, x.message.ID) })
	nothingFrom(c, "PartsAfter", func() ([]core.Part, error) { return r.PartsAfter(ctx, core.Part{Conversation: x.conv}, 9) })
	nothingFrom(c, "GivenUp", func() ([]core.Part, error) { return r.GivenUp(ctx, x.ch, 9) })
	nothingFrom(c, "PartsIn", func() ([]core.Part, error) { return r.PartsIn(ctx, x.ch, core.StatusQueued, 9) })
	nothingFrom(c, "Attempts", func() ([]core.Attempt, error) { return r.Attempts(ctx, x.message.Parts[0].ID) })
	nothingFrom(c, "TakeParked", func() ([]core.Event, error) { return r.TakeParked(ctx, x.ch, "wamid.later") })
	nothingFrom(c, "TakeOverdue", func() ([]core.DeadLetter, error) { return r.TakeOverdue(ctx, noon.Add(time.Hour), 9) })
	nothingFrom(c, "DeadLetters", func() ([]core.DeadLetter, error) { return r.DeadLetters(ctx, core.Page{}) })
	nothingFrom(c, "MailsIn", func() ([]core.Mail, error) { return r.MailsIn(ctx, core.MailNew, 9) })
	nothingFrom(c, "Wishes", func() ([]core.Wish, error) { return r.Wishes(ctx, x.ch, x.contact) })
	nothingFrom(c, "NoticesTo", func() ([]core.Notice, error) { return r.NoticesTo(ctx, x.conv, x.agent.ID, 9) })
	nothingFrom(c, "Ledger", func() ([]core.LedgerEntry, error) { return r.Ledger(ctx, ledgerNumber, "S1") })
	nothingFrom(c, "LedgerGaps", func() ([]core.LedgerEntry, error) {
		return r.LedgerGaps(ctx, ledgerNumber, noon.Add(-time.Hour), noon.Add(time.Hour), 9)
	})
	nothingFrom(c, "LedgerDoubles", func() ([][2]core.LedgerEntry, error) { return r.LedgerDoubles(ctx, 9) })
	n, err := r.CountLedger(ctx, ledgerNumber, noon.Add(-time.Hour), noon.Add(time.Hour))
	c.none("CountLedger", n != core.LedgerCount{}, err)
	state, err := r.Window(ctx, x.ch, x.contact)
	c.none("Window", !state.Last.IsZero(), err)
}

// refused is for changes that must say that the thing is not there.
func (c *counted) refused(method string, err error) {
	c.Helper()
	c.called[method] = true
	missing(c, method+" from another workspace", err)
}

func (c *counted) changes(x things) {
	ctx, r := c.Context(), c.repo
	won, err := r.SwapValue(ctx, "o", "n", []byte("v"), []byte("stolen"))
	c.none("SwapValue", won, err)
	c.refused("RemoveChannel", r.RemoveChannel(ctx, x.ch, core.Health{}))
	c.tried("StripChannel", r.StripChannel(ctx, x.ch, []string{"channel/1"}))
	c.refused("SetChannelState", r.SetChannelState(ctx, x.ch, core.ChannelPaused, core.Health{}))
	c.refused("SeenIn", r.SeenIn(ctx, x.ch, noon.Add(time.Hour)))
	c.refused("PutTemplates", r.PutTemplates(ctx, x.ch, nil))
	c.refused("ChangeTemplate", r.ChangeTemplate(ctx, x.ch, core.TemplateBody{Name: "hi", Language: "en", Status: core.TemplatePaused}))
	c.refused("DeleteForward", r.DeleteForward(ctx, x.forward))
	c.refused("MoveIdentities", r.MoveIdentities(ctx, []core.IdentityID{x.identity.ID}, c.contact("thief").ID))
	c.refused("MoveConversations", r.MoveConversations(ctx, []core.ConversationID{x.conv}, c.contact("thief").ID))
	c.refused("SetContact", r.SetContact(ctx, core.Contact{ID: x.contact, Name: "stolen"}))
	c.refused("SetMergeUndone", r.SetMergeUndone(ctx, x.merge, noon))
	c.refused("SetConversation", r.SetConversation(ctx, core.Conversation{ID: x.conv, State: core.ConversationClosed}))
	_, err = r.NextSeq(ctx, x.conv, noon)
	c.refused("NextSeq", err)
	c.refused("SetMessageStatus", r.SetMessageStatus(ctx, x.message.ID, core.StatusRead, nil))
	c.refused("EditMessage", r.EditMessage(ctx, x.message.ID, core.Content{}, noon))
	c.refused("MarkAutomatic", r.MarkAutomatic(ctx, x.message.ID, "a machine"))
	c.refused("RevokeMessage", r.RevokeMessage(ctx, x.message.ID, noon))
	c.refused("PutReaction", r.PutReaction(ctx, x.message.ID, core.Reaction{Emoji: "x", At: noon.Add(time.Hour)}))
	c.refused("SetPart", r.SetPart(ctx, x.message.Parts[0]))
	c.refused("SetFile", r.SetFile(ctx, core.File{ID: x.file, State: core.FileHere}))
	stolen, err := r.FilesOf(ctx, x.message.ID)
	c.none("FilesOf", len(stolen) > 0, err)
	c.refused("SpareFile", r.SpareFile(ctx, x.file, c.ch.ID, core.Media{Provider: "stolen"}))
	there, err := r.UseSpare(ctx, x.file)
	c.none("UseSpare", there, err)
	c.refused("RemoveDeadLetter", r.RemoveDeadLetter(ctx, x.dead))
	c.refused("SetNotice", r.SetNotice(ctx, core.Notice{ID: x.notice, State: core.NoticeSent}))
	_, err = r.SetWish(ctx, core.Wish{Channel: x.ch, Identity: x.identity.ID, Marketing: true, At: noon.Add(time.Hour)})
	c.refused("SetWish", err)
	key := core.LedgerKey{Number: ledgerNumber, Direction: core.Out, Stanza: "S1"}
	c.refused("SeeInLedger", r.SeeInLedger(ctx, key, true, core.Sight{Provider: "stolen", Seen: noon}))
	c.refused("PassInLedger", r.PassInLedger(ctx, key, x.message.Parts[0]))
	c.refused("Enliven", r.Enliven(ctx, x.message.ID, x.conv, 99))
	_, err = r.SetNumber(ctx, x.ch, "491701", true)
	c.refused("SetNumber", err)
	c.refused("SetMail", r.SetMail(ctx, core.Mail{ID: x.mail, State: core.MailSent}))
	c.spoilsNoAutomation(x)
}

// sameID uses one id in two workspaces: each has its own, saving one leaves the other.
func sameID(w *world) {
	two := worldIn(w.T, w.store, "second")
	for _, x := range []*world{w, two} {
		w.must(x.repo.SaveTeam(w.Context(), core.Team{ID: "same", Name: "of " + string(x.ws)}))
		w.must(x.repo.SetValue(w.Context(), "o", "n", []byte(x.ws)))
		if won, err := x.repo.ClaimEvent(w.Context(), x.ch.ID, core.EventMessage, "same"); err != nil || !won {
			w.Errorf("claim: %v, %v", won, err)
		}
		if mine, err := x.repo.TakeLane(w.Context(), "same", 5); err != nil || !mine {
			w.Errorf("lane: %v, %v", mine, err)
		}
	}
	for _, x := range []*world{w, two} {
		team, err := x.repo.Team(w.Context(), "same")
		same(w, "team", team.Name, "of "+string(x.ws), err)
		v, err := x.repo.Value(w.Context(), "o", "n")
		same(w, "value", string(v), string(x.ws), err)
	}
	err := two.repo.SaveChannel(w.Context(), core.Channel{ID: w.ch.ID, Kind: "k", Name: "taken over", Account: "a"})
	duplicate(w, "a channel id of the first workspace, which webhooks find without naming one", err)
}

// noReference tries to make rows of the second workspace that point into the first.
func noReference(w *world) {
	two := worldIn(w.T, w.store, "second")
	x := fill(w)
	ctx, r := w.Context(), two.repo
	mine := two.contact("mine")
	missing(w, "identity of a foreign contact", second(r.AddIdentity(ctx, core.Identity{ID: "i", Contact: x.contact, Key: core.IdentityKey{Scheme: "s", Value: "v"}})))
	conv := core.Conversation{ID: "c", Contact: x.contact, State: core.ConversationOpen}
	missing(w, "conversation with a foreign contact", second(r.AddConversation(ctx, &conv)))
	conv = core.Conversation{ID: "c", Contact: mine.ID, State: core.ConversationOpen, Channel: x.ch}
	missing(w, "conversation on a foreign channel", second(r.AddConversation(ctx, &conv)))
	missing(w, "message in a foreign conversation", second(r.AddMessage(ctx, core.Message{ID: "m", Conversation: x.conv, Contact: mine.ID, Channel: two.ch.ID})))
	missing(w, "claim on a foreign channel", second(r.ClaimEvent(ctx, x.ch, core.EventMessage, "e")))
	missing(w, "notice to a foreign agent", second(r.AddNotice(ctx, core.Notice{ID: "n", Agent: x.agent.ID, Key: "k"})))
	missing(w, "mail of a foreign agent", second(r.AddMail(ctx, core.Mail{ID: "m", Agent: x.agent.ID, Key: "k"})))
	missing(w, "file of a foreign message", r.AddFile(ctx, core.File{ID: "f", Message: x.message.ID}))
	missing(w, "attempt of a foreign part", r.AddAttempt(ctx, core.Attempt{Part: x.message.Parts[0].ID}))
	missing(w, "history of a foreign conversation", r.AddConversationEvent(ctx, core.ConversationEvent{ID: "e", Conversation: x.conv}))
	missing(w, "log of a foreign channel", r.AppendLog(ctx, core.LogEntry{ID: "l", Channel: x.ch}))
	missing(w, "event parked on a foreign channel", r.ParkEvent(ctx, x.ch, "t", core.Event{}, noon))
	missing(w, "ledger entry of a foreign part", second(r.AddToLedger(ctx, core.LedgerEntry{LedgerKey: core.LedgerKey{Number: "1", Stanza: "s"},
		Part: x.message.Parts[0].ID, Conversation: x.conv})))
	missing(w, "window on a foreign channel", r.TouchWindow(ctx, x.ch, two.identity(mine.ID, "1").ID, noon))
	missing(w, "window closed on a foreign channel", r.CloseWindow(ctx, x.ch, two.identity(mine.ID, "2").ID, noon))
	missing(w, "forward of a foreign channel", r.SaveForward(ctx, core.Forward{ID: "f", Channel: x.ch}))
	missing(w, "merge with a foreign contact", r.AddMerge(ctx, core.Merge{ID: "m", Into: mine.ID, From: x.contact}))
	if _, err := r.Conversation(ctx, "c"); err == nil {
		w.Error("a refused conversation was stored")
	}
}

func second(won bool, err error) error {
	if won {
		return errors.New("it was stored")
	}
	return err
}
