package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"causeway/config/remark"
	"causeway/core"

	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/v2"
)

// Options say where settings come from. The zero value means: no file unless CAUSEWAY_CONFIG names one, this process's environment, no flags.
type Options struct {
	File    string            // YAML; it must be there if it is named
	Environ []string          // "NAME=value"; nil means os.Environ()
	Flags   map[string]string // by key ("data_dir"), only those that were given; they may name the nested ones too ("dkim.domain")
}

// fileVariable names the file where no flag does.
const fileVariable = prefix + "CONFIG"

// setting is one value as it was written.
type setting struct {
	text  string
	list  []string // for lists
	place string   // "causeway.yaml:3", "CAUSEWAY_DATA_DIR", "--data-dir"
	from  string   // for Show: "file causeway.yaml, line 3"
}

// loader gathers the layers.
type loader struct {
	merged  *koanf.Koanf
	settled map[string]setting // the newest layer's, by key
	loose   map[string]core.Finding
	wrong   remark.List
}

// Load reads all layers. Its error is a *core.Problem with everything that is wrong.
func Load(o Options) (Config, error) {
	if o.Environ == nil {
		o.Environ = os.Environ()
	}
	if o.File == "" {
		o.File = lookup(o.Environ, fileVariable)
	}
	l := &loader{merged: koanf.New("."), settled: map[string]setting{}, loose: map[string]core.Finding{}}
	l.defaults()
	if o.File != "" {
		if err := l.file(o.File); err != nil {
			return Config{}, err
		}
	}
	l.environment(o.Environ)
	l.flags(o.Flags)
	c := l.build(o.Environ)
	return c, l.wrong.Err("the configuration")
}

// layer puts settings over those before.
func (l *loader) layer(all map[string]setting) {
	values := map[string]any{}
	for name, s := range all {
		values[name] = s.text
		if s.list != nil {
			values[name] = s.list
		}
		l.settled[name] = s
	}
	_ = l.merged.Load(confmap.Provider(values, "."), nil) // a map cannot fail to be read
}

func (l *loader) defaults() {
	all := map[string]setting{}
	for _, k := range keys() {
		all[k.name] = setting{text: k.standard, place: k.name, from: "default"}
	}
	l.layer(all)
}

func (l *loader) file(path string) error {
	raw, err := os.ReadFile(path)
	if err != nil {
		return missing(path, err)
	}
	all, wrong := parse(filepath.Base(path), raw)
	l.wrong.All = append(l.wrong.All, wrong...)
	l.layer(l.follow(all))
	l.guard(path, all)
	return nil
}

func missing(path string, err error) error {
	p := core.Problem{Code: core.CodeInvalid, Err: err, Detail: fmt.Sprintf("The configuration file %s cannot be read: %v.", path, cause(err)),
		Remedy: "Check its owner and mode."}
	if errors.Is(err, fs.ErrNotExist) {
		p.Detail = fmt.Sprintf("There is no configuration file %s.", path)
		p.Remedy = "Check the name, or leave out --config and " + fileVariable + " to start with the defaults."
	}
	return &p
}

func cause(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// guard remarks that a file with a password in it can be read by everybody.
func (l *loader) guard(path string, all map[string]setting) {
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm()&0o004 == 0 {
		return
	}
	for name, s := range all {
		if k, viaFile, ok := find(name); ok && k.secret() && !viaFile && strings.Contains(s.text, "@") {
			l.loose[k.name] = core.Finding{Subject: k.name, Level: core.HealthWarning,
				Detail: fmt.Sprintf("The password in %s can be read by every user of this machine.", path),
				Remedy: fmt.Sprintf("Run: chmod 640 %s, or keep the value in a file of its own and name that in %s_file.", path, k.name)}
		}
	}
}

// follow reads the files that secrets were said to be in.
func (l *loader) follow(all map[string]setting) map[string]setting {
	out := map[string]setting{}
	for name, s := range all {
		k, viaFile, _ := find(name)
		if !viaFile {
			out[name] = s
			continue
		}
		if _, both := all[k.name]; both {
			l.wrong.Add(s.place, name, "Keep one of them.", "Both %s and %s are set.", k.name, name)
			continue
		}
		raw, err := os.ReadFile(s.text)
		if err != nil {
			l.wrong.Add(s.place, name, "Check its name, owner and mode.", "The file %s cannot be read: %v.", s.text, cause(err))
			continue
		}
		out[k.name] = setting{text: strings.TrimSpace(string(raw)), place: s.place, from: s.from + ", file " + s.text}
	}
	return out
}
