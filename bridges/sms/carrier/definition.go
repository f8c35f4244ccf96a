package carrier

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"causeway/core"
)

//go:embed presets/*.json
var presetFiles embed.FS

// definition is a provider in data. Its zero fields mean what their comments say.
type definition struct {
	Title string   `json:"title"` // of the provider
	Docs  string   `json:"docs"`
	Setup string   `json:"setup"` // where at the provider the channel's address is entered, for people
	Base  string   `json:"base"`  // where the provider is, unless the channel says otherwise
	Needs []string `json:"needs"` // settings that must be there, also as extra.NAME

	Numbers struct {
		To      string `json:"to"`      // how numbers are written: plus (default), digits, national
		From    string `json:"from"`    // likewise the channel's own; as-is (default) as the admin wrote it
		Receive string `json:"receive"` // auto (default), international: with the country's prefix, perhaps without +
	} `json:"numbers"`
	Text struct {
		Limit int      `json:"limit"` // default: 10 segments
		Unit  string   `json:"unit"`  // segments, characters, utf-16, bytes
		Clean []string `json:"clean"` // filters over what is sent
	} `json:"text"`
	Media struct {
		As    string   `json:"as"`    // none (default), link: in the text, file: the requests use {media_url}
		MIME  []string `json:"mime"`  // of files; empty: any
		Bytes int64    `json:"bytes"` // default: 5 MB
	} `json:"media"`

	Send   []request `json:"send"` // the first whose condition is met is made
	Answer answer    `json:"answer"`
	Errors []refusal `json:"errors"` // in answers to a send
	// Undelivered says what the codes in receipts mean, which are mostly other ones.
	Undelivered []refusal `json:"undelivered"`
	Tables      values    `json:"tables"` // the pages, the provider's or a standard's, that these tables follow
	Hooks       []hook    `json:"hooks"`
	Sign        sign      `json:"sign"`

	Check     queries   `json:"check"`     // ask something that shows whether the credentials work; the first whose condition is met is made
	Subscribe []request `json:"subscribe"` // enter the channel's address at the provider
	Rate      float64   `json:"rate"`      // messages a second; zero: unlimited

	Extends string `json:"extends"` // a preset that this one changes
}

// request is a call to the provider.
type request struct {
	When    condition         `json:"when"`
	Method  string            `json:"method"` // default: POST with a body, else GET
	URL     string            `json:"url"`
	Query   map[string]values `json:"query"`
	Headers map[string]string `json:"headers"`
	Auth    *struct {
		User     string `json:"user"`
		Password string `json:"password"`
	} `json:"auth"` // basic
	Form map[string]values `json:"form"`
	JSON any               `json:"json"`
	XML  string            `json:"xml"` // values are escaped
	Body string            `json:"body"`
	Type string            `json:"type"` // of the body, where the default will not do
}

// query is a call that only asks.
type query struct {
	request
	Unclear []int `json:"unclear"` // statuses that do not tell bad credentials from ones that may send, but not ask
}

// queries is one, or several.
type queries []query

// UnmarshalJSON implements json.Unmarshaler.
func (q *queries) UnmarshalJSON(raw []byte) error {
	if raw = bytes.TrimSpace(raw); bytes.HasPrefix(raw, []byte("{")) {
		raw = slices.Concat([]byte("["), raw, []byte("]"))
	}
	var all []query
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&all); err != nil {
		return err
	}
	*q = all
	return nil
}

// values is one text, or several.
type values []string

// UnmarshalJSON implements json.Unmarshaler.
func (v *values) UnmarshalJSON(raw []byte) error {
	var one string
	if json.Unmarshal(raw, &one) == nil {
		*v = values{one}
		return nil
	}
	if json.Unmarshal(raw, (*[]string)(v)) != nil {
		return errors.New("a field is a text, or a list of texts")
	}
	return nil
}

// answer says what a provider's answer to a send means.
type answer struct {
	Read    string    `json:"read"`    // default: auto
	OK      condition `json:"ok"`      // beside a status of success
	ID      paths     `json:"id"`      // ={key}: the provider gives none, or takes ours
	Pattern string    `json:"pattern"` // over the whole answer, with groups named id, code, words
	Code    paths     `json:"code"`
	Words   paths     `json:"words"` // the provider's own, on an error

	pattern *regexp.Regexp
}

// refusal says what an error means. Every condition given must be met.
type refusal struct {
	Code   expected    `json:"code"`
	HTTP   []int       `json:"http"`
	Match  string      `json:"match"` // within the provider's words or answer, in any case
	Effect core.Effect `json:"effect"`
	Wait   string      `json:"wait"` // as in 5s, 2m
	Reason string      `json:"reason"`
	Remedy string      `json:"remedy"`

	wait time.Duration
}

// hook is a kind of call from the provider. The first whose condition is met reads it.
type hook struct {
	On     condition `json:"on"`
	Read   string    `json:"read"` // default: auto
	Each   *string   `json:"each"` // path of the pieces of a batch; "" for a body that is a list, absent: the body is one piece
	Rules  []rule    `json:"rules"`
	Answer struct {
		Status int    `json:"status"`
		Type   string `json:"type"`
		Body   string `json:"body"`
	} `json:"answer"`

	each []string
}

// rule turns a piece into what happened. The first whose condition is met does.
type rule struct {
	When condition `json:"when"`
	Kind string    `json:"kind"` // message, receipt, stop for who is on the provider's list of those that get nothing, or ignore for what is of no use

	ID   paths `json:"id"`
	At   paths `json:"at"`
	From paths `json:"from"`
	To   paths `json:"to"`

	Text      paths    `json:"text"`
	Lines     bool     `json:"lines"` // all texts found are lines of one message
	Decode    []decode `json:"decode"`
	Name      paths    `json:"name"`
	Media     paths    `json:"media"`      // addresses
	MediaData paths    `json:"media_data"` // files themselves, in base64
	Latitude  paths    `json:"latitude"`
	Longitude paths    `json:"longitude"`
	Type      paths    `json:"type"` // what it is, where nothing of it can be shown
	Join      *join    `json:"join"` // of a long message that comes in parts

	Status   paths             `json:"status"`
	Statuses map[string]string `json:"statuses"` // the provider's words to sent, delivered, read, failed, ignore
	Code     paths             `json:"code"`
	Words    paths             `json:"words"`
	Pattern  string            `json:"pattern"` // over the words, with a group named code: the words are not for people then
	Part     paths             `json:"part"`    // our own key

	pattern *regexp.Regexp
}

// join says which part of which message a piece is: by fields of the provider's, or by the header within the message itself, in hex.
type join struct {
	UDH   paths `json:"udh"`
	Ref   paths `json:"ref"`
	Part  paths `json:"part"` // from 1
	Total paths `json:"total"`
}

// decode says how a text is encoded. The first whose condition is met applies.
type decode struct {
	When  condition `json:"when"`
	Steps []string  `json:"steps"` // percent, base64, hex, latin1, utf16be, gsm7
}

// presets returns the names of the definitions that come along.
func presets() []string {
	files, err := fs.Glob(presetFiles, "presets/*.json")
	if err != nil {
		panic(err) // the pattern is a constant
	}
	for i, f := range files {
		files[i] = strings.TrimSuffix(strings.TrimPrefix(f, "presets/"), ".json")
	}
	return files
}

// define reads a definition: a preset, or what an admin wrote, on top of a preset if it extends one.
func define(preset, own string) (*definition, error) {
	d := &definition{}
	if strings.TrimSpace(own) != "" {
		var on struct{ Extends string }
		if err := json.Unmarshal([]byte(own), &on); err != nil {
			return nil, readable(own, err)
		}
		if on.Extends != "" {
			preset = on.Extends
		}
	}
	if preset != "" && preset != custom {
		raw, err := presetFiles.ReadFile("presets/" + preset + ".json")
		if err != nil {
			return nil, fmt.Errorf("there is no preset %q; there are: %s", preset, strings.Join(presets(), ", "))
		}
		if err := strict(string(raw), d); err != nil {
			return nil, fmt.Errorf("preset %s: %w", preset, err)
		}
	}
	if strings.TrimSpace(own) != "" {
		if err := strict(own, d); err != nil {
			return nil, err
		}
	}
	return d, d.prepare()
}

const custom = "custom"

func strict(raw string, into *definition) error {
	dec := json.NewDecoder(strings.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return readable(raw, err)
	}
	return nil
}

// readable says in a person's words, and with the line, where JSON is wrong.
func readable(raw string, err error) error {
	line := func(offset int64) int { return 1 + bytes.Count([]byte(raw)[:min(int(offset), len(raw))], []byte("\n")) }
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return fmt.Errorf("line %d is no JSON: %s", line(syntax.Offset), syntax.Error())
	case errors.As(err, &kind):
		return fmt.Errorf("line %d: %q must not be a %s", line(kind.Offset), kind.Field, kind.Value)
	}
	return errors.New(strings.TrimPrefix(err.Error(), "json: "))
}

// prepare checks all that can be checked without the provider, and fills in the defaults.
func (d *definition) prepare() error {
	if d.Title == "" {
		d.Title = "The provider"
	}
	for _, check := range []func() error{d.prepareNumbers, d.prepareText, d.prepareSend, d.prepareAnswer, d.prepareErrors, d.prepareHooks, d.Sign.prepare} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func oneOf(where, value string, allowed ...string) error {
	if slices.Contains(allowed, value) {
		return nil
	}
	return fmt.Errorf("%s is %q; it must be one of: %s", where, value, strings.Trim(strings.Join(allowed, ", "), ", "))
}

func (d *definition) prepareNumbers() error {
	return errors.Join(oneOf("numbers.to", d.Numbers.To, "", "plus", "digits", "national"), oneOf("numbers.from", d.Numbers.From, "", "as-is", "plus", "digits", "national"),
		oneOf("numbers.receive", d.Numbers.Receive, "", "auto", "international"))
}

func (d *definition) prepareText() error {
	if d.Text.Limit == 0 {
		d.Text.Limit = 10
	}
	for _, f := range d.Text.Clean {
		if !aFilter(f) {
			return fmt.Errorf("text.clean uses the filter %q, which does not exist", f)
		}
	}
	if d.Text.Limit < 0 || d.Text.Limit > 100_000 {
		return errors.New("text.limit is no sensible limit")
	}
	if d.Media.Bytes == 0 {
		d.Media.Bytes = 5 << 20
	}
	return errors.Join(oneOf("text.unit", d.Text.Unit, "", "segments", "characters", "utf-16", "bytes"), oneOf("media.as", d.Media.As, "", "none", "link", "file"))
}

func (d *definition) unit() core.Unit {
	switch d.Text.Unit {
	case "characters":
		return core.UnitRunes
	case "utf-16":
		return core.UnitUTF16
	case "bytes":
		return core.UnitBytes
	}
	return core.UnitSegments
}

func (d *definition) prepareSend() error {
	if len(d.Send) == 0 {
		return errors.New(`the definition has no "send": it must say how a message is sent`)
	}
	for i := range d.Send {
		if err := d.Send[i].prepare("send." + strconv.Itoa(i)); err != nil {
			return err
		}
	}
	for i := range d.Subscribe {
		if err := d.Subscribe[i].prepare("subscribe." + strconv.Itoa(i)); err != nil {
			return err
		}
	}
	for i := range d.Check {
		if err := d.Check[i].prepare("check." + strconv.Itoa(i)); err != nil {
			return err
		}
	}
	return nil
}

func (d *definition) prepareAnswer() error {
	a := &d.Answer
	if a.Pattern != "" {
		var err error
		if a.pattern, err = regexp.Compile(a.Pattern); err != nil {
			return fmt.Errorf("answer.pattern is no regular expression: %w", err)
		}
	}
	if len(a.ID) == 0 && (a.pattern == nil || a.pattern.SubexpIndex("id") < 0) {
		return errors.New(`answer.id is missing: say where the message's id is, or "={key}" if there is none`)
	}
	return errors.Join(oneOf("answer.read", a.Read, append(ways(), "")...), a.OK.prepare("answer.ok"))
}

func (d *definition) prepareErrors() error {
	return errors.Join(prepareRefusals(d.Errors, "errors."), prepareRefusals(d.Undelivered, "undelivered."))
}

func prepareRefusals(table []refusal, name string) error {
	effects := []string{string(core.EffectFail), string(core.EffectRetry), string(core.EffectSlowPeer), string(core.EffectSlow), string(core.EffectPark), string(core.EffectStop),
		string(core.EffectBlock)}
	for i := range table {
		r, where := &table[i], name+strconv.Itoa(i)
		if err := oneOf(where+".effect", string(r.Effect), effects...); err != nil {
			return err
		}
		if len(r.Code) == 0 && len(r.HTTP) == 0 && r.Match == "" {
			return fmt.Errorf("%s says neither code nor http nor match", where)
		}
		if r.Wait != "" {
			var err error
			if r.wait, err = time.ParseDuration(r.Wait); err != nil || r.wait < 0 || r.wait > 24*time.Hour {
				return fmt.Errorf("%s.wait is no time up to a day, such as 5s", where)
			}
		}
	}
	return nil
}

func (d *definition) prepareHooks() error {
	for i := range d.Hooks {
		h, where := &d.Hooks[i], "hooks."+strconv.Itoa(i)
		if err := errors.Join(oneOf(where+".read", h.Read, append(ways(), "")...), h.On.prepare(where+".on")); err != nil {
			return err
		}
		if h.Each != nil {
			h.each = steps(*h.Each)
		}
		for j := range h.Rules {
			if err := h.Rules[j].prepare(where + ".rules." + strconv.Itoa(j)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c condition) prepare(where string) error {
	for p := range c {
		if _, err := readPath(p); err != nil {
			return fmt.Errorf("%s: %w", where, err)
		}
	}
	return nil
}

func (r *rule) prepare(where string) error {
	if err := errors.Join(oneOf(where+".kind", r.Kind, "message", "receipt", "stop", "ignore"), r.When.prepare(where+".when")); err != nil {
		return err
	}
	switch {
	case (r.Kind == "message" || r.Kind == "stop") && len(r.From) == 0:
		return fmt.Errorf("%s.from is missing: say where the sender is", where)
	case r.Kind == "receipt" && len(r.ID) == 0 && len(r.Part) == 0:
		return fmt.Errorf("%s says neither id nor part: a receipt must name its message", where)
	case r.Kind == "receipt" && len(r.Status) == 0:
		return fmt.Errorf("%s.status is missing: say where the status is", where)
	}
	if r.Pattern != "" {
		var err error
		if r.pattern, err = regexp.Compile(r.Pattern); err != nil || r.pattern.SubexpIndex("code") < 0 {
			return fmt.Errorf("%s.pattern is no regular expression with a group named code", where)
		}
	}
	for word, status := range r.Statuses {
		if err := oneOf(where+".statuses."+word, status, "sent", "delivered", "read", "failed", "ignore"); err != nil {
			return err
		}
	}
	for _, d := range r.Decode {
		for _, step := range d.Steps {
			if err := oneOf(where+".decode", step, "percent", "base64", "hex", "latin1", "utf16be", "gsm7"); err != nil {
				return err
			}
		}
	}
	return nil
}
