package business

import (
	"context"
	"crypto/subtle"
	"fmt"
	"slices"
	"time"

	"causeway/core"

	"go.yaml.in/yaml/v3"
)

// Webhook is an address that is told what happens, with its secret.
type Webhook struct {
	core.Webhook
	Secret core.Secret
	place  *yaml.Node
}

// webhook takes one; what its values may be is checked by who stores it.
func (r *reader) webhook(n *yaml.Node) {
	w := Webhook{place: n}
	r.fields(n, "a webhook", map[string]field{
		"name":   func(_, v *yaml.Node) { w.Name = r.name(v, "name") },
		"url":    func(_, v *yaml.Node) { w.URL, _ = r.text(v, "url") },
		"events": func(_, v *yaml.Node) { w.Events, _ = r.texts(v, "events") },
		"secret": func(_, v *yaml.Node) { w.Secret = r.hidden(v, "secret", w.Name) },
	})
	if n.Kind != yaml.MappingNode || !r.named(n, "webhook", w.Name) {
		return
	}
	r.unique(n, "webhook", w.Name, func(i int) string { return r.out.Webhooks[i].Name }, len(r.out.Webhooks))
	if w.Secret.Empty() {
		r.bad(n, "webhooks", "Add secret: {env: NAME} or secret: {file: PATH}, with 16 characters or more that nobody can guess.", "The webhook %q has no secret.", w.Name)
	}
	r.out.Webhooks = append(r.out.Webhooks, w)
}

// hidden takes a secret from where the file says that it is.
func (r *reader) hidden(n *yaml.Node, key, whose string) core.Secret {
	if n.Kind != yaml.MappingNode {
		r.bad(n, key, "Put it into a variable or a file, and write "+key+": {env: NAME} or "+key+": {file: PATH}. If others could read this file, use another secret.",
			"The secret of %q stands here in clear.", whose)
		return core.NewSecret("in clear")
	}
	value, _ := r.elsewhere(n, key, whose)
	return core.NewSecret(value)
}

// Where is the line of the file at which a webhook stands.
func (w Webhook) Where() int { return w.place.Line }

// planWebhooks compares the webhooks. Those that the file does not name stay.
func (p *planner) planWebhooks(ctx context.Context) error {
	if len(p.file.Webhooks) == 0 {
		return nil
	}
	there, err := core.LoadWebhooks(ctx, p.repo)
	if err != nil {
		return err
	}
	sealed, err := p.repo.Secrets(ctx, core.WebhookSecrets)
	if err != nil {
		return fmt.Errorf("secrets of webhooks: %w", err)
	}
	for _, w := range p.file.Webhooks {
		at := slices.IndexFunc(there, func(o core.Webhook) bool { return o.Name == w.Name })
		var details []string
		if at >= 0 {
			details = append(change("url", there[at].URL, w.URL), change("events", fmt.Sprint(there[at].Events), fmt.Sprint(w.Events))...)
		}
		if !p.sealed(w, sealed) {
			details = append(details, "secret: set")
		}
		p.add("webhook", w.Name, at < 0, details, func(ctx context.Context, repo core.Repo, now time.Time) error {
			s := core.SealedSecret{Workspace: p.workspace, Owner: core.WebhookSecrets, Name: w.Name, Set: now}
			box, err := p.vault.Seal(w.Secret, s.Context())
			if err != nil {
				return fmt.Errorf("seal secret of webhook: %w", err)
			}
			s.Box = box
			if err := repo.PutSecret(ctx, s); err != nil {
				return fmt.Errorf("keep secret of webhook: %w", err)
			}
			return core.PutWebhook(ctx, repo, w.Webhook)
		})
	}
	return nil
}

// sealed reports whether a webhook's secret is what is kept already.
func (p *planner) sealed(w Webhook, all []core.SealedSecret) bool {
	i := slices.IndexFunc(all, func(s core.SealedSecret) bool { return s.Name == w.Name })
	if i < 0 {
		return false
	}
	known, err := p.vault.Open(all[i].Box, all[i].Context())
	return err == nil && subtle.ConstantTimeCompare([]byte(known.Reveal()), []byte(w.Secret.Reveal())) == 1
}
