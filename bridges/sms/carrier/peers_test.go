package carrier

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"causeway/bridges/bridgetest"
	"causeway/core"
)

// TestPeersInbound: what comes in from each of the providers is understood by their definitions alone.
func TestPeersInbound(t *testing.T) {
	for _, c := range bridgetest.LoadPeers(t, fixtures, "testdata/peers.json").Cases(t) {
		t.Run(c.Set.Name+"/"+c.Name, func(t *testing.T) {
			l := open(t, bridgetest.NewHost(t), c.With(goodSettings(c.Set.Name, "")))
			r := c.Request
			if !c.Refused {
				r = prove(l, r)
			}
			_, events, err := l.Receive(t.Context(), r)
			if len(events) == 0 && err == nil {
				t.Error("nothing came of it")
			}
			c.Judge(t, bridgetest.OutcomeOf(events, err))
		})
	}
}

// TestEveryPayload: whatever peers have as samples becomes what the table says, and twice the same.
func TestEveryPayload(t *testing.T) {
	for _, s := range bridgetest.LoadPeers(t, fixtures, "testdata/peers.json").Samples(t) {
		t.Run(s.Name, func(t *testing.T) {
			provider, _, _ := strings.Cut(s.Name, "/")
			if provider == "nexmo" {
				provider = "vonage"
			}
			var file struct{ Raw string }
			body := string(s.Body)
			if json.Unmarshal(s.Body, &file) == nil && file.Raw != "" {
				body = file.Raw
			}
			set := goodSettings(provider, "")
			set.Values[keySender] = "2020"
			l := open(t, bridgetest.NewHost(t), set)
			s.Keep(t, func() ([]core.Event, error) {
				_, events, err := l.Receive(t.Context(), prove(l, post(body)))
				return events, err
			})
		})
	}
}

// TestSpoiltPayloads: whatever is strange in what a provider sends, something of it is kept, the same each time, and nothing panics.
func TestSpoiltPayloads(t *testing.T) {
	for _, c := range bridgetest.LoadPeers(t, fixtures, "testdata/peers.json").Cases(t) {
		body := c.Request.Body
		if c.Refused || len(body) == 0 {
			continue
		}
		t.Run(c.Set.Name+"/"+c.Name, func(t *testing.T) {
			form := bridgetest.Form(!json.Valid(body))
			if _, err := url.ParseQuery(string(body)); form == bridgetest.URLEncoded && (err != nil || !strings.Contains(string(body), "=")) {
				t.Skip("its body cannot be read")
			}
			l := open(t, bridgetest.NewHost(t), c.With(goodSettings(c.Set.Name, "")))
			h := bridgetest.Hook{Form: form, Blank: true, Vital: []string{"*", "*/*", "*/*/*", "*/*/*/*", "*/*/*/*/*"}, Sign: func(body []byte) core.WebhookRequest { return prove(l, post(string(body))) }}
			h.Spoil(t, l, body, 200)
		})
	}
}

// peerSend is an outbound case of the peer.
type peerSend struct {
	Name    string
	Channel struct {
		Address string
		Schemes []string
		Config  map[string]any
	}
	Message struct {
		Text, URN   string
		Attachments []string
	}
	Responses []struct {
		Status int
		Body   json.RawMessage
	} `json:"platform_responses"`
	Expect struct {
		Requests []struct {
			Form, Params map[string][]any
			Headers      map[string]string
			Body         any
		}
		IDs   []string `json:"external_ids"`
		Error *struct{ Kind string }
	}
}

// outbound are a provider's cases. Its name is the provider's.
type outbound struct{ bridgetest.PeerSends }

func TestPeersOutbound(t *testing.T) {
	table := bridgetest.LoadPeers(t, fixtures, "testdata/peers.json").Outbound
	if len(table) != len(presets()) {
		t.Errorf("%d providers are tried, %d come along", len(table), len(presets()))
	}
	for _, set := range table {
		t.Run(set.Name, func(t *testing.T) { outbound{set}.run(t) })
	}
}

func (o outbound) run(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join(fixtures, o.File))
	if err != nil {
		t.Fatal(err)
	}
	// The peer's credentials are samples, which no channel takes.
	raw = []byte(strings.NewReplacer(`"Password"`, `"Password1"`, "VXNlcm5hbWU6UGFzc3dvcmQ=", "VXNlcm5hbWU6UGFzc3dvcmQx", `"token"`, `"token1"`).Replace(string(raw)))
	var cases []peerSend
	if err := json.Unmarshal(raw, &cases); err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for _, c := range cases {
		name := c.Name + whatsApp(c)
		t.Run(name, func(t *testing.T) {
			diff := o.try(t, c)
			if used[name] = len(diff) > 0; (o.Reasons[name] != "") != used[name] {
				t.Errorf("explained %q, and the differences are:\n%s", o.Reasons[name], strings.Join(diff, "\n"))
			}
		})
	}
	for name := range o.Reasons {
		if _, there := used[name]; !there {
			t.Errorf("a reason is given for %q, which is no case", name)
		}
	}
}

func whatsApp(c peerSend) string {
	if c.Channel.Schemes[0] == "whatsapp" {
		return " over WhatsApp"
	}
	return ""
}

func (o outbound) settings(c peerSend) core.Settings {
	s := goodSettings(o.Name, "")
	delete(s.Values, keyExtra)
	delete(s.Secrets, keyAPIKey)
	delete(s.Secrets, keyPassword)
	s.Values[keySender] = c.Channel.Address
	put := func(key, value string) {
		switch key {
		case keyPassword, keyAPIKey:
			s.Secrets[key] = core.NewSecret(value)
		case keyUser, keyAccount, keyDefinition:
			s.Values[key] = value
		default:
			s.Values[keyExtra] += "," + key + "=" + value
		}
	}
	for theirs, ours := range o.Keys {
		if v, ok := c.Channel.Config[theirs].(string); ok {
			put(ours, v)
		}
	}
	if whatsApp(c) != "" {
		s.Values[keyExtra], s.Values[keyDefinition] = "channel=whatsapp", `{"extends":"zenvia","media":{"as":"file"}}`
	}
	return s
}

// try sends the peer's message and says what is not as with the peer.
func (o outbound) try(t *testing.T, c peerSend) []string {
	t.Helper()
	s := bridgetest.NewStandIn(t, func(w http.ResponseWriter, _ *http.Request) {
		var said string
		if json.Unmarshal(c.Responses[0].Body, &said) != nil {
			said = string(c.Responses[0].Body)
		}
		w.WriteHeader(c.Responses[0].Status)
		_, _ = w.Write([]byte(said))
	})
	set := o.settings(c)
	set.Values[keyBase] = s.URL
	_, to, _ := strings.Cut(c.Message.URN, ":")
	out := core.Outgoing{Key: "0191e180-7d60-7000-aded-7d8b151cbd5b", To: []core.IdentityKey{{Scheme: core.SchemePhone, Value: strings.TrimPrefix(to, "+")}}, Content: core.Content{Kind: core.KindText, Text: c.Message.Text}}
	if len(c.Message.Attachments) > 0 {
		out.Content.Media = bridgetest.PeerFile(c.Message.Attachments[0])
		out.Content.Kind = core.FileKind(out.Content.Media.MIME)
	}
	sent, err := open(t, bridgetest.NewHost(t), set).Send(t.Context(), out)
	diff := c.judged(sent, err)
	if len(c.Expect.Requests) > 1 {
		diff = append(diff, fmt.Sprintf("%d requests", len(c.Expect.Requests)))
	}
	for _, want := range c.Expect.Requests[:min(1, len(c.Expect.Requests))] {
		got := s.Last(t)
		diff = append(diff, compared("form", got.Form(), want.Form)...)
		diff = append(diff, compared("params", got.Query, want.Params)...)
		diff = append(diff, comparedJSON(got.Body, want.Body)...)
		for name, v := range want.Headers {
			if g := got.Header.Get(name); g != v && !strings.HasPrefix(g, v) {
				diff = append(diff, fmt.Sprintf("header %s: got %q, want %q", name, g, v))
			}
		}
	}
	return diff
}

func (c peerSend) judged(sent core.Sent, err error) []string {
	e := &core.SendError{}
	if err != nil {
		e = core.AsSendError(err)
	}
	switch {
	case len(c.Expect.IDs) > 0 && (err != nil || sent.Provider != c.Expect.IDs[0]):
		return []string{fmt.Sprintf("got %q %v, want %v", sent.Provider, err, c.Expect.IDs)}
	case len(c.Expect.IDs) > 0:
		return nil
	case c.Expect.Error == nil && err != nil:
		return []string{fmt.Sprintf("got %v, want success", err)}
	case c.Expect.Error == nil:
		return nil
	case err == nil:
		return []string{"it was sent"}
	case c.Expect.Error.Kind == "ErrConnectionThrottled" && e.Effect != core.EffectSlow:
		return []string{fmt.Sprintf("got %s, want it slowed", e.Effect)}
	case c.Expect.Error.Kind != "ErrConnectionThrottled" && c.Expect.Error.Kind != "ErrConnectionFailed" && e.Outcome != core.Rejected && c.Expect.Error.Kind != "ErrResponseContent":
		return []string{fmt.Sprintf("got %s, want a rejection", e.Outcome)}
	}
	return nil
}

// compared compares fields. Our own address for callbacks is taken for the peer's.
func compared(what string, got url.Values, want map[string][]any) []string {
	if want == nil {
		return nil
	}
	var diff []string
	names := []string{}
	for name := range want {
		names = append(names, name)
	}
	for name := range got {
		if _, there := want[name]; !there {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		g := got.Get(name)
		w := ""
		if len(want[name]) > 0 {
			w = fmt.Sprint(plain(want[name][0]))
		}
		if strings.HasPrefix(g, hookURL) && strings.HasPrefix(w, "https://localhost/c/") || g == w {
			continue
		}
		diff = append(diff, fmt.Sprintf("%s %s: got %q, want %q", what, name, g, w))
	}
	return diff
}

// plain writes what the fixtures could not evaluate.
func plain(v any) any {
	switch v := v.(type) {
	case map[string]any:
		return map[any]string{"http.MethodPost": "POST"}[v["_ref"]]
	case []any:
		var b []byte
		for _, n := range v {
			b = append(b, byte(n.(float64)))
		}
		return string(b)
	}
	return v
}

func comparedJSON(got []byte, want any) []string {
	if want == nil {
		return nil
	}
	var g any
	if json.Unmarshal(got, &g) != nil {
		return []string{"the body is no JSON: " + string(got)}
	}
	a, b := flat("", g), flat("", want)
	var diff []string
	for name, w := range b {
		if v := a[name]; v != w && (!strings.HasPrefix(v, hookURL) || !strings.HasPrefix(w, "https://localhost/c/")) {
			diff = append(diff, fmt.Sprintf("body %s: got %q, want %q", name, v, w))
		}
	}
	for name, v := range a {
		if _, there := b[name]; !there {
			diff = append(diff, fmt.Sprintf("body %s: got %q, want nothing", name, v))
		}
	}
	return diff
}

// flat writes a JSON value as texts by path.
func flat(at string, v any) map[string]string {
	all := map[string]string{}
	switch v := v.(type) {
	case map[string]any:
		for name, inner := range v {
			for k, s := range flat(at+"/"+name, inner) {
				all[k] = s
			}
		}
	case []any:
		for i, inner := range v {
			for k, s := range flat(fmt.Sprintf("%s/%d", at, i), inner) {
				all[k] = s
			}
		}
	default:
		all[at] = fmt.Sprint(v)
	}
	return all
}
