package whatsappcloud

import (
	"encoding/json"
	"fmt"
	"path"
	"reflect"
	"strings"
	"testing"

	"causeway/bridges/bridgetest"
	"causeway/bridges/meta"
	"causeway/bridges/meta/metatest"
	"causeway/core"
	"causeway/core/outbound"
)

// peerSend is an outbound case of a peer project.
type peerSend struct{ bridgetest.PeerSend }

func TestPeersOutbound(t *testing.T) {
	for _, c := range bridgetest.LoadPeers(t, fixtureFolder, peersFile).Sends(t) {
		t.Run(c.Set+"/"+c.Name, func(t *testing.T) { peerSend{c}.run(t) })
	}
}

func (c peerSend) run(t *testing.T) {
	h := bridgetest.NewHost(t)
	g := newGraph(t, c.Answer("messages", `{"messages":[{"id":"157b5e14568e8"}]}`))
	l := openLink(t, h, keyBase, g.URL, keyProvider, c.provider())
	var ids []string
	var learned []core.IdentityKey
	var failed error
	for _, part := range outbound.Cut(c.content(), l.Capabilities()) {
		sent, err := l.Send(t.Context(), core.Outgoing{To: identities(meta.Text(c.Address())), Content: part, Template: c.template(), Language: c.Language()})
		if failed = err; err != nil {
			break
		}
		ids, learned = append(ids, sent.Provider), append(learned, sent.Learned...)
	}
	diff := append(c.compare(t, g.Calls()), c.Outcome(ids, failed)...)
	if want := strings.TrimPrefix(c.Expect.NewURN, "whatsapp:"); want != "" && (len(learned) != 1 || learned[0].Value != want) {
		diff = append(diff, fmt.Sprintf("learned %v, want %s", learned, want))
	}
	for _, k := range g.Calls() {
		described(t, k)
	}
	c.Judge(t, diff)
}

// provider is whose interface the peer calls.
func (c peerSend) provider() string {
	if c.Set == "dialog360" {
		return providerDialog
	}
	return providerMeta
}

// content says in our words what the peer's message says.
func (c peerSend) content() core.Content {
	if c.Message.Templating != nil {
		return core.Content{Kind: core.KindTemplate, Template: c.use()}
	}
	return c.Content()
}

// use fills the template: the peer's components point into one list of variables.
func (c peerSend) use() *core.TemplateUse {
	m := c.Message.Templating
	use := &core.TemplateUse{Name: m.Template.Name, Language: c.language(), Values: map[string]string{}}
	for _, k := range m.Components {
		name := k.Name
		for number, at := range k.Variables {
			v := m.Variables[at]
			switch {
			case v.Type != "text" && v.Type != "payload" && strings.HasPrefix(k.Name, "header"):
				use.Header = bridgetest.PeerFile(v.Value)
			case strings.HasPrefix(name, "button."):
				use.Values[name] = v.Value
			default:
				use.Values[name+"."+number] = v.Value
			}
		}
	}
	return use
}

func (c peerSend) language() string {
	for _, r := range c.Expect.Requests {
		if b, ok := r.Body.(map[string]any); ok && b["template"] != nil {
			return b["template"].(map[string]any)["language"].(map[string]any)["code"].(string)
		}
	}
	return c.Message.Templating.Language
}

// template is the definition that the peer's components imply.
func (c peerSend) template() *core.Template {
	m := c.Message.Templating
	if m == nil {
		return nil
	}
	t := &core.Template{Name: m.Template.Name, Language: c.language(), Status: core.TemplateApproved}
	for _, k := range m.Components {
		var marks []string
		format := "text"
		for n := 1; n <= len(k.Variables); n++ {
			marks = append(marks, fmt.Sprintf("{{%d}}", n))
			if v := m.Variables[k.Variables[fmt.Sprint(n)]]; v.Type != "text" {
				format = v.Type
			}
		}
		part, index, _ := strings.Cut(k.Name, ".")
		x := core.Component{Type: part, Format: format, Text: strings.Join(marks, " ")}
		if part == "button" {
			x.Format, x.URL, x.Index = path.Base(k.Type), "https://x.example/{{1}}", ordinal("button."+index)
		}
		t.Components = append(t.Components, x)
	}
	return t
}

// compare compares the requests for messages and says where they differ. What differs everywhere is taken out first.
func (c peerSend) compare(t *testing.T, calls []bridgetest.Call) (diff []string) {
	t.Helper()
	var want []any
	for _, r := range c.Expect.Requests {
		if b, ok := r.Body.(map[string]any); ok {
			want = append(want, alike(b, c.Set))
		}
	}
	for i, w := range want {
		if i >= len(calls) {
			return append(diff, fmt.Sprintf("%d requests, want %d", len(calls), len(want)))
		}
		got := calls[i].JSON(t)
		if to, ok := got["to"].(string); ok { // we write numbers with "+", as Meta recommends; the peer writes bare digits
			got["to"] = strings.TrimPrefix(to, "+")
		}
		if got := alike(got, c.Set); !reflect.DeepEqual(got, w) {
			g, _ := json.Marshal(got)
			x, _ := json.Marshal(w)
			diff = append(diff, fmt.Sprintf("request %d\n got %s\nwant %s", i, g, x))
		}
	}
	if len(want) > 0 && len(calls) != len(want) {
		diff = append(diff, fmt.Sprintf("%d requests, want %d", len(calls), len(want)))
	}
	for _, k := range calls {
		if path := k.Method + " " + k.Path; c.provider() == providerDialog {
			if path != "POST /messages" || k.Header.Get(dialogKey) != metatest.Token || k.Header.Get("Authorization") != "" {
				t.Errorf("called %s with %v", path, k.Header)
			}
		} else if path != "POST /v25.0/"+numberID+"/messages" || k.Header.Get("Authorization") != "Bearer "+metatest.Token {
			t.Errorf("called %s", path)
		}
	}
	return diff
}

// alike makes the bodies of resellers comparable. Turn speaks the old on-premises dialect: no messaging_product and recipient_type, a preview
// flag beside the text and only when true, a namespace in templates, and files always by the id of an upload, where we hand on a public link.
func alike(b map[string]any, set string) map[string]any {
	if set != "turn" {
		return b
	}
	delete(b, "messaging_product")
	delete(b, "recipient_type")
	delete(b, "preview_url")
	if x, ok := b["text"].(map[string]any); ok {
		delete(x, "preview_url")
	}
	if x, ok := b["template"].(map[string]any); ok {
		delete(x, "namespace")
		if list, ok := x["components"].([]any); ok { // a component without parameters may be left out
			var some []any
			for _, k := range list {
				if k.(map[string]any)["parameters"] != nil {
					some = append(some, k)
				}
			}
			x["components"] = some
		}
	}
	for _, kind := range []string{"image", "video", "audio", "document"} {
		if x, ok := b[kind].(map[string]any); ok {
			delete(x, "id")
			delete(x, "link")
		}
	}
	return b
}
