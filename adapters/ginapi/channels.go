package ginapi

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"causeway/core"

	"github.com/danielgtaylor/huma/v2"
)

const tagChannels = "Channels"

// ChannelView is a channel as the API shows it: never with a secret.
type ChannelView struct {
	ID      core.ChannelID    `json:"id"`
	Kind    string            `json:"kind" example:"whatsapp-cloud"`
	Name    string            `json:"name"`
	Account string            `json:"account,omitempty" doc:"the provider's account id"`
	State   core.ChannelState `json:"state" enum:"active,paused,parked,removed" doc:"parked: a person must mend it; removed: it was given up, and its conversations stay"`
	Health  healthView        `json:"health"`
	SeenIn  time.Time         `json:"seen_in_at,omitzero" doc:"when something last came in"`
	Proven  core.Proof        `json:"proven" doc:"when it last proved to work from end to end"`
	Created time.Time         `json:"created_at"`
}

// healthView is how a channel is.
type healthView struct {
	Level  core.HealthLevel `json:"level" enum:"unknown,good,warning,bad"`
	Code   string           `json:"code,omitempty"`
	Reason string           `json:"reason,omitempty"`
	Remedy string           `json:"remedy,omitempty"`
	Since  time.Time        `json:"since,omitzero"`
}

// channelDetailView is a channel with its settings.
type channelDetailView struct {
	ChannelView
	Webhook    string                `json:"webhook_url,omitempty" doc:"what to enter at the provider"`
	FreeWindow int64                 `json:"free_window_seconds,omitempty" doc:"the admin's own, shorter reply window"`
	Imports    []core.Import         `json:"imports,omitempty" doc:"what the provider hands over once, and how far it is here"`
	Settings   map[string]string     `json:"settings"`
	Secrets    map[string]secretView `json:"secrets"`
}

// secretView tells that a secret is there, and which, without it.
type secretView struct {
	Set  bool      `json:"set"`
	Hint string    `json:"hint,omitempty" doc:"its last characters"`
	At   time.Time `json:"set_at,omitzero"`
}

func (s *Server) showChannel(c core.Channel) ChannelView {
	h := healthView{Level: cmp.Or(c.Health.Level, "unknown"), Code: c.Health.Code, Reason: c.Health.Reason, Remedy: c.Health.Remedy, Since: c.Health.Since}
	v := ChannelView{ID: c.ID, Kind: c.Kind, Name: c.Name, Account: c.Account, State: c.State, Health: h, SeenIn: c.SeenIn, Created: c.Created}
	if s.Proven != nil {
		v.Proven = s.Proven(c.ID)
	}
	return v
}

func (s *Server) channelOperations(api huma.API) {
	handle(s, api, operation{id: "list-channels", method: http.MethodGet, path: "/channels", tag: tagChannels, scope: scopeRead,
		summary: "List channels and how they are"}, s.listChannels)
	handle(s, api, operation{id: "get-channel", method: http.MethodGet, path: "/channels/{id}", tag: tagChannels, scope: scopeRead,
		summary: "Show a channel, its settings and webhook address"}, s.getChannel)
	handle(s, api, operation{id: "check-channel", method: http.MethodPost, path: "/channels/{id}/check", tag: tagChannels, scope: scopeManage, slow: true,
		summary: "Ask the provider whether everything is as it must be"}, s.checkChannel)
	handle(s, api, operation{id: "pause-channel", method: http.MethodPost, path: "/channels/{id}/pause", tag: tagChannels, scope: scopeManage,
		summary: "Stop a channel's sending and keep its queue; receiving goes on"}, s.pauseChannel)
	handle(s, api, operation{id: "resume-channel", method: http.MethodPost, path: "/channels/{id}/resume", tag: tagChannels, scope: scopeManage,
		summary: "Let a channel send again, what waits first"}, s.resumeChannel)
	handle(s, api, operation{id: "list-templates", method: http.MethodGet, path: "/channels/{id}/templates", tag: tagChannels, scope: scopeRead,
		summary: "List a channel's templates as last synced"}, s.listTemplates)
	handle(s, api, operation{id: "sync-templates", method: http.MethodPost, path: "/channels/{id}/templates/sync", tag: tagChannels, scope: scopeManage, slow: true,
		summary: "Make the list of templates what the provider has"}, s.syncTemplates)
	handle(s, api, operation{id: "list-channel-log", method: http.MethodGet, path: "/channels/{id}/log", tag: tagChannels, scope: scopeManage,
		summary: "List a channel's exchanges with its provider, newest first, without secrets"}, s.channelLog)
}

func (s *Server) listChannels(ctx context.Context, repo core.Repo, _ *none) (*answer[pageView[ChannelView]], error) {
	all, err := repo.Channels(ctx)
	return reply(listOf(all, s.showChannel), err)
}

func (s *Server) getChannel(ctx context.Context, repo core.Repo, in *ByID) (*answer[channelDetailView], error) {
	c, err := repo.Channel(ctx, core.ChannelID(in.ID))
	if err != nil {
		return nil, missing(err, "channel")
	}
	info, err := s.Info(c.Kind)
	if err != nil {
		s.Log.InfoContext(ctx, "settings not shown, bridge not known", "channel", c.ID, "err", err)
	}
	sealed, err := repo.Secrets(ctx, s.SecretsOf(c.ID))
	if err != nil {
		return nil, fmt.Errorf("secrets of channel: %w", err)
	}
	out := channelDetailView{ChannelView: s.showChannel(c), FreeWindow: int64(c.FreeWindow / time.Second)}
	if out.Imports, err = core.Imports(ctx, repo, c.ID); err != nil {
		return nil, err
	}
	out.Settings, out.Secrets = showSettings(c, info, sealed)
	if s.receivesHooks(ctx, c.ID) {
		out.Webhook = WebhookURL(s.PublicURL, c.ID)
	}
	return reply(out, nil)
}

// showSettings shows the values that the bridge declares and does not call secret: what it does not know may be a secret put in the wrong place.
func showSettings(c core.Channel, info core.Info, sealed []core.SealedSecret) (map[string]string, map[string]secretView) {
	values, secrets := map[string]string{}, map[string]secretView{}
	for _, setting := range info.Settings {
		value, there := c.Settings[setting.Key]
		switch {
		case setting.Secret:
			i := slices.IndexFunc(sealed, func(b core.SealedSecret) bool { return b.Name == setting.Key })
			secrets[setting.Key] = secretView{Set: i >= 0}
			if i >= 0 {
				secrets[setting.Key] = secretView{Set: true, Hint: sealed[i].Hint, At: sealed[i].Set}
			}
		case there:
			values[setting.Key] = withoutPassword(value)
		}
	}
	return values, secrets
}

// withoutPassword takes a login out of an address.
func withoutPassword(value string) string {
	u, err := url.Parse(value)
	if err != nil || u.User == nil {
		return value
	}
	u.User = url.User("secret")
	return u.String()
}

// receivesHooks reports whether the channel has a webhook. One that cannot be opened is shown its address: it may be needed to mend it.
func (s *Server) receivesHooks(ctx context.Context, id core.ChannelID) bool {
	_, _, link, err := s.Links.Link(ctx, id)
	if err != nil {
		return true
	}
	_, ok := link.(core.WebhookLink)
	return ok
}

// onChannel does something to a channel of the key's workspace and shows what it is like then.
func (s *Server) onChannel(ctx context.Context, repo core.Repo, id string, f func(core.ChannelID) error) (*answer[ChannelView], error) {
	c, err := repo.Channel(ctx, core.ChannelID(id))
	if err != nil {
		return nil, missing(err, "channel")
	}
	if err := f(c.ID); err != nil {
		return nil, err
	}
	c, err = repo.Channel(ctx, c.ID)
	return reply(s.showChannel(c), err)
}

func (s *Server) pauseChannel(ctx context.Context, repo core.Repo, in *ByID) (*answer[ChannelView], error) {
	return s.onChannel(ctx, repo, in.ID, func(id core.ChannelID) error { return s.Outbox.Pause(ctx, caller(ctx).Workspace, id) })
}

func (s *Server) resumeChannel(ctx context.Context, repo core.Repo, in *ByID) (*answer[ChannelView], error) {
	return s.onChannel(ctx, repo, in.ID, func(id core.ChannelID) error { return s.Outbox.Resume(ctx, caller(ctx).Workspace, id) })
}

func (s *Server) checkChannel(ctx context.Context, repo core.Repo, in *ByID) (*answer[pageView[findingView]], error) {
	c, err := repo.Channel(ctx, core.ChannelID(in.ID))
	if err != nil {
		return nil, missing(err, "channel")
	}
	found, err := s.Links.Check(ctx, caller(ctx).Workspace, c.ID)
	return reply(listOf(found, showFinding), err)
}

// findingView is one line of the doctor.
type findingView struct {
	Subject string           `json:"subject" example:"access token"`
	Level   core.HealthLevel `json:"level" enum:"unknown,good,warning,bad"`
	Detail  string           `json:"detail"`
	Remedy  string           `json:"remedy,omitempty"`
}

func showFinding(f core.Finding) findingView {
	return findingView{Subject: f.Subject, Level: cmp.Or(f.Level, "unknown"), Detail: f.Detail, Remedy: f.Remedy}
}

type logQuery struct {
	ByID
	Paging
}

// exchangeView is one exchange with a provider.
type exchangeView struct {
	ID       string    `json:"id"`
	At       time.Time `json:"at"`
	Inward   bool      `json:"inward" doc:"the provider called us"`
	Method   string    `json:"method"`
	URL      string    `json:"url"`
	Status   int       `json:"status,omitempty" doc:"absent: there was no answer"`
	Took     int64     `json:"took_ms"`
	Request  string    `json:"request,omitempty"`
	Response string    `json:"response,omitempty"`
	Note     string    `json:"note,omitempty" doc:"what we made of it"`
}

func showExchange(e core.LogEntry) exchangeView {
	return exchangeView{ID: e.ID, At: e.At, Inward: e.Inward, Method: e.Method, URL: e.URL, Status: e.Status, Took: e.Took.Milliseconds(),
		Request: e.Request, Response: e.Response, Note: e.Note}
}

func (s *Server) channelLog(ctx context.Context, repo core.Repo, in *logQuery) (*answer[pageView[exchangeView]], error) {
	p, err := in.page(plausible)
	if err != nil {
		return nil, err
	}
	c, err := repo.Channel(ctx, core.ChannelID(in.ID))
	if err != nil {
		return nil, missing(err, "channel")
	}
	all, err := repo.ChannelLog(ctx, c.ID, p)
	return reply(pageOf(all, p, showExchange, func(e core.LogEntry) string { return e.ID }), err)
}
