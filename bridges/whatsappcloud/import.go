package whatsappcloud

import (
	"context"
	"errors"
	"strings"

	"causeway/bridges/meta"
	"causeway/core"
)

// What the platform hands over once, as it calls it.
var syncTypes = map[core.ImportKind]string{core.ImportContacts: "smb_app_state_sync", core.ImportHistory: "history"}

// Imports implements core.ImportLink. Only a number that is also used in the WhatsApp Business app has something to hand over, and it is asked for
// only when what it brings can come in: the question can be put once. A reseller with an interface of its own asks by itself.
func (l *link) Imports(ctx context.Context) ([]core.ImportKind, error) {
	n, err := l.look(ctx)
	if err != nil || l.conf.dialog || !bool(n.OnApp) || n.Platform != "" && !strings.EqualFold(string(n.Platform), "CLOUD_API") {
		return nil, err
	}
	if err := l.hears(ctx); err != nil {
		return nil, err
	}
	return []core.ImportKind{core.ImportContacts, core.ImportHistory}, nil
}

// look asks for the number, and remembers whether it is also used in the app.
func (l *link) look(ctx context.Context) (phoneNode, error) {
	var n phoneNode
	if err := l.graph.Get(ctx, l.conf.node(), map[string][]string{"fields": {numberFields}}, &n); err != nil {
		return n, l.conf.explained(err, "The number cannot be looked at.")
	}
	l.served.tell(ctx, l, string(n.Display))
	if n.Platform != "" {
		l.coexists.learn(ctx, l.host, bool(n.OnApp))
	}
	return n, nil
}

// hears returns a Problem unless webhooks come here, with the fields that bring contacts and history where Meta tells which there are.
func (l *link) hears(ctx context.Context) error {
	if l.conf.account == "" {
		return core.Problemf(core.CodeInvalid, "The channel does not name its WhatsApp Business Account, so it is not known whether its webhooks come here.").Remedied("Add the setting %s.", keyAccount)
	}
	_, app := l.checkToken(ctx)
	for _, f := range append([]core.Finding{l.checkSubscription(ctx, app)}, l.checkImportFields(ctx, app)...) {
		if f.Level != core.HealthGood {
			return core.Problemf(core.CodeInvalid, "Contacts and history are not asked for yet. %s", f.Detail).Remedied("%s", f.Remedy)
		}
	}
	return nil
}

// checkImportFields looks for the webhook fields that a number in coexistence needs.
func (l *link) checkImportFields(ctx context.Context, app meta.Text) []core.Finding {
	if app == "" || l.conf.sign != signMeta {
		return nil
	}
	fields, _ := l.graph.CheckSecret(ctx, string(app), l.conf.appSecret)
	have, told := fields["whatsapp_business_account"]
	if !told {
		return nil
	}
	return []core.Finding{judgeShared(have)}
}

// Import implements core.ImportLink.
func (l *link) Import(ctx context.Context, what core.ImportKind) (core.Import, error) {
	var answer struct {
		Request meta.Text `json:"request_id"`
	}
	err := l.graph.Post(ctx, l.conf.number+"/smb_app_data", body{"messaging_product": "whatsapp", "sync_type": syncTypes[what]}, &answer)
	if err == nil {
		return core.Import{What: what, State: core.ImportRequested, Request: string(answer.Request)}, nil
	}
	var g *meta.Error
	e := core.AsSendError(l.conf.failed(err))
	if errors.As(err, &g) && g.Status >= 500 {
		e.Outcome = core.Unknown // it may have been taken all the same
	}
	if g == nil || e.Outcome != core.Rejected || e.Effect == core.EffectRetry || e.Effect == core.EffectSlow || e.Effect == core.EffectPark {
		return core.Import{}, e
	}
	return refusedImport(what, g.Code, e.Detail), nil
}

// Codes of the platform about what it hands over once.
const (
	codeUsedUp   = 2593107
	codeTooLate  = 2593108
	codeDeclined = 2593109
)

// refusedImport is how an import stands after the platform's no.
func refusedImport(what core.ImportKind, code int, words string) core.Import {
	e := sendError(code, words)
	i := core.Import{What: what, State: core.ImportRefused, Reason: e.Reason, Remedy: e.Remedy}
	switch code {
	case codeUsedUp:
		i.State = core.ImportUsedUp
	case codeTooLate:
		i.State = core.ImportLate
	case codeDeclined:
		i.State = core.ImportDeclined
	}
	return i
}
