package core

import (
	"slices"
	"strings"
	"testing"
)

func sample() *Template {
	return &Template{Name: "order", Language: "en", Status: TemplateApproved, Components: []Component{
		{Type: "header", Format: "text", Text: "Order {{1}}"},
		{Type: "body", Text: "Hi {{ 1 }}, {{2}} is ready. {{1}}!", Examples: map[string]string{"2": "your cake"}},
		{Type: "footer", Text: "Reply STOP to stop {{9}}"},
		{Type: "button", Format: "url", Text: "Track {{1}}", URL: "https://x.example/{{1}}", Index: 0},
		{Type: "button", Format: "quick_reply", Text: "Fine", Index: 1},
		{Type: "button", Format: "copy_code", Text: "Copy", Index: 2}}}
}

func filled() *TemplateUse {
	return &TemplateUse{Name: "order", Language: "en", Values: map[string]string{"header.1": "7", "body.1": "Grace", "body.2": "the bread", "button.0": "7", "button.2": "C0DE"}}
}

func TestTemplateParameters(t *testing.T) {
	want := []string{"header.1", "body.1", "body.2", "button.0", "button.2"}
	if got := sample().Parameters(); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	named := &Template{Components: []Component{{Type: "body", Text: "{{first_name}} {{last_name}}"}}}
	if got, want := named.Parameters(), []string{"body.first_name", "body.last_name"}; !slices.Equal(got, want) {
		t.Errorf("named: got %v, want %v", got, want)
	}
}

func TestTemplateSendable(t *testing.T) {
	with := func(change func(t *Template, u *TemplateUse)) (*Template, *TemplateUse) {
		tmpl, use := sample(), filled()
		change(tmpl, use)
		return tmpl, use
	}
	header := func(format string) func(*Template, *TemplateUse) {
		return func(t *Template, _ *TemplateUse) { t.Components[0] = Component{Type: "header", Format: format} }
	}
	for _, c := range []struct {
		name   string
		change func(t *Template, u *TemplateUse)
		says   string // empty: it can be sent
	}{
		{"as it must be", func(*Template, *TemplateUse) {}, ""},
		{"pending", func(t *Template, _ *TemplateUse) { t.Status = TemplatePending }, "is pending."},
		{"rejected, with the reason", func(t *Template, _ *TemplateUse) { t.Status, t.Reason = TemplateRejected, "INVALID_FORMAT" }, "is rejected: INVALID_FORMAT."},
		{"a value is missing", func(_ *Template, u *TemplateUse) { delete(u.Values, "body.2") }, "needs a value for body.2"},
		{"a value is blank", func(_ *Template, u *TemplateUse) { u.Values["button.0"] = " " }, "needs a value for button.0"},
		{"a picture is missing", header("image"), "starts with a file (image)"},
		{"a document is missing", header("document"), "starts with a file (document)"},
		{"a place is missing", header("location"), "starts with a place"},
		{"a picture is given", func(t *Template, u *TemplateUse) { header("image")(t, u); u.Header = &Media{} }, ""},
		{"a place is given", func(t *Template, u *TemplateUse) { header("location")(t, u); u.Location = &Location{} }, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			tmpl, use := with(c.change)
			p := tmpl.Sendable(use)
			switch {
			case c.says == "" && p != nil:
				t.Errorf("refused: %v", p)
			case c.says != "" && (p == nil || !strings.Contains(p.Detail, c.says) || p.Remedy == "" || p.Code != CodeTemplate):
				t.Errorf("got %v, want %q and a remedy", p, c.says)
			}
		})
	}
	var unknown *Template
	if p := unknown.Sendable(filled()); p == nil || !strings.Contains(p.Detail, `no template "order" in the language "en"`) {
		t.Errorf("unknown: got %v", p)
	}
	if p := sample().Sendable(nil); p == nil {
		t.Error("a template that is not named can be sent")
	}
}

func TestTemplatePreview(t *testing.T) {
	if got, want := sample().Preview(filled()), "Order 7\nHi Grace, the bread is ready. Grace!\nReply STOP to stop [9]"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := sample().Preview(nil), "Order [1]\nHi [1], [your cake] is ready. [1]!\nReply STOP to stop [9]"; got != want {
		t.Errorf("empty: got %q, want %q", got, want)
	}
}

func TestTemplateMarketing(t *testing.T) {
	var none *Template
	for tmpl, want := range map[*Template]bool{none: false, {Category: "MARKETING"}: true, {Category: "utility"}: false} {
		if tmpl.Marketing() != want {
			t.Errorf("%+v: got %v", tmpl, !want)
		}
	}
}
