package whatsappcloud

import (
	"context"
	"slices"
	"strings"

	"causeway/bridges/meta"
	"causeway/core"
)

// fieldsNeeded are the webhook fields of the app without which news does not come in, the first of them without which nothing does.
var fieldsNeeded = []string{fieldMessages, "message_template_status_update", "account_update"}

// checkApp asks Meta, in the name of the app, for its webhook fields. Where the app is not known, or a reseller stands between, there is nothing to ask.
func (l *link) checkApp(ctx context.Context, app meta.Text) []core.Finding {
	if app == "" || l.conf.sign != signMeta {
		return nil
	}
	fields, found := l.graph.CheckSecret(ctx, string(app), l.conf.appSecret)
	if fields == nil {
		return found
	}
	found = append(found, judgeFields(fields))
	if l.coexists.yes() && found[len(found)-1].Level == core.HealthGood {
		found = append(found, judgeShared(fields["whatsapp_business_account"]))
	}
	return found
}

// fieldsShared are the webhook fields without which what happens on the business's own phone does not come in.
var fieldsShared = []string{fieldEchoes, fieldHistory, fieldBook}

func judgeShared(have []meta.Text) core.Finding {
	const subject = "webhook fields of the phone"
	var missing []string
	for _, name := range fieldsShared {
		if !slices.Contains(have, meta.Text(name)) {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		return core.Bad(subject, "Subscribe to "+strings.Join(missing, ", ")+": App dashboard, WhatsApp, Configuration, Webhook fields.",
			"The number is also used on the phone, and the app does not hear of it: it lacks %s.", strings.Join(missing, ", "))
	}
	return core.Good(subject, "The app gets what is written on the phone, its history and its contacts.")
}

func judgeFields(all map[string][]meta.Text) core.Finding {
	const subject, where = "webhook fields", "App dashboard, WhatsApp, Configuration, Webhook fields."
	have, some := all["whatsapp_business_account"]
	if !some {
		return core.Bad(subject, "Enter the address and subscribe to "+strings.Join(fieldsNeeded, ", ")+": "+where, "The app gets no webhooks of WhatsApp at all.")
	}
	var missing []string
	for _, name := range fieldsNeeded {
		if !slices.Contains(have, meta.Text(name)) {
			missing = append(missing, name)
		}
	}
	remedy := "Subscribe to " + strings.Join(missing, ", ") + ": " + where
	switch {
	case slices.Contains(missing, fieldMessages):
		return core.Bad(subject, remedy, "The app is not subscribed to messages: nothing that customers write comes in.")
	case len(missing) > 0:
		return core.Warn(subject, remedy, "The app does not hear of templates or the account: it lacks %s.", strings.Join(missing, ", "))
	}
	return core.Good(subject, "The app gets messages, and news of templates and the account.")
}
