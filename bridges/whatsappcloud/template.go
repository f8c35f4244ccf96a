package whatsappcloud

import (
	"cmp"
	"context"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"causeway/core"
)

// fillTemplate puts a template with its values. The components come from the definition we keep; without one they are made from the keys of
// the values, which is right for all but the buttons' kinds.
func (l *link) fillTemplate(ctx context.Context, b body, use core.TemplateUse, t *core.Template) error {
	if use.Name == "" || use.Language == "" {
		return core.Unsendable("The template's name or language is missing.", "Choose the template again.")
	}
	if t == nil {
		t = guess(use)
	}
	f := filler{l: l, use: use, named: t.Named}
	for _, c := range t.Components {
		if err := f.component(ctx, c); err != nil {
			return err
		}
	}
	object := body{"name": use.Name, "language": body{"policy": "deterministic", "code": use.Language}}
	if len(f.done) > 0 {
		object["components"] = f.done
	}
	b.set("template", object)
	return nil
}

// filler gathers the components of a template being sent.
type filler struct {
	l     *link
	use   core.TemplateUse
	named bool
	done  []body
}

func (f *filler) component(ctx context.Context, c core.Component) error {
	switch c.Type {
	case "header":
		return f.header(ctx, c)
	case "body":
		f.add(body{"type": "body"}, f.texts(c))
	case "button":
		return f.button(c)
	case "carousel", "limited_time_offer":
		return beyond(c.Type)
	}
	return nil
}

// beyond refuses a template that takes more than a template use can say: Meta would refuse it for its number of values.
func beyond(what string) error {
	return core.Unsendable("Causeway cannot fill a template with "+strings.ReplaceAll(what, "_", " ")+".", "Choose another template, or send this one from the WhatsApp Manager.")
}

// add keeps a component that has parameters.
func (f *filler) add(b body, parameters []body) {
	if len(parameters) > 0 {
		b["parameters"] = parameters
		f.done = append(f.done, b)
	}
}

func (f *filler) header(ctx context.Context, c core.Component) error {
	header := body{"type": "header"}
	switch c.Format {
	case "image", "video", "document":
		if f.use.Header == nil {
			return core.Unsendable("The template starts with a file, and none is given.", "Give a file for its header.")
		}
		object, err := f.l.file(ctx, core.ContentKind(c.Format), *f.use.Header)
		if err != nil {
			return err
		}
		f.add(header, []body{{"type": c.Format, c.Format: object}})
	case "location":
		if f.use.Location == nil {
			return core.Unsendable("The template starts with a place, and none is given.", "Give a location for its header.")
		}
		f.add(header, []body{{"type": "location", "location": place(*f.use.Location)}})
	case "product", "gif":
		return beyond("header of a " + c.Format)
	default:
		f.add(header, f.texts(c))
	}
	return nil
}

// texts fills a component's parameters, numbered ones in the order of their numbers.
func (f *filler) texts(c core.Component) []body {
	t := core.Template{Components: []core.Component{{Type: c.Type, Text: c.Text}}}
	keys := t.Parameters()
	if !f.named {
		slices.SortStableFunc(keys, func(a, b string) int { return cmp.Compare(ordinal(a), ordinal(b)) })
	}
	var out []body
	for _, key := range keys {
		p := body{"type": "text", "text": oneLine(f.use.Values[key])}
		if _, name, _ := strings.Cut(key, "."); f.named {
			p["parameter_name"] = name
		}
		out = append(out, p)
	}
	return out
}

// ordinal is the number of a parameter's key such as "body.2".
func ordinal(key string) int {
	_, n, _ := strings.Cut(key, ".")
	i, _ := strconv.Atoi(n)
	return i
}

var (
	breaks = regexp.MustCompile(`[ ]*[\t\r\n\v\f\x{85}\x{2028}\x{2029}]+[ ]*`)
	gaps   = regexp.MustCompile(` {5,}`)
)

// oneLine writes a value as Meta takes it: without line breaks and tabs, and with no more than four spaces in a row.
func oneLine(s string) string {
	return gaps.ReplaceAllString(breaks.ReplaceAllString(strings.TrimSpace(s), " "), "    ")
}

// button fills a button that takes something from the message. A quick reply does so only if a value is given, a flow always.
func (f *filler) button(c core.Component) error {
	v, given := f.use.Values["button."+strconv.Itoa(c.Index)]
	b := body{"type": "button", "index": strconv.Itoa(c.Index)}
	var p body
	switch {
	case c.Format == "quick_reply" && given:
		p = body{"type": "payload", "payload": v}
	case c.Format == "url" && (given && c.URL == "" || strings.Contains(c.URL, "{{")): // an address without a place for it takes nothing
		p = body{"type": "text", "text": v}
	case c.Format == "copy_code" && given:
		p = body{"type": "coupon_code", "coupon_code": v}
	case c.Format == "flow":
		p = body{"type": "action", "action": body{"flow_token": cmp.Or(v, "unused")}}
	case c.Format == "otp": // one-time codes are copied by a button that is sent as a link
		c.Format, p = "url", body{"type": "text", "text": cmp.Or(v, f.use.Values["body.1"])}
	case c.Format == "mpm":
		return beyond("button of several products")
	default:
		return nil
	}
	b["sub_type"] = c.Format
	f.add(b, []body{p})
	return nil
}

// guess makes a definition from the values alone.
func guess(use core.TemplateUse) *core.Template {
	t := &core.Template{Name: use.Name, Language: use.Language}
	texts := map[string][]string{}
	keys := make([]string, 0, len(use.Values))
	for key := range use.Values {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b string) int { return cmp.Or(cmp.Compare(ordinal(a), ordinal(b)), cmp.Compare(a, b)) })
	var buttons []core.Component
	for _, key := range keys {
		part, name, _ := strings.Cut(key, ".")
		if part == "button" {
			buttons = append(buttons, core.Component{Type: "button", Format: "url", Index: ordinal(key)})
			continue
		}
		texts[part] = append(texts[part], "{{"+name+"}}")
		t.Named = t.Named || ordinal(key) == 0
	}
	header := core.Component{Type: "header", Format: "text", Text: strings.Join(texts["header"], " ")}
	switch {
	case use.Header != nil:
		header.Format = string(core.FileKind(use.Header.MIME))
	case use.Location != nil:
		header.Format = "location"
	}
	t.Components = append([]core.Component{header, {Type: "body", Text: strings.Join(texts["body"], " ")}}, buttons...)
	return t
}
