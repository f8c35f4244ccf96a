package whatsappcloud

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"

	"causeway/bridges/meta"
	"causeway/core"
)

// templateNews is what the four fields about templates hold.
type templateNews struct {
	Event    meta.Text `json:"event"`
	ID       meta.Text `json:"message_template_id"`
	Name     meta.Text `json:"message_template_name"`
	Language meta.Text `json:"message_template_language"`
	Category meta.Text `json:"message_template_category"`
	Reason   meta.Text `json:"reason"`
	Rejected *struct {
		Reason         meta.Text `json:"reason"`
		Recommendation meta.Text `json:"recommendation"`
	} `json:"rejection_info"`
	Other *struct {
		Title       meta.Text `json:"title"`
		Description meta.Text `json:"description"`
	} `json:"other_info"`
	Disable *struct {
		Date meta.Text `json:"disable_date"`
	} `json:"disable_info"`
	NewQuality  meta.Text `json:"new_quality_score"`
	NewCategory meta.Text `json:"new_category"`
	Correct     meta.Text `json:"correct_category"`
}

// templateEvent reads news of a template. Templates belong to the business account: it is for all channels of that.
func (l *link) templateEvent(c change) core.Event {
	var n templateNews
	_ = json.Unmarshal(c.raw, &n) // Meta's syntax shows rejection_info beside the value as well
	if err := json.Unmarshal(c.value, &n); err != nil || n.Name == "" && n.ID == "" {
		return l.other(c, "", c.raw, c.hash(c.raw))
	}
	e := l.other(c, "", c.raw, c.hash(c.raw))
	e.Kind, e.Shared, e.Doubtful = core.EventTemplate, true, l.conf.account == "" || c.waba != l.conf.account
	e.Template = &core.TemplateBody{ProviderID: string(n.ID), Name: string(n.Name), Language: underscored(n.Language),
		Status: templateStatus(n.Event), Category: strings.ToLower(string(cmp.Or(n.NewCategory, n.Category))), Quality: quality(n.NewQuality)}
	if e.Template.Status != core.TemplateApproved {
		e.Template.Reason = n.why()
	}
	return e
}

// underscored writes a language as the API does: webhooks write "en-US".
func underscored(language meta.Text) string { return strings.ReplaceAll(string(language), "-", "_") }

func quality(score meta.Text) string {
	if q := strings.ToLower(string(score)); q != "unknown" {
		return q
	}
	return ""
}

// templateStatus returns our word for the platform's; empty if it says nothing about whether the template may be used.
func templateStatus(event meta.Text) core.TemplateStatus {
	switch strings.ToUpper(string(event)) {
	case "APPROVED", "REINSTATED", "UNARCHIVED":
		return core.TemplateApproved
	case "PENDING":
		return core.TemplatePending
	case "REJECTED", "IN_APPEAL", "LIMIT_EXCEEDED":
		return core.TemplateRejected
	case "PAUSED":
		return core.TemplatePaused
	case "DISABLED", "LOCKED", "ARCHIVED":
		return core.TemplateDisabled
	case "DELETED", "PENDING_DELETION":
		return core.TemplateDeleted
	}
	return ""
}

func (n templateNews) why() string {
	switch {
	case n.Rejected != nil && n.Rejected.Reason != "":
		return string(join(" ", n.Rejected.Reason, n.Rejected.Recommendation))
	case n.Other != nil && n.Other.Description != "":
		return string(n.Other.Description)
	case n.Correct != "":
		return fmt.Sprintf("Meta will count it as %s.", strings.ToLower(string(n.Correct)))
	case n.Disable != nil && n.Disable.Date != "":
		return "Disabled on " + string(n.Disable.Date) + "."
	}
	if r := strings.ToUpper(string(n.Reason)); r == "NONE" || r == "NULL" {
		return ""
	}
	return string(n.Reason)
}

// preference reads what a contact wants to get from the business.
func (l *link) preference(c change, v value, raw json.RawMessage) core.Event {
	var p struct {
		Phone     meta.Text `json:"wa_id"`
		User      meta.Text `json:"user_id"`
		Detail    meta.Text `json:"detail"`
		Category  meta.Text `json:"category"`
		Value     meta.Text `json:"value"`
		Timestamp meta.Text `json:"timestamp"`
	}
	e := l.other(c, "", raw, c.hash(raw))
	if err := json.Unmarshal(raw, &p); err != nil {
		return e
	}
	stop, known := map[meta.Text]bool{"stop": true, "resume": false, "signup": false}[meta.Text(strings.ToLower(string(p.Value)))]
	if !known || p.Category != "marketing_messages" {
		return e
	}
	if at, ok := p.Timestamp.Time(); ok {
		e.At = at
	}
	e.Kind, e.Origin = core.EventPreference, core.OriginCustomer
	e.Peer = peer(message{From: p.Phone, FromUser: p.User}, v.Contacts, false)
	e.Preference = &core.PreferenceBody{Marketing: true, Stop: stop, Detail: string(p.Detail)}
	if len(e.Peer.Identities) == 0 {
		e.Fault = "It does not say whose wish this is."
	}
	return e
}
