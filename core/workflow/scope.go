package workflow

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"

	"causeway/core"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/vm"
	"golang.org/x/text/unicode/norm"
)

// scope is what expressions and placeholders can name.
type scope struct {
	Contact      contactScope      `expr:"contact"`
	Fields       map[string]string `expr:"fields"` // of the contact
	Tags         []string          `expr:"tags"`   // of contact and conversation
	Conversation talkScope         `expr:"conversation"`
	Message      messageScope      `expr:"message"` // the contact's last one
	Channel      channelScope      `expr:"channel"`
	Referral     referralScope     `expr:"referral"`
	Answers      map[string]string `expr:"answers"`
	Vars         map[string]any    `expr:"vars"`
	Hours        hoursScope        `expr:"hours"`
	Event        eventScope        `expr:"event"`
	Now          time.Time         `expr:"now"`
}

type contactScope struct {
	ID       string `expr:"id"`
	Name     string `expr:"name"`
	Language string `expr:"language"`
	Phone    string `expr:"phone"` // digits, if known
	Email    string `expr:"email"`
	Returns  bool   `expr:"returning"` // they had a conversation before
}

type talkScope struct {
	ID       string `expr:"id"`
	Number   int    `expr:"number"`
	State    string `expr:"state"`
	Agent    string `expr:"agent"` // names; empty: none
	Team     string `expr:"team"`
	Priority int    `expr:"priority"`
	Waiting  int    `expr:"waiting"` // seconds since when the contact waits for a person
	Age      int    `expr:"age"`     // seconds since it was opened
}

type messageScope struct {
	Text   string `expr:"text"`
	Kind   string `expr:"kind"`
	Choice string `expr:"choice"`
	Orders bool   `expr:"order"` // it is an order from a catalogue
}

// referralScope is the ad, post or link that brought the contact.
type referralScope struct {
	Source   string `expr:"source"` // ad, post, …
	ID       string `expr:"id"`
	Headline string `expr:"headline"`
	Body     string `expr:"body"`
	URL      string `expr:"url"`
	Ref      string `expr:"ref"`
}

func referred(r core.Referral) referralScope {
	return referralScope{Source: r.Source, ID: r.ID, Headline: r.Headline, Body: r.Body, URL: r.URL, Ref: r.Ref}
}

type channelScope struct {
	Name string `expr:"name"`
	Kind string `expr:"kind"`
}

type hoursScope struct {
	Open bool   `expr:"open"`
	Next string `expr:"next"` // when it opens next, in UTC, as 2026-12-24 09:00; empty: it is open, or nobody knows
	When string `expr:"when"` // the same for people: "tomorrow at 09:00", in the contact's language and the business's time zone
}

// eventScope is what started the run.
type eventScope struct {
	Kind string `expr:"kind"`
	By   string `expr:"by"`
	Name string `expr:"name"` // of the tag or field
}

// options are what expressions are compiled with.
func options(more ...expr.Option) []expr.Option {
	return append([]expr.Option{expr.Env(scope{}), expr.DisableBuiltin("now"), expr.MaxNodes(1000),
		expr.Function("fold", func(p ...any) (any, error) { return fold(p[0].(string)), nil }, new(func(string) string)),
		expr.Function("either", func(p ...any) (any, error) {
			for _, v := range p {
				if s := plain(v); s != "" {
					return s, nil
				}
			}
			return "", nil
		}, new(func(...any) string)),
		expr.Function("number", func(p ...any) (any, error) {
			f, _ := strconv.ParseFloat(strings.TrimSpace(digits(plain(p[0]))), 64)
			return f, nil
		}, new(func(any) float64))}, more...)
}

// condition compiles an expression that is true or false.
func condition(text string) (*vm.Program, error) {
	return expr.Compile(text, options(expr.AsBool())...)
}

// holds evaluates a condition; nil always holds.
func holds(p *vm.Program, s scope) (bool, error) {
	if p == nil {
		return true, nil
	}
	v, err := expr.Run(p, s)
	if err != nil {
		return false, fmt.Errorf("evaluate condition: %w", err)
	}
	return v == true, nil
}

// phrase is a text with placeholders.
type phrase []piece

type piece struct {
	text   string
	value  *vm.Program // of a placeholder
	secret string      // name of a secret
}

var holder = regexp.MustCompile(`\{\{([^{}]*)\}\}`)

// NamesSecret reports whether a definition, as it is stored, names a secret in a text of it.
func NamesSecret(definition []byte, name string) bool {
	for _, m := range holder.FindAllSubmatch(definition, -1) {
		if strings.TrimSpace(string(m[1])) == "secret."+name {
			return true
		}
	}
	return false
}

// parsePhrase compiles the placeholders of a text.
func parsePhrase(text string, secrets bool) (phrase, error) {
	var all phrase
	last := 0
	for _, m := range holder.FindAllStringSubmatchIndex(text, -1) {
		all = append(all, piece{text: text[last:m[0]]})
		last = m[1]
		inner := strings.TrimSpace(text[m[2]:m[3]])
		if name, ok := strings.CutPrefix(inner, "secret."); ok {
			if !secrets {
				return nil, fmt.Errorf("a secret may stand only in an http step")
			}
			all = append(all, piece{secret: name})
			continue
		}
		p, err := expr.Compile(inner, options()...)
		if err != nil {
			return nil, err
		}
		all = append(all, piece{value: p})
	}
	return append(all, piece{text: text[last:]}), nil
}

// fill writes a phrase. Each value goes through escape, if there is one; secrets come from secret.
func (p phrase) fill(s scope, escape func(string) string, secret func(name string) (string, error)) (string, error) {
	var b strings.Builder
	for _, x := range p {
		text := x.text
		switch {
		case x.secret != "":
			v, err := secret(x.secret)
			if err != nil {
				return "", err
			}
			text = v
		case x.value != nil:
			v, err := expr.Run(x.value, s)
			if err != nil {
				return "", fmt.Errorf("fill placeholder: %w", err)
			}
			if text = plain(v); escape != nil {
				text = escape(text)
			}
		}
		b.WriteString(text)
	}
	return b.String(), nil
}

// plain writes a value as a text.
func plain(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case float64: // without what is left of decimals that a computer has none of: 3 times 9.99 is 29.97
		return strings.TrimSuffix(strings.TrimRight(strconv.FormatFloat(v, 'f', 10, 64), "0"), ".")
	case time.Time:
		return v.UTC().Format(timeForm)
	case []string:
		return strings.Join(v, ", ")
	}
	return fmt.Sprint(v)
}

const timeForm = "2006-01-02 15:04"

// fold makes texts that mean the same word alike: case, accents, Arabic vowel signs and forms of letters, digits of any script, and spaces.
func fold(s string) string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(strings.ToLower(s)) {
		switch {
		case unicode.Is(unicode.Mn, r) || r == 'ـ': // the latter stretches words
		case r == 'ى':
			b.WriteRune('ي')
		case r == 'ة':
			b.WriteRune('ه')
		case r == 'ё':
			b.WriteRune('е')
		default:
			b.WriteRune(r)
		}
	}
	return strings.Join(strings.Fields(digits(b.String())), " ")
}

// digits writes the digits of any script as ASCII ones.
func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x80 || !unicode.Is(unicode.Nd, r) {
			return r
		}
		zero := r // digits of a script stand in a row, from its zero on
		for unicode.Is(unicode.Nd, zero-1) && r-zero < 9 {
			zero--
		}
		return '0' + (r - zero)
	}, s)
}
