package messenger

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"time"

	"causeway/bridges/bridgetest"
	"causeway/bridges/meta"
	"causeway/bridges/meta/metatest"
	"causeway/core"
)

// TestRequests: what is sent, to the letter.
func TestRequests(t *testing.T) {
	options := func(all ...core.Option) core.Content {
		return core.Content{Kind: core.KindChoices, Text: "Which?", Choices: &core.Choices{Options: all}}
	}
	text := core.Content{Kind: core.KindText, Text: "Until six."}
	many := make([]core.Option, 14)
	for i := range many {
		many[i] = core.Option{Title: fmt.Sprint("o", i)}
	}
	for name, c := range map[string]struct {
		out  core.Outgoing
		want string
	}{
		"text":           {core.Outgoing{Content: text}, `"messaging_type":"RESPONSE","message":{"metadata":"key","text":"Until six."}`},
		"a person, late": {core.Outgoing{Content: text, Human: true}, `"messaging_type":"MESSAGE_TAG","tag":"HUMAN_AGENT","message":{"metadata":"key","text":"Until six."}`},
		"an answer to a message": {core.Outgoing{Content: core.Content{Kind: core.KindText, Text: "Yes.", Quote: &core.Quote{Provider: "m_1#2"}}},
			`"messaging_type":"RESPONSE","reply_to":{"mid":"m_1"},"message":{"metadata":"key","text":"Yes."}`},
		"picture by link": {core.Outgoing{Content: core.Content{Kind: core.KindImage, Media: &core.Media{URL: "https://shop.example/a.jpg"}}},
			`"messaging_type":"RESPONSE","message":{"metadata":"key","attachment":{"type":"image","payload":{"url":"https://shop.example/a.jpg"}}}`},
		"document by upload": {core.Outgoing{Content: core.Content{Kind: core.KindDocument, Media: &core.Media{ID: "f", MIME: "application/pdf", Name: "a.pdf", Size: 5}}},
			`"messaging_type":"RESPONSE","message":{"metadata":"key","attachment":{"type":"file","payload":{"attachment_id":"1857777774821032"}}}`},
		"quick replies": {core.Outgoing{Content: options(core.Option{Title: "Yes", ID: "y"}, core.Option{Title: "No"})},
			`"messaging_type":"RESPONSE","message":{"metadata":"key","text":"Which?","quick_replies":[{"content_type":"text","title":"Yes","payload":"y"},{"content_type":"text","title":"No","payload":"1"}]}`},
		"buttons": {core.Outgoing{Content: options(core.Option{Title: "Shop", URL: "https://shop.example"}, core.Option{Title: "Call me"})},
			`"messaging_type":"RESPONSE","message":{"metadata":"key","attachment":{"type":"template","payload":{"template_type":"button","text":"Which?","buttons":[{"type":"web_url","title":"Shop","url":"https://shop.example"},{"type":"postback","title":"Call me","payload":"1"}]}}}`},
		"a link": {core.Outgoing{Content: core.Content{Kind: core.KindChoices, Text: "Look", Choices: &core.Choices{Style: core.ChoicesLink, Header: "New", Footer: "bye", Options: []core.Option{{Title: "Shop", URL: "https://shop.example"}}}}},
			`"messaging_type":"RESPONSE","message":{"metadata":"key","attachment":{"type":"template","payload":{"template_type":"button","text":"New\nLook\nbye","buttons":[{"type":"web_url","title":"Shop","url":"https://shop.example"}]}}}`},
		"a place": {core.Outgoing{Content: core.Content{Kind: core.KindChoices, Text: "Where are you?", Choices: &core.Choices{Style: core.ChoicesLocation}}},
			`"messaging_type":"RESPONSE","message":{"metadata":"key","text":"Where are you?"}`},
		"too much for buttons": {core.Outgoing{Content: options(core.Option{Title: "A title that is longer than a button"}, core.Option{Title: "b", Description: "d"})},
			`"messaging_type":"RESPONSE","message":{"metadata":"key","text":"Which?\n\n1. A title that is longer than a button\n2. b – d"}`},
		"more than thirteen": {core.Outgoing{Content: options(many...)},
			`"messaging_type":"RESPONSE","message":{"metadata":"key","text":"Which?\n\n1. o0\n2. o1\n3. o2\n4. o3\n5. o4\n6. o5\n7. o6\n8. o7\n9. o8\n10. o9\n11. o10\n12. o11\n13. o12\n14. o13"}`},
	} {
		t.Run(name, func(t *testing.T) {
			h := bridgetest.NewHost(t)
			h.PutFile("f", []byte("bytes"))
			g := inbox.StandIn(t, nil)
			c.out.Key, c.out.To = "key", []core.IdentityKey{{Scheme: Scheme, Scope: "another page", Value: "1"}, ana}
			sent, err := openLink(t, h, keyBase, g.URL).Send(t.Context(), c.out)
			if err != nil || sent.Provider != "m_AG5Hz2Uq7tuwNEhXfYYKj8mJEM_QPpz5jdCK4" {
				t.Fatalf("got %+v %v", sent, err)
			}
			calls := g.Calls()
			last := calls[len(calls)-1]
			if last.Path != "/"+meta.DefaultVersion+"/"+pageID+"/messages" || last.Header.Get("Authorization") != "Bearer "+metatest.Token || len(last.Query) != 1 || !last.Query.Has("appsecret_proof") {
				t.Errorf("called %s %s", last.Path, last.Query)
			}
			bridgetest.SameJSON(t, last.Body, `{"recipient":{"id":"5678"},`+c.want+`}`)
			inbox.Documented(t, last)
		})
	}
}

// TestTagged: nothing but what the gate calls a person's late answer is ever tagged.
func TestTagged(t *testing.T) {
	can := Bridge{}.Info().Capabilities
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		author  core.AuthorKind
		after   time.Duration
		verdict core.Verdict
	}{
		"a person at once": {core.AuthorAgent, time.Minute, core.VerdictSend}, "a person in time": {core.AuthorAgent, meta.Free - time.Second, core.VerdictSend},
		"a person after a day": {core.AuthorAgent, meta.Free, core.VerdictSendHuman}, "a person on the seventh day": {core.AuthorAgent, meta.Longest - time.Second, core.VerdictSendHuman},
		"a person too late": {core.AuthorAgent, meta.Longest, core.VerdictRefuse}, "a workflow in time": {core.AuthorWorkflow, meta.Free - time.Second, core.VerdictSend},
		"a workflow after a day": {core.AuthorWorkflow, meta.Free, core.VerdictRefuse}, "a program after a day": {core.AuthorAPI, meta.Free, core.VerdictRefuse},
	} {
		t.Run(name, func(t *testing.T) {
			q := core.Question{Title: "Messenger", State: core.ChannelActive, Capabilities: can, Conversation: core.ConversationOpen, Window: core.WindowState{Last: at},
				Author: core.Author{Kind: c.author}, Content: core.Content{Kind: core.KindText, Text: "x"}}
			if d := core.Decide(q, at.Add(c.after)); d.Verdict != c.verdict {
				t.Errorf("got %s (%s), want %s", d.Verdict, d.Reason, c.verdict)
			}
		})
	}
}

// TestUnsendable: what cannot go is refused before anything is called.
func TestUnsendable(t *testing.T) {
	g := inbox.StandIn(t, nil)
	l := openLink(t, bridgetest.NewHost(t), keyBase, g.URL)
	button := core.Choices{Options: []core.Option{{Title: "a"}}}
	for name, out := range map[string]core.Outgoing{
		"another page's person": {To: []core.IdentityKey{{Scheme: Scheme, Scope: "1", Value: "5678"}}, Content: core.Content{Kind: core.KindText, Text: "x"}},
		"a caption":             {To: []core.IdentityKey{ana}, Content: core.Content{Kind: core.KindImage, Text: "c", Media: &core.Media{URL: "https://a.example/a.jpg"}}},
		"a file on this disk":   {To: []core.IdentityKey{ana}, Content: core.Content{Kind: core.KindImage, Media: &core.Media{URL: "file:///etc/passwd"}}},
		"a file that is gone":   {To: []core.IdentityKey{ana}, Content: core.Content{Kind: core.KindImage, Media: &core.Media{ID: "gone"}}},
		"choices with a file":   {To: []core.IdentityKey{ana}, Content: core.Content{Kind: core.KindChoices, Text: "x", Media: &core.Media{ID: "f"}, Choices: &button}},
		"choices without text":  {To: []core.IdentityKey{ana}, Content: core.Content{Kind: core.KindChoices, Choices: &button}},
		"a form":                {To: []core.IdentityKey{ana}, Content: core.Content{Kind: core.KindChoices, Text: "x", Choices: &core.Choices{Style: core.ChoicesForm, Options: []core.Option{{ID: "1"}}}}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := l.Send(t.Context(), out)
			if e := core.AsSendError(err); err == nil || e.Outcome != core.Rejected || e.Effect != core.EffectFail || e.Reason == "" || e.Remedy == "" || len(g.Calls()) > 0 {
				t.Errorf("got %+v", err)
			}
		})
	}
}

// TestHumanWithoutThePermission: a late answer that Meta does not allow to be tagged fails by itself; the channel goes on.
func TestHumanWithoutThePermission(t *testing.T) {
	g := inbox.StandIn(t, map[string]string{"/messages": metatest.GraphError("10")})
	l := openLink(t, bridgetest.NewHost(t), keyBase, g.URL)
	for human, effect := range map[bool]core.Effect{true: core.EffectFail, false: core.EffectPark} {
		_, err := l.Send(t.Context(), core.Outgoing{To: []core.IdentityKey{ana}, Content: core.Content{Kind: core.KindText, Text: "x"}, Human: human})
		if e := core.AsSendError(err); e.Effect != effect || human != strings.Contains(e.Reason, "Human Agent") {
			t.Errorf("human %v: got %+v", human, e)
		}
	}
}

func TestBothersome(t *testing.T) {
	h := bridgetest.NewHost(t)
	g := inbox.StandIn(t, map[string]string{"/messages": metatest.GraphError(`613,"error_subcode":2018185`)})
	_, err := openLink(t, h, keyBase, g.URL).Send(t.Context(), core.Outgoing{To: []core.IdentityKey{ana}, Content: core.Content{Kind: core.KindText, Text: "x"}})
	if e := core.AsSendError(err); e.Effect != core.EffectSlow || e.Retry < time.Hour || len(h.Healths()) != 1 || h.Healths()[0].Level != core.HealthWarning {
		t.Errorf("got %+v %+v", e, h.Healths())
	}
}

func TestUpload(t *testing.T) {
	h := bridgetest.NewHost(t)
	h.PutFile("f", []byte("bytes"))
	out := core.Outgoing{To: []core.IdentityKey{ana}, Content: core.Content{Kind: core.KindAudio, Media: &core.Media{ID: "f", MIME: "audio/mpeg", Name: "a\"b.mp3", Size: 5}}}
	g := inbox.StandIn(t, nil)
	if _, err := openLink(t, h, keyBase, g.URL).Send(t.Context(), out); err != nil {
		t.Fatal(err)
	}
	c := g.Calls()[0]
	_, params, err := mime.ParseMediaType(c.Header.Get("Content-Type"))
	if err != nil || c.Path != "/"+meta.DefaultVersion+"/"+pageID+"/message_attachments" {
		t.Fatalf("%s %v", c.Path, err)
	}
	form := multipart.NewReader(strings.NewReader(string(c.Body)), params["boundary"])
	got := ""
	for {
		p, err := form.NextPart()
		if err == io.EOF {
			break
		}
		raw, _ := io.ReadAll(p)
		got += p.FormName() + "=" + p.FileName() + p.Header.Get("Content-Type") + ":" + string(raw) + "\n"
	}
	if want := `message=:{"attachment":{"payload":{"is_reusable":true},"type":"audio"}}` + "\n" + `filedata=a"b.mp3audio/mpeg:bytes` + "\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for name, answer := range map[string]string{"no id": `{}`, "a page": `<html>`} {
		g := inbox.StandIn(t, map[string]string{"/message_attachments": answer})
		_, err := openLink(t, h, keyBase, g.URL).Send(t.Context(), out)
		if e := core.AsSendError(err); e.Outcome != core.Rejected || e.Effect != core.EffectRetry || len(g.Calls()) != 1 {
			t.Errorf("%s: got %+v", name, err)
		}
	}
}

func TestActions(t *testing.T) {
	g := inbox.StandIn(t, nil)
	l := openLink(t, bridgetest.NewHost(t), keyBase, g.URL)
	for action, want := range map[core.Action]string{core.ActionTyping: "typing_on", core.ActionRead: "mark_seen"} {
		if _, err := l.Act(t.Context(), core.Act{Action: action, To: []core.IdentityKey{ana}, Target: "m_1"}); err != nil {
			t.Error(err)
		}
		all := g.Calls()
		bridgetest.SameJSON(t, all[len(all)-1].Body, `{"recipient":{"id":"5678"},"sender_action":"`+want+`"}`)
		inbox.Documented(t, all[len(all)-1])
	}
	before := len(g.Calls())
	for _, a := range []core.Act{{Action: core.ActionReaction, To: []core.IdentityKey{ana}, Target: "m_1", Emoji: "❤️"}, {Action: core.ActionTyping}} {
		if _, err := l.Act(t.Context(), a); core.AsSendError(err).Outcome != core.Rejected || len(g.Calls()) != before {
			t.Errorf("%s: got %v", a.Action, err)
		}
	}
}

func TestProfile(t *testing.T) {
	g := inbox.StandIn(t, nil)
	l := openLink(t, bridgetest.NewHost(t), keyBase, g.URL)
	p, err := l.Profile(t.Context(), ana)
	if err != nil || p.Name != "Ana Pérez" || g.Calls()[0].Query.Get("fields") != "first_name,last_name,name" {
		t.Errorf("got %+v %v", p, err)
	}
	for _, k := range []core.IdentityKey{{Scheme: core.SchemePhone, Value: "5678"}, {Scheme: Scheme, Value: "../me"}} {
		if _, err := l.Profile(t.Context(), k); err == nil {
			t.Errorf("%v has a profile", k)
		}
	}
}

func TestFetch(t *testing.T) {
	g := bridgetest.NewStandIn(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/files/a.jpg":
			w.Header().Set("Content-Type", "image/jpeg")
			_, _ = io.WriteString(w, "bytes")
		case "/files/b":
			w.Header().Set("Content-Disposition", `attachment; filename="..\\..\\b.pdf"`)
			w.Header().Set("Content-Type", "application/octet-stream")
			_, _ = io.WriteString(w, "bytes")
		case "/files/c":
			w.WriteHeader(http.StatusForbidden)
		default:
			w.WriteHeader(http.StatusBadGateway)
		}
	})
	l := openLink(t, bridgetest.NewHost(t), keyBase, g.URL)
	for path, want := range map[string]string{"a.jpg": "image/jpeg a.jpg", "b": " b.pdf", "c": "gone", "d": "error"} {
		d, err := l.Fetch(t.Context(), core.Media{URL: g.URL + "/files/" + path})
		got := d.MIME + " " + d.Name
		switch {
		case errors.Is(err, core.ErrMediaGone):
			got = "gone"
		case err != nil:
			got = "error"
		default:
			d.Body.Close()
		}
		if got != want {
			t.Errorf("%s: got %q (%v), want %q", path, got, err, want)
		}
	}
	if _, err := l.Fetch(t.Context(), core.Media{URL: "/"}); err == nil || errors.Is(err, core.ErrMediaGone) {
		t.Errorf("got %v", err)
	}
	if _, err := l.Fetch(t.Context(), core.Media{}); !errors.Is(err, core.ErrMediaGone) {
		t.Errorf("got %v", err)
	}
}

func TestQuotesNothingOfOurs(t *testing.T) { inbox.QuotesNothingOfOurs(t) }
