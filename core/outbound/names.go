package outbound

import (
	"slices"
	"strings"

	"causeway/core"
)

// said are the contents of a request as the contact gets them: files as the channel takes them, and where it is to show who answers, the first content
// with words has the person's name before these. Templates stay as they were approved.
func (o *Outbox) said(rt route, r Request) []core.Content {
	all := slices.Clone(r.Contents)
	for i, c := range all {
		all[i] = o.carried(rt, c, core.Latest(o.Now(), r.NotBefore))
	}
	if i := slices.IndexFunc(all, inWords); i >= 0 {
		all[i] = named(all[i], r.Author, rt.capabilities)
	}
	return all
}

// inWords reports whether a content has words of its author.
func inWords(c core.Content) bool {
	return strings.TrimSpace(c.Text) != "" && (c.Kind == core.KindText || c.Kind == core.KindChoices || c.Kind.HasMedia())
}

func named(c core.Content, by core.Author, can core.Capabilities) core.Content {
	c.Text = nameLine(by, can) + c.Text
	return c
}

// nameLine is the line with the name of the person who answers, in bold where the channel shows that; "" if it is not to be shown.
func nameLine(by core.Author, can core.Capabilities) string {
	name := strings.Join(strings.Fields(strings.Map(unmarked, by.Name)), " ")
	switch {
	case !can.Names || by.Kind != core.AuthorAgent || name == "":
		return ""
	case can.Marks:
		return "*" + name + "*\n"
	}
	return name + ":\n"
}

// unmarked drops the signs of marks.
func unmarked(r rune) rune {
	if strings.ContainsRune("*_~`", r) {
		return -1
	}
	return r
}
