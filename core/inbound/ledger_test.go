package inbound_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"causeway/core"

	"pgregory.net/rapid"
)

const ours = "4915112345678"

// pair is a world whose channel is the API side of a number, with the device on its phone.
type pair struct {
	*world
	device core.Channel
	n      int
}

func newPair(w *world) *pair {
	w.Helper()
	p := &pair{world: w}
	p.device = core.Channel{ID: core.NewID[core.ChannelID](), Workspace: w.ws, Kind: "whatsapp-device", Name: "phone", Account: ours, State: core.ChannelActive, Created: w.clock}
	w.must(w.repo.SaveChannel(w.Context(), p.device))
	w.accept(core.Event{Kind: core.EventAccount, ID: "n1", At: w.clock, Origin: core.OriginProvider, Change: &core.AccountBody{Name: "number", Number: "+49 151 12345678"}})
	p.by(p.device, core.Event{Kind: core.EventAccount, ID: "n1", At: w.clock, Origin: core.OriginProvider, Change: &core.AccountBody{Name: "number", Number: ours, Phone: true}})
	var err error
	p.device, err = w.repo.Channel(w.Context(), p.device.ID)
	w.must(err)
	if p.device.Twin != w.ch.ID {
		w.Fatalf("the channels are not twins: %+v", p.device)
	}
	return p // w.ch stays as it was before: who calls Accept may not know yet
}

func (p *pair) by(ch core.Channel, events ...core.Event) {
	p.Helper()
	p.must(p.in.Accept(p.Context(), ch, events))
}

// tale is one message of a shared number as the sides may tell of it.
type tale struct {
	*pair
	id     string // stanza
	who    []core.IdentityKey
	wamid  string
	part   core.PartID // of our own send
	author core.Origin // of the message
}

func (p *pair) tale() *tale {
	p.n++
	id := fmt.Sprintf("3EB0%04d", p.n)
	return &tale{pair: p, id: id, author: core.OriginCustomer, wamid: "wamid." + id, who: []core.IdentityKey{phone(fmt.Sprintf("4477009%05d", p.n)), {Scheme: core.SchemeLID, Value: fmt.Sprintf("99%05d", p.n)}}}
}

// tells is a message as a side tells it. The API knows the customer by the number, the device by both.
func (t *tale) tells(device bool, from core.Origin, historic bool, content core.Content) core.Event {
	e := core.Event{Kind: core.EventMessage, ID: t.wamid, At: t.clock, Origin: from, Historic: historic, Peer: core.Peer{Identities: t.who[:1]},
		Message: &core.MessageBody{Provider: t.wamid, Stanza: t.id, Content: content}}
	if device {
		e.ID, e.Message.Provider, e.Peer.Identities = t.id, t.deviceID(from), []core.IdentityKey{t.who[1], t.who[0]}
	}
	if historic {
		e.ID += "/history"
	}
	return e
}

// deviceID is the id of the message on the device, which names the chat and the side too.
func (t *tale) deviceID(from core.Origin) string {
	if from == core.OriginCustomer {
		return "1@lid/in/" + t.id
	}
	return "1@lid/out/" + t.id
}

func words(s string) core.Content { return core.Content{Kind: core.KindText, Text: s} }

var unreadable = core.Content{Kind: core.KindUnsupported, Unsupported: &core.Unsupported{Type: "unsupported", Code: 131060}}

// change is an edit, a reaction or a deletion of the message, named as a side names it.
func (t *tale) change(device bool, from core.Origin, kind core.EventKind) core.Event {
	e := core.Event{Kind: kind, ID: t.wamid + "/" + string(kind), At: t.clock.Add(time.Minute), Origin: from, Peer: core.Peer{Identities: t.who[:1]}}
	target, stanza := t.wamid, t.id
	if device {
		e.ID, target, stanza = t.id+"/"+string(kind), t.deviceID(t.author), ""
	}
	switch kind {
	case core.EventEdit:
		e.Edit = &core.EditBody{Target: target, Stanza: stanza, Content: words("edited")}
	case core.EventReaction:
		e.Reaction = &core.ReactionBody{Target: target, Stanza: stanza, Emoji: "👍"}
	case core.EventRevoke:
		e.Revoke = &core.RevokeBody{Target: target, Stanza: stanza}
	default:
		t.Fatal(kind)
	}
	return e
}

func (t *tale) tick(device bool, s core.Status) core.Event {
	e := t.receipt(t.wamid, s)
	e.Receipt.Stanza = t.id
	if device {
		e = t.receipt(t.deviceID(core.OriginDevice), s)
		e.Receipt.Stanza = t.id
	}
	return e
}

// send puts a message of ours into the outbox, as being sent over the API.
func (t *tale) send(text string) {
	t.Helper()
	conv, err := t.repo.OpenConversation(t.Context(), t.owner())
	t.must(err)
	p := t.sent(conv, text, "", core.StatusSending)
	t.part = p.ID
}

func (t *tale) owner() core.ContactID {
	t.Helper()
	known, err := t.repo.Identities(t.Context(), t.who)
	t.must(err)
	if len(known) == 0 {
		t.Fatal("nobody is known")
	}
	return known[0].Contact
}

// answer records the provider's answer, as the outbox does.
func (t *tale) answer() {
	t.Helper()
	t.must(t.store.Tx(t.Context(), func(tx core.Tx) error {
		repo := tx.In(t.ws)
		ch, err := repo.Channel(t.Context(), t.ch.ID)
		if err != nil {
			return err
		}
		p, err := repo.Part(t.Context(), t.part)
		if err != nil {
			return err
		}
		if _, err := repo.Lock(t.Context(), p.Conversation); err != nil {
			return err
		}
		if err := core.Adopt(t.Context(), repo, &p, t.wamid, t.id); err != nil {
			return err
		}
		p.Status, p.Sent = p.Status.Raise(core.StatusSent), t.clock
		if err := repo.SetPart(t.Context(), p); err != nil {
			return err
		}
		m, err := repo.Message(t.Context(), p.Message)
		if err != nil {
			return err
		}
		status, failure := core.Worst(m.Parts)
		if err := repo.SetMessageStatus(t.Context(), m.ID, status, failure); err != nil {
			return err
		}
		return t.in.Arrived(t.Context(), tx, ch, t.wamid)
	}))
}

// state is what is left of a tale in the end, whichever way it was told.
func (t *tale) state() string {
	t.Helper()
	var lines []string
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	known, err := t.repo.Identities(t.Context(), t.who)
	t.must(err)
	owners := map[core.ContactID]bool{}
	for _, i := range known {
		owners[i.Contact] = true
	}
	add("%d identities of %d contact", len(known), len(owners))
	convs, err := t.repo.ConversationsOf(t.Context(), known[0].Contact)
	t.must(err)
	for _, c := range convs {
		waits := "nobody waits"
		if !c.Waiting.IsZero() {
			waits = "waits"
		}
		add("conversation %s on %v, %s", c.State, c.Channel == t.ch.ID, waits)
		for _, m := range t.messages(c.ID) {
			if m.Content.Text == "earlier" {
				continue
			}
			reactions := ""
			for _, r := range m.Reactions {
				reactions += r.Emoji
			}
			text := m.Content.Text
			if !m.Revoked.IsZero() {
				text = "revoked"
			}
			add("%s %s %q %s historic=%v reactions=%q parts=%d", m.Direction, m.Author.Kind, text, m.Status, m.Historic, reactions, len(m.Parts))
		}
	}
	entries, err := t.repo.Ledger(t.Context(), ours, t.id)
	t.must(err)
	for _, x := range entries {
		add("entry %s api=%s phone=%s", x.Direction, x.API.Provider, x.Phone.Provider)
	}
	dead := slices.DeleteFunc(t.dead(), func(d core.DeadLetter) bool {
		e, _ := json.Marshal(d)
		return !strings.Contains(string(e), t.id)
	})
	add("%d dead", len(dead))
	return strings.Join(lines, "\n")
}

// step is one way by which a side tells something.
type step struct {
	device bool
	event  core.Event
	answer bool
}

// do takes a step. The API's channel is given as it was before it had a twin.
func (t *tale) do(s step) {
	t.Helper()
	switch {
	case s.answer:
		t.answer()
	case s.device:
		t.by(t.device, s.event)
	default:
		t.by(t.ch, s.event)
	}
}

// stories are what can happen to one message, with everything that either side may tell of it.
var stories = map[string]func(t *tale) []step{
	"the customer wrote": func(t *tale) []step {
		return []step{{event: t.tells(false, core.OriginCustomer, false, words("hello"))}, {device: true, event: t.tells(true, core.OriginCustomer, false, words("hello"))},
			{event: t.tells(false, core.OriginCustomer, true, words("hello"))}, {device: true, event: t.tells(true, core.OriginCustomer, true, words("hello"))},
			{event: t.change(false, core.OriginCustomer, core.EventReaction)}, {device: true, event: t.change(true, core.OriginCustomer, core.EventReaction)}}
	},
	"only the device can read it": func(t *tale) []step {
		return []step{{event: t.tells(false, core.OriginCustomer, false, unreadable)}, {device: true, event: t.tells(true, core.OriginCustomer, false, words("hello"))},
			{device: true, event: t.tells(true, core.OriginCustomer, true, words("hello"))}}
	},
	"the customer changed it": func(t *tale) []step {
		return []step{{event: t.tells(false, core.OriginCustomer, false, words("hello"))}, {device: true, event: t.tells(true, core.OriginCustomer, false, words("hello"))},
			{event: t.change(false, core.OriginCustomer, core.EventEdit)}, {device: true, event: t.change(true, core.OriginCustomer, core.EventEdit)}}
	},
	"the customer changed it twice in one second": func(t *tale) []step {
		again := func(device bool, text string, after time.Duration) step {
			e := t.change(device, core.OriginCustomer, core.EventEdit)
			e.ID, e.Edit.Content, e.At = e.ID+text, words(text), e.At.Add(after)
			return step{device: device, event: e}
		}
		return []step{{event: t.tells(false, core.OriginCustomer, false, words("hello"))}, again(false, "once", 0), again(false, "and again", 0),
			again(true, "once", 200*time.Millisecond), again(true, "and again", 700*time.Millisecond)}
	},
	"the customer deleted it": func(t *tale) []step {
		return []step{{event: t.tells(false, core.OriginCustomer, false, unreadable)}, {device: true, event: t.tells(true, core.OriginCustomer, false, words("hello"))},
			{event: t.change(false, core.OriginCustomer, core.EventRevoke)}, {device: true, event: t.change(true, core.OriginCustomer, core.EventRevoke)}}
	},
	"somebody typed it on the phone": func(t *tale) []step {
		t.author = core.OriginDevice
		return []step{{event: t.tells(false, core.OriginDevice, false, words("on my way"))}, {device: true, event: t.tells(true, core.OriginDevice, false, words("on my way"))},
			{event: t.tells(false, core.OriginDevice, true, words("on my way"))}, {event: t.tick(false, core.StatusDelivered)}, {device: true, event: t.tick(true, core.StatusRead)},
			{event: t.change(false, core.OriginDevice, core.EventEdit)}, {device: true, event: t.change(true, core.OriginDevice, core.EventEdit)}}
	},
	"an agent answered": func(t *tale) []step {
		t.author = core.OriginDevice
		t.send("dear **Grace**")
		return []step{{answer: true}, {device: true, event: t.tells(true, core.OriginDevice, false, words("dear *Grace*"))},
			{event: t.tick(false, core.StatusDelivered)}, {device: true, event: t.tick(true, core.StatusRead)}, {device: true, event: t.tells(true, core.OriginDevice, true, words("dear *Grace*"))},
			{device: true, event: t.change(true, core.OriginCustomer, core.EventReaction)}}
	},
}

// begin has the customer write something before, so that there is a conversation, and makes the steps of a story.
func (p *pair) begin(story string) (*tale, []step) {
	t := p.tale()
	before := t.tells(true, core.OriginCustomer, false, words("earlier"))
	before.ID, before.Message.Provider, before.Message.Stanza = "before"+t.id, "before"+t.id, "before"+t.id
	before.At = p.clock.Add(-time.Hour)
	p.by(p.device, before)
	return t, stories[story](t)
}

// TestLedgerInAnyOrder: whichever side tells first, however often, and however the sides are mixed, there is one message, and it is the same one.
func TestLedgerInAnyOrder(t *testing.T) {
	for name := range stories {
		t.Run(name, func(t *testing.T) {
			lite(t, func(w *world) {
				p := newPair(w)
				first, steps := p.begin(name)
				for _, s := range steps {
					first.do(s)
				}
				want := anonymous(first)
				w.Logf("in the end:\n%s", want)
				rapid.Check(t, func(rt *rapid.T) {
					one, steps := p.begin(name)
					order := rapid.Permutation(append(slices.Clone(steps), rapid.SliceOfN(rapid.SampledFrom(steps), 0, 3).Draw(rt, "again")...)).Draw(rt, "order")
					for _, s := range order {
						one.do(s)
					}
					if got := anonymous(one); got != want {
						rt.Fatalf("got\n%s\nwant\n%s", got, want)
					}
				})
			})
		})
	}
}

// anonymous is the state of a tale without what tells it from others.
func anonymous(t *tale) string { return strings.ReplaceAll(t.state(), t.id, "ID") }

// TestLedgerAtOnce: the same with all sides talking at the same time, from two nodes.
func TestLedgerAtOnce(t *testing.T) {
	each(t, func(w *world) {
		p := newPair(w)
		w.ch, _ = w.repo.Channel(w.Context(), w.ch.ID)
		for name := range stories {
			first, steps := p.begin(name)
			for _, s := range steps {
				first.do(s)
			}
			want := anonymous(first)
			for range 4 {
				one, steps := p.begin(name)
				nodes := []*tale{one, one.elsewhere()}
				var group sync.WaitGroup
				for i, s := range append(slices.Clone(steps), steps...) {
					if s.answer && i >= len(steps) {
						continue // it is given once
					}
					group.Go(func() { nodes[i%2].do(s) })
				}
				group.Wait()
				if got := anonymous(one); got != want {
					t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
				}
			}
		}
	})
}

// elsewhere is the same tale told to another node.
func (t *tale) elsewhere() *tale {
	w := *t.world
	w.in = newAcceptor(&w)
	p := *t.pair
	p.world = &w
	other := *t
	other.pair = &p
	return &other
}

// TestSpareMedium: what one side could not bring of a medium is asked for at the other side, whichever brought its message first.
func TestSpareMedium(t *testing.T) {
	each(t, func(w *world) {
		p := newPair(w)
		picture := func(provider string) core.Content {
			return core.Content{Kind: core.KindImage, Media: &core.Media{Provider: provider, MIME: "image/jpeg"}}
		}
		for name, late := range map[string]bool{"before it was given up": false, "after": true} {
			x := p.tale()
			p.accept(x.tells(false, core.OriginCustomer, false, picture("api-1")))
			f, err := w.repo.File(w.Context(), w.message(x.wamid).Content.Media.ID)
			w.must(err)
			w.jobs()
			if late {
				f.State = core.FileMissing
				w.must(w.repo.SetFile(w.Context(), f))
			}
			p.by(p.device, x.tells(true, core.OriginCustomer, false, picture("device-1")))
			equal(w, name+": is fetched again", strings.Contains(w.jobs(), string(core.JobFetch)), late)
			if !late {
				there, err := w.repo.UseSpare(w.Context(), f.ID)
				w.must(err)
				equal(w, name+": lies elsewhere", there, true)
			}
			f, err = w.repo.File(w.Context(), f.ID)
			w.must(err)
			equal(w, name+": channel", f.Channel, p.device.ID)
			equal(w, name+": reference", f.Media.Provider, "device-1")
			equal(w, name+": state", f.State, core.FilePending)
		}
	})
}

// TestQuoteBeforeItsMessage: an answer that comes before the message it answers, or from a side of the number that never saw that, leads there all the same.
func TestQuoteBeforeItsMessage(t *testing.T) {
	each(t, func(w *world) {
		p := newPair(w)
		linked := func(provider string) core.MessageID {
			w.Helper()
			all := []core.Message{w.message(provider)}
			w.must(core.LinkQuotes(w.Context(), w.repo, all))
			return all[0].Content.Quote.Message
		}
		for n, q := range []core.Quote{{Provider: "wamid.late", Stanza: "LATE"}, {Provider: "wamid.side", Stanza: "SIDE"}, {Product: "tea"}} {
			e := w.said(id(n), "yes")
			e.Message.Content.Quote = &q
			w.accept(e)
			equal(w, "not here yet", linked(id(n)), core.MessageID(""))
		}
		asked := w.said("wamid.late", "Do you deliver?")
		asked.Message.Stanza, asked.Historic = "LATE", true
		w.accept(asked)
		p.by(p.device, p.said("chat/in/SIDE", "And on Sundays?"))
		equal(w, "by the provider's id", linked(id(0)), w.message("wamid.late").ID)
		m, err := w.repo.Message(w.Context(), linked(id(1)))
		w.must(err)
		equal(w, "by the other side", m.Content.Text, "And on Sundays?")
		equal(w, "of a product", linked(id(2)), core.MessageID(""))
	})
}
