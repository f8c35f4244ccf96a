package whatsappcloud

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"strconv"
	"strings"

	"causeway/bridges/meta"
	"causeway/core"
)

// 360dialog has the requests and answers of Meta's interface at other addresses: the number's API key, in a header of its own, says which number is
// meant, and no version stands in the path. See https://docs.360dialog.com/docs/messaging/overview.
const (
	providerMeta   = "meta"
	providerDialog = "360dialog"

	dialogBase   = "https://waba-v2.360dialog.io"
	dialogKey    = "D360-API-KEY"
	dialogNumber = "health_status" // it stands for the number's node
	dialogHook   = "v1/configs/webhook"
	dialogForms  = "v1/configs/templates"
	dialogSecret = "X-Causeway-Secret" //nolint:gosec // the header by which their webhooks prove themselves; we have them send it

	newKey = "Make a new API key for the number in the 360dialog Hub, put it in the channel as its access token and resume it."
)

// checkProvider reads whose interface is called, and where it is.
func checkProvider(c *conf, provider string) *core.Problem {
	switch strings.ToLower(provider) {
	case "", providerMeta:
		return nil
	case providerDialog:
		c.dialog = true
		if c.base == "" || c.base == meta.DefaultBase {
			c.base = dialogBase
		}
		return nil
	}
	return core.BadSetting(keyProvider, "Write "+providerMeta+" or "+providerDialog+". Other resellers mostly speak as Meta does: leave it, and set "+keyBase+".", "There is no such provider.")
}

// tokenHeader is the header that carries the token; empty: the usual one.
func (c conf) tokenHeader() string {
	if c.dialog {
		return dialogKey
	}
	return ""
}

// pathVersion is what stands before every path.
func (c conf) pathVersion() string {
	if c.dialog {
		return meta.Unversioned
	}
	return c.version
}

// edge is the path of what belongs to the number.
func (c conf) edge(name string) string {
	if c.dialog {
		return name
	}
	return c.number + "/" + name
}

// node is the path of the number itself.
func (c conf) node() string {
	if c.dialog {
		return dialogNumber
	}
	return c.number
}

// reach is where a file is fetched from. 360dialog answers with addresses at Meta, which Meta opens to nobody's API key; the same path at
// 360dialog's own host works.
func (c conf) reach(address string) string {
	if !c.dialog || !meta.MetasHost(address) {
		return address
	}
	u, err := url.Parse(address)
	own, wrong := url.Parse(c.base)
	if err != nil || wrong != nil {
		return address
	}
	u.Scheme, u.Host = own.Scheme, own.Host
	return u.String()
}

// service is who answers our calls, as people call it.
func (c conf) service() string {
	if c.dialog {
		return "360dialog"
	}
	return title
}

// keyRefused is 360dialog's refusal of a wrong key, which it has words of its own for.
func keyRefused(f *meta.Failure) *core.SendError {
	return &core.SendError{Code: core.HTTPCode + strconv.Itoa(f.Status), Outcome: core.Rejected, Effect: core.EffectPark, Reason: "360dialog does not accept the API key.", Remedy: newKey, Detail: f.Error()}
}

// enterWebhook has 360dialog send the number's webhooks here, with our secret in a header.
func (l *link) enterWebhook(ctx context.Context, callback string) error {
	if !publicLink(callback) {
		return core.Problemf(core.CodeInvalid, "The address for webhooks is no web address.").Remedied("Set the public URL of this gateway.")
	}
	b := body{"url": callback}
	switch l.conf.sign {
	case signHeader:
		b["headers"] = map[string]string{l.conf.signName: l.conf.appSecret.Reveal()}
	case signQuery:
		b["url"] = callback + "?" + url.Values{l.conf.signName: {l.conf.appSecret.Reveal()}}.Encode()
	}
	if err := l.graph.Post(ctx, dialogHook, b, nil); err != nil {
		return l.conf.explained(err, "The webhook cannot be entered at 360dialog.")
	}
	return nil
}

// checkDialog is the channel's own doctor where 360dialog's interface is called.
func (l *link) checkDialog(ctx context.Context) []core.Finding {
	found := append([]core.Finding{l.checkKey(ctx)}, l.checkPhone(ctx)...)
	if found[0].Level == core.HealthBad {
		return found[:1] // nothing else works without it
	}
	found = append(found, meta.CheckClock(ctx, l.graph, l.host, l.conf.node())...)
	return append(found, l.checkWebhook(ctx), l.checkTemplates(ctx))
}

// checkKey asks which number the API key is for, and whether that may send.
func (l *link) checkKey(ctx context.Context) core.Finding {
	const subject = "API key"
	var answer struct {
		ID     meta.Text `json:"id"`
		Health struct {
			Send     meta.Text `json:"can_send_message"`
			Entities []struct {
				Errors []struct {
					Text     meta.Text `json:"error_description"`
					Solution meta.Text `json:"possible_solution"`
				} `json:"errors"`
			} `json:"entities"`
		} `json:"health_status"`
	}
	if err := l.graph.Get(ctx, dialogNumber, url.Values{"fields": {"id,health_status"}}, &answer); err != nil {
		return l.conf.trouble(subject, err)
	}
	if answer.ID != "" && string(answer.ID) != l.conf.number {
		return core.Bad(subject, "Set "+keyNumber+" to it, or use the API key of the right number.", "The API key belongs to the phone number ID %s, the channel says another: its webhooks would be refused.", answer.ID)
	}
	if send := strings.ToUpper(string(answer.Health.Send)); send == "BLOCKED" || send == "LIMITED" {
		for _, entity := range answer.Health.Entities {
			for _, e := range entity.Errors {
				return core.Warn(subject, meta.Sentence(string(cmp.Or(e.Solution, "Look at the number in the 360dialog Hub."))), "It works, but sending is %s: %s", plain(meta.Text(send)), meta.Sentence(string(e.Text)))
			}
		}
		return core.Warn(subject, "Look at the number in the 360dialog Hub.", "It works, but sending is %s.", plain(meta.Text(send)))
	}
	return core.Good(subject, "360dialog accepts it, for this number.")
}

// checkWebhook looks whether 360dialog sends the number's webhooks here.
func (l *link) checkWebhook(ctx context.Context) core.Finding {
	const subject, enter = "webhook", "Enter it: causeway channel subscribe NAME, which sets the header as well."
	var answer struct {
		URL     meta.Text         `json:"url"`
		Headers map[string]string `json:"headers"`
	}
	err := l.graph.Get(ctx, dialogHook, nil, &answer)
	switch {
	case err != nil:
		return l.conf.trouble(subject, err)
	case answer.URL == "":
		return core.Bad(subject, enter, "No webhook is entered for the number: nothing that customers write comes in.")
	case l.channel.ID == "" || !strings.Contains(string(answer.URL), string(l.channel.ID)):
		return core.Warn(subject, "If that is another channel of this gateway, or the partner's webhook comes here, all is well. Else: "+enter,
			"360dialog sends this number's webhooks to another address, on %s.", core.HostOf(string(answer.URL)))
	case l.conf.sign == signHeader && answer.Headers != nil && !hasHeader(answer.Headers, l.conf.signName, l.conf.appSecret):
		return core.Bad(subject, enter, "360dialog does not send this channel's secret in the header %s: its webhooks are refused as forged.", l.conf.signName)
	}
	return core.Good(subject, "360dialog sends webhooks to this channel's address.")
}

// hasHeader reports whether the headers hold the secret. Some answers hide values behind stars.
func hasHeader(all map[string]string, name string, secret core.Secret) bool {
	for n, v := range all {
		if strings.EqualFold(n, name) {
			return strings.Contains(v, "*") || secret.Same(v)
		}
	}
	return false
}

// dialogTemplates reads the number's templates, a page at a time.
func (l *link) dialogTemplates(ctx context.Context) ([]core.Template, error) {
	var all []core.Template
	for range mostPages {
		page, total, err := l.dialogPage(ctx, len(all))
		if err != nil {
			return nil, l.conf.explained(err, "The templates cannot be read.")
		}
		all = append(all, page...)
		if len(page) == 0 || len(all) >= total {
			return all, nil
		}
	}
	return nil, errors.New("the list of templates does not end")
}

// dialogPage reads the templates after so many, and how many there are.
func (l *link) dialogPage(ctx context.Context, after int) (page []core.Template, total int, err error) {
	var answer struct {
		Total     meta.Text `json:"total"`
		Templates []remote  `json:"waba_templates"`
	}
	query := url.Values{"limit": {strconv.Itoa(templatesAPage)}, "offset": {strconv.Itoa(after)}}
	if err := l.graph.Get(ctx, dialogForms, query, &answer); err != nil {
		return nil, 0, err
	}
	for _, r := range answer.Templates {
		page = append(page, r.template(l.channel.ID))
	}
	return page, int(answer.Total.Float()), nil
}
