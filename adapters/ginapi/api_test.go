package ginapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"causeway/core"
)

func TestEveryOperationAnswersAsDocumented(t *testing.T) {
	o := openOffice(t)
	for _, r := range o.everything() {
		resp, body := o.api(o.key, r[0], r[1], r[2])
		if resp.StatusCode/100 != 2 {
			t.Errorf("%s %s: got %d %s", r[0], r[1], resp.StatusCode, body)
		}
		if resp, _ := o.api("cw_unknown", r[0], r[1], r[2]); resp.StatusCode != 401 {
			t.Errorf("%s %s without a key: got %d", r[0], r[1], resp.StatusCode)
		}
	}
	o.contract.exercised()
}

func TestOneWorkspaceSeesNothingOfAnother(t *testing.T) {
	o := openOffice(t)
	for _, r := range o.everything() {
		resp, body := o.api(o.other, r[0], r[1], r[2])
		path, _, _ := strings.Cut(r[1], "?")
		switch named := strings.Count(path, "/") > 1; {
		case strings.HasPrefix(path, "/reports"): // figures of nothing
			if resp.StatusCode != 200 || body != "[]\n" && !strings.Contains(body, `"opened":0,"closed":0,"in":0,"out":0`) {
				t.Errorf("%s %s counts something of another workspace: %s", r[0], r[1], body)
			}
		case strings.HasPrefix(path, "/webhooks"): // the name is the caller's own: what they make is theirs
		case named && resp.StatusCode != 404:
			t.Errorf("%s %s of another workspace: got %d %s", r[0], r[1], resp.StatusCode, body)
		case !named && r[0] == "GET" && body != `{"items":[]}`+"\n":
			t.Errorf("%s %s lists something of another workspace: %s", r[0], r[1], body)
		}
	}
	for path, body := range map[string]string{
		"/conversations/cb/messages": `{"contents":[{"kind":"image","media":{"id":"f1"}}]}`,
		"/conversations/cb/assign":   `{"agent":"ag1"}`,
		"/contacts/pb/merge":         `{"from":"p1"}`,
	} {
		r := o.store.room("b")
		r.conversations = []core.Conversation{{ID: "cb", Contact: "pb", State: core.ConversationOpen}}
		r.contacts = []core.Contact{{ID: "pb"}}
		if path == "/conversations/cb/assign" {
			continue // whether the agent is theirs is for the desk to say
		}
		if resp, text := o.api(o.other, "POST", path, body); resp.StatusCode != 404 && resp.StatusCode != 422 {
			t.Errorf("%s with a thing of another workspace: got %d %s", path, resp.StatusCode, text)
		}
	}
	for name, b := range map[string]sendBody{"channel": {Channel: "wa"}, "author": {AuthorAgent: "ag1"}, "quote": {Contents: []core.Content{{Kind: "text", Text: "x", Quote: &core.Quote{Message: "x1"}}}}} {
		if b.Contents == nil {
			b.Contents = []core.Content{{Kind: "text", Text: "x"}}
		}
		text, _ := json.Marshal(b)
		if resp, body := o.api(o.other, "POST", "/conversations/cb/messages", string(text)); resp.StatusCode != 404 && resp.StatusCode != 422 {
			t.Errorf("sending with a %s of another workspace: got %d %s", name, resp.StatusCode, body)
		}
	}
}

func TestKeys(t *testing.T) {
	o := openOffice(t)
	revoked := o.store.key("a", "read")
	o.store.keys[len(o.store.keys)-1].Revoked = noon
	for name, header := range map[string]string{"none": "", "another scheme": "Basic " + o.key, "a key without its prefix": "Bearer " + o.key[3:], "an unknown key": "Bearer cw_x",
		"a revoked key": "Bearer " + revoked, "a very long key": "Bearer cw_" + strings.Repeat("x", 4000), "a key in capitals": "Bearer " + strings.ToUpper(o.key)} {
		resp, body := o.call("GET", o.public+apiPath+"/agents", "", "Authorization", header)
		const want = `{"type":"/problems/unauthorized","title":"Unauthorized","status":401,"code":"unauthorized"}` + "\n"
		if resp.StatusCode != 401 || body != want || resp.Header.Get("Www-Authenticate") == "" || resp.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: got %d %s %v", name, resp.StatusCode, body, resp.Header)
		}
	}
	if resp, _ := o.call("GET", o.public+apiPath+"/agents", "", "Authorization", "bearer  "+o.key); resp.StatusCode != 200 {
		t.Errorf("a key after a lower-case scheme: got %d", resp.StatusCode)
	}
}

func TestScopesDoNotImplyEachOther(t *testing.T) {
	o := openOffice(t)
	for _, have := range []string{"read", "send", "manage", ""} {
		key := o.store.key("a", have)
		for _, r := range o.everything() {
			path, _, _ := strings.Cut(r[1], "?")
			_, op := o.operationOf(r[0], path)
			resp, body := o.api(key, r[0], r[1], r[2])
			if allowed := slices.Contains(op, have); allowed == (resp.StatusCode == 403) {
				t.Errorf("%s %s with the scope %q, needing %v: got %d %s", r[0], r[1], have, op, resp.StatusCode, body)
			}
		}
	}
}

// operationOf finds a documented operation and the scopes it needs.
func (o *office) operationOf(method, path string) (string, []string) {
	for template, item := range o.contract.doc.Paths.Map() {
		want, got := strings.Split(template, "/"), strings.Split(apiPath+path, "/")
		fits := slices.EqualFunc(want, got, func(w, g string) bool { return w == g || strings.HasPrefix(w, "{") })
		if op := item.GetOperation(method); fits && op != nil {
			return op.OperationID, (*op.Security)[0]["key"]
		}
	}
	return "", nil
}

func TestWishesOfContact(t *testing.T) {
	o := openOffice(t)
	var got struct{ Wishes []wishView }
	o.want(200, "GET", "/contacts/p1", "", &got)
	want := wishView{Channel: "wa", Name: o.store.room("a").channels[0].Name, Scheme: core.SchemePhone, Value: "4915112345", Marketing: true, Stop: true, At: noon}
	if len(got.Wishes) != 1 || got.Wishes[0] != want {
		t.Errorf("got %+v, want %+v", got.Wishes, want)
	}
	o.want(200, "GET", "/contacts/p2", "", &got)
	if len(got.Wishes) != 0 {
		t.Errorf("of another contact: %+v", got.Wishes)
	}
}

// Conversations of one time, as providers who count in seconds make them, come on one page; what is older is on the next.
func TestPagingOfOneTime(t *testing.T) {
	o := openOffice(t)
	all := o.store.room("a").conversations
	for i := range all {
		all[i].LastAt = noon
	}
	all[0].LastAt = noon.Add(-time.Hour)
	older := all[0].ID
	var page struct {
		Items []struct{ ID core.ConversationID }
		Next  string `json:"next_cursor"`
	}
	o.want(200, "GET", "/conversations?limit=1", "", &page)
	if len(page.Items) != len(all)-1 || page.Next == "" {
		t.Fatalf("the first page: %+v", page)
	}
	o.want(200, "GET", "/conversations?limit=1&cursor="+page.Next, "", &page)
	if len(page.Items) != 1 || page.Items[0].ID != older {
		t.Errorf("the second page: %+v", page)
	}
}

func TestPaging(t *testing.T) {
	o := openOffice(t)
	for path, want := range map[string]string{"/conversations": "c3 c2 c1", "/contacts": "p3 p2 p1", "/conversations/c1/messages": "x2 x1", "/dead-letters": "d2 d1", "/channels/wa/log": "l2 l1"} {
		var got []string
		cursor := ""
		for range 5 {
			var page struct {
				Items []struct{ ID string }
				Next  string `json:"next_cursor"`
			}
			o.want(200, "GET", path+"?limit=1&cursor="+cursor, "", &page)
			for _, i := range page.Items {
				got = append(got, i.ID)
			}
			if cursor = page.Next; cursor == "" {
				break
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: got %v, want %s", path, got, want)
		}
		for _, bad := range []string{"!", "bm90IGEgcG9zaXRpb24gOyBkcm9w", "AAAA"} {
			var p problem
			o.want(422, "GET", path+"?cursor="+bad, "", &p)
			if p.Field != "query.cursor" {
				t.Errorf("%s with the cursor %q: %+v", path, bad, p)
			}
		}
	}
}

// TestQuoteOfWhatCameLater: a message tells which one it answers to, though that came after it.
func TestQuoteOfWhatCameLater(t *testing.T) {
	o := openOffice(t)
	r := o.store.room("a")
	r.messages[1].Content.Quote = &core.Quote{Provider: "wamid.1"}
	var list struct{ Items []core.Message }
	o.want(200, "GET", "/conversations/c1/messages", "", &list)
	var one core.Message
	o.want(200, "GET", "/messages/x2", "", &one)
	for _, q := range []*core.Quote{list.Items[0].Content.Quote, one.Content.Quote} {
		if q == nil || q.Message != "x1" || q.Provider != "wamid.1" {
			t.Errorf("got %+v", q)
		}
	}
}

func TestRequestsThatAreNoRequests(t *testing.T) {
	o := openOffice(t, func(o *Options) { o.BodyBytes = 1000 })
	for name, tt := range map[string]struct {
		method, path, body string
		status             int
		header             []string
	}{
		"a body over the limit":         {"POST", "/conversations/c1/messages", `{"contents":[{"kind":"text","text":"` + strings.Repeat("x", 2000) + `"}]}`, 413, nil},
		"another content type":          {"POST", "/conversations/c1/messages", `<x/>`, 415, []string{"Content-Type", "text/xml"}},
		"an unknown query parameter":    {"GET", "/conversations?stat=open", "", 422, nil},
		"a state that is none":          {"GET", "/conversations?state=lost", "", 422, nil},
		"a limit over the limit":        {"GET", "/conversations?limit=1000", "", 422, nil},
		"a filter that is no id":        {"GET", "/conversations?agent=%27%20or%201=1", "", 422, nil},
		"an id that is none":            {"GET", "/conversations/%27--", "", 422, nil},
		"NUL in the address":            {"GET", "/conversations/a%00b", "", 422, nil},
		"NUL in the query":              {"POST", "/media?name=a%00", "x", 422, nil},
		"no UTF-8 in the query":         {"POST", "/media?name=%ff", "x", 422, nil},
		"a broken query":                {"GET", "/conversations?state=%zz", "", 422, nil},
		"an unknown address":            {"GET", "/nothing", "", 404, nil},
		"HEAD":                          {"HEAD", "/conversations", "", 405, nil},
		"OPTIONS":                       {"OPTIONS", "/conversations", "", 405, nil},
		"DELETE":                        {"DELETE", "/conversations/c1", "", 405, nil},
		"a language that nobody speaks": {"GET", "/agents", "", 200, []string{"Accept", "application/cbor"}},
	} {
		t.Run(name, func(t *testing.T) {
			resp, body := o.api(o.key, tt.method, tt.path, tt.body, tt.header...)
			if resp.StatusCode != tt.status {
				t.Errorf("got %d %s, want %d", resp.StatusCode, body, tt.status)
			}
			if tt.status >= 400 && tt.method != "HEAD" && (resp.Header.Get("Content-Type") != "application/problem+json" || !strings.Contains(body, `"code"`)) {
				t.Errorf("got no problem: %v %s", resp.Header, body)
			}
		})
	}
}

func TestWhatFailsInsideShowsOnlyAnIncident(t *testing.T) {
	o := openOffice(t)
	o.store.fail = fmt.Errorf("dial 10.0.0.5 as %s: refused", plantedSecret)
	var p problem
	resp, body := o.api(o.key, "GET", "/agents", "")
	if err := json.Unmarshal([]byte(body), &p); err != nil || resp.StatusCode != 500 || p.Incident == "" || strings.Contains(body, "10.0.0.5") {
		t.Errorf("got %d %s", resp.StatusCode, body)
	}
	if log := o.log.String(); !strings.Contains(log, p.Incident) || !strings.Contains(log, "10.0.0.5") {
		t.Errorf("the log lacks the incident: %s", log)
	}
	o.store.fail = fmt.Errorf("query: %w", core.ErrUnavailable)
	if resp, body := o.api(o.key, "GET", "/agents", ""); resp.StatusCode != 503 || resp.Header.Get("Retry-After") == "" || !strings.Contains(body, "/problems/unavailable") {
		t.Errorf("got %d %s", resp.StatusCode, body)
	}
	o.store.fail = nil
	o.links.check = func(core.ChannelID) ([]core.Finding, error) { panic("planted panic") }
	if resp, body := o.api(o.key, "POST", "/channels/wa/check", ""); resp.StatusCode != 500 || strings.Contains(body, "planted") || !strings.Contains(body, "incident") {
		t.Errorf("after a panic: got %d %s", resp.StatusCode, body)
	}
	o.links.sync = func(core.ChannelID) ([]core.Template, error) {
		return nil, fmt.Errorf("ask for templates: %w", &core.SendError{Code: "190", Reason: "The access token has expired.", Remedy: "Make a new one.", Detail: plantedToken})
	}
	p = problem{}
	if o.want(502, "POST", "/channels/wa/templates/sync", "", &p); p.Detail != "The access token has expired." || p.Remedy != "Make a new one." {
		t.Errorf("a provider that refuses: %+v", p)
	}
	o.links.check = func(core.ChannelID) ([]core.Finding, error) {
		return nil, fmt.Errorf("check: %w", core.Problemf(core.CodeUnavailable, "The provider is away."))
	}
	if resp, _ := o.api(o.key, "POST", "/channels/wa/check", ""); resp.StatusCode != 503 || resp.Header.Get("Retry-After") == "" {
		t.Errorf("a provider that is away: got %d", resp.StatusCode)
	}
}

func TestChannelShowsNoSecret(t *testing.T) {
	o := openOffice(t)
	var got channelDetailView
	o.want(200, "GET", "/channels/wa", "", &got)
	if want := map[string]string{"phone_number_id": "123", "api_base": "https://secret@proxy.example.org/v1"}; !reflect.DeepEqual(got.Settings, want) {
		t.Errorf("settings %v, want %v", got.Settings, want)
	}
	if want := map[string]secretView{"access_token": {Set: true, Hint: "7aa.", At: noon}, "app_secret": {}, "verify_token": {}}; !reflect.DeepEqual(got.Secrets, want) {
		t.Errorf("secrets %v, want %v", got.Secrets, want)
	}
	if got.Webhook != "https://gateway.example.org/hooks/wa" {
		t.Errorf("webhook %q", got.Webhook)
	}
}

func TestUploadAndDownload(t *testing.T) {
	o := openOffice(t, func(o *Options) { o.UploadBytes, o.BodyBytes = 100_000, 1000 })
	content := strings.Repeat("picture", 5000)
	var f fileView
	o.want(201, "POST", "/media?name=..%2Fholiday.png", content, &f, "Content-Type", "image/png; x=y")
	if f.MIME != "image/png" || f.Name != "holiday.png" || f.Size != int64(len(content)) {
		t.Errorf("got %+v", f)
	}
	resp, body := o.api(o.key, "GET", "/media/"+string(f.ID), "")
	if body != content || resp.Header.Get("Content-Disposition") != "attachment; filename=holiday.png" || resp.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("got %d bytes, %v", len(body), resp.Header)
	}
	o.want(201, "POST", "/media", "%PDF-1.7 …", &f, "Content-Type", "application/octet-stream")
	if f.MIME != "application/pdf" {
		t.Errorf("undeclared type: got %q", f.MIME)
	}
	o.want(201, "POST", "/media", "photo", &f, "Content-Type", "image/jpg")
	if f.MIME != "image/jpeg" {
		t.Errorf("another name of a type: got %q", f.MIME)
	}
	o.want(413, "POST", "/media", strings.Repeat("x", 100_001), nil, "Content-Type", "image/png")
	o.want(201, "POST", "/media", strings.Repeat("x", 100_000), nil, "Content-Type", "image/png")
	o.want(422, "POST", "/media", "", nil, "Content-Type", "image/png")
	o.want(409, "GET", "/media/f2", "", nil)
	o.want(404, "GET", "/media/f9", "", nil)
}

func TestDocumentIsPublicAndWhole(t *testing.T) {
	o := openOffice(t)
	for path, version := range map[string]string{"/api/openapi.json": "3.1.0", "/api/openapi-3.0.json": "3.0.3"} {
		resp, body := o.call("GET", o.public+path, "")
		var doc struct {
			OpenAPI string
			Paths   map[string]map[string]struct {
				Responses map[string]any
				Security  []map[string][]string
			}
			Components struct{ Schemas map[string]any }
		}
		if err := json.Unmarshal([]byte(body), &doc); err != nil || resp.StatusCode != 200 || doc.OpenAPI != version {
			t.Fatalf("%s: got %d %v %q", path, resp.StatusCode, err, doc.OpenAPI)
		}
		load(t, []byte(body))
		for p, item := range doc.Paths {
			for method, op := range item {
				if op.Responses["default"] == nil || len(op.Security) != 1 {
					t.Errorf("%s %s: no problem or no key documented", method, p)
				}
			}
		}
		for _, name := range []string{"Conversation", "Message", "Content", "Problem"} {
			if doc.Components.Schemas[name] == nil {
				t.Errorf("%s lacks the schema %s", path, name)
			}
		}
		for name := range doc.Components.Schemas {
			if strings.Contains(name, "View") || name == "ErrorModel" {
				t.Errorf("%s has the schema %s", path, name)
			}
		}
	}
}

func TestProblemTypesLeadSomewhere(t *testing.T) {
	o := openOffice(t)
	if resp, body := o.call("GET", o.public+"/problems/window-closed", ""); resp.StatusCode != 200 || !strings.Contains(body, "reply window") {
		t.Errorf("got %d %q", resp.StatusCode, body)
	}
	if resp, _ := o.call("GET", o.public+"/problems/nonsense", ""); resp.StatusCode != 404 {
		t.Errorf("got %d", resp.StatusCode)
	}
}

func TestShowWindow(t *testing.T) {
	limited := core.Window{Free: 24 * time.Hour, Human: 7 * 24 * time.Hour, After: core.AfterTemplates}
	at := func(d time.Duration) core.WindowState { return core.WindowState{Last: noon.Add(-d)} }
	for name, tt := range map[string]struct {
		window core.Window
		state  core.WindowState
		conv   core.ConversationState
		want   windowView
	}{
		"a second before it closes": {limited, at(24*time.Hour - time.Second), core.ConversationOpen, windowView{Open: true, Limited: true, ClosesAt: noon.Add(time.Second),
			HumanUntil: noon.Add(6*24*time.Hour + time.Second), Rule: core.AfterTemplates, Templates: true}},
		"as it closes":          {limited, at(24 * time.Hour), core.ConversationOpen, windowView{Limited: true, ClosesAt: noon, HumanUntil: noon.Add(6 * 24 * time.Hour), Rule: core.AfterTemplates, Templates: true}},
		"never opened":          {limited, core.WindowState{}, core.ConversationOpen, windowView{Limited: true, Rule: core.AfterTemplates, Templates: true}},
		"no window":             {core.Window{}, at(999 * time.Hour), core.ConversationOpen, windowView{Open: true, Rule: core.AfterAnything}},
		"a closed conversation": {limited, at(time.Hour), core.ConversationClosed, windowView{Limited: true, ClosesAt: noon.Add(23 * time.Hour), HumanUntil: noon.Add(167 * time.Hour), Rule: core.AfterTemplates}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := showWindow(tt.window, tt.state, tt.conv, noon); *got != tt.want {
				t.Errorf("got %+v, want %+v", *got, tt.want)
			}
		})
	}
}

func TestReplayThatFailsAgain(t *testing.T) {
	o := openOffice(t)
	for name, tt := range map[string]struct {
		err    error
		status int
	}{
		"an error of the domain": {errors.New("the event names no sender"), 409},
		"a problem":              {core.Problemf(core.CodeConflict, "It holds no event."), 409},
		"the database away":      {fmt.Errorf("commit: %w", core.ErrUnavailable), 503},
		"replayed by another":    {core.ErrNotFound, 404},
	} {
		o.inbox.replay = func(core.WorkspaceID, string) error { return tt.err }
		if resp, body := o.api(o.key, "POST", "/dead-letters/d1/replay", ""); resp.StatusCode != tt.status || strings.Contains(body, "names no sender") {
			t.Errorf("%s: got %d %s", name, resp.StatusCode, body)
		}
	}
	if !strings.Contains(o.log.String(), "names no sender") {
		t.Error("the log does not say why")
	}
}
