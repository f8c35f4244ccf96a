package simulator

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Template is a message text that the platform has approved.
type Template struct {
	ID              string      `json:"id"`
	Name            string      `json:"name"`
	Language        string      `json:"language"`
	Category        string      `json:"category"`
	Status          string      `json:"status"`
	ParameterFormat string      `json:"parameter_format"` // POSITIONAL or NAMED
	Components      []Component `json:"components"`
}

// Component is a part of a Template: HEADER, BODY, FOOTER or BUTTONS.
type Component struct {
	Type    string           `json:"type"`
	Format  string           `json:"format,omitempty"` // of a HEADER: TEXT, IMAGE, VIDEO, DOCUMENT, LOCATION
	Text    string           `json:"text,omitempty"`
	Buttons []TemplateButton `json:"buttons,omitempty"`
	Example map[string]any   `json:"example,omitempty"`
}

// TemplateButton is a button of a Template.
type TemplateButton struct {
	Type  string   `json:"type"` // QUICK_REPLY, URL, PHONE_NUMBER, COPY_CODE, FLOW, REQUEST_CONTACT_INFO
	Text  string   `json:"text"`
	URL   string   `json:"url,omitempty"`
	Phone string   `json:"phone_number,omitempty"`
	Codes []string `json:"example,omitempty"`
}

func (t Template) completed() Template {
	t.ID = cmp.Or(t.ID, digits(16))
	t.Language = cmp.Or(t.Language, "en_US")
	t.Category = cmp.Or(t.Category, "UTILITY")
	t.Status = cmp.Or(t.Status, "APPROVED")
	t.ParameterFormat = cmp.Or(t.ParameterFormat, "POSITIONAL")
	return t
}

func (t Template) component(kind string) *Component {
	i := slices.IndexFunc(t.Components, func(c Component) bool { return strings.EqualFold(c.Type, kind) })
	if i < 0 {
		return nil
	}
	return &t.Components[i]
}

var placeholder = regexp.MustCompile(`\{\{\s*([a-z0-9_]+)\s*\}\}`)

// names are the placeholders of a text, each once, in order.
func names(text string) []string {
	var out []string
	for _, m := range placeholder.FindAllStringSubmatch(text, -1) {
		if !slices.Contains(out, m[1]) {
			out = append(out, m[1])
		}
	}
	return out
}

// fromTemplate checks a template message against its definition and renders it.
func (s *Simulator) fromTemplate(b *Business, p *param) (*ChatMessage, *apiError) {
	p.allow("name", "language", "components", "namespace")
	name, lang := p.str("name", 512, true), p.sub("language", true)
	lang.allow("code", "policy")
	lang.oneOf("policy", "deterministic")
	code := lang.str("code", 20, true)
	p.absorb(lang)
	if p.err != nil {
		return nil, p.err
	}
	t, bad := s.approved(b, name, code)
	if bad != nil {
		return nil, bad
	}
	given := map[string]*param{}
	buttons := map[int]*param{}
	for _, c := range p.list("components", 0, 20) {
		c.allow("type", "sub_type", "index", "parameters")
		switch kind := c.str("type", 20, true); kind {
		case "header", "body":
			given[kind] = c
		case "button":
			buttons[c.index("index")] = c
		default:
			c.fail(invalid("%s['type'] must be one of header, body, button.", c.name))
		}
		p.absorb(c)
	}
	if p.err != nil {
		return nil, p.err
	}
	return s.render(b, t, given, buttons)
}

// approved finds a template that may be used.
func (s *Simulator) approved(b *Business, name, code string) (Template, *apiError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := b.template(name, code)
	switch {
	case t == nil || code == "":
		return Template{}, codeError(132001, fmt.Sprintf("template name (%s) does not exist in %s", name, code))
	case t.Status == "PAUSED":
		return Template{}, codeError(132015, "The template is paused because of low quality.")
	case t.Status == "DISABLED":
		return Template{}, codeError(132016, "The template is disabled because of low quality.")
	case t.Status != "APPROVED":
		return Template{}, codeError(132001, fmt.Sprintf("template name (%s) is not approved in %s", name, code))
	}
	return *t, nil
}

func (s *Simulator) render(b *Business, t Template, given map[string]*param, pressed map[int]*param) (*ChatMessage, *apiError) {
	m := &ChatMessage{Template: t.Name}
	if h := t.component("HEADER"); h != nil {
		if bad := s.renderHeader(b, t, h, given["header"], m); bad != nil {
			return nil, bad
		}
	} else if given["header"] != nil {
		return nil, codeError(132000, "header: number of localizable_params (1) does not match the expected number of params (0)")
	}
	body := t.component("BODY")
	if body == nil {
		body = &Component{}
	}
	var bad *apiError
	if m.Text, bad = fill("body", t, body.Text, given["body"]); bad != nil {
		return nil, bad
	}
	if f := t.component("FOOTER"); f != nil {
		m.Footer = f.Text
	}
	m.Buttons, bad = templateButtons(t, pressed)
	return m, bad
}

func (s *Simulator) renderHeader(b *Business, t Template, h *Component, p *param, m *ChatMessage) *apiError {
	format := strings.ToLower(cmp.Or(h.Format, "TEXT"))
	if format == "text" {
		var bad *apiError
		m.Header, bad = fill("header", t, h.Text, p)
		return bad
	}
	var one *param
	if p != nil {
		if all := p.list("parameters", 1, 1); len(all) == 1 && p.err == nil {
			one = all[0]
		}
	}
	if one == nil || text(one.o["type"]) != format {
		return codeError(132012, fmt.Sprintf("header: Format mismatch, expected %s, received UNKNOWN", strings.ToUpper(format)))
	}
	part := one.sub(format, true)
	if format == "location" {
		place, bad := place(part)
		if bad == nil {
			m.Location = place.Location
		}
		return bad
	}
	m.Media = s.resolve(b, part, format)
	if m.Media != nil {
		m.Media.Name = cmp.Or(text(part.o["filename"]), m.Media.Name)
	}
	one.absorb(part)
	return one.err
}

// fill puts parameters into a text.
func fill(where string, t Template, pattern string, p *param) (string, *apiError) {
	want := names(pattern)
	var values []*param
	if p != nil {
		values = p.list("parameters", 0, 100)
		if p.err != nil {
			return "", p.err
		}
	}
	if len(values) != len(want) {
		return "", codeError(132000, fmt.Sprintf(
			"%s: number of localizable_params (%d) does not match the expected number of params (%d)",
			where, len(values), len(want)))
	}
	replaced := map[string]string{}
	for i, v := range values {
		name := want[i]
		if t.ParameterFormat == "NAMED" {
			name = text(v.o["parameter_name"])
			if !slices.Contains(want, name) {
				return "", codeError(100, fmt.Sprintf("Invalid parameter: %s: parameter name (%s) does not exist", where, name))
			}
		}
		value, bad := parameter(where, v)
		if bad != nil {
			return "", bad
		}
		replaced[name] = value
	}
	if len(replaced) != len(want) {
		return "", codeError(132000, where+": a parameter is given twice")
	}
	return placeholder.ReplaceAllStringFunc(pattern, func(m string) string {
		return replaced[placeholder.FindStringSubmatch(m)[1]]
	}), nil
}

// parameter is one value for a text: a text, an amount or a date.
func parameter(where string, p *param) (string, *apiError) {
	kind := p.str("type", 20, true)
	value := ""
	switch kind {
	case "text":
		value = p.str("text", 32768, true)
		if strings.ContainsAny(value, "\n\t") || strings.Contains(value, "     ") {
			p.fail(codeError(132018, where+": Param text cannot have new-line/tab characters or more than 4 consecutive spaces"))
		}
	case "currency", "date_time":
		part := p.sub(kind, true)
		value = part.str("fallback_value", 1024, true)
		p.absorb(part)
	default:
		p.fail(codeError(132012, fmt.Sprintf("%s: Format mismatch, expected TEXT, received %s", where, strings.ToUpper(kind))))
	}
	return value, p.err
}
