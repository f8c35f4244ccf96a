package main

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // as Twilio signs
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"causeway/bridges/meta"
	"causeway/bridges/simulator"
	"causeway/core"
)

// provider is one side of a channel: the settings that an admin copies from there, and how its calls prove where they come from.
type provider struct {
	kind   string
	values map[string]string // settings, secrets included
	sign   func(r *core.WebhookRequest, values map[string]string)
}

// channel is a channel's entry in a business file. Its secrets stand in the environment.
func (p provider) channel(name string, values map[string]string) string {
	var s strings.Builder
	fmt.Fprintf(&s, "  - name: %s\n    kind: %s\n    settings:\n", name, p.kind)
	for _, f := range p.settings() {
		switch v, given := values[f.Key]; {
		case given && f.Secret:
			fmt.Fprintf(&s, "      %s: {env: %s}\n", f.Key, f.Key)
		case given:
			fmt.Fprintf(&s, "      %s: %q\n", f.Key, v)
		}
	}
	return s.String()
}

// settings are what the bridge asks for.
func (p provider) settings() []core.Setting {
	for _, i := range infos() {
		if i.Kind == p.kind {
			return i.Settings
		}
	}
	return nil
}

const (
	planted = "planted-secret-0123456789-abcdefghij"
	botID   = "987654321"

	xAccount = "2244994946"
)

func metaSigned(r *core.WebhookRequest, values map[string]string) {
	if r.Method == http.MethodPost {
		r.Header.Set("X-Hub-Signature-256", meta.Sign(r.Body, core.NewSecret(values["app_secret"])))
	}
}

func whatsApp() provider {
	a := simulator.DefaultAccount()
	return provider{kind: "whatsapp-cloud", sign: metaSigned,
		values: map[string]string{"phone_number_id": a.PhoneNumberID, "business_account_id": a.WABA, "access_token": a.Token, "app_secret": a.AppSecret}}
}

func messengerPage() provider {
	return provider{kind: "messenger", sign: metaSigned, values: map[string]string{"page_id": "1234567890", "access_token": "EAA" + planted, "app_secret": planted}}
}

func instagramAccount() provider {
	return provider{kind: "instagram", sign: metaSigned, values: map[string]string{"account_id": "1234567890", "access_token": "EAA" + planted, "app_secret": planted}}
}

func telegramBot() provider {
	return provider{kind: "telegram", values: map[string]string{"bot_id": botID, "bot_token": botID + ":" + planted, "verify_token": planted},
		sign: func(r *core.WebhookRequest, values map[string]string) {
			r.Header.Set("X-Telegram-Bot-Api-Secret-Token", values["verify_token"])
		}}
}

func twilioNumber() provider {
	return provider{kind: "sms-twilio", sign: twilioSigned, values: map[string]string{"sender": "+14155550100", "account_sid": "AC0123456789abcdef0123456789abcdef", "auth_token": planted}}
}

func xUser() provider {
	return provider{kind: "x", sign: xSigned, values: map[string]string{"user_id": xAccount, "api_key": "xvz1evFS4wEEPTGEFPHBoh", "api_key_secret": planted, "access_token": xAccount + "-" + planted,
		"access_token_secret": planted + "-t"}}
}

func xSigned(r *core.WebhookRequest, values map[string]string) {
	m := hmac.New(sha256.New, []byte(values["api_key_secret"]))
	m.Write(r.Body)
	r.Header.Set("X-Twitter-Webhooks-Signature", "sha256="+base64.StdEncoding.EncodeToString(m.Sum(nil)))
}

// twilioSigned signs the address and the parameters of a form, or the address with a hash of what is no form.
func twilioSigned(r *core.WebhookRequest, values map[string]string) {
	text := ""
	if bytesOfJSON(r.Body) {
		h := sha256.Sum256(r.Body)
		r.Query = url.Values{"bodySHA256": {hex.EncodeToString(h[:])}}
		r.URL += "?" + r.Query.Encode()
	} else {
		form, _ := url.ParseQuery(string(r.Body))
		for _, name := range slices.Sorted(maps.Keys(form)) {
			values := slices.Sorted(slices.Values(form[name]))
			for _, v := range slices.Compact(values) {
				text += name + v
			}
		}
	}
	m := hmac.New(sha1.New, []byte(values["auth_token"]))
	m.Write([]byte(r.URL + text))
	r.Header.Set("X-Twilio-Signature", base64.StdEncoding.EncodeToString(m.Sum(nil)))
}

func bytesOfJSON(body []byte) bool { return strings.HasPrefix(strings.TrimSpace(string(body)), "{") }

func webChat() provider {
	return provider{kind: "webchat", values: map[string]string{"site": "shop", "origins": "https://shop.example"}}
}

// carrierOf is an account at one of the providers of SMS that Causeway knows.
func carrierOf(preset string) provider {
	return provider{kind: "sms-http", sign: carrierSigned, values: map[string]string{"provider": preset, "sender": "+14155550100", "username": "user1", "account_id": "acct-1",
		"country": "US", "extra": "application_id=app-1", "password": planted + "-p", "api_key": planted + "-k", "webhook_secret": planted}}
}

// carrierSigned proves a call as the provider does: most know only a token in the address.
func carrierSigned(r *core.WebhookRequest, values map[string]string) {
	mac := func(key, text string) []byte {
		m := hmac.New(sha256.New, []byte(key))
		m.Write([]byte(text))
		return m.Sum(nil)
	}
	switch secret := values["webhook_secret"]; values["provider"] {
	case "bandwidth":
		(&http.Request{Header: r.Header}).SetBasicAuth(values["username"], secret)
	case "plivo":
		address, _, _ := strings.Cut(r.URL, "?")
		r.Header.Set("X-Plivo-Signature-V2-Nonce", "12345")
		r.Header.Set("X-Plivo-Signature-V2", base64.StdEncoding.EncodeToString(mac(values["password"], address+"12345")))
	case "messagebird":
		claims, _ := json.Marshal(map[string]any{"exp": time.Now().Unix() + 60, "url_hash": hashed(r.URL), "payload_hash": hashed(string(r.Body))})
		said := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + base64.RawURLEncoding.EncodeToString(claims)
		r.Header.Set("MessageBird-Signature-JWT", said+"."+base64.RawURLEncoding.EncodeToString(mac(secret, said)))
	default:
		r.Query = maps.Clone(r.Query)
		r.Query.Set("token", secret)
		address, _, _ := strings.Cut(r.URL, "?")
		r.URL = address + "?" + r.Query.Encode()
	}
}

func hashed(text string) string {
	h := sha256.Sum256([]byte(text))
	return hex.EncodeToString(h[:])
}

// encoded writes a form.
func encoded(fields ...[2]string) string {
	v := url.Values{}
	for _, f := range fields {
		v.Add(f[0], f[1])
	}
	return v.Encode()
}
