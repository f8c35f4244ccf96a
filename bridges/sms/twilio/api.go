package twilio

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"

	"causeway/bridges/sms"
	"causeway/core"
)

var errStatus = errors.New("the answer is none of Twilio's")

func (l *link) accountURL(path string) string {
	return l.conf.base + "/2010-04-01/Accounts/" + url.PathEscape(l.conf.account) + path
}

// ask calls Twilio and reads a JSON answer into the value that into points to. A nil values means GET. Its error is a *core.SendError.
func (l *link) ask(ctx context.Context, address string, values url.Values, into any) error {
	method, body := http.MethodGet, io.Reader(nil)
	if values != nil {
		method, body = http.MethodPost, strings.NewReader(values.Encode())
	}
	req, err := sms.NewRequest(ctx, method, address, body)
	if err != nil {
		return l.call.Broken(err)
	}
	if values != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return l.answered(req, into)
}

// tell sends an object as JSON, as Twilio's newer interfaces want it.
func (l *link) tell(ctx context.Context, address string, object, into any) error {
	raw, err := json.Marshal(object)
	if err != nil {
		return core.AsSendError(err)
	}
	req, err := sms.NewRequest(ctx, http.MethodPost, address, strings.NewReader(string(raw)))
	if err != nil {
		return l.call.Broken(err)
	}
	req.Header.Set("Content-Type", "application/json")
	return l.answered(req, into)
}

func (l *link) answered(req *http.Request, into any) error {
	req.SetBasicAuth(l.conf.user, l.conf.password.Reveal())
	req.Header.Set("Accept", "application/json")
	a, err := l.call.Do(req)
	if err != nil {
		return l.call.Broken(err)
	}
	if !a.OK() {
		return l.refused(a)
	}
	if err := json.Unmarshal(a.Body, into); err != nil {
		return l.call.Broken(&sms.Failure{Sent: true, Answer: a, Err: errors.New("the answer is not the expected JSON")})
	}
	return nil
}
