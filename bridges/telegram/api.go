package telegram

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"causeway/core"
)

// maxAnswer bounds an answer that is read into memory. A hundred updates with long texts are the longest.
const maxAnswer = 16 << 20

// maxWait bounds what Telegram may ask us to wait for.
const maxWait = 24 * time.Hour

// params are a method's fields. Values are what JSON writes them as.
type params map[string]any

// api calls the Bot API. It keeps no state and may be used from many goroutines.
type api struct {
	http   *http.Client
	base   string
	token  core.Secret
	hidden []core.Secret // taken out of every error
}

// refusal is an answer of Telegram that says no.
type refusal struct {
	Code    int
	Words   string
	Retry   time.Duration
	Migrate int64 // the group's new id
}

func (r *refusal) Error() string { return fmt.Sprintf("telegram answers %d: %s", r.Code, r.Words) }

// failure is a call without an answer of Telegram that could be read.
type failure struct {
	Sent   bool // something of the request left
	Status int  // zero: no answer at all
	Retry  time.Duration
	Err    error
}

func (f *failure) Error() string {
	if f.Status == 0 {
		return "telegram: " + f.Err.Error()
	}
	return fmt.Sprintf("telegram: status %d: %s", f.Status, f.Err)
}

func (f *failure) Unwrap() error { return f.Err }

// call calls a method and reads its result into the value that into points to, nil for none.
func (a *api) call(ctx context.Context, method string, p params, into any) error {
	raw, err := json.Marshal(p)
	if err != nil {
		return &failure{Err: fmt.Errorf("encode request: %w", err)}
	}
	resp, err := a.post(ctx, method, "application/json", bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	return a.read(resp, into)
}

func (a *api) post(ctx context.Context, method, kind string, body io.Reader, size int64) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.base+"/bot"+a.token.Reveal()+"/"+method, body)
	if err != nil {
		return nil, &failure{Err: core.HideIn(fmt.Errorf("address to call: %w", core.Unaddressed(err)), a.hidden...)}
	}
	req.ContentLength = size
	req.Header.Set("Content-Type", kind)
	return a.do(req)
}

// do sends a request. Its error is a *failure that knows whether any of the request left.
func (a *api) do(req *http.Request) (*http.Response, error) {
	req, left := core.Watched(req)
	resp, err := a.http.Do(req)
	if err != nil {
		return nil, &failure{Sent: left(), Err: core.HideIn(core.Unaddressed(err), a.hidden...)}
	}
	return resp, nil
}

type envelope struct {
	OK          *truth          `json:"ok"`
	Result      json.RawMessage `json:"result"`
	Code        number          `json:"error_code"`
	Description text            `json:"description"`
	Parameters  struct {
		Retry   number `json:"retry_after"`
		Migrate number `json:"migrate_to_chat_id"`
	} `json:"parameters"`
}

// read reads an answer.
func (a *api) read(resp *http.Response, into any) error {
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return a.failure(resp, fmt.Errorf("read answer: %w", core.Unaddressed(err)))
	}
	var e envelope
	if err := json.Unmarshal(raw, &e); err != nil && !json.Valid(raw) || e.OK == nil && e.Code == 0 {
		return a.failure(resp, errors.New("the answer is none of Telegram's"))
	}
	if e.OK == nil || !bool(*e.OK) {
		return a.refused(resp, e)
	}
	if resp.StatusCode/100 != 2 {
		return a.failure(resp, errors.New("the answer contradicts its status"))
	}
	if into == nil {
		return nil
	}
	var odd *json.UnmarshalTypeError
	if err := json.Unmarshal(e.Result, into); err != nil && !errors.As(err, &odd) {
		return a.failure(resp, errors.New("the answer has no result"))
	}
	return nil
}

func (a *api) refused(resp *http.Response, e envelope) *refusal {
	r := &refusal{Code: int(e.Code), Words: core.Hide(string(e.Description), a.hidden...), Migrate: int64(e.Parameters.Migrate)}
	if r.Code == 0 {
		r.Code = resp.StatusCode
	}
	r.Retry = max(seconds(int64(e.Parameters.Retry)), core.RetryAfter(resp.Header))
	return r
}

func (a *api) failure(resp *http.Response, err error) *failure {
	return &failure{Sent: true, Status: resp.StatusCode, Retry: core.RetryAfter(resp.Header), Err: core.HideIn(err, a.hidden...)}
}

func seconds(n int64) time.Duration {
	return time.Duration(max(0, min(n, int64(maxWait/time.Second)))) * time.Second
}
