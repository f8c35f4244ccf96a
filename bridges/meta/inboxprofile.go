package meta

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"strings"

	"causeway/core"
)

// Profile implements core.ProfileLink. The platform tells the name of people who have written to the account, and allows no more than that.
func (i *Inbox) Profile(ctx context.Context, k core.IdentityKey) (core.Peer, error) {
	if k.Scheme != i.Scheme || !GoodID(k.Value) || strings.ContainsAny(k.Value, "/?#") {
		return core.Peer{}, core.Problemf(core.CodeInvalid, "This identity is not one of %s.", i.Title)
	}
	var answer struct {
		Name     Text `json:"name"`
		First    Text `json:"first_name"`
		Last     Text `json:"last_name"`
		Username Text `json:"username"`
	}
	if err := i.Graph.Get(ctx, url.PathEscape(k.Value), url.Values{"fields": {i.Person}}, &answer); err != nil {
		return core.Peer{}, fmt.Errorf("ask for a profile: %w", i.failed(err, false))
	}
	p := core.Peer{Name: strings.TrimSpace(cmp.Or(string(answer.Name), string(answer.First+" "+answer.Last))), Identities: []core.IdentityKey{k}}
	if u := strings.TrimPrefix(string(answer.Username), "@"); u != "" {
		p.Identities = append(p.Identities, core.IdentityKey{Scheme: core.SchemeUsername, Scope: string(i.Scheme), Value: u})
		p.Name = cmp.Or(p.Name, u)
	}
	return p, nil
}
