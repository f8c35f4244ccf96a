package ginapi

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"causeway/core"
	"causeway/core/webhook"

	"github.com/danielgtaylor/huma/v2"
)

const tagWebhooks = "Webhooks"

// WebhookView is an address that is told what happens. Its secret is never shown.
type WebhookView struct {
	Name   string   `json:"name"`
	URL    string   `json:"url"`
	Events []string `json:"events" nullable:"false"`
}

func showWebhook(h core.Webhook) WebhookView {
	return WebhookView{Name: h.Name, URL: h.URL, Events: append([]string{}, h.Events...)}
}

func (s *Server) webhookOperations(api huma.API) {
	handle(s, api, operation{id: "list-webhooks", method: http.MethodGet, path: "/webhooks", tag: tagWebhooks, scope: scopeManage,
		summary: "List the addresses that are told what happens"}, s.listWebhooks)
	handle(s, api, operation{id: "put-webhook", method: http.MethodPut, path: "/webhooks/{name}", tag: tagWebhooks, scope: scopeManage,
		summary: "Add an address that is told what happens, or change it"}, s.putWebhook)
	handle(s, api, operation{id: "delete-webhook", method: http.MethodDelete, path: "/webhooks/{name}", tag: tagWebhooks, scope: scopeManage,
		summary: "Tell an address nothing more; what waits for it is forgotten", status: http.StatusNoContent}, s.deleteWebhook)
}

// WebhookName names a webhook in a path.
type WebhookName struct {
	Name string `path:"name" maxLength:"64" pattern:"^[^/]+$" doc:"of the webhook"`
}

type webhookInput struct {
	WebhookName
	Body struct {
		URL    string   `json:"url" maxLength:"2000" doc:"on the public internet, unless the configuration allows more"`
		Events []string `json:"events" minItems:"1" maxItems:"50" nullable:"false" doc:"names as in docs/webhooks.md, or groups of them like order.*"`
		Secret string   `json:"secret,omitempty" maxLength:"200" doc:"signs what is sent, at least 16 characters; of a webhook that is there already: left out, it stays"`
	}
}

func (s *Server) listWebhooks(ctx context.Context, repo core.Repo, _ *none) (*answer[pageView[WebhookView]], error) {
	all, err := core.LoadWebhooks(ctx, repo)
	return reply(listOf(all, showWebhook), err)
}

func (s *Server) putWebhook(ctx context.Context, _ core.Repo, in *webhookInput) (*answer[WebhookView], error) {
	h := core.Webhook{Name: in.Name, URL: in.Body.URL, Events: in.Body.Events}
	if err := s.CheckWebhook(ctx, h); err != nil {
		return nil, err
	}
	secret := core.NewSecret(strings.TrimSpace(in.Body.Secret))
	if !secret.Empty() {
		if err := webhook.CheckSecret(secret); err != nil {
			return nil, err
		}
	}
	err := s.Store.Tx(ctx, func(tx core.Tx) error {
		repo := tx.In(caller(ctx).Workspace)
		if _, err := repo.LockDesk(ctx); err != nil { // so that no change made at the same time is lost
			return err
		}
		if err := s.sealWebhook(ctx, repo, h.Name, secret); err != nil {
			return err
		}
		return core.PutWebhook(ctx, repo, h)
	})
	return reply(showWebhook(h), err)
}

// sealWebhook keeps a webhook's secret. An empty one leaves what is there.
func (s *Server) sealWebhook(ctx context.Context, repo core.Repo, name string, secret core.Secret) error {
	if secret.Empty() {
		all, err := repo.Secrets(ctx, core.WebhookSecrets)
		if err != nil {
			return fmt.Errorf("secrets of webhooks: %w", err)
		}
		for _, x := range all {
			if x.Name == name {
				return nil
			}
		}
		return webhook.CheckSecret(secret)
	}
	x := core.SealedSecret{Workspace: caller(ctx).Workspace, Owner: core.WebhookSecrets, Name: name, Set: s.Now()}
	var err error
	if x.Box, err = s.Seal(secret, x.Context()); err != nil {
		return fmt.Errorf("seal secret of webhook: %w", err)
	}
	return repo.PutSecret(ctx, x)
}

func (s *Server) deleteWebhook(ctx context.Context, _ core.Repo, in *WebhookName) (*none, error) {
	return &none{}, s.Store.Tx(ctx, func(tx core.Tx) error {
		repo := tx.In(caller(ctx).Workspace)
		if _, err := repo.LockDesk(ctx); err != nil {
			return err
		}
		there, err := core.RemoveWebhook(ctx, repo, in.Name)
		if err == nil && !there {
			return core.NotFound("webhook")
		}
		return err
	})
}
