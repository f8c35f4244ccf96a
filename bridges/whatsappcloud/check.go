package whatsappcloud

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"causeway/bridges/meta"
	"causeway/core"
)

// Check implements core.Link.
func (l *link) Check(ctx context.Context) []core.Finding {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	if l.conf.dialog {
		return append(l.checkDialog(ctx), l.checkOwner(ctx)...)
	}
	token, app := l.checkToken(ctx)
	found := slices.Concat([]core.Finding{token}, l.checkPhone(ctx), l.checkOwner(ctx))
	found = append(append(found, meta.CheckClock(ctx, l.graph, l.host, l.conf.number)...), l.checkApp(ctx, app)...)
	if l.conf.account == "" {
		return append(found, core.Warn("business account", "Add the setting "+keyAccount+".",
			"The channel does not name its WhatsApp Business Account: webhook and templates cannot be looked at, and templates cannot be sent."))
	}
	return append(found, l.checkSubscription(ctx, app), l.checkTemplates(ctx))
}

// trouble is a finding from an error of a call. Only what Meta refuses for good is bad; what may pass is a warning.
func (c conf) trouble(subject string, err error) core.Finding {
	return meta.Trouble(c.service(), subject, core.AsSendError(c.failed(err)))
}

// Renew implements core.RenewLink: Meta renews no token, but tells when it ends.
func (l *link) Renew(ctx context.Context) (core.Renewal, error) {
	r, err := l.graph.Ending(ctx, l.host.Now(), newToken)
	return r, l.conf.failed(err)
}

// needed are the permissions that a token must have.
var needed = []string{"whatsapp_business_messaging", "whatsapp_business_management"}

// checkToken asks what Meta knows of the token, and returns the app it belongs to, "" if it does not tell. Some tokens may not ask that of
// themselves: then the other checks show whether it works.
func (l *link) checkToken(ctx context.Context) (core.Finding, meta.Text) {
	const subject = "access token"
	var answer struct {
		Data struct {
			App     meta.Text   `json:"app_id"`
			Valid   *meta.Truth `json:"is_valid"` // nil: not said
			Expires meta.Text   `json:"expires_at"`
			Scopes  []meta.Text `json:"scopes"`
		} `json:"data"`
	}
	err := l.graph.Get(ctx, "debug_token", url.Values{"input_token": {l.conf.token.Reveal()}}, &answer)
	if err != nil {
		switch e := core.AsSendError(l.conf.failed(err)); {
		case meta.Unproven(err):
			return l.conf.trouble(meta.AppSecret, err), ""
		case e.Code != "190" && (e.Effect == core.EffectPark || e.Effect == core.EffectFail): // it may not look at itself
			return l.checkPermissions(ctx), ""
		default:
			return l.conf.trouble(subject, err), ""
		}
	}
	if answer.Data.Valid == nil {
		return l.checkPermissions(ctx), ""
	}
	return l.judgeToken(bool(*answer.Data.Valid), answer.Data.Expires, answer.Data.Scopes), answer.Data.App
}

func (l *link) judgeToken(valid bool, expires meta.Text, scopes []meta.Text) core.Finding {
	const subject = "access token"
	var missing []string
	for _, n := range needed {
		if !slices.Contains(scopes, meta.Text(n)) {
			missing = append(missing, n)
		}
	}
	switch at, dated := expires.Time(); {
	case !valid:
		return core.Bad(subject, newToken, "Meta calls the access token invalid.")
	case len(missing) > 0:
		return core.Bad(subject, newToken, "The access token lacks the permission %s.", strings.Join(missing, " and "))
	case dated:
		if f := meta.Expiring(subject, at, l.host.Now(), newToken); f.Level != core.HealthGood {
			return f
		}
		return core.Good(subject, "Valid, with both WhatsApp permissions, until %s.", meta.Day(at))
	}
	return core.Good(subject, "Valid, with both WhatsApp permissions, and does not expire.")
}

// checkPermissions is what remains when the token may not be inspected.
func (l *link) checkPermissions(ctx context.Context) core.Finding {
	const subject = "access token"
	var answer struct {
		Data []struct {
			Permission meta.Text `json:"permission"`
			Status     meta.Text `json:"status"`
		} `json:"data"`
	}
	if err := l.graph.Get(ctx, "me/permissions", nil, &answer); err != nil {
		return core.Warn(subject, "Nothing need be done if the other findings are good.", "Meta does not tell what this token may do.")
	}
	granted := map[string]bool{}
	for _, p := range answer.Data {
		granted[string(p.Permission)] = p.Status == "granted"
	}
	for _, n := range needed {
		if !granted[n] {
			return core.Bad(subject, newToken, "The access token lacks the permission %s.", n)
		}
	}
	return core.Good(subject, "It has both WhatsApp permissions; when it expires, Meta does not tell.")
}

const numberFields = "display_phone_number,verified_name,quality_rating,status,platform_type,is_on_biz_app,code_verification_status,name_status,messaging_limit_tier"

type phoneNode struct {
	Display  meta.Text  `json:"display_phone_number"`
	Name     meta.Text  `json:"verified_name"`
	Quality  meta.Text  `json:"quality_rating"`
	Status   meta.Text  `json:"status"`
	Platform meta.Text  `json:"platform_type"`
	OnApp    meta.Truth `json:"is_on_biz_app"`
}

func (l *link) checkPhone(ctx context.Context) []core.Finding {
	const subject = "phone number"
	var n phoneNode
	if err := l.graph.Get(ctx, l.conf.node(), url.Values{"fields": {numberFields}}, &n); err != nil {
		return []core.Finding{l.conf.trouble(subject, err)}
	}
	l.served.tell(ctx, l, string(n.Display))
	if n.Platform != "" {
		l.coexists.learn(ctx, l.host, bool(n.OnApp))
	}
	name := string(n.Display)
	if n.Name != "" {
		name += ", " + string(n.Name)
	}
	found := []core.Finding{l.registered(n, name)}
	switch strings.ToUpper(string(n.Quality)) {
	case "RED":
		found = append(found, core.Warn("quality", "Send less that customers block or report, or Meta lowers what the number may send.", "Customers rate the number's messages as bad."))
	case "YELLOW":
		found = append(found, core.Warn("quality", "Look at which messages customers block or report.", "Customers rate the number's messages as middling."))
	case "GREEN":
		found = append(found, core.Good("quality", "Customers rate the number's messages as good."))
	}
	if bool(n.OnApp) {
		found = append(found, core.Good("speed", "The number is also used in the WhatsApp Business app: it sends %g messages a second, where others send %d.", l.rate(), defaultRate))
	}
	return found
}

func (l *link) registered(n phoneNode, name string) core.Finding {
	const subject = "phone number"
	register := "Register the number in the WhatsApp Manager."
	switch status := strings.ToUpper(string(n.Status)); {
	case n.Platform != "" && !strings.EqualFold(string(n.Platform), "CLOUD_API"):
		return core.Bad(subject, register, "%s is not on the Cloud API.", name)
	case status == "BANNED" || status == "RESTRICTED" || status == "RATE_LIMITED":
		return core.Bad(subject, support, "%s is %s.", name, plain(n.Status))
	case status == "DISCONNECTED" || status == "DELETED" || status == "MIGRATED" || status == "UNVERIFIED" || status == "PENDING":
		return core.Bad(subject, register, "%s is %s.", name, plain(n.Status))
	case l.conf.phone != "" && n.Display != "" && core.Digits(string(n.Display)) != l.conf.phone:
		return core.Warn(subject, "Correct the setting "+keyPhone+" or "+keyNumber+".", "The phone number ID belongs to %s, the channel says another number.", n.Display)
	case bool(n.OnApp):
		return core.Good(subject, "%s, also used in the WhatsApp Business app.", name)
	}
	return core.Good(subject, "%s.", name)
}

// checkSubscription looks whether the webhooks of the business account come here. App is the token's, "" if it is not known.
func (l *link) checkSubscription(ctx context.Context, app meta.Text) core.Finding {
	const subject = "webhook subscription"
	var answer struct {
		Data []subscribed `json:"data"`
	}
	err := l.graph.Get(ctx, l.conf.account+"/subscribed_apps", nil, &answer)
	switch {
	case err != nil:
		return l.conf.trouble(subject, err)
	case len(answer.Data) == 0:
		return core.Bad(subject, register, "No app is subscribed to the business account: nothing that customers write comes in.")
	}
	own, known := ours(answer.Data, app)
	switch {
	case !known:
		return core.Bad(subject, register, "Only other apps are subscribed to the business account, not the one that the access token belongs to.")
	case own.Override == "":
		return core.Good(subject, "An app is subscribed; its own callback address gets the webhooks.")
	case l.channel.ID == "" || !strings.Contains(string(own.Override), string(l.channel.ID)):
		return core.Warn(subject, "If that is another channel of this gateway, all is well. Else: "+register, "Meta sends this account's webhooks to another address, on %s.", core.HostOf(string(own.Override)))
	}
	return core.Good(subject, "Meta sends webhooks to this channel's address.")
}

const register = "Register the webhook: causeway channel subscribe NAME, or in the App dashboard under WhatsApp, Configuration."

// subscribed is an app that gets the business account's webhooks.
type subscribed struct {
	Override meta.Text `json:"override_callback_uri"`
	App      struct {
		ID meta.Text `json:"id"`
	} `json:"whatsapp_business_api_data"`
}

// ours finds the token's app. Where it is not known, it is the one with an address of its own, else any.
func ours(all []subscribed, app meta.Text) (subscribed, bool) {
	if app == "" {
		if i := slices.IndexFunc(all, func(s subscribed) bool { return s.Override != "" }); i >= 0 {
			return all[i], true
		}
		return all[0], true
	}
	i := slices.IndexFunc(all, func(s subscribed) bool { return s.App.ID == "" || s.App.ID == app })
	if i < 0 {
		return subscribed{}, false
	}
	return all[i], true
}

func (l *link) checkTemplates(ctx context.Context) core.Finding {
	const subject = "templates"
	page, err := l.firstPage(ctx)
	if err != nil {
		return l.conf.trouble(subject, err)
	}
	approved := 0
	for _, t := range page {
		if t.Status == core.TemplateApproved {
			approved++
		}
	}
	if approved == 0 {
		return core.Warn(subject, "Make a template in the WhatsApp Manager and have it approved.", "No template is approved: nobody can be written to after 24 hours.")
	}
	return core.Good(subject, "%d approved on the first page.", approved)
}

func (l *link) firstPage(ctx context.Context) (page []core.Template, err error) {
	if l.conf.dialog {
		page, _, err = l.dialogPage(ctx, 0)
		return page, err
	}
	page, _, err = l.page(ctx, url.Values{"limit": {strconv.Itoa(templatesAPage)}})
	return page, err
}
