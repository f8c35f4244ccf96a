package business

import (
	"fmt"
	"slices"

	"causeway/config/remark"
	"causeway/core"

	"go.yaml.in/yaml/v3"
)

// Parse reads a business file. Infos are the bridges that there are; env and readFile give the values of {env: NAME} and {file: PATH}, where a
// path is relative to the folder of the business file. The error is a *core.Problem with everything that is wrong.
func Parse(file string, raw []byte, infos []core.Info, env func(string) (string, bool), readFile func(string) ([]byte, error)) (File, error) {
	r := &reader{path: file, infos: infos, env: env, readFile: readFile, out: File{Name: file}}
	var doc yaml.Node
	if err := yaml.Unmarshal(raw, &doc); err != nil {
		r.wrong.Add(file, "", "Mind indentation, quotes and colons there.", "This is not YAML: %s.", core.YAMLFault(err))
		return File{}, r.wrong.Err(file)
	}
	r.single(raw)
	if len(doc.Content) == 0 || empty(doc.Content[0]) {
		r.wrong.Add(file, "", "Start from config/business.example.yaml.", "The file is empty.")
		return File{}, r.wrong.Err(file)
	}
	r.fields(doc.Content[0], "the file", map[string]field{
		"workspace": func(_, n *yaml.Node) { r.out.Workspace = r.name(n, "workspace") },
		"channels":  r.each("channels", r.channel),
		"agents":    r.each("agents", r.agent),
		"teams":     r.each("teams", r.team),
		"workflows": r.each("workflows", r.workflow),
		"webhooks":  r.each("webhooks", r.webhook),
		"forwards": func(k, n *yaml.Node) {
			r.out.forwards = true
			r.each("forwards", r.forward)(k, n)
		},
		"assignment": func(_, n *yaml.Node) { r.out.assigns = true; r.desk(n) },
		"hours":      func(_, n *yaml.Node) { r.out.receives, r.out.Reception.Hours = true, r.hours(n) },
		"care":       r.care,
		"messages":   func(_, n *yaml.Node) { r.out.receives = true; r.messages(n) },
	})
	r.settle()
	if err := r.wrong.Err(file); err != nil {
		return File{}, err
	}
	return r.out, nil
}

// single remarks what a file has behind the line that ends it.
func (r *reader) single(raw []byte) {
	if line := core.SecondYAML(raw); line > 0 {
		r.wrong.Add(fmt.Sprintf("%s:%d", r.path, line), "", "Take the line --- out, or make a file of its own of what follows.", "A second document begins here, which nobody would read.")
	}
}

// reader walks the file.
type reader struct {
	path     string
	infos    []core.Info
	env      func(string) (string, bool)
	readFile func(string) ([]byte, error)
	out      File
	wrong    remark.List
	refs     []ref // names to be looked up once all is read
}

// ref is a place where the file names something that it must define.
type ref struct{ thing, name, place string }

// settle looks up what was named.
func (r *reader) settle() {
	known := map[string][]string{}
	for _, a := range r.out.Agents {
		known["agent"] = append(known["agent"], a.Name)
	}
	for _, t := range r.out.Teams {
		known["team"] = append(known["team"], t.Name)
	}
	for _, c := range r.out.Channels {
		known["channel"] = append(known["channel"], c.Name)
	}
	for _, ref := range r.refs {
		if !slices.Contains(known[ref.thing], ref.name) {
			remedy := core.DidYouMean(ref.name, known[ref.thing])
			if len(known[ref.thing]) == 0 {
				remedy = "Add one under " + ref.thing + "s."
			}
			r.wrong.Add(ref.place, ref.thing, remedy, "There is no %s %q in this file.", ref.thing, ref.name)
		}
	}
}
