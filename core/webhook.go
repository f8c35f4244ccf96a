package core

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Webhook is an address of the business that is told what happens. Its secret, by which it knows us, is sealed under WebhookSecrets and its name.
type Webhook struct {
	Name   string   `json:"name"`
	URL    string   `json:"url"`
	Events []string `json:"events"` // names such as "order.created", or of a group as "order.*"
}

// WebhookSecrets is the owner of the webhooks' secrets.
const WebhookSecrets = "webhook"

const webhooksName = "webhooks"

// LoadWebhooks returns a workspace's webhooks, by name.
func LoadWebhooks(ctx context.Context, repo ChannelRepo) ([]Webhook, error) {
	raw, err := repo.Value(ctx, AutomationOwner, webhooksName)
	if err != nil || raw == nil {
		return nil, err
	}
	var all []Webhook
	if err := json.Unmarshal(raw, &all); err != nil {
		return nil, fmt.Errorf("webhooks: %w", err)
	}
	return all, nil
}

// PutWebhook adds a webhook, or replaces the one of its name.
func PutWebhook(ctx context.Context, repo ChannelRepo, h Webhook) error {
	all, err := LoadWebhooks(ctx, repo)
	if err != nil {
		return err
	}
	all = append(slices.DeleteFunc(all, func(o Webhook) bool { return o.Name == h.Name }), h)
	slices.SortFunc(all, func(a, b Webhook) int { return strings.Compare(a.Name, b.Name) })
	return saveWebhooks(ctx, repo, all)
}

// RemoveWebhook takes a webhook out, with its secret, and reports whether it was there. What waits for it is forgotten.
func RemoveWebhook(ctx context.Context, repo ChannelRepo, name string) (bool, error) {
	all, err := LoadWebhooks(ctx, repo)
	if err != nil {
		return false, err
	}
	left := slices.DeleteFunc(slices.Clone(all), func(o Webhook) bool { return o.Name == name })
	if len(left) == len(all) {
		return false, nil
	}
	if err := repo.DropSecret(ctx, WebhookSecrets, name); err != nil {
		return true, fmt.Errorf("secret of webhook: %w", err)
	}
	return true, saveWebhooks(ctx, repo, left)
}

// HasWebhooks reports whether a workspace has webhooks.
func HasWebhooks(ctx context.Context, repo ChannelRepo) (bool, error) {
	names, err := repo.Automation(ctx)
	return slices.Contains(names, webhooksName), err
}

func saveWebhooks(ctx context.Context, repo ChannelRepo, all []Webhook) error {
	if len(all) == 0 {
		return repo.DropValue(ctx, AutomationOwner, webhooksName)
	}
	raw, err := json.Marshal(all)
	if err != nil {
		return fmt.Errorf("webhooks: %w", err)
	}
	return repo.SetValue(ctx, AutomationOwner, webhooksName, raw)
}

// JobWebhook tells a webhook what happened in a conversation, in order; made by WebhookJob.
const JobWebhook JobKind = "webhook"

// WebhookJob returns the job that tells a webhook what happened in a conversation.
func WebhookJob(ws WorkspaceID, hook string, id ConversationID) Job {
	return Job{Kind: JobWebhook, Workspace: ws, Key: string(id) + "/" + hook}
}

// Hooked returns what a WebhookJob is about.
func (j Job) Hooked() (hook string, id ConversationID) {
	conv, name, _ := strings.Cut(j.Key, "/")
	return name, ConversationID(conv)
}
