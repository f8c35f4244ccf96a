package core

import (
	"fmt"
	"strconv"
	"strings"
)

// Key is what comes back when the option at a position is picked.
func (o Option) Key(position int) string {
	if o.ID != "" {
		return o.ID
	}
	return strconv.Itoa(position)
}

// Numbered writes choices as a plain text, for channels without buttons and lists, and for more options than these can show. What is to be opened is
// named with its address; a place is asked for by the text alone.
func Numbered(c Content) string {
	var blocks []string
	add := func(s string) {
		if s = strings.TrimSpace(s); s != "" {
			blocks = append(blocks, s)
		}
	}
	add(c.Choices.Header)
	add(c.Text)
	add(strings.Join(c.Choices.lines(), "\n"))
	add(c.Choices.Footer)
	return strings.Join(blocks, "\n\n")
}

func (c Choices) lines() []string {
	var all []string
	for i, o := range c.Options {
		line := o.Title
		if o.Description != "" {
			line += " – " + o.Description
		}
		switch c.Style {
		case ChoicesAuto:
			line = fmt.Sprintf("%d. %s", i+1, line)
			if o.URL != "" {
				line += ": " + o.URL
			}
		case ChoicesLink:
			if o.URL == "" {
				continue
			}
			line += ": " + o.URL
		case ChoicesLocation, ChoicesForm:
			continue
		}
		all = append(all, line)
	}
	return all
}

// Pick finds the option that an answer to Numbered means: its number, in the digits of any script.
func (c Choices) Pick(answer string) (Choice, bool) {
	n, err := strconv.Atoi(strings.TrimRight(ASCIIDigits(strings.TrimSpace(answer)), ".)"))
	if err != nil || n < 1 || n > len(c.Options) || c.Style != ChoicesAuto {
		return Choice{}, false
	}
	o := c.Options[n-1]
	return Choice{ID: o.Key(n - 1), Title: o.Title, Description: o.Description}, true
}

// ASCIIDigits writes Arabic, Persian, Devanagari and full-width digits as ASCII ones.
func ASCIIDigits(s string) string {
	return strings.Map(func(r rune) rune {
		for _, zero := range []rune{'٠', '۰', '०', '０'} {
			if r >= zero && r <= zero+9 {
				return '0' + r - zero
			}
		}
		return r
	}, s)
}
