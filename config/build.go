package config

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"strconv"
	"time"

	"causeway/config/remark"
	"causeway/core"
)

// build makes the Config of what was merged.
func (l *loader) build(environ []string) Config {
	c := Config{origin: map[string]string{}, shown: map[string]string{}, loose: l.loose}
	v := reflect.ValueOf(&c).Elem()
	for _, k := range keys() {
		s := l.settled[k.name]
		s.text, s.list = l.merged.String(k.name), l.merged.Strings(k.name)
		if s.from == "default" {
			s.text = l.expand(s.text, environ)
		}
		c.origin[k.name], c.shown[k.name] = s.from, k.show(s)
		if s.from != "default" && s.text == "" && len(s.list) == 0 && k.standard != "" && !k.list() {
			l.wrong.Add(s.place, k.name, fmt.Sprintf("Give it a value, or leave it out for %s.", k.standard), "%s is empty.", k.name)
			continue
		}
		err := k.set(v.FieldByIndex(k.index), s)
		if s.from == "default" && len(l.wrong.All) > 0 {
			err = nil // it is made of another value, which is wrong and has been said
		}
		if err != nil {
			l.wrong.All = append(l.wrong.All, remark.Remark{Place: s.place, Field: k.name, Detail: err.detail, Remedy: err.remedy})
		}
	}
	return c
}

var reference = regexp.MustCompile(`<([a-z_. ]+)>`)

// expand puts the values of other keys into a default. Without the other's value there is no default.
func (l *loader) expand(text string, environ []string) string {
	missing := false
	out := reference.ReplaceAllStringFunc(text, func(m string) string {
		name := m[1 : len(m)-1]
		value := ""
		if name == "user data" {
			value = userData(environ)
		} else if s := l.settled[name]; s.from == "default" {
			value = l.expand(s.text, environ)
		} else {
			value = s.text
		}
		missing = missing || value == ""
		return value
	})
	if missing {
		return ""
	}
	return out
}

// userData is where programs keep the data of the user they run as.
func userData(environ []string) string {
	home, _ := os.UserHomeDir()
	switch {
	case lookup(environ, "XDG_DATA_HOME") != "":
		return lookup(environ, "XDG_DATA_HOME")
	case runtime.GOOS == "windows":
		return lookup(environ, "LocalAppData")
	case os.Geteuid() == 0:
		return "/var/lib"
	case home == "":
		return "."
	case runtime.GOOS == "darwin":
		return filepath.Join(home, "Library", "Application Support")
	}
	return filepath.Join(home, ".local", "share")
}

// fault is what is wrong with a value.
type fault struct{ detail, remedy string }

func faulty(remedy, detail string, args ...any) *fault {
	return &fault{fmt.Sprintf(detail, args...), remedy}
}

// set puts a value into its field.
func (k key) set(f reflect.Value, s setting) *fault {
	switch f.Interface().(type) {
	case core.Secret:
		f.Set(reflect.ValueOf(core.NewSecret(s.text)))
		return k.check(s.text)
	case []netip.Prefix:
		return k.setNetworks(f, s.list)
	case []string:
		for _, item := range s.list {
			if err := k.check(item); err != nil {
				return err
			}
		}
		f.Set(reflect.ValueOf(s.list))
		return nil
	case int:
		return k.setNumber(f, s.text)
	case time.Duration:
		return k.setSpan(f, s.text)
	}
	f.SetString(s.text)
	return k.check(s.text)
}

func (k key) setNumber(f reflect.Value, text string) *fault {
	n, err := strconv.Atoi(text)
	least, _ := strconv.Atoi(k.min)
	most, _ := strconv.Atoi(k.max)
	switch {
	case err != nil:
		return faulty(example(k), "%s must be a whole number, not %q.", k.name, text)
	case n < least || n > most:
		return faulty(example(k), "%s must be from %d to %d, not %d.", k.name, least, most, n)
	}
	f.SetInt(int64(n))
	return nil
}

// setSpan takes a time span, which may be zero only where zero means something.
func (k key) setSpan(f reflect.Value, text string) *fault {
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 || d == 0 && k.min != "0s" {
		return faulty("Write it like 30s or 5m.", "%s must be a time span, not %q.", k.name, text)
	}
	f.SetInt(int64(d))
	return nil
}

func (k key) setNetworks(f reflect.Value, list []string) *fault {
	var all []netip.Prefix
	for _, item := range list {
		p, err := netip.ParsePrefix(item)
		if a, aerr := netip.ParseAddr(item); err != nil && aerr == nil {
			p, err = netip.PrefixFrom(a, a.BitLen()), nil
		}
		if err != nil {
			return faulty("Write it like 192.0.2.7 or 10.1.0.0/16.", "%q in %s is neither an address nor a network.", item, k.name)
		}
		all = append(all, p.Masked())
	}
	f.Set(reflect.ValueOf(all))
	return nil
}
