package whatsappcloud

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"causeway/bridges/bridgetest"
	"causeway/core"
)

// components sends a template and returns what was sent for it.
func components(t *testing.T, use core.TemplateUse, definition *core.Template) (string, *core.SendError) {
	t.Helper()
	use.Name, use.Language = "t", "pt_BR"
	g := says(t, nil)
	h := bridgetest.NewHost(t)
	h.PutFile("f1", []byte("bytes"))
	_, err := openLink(t, h, keyBase, g.URL).Send(t.Context(), core.Outgoing{To: []core.IdentityKey{ana}, Template: definition,
		Content: core.Content{Kind: core.KindTemplate, Template: &use}})
	if err != nil {
		if len(g.Calls()) > 0 {
			t.Errorf("called %s before it refused", g.Calls()[0].Path)
		}
		return "", core.AsSendError(err)
	}
	all := g.Calls()
	sent := all[len(all)-1].JSON(t)["template"].(map[string]any)
	if l := sent["language"].(map[string]any); sent["name"] != "t" || l["code"] != "pt_BR" {
		t.Errorf("sent %v", sent)
	}
	raw, _ := json.Marshal(sent["components"])
	return string(raw), nil
}

func TestTemplateComponents(t *testing.T) {
	body := core.Component{Type: "body", Text: "Hi {{2}}, your {{1}}"}
	values := map[string]string{"body.1": "order", "body.2": "Ana", "header.1": "H", "body.first_name": "Ana", "body.order": "7", "button.0": "b0", "button.1": "b1"}
	button := func(format string) core.Component {
		return core.Component{Type: "button", Format: format, URL: map[string]string{"url": "https://a.example/{{1}}"}[format], Index: 1}
	}
	for name, c := range map[string]struct {
		use  core.TemplateUse
		all  []core.Component
		none bool // no definition is known
		name bool
		want string
	}{
		"nothing to fill": {core.TemplateUse{}, []core.Component{{Type: "body", Text: "Hi"}, {Type: "footer", Text: "f"}}, false, false, `null`},
		"numbers in their order": {core.TemplateUse{Values: values}, []core.Component{body}, false, false,
			`[{"type":"body","parameters":[{"type":"text","text":"order"},{"type":"text","text":"Ana"}]}]`},
		"names": {core.TemplateUse{Values: values}, []core.Component{{Type: "body", Text: "{{order}} {{first_name}} {{order}}"}}, false, true,
			`[{"type":"body","parameters":[{"type":"text","parameter_name":"order","text":"7"},{"type":"text","parameter_name":"first_name","text":"Ana"}]}]`},
		"text header": {core.TemplateUse{Values: values}, []core.Component{{Type: "header", Format: "text", Text: "{{1}}"}}, false, false,
			`[{"type":"header","parameters":[{"type":"text","text":"H"}]}]`},
		"file in the header": {core.TemplateUse{Header: &core.Media{ID: "f1", MIME: "application/pdf", Name: "a.pdf", Size: 5}}, []core.Component{{Type: "header", Format: "document"}}, false, false,
			`[{"type":"header","parameters":[{"type":"document","document":{"id":"4711","filename":"a.pdf"}}]}]`},
		"link in the header": {core.TemplateUse{Header: &core.Media{MIME: "image/png", URL: "https://a.example/a.png"}}, []core.Component{{Type: "header", Format: "image"}}, false, false,
			`[{"type":"header","parameters":[{"type":"image","image":{"link":"https://a.example/a.png"}}]}]`},
		"place in the header": {core.TemplateUse{Location: &core.Location{Latitude: 1.5, Longitude: -2, Name: "n"}}, []core.Component{{Type: "header", Format: "location"}}, false, false,
			`[{"type":"header","parameters":[{"type":"location","location":{"latitude":1.5,"longitude":-2,"name":"n"}}]}]`},
		"link":                    {core.TemplateUse{Values: values}, []core.Component{button("url")}, false, false, `[{"type":"button","sub_type":"url","index":"1","parameters":[{"type":"text","text":"b1"}]}]`},
		"fixed link":              {core.TemplateUse{}, []core.Component{{Type: "button", Format: "url", URL: "https://a.example"}}, false, false, `null`},
		"fixed link, and a value": {core.TemplateUse{Values: values}, []core.Component{{Type: "button", Format: "url", URL: "https://a.example"}}, false, false, `null`},
		"quick reply": {core.TemplateUse{Values: values}, []core.Component{button("quick_reply")}, false, false,
			`[{"type":"button","sub_type":"quick_reply","index":"1","parameters":[{"type":"payload","payload":"b1"}]}]`},
		"quick reply without payload": {core.TemplateUse{}, []core.Component{button("quick_reply"), button("phone_number")}, false, false, `null`},
		"coupon": {core.TemplateUse{Values: values}, []core.Component{button("copy_code")}, false, false,
			`[{"type":"button","sub_type":"copy_code","index":"1","parameters":[{"type":"coupon_code","coupon_code":"b1"}]}]`},
		"form": {core.TemplateUse{}, []core.Component{button("flow")}, false, false,
			`[{"type":"button","sub_type":"flow","index":"1","parameters":[{"type":"action","action":{"flow_token":"unused"}}]}]`},
		"one-time code": {core.TemplateUse{Values: map[string]string{"body.1": "123456"}}, []core.Component{{Type: "body", Text: "*{{1}}*"}, {Type: "button", Format: "otp"}}, false, false,
			`[{"type":"body","parameters":[{"type":"text","text":"123456"}]},{"type":"button","sub_type":"url","index":"0","parameters":[{"type":"text","text":"123456"}]}]`},
		"lines and tabs": {core.TemplateUse{Values: map[string]string{"body.1": "  a \r\n\n b\tc        d ", "body.2": "e\u2028f"}}, []core.Component{body}, false, false,
			`[{"type":"body","parameters":[{"type":"text","text":"a b c    d"},{"type":"text","text":"e f"}]}]`},
		"no definition": {core.TemplateUse{Values: map[string]string{"body.1": "a", "body.2": "b", "body.10": "c", "button.0": "x"}}, nil, true, false,
			`[{"type":"body","parameters":[{"type":"text","text":"a"},{"type":"text","text":"b"},{"type":"text","text":"c"}]},{"type":"button","sub_type":"url","index":"0","parameters":[{"type":"text","text":"x"}]}]`},
	} {
		t.Run(name, func(t *testing.T) {
			definition := &core.Template{Named: c.name, Components: c.all, Status: core.TemplateApproved}
			if c.none {
				definition = nil
			}
			got, refused := components(t, c.use, definition)
			if refused != nil {
				t.Fatal(refused)
			}
			var g, w any
			_, _ = json.Unmarshal([]byte(got), &g), json.Unmarshal([]byte(c.want), &w)
			if !reflect.DeepEqual(g, w) {
				t.Errorf("got\n%s, want\n%s", got, c.want)
			}
		})
	}
}

func TestTemplateRefused(t *testing.T) {
	for name, c := range map[string]core.Component{
		"no file": {Type: "header", Format: "image"}, "no place": {Type: "header", Format: "location"}, "carousel": {Type: "carousel"},
		"offer": {Type: "limited_time_offer"}, "product": {Type: "header", Format: "product"}, "products": {Type: "button", Format: "mpm"},
	} {
		t.Run(name, func(t *testing.T) {
			_, e := components(t, core.TemplateUse{}, &core.Template{Components: []core.Component{c}, Status: core.TemplateApproved})
			if e == nil || e.Outcome != core.Rejected || e.Effect != core.EffectFail || e.Remedy == "" {
				t.Errorf("got %+v", e)
			}
		})
	}
}

func TestTemplates(t *testing.T) {
	pages := map[string]string{"": `{"data":[
		{"id":"1","name":"order","language":"en_US","category":"UTILITY","status":"APPROVED","parameter_format":"NAMED","quality_score":{"score":"GREEN"},"components":[
			{"type":"HEADER","format":"IMAGE","example":{"header_handle":["x"]}},
			{"type":"BODY","text":"Hi {{first_name}}","example":{"body_text_named_params":[{"param_name":"first_name","example":"Ana"}]}},
			{"type":"FOOTER","text":"f"},
			{"type":"BUTTONS","buttons":[{"type":"URL","text":"Track","url":"https://a.example/{{1}}","example":["7"]},{"type":"COPY_CODE","text":"Copy","example":"C1"},{"type":"QUICK_REPLY","text":"Stop"}]}]}],
		"paging":{"cursors":{"after":"p2"},"next":"https://graph.facebook.com/x?access_token=secret"}}`,
		"p2": `{"data":[{"id":2,"name":"sale","language":"de","category":"MARKETING","status":"REJECTED","rejected_reason":"PROMOTIONAL","components":[{"type":"HEADER","text":"{{1}}","example":{"header_text":["h"]}},{"type":"BODY","text":"{{1}}","example":{"body_text":[["a","b"]]}}]},
			{"id":"3","name":"odd","status":"SOMETHING_NEW","components":null}],"paging":{"cursors":{"after":"p3"}}}`}
	g := newGraph(t, nil)
	g.Config.Handler = paged(pages)
	got, err := openLink(t, bridgetest.NewHost(t), keyBase, g.URL).Templates(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ch := bridgetest.Channel(Bridge{}, goodSettings()).ID
	want := []core.Template{
		{Channel: ch, ProviderID: "1", Name: "order", Language: "en_US", Category: "utility", Status: core.TemplateApproved, Quality: "green", Named: true, Components: []core.Component{
			{Type: "header", Format: "image"}, {Type: "body", Text: "Hi {{first_name}}", Examples: map[string]string{"first_name": "Ana"}}, {Type: "footer", Text: "f"},
			{Type: "button", Format: "url", Text: "Track", URL: "https://a.example/{{1}}", Examples: map[string]string{"1": "7"}},
			{Type: "button", Format: "copy_code", Text: "Copy", Index: 1, Examples: map[string]string{"1": "C1"}}, {Type: "button", Format: "quick_reply", Text: "Stop", Index: 2}}},
		{Channel: ch, ProviderID: "2", Name: "sale", Language: "de", Category: "marketing", Status: core.TemplateRejected, Reason: "PROMOTIONAL", Components: []core.Component{
			{Type: "header", Format: "text", Text: "{{1}}", Examples: map[string]string{"1": "h"}}, {Type: "body", Text: "{{1}}", Examples: map[string]string{"1": "a", "2": "b"}}}},
		{Channel: ch, ProviderID: "3", Name: "odd", Status: "something_new"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
	if got[2].Sendable(&core.TemplateUse{Name: "odd"}) == nil {
		t.Error("a template of an unknown status may be sent")
	}
}

func TestTemplatesRefused(t *testing.T) {
	for name, c := range map[string]struct {
		answer, account string
		code            core.Code
	}{
		"no right": {refusedCode + `200}}`, wabaID, core.CodeChannelDown}, "passing": {refusedCode + `2}}`, wabaID, core.CodeUnavailable},
		"no JSON": {"<html>", wabaID, core.CodeUnavailable}, "no account": {"", "", core.CodeInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			g := says(t, map[string]string{"/message_templates": c.answer})
			_, err := openLink(t, bridgetest.NewHost(t), keyBase, g.URL, keyAccount, c.account).Templates(t.Context())
			if core.CodeOf(err) != c.code || strings.Contains(err.Error(), "<html>") {
				t.Errorf("got %v", err)
			}
		})
	}
	again := newGraph(t, nil)
	again.Config.Handler = paged(map[string]string{"": `{"data":[{"id":"1","name":"a"}],"paging":{"cursors":{"after":""},"next":"x"}}`})
	if all, err := openLink(t, bridgetest.NewHost(t), keyBase, again.URL).Templates(t.Context()); err != nil || len(all) != 1 {
		t.Errorf("a next page without a cursor: got %d, %v", len(all), err)
	}
}
