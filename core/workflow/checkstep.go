package workflow

import (
	"cmp"
	"fmt"
	"maps"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"causeway/core"
)

// step checks what a step does: exactly one thing, with all that this needs.
func (c *checker) step(i int, s Step) {
	at := fmt.Sprintf("steps[%d]", i)
	kinds := s.kinds()
	switch {
	case len(kinds) == 0:
		c.bad(at, "Write one of ask, send, set, http, branch, hours, run, note, order, assign, wait, notify, close, stop.", "The step does nothing.")
		return
	case len(kinds) > 1:
		c.bad(at, "Make a step of each.", "The step does several things: %s.", strings.Join(kinds, ", "))
		return
	}
	c.target(at+".next", s.Next)
	c.target(at+".refused", s.Refused)
	if s.Refused != "" && s.Ask == nil && s.Send == nil {
		c.bad(at+".refused", "Take it out.", "Only ask and send can be refused.")
	}
	c.doing(i, kinds[0], at+"."+kinds[0], s)
}

// doing checks the one thing that a step does.
func (c *checker) doing(i int, kind, at string, s Step) {
	switch kind {
	case "ask":
		c.ask(at, s)
	case "send":
		c.send(at, *s.Send)
	case "set":
		c.set(at, *s.Set)
	case "http":
		c.call(at, *s.HTTP)
	case "branch":
		c.branch(i, s)
	case "hours":
		c.hours(at, *s.Hours)
	case "run":
		c.run(at, s.Run)
	case "note", "stop":
		c.phrase(at, s.Note+s.Stop, false)
	case "order":
		c.order(at, *s.Order)
	case "assign":
		c.assign(at, *s.Assign)
	case "wait":
		c.wait(at, *s.Wait)
	case "notify":
		c.notify(at, *s.Notify)
	case "close":
		c.text(at+".text", s.Close.Text, false)
	}
}

func (c *checker) ask(at string, s Step) {
	a := s.Ask
	if slices.ContainsFunc(c.On, func(t Trigger) bool { return t.Event == onClosed }) {
		c.bad(at, "Send a message instead: what the contact writes then opens a conversation.", "Nothing can be asked in a conversation that is closed, and closing starts this workflow.")
	}
	c.text(at+".text", a.Text, true)
	c.text(at+".hint", a.Hint, false)
	c.text(at+".label", a.Label, false)
	c.oneOf(at+".kind", a.Kind, askKinds...)
	c.options(at, a.Options)
	switch {
	case a.Kind == askChoice && len(a.Options) < 2:
		c.bad(at, "Write options: [one, another].", "The question offers a choice, and has fewer than two options.")
	case a.Kind != askChoice && len(a.Options) > 0:
		c.bad(at+".options", "Write kind: choice.", "Only a choice has options.")
	}
	if a.As == "" && s.Name == "" {
		c.bad(at, "Name the step, or write as: and a name.", "The answer has no name.")
	}
	if a.Retries != nil && (*a.Retries < 0 || *a.Retries > mostAsks) {
		c.bad(at+".retries", fmt.Sprintf("Write 0 to %d.", mostAsks), "A question cannot be asked again %d times.", *a.Retries)
	}
	if a.Pattern != "" {
		p, err := regexp.Compile("^(?:" + a.Pattern + ")$")
		if err != nil || a.Kind != "" && a.Kind != askText {
			c.bad(at+".pattern", "It is for texts, and written as a regular expression (RE2).", "%q cannot be what the answer has to fit.", a.Pattern)
		}
		c.shapes[a.Pattern] = p
	}
	if a.Min != nil && a.Max != nil && *a.Min > *a.Max {
		c.bad(at+".min", "Exchange them.", "Min is above max.")
	}
	c.target(at+".invalid", a.Invalid)
	c.target(at+".on_timeout", a.OnTimeout)
	c.span(at+".timeout", a.Timeout, 10*time.Second, longestWait)
}

func (c *checker) options(at string, all []Choice) {
	seen := map[string]bool{}
	for i, o := range all {
		here := fmt.Sprintf("%s.options[%d]", at, i)
		c.text(here+".title", o.Title, true)
		c.text(here+".description", o.Description, false)
		c.target(here+".to", o.To)
		if id := fold(o.key()); seen[id] {
			c.bad(here, "Give each its own title or id.", "The option %q is there twice.", o.key())
		}
		seen[fold(o.key())] = true
	}
	if len(all) > mostOptions {
		c.bad(at+".options", "Ask in two steps.", "%d options are more than %d.", len(all), mostOptions)
	}
}

func (c *checker) send(at string, s Send) {
	if len(s.Text) == 0 && s.Media == nil && s.Template == nil {
		c.bad(at, "Write a text, media or a template.", "The step sends nothing.")
	}
	c.text(at+".text", s.Text, len(s.Text) > 0)
	c.options(at, s.Options)
	for i, o := range s.Options {
		if o.To != "" {
			c.bad(fmt.Sprintf("%s.options[%d].to", at, i), "Use ask with kind: choice to wait for the answer.", "A message that is only sent goes nowhere by its options.")
		}
	}
	c.named(at+".channel", "channel", s.Channel, c.known.Channels)
	if m := s.Media; m != nil {
		c.oneOf(at+".media.kind", m.Kind, "image", "video", "audio", "document")
		c.phrase(at+".media.url", m.URL, false)
		if !strings.HasPrefix(m.URL, "https://") {
			c.bad(at+".media.url", "Write an address that starts with https://.", "%q is no public address of a file.", m.URL)
		}
		if m.Kind == "" {
			c.bad(at+".media", "Write kind: image, video, audio or document.", "The file has no kind.")
		}
		if len(s.Options) > 0 {
			c.bad(at+".media", "Send the file in a step of its own.", "A file cannot have options.")
		}
	}
	if t := s.Template; t != nil {
		c.named(at+".template.name", "template", t.Name, c.known.Templates)
		c.texts(at+".template.values", t.Values, false)
		if t.Name == "" {
			c.bad(at+".template", "Write name: and the template's.", "The template has no name.")
		}
	}
}

func (c *checker) set(at string, s Set) {
	c.texts(at+".fields", s.Fields, false)
	c.texts(at+".vars", s.Vars, false)
	c.phrase(at+".language", s.Language, false)
	c.phrase(at+".contact_name", s.ContactAs, false)
	c.oneOf(at+".priority", s.Priority, "normal", "high", "urgent")
	for _, tag := range slices.Concat(s.Tags, s.Untag, s.TalkTags, s.TalkUntag) {
		if strings.TrimSpace(tag) == "" || len(tag) > 64 {
			c.bad(at, "Use at most 64 characters.", "%q cannot be a tag.", tag)
		}
	}
}

var (
	saved      = regexp.MustCompile(`^(vars|fields|answers)\.[\p{L}\p{N}_-]+$`)
	credential = regexp.MustCompile(`(?i)^(authorization|cookie|proxy-authorization|.*(api-?key|token|secret|password).*)$`)
)

func (c *checker) call(at string, s Call) {
	c.phrase(at+".url", s.URL, true)
	u, err := url.Parse(holder.ReplaceAllString(s.URL, "x"))
	switch {
	case err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "":
		c.bad(at+".url", "Write it like https://crm.example.com/contacts/{{contact.phone}}.", "%q is not an address.", s.URL)
	case strings.Contains(host(s.URL), "{{"):
		c.bad(at+".url", "Write the host out, and use placeholders behind it.", "The host of an address cannot come from a placeholder.")
	case u.User != nil:
		c.bad(at+".url", "Use a header with {{secret.NAME}}.", "A password must not stand in an address.")
	}
	c.oneOf(at+".method", strings.ToUpper(s.Method), "GET", "POST", "PUT", "PATCH", "DELETE")
	for _, k := range slices.Sorted(maps.Keys(s.Headers)) {
		c.phrase(at+".headers."+k, s.Headers[k], true)
		if credential.MatchString(k) && !strings.Contains(s.Headers[k], "{{") {
			c.bad(at+".headers."+k, "Write {{secret.NAME}}, and set it by: causeway workflow secret NAME.", "A secret seems to stand here in clear.")
		}
	}
	for _, text := range slices.Concat([]string{s.URL, s.Body}, slices.Collect(maps.Values(s.Headers)), slices.Collect(maps.Values(s.JSON))) {
		p, _ := parsePhrase(text, true)
		for _, x := range p {
			c.named(at, "secret", x.secret, c.known.Secrets)
		}
	}
	c.texts(at+".json", s.JSON, true)
	c.phrase(at+".body", s.Body, true)
	if s.Body != "" && len(s.JSON) > 0 {
		c.bad(at+".body", "Keep one of them.", "The request has both a body and json.")
	}
	c.span(at+".timeout", s.Timeout, 100*time.Millisecond, longestCall)
	if s.Retries < 0 || s.Retries > mostRetries {
		c.bad(at+".retries", fmt.Sprintf("Write 0 to %d.", mostRetries), "A request cannot be tried again %d times.", s.Retries)
	}
	for _, to := range slices.Sorted(maps.Keys(s.Save)) {
		if !saved.MatchString(to) {
			c.bad(at+".save."+to, "Write vars.name, fields.name or answers.name, and the path in the answer.", "Nothing can be saved to %q.", to)
		}
	}
	c.target(at+".on_failure", s.OnFailure)
}

func (c *checker) branch(i int, s Step) {
	for n, b := range s.Branch {
		at := fmt.Sprintf("steps[%d].branch[%d]", i, n)
		c.cases[i] = append(c.cases[i], c.condition(at+".when", b.When))
		c.target(at+".to", b.To)
		if b.To == "" {
			c.bad(at, "Write to: and a step, or end.", "The branch leads nowhere.")
		}
	}
}

// forks looks for branches that are never taken.
func (c *checker) forks(i int, s Step) {
	seen := map[string]bool{}
	for n, b := range s.Branch {
		at, when := fmt.Sprintf("steps[%d].branch[%d]", i, n), meaning(b.When)
		switch {
		case always(b.When) && n+1 < len(s.Branch):
			c.bad(at, "Put it last, or give it a condition.", "The branch is always taken, so those below it are never reached.")
		case never(b.When):
			c.bad(at, "Take it out, or change its condition.", "The branch is never reached: its condition never holds.")
		case seen[when]:
			c.bad(at, "Take it out, or change its condition.", "The branch is never reached: one above has the same condition.")
		}
		seen[when] = true
	}
}

// idle looks for a step that is empty.
func (c *checker) idle(i int, s Step) {
	if s.Set != nil && reflect.ValueOf(*s.Set).IsZero() {
		c.bad(fmt.Sprintf("steps[%d].set", i), "Write fields, tags, priority or the like.", "The step changes nothing.")
	}
}

// runs looks for workflows that run each other without end.
func (c *checker) runs(i int, s Step) {
	if s.Run == "" {
		return
	}
	at := fmt.Sprintf("steps[%d].run", i)
	if circle := c.known.round([]string{c.Name, s.Run}); circle != nil && s.Run != c.Name {
		c.bad(at, "Take one of these steps out.", "The workflows run each other in a circle: %s.", strings.Join(circle, " > "))
	} else if n := c.known.deep(s.Run, c.Name) + 1; n > mostDeep {
		c.bad(at, "Put the steps of some into one.", "Here %d workflows run each other, and %d are allowed.", n, mostDeep)
	}
}

// answerUse is where an expression names an answer.
type answerUse struct{ path, name string }

var answerName = regexp.MustCompile(`\banswers\.([\p{L}_][\p{L}\p{N}_]*)`)

func (c *checker) uses(path, text string) {
	for _, m := range answerName.FindAllStringSubmatch(text, -1) {
		c.asked = append(c.asked, answerUse{path, m[1]})
	}
}

// answers looks for names of answers that seem to be written wrong. Others may come from a workflow that runs this one.
func (c *checker) answers() {
	var given []string
	for _, s := range c.Steps {
		switch {
		case s.Run != "":
			return // which may bring answers of its own
		case s.Ask != nil:
			given = append(given, cmp.Or(s.Ask.As, s.Name))
		case s.HTTP != nil:
			for to := range s.HTTP.Save {
				if name, ok := strings.CutPrefix(to, "answers."); ok {
					given = append(given, name)
				}
			}
		}
	}
	for _, u := range c.asked {
		if !slices.Contains(given, u.name) && core.Nearest(u.name, given) != "" {
			c.bad(u.path, core.DidYouMean(u.name, given), "There is no answer %q.", u.name)
		}
	}
}

func (c *checker) hours(at string, s Fork) {
	c.target(at+".open", s.Open)
	c.target(at+".closed", s.Closed)
	if s == (Fork{}) {
		c.bad(at, "Write closed: and the step for that.", "The step leads the same way whether it is open or closed.")
	}
}

func (c *checker) run(at, workflow string) {
	c.named(at, "workflow", workflow, c.known.Workflows)
	if workflow == c.Name {
		c.bad(at, "Go to its first step instead, with next.", "The workflow runs itself.")
	}
}

func (c *checker) order(at string, s Buy) {
	c.phrase(at+".state", s.State, false)
	c.texts(at+".data", s.Data, false)
	for i, it := range s.Items {
		here := fmt.Sprintf("%s.items[%d]", at, i)
		if it.Product == "" {
			c.bad(here, "Write product: and what is ordered.", "The item has no product.")
		}
		for _, text := range []string{it.Product, it.Quantity, it.Price, it.Currency} {
			c.phrase(here, text, false)
		}
		for name, text := range map[string]string{"quantity": it.Quantity, "price": it.Price} {
			if n, err := strconv.ParseFloat(text, 64); text != "" && !holder.MatchString(text) && (err != nil || n < 0 || n == 0 && name == "quantity") {
				c.bad(here, "Write a number like 2 or 9.90, or a placeholder.", "%q cannot be the %s of an item.", text, name)
			}
		}
	}
}

func (c *checker) assign(at string, s Assign) {
	c.named(at+".agent", "agent", s.Agent, c.known.Agents)
	c.named(at+".team", "team", s.Team, c.known.Teams)
	c.span(at+".fallback", s.Fallback, time.Second, longestWait)
	if s.Agent != "" && (s.Previous || s.Dedicated != "") {
		c.bad(at+".agent", "Keep one of them.", "An agent is named, and looked for too.")
	}
	if s.Dedicated == "true" || s.Dedicated == "false" {
		c.bad(at+".dedicated", "Name the field that holds the agent's name, such as dedicated: owner.", "dedicated is the name of a contact's field.")
	}
	if s.Fallback != "" && !s.Previous && s.Dedicated == "" {
		c.bad(at+".fallback", "Take it out, or add previous or dedicated.", "There is nobody to wait for.")
	}
}

func (c *checker) wait(at string, s Wait) {
	set := 0
	for _, is := range []bool{s.For != "", s.Until != "", s.UntilOpen} {
		if is {
			set++
		}
	}
	if set != 1 {
		c.bad(at, "Write for: 10m, until: a time, or until_open: true.", "It is not clear how long to wait.")
	}
	c.span(at+".for", s.For, time.Second, longestWait)
	c.phrase(at+".until", s.Until, false)
	if s.Until != "" && !strings.Contains(s.Until, "{{") {
		if _, ok := parseTime(s.Until); !ok {
			c.bad(at+".until", "Write it like 2026-12-24 09:00.", "%q is not a time.", s.Until)
		}
	}
}

func (c *checker) notify(at string, s Notify) {
	if len(s.To) == 0 && !s.Assigned {
		c.bad(at, "Write to: [agent or team], assigned: true, or both.", "The mail goes to nobody.")
	}
	if strings.TrimSpace(s.Text) == "" {
		c.bad(at, "Write text: and what to say.", "The mail says nothing.")
	}
	c.phrase(at+".text", s.Text, false)
	if c.known.Agents == nil || c.known.Teams == nil {
		return
	}
	for _, to := range s.To {
		c.named(at+".to", "agent or team", to, slices.Concat(c.known.Agents, c.known.Teams))
	}
}

// key is what an option is answered by.
func (o Choice) key() string {
	if o.ID != "" {
		return o.ID
	}
	return o.Title.first()
}
