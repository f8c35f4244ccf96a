package workflow

import (
	"embed"
	"encoding/json"
	"fmt"
	"path"
	"strings"
)

//go:embed templates/*.yaml
var templates embed.FS

// Templates are workflows to start from, by name.
func Templates() []Definition {
	files, _ := templates.ReadDir("templates") // embedded, so it is there
	var all []Definition
	for _, f := range files {
		text, _ := TemplateText(strings.TrimSuffix(f.Name(), ".yaml"))
		defs, err := Read(f.Name(), []byte(text), Known{})
		if err == nil { // which a test sees to
			all = append(all, defs...)
		}
	}
	return all
}

// TemplateText is the file of one.
func TemplateText(name string) (string, bool) {
	raw, err := templates.ReadFile(path.Join("templates", path.Base(name)+".yaml"))
	return string(raw), err == nil
}

// Decode reads a definition as it is kept.
func Decode(raw []byte) (Definition, error) {
	var d Definition
	if err := json.Unmarshal(raw, &d); err != nil {
		return d, fmt.Errorf("read workflow: %w", err)
	}
	return d, nil
}
