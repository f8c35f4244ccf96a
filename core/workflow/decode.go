package workflow

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"causeway/core"

	"go.yaml.in/yaml/v3"
)

// Fault is one thing that is wrong with a workflow.
type Fault struct {
	Line   int    // in its file; zero: nowhere in particular
	Step   string // in words; empty: not in a step
	Detail string // a sentence
	Remedy string // a sentence
}

func (f Fault) String() string {
	s := f.Detail
	if f.Step != "" {
		s = f.Step + ": " + s
	}
	if f.Remedy != "" {
		s += " " + f.Remedy
	}
	return s
}

// faulty makes all that is wrong into one error for people; nil if nothing is.
func faulty(file string, all []Fault) error {
	if len(all) == 0 {
		return nil
	}
	lines := make([]string, len(all))
	for i, f := range all {
		lines[i] = fmt.Sprintf("%s:%d: %s", file, f.Line, f)
		if f.Line == 0 {
			lines[i] = file + ": " + f.String()
		}
	}
	if len(lines) == 1 {
		return core.Problemf(core.CodeInvalid, "%s", lines[0])
	}
	return core.Problemf(core.CodeInvalid, "%s has %d problems:\n  %s", file, len(lines), strings.Join(lines, "\n  "))
}

// Read reads a file of one workflow, or of several below the key workflows. Its error is a *core.Problem with everything that is wrong.
func Read(file string, raw []byte, known Known) ([]Definition, error) {
	entries, err := entriesOf(file, raw)
	if err != nil {
		return nil, err
	}
	var defs []Definition
	var wrong []Fault
	known = known.With(entries...)
	for _, n := range entries {
		d, bad := Parse(n, known)
		wrong = append(wrong, bad...)
		defs = append(defs, d)
	}
	return defs, faulty(file, wrong)
}

// WithFiles also knows the workflows of files that are about to be read, as far as they can be.
func (k Known) WithFiles(files ...[]byte) Known {
	for _, raw := range files {
		entries, _ := entriesOf("", raw) // which Read tells
		k = k.With(entries...)
	}
	return k
}

// entriesOf are the workflows of a file, which is one, or a list of them below workflows.
func entriesOf(file string, raw []byte) ([]*yaml.Node, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(raw, &doc); err != nil {
		return nil, faulty(file, []Fault{notYAML(err)})
	}
	if len(doc.Content) == 0 || doc.Content[0].Tag == "!!null" {
		return nil, faulty(file, []Fault{{Detail: "The file is empty.", Remedy: "Start from one of: causeway workflow template list."}})
	}
	if line := core.SecondYAML(raw); line > 0 {
		return nil, faulty(file, []Fault{{Line: line, Detail: "A second document begins here, which nobody would read.", Remedy: "Write several workflows as a list below workflows."}})
	}
	root := doc.Content[0]
	entries := []*yaml.Node{root}
	if list := value(root, "workflows"); list != nil {
		if list.Kind != yaml.SequenceNode {
			return nil, faulty(file, []Fault{{Line: list.Line, Detail: "Workflows must be a list.", Remedy: "Write each entry behind a dash."}})
		}
		entries = list.Content
	}
	return entries, nil
}

func notYAML(err error) Fault {
	return Fault{Detail: "This is not YAML: " + core.YAMLFault(err) + ".", Remedy: "Mind indentation, colons and brackets there, and put texts with ? : , { or } in quotes."}
}

// value finds the value of a key of a mapping.
func value(n *yaml.Node, key string) *yaml.Node {
	for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

// Parse reads and checks one workflow.
func Parse(n *yaml.Node, known Known) (Definition, []Fault) {
	d := &decoder{lines: map[string]int{"": n.Line}}
	var def Definition
	d.take(n, reflect.ValueOf(&def).Elem(), "", "a workflow")
	if len(d.wrong) > 0 {
		for i := range d.wrong {
			d.wrong[i].Step = stepAt(def, d.where[i])
		}
		return def, d.wrong
	}
	c := compile(def, known, d.lines)
	c.sense()
	return def, c.wrong
}

// decoder fills structs from YAML, strictly, and remembers on which line everything stands.
type decoder struct {
	lines map[string]int // by path
	wrong []Fault
	where []string // the paths of wrong
}

func (d *decoder) bad(n *yaml.Node, path, remedy, detail string, args ...any) {
	d.wrong, d.where = append(d.wrong, Fault{Line: n.Line, Detail: fmt.Sprintf(detail, args...), Remedy: remedy}), append(d.where, path)
}

func (d *decoder) take(n *yaml.Node, v reflect.Value, path, what string) {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if _, there := d.lines[path]; !there {
		d.lines[path] = n.Line
	}
	switch {
	case n.Tag == "!!null" && v.Kind() != reflect.Pointer: // a key without a value counts as not there
	case v.Type() == reflect.TypeFor[Text]():
		d.text(n, v, path, what)
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		if n.Tag != "!!null" { // close: may stand alone
			d.take(n, v.Elem(), path, what)
		}
	case v.Kind() == reflect.Struct:
		d.fields(n, v, path, what)
	case v.Kind() == reflect.Slice:
		d.list(n, v, path, what)
	case v.Kind() == reflect.Map:
		d.texts(n, v, path, what)
	default:
		d.scalar(n, v, path, what)
	}
}

func (d *decoder) fields(n *yaml.Node, v reflect.Value, path, what string) {
	if n.Kind != yaml.MappingNode {
		d.bad(n, path, form(v.Type(), n), "%s must have keys with values.", upper(what))
		return
	}
	known := map[string]int{}
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		known[name] = i
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, field := n.Content[i].Value, n.Content[i+1]
		at, ok := known[k]
		switch {
		case seen[k]:
			d.bad(n.Content[i], path, "Keep one of them.", "%s has the key %q twice.", upper(what), k)
		case !ok:
			d.bad(n.Content[i], path, core.DidYouMean(k, keysOf(known)), "%s has no key %q.", upper(what), k)
		default:
			d.lines[join(path, k)] = n.Content[i].Line
			d.take(field, v.Field(at), join(path, k), called(k, path))
		}
		seen[k] = true
	}
}

// form shows how something is written that has keys with values, with a single value in its place.
func form(t reflect.Type, n *yaml.Node) string {
	key, ok := map[reflect.Type]string{reflect.TypeFor[Trigger](): "event", reflect.TypeFor[Ask](): "text", reflect.TypeFor[Send](): "text", reflect.TypeFor[Call](): "url",
		reflect.TypeFor[Assign](): "team", reflect.TypeFor[Wait](): "for", reflect.TypeFor[Closing](): "text", reflect.TypeFor[Case](): "to"}[t]
	if !ok || n.Kind != yaml.ScalarNode || n.Value == "" {
		return "Write lines of the form key: value."
	}
	return fmt.Sprintf("Write {%s: %s}.", key, n.Value)
}

// called names what stands under a key.
func called(key, path string) string {
	if key == "steps" && path != "" {
		return "a line"
	}
	if one, ok := map[string]string{"steps": "a step", "on": "a trigger", "options": "an option", "branch": "a branch", "items": "an item", "cases": "a case"}[key]; ok {
		return one
	}
	return key
}

func keysOf(m map[string]int) []string {
	all := make([]string, 0, len(m))
	for k := range m {
		all = append(all, k)
	}
	slices.Sort(all)
	return all
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// list takes a list; a single entry may stand alone.
func (d *decoder) list(n *yaml.Node, v reflect.Value, path, what string) {
	entries := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		entries = n.Content
	} else if path == "steps" {
		d.bad(n, path, "Write each step behind a dash.", "Steps must be a list.")
		return
	}
	for i, e := range entries {
		item := reflect.New(v.Type().Elem()).Elem()
		at := fmt.Sprintf("%s[%d]", path, i)
		if item.Type() == reflect.TypeFor[Choice]() && e.Kind == yaml.ScalarNode { // a title alone
			d.take(e, item.FieldByName("Title"), at, what)
		} else {
			d.take(e, item, at, what)
		}
		v.Set(reflect.Append(v, item))
	}
}

func (d *decoder) text(n *yaml.Node, v reflect.Value, path, what string) {
	if n.Kind == yaml.ScalarNode {
		v.Set(reflect.ValueOf(Text{"": n.Value}))
		return
	}
	d.texts(n, v, path, what)
}

func (d *decoder) texts(n *yaml.Node, v reflect.Value, path, what string) {
	if n.Kind != yaml.MappingNode {
		if v.Type() == reflect.TypeFor[Text]() {
			d.bad(n, path, "Write {en: Hello, ar: أهلًا}, or a text alone.", "%s must be a text, or one for each language.", upper(what))
			return
		}
		d.bad(n, path, "Write lines of the form key: value.", "%s must have keys with values.", upper(what))
		return
	}
	all := map[string]string{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i+1].Kind != yaml.ScalarNode {
			d.bad(n.Content[i+1], path, "Write key: value.", "%s of %s must be a text.", upper(n.Content[i].Value), what)
			continue
		}
		d.lines[join(path, n.Content[i].Value)] = n.Content[i].Line
		all[n.Content[i].Value] = n.Content[i+1].Value
	}
	v.Set(reflect.ValueOf(all).Convert(v.Type()))
}

func (d *decoder) scalar(n *yaml.Node, v reflect.Value, path, what string) {
	if n.Kind != yaml.ScalarNode {
		d.bad(n, path, fmt.Sprintf("Write it like %s: value.", what), "%s must be a single value.", upper(what))
		return
	}
	if v.Kind() == reflect.String {
		v.SetString(n.Value)
		return
	}
	var err error
	switch v.Kind() {
	case reflect.Bool:
		if n.Tag != "!!bool" {
			err = errors.New("no truth value")
			break
		}
		err = n.Decode(v.Addr().Interface())
	default:
		err = n.Decode(v.Addr().Interface())
	}
	if err != nil {
		kind := map[reflect.Kind]string{reflect.Bool: "true or false", reflect.Int: "a whole number", reflect.Float64: "a number"}[v.Kind()]
		d.bad(n, path, "", "%s must be %s, not %q.", upper(what), kind, n.Value)
	}
}

func upper(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// stepAt names the step that a path leads into.
func stepAt(def Definition, path string) string {
	var i int
	if n, _ := fmt.Sscanf(path, "steps[%d]", &i); n != 1 {
		return ""
	}
	if i < len(def.Steps) && def.Steps[i].Name != "" {
		return fmt.Sprintf("step %q", def.Steps[i].Name)
	}
	return fmt.Sprintf("step %d", i+1)
}
