package carrier

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"net/url"
	"strings"

	"causeway/bridges/sms"
	"causeway/core"
)

// The ways to read a body.
const (
	readAuto = "auto" // by its first character
	readJSON = "json"
	readForm = "form"
	readXML  = "xml"
	readText = "text"
)

func ways() []string { return []string{readAuto, readJSON, readForm, readXML, readText} }

// document reads a body into maps, lists and texts. A form's fields are added to those of the call's query.
func document(how string, body []byte, query url.Values) (any, error) {
	if how == readAuto || how == "" {
		how = guess(body)
	}
	switch how {
	case readJSON:
		return fromJSON(body)
	case readXML:
		return fromXML(body)
	case readText:
		return string(body), nil
	}
	if sms.TooManyFields(body) {
		return nil, errors.New("it has more fields than any provider sends")
	}
	return fromForm(string(body), query), nil
}

func guess(body []byte) string {
	switch b := bytes.TrimLeft(body, " \t\r\n\ufeff"); {
	case len(b) > 0 && (b[0] == '{' || b[0] == '['):
		return readJSON
	case len(b) > 0 && b[0] == '<':
		return readXML
	}
	return readForm
}

func fromJSON(body []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(body, []byte("\ufeff"))))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, errors.New("it is no JSON")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("it is more than one JSON value")
	}
	return v, nil
}

// fromForm reads form fields, with those of the query that the form does not have.
func fromForm(body string, query url.Values) map[string]any {
	given := sms.Form(body)
	for name, values := range query {
		if _, there := given[name]; !there {
			given[name] = values
		}
	}
	fields := map[string]any{}
	for name, values := range given {
		list := make([]any, len(values))
		for i, v := range values {
			list[i] = v
		}
		fields[name] = list
	}
	return fields
}

const (
	deepest = 100
	most    = 100_000
)

// fromXML reads elements as objects: attributes as @name, text as # beside other things and by itself otherwise, repeated elements as lists. The
// root's own name is the first step.
func fromXML(body []byte) (any, error) {
	d := xml.NewDecoder(bytes.NewReader(body))
	d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil }
	for {
		t, err := d.Token()
		if err != nil {
			return nil, errors.New("it is no XML")
		}
		if start, ok := t.(xml.StartElement); ok {
			left := most
			v, err := element(d, start, deepest, &left)
			if err != nil {
				return nil, errors.New("it is no XML")
			}
			return map[string]any{start.Name.Local: v}, nil
		}
	}
}

func element(d *xml.Decoder, start xml.StartElement, depth int, left *int) (any, error) {
	if *left--; depth == 0 || *left < 0 {
		return nil, errors.New("too deep or too much")
	}
	object, said := map[string]any{}, strings.Builder{}
	for _, a := range start.Attr {
		object["@"+a.Name.Local] = a.Value
	}
	for {
		t, err := d.Token()
		if err != nil {
			return nil, err
		}
		switch t := t.(type) {
		case xml.CharData:
			said.Write(t)
		case xml.StartElement:
			inner, err := element(d, t, depth-1, left)
			if err != nil {
				return nil, err
			}
			object[t.Name.Local] = beside(object[t.Name.Local], inner)
		case xml.EndElement:
			if len(object) == 0 {
				return said.String(), nil
			}
			object["#"] = strings.TrimSpace(said.String())
			return object, nil
		}
	}
}

func beside(have, more any) any {
	switch have := have.(type) {
	case nil:
		return more
	case []any:
		return append(have, more)
	}
	return []any{have, more}
}

// malformed is what an authentic call with a body that cannot be read becomes.
func malformed(title string, err error) error {
	return &core.Problem{Code: core.CodeInvalid, Detail: "A call from " + title + " cannot be read: " + err.Error() + ".", Remedy: "Compare the channel's definition with what the provider sends.", Err: err}
}
