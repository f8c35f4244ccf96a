package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"causeway/bridges/bridgetest"
	"causeway/bridges/simulator"
	"causeway/config/business"
	"causeway/core"
)

// peers are the cases and samples of peer projects for one bridge.
type peers struct {
	provider
	fixtures string // below the shared ones
	table    string // of explained differences, below the bridges
	// wants are settings of a channel that runs a set of cases, besides the set's own.
	wants func(set bridgetest.PeerSet) map[string]string
	// signed makes a case authentic at our address where the peer's request is at its own. Nil: it is as it comes.
	signed func(c bridgetest.PeerCase) bool
	// sample makes a webhook of a sample, and says what it wants of the channel.
	sample func(s bridgetest.Sample) (core.WebhookRequest, map[string]string)
}

func allPeers() []peers {
	never := func(bridgetest.PeerCase) bool { return false }
	none := func(bridgetest.PeerSet) map[string]string { return nil }
	whole := func(s bridgetest.Sample) (core.WebhookRequest, map[string]string) { return posted(s.Body), nil }
	return []peers{
		{provider: whatsApp(), wants: none, fixtures: "whatsapp", table: "whatsappcloud/testdata/peers/peers.json", signed: never,
			sample: func(s bridgetest.Sample) (core.WebhookRequest, map[string]string) {
				return posted(s.Body), map[string]string{"phone_number_id": accountIn(s.Body)}
			}},
		{provider: messengerPage(), wants: none, fixtures: "messenger", table: "messenger/testdata/peers/peers.json", sample: whole,
			signed: func(c bridgetest.PeerCase) bool { return c.Set.Name == "facebook_legacy" }},
		{provider: instagramAccount(), wants: none, fixtures: "instagram", table: "instagram/testdata/peers/peers.json", sample: whole, signed: never},
		{provider: telegramBot(), wants: none, fixtures: "telegram", table: "telegram/testdata/peers/peers.json", signed: func(bridgetest.PeerCase) bool { return true },
			sample: func(s bridgetest.Sample) (core.WebhookRequest, map[string]string) {
				if strings.HasPrefix(s.Name, "teloxide-messages/") { // bare messages
					return posted([]byte(`{"update_id":1,"message":` + string(s.Filled()) + `}`)), nil
				}
				return posted(s.Filled()), nil
			}},
		{provider: twilioNumber(), wants: none, fixtures: "twilio", table: "sms/twilio/testdata/peers.json", sample: formSample,
			signed: func(c bridgetest.PeerCase) bool {
				return !c.Refused && c.Request.Header.Get("X-Twilio-Signature") != "" && !strings.Contains(c.Name, "Forwarded")
			}},
		{provider: carrierOf(""), fixtures: "sms-http", table: "sms/carrier/testdata/peers.json", signed: func(c bridgetest.PeerCase) bool { return !c.Refused },
			wants: func(set bridgetest.PeerSet) map[string]string { return map[string]string{"provider": set.Name} },
			sample: func(s bridgetest.Sample) (core.WebhookRequest, map[string]string) {
				name, _, _ := strings.Cut(s.Name, "/")
				r, _ := formSample(s)
				return r, map[string]string{"provider": map[string]string{"nexmo": "vonage"}[name] + strings.ReplaceAll(name, "nexmo", ""), "sender": "2020"}
			}},
	}
}

func posted(body []byte) core.WebhookRequest {
	return core.WebhookRequest{Method: http.MethodPost, Body: body, Header: http.Header{}, Query: map[string][]string{}}
}

// formSample reads a sample that may be a form, written as its text or as its fields.
func formSample(s bridgetest.Sample) (core.WebhookRequest, map[string]string) {
	var file struct {
		Raw    string
		Params [][2]string
	}
	body := string(s.Body)
	if json.Unmarshal(s.Body, &file) == nil && (file.Raw != "" || len(file.Params) > 0) {
		body = file.Raw
		if body == "" {
			body = encoded(file.Params...)
		}
	}
	return posted([]byte(body)), nil
}

// tenant is a workspace of its own with one channel: cases that are about the same account and the same messages do not meet.
type tenant struct {
	*testWorld
	own     core.Repo
	channel core.Channel
	values  map[string]string // its settings, secrets included
	made    provider

	workspaceName string
}

// tenant sets one up, as an admin does.
func (w *testWorld) tenant(p provider, settings ...map[string]string) *tenant {
	w.Helper()
	values := maps.Clone(p.values)
	values["api_base"] = "http://127.0.0.1:1" // nobody; chats have none
	for _, s := range settings {
		maps.Copy(values, s)
	}
	name := "t" + core.NewToken(8)
	w.apply(name, "channels:\n"+p.channel("shop", values), values)
	ws, err := w.store.EnsureWorkspace(w.Context(), name)
	w.must(err)
	own := w.store.In(ws)
	ch, err := own.ChannelByName(w.Context(), "shop")
	w.must(err)
	return &tenant{testWorld: w, own: own, channel: ch, values: values, made: p, workspaceName: name}
}

// apply applies a business file. Its secrets are what env holds.
func (w *testWorld) apply(workspace, text string, env map[string]string) {
	w.Helper()
	f, err := business.Parse("business.yaml", []byte(text), infos(), func(name string) (string, bool) { v, ok := env[name]; return v, ok }, os.ReadFile)
	w.must(err)
	f.Workspace = workspace
	plan, err := business.NewPlan(w.Context(), w.store, w.vault, f)
	w.must(err)
	w.must(plan.Apply(w.Context(), w.now()))
}

// leave lets another tenant have the account.
func (w *tenant) leave() {
	w.Helper()
	w.channel.Account = "was " + string(w.channel.ID)
	w.must(w.own.SaveChannel(w.Context(), w.channel))
}

// request makes a call to the channel's address. With sign it is as the provider makes it.
func (w *tenant) request(r core.WebhookRequest, sign bool) core.WebhookRequest {
	r.URL, r.Header = w.webhookURL(w.channel.ID), r.Header.Clone()
	if len(r.Query) > 0 {
		r.URL += "?" + r.Query.Encode()
	}
	if sign {
		w.made.sign(&r, w.values)
	}
	return r
}

// door makes a call and returns the answer's status.
func (w *tenant) door(r core.WebhookRequest) int {
	w.Helper()
	status, _ := w.call(r)
	return status
}

// call makes one and returns the answer.
func (w *tenant) call(r core.WebhookRequest) (int, []byte) {
	w.Helper()
	req, err := http.NewRequestWithContext(w.Context(), r.Method, r.URL, bytes.NewReader(r.Body))
	w.must(err)
	req.Header = r.Header.Clone()
	answer, err := http.DefaultClient.Do(req)
	w.must(err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	w.must(err)
	return answer.StatusCode, body
}

// understood is what a link makes of a call. The channel becomes that of the account which the call is for.
func (w *tenant) understood(r core.WebhookRequest) ([]core.Event, error) {
	w.Helper()
	s := core.Settings{Values: map[string]string{}, Secrets: map[string]core.Secret{"verify_token": core.NewSecret(planted)}}
	for _, f := range w.made.settings() {
		if v, given := w.values[f.Key]; given && f.Secret {
			s.Secrets[f.Key] = core.NewSecret(v)
		} else if v = or(v, f.Default); !f.Secret && v != "" {
			s.Values[f.Key] = v
		}
	}
	b, err := w.links.Bridge(w.channel.Kind)
	w.must(err)
	host := bridgetest.NewHost(w.T)
	host.SetNow(w.now())
	link, err := b.Open(w.channel, s, host)
	w.must(err)
	defer link.Close()
	_, events, err := link.(core.WebhookLink).Receive(w.Context(), r)
	for _, e := range events {
		if e.Account != "" && e.Account != w.channel.Account {
			w.channel.Account = e.Account
			w.must(w.own.SaveChannel(w.Context(), w.channel))
			break
		}
	}
	return events, err
}

// expectSent makes the outgoing messages whose statuses a case brings.
func (w *tenant) expectSent(c bridgetest.PeerCase) {
	w.Helper()
	for i, s := range c.Expect.Statuses {
		e := core.Event{ID: fmt.Sprintf("before-%d", i), Kind: core.EventMessage, Account: w.channel.Account, At: w.now(), Origin: core.OriginCustomer,
			Peer:    core.Peer{Identities: []core.IdentityKey{{Scheme: core.SchemePhone, Value: fmt.Sprintf("1555777000%d", i)}}},
			Message: &core.MessageBody{Provider: fmt.Sprintf("before-%d", i), Content: core.Content{Kind: core.KindText, Text: "before"}}}
		w.must(w.acceptor.Accept(w.Context(), w.channel, []core.Event{e}))
		m := w.messages(w.conversations()[0].ID)[0]
		m.ID, m.Direction, m.Author, m.Status, m.Seq = core.NewID[core.MessageID](), core.Out, core.Author{Kind: core.AuthorAPI}, core.StatusSending, 2
		m.Parts = []core.Part{{ID: core.PartID(or(s.Key, string(core.NewID[core.PartID]()))), Message: m.ID, Conversation: m.Conversation, Channel: m.Channel, Seq: 1, Content: m.Content, Provider: s.ID, Status: core.StatusSending}}
		_, err := w.own.AddMessage(w.Context(), m)
		w.must(err)
	}
}

func (w *tenant) conversations() []core.Conversation {
	w.Helper()
	all, err := w.own.Conversations(w.Context(), core.ConversationFilter{}, core.Page{Limit: 200})
	w.must(err)
	return all
}

func (w *tenant) messages(id core.ConversationID) []core.Message {
	w.Helper()
	all, err := w.own.Messages(w.Context(), id, core.Page{Limit: 200})
	w.must(err)
	return all
}

// outcome reads from the store what became of a case.
func (w *tenant) outcome(c bridgetest.PeerCase, status int) bridgetest.PeerOutcome {
	w.Helper()
	o := bridgetest.PeerOutcome{Refused: status == http.StatusUnauthorized, Statuses: map[string]core.Status{}}
	for _, conv := range w.conversations() {
		who, err := w.own.Contact(w.Context(), conv.Contact)
		w.must(err)
		known, err := w.own.IdentitiesOf(w.Context(), conv.Contact)
		w.must(err)
		for _, m := range slices.Backward(w.messages(conv.ID)) { // the oldest first
			if m.Author.Kind != core.AuthorAPI && m.Content.Text != "before" {
				p := bridgetest.PeerMessage{ID: m.Parts[0].Provider, At: m.At, Name: who.Name, Content: m.Content}
				for _, k := range known {
					p.Identities = append(p.Identities, k.Key)
				}
				o.Messages = append(o.Messages, p)
			}
		}
	}
	for _, s := range c.Expect.Statuses {
		p, err := w.own.PartByProvider(w.Context(), w.channel.ID, s.ID)
		if s.Key != "" {
			p, err = w.own.Part(w.Context(), core.PartID(s.Key))
		}
		w.must(err)
		o.Statuses[or(s.ID, s.Key)] = p.Status
	}
	return o
}

// lost is what of a call the store does not know.
func (w *tenant) lost(events []core.Event, problem error) (lost []core.Event) {
	w.Helper()
	dead, err := w.own.DeadLetters(w.Context(), core.Page{Limit: 200})
	w.must(err)
	if problem != nil && len(dead) == 0 {
		lost = append(lost, core.Event{Fault: problem.Error()})
	}
	for _, e := range events {
		if e.Kind == core.EventMessage && e.Message != nil {
			if _, err := w.own.PartByProvider(w.Context(), w.channel.ID, e.Message.Provider); err == nil {
				continue
			}
		}
		fresh, err := w.own.ClaimEvent(w.Context(), w.channel.ID, e.Kind, e.ID)
		w.must(err)
		if fresh && !slices.ContainsFunc(dead, func(d core.DeadLetter) bool {
			var kept core.Event
			return json.Unmarshal(d.Event, &kept) == nil && kept.ID == e.ID && kept.Kind == e.Kind
		}) {
			lost = append(lost, e)
		}
	}
	return lost
}

// stillWorld is a gateway whose jobs wait for ever: what cases refer to at their providers is asked of nobody.
func stillWorld(t *testing.T, database string) *testWorld {
	w := liveIn(t, worldOptions{Database: database, Business: "channels: []"})
	w.must(w.queue.Stop(w.within()))
	return w
}

func (p peers) load(t *testing.T) bridgetest.Peers {
	return bridgetest.LoadPeers(t, "../../../shared/fixtures/channels/"+p.fixtures, "../../bridges/"+p.table)
}

// TestPeersThroughTheDoor: every case of a peer project goes through the real door into a real store, and ends as the peer's does or as the bridge's
// table explains. None is lost.
func TestPeersThroughTheDoor(t *testing.T) {
	onBoth(t, func(t *testing.T, database string) {
		world := stillWorld(t, database)
		for _, p := range allPeers() {
			for _, c := range p.load(t).Cases(t) {
				t.Run(p.fixtures+"/"+c.Set.Name+"/"+c.Name, func(t *testing.T) {
					w := world.in(t).tenant(p.provider, p.wants(c.Set), c.Set.Settings)
					defer w.leave()
					r := w.request(c.Request, p.signed(c))
					events, problem := w.understood(r)
					w.expectSent(c)
					o := w.outcome(c, w.door(r))
					c.Judge(t, o)
					if lost := w.lost(events, problem); !o.Refused && len(lost) > 0 {
						t.Errorf("lost: %+v", lost)
					}
				})
			}
		}
	})
}

// in is the world for a subtest.
func (w *testWorld) in(t *testing.T) *testWorld {
	return &testWorld{T: t, player: w.player, log: w.log}
}

// TestSamplesThroughTheDoor: every sample webhook is answered with success, and each of its pieces is known to the store: applied, waiting for the
// message it is about, noted, or a dead letter.
func TestSamplesThroughTheDoor(t *testing.T) {
	world := stillWorld(t, "")
	for _, p := range allPeers() {
		for _, s := range p.load(t).Samples(t) {
			t.Run(p.fixtures+"/"+s.Name, func(t *testing.T) {
				r, wants := p.sample(s)
				w := world.in(t).tenant(p.provider, wants)
				defer w.leave()
				r = w.request(r, true)
				events, problem := w.understood(r)
				if got := bridgetest.Ends(events, problem); !slices.Equal(got, s.Ends) {
					t.Errorf("ends in %q, the table says %q", got, s.Ends)
				}
				if status := w.door(r); status/100 != 2 {
					t.Errorf("answered %d", status)
				}
				if lost := w.lost(events, problem); len(lost) > 0 {
					t.Errorf("lost: %+v", lost)
				}
			})
		}
	}
}

var numberID = regexp.MustCompile(`"phone_number_id":\s*"(\d{5,20})"`)

// accountIn is the account that a sample is for, if it says so with a real one.
func accountIn(body []byte) string {
	if m := numberID.FindSubmatch(body); m != nil {
		return string(m[1])
	}
	return simulator.DefaultAccount().PhoneNumberID
}
