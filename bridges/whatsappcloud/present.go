package whatsappcloud

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"

	"causeway/bridges/meta"
	"causeway/core"
)

// Present implements core.PresentLink: whether the number is still on the platform and in the app, as far as the token may see it. Whoever lost the
// number lost the right to look at it, too.
func (l *link) Present(ctx context.Context) (bool, error) {
	var n struct {
		Status   meta.Text   `json:"status"`
		Platform meta.Text   `json:"platform_type"`
		OnApp    *meta.Truth `json:"is_on_biz_app"` // nil: not said
	}
	err := l.graph.Get(ctx, l.conf.node(), url.Values{"fields": {"id,status,platform_type,is_on_biz_app"}}, &n)
	switch {
	case l.conf.refusedForGood(err):
		return false, nil
	case err != nil:
		return false, l.conf.explained(err, "The number cannot be looked at.")
	case n.Platform != "" && !strings.EqualFold(string(n.Platform), "CLOUD_API"):
		return false, nil
	case slices.Contains([]string{"DISCONNECTED", "DELETED", "MIGRATED"}, strings.ToUpper(string(n.Status))):
		return false, nil
	}
	return n.OnApp == nil || bool(*n.OnApp), nil
}

// refusedForGood reports whether Meta itself refused a call, and would again.
func (c conf) refusedForGood(err error) bool {
	var g *meta.Error
	if !errors.As(err, &g) || g.Code < 0 {
		return false
	}
	e := core.AsSendError(c.failed(err))
	return e.Effect == core.EffectPark || e.Effect == core.EffectFail
}
