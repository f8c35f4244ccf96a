package twilio

import (
	"context"
	"errors"
	"net/url"
	"strings"

	"causeway/core"
)

// number is a number or short code as Twilio describes it.
type number struct {
	SID    string `json:"sid"`
	Number string `json:"phone_number"`
	Code   string `json:"short_code"`
	URL    string `json:"sms_url"`
	App    string `json:"sms_application_sid"`
	Can    struct {
		SMS bool `json:"sms"`
		MMS bool `json:"mms"`
	} `json:"capabilities"`
}

// service is a messaging service as Twilio describes it.
type service struct {
	Name     string `json:"friendly_name"`
	URL      string `json:"inbound_request_url"`
	OnNumber bool   `json:"use_inbound_webhook_on_number"`
}

// whatsAppSender is a WhatsApp sender as Twilio describes it.
type whatsAppSender struct {
	SID     string `json:"sid"`
	ID      string `json:"sender_id"`
	Status  string `json:"status"`
	Webhook struct {
		URL string `json:"callback_url"`
	} `json:"webhook"`
}

// Subscribe implements core.SetupLink: the number, the service or the WhatsApp sender gets our address for what comes in.
func (l *link) Subscribe(ctx context.Context, callback string) error {
	if !core.WebAddress(callback) {
		return core.Problemf(core.CodeInvalid, "The address for webhooks is no web address.").Remedied("Set the public URL of this gateway.")
	}
	var err error
	switch l.conf.sort {
	case sortService:
		err = l.subscribeService(ctx, callback)
	case sortWhatsApp:
		err = l.subscribeWhatsApp(ctx, callback)
	case sortNumber, sortCode:
		err = l.subscribeNumber(ctx, callback)
	case sortName: // nothing comes in for a name
	}
	if err != nil {
		return explained(err)
	}
	return l.door.Learn(ctx, callback)
}

func explained(err error) error {
	e := core.AsSendError(err)
	return &core.Problem{Code: core.CodeUnavailable, Detail: "The webhook cannot be registered. " + e.Reason, Remedy: e.Remedy, Err: err}
}

func (l *link) subscribeNumber(ctx context.Context, callback string) error {
	n, err := l.number(ctx)
	if err != nil {
		return err
	}
	values := url.Values{"SmsUrl": {callback}, "SmsMethod": {"POST"}}
	if n.App != "" {
		values.Set("SmsApplicationSid", "") // an application's address would count before ours
	}
	return l.ask(ctx, l.accountURL("/"+l.numbers()+"/"+url.PathEscape(n.SID)+".json"), values, &number{})
}

func (l *link) numbers() string {
	if l.conf.sort == sortCode {
		return "SMS/ShortCodes"
	}
	return "IncomingPhoneNumbers"
}

// number looks the channel's number up.
func (l *link) number(ctx context.Context) (number, error) {
	var page struct {
		Numbers []number `json:"incoming_phone_numbers"`
		Codes   []number `json:"short_codes"`
	}
	query := url.Values{"PhoneNumber": {l.conf.sender}}
	if l.conf.sort == sortCode {
		query = url.Values{"ShortCode": {l.conf.sender}}
	}
	if err := l.ask(ctx, l.accountURL("/"+l.numbers()+".json?"+query.Encode()), nil, &page); err != nil {
		return number{}, err
	}
	for _, n := range append(page.Numbers, page.Codes...) {
		if (n.Number == l.conf.sender || n.Code == l.conf.sender) && n.SID != "" {
			return n, nil
		}
	}
	return number{}, l.missing()
}

var errNoSender = errors.New("no such sender")

func (l *link) missing() *core.SendError {
	return &core.SendError{Outcome: core.Rejected, Effect: core.EffectPark, Detail: errNoSender.Error(),
		Reason: "The account has no such " + string(l.conf.sort) + ".", Remedy: "Correct the sender or the account SID in the channel: a number belongs to one account or subaccount."}
}

func (l *link) serviceURL() string {
	return l.conf.messagingAt + "/v1/Services/" + url.PathEscape(l.conf.service)
}

func (l *link) subscribeService(ctx context.Context, callback string) error {
	return l.ask(ctx, l.serviceURL(), url.Values{"InboundRequestUrl": {callback}, "InboundMethod": {"POST"}, "UseInboundWebhookOnNumber": {"false"}}, &service{})
}

// whatsApp looks the WhatsApp sender up.
func (l *link) whatsApp(ctx context.Context) (whatsAppSender, error) {
	var page struct {
		Senders []whatsAppSender `json:"senders"`
	}
	if err := l.ask(ctx, l.conf.messagingAt+"/v2/Channels/Senders?Channel=whatsapp&PageSize=1000", nil, &page); err != nil {
		return whatsAppSender{}, err
	}
	for _, s := range page.Senders {
		if strings.EqualFold(s.ID, l.conf.sender) && s.SID != "" {
			return s, nil
		}
	}
	return whatsAppSender{}, l.missing()
}

func (l *link) subscribeWhatsApp(ctx context.Context, callback string) error {
	s, err := l.whatsApp(ctx)
	if err != nil {
		return err
	}
	hook := map[string]any{"webhook": map[string]string{"callback_url": callback, "callback_method": "POST"}}
	return l.tell(ctx, l.conf.messagingAt+"/v2/Channels/Senders/"+url.PathEscape(s.SID), hook, &whatsAppSender{})
}
