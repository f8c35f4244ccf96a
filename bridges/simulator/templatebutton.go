package simulator

import (
	"cmp"
	"fmt"
	"strings"
)

// templateButtons renders the buttons with what the call gave for them.
func templateButtons(t Template, given map[int]*param) ([]Button, *apiError) {
	c := t.component("BUTTONS")
	if c == nil {
		if len(given) > 0 {
			return nil, codeError(132000, "buttons: the template has none")
		}
		return nil, nil
	}
	var out []Button
	for i, tb := range c.Buttons {
		b, bad := tb.render(i, given[i])
		if bad != nil {
			return nil, bad
		}
		out = append(out, b)
		delete(given, i)
	}
	for i := range given {
		return nil, invalid("Button at index %d does not exist in the template.", i)
	}
	return out, nil
}

func (tb TemplateButton) render(i int, p *param) (Button, *apiError) {
	b := Button{Kind: strings.ToLower(tb.Type), ID: tb.Text, Title: tb.Text, Value: cmp.Or(tb.URL, tb.Phone)}
	value := ""
	if p != nil {
		p.oneOf("sub_type", strings.ToLower(tb.Type), tb.Type)
		for _, v := range p.list("parameters", 1, 1) {
			value = cmp.Or(text(v.o["text"]), text(v.o["payload"]), text(v.o["coupon_code"]))
		}
		if p.err != nil {
			return b, p.err
		}
	}
	switch tb.Type {
	case "QUICK_REPLY":
		b.ID = cmp.Or(value, b.ID)
	case "URL":
		if need := len(names(tb.URL)) > 0; need && value == "" {
			return b, codeError(131008, fmt.Sprintf("buttons: Button at index %d of type Url requires a parameter", i))
		}
		b.Value = placeholder.ReplaceAllLiteralString(tb.URL, value)
	case "COPY_CODE":
		if value == "" {
			return b, codeError(131008, fmt.Sprintf("buttons: Button at index %d of type CopyCode requires a parameter", i))
		}
		b.Value = value
	case "REQUEST_CONTACT_INFO":
		b.Kind = "contact"
	}
	return b, nil
}
