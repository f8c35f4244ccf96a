package workflow

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"causeway/core"
)

const mostAnswer = 1 << 20 // bytes of another system's answer

// escapePath writes a value into an address: its path or its query, so a space is no plus.
func escapePath(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

// jsonText writes a value into a JSON text that has the quotes around it.
func jsonText(s string) string {
	raw, _ := json.Marshal(s)
	return string(raw[1 : len(raw)-1])
}

// call asks another system, and keeps of its answer what the step names. The same key goes with every try, after a crash too.
func (t *turn) call(ctx context.Context, c Call) error {
	answer, err := t.answerOf(ctx, c)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		t.Log.WarnContext(ctx, "request of a workflow failed", "workflow", t.p.Name, "run", t.run.ID, "err", core.Unaddressed(err))
		if c.OnFailure != "" {
			t.goTo(c.OnFailure)
			return t.save(ctx, nil)
		}
		return t.stored(ctx, t.noting(fmt.Sprintf("The request to %s failed: %v.", host(c.URL), core.Unaddressed(err))))
	}
	fields := map[string]string{}
	for to, path := range c.Save {
		value := plain(find(answer, path))
		if name, ok := strings.CutPrefix(to, "fields."); ok {
			fields[name] = value
			continue
		}
		t.keep(to, value)
	}
	return t.stored(ctx, func(ctx context.Context, tx core.Tx, repo core.Repo) error {
		for _, k := range sortedKeys(fields) {
			if err := t.setField(ctx, tx, repo, k, fields[k]); err != nil {
				return err
			}
		}
		return nil
	})
}

func host(address string) string {
	_, rest, _ := strings.Cut(address, "://")
	return rest[:strings.IndexAny(rest+"/", "/?#")]
}

// statusError is an answer that is no success.
type statusError int

func (s statusError) Error() string { return "it answered " + strconv.Itoa(int(s)) }

func (s statusError) again() bool { return s == http.StatusTooManyRequests || s >= 500 }

// answerOf tries as often as the step says.
func (t *turn) answerOf(ctx context.Context, c Call) (answer any, err error) {
	if t.Call == nil {
		return nil, errors.New("there are no requests here")
	}
	for try := range c.Retries + 1 {
		if try > 0 {
			wait := time.NewTimer(time.Duration(try) * 500 * time.Millisecond)
			select {
			case <-ctx.Done():
				wait.Stop()
				return nil, ctx.Err()
			case <-wait.C:
			}
		}
		var status statusError
		if answer, err = t.try(ctx, c); err == nil || errors.As(err, &status) && !status.again() || core.CodeOf(err) != "" {
			return answer, err
		}
	}
	return nil, err
}

func (t *turn) try(ctx context.Context, c Call) (any, error) {
	limit := usualCall
	if c.Timeout != "" {
		limit = t.p.spans[c.Timeout]
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var secrets []core.Secret
	r, err := t.request(ctx, c, &secrets)
	if err != nil {
		return nil, err
	}
	resp, err := t.Call(t.ws, secrets).Do(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, mostAnswer+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read the answer: %w", err)
	case resp.StatusCode < 200 || resp.StatusCode > 299:
		return nil, statusError(resp.StatusCode)
	case len(raw) > mostAnswer:
		return nil, errors.New("the answer is larger than 1 MB")
	case len(c.Save) == 0:
		return nil, nil
	}
	var answer any
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&answer); err != nil {
		return nil, errors.New("the answer is not JSON")
	}
	return answer, nil
}

func (t *turn) request(ctx context.Context, c Call, secrets *[]core.Secret) (*http.Request, error) {
	address, err := t.withSecrets(ctx, c.URL, escapePath, secrets)
	if err != nil {
		return nil, err
	}
	body, kind, err := t.body(ctx, c, secrets)
	if err != nil {
		return nil, err
	}
	method := strings.ToUpper(c.Method)
	switch {
	case method == "" && kind != "":
		method = http.MethodPost
	case method == "":
		method = http.MethodGet
	}
	r, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(body))
	if err != nil || climbs(r.URL.Path) {
		return nil, core.Problemf(core.CodeInvalid, "its address is none")
	}
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	r.Header.Set("Accept", "application/json")
	r.Header.Set("Idempotency-Key", t.key())
	for k, v := range c.Headers {
		value, err := t.withSecrets(ctx, v, func(s string) string { return strings.NewReplacer("\r", "", "\n", "").Replace(s) }, secrets)
		if err != nil {
			return nil, err
		}
		r.Header.Set(k, value)
	}
	return r, nil
}

// climbs reports whether a path leads out of a folder again. No way of writing the dots of a value keeps a server from doing so.
func climbs(path string) bool {
	return slices.ContainsFunc(strings.Split(path, "/"), func(name string) bool { return name == "." || name == ".." })
}

func (t *turn) body(ctx context.Context, c Call, secrets *[]core.Secret) (text, kind string, err error) {
	if len(c.JSON) > 0 {
		all := map[string]string{}
		for k, v := range c.JSON {
			if all[k], err = t.withSecrets(ctx, v, nil, secrets); err != nil {
				return "", "", err
			}
		}
		raw, err := json.Marshal(all)
		return string(raw), "application/json", err
	}
	if c.Body == "" {
		return "", "", nil
	}
	kind, escape := "text/plain; charset=utf-8", func(s string) string { return s }
	if strings.HasPrefix(strings.TrimSpace(c.Body), "{") || strings.HasPrefix(strings.TrimSpace(c.Body), "[") {
		kind, escape = "application/json", jsonText
	}
	text, err = t.withSecrets(ctx, c.Body, escape, secrets)
	return text, kind, err
}

// withSecrets fills a text, and notes the secrets in it.
func (t *turn) withSecrets(ctx context.Context, text string, escape func(string) string, secrets *[]core.Secret) (string, error) {
	p, ok := t.p.phrases[text]
	if !ok {
		return text, nil
	}
	now, err := t.scope(ctx)
	if err != nil {
		return "", err
	}
	return p.fill(now, escape, func(name string) (string, error) {
		if t.Secret == nil {
			return "", core.Problemf(core.CodeNotFound, "There is no secret %q.", name)
		}
		v, err := t.Secret(ctx, t.ws, name)
		*secrets = append(*secrets, v)
		return v.Reveal(), err
	})
}

// find follows a path into a JSON value; nil where it leads nowhere. An empty path, or ".", is the whole.
func find(v any, path string) any {
	for name := range strings.SplitSeq(strings.Trim(path, "."), ".") {
		if name == "" || name == "$" {
			continue
		}
		switch x := v.(type) {
		case map[string]any:
			v = x[name]
		case []any:
			i, err := strconv.Atoi(name)
			if err != nil || i < 0 || i >= len(x) {
				return nil
			}
			v = x[i]
		default:
			return nil
		}
	}
	if _, deep := v.(map[string]any); deep {
		raw, _ := json.Marshal(v)
		return string(raw)
	}
	return v
}
