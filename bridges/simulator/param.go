package simulator

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"sort"
	"strconv"
)

// param reads one object of a request and remembers the first thing wrong with it.
type param struct {
	name string
	o    obj
	err  *apiError
}

func at(o obj, name string) *param { return &param{name: name, o: o} }

func (p *param) fail(e *apiError) {
	if p.err == nil {
		p.err = e
	}
}

// absorb takes over what went wrong in a part.
func (p *param) absorb(part *param) {
	if part != nil && part.err != nil {
		p.fail(part.err)
	}
}

// allow refuses keys other than these, as the platform does.
func (p *param) allow(keys ...string) {
	var strange []string
	for k := range p.o {
		if !slices.Contains(keys, k) {
			strange = append(strange, k)
		}
	}
	if sort.Strings(strange); len(strange) > 0 {
		p.fail(unexpected(strange[0], p.name))
	}
}

// str reads a string of at most most characters.
func (p *param) str(key string, most int, need bool) string {
	v, given := p.o[key]
	s, isString := v.(string)
	switch {
	case given && !isString:
		p.fail(invalid("Parameter value is not valid: %s['%s'] must be a string.", p.name, key))
	case need && s == "":
		p.fail(missing(p.name + "['" + key + "']"))
	case length(s) > most:
		p.fail(invalid("%s['%s'] must be at most %d characters long.", p.name, key, most))
	}
	return s
}

// oneOf checks a string against its possible values; it may be absent.
func (p *param) oneOf(key string, values ...string) {
	if v, given := p.o[key]; given && !slices.Contains(values, text(v)) {
		p.fail(invalid("%s['%s'] must be one of %v.", p.name, key, values))
	}
}

// number reads a coordinate, which may come as text.
func (p *param) number(key string, bound float64) float64 {
	v := p.o[key]
	if v == nil {
		p.fail(missing(p.name + "['" + key + "']"))
		return 0
	}
	f, err := strconv.ParseFloat(text(v), 64)
	if err != nil || f > bound || f < -bound {
		p.fail(invalid("%s['%s'] must be a number between %v and %v.", p.name, key, -bound, bound))
	}
	return f
}

// sub is an object within.
func (p *param) sub(key string, need bool) *param {
	v, given := p.o[key]
	if !given && !need {
		return nil
	}
	o, isObject := v.(obj)
	if !given || !isObject {
		p.fail(missing(p.name + "['" + key + "']"))
		o = obj{}
	}
	return at(o, p.name+"['"+key+"']")
}

// list is an array of objects within, of least to most entries.
func (p *param) list(key string, least, most int) []*param {
	all, _ := p.o[key].([]any)
	if len(all) < least || len(all) > most {
		p.fail(invalid("%s['%s'] must have %d to %d entries.", p.name, key, least, most))
	}
	var out []*param
	for i, v := range all {
		o, isObject := v.(obj)
		if !isObject {
			p.fail(invalid("%s['%s'][%d] must be an object.", p.name, key, i))
			continue
		}
		out = append(out, at(o, fmt.Sprintf("%s['%s'][%d]", p.name, key, i)))
	}
	return out
}

// index reads the position of a button, text or number.
func (p *param) index(key string) int {
	if _, isNumber := p.o[key].(json.Number); !isNumber && text(p.o[key]) == "" {
		p.fail(missing(p.name + "['" + key + "']"))
		return -1
	}
	n, err := strconv.Atoi(text(p.o[key]))
	if err != nil || n < 0 || n > 9 {
		p.fail(invalid("%s['%s'] must be between 0 and 9.", p.name, key))
		return -1
	}
	return n
}

func webAddress(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}
