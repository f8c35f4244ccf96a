package simulator

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

func (s *Simulator) listSubscribed(r *request) reply {
	b := s.owned(r)
	if b == nil {
		return fail(unknownObject(r.id))
	}
	return ok(obj{"data": b.subscribed()})
}

func (b *Business) subscribed() []obj {
	b.sim.mu.Lock()
	defer b.sim.mu.Unlock()
	if !b.callbacks {
		return []obj{}
	}
	app := obj{
		"whatsapp_business_api_data": obj{
			"id": b.acc.AppID, "name": "Simulated app", "link": "https://www.facebook.com/games/?app_id=" + b.acc.AppID,
		},
	}
	if b.acc.CallbackURL != "" {
		app["override_callback_uri"] = b.acc.CallbackURL
	}
	return []obj{app}
}

// subscribe really performs the handshake on a callback before it takes it.
func (s *Simulator) subscribe(r *request) reply {
	b := s.owned(r)
	if b == nil {
		return fail(unknownObject(r.id))
	}
	callback, verify := r.URL.Query().Get("override_callback_uri"), r.URL.Query().Get("verify_token")
	if in, err := decode(r.body); err == nil {
		callback = cmp.Or(text(in["override_callback_uri"]), callback)
		verify = cmp.Or(text(in["verify_token"]), verify)
	} else if form, err := url.ParseQuery(string(r.body)); err == nil && len(r.body) > 0 {
		callback = cmp.Or(form.Get("override_callback_uri"), callback)
		verify = cmp.Or(form.Get("verify_token"), verify)
	}
	if callback != "" {
		if err := s.handshake(r.Context(), callback, verify); err != nil {
			e := codeError(100, "")
			e.title, e.subcode = "Invalid parameter: callback verification failed: "+err.Error(), 2200
			return fail(e)
		}
	}
	s.mu.Lock()
	b.callbacks = true
	if callback != "" {
		b.acc.CallbackURL, b.acc.VerifyToken = callback, verify
	}
	s.touch()
	s.mu.Unlock()
	return ok(obj{"success": true})
}

func (s *Simulator) unsubscribe(r *request) reply {
	b := s.owned(r)
	if b == nil {
		return fail(unknownObject(r.id))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	b.callbacks = false
	return ok(obj{"success": true})
}

// handshake is the GET with the challenge that the callback must echo.
func (s *Simulator) handshake(ctx context.Context, callback, verify string) error {
	u, err := url.Parse(callback)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" {
		return fmt.Errorf("%q is not a web address", callback)
	}
	challenge := digits(10)
	q := u.Query()
	q.Set("hub.mode", "subscribe")
	q.Set("hub.challenge", challenge)
	q.Set("hub.verify_token", verify)
	u.RawQuery = q.Encode()
	ctx, cancel := context.WithTimeout(ctx, s.opts.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return err
	}
	res, err := s.client.Do(req)
	if err != nil {
		return fmt.Errorf("the callback did not answer")
	}
	defer func() { _ = res.Body.Close() }()
	body, _ := io.ReadAll(io.LimitReader(res.Body, 4<<10))
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("HTTP status code %d was returned", res.StatusCode)
	}
	if strings.TrimSpace(string(body)) != challenge {
		return fmt.Errorf("the challenge was not echoed")
	}
	return nil
}

// appToken is how an app proves itself, rather than a system user.
func (a Account) appToken() string { return a.AppID + "|" + a.AppSecret }

// appSubscriptions tells an app which webhooks it gets, of which fields.
func (s *Simulator) appSubscriptions(r *request) reply {
	a := r.biz.Account()
	if r.id != a.AppID || r.token != a.appToken() {
		return fail(unknownObject(r.id))
	}
	fields := []obj{}
	for _, name := range []string{"messages", "message_template_status_update", "message_template_quality_update", "template_category_update", "account_update",
		"phone_number_quality_update", "smb_message_echoes", "smb_app_state_sync", "history", "user_preferences", "user_id_update"} {
		fields = append(fields, obj{"name": name, "version": "v23.0"})
	}
	return ok(obj{"data": []obj{{"object": "whatsapp_business_account", "callback_url": a.CallbackURL, "active": true, "fields": fields}}})
}
