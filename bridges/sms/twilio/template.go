package twilio

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"causeway/core"
)

// content is a template as Twilio describes it, with what WhatsApp says of it.
type content struct {
	SID       string                     `json:"sid"`
	Name      string                     `json:"friendly_name"`
	Language  string                     `json:"language"`
	Variables map[string]any             `json:"variables"`
	Types     map[string]json.RawMessage `json:"types"`
	Approval  json.RawMessage            `json:"approval_requests"` // an object, or a list of them
}

type approval struct {
	Status   string `json:"status"`
	Category string `json:"category"`
	Reason   string `json:"rejection_reason"`
}

// body is what the kinds of content have in common.
type body struct {
	Body       string   `json:"body"`
	Title      string   `json:"title"`    // of a card, in the place of a body
	Subtitle   string   `json:"subtitle"` // of a card, in the place of a footer
	HeaderText string   `json:"header_text"`
	Footer     string   `json:"footer"`
	Media      media    `json:"media"`
	Actions    []action `json:"actions"`
	Items      []struct {
		Item        string `json:"item"`
		Description string `json:"description"`
	} `json:"items"` // of a list
	Cards []body `json:"cards"` // of a carousel
	Label string `json:"label"` // of a place
}

type action struct {
	Type     string `json:"type"`
	Title    string `json:"title"`
	URL      string `json:"url"`
	Code     string `json:"code"`
	CopyText string `json:"copy_code_text"`
}

// media are addresses of files: a list, or one by itself.
type media []string

func (m *media) UnmarshalJSON(raw []byte) error {
	var one string
	if json.Unmarshal(raw, &one) == nil {
		if *m = nil; one != "" {
			*m = media{one}
		}
		return nil
	}
	return json.Unmarshal(raw, (*[]string)(m))
}

const maxPages = 50

// Templates implements core.TemplateLink.
func (l *link) Templates(ctx context.Context) ([]core.Template, error) {
	var all []core.Template
	next := l.conf.contentAt + "/v1/ContentAndApprovals?PageSize=100"
	for range maxPages {
		var page struct {
			Contents []content `json:"contents"`
			Meta     struct {
				Next string `json:"next_page_url"`
			} `json:"meta"`
		}
		if err := l.ask(ctx, next, nil, &page); err != nil {
			return nil, explainedList(err)
		}
		for _, c := range page.Contents {
			all = append(all, l.template(c))
		}
		if next = l.following(page.Meta.Next); next == "" {
			break
		}
	}
	return all, nil
}

func explainedList(err error) error {
	e := core.AsSendError(err)
	return &core.Problem{Code: core.CodeUnavailable, Detail: "The templates cannot be read. " + e.Reason, Remedy: e.Remedy, Err: err}
}

// following returns the next page's address, at the provider we know: credentials go with it.
func (l *link) following(address string) string {
	u, err := url.Parse(address)
	if address == "" || err != nil {
		return ""
	}
	return l.conf.contentAt + u.RequestURI()
}

func (l *link) template(c content) core.Template {
	a := approved(c.Approval)
	t := core.Template{Channel: l.channel.ID, ProviderID: c.SID, Name: c.Name, Language: c.Language, Category: strings.ToLower(a.Category), Reason: a.Reason,
		Status: core.TemplateApproved, Synced: l.host.Now()}
	if l.conf.sort == sortWhatsApp {
		t.Status = statusOf(a.Status)
	}
	kind, b := c.body()
	t.Components = c.components(kind, b)
	t.Named = slices.ContainsFunc(names(string(c.Types[kind])), func(n string) bool { return strings.Trim(n, "0123456789") != "" })
	return t
}

// codeText is the text of a log-in code, which WhatsApp writes itself.
const codeText = "{{1}} is your verification code."

// components are the pieces of a kind of content. Each variable that Twilio wants is in one of them.
func (c content) components(kind string, b body) []core.Component {
	var all []core.Component
	text := func(sort, format string, lines ...string) {
		said := strings.TrimSpace(strings.Join(lines, "\n"))
		if said != "" {
			all = append(all, core.Component{Type: sort, Format: format, Text: said, Examples: c.examples(said)})
		}
	}
	text("header", "text", b.HeaderText)
	if len(b.Media) > 0 && len(names(b.Media[0])) > 0 {
		text("header", core.HeaderLink, b.Media[0])
	} else if len(b.Media) > 0 {
		all = append(all, core.Component{Type: "header", Format: core.HeaderFixed})
	}
	if kind == "whatsapp/authentication" && b.Body == "" {
		b.Body = codeText
	}
	text("body", "", cmp.Or(b.Body, b.Title, b.Label))
	for _, item := range b.Items {
		text("body", "", strings.TrimSuffix(item.Item+": "+item.Description, ": "))
	}
	for _, card := range b.Cards {
		text("body", "", card.Title, card.Body)
	}
	for i, x := range b.Actions {
		all = append(all, x.button(i))
	}
	if footer := cmp.Or(b.Footer, b.Subtitle); len(names(footer)) > 0 {
		text("body", "", footer)
	} else {
		text("footer", "", footer)
	}
	text("body", "", strings.Join(c.unasked(kind, all), " "))
	once(all)
	return all
}

// once has each variable asked for in one place: Twilio takes one value of it for all.
func once(all []core.Component) {
	asked := map[string]string{}
	for i, x := range all {
		for _, name := range names(x.Text + " " + x.URL) {
			key := keyOf(x, name)
			switch first := asked[name]; first {
			case "":
				asked[name] = key
			case key:
			default:
				if all[i].As == nil {
					all[i].As = map[string]string{}
				}
				all[i].As[name] = first
			}
		}
	}
}

// keyOf is the key of a variable's value in a component.
func keyOf(x core.Component, name string) string {
	if x.Type == "button" {
		return "button." + strconv.Itoa(x.Index)
	}
	return x.Type + "." + name
}

// button describes an action. What is filled in, if anything, is in its URL.
func (x action) button(index int) core.Component {
	b := core.Component{Type: "button", Format: strings.ToLower(x.Type), Text: cmp.Or(x.Title, x.CopyText), URL: cmp.Or(x.URL, x.Code), Index: index}
	if b.Format == "copy_code" && len(names(b.URL)) == 0 {
		b.Format = "code" // always the same, or the one in the text
	}
	return b
}

// unasked are the variables that no component has yet: Twilio refuses a message without them.
func (c content) unasked(kind string, all []core.Component) []string {
	var known, left []string
	for _, x := range all {
		known = append(known, names(x.Text+" "+x.URL)...)
	}
	for _, name := range names(string(c.Types[kind])) {
		if !slices.Contains(known, name) {
			known, left = append(known, name), append(left, "{{"+name+"}}")
		}
	}
	return left
}

// body returns the richest of the content's kinds, those of WhatsApp first.
func (c content) body() (kind string, b body) {
	kinds := slices.Sorted(maps.Keys(c.Types))
	slices.SortStableFunc(kinds, func(a, b string) int { return rank(a) - rank(b) })
	for _, kind := range kinds {
		var b body
		if json.Unmarshal(c.Types[kind], &b) == nil {
			return kind, b
		}
	}
	return "", body{}
}

func rank(kind string) int {
	switch {
	case strings.HasPrefix(kind, "whatsapp/"):
		return 0
	case kind == "twilio/text":
		return 2
	}
	return 1
}

func (c content) examples(text string) map[string]string {
	all := map[string]string{}
	for _, name := range names(text) {
		if v, ok := c.Variables[name].(string); ok {
			all[name] = v
		}
	}
	if len(all) == 0 {
		return nil
	}
	return all
}

func approved(raw json.RawMessage) approval {
	var one approval
	var list []approval
	if json.Unmarshal(raw, &list) == nil && len(list) > 0 {
		return list[0]
	}
	_ = json.Unmarshal(raw, &one) // without a word on it, it is not approved
	return one
}

func statusOf(word string) core.TemplateStatus {
	switch strings.ToLower(word) {
	case "approved":
		return core.TemplateApproved
	case "rejected":
		return core.TemplateRejected
	case "paused":
		return core.TemplatePaused
	case "disabled":
		return core.TemplateDisabled
	}
	return core.TemplatePending
}
