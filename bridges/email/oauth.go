package email

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"causeway/bridges/email/mailbox"
	"causeway/core"
)

// tokenError is a refusal of an access token. Gone says that a person must log in again.
type tokenError struct {
	code string // OAuth's word for it
	gone bool
	err  error
}

func (e *tokenError) Error() string {
	if e.err != nil {
		return "get an access token: " + e.err.Error()
	}
	return "get an access token: refused: " + e.code
}

func (e *tokenError) Unwrap() error { return e.err }

// tokens keeps the access token until shortly before it ends.
type tokens struct {
	mu      sync.Mutex
	token   core.Secret
	until   time.Time
	refresh core.Secret // the newest, where the provider changes it with each use
}

const tokenMargin = 5 * time.Minute

// credential is how to log in to the mailbox now.
func (l *link) credential(ctx context.Context) (mailbox.Credential, error) {
	c := mailbox.Credential{User: l.conf.user, Password: l.conf.password}
	if l.conf.oauth.url == "" {
		return c, nil
	}
	var err error
	c.Token, err = l.accessToken(ctx)
	return c, err
}

func (l *link) accessToken(ctx context.Context) (core.Secret, error) {
	l.tokens.mu.Lock()
	defer l.tokens.mu.Unlock()
	if l.tokens.token.Reveal() != "" && l.host.Now().Before(l.tokens.until) {
		return l.tokens.token, nil
	}
	answer, err := l.askToken(ctx, l.refreshToken())
	if err != nil {
		return core.Secret{}, err
	}
	l.tokens.token = core.NewSecret(answer.Access)
	l.tokens.until = l.host.Now().Add(max(time.Duration(answer.Seconds)*time.Second-tokenMargin, 30*time.Second))
	if answer.Refresh != "" {
		l.tokens.refresh = core.NewSecret(answer.Refresh)
	}
	return l.tokens.token, nil
}

// renewAgain is how soon after a change of the refresh token the next one is looked for.
const renewAgain = time.Hour

// Renew implements core.RenewLink: where the provider changes the refresh token with its use, the new one is what must be kept. It makes no call.
func (l *link) Renew(context.Context) (core.Renewal, error) {
	l.tokens.mu.Lock()
	defer l.tokens.mu.Unlock()
	r := l.tokens.refresh.Reveal()
	if r == "" || r == l.conf.oauth.refresh.Reveal() {
		return core.Renewal{}, nil
	}
	return core.Renewal{Secrets: map[string]core.Secret{keyRefresh: l.tokens.refresh}, Next: l.host.Now().Add(renewAgain)}, nil
}

func (l *link) refreshToken() string {
	if r := l.tokens.refresh.Reveal(); r != "" {
		return r
	}
	return l.conf.oauth.refresh.Reveal()
}

// forgetToken has the next login ask for a token anew.
func (l *link) forgetToken() {
	l.tokens.mu.Lock()
	defer l.tokens.mu.Unlock()
	l.tokens.token = core.Secret{}
}

// tokenAnswer is what a token URL answers.
type tokenAnswer struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
	Seconds int    `json:"expires_in"`
	Error   string `json:"error"`
}

func (l *link) askToken(ctx context.Context, refresh string) (tokenAnswer, error) {
	form := url.Values{"client_id": {l.conf.oauth.client}, "grant_type": {"client_credentials"}}
	if refresh != "" {
		form.Set("grant_type", "refresh_token")
		form.Set("refresh_token", refresh)
	}
	if s := l.conf.oauth.secret.Reveal(); s != "" {
		form.Set("client_secret", s)
	}
	if l.conf.oauth.scope != "" {
		form.Set("scope", l.conf.oauth.scope)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, l.conf.oauth.url, strings.NewReader(form.Encode()))
	if err != nil {
		return tokenAnswer{}, &tokenError{err: errors.New("the token URL is no address")}
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := l.host.HTTP().Do(r)
	if err != nil {
		return tokenAnswer{}, &tokenError{err: err}
	}
	defer resp.Body.Close()
	return readToken(resp)
}

func readToken(resp *http.Response) (tokenAnswer, error) {
	var a tokenAnswer
	if err := json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&a); err != nil {
		return a, &tokenError{err: fmt.Errorf("the answer (HTTP %d) cannot be read", resp.StatusCode)}
	}
	switch {
	case a.Error != "":
		return a, &tokenError{code: a.Error, gone: a.Error == "invalid_grant" || a.Error == "invalid_client" || a.Error == "unauthorized_client"}
	case a.Access == "":
		return a, &tokenError{err: fmt.Errorf("the answer (HTTP %d) holds no token", resp.StatusCode)}
	case a.Seconds <= 0:
		a.Seconds = 3600
	}
	return a, nil
}
