package instagram

import (
	"strings"
	"testing"
	"time"

	"causeway/bridges/bridgetest"
	"causeway/bridges/meta"
	"causeway/core"
	"causeway/core/outbound"
)

// TestRequests: what is sent, to the letter. What both platforms send alike is tried with Messenger.
func TestRequests(t *testing.T) {
	text := core.Content{Kind: core.KindText, Text: "Until six."}
	for name, c := range map[string]struct {
		out  core.Outgoing
		want string
	}{
		"text":           {core.Outgoing{Content: text}, `"messaging_type":"RESPONSE","message":{"metadata":"key","text":"Until six."}`},
		"a person, late": {core.Outgoing{Content: text, Human: true}, `"messaging_type":"MESSAGE_TAG","tag":"HUMAN_AGENT","message":{"metadata":"key","text":"Until six."}`},
		"a file": {core.Outgoing{Content: core.Content{Kind: core.KindImage, Media: &core.Media{ID: "f", MIME: "image/png", Size: 5}}},
			`"messaging_type":"RESPONSE","message":{"metadata":"key","attachment":{"type":"image","payload":{"attachment_id":"1857777774821032"}}}`},
		"quick replies": {core.Outgoing{Content: core.Content{Kind: core.KindChoices, Text: "Which?", Choices: &core.Choices{Options: []core.Option{{Title: "Yes"}}}}},
			`"messaging_type":"RESPONSE","message":{"metadata":"key","text":"Which?","quick_replies":[{"content_type":"text","title":"Yes","payload":"0"}]}`},
	} {
		for _, login := range []string{loginFacebook, loginInstagram} {
			t.Run(name+"/"+login, func(t *testing.T) {
				h := bridgetest.NewHost(t)
				h.PutFile("f", []byte("bytes"))
				g := inbox.StandIn(t, nil)
				c.out.Key, c.out.To = "key", []core.IdentityKey{ana}
				if _, err := openLink(t, h, keyBase, g.URL, keyLogin, login).Send(t.Context(), c.out); err != nil {
					t.Fatal(err)
				}
				calls := g.Calls()
				if last := calls[len(calls)-1]; last.Path != "/"+meta.DefaultVersion+"/me/messages" {
					t.Errorf("called %s", last.Path)
				} else {
					bridgetest.SameJSON(t, last.Body, `{"recipient":{"id":"5678"},`+c.want+`}`)
					inbox.Documented(t, last)
				}
				if len(calls) == 2 && !strings.Contains(string(calls[0].Body), "name=\"platform\"\r\n\r\ninstagram\r\n") {
					t.Errorf("uploaded %s", calls[0].Body)
				}
			})
		}
	}
}

// TestBytes: the limit counts bytes, and what is cut by it goes out whole.
func TestBytes(t *testing.T) {
	g := inbox.StandIn(t, nil)
	l := openLink(t, bridgetest.NewHost(t), keyBase, g.URL)
	for name, text := range map[string]string{"Latin": strings.Repeat("word ", 500), "Cyrillic": strings.Repeat("слово ", 300), "Hindi": strings.Repeat("नमस्ते ", 200), "emoji": strings.Repeat("👋🏽", 300)} {
		before := len(g.Calls())
		for _, part := range outbound.Cut(core.Content{Kind: core.KindText, Text: text}, l.Capabilities()) {
			if _, err := l.Send(t.Context(), core.Outgoing{To: []core.IdentityKey{ana}, Content: part}); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		got := ""
		for _, c := range g.Calls()[before:] {
			inbox.Documented(t, c)
			got += c.JSON(t)["message"].(map[string]any)["text"].(string)
		}
		if squeezed := strings.NewReplacer(" ", ""); squeezed.Replace(got) != squeezed.Replace(text) {
			t.Errorf("%s: something was lost", name)
		}
	}
	if _, err := l.Send(t.Context(), core.Outgoing{To: []core.IdentityKey{ana}, Content: core.Content{Kind: core.KindText, Text: strings.Repeat("я", 501)}}); core.AsSendError(err).Outcome != core.Rejected {
		t.Errorf("1002 bytes: got %v", err)
	}
}

func TestWindow(t *testing.T) {
	for value, want := range map[string]time.Duration{"": usual, "0": 0, "24h": meta.Free, "168h": meta.Longest} {
		if w := openLink(t, bridgetest.NewHost(t), keyHuman, value).Capabilities().Window; w.Human != want || w.Free != meta.Free || w.After != core.AfterNothing {
			t.Errorf("%q: got %+v", value, w)
		}
	}
	bridgetest.Refused(t, Bridge{}, inbox.Settings, keyHuman, "169h") // longer than Meta allows
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		author  core.AuthorKind
		after   time.Duration
		verdict core.Verdict
	}{
		"a person in time": {core.AuthorAgent, meta.Free - 1, core.VerdictSend}, "a person on the third day": {core.AuthorAgent, usual - 1, core.VerdictSendHuman}, "a person after it": {core.AuthorAgent, usual, core.VerdictRefuse},
		"a workflow after a day": {core.AuthorWorkflow, meta.Free, core.VerdictRefuse},
	} {
		q := core.Question{Title: "Instagram", State: core.ChannelActive, Capabilities: Bridge{}.Info().Capabilities, Conversation: core.ConversationOpen, Window: core.WindowState{Last: at},
			Author: core.Author{Kind: c.author}, Content: core.Content{Kind: core.KindText, Text: "x"}}
		if d := core.Decide(q, at.Add(c.after)); d.Verdict != c.verdict {
			t.Errorf("%s: got %s (%s), want %s", name, d.Verdict, d.Reason, c.verdict)
		}
	}
}

func TestActions(t *testing.T) {
	g := inbox.StandIn(t, nil)
	l := openLink(t, bridgetest.NewHost(t), keyBase, g.URL)
	for _, c := range []struct {
		act  core.Act
		want string // "": refused
	}{
		{core.Act{Action: core.ActionTyping}, `"sender_action":"typing_on"`}, {core.Act{Action: core.ActionRead}, `"sender_action":"mark_seen"`},
		{core.Act{Action: core.ActionReaction, Target: "m_1", Emoji: "❤️"}, `"sender_action":"react","payload":{"message_id":"m_1","reaction":"love"}`},
		{core.Act{Action: core.ActionReaction, Target: "m_1"}, `"sender_action":"unreact","payload":{"message_id":"m_1"}`},
		{core.Act{Action: core.ActionReaction, Target: "m_1", Emoji: "👍"}, ""}, {core.Act{Action: core.ActionReaction, Emoji: "❤️"}, ""}, {core.Act{Action: core.ActionEdit}, ""},
	} {
		before := len(g.Calls())
		c.act.To = []core.IdentityKey{ana}
		_, err := l.Act(t.Context(), c.act)
		all := g.Calls()
		if c.want == "" {
			if core.AsSendError(err).Outcome != core.Rejected || len(all) != before {
				t.Errorf("%+v: got %v", c.act, err)
			}
			continue
		}
		if err != nil || len(all) != before+1 {
			t.Fatalf("%+v: got %v", c.act, err)
		}
		bridgetest.SameJSON(t, all[before].Body, `{"recipient":{"id":"5678"},`+c.want+`}`)
	}
}

func TestProfile(t *testing.T) {
	g := inbox.StandIn(t, nil)
	p, err := openLink(t, bridgetest.NewHost(t), keyBase, g.URL).Profile(t.Context(), ana)
	if err != nil || p.Name != "Ana Pérez" || len(p.Identities) != 2 || p.Identities[1].Value != "ana.p" || p.Identities[1].Scheme != core.SchemeUsername {
		t.Errorf("got %+v %v", p, err)
	}
}

func TestQuotesNothingOfOurs(t *testing.T) { inbox.QuotesNothingOfOurs(t) }
