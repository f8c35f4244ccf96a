package config

import (
	"reflect"
	"strings"
	"sync"
	"time"

	"causeway/core"
)

const prefix = "CAUSEWAY_"

// key is one thing that can be set, as its field's tags say.
type key struct {
	name     string // "dkim.selector"
	index    []int  // of the field
	typ      reflect.Type
	kind     string // what its text must look like
	standard string
	choices  []string
	min, max string
	help     string
}

func (k key) env() string  { return prefix + strings.ToUpper(strings.ReplaceAll(k.name, ".", "_")) }
func (k key) secret() bool { return k.typ == reflect.TypeFor[core.Secret]() }
func (k key) list() bool   { return k.typ.Kind() == reflect.Slice }

// keys lists all of them, in the order of the struct.
var keys = sync.OnceValue(func() []key { return keysOf(reflect.TypeFor[Config](), "", nil) })

func keysOf(t reflect.Type, under string, at []int) []key {
	var all []key
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Tag.Get("key") == "" {
			continue
		}
		k := key{name: under + f.Tag.Get("key"), index: append(append([]int(nil), at...), i), typ: f.Type, kind: f.Tag.Get("kind"),
			standard: f.Tag.Get("default"), min: f.Tag.Get("min"), max: f.Tag.Get("max"), help: f.Tag.Get("help")}
		if c := f.Tag.Get("choice"); c != "" {
			k.choices = strings.Split(c, ",")
		}
		if f.Type == reflect.TypeFor[TLS]() || f.Type == reflect.TypeFor[DKIM]() || f.Type == reflect.TypeFor[Retain]() {
			all = append(all, keysOf(f.Type, k.name+".", k.index)...)
			continue
		}
		all = append(all, k)
	}
	return all
}

// find returns the key of a name. File says that it is meant to be read from the file that the value names.
func find(name string) (k key, file, ok bool) {
	for _, k := range keys() {
		if k.name == name {
			return k, false, true
		}
		if k.secret() && k.name+"_file" == name {
			return k, true, true
		}
	}
	return key{}, false, false
}

// group reports whether a name has keys below it.
func group(name string) bool {
	for _, k := range keys() {
		if strings.HasPrefix(k.name, name+".") {
			return true
		}
	}
	return false
}

// names lists what may be written under a prefix: with "" all keys.
func names(under string) []string {
	var all []string
	for _, k := range keys() {
		if rest, ok := strings.CutPrefix(k.name, under); ok {
			all = append(all, rest)
			if k.secret() {
				all = append(all, rest+"_file")
			}
		}
	}
	return all
}

// types says what a value must be, in words.
func (k key) types() string {
	switch {
	case k.list():
		return "a list"
	case k.typ.Kind() == reflect.Int:
		return "a whole number"
	case k.typ == reflect.TypeFor[time.Duration]():
		return "a time span like 30s or 5m"
	}
	return "a text"
}
