package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"causeway/core"
)

// office is a provider's side of a channel, as far as its check asks: what is wrong there, and the address that was registered.
type office struct {
	mu      sync.Mutex
	trouble string // token, permission; "" for none
	hook    string
	answer  func(o *office, r *http.Request, body string) (status int, said string)
}

const (
	tokenBad        = "token"
	lacksPermission = "permission"
)

func (o *office) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	raw, _ := io.ReadAll(r.Body)
	w.Header().Set("Content-Type", "application/json")
	if o.trouble != lacksPermission {
		w.Header().Set("X-Access-Level", "read-write-directmessages") // X says it there
	} else {
		w.Header().Set("X-Access-Level", "read-write")
	}
	status, said := o.answer(o, r, string(raw))
	w.WriteHeader(status)
	_, _ = io.WriteString(w, said)
}

func (o *office) is(trouble string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.trouble = trouble
}

// graph plays Meta for a channel: the object its webhooks are about, the permissions its token has, and those it is without when one lacks.
func graph(object string, have, without []string, me string) func(*office, *http.Request, string) (int, string) {
	all := `["` + strings.Join([]string{"messages", "account_update", "message_template_status_update", "messaging_postbacks", "message_deliveries", "message_reads", "message_echoes", "message_reactions",
		"message_edits", "messaging_referrals", "messaging_optins", "messaging_handovers", "messaging_policy_enforcement", "standby", "messaging_seen", "messaging_referral", "messaging_handover"}, `","`) + `"]`
	return func(o *office, r *http.Request, body string) (int, string) {
		scopes := have
		if o.trouble == lacksPermission {
			scopes = without
		}
		switch path := r.URL.Path; {
		case o.trouble == tokenBad:
			return 401, `{"error":{"message":"Error validating access token: the session has been invalidated.","type":"OAuthException","code":190}}`
		case strings.HasSuffix(path, "/debug_token"):
			return 200, `{"data":{"app_id":"42","is_valid":true,"expires_at":0,"scopes":["` + strings.Join(scopes, `","`) + `"]}}`
		case strings.HasSuffix(path, "/me/conversations") && o.trouble == lacksPermission:
			return 403, `{"error":{"message":"(#10) Application does not have permission for this action","type":"OAuthException","code":10}}`
		case strings.HasSuffix(path, "/subscribed_apps") && r.Method == http.MethodPost:
			o.hook = "registered"
			if _, address, overrides := strings.Cut(body, `"override_callback_uri":"`); overrides {
				o.hook, _, _ = strings.Cut(address, `"`)
			}
			return 200, `{"success":true}`
		case strings.HasSuffix(path, "/subscribed_apps") && o.hook == "":
			return 200, `{"data":[]}`
		case strings.HasSuffix(path, "/subscribed_apps"):
			return 200, `{"data":[{"id":"42","subscribed_fields":` + all + `,"override_callback_uri":"` + o.hook + `","whatsapp_business_api_data":{"id":"42"}}]}`
		case strings.HasSuffix(path, "/subscriptions"):
			return 200, `{"data":[{"object":"` + object + `","fields":[{"name":` + strings.ReplaceAll(strings.Trim(all, "[]"), `,`, `},{"name":`) + `}]}]}`
		case strings.HasSuffix(path, "/message_templates"):
			return 200, `{"data":[{"id":"1","name":"hello","language":"en","category":"UTILITY","status":"APPROVED","components":[{"type":"BODY","text":"Hi"}]}]}`
		case strings.HasSuffix(path, "/me"):
			return 200, me
		}
		return 200, `{"id":"1","display_phone_number":"+1 555-078-3881","verified_name":"Shop","platform_type":"CLOUD_API","status":"CONNECTED"}`
	}
}

func telegramOffice(o *office, r *http.Request, body string) (int, string) {
	switch {
	case o.trouble == tokenBad:
		return 401, `{"ok":false,"error_code":401,"description":"Unauthorized"}`
	case strings.HasSuffix(r.URL.Path, "/getMe"):
		return 200, fmt.Sprintf(`{"ok":true,"result":{"id":%s,"is_bot":true,"first_name":"Shop","username":"shop_bot","can_join_groups":true,"can_read_all_group_messages":%v}}`, botID, o.trouble == "")
	case strings.HasSuffix(r.URL.Path, "/getWebhookInfo"):
		return 200, `{"ok":true,"result":{"url":"` + o.hook + `","pending_update_count":0,"allowed_updates":["message","edited_message","callback_query","message_reaction","my_chat_member","business_connection",` +
			`"business_message","edited_business_message","deleted_business_messages"]}}`
	case strings.HasSuffix(r.URL.Path, "/setWebhook"):
		_, address, _ := strings.Cut(body, `"url":"`)
		o.hook, _, _ = strings.Cut(address, `"`)
	}
	return 200, `{"ok":true,"result":true}`
}

func twilioOffice(o *office, r *http.Request, body string) (int, string) {
	form, _ := url.ParseQuery(body)
	switch path := r.URL.Path; {
	case o.trouble == tokenBad:
		return 401, `{"code":20003,"message":"Authenticate","status":401}`
	case form.Has("SmsUrl"):
		o.hook = form.Get("SmsUrl")
		return 200, `{}`
	case strings.HasPrefix(path, "/v2/Channels/Senders/"):
		_, address, _ := strings.Cut(body, `"callback_url":"`)
		o.hook, _, _ = strings.Cut(address, `"`)
		return 200, `{}`
	case strings.HasSuffix(path, "/IncomingPhoneNumbers.json"):
		return 200, fmt.Sprintf(`{"incoming_phone_numbers":[{"sid":"PN0123456789abcdef0123456789abcdef","phone_number":"+14155550100","sms_url":%q,"capabilities":{"sms":%v,"mms":true}}]}`, o.hook, o.trouble == "")
	case strings.HasSuffix(path, "/v2/Channels/Senders"):
		status := map[bool]string{true: "ONLINE", false: "OFFLINE"}[o.trouble == ""]
		return 200, fmt.Sprintf(`{"senders":[{"sid":"XE1","sender_id":"whatsapp:+14155550100","status":%q,"webhook":{"callback_url":%q}}]}`, status, o.hook)
	}
	return 200, `{"status":"active","type":"Full"}`
}

func xOffice(o *office, r *http.Request, body string) (int, string) {
	switch path := r.URL.Path; {
	case o.trouble == tokenBad:
		return 401, `{"errors":[{"code":89,"message":"Invalid or expired token."}]}`
	case path == "/oauth2/token":
		return 200, `{"token_type":"bearer","access_token":"app-only"}`
	case path == "/2/users/me":
		return 200, `{"data":{"id":"` + xAccount + `","username":"theshop"}}`
	case path == "/2/webhooks" && r.Method == http.MethodPost:
		_, address, _ := strings.Cut(body, `"url":"`)
		o.hook, _, _ = strings.Cut(address, `"`)
		return 200, `{"id":"11","url":"` + o.hook + `","valid":true}`
	case path == "/2/webhooks" && o.hook == "":
		return 200, `{"meta":{"result_count":0}}`
	case path == "/2/webhooks":
		return 200, `{"data":[{"id":"11","url":"` + o.hook + `","valid":true}]}`
	}
	return 200, `{"data":{"subscribed":true}}`
}

func plivoOffice(o *office, _ *http.Request, _ string) (int, string) {
	if o.trouble == tokenBad {
		return 401, `{"error":"could not verify your access level for that URL"}`
	}
	return 200, `{"account_type":"standard"}`
}

// checked is a channel and its provider, and what the check must say in each trouble. Empty texts: the provider has no such thing.
type checked struct {
	provider
	more       map[string]string // settings besides
	office     func(*office, *http.Request, string) (int, string)
	token      string
	permission []string // what is missing, and what to do
	partly     bool     // the missing permission stops only a part: it is a warning
	byHand     string   // what a person does where the address cannot be registered
}

func allChecked() map[string]checked {
	whatsAppSender := twilioNumber()
	whatsAppSender.values["sender"] = "whatsapp:+14155550100"
	page := `{"id":"1234567890","name":"Shop","user_id":"1234567890","username":"shop","instagram_business_account":{"id":"1234567890","username":"shop"}}`
	return map[string]checked{
		"whatsapp": {provider: whatsApp(), office: graph("whatsapp_business_account", []string{"whatsapp_business_messaging", "whatsapp_business_management"}, []string{"whatsapp_business_management"}, page),
			token: "The access token is no longer valid.", permission: []string{"The access token lacks the permission whatsapp_business_messaging.", "new token"}},
		"messenger": {provider: messengerPage(), office: graph("page", []string{"pages_messaging", "pages_manage_metadata"}, []string{"pages_manage_metadata"}, page),
			token: "The access token is no longer valid.", permission: []string{"lacks the permission pages_messaging: nothing can be received or sent", "Grant pages_messaging."}},
		"instagram": {provider: instagramAccount(), office: graph("instagram", []string{"instagram_manage_messages", "instagram_basic", "pages_manage_metadata"}, []string{"instagram_basic", "pages_manage_metadata"}, page),
			token: "The access token is no longer valid.", permission: []string{"lacks the permission instagram_manage_messages: nothing can be received or sent", "Grant instagram_manage_messages."}},
		"instagram-own": {provider: instagramAccount(), more: map[string]string{"login": "instagram"}, office: graph("instagram", nil, nil, page),
			token: "The access token is no longer valid.", permission: []string{"lacks the permission instagram_business_manage_messages", "Allow access to messages."}},
		"telegram": {provider: telegramBot(), more: map[string]string{"groups": "conversations"}, office: telegramOffice,
			token: "The bot's token is no longer valid.", permission: []string{"The bot's privacy mode is on", "/setprivacy"}, partly: true},
		"twilio": {provider: twilioNumber(), office: twilioOffice, token: "Twilio does not accept", permission: []string{"+14155550100 cannot send text messages.", "Use a number that can"}},
		"twilio-whatsapp": {provider: whatsAppSender, office: twilioOffice, token: "Twilio does not accept",
			permission: []string{"The WhatsApp sender is offline.", "Twilio's console, WhatsApp senders"}},
		"x":     {provider: xUser(), office: xOffice, token: "no longer valid", permission: []string{"lacks the permission for direct messages", "give the app the permission"}},
		"plivo": {provider: carrierOf("plivo"), office: plivoOffice, token: "Plivo", byHand: "Enter the channel's address (causeway channel show) at Plivo"},
	}
}

// TestChannelCheck: the check names a token that is refused, a webhook that is not registered and a permission that lacks, each with what to do, and
// says when all is well.
func TestChannelCheck(t *testing.T) {
	world := liveIn(t, worldOptions{Business: "channels: []", Flags: map[string]string{"allow_private": "127.0.0.0/8"}})
	for name, c := range allChecked() {
		t.Run(name, func(t *testing.T) { c.try(world.in(t)) })
	}
	box := newSupportMailbox(t)
	for name, c := range ownServers(box.addr, world.room.Addr()) {
		t.Run(name, func(t *testing.T) {
			w := world.in(t).tenant(c.provider, c.more)
			defer w.leave()
			w.says(&office{}, "", c.want, c.texts...)
		})
	}
}

// owned is a channel whose check asks no provider's API, what is wrong with it, and what the check says.
type owned struct {
	provider
	more  map[string]string
	want  error
	texts []string
}

func ownServers(imap, smtp string) map[string]owned {
	mail := provider{kind: "email", values: map[string]string{"address": support, "imap_url": "imap://" + imap + "?tls=none", "smtp_url": "smtp://" + smtp + "?tls=none", "smtp_user": "none", "password": planted}}
	phone := provider{kind: "whatsapp-device", values: map[string]string{"phone": "+49 30 123456"}}
	return map[string]owned{
		"email":          {mail, nil, nil, []string{"It lets us in.", "takes mail from " + support, "all is well"}},
		"email-password": {mail, map[string]string{"password": planted + "-old"}, errTrouble, []string{"password", "fix: "}},
		"email-folder":   {mail, map[string]string{"folders": "INBOX, Orders"}, errTrouble, []string{"folder Orders", `There are: ["INBOX"]`}},
		"email-away":     {mail, map[string]string{"smtp_url": "smtp://127.0.0.1:1?tls=none"}, nil, []string{"SMTP server", "fix: ", "1 warning"}},
		"unpaired":       {phone, nil, errTrouble, []string{"linked device", "fix: ", "causeway channel pair"}},
	}
}

func (c checked) try(world *testWorld) {
	o := &office{answer: c.office}
	there := httptest.NewServer(o)
	defer there.Close()
	w := world.tenant(c.provider, c.more, map[string]string{"api_base": there.URL})
	defer w.leave()
	w.says(o, tokenBad, errTrouble, c.token, "fix: ")
	if c.byHand != "" {
		w.says(o, "", nil, "1 warning", c.byHand)
	} else {
		w.says(o, "", errTrouble, "causeway channel subscribe")
	}
	_, _, link, err := w.links.Link(w.Context(), w.channel.ID)
	w.must(err)
	err = link.(core.SetupLink).Subscribe(w.Context(), "https://gateway.example/hooks/"+string(w.channel.ID))
	if c.byHand == "" || core.CodeOf(err) != core.CodeUnsupported {
		w.must(err)
	}
	if c.permission != nil {
		var want error
		if !c.partly {
			want = errTrouble
		}
		w.says(o, lacksPermission, want, append(c.permission, "fix: ")...)
	}
	w.says(o, "", nil, "all is well")
}

// says checks the channel while its provider has a trouble, as causeway channel check does.
func (w *tenant) says(o *office, trouble string, want error, texts ...string) {
	w.Helper()
	o.is(trouble)
	found, err := w.links.Check(w.Context(), w.channel.Workspace, w.channel.ID)
	w.must(err)
	var out strings.Builder
	if err := printFindings(&out, found); !errors.Is(err, want) {
		w.Errorf("trouble %q: ended with %v, want %v", trouble, err, want)
	}
	for _, text := range texts {
		if !strings.Contains(out.String(), text) {
			w.Errorf("trouble %q: does not say %q:\n%s", trouble, text, &out)
		}
	}
	if strings.Contains(out.String(), planted) {
		w.Errorf("trouble %q: a secret is shown:\n%s", trouble, &out)
	}
}
