package config

import (
	"fmt"
	"strings"

	"causeway/config/remark"
	"causeway/core"

	"go.yaml.in/yaml/v3"
)

// parse reads the file's keys with their lines.
func parse(file string, raw []byte) (map[string]setting, []remark.Remark) {
	p := reader{file: file, all: map[string]setting{}}
	var doc yaml.Node
	if err := yaml.Unmarshal(raw, &doc); err != nil {
		p.wrong.Add(file, "", "Mind indentation, quotes and colons there.", "This is not YAML: %s.", core.YAMLFault(err))
		return nil, p.wrong.All
	}
	if line := core.SecondYAML(raw); line > 0 {
		p.wrong.Add(fmt.Sprintf("%s:%d", file, line), "", "Take the line --- out, or make a file of its own of what follows.", "A second document begins here, which nobody would read.")
	}
	if len(doc.Content) > 0 && doc.Content[0].Tag != "!!null" {
		p.mapping(doc.Content[0], "")
	}
	return p.all, p.wrong.All
}

type reader struct {
	file  string
	all   map[string]setting
	wrong remark.List
}

func (p *reader) place(n *yaml.Node) string { return fmt.Sprintf("%s:%d", p.file, n.Line) }

func (p *reader) mapping(n *yaml.Node, under string) {
	if n.Kind != yaml.MappingNode {
		p.wrong.Add(p.place(n), strings.TrimSuffix(under, "."), "Write lines of the form key: value.", "Here must be keys with values.")
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		at, value := n.Content[i], n.Content[i+1]
		name := under + at.Value
		k, viaFile, known := find(name)
		switch {
		case seen[name]:
			p.wrong.Add(p.place(at), name, "Keep one of them.", "The key %q is there twice.", at.Value)
		case group(name):
			if value.Tag != "!!null" {
				p.mapping(value, name+".")
			}
		case !known:
			p.wrong.Add(p.place(at), name, core.DidYouMean(at.Value, names(under)), "There is no key %q.", at.Value)
		case value.Tag == "!!null": // as if it were not there
		default:
			p.value(k, viaFile, name, value)
		}
		seen[name] = true
	}
}

func (p *reader) value(k key, viaFile bool, name string, n *yaml.Node) {
	s := setting{place: p.place(n), from: fmt.Sprintf("file %s, line %d", p.file, n.Line)}
	switch {
	case viaFile && n.Kind == yaml.ScalarNode:
		s.text = n.Value
	case k.list() && n.Kind == yaml.SequenceNode:
		s.list = []string{}
		for _, item := range n.Content {
			if item.Kind != yaml.ScalarNode {
				p.wrong.Add(p.place(item), name, "Write one text a line, behind a dash.", "An entry of %s must be a text.", name)
				return
			}
			s.list = append(s.list, item.Value)
		}
		s.text = strings.Join(s.list, ", ")
	case k.list() || n.Kind != yaml.ScalarNode:
		p.wrong.Add(p.place(n), name, example(k), "%s must be %s.", name, k.types())
		return
	default:
		s.text = n.Value
	}
	p.all[name] = s
}

func example(k key) string {
	switch {
	case k.list():
		return fmt.Sprintf("Write it like %s: [one, another].", k.name)
	case k.standard != "":
		return fmt.Sprintf("Write it like %s: %s.", k.name, k.standard)
	}
	return ""
}
