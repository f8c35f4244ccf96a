package sms

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"causeway/core"
)

// maxAnswer bounds an answer that is read into memory.
const maxAnswer = 4 << 20

// Caller calls a provider. It keeps no state and may be used from many goroutines.
type Caller struct {
	HTTP  *http.Client
	Title string        // of the provider, for the sentences
	Hide  []core.Secret // taken out of everything that is told
}

// Answer is a provider's answer, whatever its status.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// OK reports whether the status is one of success.
func (a Answer) OK() bool { return a.Status/100 == 2 }

// Failure is a call without an answer that could be read.
type Failure struct {
	Sent   bool // the request, or some of it, left: it may have been acted on
	Answer Answer
	Err    error
}

func (f *Failure) Error() string {
	if f.Answer.Status != 0 {
		return fmt.Sprintf("answer %d: %v", f.Answer.Status, f.Err)
	}
	return f.Err.Error()
}

func (f *Failure) Unwrap() error { return f.Err }

// Do sends a request and reads the answer. Its error is a *Failure.
func (c Caller) Do(req *http.Request) (Answer, error) {
	resp, sent, err := c.send(req)
	if err != nil {
		return Answer{}, &Failure{Sent: sent, Err: core.HideIn(err, c.Hide...)}
	}
	defer resp.Body.Close()
	a := Answer{Status: resp.StatusCode, Header: resp.Header}
	if a.Body, err = io.ReadAll(io.LimitReader(resp.Body, maxAnswer)); err != nil {
		return a, &Failure{Sent: true, Answer: a, Err: core.HideIn(fmt.Errorf("read answer: %w", core.Unaddressed(err)), c.Hide...)}
	}
	return a, nil
}

// maxFile bounds a fetched file: no carrier, nor WhatsApp over Twilio, brings a larger one.
const maxFile = 100 << 20

// Download sends a request for a file and fills in what d does not tell of it yet.
func (c Caller) Download(req *http.Request, d core.Download) (core.Download, error) {
	resp, err := c.file(req) //nolint:bodyclose // the body is handed on in d
	if err != nil {
		return d, fmt.Errorf("fetch file: %w", err)
	}
	if resp.ContentLength >= 0 {
		d.Size = resp.ContentLength
	}
	if mime, _, _ := strings.Cut(resp.Header.Get("Content-Type"), ";"); d.MIME == "" {
		d.MIME = strings.TrimSpace(mime)
	}
	d.Body = core.Bounded(resp.Body, maxFile)
	return d, nil
}

func (c Caller) file(req *http.Request) (*http.Response, error) {
	resp, sent, err := c.send(req)
	if err != nil {
		return nil, &Failure{Sent: sent, Err: core.HideIn(err, c.Hide...)}
	}
	if resp.StatusCode == http.StatusOK {
		return resp, nil
	}
	resp.Body.Close()
	if resp.StatusCode == http.StatusNotFound || resp.StatusCode == http.StatusGone {
		return nil, fmt.Errorf("answer %d: %w", resp.StatusCode, core.ErrMediaGone)
	}
	return nil, &Failure{Sent: true, Answer: Answer{Status: resp.StatusCode}, Err: errors.New("no file")}
}

func (c Caller) send(req *http.Request) (*http.Response, bool, error) {
	req, left := core.Watched(req)
	resp, err := c.HTTP.Do(req) //nolint:gosec // the host's client guards where calls go
	if err != nil {
		return nil, left(), core.Unaddressed(err)
	}
	return resp, true, nil
}

// Clean takes the secrets out of a text.
func (c Caller) Clean(text string) string { return core.Hide(text, c.Hide...) }

// Broken maps a call without an answer that says why. The HTTP statuses are those of proxies, and of providers that say no more.
func (c Caller) Broken(err error) *core.SendError {
	var f *Failure
	if !errors.As(err, &f) {
		return core.AsSendError(err)
	}
	e := core.CallFailure{Provider: c.Title, Sent: f.Sent, Status: f.Answer.Status, Err: f.Err, Look: "Ask the customer before sending it again."}.SendError()
	e.Retry, e.Detail = core.RetryAfter(f.Answer.Header), c.Clean(f.Error())
	if !f.Sent {
		return e
	}
	switch f.Answer.Status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusPaymentRequired, http.StatusProxyAuthRequired:
		e.Effect, e.Reason = core.EffectPark, c.Title+" does not accept our credentials, or the account may not send."
		e.Remedy = "Correct the channel's credentials or mend the account, then resume the channel."
	case http.StatusNotFound, http.StatusMethodNotAllowed:
		e.Effect, e.Reason, e.Remedy = core.EffectPark, c.Title+" has nothing at the address that we call.", "Correct the address in the channel, then resume it."
	}
	return e
}

// NewRequest makes a request. Its error never shows the address.
func NewRequest(ctx context.Context, method, address string, body io.Reader) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return nil, &Failure{Err: fmt.Errorf("address to call: %w", core.Unaddressed(err))}
	}
	return req, nil
}

// Finding turns the error of a call into a line of the doctor.
func (c Caller) Finding(subject string, e *core.SendError) core.Finding {
	return core.Trouble(c.Title, subject, e)
}
