package ginapi

import (
	"cmp"
	"encoding/json"
	"net/http"
	"reflect"
	"testing"
	"time"

	"causeway/core"
	"causeway/core/outbound"
)

// office is a house with a workspace full of things, and a client that checks the contract.
type office struct {
	*house
	contract *contract
	key      string // all scopes of workspace a
	other    string // all scopes of workspace b
	sent     map[string][]core.Message
}

func openOffice(t *testing.T, adjust ...func(*Options)) *office {
	t.Helper()
	o := &office{house: open(t, adjust...), sent: map[string][]core.Message{}}
	o.contract = newContract(t, o.server.document)
	o.client.Transport = o.contract
	t.Cleanup(http.DefaultTransport.(*http.Transport).CloseIdleConnections)
	o.key, o.other = o.store.key("a", "read", "send", "manage"), o.store.key("b", "read", "send", "manage")
	o.store.room("b")
	o.fill()
	o.outbox.compose, o.outbox.decide, o.outbox.set = o.compose, o.decide, o.set
	o.links.check = func(core.ChannelID) ([]core.Finding, error) {
		return []core.Finding{{Subject: "access token", Level: core.HealthBad, Detail: "It has expired.", Remedy: "Make a new one."}, {Subject: "clock"}}, nil
	}
	o.links.sync = func(core.ChannelID) ([]core.Template, error) { return o.store.room("a").templates, nil }
	o.inbox.replay = func(core.WorkspaceID, string) error { return nil }
	return o
}

// fill furnishes workspace a.
func (o *office) fill() {
	o.links.links["wa"] = phoneLink{o.channel("a", "wa", "acc1", plantedSecret)}
	r := o.store.room("a")
	r.channels[0].Settings = map[string]string{"phone_number_id": "123", "api_base": "https://user:" + plantedSecret + "@proxy.example.org/v1", "oops": plantedToken}
	r.channels[0].Health = core.Health{Level: core.HealthWarning, Reason: "Quality fell.", Since: noon}
	r.secrets["channel/wa"] = []core.SealedSecret{{Name: "access_token", Box: []byte(plantedToken), Hint: "7aa.", Set: noon}}
	r.templates = []core.Template{{Channel: "wa", Name: "hello", Language: "en_US", Category: "utility", Status: core.TemplateApproved, Synced: noon,
		Components: []core.Component{{Type: "body", Text: "Hello {{1}}", Examples: map[string]string{"1": "Ana"}}}}, {Channel: "wa", Name: "bare", Language: "de", Status: core.TemplatePending}}
	r.agents = []core.Agent{{ID: "ag1", Name: "Mia", Addresses: []string{"mia@example.org"}}, {ID: "ag2", Name: "Old", Disabled: true}}
	r.teams = []core.Team{{ID: "t1", Name: "Sales", Members: []core.AgentID{"ag1"}}, {ID: "t2", Name: "Empty"}}
	r.contacts = []core.Contact{{ID: "p1", Name: "Ana", Created: noon}, {ID: "p2", Name: "Ana B.", Created: noon}, {ID: "p3", MergedInto: "p1", Created: noon}}
	r.identities = []core.Identity{{ID: "i1", Contact: "p1", Key: core.IdentityKey{Scheme: core.SchemePhone, Value: "4915112345"}, Source: "toy", Seen: noon}}
	r.merges = []core.Merge{{ID: "m1", Into: "p1", From: "p3", Reason: "same number", At: noon}}
	r.wishes = []core.Wish{{Channel: "wa", Identity: "i1", Contact: "p1", Marketing: true, Stop: true, At: noon}}
	r.windows["p1"] = core.WindowState{Last: noon.Add(-time.Hour)}
	r.conversations = []core.Conversation{
		{ID: "c1", Number: 1, Contact: "p1", Channel: "wa", State: core.ConversationOpen, Opened: noon, LastAt: noon.Add(time.Second), Agent: "ag1", Subject: "Ana"},
		{ID: "c2", Number: 2, Contact: "p2", Channel: "wa", State: core.ConversationClosed, Opened: noon, Closed: noon, LastAt: noon.Add(2 * time.Second), Referral: &core.Referral{Source: "ad"}},
		{ID: "c3", Number: 3, Contact: "p2", Channel: "gone", State: core.ConversationOpen, Opened: noon, LastAt: noon.Add(3 * time.Second)}}
	picture := core.Content{Kind: core.KindImage, Media: &core.Media{ID: "f1", Provider: "prov", URL: "https://provider.example.org/?token=" + plantedToken, MIME: "image/png"}}
	r.messages = []core.Message{
		{ID: "x1", Conversation: "c1", Contact: "p1", Channel: "wa", Seq: 1, Direction: core.In, Author: core.Author{Kind: core.AuthorContact}, Content: picture,
			Status: core.StatusReceived, At: noon, Created: noon, Reactions: []core.Reaction{{Emoji: "👍", At: noon}}, Parts: []core.Part{{ID: "x1p", Provider: "wamid.1", Status: core.StatusReceived, Content: picture}}},
		{ID: "x2", Conversation: "c1", Contact: "p1", Channel: "wa", Seq: 2, Direction: core.Out, Author: core.Author{Kind: core.AuthorAgent, Agent: "ag1"},
			Content: core.Content{Kind: core.KindText, Text: "hi"}, Status: core.StatusFailed, At: noon, Created: noon,
			Error: &core.SendError{Code: "131047", Outcome: core.Rejected, Reason: "The window is closed.", Remedy: "Use a template.", Detail: plantedToken}}}
	r.broadcasts = []core.Broadcast{{ID: "b1", Name: "Sale", State: core.BroadcastGoing, Channels: []core.ChannelID{"wa"}, Texts: map[string]string{"en": "hi"}, OptIn: "*", Created: noon}}
	r.recipients = []core.Recipient{{Contact: "p1", State: core.RecipientSent, Message: "x2", At: noon}, {Contact: "p2", State: core.RecipientLeftOut, Code: core.CodeOptedOut, Reason: "opted out"}}
	o.file("a", core.File{ID: "f1", Media: core.Media{MIME: "image/png", Name: "x.png", Size: 7}}, "picture")
	o.file("a", core.File{ID: "f2", State: core.FilePending}, "")
	r.workflows = []core.Workflow{{Name: "old", Version: 1, Definition: []byte(`{"name":"old","steps":[{"stop":"done"}]}`), Created: noon}}
	r.runs = []core.Run{{ID: "r1", Workflow: "old", Version: 1, Conversation: "c1", Contact: "p1", State: core.RunWaiting, Step: "q", Until: noon, Began: noon, Changed: noon}}
	r.purchases = []core.Purchase{{ID: "o1", Conversation: "c1", Contact: "p1", State: "new", Items: []core.OrderItem{{Product: "tea", Quantity: "1"}}, Created: noon, Changed: noon}}
	r.dead = []core.DeadLetter{{ID: "d1", Channel: "wa", Kind: "event", Reason: "no sender", Event: []byte(`{"kind":"message"}`), Raw: []byte(`{"x":1}`), At: noon},
		{ID: "d2", Kind: "mail", Reason: "no mail", Event: []byte("broken"), Raw: []byte{0xff, 0}, At: noon}}
	r.log = []core.LogEntry{{ID: "l1", Channel: "wa", At: noon, Method: "POST", URL: "https://x", Status: 200, Took: time.Second, Request: "r"}, {ID: "l2", Channel: "wa", At: noon, Inward: true, Method: "GET", URL: "https://y"}}
}

// compose does as the real outbox: the same key gives the same messages, other contents under it are refused.
func (o *office) compose(ws core.WorkspaceID, r outbound.Request) ([]core.Message, core.Decision, error) {
	if before := o.sent[r.Key]; r.Key != "" && before != nil {
		if !reflect.DeepEqual(before[0].Content, r.Contents[0]) {
			return nil, core.Decision{}, core.Problemf(core.CodeConflict, "This idempotency key was used for another message.")
		}
		return before, core.Decision{Verdict: core.VerdictSend}, nil
	}
	if r.Contents[0].Text == "too late" {
		d := core.Decision{Verdict: core.VerdictTemplate, Code: core.CodeWindowClosed, Reason: "The customer last wrote 26 h ago.", Remedy: "Send a template."}
		return nil, d, d.Problem()
	}
	var made []core.Message
	for _, c := range r.Contents {
		m := core.Message{ID: core.NewID[core.MessageID](), Workspace: ws, Conversation: cmp.Or(r.Conversation, "c1"), Contact: "p1", Channel: cmp.Or(r.Channel, "wa"), Seq: 3,
			Direction: core.Out, Author: r.Author, Content: c, Status: core.StatusQueued, At: o.now, Created: o.now, Key: r.Key,
			Parts: []core.Part{{ID: core.NewID[core.PartID](), Content: c, Status: core.StatusQueued, NotBefore: r.NotBefore}}}
		made = append(made, m)
	}
	o.sent[r.Key] = made
	return made, core.Decision{Verdict: core.VerdictSend, Until: o.now.Add(time.Hour)}, nil
}

func (o *office) decide(_ core.WorkspaceID, r outbound.Request) (core.Decision, []core.Content, error) {
	if r.Contents[0].Text == "too late" {
		return core.Decision{Verdict: core.VerdictTemplate, Code: core.CodeWindowClosed, Reason: "Too late.", Remedy: "Send a template."}, nil, nil
	}
	return core.Decision{Verdict: core.VerdictSend, Until: o.now.Add(time.Hour)}, r.Contents, nil
}

func (o *office) set(ws core.WorkspaceID, id core.ChannelID, state core.ChannelState) error {
	r := o.store.room(ws)
	for i := range r.channels {
		if r.channels[i].ID == id {
			r.channels[i].State = state
		}
	}
	return nil
}

// api calls the API with a key.
func (o *office) api(key, method, path, body string, header ...string) (*http.Response, string) {
	o.t.Helper()
	header = append([]string{"Authorization", "Bearer " + key, "Content-Type", "application/json"}, header...)
	return o.call(method, o.public+apiPath+path, body, header...)
}

// want calls the API with a full key of workspace a and decodes the answer, a problem if its status says so.
func (o *office) want(status int, method, path, body string, into any, header ...string) {
	o.t.Helper()
	resp, text := o.api(o.key, method, path, body, header...)
	if resp.StatusCode != status {
		o.t.Fatalf("%s %s: got %d, want %d: %s", method, path, resp.StatusCode, status, text)
	}
	if into != nil {
		if err := json.Unmarshal([]byte(text), into); err != nil {
			o.t.Fatalf("%s %s: %v: %s", method, path, err, text)
		}
	}
}

// everything is one good request to every operation, in an order in which they all succeed.
func (o *office) everything() [][3]string {
	return [][3]string{
		{"GET", "/conversations", ""}, {"GET", "/conversations?state=open&agent=ag1&channel=wa&contact=p1&limit=1", ""}, {"GET", "/conversations/c1", ""},
		{"POST", "/conversations/c1/assign", `{"agent":"ag1","team":"t1"}`}, {"POST", "/conversations/c1/read", ""}, {"POST", "/conversations/c1/typing", ""}, {"GET", "/conversations/c1/messages", ""},
		{"GET", "/messages/x1", ""}, {"GET", "/messages/x2", ""}, {"PUT", "/messages/x1/reaction", `{"emoji":"👍"}`}, {"PUT", "/messages/x2/text", `{"text":"hello","agent":"ag1"}`}, {"DELETE", "/messages/x2?agent=ag1", ""}, {"POST", "/conversations/c1/messages", `{"contents":[{"kind":"text","text":"hi"}]}`},
		{"POST", "/conversations/c1/messages/dry-run", `{"contents":[{"kind":"text","text":"hi"}]}`}, {"POST", "/contacts/p2/messages", `{"contents":[{"kind":"text","text":"hi"}]}`},
		{"POST", "/conversations/c1/close", ""}, {"POST", "/conversations/c1/reopen", ""}, {"GET", "/contacts", ""}, {"GET", "/contacts/p1", ""},
		{"PATCH", "/contacts/p1", `{"fields":{"owner":"Lena","city":""},"add_tags":["vip"],"remove_tags":["new"]}`},
		{"POST", "/contacts/p1/merge", `{"from":"p2"}`}, {"POST", "/merges/m1/undo", ""}, {"DELETE", "/contacts/p1", ""}, {"GET", "/erasures", ""}, {"GET", "/erasures/er1", ""}, {"GET", "/channels", ""}, {"GET", "/channels/wa", ""},
		{"POST", "/channels/wa/check", ""}, {"POST", "/channels/wa/pause", ""}, {"POST", "/channels/wa/resume", ""}, {"GET", "/channels/wa/templates", ""},
		{"POST", "/channels/wa/templates/sync", ""}, {"GET", "/channels/wa/log", ""}, {"DELETE", "/channels/wa?dry_run=true", ""}, {"DELETE", "/channels/wa", ""},
		{"POST", "/channels/wa/take-back", ""}, {"POST", "/channels/wa/pairing", `{}`}, {"GET", "/channels/wa/pairing", ""}, {"GET", "/channels/wa/pairing/qr.png", ""},
		{"POST", "/channels/wa/pairing/passkey", `{"pairing":"p1","credential":{"id":"x"}}`}, {"POST", "/channels/wa/pairing/confirm", `{"pairing":"p1","same":true}`},
		{"DELETE", "/channels/wa/pairing", ""}, {"POST", "/channels/wa/pairing/link", ""}, {"GET", "/channels/wa/pairing/events", ""}, {"GET", "/agents", ""}, {"GET", "/teams", ""},
		{"GET", "/staff", ""}, {"GET", "/queues", ""}, {"GET", "/queue", ""}, {"PUT", "/agents/ag1/presence", `{"presence":"busy"}`}, {"GET", "/teams/t1/strategy", ""},
		{"PUT", "/teams/t1/strategy", `{"pick":"equal","most":3,"untouched_seconds":600}`},
		{"POST", "/media?name=x.txt", "some text"}, {"GET", "/media/f1", ""}, {"GET", "/dead-letters", ""}, {"GET", "/dead-letters/d1", ""}, {"GET", "/dead-letters/d2", ""},
		{"GET", "/conversations/c1/handling", ""}, {"PATCH", "/conversations/c1/handling", `{"priority":1,"add_tags":["vip"],"snooze_until":"2030-01-01T00:00:00Z"}`},
		{"POST", "/conversations/c1/drop", ""}, {"GET", "/reports?from=2026-03-01T00:00:00Z&to=2026-04-01T00:00:00Z", ""},
		{"POST", "/dead-letters/d1/replay", ""}, {"GET", "/reports/reconcile", ""}, {"GET", "/reports/reconcile?day=2026-03-01", ""},
		{"GET", "/workflows", ""}, {"GET", "/workflows/old", ""}, {"GET", "/runs", ""}, {"GET", "/runs/r1", ""},
		{"POST", "/broadcasts/dry-run", castJSON}, {"POST", "/broadcasts", castJSON}, {"GET", "/broadcasts", ""}, {"GET", "/broadcasts/b1", ""}, {"GET", "/broadcasts/b1/recipients?state=left-out", ""},
		{"POST", "/broadcasts/b1/pause", ""}, {"POST", "/broadcasts/b1/resume", ""}, {"POST", "/broadcasts/b1/cancel", ""},
		{"PUT", "/webhooks/crm", `{"url":"https://crm.example.com/hook","events":["order.*"],"secret":"a secret of ours that is long"}`}, {"GET", "/webhooks", ""}, {"DELETE", "/webhooks/crm", ""},
		{"GET", "/orders", ""}, {"GET", "/orders/o1", ""}, {"PATCH", "/orders/o1", `{"state":"paid"}`}, {"DELETE", "/workflows/old", ""}, {"POST", "/workflows", "name: menu\nsteps:\n- stop: done\n"},
	}
}
