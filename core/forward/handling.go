package forward

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"causeway/core"
)

// Handler deals with a conversation in ways beside answering, as its agents command by mail. What cannot be done it says in a *core.Problem. Doing a
// thing again changes nothing.
type Handler interface {
	// CloseIf and DropIf close a conversation if that is right with it locked. What right says in a *core.Problem they return.
	CloseIf(ctx context.Context, ws core.WorkspaceID, id core.ConversationID, by core.Author, right func(tx core.Tx) (bool, error)) (core.Conversation, error)
	DropIf(ctx context.Context, ws core.WorkspaceID, id core.ConversationID, author core.Author, right func(tx core.Tx) (bool, error)) error
	Reopen(ctx context.Context, ws core.WorkspaceID, id core.ConversationID, by core.Author) (core.Conversation, error)
	Assign(ctx context.Context, ws core.WorkspaceID, id core.ConversationID, agent core.AgentID, team core.TeamID, by core.Author) (core.Conversation, error)
	Snooze(ctx context.Context, ws core.WorkspaceID, id core.ConversationID, until time.Time) error
	Tag(ctx context.Context, ws core.WorkspaceID, id core.ConversationID, add, remove []string, priority *int, author core.Author) error
}

// verb is what a command does.
type verb string

const (
	verbClose  verb = "close"
	verbDrop   verb = "drop"
	verbReopen verb = "reopen"
	verbSnooze verb = "snooze"
	verbWake   verb = "wake"
	verbTag    verb = "tag"
	verbAssign verb = "assign"
	verbHelp   verb = "help"
)

// verbs are the words of the commands, each on a line of its own behind a "#".
var verbs = map[string]verb{
	"close": verbClose, "closed": verbClose, "أغلق": verbClose, "اغلق": verbClose, "إغلاق": verbClose, "اغلاق": verbClose, "закрыть": verbClose, "закрой": verbClose,
	"drop": verbDrop, "إسقاط": verbDrop, "اسقاط": verbDrop, "сбросить": verbDrop,
	"reopen": verbReopen, "افتح": verbReopen, "فتح": verbReopen, "открыть": verbReopen, "открой": verbReopen,
	"snooze": verbSnooze, "تأجيل": verbSnooze, "تاجيل": verbSnooze, "отложить": verbSnooze, "отложи": verbSnooze,
	"wake": verbWake, "إيقاظ": verbWake, "ايقاظ": verbWake, "вернуть": verbWake,
	"tag": verbTag, "وسم": verbTag, "тег": verbTag, "метка": verbTag,
	"assign": verbAssign, "تعيين": verbAssign, "назначить": verbAssign,
	"help": verbHelp, "مساعدة": verbHelp, "помощь": verbHelp,
}

const (
	longestTag  = 100 // bytes
	longestSign = 200 // bytes of a signature below a command
)

// deed is a command in a mail.
type deed struct {
	verb verb
	word string // as it was written, with its "#"
	args string
}

// spoken is a mail taken apart: what goes to the customer, and what is to be done.
type spoken struct {
	answer string
	deeds  []deed
	below  string // what stands below the first command and is none
}

// takeApart finds the commands in a text: lines of their own, below the answer or alone. A subject that is a command stands above the text.
func takeApart(subject, text string) spoken {
	lines := strings.Split(text, "\n")
	first := slices.IndexFunc(lines, isDeed)
	if isDeed(subject) {
		lines, first = slices.Insert(lines, 0, subject), 0
	}
	if first < 0 {
		return spoken{answer: text}
	}
	s := spoken{answer: strings.TrimSpace(strings.Join(lines[:first], "\n"))}
	for i, line := range lines[first:] {
		switch d, ok := deedOf(line); {
		case ok:
			s.deeds = append(s.deeds, d)
		case strings.TrimSpace(line) != "":
			s.below = strings.TrimSpace(strings.Join(lines[first+i:], "\n"))
			return s
		}
	}
	return s
}

func isDeed(line string) bool {
	_, ok := deedOf(line)
	return ok
}

func deedOf(line string) (deed, bool) {
	word, args := commandWord(strings.TrimSpace(straight(line)))
	v, known := verbs[word]
	return deed{verb: v, word: "#" + word, args: strings.Trim(strings.TrimSpace(args), ".!;:")}, known
}

// commanded takes the commands out of an agent's mail. The notice asks about those that cannot be meant; nothing is then sent or done.
func (w *writer) commanded(m core.Mail, subject, text string) (spoken, *core.Notice) {
	if w.Handle == nil {
		return spoken{answer: text}, w.misspelt(m, subject, text)
	}
	s := takeApart(subject, text)
	if n := w.misspelt(m, subject, s.answer); n != nil || len(s.deeds) == 0 {
		return s, n
	}
	if s.below != "" && !w.signs(s.below) {
		return s, w.question(m, "handling-below", "word", s.deeds[0].word)
	}
	for _, d := range s.deeds {
		if n := w.senseless(m, d); n != nil {
			return s, n
		}
	}
	return s, nil
}

// signs reports whether a text is an agent's signature: it begins with their name.
func (w *writer) signs(text string) bool {
	first, _, _ := strings.Cut(strings.TrimLeft(text, "-–— \n"), "\n")
	name, _, _ := strings.Cut(w.agent.Name, " ")
	return len(text) <= longestSign && name != "" && strings.Contains(strings.ToLower(first), strings.ToLower(name))
}

// senseless asks about a command whose words behind it do not fit.
func (w *writer) senseless(m core.Mail, d deed) *core.Notice {
	switch d.verb {
	case verbSnooze:
		if until, ok := untilOf(d.args, m.Received, w.home()); !ok || until.IsZero() {
			return w.question(m, "handling-until", "word", clean(d.word+" "+d.args, 60))
		}
	case verbTag:
		if add, remove := tagsOf(d.args); len(add)+len(remove) == 0 {
			return w.question(m, "handling-tag", "word", clean(d.word+" "+d.args, 60))
		}
	case verbAssign:
		if d.args == "" {
			return w.question(m, "handling-who", "word", d.word)
		}
	case verbClose, verbDrop, verbReopen, verbWake, verbHelp:
		if d.args != "" {
			return w.question(m, "handling-alone", "word", clean(d.word+" "+d.args, 60), "known", d.word)
		}
	}
	return nil
}

// tagsOf reads "billing, vip, -new": tags to add and, behind a minus, to remove.
func tagsOf(args string) (add, remove []string) {
	for tag := range strings.FieldsFuncSeq(args, func(r rune) bool { return r == ',' || r == '،' }) {
		tag = strings.TrimSpace(tag)
		off, minus := strings.CutPrefix(tag, "-")
		switch off = strings.TrimSpace(off); {
		case off == "" || len(off) > longestTag:
			return nil, nil
		case minus:
			remove = append(remove, off)
		default:
			add = append(add, tag)
		}
	}
	return add, remove
}

// before does what has to be done before the answer goes: a closed conversation takes none.
func (f *Forwarder) before(ctx context.Context, w *writer, m core.Mail, deeds []deed) ([]string, error) {
	return f.perform(ctx, w, m, deeds, func(v verb) bool { return v == verbReopen })
}

// after does the rest, in the order in which it is written but that closing comes last.
func (f *Forwarder) after(ctx context.Context, w *writer, m core.Mail, deeds []deed) ([]string, error) {
	ends := func(v verb) bool { return v == verbClose || v == verbDrop }
	done, err := f.perform(ctx, w, m, deeds, func(v verb) bool { return v != verbReopen && !ends(v) })
	if err != nil {
		return done, err
	}
	last, err := f.perform(ctx, w, m, deeds, ends)
	return append(done, last...), err
}

// perform does those of the deeds that are meant, and says what is now, in a sentence each. A *core.Problem tells what cannot be done.
func (f *Forwarder) perform(ctx context.Context, w *writer, m core.Mail, deeds []deed, meant func(verb) bool) (done []string, err error) {
	for _, d := range deeds {
		if !meant(d.verb) {
			continue
		}
		sentence, err := f.do(ctx, w, m, d)
		if err != nil {
			return done, err
		}
		done = append(done, sentence)
	}
	return done, nil
}

// do does one deed. It may be done again after a crash.
func (f *Forwarder) do(ctx context.Context, w *writer, m core.Mail, d deed) (string, error) {
	ws, id, by := w.conv.Workspace, w.conv.ID, core.Author{Kind: core.AuthorAgent, Agent: w.agent.ID, Name: w.agent.Name}
	switch d.verb {
	case verbClose, verbDrop:
		return f.end(ctx, w, m, d.verb, by)
	case verbReopen:
		conv, err := f.Handle.Reopen(ctx, ws, id, by)
		if err != nil {
			return "", err
		}
		w.conv = conv
		return w.say("handled-reopened"), nil
	case verbSnooze:
		until, _ := untilOf(d.args, m.Received, w.home())
		t := w.tongue
		t.zone = w.home()
		return t.say("handled-snoozed", "time", t.when(until)), f.Handle.Snooze(ctx, ws, id, until)
	case verbWake:
		return w.say("handled-woken"), f.Handle.Snooze(ctx, ws, id, time.Time{})
	case verbTag:
		return f.tag(ctx, w, d, by)
	case verbAssign:
		return f.handOver(ctx, w, d, by)
	case verbHelp:
	}
	return w.say("handling-help"), nil
}

// end closes the conversation, unless the contact has written since the agent did: they would wait in vain.
func (f *Forwarder) end(ctx context.Context, w *writer, m core.Mail, v verb, by core.Author) (string, error) {
	ws, id := w.conv.Workspace, w.conv.ID
	right := func(tx core.Tx) (bool, error) {
		wrote, err := wroteSince(ctx, tx.In(ws), id, m.Received)
		if wrote {
			err = core.Problemf(core.CodeConflict, "%s", w.say("handling-wrote", "name", w.name))
		}
		return err == nil, err
	}
	if v == verbDrop {
		return w.say("handled-dropped"), f.Handle.DropIf(ctx, ws, id, by, right)
	}
	_, err := f.Handle.CloseIf(ctx, ws, id, by, right)
	return w.say("handled-closed"), err
}

// wroteSince reports whether the contact, not a machine of theirs, has written after a time.
func wroteSince(ctx context.Context, repo core.Repo, id core.ConversationID, at time.Time) (bool, error) {
	const few = 10
	recent, err := repo.Messages(ctx, id, core.Page{Limit: few})
	if err != nil {
		return false, fmt.Errorf("what the contact wrote since: %w", err)
	}
	return slices.ContainsFunc(recent, func(o core.Message) bool {
		return o.Direction == core.In && !o.Historic && o.Content.Automatic == "" && o.Created.After(at)
	}), nil
}

func (f *Forwarder) tag(ctx context.Context, w *writer, d deed, by core.Author) (string, error) {
	add, remove := tagsOf(d.args)
	if err := f.Handle.Tag(ctx, w.conv.Workspace, w.conv.ID, add, remove, nil, by); err != nil {
		return "", err
	}
	now, err := w.repo.Handling(ctx, w.conv.ID)
	if err != nil {
		return "", fmt.Errorf("tags of conversation: %w", err)
	}
	if len(now.Tags) == 0 {
		return w.say("handled-untagged"), nil
	}
	return w.say("handled-tagged", "list", clean(strings.Join(now.Tags, w.say("list")), 300)), nil
}

// handOver gives the conversation to whom the agent names.
func (f *Forwarder) handOver(ctx context.Context, w *writer, d deed, by core.Author) (string, error) {
	to, err := w.who(ctx, d.args)
	if err != nil {
		return "", err
	}
	if _, err := f.Handle.Assign(ctx, w.conv.Workspace, w.conv.ID, to.agent, to.team, by); err != nil {
		return "", err
	}
	if to.name == "" {
		return w.say("handled-free"), nil
	}
	return w.say("handled-assigned", "name", to.name), nil
}

// assignee is an agent, a team, or nobody.
type assignee struct {
	agent core.AgentID
	team  core.TeamID
	name  string
}

// who finds whom a conversation is to be given to: "me", "nobody", an agent's name or address, a team's name, or a word of one name alone.
func (w *writer) who(ctx context.Context, name string) (assignee, error) {
	switch strings.ToLower(strings.TrimSpace(name)) {
	case "me", "لي", "мне":
		return assignee{agent: w.agent.ID, name: w.agent.Name}, nil
	case "nobody", "لا أحد", "никому":
		return assignee{}, nil
	}
	agents, err := w.repo.Agents(ctx)
	if err != nil {
		return assignee{}, fmt.Errorf("agents: %w", err)
	}
	teams, err := w.repo.Teams(ctx)
	if err != nil {
		return assignee{}, fmt.Errorf("teams: %w", err)
	}
	meant := called(name, agents, teams)
	switch len(meant) {
	case 1:
		return meant[0], nil
	case 0:
		return assignee{}, core.Problemf(core.CodeNotFound, "%s", w.say("handling-unknown", "name", clean(name, 60)))
	}
	var names []string
	for _, one := range meant {
		names = append(names, one.name)
	}
	return assignee{}, core.Problemf(core.CodeConflict, "%s", w.say("handling-several", "name", clean(name, 60), "list", clean(strings.Join(names, w.say("list")), 300)))
}

// called finds who has that name or address or, where nobody does, all whose name has it as a word.
func called(name string, agents []core.Agent, teams []core.Team) (meant []assignee) {
	for _, a := range agents {
		one := assignee{agent: a.ID, name: a.Name}
		if strings.EqualFold(a.Name, name) || slices.ContainsFunc(a.Addresses, func(x string) bool { return strings.EqualFold(x, name) }) {
			return []assignee{one}
		}
		if !a.Disabled && hasWord(a.Name, name) {
			meant = append(meant, one)
		}
	}
	for _, t := range teams {
		one := assignee{team: t.ID, name: t.Name}
		if strings.EqualFold(t.Name, name) {
			return []assignee{one}
		}
		if hasWord(t.Name, name) {
			meant = append(meant, one)
		}
	}
	return meant
}

// hasWord reports whether a name of several words has this one, as Lena in Lena Brandt.
func hasWord(name, word string) bool {
	return slices.ContainsFunc(strings.Fields(name), func(w string) bool { return strings.EqualFold(w, word) })
}

// handle is what becomes of a mail that holds commands and nothing else.
func (f *Forwarder) handle(ctx context.Context, w *writer, m core.Mail, deeds []deed) (outcome, error) {
	done, err := f.before(ctx, w, m, deeds)
	if err == nil {
		var rest []string
		rest, err = f.after(ctx, w, m, deeds)
		done = append(done, rest...)
	}
	return w.handled(m, deeds, done, err)
}

// handled tells the agent what was done of a mail that went to nobody.
func (w *writer) handled(m core.Mail, deeds []deed, done []string, err error) (outcome, error) {
	var p *core.Problem
	switch {
	case errors.As(err, &p) && p.Code != core.CodeUnavailable:
		return outcome{state: core.MailRefused, reason: p.Error(), notice: w.remark(core.NoticeQuestion, m, append(done, w.because(p.Detail, p.Remedy))...)}, nil
	case err != nil:
		return outcome{}, fmt.Errorf("do what an agent commands: %w", err)
	}
	return outcome{state: core.MailIgnored, reason: "commands: " + names(deeds),
		notice: w.remark(core.NoticeAlert, m, append(done, w.say("presence-nothing"))...)}, nil
}

// followed does what a mail commands whose answer went out. Its author hears only of what cannot be done.
func (f *Forwarder) followed(ctx context.Context, w *writer, m core.Mail, deeds []deed, o outcome) (outcome, error) {
	if len(deeds) == 0 || o.state != core.MailSent {
		return o, nil
	}
	_, err := f.after(ctx, w, m, deeds)
	var p *core.Problem
	switch {
	case errors.As(err, &p) && p.Code != core.CodeUnavailable:
		o.notice = w.remark(core.NoticeAlert, m, w.say("handling-sent"), w.because(p.Detail, p.Remedy))
	case err != nil:
		return o, fmt.Errorf("do what an agent commands: %w", err)
	}
	o.reason = "with commands: " + names(deeds)
	return o, nil
}

func names(deeds []deed) string {
	var all []string
	for _, d := range deeds {
		all = append(all, string(d.verb))
	}
	return strings.Join(all, ", ")
}
