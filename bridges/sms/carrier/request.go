package carrier

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"causeway/bridges/sms"
)

// sendName reports whether a name can be used in what is sent.
func sendName(name string) bool {
	if rest, ok := strings.CutPrefix(name, "extra."); ok {
		return rest != ""
	}
	switch name {
	case "base", "to", "from", "text", "key", "callback", "media_url", "mime", "encoding", "segments",
		keyUser, keyPassword, keyAPIKey, keyAccount, keyWebhookSecret:
		return true
	}
	return false
}

// mustFill fills a text that prepare has parsed without an error.
func mustFill(s string, v vars) string {
	t, err := parse(s, sendName)
	if err != nil {
		return "" // prepare refused it
	}
	return t.fill(v)
}

// prepare checks every text of a request.
func (r *request) prepare(where string) error {
	if r.URL == "" {
		return fmt.Errorf("%s.url is missing", where)
	}
	if !strings.HasPrefix(r.URL, "{base}") {
		return fmt.Errorf("%s.url must begin with {base}, which is the channel's API base", where)
	}
	if r.Method = strings.ToUpper(r.Method); r.Method != "" && !methods[r.Method] {
		return fmt.Errorf("%s.method %q is none that can be used", where, r.Method)
	}
	for name := range r.When {
		if !sendName(name) {
			return fmt.Errorf("%s.when asks for %q, which is no name that can be used there", where, name)
		}
	}
	if n := r.bodies(); n > 1 {
		return fmt.Errorf("%s has more than one of form, json, xml and body", where)
	}
	for place, s := range r.texts() {
		if _, err := parse(s, sendName); err != nil {
			return fmt.Errorf("%s.%s %w", where, place, err)
		}
	}
	for _, group := range []map[string]values{r.Query, r.Form} {
		for name := range group {
			if err := checkOnly(name); err != nil {
				return fmt.Errorf("%s %w", where, err)
			}
		}
	}
	return checkJSON(r.JSON, where+".json")
}

var methods = map[string]bool{http.MethodGet: true, http.MethodPost: true, http.MethodPut: true, http.MethodPatch: true}

func (r *request) bodies() int {
	n := 0
	for _, there := range []bool{len(r.Form) > 0, r.JSON != nil, r.XML != "", r.Body != ""} {
		if there {
			n++
		}
	}
	return n
}

// texts are all texts of a request but those within its JSON, by their place.
func (r *request) texts() map[string]string {
	all := map[string]string{"url": r.URL, "xml": r.XML, "body": r.Body, "type": r.Type}
	for name, s := range r.Headers {
		all["headers."+name] = s
	}
	for group, fields := range map[string]map[string]values{"query.": r.Query, "form.": r.Form} {
		for name, list := range fields {
			all[group+name] = strings.Join(list, " ")
		}
	}
	if r.Auth != nil {
		all["auth"] = r.Auth.User + " " + r.Auth.Password
	}
	return all
}

// checkOnly checks what stands behind the ? of a field's name: nothing, or the name that must not be empty.
func checkOnly(name string) error {
	if _, only, _ := strings.Cut(name, "?"); only != "" && !sendName(only) {
		return fmt.Errorf("has the field %q, and %q is no name that can be used there", name, only)
	}
	return nil
}

func checkJSON(v any, where string) error {
	switch v := v.(type) {
	case string:
		if _, err := parse(v, sendName); err != nil {
			return fmt.Errorf("%s %w", where, err)
		}
	case map[string]any:
		for name, inner := range v {
			if err := checkOnly(name); err != nil {
				return fmt.Errorf("%s %w", where, err)
			}
			if err := checkJSON(inner, where+"."+name); err != nil {
				return err
			}
		}
	case []any:
		for i, inner := range v {
			if err := checkJSON(inner, fmt.Sprintf("%s.%d", where, i)); err != nil {
				return err
			}
		}
	}
	return nil
}

// build makes the request.
func (r *request) build(ctx context.Context, v vars) (*http.Request, error) {
	body, kind, err := r.content(v)
	if err != nil {
		return nil, &sms.Failure{Err: err}
	}
	method := r.Method
	if method == "" {
		if method = http.MethodPost; body == nil {
			method = http.MethodGet
		}
	}
	address, err := r.address(v)
	if err != nil {
		return nil, &sms.Failure{Err: err}
	}
	req, err := sms.NewRequest(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json, */*;q=0.5")
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	for name, s := range r.Headers {
		if value := mustFill(s, v); value != "" {
			req.Header.Set(name, oneLine(value))
		}
	}
	if r.Auth != nil {
		req.SetBasicAuth(mustFill(r.Auth.User, v), mustFill(r.Auth.Password, v))
	}
	return req, nil
}

func oneLine(s string) string { return strings.NewReplacer("\r", "", "\n", "").Replace(s) }

// address fills the URL, each value escaped, and adds the query to what the API base may have of one.
func (r *request) address(v vars) (string, error) {
	filled := mustFill(r.URL, func(name string) string {
		if name == "base" {
			return v(name)
		}
		return url.PathEscape(v(name))
	})
	u, err := url.Parse(filled)
	if err != nil {
		return "", errors.New("the address is none")
	}
	query := u.Query()
	for name, list := range fields(r.Query, v) {
		query[name] = list
	}
	u.RawQuery = query.Encode()
	return u.String(), nil
}

// fields fills form or query fields. One whose name ends in ? is left out while it is empty.
func fields(in map[string]values, v vars) url.Values {
	out := url.Values{}
	for name, list := range in {
		bare, only, optional := strings.Cut(name, "?")
		if only != "" && v(only) == "" {
			continue
		}
		for _, s := range list {
			if value := mustFill(s, v); value != "" || !optional {
				out.Add(bare, value)
			}
		}
	}
	return out
}

// content fills the body and tells its type.
func (r *request) content(v vars) ([]byte, string, error) {
	kind := mustFill(r.Type, v)
	or := func(usual string) string {
		if kind != "" {
			return kind
		}
		return usual
	}
	switch {
	case len(r.Form) > 0:
		return []byte(fields(r.Form, v).Encode()), or("application/x-www-form-urlencoded"), nil
	case r.JSON != nil:
		raw, err := json.Marshal(filledJSON(r.JSON, v))
		return raw, or("application/json"), err
	case r.XML != "":
		return []byte(mustFill(r.XML, escaped(v))), or("application/xml; charset=utf-8"), nil
	case r.Body != "":
		return []byte(mustFill(r.Body, v)), or("text/plain; charset=utf-8"), nil
	}
	return nil, kind, nil
}

func escaped(v vars) vars {
	return func(name string) string {
		var b bytes.Buffer
		if xml.EscapeText(&b, []byte(v(name))) != nil {
			return "" // a buffer takes everything
		}
		return b.String()
	}
}

// filledJSON fills the texts within a JSON value.
func filledJSON(in any, v vars) any {
	switch in := in.(type) {
	case string:
		return filledText(in, v)
	case map[string]any:
		out := map[string]any{}
		for name, inner := range in {
			bare, only, optional := strings.Cut(name, "?")
			if only != "" && v(only) == "" {
				continue
			}
			if value := filledJSON(inner, v); !optional || !empty(value) {
				out[bare] = value
			}
		}
		return out
	case []any:
		out := []any{}
		for _, inner := range in {
			out = append(out, filledJSON(inner, v))
		}
		return out
	}
	return in
}

// filledText fills one text. A lone name with the filter number or boolean loses its quotes, where it is one.
func filledText(s string, v vars) any {
	t, err := parse(s, sendName)
	if err != nil {
		return "" // prepare refused it
	}
	value := t.fill(v)
	used, alone := t.only()
	if !alone || len(used) == 0 {
		return value
	}
	switch used[len(used)-1] {
	case "number":
		if json.Valid([]byte(value)) && strings.Trim(value, "-0123456789.") == "" {
			return json.Number(value)
		}
	case "boolean":
		return value == "true" || value == "1"
	}
	return value
}

func empty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case map[string]any:
		return len(v) == 0
	case []any:
		for _, inner := range v {
			if !empty(inner) {
				return false
			}
		}
		return true
	}
	return false
}
