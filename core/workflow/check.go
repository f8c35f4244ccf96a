package workflow

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"causeway/core"

	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/vm"
)

// Limits of a workflow.
const (
	mostSteps    = 100
	mostRetries  = 3
	mostAsks     = 10 // of a question, after the first
	mostOptions  = 50
	longestWait  = 365 * 24 * time.Hour
	longestCall  = 30 * time.Second
	usualTimeout = 3 * 24 * time.Hour
	usualCall    = 10 * time.Second
	usualRetries = 2
	usualLimit   = 20
	usualResume  = time.Hour
	end          = "end"
)

// program is a workflow that was checked, ready to run.
type program struct {
	Definition
	version int
	starts  []*vm.Program     // by trigger
	crons   map[int]cron      // of triggers by schedule
	cases   [][]*vm.Program   // of branches, by step
	phrases map[string]phrase // by text
	spans   map[string]time.Duration
	targets map[string]int // steps by name
	shapes  map[string]*regexp.Regexp
}

// checker finds what is wrong with a definition.
type checker struct {
	*program
	known Known
	lines map[string]int
	wrong []Fault
	asked []answerUse
}

// compile checks whether a definition can be carried out, and makes it ready. Lines tell where what stands; they may be nil. What makes no sense, but does
// no harm to a run, is left to sense: a stored workflow must not stop with a version that is stricter.
func compile(def Definition, known Known, lines map[string]int) *checker {
	c := &checker{program: &program{Definition: def, starts: make([]*vm.Program, len(def.On)), crons: map[int]cron{}, cases: make([][]*vm.Program, len(def.Steps)),
		phrases: map[string]phrase{}, spans: map[string]time.Duration{}, targets: map[string]int{}, shapes: map[string]*regexp.Regexp{}}, known: known, lines: lines}
	c.head()
	for i, t := range def.On {
		c.trigger(i, t)
	}
	for i, s := range def.Steps {
		c.name(i, s)
	}
	for i, s := range def.Steps {
		c.step(i, s)
	}
	return c
}

// sense checks what a definition leads to, once it can be carried out.
func (c *checker) sense() {
	if len(c.wrong) > 0 {
		return
	}
	if c.Once && len(c.On) == 0 {
		c.bad("once", "Take it out, or write on: and a trigger.", "Nothing starts the workflow by itself, so once says nothing.")
	}
	for i, t := range c.On {
		if never(t.When) {
			c.bad(fmt.Sprintf("on[%d].when", i), "Take the trigger out, or change its condition.", "The trigger starts nothing: its condition never holds.")
		}
	}
	for i, s := range c.Steps {
		c.forks(i, s)
		c.runs(i, s)
		c.idle(i, s)
	}
	c.answers()
	c.ways()
}

// bad notes what is wrong at a path.
func (c *checker) bad(path, remedy, detail string, args ...any) {
	line, at := 0, path
	for line == 0 && at != "" {
		line = c.lines[at]
		at = at[:max(strings.LastIndex(at, "."), 0)]
	}
	if line == 0 {
		line = c.lines[""]
	}
	c.wrong = append(c.wrong, Fault{Line: line, Step: stepAt(c.Definition, path), Detail: fmt.Sprintf(detail, args...), Remedy: remedy})
}

// nameForm leaves the length out: counted by a pattern, classes of letters take megabytes.
var nameForm = regexp.MustCompile(`^[\p{L}\p{N}][\p{L}\p{N} _.-]*$`)

const longestName = 64 // runes

func (c *checker) head() {
	switch {
	case c.Name == "":
		c.bad("", "Give it one: name: …", "The workflow has no name.")
	case !nameForm.MatchString(c.Name) || utf8.RuneCountInString(c.Name) > longestName:
		c.bad("name", "Use at most 64 letters, digits, spaces, dots, dashes and underscores.", "%q cannot be a workflow's name.", c.Name)
	}
	c.oneOf("human", c.Human, humanEnds, humanPauses, humanIgnored)
	c.span("resume_after", c.ResumeAfter, time.Minute, longestWait)
	if c.Limit < 0 || c.Limit > 1000 {
		c.bad("limit", "Write 1 to 1000, or leave it out for 20.", "%d is no number of messages in an hour.", c.Limit)
	}
	switch n := len(c.Steps); {
	case n == 0:
		c.bad("steps", "Write at least one step behind a dash.", "The workflow has no steps.")
	case n > mostSteps:
		c.bad("steps", "Move some into a workflow of their own, and use run.", "The workflow has %d steps, and %d are allowed.", n, mostSteps)
	}
}

// oneOf checks a word.
func (c *checker) oneOf(path, word string, words ...string) {
	if word != "" && !slices.Contains(words, word) {
		c.bad(path, core.DidYouMean(word, words), "%s cannot be %q.", upper(last(path)), word)
	}
}

func last(path string) string { return path[strings.LastIndex(path, ".")+1:] }

// named checks that there is a thing of that name.
func (c *checker) named(path, thing, name string, names []string) {
	if names == nil || name == "" || slices.Contains(names, name) {
		return
	}
	remedy := core.DidYouMean(name, names)
	if len(names) == 0 {
		remedy = fmt.Sprintf("There are no %ss yet: add one first.", thing)
	}
	if thing == "secret" && core.Nearest(name, names) == "" {
		remedy = "Set it: causeway workflow secret " + name
	}
	c.bad(path, remedy, "There is no %s %q.", thing, name)
}

// span checks a span of time.
func (c *checker) span(path, text string, least, most time.Duration) {
	if text == "" {
		return
	}
	d, err := core.ParseSpan(text)
	switch {
	case err != nil:
		c.bad(path, "Write it like 30s, 10m, 24h or 3d.", "%q is not a time span.", text)
	case d < least || d > most:
		c.bad(path, fmt.Sprintf("Write %s to %s.", core.Span(max(least, time.Second)), core.Span(most)), "%s cannot be %s.", upper(last(path)), text)
	}
	c.spans[text] = d
}

// condition compiles a condition.
func (c *checker) condition(path, text string) *vm.Program {
	if strings.TrimSpace(text) == "" {
		return nil
	}
	p, err := condition(text)
	if err != nil {
		c.expression(path, text, err)
	}
	c.uses(path, text)
	return p
}

// expression words what is wrong with one.
func (c *checker) expression(path, text string, err error) {
	message := err.Error()
	detail := message
	var at *file.Error
	if errors.As(err, &at) {
		message = at.Message
		detail = fmt.Sprintf("%s, at character %d", goType.ReplaceAllString(message, "there is no"), at.Column+1)
	}
	c.bad(path, repair(message), "The expression `%s` is wrong: %s.", text, detail)
}

// goType is how the compiler speaks of our types.
var goType = regexp.MustCompile(`type workflow\.\w+ has no field`)

// repair says how to mend an expression by what the compiler says of it.
func repair(message string) string {
	if name, ok := strings.CutPrefix(message, "unknown name "); ok {
		return core.DidYouMean(strings.Fields(name)[0], fieldsOf(reflect.TypeFor[scope]()))
	}
	if m := missingField.FindStringSubmatch(message); m != nil {
		for _, f := range reflect.VisibleFields(reflect.TypeFor[scope]()) {
			if f.Type.Kind() == reflect.Struct && f.Type.Name() == m[1] {
				return core.DidYouMean(m[2], fieldsOf(f.Type))
			}
		}
	}
	switch {
	case strings.Contains(message, `Operator("=")`):
		return "Write == to compare."
	case strings.Contains(message, "expected bool"):
		return `A condition is true or false: compare it with something, as in contact.name != "".`
	case strings.Contains(message, "mismatched types string and int"), strings.Contains(message, "mismatched types string and float64"), strings.Contains(message, "mismatched types int and string"):
		return "Answers and fields are texts: write number(…) around them."
	}
	return "See the names in docs/workflows.md."
}

var missingField = regexp.MustCompile(`type workflow\.(\w+) has no field (\w+)`)

// fieldsOf are the names by which expressions call what a type has.
func fieldsOf(t reflect.Type) []string {
	var all []string
	for _, f := range reflect.VisibleFields(t) {
		all = append(all, f.Tag.Get("expr"))
	}
	return all
}

// phrase compiles a text with placeholders.
func (c *checker) phrase(path, text string, secrets bool) {
	p, err := parsePhrase(text, secrets)
	if err != nil {
		c.expression(path, text, err)
	}
	for _, m := range holder.FindAllStringSubmatch(text, -1) {
		c.uses(path, m[1])
	}
	c.phrases[text] = p
}

func (c *checker) text(path string, t Text, must bool) {
	if must && strings.TrimSpace(t.first()) == "" {
		c.bad(path, "Write what is to be said.", "%s is empty.", upper(last(path)))
	}
	for _, lang := range slices.Sorted(maps.Keys(t)) {
		if lang != "" && !languageForm.MatchString(lang) {
			c.bad(path, "Write languages like en, ar or pt-BR.", "%q is not a language.", lang)
		}
		c.phrase(path, t[lang], false)
	}
}

var languageForm = regexp.MustCompile(`^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$`)

func (c *checker) texts(path string, all map[string]string, secrets bool) {
	for _, k := range slices.Sorted(maps.Keys(all)) {
		c.phrase(path+"."+k, all[k], secrets)
	}
}

var sources = []string{byContact, byUser, byWorkflow, byAPI}

func (c *checker) trigger(i int, t Trigger) {
	at := fmt.Sprintf("on[%d]", i)
	if t.Event == "" {
		c.bad(at, "Write event: and one of "+strings.Join(events, ", ")+".", "The trigger has no event.")
	}
	c.oneOf(at+".event", t.Event, events...)
	for _, by := range t.By {
		c.oneOf(at+".by", by, sources...)
	}
	for _, ch := range t.Channels {
		c.named(at+".channels", "channel", ch, c.known.Channels)
	}
	c.starts[i] = c.condition(at+".when", t.When)
	c.oneOf(at+".match", t.Match, matchExact, matchContains, matchStarts)
	switch t.Event {
	case onKeyword:
		if len(t.Words) == 0 || slices.ContainsFunc(t.Words, func(w string) bool { return fold(w) == "" }) {
			c.bad(at, "Write words: [menu, help].", "The trigger waits for a keyword, and has none.")
		}
	case onSchedule:
		c.schedule(i, at, t)
	}
	for key, use := range map[string]struct {
		set  bool
		only []string
	}{"words": {len(t.Words) > 0, []string{onKeyword}}, "match": {t.Match != "", []string{onKeyword}}, "names": {len(t.Names) > 0, []string{onTag, onUntag, onField}},
		"by": {len(t.By) > 0, []string{onOpened, onClosed}}, "interrupt": {t.Interrupt, []string{onMessage, onKeyword, onReferral}}, "cron": {t.Cron != "", []string{onSchedule}},
		"at": {t.At != "", []string{onSchedule}}, "zone": {t.Zone != "", []string{onSchedule}}} {
		if use.set && t.Event != "" && !slices.Contains(use.only, t.Event) {
			c.bad(at+"."+key, "Take it out.", "A trigger by %s takes no %s.", t.Event, key)
		}
	}
}

func (c *checker) schedule(i int, at string, t Trigger) {
	zone, err := time.LoadLocation(t.Zone)
	if err != nil || t.Zone == "Local" {
		c.bad(at+".zone", "Write the name of a city in it, such as Asia/Riyadh or Europe/Moscow.", "There is no time zone %q.", t.Zone)
		return
	}
	switch {
	case (t.Cron == "") == (t.At == ""):
		c.bad(at, `Write cron: "0 9 * * 1-5", or at: "2026-12-24 09:00".`, "The trigger by schedule needs either cron or at.")
	case t.Cron != "":
		if c.crons[i], err = parseCron(t.Cron, zone); err != nil {
			c.bad(at+".cron", `Write minute hour day month weekday, as in "0 9 * * 1-5".`, "%q is no schedule: %v.", t.Cron, err)
		}
	default:
		when, err := time.ParseInLocation(timeForm, t.At, zone)
		if err != nil {
			c.bad(at+".at", "Write it like 2026-12-24 09:00.", "%q is not a time.", t.At)
		}
		c.crons[i] = cron{once: when}
	}
}

func (c *checker) name(i int, s Step) {
	at := fmt.Sprintf("steps[%d]", i)
	switch _, twice := c.targets[s.Name]; {
	case s.Name == "":
		return
	case twice:
		c.bad(at+".name", "Give each step its own.", "There are two steps named %q.", s.Name)
	case s.Name == end:
		c.bad(at+".name", "Call it something else.", `A step cannot be named "end", which is where a workflow ends.`)
	}
	c.targets[s.Name] = i
}

// target checks a step that is gone to.
func (c *checker) target(path, name string) {
	if _, ok := c.targets[name]; name == "" || name == end || ok {
		return
	}
	names := append(slices.Sorted(maps.Keys(c.targets)), end)
	c.bad(path, core.DidYouMean(name, names), "There is no step %q to go to.", name)
}
