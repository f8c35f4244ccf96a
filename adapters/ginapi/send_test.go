package ginapi

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"causeway/core"
	"causeway/core/outbound"
)

func TestSendIsIdempotent(t *testing.T) {
	o := openOffice(t)
	const path, body = "/conversations/c1/messages", `{"contents":[{"kind":"text","text":"hello"}]}`
	var one, two sentView
	o.want(201, "POST", path, body, &one, "Idempotency-Key", "order/17")
	o.want(201, "POST", path, body, &two, "Idempotency-Key", "order/17")
	if len(one.Messages) != 1 || one.Messages[0].ID != two.Messages[0].ID {
		t.Errorf("got %v and %v", one.Messages, two.Messages)
	}
	if want := (core.Author{Kind: core.AuthorAPI, Name: "crm of a"}); one.Messages[0].Author != want {
		t.Errorf("author %+v, want %+v", one.Messages[0].Author, want)
	}
	var p problem
	for _, other := range []string{`{"contents":[{"kind":"text","text":"bye"}]}`, `{"contents":[{"kind":"text","text":"hello"},{"kind":"text","text":"again"}]}`,
		`{"contents":[{"kind":"text","text":"hello"}],"not_before":"2026-06-01T00:00:00Z"}`} {
		if o.want(409, "POST", path, other, &p, "Idempotency-Key", "order/17"); p.Code != core.CodeConflict {
			t.Errorf("another body: %+v", p)
		}
	}
	clear(o.store.room("a").values) // as after a crash between sending and remembering
	o.want(201, "POST", path, body, &two, "Idempotency-Key", "order/17")
	if one.Messages[0].ID != two.Messages[0].ID {
		t.Error("sent again after a crash")
	}
	if o.want(409, "POST", path, `{"contents":[{"kind":"text","text":"bye"}]}`, &p, "Idempotency-Key", "order/17"); p.Code != core.CodeConflict {
		t.Errorf("another body after a crash: %+v", p)
	}
	o.want(201, "POST", path, body, &two)
	if one.Messages[0].ID == two.Messages[0].ID {
		t.Error("a request without a key was taken for the one with it")
	}
	for key := range o.sent {
		if strings.HasSuffix(key, "order/17") {
			t.Errorf("the key %q could be mistaken for a part of another", key)
		}
	}
}

// A request that is made again does not close what was reopened since.
func TestSendAndClose(t *testing.T) {
	o := openOffice(t)
	const path, body = "/conversations/c1/messages", `{"contents":[{"kind":"text","text":"goodbye"}],"close":true}`
	var c ConversationView
	for i, want := range []core.ConversationState{core.ConversationClosed, core.ConversationOpen} {
		o.want(201, "POST", path, body, nil, "Idempotency-Key", "k")
		if o.want(200, "GET", "/conversations/c1", "", &c); c.State != want {
			t.Errorf("after request %d it is %s", i+1, c.State)
		}
		toyDesk{store: o.store}.find("c1").State = core.ConversationOpen
	}
}

// TestContactIsTyping: whoever looks at a conversation sees that its contact is writing.
func TestContactIsTyping(t *testing.T) {
	o := openOffice(t)
	var c conversationDetailView
	if o.want(200, "GET", "/conversations/c1", "", &c); c.Typing {
		t.Error("nobody writes")
	}
	if err := core.NoteTyping(t.Context(), o.store.room("a"), "c1", noon.Add(2*time.Second)); err != nil {
		t.Fatal(err)
	}
	if o.want(200, "GET", "/conversations/c1", "", &c); !c.Typing {
		t.Error("it is not shown")
	}
}

func TestSendMeetingItselfGivesTheFirstResult(t *testing.T) {
	o := openOffice(t)
	calls := 0
	o.outbox.compose = func(ws core.WorkspaceID, r outbound.Request) ([]core.Message, core.Decision, error) {
		if calls++; calls == 1 {
			_, _, _ = o.compose(ws, r) // the other request commits in between
			return nil, core.Decision{}, fmt.Errorf("add message: %w", core.ErrDuplicate)
		}
		return o.compose(ws, r)
	}
	o.want(201, "POST", "/conversations/c1/messages", `{"contents":[{"kind":"text","text":"hello"}]}`, nil, "Idempotency-Key", "k")
}

func TestSendRefusedByTheGate(t *testing.T) {
	o := openOffice(t)
	const body = `{"contents":[{"kind":"text","text":"too late"}]}`
	var p problem
	o.want(409, "POST", "/conversations/c1/messages", body, &p)
	want := problem{Type: "/problems/window-closed", Title: "The reply window is closed", Status: 409, Code: "window-closed",
		Detail: "The customer last wrote 26 h ago.", Remedy: "Send a template."}
	if !reflect.DeepEqual(p, want) {
		t.Errorf("got %+v, want %+v", p, want)
	}
	var trial trialView
	o.want(200, "POST", "/conversations/c1/messages/dry-run", body, &trial)
	if trial.Decision.Verdict != core.VerdictTemplate || trial.Decision.Remedy == "" || len(trial.Parts) != 0 {
		t.Errorf("dry run: %+v", trial)
	}
	if len(o.sent) != 0 {
		t.Errorf("the dry run sent something: %v", o.sent)
	}
}

func TestSendAsAgentWithFileAndQuote(t *testing.T) {
	o := openOffice(t)
	var sent sentView
	o.want(201, "POST", "/conversations/c1/messages", `{"author_agent":"ag1","channel":"wa","contents":[
		{"kind":"image","text":"see","media":{"id":"f1","name":"../new.png"},"quote":{"message":"x1","provider_id":"forged"}}]}`, &sent)
	m := sent.Messages[0]
	if m.Author != (core.Author{Kind: core.AuthorAgent, Agent: "ag1", Name: "Mia"}) {
		t.Errorf("author %+v", m.Author)
	}
	if *m.Content.Media != (core.Media{ID: "f1", MIME: "image/png", Name: "new.png", Size: 7}) || *m.Content.Quote != (core.Quote{Message: "x1"}) {
		t.Errorf("content %+v %+v", m.Content.Media, m.Content.Quote)
	}
}

func TestSendRefusesWhatCannotBeSent(t *testing.T) {
	o := openOffice(t)
	for name, tt := range map[string]struct {
		body   string
		status int
		field  string
	}{
		"no contents":               {`{"contents":[]}`, 422, "body.contents"},
		"contents null":             {`{"contents":null}`, 422, "body.contents"},
		"too many":                  {`{"contents":[` + strings.TrimSuffix(strings.Repeat(`{"kind":"text","text":"x"},`, 11), ",") + `]}`, 422, "body.contents"},
		"an unknown field":          {`{"contents":[{"kind":"text","text":"x","colour":"red"}]}`, 422, "body.contents[0].colour"},
		"a wrong type":              {`{"contents":[{"kind":"text","text":5}]}`, 422, "body.contents[0].text"},
		"an empty text":             {`{"contents":[{"kind":"text","text":" \n"}]}`, 422, "body.contents[0]"},
		"the second one empty":      {`{"contents":[{"kind":"text","text":"x"},{"kind":"location"}]}`, 422, "body.contents[1]"},
		"a kind that only comes in": {`{"contents":[{"kind":"order"}]}`, 422, "body.contents[0]"},
		"an unknown kind":           {`{"contents":[{"kind":"song"}]}`, 422, "body.contents[0]"},
		"a file without id":         {`{"contents":[{"kind":"image","media":{}}]}`, 422, "body.contents[0].media"},
		"an unknown file":           {`{"contents":[{"kind":"image","media":{"id":"f9"}}]}`, 422, "body.contents[0].media"},
		"a file not here yet":       {`{"contents":[{"kind":"image","media":{"id":"f2"}}]}`, 422, "body.contents[0].media"},
		"a provider's file":         {`{"contents":[{"kind":"image","media":{"provider_id":"5"}}]}`, 422, "body.contents[0].media"},
		"a file by http":            {`{"contents":[{"kind":"image","media":{"url":"http://169.254.169.254/x"}}]}`, 422, "body.contents[0].media"},
		"a template's unknown file": {`{"contents":[{"kind":"template","template":{"name":"n","language":"de","header":{"id":"f9"}}}]}`, 422, "body.contents[0].template.header"},
		"a template without name":   {`{"contents":[{"kind":"template","template":{"name":"","language":"de"}}]}`, 422, "body.contents[0]"},
		"a quote from elsewhere":    {`{"contents":[{"kind":"text","text":"x","quote":{"message":"x9"}}]}`, 422, "body.contents[0].quote"},
		"an unknown channel":        {`{"channel":"nope","contents":[{"kind":"text","text":"x"}]}`, 404, ""},
		"an unknown agent":          {`{"author_agent":"ag9","contents":[{"kind":"text","text":"x"}]}`, 422, "body.author_agent"},
		"an agent who has left":     {`{"author_agent":"ag2","contents":[{"kind":"text","text":"x"}]}`, 422, "body.author_agent"},
		"NUL in a text":             {`{"contents":[{"kind":"text","text":"a\u0000b"}]}`, 400, "body"},
		"no UTF-8":                  {"{\"contents\":[{\"kind\":\"text\",\"text\":\"\xff\xfe\"}]}", 400, "body"},
		"a place off this earth":    {`{"contents":[{"kind":"location","location":{"latitude":999,"longitude":0}}]}`, 422, "body.contents[0]"},
		"two options with one id":   {`{"contents":[{"kind":"choices","text":"?","choices":{"options":[{"id":"1","title":"A"},{"title":"B"}]}}]}`, 422, "body.contents[0]"},
		"an option without title":   {`{"contents":[{"kind":"choices","text":"?","choices":{"options":[{"id":"1","title":" "}]}}]}`, 422, "body.contents[0]"},
		"no JSON":                   {`{"contents":`, 400, "body"},
		"a list":                    {`[]`, 422, "body"},
		"very deep JSON":            {strings.Repeat("[", 20000), 400, "body"},
		"no body":                   {``, 400, ""},
		"a time that is none":       {`{"not_before":"soon","contents":[{"kind":"text","text":"x"}]}`, 422, "body.not_before"},
	} {
		t.Run(name, func(t *testing.T) {
			var p problem
			o.want(tt.status, "POST", "/conversations/c1/messages", tt.body, &p)
			field := p.Field
			if field == "" && len(p.Errors) > 0 {
				field = p.Errors[0].Field
			}
			if field != tt.field || p.Detail == "" || p.Type != "/problems/"+string(p.Code) {
				t.Errorf("got %+v, want the field %q", p, tt.field)
			}
		})
	}
	if len(o.sent) != 0 {
		t.Errorf("something was sent: %v", o.sent)
	}
}

func TestAmend(t *testing.T) {
	o := openOffice(t)
	o.want(202, "PUT", "/messages/x2/text", `{"text":"hello","agent":"ag1"}`, nil)
	o.want(202, "DELETE", "/messages/x2", "", nil)
	want := []string{"edit x2 by " + o.store.room("a").agents[0].Name + " hello", "revoke x2 by crm of a"}
	if !reflect.DeepEqual(o.outbox.amended, want) {
		t.Errorf("got %q, want %q", o.outbox.amended, want)
	}
	for _, c := range []struct{ method, path, body, field string }{
		{"PUT", "/messages/x2/text", `{"text":"hello","agent":"ag9"}`, "body.agent"}, {"DELETE", "/messages/x2?agent=ag9", "", "query.agent"},
		{"PUT", "/messages/x1/reaction", `{"emoji":"👍","agent":"ag9"}`, "body.agent"},
	} {
		var p problem
		if o.want(422, c.method, c.path, c.body, &p); p.Field != c.field {
			t.Errorf("%s %s: the field %q, want %q", c.method, c.path, p.Field, c.field)
		}
	}
	o.want(422, "PUT", "/messages/x2/text", `{"text":""}`, nil)
	o.want(404, "DELETE", "/messages/none", "", nil)
	o.want(422, "DELETE", "/messages/x2?agent=nobody", "", nil)
}
