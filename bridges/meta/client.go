package meta

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"

	"causeway/core"
)

// DefaultBase and DefaultVersion are where calls go unless a channel says otherwise. The version is pinned: Meta changes shapes between them.
const (
	DefaultBase    = "https://graph.facebook.com"
	DefaultVersion = "v25.0"
)

// Unversioned is the Version of calls that have none.
const Unversioned = "-"

// maxAnswer bounds an answer that is read into memory. Pages of templates are the longest.
const maxAnswer = 8 << 20

// Client calls the Graph interface. It keeps no state and may be used from many goroutines.
type Client struct {
	HTTP    *http.Client
	Base    string // scheme and host, perhaps a path; empty: DefaultBase
	Version string // empty: DefaultVersion; Unversioned: none in the address
	Token   core.Secret
	Header  string        // that carries Token as it is, at resellers; empty: Authorization, as a bearer token
	Proof   core.Secret   // the secret of the app that Token was made for, by which every call proves to come from it; empty: calls prove nothing
	Hide    []core.Secret // besides Token, taken out of every error
}

// Get reads a node or an edge into the value that into points to.
func (c *Client) Get(ctx context.Context, path string, query url.Values, into any) error {
	req, err := c.request(ctx, http.MethodGet, c.address(path, query), nil)
	if err != nil {
		return err
	}
	return c.call(req, into)
}

// Post sends body as JSON and reads the answer.
func (c *Client) Post(ctx context.Context, path string, body, into any) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return &Failure{Err: fmt.Errorf("encode request: %w", err)}
	}
	req, err := c.request(ctx, http.MethodPost, c.address(path, nil), bytes.NewReader(raw))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	return c.call(req, into)
}

// Delete takes away what path names.
func (c *Client) Delete(ctx context.Context, path string) error {
	req, err := c.request(ctx, http.MethodDelete, c.address(path, nil), nil)
	if err != nil {
		return err
	}
	return c.call(req, nil)
}

// Clock reads a node and returns what time it is at the platform, by the answer's Date, whatever the answer says.
func (c *Client) Clock(ctx context.Context, path string) (time.Time, error) {
	req, err := c.request(ctx, http.MethodGet, c.address(path, url.Values{"fields": {"id"}}), nil)
	if err != nil {
		return time.Time{}, err
	}
	resp, err := c.do(req, true)
	if err != nil {
		return time.Time{}, err
	}
	defer resp.Body.Close()
	at, err := http.ParseTime(resp.Header.Get("Date"))
	if err != nil {
		return time.Time{}, c.failure(resp, errors.New("the answer has no date"))
	}
	return at, nil
}

func (c *Client) request(ctx context.Context, method, address string, body io.Reader) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return nil, &Failure{Err: c.clean(fmt.Errorf("address to call: %w", core.Unaddressed(err)))}
	}
	return req, nil
}

func (c *Client) base() string {
	if c.Base == "" {
		return DefaultBase
	}
	return strings.TrimRight(c.Base, "/")
}

func (c *Client) address(path string, query url.Values) string {
	version := c.Version
	if version == "" {
		version = DefaultVersion
	}
	if version += "/"; version == Unversioned+"/" {
		version = ""
	}
	a := c.base() + "/" + version + strings.TrimLeft(path, "/")
	query = c.proven(query)
	if len(query) > 0 {
		a += "?" + query.Encode()
	}
	return a
}

// proven adds to a query what proves to Meta that the caller has the app's secret. Apps may require it, see
// https://developers.facebook.com/docs/graph-api/guides/secure-requests.
func (c *Client) proven(query url.Values) url.Values {
	if c.Proof.Reveal() == "" || c.Token.Reveal() == "" {
		return query
	}
	mac := hmac.New(sha256.New, []byte(c.Proof.Reveal()))
	mac.Write([]byte(c.Token.Reveal()))
	all := url.Values{"appsecret_proof": {hex.EncodeToString(mac.Sum(nil))}}
	maps.Copy(all, query)
	return all
}

// call does a request and reads a JSON answer.
func (c *Client) call(req *http.Request, into any) error {
	resp, err := c.do(req, true)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return c.failure(resp, fmt.Errorf("read answer: %w", core.Unaddressed(err)))
	}
	if e := c.refusal(resp, raw); e != nil {
		return e
	}
	if resp.StatusCode/100 != 2 {
		return c.failure(resp, errors.New("the answer is no Graph error"))
	}
	if into == nil {
		into = &json.RawMessage{}
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return c.failure(resp, errors.New("the answer is not the expected JSON"))
	}
	return nil
}

// do sends a request. Its error is a *Failure that knows whether any of the request left.
func (c *Client) do(req *http.Request, authorized bool) (*http.Response, error) {
	req, left := core.Watched(req)
	req.Header.Set("Accept", "application/json")
	switch {
	case authorized && c.Header != "":
		req.Header.Set(c.Header, c.Token.Reveal())
	case authorized:
		req.Header.Set("Authorization", "Bearer "+c.Token.Reveal())
	}
	resp, err := c.HTTP.Do(req)
	if err != nil {
		return nil, &Failure{Sent: left(), Err: c.clean(core.Unaddressed(err))}
	}
	return resp, nil
}

func (c *Client) failure(resp *http.Response, err error) *Failure {
	return &Failure{Sent: true, Status: resp.StatusCode, RetryAfter: core.RetryAfter(resp.Header), Err: c.clean(err)}
}

// clean hides secrets in an error's text.
func (c *Client) clean(err error) error { return core.HideIn(err, c.secrets()...) }

// hide takes the secrets out of a text.
func (c *Client) hide(text string) string { return core.Hide(text, c.secrets()...) }

func (c *Client) secrets() []core.Secret { return append([]core.Secret{c.Token}, c.Hide...) }
