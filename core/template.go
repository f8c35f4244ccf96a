package core

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// TemplateStatus is the provider's word on a template.
type TemplateStatus string

const (
	TemplateApproved TemplateStatus = "approved"
	TemplatePending  TemplateStatus = "pending"
	TemplateRejected TemplateStatus = "rejected"
	TemplatePaused   TemplateStatus = "paused"
	TemplateDisabled TemplateStatus = "disabled"
	TemplateDeleted  TemplateStatus = "deleted"
)

// Template is a message approved by the provider, in one language, as last synced. (Channel, Name, Language) is unique.
type Template struct {
	Channel    ChannelID
	ProviderID string
	Name       string
	Language   string // as the provider's API writes it: "en_US"
	Category   string // "marketing", "utility", "authentication"
	Status     TemplateStatus
	Reason     string // why it is not approved, if the provider says
	Quality    string
	Named      bool // parameters have names; else numbers from 1
	Components []Component
	Synced     time.Time
}

// Component is one piece of a template.
type Component struct {
	Type     string            `json:"type"`               // "header", "body", "footer", "button"
	Format   string            `json:"format,omitempty"`   // header: "text", "image", "video", "document", "location", HeaderFixed, HeaderLink; button: "quick_reply", "url", "phone_number", "copy_code", "flow", …
	Text     string            `json:"text,omitempty"`     // with its {{parameters}}; of a button its label
	URL      string            `json:"url,omitempty"`      // of a button what is behind it, an address for one, with its {{1}}
	Index    int               `json:"index,omitempty"`    // of a button, from 0
	Examples map[string]string `json:"examples,omitempty"` // by parameter
	// As names, by parameter, the key under which another component asks for the same value: it is asked for once.
	As map[string]string `json:"as,omitempty"`
}

// Headers whose file is at an address that the template names.
const (
	HeaderFixed = "fixed" // always the same
	HeaderLink  = "link"  // with {{parameters}} in its Text; a Header may be given instead of their values
)

// TemplateUse is a template filled for sending. Values are keyed "body.1" or "body.first_name", "header.1", "button.0" (the parameter of the
// button with that index: URL suffix, quick reply payload, coupon code, flow token). Header is the medium or place of a header of that format.
type TemplateUse struct {
	Name     string            `json:"name"`
	Language string            `json:"language"`
	Values   map[string]string `json:"values,omitempty"`
	Header   *Media            `json:"header,omitempty"`
	Location *Location         `json:"location,omitempty"`
}

// Marketing reports whether the provider counts it as marketing.
func (t *Template) Marketing() bool { return t != nil && strings.EqualFold(t.Category, "marketing") }

var placeholder = regexp.MustCompile(`\{\{\s*([\w]+)\s*\}\}`)

// Parameters returns the keys that a TemplateUse must fill, in the order of the text.
func (t *Template) Parameters() []string {
	var keys []string
	for _, c := range t.Components {
		for _, key := range c.parameters() {
			if !slices.Contains(keys, key) {
				keys = append(keys, key)
			}
		}
	}
	return keys
}

func (c Component) parameters() []string {
	switch c.Type {
	case "header", "body":
		var keys []string
		seen := map[string]bool{}
		for _, m := range placeholder.FindAllStringSubmatch(c.Text, -1) {
			if !seen[m[1]] && c.As[m[1]] == "" {
				seen[m[1]] = true
				keys = append(keys, c.Type+"."+m[1])
			}
		}
		return keys
	case "button":
		all := placeholder.FindAllStringSubmatch(c.URL, -1)
		asked := slices.ContainsFunc(all, func(m []string) bool { return c.As[m[1]] == "" })
		if asked || len(all) == 0 && c.Format == "copy_code" {
			return []string{fmt.Sprintf("button.%d", c.Index)}
		}
	}
	return nil
}

// Sendable says why the template cannot be sent as filled by use, or nil if it can. A nil template is one we do not know.
func (t *Template) Sendable(use *TemplateUse) *Problem {
	switch {
	case use == nil:
		return Problemf(CodeTemplate, "The template is not named.").Remedied("Give its name and language.")
	case t == nil:
		return Problemf(CodeTemplate, "This channel has no template %q in the language %q.", use.Name, use.Language).
			Remedied("Check the name, or sync the templates: causeway template sync.")
	case t.Status != TemplateApproved:
		return Problemf(CodeTemplate, "The template %q (%s) is %s%s.", t.Name, t.Language, t.Status, because(t.Reason)).
			Remedied("Choose another one, or wait until it is approved.")
	}
	for _, key := range t.Parameters() {
		if use.Header != nil && strings.HasPrefix(key, "header.") && t.header(HeaderLink) {
			continue
		}
		if strings.TrimSpace(use.Values[key]) == "" {
			return Problemf(CodeTemplate, "The template %q needs a value for %s.", t.Name, key).Remedied("Fill all of: %s.", strings.Join(t.Parameters(), ", "))
		}
	}
	return t.headerFits(use)
}

func because(reason string) string {
	if reason == "" {
		return ""
	}
	return ": " + reason
}

// header reports whether the template has a header of a format.
func (t *Template) header(format string) bool {
	return slices.ContainsFunc(t.Components, func(c Component) bool { return c.Type == "header" && c.Format == format })
}

func (t *Template) headerFits(use *TemplateUse) *Problem {
	for _, c := range t.Components {
		switch {
		case c.Type != "header":
		case (c.Format == "image" || c.Format == "video" || c.Format == "document") && use.Header == nil:
			return Problemf(CodeTemplate, "The template %q starts with a file (%s), and none is given.", t.Name, c.Format).Remedied("Give a file for its header.")
		case c.Format == HeaderFixed && use.Header != nil:
			return Problemf(CodeTemplate, "The template %q has a file of its own; no other can take its place.", t.Name).Remedied("Leave the file out, or choose another template.")
		case c.Format == "location" && use.Location == nil:
			return Problemf(CodeTemplate, "The template %q starts with a place, and none is given.", t.Name).Remedied("Give a location for its header.")
		}
	}
	return nil
}

// Changed says in a sentence each what the provider has changed in a template, for who knew it with another category and status: that it counts as something
// else, and that it can no longer be sent.
func (t Template) Changed(category string, status TemplateStatus) []string {
	var all []string
	if category != "" && t.Category != "" && !strings.EqualFold(category, t.Category) {
		s := fmt.Sprintf("The template %s (%s) counts as %s from now on; it was %s.", t.Name, t.Language, strings.ToLower(t.Category), strings.ToLower(category))
		if t.Marketing() {
			s += " It may cost more, and does not go to contacts who want no marketing."
		}
		all = append(all, s)
	}
	if status == TemplateApproved && t.Status != TemplateApproved {
		all = append(all, fmt.Sprintf("The template %s (%s) is %s%s. What would send it is refused: look at it at the provider, or choose another one.",
			t.Name, t.Language, t.Status, because(strings.TrimRight(t.Reason, "."))))
	}
	return all
}

// Preview returns the text as the customer will read it, parameters without a value shown by their example in brackets, or by their name.
func (t *Template) Preview(use *TemplateUse) string {
	var lines []string
	for _, c := range t.Components {
		if c.Text == "" || c.Type == "button" {
			continue
		}
		lines = append(lines, placeholder.ReplaceAllStringFunc(c.Text, func(m string) string {
			name := placeholder.FindStringSubmatch(m)[1]
			key := cmp.Or(c.As[name], c.Type+"."+name)
			if use != nil && use.Values[key] != "" {
				return use.Values[key]
			}
			if ex := c.Examples[name]; ex != "" {
				return "[" + ex + "]"
			}
			return "[" + name + "]"
		}))
	}
	return strings.Join(lines, "\n")
}
