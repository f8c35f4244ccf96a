package x

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"causeway/core"
)

// maxAnswer bounds an answer that is read into memory.
const maxAnswer = 1 << 20

// api calls X. It keeps no state and may be used from many goroutines.
type api struct {
	http *http.Client
	now  func() time.Time
	conf conf
}

// reply is an answer of X, whatever its status.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// failure is a call that was not answered with success.
type failure struct {
	sent  bool  // something of the request left
	reply reply // its status is zero if there was no answer
	err   error
}

func (f *failure) Error() string {
	if f.reply.status == 0 {
		return "x: " + f.err.Error()
	}
	return fmt.Sprintf("x: status %d: %s", f.reply.status, f.err)
}

func (f *failure) Unwrap() error { return f.err }

// call asks as the account, sending body as JSON unless it is nil, and reads the answer into what into points to, nil for nothing.
func (a *api) call(ctx context.Context, method, path string, body, into any) error {
	req, err := a.request(ctx, method, path, body)
	if err != nil {
		return err
	}
	a.conf.authorize(req, a.now())
	return a.read(req, into)
}

func (a *api) request(ctx context.Context, method, path string, body any) (*http.Request, error) {
	var raw []byte
	if body != nil {
		var err error
		if raw, err = json.Marshal(body); err != nil {
			return nil, &failure{err: fmt.Errorf("encode request: %w", err)}
		}
	}
	return a.carry(ctx, method, path, "application/json", raw)
}

func (a *api) carry(ctx context.Context, method, path, kind string, raw []byte) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, method, a.conf.base+path, bytes.NewReader(raw))
	if err != nil {
		return nil, &failure{err: fmt.Errorf("address to call: %w", core.Unaddressed(err))}
	}
	if len(raw) > 0 {
		req.Header.Set("Content-Type", kind)
	}
	return req, nil
}

// do sends a request, authorized already.
func (a *api) do(req *http.Request) (*http.Response, error) {
	req, left := core.Watched(req)
	resp, err := a.http.Do(req) //nolint:gosec // the host's client guards where calls go
	if err != nil {
		return nil, &failure{sent: left(), err: core.HideIn(core.Unaddressed(err), a.conf.secrets()...)}
	}
	return resp, nil
}

// read sends a request and reads its answer.
func (a *api) read(req *http.Request, into any) error {
	_, err := a.answer(req, into)
	return err
}

// answer is read that tells the answer's header, too.
func (a *api) answer(req *http.Request, into any) (http.Header, error) {
	resp, err := a.do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	r := reply{status: resp.StatusCode, header: resp.Header}
	if r.body, err = io.ReadAll(io.LimitReader(resp.Body, maxAnswer)); err != nil {
		return nil, &failure{sent: true, reply: r, err: core.HideIn(fmt.Errorf("read answer: %w", core.Unaddressed(err)), a.conf.secrets()...)}
	}
	switch {
	case r.status/100 != 2:
		return nil, &failure{sent: true, reply: r, err: errors.New(core.Hide(r.words(), a.conf.secrets()...))}
	case into == nil:
		return r.header, nil
	case json.Unmarshal(r.body, into) != nil:
		return nil, &failure{sent: true, reply: r, err: errors.New("the answer cannot be read")}
	}
	return r.header, nil
}

// bearer is the app's own token, by which it manages its webhooks. It is asked for anew each time: that happens seldom.
func (a *api) bearer(ctx context.Context) (core.Secret, error) {
	req, err := a.carry(ctx, http.MethodPost, "/oauth2/token", "application/x-www-form-urlencoded", []byte("grant_type=client_credentials"))
	if err != nil {
		return core.Secret{}, err
	}
	both := url.QueryEscape(a.conf.key) + ":" + url.QueryEscape(a.conf.secret.Reveal())
	req.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(both)))
	var answer struct {
		Token string `json:"access_token"`
	}
	if err := a.read(req, &answer); err != nil {
		return core.Secret{}, err
	}
	return core.NewSecret(answer.Token), nil
}

// app asks as the app itself.
func (a *api) app(ctx context.Context, token core.Secret, method, path string, body, into any) error {
	req, err := a.request(ctx, method, path, body)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+token.Reveal())
	return a.read(req, into)
}

// secrets are taken out of every error.
func (c conf) secrets() []core.Secret { return []core.Secret{c.secret, c.token, c.tokenSecret} }
