package telegram

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"causeway/bridges/bridgetest"
	"causeway/core"
)

func TestCheck(t *testing.T) {
	const (
		ours = `"url":"https://gateway.example/hooks/0199-channel"`
		me   = `{"id":` + botID + `,"is_bot":true,"first_name":"Shop","username":"shop_bot","can_join_groups":true,"can_read_all_group_messages":false,"can_connect_to_business":false}`
	)
	for name, c := range map[string]struct {
		pairs  []string
		answer map[string]string // the result by method; "!" before a refusal's words
		level  core.HealthLevel
		want   string // a piece of a finding of this level
	}{
		"well":                {nil, map[string]string{"getWebhookInfo": `{` + ours + `,"pending_update_count":3,"allowed_updates":` + quotedList() + `}`}, core.HealthGood, "3 wait"},
		"no webhook":          {nil, map[string]string{"getWebhookInfo": `{"url":""}`}, core.HealthBad, "No webhook is registered"},
		"elsewhere":           {nil, map[string]string{"getWebhookInfo": `{"url":"https://other.example/secret"}`}, core.HealthBad, "on other.example"},
		"failing":             {nil, map[string]string{"getWebhookInfo": `{` + ours + `,"pending_update_count":12,"last_error_date":1772366300,"last_error_message":"Wrong response from the webhook: 401 Unauthorized"}`}, core.HealthBad, "401 Unauthorized); 12 wait"},
		"failed long ago":     {nil, map[string]string{"getWebhookInfo": `{` + ours + `,"last_error_date":1767225600,"last_error_message":"x","allowed_updates":` + quotedList() + `}`}, core.HealthGood, "0 wait"},
		"reactions not asked": {nil, map[string]string{"getWebhookInfo": `{` + ours + `}`}, core.HealthWarning, "message_reaction"},
		"backlog":             {nil, map[string]string{"getWebhookInfo": `{` + ours + `,"pending_update_count":101,"allowed_updates":` + quotedList() + `}`}, core.HealthWarning, "101 updates wait"},
		"revoked token":       {nil, map[string]string{"getMe": "!Unauthorized"}, core.HealthBad, "no longer valid"},
		"another bot":         {nil, map[string]string{"getMe": `{"id":5,"first_name":"X"}`}, core.HealthBad, "another bot"},
		"polling, hooked":     {[]string{keyReceive, receivePolling}, map[string]string{"getWebhookInfo": `{"url":"https://other.example/x"}`}, core.HealthBad, "at other.example"},
		"polling, well":       {[]string{keyReceive, receivePolling}, map[string]string{"getWebhookInfo": `{"url":"","pending_update_count":1}`}, core.HealthGood, "1 updates wait"},
		"polling, backlog":    {[]string{keyReceive, receivePolling}, map[string]string{"getWebhookInfo": `{"url":"","pending_update_count":500}`}, core.HealthWarning, "500"},
		"privacy mode":        {[]string{keyGroups, groupsTake}, map[string]string{"getMe": me}, core.HealthWarning, "privacy mode is on"},
		"not for groups":      {[]string{keyGroups, groupsTake}, map[string]string{"getMe": `{"id":` + botID + `}`}, core.HealthWarning, "cannot be added"},
		"not for business":    {[]string{keyBusiness, yes}, map[string]string{"getMe": me}, core.HealthBad, "cannot be connected"},
		"owner well":          {[]string{keyBusiness, yes}, nil, core.HealthGood, "answers for Olga"},
		"owner, no rights":    {[]string{keyBusiness, yes}, map[string]string{"getBusinessConnection": `{"id":"conn-1","user":{"first_name":"Olga"},"is_enabled":true}`}, core.HealthBad, "does not let the bot reply"},
		"owner, no reading":   {[]string{keyBusiness, yes}, map[string]string{"getBusinessConnection": `{"id":"conn-1","user":{"first_name":"Olga"},"is_enabled":true,"rights":{"can_reply":true}}`}, core.HealthWarning, "may not mark"},
		"owner gone":          {[]string{keyBusiness, yes}, map[string]string{"getBusinessConnection": `{"id":"conn-1","user":{"first_name":"Olga"},"is_enabled":false}`}, core.HealthWarning, "no longer connected"},
	} {
		t.Run(name, func(t *testing.T) {
			h := bridgetest.NewHost(t)
			b := newBots(t, func(w http.ResponseWriter, k call) {
				switch a, there := c.answer[k.Method]; {
				case strings.HasPrefix(a, "!"):
					refuseWith(w, 401, a[1:], "")
				case there:
					say(w, a)
				default:
					well(w, k)
				}
			})
			receive(t, openLink(t, h), connects("conn-1", "555", mayReply, "true"))
			found := openAny(t, h, append([]string{keyBase, b.URL}, c.pairs...)...).Check(t.Context())
			hit := false
			for _, f := range found {
				hit = hit || f.Level == c.level && strings.Contains(f.Detail, c.want)
				if f.Level != core.HealthGood && f.Remedy == "" || strings.Contains(f.Detail, "/secret") {
					t.Errorf("%+v", f)
				}
			}
			if !hit {
				t.Errorf("no %s with %q in %+v", c.level, c.want, found)
			}
		})
	}
}

func quotedList() string { return `["` + strings.Join(wanted, `","`) + `"]` }

func TestSubscribe(t *testing.T) {
	b := newBots(t, nil)
	l := openLink(t, bridgetest.NewHost(t), keyBase, b.URL)
	if err := l.Subscribe(t.Context(), "https://gateway.example:8443/hooks/0199-channel"); err != nil {
		t.Fatal(err)
	}
	k := b.all()[0]
	if k.Fields["secret_token"] != plantedVerify || k.Fields["url"] != "https://gateway.example:8443/hooks/0199-channel" || len(k.Fields["allowed_updates"].([]any)) != len(wanted) || k.Fields["drop_pending_updates"] != nil {
		t.Errorf("called %+v", k)
	}
	for _, address := range []string{"http://gateway.example/hooks/1", "https://gateway.example:9000/hooks/1", "nowhere"} {
		if err := l.Subscribe(t.Context(), address); core.CodeOf(err) != core.CodeInvalid {
			t.Errorf("%s: got %v", address, err)
		}
	}
	if n := len(b.all()); n != 1 {
		t.Errorf("%d calls", n)
	}
	away := newBots(t, func(w http.ResponseWriter, _ call) {
		refuseWith(w, 400, "Bad Request: bad webhook: Failed to resolve host", "")
	})
	if err := openLink(t, bridgetest.NewHost(t), keyBase, away.URL).Subscribe(t.Context(), "https://gateway.example/hooks/1"); err == nil || !strings.Contains(err.Error(), "Failed to resolve host") {
		t.Errorf("got %v", err)
	}
}

// TestLeave: the webhook goes with the channel, but not what others have registered since.
func TestLeave(t *testing.T) {
	const ours = "https://gateway.example/hooks/0199-channel"
	for name, c := range map[string]struct {
		registered, refusal string
		calls               int
		says                string
	}{
		"ours": {ours, "", 2, ""}, "nobody's": {"", "", 1, ""}, "another's": {"https://other.example/x", "", 1, ""}, "refused": {ours, "Unauthorized", 1, "/revoke"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBots(t, func(w http.ResponseWriter, k call) {
				switch {
				case c.refusal != "":
					refuseWith(w, 401, c.refusal, "")
				case k.Method == "getWebhookInfo":
					say(w, `{"url":"`+c.registered+`"}`)
				default:
					well(w, k)
				}
			})
			err := openLink(t, bridgetest.NewHost(t), keyBase, b.URL).Leave(t.Context(), ours, nil)
			if all := b.all(); len(all) != c.calls || c.calls == 2 && all[1].Method != "deleteWebhook" {
				t.Errorf("called %+v", all)
			}
			var p *core.Problem
			if (err != nil) != (c.says != "") || err != nil && (!errors.As(err, &p) || !strings.Contains(p.Remedy, c.says)) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestFetch(t *testing.T) {
	for name, c := range map[string]struct {
		media  core.Media
		answer func(w http.ResponseWriter, k call)
		mime   string
		code   core.Code // of the error
		gone   bool
		fails  bool
	}{
		"photo":             {media: core.Media{Provider: "4711"}, mime: "image/jpeg"},
		"known type":        {media: core.Media{Provider: "4711", MIME: "image/png"}, mime: "image/png"},
		"no id":             {media: core.Media{}, gone: true, fails: true},
		"too big":           {media: core.Media{Provider: "x"}, answer: refusing("Bad Request: file is too big"), code: core.CodeTooLarge, fails: true},
		"wrong id":          {media: core.Media{Provider: "x"}, answer: refusing("Bad Request: invalid file_id"), gone: true, fails: true},
		"perhaps later":     {media: core.Media{Provider: "x"}, answer: refusing("Bad Request: wrong file_id or the file is temporarily unavailable"), fails: true},
		"no path":           {media: core.Media{Provider: "x"}, answer: pathOf(""), fails: true},
		"path on its disk":  {media: core.Media{Provider: "x"}, answer: pathOf("/var/lib/bot/file"), fails: true},
		"path that climbs":  {media: core.Media{Provider: "x"}, answer: pathOf("../../getMe"), fails: true},
		"path with a query": {media: core.Media{Provider: "x"}, answer: pathOf("a?b"), fails: true},
		"file gone":         {media: core.Media{Provider: "x"}, answer: notThere, gone: true, fails: true},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBots(t, c.answer)
			d, err := openLink(t, bridgetest.NewHost(t), keyBase, b.URL).Fetch(t.Context(), c.media)
			if (err != nil) != c.fails || isGone(err) != c.gone || core.CodeOf(err) != c.code {
				t.Fatalf("got %v", err)
			}
			if err != nil {
				return
			}
			raw, _ := io.ReadAll(d.Body)
			if d.Body.Close(); string(raw) != "bytes" || d.MIME != c.mime || d.Name != "file_1.jpg" || d.Size != 5 {
				t.Errorf("got %q %+v", raw, d)
			}
		})
	}
}

func refusing(words string) func(w http.ResponseWriter, k call) {
	return func(w http.ResponseWriter, _ call) { refuseWith(w, 400, words, "") }
}

func pathOf(p string) func(w http.ResponseWriter, k call) {
	return func(w http.ResponseWriter, _ call) { say(w, `{"file_id":"x","file_path":"`+p+`"}`) }
}

func notThere(w http.ResponseWriter, k call) {
	if k.Method == "getFile" {
		say(w, `{"file_id":"x","file_path":"a.jpg"}`)
		return
	}
	w.WriteHeader(http.StatusNotFound)
}

func isGone(err error) bool { return errors.Is(err, core.ErrMediaGone) }

func TestSettings(t *testing.T) {
	for name, c := range map[string]struct{ key, value string }{
		"bot is no number": {keyBot, "@shop"}, "token of another bot": {keyToken, "111111111:planted-token-0123456789-abcdef"}, "no token": {keyToken, "987654321"},
		"Telegram's own sample": {keyToken, "123456:ABC-DEF1234ghIkl-zyx57W2v1u123ew11"}, "short secret": {keyVerify, "abc"}, "secret with a space": {keyVerify, "planted webhook secret 012345"},
		"receive": {keyReceive, "pigeon"}, "business": {keyBusiness, "maybe"}, "groups": {keyGroups, "all"}, "base": {keyBase, "api.telegram.org"}, "base with a query": {keyBase, "https://x.example/?a=b"},
		"rate": {keyRate, "NaN"}, "rate zero": {keyRate, "0"},
	} {
		t.Run(name, func(t *testing.T) { bridgetest.Refused(t, Bridge{}, goodSettings(), c.key, c.value) })
	}
	l := openLink(t, bridgetest.NewHost(t), keyRate, "5", keyBase, "http://127.0.0.1:8081/")
	if l.Capabilities().PerSecond != 5 || l.conf.base != "http://127.0.0.1:8081" {
		t.Errorf("got %+v", l.conf)
	}
}
