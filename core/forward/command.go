package forward

import (
	"context"
	"errors"
	"slices"
	"strings"
	"unicode"

	"causeway/core"
)

const wrapsAt = 60 // a line at least this long may have been broken by the mail program

// templateWords are those of the command that sends a template.
var templateWords = [...]string{"template", "قالب", "шаблон"}

// command reads a mail that is a line with #template. It returns nothing for a mail that is none. A word that is nearly the command is
// asked about, for no customer must ever get "#tempalte 1".
func (w *writer) command(ctx context.Context, m core.Mail, text string, files []core.Content) ([]core.Content, *core.Notice, error) {
	first, rest, _ := strings.Cut(strings.TrimSpace(straight(text)), "\n")
	word, args := commandWord(first)
	switch {
	case word == "":
		return nil, nil, nil
	case !slices.Contains(templateWords[:], word):
		if core.Distance(word, "template") <= 2 {
			return nil, w.refused(m, "template-typo", "word", "#"+word), nil
		}
		return nil, nil, nil
	}
	rest = strings.TrimSpace(rest)
	if rest != "" && !strings.Contains(rest, "\n\n") && len([]rune(strings.TrimSpace(first))) >= wrapsAt {
		args, rest = args+" "+strings.Join(strings.Fields(rest), " "), ""
	}
	if rest != "" || len(files) > 0 {
		return nil, w.refused(m, "template-alone"), nil
	}
	which, values := arguments(args)
	t, err := w.pick(ctx, which)
	if errors.Is(err, errNoTemplate) {
		return nil, w.refused(m, "template-unknown", "n", clean(which, 40)), nil
	}
	if err != nil {
		return nil, nil, err
	}
	return w.filled(m, t, values)
}

// filled makes the content of a template with its words.
func (w *writer) filled(m core.Mail, t core.Template, values []string) ([]core.Content, *core.Notice, error) {
	keys := t.Parameters()
	if len(keys) == 0 && len(values) > 0 {
		return nil, w.refused(m, "template-bare", "name", t.Name), nil
	}
	if len(keys) != len(values) || slices.Contains(values, "") {
		return nil, w.refused(m, "template-fill", "name", t.Name, "list", strings.Join(keys, w.say("list"))), nil
	}
	use := &core.TemplateUse{Name: t.Name, Language: t.Language, Values: map[string]string{}}
	for i, key := range keys {
		use.Values[key] = values[i]
	}
	return []core.Content{{Kind: core.KindTemplate, Template: use}}, nil, nil
}

// refused is a notice that brings the list of templates again.
func (w *writer) refused(m core.Mail, sentence string, values ...string) *core.Notice {
	n := w.question(m, sentence, values...)
	n.Kind = core.NoticeRefused
	return n
}

// commandWord splits "#word rest". The word is "" for a line that is no command, such as "#1 priority".
func commandWord(line string) (word, rest string) {
	line, ok := strings.CutPrefix(line, "#")
	if !ok {
		return "", ""
	}
	end := strings.IndexFunc(line, func(r rune) bool { return !unicode.IsLetter(r) })
	if end < 0 {
		end = len(line)
	}
	return strings.ToLower(line[:end]), line[end:]
}

// straight takes out the marks by which mail programs steer the direction of writing.
func straight(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\u200e' || r == '\u200f' || r == '\u061c' || r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069' {
			return -1
		}
		return r
	}, s)
}

// arguments splits "1 | value | value", also written "1 value | value".
func arguments(args string) (which string, values []string) {
	head, tail, more := strings.Cut(strings.Trim(strings.TrimSpace(args), "|"), "|")
	which, rest, _ := strings.Cut(strings.TrimSpace(head), " ")
	if rest = strings.TrimSpace(rest); rest != "" {
		values = append(values, rest)
	}
	if more {
		for v := range strings.SplitSeq(tail, "|") {
			values = append(values, strings.TrimSpace(v))
		}
	}
	return strings.Trim(which, ".:)"), values
}
