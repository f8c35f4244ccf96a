package whatsappcloud

import (
	"net/url"
	"path"
	"regexp"
	"strings"
	"time"

	"causeway/core"
)

// aLink finds a link that WhatsApp shows a preview of.
var aLink = regexp.MustCompile(`(?i)\bhttps?://[^\s/]`)

func publicLink(u string) bool {
	p, err := url.Parse(u)
	return err == nil && (p.Scheme == "https" || p.Scheme == "http") && p.Host != ""
}

// fileName is how a document is shown to the customer.
func fileName(m core.Media) string {
	if m.Name != "" {
		return m.Name
	}
	if p, err := url.Parse(m.URL); err == nil && m.ID == "" {
		if base := path.Base(p.Path); base != "." && base != "/" {
			return base
		}
	}
	return ""
}

// visiting writes contact cards. WhatsApp wants a formatted name and one more part of it.
func visiting(all []core.Card) []body {
	var out []body
	for _, c := range all {
		name := c.Name
		if name == "" {
			name = strings.TrimSpace(c.FirstName + " " + c.LastName)
		}
		if name == "" && len(c.Phones) > 0 {
			name = c.Phones[0].Value
		}
		n := body{"formatted_name": name}
		n.maybe("first_name", c.FirstName)
		n.maybe("last_name", c.LastName)
		if len(n) == 1 {
			n["first_name"] = name
		}
		b := body{"name": n}
		b.lines("phones", "phone", c.Phones)
		b.lines("emails", "email", c.Emails)
		b.lines("urls", "url", c.URLs)
		b.lines("addresses", "street", c.Addresses)
		if _, err := time.Parse(time.DateOnly, c.Birthday); err == nil { // any other form is refused
			b["birthday"] = c.Birthday
		}
		org := body{}
		org.maybe("company", c.Company)
		org.maybe("title", c.Title)
		if len(org) > 0 {
			b["org"] = org
		}
		out = append(out, b)
	}
	return out
}

// lines puts labelled values as a list of objects.
func (b body) lines(key, field string, all []core.Labeled) {
	var out []body
	for _, v := range all {
		if v.Value == "" {
			continue
		}
		one := body{field: v.Value}
		one.maybe("type", strings.ToUpper(v.Label))
		out = append(out, one)
	}
	if len(out) > 0 {
		b[key] = out
	}
}
