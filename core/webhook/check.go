package webhook

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"

	"causeway/core"
)

// Check says what is wrong with a webhook.
func Check(h core.Webhook) error {
	u, err := url.Parse(h.URL)
	switch {
	case h.Name == "" || len(h.Name) > 64 || strings.ContainsAny(h.Name, "/\r\n\x00"):
		return core.Problemf(core.CodeInvalid, "%q cannot be the name of a webhook.", h.Name).Remedied("Use at most 64 letters, without slashes.")
	case err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || u.Fragment != "":
		return core.Problemf(core.CodeInvalid, "The webhook %q has no address that can be called.", h.Name).Remedied("Give it one like https://crm.example.com/causeway, without user and password.")
	case len(h.Events) == 0:
		return core.Problemf(core.CodeInvalid, "The webhook %q wants to know nothing.", h.Name).Remedied("Name its events, like order.* or conversation.closed.")
	}
	for _, e := range h.Events {
		if !slices.ContainsFunc(Events[:], func(known string) bool { return fits(e, known) }) {
			return core.Problemf(core.CodeInvalid, "There is no event %q.", e).Remedied("Write one of: %s; or a group of them, like order.*.", strings.Join(Events[:], ", "))
		}
	}
	return nil
}

// Check says what is wrong with a webhook, and whether its address would never be called.
func (c *Caller) Check(ctx context.Context, h core.Webhook) error {
	if err := Check(h); err != nil {
		return err
	}
	err := c.Refuses(ctx, h.URL)
	var p *core.Problem
	if errors.As(err, &p) {
		return core.Problemf(core.CodeInvalid, "The webhook %q would never be told: %s", h.Name, p.Detail).Remedied("%s", p.Remedy)
	}
	return err
}

// CheckSecret says what is wrong with a webhook's secret.
func CheckSecret(s core.Secret) error {
	if len(s.Reveal()) < ShortestSecret {
		return core.Problemf(core.CodeInvalid, "The webhook's secret is too short.").Remedied("Use at least %d characters that nobody can guess.", ShortestSecret)
	}
	return nil
}

// fits reports whether an event is meant by a name, or by that of its group.
func fits(wanted, event string) bool {
	group, all := strings.CutSuffix(wanted, "*")
	return wanted == event || all && (group == "" || strings.HasSuffix(group, ".")) && strings.HasPrefix(event, group)
}

func wants(h core.Webhook, event string) bool {
	return slices.ContainsFunc(h.Events, func(e string) bool { return fits(e, event) })
}
