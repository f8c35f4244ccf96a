package whatsappcloud

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"causeway/bridges/meta"
	"causeway/core"
)

// accountNews is what the fields about the account hold.
type accountNews struct {
	Event meta.Text `json:"event"`
	Phone meta.Text `json:"phone_number"`
	WABA  *struct {
		ID meta.Text `json:"waba_id"`
	} `json:"waba_info"`
	Disconnection *struct {
		Reason meta.Text `json:"reason"`
		By     meta.Text `json:"initiated_by"`
	} `json:"disconnection_info"`
	Ban *struct {
		State meta.Text `json:"waba_ban_state"`
		Date  meta.Text `json:"waba_ban_date"`
	} `json:"ban_info"`
	Violation *struct {
		Type meta.Text `json:"violation_type"`
	} `json:"violation_info"`
	Restrictions []struct {
		Type       meta.Text `json:"restriction_type"`
		Expiration meta.Text `json:"expiration"`
	} `json:"restriction_info"`
	alert
	Inner     *alert    `json:"alert_info"` // where newer alerts have it
	Display   meta.Text `json:"display_phone_number"`
	Limit     meta.Text `json:"current_limit"`
	Decision  meta.Text `json:"decision"`
	Rejection meta.Text `json:"rejection_reason"`
	Message   meta.Text `json:"message"` // what happened, in a sentence: of flows
	Status    meta.Text `json:"status"`
	Daily     meta.Text `json:"max_daily_conversations_per_business"`
	PerPhone  meta.Text `json:"max_daily_conversation_per_phone"`
	Phones    meta.Text `json:"max_phone_numbers_per_business"`
	PerWABA   meta.Text `json:"max_phone_numbers_per_waba"`
}

// alert is what Meta wants the business to look at.
type alert struct {
	Severity    meta.Text `json:"alert_severity"`
	Alert       meta.Text `json:"alert_type"`
	Description meta.Text `json:"alert_description"`
}

// accountEvent reads news of the business account or the number. It comes to one address, and is for all channels of that business account: it names
// none of them.
func (l *link) accountEvent(c change) core.Event {
	e := l.other(c, "", c.raw, c.hash(c.raw))
	var n accountNews
	if err := json.Unmarshal(c.value, &n); err != nil {
		return e
	}
	if n.Inner != nil {
		n.alert = *n.Inner
	}
	e.Kind, e.Change = core.EventAccount, &core.AccountBody{Name: c.field}
	if n.Event != "" {
		e.Change.Name = c.field + "/" + string(n.Event)
	}
	e.Shared = true
	ours, sure := l.ours(c, n)
	e.Doubtful = !ours || !sure
	if !ours {
		e.Change.Detail = "Meta reports news of another account: " + plain(n.Event) + "."
		return e
	}
	detail, h := n.read(c.field)
	if e.Change.Detail = detail; h != nil {
		h.Code, h.Reason = string(cmp.Or(n.Event, meta.Text(c.field))), detail
		e.Change.Health, e.Change.Topic = h, n.topic(c.field)
		e.Change.Unnamed = n.inApp() && cmp.Or(n.Phone, n.Display) == ""
	}
	switch strings.ToUpper(string(n.Event)) {
	case "ACCOUNT_OFFBOARDED", "ACCOUNT_RECONNECTED":
		e.Change.Slack = offboardSlack
	case "PARTNER_REMOVED", "ACCOUNT_DELETED":
		e.Change.Over = true
	}
	return e
}

// offboardSlack is by how much the platform's times of a number's leaving and coming back may be off: its own samples have the return before the
// departure.
const offboardSlack = 2 * time.Minute

const (
	topicPhone   = "phone"
	topicPartner = "partner"
)

// Connection lists the topics of news on whether a number is connected: all of it ends when the number is connected anew.
func Connection() []string { return []string{topicPhone, topicPartner} }

// topic is what the news is about: of one topic the newest holds.
func (n accountNews) topic(field string) string {
	if field != fieldAccount {
		return field + strings.TrimSuffix("/"+string(n.Alert), "/")
	}
	switch event := strings.ToUpper(string(n.Event)); event {
	case "ACCOUNT_OFFBOARDED", "ACCOUNT_RECONNECTED":
		return topicPhone
	case "PARTNER_REMOVED", "ACCOUNT_DELETED", "PARTNER_APP_UNINSTALLED", "PARTNER_ADDED", "PARTNER_APP_INSTALLED":
		return topicPartner
	case "DISABLED_UPDATE":
		return "ban"
	default:
		return event
	}
}

// accountWord reports whether a value that stands alone is news of the account.
func accountWord(event meta.Text) bool {
	for _, start := range []string{"ACCOUNT_", "PARTNER_", "DISABLED_UPDATE"} {
		if strings.HasPrefix(strings.ToUpper(string(event)), start) {
			return true
		}
	}
	return false
}

// aboutPartner reports whether the news comes under the id of the partner who serves the account.
func (n accountNews) aboutPartner() bool {
	return strings.HasPrefix(strings.ToUpper(string(n.Event)), "PARTNER_")
}

// inApp reports whether the news is of a number's place in the WhatsApp Business app.
func (n accountNews) inApp() bool { return n.back() || n.leaves() }

// leaves reports whether a number lost its place there: only one that is used in the app can.
func (n accountNews) leaves() bool {
	return strings.EqualFold(string(n.Event), "ACCOUNT_OFFBOARDED") || n.Disconnection != nil
}

// back reports whether a number has its place again. While it was away it may have looked as if it were not used in the app.
func (n accountNews) back() bool { return strings.EqualFold(string(n.Event), "ACCOUNT_RECONNECTED") }

// ours reports whether the news is of this channel's number or account, and whether that is sure: where neither is known, the channel that was called
// takes it for its own. Partner events come under the partner's id and name the account inside. News of a number in the app that does not say which
// number is news of all of the account that are used there.
func (l *link) ours(c change, n accountNews) (ours, sure bool) {
	named := cmp.Or(n.Phone, n.Display)
	if number := cmp.Or(l.conf.phone, l.channel.Number); named != "" && number != "" {
		return core.Digits(string(named)) == number, true
	}
	ours, sure = l.ofAccount(c, n)
	if ours && named == "" && n.leaves() {
		return !l.coexists.never(), sure && l.coexists.ever()
	}
	return ours, sure && named == ""
}

// ofAccount reports whether the news is of this channel's business account, and whether that is sure.
func (l *link) ofAccount(c change, n accountNews) (ours, sure bool) {
	switch {
	case l.conf.account == "":
	case n.WABA != nil && n.WABA.ID != "":
		return string(n.WABA.ID) == l.conf.account, true
	case anID.MatchString(c.waba) && !n.aboutPartner():
		return c.waba == l.conf.account, true
	}
	return true, false
}

// read returns what happened in a sentence, and the health that follows from it where a person must act, or may rest.
func (n accountNews) read(field string) (string, *core.Health) {
	switch field {
	case "account_update":
		return n.update()
	case "account_alerts":
		return n.warns()
	case "account_review_update":
		return n.decided("Meta's review of the account", "Open Business support home and ask for another review.")
	case "phone_number_quality_update":
		return n.quality()
	case "phone_number_name_update":
		return n.decided("Meta's decision on the display name", "Choose another display name in the WhatsApp Manager.")
	case "security":
		return "The number's two-step verification was changed: " + plain(n.Event) + ".", worry("If that was nobody of yours, change the PIN in the WhatsApp Manager at once.")
	}
	return n.mere(field), nil
}

func (n accountNews) warns() (string, *core.Health) {
	detail := "Meta raised an alert for the account."
	switch {
	case n.Description != "":
		detail = string(n.Description)
	case n.Alert != "":
		detail = "Meta raised an alert for the account: " + plain(n.Alert) + "."
	}
	if s := strings.ToUpper(string(n.Severity)); s == "CRITICAL" || s == "WARNING" {
		return detail, worry("Open the WhatsApp Manager and look at the account's alerts.")
	}
	return detail, nil
}

// decided is a decision of Meta's on something. That it is taken well ends what a worse one before it said.
func (n accountNews) decided(what, remedy string) (string, *core.Health) {
	detail := what + ": " + plain(n.Decision)
	if r := strings.ToUpper(string(n.Rejection)); r != "" && r != "NONE" {
		detail += ", " + plain(n.Rejection)
	}
	switch detail += "."; strings.ToUpper(string(n.Decision)) {
	case "REJECTED":
		return detail, worry(remedy)
	case "APPROVED":
		return detail, &core.Health{Level: core.HealthGood}
	}
	return detail, nil
}

// mere is news that asks nothing of anybody.
func (n accountNews) mere(field string) string {
	switch {
	case n.Message != "":
		return "Meta reports: " + meta.Sentence(string(n.Message))
	case n.Daily != "" || n.PerPhone != "" || n.Phones != "" || n.PerWABA != "":
		return "Meta changed what the account may do: " + string(join(", ", labelled("customers written to first in a day", cmp.Or(n.Daily, n.PerPhone)), labelled("phone numbers", cmp.Or(n.Phones, n.PerWABA)))) + "."
	case n.Event != "" || n.Status != "":
		return "Meta reports: " + plain(meta.Text(field)) + ", " + plain(cmp.Or(n.Event, n.Status)) + "."
	}
	return "Meta reports: " + plain(meta.Text(field)) + "."
}

func labelled(label string, value meta.Text) meta.Text {
	if value == "" {
		return ""
	}
	if value == "-1" {
		value = "without limit"
	}
	return meta.Text(label + " " + plain(value))
}

func (n accountNews) quality() (string, *core.Health) {
	limit := ""
	if l := cmp.Or(n.Limit, n.Daily); l != "" {
		limit = " Its limit is now " + plain(l) + "."
	}
	standing := "The number's standing changed: " + plain(n.Event) + "." + limit
	switch strings.ToUpper(string(n.Event)) {
	case "FLAGGED", "DOWNGRADE":
		return "Meta rates the quality of this number's messages low." + limit, worry("Send less that customers block or report; look at the number in the WhatsApp Manager.")
	case "UNFLAGGED", "UPGRADE":
		return standing, &core.Health{Level: core.HealthGood}
	}
	return standing, nil
}

func (n accountNews) update() (string, *core.Health) {
	switch strings.ToUpper(string(n.Event)) {
	case "PARTNER_REMOVED", "ACCOUNT_DELETED", "PARTNER_APP_UNINSTALLED":
		return n.removed(), &core.Health{Level: core.HealthBad, Remedy: n.reconnect()}
	case "PARTNER_ADDED", "PARTNER_APP_INSTALLED":
		return "The account was given to the app: " + plain(n.Event) + ".", &core.Health{Level: core.HealthGood}
	case "ACCOUNT_OFFBOARDED":
		return "The number was taken off the platform, most likely because the phone was changed. It usually comes back within minutes.",
			&core.Health{Level: core.HealthBad, Remedy: "Messages wait. If it does not come back in some minutes, open the WhatsApp Business app on the phone; failing that, " + again + "."}
	case "ACCOUNT_RECONNECTED":
		return "The number is back on the platform.", &core.Health{Level: core.HealthGood}
	case "DISABLED_UPDATE":
		return n.banned()
	case "ACCOUNT_RESTRICTION":
		return "Meta restricted the account: " + n.restricted() + ".", worry("Open Business support home, see what was violated, and ask for a review.")
	case "ACCOUNT_VIOLATION":
		detail := "Meta says that the account violated its policy"
		if n.Violation != nil && n.Violation.Type != "" {
			detail += ": " + plain(n.Violation.Type)
		}
		return detail + ".", worry("Open Business support home and answer the complaint before messages are blocked.")
	}
	return "Meta reports: " + plain(n.Event) + ".", nil
}

func (n accountNews) banned() (string, *core.Health) {
	state, date := "", ""
	if n.Ban != nil {
		state = strings.ToUpper(string(n.Ban.State))
		if n.Ban.Date != "" {
			date = " on " + string(n.Ban.Date)
		}
	}
	appeal := "Open Business support home and ask for a review."
	switch state {
	case "DISABLE":
		return "Meta disabled the account" + date + ".", &core.Health{Level: core.HealthBad, Remedy: appeal}
	case "SCHEDULE_FOR_DISABLE":
		return "Meta is going to disable the account" + date + ".", worry(appeal)
	case "REINSTATE":
		return "Meta reinstated the account" + date + ".", &core.Health{Level: core.HealthGood}
	}
	return "Meta changed whether the account is enabled: " + plain(meta.Text(state)) + ".", worry(appeal)
}

func (n accountNews) restricted() string {
	var all []string
	for _, r := range n.Restrictions {
		s := plain(r.Type)
		if at, ok := r.Expiration.Time(); ok {
			s += " until " + at.Format("2 January 2006 15:04 MST")
		}
		all = append(all, s)
	}
	if len(all) == 0 {
		return "it does not say how"
	}
	return strings.Join(all, ", ")
}

func (n accountNews) removed() string {
	if n.Disconnection == nil {
		return "The business account no longer works with this app: " + plain(n.Event) + "."
	}
	by := ""
	switch strings.ToUpper(string(n.Disconnection.By)) {
	case "USER":
		by = ", by somebody with the phone or the account"
	case "SYSTEM":
		by = ", by WhatsApp"
	}
	return fmt.Sprintf("The number was disconnected from the platform%s: %s.", by, plain(n.Disconnection.Reason))
}

const again = "connect the number again, with a link from causeway channel connect NAME or on your provider's page"

func (n accountNews) reconnect() string {
	if n.Disconnection == nil {
		return "Connect the number to your app again, give its system user access, and put a new token in the channel."
	}
	switch strings.ToUpper(string(n.Disconnection.Reason)) {
	case "PRIMARY_INACTIVITY":
		return "The phone was not opened for about two weeks. Open the WhatsApp Business app at least every 13 days from now on, and " + again + "."
	case "COMPANION_INACTIVITY":
		return "The connection was not used for about a month. Check that this gateway runs and sends, and " + again + "."
	case "CHANGE_NUMBER":
		return "The phone has another number now. Connect that one with a link from causeway channel connect NAME: it takes the old one's place. Or connect it on your provider's page, and set the channel to its phone number ID."
	case "USER_RE_REGISTERED":
		return "WhatsApp was set up anew on the phone. C" + again[1:] + "; check the channel's phone number ID then."
	case "BUSINESS_DOWNGRADE":
		return "The phone uses the ordinary WhatsApp now. Install the WhatsApp Business app with this number, and " + again + "."
	case "ACCOUNT_DISCONNECTED":
		return "If that was a mistake, " + again + ". If not, pause the channel: causeway channel pause NAME."
	}
	return "C" + again[1:] + ", and put a new token in the channel if the old one is refused."
}

func worry(remedy string) *core.Health {
	return &core.Health{Level: core.HealthWarning, Remedy: remedy}
}

// plain writes the platform's word for people: "PRIMARY_INACTIVITY" as "primary inactivity".
func plain(t meta.Text) string {
	if t == "" {
		return "no more is said"
	}
	return strings.ToLower(strings.ReplaceAll(string(t), "_", " "))
}

// valueError reads an entry of value.errors: the platform's trouble with the app or the number, not with a message.
func (l *link) valueError(c change, raw json.RawMessage) core.Event {
	var w wireError
	e := l.other(c, "", raw, c.hash(raw))
	if err := json.Unmarshal(raw, &w); err != nil {
		return e
	}
	se := sendError(w.code(), w.words())
	e.Kind, e.Change = core.EventAccount, &core.AccountBody{Name: "error/" + string(w.Code), Detail: se.Reason}
	if d := se.Detail; d != "" {
		e.Change.Detail += " Meta says: " + d
	}
	if se.Effect == core.EffectPark {
		// A warning only: whether sending still works is for the next send to find out.
		e.Change.Health = &core.Health{Level: core.HealthWarning, Code: se.Code, Reason: e.Change.Detail, Remedy: se.Remedy}
	}
	return e
}
